"""Whether every recommender who was named is still named, or is missing for a known reason.

Worked out from the names before the first step and from whom the steps sent away, apart from
the steps that empty the column, so that the check can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb
import pandas as pd

from crmstudy.collection.privacy.consent import Consent
from crmstudy.collection.privacy.referrals import COLUMN, ONESELF, TABLE, UNKNOWN, has_referrals
from crmstudy.collection.unified.clean import MERGED, TEST
from crmstudy.collection.unified.ledger_check import ERASED, LedgerBefore
from crmstudy.collection.unified.reconcile import Change, Totals, reconcile

#: The step in the accounts.
REFERENCES = "references"


@dataclass(frozen=True)
class ReferralsBefore:
    """Who was recommended by whom, before the first step.

    Parameters
    ----------
    dataset : str
        The data set.
    pairs : DataFrame or None
        Columns customer_id and referred_by, one row a customer; None without the column.
    """

    dataset: str
    pairs: pd.DataFrame | None

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, dataset: str) -> ReferralsBefore:
        """Read them as they were loaded."""
        if not has_referrals(connection, dataset):
            return cls(dataset, None)
        sql = f'SELECT customer_id, {COLUMN} FROM "{dataset}".{TABLE}'
        return cls(dataset, connection.sql(sql).to_arrow_table().to_pandas())

    def account(
        self,
        connection: duckdb.DuckDBPyConnection,
        ledger: LedgerBefore,
        decisions: Consent | None,
    ) -> pd.DataFrame:
        """Compare the recommenders named then with those named now.

        Returns
        -------
        DataFrame
            One row as of :func:`crmstudy.collection.unified.ledger_check.account`, none
            without the column.
        """
        if self.pairs is None:
            return pd.DataFrame()
        reasons = self._explain(self.pairs, ledger, decisions).value_counts(sort=False)
        sql = f'SELECT count({COLUMN}) FROM "{self.dataset}".{TABLE}'
        now = int(connection.execute(sql).fetchall()[0][0])
        compared = reconcile(
            {TABLE: _count(int(self.pairs[COLUMN].notna().sum()))},
            {TABLE: _count(now)},
            changes=[Change(TABLE, str(why), _count(int(n))) for why, n in reasons.items()],
            step=REFERENCES,
        )
        told = compared[compared["measure"].eq(COLUMN)].reset_index(drop=True)
        told.insert(0, "data set", self.dataset)
        return told

    def _explain(
        self, pairs: pd.DataFrame, ledger: LedgerBefore, decisions: Consent | None
    ) -> pd.Series:
        """Give each name that should be gone the first reason that applies."""
        named = pairs.dropna(subset=[COLUMN])
        own, other = named["customer_id"], named[COLUMN]
        refused = decisions.refused | decisions.undecided if decisions else frozenset()
        kept, kept_other = (
            ids.map(lambda one: ledger.merged.get(one, one)) for ids in (own, other)
        )
        purpose = decisions.purpose if decisions else ""
        rules = {
            ONESELF: own == other,
            UNKNOWN: ~other.isin(pairs["customer_id"]),
            ERASED: own.isin(ledger.erased) | other.isin(ledger.erased),
            TEST: own.isin(ledger.tests) | other.isin(ledger.tests),
            MERGED: own != kept,
            f"{ONESELF}, under two identifiers": kept == kept_other,
            f"no consent to {purpose}": kept.isin(refused) | kept_other.isin(refused),
        }
        why = pd.Series(pd.NA, named.index, dtype="string")
        for reason, applies in rules.items():
            why = why.mask(why.isna() & applies, reason)
        return why.dropna()


def _count(names: int) -> Totals:
    return Totals(names, {COLUMN: Decimal(names)})

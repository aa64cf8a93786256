"""Who agreed to what: the last decision counts, and silence is no consent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pandas as pd

from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.remove import Removed, customers_in, leave_out
from crmstudy.errors import DataError, passes_absence

PURPOSES = ("analysis", "marketing", "survey", "sharing")


@dataclass(frozen=True)
class Consent:
    """What customers decided on one purpose.

    Parameters
    ----------
    purpose : str
        analysis, marketing, survey or sharing.
    consented, refused, undecided : frozenset of str
        Customers by their last decision; undecided are the known ones without any.
    tied : int
        How many of the refused gave and withdrew consent at the same time.
    """

    purpose: str
    consented: frozenset[str]
    refused: frozenset[str]
    undecided: frozenset[str]
    tied: int

    def table(self) -> pd.DataFrame:
        """Return columns ``decision`` (consented, refused, undecided), ``customers``, ``share``."""
        counts = [len(self.consented), len(self.refused), len(self.undecided)]
        frame = pd.DataFrame(
            {"decision": ["consented", "refused", "undecided"], "customers": counts}
        )
        frame["share"] = frame["customers"] / max(sum(counts), 1)
        return frame

    def to_metrics(self) -> dict[str, int]:
        """Return the counts as plain numbers."""
        return {
            "consented": len(self.consented),
            "refused": len(self.refused),
            "undecided": len(self.undecided),
        }


@passes_absence
def consented(
    consents: pd.DataFrame, *, purpose: str, customers: Iterable[str] | None = None
) -> Consent:
    """Find who has consented to a purpose.

    Parameters
    ----------
    consents : DataFrame
        Columns ``customer_id``, ``purpose``, ``given`` and ``decided_on``.
    purpose : str
        analysis, marketing, survey or sharing.
    customers : iterable of str, optional
        All customers known; those without a decision are undecided, which is no consent
        (GDPR Art. 4(11): a clear affirmative act).

    Raises
    ------
    DataError
        If the purpose is none of the four.

    Notes
    -----
    The last decision counts; when consent is given and refused at the same moment, it is
    refused.
    """
    if purpose not in PURPOSES:
        raise DataError(f"purpose {purpose!r} is unknown; allowed: {', '.join(PURPOSES)}")
    about = consents.loc[consents["purpose"].eq(purpose)]
    last = about.loc[
        about["decided_on"].eq(about.groupby("customer_id")["decided_on"].transform("max"))
    ]
    given = last["given"].astype(bool).groupby(last["customer_id"])
    all_given, any_given = given.all(), given.any()
    agreed = frozenset(all_given.index[all_given])
    decided = frozenset(all_given.index)
    return Consent(
        purpose=purpose,
        consented=agreed,
        refused=decided - agreed,
        undecided=frozenset(customers or ()) - decided,
        tied=int((any_given & ~all_given).sum()),
    )


def keep_consented(
    connection: duckdb.DuckDBPyConnection, dataset: str, *, purpose: str
) -> tuple[Consent, list[Removed]]:
    """Take everybody out of a data set who has not consented to a purpose, in place.

    Call it before pseudonyms are made or after, but on identifiers of one kind. The
    consents themselves stay: they prove the decisions. Rows without a customer stay.

    Returns
    -------
    Consent, list of Removed
        The decisions, and the rows taken out of each table.

    Raises
    ------
    DataError
        If the data set has no table consents.
    """
    there = connection.execute(
        "SELECT count(*) FROM information_schema.tables WHERE table_catalog = "
        "current_database() AND table_schema = ? AND table_name = 'consents'",
        [dataset],
    ).fetchall()
    if not there[0][0]:
        raise DataError(
            f"privacy: purpose: {purpose} needs a table consents in {dataset}, which has none; "
            "add it to study.yml, or leave purpose empty"
        )
    consents = connection.sql(f'SELECT * FROM "{dataset}".consents').to_arrow_table().to_pandas()
    decisions = consented(consents, purpose=purpose, customers=customers_in(connection, dataset))
    leaving = sorted(decisions.refused | decisions.undecided)
    with_mapping(connection, leaving, leaving)
    reason = f"no consent to {purpose}"
    removed = leave_out(connection, dataset, reason=reason, spare=("consents",))
    connection.execute("DROP TABLE crmstudy_mapping")
    return decisions, removed

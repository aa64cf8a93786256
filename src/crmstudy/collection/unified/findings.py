"""What bringing the tables together found, as the database keeps it."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from crmstudy.checks import Check
from crmstudy.collection.study import StudyData
from crmstudy.collection.unified.reconcile import check_reconciled
from crmstudy.collection.unified.referral_check import REFERENCES
from crmstudy.errors import NotAvailable, SettingsError

Finding = Literal[
    "links",
    "conflicts",
    "duplicates",
    "currencies",
    "consents",
    "pseudonyms",
    "masked",
    "emptied",
    "reconciliation",
    "rows",
    "sums",
    "labels",
    "fields",
]

#: Why a finding may be empty.
ABSENT: dict[str, str] = {
    "links": "no table holds records of persons without a customer_id beside customers "
    "with names, e-mail addresses or telephone numbers",
    "conflicts": "no record was linked that states a person's attributes",
    "duplicates": "the customers have no name, e-mail address, telephone number, postcode or "
    "year of birth",
    "currencies": "no purchase line is in another currency",
    "consents": "study.yml names no purpose that customers must have consented to",
    "pseudonyms": "no identifier was replaced: the persons are those of open data, or "
    "pseudonyms are switched off",
    "masked": "no e-mail address, telephone number or name stood in a text",
    "emptied": "every recommender named is a customer of the study, or none is named",
    "reconciliation": "no table was loaded",
    "rows": "no table was loaded",
    "sums": "no ledger of purchases or costs was loaded",
    "labels": "no table came from SPSS",
    "fields": "no table was loaded",
}


def read_findings(data: StudyData, name: Finding) -> pd.DataFrame | NotAvailable:
    """Return one table of what was found while the database was made.

    Parameters
    ----------
    data : StudyData
        The opened study.
    name : str
        links (data set, source, method, records, match rate), conflicts (data set,
        source, attribute, compared, agree, conflict, conflict rate), duplicates (data
        set, customers, pairs one person, ...), currencies (data set, currency, rate,
        rows, before, after), consents (data set, purpose, decision, customers, share),
        pseudonyms (data set, table, column, kind, identifiers, rows), masked (data set,
        table, column, kind, places), emptied (data set, table, column, reason, cells: who
        recommended a customer and is left out), reconciliation (data set, step, table, measure,
        before, after, difference, explained, unexplained, reasons), its parts rows and
        sums, fields (data set, table, column, class, legal basis, purpose, what becomes
        of it) or labels.

    Raises
    ------
    SettingsError
        If there is no such table.
    """
    if name not in ABSENT:
        raise SettingsError(f"no finding {name!r}; known: {', '.join(ABSENT)}")
    table = "reconciliation" if name in ("rows", "sums") else name
    frame = data.warehouse.query(f'SELECT * FROM meta."{table}"')
    frame = _ARRANGE[name](frame) if name in _ARRANGE and len(frame) else frame
    return frame if len(frame) else NotAvailable(ABSENT[name])


def _take_rows(accounts: pd.DataFrame) -> pd.DataFrame:
    """Keep the row counts from the source on, as whole numbers."""
    kept = accounts[accounts["step"].eq("source to database")].drop(columns=["step", "measure"])
    counts = ["before", "after", "difference", "explained", "unexplained"]
    return kept.astype(dict.fromkeys(counts, "int64")).reset_index(drop=True)


def _take_sums(accounts: pd.DataFrame) -> pd.DataFrame:
    of_ledgers = accounts["measure"].ne("rows") & accounts["step"].ne(REFERENCES)
    return accounts[of_ledgers].drop(columns="step").reset_index(drop=True)


def _spread_duplicates(duplicates: pd.DataFrame) -> pd.DataFrame:
    """Give each data set one row, counts as whole numbers."""
    order = list(dict.fromkeys(duplicates["measure"]))
    wide = duplicates.pivot_table(index="data set", columns="measure", values="value")[order]
    counts = [name for name in order if "share" not in name and "expected" not in name]
    wide = wide.astype(dict.fromkeys(counts, "int64")).rename_axis(columns=None)
    return wide.reset_index()


_ARRANGE = {"rows": _take_rows, "sums": _take_sums, "duplicates": _spread_duplicates}


def check_accounts(data: StudyData) -> Check | NotAvailable:
    """Check that every row and every sum of the sources is accounted for."""
    accounts = read_findings(data, "reconciliation")
    return accounts if isinstance(accounts, NotAvailable) else check_reconciled(accounts)

"""Links between the tables of a data set, and how many identifiers they match."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.quality.stored import (
    StoredTable,
    ask,
    group_by_dataset,
    has_columns,
    quote,
)
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable


@dataclass(frozen=True)
class Link:
    """Columns of one table that should be found in another of its data set.

    Parameters
    ----------
    child, parent : str
        The pointing table and the one pointed to.
    columns : tuple of str
        Columns of both that carry the same identifiers.
    reference : bool
        Whether every identifier should be found; otherwise the overlap only says how many
        customers two sources share.
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    reference: bool = True

    def __str__(self) -> str:
        return f"{self.child}.{', '.join(self.columns)} in {self.parent}"

    def fits(self, tables: dict[str, StoredTable]) -> bool:
        """Whether a data set has both tables and the columns."""
        return has_columns(tables, {self.child: self.columns, self.parent: self.columns})


_CUSTOMER = ("customer_id",)

LINKS = (
    Link("transactions", _CUSTOMER, "customers"),
    Link("transactions", ("product_id",), "products"),
    Link("subscriptions", _CUSTOMER, "customers"),
    Link("campaigns", _CUSTOMER, "customers"),
    Link("campaigns", _CUSTOMER, "transactions", reference=False),
    Link("responses", ("campaign_id", "customer_id"), "campaigns"),
    Link("contacts", _CUSTOMER, "customers"),
    Link("web_events", _CUSTOMER, "customers"),
    Link("web_events", ("product_id",), "products"),
    Link("costs", _CUSTOMER, "customers"),
    Link("survey", _CUSTOMER, "customers"),
    Link("survey", ("respondent_id",), "invitations"),
    Link("invitations", _CUSTOMER, "customers"),
    Link("interviews", _CUSTOMER, "customers"),
    Link("leads", _CUSTOMER, "customers"),
    # Who did not consent is no customer here any more; the decision stays.
    Link("consents", _CUSTOMER, "customers", reference=False),
)


@dataclass(frozen=True)
class Match:
    """What a link matched in one data set.

    Parameters
    ----------
    ids, matched : int
        Different identifiers, and those found in the other table.
    rows, orphans : int
        Rows that carry an identifier, and those whose identifier is not found.
    """

    dataset: str
    link: Link
    ids: int
    matched: int
    rows: int
    orphans: int

    @property
    def rate(self) -> float:
        """Share of the different identifiers that is found."""
        return self.matched / self.ids


def find_matches(data: StudyData) -> list[Match]:
    """Match every link whose tables and columns a data set has; empty ones are left out."""
    named = [
        (dataset, link, _count_matches(link, tables))
        for dataset, tables in group_by_dataset(data).items()
        for link in LINKS
        if link.fits(tables)
    ]
    if not named:
        return []
    counts = ask(data, [sql for _, _, sql in named]).to_numpy(dtype="int64").tolist()
    matches = [
        Match(dataset, link, *found)
        for (dataset, link, _), found in zip(named, counts, strict=True)
    ]
    return [match for match in matches if match.ids]


def _count_matches(link: Link, tables: dict[str, StoredTable]) -> str:
    keys = ", ".join(quote(column) for column in link.columns)
    present = " AND ".join(f"{quote(column)} IS NOT NULL" for column in link.columns)
    return f"""
        WITH children AS (SELECT {keys}, count(*) AS n FROM {tables[link.child].address}
                          WHERE {present} GROUP BY {keys}),
             parents AS (SELECT DISTINCT {keys}, 1 AS found FROM {tables[link.parent].address}
                         WHERE {present})
        SELECT count(*) AS ids, count(found) AS matched, coalesce(sum(n), 0)::BIGINT AS rows,
               coalesce(sum(n) FILTER (found IS NULL), 0)::BIGINT AS orphans
        FROM children LEFT JOIN parents USING ({keys})
    """


def match_links(data: StudyData) -> pd.DataFrame | NotAvailable:
    """Match the identifiers of each data set's tables.

    Returns
    -------
    DataFrame
        Columns data set, link, distinct ids, matched, match rate, rows that point, orphan
        rows (whose id is not found), every id expected; a link is left out where a data
        set lacks one of its tables or columns, or the column is empty.
    """
    rows = [
        {
            "data set": match.dataset,
            "link": str(match.link),
            "distinct ids": match.ids,
            "matched": match.matched,
            "match rate": match.rate,
            "rows that point": match.rows,
            "orphan rows": match.orphans,
            "every id expected": match.link.reference,
        }
        for match in find_matches(data)
    ]
    return pd.DataFrame(rows) if rows else NotAvailable("no two tables of a data set to link")

"""What may be published of the customers without pointing at one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.privacy.anonymity import Anonymity, measure_anonymity
from crmstudy.collection.privacy.generalise import generalise
from crmstudy.collection.privacy.suppression import TOTAL, suppress_small_cells
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable, SettingsError, attempt, nearest, passes_absence

#: A variable with more values than this has no place in a printed cross table.
MOST_LEVELS = 12


@dataclass(frozen=True)
class Published:
    """The customers as a reader may see them.

    Parameters
    ----------
    raw : Anonymity
        What the attributes say as they are.
    coarse : Anonymity or NotAvailable
        What they say after they were made coarser.
    steps : DataFrame or NotAvailable
        What each attribute was turned into.
    counts : DataFrame or NotAvailable
        Customers by two attributes, small cells suppressed.
    """

    raw: Anonymity
    coarse: Anonymity | NotAvailable
    steps: pd.DataFrame | NotAvailable
    counts: pd.DataFrame | NotAvailable

    def table(self) -> pd.DataFrame:
        """Put the measures before and after side by side."""
        before = self.raw.table().rename(columns={"value": "as they are"})
        if isinstance(self.coarse, NotAvailable):
            return before
        after = self.coarse.table().rename(columns={"value": "made coarser"})
        return before.merge(after, on="measure", how="left", validate="one_to_one")

    def to_metrics(self) -> dict[str, float]:
        """Give persons, combinations, the rarest one, and the share below k."""
        return {
            "persons": self.raw.persons,
            "combinations": self.raw.classes,
            "smallest_class": self.raw.smallest_class,
            "share_below_k": self.raw.share_below,
        }


def choose_quasi_identifiers(data: StudyData, customers: pd.DataFrame) -> list[str]:
    """Name the columns of customers that together may single somebody out.

    Raises
    ------
    SettingsError
        If study.yml names a column that the customers do not have.
    """
    named = data.settings.privacy.quasi_identifiers
    columns = [str(name) for name in customers]
    for name in (*named, *data.settings.privacy.sensitive):
        if name not in columns:
            raise SettingsError(
                f"study.yml, privacy: the customers have no column {name!r}{nearest(name, columns)}"
            )
    known = CONTRACTS["customers"].columns
    usual = [name for name in columns if name in known and known[name].privacy == "quasi"]
    return list(named) or usual


@passes_absence
def judge_published(data: StudyData, customers: pd.DataFrame) -> Published | NotAvailable:
    """Measure how well the customers hide among each other, and make them fit to be published.

    Parameters
    ----------
    data : StudyData
        Its privacy settings give k, l, quasi-identifiers and sensitive attributes.
    customers : DataFrame
        Canonical customers.
    """
    settings = data.settings.privacy
    quasi = choose_quasi_identifiers(data, customers)
    if not quasi:
        return NotAvailable("the customers have no attribute that could single somebody out")
    facts = {"sensitive": settings.sensitive, "k": settings.smallest_cell, "l": settings.diversity}
    raw = measure_anonymity(customers, quasi_identifiers=quasi, **facts)
    if isinstance(raw, NotAvailable):
        return raw
    made = attempt(generalise, customers, quasi_identifiers=quasi, k=settings.smallest_cell)
    coarse = (
        made
        if isinstance(made, NotAvailable)
        else measure_anonymity(made.frame, quasi_identifiers=quasi, **facts)
    )
    return Published(
        raw=raw,
        coarse=coarse,
        steps=made if isinstance(made, NotAvailable) else made.table(),
        counts=_count(customers, quasi, k=settings.smallest_cell),
    )


def _count(customers: pd.DataFrame, quasi: Sequence[str], *, k: int) -> pd.DataFrame | NotAvailable:
    few = [name for name in quasi if 1 < customers[name].nunique() <= MOST_LEVELS]
    if len(few) < 2:
        return NotAvailable(
            f"fewer than two of {', '.join(quasi)} have 2 to {MOST_LEVELS} different values"
        )
    rows, columns = few[:2]
    known = customers.dropna(subset=[rows, columns])
    if known.empty:
        return NotAvailable(f"no customer states both {rows} and {columns}")
    table = pd.crosstab(known[rows].astype("str"), known[columns].astype("str"))
    if TOTAL in table.index or TOTAL in table.columns:
        return NotAvailable(f"a value of {rows} or {columns} is {TOTAL!r}, the name of the margin")
    return suppress_small_cells(table, k=k).table()

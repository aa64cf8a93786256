"""A study opened for reading: what a chapter asks its data from."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from crmstudy.chapters import ChapterSettings
from crmstudy.collection.features.features import (
    cohort_table,
    customer_features,
    describe_features,
    purchase_features,
    purchases_by_period,
)
from crmstudy.collection.features.interactions import customer_items
from crmstudy.collection.features.mix import ProductMix, product_mix
from crmstudy.collection.features.outcomes import customer_outcomes, observed_days, split_day
from crmstudy.collection.open_data import find_open_table
from crmstudy.collection.warehouse import Warehouse, open_warehouse
from crmstudy.errors import NotAvailable, SettingsError, nearest, passes_absence
from crmstudy.settings import Study, StudySettings, TableSource, read_study

#: Stands under every exhibit made from the simulated firm.
SIMULATED = "Simulated data, no real customers."

#: What a chapter names as the source of exhibits made from the literature, not from a table.
LITERATURE = "literature"


@dataclass(frozen=True)
class StudyData:
    """One study's settings and customer database.

    Parameters
    ----------
    study : Study
        Name, places and settings.
    warehouse : Warehouse
        Its customer database.
    preferred : str
        The data set that the chapter was told to use; empty for the first fitting.
    """

    study: Study
    warehouse: Warehouse
    preferred: str = ""

    @property
    def settings(self) -> StudySettings:
        """The validated ``study.yml``."""
        return self.study.settings

    def of(self, dataset: str) -> StudyData:
        """Return the same study with another data set preferred; empty for the first fitting.

        What a chapter's parameters name, :func:`open_study` has checked.
        """
        return replace(self, preferred=dataset)

    def address(self, table: str) -> str:
        """Name a table with its data set, as the source of an exhibit."""
        return f"{self.dataset(table)}.{table}"

    def dataset(self, table: str) -> str:
        """Name the data set that a table is taken from: the preferred, else the first with it."""
        having = self.study.datasets_with(table)
        if self.preferred in having:
            return self.preferred
        return having[0] if having else ""

    def label(self, table: str) -> str:
        """Name the data set of a table in recorded numbers; ``none`` where there is none."""
        return self.dataset(table) or "none"

    def table(self, table: str) -> pd.DataFrame | NotAvailable:
        """Return a canonical table of the chapter's data set, or why it is not there."""
        if not self.study.datasets_with(table):
            return NotAvailable(f"the study has no table {table}")
        return self.warehouse.table(self.dataset(table), table)

    def companion(self, table: str, of: str = "transactions") -> pd.DataFrame | NotAvailable:
        """Return a table of the very data set that ``of`` comes from.

        Customers of one source say nothing of the purchases of another; use this
        where two tables are joined.
        """
        return self.warehouse.table(self.dataset(of), table)

    @property
    def firm(self) -> str:
        """Name the data set of one firm: the preferred, else the surveyed, else the selling one."""
        of = "survey" if self.study.datasets_with("survey") else "transactions"
        return self.preferred or self.dataset(of)

    def firm_tables(self, *tables: str) -> dict[str, pd.DataFrame | NotAvailable]:
        """Return several tables of one and the same firm, see :attr:`firm`."""
        return {table: self.warehouse.table(self.firm, table) for table in tables}

    def firm_sources(self, *tables: str) -> list[str]:
        """Name those of several tables that the firm has, as the sources of an exhibit."""
        return [f"{self.firm}.{table}" for table in tables if self.warehouse.has(self.firm, table)]

    @property
    def case_campaign(self) -> str:
        """The campaign that study.yml names as the case; empty when it names none."""
        return self.settings.case.campaign_id if self.settings.case else ""

    @passes_absence
    def purchases(self, *, since: str = "", until: str = "") -> pd.DataFrame | NotAvailable:
        """Return one row of purchase features a customer, of a window of days if one is given."""
        return purchase_features(
            self.warehouse, self.dataset("transactions"), since=since, until=until
        )

    @passes_absence
    def features(self, *, since: str = "", until: str = "") -> pd.DataFrame | NotAvailable:
        """Return every feature of a customer that the data set's tables allow."""
        return customer_features(
            self.warehouse, self.dataset("transactions"), since=since, until=until
        )

    @passes_absence
    def outcomes(self, *, after: str, until: str = "") -> pd.DataFrame | NotAvailable:
        """Return what the customers known on a day bought after it."""
        return customer_outcomes(
            self.warehouse, self.dataset("transactions"), after=after, until=until
        )

    def reach(self) -> tuple[pd.Timestamp, pd.Timestamp] | NotAvailable:
        """Return the times of the first and the last purchase of all."""
        return observed_days(self.warehouse, self.dataset("transactions"))

    def split_day(self, *, share: float = 0.5) -> str | NotAvailable:
        """Name the day that ends the given share of the observed days, the middle one as it is."""
        return split_day(self.warehouse, self.dataset("transactions"), share=share)

    @passes_absence
    def product_mix(
        self, *, level: str = "department", since: str = "", until: str = "", most: int = 12
    ) -> ProductMix | NotAvailable:
        """Return what each customer's money is spent on, by department, brand, channel ..."""
        return product_mix(
            self.warehouse,
            self.dataset("transactions"),
            level=level,
            since=since,
            until=until,
            most=most,
        )

    @passes_absence
    def interactions(
        self, *, level: str = "product_id", since: str = "", until: str = ""
    ) -> pd.DataFrame | NotAvailable:
        """Return one row a customer and item bought: purchases, units, revenue, first and last.

        An item is a product, or a level of a column of products, as ``category``.
        """
        return customer_items(
            self.warehouse,
            self.dataset("transactions"),
            level=level,
            since=since,
            until=until,
        )

    def feature_definitions(self) -> pd.DataFrame | NotAvailable:
        """List the features with their definitions, and what the data set lacks for each."""
        if not self.study.datasets_with("transactions"):
            return NotAvailable("the study has no table transactions")
        return describe_features(self.warehouse, self.dataset("transactions"))

    def cohorts(self, *, period: str = "quarter") -> pd.DataFrame | NotAvailable:
        """Count, by cohort of first purchase, who bought in each later period."""
        return cohort_table(self.warehouse, self.dataset("transactions"), period=period)

    def periods(self, *, period: str = "month") -> pd.DataFrame | NotAvailable:
        """Return active customers, purchases and revenue by calendar period."""
        return purchases_by_period(self.warehouse, self.dataset("transactions"), period=period)

    def origin(self, table: str) -> str:
        """Say where a table's numbers come from, for the line under every exhibit."""
        if table == LITERATURE:
            named = [one.file for one in self.settings.literature.files]
            return f"{', '.join(named) or 'references.bib of this project'}."
        source = self._source(table)
        if source is None:
            return ""
        if source.simulated is not None:
            origin = SIMULATED
        elif source.open is not None:
            origin = find_open_table(source.open).origin + "."
        else:
            origin = f"{source.file}."
        return f"{origin} {source.note}".strip()

    def said(self, table: str) -> str:
        """Repeat what study.yml notes under every exhibit made from a table."""
        source = self._source(table)
        return source.note if source else ""

    def remark(self, table: str) -> str:
        """Say what a reader should know of a table, for its first exhibit in a chapter."""
        source = self._source(table)
        return source.remark if source else ""

    def _source(self, table: str) -> TableSource | None:
        return self.study.table_sources().get((self.dataset(table), table))


def open_study(settings: ChapterSettings) -> StudyData:
    """Open the study that a chapter's parameters name.

    Raises
    ------
    UsageError, SettingsError
        If the study or the data set does not exist.
    DataError
        If its inputs break their contract.
    """
    study = read_study(settings.STUDY)
    for name in ("SHOP_DATASET", "UNITS_DATASET", "DATASET"):
        _check_dataset(settings, study, name)
    return StudyData(study, open_warehouse(study), settings.DATASET)


def _check_dataset(settings: ChapterSettings, study: Study, name: str) -> None:
    """Refuse a parameter that names a data set which the study does not have."""
    known = list(dict.fromkeys(dataset for dataset, _ in study.table_sources()))
    asked = getattr(settings, name, "")
    if asked and asked not in known:
        raise SettingsError(
            f"chapter {settings.chapter}: {name} = {asked!r}{nearest(asked, known)}; "
            f"known: {', '.join(known)}"
        )

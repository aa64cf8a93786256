"""What a study's database holds: its tables, their columns, and the rules for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS, Column, Contract
from crmstudy.collection.study import StudyData


def quote(name: str) -> str:
    """Write a name as an identifier of SQL, whatever signs it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class StoredTable:
    """One canonical table as it stands in the database.

    Parameters
    ----------
    dataset, name : str
        The data set and the canonical name.
    types : mapping of str to str
        Type of each column, as DuckDB names it, in the table's order.
    items : mapping of str to Column
        Rules of the columns that the study's instrument adds.
    """

    dataset: str
    name: str
    types: Mapping[str, str]
    items: Mapping[str, Column]

    @property
    def address(self) -> str:
        """The table's name in SQL."""
        return f"{quote(self.dataset)}.{quote(self.name)}"

    @property
    def contract(self) -> Contract:
        """The rules of the canonical table."""
        return CONTRACTS[self.name]

    @property
    def date_column(self) -> str:
        """The column that says when a row came about: the first date; empty without one."""
        dates = (name for name, rule in self.contract.columns.items() if rule.kind == "date")
        return next((name for name in dates if name in self.types), "")

    def rules(self) -> dict[str, Column]:
        """Map the columns that are there and have a rule to it."""
        known = {**self.contract.columns, **self.items}
        return {name: known[name] for name in self.types if name in known}

    def attributes(self) -> list[str]:
        """Name the columns without a rule."""
        return [name for name in self.types if name not in self.rules()]


def list_tables(data: StudyData) -> list[StoredTable]:
    """List the tables of a study's database in the order of study.yml."""
    found = data.warehouse.query(
        "SELECT table_schema, table_name, column_name, data_type "
        "FROM information_schema.columns ORDER BY table_schema, table_name, ordinal_position"
    )
    types: dict[tuple[str, str], dict[str, str]] = {}
    for dataset, table, column, kind in found.itertuples(index=False):
        types.setdefault((dataset, table), {})[column] = kind
    return [
        StoredTable(dataset, table, types[(dataset, table)], _items(data, table))
        for dataset, table in data.study.table_sources()
        if (dataset, table) in types
    ]


def ask(data: StudyData, queries: Sequence[str]) -> pd.DataFrame:
    """Run queries that return one row each, with the same columns, as one query.

    Opening the database takes longer than most of them; rows come in their order.
    """
    united = " UNION ALL ".join(
        f"SELECT {place} AS place, one.* FROM ({query}) AS one"
        for place, query in enumerate(queries)
    )
    return data.warehouse.query(f"{united} ORDER BY place").drop(columns="place")


def group_by_dataset(data: StudyData) -> dict[str, dict[str, StoredTable]]:
    """Group the tables by data set, by name."""
    grouped: dict[str, dict[str, StoredTable]] = {}
    for table in list_tables(data):
        grouped.setdefault(table.dataset, {})[table.name] = table
    return grouped


def _items(data: StudyData, table: str) -> dict[str, Column]:
    instruments = {
        "survey": data.settings.instrument,
        "staff_survey": data.settings.staff_instrument,
    }
    if table not in instruments:
        return {}
    instrument = instruments[table]
    items = {}
    for item in instrument.item_names():
        low, high = instrument.bounds(item)
        items[item] = Column("number", "answer", False, True, low, high, unit="points")
    return items


def has_columns(tables: Mapping[str, StoredTable], needs: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a data set has all tables and columns that a rule needs."""
    return all(
        table in tables and set(columns) <= set(tables[table].types)
        for table, columns in needs.items()
    )

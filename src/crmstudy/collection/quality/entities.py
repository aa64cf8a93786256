"""What was loaded, as entities and relations: tables, their keys, and how they are linked."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.collection.quality.links import Match, find_matches
from crmstudy.collection.quality.plan import CHANNELS
from crmstudy.collection.quality.stored import StoredTable, ask, list_tables
from crmstudy.collection.study import StudyData


@dataclass(frozen=True)
class Entity:
    """One table of the database.

    Parameters
    ----------
    dataset, table : str
        The data set and the canonical name.
    channel : str
        The channel it comes through, in words.
    rows : int
        Its rows.
    key, links, columns : tuple of str
        Columns that identify a row, those that point to another table, and all others.
    items : int
        Columns of a questionnaire, which are only counted.
    """

    dataset: str
    table: str
    channel: str
    rows: int
    key: tuple[str, ...]
    links: tuple[str, ...]
    columns: tuple[str, ...]
    items: int = 0


@dataclass(frozen=True)
class Relation:
    """A link from one table of a data set to another, and the share of ids it matches."""

    dataset: str
    child: str
    parent: str
    columns: tuple[str, ...]
    ids: int
    matched: int

    @property
    def rate(self) -> float:
        """Share of the child's different identifiers that the parent knows."""
        return self.matched / self.ids


@dataclass(frozen=True)
class Entities:
    """The tables of a study and the relations between them, in the order of study.yml."""

    tables: tuple[Entity, ...]
    relations: tuple[Relation, ...]

    def table(self) -> pd.DataFrame:
        """List the tables.

        Returns
        -------
        DataFrame
            Columns data set, table, channel, rows, key, points to, other columns.
        """
        return pd.DataFrame(
            [
                {
                    "data set": one.dataset,
                    "table": one.table,
                    "channel": one.channel,
                    "rows": one.rows,
                    "key": ", ".join(one.key) or "none",
                    "points to": ", ".join(self._parents(one)) or "none",
                    "other columns": len(one.columns) + one.items,
                }
                for one in self.tables
            ]
        )

    def _parents(self, entity: Entity) -> list[str]:
        return [
            link.parent
            for link in self.relations
            if (link.dataset, link.child) == (entity.dataset, entity.table)
        ]

    def of(self, dataset: str) -> Entities:
        """Keep the tables and relations of one data set."""
        return Entities(
            tuple(one for one in self.tables if one.dataset == dataset),
            tuple(one for one in self.relations if one.dataset == dataset),
        )

    def datasets(self) -> list[str]:
        """Name the data sets in the order of study.yml."""
        return list(dict.fromkeys(one.dataset for one in self.tables))

    def to_metrics(self) -> dict[str, float]:
        """Count tables, relations and rows."""
        rows = sum(one.rows for one in self.tables)
        return {"tables": len(self.tables), "relations": len(self.relations), "rows": rows}


def list_entities(data: StudyData) -> Entities:
    """List what was loaded: tables with their keys, and the links between them.

    Only links whose identifiers should all be found are relations; an overlap of two
    sources is none. A link without a single identifier is left out.
    """
    tables = list_tables(data)
    counts = ask(data, [f"SELECT count(*) AS n FROM {table.address}" for table in tables])["n"]
    matches = [match for match in find_matches(data) if match.link.reference]
    entities = [
        _describe(table, int(rows), matches) for table, rows in zip(tables, counts, strict=True)
    ]
    relations = (
        Relation(
            match.dataset,
            match.link.child,
            match.link.parent,
            match.link.columns,
            match.ids,
            match.matched,
        )
        for match in matches
    )
    return Entities(tuple(entities), tuple(relations))


def _describe(table: StoredTable, rows: int, matches: list[Match]) -> Entity:
    key = tuple(column for column in table.contract.key if column in table.types)
    pointing = {
        column
        for match in matches
        if (match.dataset, match.link.child) == (table.dataset, table.name)
        for column in match.link.columns
    }
    rest = [c for c in table.types if c not in key and c not in table.items]
    return Entity(
        dataset=table.dataset,
        table=table.name,
        channel=CHANNELS[table.contract.channel],
        rows=rows,
        key=key,
        links=tuple(column for column in rest if column in pointing),
        columns=tuple(column for column in rest if column not in pointing),
        items=sum(column in table.items for column in table.types),
    )

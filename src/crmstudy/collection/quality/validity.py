"""Validity: whether every stored value still obeys the rule of its column."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from crmstudy.collection.contracts.tables import Column
from crmstudy.collection.quality.stored import StoredTable, ask, list_tables, literal, quote
from crmstudy.collection.study import StudyData

NUMERIC = ("DOUBLE", "FLOAT", "DECIMAL", "BIGINT", "INTEGER", "HUGEINT", "SMALLINT", "TINYINT")
TYPES = {
    "number": NUMERIC,
    "integer": NUMERIC,
    "date": ("TIMESTAMP", "DATE"),
    "boolean": ("BOOLEAN",),
}


def measure_validity(data: StudyData) -> pd.DataFrame:
    """Count the cells of the database that were checked, and those that break their rule.

    Values were refused on loading when they broke a rule; this counts again in the
    finished database, so that nothing between the file and the chapters goes unseen.
    Rules are type, presence, bounds and allowed words of each column of the contract
    and of the instrument. Attributes have none.

    Returns
    -------
    DataFrame
        Columns data set, table, columns checked, columns without a rule, rules, cells
        checked, cells breaking a rule, valid share (missing for a table without rows).
    """
    tables = list_tables(data)
    conditions = [
        {
            column: list_conditions(column, rule, table.types[column])
            for column, rule in table.rules().items()
        }
        for table in tables
    ]
    pairs = list(zip(tables, conditions, strict=True))
    counts = ask(data, [_count_broken(table, broken) for table, broken in pairs])
    cells = counts["size"] * [len(one) for one in conditions]
    return pd.DataFrame(
        {
            "data set": [table.dataset for table in tables],
            "table": [table.name for table in tables],
            "columns checked": [len(one) for one in conditions],
            "columns without a rule": [len(table.attributes()) for table in tables],
            "rules": [sum(1 + len(rules) for rules in one.values()) for one in conditions],
            "cells checked": cells,
            "cells breaking a rule": counts["broken"],
            "valid share": 1 - counts["broken"] / cells.where(cells > 0),
        }
    )


def _count_broken(table: StoredTable, conditions: Mapping[str, list[str]]) -> str:
    counts = [
        f"count(*) FILTER ({' OR '.join(f'({one})' for one in broken)})"
        for broken in conditions.values()
        if broken
    ]
    broken = " + ".join(counts) or "0"
    return f"SELECT count(*) AS size, ({broken})::BIGINT AS broken FROM {table.address}"


def list_conditions(column: str, rule: Column, stored: str) -> list[str]:
    """List what would make a value of a column invalid, as conditions of SQL."""
    name = quote(column)
    conditions = []
    if not rule.nullable:
        conditions.append(f"{name} IS NULL")
    if not stored.startswith(TYPES.get(rule.kind, ("",))):
        return [*conditions, f"{name} IS NOT NULL"]
    if rule.minimum is not None:
        conditions.append(f"{name} < {rule.minimum!r}")
    if rule.maximum is not None:
        conditions.append(f"{name} > {rule.maximum!r}")
    if rule.kind == "integer":
        conditions.append(f"{name} <> round({name})")
    if rule.allowed:
        words = ", ".join(literal(word) for word in rule.allowed)
        conditions.append(f"{name} NOT IN ({words})")
    return conditions

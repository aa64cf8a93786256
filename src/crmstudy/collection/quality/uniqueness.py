"""Uniqueness: nothing stands twice, and columns that say the same of everybody are named."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.quality.stored import StoredTable, ask, list_tables, quote
from crmstudy.collection.study import StudyData


def measure_uniqueness(data: StudyData) -> pd.DataFrame:
    """Count keys and whole rows that stand more than once.

    A key counts as repeated for every row beyond the first that carries it; rows whose
    key is partly empty cannot repeat one. A table without a key is judged by whole rows.

    Returns
    -------
    DataFrame
        Columns data set, table, key (``none`` where rows may repeat), rows, repeated keys
        (missing without a key), repeated rows, unique share (missing without rows).
    """
    tables = list_tables(data)
    keys = [_key(table) for table in tables]
    counts = ask(
        data, [_count_repeats(table, key) for table, key in zip(tables, keys, strict=True)]
    )
    repeats = counts["keys"].fillna(counts["rows"]).astype("int64")
    return pd.DataFrame(
        {
            "data set": [table.dataset for table in tables],
            "table": [table.name for table in tables],
            "key": [", ".join(key) or "none" for key in keys],
            "rows": counts["size"],
            "repeated keys": counts["keys"].astype("Int64"),
            "repeated rows": counts["rows"],
            "unique share": 1 - repeats / counts["size"].where(counts["size"] > 0),
        }
    )


def _key(table: StoredTable) -> tuple[str, ...]:
    return table.contract.key if set(table.contract.key) <= set(table.types) else ()


def _count_repeats(table: StoredTable, key: tuple[str, ...]) -> str:
    names = ", ".join(quote(column) for column in key)
    present = " AND ".join(f"{quote(column)} IS NOT NULL" for column in key)
    repeated = (
        f"(SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {table.address} "
        f"WHERE {present} GROUP BY {names}))::BIGINT"
        if key
        else "NULL::BIGINT"
    )
    different = f"(SELECT count(*) FROM (SELECT DISTINCT * FROM {table.address}))"
    return (
        f"SELECT count(*) AS size, {repeated} AS keys, count(*) - {different} AS rows "
        f"FROM {table.address}"
    )

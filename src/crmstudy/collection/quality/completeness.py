"""Completeness: which cells are empty, table by table and column by column."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.quality.stored import StoredTable, ask, list_tables, quote
from crmstudy.collection.study import StudyData

#: From this share of a single value on, a column can hardly tell customers apart.
NEAR_CONSTANT = 0.99


def measure_completeness(data: StudyData) -> pd.DataFrame:
    """Count empty values table by table.

    Returns
    -------
    DataFrame
        Columns data set, table, rows, columns, filled cells, empty share (of all cells),
        emptiest column, its empty share. Shares of a table without rows are missing.
    """
    tables = list_tables(data)
    queries = [
        "SELECT count(*) AS size, "
        f"[{', '.join(f'count({quote(column)})' for column in table.types)}] AS filled "
        f"FROM {table.address}"
        for table in tables
    ]
    counts = ask(data, queries)
    return pd.DataFrame(
        [
            _describe_empty(table, int(size), [int(count) for count in filled])
            for table, size, filled in zip(tables, counts["size"], counts["filled"], strict=True)
        ]
    )


def _describe_empty(table: StoredTable, size: int, filled: list[int]) -> dict[str, object]:
    empty = pd.Series([size - count for count in filled], index=list(table.types))
    worst = str(empty.idxmax())
    return {
        "data set": table.dataset,
        "table": table.name,
        "rows": size,
        "columns": len(filled),
        "filled cells": sum(filled),
        "empty share": float(empty.sum()) / (size * len(filled)) if size else float("nan"),
        "emptiest column": worst if empty[worst] else "none",
        "its empty share": float(empty[worst]) / size if size else float("nan"),
    }


def measure_columns(data: StudyData) -> pd.DataFrame:
    """Count empty, different and most frequent values column by column.

    Returns
    -------
    DataFrame
        Columns data set, table, column, kind (of the contract; ``attribute`` for a column
        it does not know), rows, empty, empty share, different values, commonest share (of
        the filled cells), near constant (whether it is at least 99 %). The values
        themselves are not shown.
    """
    tables = list_tables(data)
    counts = ask(data, [_count_values(table, column) for table in tables for column in table.types])
    named = [(table, column) for table in tables for column in table.types]
    rules = [table.rules().get(column) for table, column in named]
    filled = (counts["rows"] - counts["empty"]).where(lambda count: count > 0)
    commonest = counts["commonest"] / filled
    return pd.DataFrame(
        {
            "data set": [table.dataset for table, _ in named],
            "table": [table.name for table, _ in named],
            "column": [column for _, column in named],
            "kind": [rule.kind if rule else "attribute" for rule in rules],
            "rows": counts["rows"],
            "empty": counts["empty"],
            "empty share": counts["empty"] / counts["rows"].where(counts["rows"] > 0),
            "different values": counts["different"],
            "commonest share": commonest,
            "near constant": commonest >= NEAR_CONSTANT,
        }
    )


def _count_values(table: StoredTable, column: str) -> str:
    return (
        "SELECT coalesce(sum(n), 0)::BIGINT AS rows, "
        "coalesce(sum(n) FILTER (v IS NULL), 0)::BIGINT AS empty, "
        "count(*) FILTER (v IS NOT NULL) AS different, "
        "coalesce(max(n) FILTER (v IS NOT NULL), 0)::BIGINT AS commonest "
        f"FROM (SELECT {quote(column)} AS v, count(*) AS n FROM {table.address} GROUP BY 1)"
    )

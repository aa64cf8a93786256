"""The data quality report: where the tables come from, what was left out, how good they are.

The parts stand in modules of their own, one a dimension of quality, and are named here.
"""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.completeness import measure_columns, measure_completeness
from crmstudy.collection.consistency import check_rules
from crmstudy.collection.ledgers import (
    list_oddities,
    profile_week,
    sum_currencies,
    summarise_ledgers,
)
from crmstudy.collection.links import match_links
from crmstudy.collection.missingness import describe_patterns, probe_randomness
from crmstudy.collection.open_data import find_open_table
from crmstudy.collection.scores import define_dimensions, score_quality, spread_scores
from crmstudy.collection.study import StudyData
from crmstudy.collection.timeliness import count_records, measure_delays, measure_timeliness
from crmstudy.collection.uniqueness import measure_uniqueness
from crmstudy.collection.validity import measure_validity
from crmstudy.collection.values import bin_values, describe_values
from crmstudy.errors import NotAvailable

__all__ = [
    "bin_values",
    "check_rules",
    "count_records",
    "define_dimensions",
    "describe_patterns",
    "describe_values",
    "list_drops",
    "list_hypotheses",
    "list_oddities",
    "list_sources",
    "match_links",
    "measure_columns",
    "measure_completeness",
    "measure_delays",
    "measure_timeliness",
    "measure_uniqueness",
    "measure_validity",
    "probe_randomness",
    "profile_week",
    "score_quality",
    "spread_scores",
    "sum_currencies",
    "summarise_ledgers",
]


def list_sources(data: StudyData) -> pd.DataFrame:
    """List every table of the study: where from, rows read and kept, licence.

    Returns
    -------
    DataFrame
        Columns data set, table, source, rows read, rows kept, columns, licence.
    """
    specs = data.study.table_sources()
    rows = []
    for row in data.warehouse.sources().to_dict("records"):
        spec = specs[(row["dataset"], row["table"])]
        licence = find_open_table(spec.open).licence if spec.open else "own data"
        rows.append(
            {
                "data set": row["dataset"],
                "table": row["table"],
                "source": row["source"],
                "rows read": int(row["rows_read"]),
                "rows kept": int(row["rows_kept"]),
                "columns": int(row["columns"]),
                "licence": "simulated" if spec.simulated else licence,
            }
        )
    return pd.DataFrame(rows)


def list_drops(data: StudyData) -> pd.DataFrame:
    """List what was left out and why; one row that says so when nothing was."""
    drops = data.warehouse.drops().rename(columns={"dataset": "data set"})
    if drops.empty:
        return pd.DataFrame(
            {"data set": ["all"], "table": ["all"], "reason": ["none"], "rows": [0]}
        )
    return drops


def list_hypotheses(data: StudyData) -> pd.DataFrame | NotAvailable:
    """List the registered hypotheses of a study.

    Returns
    -------
    DataFrame
        Columns hypothesis, statement, expected sign, chapter, decided by, source.
    """
    register = data.settings.hypotheses
    if not register:
        return NotAvailable("study.yml registers no hypothesis")
    return pd.DataFrame(
        [
            {
                "hypothesis": entry.id,
                "statement": entry.statement,
                "expected sign": entry.expected_sign,
                "chapter": entry.chapter,
                "decided by": entry.decided_by,
                "source": entry.reference or "none given",
            }
            for entry in register
        ]
    )

"""Where the tables come from, what was left out, and what the study wants to know."""

from __future__ import annotations

import pandas as pd

from crmstudy.collection.open_data import find_open_table
from crmstudy.collection.study import StudyData
from crmstudy.errors import NotAvailable


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

"""SPSS .sav files: values, and the labels that say what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from crmstudy.collection.contracts.tables import Column
from crmstudy.collection.intake.formats import broken
from crmstudy.collection.intake.read import BATCH, Staging, refuse_header
from crmstudy.collection.intake.sqltypes import Staged
from crmstudy.collection.intake.xlsx import write_cell
from crmstudy.settings import TableSource

#: A column's label, and what its values mean: (column, label, value, value label).
Label = tuple[str, str, str, str]


def stage_sav(
    connection: duckdb.DuckDBPyConnection,
    file: Path,
    source: TableSource,
    rule_of: Callable[[str], Column],
) -> tuple[Staged, int, int, list[Label]]:
    """Read a .sav file; user-missing values count as missing.

    A column of text with labelled values becomes its labels, a number stays a number.

    Parameters
    ----------
    rule_of : callable
        The contract's rule of a column, by the file's name.

    Raises
    ------
    InputError
        If the file cannot be read as SPSS.
    """
    frame, meta = _read(file, source)
    header = [str(name).strip() for name in frame.columns]
    refuse_header(header, file.name)
    staging = Staging(connection, header)
    texts = {
        name: _texts(frame[name], rule_of(name), meta.variable_value_labels.get(name, {}), source)
        for name in frame.columns
    }
    # SPSS has no header row: its first case is row 1.
    rows = [
        row for row in zip(range(1, len(frame) + 1), *texts.values(), strict=True) if any(row[1:])
    ]
    for start in range(0, len(rows), BATCH):
        staging.add(rows[start : start + BATCH])
    labels = _labels(frame.columns, meta)
    return staging.staged(iso=True), len(frame), len(frame) - len(rows), labels


def _read(file: Path, source: TableSource) -> tuple[pd.DataFrame, Any]:
    import pyreadstat
    from pyreadstat import PyreadstatError, ReadstatError

    encoding = source.encoding if "encoding" in source.model_fields_set else None
    try:
        found = pyreadstat.read_sav(str(file), encoding=encoding)
    except (ReadstatError, PyreadstatError, UnicodeDecodeError, ValueError, OSError) as error:
        raise broken(file.name, "SPSS", error) from None
    return found[0], found[1]


def _texts(
    values: pd.Series, rule: Column, labels: Mapping[Any, str], source: TableSource
) -> list[str]:
    said = labels if rule.kind in ("text", "boolean") else {}
    return [
        said[value].strip() if value in said else ("" if pd.isna(value) else _plain(value, source))
        for value in values.tolist()
    ]


def _plain(value: Any, source: TableSource) -> str:
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    return write_cell(value, source.decimal)


def _labels(columns: Any, meta: Any) -> list[Label]:
    rows: list[Label] = []
    for name in columns:
        label = meta.column_names_to_labels.get(name) or ""
        values = meta.variable_value_labels.get(name, {})
        pairs = [(write_cell(value), text) for value, text in sorted(values.items(), key=str)]
        rows += [(name, label, value, text) for value, text in pairs]
        if label and not pairs:
            rows.append((name, label, "", ""))
    return rows

"""Parquet, Excel, SPSS and frames: staged for the same rules as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.collection.intake.read import FIRST_ROW, refuse_header
from crmstudy.collection.intake.sqltypes import ROW, Staged, literal, quote

if TYPE_CHECKING:
    import pandas as pd


def describe_relation(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Map each column of a relation to its DuckDB type."""
    rows = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def stage_frame(
    connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame, *, index: Sequence[int] | None
) -> Staged:
    """Register a frame of typed columns; ``index`` numbers its rows."""
    import pyarrow as pa

    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    if index is not None:
        arrow = arrow.append_column(ROW, pa.array(list(index), pa.int64()))
    connection.register("frame", arrow)
    types = describe_relation(connection, "frame")
    types.pop(ROW, None)
    return Staged("frame", types, numbered=index is not None, as_is=True)


def open_parquet(
    connection: duckdb.DuckDBPyConnection, places: Sequence[Path], name: str, *, as_is: bool = False
) -> Staged:
    """Read Parquet files in their order, as a stream.

    Raises
    ------
    InputError
        If a file is no Parquet, or has a name twice.
    """
    files = ", ".join(literal(str(place)) for place in places)
    relation = f"read_parquet([{files}])"
    try:
        names = _parquet_names(places[0])
        types = describe_relation(connection, relation)
    except (duckdb.Error, ValueError, OSError) as error:
        raise broken(name, "Parquet", error) from None
    refuse_header([str(column).strip() for column in names], name)
    return Staged(relation, types, blanks="any", as_is=as_is)


def _parquet_names(place: Path) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(map(str, pq.read_schema(place).names))
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


def number_rows(connection: duckdb.DuckDBPyConnection, staged: Staged) -> tuple[Staged, int, int]:
    """Copy a stream into a table with row numbers; return rows read and empty ones."""
    columns = ", ".join(map(quote, staged.columns))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE staging AS SELECT row_number() OVER () + {FIRST_ROW - 1} "
        f"AS {quote(ROW)}, {columns} FROM {staged.relation}"
    )
    read = count_rows(connection, "staging")
    blank = " AND ".join(
        f"coalesce(trim(CAST({quote(name)} AS VARCHAR)), '') = ''" for name in staged.columns
    )
    connection.execute(f"DELETE FROM staging WHERE {blank}")
    numbered = Staged(
        "staging", staged.columns, numbered=True, blanks=staged.blanks, as_is=staged.as_is
    )
    return numbered, read, read - count_rows(connection, "staging")


def count_rows(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Count the rows of a table."""
    rows = connection.execute(f"SELECT count(*) FROM {relation}").fetchall()
    return int(rows[0][0])


def broken(file: str, kind: str, error: Exception) -> InputError:
    """Refuse a file that its own format's reader does not take."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    found = Message("is broken", kind=kind, reason=reason)
    allowed, remedy = Message("whole file", kind=kind), Message("save again")
    return InputError([Problem(file, None, "", found, allowed, remedy)])

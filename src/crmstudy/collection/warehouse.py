"""The unified customer database: one DuckDB file a study, one schema a data set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from crmstudy.collection.contract import Problem, refuse
from crmstudy.collection.inputs import PACKAGE, hash_inputs, source_hash
from crmstudy.collection.load import Loaded, load_table
from crmstudy.errors import DataError, NotAvailable
from crmstudy.settings import Study


def connect_quietly(place: Path, **options: Any) -> duckdb.DuckDBPyConnection:
    """Connect to a DuckDB file without its progress bar; the runner has its own.

    In a Jupyter kernel without ipywidgets DuckDB draws no bar and refuses to be told so.
    """
    connection = duckdb.connect(str(place), **options)
    with suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")
    return connection


def fingerprint_warehouse(study: Study) -> str:
    """Hash all that the warehouse is made from: inputs, instrument and collection code."""
    digest = hashlib.sha256(source_hash(PACKAGE / "collection").encode())
    digest.update(study.settings.instrument.model_dump_json().encode())
    digest.update(repr(sorted(hash_inputs(study).items())).encode())
    return digest.hexdigest()


def check_inputs(study: Study) -> tuple[list[Loaded], list[Problem]]:
    """Load every table of a study and collect all problems of all files.

    A file that cannot be read at all becomes a problem of its own, so that one
    bad file does not hide the next.
    """
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for dataset, table in study.table_sources():
        try:
            result = load_table(study, dataset, table)
        except DataError as error:
            problems.append(Unreadable(str(error)))
            continue
        loaded.append(result)
        problems += result.problems
    return loaded, problems


class Unreadable(Problem):
    """A file that could not be read at all; its message says it whole."""

    def __init__(self, message: str) -> None:
        super().__init__(file="", row=None, column="", found=message, allowed="", remedy="")

    def __str__(self) -> str:
        return self.found


def ensure_warehouse(study: Study) -> Path:
    """Build the study's DuckDB file unless the one there was made from the same inputs.

    The file is written beside its place and moved there whole.

    Raises
    ------
    DataError
        Listing the problems of the inputs; nothing is built then.
    """
    place = study.paths.warehouse
    fingerprint = fingerprint_warehouse(study)
    if place.is_file() and _made_from(place) == fingerprint:
        return place
    loaded, problems = check_inputs(study)
    refuse(problems)
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}.part")
    part.unlink(missing_ok=True)
    try:
        _write(part, loaded, fingerprint)
        os.replace(part, place)
    finally:
        part.unlink(missing_ok=True)
    return place


def _made_from(place: Path) -> str:
    try:
        with duckdb.connect(str(place), read_only=True) as connection:
            rows = connection.execute("SELECT fingerprint FROM meta.made_from").fetchall()
    except duckdb.Error:
        return ""
    return str(rows[0][0]) if rows else ""


def _write(part: Path, loaded: Iterable[Loaded], fingerprint: str) -> None:
    loaded = list(loaded)
    with connect_quietly(part) as connection:
        connection.execute("CREATE SCHEMA meta")
        for one in loaded:
            arrow = pa.Table.from_pandas(one.frame, preserve_index=False)
            connection.register("arriving", arrow)
            connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{one.dataset}"')
            connection.execute(
                f'CREATE TABLE "{one.dataset}"."{one.table}" AS SELECT * FROM arriving'
            )
            connection.unregister("arriving")
        for name, frame in (("sources", _sources(loaded)), ("drops", _drops(loaded))):
            connection.register("arriving", pa.Table.from_pandas(frame, preserve_index=False))
            connection.execute(f"CREATE TABLE meta.{name} AS SELECT * FROM arriving")
            connection.unregister("arriving")
        connection.execute("CREATE TABLE meta.made_from AS SELECT ? AS fingerprint", [fingerprint])


def _sources(loaded: Iterable[Loaded]) -> pd.DataFrame:
    rows = [
        {
            "dataset": one.dataset,
            "table": one.table,
            "source": one.source,
            "rows_read": one.rows_read,
            "rows_kept": len(one.frame),
            "columns": len(one.frame.columns),
            "attributes": ", ".join(one.attributes),
        }
        for one in loaded
    ]
    return pd.DataFrame(rows)


def _drops(loaded: Iterable[Loaded]) -> pd.DataFrame:
    rows = [
        {"dataset": one.dataset, "table": one.table, "reason": reason, "rows": count}
        for one in loaded
        for reason, count in one.dropped.items()
    ]
    kinds = {"dataset": "str", "table": "str", "reason": "str", "rows": "int64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


@dataclass(frozen=True)
class Warehouse:
    """Read access to a study's customer database.

    One thread computes, so that sums come out equal to the last bit on every run.
    """

    place: Path

    def query(self, sql: str, parameters: list[Any] | None = None) -> pd.DataFrame:
        """Run one SQL query and return its rows; text comes as pandas strings."""
        with connect_quietly(self.place, read_only=True, config={"threads": 1}) as connection:
            result: pa.Table = connection.sql(sql, params=parameters).to_arrow_table()
            return result.to_pandas()

    def has(self, dataset: str, table: str) -> bool:
        """Whether a data set holds a canonical table."""
        sql = (
            "SELECT count(*) AS n FROM information_schema.tables "
            "WHERE table_schema = ? AND table_name = ?"
        )
        return bool(self.query(sql, [dataset, table])["n"][0])

    def table(
        self, dataset: str, table: str, columns: list[str] | None = None
    ) -> pd.DataFrame | NotAvailable:
        """Return a canonical table, or why it is not there."""
        if not self.has(dataset, table):
            return NotAvailable(f"no table {table}" + (f" in {dataset}" if dataset else ""))
        wanted = ", ".join(f'"{column}"' for column in columns or ()) or "*"
        return self.query(f'SELECT {wanted} FROM "{dataset}"."{table}"')

    def sources(self) -> pd.DataFrame:
        """List what was loaded: rows read and kept, one row a table."""
        return self.query("SELECT * FROM meta.sources")

    def drops(self) -> pd.DataFrame:
        """List the rows that were left out, by table and reason."""
        return self.query("SELECT * FROM meta.drops")


def open_warehouse(study: Study) -> Warehouse:
    """Open a study's customer database, building it first when its inputs have changed."""
    return Warehouse(ensure_warehouse(study))

"""The unified customer database: one DuckDB file a study, one schema a data set."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from crmstudy.collection.contracts.problems import InputError, Problem, Unreadable, refuse
from crmstudy.collection.inputs import PACKAGE, hash_inputs, source_hash
from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.privacy.keys import fingerprint_privacy, protected_datasets, study_key
from crmstudy.collection.privacy.vault import is_sealed, readable_copy, seal, write_clean
from crmstudy.errors import DataError, NotAvailable
from crmstudy.settings import Study

#: DuckDB's share of memory while it loads; what is more goes to disk.
MEMORY = "1GB"
#: Steps after the streaming of files add up; one thread adds in one order.
THREADS = 1


def connect_quietly(place: Path, **options: Any) -> duckdb.DuckDBPyConnection:
    """Connect to a DuckDB file without its progress bar; the runner has its own.

    In a Jupyter kernel without ipywidgets DuckDB draws no bar and refuses to be told so.
    """
    connection = duckdb.connect(str(place), **options)
    with suppress(duckdb.InvalidInputException):
        connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def connect_for_loading(place: str, spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect to a database to be filled: bounded memory, rows in the order of their files.

    What does not fit is spilled into a folder of its own below ``spill``, and is gone after.
    """
    spill.mkdir(parents=True, exist_ok=True)
    # Before anything is written: a file's own mode comes only after DuckDB made it.
    spill.chmod(0o700)
    with tempfile.TemporaryDirectory(prefix="spill.", dir=spill) as folder:
        config = {"memory_limit": MEMORY, "threads": THREADS, "temp_directory": folder}
        with connect_quietly(Path(place), config=config) as connection:
            yield connection


def fingerprint_warehouse(study: Study) -> str:
    """Hash all that the warehouse is made from: inputs, settings of the data, collection code."""
    settings = study.settings
    digest = hashlib.sha256(source_hash(PACKAGE / "collection").encode())
    for part in (
        settings.instrument,
        settings.staff_instrument,
        settings.privacy,
        settings.cleaning,
        settings.linkage,
        settings.selection,
    ):
        digest.update(part.model_dump_json().encode())
    asked = settings.judgements.model_dump_json(include={"hierarchy", "labels"})
    digest.update(asked.encode())
    digest.update(settings.currency.encode())
    digest.update(fingerprint_privacy(study).encode())
    digest.update(repr(sorted(hash_inputs(study).items())).encode())
    return digest.hexdigest()


def load_tables(
    connection: duckdb.DuckDBPyConnection, study: Study
) -> tuple[list[Loaded], list[Problem]]:
    """Load every table of a study and collect all problems of all files.

    A file that cannot be read at all becomes a problem of its own, so that one
    bad file does not hide the next.
    """
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for dataset, table in study.table_sources():
        try:
            result = load_into(connection, study, dataset, table)
        except InputError as error:
            problems += error.problems
            continue
        except DataError as error:
            problems.append(Unreadable(str(error)))
            continue
        loaded.append(result)
        problems += result.problems
    return loaded, problems


def check_inputs(study: Study) -> tuple[list[Loaded], list[Problem]]:
    """Load every table into a database in memory and collect all problems of all files.

    The tables can be read as long as what is returned is kept.
    """
    connection = duckdb.connect(config={"memory_limit": MEMORY, "threads": THREADS})
    return load_tables(connection, study)


def ensure_warehouse(study: Study) -> Path:
    """Build the study's DuckDB file unless the one there was made from the same inputs.

    The file is written beside its place and moved there whole; only its owner may read it.

    Raises
    ------
    InputError
        Listing the problems of the inputs; nothing is built then.
    """
    place = study.paths.warehouse
    fingerprint = fingerprint_warehouse(study)
    if place.is_file() and _made_from(place, study) == fingerprint:
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    part = place.with_suffix(f".{os.getpid()}.part")
    ready = part.with_suffix(".ready")
    try:
        _remove(part)
        _build(part, study, fingerprint)
        _finish(part, ready, study)
        os.replace(ready, place)
    finally:
        _remove(part)
        _remove(ready)
    return place


def _finish(part: Path, ready: Path, study: Study) -> None:
    """Leave no trace of raw identifiers in free blocks, and seal the file where asked."""
    if protected_datasets(study):
        write_clean(part, ready)
    else:
        os.replace(part, ready)
    ready.chmod(0o600)
    if study.settings.privacy.encrypt:
        seal(ready, ready, key=study_key(study))


def _remove(part: Path) -> None:
    for file in (part, part.with_name(f"{part.name}.wal")):
        file.unlink(missing_ok=True)


def _made_from(place: Path, study: Study) -> str:
    try:
        plain = readable_copy(place, key=study_key(study)) if is_sealed(place) else place
        with duckdb.connect(str(plain), read_only=True) as connection:
            rows = connection.execute("SELECT fingerprint FROM meta.made_from").fetchall()
    except (duckdb.Error, DataError):
        return ""
    return str(rows[0][0]) if rows else ""


def _build(part: Path, study: Study, fingerprint: str) -> None:
    from crmstudy.collection.unified.unify import unify

    with connect_for_loading(str(part), part.parent) as connection:
        connection.execute("CREATE SCHEMA meta")
        loaded, problems = load_tables(connection, study)
        refuse(problems, study.settings.language)
        unified = unify(connection, study, loaded)
        for name, frame in (
            ("sources", _sources(unified)),
            ("drops", _drops(unified)),
            ("labels", _labels(unified)),
        ):
            write_meta(connection, name, frame)
        connection.execute("CREATE TABLE meta.made_from AS SELECT ? AS fingerprint", [fingerprint])


def write_meta(connection: duckdb.DuckDBPyConnection, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as a table of what is known about the tables."""
    import pyarrow as pa

    connection.register("arriving", pa.Table.from_pandas(frame, preserve_index=False))
    connection.execute(f"CREATE OR REPLACE TABLE meta.{name} AS SELECT * FROM arriving")
    connection.unregister("arriving")


def _sources(loaded: Iterable[Loaded]) -> pd.DataFrame:
    rows = [
        {
            "dataset": one.dataset,
            "table": one.table,
            "source": one.source,
            "rows_read": one.rows_read,
            "rows_kept": one.rows_kept,
            "columns": len(one.columns),
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


def _labels(loaded: Iterable[Loaded]) -> pd.DataFrame:
    columns = ("dataset", "table", "column", "label", "value", "value_label")
    rows = [(one.dataset, one.table, *label) for one in loaded for label in one.labels]
    return pd.DataFrame(rows, columns=list(columns)).astype("str")


@dataclass(frozen=True)
class Reading:
    """A customer database held open, for several questions."""

    connection: duckdb.DuckDBPyConnection

    def query(self, sql: str, parameters: list[Any] | None = None) -> pd.DataFrame:
        """Run one SQL query and return its rows; text comes as pandas strings."""
        return self.connection.sql(sql, params=parameters).to_arrow_table().to_pandas()

    def has(self, dataset: str, table: str) -> bool:
        """Whether a data set holds a canonical table."""
        sql = (
            "SELECT count(*) AS n FROM information_schema.tables "
            "WHERE table_schema = ? AND table_name = ?"
        )
        return bool(self.query(sql, [dataset, table])["n"][0])


@dataclass(frozen=True)
class Warehouse:
    """Read access to a study's customer database.

    One thread computes, so that sums come out equal to the last bit on every run.

    Parameters
    ----------
    place : Path
        The DuckDB file.
    key : bytes, optional
        The study's key, where the file is kept encrypted.
    """

    place: Path
    key: bytes = field(default=b"", repr=False)

    @property
    def readable(self) -> Path:
        """The file that DuckDB can open: itself, or its decrypted copy."""
        return readable_copy(self.place, key=self.key) if is_sealed(self.place) else self.place

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Hold the database open; it keeps in memory what was read until it is let go."""
        with connect_quietly(self.readable, read_only=True, config={"threads": 1}) as connection:
            yield Reading(connection)

    def query(self, sql: str, parameters: list[Any] | None = None) -> pd.DataFrame:
        """Run one SQL query and return its rows; text comes as pandas strings."""
        with self.reading() as reading:
            return reading.query(sql, parameters)

    def has(self, dataset: str, table: str) -> bool:
        """Whether a data set holds a canonical table."""
        with self.reading() as reading:
            return reading.has(dataset, table)

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

    def labels(self) -> pd.DataFrame:
        """List what SPSS files said of their columns and codes."""
        return self.query("SELECT * FROM meta.labels")


def open_warehouse(study: Study) -> Warehouse:
    """Open a study's customer database, building it first when its inputs have changed."""
    place = ensure_warehouse(study)
    return Warehouse(place, study_key(study) if study.settings.privacy.encrypt else b"")

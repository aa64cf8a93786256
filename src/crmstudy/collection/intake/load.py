"""From a file to a typed table in the database, with every broken rule named."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pandas as pd

from crmstudy.collection.contracts.contract import Expected, expect
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.collection.contracts.tables import Column
from crmstudy.collection.intake.encodings import refuse_undecodable, transcode
from crmstudy.collection.intake.experts import read_labels, stage_panel, stands_on_sheets
from crmstudy.collection.intake.formats import (
    count_rows,
    describe_relation,
    number_rows,
    open_parquet,
    stage_frame,
)
from crmstudy.collection.intake.header import check_names, rename_columns
from crmstudy.collection.intake.judged import has_contradiction, has_gap
from crmstudy.collection.intake.rated import has_figure_again
from crmstudy.collection.intake.read import CsvFile, look_through, refuse_other_kind, stage_csv
from crmstudy.collection.intake.rules import create_table, find_duplicates, find_problems, guard
from crmstudy.collection.intake.sqltypes import Plan, Staged, plan_columns, quote
from crmstudy.collection.open_data import read_open_table
from crmstudy.settings import Study, TableSource

SUFFIXES = (".csv", ".parquet", ".xlsx", ".sav")
ANONYMOUS = "no customer (anonymous sale)"
EMPTY = "empty row"
#: DuckDB's memory while a file streams through, in MB; whatever the size of the file. It
#: writes by several threads only with 16 MB for each column of the table, measured.
LEAST_MEMORY, COLUMN_MEMORY, MOST_MEMORY = 64, 17.5, 256
STREAM_THREADS = 2

#: Column, its label, a value, the value's label: what an SPSS file says of its codes.
Label = tuple[str, str, str, str]


@dataclass(frozen=True)
class Loaded:
    """One canonical table as loaded, with what came and went.

    Parameters
    ----------
    dataset, table : str
        The data set and the canonical name: schema and table in the database.
    source : str
        The file or the open-data table it was read from.
    rows_read, rows_kept : int
        Rows in the source, and in the table.
    dropped : mapping of str to int
        Rows left out, by reason.
    problems : tuple of Problem
        What breaks the contract; a table with problems is not in the database.
    attributes : tuple of str
        Columns that the contract does not know, kept as they are.
    columns : tuple of str
        All columns of the table, in their order.
    labels : tuple of (str, str, str, str)
        Column, its label, a value, the value's label (SPSS).
    connection : DuckDBPyConnection
        The database that holds the table.
    """

    dataset: str
    table: str
    source: str
    rows_read: int = 0
    rows_kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    attributes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    labels: tuple[Label, ...] = ()
    connection: duckdb.DuckDBPyConnection | None = field(default=None, repr=False, compare=False)

    @property
    def target(self) -> str:
        """The table's name in SQL."""
        return f"{quote(self.dataset)}.{quote(self.table)}"

    def frame(self, columns: Sequence[str] = ()) -> pd.DataFrame:
        """Read the table, or some of its columns, from the database."""
        if self.connection is None:
            raise ValueError(f"{self.target} has no database")
        wanted = ", ".join(map(quote, columns)) or "*"
        sql = f"SELECT {wanted} FROM {self.target}"
        return self.connection.sql(sql).to_arrow_table().to_pandas()


@dataclass(frozen=True)
class _Job:
    """What loading one table needs to know at each step."""

    connection: duckdb.DuckDBPyConnection
    expected: Expected
    source: TableSource
    name: str
    target: str


@dataclass(frozen=True)
class _Arrived:
    """Rows that wait to be typed; ``precise`` are the same rows with their numbers."""

    fast: Staged | None = None
    csv: CsvFile | None = None
    precise: tuple[Staged, int, int] | None = None
    problems: tuple[Problem, ...] = ()
    labels: tuple[Label, ...] = ()

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        if self.csv is not None:
            return list(self.csv.header)
        staged = self.fast or (self.precise[0] if self.precise else None)
        return list(staged.columns) if staged else []

    def numbered(self, connection: duckdb.DuckDBPyConnection) -> tuple[Staged, int, int]:
        """Return the rows with their numbers, how many were read, how many were empty."""
        if self.precise is not None:
            return self.precise
        if self.csv is not None:
            return stage_csv(connection, self.csv)
        assert self.fast is not None
        return number_rows(connection, self.fast)


def load_into(
    connection: duckdb.DuckDBPyConnection, study: Study, dataset: str, table: str
) -> Loaded:
    """Read, type and check one table of a study, into ``"<dataset>"."<table>"``.

    DuckDB reads, types and checks the whole file in one pass that stops at the first
    broken row; only then is the file read row by row, so that each mistake has its row.

    Raises
    ------
    InputError
        If the table is unknown, or its file cannot be read as a table at all. Columns
        and values that break the contract do not raise: they come back as ``problems``.
    """
    source = study.table_sources()[(dataset, table)]
    expected = expect(study, dataset, table)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quote(dataset)}")
    target = f"{quote(dataset)}.{quote(table)}"
    connection.execute(f"DROP TABLE IF EXISTS {target}")
    with _arrive(connection, study, source, expected) as (name, arrived):
        job = _Job(connection, expected, source, name, target)
        loaded = _load(job, arrived, Loaded(dataset, table, name, connection=connection))
    connection.execute("DROP TABLE IF EXISTS staging")
    return loaded


def _load(job: _Job, arrived: _Arrived, loaded: Loaded) -> Loaded:
    header = [name.strip() for name in arrived.header]
    names, problems = rename_columns(header, job.source, job.name)
    names = dict(zip(arrived.header, names.values(), strict=True))
    if job.source.file is not None:
        problems += check_names(names.values(), job.expected, job.source, job.name)
    loaded = replace(loaded, labels=_named_labels(arrived.labels, names))
    source = read_labels(job.source, job.expected)
    if arrived.fast is not None and not problems:
        plan = plan_columns(names, job.expected, arrived.fast, source)
        read = _load_fast(job, arrived, plan)
        if read:
            return _finish(job, replace(loaded, rows_read=read))
    staged, read, empty = arrived.numbered(job.connection)
    if read == 0:
        found, allowed = Message("is header only"), Message("header and rows")
        problem = Problem(job.name, None, "", found, allowed, Message("fill or drop"))
        raise InputError([*problems, problem])
    plan = plan_columns(names, job.expected, staged, source)
    problems += find_problems(job.connection, staged, plan, job.expected, file=job.name)
    dropped = {EMPTY: empty} if empty else {}
    loaded = replace(loaded, rows_read=read, dropped=dropped)
    problems += arrived.problems
    if problems:
        ordered = sorted(problems, key=lambda problem: problem.row or 0)
        return replace(loaded, problems=tuple(staged.places.locate(ordered)))
    _create(job, staged, plan)
    return _finish(job, loaded)


def _load_fast(job: _Job, arrived: _Arrived, plan: Sequence[Plan]) -> int:
    """Type and check everything in one pass; 0 rows when one needs a closer look."""
    assert arrived.fast is not None
    try:
        with _streaming(job.connection, columns=len(plan)):
            _create(job, arrived.fast, plan, broken=guard(plan, job.expected))
            read = _rows_read(job, arrived)
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.OutOfMemoryException):
        return 0
    key = [quote(name) for name in job.expected.contract.key]
    ours = {quote(column.ours) for column in plan}
    good = arrived.csv is None or arrived.csv.level(read)
    if key and set(key) <= ours:
        good &= not find_duplicates(job.connection, job.target, key)
    if job.expected.contract.name == "judgements":
        good &= not has_contradiction(job.connection, job.target)
        good &= not has_gap(job.connection, job.target, job.expected)
    if job.expected.contract.name == "systems":
        good &= not has_figure_again(job.connection, job.target)
    if not good:
        job.connection.execute(f"DROP TABLE {job.target}")
    return read if good else 0


def _rows_read(job: _Job, arrived: _Arrived) -> int:
    assert arrived.fast is not None
    if arrived.csv is not None and arrived.csv.rows is not None:
        return arrived.csv.rows
    return count_rows(job.connection, arrived.fast.relation)


@contextmanager
def _streaming(connection: duckdb.DuckDBPyConnection, *, columns: int) -> Iterator[None]:
    """Hold a stream to a small buffer: DuckDB else keeps what it wrote in memory.

    Two threads type the rows; they are written in the order of the file all the same.
    """
    memory = round(min(max(LEAST_MEMORY, COLUMN_MEMORY * columns), MOST_MEMORY))
    threads = min(STREAM_THREADS, os.cpu_count() or 1)
    wanted = {
        "memory_limit": f"'{memory}MB'",
        "threads": str(threads),
        "write_buffer_row_group_count": "1",
    }
    kept = ", ".join(f"current_setting('{name}')" for name in wanted)
    before = connection.execute(f"SELECT {kept}").fetchall()[0]
    for name, value in wanted.items():
        connection.execute(f"SET {name} = {value}")
    try:
        yield
    finally:
        for name, value in zip(wanted, before, strict=True):
            connection.execute(f"SET {name} = '{value}'")


def _create(job: _Job, staged: Staged, plan: Sequence[Plan], *, broken: str = "") -> None:
    """Write the table; complete baskets and leave out sales to nobody on the way."""
    further: dict[str, str] = {}
    keep = ""
    if job.expected.contract.name == "transactions":
        values = {column.ours: column.aliased("v") for column in plan}
        keep = f"{values['customer_id']} IS NOT NULL"
        if "basket_id" not in values:
            # A customer's lines of one day count as one purchase.
            day = f"strftime({values['ordered_at']}, '%Y-%m-%d')"
            further["basket_id"] = f"{values['customer_id']} || '|' || {day}"
    create_table(
        job.connection, job.target, staged, plan, broken=broken, further=further, keep=keep
    )


def _finish(job: _Job, loaded: Loaded) -> Loaded:
    """Count what is there and what was left out."""
    names = list(describe_relation(job.connection, job.target))
    kept = count_rows(job.connection, job.target)
    dropped = dict(loaded.dropped)
    nobody = loaded.rows_read - sum(dropped.values()) - kept
    if nobody:
        dropped[ANONYMOUS] = nobody
    found = replace(
        loaded,
        rows_kept=kept,
        dropped=dropped,
        columns=tuple(names),
        attributes=tuple(name for name in names if name not in job.expected.columns()),
    )
    if kept:
        return found
    job.connection.execute(f"DROP TABLE {job.target}")
    texts = Message("no values"), Message("rows"), Message("fill or drop")
    return replace(found, problems=(Problem(job.name, None, "", *texts),))


def _named_labels(labels: Sequence[Label], names: Mapping[str, str]) -> tuple[Label, ...]:
    return tuple((names.get(column, column), *rest) for column, *rest in labels)  # type: ignore[misc]


# --- sources ------------------------------------------------------------------------------


@contextmanager
def _arrive(
    connection: duckdb.DuckDBPyConnection, study: Study, source: TableSource, expected: Expected
) -> Iterator[tuple[str, _Arrived]]:
    """Bring a table's rows within reach of SQL; what that needs on disk is gone after."""
    if source.open is not None:
        staged = stage_frame(connection, read_open_table(source.open), index=None)
        yield source.open, _Arrived(fast=staged)
    elif source.simulated is not None:
        yield f"simulated {source.simulated}", _simulated(connection, study, source.simulated)
    else:
        with _read_file(connection, study, source, expected) as arrived:
            yield Path(str(source.file)).name, arrived
    connection.unregister("frame")


def _simulated(connection: duckdb.DuckDBPyConnection, study: Study, table: str) -> _Arrived:
    from crmstudy.collection.firm import read_simulated_table

    rows: object = read_simulated_table(study, table)
    if isinstance(rows, pd.DataFrame):
        return _Arrived(fast=stage_frame(connection, rows, index=None))
    # A large firm comes in blocks of Parquet, in their order.
    places = [Path(str(place)) for place in (rows if isinstance(rows, (list, tuple)) else [rows])]
    return _Arrived(fast=open_parquet(connection, places, table, as_is=True))


@contextmanager
def _read_file(
    connection: duckdb.DuckDBPyConnection, study: Study, source: TableSource, expected: Expected
) -> Iterator[_Arrived]:
    folder = study.paths.inputs
    file = folder / str(source.file)
    suffix = file.suffix.lower()
    if expected.contract.name == "judgements" and stands_on_sheets(folder, source):
        panel = stage_panel(connection, folder, source, expected)
        yield _Arrived(precise=(panel.staged, panel.count, 0), problems=panel.problems)
        return
    _refuse_place(file, suffix)
    if suffix == ".parquet":
        yield _Arrived(fast=open_parquet(connection, [file], file.name))
    elif suffix == ".xlsx":
        from crmstudy.collection.intake.xlsx import stage_xlsx

        yield _Arrived(precise=stage_xlsx(connection, file, source))
    elif suffix == ".sav":
        from crmstudy.collection.intake.spss import stage_sav

        ours = {theirs: name for name, theirs in source.columns.items()}

        def rule_of(theirs: str) -> Column:
            return expected.column(ours.get(theirs.strip(), theirs.strip()))

        staged, read, empty, labels = stage_sav(connection, file, source, rule_of)
        yield _Arrived(precise=(staged, read, empty), labels=tuple(labels))
    else:
        refuse_other_kind(file)
        with _in_utf8(study, file, source.encoding) as place:
            csv = look_through(place, file.name, source)
            yield _Arrived(fast=csv.staged() if csv.sure else None, csv=csv)


def _refuse_place(file: Path, suffix: str) -> None:
    if not file.is_file():
        near = hint(file.name, [other.name for other in sorted(file.parent.glob("*"))])
        found = Message("is missing", folder=str(file.parent), near=near)
        allowed, remedy = Message("a file there"), Message("correct file")
        raise InputError([Problem(file.name, None, "", found, allowed, remedy)])
    if suffix not in SUFFIXES:
        found = Message("is of suffix", suffix=suffix or "''")
        allowed = Message("one of", words=SUFFIXES)
        raise InputError([Problem(file.name, None, "", found, allowed, Message("save as"))])


@contextmanager
def _in_utf8(study: Study, file: Path, encoding: str) -> Iterator[Path]:
    """Write the text as UTF-8 into the study's folder of work; UTF-8 stays where it is."""
    if encoding.lower().replace("_", "-") in ("utf-8", "utf8", "utf-8-sig"):
        refuse_undecodable(file)
        yield file
        return
    folder = study.paths.work
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    copy = folder / f"{file.name}.{os.getpid()}.utf8.part"
    try:
        transcode(file, encoding, copy)
        yield copy
    finally:
        copy.unlink(missing_ok=True)

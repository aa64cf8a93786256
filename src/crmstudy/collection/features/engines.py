"""Where the expressions of features run: their SQL for DuckDB, and a Spark session's answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.features.definitions import list_columns
from crmstudy.collection.features.expressions import (
    describe_blocks,
    describe_customers,
    join_blocks,
)
from crmstudy.collection.warehouse import Reading, Warehouse
from crmstudy.errors import DataError

IBIS_TYPES = {
    "id": "string",
    "text": "string",
    "number": "float64",
    "integer": "int64",
    "date": "timestamp",
    "boolean": "boolean",
}
SPARK_TYPES = {
    "id": "string",
    "text": "string",
    "number": "double",
    "integer": "bigint",
    "date": "timestamp_ntz",
    "boolean": "boolean",
}
TIME_ZONE = "spark.sql.session.timeZone"


def declare_tables(present: Collection[str], *, database: str | None = None) -> dict[str, Any]:
    """Declare the columns at hand, written ``table.column``, as Ibis tables of one schema.

    The types are those of the contract.
    """
    tables = {}
    for table, names in list_columns().items():
        columns = CONTRACTS[table].columns
        schema = {
            name: IBIS_TYPES[columns[name].kind] for name in names if f"{table}.{name}" in present
        }
        if schema:
            tables[table] = ibis.table(schema, name=table, database=database)
    return tables


def write_sql(expression: Any, *, dialect: str) -> str:
    """Write an expression as SQL of an engine.

    Ibis writes and does not connect: its own DuckDB connection would call what DuckDB 2
    deprecates.
    """
    return str(ibis.to_sql(expression, dialect=dialect))


@dataclass(frozen=True)
class Counted:
    """What the blocks counted: ``answer`` is asked of ``rows``, a table a block."""

    answer: Any
    rows: Mapping[str, pa.Table]


def count_on_duckdb(
    reading: Reading,
    tables: Mapping[str, Any],
    *,
    until: datetime,
    since: datetime | None = None,
    only: Collection[str] = (),
) -> Counted:
    """Count in the warehouse what features are made of, block by block.

    One statement for all would hold every block's intermediate rows at once, in twice the
    memory.
    """
    names, blocks = describe_blocks(tables, until=until, since=since, only=only)
    rows = {}
    for name, block in blocks.items():
        rows[f"block_{name}"] = _ask(reading.connection, block)
    staged = {
        name: ibis.table(block.schema(), name=f"block_{name}") for name, block in blocks.items()
    }
    answer = join_blocks(staged, names=names, until=until).order_by("customer_id")
    return Counted(answer, rows)


def join_on_duckdb(warehouse: Warehouse, counted: Counted) -> pd.DataFrame:
    """Make customer features of what was counted.

    A connection keeps what it has read in memory: let the one that counted go first.

    Returns
    -------
    DataFrame
        ``customer_id`` and the features, by customer_id.
    """
    with warehouse.reading() as reading:
        for name, rows in counted.rows.items():
            reading.connection.register(name, rows)
        result = _ask(reading.connection, counted.answer)
    return result.to_pandas(split_blocks=True)


def _ask(connection: Any, expression: Any) -> pa.Table:
    return connection.sql(write_sql(expression, dialect="duckdb")).to_arrow_table()


def run_on_spark(
    session: Any,
    tables: Mapping[str, Any],
    *,
    until: str | date | datetime,
    since: str | date | datetime = "",
    only: Collection[str] = (),
) -> Any:
    """Compute customer features on a Spark cluster, with the expressions of DuckDB.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        An open session of PySpark 4; the driver needs this package, the workers do not.
    tables : mapping of str to pyspark.sql.DataFrame or str
        Canonical tables by name (transactions, products, contacts, web_events,
        customers), each a data frame or the name of a table that the session knows. A
        column of theirs is cast to the type of its contract; columns that are not there
        cost only the features that need them. Clean the tables first: the contract is not
        checked, but rows without customer or time are left out.
    until : str, date or datetime
        Last day counted, as 2017-12-31, or the last moment.
    since : str, date or datetime
        First day counted, or the first moment; empty counts from the beginning.
    only : collection of str
        Names of the features wanted; empty for all.

    Returns
    -------
    pyspark.sql.DataFrame
        One row a customer with a purchase, not yet computed and in no order; columns as in
        :func:`crmstudy.collection.features.features.describe_features`. Write it where it
        belongs, or collect a part.

    Raises
    ------
    DataError
        If a table is none that features are made from, a column is not there that every
        feature needs, or one that is wanted by name.

    Notes
    -----
    Days and hours are those of the wall clock: times with a zone are read in the session's
    time zone, and the answer is planned in UTC, so that no hour is lost in spring. Sums of
    money can differ from DuckDB's in their last bits, since a cluster adds in another
    order. Sessions of Spark Connect, which plan late, have not been tried.
    """
    end = _moment(until, time.max)
    begin = _moment(since, time.min) if since else None
    return answer_on_spark(
        session,
        tables,
        lambda declared: describe_customers(declared, until=end, since=begin, only=only),
    )


def answer_on_spark(
    session: Any, tables: Mapping[str, Any], describe: Callable[[dict[str, Any]], Any]
) -> Any:
    """Run any expression of canonical tables on a Spark cluster.

    Parameters
    ----------
    session, tables
        As for :func:`run_on_spark`.
    describe : callable
        Takes the Ibis tables by name, returns the expression wanted; as those of
        :mod:`crmstudy.collection.features.expressions`.
    """
    frames = _canonical(session, tables)
    present = {f"{name}.{column}" for name, frame in frames.items() for column in frame.columns}
    views = {name: f"crmstudy_{name}" for name in frames}
    declared = {
        name: ibis.table(table.schema(), name=views[name])
        for name, table in declare_tables(present).items()
    }
    # Ibis knows its options of an engine from the first mention of the engine on.
    _ = ibis.pyspark
    sql = write_sql(describe(declared), dialect="pyspark")
    with _in_utc(session):
        for name, frame in frames.items():
            frame.createOrReplaceTempView(views[name])
        try:
            return session.sql(sql)
        finally:
            for view in views.values():
                session.catalog.dropTempView(view)


def _canonical(session: Any, tables: Mapping[str, Any]) -> dict[str, Any]:
    """Take from each table the columns that features use, in the contract's types."""
    used = list_columns()
    unknown = sorted(set(tables) - set(used))
    if unknown:
        raise DataError(
            f"no feature is made from the table {', '.join(unknown)}; known: {', '.join(used)}"
        )
    frames = {}
    for name in (name for name in used if name in tables):
        frame = session.table(tables[name]) if isinstance(tables[name], str) else tables[name]
        kinds = {column: CONTRACTS[name].columns[column].kind for column in used[name]}
        frames[name] = frame.select(
            *(
                frame[column].cast(SPARK_TYPES[kind]).alias(column)
                for column, kind in kinds.items()
                if column in frame.columns
            )
        )
    return frames


def _moment(day: str | date | datetime, clock: time) -> datetime:
    """Take a moment as it is, and of a day the time given."""
    if isinstance(day, str):
        day = datetime.fromisoformat(day) if ":" in day else date.fromisoformat(day)
    return day if isinstance(day, datetime) else datetime.combine(day, clock)


@contextmanager
def _in_utc(session: Any) -> Iterator[None]:
    """Plan in UTC, in which every day has 24 hours; the plan keeps the zone."""
    before = session.conf.get(TIME_ZONE)
    session.conf.set(TIME_ZONE, "UTC")
    try:
        yield
    finally:
        session.conf.set(TIME_ZONE, before)

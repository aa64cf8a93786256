"""What is left out of the loaded tables, or converted, before they are brought together.

Every step works on the tables in place and counts what it did; nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pandas as pd
import pyarrow as pa

from crmstudy.settings import Cleaning

#: Columns of purchases that hold money.
MONEY = ("revenue", "cost", "discount", "coupon_discount")


def columns_of(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> list[str]:
    """Name a table's columns in their order; none where there is no such table."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position",
        [dataset, table],
    ).fetchall()
    return [str(row[0]) for row in rows]


def leave_out(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    tables: Iterable[str],
    customers: Iterable[str],
) -> dict[str, int]:
    """Delete all rows of some customers from every table of a data set that names them.

    Returns
    -------
    dict of str to int
        Rows deleted by table, for the tables that lost any.
    """
    gone = pa.table({"customer_id": pa.array(sorted(set(customers)), pa.string())})
    connection.register("leaving", gone)
    deleted = {
        table: _count(
            connection,
            f'DELETE FROM "{dataset}"."{table}" '
            "WHERE customer_id IN (SELECT customer_id FROM leaving)",
        )
        for table in tables
        if "customer_id" in columns_of(connection, dataset, table)
    }
    connection.unregister("leaving")
    return {table: count for table, count in deleted.items() if count}


def list_test_customers(
    connection: duckdb.DuckDBPyConnection, dataset: str, cleaning: Cleaning
) -> list[str]:
    """List the customers that study.yml or the column ``is_test`` call test customers."""
    named = list(cleaning.test_customers)
    if "is_test" in columns_of(connection, dataset, "customers"):
        sql = f'SELECT customer_id FROM "{dataset}".customers WHERE is_test ORDER BY 1'
        named += [str(row[0]) for row in connection.execute(sql).fetchall()]
    return sorted(set(named))


def drop_cancelled(connection: duckdb.DuckDBPyConnection, dataset: str) -> int:
    """Delete the purchase lines that were cancelled, and count them."""
    if "status" not in columns_of(connection, dataset, "transactions"):
        return 0
    return _count(connection, f"DELETE FROM \"{dataset}\".transactions WHERE status = 'cancelled'")


def convert_currencies(
    connection: duckdb.DuckDBPyConnection, dataset: str, *, rates: dict[str, float]
) -> pd.DataFrame:
    """Turn money of other currencies into the study's, at the rates of study.yml.

    Returns
    -------
    DataFrame
        Columns currency, rate, rows, before (sum of revenue in that currency), after
        (in the study's); one row a converted currency.
    """
    columns = columns_of(connection, dataset, "transactions")
    rows = []
    for currency, rate in sorted(rates.items()) if "currency" in columns else ():
        where = f'FROM "{dataset}".transactions WHERE currency = ?'
        sql = f"SELECT count(*), coalesce(sum(revenue), 0) {where}"
        found = connection.execute(sql, [currency]).fetchone()
        count, before = found if found else (0, 0.0)
        if not count:
            continue
        money = ", ".join(f"{name} = {name} * {rate!r}" for name in MONEY if name in columns)
        connection.execute(
            f'UPDATE "{dataset}".transactions SET {money} WHERE currency = ?', [currency]
        )
        rows.append((currency, rate, int(count), float(before), float(before) * rate))
    return pd.DataFrame(rows, columns=["currency", "rate", "rows", "before", "after"])


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """Run a statement that changes rows, and return how many."""
    changed = connection.execute(sql).fetchone()
    return int(changed[0]) if changed else 0

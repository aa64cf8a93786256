"""What is left out of the loaded tables, or converted, before records are linked.

Every step works on the tables in place and counts what it did; nothing is lost in silence.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.remove import Removed, delete, leave_out, tables_of
from crmstudy.settings import Cleaning

#: Columns of purchases that hold money.
MONEY = ("revenue", "cost", "discount", "coupon_discount")
#: What decides, before the place, which of two rows of a merged customer stays.
FIRST = {"consents": "t.given, "}
TEST, CANCELLED, MERGED = "test customer", "cancelled", "second record of a merged customer"


def list_test_customers(
    connection: duckdb.DuckDBPyConnection, dataset: str, cleaning: Cleaning
) -> list[str]:
    """List the customers that study.yml or the column ``is_test`` call test customers."""
    named = list(cleaning.test_customers)
    if "is_test" in tables_of(connection, dataset).get("customers", []):
        sql = f'SELECT customer_id FROM "{dataset}".customers WHERE is_test ORDER BY 1'
        named += [str(row[0]) for row in connection.execute(sql).fetchall()]
    return sorted(set(named))


def drop_test_customers(
    connection: duckdb.DuckDBPyConnection, dataset: str, customers: list[str]
) -> list[Removed]:
    """Delete all rows of the test customers, and count them by table."""
    with_mapping(connection, customers, customers)
    removed = leave_out(connection, dataset, reason=TEST) if customers else []
    connection.execute("DROP TABLE crmstudy_mapping")
    return removed


def drop_cancelled(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Removed]:
    """Delete the purchase lines that were cancelled, and count them."""
    if "status" not in tables_of(connection, dataset).get("transactions", []):
        return []
    rows = delete(connection, f'"{dataset}".transactions', "status = 'cancelled'")
    return [Removed(dataset, "transactions", CANCELLED, rows)] if rows else []


def convert_currencies(
    connection: duckdb.DuckDBPyConnection, dataset: str, *, rates: Mapping[str, float]
) -> pd.DataFrame:
    """Turn money of other currencies into the study's, at the rates of study.yml.

    Returns
    -------
    DataFrame
        Columns currency, rate, rows, before (sum of revenue in that currency), after
        (in the study's); one row a converted currency.
    """
    columns = tables_of(connection, dataset).get("transactions", [])
    rows = []
    for currency, rate in sorted(rates.items()) if "currency" in columns else ():
        where = f'FROM "{dataset}".transactions WHERE currency = ?'
        sql = f"SELECT count(*), coalesce(sum(revenue), 0) {where}"
        count, before = connection.execute(sql, [currency]).fetchall()[0]
        if not count:
            continue
        money = ", ".join(f"{name} = {name} * {rate!r}" for name in MONEY if name in columns)
        connection.execute(
            f'UPDATE "{dataset}".transactions SET {money} WHERE currency = ?', [currency]
        )
        after = connection.execute(sql, [currency]).fetchall()[0][1]
        rows.append((currency, float(rate), int(count), float(before), float(after)))
    names = ["currency", "rate", "rows", "before", "after"]
    kinds = ["str", "float64", "int64", "float64", "float64"]
    return pd.DataFrame(rows, columns=names).astype(dict(zip(names, kinds, strict=True)))


def merge_customers(
    connection: duckdb.DuckDBPyConnection, dataset: str, mapping: Mapping[str, str]
) -> list[Removed]:
    """Give the rows of merged customers the identifier that is kept.

    Where a table's key then occurs twice (two records of the customer, two addresses of
    one campaign), the row that stood first among those of the kept identifier stays; of
    two decisions on one day the refusal stays.

    Parameters
    ----------
    mapping : mapping of str to str
        Identifier to the one that is kept.

    Returns
    -------
    list of Removed
        Rows that became superfluous, by table.
    """
    changed = {old: kept for old, kept in mapping.items() if old != kept}
    if not changed:
        return []
    with_mapping(connection, list(changed), list(changed.values()))
    removed = []
    for table, columns in tables_of(connection, dataset).items():
        if "customer_id" not in columns:
            continue
        rows = _merge_table(connection, dataset, table)
        removed += [Removed(dataset, table, MERGED, rows)] if rows else []
    connection.execute("DROP TABLE crmstudy_mapping")
    return removed


def _merge_table(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> int:
    place, key = f'"{dataset}"."{table}"', CONTRACTS[table].key
    rows = 0
    if "customer_id" in key:
        renamed = {name: f't."{name}"' for name in key}
        renamed["customer_id"] = "coalesce(m.pseudonym, t.customer_id)"
        order = FIRST.get(table, "") + "(m.pseudonym IS NOT NULL), t.rowid"
        connection.execute(
            f"CREATE TEMP TABLE crmstudy_second AS SELECT id FROM (SELECT t.rowid AS id, "
            f"row_number() OVER (PARTITION BY {', '.join(renamed.values())} ORDER BY {order}) AS n "
            f"FROM {place} t LEFT JOIN crmstudy_mapping m ON m.raw = t.customer_id) WHERE n > 1"
        )
        rows = delete(connection, place, "rowid IN (SELECT id FROM crmstudy_second)")
        connection.execute("DROP TABLE crmstudy_second")
    # A basket that the loader made is named customer|day.
    basket = (
        ", basket_id = CASE WHEN starts_with(t.basket_id, m.raw || '|') "
        "THEN m.pseudonym || substr(t.basket_id, length(m.raw) + 1) ELSE t.basket_id END"
    )
    connection.execute(
        f"UPDATE {place} AS t SET customer_id = m.pseudonym"
        f"{basket if 'basket_id' in tables_of(connection, dataset)[table] else ''} "
        "FROM crmstudy_mapping m WHERE m.raw = t.customer_id"
    )
    return rows

"""What is left out or converted on the way into the database, and that it is counted."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from crmstudy.collection.clean import (
    convert_currencies,
    drop_cancelled,
    leave_out,
    list_test_customers,
)
from crmstudy.settings import Cleaning

CUSTOMERS = pd.DataFrame({"customer_id": ["a", "b", "c"], "is_test": [False, True, None]})
TRANSACTIONS = pd.DataFrame(
    {
        "customer_id": ["a", "b", "c", "c"],
        "revenue": [10.0, 20.0, 30.0, 5.0],
        "cost": [1.0, 2.0, 3.0, None],
        "status": ["completed", None, "cancelled", "returned"],
        "currency": ["EUR", "USD", None, "USD"],
    }
)
PRODUCTS = pd.DataFrame({"product_id": ["p"]})


@pytest.fixture
def database():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        tables = {"customers": CUSTOMERS, "transactions": TRANSACTIONS, "products": PRODUCTS}
        for name, frame in tables.items():
            connection.register("arriving", frame)
            connection.execute(f"CREATE TABLE firm.{name} AS SELECT * FROM arriving")
        yield connection


def rows(connection, table):
    return connection.execute(f"SELECT * FROM firm.{table}").df()


def test_a_customer_leaves_every_table_that_names_him(database):
    tables = ["customers", "transactions", "products"]
    assert leave_out(database, "firm", tables, ["c", "unknown"]) == {
        "customers": 1,
        "transactions": 2,
    }
    assert rows(database, "transactions")["customer_id"].tolist() == ["a", "b"]
    assert len(rows(database, "products")) == 1


def test_nobody_leaves_when_nobody_is_named(database):
    assert leave_out(database, "firm", ["customers", "transactions"], []) == {}
    assert len(rows(database, "transactions")) == 4


def test_rows_of_no_customer_stay(database):
    database.execute("INSERT INTO firm.transactions (customer_id, revenue) VALUES (NULL, 1)")
    leave_out(database, "firm", ["transactions"], ["a", "b", "c"])
    assert rows(database, "transactions")["revenue"].tolist() == [1.0]


def test_test_customers_are_those_named_and_those_marked(database):
    cleaning = Cleaning(test_customers=["z", "b"])
    assert list_test_customers(database, "firm", cleaning) == ["b", "z"]
    assert list_test_customers(database, "elsewhere", Cleaning()) == []


def test_only_cancelled_lines_go(database):
    assert drop_cancelled(database, "firm") == 1
    assert rows(database, "transactions")["revenue"].tolist() == [10.0, 20.0, 5.0]


def test_a_ledger_without_status_loses_nothing(database):
    database.execute("ALTER TABLE firm.transactions DROP COLUMN status")
    assert drop_cancelled(database, "firm") == 0


def test_money_of_another_currency_becomes_the_study_s(database):
    converted = convert_currencies(database, "firm", rates={"USD": 0.5, "GBP": 2.0})
    assert converted.to_dict("records") == [
        {"currency": "USD", "rate": 0.5, "rows": 2, "before": 25.0, "after": 12.5}
    ]
    after = rows(database, "transactions")
    assert after["revenue"].tolist() == [10.0, 10.0, 30.0, 2.5]
    assert after["cost"].tolist()[:3] == [1.0, 1.0, 3.0]
    assert after["cost"].isna().tolist() == [False, False, False, True]


def test_without_a_currency_column_nothing_is_converted(database):
    database.execute("ALTER TABLE firm.transactions DROP COLUMN currency")
    assert convert_currencies(database, "firm", rates={"USD": 0.5}).empty
    assert rows(database, "transactions")["revenue"].sum() == 65.0

"""What is left out or converted on the way into the database, and that it is counted."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from crmstudy.collection.privacy.remove import Removed
from crmstudy.collection.unified.clean import (
    convert_currencies,
    drop_cancelled,
    drop_test_customers,
    list_test_customers,
    merge_customers,
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


def test_a_test_customer_leaves_every_table_that_names_him(database):
    assert drop_test_customers(database, "firm", ["c", "unknown"]) == [
        Removed("firm", "customers", "test customer", 1),
        Removed("firm", "transactions", "test customer", 2),
    ]
    assert rows(database, "transactions")["customer_id"].tolist() == ["a", "b"]
    assert len(rows(database, "products")) == 1


def test_nobody_leaves_when_nobody_is_named(database):
    assert drop_test_customers(database, "firm", []) == []
    assert len(rows(database, "transactions")) == 4


def test_rows_of_no_customer_stay(database):
    database.execute("INSERT INTO firm.transactions (customer_id, revenue) VALUES (NULL, 1)")
    drop_test_customers(database, "firm", ["a", "b", "c"])
    assert rows(database, "transactions")["revenue"].tolist() == [1.0]


def test_merged_customers_share_one_identifier_and_one_record(database):
    assert merge_customers(database, "firm", {"a": "a", "c": "a"}) == [
        Removed("firm", "customers", "second record of a merged customer", 1)
    ]
    assert rows(database, "customers")["customer_id"].tolist() == ["a", "b"]
    assert rows(database, "transactions")["customer_id"].tolist() == ["a", "b", "a", "a"]
    assert rows(database, "transactions")["revenue"].tolist() == [10.0, 20.0, 30.0, 5.0]


def test_the_record_of_the_kept_identifier_stays(database):
    merge_customers(database, "firm", {"a": "c", "c": "c"})
    kept = rows(database, "customers").set_index("customer_id")["is_test"]
    assert kept.index.tolist() == ["b", "c"]
    assert pd.isna(kept["c"])  # a's record said False


def test_baskets_named_by_the_loader_change_their_customer_too(database):
    database.execute("ALTER TABLE firm.transactions ADD COLUMN basket_id VARCHAR")
    database.execute(
        "UPDATE firm.transactions SET basket_id = CASE customer_id WHEN 'c' "
        "THEN 'c|2026-01-01' ELSE 'B7' END"
    )
    merge_customers(database, "firm", {"a": "a", "c": "a", "b": "b"})
    assert rows(database, "transactions")["basket_id"].tolist() == [
        "B7",
        "B7",
        "a|2026-01-01",
        "a|2026-01-01",
    ]


def test_a_mapping_to_oneself_merges_nobody(database):
    assert merge_customers(database, "firm", {"a": "a", "b": "b"}) == []


def test_test_customers_are_those_named_and_those_marked(database):
    cleaning = Cleaning(test_customers=["z", "b"])
    assert list_test_customers(database, "firm", cleaning) == ["b", "z"]
    assert list_test_customers(database, "elsewhere", Cleaning()) == []


def test_only_cancelled_lines_go(database):
    assert drop_cancelled(database, "firm") == [Removed("firm", "transactions", "cancelled", 1)]
    assert rows(database, "transactions")["revenue"].tolist() == [10.0, 20.0, 5.0]


def test_a_ledger_without_status_loses_nothing(database):
    database.execute("ALTER TABLE firm.transactions DROP COLUMN status")
    assert drop_cancelled(database, "firm") == []


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

"""Pseudonyms: the same person is the same, nobody knows who, rows stay where they were."""

from __future__ import annotations

import base64
import hashlib
import hmac

import duckdb
import numpy as np
import pytest

from crmstudy.collection.privacy.keys import study_key
from crmstudy.collection.privacy.pseudonyms import (
    make_pseudonyms,
    pseudonym_of,
    pseudonymise,
    refuse_collisions,
    tabulate_replaced,
)
from crmstudy.errors import DataError

KEY = bytes(range(32))
IDS = ["C1", "甲", "x|y", "O'Hare", "C1 "]


@pytest.fixture
def study(make_study):
    return make_study({"transactions": {"file": "t.csv"}}, {"t.csv": "customer_id\n"})


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        yield connection


def rows(connection, table, columns="*"):
    return connection.execute(f"SELECT {columns} FROM firm.{table}").fetchall()


def test_a_pseudonym_is_the_start_of_the_standard_hmac():
    message = "crmstudy pseudonym\0firm\0customer\0甲".encode()
    digest = hmac.new(KEY, message, hashlib.sha256).digest()
    expected = "C" + base64.b32encode(digest[:10]).decode()
    assert pseudonym_of("甲", key=KEY, dataset="firm") == expected
    assert len(expected) == 17


def test_known_answer_of_hmac_sha256():
    # RFC 4231, test case 2; the module's hash is the library's.
    digest = hmac.digest(b"Jefe", b"what do ya want for nothing?", "sha256").hex()
    assert digest == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_everything_that_should_tell_persons_apart_does():
    settings = [
        {"key": KEY, "dataset": "firm", "kind": "customer"},
        {"key": KEY, "dataset": "other", "kind": "customer"},
        {"key": KEY, "dataset": "firm", "kind": "respondent"},
        {"key": bytes(32), "dataset": "firm", "kind": "customer"},
    ]
    made = [name[1:] for case in settings for name in make_pseudonyms(IDS, **case)]
    assert len(set(made)) == len(made)


def test_order_and_repetition_do_not_matter():
    made = make_pseudonyms(IDS, key=KEY, dataset="firm", kind="customer")
    again = make_pseudonyms(IDS[::-1], key=KEY, dataset="firm", kind="customer")
    assert made.tolist() == again.tolist()[::-1]
    assert make_pseudonyms([], key=KEY, dataset="firm", kind="customer").tolist() == []


def test_letters_are_spread_evenly():
    made = make_pseudonyms([str(i) for i in range(4000)], key=KEY, dataset="firm", kind="customer")
    counts = np.unique([letter for name in made for letter in name[1:]], return_counts=True)[1]
    expected = 4000 * 16 / 32
    assert len(counts) == 32
    # 31 degrees of freedom: a value above 61.1 has a probability of .001.
    assert ((counts - expected) ** 2 / expected).sum() < 61.1


def test_same_person_in_all_tables_missing_stays_missing(connection, study):
    connection.execute(
        "CREATE TABLE firm.transactions AS SELECT * FROM (VALUES ('C2', 'B1'), ('C1', 'B2'), "
        "('C2', 'B3')) t(customer_id, basket_id)"
    )
    connection.execute(
        "CREATE TABLE firm.contacts AS SELECT * FROM (VALUES ('T1', 'C1'), ('T2', NULL)) "
        "t(contact_id, customer_id)"
    )
    replaced = pseudonymise(connection, study, "firm", "transactions")
    replaced += pseudonymise(connection, study, "firm", "contacts")
    one, two = (pseudonym_of(c, key=study_key(study), dataset="firm") for c in ("C1", "C2"))
    assert rows(connection, "transactions") == [(two, "B1"), (one, "B2"), (two, "B3")]
    assert rows(connection, "contacts") == [("T1", one), ("T2", None)]
    table = tabulate_replaced(replaced)
    assert table[["identifiers", "rows"]].to_numpy().tolist() == [[2, 3], [1, 1]]


def test_staff_and_respondents_of_one_number_are_different_people(connection, study):
    for table in ("survey", "staff_survey", "invitations"):
        connection.execute(f"CREATE TABLE firm.{table} AS SELECT '1' AS respondent_id")
        pseudonymise(connection, study, "firm", table)
    survey, staff, invited = (
        rows(connection, table)[0][0] for table in ("survey", "staff_survey", "invitations")
    )
    assert survey == invited
    assert staff[1:] != survey[1:]
    assert (staff[0], survey[0]) == ("S", "R")


def test_purchases_numbered_by_the_loader_hide_the_customer_too(connection, study):
    connection.execute(
        "CREATE TABLE firm.transactions AS SELECT * FROM (VALUES ('C1', 'C1|2026-01-31'), "
        "('C1', 'B7'), ('C12', 'C12|2026-01-31')) t(customer_id, basket_id)"
    )
    pseudonymise(connection, study, "firm", "transactions")
    found = rows(connection, "transactions")
    assert [basket.replace(customer, "X") for customer, basket in found] == [
        "X|2026-01-31",
        "B7",
        "X|2026-01-31",
    ]
    assert "C1|" not in "".join(basket for _, basket in found)


def test_rows_keep_their_order(connection, study):
    connection.execute(
        "CREATE TABLE firm.transactions AS SELECT 'C' || (i * 7919 % 1000) AS customer_id, "
        "i AS line FROM range(20000) s(i)"
    )
    pseudonymise(connection, study, "firm", "transactions", ["customer_id"])
    assert [line for (line,) in rows(connection, "transactions", "line")] == list(range(20000))
    counts = connection.execute(
        "SELECT count(DISTINCT customer_id), min(length(customer_id)) FROM firm.transactions"
    ).fetchall()
    assert counts == [(1000, 17)]


def test_nothing_else_is_left_in_the_connection(connection, study):
    connection.execute("CREATE TABLE firm.transactions AS SELECT 'C1' AS customer_id")
    pseudonymise(connection, study, "firm", "transactions")
    tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    assert tables == [("transactions",)]


def test_a_collision_is_refused():
    with pytest.raises(DataError, match="1 pseudonyms of customers are shared by two persons"):
        refuse_collisions(np.array(["CA", "CB", "CA"]), dataset="firm", kind="customer")


def test_a_table_without_persons_stays(connection, study):
    connection.execute("CREATE TABLE firm.products AS SELECT 'P1' AS product_id")
    assert pseudonymise(connection, study, "firm", "products") == []
    assert rows(connection, "products") == [("P1",)]

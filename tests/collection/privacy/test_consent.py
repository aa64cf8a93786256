"""Consent: the last decision counts, ties are refusals, silence is none."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from crmstudy.collection.privacy.consent import consented, keep_consented
from crmstudy.errors import DataError, NotAvailable

DECISIONS = [
    ("yes", "analysis", True, "2026-01-01"),
    ("changed", "analysis", True, "2026-01-01"),
    ("changed", "analysis", False, "2026-02-01"),
    ("back", "analysis", False, "2026-01-01"),
    ("back", "analysis", True, "2026-02-01"),
    ("tied", "analysis", True, "2026-01-01"),
    ("tied", "analysis", False, "2026-01-01"),
    ("other", "marketing", True, "2026-01-01"),
]
COLUMNS = ["customer_id", "purpose", "given", "decided_on"]


@pytest.fixture
def consents():
    frame = pd.DataFrame(DECISIONS, columns=COLUMNS)
    return frame.assign(decided_on=pd.to_datetime(frame["decided_on"]))


def test_the_last_decision_counts(consents):
    found = consented(consents, purpose="analysis", customers=["yes", "other", "silent", "tied"])
    assert found.consented == {"yes", "back"}
    assert found.refused == {"changed", "tied"}
    assert found.undecided == {"other", "silent"}
    assert found.tied == 1
    assert found.table()["customers"].tolist() == [2, 2, 2]
    assert found.to_metrics() == {"consented": 2, "refused": 2, "undecided": 2}


def test_the_order_of_rows_does_not_matter(consents):
    shuffled = consents.sample(frac=1, random_state=1)
    first, second = (consented(frame, purpose="analysis") for frame in (consents, shuffled))
    assert first == second


def test_a_purpose_nobody_decided_on(consents):
    found = consented(consents, purpose="sharing", customers=["yes"])
    assert (found.consented, found.undecided) == (frozenset(), {"yes"})


def test_an_unknown_purpose_is_refused(consents):
    with pytest.raises(DataError, match="purpose 'fun' is unknown; allowed: analysis"):
        consented(consents, purpose="fun")


def test_absence_is_handed_on():
    assert consented(NotAvailable("no table"), purpose="analysis").reason == "no table"


@pytest.fixture
def connection(consents):
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA firm")
        connection.execute("CREATE TABLE firm.consents AS SELECT * FROM consents")
        for table, values in {
            "transactions(customer_id, line)": "('yes',1),('silent',2),('back',3),('tied',4)",
            "survey(respondent_id, customer_id)": "('R1','yes'),('R2','silent'),('R3',NULL)",
            "invitations(respondent_id)": "('R1'),('R2'),('R3')",
            "web_events(visitor_id, customer_id)": "('V1','silent'),('V1',NULL),"
            "('V2','silent'),('V2','yes'),('V2',NULL),('V3',NULL)",
            "products(product_id)": "('P1')",
        }.items():
            name = table.partition("(")[0]
            connection.execute(
                f"CREATE TABLE firm.{name} AS SELECT * FROM (VALUES {values}) {table}"
            )
        yield connection


def rows(connection, table):
    return connection.execute(f"FROM firm.{table}").fetchall()


def test_who_has_not_consented_leaves_all_tables(connection):
    decisions, removed = keep_consented(connection, "firm", purpose="analysis")
    assert decisions.undecided == {"silent", "other"}
    assert rows(connection, "transactions") == [("yes", 1), ("back", 3)]
    assert rows(connection, "survey") == [("R1", "yes"), ("R3", None)]
    # The invitation of a respondent who leaves goes too; a visitor shared with another stays.
    assert rows(connection, "invitations") == [("R1",), ("R3",)]
    assert rows(connection, "web_events") == [("V2", "yes"), ("V2", None), ("V3", None)]
    assert len(rows(connection, "consents")) == len(DECISIONS)
    assert {one.table: one.rows for one in removed} == {
        "transactions": 2,
        "survey": 1,
        "invitations": 1,
        "web_events": 3,
    }
    assert {one.reason for one in removed} == {"no consent to analysis"}


def test_a_data_set_without_decisions_is_refused(connection):
    connection.execute("DROP TABLE firm.consents")
    with pytest.raises(DataError, match="needs a table consents in firm"):
        keep_consented(connection, "firm", purpose="analysis")

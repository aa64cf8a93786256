"""The contracts: complete, told in words, and every broken rule told once."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection.contracts.contract import (
    CONTRACTS,
    SHOWN,
    Column,
    Expected,
    Problem,
    describe_rule,
    find_violations,
    known_contract,
    refuse,
)
from crmstudy.errors import DataError


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS)
def test_every_contract_explains_itself(contract):
    assert contract.meaning.endswith(".")
    assert set(contract.key) <= set(contract.required())
    for column in contract.columns.values():
        assert column.meaning
        assert column.nullable or column.required or column.kind == "id"


def test_unknown_table_names_the_nearest():
    with pytest.raises(DataError, match="unknown table 'transaction'; did you mean 'transactions'"):
        known_contract("transaction")


def test_no_problem_no_error():
    assert refuse([]) is None


def test_a_problem_says_file_row_column_found_allowed_and_remedy():
    problem = Problem("t.csv", 3, "revenue", "'x'", "a number", "write a number")
    with pytest.raises(DataError) as caught:
        refuse([problem])
    assert str(caught.value) == (
        "t.csv, row 3, column 'revenue': found 'x'; allowed: a number; write a number"
    )


@pytest.mark.parametrize("n", [SHOWN, SHOWN + 1])
def test_long_lists_are_cut_and_counted(n):
    with pytest.raises(DataError) as caught:
        refuse([Problem("t.csv", 2, f"c{place}", "x", "y", "") for place in range(n)])
    lines = str(caught.value).splitlines()
    assert len(lines) == n
    assert ("1 more problems" in lines[-1]) == (n > SHOWN)


@pytest.mark.parametrize(
    ("column", "rule"),
    [
        (Column("number", "", minimum=1, maximum=10, nullable=True), "a number from 1 to 10 or em"),
        (Column("number", "", minimum=0), "a number of at least 0"),
        (Column("text", "", allowed=("a", "b")), "one of a, b"),
        (Column("date", ""), "a date"),
        (Column("boolean", ""), "yes or no"),
    ],
)
def test_rules_in_words(column, rule):
    assert describe_rule(column).startswith(rule)


def test_violations_come_in_the_order_of_the_file_with_plain_values():
    frame = pd.DataFrame(
        {
            "period": pd.to_datetime(["2026-01-01", None, "2026-03-01"]),
            "cost_type": ["servce", "care", None],
            "amount": [1.0, -2.5, -3.0],
        },
        index=[2, 3, 5],
    )
    found = find_violations(frame, Expected(CONTRACTS["costs"]), file="costs.csv")
    assert [(p.row, p.column, p.found) for p in found] == [
        (2, "cost_type", "'servce'"),
        (3, "amount", "-2.5"),
        (3, "period", "an empty value"),
        (5, "amount", "-3"),
        (5, "cost_type", "an empty value"),
    ]


def test_the_second_and_third_of_equal_keys_are_named():
    frame = pd.DataFrame(
        {
            "campaign_id": ["c"] * 4,
            "customer_id": ["a", "b", "a", "a"],
            "start_on": pd.Timestamp("2026-01-01"),
            "end_on": pd.Timestamp("2026-01-02"),
        },
        index=[2, 3, 4, 5],
    )
    found = find_violations(frame, Expected(CONTRACTS["campaigns"]), file="c.csv")
    assert [(p.row, p.found) for p in found] == [
        (4, "'c', 'a' a second time"),
        (5, "'c', 'a' a second time"),
    ]


def test_contracts_of_customers_end_after_they_began():
    frame = pd.DataFrame(
        {
            "subscription_id": ["1", "2", "3", "3"],
            "customer_id": ["a", None, "c", "c"],
            "started_on": pd.to_datetime(["2026-02-01", "2026-02-01", "2026-02-01", "2026-02-01"]),
            "ended_on": pd.to_datetime(["2026-01-31", None, "2026-02-01", None]),
            "fee": [9.5, -1.0, 0.0, None],
            "period": ["month", "week", None, "year"],
        },
        index=[2, 3, 4, 5],
    )
    found = find_violations(frame, Expected(CONTRACTS["subscriptions"]), file="s.csv")
    assert [(p.row, p.column) for p in found] == [
        (2, "started_on, ended_on"),
        (3, "customer_id"),
        (3, "fee"),
        (3, "period"),
        (5, "subscription_id"),
    ]


@pytest.mark.parametrize("column", ["fee", "cost"])
def test_a_ticket_costs_and_brings_no_negative_money(column):
    frame = pd.DataFrame(
        {"contact_id": ["1", "2", "3"], "customer_id": ["a", "b", None]}
        | {"opened_at": pd.Timestamp("2026-01-01"), column: [0.0, -0.5, None]},
        index=[2, 3, 4],
    )
    found = find_violations(frame, Expected(CONTRACTS["contacts"]), file="t.csv")
    assert [(p.row, p.column, p.found) for p in found] == [(3, column, "-0.5")]


def test_a_good_frame_has_no_violation():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "registered_on": [pd.NaT, pd.NaT]})
    assert find_violations(frame, Expected(CONTRACTS["customers"]), file="c.csv") == []

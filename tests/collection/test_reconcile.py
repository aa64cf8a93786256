"""No row and no cent is lost between two steps without a reason."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.collection.unified.reconcile import (
    Change,
    Totals,
    check_reconciled,
    describe_drop,
    reconcile,
    total,
)
from crmstudy.errors import DataError, NotAvailable

LEDGER = pd.DataFrame(
    {
        "customer_id": ["a", "b", None, "test", "c"],
        "revenue": [0.1, 0.2, 1e9, -7.77, np.nan],
        "cost": [0.05, np.nan, 1.0, 2.0, 3.0],
    }
)


def test_sums_are_those_of_the_decimals_written():
    assert total(pd.DataFrame({"x": [0.1] * 10}), ["x"]).sums["x"] == 1
    assert total(LEDGER, ["revenue", "none"]) == Totals(5, {"revenue": Decimal("999999992.53")})
    wide = pd.DataFrame({"x": [1e16, 1.0, -1e16, 1e-9]})
    assert total(wide, ["x"]).sums["x"] == Decimal("1.000000001")


money = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: round(x, 4))


@given(st.lists(st.tuples(money, st.booleans()), max_size=40), st.randoms())
def test_any_split_adds_up_to_the_last_digit(rows, random):
    frame = pd.DataFrame(rows, columns=["revenue", "kept"]).astype({"revenue": float})
    frame["kept"] = frame["kept"].astype(bool)
    order = list(range(len(frame)))
    random.shuffle(order)
    kept = frame["kept"]
    drop = describe_drop(frame, kept, table="transactions", reason="x", sums=["revenue"])
    after = {"transactions": frame.iloc[order][kept.iloc[order].to_numpy()]}
    compared = reconcile({"transactions": frame}, after, changes=[drop])
    assert (compared["unexplained"] == 0).all()


def test_every_difference_has_its_reason():
    anonymous = LEDGER["customer_id"].notna()
    named = LEDGER[anonymous]
    real = named["customer_id"].ne("test")
    sums = ("revenue", "cost")
    changes = [
        describe_drop(LEDGER, anonymous, table="transactions", reason="anonymous", sums=sums),
        describe_drop(named, real, table="transactions", reason="test customer", sums=sums),
    ]
    compared = reconcile(
        {"transactions": LEDGER},
        {"transactions": named[real]},
        changes=changes,
        step="read to cleaned",
    ).set_index("measure")
    assert compared.index.tolist() == ["rows", "revenue", "cost"]
    assert compared.loc["rows"].tolist()[2:] == [
        5.0,
        3.0,
        2.0,
        2.0,
        0.0,
        "anonymous (1); test customer (1)",
    ]
    assert compared.loc["revenue", "after"] == 0.3
    assert check_reconciled(compared).passed


def test_what_is_not_explained_fails_the_check():
    compared = reconcile({"costs": pd.DataFrame({"amount": [1.0, 2.5]})}, {})
    assert compared["unexplained"].tolist() == [2.0, 3.5]
    assert compared["reasons"].tolist() == ["nothing taken"] * 2
    check = check_reconciled(compared)
    assert not check.passed
    assert check.statistic == 3.5


def test_a_hidden_exchange_of_rows_shows_in_the_sums():
    before = {"transactions": pd.DataFrame({"revenue": [1.0, 2.0]})}
    after = {"transactions": pd.DataFrame({"revenue": [1.0, 2.01]})}
    compared = reconcile(before, after).set_index("measure")
    assert compared.loc["rows", "unexplained"] == 0
    assert compared.loc["revenue", "unexplained"] == -0.01


def test_a_conversion_takes_no_rows():
    before, after = pd.DataFrame({"revenue": [10.0]}), pd.DataFrame({"revenue": [70.0]})
    change = Change("transactions", "USD to CNY", Totals(0, {"revenue": Decimal(-60)}))
    compared = reconcile({"transactions": before}, {"transactions": after}, changes=[change])
    assert compared["unexplained"].tolist() == [0.0, 0.0]
    assert compared["reasons"].tolist() == ["nothing taken", "USD to CNY"]


def test_totals_stand_for_tables_that_are_gone():
    read = {"transactions": Totals(5)}
    change = Change("transactions", "empty row", Totals(1))
    loaded = {"transactions": Totals(4)}
    assert check_reconciled(reconcile(read, loaded, changes=[change])).passed


def test_a_change_of_an_unknown_table_is_not_lost():
    compared = reconcile({}, {}, changes=[Change("leads", "drop", Totals(3))])
    assert compared[["table", "unexplained"]].to_numpy().tolist() == [["leads", -3.0]]


def test_nothing_compared_is_no_pass():
    assert isinstance(check_reconciled(reconcile({}, {})), NotAvailable)


def test_an_infinite_number_is_refused():
    with pytest.raises(DataError, match="'revenue' holds an infinite number"):
        total(pd.DataFrame({"revenue": [np.inf]}), ["revenue"])

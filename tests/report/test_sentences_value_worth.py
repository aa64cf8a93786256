"""What is said of worth and of contracts is true of any of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.contractual import read_contractual
from crmstudy.report.sentences.value.worth import read_worth
from crmstudy.value.contractual.contract_value import value_contracts
from crmstudy.value.contractual.contracts import count_contracts
from crmstudy.value.contractual.plans import fit_plans
from crmstudy.value.contractual.projection import check_projection
from crmstudy.value.worth.decompose import decompose_value
from crmstudy.value.worth.top_share import bound_concentration
from crmstudy.value.worth.whale import trace_whale

ABSENT = NotAvailable("no table")


def lines(n=40, *, cost=True, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": [f"K{i}" for i in range(n)],
            "ordered_at": pd.Timestamp("2025-01-01"),
            "revenue": rng.gamma(2, 20, n),
        }
    )
    return frame.assign(cost=0.6 * frame["revenue"]) if cost else frame


def contracts(n=300, *, seed=1, plan="basic", fee=10.0):
    rng = np.random.default_rng(seed)
    ends_at = np.minimum(rng.geometric(rng.beta(0.8, 4.0, n)), 300)
    start = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 600, n), unit="D")
    end = pd.Series([s + pd.DateOffset(months=int(t)) for s, t in zip(start, ends_at, strict=True)])
    return pd.DataFrame(
        {
            "subscription_id": [f"{plan}{i}" for i in range(n)],
            "customer_id": [f"K{i}" for i in range(n)],
            "plan": plan,
            "started_on": start,
            "ended_on": end.where(end <= pd.Timestamp("2024-12-31")),
            "fee": fee,
        }
    )


def test_parts_are_named_and_so_is_what_lacks():
    worth = decompose_value(lines(), margin=0.3, costs=ABSENT, future=pd.Series({"K1": 100.0}))
    said = read_worth(worth, ABSENT, ABSENT)
    mean = worth.customers["value"].mean()
    assert f"40 customers are worth {mean:.2f} on average" in said
    assert f"worth {mean:.2f} EUR on average" in read_worth(worth, ABSENT, ABSENT, currency="EUR")
    assert "of basic value and 2.50 of potential value" in said
    assert "Not in it, because the data do not show it: margin of contracts, fees" in said
    assert "recommended" not in said
    assert "40.0% of revenue, observed on 100.0% of the lines" in said
    assert said.count("Not available: no table.") == 1


def test_an_assumed_margin_is_called_so():
    said = read_worth(decompose_value(lines(cost=False), margin=0.25), ABSENT, ABSENT)
    assert "The margin of 25.0% of revenue is assumed" in said


def test_one_customer_is_one():
    said = read_worth(decompose_value(lines(1), margin=0.3), ABSENT, ABSENT)
    assert "1 customer is worth" in said


def test_recommendations_are_counted():
    people = pd.DataFrame({"customer_id": ["K1", "K2"], "referred_by": ["K0", None]})
    worth = decompose_value(lines(), margin=0.3, customers=people)
    own = worth.customers.set_index("customer_id")["value"]["K1"]
    said = read_worth(worth, ABSENT, ABSENT)
    assert f"1 customer recommended 1 other, whose own value adds up to {own:.2f}." in said
    strangers = people.assign(referred_by=["stranger", None])
    said = read_worth(decompose_value(lines(), margin=0.3, customers=strangers), ABSENT, ABSENT)
    assert "No customer in the ledger came through another one." in said


def test_cost_without_a_customer_is_said():
    costs = pd.DataFrame(
        {"period": pd.to_datetime(["2025-01-01"]), "cost_type": ["platform"], "amount": [12.0]}
    )
    said = read_worth(decompose_value(lines(), margin=0.3, costs=costs), ABSENT, ABSENT)
    assert "A cost of 12.00 is charged to no customer (platform cost)." in said


def test_broken_books_are_said():
    worth = decompose_value(lines(), margin=0.3)
    broken = replace(worth, checks=(replace(worth.checks[0], passed=False),))
    assert "The books do not balance" in read_worth(broken, ABSENT, ABSENT)
    assert "The books do not balance" not in read_worth(worth, ABSENT, ABSENT)


def test_concentration_and_losses_carry_their_intervals():
    revenue = lines()["revenue"]
    bounds = bound_concentration(revenue, seed=1, n_replicates=50)
    found = bounds.to_metrics()
    whale = trace_whale(pd.Series([50.0, 30.0, 40.0, -20.0] * 10), seed=1, n_replicates=50)
    said = read_worth(ABSENT, bounds, whale)
    assert f"The top tenth of the customers brought {found['top_decile_share']:.1%}" in said
    assert f"The Gini coefficient is {found['gini']:.2f}" in said
    assert "25.0% of the customers (95% interval" in said
    assert "the others brought 120.0% of the profit of all." in said
    assert "returned" not in said
    some = bound_concentration(revenue.where(revenue > revenue.min()), seed=1, n_replicates=50)
    unequal = read_worth(ABSENT, some, ABSENT)
    assert unequal.endswith("1 customer with more returned than bought is not among them.")
    gains = trace_whale(revenue, seed=1, n_replicates=50)
    assert "No customer cost more than she brought." in read_worth(ABSENT, ABSENT, gains)


def test_contracts_are_read():
    table = contracts()
    fitted = fit_plans(count_contracts(table, until="2024-12-31"))
    projection = check_projection(table, calibration_end="2024-03-31", until="2024-12-31")
    value = value_contracts(
        fitted, horizon_weeks=52.0, annual_discount_rate=0.1, margin=0.3, seed=1
    )
    said = read_contractual(fitted, projection, value)
    ended = int(table["ended_on"].notna().sum())
    first = float(fitted.models["basic"].retention(1))
    assert f"Of 300 contracts {ended} had ended by 2024-12-31." in said
    assert f"{first:.1%} renew when it is due for the first time" in said
    assert "customers differ (p < .001)" in said
    metrics = projection.to_metrics()
    better = "smaller than" if metrics["mae_model"] < metrics["mae_one_rate"] else "larger than"
    assert f"that is {better} the error of one rate for all" in said
    assert f"the renewals of {300 - ended} running contracts are worth" in said
    each = f"{value.to_metrics()['mean_value']:.2f} EUR a contract."
    assert each in read_contractual(fitted, projection, value, currency="EUR")
    assert "Plan basic" not in said  # there is only one


def test_plans_are_named_where_there_are_several():
    table = pd.concat([contracts(), contracts(10, plan="gold", seed=2)])
    fitted = fit_plans(count_contracts(table, until="2024-12-31"))
    value = value_contracts(fitted, horizon_weeks=0, annual_discount_rate=0.1, margin=0.3, seed=1)
    said = read_contractual(fitted, ABSENT, value)
    assert "Plan basic: " in said
    assert "Plan gold: no retention model, 10 contracts have come up for renewal" in said
    assert "Without an end the renewals of" in said
    left = value.unvalued
    assert f"{left} running contract{' ' if left == 1 else 's '}without a fee or a model" in said


def test_one_rate_is_not_called_a_difference():
    rng = np.random.default_rng(4)
    table = contracts(seed=3)
    ends = [
        s + pd.DateOffset(months=int(t))
        for s, t in zip(table["started_on"], 2 + 2 * rng.integers(0, 2, 300), strict=True)
    ]
    fitted = fit_plans(count_contracts(table.assign(ended_on=ends), until="2024-12-31"))
    assert "the data do not show that customers differ in it" in read_contractual(
        fitted, ABSENT, ABSENT
    )


@pytest.mark.parametrize("read", [read_worth, read_contractual])
def test_nothing_there_is_said_once(read):
    assert read(ABSENT, ABSENT, ABSENT) == "Not available: no table."

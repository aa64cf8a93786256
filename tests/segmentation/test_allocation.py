"""The contact plan: brute force, greedy, finite differences, scale, limits."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, SettingsError
from crmstudy.segmentation.use.allocation import (
    Terms,
    fill_greedily,
    fill_proportionally,
    optimise_contacts,
    spread_budget,
    trace_marginal,
    value_contacts,
)

UNITS = pd.DataFrame(
    {
        "segment": ["a", "a", "b", "b", "c"],
        "n_customers": [4, 3, 5, 2, 3],
        "value": [5.0, 1.5, 3.0, 0.4, 2.2],
    }
)


def draw_units(seed, n_units=12):
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "segment": generator.choice(list("abcd"), n_units),
            "n_customers": generator.integers(1, 40, n_units),
            "value": generator.gamma(2.0, 1.0, n_units),
        }
    )


@pytest.mark.parametrize("coverage", [0.0, 0.4])
@pytest.mark.parametrize("most", [1, 2])
def test_best_of_all_plans(coverage, most):
    """Every whole-numbered plan is tried; budget and coverage are whole numbers of contacts."""
    units = UNITS.iloc[[0, 1, 3]].assign(n_customers=[2, 3, 5])
    units["segment"] = ["a", "a", "b"]
    terms = Terms(6.0, 1.0, coverage, most, 0.5)
    best = -np.inf
    for plan in product(*(range(most * n + 1) for n in units["n_customers"])):
        contacts = np.array(plan, dtype=float)
        reached = np.minimum(contacts, units["n_customers"].to_numpy())
        if contacts.sum() > 6 or reached[:2].sum() < 5 * coverage or reached[2] < 5 * coverage:
            continue
        best = max(best, value_contacts(units, terms, contacts) - contacts.sum())
    assert optimise_contacts(units, terms).profit == pytest.approx(best, abs=1e-9)
    assert fill_greedily(units, terms).profit == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("coverage", [0.0, 0.25])
def test_linear_programming_equals_the_greedy_rule(seed, coverage):
    units = draw_units(seed)
    total = float(units["n_customers"].sum())
    terms = Terms(0.413 * total * 1.3, 1.3, coverage, 1 + seed % 3, 0.6)
    exact, greedy = optimise_contacts(units, terms), fill_greedily(units, terms)
    assert exact.profit == pytest.approx(greedy.profit, rel=1e-9)
    assert exact.contacts == pytest.approx(greedy.contacts, abs=1e-6)
    assert exact.shadow_price == pytest.approx(greedy.shadow_price, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_shadow_price_is_the_slope_of_the_profit(seed):
    units = draw_units(seed)
    terms = Terms(0.37 * 0.7 * float(units["n_customers"].sum()), 0.7)
    step = 1e-4
    more, less = (
        optimise_contacts(units, replace(terms, budget=terms.budget + h)).profit
        for h in (step, -step)
    )
    price = optimise_contacts(units, terms).shadow_price
    assert price > 0
    assert price == pytest.approx((more - less) / (2 * step), rel=1e-6)


def test_another_currency_gives_the_same_plan():
    terms = Terms(9.0, 0.8, 0.1, 2, 0.5)
    plan = optimise_contacts(UNITS, terms)
    dear = UNITS.assign(value=7.0 * UNITS["value"])
    other = optimise_contacts(dear, replace(terms, budget=63.0, cost_per_contact=5.6))
    assert other.contacts == pytest.approx(plan.contacts)
    assert other.profit == pytest.approx(7.0 * plan.profit)
    assert other.shadow_price == pytest.approx(plan.shadow_price)


def test_no_budget_and_more_than_enough():
    none = optimise_contacts(UNITS, Terms(0.0, 1.0))
    assert none.contacts.sum() == 0
    assert none.profit == none.spent == 0
    assert none.shadow_price == pytest.approx(4.0)  # the best contact: 5 less 1, a unit of money
    rich = optimise_contacts(UNITS, Terms(1e6, 1.0))
    assert rich.contacts == pytest.approx([4, 3, 5, 0, 3])  # what is worth less than it costs stays
    assert rich.shadow_price == 0
    assert rich.spent == pytest.approx(15.0)


def test_coverage_is_bought_at_a_loss_and_must_be_paid_for():
    covered = optimise_contacts(UNITS.iloc[3:], Terms(1e3, 1.0, 0.5))
    assert covered.contacts == pytest.approx([1.0, 3.0])
    with pytest.raises(ModelError, match=r"to contact 50% of every segment costs 8.50, more than"):
        optimise_contacts(UNITS, Terms(8.0, 1.0, 0.5))
    with pytest.raises(ModelError, match="more than"):
        fill_greedily(UNITS, Terms(8.0, 1.0, 0.5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": -1.0}, r"budget = -1.0: it must be 0 or more"),
        ({"cost_per_contact": 0.0}, "cost_per_contact = 0.0: it must be above 0"),
        ({"minimum_coverage": 1.2}, "between 0 and 1"),
        ({"most_contacts": 0}, "at least 1"),
        ({"repeat_value": 0.0}, "above 0, at most 1"),
        ({"budget": float("nan")}, "0 or more"),
    ],
)
def test_terms_out_of_range(change, message):
    with pytest.raises(SettingsError, match=message):
        replace(Terms(1.0, 1.0), **change)


def test_proportional_shares_heed_the_room():
    given = fill_proportionally(np.array([2.0, 10.0, 10.0]), np.array([6.0, 3.0, 1.0]), 10.0)
    assert given == pytest.approx([2.0, 6.0, 2.0])
    assert fill_proportionally(np.array([2.0, 3.0]), np.array([1.0, 0.0]), 9.0).sum() == 2.0
    assert fill_proportionally(np.array([2.0, 3.0]), np.array([1.0, 5.0]), 9.0).sum() == 5.0


def test_equal_shares_by_hand():
    plan = spread_budget(UNITS, Terms(12.0, 1.0), pd.Series(1.0, index=list("abc")))
    # Four contacts wanted each; segment c has three customers, its fourth goes to a and b.
    assert plan.contacts == pytest.approx([4.5 * 4 / 7, 4.5 * 3 / 7, 4.5 * 5 / 7, 4.5 * 2 / 7, 3])
    assert plan.spent == pytest.approx(12.0)
    best = optimise_contacts(UNITS, Terms(12.0, 1.0))
    assert best.profit > plan.profit


def test_marginal_values_fall_and_add_up_to_the_profit():
    terms = Terms(11.0, 1.0, most_contacts=2)
    steps = trace_marginal(UNITS, terms)
    assert (steps["marginal"].diff().dropna() <= 0).all()
    assert steps["spend_to"].iloc[-1] == pytest.approx(2 * UNITS["n_customers"].sum())
    inside = (steps["spend_to"].clip(upper=11.0) - steps["spend_from"]).clip(lower=0)
    gain = (inside * steps["marginal"].clip(lower=0)).sum()
    assert optimise_contacts(UNITS, terms).profit == pytest.approx(gain)

"""Do the intervals hold the truth as often as they say? Customers simulated from the models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import NotAvailable
from crmstudy.value.histories.purchases import summarise_purchases
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.intervals import bound_lifetime_value
from crmstudy.value.lifetime.parameter_intervals import profile_intervals
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd

TRUE = {
    "BG/NBD": {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "MBG/NBD": {"r": 0.6, "alpha": 6.0, "a": 0.8, "b": 2.5},
    "Pareto/NBD": {"r": 0.6, "alpha": 8.0, "s": 0.7, "beta": 12.0},
}
FITS = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}
SPEND = {"p": 6.0, "q": 4.0, "v": 15.0}
AHEAD = 39.0


def draw_customers(rng, simulate, summary_of, model, n, ahead=AHEAD):
    """Histories of n customers, and what each buys and spends in the weeks after them."""
    r, alpha, one, two = TRUE[model].values()
    rate, age = rng.gamma(r, 1 / alpha, n), rng.integers(26, 52, n).astype(float)
    dropout, lifetime = np.zeros(n), np.full(n, np.inf)
    if model == "Pareto/NBD":
        lifetime = rng.exponential(1 / rng.gamma(one, 1 / two, n))
    else:
        dropout = rng.beta(one, two, n)
    if model == "MBG/NBD":
        lifetime = np.where(rng.random(n) < dropout, 0.0, np.inf)
    x, t_x, later, active = simulate(
        rng, rate, age, dropout=dropout, lifetime=lifetime, ahead=ahead
    )
    p, q, v = SPEND.values()
    scale = 1 / rng.gamma(q, 1 / v, n)
    mean = np.divide(
        rng.gamma(p * np.maximum(x, 1)) * scale, x, out=np.full(n, np.nan), where=x > 0
    )
    value = np.where(later > 0, rng.gamma(p * np.maximum(later, 1)) * scale, 0.0)
    return summary_of(x, t_x, age, mean), later, value, active


def least_of(n, share=0.95):
    """So few of n that a share's interval would be suspicious: four standard errors below."""
    return n * share - 4 * np.sqrt(n * share * (1 - share))


# --- parameters ----------------------------------------------------------------------------


def share_held(interval, true):
    lower, upper = interval
    return ((lower < true) & (true < upper)).mean()


@pytest.mark.parametrize("model", ["BG/NBD", "MBG/NBD"])
def test_intervals_of_parameters_hold_the_truth(model, simulate, summary_of):
    true, held, sets = pd.Series(TRUE[model]), {"Wald": 0.0, "profile": 0.0}, 50
    for number in range(sets):
        rng = np.random.default_rng([5, number])
        summary, *_ = draw_customers(rng, simulate, summary_of, model, 2000, ahead=0.0)
        limits = profile_intervals(FITS[model](summary), summary).limits
        for method, rows in limits.groupby("method"):
            ends = rows.set_index("parameter")
            held[method] += share_held((ends["lower"], ends["upper"]), true)
    # The parameters of one data set err together: as if there were one a set.
    assert min(held.values()) > least_of(sets)


def test_intervals_of_pareto_nbd_hold_the_truth(simulate, summary_of):
    """Few data sets, its likelihood takes its time; benchmarks/coverage.py has hundreds."""
    held, sets = 0.0, 15
    for number in range(sets):
        rng = np.random.default_rng([9, number])
        summary, *_ = draw_customers(rng, simulate, summary_of, "Pareto/NBD", 2000, ahead=0.0)
        interval = fit_pareto_nbd(summary).estimates.interval()
        held += share_held(interval, np.array(list(TRUE["Pareto/NBD"].values())))
    assert held > least_of(sets)


def test_intervals_of_spend_hold_the_truth(simulate, summary_of):
    held = 0
    for number in range(60):
        rng = np.random.default_rng([6, number])
        summary, *_ = draw_customers(rng, simulate, summary_of, "BG/NBD", 800, ahead=0.0)
        limits = profile_intervals(fit_gamma_gamma(summary), summary).limits
        ends = limits[limits["method"] == "profile"].set_index("parameter")
        held += share_held((ends["lower"], ends["upper"]), pd.Series(SPEND))
    assert held > least_of(60)


# --- customers -----------------------------------------------------------------------------


@pytest.mark.parametrize("model", list(TRUE))
def test_prediction_intervals_hold_what_customers_bring(model, simulate, summary_of):
    rng = np.random.default_rng([7, len(model)])
    n = 2500
    summary, later, value, _ = draw_customers(rng, simulate, summary_of, model, n)
    found = bound_lifetime_value(
        FITS[model](summary),
        fit_gamma_gamma(summary),
        summary,
        horizon_weeks=AHEAD,
        annual_discount_rate=0.0,
        margin=1.0,
        n_draws=100,
        seed=3,
    )
    frame = found.customers
    for name, actual in (("predicted_purchases", later), ("predicted_value", value)):
        lower, upper = frame[f"{name}_lower"], frame[f"{name}_upper"]
        assert ((lower <= actual) & (actual <= upper)).sum() > least_of(n)
    # Money is continuous: above the upper limit lies as much as there should.
    above = (value > frame["predicted_value_upper"]).mean()
    assert above == pytest.approx(0.025, abs=4 * np.sqrt(0.025 * 0.975 / n))
    nothing = frame["chance_of_nothing"].mean()
    assert nothing == pytest.approx((later == 0).mean(), abs=4 * np.sqrt(0.25 / n))
    totals = found.totals.set_index("quantity")
    for name, actual in (("expected purchases", later.sum()), ("lifetime value", value.sum())):
        low, high = totals.loc[name, ["predicted_lower", "predicted_upper"]]
        middle, reach = (low + high) / 2, (high - low) / 2
        assert abs(actual - middle) < 2 * reach  # four standard errors


@pytest.mark.parametrize("model", ["BG/NBD", "Pareto/NBD"])
def test_confidence_intervals_hold_the_true_expectations(model, simulate, summary_of):
    """The expectation at the true parameters, of the same customers."""
    held, sets = 0.0, 12
    for number in range(sets):
        rng = np.random.default_rng([8, number])
        summary, *_ = draw_customers(rng, simulate, summary_of, model, 1500, ahead=0.0)
        fitted = FITS[model](summary)
        found = bound_lifetime_value(
            fitted,
            NotAvailable("no amounts"),
            summary,
            horizon_weeks=AHEAD,
            annual_discount_rate=0.0,
            margin=1.0,
            n_draws=100,
            n_futures=200,
            seed=number,
        ).customers
        true = np.array(list(TRUE[model].values()))
        truth = replace(fitted, estimates=replace(fitted.estimates, values=true))
        expected = truth.conditional_expected_purchases(summary.x, summary.t_x, summary.T, AHEAD)
        ends = found["expected_purchases_lower"], found["expected_purchases_upper"]
        held += share_held(ends, expected)
    assert held > least_of(sets)


# --- the simulated firm --------------------------------------------------------------------


@pytest.fixture(scope="module")
def firm():
    return simulate_firm(seed=20261123)


@pytest.fixture(scope="module")
def undisturbed(firm):
    """Completed purchases of people, before the campaign of the last 12 weeks."""
    lines, people = firm.tables["transactions"], firm.people
    first = pd.to_datetime(lines["ordered_at"]).dt.normalize().min()
    lines = lines.assign(ordered_at=pd.to_datetime(lines["ordered_at"]))
    testers = people.loc[people["is_test"], "customer_id"]
    known = (lines["status"] == "completed") & ~lines["customer_id"].isin(testers)
    kept = lines[known & (lines["ordered_at"] < first + pd.Timedelta(weeks=92))]
    return kept, first


def test_the_firm_s_parameters_lie_in_their_intervals(firm, undisturbed):
    lines, first = undisturbed
    end = first + pd.Timedelta(weeks=92) - pd.Timedelta(days=1)
    summary = summarise_purchases(lines, calibration_end=end)
    for name, fitted in (
        ("bg_nbd", fit_bg_nbd(summary)),
        ("gamma_gamma", fit_gamma_gamma(summary)),
    ):
        limits = profile_intervals(fitted, summary, level=0.999).limits
        for row in limits[limits["method"] == "profile"].to_dict("records"):
            truth = firm.truth[f"{name}.{row['parameter']}"]
            assert row["lower"] < truth < row["upper"], (name, row["parameter"])


def test_the_firm_s_customers_are_told_apart(firm, undisturbed):
    """Activity and future of each customer, from what no table shows."""
    lines, first = undisturbed
    end = first + pd.Timedelta(weeks=66) - pd.Timedelta(days=1)
    summary = summarise_purchases(lines, calibration_end=end)
    found = bound_lifetime_value(
        fit_bg_nbd(summary),
        fit_gamma_gamma(summary),
        summary,
        horizon_weeks=26.0,
        annual_discount_rate=0.0,
        margin=1.0,
        n_draws=100,
        seed=1,
    )
    people = firm.people.set_index("customer_id").loc[found.customers["customer_id"]]
    left = pd.to_datetime(people["left_on"]).to_numpy() <= np.datetime64(end)
    alive = found.customers["probability_alive"].to_numpy()
    # A customer who never came back cannot have left in BG/NBD: among the others.
    back = found.customers["repeat_purchases"].to_numpy() > 0
    assert area_under_curve(alive[back], ~left[back]) > 0.75
    band = pd.cut(alive[back], [0, 0.2, 0.4, 0.6, 0.8, 1.0])
    by_band = pd.DataFrame({"said": alive[back], "was": ~left[back]}).groupby(band, observed=True)
    error = np.sqrt(0.25 / by_band.size())
    assert (by_band.mean().diff(axis=1)["was"].abs() < 4 * error).all()
    assert alive.sum() == pytest.approx((~left).sum(), rel=0.03)
    spent = lines[lines["ordered_at"] > end + pd.Timedelta(days=1)]
    spent = spent.groupby("customer_id")["revenue"].sum().reindex(people.index).fillna(0.0)
    true = _true_value(people, ~left, weeks=26.0)
    value = found.customers["lifetime_value"].to_numpy()
    fifth = pd.qcut(value, 5, labels=False)
    by_fifth = pd.DataFrame({"value": value, "true": true}).groupby(fifth)
    error = by_fifth["true"].sem()
    means = by_fifth.mean()
    assert means["true"].is_monotonic_increasing
    assert ((means["value"] - means["true"]).abs() < 4 * error).all()
    assert value.sum() == pytest.approx(true.sum(), rel=0.08)
    inside = (spent.to_numpy() <= found.customers["predicted_value_upper"]).mean()
    assert inside == pytest.approx(0.975, abs=0.012)


def _true_value(people, active, *, weeks):
    """Expected spend of a customer whose rate, dropout and mean spend are known."""
    rate, leave = people["purchase_rate"].to_numpy(), people["dropout_probability"].to_numpy()
    purchases = -np.expm1(-rate * leave * weeks) / leave
    return np.where(active, purchases, 0.0) * people["mean_spend"].to_numpy()


def area_under_curve(score, outcome):
    """Share of pairs, one with the outcome and one without, that the score puts in order."""
    ranks = pd.Series(score).rank().to_numpy()
    n_yes, n_no = outcome.sum(), (~outcome).sum()
    return (ranks[outcome].sum() - n_yes * (n_yes + 1) / 2) / (n_yes * n_no)

"""Intervals of lifetime value: exact conditional sampling, laws, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.lifetime import bounds
from crmstudy.value.lifetime.confidence import order_limits
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.intervals import bound_lifetime_value
from crmstudy.value.lifetime.points import draw_points, log_covariance, step_points
from crmstudy.value.lifetime.simulate_futures import Spenders, simulate_futures
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd

TERMS = {"horizon_weeks": 52.0, "annual_discount_rate": 0.1, "margin": 0.3}
DRAWS = {"n_draws": 100, "seed": 20261123}
YEAR = 365.25 / 7
ENDS = ["lower", "upper"]


@pytest.fixture(scope="module")
def spend(cdnow):
    return fit_gamma_gamma(cdnow)


@pytest.fixture(scope="module")
def intervals(cdnow, bg_nbd, spend):
    return bound_lifetime_value(bg_nbd, spend, cdnow, **TERMS, **DRAWS)


# --- the definition: futures have the moments that the formulas give -----------------------


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd])
def test_futures_have_the_expectations_of_the_formulas(cdnow, spend, fit):
    result = fit(cdnow)
    x, t_x, T = np.array([0.0, 1, 4, 9]), np.array([0.0, 12, 30, 33]), np.full(4, 36.0)
    mean = np.array([0.0, 20, 50, 35])
    spenders = Spenders(spend.estimates.values[None], x, x * mean)
    n, discount = 60_000, np.log(1.1) / YEAR
    futures = simulate_futures(
        np.random.default_rng(4),
        result.model,
        result.estimates.values[None],
        result.probability_alive(x, t_x, T)[None],
        x,
        T,
        horizon=52.0,
        discount=discount,
        n_draws=n,
        spenders=spenders,
    )
    expected = result.conditional_expected_purchases(x, t_x, T, 52.0)
    error = futures.purchases.std(axis=0) / np.sqrt(n)
    assert (np.abs(futures.purchases.mean(axis=0) - expected) < 4 * error).all()
    discounted = result.conditional_expected_purchases(x, t_x, T, 52.0, annual_discount_rate=0.1)
    value = discounted * spend.expected_spend(x, mean)
    error = futures.value.std(axis=0) / np.sqrt(n)
    assert (np.abs(futures.value.mean(axis=0) - value) < 4 * error).all()


def test_shares_of_customers_without_a_purchase_follow_from_the_events(bg_nbd, simulate):
    """Customers simulated event by event, met again by their history (1 purchase, early)."""
    rng = np.random.default_rng(11)
    r, alpha, a, b = bg_nbd.estimates.values
    n, age = 400_000, np.full(400_000, 30.0)
    x, t_x, later, _ = simulate(
        rng, rng.gamma(r, 1 / alpha, n), age, dropout=rng.beta(a, b, n), ahead=26.0
    )
    like = (x == 1) & (t_x < 6)
    histories = x[like], t_x[like], age[like]
    futures = simulate_futures(
        rng,
        "BG/NBD",
        bg_nbd.estimates.values[None],
        bg_nbd.probability_alive(*histories)[None],
        histories[0],
        histories[2],
        horizon=26.0,
        discount=0.0,
        n_draws=1,
    )
    for least in (1, 2, 4):
        found, true = (futures.purchases >= least).mean(), (later[like] >= least).mean()
        error = np.sqrt(2 * true * (1 - true) / like.sum())
        assert found == pytest.approx(true, abs=4 * error)


def test_drawn_points_have_exactly_the_mean_and_covariance_they_should(bg_nbd):
    drawn = np.log(draw_points(bg_nbd.estimates, 50, np.random.default_rng(1)))
    np.testing.assert_allclose(drawn.mean(axis=0), np.log(bg_nbd.estimates.values))
    centred = drawn - drawn.mean(axis=0)
    np.testing.assert_allclose(centred.T @ centred / 50, log_covariance(bg_nbd.estimates))
    steps = np.log(step_points(bg_nbd.estimates) / bg_nbd.estimates.values)
    np.testing.assert_allclose(steps[1:5] + steps[5:], 0, atol=1e-12)


def test_order_statistics_leave_out_as_much_at_either_end():
    drawn = np.random.default_rng(2).permutation(np.arange(1.0, 200.0))[:, None]
    lower, upper = order_limits(drawn, 0.95)
    assert (lower[0], upper[0]) == (5, 195)
    lower, upper = order_limits(np.array([[1.0], [np.inf], [2.0]]), 0.95)
    assert (lower[0], upper[0]) == (1, np.inf)


# --- laws --------------------------------------------------------------------------------


def test_intervals_hold_the_estimates(intervals):
    frame = intervals.customers
    for name in ("probability_alive", "expected_purchases", "lifetime_value"):
        assert (frame[f"{name}_lower"] <= frame[name] + 1e-12).all()
        assert (frame[name] <= frame[f"{name}_upper"] + 1e-12).all()
    assert frame["probability_alive_upper"].max() <= 1
    assert (frame["predicted_purchases_upper"] % 1 == 0).all()
    never = frame[frame["repeat_purchases"] == 0]
    assert (never[["probability_alive_lower", "probability_alive_upper"]] == 1).all(axis=None)
    total = intervals.totals.set_index("quantity").loc["lifetime value"]
    assert total["predicted_lower"] < total["lower"] < total["estimate"]
    assert total["estimate"] < total["upper"] < total["predicted_upper"]


def test_nothing_depends_on_the_order_of_customers(cdnow, bg_nbd, spend, intervals):
    order = np.random.default_rng(3).permutation(len(cdnow.customers))
    shuffled = replace(cdnow, customers=cdnow.customers.iloc[order].reset_index(drop=True))
    there = bound_lifetime_value(bg_nbd, spend, shuffled, **TERMS, **DRAWS)
    expected = intervals.customers.iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(there.customers, expected, check_exact=True)
    pd.testing.assert_frame_equal(there.totals, intervals.totals, rtol=1e-12)


def test_nothing_depends_on_how_histories_are_cut_into_blocks(
    cdnow, bg_nbd, spend, intervals, monkeypatch
):
    monkeypatch.setattr(bounds, "AT_ONCE", 150_000)
    cut = bound_lifetime_value(bg_nbd, spend, cdnow, **TERMS, **DRAWS)
    sure = [f"lifetime_value_{end}" for end in ENDS]
    pd.testing.assert_frame_equal(cut.customers[sure], intervals.customers[sure], rtol=1e-12)
    np.testing.assert_allclose(
        cut.totals.iloc[:, 3:].to_numpy(), intervals.totals.iloc[:, 3:].to_numpy(), rtol=0.03
    )


def test_the_delta_method_gives_about_the_same(cdnow, bg_nbd, spend, monkeypatch):
    settings = {**TERMS, **DRAWS, "n_draws": 800}
    monkeypatch.setattr(bounds, "MOST_EVALUATIONS", 10**9)
    intervals = bound_lifetime_value(bg_nbd, spend, cdnow, **settings)
    monkeypatch.setattr(bounds, "MOST_EVALUATIONS", 0)
    by_derivatives = bound_lifetime_value(bg_nbd, spend, cdnow, **settings)
    assert (intervals.method, by_derivatives.method) == ("draws", "derivatives")
    for name in ("probability_alive", "expected_purchases", "lifetime_value"):
        columns = [f"{name}_{end}" for end in ENDS]
        found, drawn = by_derivatives.customers[columns], intervals.customers[columns]
        assert (found - drawn).abs().max(axis=None) < 0.06 * drawn.max(axis=None)
        assert (found / drawn - 1).abs().quantile(0.9).max() < 0.06
    np.testing.assert_allclose(
        by_derivatives.totals.iloc[:, 3:].to_numpy(),
        intervals.totals.iloc[:, 3:].to_numpy(),
        rtol=0.05,
    )
    # Parameters that err add to the spread of the total, which single futures do not show.
    widths = [
        found.totals["predicted_upper"] - found.totals["predicted_lower"]
        for found in (by_derivatives, intervals)
    ]
    np.testing.assert_allclose(*widths, rtol=0.15)


def test_too_few_draws_for_the_level_give_way_to_derivatives(cdnow, bg_nbd, spend):
    for n_draws, method in ((38, "derivatives"), (39, "draws")):
        settings = {**TERMS, **DRAWS, "n_draws": n_draws}
        found = bound_lifetime_value(bg_nbd, spend, cdnow, **settings, n_futures=200)
        assert found.method == method


def test_margin_scales_and_a_lower_level_narrows(cdnow, bg_nbd, spend, intervals):
    doubled = bound_lifetime_value(bg_nbd, spend, cdnow, **{**TERMS, "margin": 0.6}, **DRAWS)
    columns = ["lifetime_value_upper", "predicted_value_upper"]
    np.testing.assert_allclose(
        doubled.customers[columns], 2 * intervals.customers[columns], rtol=1e-12
    )
    half = bound_lifetime_value(bg_nbd, spend, cdnow, **TERMS, **DRAWS, level=0.5).customers
    full = intervals.customers
    for stem in ("lifetime_value", "predicted_value"):
        assert (half[f"{stem}_lower"] >= full[f"{stem}_lower"]).all()
        assert (half[f"{stem}_upper"] <= full[f"{stem}_upper"]).all()


def test_ten_times_the_customers_narrow_the_confidence_but_not_the_prediction(
    cdnow, bg_nbd, spend, intervals
):
    frame = pd.concat([cdnow.customers] * 10, ignore_index=True)
    more = replace(cdnow, customers=frame)
    models = fit_bg_nbd(more), fit_gamma_gamma(more)
    wide = bound_lifetime_value(*models, more, **TERMS, **DRAWS).customers.head(
        len(cdnow.customers)
    )

    def width(found, stem):
        return (found[f"{stem}_upper"] - found[f"{stem}_lower"]).mean()

    of = intervals.customers
    narrowed = width(wide, "lifetime_value") / width(of, "lifetime_value")
    assert narrowed == pytest.approx(10**-0.5, rel=0.1)
    assert width(wide, "predicted_value") / width(of, "predicted_value") == pytest.approx(
        1, abs=0.1
    )


def test_customers_alike_have_intervals_alike_but_futures_of_their_own(summary_of, bg_nbd):
    """The total of a hundred customers spreads like the root of a hundred, not like one times
    a hundred."""
    one = bound_lifetime_value(
        bg_nbd, NotAvailable("no amounts"), summary_of([3.0], 20.0, 25.0), **TERMS, **DRAWS
    )
    many = bound_lifetime_value(
        bg_nbd, NotAvailable("no amounts"), summary_of([3.0] * 100, 20.0, 25.0), **TERMS, **DRAWS
    )
    assert np.ptp(many.customers["predicted_value_upper"]) == 0
    alone, together = (found.totals.iloc[0] for found in (one, many))
    apart = together["predicted_upper"] - together["predicted_lower"]
    assert apart < 0.3 * 100 * (alone["predicted_upper"] - alone["predicted_lower"])
    assert together["predicted_lower"] > 0


def test_without_amounts_everything_is_counted_in_purchases(cdnow, bg_nbd):
    found = bound_lifetime_value(bg_nbd, NotAvailable("no amounts"), cdnow, **TERMS, **DRAWS)
    assert found.totals["unit"].tolist() == ["purchases", "purchases"]
    assert found.totals["quantity"].iloc[1] == "discounted purchases"
    frame = found.customers
    assert (frame["predicted_value_upper"] <= frame["predicted_purchases_upper"]).all()


def test_an_infinite_expectation_is_an_open_limit(cdnow, bg_nbd, spend):
    """q just above 1: in some draws customers without a repeat purchase spend without bound."""
    values = np.array([6.0, 1.1, 15.0])
    estimates = replace(spend.estimates, values=values, covariance=np.diag((0.2 * values) ** 2))
    found = bound_lifetime_value(
        bg_nbd, replace(spend, estimates=estimates), cdnow, **TERMS, **DRAWS
    )
    never = found.customers["repeat_purchases"] == 0
    assert np.isinf(found.customers.loc[never, "lifetime_value_upper"]).all()
    assert np.isfinite(found.customers.loc[~never, "lifetime_value_upper"]).all()
    assert np.isinf(found.totals["upper"].iloc[1])
    assert found.totals.notna().all(axis=None)
    assert "total_lifetime_value_upper" not in found.to_metrics()


def test_exhibits(intervals):
    top = intervals.top(3)
    assert len(top) == 3
    assert top["lifetime value"].is_monotonic_decreasing
    assert list(top.columns[5:9]) == [
        "95% confidence lower",
        "95% confidence upper",
        "95% prediction lower",
        "95% prediction upper",
    ]
    assert list(intervals.table()["all customers together"]) == [
        "expected purchases",
        "lifetime value",
    ]
    metrics = intervals.to_metrics()
    assert metrics["median_prediction_width"] > 3 * metrics["median_confidence_width"]


# --- refusals ----------------------------------------------------------------------------


def test_refusals(cdnow, bg_nbd, spend):
    for change, message in (
        ({"n_draws": 10}, "n_draws must be 20 or more, found 10"),
        ({"n_futures": 10}, "n_futures must be 200 or more, found 10"),
        ({"level": 0}, "level must lie between 0 and 1, found 0"),
        ({"margin": 0}, "margin must be above 0"),
    ):
        with pytest.raises(SettingsError, match=message):
            bound_lifetime_value(bg_nbd, spend, cdnow, **{**TERMS, **DRAWS, **change})
    absent = NotAvailable("no customer came back")
    assert bound_lifetime_value(absent, spend, cdnow, **TERMS, **DRAWS) is absent
    with pytest.raises(ModelError, match="not Bass"):
        simulate_futures(
            np.random.default_rng(1),
            "Bass",
            np.ones((1, 4)),
            np.ones((1, 1)),
            np.ones(1),
            np.ones(1),
            horizon=1.0,
            discount=0.0,
            n_draws=1,
        )

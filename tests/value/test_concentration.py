"""Concentration of revenue: hand-computed values, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.worth.concentration import concentrate
from crmstudy.value.worth.top_share import bound_concentration
from crmstudy.value.worth.whale import trace_whale


@pytest.mark.parametrize(
    ("revenue", "gini"),
    [
        ([5, 5, 5, 5], 0.0),
        ([0, 0, 0, 8], 0.75),
        ([1, 2, 3, 4], 0.25),
        ([7], 0.0),
    ],
)
def test_gini_of_small_lists(revenue, gini):
    assert concentrate(revenue).gini == pytest.approx(gini)


def test_shares_of_one_to_four():
    found = concentrate(pd.Series([3.0, np.nan, 1.0, 4.0, 2.0]))
    assert found.n == 4
    assert found.unknown == 1
    np.testing.assert_allclose(found.cumulative, [0, 0.1, 0.3, 0.6, 1])
    assert found.top_share(0.25) == pytest.approx(0.4)
    assert found.top_share(0.5) == pytest.approx(0.7)
    assert found.top_share(0.1) == pytest.approx(0.16)  # two fifths of the largest customer
    assert found.to_metrics()["top_decile_share"] == pytest.approx(0.16)


revenues = st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any)


@given(revenues)
def test_gini_is_half_the_relative_mean_difference(revenue):
    values = np.array(revenue, dtype=float)
    difference = np.abs(values[:, None] - values).mean()
    assert concentrate(values).gini == pytest.approx(difference / (2 * values.mean()), abs=1e-12)


@given(revenues, st.randoms(use_true_random=False), st.floats(0.01, 100))
def test_order_currency_and_replication_do_not_matter(revenue, shuffle, rate):
    mixed = list(revenue)
    shuffle.shuffle(mixed)
    found, other = concentrate(revenue), concentrate(np.array(mixed * 3) * rate)
    assert other.gini == pytest.approx(found.gini, abs=1e-12)
    shares = np.linspace(0, 1, 11)
    np.testing.assert_allclose(other.top_share(shares), found.top_share(shares), atol=1e-12)


@given(revenues)
def test_the_curve_is_convex_and_gini_is_its_area(revenue):
    found = concentrate(revenue)
    steps = np.diff(found.cumulative)
    assert (np.diff(steps) >= -1e-12).all()
    area = np.trapezoid(found.cumulative, dx=1 / found.n)
    assert found.gini == pytest.approx(1 - 2 * area, abs=1e-12)
    curve = found.curve(points=found.n + 1)
    np.testing.assert_allclose(curve["share of revenue"], found.cumulative, atol=1e-9)


def test_table_names_the_largest_customers():
    table = concentrate(np.arange(1, 101)).table()
    assert table["largest customers"].tolist()[:3] == ["top 1%", "top 5%", "top 10%"]
    assert table["share of revenue"].iloc[0] == pytest.approx(100 / 5050)


@pytest.mark.parametrize(
    ("revenue", "message"),
    [
        ([], "no revenue to distribute"),
        ([0.0, 0.0], "no revenue to distribute"),
        ([np.nan], "no revenue to distribute"),
        ([5.0, -1.0, -2.0, 9.0], "2 customers have negative revenue"),
        ([1.0, -1.0], "1 customer has negative revenue"),
    ],
)
def test_what_has_no_lorenz_curve_is_refused(revenue, message):
    with pytest.raises(ModelError, match=message):
        concentrate(revenue)


def test_a_share_outside_0_to_1_is_refused():
    with pytest.raises(SettingsError, match=r"between 0 and 1, found 10"):
        concentrate([1, 2]).top_share(10)


def test_absent_revenue_is_passed_on():
    absent = NotAvailable("no amounts")
    assert concentrate(absent) is absent


# --- intervals, and the whale curve ----------------------------------------------------


def gini_by_formula(values):
    rising = np.sort(values)
    rank = 2 * np.arange(1, rising.size + 1) - rising.size - 1
    return (rank * rising).sum() / (rising.size * rising.sum())


@pytest.mark.parametrize("shape", [0.5, 2.0])
def test_the_standard_error_of_gini_is_that_of_the_jackknife(shape):
    values = np.random.default_rng(2).gamma(shape, 10, 800)
    left_out = [gini_by_formula(np.delete(values, i)) for i in range(values.size)]
    spread = np.square(left_out - np.mean(left_out)).sum()
    jackknife = np.sqrt((values.size - 1) / values.size * spread)
    assert concentrate(values).gini_standard_error == pytest.approx(jackknife, rel=0.01)


def test_the_standard_error_of_gini_is_the_spread_of_samples():
    """Exponential revenue: Gini .5, variance 1 / (12 n)."""
    rng = np.random.default_rng(3)
    drawn = [concentrate(rng.exponential(1.0, 400)) for _ in range(600)]
    ginis = np.array([c.gini for c in drawn])
    assert ginis.mean() == pytest.approx(0.5, abs=0.004)
    theory = np.sqrt(1 / (12 * 400))
    assert ginis.std() == pytest.approx(theory, rel=0.1)
    assert np.mean([c.gini_standard_error for c in drawn]) == pytest.approx(theory, rel=0.02)


def test_intervals_cover_the_truth():
    rng = np.random.default_rng(5)
    gini = decile = 0
    truth = 0.1 * (1 - np.log(0.1))  # exponential: the top tenth's share
    for seed in range(150):
        bounds = bound_concentration(
            pd.Series(rng.exponential(1.0, 300)), seed=seed, n_replicates=150
        )
        gini += bounds.gini_lower <= 0.5 <= bounds.gini_upper
        row = bounds.table().iloc[2]
        decile += row["lower"] <= truth <= row["upper"]
    assert 131 <= gini <= 150  # .95 of 150 within four standard errors, a little low by bias
    assert 131 <= decile <= 150


def test_bounds_enclose_the_estimates_and_scale_away():
    values = pd.Series(np.random.default_rng(6).lognormal(3, 1, 500))
    first = bound_concentration(values, seed=1, n_replicates=60)
    mixed = bound_concentration(values.sample(frac=1, random_state=1) * 7, seed=1, n_replicates=60)
    pd.testing.assert_frame_equal(first.table(), mixed.table(), rtol=1e-12)
    pd.testing.assert_frame_equal(first.curve(), mixed.curve(), rtol=1e-9)
    table, curve = first.table(), first.curve()
    assert (table["lower"] < table["share of revenue"]).all()
    assert (table["share of revenue"] < table["upper"]).all()
    inside = curve.iloc[5:95]
    assert (inside["lower"] < inside["share of revenue"]).all()
    assert (inside["share of revenue"] < inside["upper"]).all()
    assert curve.iloc[[0, -1]]["share of revenue"].tolist() == [0.0, 1.0]
    assert first.to_metrics()["top_decile_lower"] == table["lower"].iloc[2]


def test_the_interval_of_the_register_is_a_row_of_the_table():
    revenue = pd.Series(np.random.default_rng(8).lognormal(3, 1, 120))
    bounds = bound_concentration(revenue, seed=20261123, n_replicates=99)
    share, lower, upper = bounds.interval(0.2)
    assert share == pytest.approx(float(concentrate(revenue).top_share(0.2)), abs=1e-12)
    row = bounds.table().set_index("largest customers").loc["top 20%"]
    assert (lower, upper) == (row["lower"], row["upper"])
    other = bound_concentration(revenue, seed=1, n_replicates=99)
    assert other.interval(0.2)[1:] != (lower, upper)


def test_equal_customers_leave_no_room():
    bounds = bound_concentration(pd.Series(np.ones(50)), seed=1, n_replicates=20)
    assert bounds.interval(0.2) == pytest.approx((0.2, 0.2, 0.2))


def test_too_few_customers_for_an_interval():
    with pytest.raises(ModelError, match="needs 10 customers"):
        bound_concentration(pd.Series([1.0, 2.0]), seed=1)


def test_the_whale_by_hand():
    whale = trace_whale(pd.Series([50.0, 30.0, 40.0, -20.0] * 5), seed=1, n_replicates=50)
    assert whale.total == 500.0
    assert whale.peak == pytest.approx(1.2)
    assert whale.profitable == pytest.approx(0.75)
    assert whale.unprofitable == pytest.approx(0.25)
    curve = whale.curve().set_index("share of customers")["share of profit"]
    assert curve.iloc[25] == pytest.approx(0.5)
    assert curve.iloc[50] == pytest.approx(0.9)
    assert curve.iloc[75] == pytest.approx(1.2)
    assert curve.iloc[100] == pytest.approx(1.0)
    assert whale.table()["estimate"].tolist() == pytest.approx([1.2, 0.75, 0.25, 0.4])


def test_without_a_loss_the_whale_is_the_lorenz_curve_turned():
    profit = pd.Series(np.random.default_rng(9).gamma(1, 10, 200))
    whale = trace_whale(profit, seed=1, n_replicates=20).curve()
    lorenz = concentrate(profit)
    np.testing.assert_allclose(
        whale["share of profit"], lorenz.top_share(whale["share of customers"]), atol=1e-12
    )


def test_the_whale_does_not_depend_on_order_or_currency():
    profit = pd.Series(np.random.default_rng(10).normal(5, 10, 300))
    first = trace_whale(profit, seed=2, n_replicates=40)
    other = trace_whale(profit.sample(frac=1, random_state=2) * 3, seed=2, n_replicates=40)
    pd.testing.assert_frame_equal(first.curve(), other.curve(), rtol=1e-9)
    pd.testing.assert_frame_equal(first.table(), other.table(), rtol=1e-9)
    assert first.curve()["lower"].le(first.curve()["upper"]).all()


def test_the_whale_covers_the_truth():
    """Normal profit, mean 10 and deviation 10: 15.87% lose, peak E[max(X, 0)] / 10."""
    rng, hits = np.random.default_rng(12), np.zeros(2)
    truth = np.array([0.158655, 1.083315])
    for seed in range(150):
        rows = trace_whale(
            pd.Series(rng.normal(10, 10, 250)), seed=seed, n_replicates=150
        ).measures.loc[["unprofitable", "peak"]]
        hits += (rows["lower"] <= truth).to_numpy() & (rows["upper"] >= truth).to_numpy()
    assert (hits >= 131).all()


def test_profit_without_a_meaningful_total_is_refused():
    with pytest.raises(ModelError, match="needs 10 customers or more, not 3"):
        trace_whale(pd.Series([1.0, 2.0, 3.0]), seed=1)
    with pytest.raises(ModelError, match="bring no profit: a share of it has no meaning"):
        trace_whale(pd.Series([1.0, -2.0] * 10), seed=1)
    with pytest.raises(ModelError, match=r"in \d+ of 50 samples all customers together"):
        trace_whale(pd.Series([10.0, -9.0] * 10), seed=1, n_replicates=50)
    with pytest.raises(ModelError, match="needs 10 customers"):
        bound_concentration(pd.Series([1.0, 2.0]), seed=1)
    with pytest.raises(ModelError, match="negative revenue"):
        bound_concentration(pd.Series([1.0] * 20 + [-1.0]), seed=1)
    absent = NotAvailable("no costs")
    assert trace_whale(absent, seed=1) is absent

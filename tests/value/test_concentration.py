"""Concentration of revenue: hand-computed values, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value import concentrate


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
        ([1.0, -1.0], "1 customers have negative revenue"),
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

"""Shrunken rates and means: laws, a grid, actuar in R, and rates that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import betabinom

from crmstudy.segmentation.use.rates import (
    estimate_common_rate,
    fit_concentration,
    learn_segment_rates,
    shrink_means,
    shrink_rates,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "credibility" / "expected.csv"
HACHEMEISTER = [
    [1738, 1642, 1794, 2051, 2079, 2234, 2032, 2035, 2115, 2262, 2267, 2517],
    [1364, 1408, 1597, 1444, 1342, 1675, 1470, 1448, 1464, 1831, 1612, 1471],
    [1759, 1685, 1479, 1763, 1674, 2103, 1502, 1622, 1828, 2155, 2233, 2059],
    [1223, 1146, 1010, 1257, 1426, 1532, 1953, 1123, 1343, 1243, 1762, 1306],
    [1456, 1499, 1609, 1741, 1482, 1572, 1606, 1735, 1607, 1573, 1613, 1690],
]
UNEQUAL = [[4, 9, 6], [12, 15], [7, 3, 8, 5, 2], [10, 21, 16, 13], [1, 6]]


def moments(groups):
    arrays = [np.asarray(group, dtype=float) for group in groups]
    return (
        np.array([a.sum() for a in arrays]),
        np.array([(a**2).sum() for a in arrays]),
        np.array([float(len(a)) for a in arrays]),
    )


@pytest.mark.parametrize(("case", "groups"), [("hachemeister", HACHEMEISTER), ("unequal", UNEQUAL)])
def test_credibility_means_as_actuar(case, groups):
    expected = pd.read_csv(REFERENCE).query("case == @case")["premium"].to_numpy()
    assert shrink_means(*moments(groups)) == pytest.approx(expected, rel=1e-12)


def test_means_that_do_not_differ_are_one_mean_and_empty_groups_get_it():
    sums, squares, n = moments([[1, 5], [5, 1], [3, 3]])
    assert shrink_means(sums, squares, n) == pytest.approx([3, 3, 3])
    found = shrink_means(*moments([*UNEQUAL, []]))
    premiums = shrink_means(*moments(UNEQUAL))
    assert found[:5] == pytest.approx(premiums)
    assert premiums.min() < found[5] < premiums.max()
    one = shrink_means(*moments([[2.0], [4.0]]))  # one value each: nothing within
    assert one == pytest.approx([3.0, 3.0])


def test_means_of_values_without_spread_within_are_their_own():
    sums, squares, n = moments([[2, 2], [8, 8, 8], []])
    assert shrink_means(sums, squares, n) == pytest.approx([2.0, 8.0, 5.0])


def test_concentration_maximises_the_beta_binomial_likelihood():
    y, n = np.array([3.0, 9, 1, 14, 6]), np.array([40.0, 60, 30, 50, 45])
    mean = np.full(5, 0.14)
    found = fit_concentration(y, n, mean)
    grid = np.exp(np.linspace(np.log(0.1), np.log(1e6), 4001))
    fits = [betabinom.logpmf(y, n, c * mean, c * (1 - mean)).sum() for c in grid]
    assert found == pytest.approx(grid[int(np.argmax(fits))], rel=0.01)


def test_shrunken_rates_lie_between_own_and_expected():
    y, n = np.array([0.0, 8, 1, 14]), np.array([40.0, 60, 0, 50])
    y[2] = 0
    rate, own, c = shrink_rates(y, n, np.full(4, 0.15))
    assert rate[2] == 0.15
    assert own[2] == 0
    filled = n > 0
    low, high = np.minimum(y[filled] / n[filled], 0.15), np.maximum(y[filled] / n[filled], 0.15)
    assert (rate[filled] >= low).all()
    assert (rate[filled] <= high).all()
    assert own == pytest.approx(n / (n + c))


def test_equal_rates_are_pooled_and_different_ones_kept():
    same = learn_segment_rates(pd.Series([10.0, 20, 30]), pd.Series([100.0, 200, 300]))
    assert same.to_numpy() == pytest.approx(np.full(3, 60.5 / 601), abs=1e-4)
    apart = learn_segment_rates(pd.Series([10.0, 900]), pd.Series([1000.0, 1000]))
    assert apart.to_numpy() == pytest.approx([0.01, 0.9], abs=0.01)


def test_no_response_is_not_a_rate_of_nothing():
    assert estimate_common_rate(0, 99) == 0.005
    rates = learn_segment_rates(pd.Series([0.0, 0]), pd.Series([50.0, 49]))
    assert ((rates > 0) & (rates < 0.01)).all()


def test_recovers_the_concentration():
    generator = np.random.default_rng(11)
    p = generator.beta(20 * 0.2, 20 * 0.8, 400)
    n = np.full(400, 60.0)
    y = generator.binomial(60, p).astype(float)
    assert fit_concentration(y, n, np.full(400, 0.2)) == pytest.approx(20, rel=0.25)
    y = generator.binomial(60, 0.2, 400).astype(float)
    assert fit_concentration(y, n, np.full(400, 0.2)) > 500

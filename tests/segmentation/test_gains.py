"""Gains curves and lift by hand, as published, and against scikit-learn's area under the curve."""

from __future__ import annotations

import numpy as np
import pytest

from crmstudy.errors import ModelError
from crmstudy.segmentation.use.gains import (
    draw_counts,
    measure_gini,
    normalise_gini,
    rank_rows,
    read_lift,
    require_spread,
)


def trace(score, outcome, weights=None):
    outcome = np.asarray(outcome, dtype=float)
    weights = np.ones(len(outcome)) if weights is None else np.asarray(weights, dtype=float)
    return rank_rows(score).trace(weights, outcome)


def test_by_hand():
    # Four customers, best first: 6, 0, 3, 1 of 10.
    targeted, gained = trace([4, 3, 2, 1], [6, 0, 3, 1])
    assert targeted == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert gained == pytest.approx([0, 0.6, 0.6, 0.9, 1])
    assert read_lift(targeted, gained, depth=0.25) == pytest.approx(2.4)
    assert read_lift(targeted, gained, depth=0.1) == pytest.approx(2.4)
    # Trapezes .075 + .15 + .1875 + .2375 = .65, so Gini = 2 * .65 - 1.
    assert measure_gini(targeted, gained) == pytest.approx(0.3)


def test_equal_scores_are_a_straight_line():
    targeted, gained = trace([1, 1, 1, 0], [6, 0, 3, 1])
    assert targeted == pytest.approx([0, 0.75, 1])
    assert gained == pytest.approx([0, 0.9, 1])
    assert read_lift(targeted, gained, depth=0.3) == pytest.approx(1.2)
    targeted, gained = trace([5, 5, 5, 5], [6, 0, 3, 1])
    assert read_lift(targeted, gained, depth=0.2) == pytest.approx(1.0)
    assert measure_gini(targeted, gained) == pytest.approx(0.0)


def test_published_lift_and_gain_table():
    """DTREG's manual, "Lift and Gain Tables": nine nodes of a tree, 345 cases, 145 of the class.

    Printed are the shares of population and class in percent, cumulative and by node, the
    cumulative gain and the lift, with two decimals.
    """
    n = [80, 16, 27, 35, 34, 14, 44, 34, 61]
    of_class = [60, 11, 18, 23, 10, 3, 8, 5, 7]
    score = np.repeat(np.arange(9, 0, -1), n)
    outcome = np.concatenate(
        [np.repeat([1.0, 0.0], [c, m - c]) for m, c in zip(n, of_class, strict=True)]
    )
    targeted, gained = trace(score, outcome)
    population = [23.19, 27.83, 35.65, 45.80, 55.65, 59.71, 72.46, 82.32, 100.00]
    share = [41.38, 48.97, 61.38, 77.24, 84.14, 86.21, 91.72, 95.17, 100.00]
    gain = [1.78, 1.76, 1.72, 1.69, 1.51, 1.44, 1.27, 1.16, 1.00]
    lift = [1.78, 1.64, 1.59, 1.56, 0.70, 0.51, 0.43, 0.35, 0.27]
    assert 100 * targeted[1:] == pytest.approx(population, abs=0.005)
    assert 100 * gained[1:] == pytest.approx(share, abs=0.005)
    found = [read_lift(targeted, gained, depth=depth) for depth in targeted[1:]]
    assert found == pytest.approx(gain, abs=0.005)
    assert np.diff(gained) / np.diff(targeted) == pytest.approx(lift, abs=0.005)


def test_normalised_gini_is_twice_the_area_under_the_roc_curve_less_one():
    """Hand & Till (2001), sec. 2: Gini + 1 = 2 AUC, ties counted half."""
    from sklearn.metrics import roc_auc_score

    generator = np.random.default_rng(3)
    score = generator.integers(0, 8, 400).astype(float)  # many ties
    outcome = (generator.random(400) < 0.1 + 0.08 * score).astype(float)
    best = measure_gini(*trace(outcome, outcome))
    gini = normalise_gini(measure_gini(*trace(score, outcome)), best)
    assert gini == pytest.approx(2 * roc_auc_score(outcome, score) - 1, abs=1e-12)


def test_perfect_reversed_and_weighted():
    outcome = np.array([5.0, 0.0, 2.0, 9.0, 0.0])
    best = measure_gini(*trace(outcome, outcome))
    assert normalise_gini(measure_gini(*trace(-outcome, outcome)), best) == pytest.approx(-1.0)
    score = np.array([1.0, 4.0, 2.0, 3.0, 0.0])
    weights = np.array([2, 1, 0, 3, 1])
    repeated = trace(np.repeat(score, weights), np.repeat(outcome, weights))
    weighted = trace(score, outcome, weights)
    grid = np.linspace(0, 1, 41)
    assert np.interp(grid, *weighted) == pytest.approx(np.interp(grid, *repeated), abs=1e-12)


def test_scale_and_monotone_scores_change_nothing():
    generator = np.random.default_rng(0)
    score, outcome = generator.random(60), generator.random(60)
    one, other = trace(score, outcome), trace(np.exp(5 * score), 7.5 * outcome)
    assert one[0] == pytest.approx(other[0])
    assert one[1] == pytest.approx(other[1])


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        ([0.0, 0.0], "positive sum of revenue; it is 0"),
        ([], "positive sum of revenue"),
        ([-3.0, 1.0], "it is -2"),
        ([2.0, 2.0], "all are equal"),
    ],
)
def test_refusals(outcome, message):
    with pytest.raises(ModelError, match=message):
        require_spread(np.array(outcome), name="revenue")


def test_counts_of_a_bootstrap_sample():
    counts = list(draw_counts(50, seed=2, n_replicates=3))
    assert [c.sum() for c in counts] == [50, 50, 50]
    again = next(draw_counts(50, seed=2, n_replicates=1))
    assert (counts[0] == again).all()

"""Segments from factor scores: truth recovered, order forgotten, no factor refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crmstudy.errors import ModelError
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.factor_segments import fit_factor_segments


def space(points: np.ndarray) -> Space:
    numeric = pd.DataFrame(
        points, columns=[f"x{j}" for j in range(points.shape[1])], index=range(len(points))
    )
    nothing = pd.DataFrame(index=numeric.index)
    return Space("behaviour", points, numeric, nothing, pd.DataFrame(), 0)


def customers(n: int = 300, seed: int = 1) -> tuple[Space, np.ndarray]:
    """Make four groups apart in two factors, each seen through four variables."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(4, size=n)
    factors = 4 * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])[truth]
    factors = factors + rng.normal(size=(n, 2))
    shown = np.repeat(factors, 4, axis=1) + rng.normal(size=(n, 8))
    return space((shown - shown.mean(axis=0)) / shown.std(axis=0)), truth


def test_groups_in_the_factors_are_recovered():
    made, truth = customers()
    assign = fit_factor_segments(made, n_segments=4, seed=1)
    labels = assign(made)
    assert adjusted_rand_score(truth, labels) > 0.95
    assert labels.dtype == np.int64
    assert set(labels) == {0, 1, 2, 3}
    others, unseen = customers(seed=2)
    assert adjusted_rand_score(unseen, assign(others)) > 0.9


def test_order_of_customers_changes_nothing():
    made, _ = customers()
    order = np.random.default_rng(3).permutation(300)
    labels = fit_factor_segments(made, n_segments=4, seed=1)(made)
    again = fit_factor_segments(made.take(order), n_segments=4, seed=1)(made)
    assert np.array_equal(again, labels)


def test_a_bootstrap_sample_and_a_constant_variable_are_taken():
    made, truth = customers()
    drawn = np.random.default_rng(4).integers(300, size=300)
    points = made.points.copy()
    points[:, 7] = 0.0
    assign = fit_factor_segments(space(points).take(drawn), n_segments=4, seed=1)
    assert adjusted_rand_score(truth, assign(made)) > 0.9


def test_too_little_to_factor_is_refused():
    made, _ = customers()
    with pytest.raises(ModelError, match="three variables or more"):
        fit_factor_segments(space(made.points[:, :2]), n_segments=2, seed=1)
    raw = np.random.default_rng(5).normal(size=(200, 6))
    unrelated = np.linalg.qr(raw - raw.mean(axis=0))[0]  # correlations of exactly 0
    with pytest.raises(ModelError, match="finds no factor"):
        fit_factor_segments(space(unrelated), n_segments=2, seed=1)

"""CUPED: what it takes away, and what it leaves alone."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.experiment.difference import compare_means, subtract_covariates
from crmstudy.errors import ModelError

REFERENCE = Path(__file__).parents[1] / "reference" / "experiment"


def test_cuped_agrees_with_r():
    frame = pd.read_csv(REFERENCE / "customers.csv")
    row = pd.read_csv(REFERENCE / "expected.csv").set_index("estimator").loc["cuped"]
    adjusted = subtract_covariates(frame["y"].to_numpy(), frame[["x1"]].to_numpy(dtype=float))
    found = compare_means(adjusted, frame["treated"].to_numpy(dtype=bool))
    for name in ("estimate", "standard_error", "lower", "upper"):
        assert getattr(found, name) == pytest.approx(row[name], rel=1e-9)


@pytest.mark.parametrize("tie", [0.0, 0.5, 2.0])
def test_the_variance_falls_by_one_less_the_squared_correlation(tie):
    rng = np.random.default_rng(5)
    x = rng.gamma(2, 1, 500)
    y = tie * x + rng.gamma(1, 1, 500)
    left = subtract_covariates(y, x[:, None]).var() / y.var()
    assert left == pytest.approx(1 - np.corrcoef(x, y)[0, 1] ** 2, rel=1e-12)


def test_over_replications_it_is_unbiased_and_as_precise_as_the_law_says():
    """400 lots on fixed customers: mean, variance ratio and coverage."""
    rng = np.random.default_rng(6)
    n, effect = 200, 3.0
    x = rng.gamma(2, 5, n)
    y0 = x + rng.gamma(2, 3, n)
    plain, sharp, held = [], [], 0
    for _ in range(400):
        treated = rng.permutation(np.arange(n) < 80)
        y = y0 + effect * treated
        plain.append(compare_means(y, treated).estimate)
        found = compare_means(subtract_covariates(y, x[:, None]), treated)
        sharp.append(found.estimate)
        held += found.lower <= effect <= found.upper
    assert np.mean(sharp) == pytest.approx(effect, abs=4 * np.std(sharp) / 20)
    law = 1 - np.corrcoef(x, y0)[0, 1] ** 2
    assert np.var(sharp) / np.var(plain) == pytest.approx(law, rel=0.35)
    assert 363 <= held <= 394  # binomial(400, .95), one in a thousand each side


def test_the_means_stay_and_doubled_covariates_change_nothing():
    rng = np.random.default_rng(7)
    y, x = rng.gamma(2, 5, 50), rng.gamma(2, 5, (50, 2))
    once = subtract_covariates(y, x)
    assert once.mean() == pytest.approx(y.mean())
    twice = subtract_covariates(y, np.column_stack([x, 100 * x, np.ones(50)]))
    np.testing.assert_allclose(twice, once)


def test_nothing_known_before():
    with pytest.raises(ModelError, match="nothing known before"):
        subtract_covariates(np.arange(5.0), np.ones((5, 2)))

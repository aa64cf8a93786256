"""Distribution of future purchases: the models' stories, their means, simulated customers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import roots_genlaguerre, roots_sh_jacobi
from scipy.stats import poisson

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from crmstudy.value.validation.predictive import knows_counts, predict_counts

FITS = {"BG/NBD": fit_bg_nbd, "MBG/NBD": fit_mbg_nbd, "Pareto/NBD": fit_pareto_nbd}
HISTORIES = [(0, 0, 39, 39), (3, 10, 38, 39), (29, 30, 31, 39), (1, 1, 20, 2), (120, 30, 31, 200)]


@pytest.fixture(scope="module")
def fitted(cdnow):
    return {name: fit(cdnow) for name, fit in FITS.items()}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("name", FITS)
def test_probabilities_sum_to_one_and_have_the_expected_mean(fitted, name, history):
    counts = np.arange(4000)
    chances = predict_counts(fitted[name], *history, counts)
    assert (chances >= 0).all()
    assert chances.sum() == pytest.approx(1, abs=1e-10)
    expected = float(fitted[name].conditional_expected_purchases(*history))
    assert chances @ counts == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_bg_nbd_is_the_mixture_over_customers(fitted, count):
    """Rate and dropout of an active customer are Gamma(r + x, alpha + T), Beta(a, b + x)."""
    result, (x, t_x, T, ahead) = fitted["BG/NBD"], (3, 10, 38, 39)
    r, alpha, a, b = result.estimates.values

    rates, of_rate = roots_genlaguerre(80, r + x - 1)
    chances, of_chance = roots_sh_jacobi(80, a + b + x - 1, a)
    of_rate, of_chance = of_rate / of_rate.sum(), of_chance / of_chance.sum()
    mean = rates[:, None] / (alpha + T) * ahead
    stays = (1 - chances) ** count * poisson.pmf(count, mean)
    if count:
        stays += chances * (1 - chances) ** (count - 1) * poisson.sf(count - 1, mean)
    active = of_rate @ stays @ of_chance
    alive = float(result.probability_alive(x, t_x, T))
    expected = alive * active + (1 - alive) * (count == 0)
    assert predict_counts(result, x, t_x, T, ahead, count) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", FITS)
def test_simulated_customers_buy_as_foretold(fitted, simulate, name):
    """New customers at their first purchase; MBG/NBD lets them leave at once."""
    result, rng, n, ahead = fitted[name], np.random.default_rng(5), 200_000, 39.0
    shape, scale, first, second = result.estimates.values
    rate = rng.gamma(shape, 1 / scale, n)
    age = np.zeros(n)
    if name == "Pareto/NBD":
        life = rng.exponential(1 / rng.gamma(first, 1 / second, n))
        later = simulate(rng, rate, age, lifetime=life, ahead=ahead)[2]
    else:
        leaving = rng.beta(first, second, n)
        later = simulate(rng, rate, age, dropout=leaving, ahead=ahead)[2]
        if name == "MBG/NBD":
            later[rng.random(n) < leaving] = 0
    for count in (0, 1, 2, 5):
        expected = float(predict_counts(result, 0, 0, 0, ahead, count))
        error = np.sqrt(expected * (1 - expected) / n)
        assert abs((later == count).mean() - expected) < 4 * error


def test_arguments_broadcast_and_equal_rows_are_equal(fitted):
    result = fitted["BG/NBD"]
    table = predict_counts(result, [[0], [2]], [[0], [9.0]], 20.0, 10.0, [0, 1, 2])
    assert table.shape == (2, 3)
    one = float(predict_counts(result, 2, 9.0, 20.0, 10.0, 1))
    assert table[1, 1] == pytest.approx(one, rel=1e-12)


def test_a_model_without_a_distribution_is_refused(fitted):
    class Unknown(type(fitted["BG/NBD"])):
        model = "own"

    unknown = Unknown(fitted["BG/NBD"].estimates, 7.0)
    assert not knows_counts(unknown)
    with pytest.raises(ModelError, match="own model has no known distribution"):
        predict_counts(unknown, 0, 0, 1, 1, 0)

"""MBG/NBD: published numbers, the model's definition, recovery, and how it differs from BG/NBD."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import hyp2f1
from scipy.stats import beta as beta_distribution
from scipy.stats import gamma as gamma_distribution

from crmstudy.value.purchasing import bg_nbd, mbg_nbd
from crmstudy.value.purchasing.btyd import MbgNbdResult, fit_bg_nbd, fit_mbg_nbd

PUBLISHED = {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}
HISTORIES = [(0, 0.0, 0.0), (0, 0.0, 38.9), (1, 0.3, 27.0), (2, 30.4, 38.9), (7, 12.0, 39.0)]


@pytest.fixture(scope="module")
def fitted(cdnow) -> MbgNbdResult:
    return fit_mbg_nbd(cdnow)


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=float)


# --- published ---------------------------------------------------------------------------


def test_cdnow_gives_the_estimates_of_btydplus(fitted):
    """Platzer's R package BTYDplus on CDNOW, as the tests of lifetimes 0.11.3 quote it."""
    for parameter, published in PUBLISHED.items():
        assert fitted.estimates[parameter] == pytest.approx(published, abs=0.0005)
    assert all(check.passed for check in fitted.checks)


def test_cdnow_prefers_mbg_nbd_by_a_little(cdnow, fitted):
    """BTYDplus finds the same order on its own preparation of CDNOW (demo/cdnow.r)."""
    gain = fitted.estimates.log_likelihood - fit_bg_nbd(cdnow).estimates.log_likelihood
    assert 0 < gain < 1


# --- the model's definition ----------------------------------------------------------------


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("parameters", [(0.525, 6.183, 0.891, 1.614), (3.0, 2.0, 1.5, 4.0)])
def test_likelihood_is_the_mixture_of_the_individual_one(history, parameters):
    """Poisson purchases, and a chance to leave after each purchase and after the first one."""
    x, t_x, T = history
    r, alpha, a, b = parameters

    def over_rates(function) -> float:
        density = gamma_distribution(r, scale=1 / alpha).pdf
        # By the log of the rate, so that the peak of the density at 0 is no trouble.
        return quad(
            lambda u: function(np.exp(u)) * density(np.exp(u)) * np.exp(u),
            -60,
            5,
            points=[-5, -2, 0],
            epsabs=0,
            epsrel=1e-11,
            limit=400,
        )[0]

    def over_dropout(function) -> float:
        density = beta_distribution(a, b).pdf
        # By v = p^a, for the same reason.
        return quad(
            lambda v: function(v ** (1 / a)) * density(v ** (1 / a)) * v ** (1 / a - 1) / a,
            0,
            1,
            epsabs=0,
            epsrel=1e-10,
            limit=400,
        )[0]

    stays = over_rates(lambda rate: rate**x * np.exp(-rate * T)) * over_dropout(
        lambda p: (1 - p) ** (x + 1)
    )
    leaves = over_rates(lambda rate: rate**x * np.exp(-rate * t_x)) * over_dropout(
        lambda p: p * (1 - p) ** x
    )
    likelihood = mbg_nbd.MbgNbdLikelihood(one(x), one(t_x), one(T), one(1))
    found = likelihood(np.array(parameters))[0]
    assert found == pytest.approx(np.log(stays + leaves), abs=1e-8)
    values = dict(zip(["r", "alpha", "a", "b"], parameters, strict=True))
    alive = mbg_nbd.probability_alive(one(x), one(t_x), one(T), **values)
    assert alive == pytest.approx(stays / (stays + leaves), rel=1e-8)


@settings(deadline=None, max_examples=150)
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(0.2, 50),
    a=st.one_of(st.floats(0.05, 0.99), st.floats(1.01, 10)),
    b=st.floats(0.3, 30),
    x=st.integers(0, 60),
    T=st.floats(0, 100),
    t=st.floats(0.01, 200),
)
def test_expectation_is_that_of_wagner_and_hoppe(r, alpha, a, b, x, T, t):
    """Wagner & Hoppe (2008), for a customer who is active; with x = T = 0 for a new one."""
    z = t / (alpha + T + t)
    with np.errstate(all="ignore"):  # the published form overflows for some parameters
        series = hyp2f1(r + x, b + x + 1, a + b + x, z)
        gain = (a + b + x) / (a - 1) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * series)
    found = mbg_nbd.purchases_while_alive(one(x), one(T), one(t), r=r, alpha=alpha, a=a, b=b)
    if np.isfinite(gain):
        assert found == pytest.approx(gain, rel=1e-6, abs=1e-9)


def test_simulated_customers_are_forecast(simulate):
    """At the true parameters the forecast is right on average, for each past frequency."""
    rng = np.random.default_rng(20250306)
    n, truth = 200_000, {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.5}
    rate, dropout = rng.gamma(0.6, 1 / 5.0, n), rng.beta(0.8, 2.5, n)
    age = rng.uniform(20, 40, n)
    x, t_x, later, active = simulate(rng, rate, age, dropout=dropout, ahead=30, first=True)
    alive = mbg_nbd.probability_alive(x, t_x, age, **truth)
    expected = alive * mbg_nbd.purchases_while_alive(x, age, np.full(n, 30.0), **truth)
    for error in (later - expected, active - alive):
        for low, high in pairwise([0, 1, 2, 4, 8, 16, np.inf]):
            chosen = error[(x >= low) & (x < high)]
            assert abs(chosen.mean()) <= 4 * chosen.std() / np.sqrt(chosen.size) + 1e-12


# --- recovery and laws -----------------------------------------------------------------------


def test_intervals_cover_the_truth(simulate, summary_of):
    truth = np.array([1.5, 5.0, 0.8, 2.5])
    n, draws, covered = 3000, 150, np.zeros(4)
    for rng in map(np.random.default_rng, np.random.SeedSequence(9).spawn(draws)):
        rate, age = rng.gamma(truth[0], 1 / truth[1], n), rng.uniform(26, 39, n)
        dropout = rng.beta(*truth[2:], n)
        x, t_x, *_ = simulate(rng, rate, age, dropout=dropout, first=True)
        lower, upper = fit_mbg_nbd(summary_of(x, t_x, age)).estimates.interval()
        covered += (lower < truth) & (truth < upper)
    # 95% of 150 is 142.5 with standard deviation 2.7.
    assert (covered >= 133).all()
    assert covered.sum() / (4 * draws) < 0.985


def test_the_right_model_is_the_likelier_one(simulate, summary_of):
    rng = np.random.default_rng(21)
    n = 8000
    rate, age = rng.gamma(0.9, 1 / 4.0, n), np.round(rng.uniform(26, 52, n))
    dropout = rng.beta(0.8, 1.6, n)
    for first, sign in ((True, 1), (False, -1)):
        x, t_x, *_ = simulate(rng, rate, age, dropout=dropout, first=first)
        summary = summary_of(x, t_x, age)
        gain = (
            fit_mbg_nbd(summary).estimates.log_likelihood
            - fit_bg_nbd(summary).estimates.log_likelihood
        )
        assert sign * gain > 10


def test_one_time_buyers_may_have_left(fitted):
    at_once = fitted.estimates["b"] / (fitted.estimates["a"] + fitted.estimates["b"])
    silent = fitted.probability_alive(0, 0, [0, 10, 39, 500])
    assert silent[0] == pytest.approx(at_once)
    assert (np.diff(silent) < 0).all()


def test_a_customer_with_one_more_chance_is_a_bg_nbd_customer():
    """For x > 0 both models say the same of a customer, when b differs by one."""
    x, t_x, T = np.array([history for history in HISTORIES if history[0]]).T
    other = {**PUBLISHED, "b": PUBLISHED["b"] + 1}
    np.testing.assert_allclose(
        mbg_nbd.probability_alive(x, t_x, T, **PUBLISHED),
        bg_nbd.probability_alive(x, t_x, T, **other),
        rtol=1e-13,
    )

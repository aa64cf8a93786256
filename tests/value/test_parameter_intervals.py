"""Intervals of parameters: R, the definition of a profile, laws, refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.lifetime import parameter_intervals
from crmstudy.value.lifetime.evidence import collect_evidence
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.parameter_intervals import compare_intervals, profile_intervals
from crmstudy.value.lifetime.profile import follow_profile
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_pareto_nbd
from crmstudy.value.purchasing.likelihood import Estimates

R = pd.read_csv(Path(__file__).parents[1] / "reference" / "clv_profile" / "expected.csv")
CHI_SQUARE_95 = 3.841458820694124


@pytest.fixture(scope="module")
def spend(cdnow):
    return fit_gamma_gamma(cdnow)


def limits_of(intervals, method):
    rows = intervals.limits[intervals.limits["method"] == method]
    return rows.set_index("parameter")[["lower", "upper"]]


# --- reference ---------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("model", ["BG/NBD", "Gamma-Gamma"])
def test_profiles_agree_with_r(cdnow, bg_nbd, spend, model, level):
    result = bg_nbd if model == "BG/NBD" else spend
    expected = R[(R["model"] == model) & (R["level"] == level)].set_index("parameter")
    found = limits_of(profile_intervals(result, cdnow, level=level), "profile")
    np.testing.assert_allclose(found, expected.loc[found.index, ["lower", "upper"]], rtol=1e-6)


# --- the definition ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["s", "beta"])
def test_at_a_limit_the_likelihood_has_fallen_by_half_a_quantile(cdnow, name):
    """Maximised over the others by another optimiser, without derivatives."""
    result = fit_pareto_nbd(cdnow)
    likelihood = collect_evidence(result, cdnow).likelihood
    held = result.estimates.names.index(name)
    lower, upper = limits_of(profile_intervals(result, cdnow), "profile").loc[name]
    assert lower < result.estimates[name] < upper
    start = np.delete(np.log(result.estimates.values), held)

    def loss(others):
        return -likelihood(np.exp(np.insert(others, held, np.log(upper))))[0]

    options = {"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000}
    found = minimize(loss, start, method="Nelder-Mead", options=options)
    fall = 2 * (result.estimates.log_likelihood + found.fun)
    assert fall == pytest.approx(CHI_SQUARE_95, abs=1e-4)


# --- laws --------------------------------------------------------------------------------


def gaussian(values):
    """A parabola in the logarithms, with correlation: Wald's assumption come true."""
    information = np.array([[4.0, -1.5], [-1.5, 2.0]])
    away = np.log(values) - np.array([0.3, -0.7])
    slope = -information @ away
    by_value = slope / values
    hessian = -information / np.outer(values, values) - np.diag(by_value / values)
    return -0.5 * away @ information @ away, by_value, hessian


def estimates_of(likelihood, values, covariance):
    return Estimates(("one", "two"), values, covariance, float(likelihood(values)[0]), 1)


def test_a_parabola_has_the_same_profile_and_wald_intervals():
    values = np.exp([0.3, -0.7])
    covariance = np.linalg.inv([[4.0, -1.5], [-1.5, 2.0]]) * np.outer(values, values)
    estimates = estimates_of(gaussian, values, covariance)
    found = follow_profile(gaussian, estimates, reach=1.96)
    errors = 1.96 * estimates.standard_errors / values
    np.testing.assert_allclose(found, [values * np.exp(-errors), values * np.exp(errors)])


def test_a_likelihood_that_never_falls_sets_no_limit():
    """A saturating curve in the second parameter: any large value is as good as another."""

    def saturated(values):
        one, two = values
        away = np.log(one)
        fall = np.log1p(1 / two)
        value = -2 * away**2 - 0.5 * fall
        gradient = np.array([-4 * away / one, 0.5 / (two * (1 + two))])
        second = -0.5 * (1 + 2 * two) / (two * (1 + two)) ** 2
        hessian = np.diag([-4 / one**2 + 4 * away / one**2, second])
        return value, gradient, hessian

    values = np.array([1.0, 20.0])
    estimates = estimates_of(saturated, values, np.diag([0.25, 40.0**2]))
    lower, upper = follow_profile(saturated, estimates, reach=1.96)
    assert upper[1] == np.inf
    assert 0 < lower[1] < 20


def test_a_higher_level_contains_a_lower_one(cdnow, bg_nbd):
    wide = limits_of(profile_intervals(bg_nbd, cdnow, level=0.99), "profile")
    narrow = limits_of(profile_intervals(bg_nbd, cdnow, level=0.8), "profile")
    assert (wide["lower"] < narrow["lower"]).all()
    assert (wide["upper"] > narrow["upper"]).all()


def test_nothing_depends_on_the_order_of_customers(cdnow, bg_nbd, spend):
    order = np.random.default_rng(3).permutation(len(cdnow.customers))
    shuffled = replace(cdnow, customers=cdnow.customers.iloc[order].reset_index(drop=True))
    for result in (bg_nbd, spend):
        here = compare_intervals(result, cdnow, n_replicates=40, seed=5).limits
        there = compare_intervals(result, shuffled, n_replicates=40, seed=5).limits
        pd.testing.assert_frame_equal(here, there, rtol=1e-7)


def test_the_bootstrap_spreads_like_the_standard_errors_where_the_model_holds(summary_of, simulate):
    rng = np.random.default_rng(8)
    rate, age = rng.gamma(0.8, 1 / 6, 1500), rng.uniform(30, 52, 1500)
    x, t_x, _, _ = simulate(rng, rate, age, dropout=rng.beta(1.0, 3.0, 1500))
    summary = summary_of(x, t_x, age)
    intervals = compare_intervals(fit_bg_nbd(summary), summary, n_replicates=200, seed=1)
    assert intervals.n_samples == 200
    width = {
        method: np.log(limits_of(intervals, method)).diff(axis=1)["upper"]
        for method in ("Wald", "bootstrap")
    }
    ratio = width["bootstrap"] / width["Wald"]
    assert ratio.between(0.75, 1.35).all()
    table = intervals.table()
    assert list(table["agree"]) == ["yes" if gap < 0.5 else "no" for gap in intervals.spread()]
    metrics = intervals.to_metrics()
    assert metrics["bootstrap_samples"] == 200
    assert metrics["r_profile_lower"] < metrics["r_wald_upper"]


def test_where_most_samples_have_no_estimates_no_bootstrap_is_given(cdnow, bg_nbd, monkeypatch):
    def fail(*_, **__):
        raise ModelError("the likelihood has no maximum inside")

    monkeypatch.setattr(parameter_intervals, "maximise", fail)
    found = compare_intervals(bg_nbd, cdnow, n_replicates=20, seed=1)
    assert set(found.limits["method"]) == {"Wald", "profile"}
    assert (found.n_samples, found.n_failed) == (0, 20)
    assert "bootstrap lower" not in found.table()


# --- refusals ----------------------------------------------------------------------------


def test_refusals(cdnow, bg_nbd, spend):
    with pytest.raises(SettingsError, match="level must lie between 0 and 1, found 1"):
        profile_intervals(bg_nbd, cdnow, level=1)
    with pytest.raises(SettingsError, match="n_replicates must be 20 or more, found 10"):
        compare_intervals(bg_nbd, cdnow, n_replicates=10, seed=1)
    fewer = replace(cdnow, customers=cdnow.customers.iloc[:-1])
    with pytest.raises(ModelError, match="fitted to other histories"):
        profile_intervals(bg_nbd, fewer)
    with pytest.raises(ModelError, match="different units of time"):
        profile_intervals(replace(bg_nbd, unit_days=1.0), cdnow)
    absent = NotAvailable("no amounts")
    assert profile_intervals(absent, cdnow) is absent
    assert compare_intervals(spend, absent, n_replicates=40, seed=1) is absent

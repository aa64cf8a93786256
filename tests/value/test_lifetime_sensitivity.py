"""Lifetime value on other terms: the closed form without a horizon, laws, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyperu

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.lifetime import sensitivity
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.sensitivity import endless_weeks, vary_terms
from crmstudy.value.purchasing.btyd import fit_pareto_nbd

TERMS = {"horizon_weeks": 40.0, "annual_discount_rate": 0.1, "margin": 0.3}


@pytest.fixture(scope="module")
def varied(cdnow, bg_nbd):
    return vary_terms(bg_nbd, fit_gamma_gamma(cdnow), cdnow, **TERMS)


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_without_a_horizon_pareto_nbd_gives_discounted_expected_residual_transactions(cdnow, rate):
    """Fader, Hardie & Lee (2005b): a confluent hypergeometric function of the second kind."""
    result = fit_pareto_nbd(cdnow)
    r, alpha, s, beta = result.estimates.values
    x, t_x, T = (column[:300] for column in (cdnow.x, cdnow.t_x, cdnow.T))
    force = np.log1p(rate) * 7 / 365.25
    while_alive = (r + x) / (alpha + T) * (beta + T) * hyperu(1, 2 - s, force * (beta + T))
    expected = result.probability_alive(x, t_x, T) * while_alive
    found = result.conditional_expected_purchases(
        x, t_x, T, endless_weeks(rate), annual_discount_rate=rate
    )
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_without_a_horizon_bg_nbd_adds_up_all_that_is_discounted(bg_nbd):
    force = np.log(1.1) * 7 / 365.25
    history = 3.0, 20.0, 30.0

    def purchases_until(week):
        return float(bg_nbd.conditional_expected_purchases(*history, week))

    # By parts: the discounted sum is the force times the integral of all purchases so far.
    by_parts = quad(lambda t: force * np.exp(-force * t) * purchases_until(t), 0, 9000, limit=400)
    found = bg_nbd.conditional_expected_purchases(
        *history, endless_weeks(0.1), annual_discount_rate=0.1
    )
    assert found == pytest.approx(by_parts[0], rel=1e-5)


def test_a_setting_that_cannot_be_computed_is_left_out_and_named(
    cdnow, bg_nbd, varied, monkeypatch
):
    value = sensitivity.lifetime_value

    def fail_far_ahead(*data, horizon_weeks, **terms):
        if horizon_weeks > 3000:
            raise ModelError("expected purchases cannot be computed")
        return value(*data, horizon_weeks=horizon_weeks, **terms)

    monkeypatch.setattr(sensitivity, "lifetime_value", fail_far_ahead)
    some = vary_terms(bg_nbd, fit_gamma_gamma(cdnow), cdnow, **TERMS)
    assert some.left_out == ("horizon without end",)
    assert not varied.left_out
    assert len(some.rows) == len(varied.rows) - 1


def test_the_terms_of_the_study_are_among_the_settings(varied):
    rows = varied.rows
    assert rows["base"].sum() == 3
    np.testing.assert_allclose(rows.loc[rows["base"], "total"], varied.base.total, rtol=1e-12)
    table = varied.table()
    assert "40 weeks" in set(table["setting"])
    assert table["setting"].iloc[6] == "without end"
    assert (table["term of the study"] == "yes").sum() == 3


def test_value_grows_with_the_horizon_and_margin_and_falls_with_the_rate(varied):
    for term, grows in (("horizon", True), ("margin", True), ("discount rate", False)):
        totals = varied.rows.loc[varied.rows["term"] == term, "total"]
        assert totals.is_monotonic_increasing if grows else totals.is_monotonic_decreasing
    margins = varied.rows[varied.rows["term"] == "margin"]
    np.testing.assert_allclose(margins["relative"], margins["setting"] / 0.3)
    assert varied.to_metrics()["margin_highest"] == pytest.approx(0.5 / 0.3)


def test_a_rate_of_nothing_has_no_value_without_end(cdnow, bg_nbd):
    plain = vary_terms(
        bg_nbd, NotAvailable("no amounts"), cdnow, **{**TERMS, "annual_discount_rate": 0.0}
    )
    assert np.isfinite(plain.rows["setting"]).all()
    assert set(plain.rows["term"]) == {"horizon", "discount rate"}


def test_refusals(cdnow, bg_nbd):
    absent = NotAvailable("no amounts")
    with pytest.raises(SettingsError, match="horizon_weeks must be above 0, found -1"):
        vary_terms(bg_nbd, absent, cdnow, **TERMS, horizons_weeks=[-1.0])
    with pytest.raises(SettingsError, match="margin must be above 0 and at most 1, found 2"):
        vary_terms(bg_nbd, fit_gamma_gamma(cdnow), cdnow, **TERMS, margins=[2.0])
    assert vary_terms(absent, absent, cdnow, **TERMS) is absent

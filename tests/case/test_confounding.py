"""How strong a hidden confounder must be: published numbers, and one whose strength is known."""

from __future__ import annotations

import numpy as np
import pytest

from crmstudy.case.comparison.sensitivity import (
    adjust_for_confounder,
    bias_of_confounder,
    bound_by_benchmark,
    bound_signed_rank,
    critical_gamma,
    e_value,
    e_value_of_difference,
    partial_r2,
    robustness_value,
)
from crmstudy.errors import ModelError, SettingsError

#: Darfur: Cinelli & Hazlett (2020), section 5, digits as the R package sensemakr prints them.
EFFECT, ERROR, T, DF = 0.09732, 0.02326, 4.18445, 783


def test_darfur_robustness():
    assert partial_r2(T, DF) == pytest.approx(0.02187, abs=5e-6)
    assert robustness_value(T, DF) == pytest.approx(0.13878, abs=5e-6)
    assert robustness_value(T, DF, alpha=0.05) == pytest.approx(0.07626, abs=5e-6)


@pytest.mark.parametrize(
    ("times", "r2_outcome", "effect", "error", "t"),
    [
        (1, 0.1246, 0.0752, 0.0219, 3.4389),
        (2, 0.2493, 0.0529, 0.0204, 2.6002),
        (3, 0.3741, 0.0304, 0.0187, 1.6281),
    ],
)
def test_darfur_benchmark_female(times, r2_outcome, effect, error, t):
    # Printed strengths of a confounder 1, 2, 3 times as strong as "female".
    r2_treatment = times * 0.00916
    left, wide = adjust_for_confounder(
        EFFECT, ERROR, DF, r2_treatment=r2_treatment, r2_outcome=r2_outcome
    )
    assert left == pytest.approx(effect, abs=1e-4)
    assert wide == pytest.approx(error, abs=1e-4)
    assert left / wide == pytest.approx(t, abs=0.02)
    # The covariate's own partial R2 follow from the first row; the others from it.
    own_treatment = 0.00916 / 1.00916
    stretch = bound_by_benchmark(own_treatment, 0.1)[1] / (0.1 / 0.9)
    own_outcome = 0.1246 / stretch / (1 + 0.1246 / stretch)
    found = bound_by_benchmark(own_treatment, own_outcome, times=times)
    assert found[0] == pytest.approx(round(r2_treatment, 4), abs=5e-5)
    assert found[1] == pytest.approx(r2_outcome, abs=2e-4)


def test_a_confounder_at_the_robustness_value_takes_all():
    for q in (0.5, 1.0):
        value = robustness_value(T, DF, q=q)
        bias = bias_of_confounder(value, value, error=EFFECT / T, df=DF)
        assert bias == pytest.approx(q * EFFECT)
    assert robustness_value(0.5, 100, alpha=0.05) == 0


def test_a_hidden_confounder_of_known_strength():
    # The formula is exact for the omitted variable itself, whatever the data.
    random = np.random.default_rng(5)
    hidden, seen = random.normal(size=(2, 400))
    treated = (0.8 * hidden + 0.5 * seen + random.normal(size=400) > 0).astype(float)
    outcome = 1.0 * treated + 1.2 * hidden + seen + random.normal(size=400)

    def regress(columns, values):
        matrix = np.column_stack([np.ones(400), *columns])
        beta, (rest,), *_ = np.linalg.lstsq(matrix, values, rcond=None)
        df = 400 - matrix.shape[1]
        spread = rest / df * np.linalg.inv(matrix.T @ matrix)
        return beta, np.sqrt(np.diag(spread)), rest, df

    beta, error, rest, df = regress([treated, seen], outcome)
    full, wide, rest_full, _ = regress([treated, seen, hidden], outcome)
    *_, without, _ = regress([seen], treated)
    *_, with_it, _ = regress([seen, hidden], treated)
    strength = {"r2_treatment": 1 - with_it / without, "r2_outcome": 1 - rest_full / rest}
    left, new = adjust_for_confounder(beta[1], error[1], df, **strength)
    assert beta[1] > 1.8  # hidden bias
    assert left == pytest.approx(full[1])
    assert new == pytest.approx(wide[1])
    # As strong as it is, it is stronger than the robustness value of its own bias alone.
    assert min(strength.values()) > 0.1


#: Lead in the blood of 33 matched children: Rosenbaum (2002), section 4.3.
EXPOSED = [38, 23, 41, 18, 37, 36, 23, 62, 31, 34, 24, 14, 21, 17, 16, 20, 15, 10, 45, 39, 22]
EXPOSED += [35, 49, 48, 44, 35, 43, 39, 34, 13, 73, 25, 27]
CONTROL = [16, 18, 18, 24, 19, 11, 10, 15, 16, 18, 18, 13, 19, 10, 16, 16, 24, 13, 9, 14, 21]
CONTROL += [19, 7, 18, 19, 12, 11, 22, 25, 16, 13, 11, 13]
GAPS = np.array(EXPOSED) - np.array(CONTROL)


@pytest.mark.parametrize(
    ("gamma", "upper"), [(2, 0.0018), (3, 0.0136), (4, 0.0388), (4.25, 0.0468), (5, 0.0740)]
)
def test_lead_bounds(gamma, upper):
    lower, found = bound_signed_rank(GAPS, gamma=gamma)
    assert found == pytest.approx(upper, abs=5e-5)
    assert lower < 0.0001


def test_lead_ordinary_test_and_critical_gamma():
    lower, upper = bound_signed_rank(GAPS, gamma=1)
    assert lower == upper < 0.0001
    gamma = critical_gamma(GAPS)
    assert 4.25 < gamma < 4.5
    assert bound_signed_rank(GAPS, gamma=gamma)[1] == pytest.approx(0.05)
    assert critical_gamma(-GAPS) == pytest.approx(gamma)
    assert critical_gamma(np.array([1.0, -1, 2, -2, 0])) == 1.0


def test_e_values():
    # VanderWeele & Ding (2017): leukaemia .80 (.71, .91); breastfeeding 3.9 (1.8, 8.7).
    assert e_value(0.80) == pytest.approx(1.81, abs=5e-3)
    assert e_value(0.91) == pytest.approx(1.43, abs=5e-3)
    assert e_value(3.9) == pytest.approx(7.26, abs=5e-3)
    assert e_value(1.8) == pytest.approx(3.0, abs=5e-2)
    assert e_value(1) == 1
    assert e_value_of_difference(0, 2) == 1
    assert e_value_of_difference(-3, 2) == pytest.approx(e_value(np.exp(0.91 * 1.5)))


def test_refusals():
    with pytest.raises(SettingsError, match="q > 0"):
        robustness_value(2, 50, q=0)
    with pytest.raises(SettingsError, match="between 0 and 1"):
        bias_of_confounder(1.2, 0.1, error=1, df=10)
    with pytest.raises(ModelError, match="cannot exist"):
        bound_by_benchmark(0.6, 0.1)
    with pytest.raises(SettingsError, match="at least 1"):
        bound_signed_rank(GAPS, gamma=0.5)
    with pytest.raises(ModelError, match="nothing to rank"):
        bound_signed_rank(np.zeros(4), gamma=1)
    with pytest.raises(SettingsError, match="positive"):
        e_value(0)
    with pytest.raises(SettingsError, match="must be positive"):
        e_value_of_difference(1, 0)

"""Planned precision of customer values: simulated truth, the root law, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from crmstudy.checks import failed
from crmstudy.errors import ModelError
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.planning import (
    CDNOW,
    plan_value_precision,
    simulate_histories,
    value_of,
)
from crmstudy.value.purchasing.btyd import fit_bg_nbd

OPTIONS = {"weeks": (52.0,), "sizes": (800, 1600), "seed": 5}


@pytest.fixture(scope="module")
def plan():
    return plan_value_precision(precision=0.1, n_replicates=160, **OPTIONS)


def test_published_mean_spend():
    """Fader, Hardie & Lee (2005b): p 6.25, q 3.74, gamma 15.44 give a mean of 35.22."""
    assert CDNOW.mean_spend == pytest.approx(6.25 * 15.44 / 2.74)
    assert CDNOW.mean_spend == pytest.approx(35.2, abs=0.05)


def test_simulated_histories_recover_the_parameters():
    summary = simulate_histories(CDNOW, n=60_000, weeks=52.0, rng=np.random.default_rng(1))
    bought, spent = fit_bg_nbd(summary).estimates, fit_gamma_gamma(summary).estimates
    for estimates, names in ((bought, ("r", "alpha", "a", "b")), (spent, ("p", "q", "v"))):
        errors = np.sqrt(np.diag(estimates.covariance))
        for name, error in zip(names, errors, strict=True):
            assert abs(estimates[name] - getattr(CDNOW, name)) < 4 * error, name


def test_value_is_what_simulated_customers_bring_in():
    summary = simulate_histories(CDNOW, n=400_000, weeks=52.0, rng=np.random.default_rng(2))
    brought = np.nansum(summary.customers["repeat_purchases"] * summary.customers["mean_spend"])
    assert brought / 400_000 == pytest.approx(value_of(CDNOW, horizon=52.0), rel=0.02)


def test_half_width_covers_the_estimates_of_new_firms(plan):
    half = float(plan.rows["relative half width"].iloc[0])
    rng, true = np.random.default_rng(99), value_of(CDNOW, horizon=52.0)
    inside = 0
    for _ in range(100):
        summary = simulate_histories(CDNOW, n=800, weeks=52.0, rng=rng)
        try:
            spend = float(fit_gamma_gamma(summary).expected_spend(0, 0.0))
            found = float(fit_bg_nbd(summary).expected_purchases(52.0)) * spend
        except ModelError:
            continue
        inside += abs(np.log(found / true)) <= half
    assert inside >= 85


def test_estimates_are_hardly_biased(plan):
    assert plan.rows["bias"].abs().max() < 0.05


def test_half_width_falls_with_the_root_of_the_customers(plan):
    assert not failed(plan.checks)
    one = plan.needed.iloc[0]
    assert one["constant"] / np.sqrt(one["customers needed"]) == pytest.approx(0.1, rel=0.001)
    assert one["lower"] < one["customers needed"] < one["upper"]
    for row in plan.rows.to_dict("records"):
        assert row["lower"] < one["constant"] / np.sqrt(row["customers"]) < row["upper"]


def test_half_the_precision_takes_a_quarter_of_the_customers(plan):
    loose = plan_value_precision(precision=0.2, n_replicates=160, **OPTIONS)
    (many,), (few,) = plan.needed["customers needed"], loose.needed["customers needed"]
    assert few == pytest.approx(many / 4, abs=1)


def test_currency_does_not_matter():
    """Amounts in cents are the same firms: relative precision stays."""
    options = {"precision": 0.1, "n_replicates": 20, "weeks": (52.0,), "sizes": (600, 900)}
    cents = replace(CDNOW, v=100 * CDNOW.v)
    one, other = (plan_value_precision(firm, seed=3, **options) for firm in (CDNOW, cents))
    assert other.rows["relative half width"].to_numpy() == pytest.approx(
        one.rows["relative half width"].to_numpy(), rel=1e-3
    )


def test_same_seed_same_plan():
    options = {"precision": 0.1, "n_replicates": 20, **OPTIONS}
    one, other = (plan_value_precision(**options) for _ in range(2))
    assert one.table().equals(other.table())


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"precision": 0.0}, "precision lies between 0 and 1, found 0"),
        ({"sizes": (500,)}, "1 sizes and 20 firms"),
        ({"n_replicates": 3}, "3 firms: needed are"),
        ({"sizes": (20, 40)}, "too few simulated firms can be estimated"),
    ],
)
def test_impossible_plans_are_refused(changed, message):
    with pytest.raises(ModelError, match=message):
        plan_value_precision(**{"precision": 0.1, "n_replicates": 20, **OPTIONS, **changed})

"""A/B tests, panels, widths and concentration: formulas, simulated truth, laws."""

import math

import numpy as np
import pytest

from crmstudy.design.planning.concentration import (
    lognormal_sigma,
    power_of_concentration,
    share_variance,
)
from crmstudy.design.planning.experiment import (
    correct_for_clusters,
    correct_for_covariate,
    plan_experiment,
)
from crmstudy.design.planning.panel import panel_factor, plan_panel
from crmstudy.design.planning.widths import (
    find_n_of_mean,
    find_n_of_share,
    plan_expert_panel,
    plan_widths,
    wilson_half,
)
from crmstudy.errors import ModelError, NotAvailable


def test_plain_experiment_is_rs_power_prop_test():
    """power.prop.test(p1 = .1, p2 = .13, power = .8): 1773.98, tests/reference/two_shares."""
    plan = plan_experiment(base=0.1, lift=0.3, correlation=0.0)
    assert plan.to_metrics()["customers_plain"] == 1774


def test_covariate_saves_the_variance_that_it_explains():
    rng, rho = np.random.default_rng(3), 0.6
    before = rng.standard_normal(200_000)
    after = rho * before + math.sqrt(1 - rho**2) * rng.standard_normal(before.size)
    slope = np.cov(before, after)[0, 1] / before.var()
    left = (after - slope * before).var() / after.var()
    assert correct_for_covariate(100_000, correlation=rho) == pytest.approx(
        left * 100_000, rel=0.01
    )
    assert correct_for_covariate(777, correlation=0.0) == 777


def test_design_effect_is_the_variance_of_drawn_clusters():
    rng, size, icc, n = np.random.default_rng(5), 20, 0.05, 400
    shop = rng.standard_normal((4000, n // size, 1)) * math.sqrt(icc)
    each = rng.standard_normal((4000, n // size, size)) * math.sqrt(1 - icc)
    ratio = (shop + each).mean(axis=(1, 2)).var() * n
    assert correct_for_clusters(10_000, size=size, likeness=icc) / 10_000 == pytest.approx(
        ratio, rel=0.07
    )
    assert correct_for_clusters(777, size=1, likeness=0.9) == 777


def test_days_are_customers_over_traffic():
    table = plan_experiment(base=0.1, lift=0.3, correlation=0.0, traffic=(1000,)).table()
    assert table["days at 1,000 a day"].iloc[0] == 4  # 3,548 customers


def test_a_share_beyond_one_cannot_be_planned():
    absent = plan_experiment(base=0.6, lift=1.0, correlation=0.0)
    assert isinstance(absent, NotAvailable)
    assert "shares end at 1" in absent.reason


@pytest.mark.parametrize(("m", "r", "rho"), [(1, 1, 0.5), (4, 1, 0.3), (3, 2, 0.7)])
def test_panel_factors_are_the_published_formulas(m, r, rho):
    """Frison & Pocock (1992), compound symmetry: post, change, analysis of covariance."""
    post = (1 + (r - 1) * rho) / r
    change = (1 - rho) * (1 / m + 1 / r)
    ancova = post - m * rho**2 / (1 + (m - 1) * rho)
    for way, formula in (("after", post), ("differences", change), ("covariance", ancova)):
        found = panel_factor(way, n_before=m, n_after=r, correlation=rho)
        assert found == pytest.approx(formula, rel=1e-12)


def test_fading_panel_factor_is_what_drawn_panels_show():
    rng, rho, m, r = np.random.default_rng(11), 0.6, 3, 2
    place = np.arange(m + r)
    root = np.linalg.cholesky(rho ** np.abs(place[:, None] - place))
    drawn = rng.standard_normal((200_000, m + r)) @ root.T
    change = drawn[:, m:].mean(axis=1) - drawn[:, :m].mean(axis=1)
    found = panel_factor(
        "differences", n_before=m, n_after=r, correlation=rho, decay="autoregressive"
    )
    assert found == pytest.approx(change.var(), rel=0.02)


def test_covariance_is_never_worse_and_a_strong_correlation_helps():
    weak, strong = (plan_panel(difference=0.2, correlation=rho) for rho in (0.2, 0.8))
    for plan in (weak, strong):
        assert plan.customers("covariance") <= plan.customers("differences")
        assert plan.customers("covariance") <= plan.customers("after")
    assert strong.customers() < weak.customers()
    assert plan_panel(difference=0.2, correlation=0.0).customers("covariance") == 394


def test_mean_and_share_have_the_widths_wanted():
    """Cochran (1977): n = (1.96 / .1)^2 = 384.1; Wilson's own width on either side of n."""
    assert find_n_of_mean(0.1) == 385
    for share in (0.0, 0.1, 0.5, 0.9):
        for half in (0.02, 0.05, 0.2):
            n = find_n_of_share(half, share)
            assert wilson_half(n, share) <= half + 1e-12
            assert n == 1 or wilson_half(n - 1, share) > half
            assert n == find_n_of_share(half, 1 - share)


def test_wilson_half_width_is_that_of_statsmodels():
    from statsmodels.stats.proportion import proportion_confint

    lower, upper = proportion_confint(30, 120, method="wilson")
    assert wilson_half(120, 0.25) == pytest.approx((upper - lower) / 2, abs=1e-12)
    assert plan_widths()["n"].iloc[0] == 385


def test_no_formula_for_experts_is_said():
    assert "no formula" in plan_expert_panel().reason


def test_share_of_the_largest_fifth_varies_as_drawn_firms_show():
    rng, share, n = np.random.default_rng(2), 0.55, 2000
    revenue = np.sort(rng.lognormal(0, lognormal_sigma(share), (4000, n)), axis=1)
    drawn = revenue[:, -n // 5 :].sum(axis=1) / revenue.sum(axis=1)
    assert drawn.mean() == pytest.approx(share, abs=0.002)
    assert drawn.var() * n == pytest.approx(share_variance(share), rel=0.08)


def test_concentration_has_the_level_where_null_is_true():
    assert power_of_concentration(500, share=0.55, null=0.55) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: correct_for_covariate(9, correlation=1.0), "between -1 and 1, found 1"),
        (lambda: correct_for_clusters(9, size=0.5, likeness=0.1), "clusters of 0.5"),
        (lambda: panel_factor("before", n_before=1, n_after=1, correlation=0.1), "unknown compar"),
        (lambda: panel_factor("after", n_before=0, n_after=1, correlation=0.1), "1 period at leas"),
        (lambda: find_n_of_mean(0.0), "half width 0"),
        (lambda: find_n_of_share(0.1, 1.2), "a share lies between 0 and 1, found 1.2"),
        (lambda: lognormal_sigma(0.1), "the largest 20% hold between 0.2 and 1, found 0.1"),
        (lambda: power_of_concentration(1, share=0.6), "2 customers at least, found 1"),
    ],
)
def test_impossible_plans_are_refused(call, message):
    with pytest.raises(ModelError, match=message):
        call()

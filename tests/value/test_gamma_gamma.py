"""Gamma-Gamma: published numbers, the model's definition, recovery, laws, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution
from scipy.stats import pearsonr

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value import GammaGammaResult, fit_gamma_gamma
from crmstudy.value.lifetime.gamma_gamma import GammaGammaLikelihood


@pytest.fixture(scope="module")
def spend(cdnow) -> GammaGammaResult:
    return fit_gamma_gamma(cdnow)


def simulate_spend(rng, n: int, p: float, q: float, v: float):
    """Purchases, mean spend and the true mean of each customer."""
    x = rng.geometric(0.35, n).astype(float)
    rate = rng.gamma(q, 1 / v, n)
    return x, rng.gamma(p * x, 1 / rate) / x, p / rate


# --- published ---------------------------------------------------------------------------


def test_cdnow_gives_the_published_estimates(spend):
    """Fader & Hardie (2013), note 025: 946 customers with a repeat purchase."""
    assert spend.estimates.n == 946
    for name, published in {"p": 6.25, "q": 3.74, "v": 15.44}.items():
        assert spend.estimates[name] == pytest.approx(published, abs=0.005)


def test_cdnow_agrees_with_another_engine(spend):
    np.testing.assert_allclose(spend.estimates.values, [6.249569, 3.744225, 15.443533], rtol=1e-6)
    assert spend.estimates.log_likelihood == pytest.approx(-4055.917695, abs=5e-7)


def test_first_ten_customers_of_the_note(spend, cdnow):
    """Fader & Hardie (2013), note 025: conditional expected spend."""
    frame = cdnow.customers.head(10)
    found = spend.expected_spend(frame["priced_purchases"], frame["mean_spend"])
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    np.testing.assert_allclose(found, published, atol=0.005)


def test_free_purchases_in_cdnow_are_first_purchases(cdnow_transactions, cdnow, spend):
    """So the rule for them (counted as purchases, fitted if the mean is positive) costs nobody."""
    free = cdnow_transactions[cdnow_transactions["revenue"] == 0]
    first = cdnow_transactions.groupby("customer_id")["ordered_at"].min()
    assert len(free) == 8
    assert (free["ordered_at"].to_numpy() == first[free["customer_id"]].to_numpy()).all()
    assert spend.excluded == 0


def test_a_customer_with_free_repeats_only_is_left_out_and_counted(cdnow_master):
    result = fit_gamma_gamma(cdnow_master)
    assert result.excluded == 1
    assert result.estimates.n == (cdnow_master.x > 0).sum() - 1


# --- the model's definition ----------------------------------------------------------------


@pytest.mark.parametrize(("x", "mean"), [(1, 12.0), (3, 40.0), (25, 300.0)])
def test_likelihood_is_the_mixture_over_customers(x, mean):
    p, q, v = 6.25, 3.74, 15.44

    def individual(rate: float) -> float:
        of_mean = gamma_distribution.pdf(mean, p * x, scale=1 / (rate * x))
        return of_mean * gamma_distribution.pdf(rate, q, scale=1 / v)

    expected = quad(individual, 0, 5, points=[p / mean], epsabs=0, epsrel=1e-10, limit=200)[0]
    likelihood = GammaGammaLikelihood(np.array([float(x)]), np.array([mean]))
    assert likelihood(np.array([p, q, v]))[0] == pytest.approx(np.log(expected), abs=1e-8)


@pytest.mark.parametrize("factors", [(1, 1, 1), (4, 0.3, 0.2), (0.1, 6, 9)])
def test_derivatives_are_those_of_the_likelihood(factors):
    likelihood = GammaGammaLikelihood(
        np.array([1.0, 1, 2, 7, 900]), np.array([0.5, 8, 30, 200, 11])
    )
    values = np.array([6.25, 3.74, 15.44]) * factors
    _, gradient, hessian = likelihood(values)
    for i, step in enumerate(np.diag(values * 1e-5)):
        up, down = likelihood(values + step), likelihood(values - step)
        width = 2 * step[i]
        assert (up[0] - down[0]) / width == pytest.approx(gradient[i], rel=1e-6, abs=1e-5)
        np.testing.assert_allclose((up[1] - down[1]) / width, hessian[i], rtol=1e-6, atol=1e-6)


def test_expected_spend_is_right_on_average(spend):
    """Bayes: within any group chosen by the data, the mean error is zero."""
    rng = np.random.default_rng(3)
    p, q, v = 6.25, 3.74, 15.44
    x, mean, truth = simulate_spend(rng, 200_000, p, q, v)
    known = replace(spend, estimates=replace(spend.estimates, values=np.array([p, q, v])))
    error = truth - known.expected_spend(x, mean)
    for low, high in pairwise(np.quantile(mean, [0, 0.1, 0.5, 0.9, 1])):
        for count in (1, 2, 5):
            chosen = error[(mean >= low) & (mean <= high) & (x == count)]
            assert abs(chosen.mean()) < 4 * chosen.std() / np.sqrt(chosen.size)


# --- recovery and laws -----------------------------------------------------------------------


def test_intervals_cover_the_truth(summary_of):
    truth, draws, covered = np.array([5.0, 4.0, 20.0]), 150, np.zeros(3)
    for rng in map(np.random.default_rng, np.random.SeedSequence(8).spawn(draws)):
        x, mean, _ = simulate_spend(rng, 1500, *truth)
        lower, upper = fit_gamma_gamma(summary_of(x, 1.0, 9.0, mean)).estimates.interval()
        covered += (lower < truth) & (truth < upper)
    assert (covered >= 133).all()  # 142.5 expected, standard deviation 2.7
    assert covered.sum() / (3 * draws) < 0.985


def test_another_currency_changes_v_only(spend, cdnow):
    frame = cdnow.customers.assign(mean_spend=7.8 * cdnow.customers["mean_spend"])
    other = fit_gamma_gamma(replace(cdnow, customers=frame))
    np.testing.assert_allclose(other.estimates.values, spend.estimates.values * [1, 1, 7.8])
    np.testing.assert_allclose(
        other.expected_spend([0, 4], [np.nan, 78.0]), 7.8 * spend.expected_spend([0, 4], [0, 10.0])
    )


def test_the_order_of_customers_does_not_matter(spend, cdnow):
    shuffled = replace(cdnow, customers=cdnow.customers.sample(frac=1, random_state=4))
    np.testing.assert_allclose(
        fit_gamma_gamma(shuffled).estimates.values, spend.estimates.values, rtol=1e-8
    )


def test_many_purchases_speak_for_themselves(spend):
    p, q, v = spend.estimates.values
    assert spend.expected_spend(0, np.nan) == pytest.approx(p * v / (q - 1))
    assert spend.expected_spend(10**8, 99.0) == pytest.approx(99.0, rel=1e-6)
    assert 35.2 < spend.expected_spend(1, 99.0) < 99.0


def test_independence_is_tested_as_scipy_does(spend, cdnow):
    frame = cdnow.customers[cdnow.x > 0]
    correlation, p_value = pearsonr(frame["repeat_purchases"], frame["mean_spend"])
    assert spend.correlation == pytest.approx(correlation)
    assert spend.independence.p_value == pytest.approx(p_value)
    assert spend.independence.distribution == "t(944)"


def test_dependence_is_noticed(summary_of):
    rng = np.random.default_rng(12)
    x, mean, _ = simulate_spend(rng, 2000, 5.0, 4.0, 20.0)
    independent = fit_gamma_gamma(summary_of(x, 1.0, 9.0, mean))
    dependent = fit_gamma_gamma(summary_of(x, 1.0, 9.0, mean * np.sqrt(x)))
    assert independent.checks[-1].passed
    assert not dependent.checks[-1].passed


def test_results_print_their_units(spend):
    assert spend.table()["unit"].tolist() == ["none", "none", "currency"]
    metrics = spend.to_metrics()
    assert {"p", "q", "v", "log_likelihood", "n", "frequency_spend_correlation"} <= set(metrics)
    assert all(type(value) in (int, float) for value in metrics.values())


# --- refusals --------------------------------------------------------------------------------


def test_unknown_amounts_are_refused(summary_of):
    with pytest.raises(ModelError, match="no repeat purchase has a known amount"):
        fit_gamma_gamma(summary_of(np.ones(50), 1.0, 9.0))


def test_too_few_spenders_are_refused(summary_of):
    with pytest.raises(ModelError, match=r"too few customers with .* known amount: 5 "):
        fit_gamma_gamma(summary_of(np.ones(5), 1.0, 9.0, np.arange(1.0, 6.0)))


def test_equal_spend_is_refused(summary_of):
    with pytest.raises(ModelError, match="every customer spends the same"):
        fit_gamma_gamma(summary_of(np.ones(50), 1.0, 9.0, 20.0))


def test_customers_who_do_not_differ_are_refused(summary_of):
    """Amounts of one gamma distribution: q and v run off together."""
    rng = np.random.default_rng(1)
    x = rng.geometric(0.3, 3000).astype(float)
    with pytest.raises(ModelError, match=r"runs to|do not determine"):
        fit_gamma_gamma(summary_of(x, 1.0, 9.0, rng.gamma(5 * x, 4.0) / x))


def test_an_infinite_mean_is_refused_and_checked(spend):
    heavy = replace(spend, estimates=replace(spend.estimates, values=np.array([6.0, 0.8, 15.0])))
    assert not heavy.checks[-2].passed
    assert np.isfinite(heavy.expected_spend(1, 20.0))
    with pytest.raises(ModelError, match="spend of new customers is infinite"):
        heavy.expected_spend(0, np.nan)


def test_an_absent_summary_is_passed_on():
    absent = NotAvailable("no transactions")
    assert fit_gamma_gamma(absent) is absent

"""Gamma-Gamma: published numbers, the model's definition, recovery, laws, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution
from scipy.stats import kstest, pearsonr, spearmanr

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.lifetime.gamma_gamma import (
    GammaGammaLikelihood,
    GammaGammaResult,
    _independence,
    fit_gamma_gamma,
)
from crmstudy.value.lifetime.independence import (
    PEARSON,
    RANKS,
    WEIGHTED,
    WITHOUT_ONE,
    examine_independence,
    leave_one_out,
)
from crmstudy.value.lifetime.spend_fit import compare_spend, expected_below


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


# --- independence ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def independence(spend, cdnow):
    return examine_independence(spend, cdnow, seed=3, n_replicates=100)


def test_leaving_one_out_is_what_it_says():
    rng = np.random.default_rng(5)
    x, mean = rng.geometric(0.3, 30).astype(float), rng.gamma(2, 10, 30)
    others = [np.arange(30) != i for i in range(30)]
    expected = [np.corrcoef(x[rows], mean[rows])[0, 1] for rows in others]
    np.testing.assert_allclose(leave_one_out(x, mean), expected, rtol=1e-10)


def test_others_who_do_not_differ_correlate_by_nothing():
    assert leave_one_out(np.array([1.0, 1, 1, 5]), np.array([3.0, 4, 5, 9]))[3] == 0
    assert (leave_one_out(np.ones(4), np.arange(1.0, 5)) == 0).all()


def test_one_customer_decides_on_cdnow(independence, cdnow, spend):
    """The study's reference: .114, and .057 without one customer."""
    assert independence.found(PEARSON) == pytest.approx(spend.correlation)
    assert independence.found(PEARSON) == pytest.approx(0.114, abs=5e-4)
    assert independence.found(WITHOUT_ONE) == pytest.approx(0.057, abs=5e-4)
    assert not independence.checks[0].passed
    frame = cdnow.customers[cdnow.x > 0]
    ranks = spearmanr(frame["repeat_purchases"], frame["mean_spend"]).statistic
    assert independence.found(RANKS) == pytest.approx(ranks)
    rest = frame[frame["customer_id"] != independence.most_influential]
    assert rest["repeat_purchases"].corr(rest["mean_spend"]) == pytest.approx(
        independence.found(WITHOUT_ONE)
    )


def test_ranks_correlate_although_spend_is_independent(summary_of):
    """Why the rank correlation alone decides nothing: its middle under the model is not 0."""
    rng = np.random.default_rng(21)
    x, mean, _ = simulate_spend(rng, 4000, 1.5, 6.0, 60.0)
    summary = summary_of(x, 1.0, 9.0, mean)
    found = examine_independence(fit_gamma_gamma(summary), summary, seed=1, n_replicates=100)
    rows = found.table().set_index("measure")
    assert rows.loc[RANKS, "95% lower"] > 0.02
    assert (rows["p"] > 0.01).all()
    assert found.checks[0].passed


def test_spend_that_grows_with_frequency_is_seen(summary_of):
    rng = np.random.default_rng(12)
    x, mean, _ = simulate_spend(rng, 2000, 5.0, 4.0, 20.0)
    summary = summary_of(x, 1.0, 9.0, mean * x**0.3)
    found = examine_independence(fit_gamma_gamma(summary), summary, seed=1, n_replicates=100)
    rows = found.table().set_index("measure")
    assert rows.loc[[RANKS, WEIGHTED], "p"].max() < 0.02
    assert found.found(WEIGHTED) > 1.1


def test_data_of_the_model_are_seldom_found_dependent(summary_of):
    """p-values of 60 samples of independent spend: about one in twenty is below .05."""
    found = []
    for rng in map(np.random.default_rng, np.random.SeedSequence(31).spawn(60)):
        x, mean, _ = simulate_spend(rng, 400, 5.0, 4.0, 20.0)
        summary = summary_of(x, 1.0, 9.0, mean)
        examined = examine_independence(fit_gamma_gamma(summary), summary, seed=1, n_replicates=60)
        found.append(examined.table()["p"])
    rejected = (np.array(found) < 0.05).sum(axis=0)
    assert (rejected <= 9).all()  # 3 expected, standard deviation 1.7
    assert np.array(found).mean() == pytest.approx(0.5, abs=0.12)


def test_independence_does_not_depend_on_order_or_luck(independence, spend, cdnow):
    shuffled = replace(cdnow, customers=cdnow.customers.sample(frac=1, random_state=4))
    again = examine_independence(spend, shuffled, seed=3, n_replicates=100)
    assert again.table().equals(independence.table())
    other = examine_independence(spend, cdnow, seed=4, n_replicates=100)
    assert not other.table()["95% lower"].equals(independence.table()["95% lower"])
    metrics = independence.to_metrics()
    assert metrics["correlation_lowest"] < metrics["correlation"] < metrics["correlation_highest"]


def test_equal_numbers_of_purchases_have_no_correlation(summary_of):
    rng = np.random.default_rng(2)
    summary = summary_of(np.full(200, 3.0), 1.0, 9.0, rng.gamma(15, 1 / rng.gamma(4, 1 / 20, 200)))
    found = examine_independence(fit_gamma_gamma(summary), summary, seed=1, n_replicates=20)
    assert found.found(PEARSON) == found.found(RANKS) == 0
    assert found.found(WEIGHTED) == pytest.approx(1)


# --- fit -------------------------------------------------------------------------------------


def test_expected_shares_are_those_of_simulated_customers(spend):
    rng = np.random.default_rng(9)
    p, q, v = spend.estimates.values
    x, mean, _ = simulate_spend(rng, 200_000, p, q, v)
    amounts = np.array([0.0, 10.0, 25.0, 60.0, 150.0])
    found = expected_below(spend, x, amounts)
    assert found[0] == 0
    np.testing.assert_allclose(found, [(mean <= one).mean() for one in amounts], atol=0.005)


def test_classes_hold_everybody_but_those_beyond(spend, cdnow):
    fit = compare_spend(spend, cdnow)
    table = fit.table()
    assert table["observed"].sum() == pytest.approx(1 - fit.beyond / fit.n)
    assert (table["from"].iloc[1:].to_numpy() == table["to"].iloc[:-1].to_numpy()).all()
    assert fit.n == 946
    assert table["expected"].sum() < 1


@pytest.mark.parametrize("factor", [1.0, 0.3, 3.0])
def test_the_distance_is_kolmogorovs(spend, cdnow, summary_of, factor):
    """On either side of the steps: few customers, and spend above or below the model's."""
    frame = cdnow.customers[cdnow.x > 0].head(946 if factor == 1 else 15)
    x, mean = frame["priced_purchases"].to_numpy(float), factor * frame["mean_spend"].to_numpy()
    statistic = kstest(mean, lambda at: expected_below(spend, x, np.asarray(at))).statistic
    found = compare_spend(spend, summary_of(x, 1.0, 9.0, mean)).largest_distance
    assert found == pytest.approx(statistic, abs=1e-9)


def test_data_of_the_model_fit_it(summary_of):
    rng = np.random.default_rng(6)
    x, mean, _ = simulate_spend(rng, 5000, 5.0, 4.0, 20.0)
    summary = summary_of(x, 1.0, 9.0, mean)
    assert compare_spend(fit_gamma_gamma(summary), summary).largest_distance < 0.02
    two_kinds = summary_of(x, 1.0, 9.0, np.where(rng.random(5000) < 0.5, mean, mean + 500))
    assert compare_spend(fit_gamma_gamma(two_kinds), two_kinds).largest_distance > 0.1


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


def test_spend_that_hangs_on_frequency_without_fail_is_still_tested():
    x = np.arange(1.0, 41.0)
    correlation, independence = _independence(x, 10 * x)
    assert correlation == pytest.approx(1)
    assert independence.p_value < 1e-12


def test_an_absent_summary_is_passed_on():
    absent = NotAvailable("no transactions")
    assert fit_gamma_gamma(absent) is absent
    assert compare_spend(absent, absent) is absent
    assert examine_independence(absent, absent, seed=1) is absent

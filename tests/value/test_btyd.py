"""BG/NBD, MBG/NBD and Pareto/NBD: published numbers, the models' definitions, recovery, laws."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit, gammaln, hyp2f1
from scipy.stats import beta as beta_distribution
from scipy.stats import gamma as gamma_distribution

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.histories.purchases import PurchaseSummary, summarise_purchases
from crmstudy.value.purchasing import bg_nbd, mbg_nbd, pareto_nbd
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd

FITS = {"bg_nbd": fit_bg_nbd, "mbg_nbd": fit_mbg_nbd, "pareto_nbd": fit_pareto_nbd}
LIKELIHOODS = {
    "bg_nbd": bg_nbd.BgNbdLikelihood,
    "mbg_nbd": mbg_nbd.MbgNbdLikelihood,
    "pareto_nbd": pareto_nbd.ParetoNbdLikelihood,
}
CDNOW = {
    "bg_nbd": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426},
    "mbg_nbd": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614},
    "pareto_nbd": {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669},
}
HISTORIES = [(0, 0.0, 38.9), (1, 0.3, 27.0), (2, 30.4, 38.9), (7, 12.0, 39.0), (29, 38.0, 38.0)]

each = pytest.mark.parametrize("name", list(FITS))


def one(value: float) -> np.ndarray:
    return np.array([value], dtype=float)


def log_likelihood(name: str, history: tuple[float, float, float], parameters) -> float:
    x, t_x, T = history
    model = LIKELIHOODS[name](one(x), one(t_x), one(T), one(1))
    return model(np.array(list(parameters.values())))[0]


# --- published ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "log_likelihood"), [("bg_nbd", -9582.4), ("pareto_nbd", -9595.0)])
def test_cdnow_sample_gives_the_published_estimates(cdnow, name, log_likelihood):
    """Fader, Hardie & Lee (2005), Marketing Science 24(2), table 2."""
    result = FITS[name](cdnow)
    for parameter, published in CDNOW[name].items():
        assert result.estimates[parameter] == pytest.approx(published, abs=0.0005)
    assert result.estimates.log_likelihood == pytest.approx(log_likelihood, abs=0.05)


def test_expected_purchases_are_those_of_the_spreadsheet(bg_nbd):
    """Fader, Hardie & Lee (2005), implementing the BG/NBD model in Excel (note 004).

    Its last value, 1.8576 in 78 weeks, is not here: the sheet sums 150 terms of the series,
    which come to 1.8576, and all of them to 1.8580.
    """
    days = np.array([1, 7, 21, 223, 224])
    published = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437]
    np.testing.assert_allclose(bg_nbd.expected_purchases(days / 7), published, atol=5e-5)
    ahead = bg_nbd.conditional_expected_purchases(2, 30.43, 38.86, 39)
    assert ahead == pytest.approx(1.226, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "values", "log_likelihood"),
    [
        ("bg_nbd", [0.24259453, 4.41360239, 0.79292205, 2.42590692], -9582.429207),
        ("pareto_nbd", [0.553277, 10.577684, 0.606240, 11.668740], -9594.976179),
    ],
)
def test_cdnow_sample_agrees_with_another_engine(cdnow, name, values, log_likelihood):
    """Computed from the same raw log by independent programs."""
    result = FITS[name](cdnow)
    np.testing.assert_allclose(result.estimates.values, values, rtol=1e-6)
    assert result.estimates.log_likelihood == pytest.approx(log_likelihood, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "values", "log_likelihood"),
    [
        ("bg_nbd", [0.251624, 4.788943, 0.723434, 2.161088], -95368.44393),
        ("pareto_nbd", [0.597420, 11.585658, 0.522186, 8.827758], -95415.11862),
    ],
)
def test_cdnow_master_agrees_with_another_engine(cdnow_master, name, values, log_likelihood):
    result = FITS[name](cdnow_master)
    np.testing.assert_allclose(result.estimates.values, values, rtol=1e-6)
    assert result.estimates.log_likelihood == pytest.approx(log_likelihood, abs=5e-6)


@pytest.mark.parametrize(
    ("name", "published", "tolerance"),
    [
        ("bg_nbd", [1.444004, 25.75659, 0.9688523], [5e-7, 5e-6, 5e-8]),
        ("pareto_nbd", [1.473434, 25.45647, 0.997874], [5e-7, 5e-6, 5e-7]),
    ],
)
def test_predictions_of_the_btyd_walkthrough(
    cdnow, predict_1516, move_to_published, name, published, tolerance
):
    """BTYD walkthrough 2.4.3: E[X(52)] of a new customer, and customer 1516's next year.

    At our maximum they come out to 5e-5. The walkthrough's own estimates lie next to it:
    at a point whose log-likelihood is less than 1e-5 below the maximum (it prints three
    decimals of -9582.429 and -9594.976) all three come out to the last printed digit.
    """
    result = FITS[name](cdnow)
    np.testing.assert_allclose(predict_1516(result), published, rtol=6e-5)
    moved, deficit = move_to_published(result, published)
    assert 0 <= deficit < 1e-5
    assert (np.abs(predict_1516(moved) - published) < tolerance).all()


# --- the models' definitions ---------------------------------------------------------------


def mean_over(density, function, to_value, slope) -> float:
    """Expectation by the trapezoidal rule over the whole line, after a change of variable."""
    u = np.linspace(-200, 20, 44_001)
    value = to_value(u)
    return float(np.trapezoid(function(value) * density(value) * slope(value), u))


@pytest.mark.parametrize("history", HISTORIES)
def test_bg_nbd_likelihood_is_the_mixture_of_the_individual_one(history):
    """Integrate Poisson purchases and geometric dropout over gamma and beta numerically."""
    x, t_x, T = history
    r, alpha, a, b = CDNOW["bg_nbd"].values()

    def over_rates(function) -> float:
        density = gamma_distribution(r, scale=1 / alpha).pdf
        return mean_over(density, function, np.exp, lambda rate: rate)

    def over_dropout(function) -> float:
        density = beta_distribution(a, b).pdf
        return mean_over(density, function, expit, lambda p: p * (1 - p))

    stays = over_rates(lambda rate: rate**x * np.exp(-rate * T)) * over_dropout(
        lambda p: (1 - p) ** x
    )
    leaves = over_rates(lambda rate: rate**x * np.exp(-rate * t_x)) * over_dropout(
        lambda p: p * (1 - p) ** (x - 1) if x else 0 * p
    )
    found = log_likelihood("bg_nbd", history, CDNOW["bg_nbd"])
    assert found == pytest.approx(np.log(stays + leaves), abs=1e-9)


@pytest.mark.parametrize("history", HISTORIES)
def test_pareto_nbd_likelihood_is_the_mixture_of_the_individual_one(history):
    """Integrate over the time of leaving with SciPy, and compare with the published form."""
    x, t_x, T = history
    r, alpha, s, beta = CDNOW["pareto_nbd"].values()
    scale = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
    active = (alpha + T) ** -(r + x) * (beta + T) ** -s
    left = quad(
        lambda u: s * (alpha + u) ** -(r + x) * (beta + u) ** -(s + 1),
        t_x,
        T,
        epsabs=0,
        epsrel=1e-12,
    )[0]
    found = log_likelihood("pareto_nbd", history, CDNOW["pareto_nbd"])
    assert found == pytest.approx(scale + np.log(active + left), abs=1e-10)
    # Fader & Hardie (2005, note 009), equation for beta >= alpha.
    c = r + s + x

    def term(time: float) -> float:
        z = (beta - alpha) / (beta + time)
        return hyp2f1(c, r + x, c + 1, z) / (beta + time) ** c

    published = scale + np.log(active + s / c * (term(t_x) - term(T)))
    assert found == pytest.approx(published, abs=1e-8)
    alive = pareto_nbd.probability_alive(one(x), one(t_x), one(T), **CDNOW["pareto_nbd"])
    assert alive == pytest.approx(active / (active + left), rel=1e-10)


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize(
    "parameters", [(0.5, 20.0, 0.6, 0.02), (0.5, 0.02, 0.6, 20.0), (4.0, 3.0, 25.0, 300.0)]
)
def test_pareto_nbd_likelihood_is_exact_when_the_two_time_scales_differ(history, parameters):
    x, t_x, T = history
    r, alpha, s, beta = parameters

    def integrand(log_time: float) -> float:  # over the log of the time since t_x
        gap = np.exp(log_time)
        u = t_x + gap
        return s * gap * (alpha + u) ** -(r + x) * (beta + u) ** -(s + 1)

    left = sum(
        quad(integrand, low, high, epsabs=0, epsrel=1e-11, limit=200)[0]
        for low, high in pairwise(np.linspace(-45, np.log(max(T - t_x, 1e-19)), 12))
    )
    active = (alpha + T) ** -(r + x) * (beta + T) ** -s
    alive = pareto_nbd.probability_alive(one(x), one(t_x), one(T), r=r, alpha=alpha, s=s, beta=beta)
    assert alive == pytest.approx(active / (active + left), rel=1e-8)


@each
@pytest.mark.parametrize("factors", [(1, 1, 1, 1), (3, 0.2, 5, 0.5), (0.1, 8, 0.1, 10)])
def test_derivatives_are_those_of_the_likelihood(name, factors):
    x, t_x, T = np.array([*HISTORIES, (800, 39.0, 39.5), (3, 5.0, 5.0), (0, 0.0, 0.0)]).T
    likelihood = LIKELIHOODS[name](x, t_x, T, np.arange(1, x.size + 1))
    values = np.array(list(CDNOW[name].values())) * factors
    _, gradient, hessian = likelihood(values)
    for i, step in enumerate(np.diag(values * 1e-5)):
        up, down = likelihood(values + step), likelihood(values - step)
        width = 2 * step[i]
        assert (up[0] - down[0]) / width == pytest.approx(gradient[i], rel=1e-6, abs=1e-6)
        np.testing.assert_allclose((up[1] - down[1]) / width, hessian[i], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(hessian, hessian.T)


bg_parameters = st.fixed_dictionaries(
    {
        "r": st.floats(0.05, 5),
        "alpha": st.floats(0.2, 50),
        "a": st.one_of(st.floats(0.05, 0.999), st.floats(1.001, 10)),
        "b": st.floats(0.3, 30),
    }
)


@settings(deadline=None, max_examples=200)
@given(
    parameters=bg_parameters,
    x=st.integers(0, 60),
    T=st.floats(0, 100),
    t=st.floats(0.01, 200),
    share=st.floats(0, 1),
)
def test_bg_nbd_expectation_is_equation_10(parameters, x, T, t, share):
    """Fader, Hardie & Lee (2005), equation (10); with x = T = 0 it is equation (9)."""
    r, alpha, a, b = (parameters[name] for name in ("r", "alpha", "a", "b"))
    t_x = share * T if x else 0.0
    z = t / (alpha + T + t)
    with np.errstate(all="ignore"):  # the published form overflows for some parameters
        series = hyp2f1(r + x, b + x, a + b + x - 1, z)
        gain = (a + b + x - 1) / (a - 1) * (1 - ((alpha + T) / (alpha + T + t)) ** (r + x) * series)
    left = (x > 0) * a / (b + max(x, 1) - 1) * ((alpha + T) / (alpha + t_x)) ** (r + x)
    arguments = one(x), one(T), one(t)
    found = bg_nbd.purchases_while_alive(*arguments, **parameters)
    if np.isfinite(gain) and abs(a + b + x - 1) > 1e-3:
        assert found == pytest.approx(gain, rel=1e-6, abs=1e-9)
    alive = bg_nbd.probability_alive(one(x), one(t_x), one(T), **parameters)
    assert alive == pytest.approx(1 / (1 + left), rel=1e-10)


@settings(deadline=None, max_examples=100)
@given(
    r=st.floats(0.05, 5),
    alpha=st.floats(0.2, 50),
    s=st.one_of(st.floats(0.05, 0.999), st.floats(1.001, 10)),
    beta=st.floats(0.2, 100),
    x=st.integers(0, 60),
    T=st.floats(0, 100),
    t=st.floats(0.01, 200),
)
def test_pareto_nbd_expectation_is_the_published_one(r, alpha, s, beta, x, T, t):
    """Schmittlein, Morrison & Colombo (1987), equation (22), for an active customer."""
    ratio = (beta + T) / (beta + T + t)
    gain = (r + x) * (beta + T) / ((alpha + T) * (s - 1)) * (1 - ratio ** (s - 1))
    found = pareto_nbd.purchases_while_alive(
        one(x), one(T), one(t), r=r, alpha=alpha, s=s, beta=beta
    )
    assert found == pytest.approx(gain, rel=1e-9)


def test_bg_nbd_forecasts_simulated_customers(simulate):
    """At the true parameters the forecast is right on average, for each past frequency."""
    rng = np.random.default_rng(20250304)
    n, truth = 200_000, {"r": 0.6, "alpha": 5.0, "a": 0.8, "b": 2.5}
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    age = rng.uniform(20, 40, n)
    x, t_x, later, active = simulate(rng, rate, age, dropout=rng.beta(0.8, 2.5, n), ahead=30)
    alive = bg_nbd.probability_alive(x, t_x, age, **truth)
    expected = alive * bg_nbd.purchases_while_alive(x, age, np.full(n, 30.0), **truth)
    check_forecast(x, later - expected)
    check_forecast(x, active - alive)


def test_pareto_nbd_forecasts_simulated_customers(simulate):
    rng = np.random.default_rng(20250305)
    n, truth = 100_000, {"r": 0.6, "alpha": 5.0, "s": 0.7, "beta": 12.0}
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    age = rng.uniform(20, 40, n)
    lifetime = rng.exponential(1 / rng.gamma(truth["s"], 1 / truth["beta"], n))
    x, t_x, later, active = simulate(rng, rate, age, lifetime=lifetime, ahead=30)
    alive = pareto_nbd.probability_alive(x, t_x, age, **truth)
    expected = alive * pareto_nbd.purchases_while_alive(x, age, np.full(n, 30.0), **truth)
    check_forecast(x, later - expected)
    check_forecast(x, active - alive)


def check_forecast(x: np.ndarray, error: np.ndarray) -> None:
    """No mean error further from 0 than 4 standard errors, in bins of frequency."""
    for low, high in pairwise([0, 1, 2, 4, 8, 16, np.inf]):
        chosen = error[(x >= low) & (x < high)]
        assert abs(chosen.mean()) <= 4 * chosen.std() / np.sqrt(chosen.size) + 1e-12


# --- recovery ------------------------------------------------------------------------------


def test_bg_nbd_intervals_cover_the_truth(simulate, summary_of):
    truth = np.array([0.5, 5.0, 0.8, 2.5])
    n, draws, covered = 1500, 150, np.zeros(4)
    for rng in map(np.random.default_rng, np.random.SeedSequence(7).spawn(draws)):
        rate = rng.gamma(truth[0], 1 / truth[1], n)
        age = rng.uniform(26, 39, n)
        x, t_x, *_ = simulate(rng, rate, age, dropout=rng.beta(*truth[2:], n))
        lower, upper = fit_bg_nbd(summary_of(x, t_x, age)).estimates.interval()
        covered += (lower < truth) & (truth < upper)
    # 95% of 150 is 142.5 with standard deviation 2.7.
    assert (covered >= 133).all()
    assert covered.sum() / (4 * draws) < 0.985


def test_pareto_nbd_recovers_the_truth(simulate, summary_of):
    truth, n = np.array([0.6, 8.0, 0.7, 12.0]), 6000
    rng = np.random.default_rng(11)
    rate = rng.gamma(truth[0], 1 / truth[1], n)
    lifetime = rng.exponential(1 / rng.gamma(truth[2], 1 / truth[3], n))
    age = np.round(rng.uniform(26, 52, n))  # pooled histories keep the test quick
    x, t_x, *_ = simulate(rng, rate, age, lifetime=lifetime)
    result = fit_pareto_nbd(summary_of(x, t_x, age))
    lower, upper = result.estimates.interval(0.999)
    assert ((lower < truth) & (truth < upper)).all()


# --- laws ------------------------------------------------------------------------------------


def with_customers(summary: PurchaseSummary, frame: pd.DataFrame) -> PurchaseSummary:
    return replace(summary, customers=frame.reset_index(drop=True))


@each
def test_a_change_of_time_unit_changes_the_rates_only(cdnow_transactions, cdnow, name):
    in_days = summarise_purchases(cdnow_transactions, calibration_end="1997-09-30", unit_days=1)
    weeks, days = FITS[name](cdnow), FITS[name](in_days)
    scale = [7 if parameter in weeks.timed else 1 for parameter in weeks.estimates.names]
    np.testing.assert_allclose(days.estimates.values, scale * weeks.estimates.values, rtol=1e-6)
    np.testing.assert_allclose(
        days.estimates.standard_errors, scale * weeks.estimates.standard_errors, rtol=1e-5
    )
    assert days.expected_purchases(364) == pytest.approx(weeks.expected_purchases(52), rel=1e-7)
    assert days.table()["unit"].tolist().count("days") == len(weeks.timed)
    assert weeks.conditional_expected_purchases(
        3, 20, 30, 52, annual_discount_rate=0.2
    ) == pytest.approx(
        days.conditional_expected_purchases(3, 140, 210, 364, annual_discount_rate=0.2), rel=1e-6
    )


@each
def test_duplicated_customers_change_the_precision_only(cdnow, name):
    once = FITS[name](cdnow).estimates
    doubled = with_customers(cdnow, pd.concat([cdnow.customers, cdnow.customers]))
    twice = FITS[name](doubled).estimates
    np.testing.assert_allclose(twice.values, once.values, rtol=1e-7)
    np.testing.assert_allclose(twice.covariance, once.covariance / 2, rtol=1e-5)
    assert twice.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-12)
    assert twice.n == 2 * once.n


@each
def test_the_order_of_customers_does_not_matter(cdnow, name):
    shuffled = with_customers(cdnow, cdnow.customers.sample(frac=1, random_state=5))
    np.testing.assert_allclose(
        FITS[name](shuffled).estimates.values, FITS[name](cdnow).estimates.values, rtol=1e-8
    )


@each
def test_same_data_same_bytes(cdnow, name):
    first, second = FITS[name](cdnow), FITS[name](cdnow)
    assert first.estimates.values.tobytes() == second.estimates.values.tobytes()
    assert first.estimates.covariance.tobytes() == second.estimates.covariance.tobytes()


@each
def test_limits_of_the_forecast(cdnow, name):
    result = FITS[name](cdnow)
    x, t_x, T = np.array(HISTORIES).T
    assert (result.conditional_expected_purchases(x, t_x, T, 0) == 0).all()
    near, far = (result.conditional_expected_purchases(x, t_x, T, h) for h in (10, 20))
    assert (near > 0).all()
    assert (near < far).all()
    assert (far < 2 * near).all()  # customers only ever leave
    alive = result.probability_alive(x, t_x, T)
    assert ((alive > 0) & (alive <= 1)).all()
    # A tiny look ahead is the rate of an active customer.
    tiny = result.conditional_expected_purchases(x, t_x, T, 1e-6) / 1e-6
    rate = (result.estimates["r"] + x) / (result.estimates["alpha"] + T)
    np.testing.assert_allclose(tiny, alive * rate, rtol=1e-5)
    new = result.conditional_expected_purchases(0, 0, 0, 52)
    assert new == pytest.approx(result.expected_purchases(52))
    assert result.probability_alive(4, 30, 30) == pytest.approx(
        1 if name == "pareto_nbd" else result.probability_alive(4, 20, 20)
    )


def test_a_one_time_buyer_never_had_a_chance_to_leave(bg_nbd):
    assert bg_nbd.probability_alive(0, 0, 500) == 1


@each
def test_longer_silence_lowers_the_probability_of_being_alive(cdnow, name):
    alive = FITS[name](cdnow).probability_alive(3, 10, np.arange(10, 200))
    assert (np.diff(alive) < 0).all()


def test_bg_nbd_is_smooth_where_the_published_formula_divides_by_zero():
    arguments = one(0), one(0), one(52)
    for a, b in ((1.0, 2.4), (0.4, 0.6)):  # a = 1, and a + b = 1 with x = 0
        at, above, below = (
            bg_nbd.purchases_while_alive(*arguments, r=0.5, alpha=5, a=a + h, b=b)
            for h in (0, 1e-4, -1e-4)
        )
        assert at == pytest.approx((above + below) / 2, rel=1e-7)


@each
def test_discounting_is_the_integral_of_discounted_purchases(cdnow, name):
    result = FITS[name](cdnow)
    history, years = (3, 20.0, 30.0), 7 / 365.25

    def rate(t: float) -> float:
        ahead = result.conditional_expected_purchases(*history, [t + 1e-4, t - 1e-4])
        return (ahead[0] - ahead[1]) / 2e-4 * 1.15 ** -(t * years)

    expected = quad(rate, 1e-3, 104, epsrel=1e-9)[0]
    found = result.conditional_expected_purchases(*history, 104, annual_discount_rate=0.15)
    start = result.conditional_expected_purchases(*history, 1e-3)
    assert found == pytest.approx(expected + start, rel=1e-6)


def test_results_print_their_units_and_intervals(bg_nbd):
    table = bg_nbd.table(level=0.9)
    assert table["parameter"].tolist() == ["r", "alpha", "a", "b"]
    assert table["unit"].tolist() == ["none", "weeks", "none", "none"]
    assert (table["90% lower"] < table["estimate"]).all()
    assert (table["estimate"] < table["90% upper"]).all()
    assert (table["90% lower"] > 0).all()
    metrics = bg_nbd.to_metrics()
    assert {"r", "alpha", "a", "b", "alpha_standard_error", "log_likelihood", "n"} <= set(metrics)
    assert all(type(value) in (int, float) for value in metrics.values())
    assert all(check.passed for check in bg_nbd.checks)


# --- refusals --------------------------------------------------------------------------------


@each
def test_one_time_buyers_only_are_refused(summary_of, name):
    with pytest.raises(ModelError, match="no customer came back: one-time buyers only, 100 in all"):
        FITS[name](summary_of(np.zeros(100), 0.0, 30.0))


@each
def test_a_single_day_is_refused(summary_of, name):
    with pytest.raises(ModelError, match=r"nobody was observed .* all ages 0 weeks.* a single day"):
        FITS[name](summary_of(np.zeros(100), 0.0, 0.0))


@each
@pytest.mark.parametrize(("x", "n"), [(1, 12), (3, 1), (0, 0)])
def test_too_few_customers_are_refused(summary_of, name, x, n):
    message = f"too few customers: {n}, with a repeat purchase {n} .at least 30 and 10"
    with pytest.raises(ModelError, match=message):
        FITS[name](summary_of(np.full(n, x), 5.0, 30.0))


@each
def test_customers_of_the_last_day_change_nothing(cdnow, name):
    """x = t_x = T = 0: their likelihood is that of a first purchase, whatever the rates."""
    newest = cdnow.customers.head(40).assign(
        repeat_purchases=0, last_purchase_weeks=0.0, age_weeks=0.0
    )
    frame = pd.concat([cdnow.customers, newest])
    with_newest = FITS[name](with_customers(cdnow, frame)).estimates
    without = FITS[name](cdnow).estimates
    np.testing.assert_allclose(with_newest.values, without.values, rtol=1e-7)
    assert with_newest.n == without.n + 40
    assert with_newest.log_likelihood == pytest.approx(without.log_likelihood, rel=1e-12)


@each
@pytest.mark.parametrize(
    "history",
    [(1, 31, 30), (1, 0, 30), (0, 5, 30), (-1, 0, 30), (0, 0, -1), (1.5, 3, 30), (1, 3, np.inf)],
)
def test_an_impossible_history_is_refused(cdnow, summary_of, name, history):
    rows = np.column_stack([cdnow.x, cdnow.t_x, cdnow.T])
    rows[7] = history
    message = r"a purchase history has 0 < t_x <= T, or x = t_x = 0.* in row 8 \(1 of 2357 "
    with pytest.raises(ModelError, match=message):
        FITS[name](summary_of(*rows.T))


@each
def test_customers_who_all_do_the_same_are_refused(summary_of, name):
    message = r"no maximum inside: \w+ runs to .*; customers do not seem to differ in how often"
    with pytest.raises(ModelError, match=message):
        FITS[name](summary_of(np.ones(100), 3.0, 10.0))


@each
def test_customers_who_never_leave_are_refused(simulate, summary_of, name):
    rng = np.random.default_rng(0)
    age = np.round(rng.uniform(26, 52, 2000))
    x, t_x, *_ = simulate(rng, rng.gamma(0.5, 0.2, 2000), age)
    # In MBG/NBD the one-time buyers may have left, and all others never.
    message = r"(runs to|do not determine).*; (nobody seems ever to leave|.* all others never)"
    with pytest.raises(ModelError, match=message):
        FITS[name](summary_of(x, t_x, age))


@pytest.mark.parametrize(
    ("model", "values", "said"),
    [
        (bg_nbd, (0.5, 5, 1e-5, 1), "^nobody seems ever to leave"),
        (bg_nbd, (0.5, 5, 1, 1e-5), "^everybody seems to leave at the first chance$"),
        (mbg_nbd, (0.5, 5, 300, 900), "^customers do not seem to differ in how easily they leave$"),
        (bg_nbd, (0.5, 5, 0.003, 0.002), "leave at the first chance and all others never$"),
        (pareto_nbd, (0.5, 5, 1e-4, 10), "^nobody seems ever to leave"),
        (pareto_nbd, (0.5, 5, 300, 9), "^everybody seems to have left at once$"),
        (pareto_nbd, (0.5, 5, 300, 9000), "differ in how easily they leave$"),
        (pareto_nbd, (0.5, 5, 0.1, 1e-4), "leave at once and all others never$"),
        (bg_nbd, (400, 5000, 1, 2), "^customers do not seem to differ in how often they buy$"),
        (bg_nbd, (1e-3, 1e-2, 1, 2), "^few customers seem to make all the purchases"),
        (pareto_nbd, (0.01, 90, 1, 20), "^hardly anybody seems to come back$"),
        (bg_nbd, (400, 5000, 1e-5, 1), "how often they buy; nobody seems ever to leave"),
        (bg_nbd, (0.5, 5, 1, 2), "^$"),
        (pareto_nbd, (0.5, 5, 1, 20), "^$"),
    ],
)
def test_parameters_at_the_edge_are_put_into_words(model, values, said):
    names = ["r", "alpha", "s", "beta"] if model is pareto_nbd else ["r", "alpha", "a", "b"]
    assert re.search(said, model.explain(**dict(zip(names, values, strict=True)), age=40.0))


@each
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_refusal_does_not_hide_a_better_maximum(simulate, summary_of, name, seed):
    """No point of a coarse grid is likelier than the estimates, where there are any."""
    rng = np.random.default_rng(seed)
    age, dropout = np.round(rng.uniform(10, 60, 300)), rng.beta(0.3, 1, 300)
    x, t_x, *_ = simulate(rng, rng.gamma(0.6, 0.2, 300), age, dropout=dropout, first=True)
    found = FITS[name](summary_of(x, t_x, age)).estimates
    likelihood = LIKELIHOODS[name](x, t_x, age, np.ones(300))
    for step in np.random.default_rng(0).normal(0, 1.5, (200, 4)):
        assert likelihood(found.values * np.exp(step))[0] <= found.log_likelihood + 1e-9


@each
def test_an_absent_summary_is_passed_on(name):
    absent = NotAvailable("no transactions")
    assert FITS[name](absent) is absent

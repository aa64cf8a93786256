"""Retention of contracts: published cohorts, R, recovered truth, laws, refusals."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value.contractual.contract_value import value_contracts
from crmstudy.value.contractual.contracts import count_contracts, count_renewals, count_survivors
from crmstudy.value.contractual.plans import estimate_survival, fit_plans
from crmstudy.value.contractual.projection import check_projection
from crmstudy.value.contractual.retention import (
    RetentionLikelihood,
    ShiftedBetaGeometric,
    fit_constant_retention,
    fit_retention,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "shifted_beta_geometric" / "expected.csv"
#: Fader & Hardie (2007), Table 1: customers left of 1,000, years 0 to 12.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]
UNTIL = "2025-12-28"


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(REFERENCE, index_col="name")["value"]


def single_contracts():
    """The same 200 contracts as in make.R."""
    i = np.arange(200)
    return (i // 20) * (i // 20 // 7) + i % 2, (i * 7) % 5 < 3


def subscriptions(n=600, *, gamma=0.8, delta=5.0, seed=1, months=1, plan="basic", fee=10.0):
    """Contracts of a known law, started over two years before 2024."""
    rng = np.random.default_rng(seed)
    ends_at = np.minimum(rng.geometric(rng.beta(gamma, delta, n)), 400)
    days = pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
    start = pd.Series(days)
    end = pd.Series(
        [s + pd.DateOffset(months=int(t) * months) for s, t in zip(start, ends_at, strict=True)]
    )
    return pd.DataFrame(
        {
            "subscription_id": [f"{plan}{i}" for i in range(n)],
            "customer_id": [f"C{i}" for i in range(n)],
            "plan": plan,
            "started_on": start,
            "ended_on": end.where(end <= pd.Timestamp(UNTIL)),
            "fee": fee,
            "period": {1: "month", 3: "quarter", 12: "year"}[months],
        }
    )


def contract(started, ended=None, period="month"):
    return pd.DataFrame(
        {
            "subscription_id": ["S1"],
            "customer_id": ["C1"],
            "started_on": pd.to_datetime([started]),
            "ended_on": pd.to_datetime([ended]),
            "period": [period],
        }
    )


# --- published -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cohort", "gamma", "delta", "log_likelihood"),
    [(HIGH_END, 0.668, 3.806, -1611.2), (REGULAR, 0.704, 1.182, -1680.3)],
)
def test_the_published_estimates(cohort, gamma, delta, log_likelihood):
    fitted = fit_retention(count_survivors(cohort[:8]))
    assert fitted.estimates["gamma"] == pytest.approx(gamma, abs=5e-4)
    assert fitted.estimates["delta"] == pytest.approx(delta, abs=5e-4)
    assert fitted.estimates.log_likelihood == pytest.approx(log_likelihood, abs=0.05)


@pytest.mark.parametrize("cohort", [HIGH_END, REGULAR])
def test_seven_years_foretell_the_next_five(cohort):
    """The paper's point: the projection stays within two points of what came."""
    fitted = fit_retention(count_survivors(cohort[:8]))
    later = fitted.survival(np.arange(8, 13))
    assert later == pytest.approx(np.array(cohort[8:]) / 1000, abs=0.02)
    one_rate = fitted.constant.survival(np.arange(8, 13))
    assert (np.abs(one_rate - np.array(cohort[8:]) / 1000) > 0.05).all()


# --- reference -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "cohort"), [("high_end", HIGH_END), ("regular", REGULAR)])
def test_cohorts_agree_with_r(expected, name, cohort):
    fitted = fit_retention(count_survivors(cohort[:8]))
    assert fitted.estimates.log_likelihood == pytest.approx(
        expected[f"{name}_log_likelihood"], abs=1e-7
    )
    for parameter in ("gamma", "delta"):
        assert fitted.estimates[parameter] == pytest.approx(
            expected[f"{name}_{parameter}"], rel=1e-6
        )


def test_single_contracts_agree_with_r(expected):
    renewals = count_renewals(*single_contracts())
    fitted = fit_retention(renewals)
    assert fitted.estimates.log_likelihood == pytest.approx(
        expected["single_log_likelihood"], abs=1e-7
    )
    assert fitted.estimates["gamma"] == pytest.approx(expected["single_gamma"], rel=1e-5)
    assert fitted.estimates["delta"] == pytest.approx(expected["single_delta"], rel=1e-5)


def test_survival_and_retention_agree_with_r(expected):
    from crmstudy.value.contractual.plans import curve_of_plan

    curve = curve_of_plan(count_renewals(*single_contracts()), None, periods=10, seed=1)
    for column, name in (
        ("at risk", "at_risk"),
        ("survival", "survival"),
        ("survival lower", "survival_lower"),
        ("survival upper", "survival_upper"),
        ("retention lower", "retention_lower"),
        ("retention upper", "retention_upper"),
    ):
        wanted = [expected[f"{name}_{t}"] for t in range(1, 11)]
        assert curve[column].to_numpy() == pytest.approx(np.array(wanted), abs=1e-8), column


def test_residual_lifetime_agrees_with_gsl(expected):
    cases = expected[expected.index.str.startswith("residual_")]
    assert len(cases) == 24
    for name, value in cases.items():
        gamma, delta, discount, n = map(float, name.split("_")[1:])
        law = ShiftedBetaGeometric(gamma, delta)
        found = law.residual_lifetime(int(n) - 1, discount=discount)
        assert float(found) == pytest.approx(value, rel=1e-10), name


# --- recovery --------------------------------------------------------------------------


def test_the_truth_lies_inside_its_intervals():
    inside = np.zeros(2)
    for seed in range(40):
        contracts = count_contracts(subscriptions(400, seed=seed), until=UNTIL)
        lower, upper = fit_retention(contracts.renewals()).estimates.interval()
        inside += (lower <= [0.8, 5.0]) & (upper >= [0.8, 5.0])
    assert (inside >= 34).all()  # .95 of 40 within three standard errors


def test_a_plan_without_differences_falls_back_to_one_rate():
    renewals = pd.DataFrame(
        {"renewal": [1, 2, 3], "at_risk": [1000, 900, 810], "ended": [100, 90, 81]}
    )
    with pytest.raises(ModelError, match=r"runs to infinity|do not determine"):
        fit_retention(renewals)
    assert fit_constant_retention(renewals).leaving == pytest.approx(0.1)


def test_the_test_of_differences_keeps_its_level():
    rejected = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        ends = rng.geometric(0.2, 300)
        renewals = count_renewals(np.minimum(ends - 1, 12), ends <= 12)
        with suppress(ModelError):  # no maximum inside: customers do not seem to differ
            rejected += fit_retention(renewals).difference.p_value < 0.05
    assert 2 <= rejected <= 20  # .05 of 200 within three standard errors


def test_renewals_are_foretold():
    both = pd.concat(
        [subscriptions(1500, seed=3), subscriptions(900, seed=4, months=3, plan="premium")]
    )
    projection = check_projection(both, calibration_end="2025-03-30", until=UNTIL)
    rows = projection.table()
    assert set(rows["plan"]) == {"basic", "premium"}
    covered = (rows["lower"] <= rows["expected share"]) & (rows["expected share"] <= rows["upper"])
    assert covered.mean() > 0.7  # shares of one plan hang together
    metrics = projection.to_metrics()
    assert metrics["mae_model"] < 0.04 < metrics["mae_one_rate"]


# --- laws ------------------------------------------------------------------------------


@pytest.mark.parametrize("point", [(0.7, 1.2), (2.5, 9.0)])
def test_derivatives_of_the_likelihood(point):
    likelihood = RetentionLikelihood(count_renewals(*single_contracts()))
    at = np.array(point)
    value, gradient, hessian = likelihood(at)
    for axis, step in enumerate(np.eye(2) * 1e-5):
        up, down = likelihood(at + step), likelihood(at - step)
        assert gradient[axis] == pytest.approx((up[0] - down[0]) / 2e-5, rel=1e-5)
        assert hessian[axis] == pytest.approx((up[1] - down[1]) / 2e-5, rel=1e-5)
    times, ended = single_contracts()
    law = ShiftedBetaGeometric(*point)
    lost = law.survival(times[ended]) - law.survival(times[ended] + 1)
    by_hand = np.log(lost).sum() + np.log(law.survival(times[~ended])).sum()
    assert value == pytest.approx(by_hand, rel=1e-12)


def test_survivors_are_contracts_counted_one_by_one():
    survivors = [100, 70, 55, 50]
    ends = np.repeat([1, 2, 3, 0], [30, 15, 5, 50])
    single = count_renewals(np.where(ends > 0, ends - 1, 3), ends > 0)
    pd.testing.assert_frame_equal(single, count_survivors(survivors), check_dtype=False)


def test_a_new_contract_is_one_period_and_its_renewals():
    law = ShiftedBetaGeometric(0.7, 2.0)
    times = np.arange(0, 5000)
    total = (law.survival(times) / 1.1**times).sum()
    assert law.expected_lifetime(discount=0.1) == pytest.approx(total, rel=1e-10)


def test_retention_rises_and_all_alike_is_the_geometric_model():
    law = ShiftedBetaGeometric(0.5, 3.0)
    assert (np.diff(law.retention(np.arange(1, 20))) > 0).all()
    alike = ShiftedBetaGeometric(2e6, 8e6)
    constant = fit_constant_retention(count_survivors([1000, 800]))
    discounted = alike.residual_lifetime([0, 5], discount=0.1)
    assert discounted == pytest.approx(constant.residual_lifetime([0, 5], discount=0.1), rel=1e-4)
    assert constant.residual_lifetime(0, discount=0.1) == pytest.approx(0.8 * 1.1 / 0.3)


@pytest.mark.parametrize(
    ("started", "ended", "period", "renewals", "chances"),
    [
        ("2025-01-15", "2025-03-15", "month", 1, 11),  # ended on the second renewal day
        ("2025-01-15", "2025-03-14", "month", 1, 11),
        ("2025-01-15", "2025-03-16", "month", 2, 11),
        ("2025-01-15", "2025-01-20", "month", 0, 11),
        ("2025-01-15", None, "month", 11, 11),
        ("2025-01-28", None, "month", 11, 11),  # the renewal day itself
        ("2025-01-29", None, "month", 10, 10),
        ("2025-01-31", "2025-02-28", "month", 0, 10),  # renews on the last day of February
        ("2025-01-31", "2025-03-01", "month", 1, 10),
        ("2023-12-29", None, "year", 1, 1),
        ("2023-12-28", None, "year", 2, 2),
        ("2025-01-15", None, "quarter", 3, 3),
        ("2025-01-15", "2026-02-01", "month", 11, 11),  # ends after the last day seen
    ],
)
def test_renewal_days_are_counted(started, ended, period, renewals, chances):
    rows = count_contracts(contract(started, ended, period), until=UNTIL).rows
    assert rows["renewals"].item() == renewals
    assert rows["chances"].item() == chances
    assert rows["ended"].item() == (ended is not None and ended <= UNTIL)


def test_the_next_renewal_is_awaited():
    rows = count_contracts(contract("2025-01-31"), until="2025-02-10").rows
    assert rows["wait_days"].item() == 18
    rows = count_contracts(contract("2025-01-31"), until="2025-02-28").rows
    assert rows["wait_days"].item() == 31


def test_order_does_not_matter():
    table = pd.concat(
        [subscriptions(300, seed=5), subscriptions(200, seed=6, months=3, plan="premium")]
    )
    mixed = table.sample(frac=1, random_state=1)
    first, second = (fit_plans(count_contracts(t, until=UNTIL)) for t in (table, mixed))
    pd.testing.assert_frame_equal(first.table(), second.table())
    pd.testing.assert_frame_equal(first.curve(seed=1), second.curve(seed=1))
    settings = {"horizon_weeks": 52.0, "annual_discount_rate": 0.1, "margin": 0.3, "seed": 1}
    values = [value_contracts(fit, **settings) for fit in (first, second)]
    pd.testing.assert_frame_equal(values[0].table(), values[1].table(), rtol=1e-12)
    assert table["plan"].iloc[0] == "basic"  # the input is as it was


def test_a_long_horizon_is_no_horizon_and_value_scales():
    fitted = fit_plans(count_contracts(subscriptions(300, gamma=2.0, delta=4.0), until=UNTIL))
    settings = {"annual_discount_rate": 3.0, "margin": 0.3, "seed": 1, "n_replicates": 50}
    never = value_contracts(fitted, horizon_weeks=0, **settings)
    long = value_contracts(fitted, horizon_weeks=3000, **settings)
    # Months are a twelfth of a year beyond the first renewal, whatever their days.
    assert long.to_metrics()["total_value"] == pytest.approx(
        never.to_metrics()["total_value"], rel=1e-8
    )
    twice = value_contracts(fitted, horizon_weeks=0, **{**settings, "margin": 0.6})
    assert twice.by_customer.to_numpy() == pytest.approx(2 * never.by_customer.to_numpy())
    row = never.table().iloc[0]
    assert row["lower"] < row["total value"] < row["upper"]


def test_a_contract_is_valued_by_hand():
    table = subscriptions(300)
    fitted = fit_plans(count_contracts(table, until=UNTIL))
    value = value_contracts(fitted, horizon_weeks=9, annual_discount_rate=0.1, margin=0.3, seed=1)
    row = value.contracts.iloc[0]
    rows = fitted.contracts.rows.set_index("subscription_id").loc[row["subscription_id"]]
    due = [d for d in rows["wait_days"] + np.arange(4) * 365.25 / 12 if d <= 63]
    model = fitted.models["basic"]
    chance = model.survival(row["renewals"] + np.arange(1, len(due) + 1)) / model.survival(
        row["renewals"]
    )
    wanted = 0.3 * 10 * (chance * 1.1 ** (-np.array(due) / 365.25)).sum()
    assert row["contract_value"] == pytest.approx(wanted, rel=1e-12)


def test_kaplan_meier_is_the_product_of_retention():
    renewals = count_renewals(*single_contracts())
    survival = estimate_survival(renewals)["survival"].to_numpy()
    rates = (1 - renewals["ended"] / renewals["at_risk"]).cumprod().to_numpy()
    assert survival == pytest.approx(rates, abs=1e-12)


# --- refusals --------------------------------------------------------------------------


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(ModelError, match=r"20 contracts have come up for renewal; .* needs 30"):
        fit_retention(count_survivors([20, 10, 5]))
    with pytest.raises(ModelError, match="2 of 100 contracts have ended"):
        fit_retention(count_survivors([100, 99, 98]))
    with pytest.raises(ModelError, match="no contract was ever renewed"):
        fit_retention(count_survivors([100, 0]))
    with pytest.raises(ModelError, match="first renewal only"):
        fit_retention(count_survivors([100, 60]))
    with pytest.raises(ModelError, match="never grow, found 100, 110"):
        count_survivors([100, 110])


def test_contracts_that_cannot_be_counted_are_refused():
    table = subscriptions(40)
    with pytest.raises(ModelError, match="no contract had started by 2021-12-31"):
        count_contracts(table, until="2021-12-31")
    with pytest.raises(SettingsError, match="billed by 'week'"):
        count_contracts(table.assign(period="week"), until=UNTIL)
    mixed = table.assign(period=["month", "year"] * 20)
    with pytest.raises(ModelError, match="'basic' are billed by different periods"):
        count_contracts(mixed, until=UNTIL)
    named = mixed.assign(plan=mixed["period"])
    with pytest.raises(ModelError, match="look at one plan at a time"):
        count_contracts(named, until=UNTIL).renewals()
    absent = NotAvailable("no table subscriptions")
    assert count_contracts(absent, until=UNTIL) is absent


def test_plans_too_small_are_said_and_all_too_small_is_refused():
    table = pd.concat([subscriptions(300), subscriptions(12, plan="gold", seed=9)])
    fitted = fit_plans(count_contracts(table, until=UNTIL))
    assert isinstance(fitted.models["gold"], NotAvailable)
    assert "needs 30" in fitted.table().set_index("plan").loc["gold", "model"]
    value = value_contracts(fitted, horizon_weeks=52, annual_discount_rate=0.1, margin=0.3, seed=1)
    gold = fitted.contracts.of_plan("gold")
    assert value.unvalued == (~gold["ended"]).sum()
    with pytest.raises(ModelError, match="contracts have come up for renewal"):
        fit_plans(count_contracts(table[table["plan"] == "gold"], until=UNTIL))


def test_values_need_fees_and_sound_settings():
    fitted = fit_plans(count_contracts(subscriptions(100).drop(columns="fee"), until=UNTIL))
    settings = {"horizon_weeks": 52.0, "annual_discount_rate": 0.1, "margin": 0.3, "seed": 1}
    with pytest.raises(ModelError, match="no running contract has both a fee"):
        value_contracts(fitted, **settings)
    with pytest.raises(SettingsError, match="above 0 without a horizon"):
        value_contracts(fitted, **{**settings, "horizon_weeks": 0, "annual_discount_rate": 0})
    with pytest.raises(SettingsError, match="margin must be"):
        value_contracts(fitted, **{**settings, "margin": 0})
    with pytest.raises(SettingsError, match="discount rate above 0"):
        ShiftedBetaGeometric(1, 1).residual_lifetime(0, discount=0)


def test_a_test_needs_days_after_calibration():
    table = subscriptions(300)
    with pytest.raises(ModelError, match="no day lies between"):
        check_projection(table, calibration_end=UNTIL, until=UNTIL)
    yearly = subscriptions(100, months=12, seed=8).assign(started_on=pd.Timestamp("2020-06-01"))
    ends = pd.to_datetime(["2022-06-01", "2023-06-01", "2024-06-01", None] * 25)
    with pytest.raises(ModelError, match="came up for renewal after 2025-12-27"):
        check_projection(yearly.assign(ended_on=ends), calibration_end="2025-12-27", until=UNTIL)


def test_the_firm_s_contracts_are_recovered():
    """The simulated firm knows how its subscribers leave."""
    from crmstudy.collection.simulate.firm import simulate_firm

    firm = simulate_firm(seed=20261123)
    contracts = count_contracts(firm.tables["subscriptions"], until=UNTIL)
    fitted = fit_retention(contracts.renewals())
    lower, upper = fitted.estimates.interval()
    truth = np.array([firm.truth["subscription.gamma"], firm.truth["subscription.delta"]])
    assert (lower <= truth).all()
    assert (truth <= upper).all()
    laws = [law.survival(12) for law in fitted.draw(seed=1, n=400)]
    low, high = np.quantile(laws, [0.025, 0.975])
    assert low <= firm.truth["subscription.survival.12"] <= high


def test_half_of_the_reference_distribution_lies_at_zero():
    from scipy.stats import chi2

    fitted = fit_retention(count_renewals(*single_contracts()))
    test = fitted.difference
    gain = fitted.estimates.log_likelihood - fitted.constant.log_likelihood
    assert test.statistic == pytest.approx(2 * gain)
    assert test.p_value == pytest.approx(0.5 * chi2.sf(2 * gain, 1), rel=1e-10)


def test_the_band_is_as_wide_as_the_delta_method_says():
    fitted = fit_retention(count_survivors(HIGH_END[:8]))
    values, times = fitted.estimates.values, np.array([1, 5, 12])
    slopes = [
        (
            ShiftedBetaGeometric(*(values + step)).survival(times)
            - ShiftedBetaGeometric(*(values - step)).survival(times)
        )
        / 2e-5
        for step in np.eye(2) * 1e-5
    ]
    error = np.sqrt(np.einsum("ik,ij,jk->k", slopes, fitted.estimates.covariance, slopes))
    drawn = np.array([law.survival(times) for law in fitted.draw(seed=1, n=4000)])
    assert drawn.std(axis=0) == pytest.approx(error, rel=0.08)


def test_a_new_contract_by_hand():
    fitted = fit_plans(count_contracts(subscriptions(300), until=UNTIL))
    value = value_contracts(fitted, horizon_weeks=9, annual_discount_rate=0.1, margin=0.3, seed=1)
    model = fitted.models["basic"]
    wanted = (model.survival([0, 1, 2]) * 1.1 ** (-np.arange(3) / 12)).sum()  # 0, 30, 61 of 63 days
    row = value.table().iloc[0]
    assert row["expected periods of a new contract"] == pytest.approx(wanted, rel=1e-12)
    assert row["value of a new contract"] == pytest.approx(3 * wanted, rel=1e-12)

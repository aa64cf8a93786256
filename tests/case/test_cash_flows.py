"""From ledger, estimate and assumptions to cash flows, and what the return hangs on."""

import dataclasses
import datetime as dt
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.returns.assumptions import Assumption
from crmstudy.case.returns.benefit import ChosenEstimate, choose_estimate, value_effect
from crmstudy.case.returns.cash_flows import CARRIED, EFFECT
from crmstudy.case.returns.plan import plan_cash_flows
from crmstudy.case.returns.sensitivity import (
    draw_returns,
    share_variance,
    vary_assumptions,
    vary_two,
)
from crmstudy.case.returns.worth import appraise_returns, find_break_even
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.improvement import InvestmentSpec
from crmstudy.indicators import Interval, Measurement

CAMPAIGN = Campaign(
    campaign_id="A",
    start=pd.Timestamp("2025-10-06"),
    end=pd.Timestamp("2025-12-28"),
    treated_ids=tuple(f"{n}" for n in range(100)),
    control_ids=("x", "y"),
    randomised=True,
)
COSTS = pd.DataFrame(
    {
        "period": pd.to_datetime(["2025-09-01", "2025-10-01", "2025-12-01", "2025-12-01"]),
        "cost_type": ["campaign", "campaign", "campaign", "service"],
        "amount": [999.0, 200.0, 50.0, 777.0],
    }
)
PURCHASES = pd.DataFrame({"basket_id": ["1", "1", "2"], "revenue": [10.0, 20.0, 30.0]})
MARGIN = Measurement(0.4, 50, Interval(0.38, 0.42, 0.95, "delta"))
SPEC = {
    "annual_discount_rate": 0.1,
    "timing": "end",
    "horizon_years": 0.7,
    "cost_types": ["campaign"],
    "carried": {"value": 0.5, "low": 0.2, "high": 0.8},
    "costs": [{"label": "Planning", "value": 40, "low": 30, "high": 60, "when": "start"}],
    "benefits": [{"label": "Post", "value": 36.525, "low": 0, "high": 50, "when": "yearly"}],
}


def estimate(effect=10.0, error=2.0, allowed=True, method="experiment"):
    reach = 1.96 * error
    return ChosenEstimate(
        method, effect, error, effect - reach, effect + reach, allowed, pd.DataFrame()
    )


def plan(spec=None, found=None, **changed):
    effect = value_effect(CAMPAIGN, PURCHASES, estimate=found or estimate())
    given = {"effect": effect, "costs": COSTS, "margin": MARGIN, "currency": "EUR"} | changed
    return plan_cash_flows(InvestmentSpec(**(SPEC | (spec or {}))), **given)


def test_flows_by_hand():
    """Three periods of 84 days: 100 customers x 10 x 0.4 = 400, then a half, then a quarter."""
    model = plan()
    assert model.n_periods == 3
    yearly = 36.525 * 84 / 365.25
    schedule = model.schedule()
    assert schedule["net flow"].tolist() == pytest.approx(
        [-200 - 40, 400 - 50 + yearly, 200 + yearly, 100 + yearly]
    )
    rate = 1.1 ** (84 / 365.25) - 1
    factors = (1 + rate) ** -np.arange(4.0)
    value = float((schedule["net flow"] * factors).sum())
    assert appraise_returns(model).net_present_value == pytest.approx(value)
    assert schedule["until"].iloc[1] == pd.Timestamp("2025-12-28")


def test_mid_period_convention():
    end, middle = plan(), plan({"timing": "middle"})
    later = end.schedule()["present value"].iloc[1:].sum()
    rate = 1.1 ** (84 / 365.25)
    earlier = middle.schedule()["present value"].iloc[1:].sum()
    assert earlier == pytest.approx(later * rate**0.5)


def test_every_line_has_its_origin():
    table = plan().table().set_index("line")
    assert table["origin"].to_dict() == {
        "gross margin on the effect, measured window": "estimated",
        "gross margin on what is carried over": "assumed",
        "booked costs (campaign)": "measured",
        "Planning": "assumed",
        "Post": "assumed",
        "net flow": "sum",
    }
    assert table.loc["booked costs (campaign)", "in all"] == -250
    assert table["in all"].iloc[:-1].sum() == pytest.approx(table.loc["net flow", "in all"])


def test_measures_by_hand():
    """Horizon of one period, nothing carried over: -250 and 400."""
    returns = appraise_returns(plan({"horizon_years": 0.2, "costs": [], "benefits": []}))
    assert returns.model.n_periods == 1
    net = 400 - 50
    assert returns.return_on_investment == pytest.approx((400 - 250) / 250)
    (rate,) = returns.internal_rates
    assert rate == pytest.approx((net / 200) ** (365.25 / 84) - 1)
    assert returns.payback_days == pytest.approx(84 * 200 / net)
    assert returns.profitability_index == pytest.approx(returns.net_present_value / 200)


def test_purchases_are_priced_by_the_mean_basket():
    """Two baskets of 60 in all: one is worth 30."""
    worth = value_effect(CAMPAIGN, PURCHASES, estimate=estimate(0.2, 0.1), outcome="n_purchases")
    assert (worth.effect, worth.standard_error) == pytest.approx((6.0, 3.0))


def test_bookings_and_payments_after_the_horizon_are_named():
    late = [{"label": "Late", "value": 5, "low": 5, "high": 5, "when": dt.date(2027, 1, 1)}]
    model = plan({"costs": late})
    assert model.left_out == 5
    assert not appraise_returns(model).checks[-1].passed


def test_the_margin_is_assumed_only_where_it_is_not_measured():
    unknown = NotAvailable("no cost of goods")
    with pytest.raises(ModelError, match="nor assumed in study"):
        plan(margin=unknown)
    margin = plan({"margin": 0.3}, margin=unknown).assumptions[1]
    assert (margin.value, margin.origin) == (0.3, "assumed")
    assert plan({"margin": 0.3}).assumptions[1].origin == "measured"


def test_a_measure_without_an_estimated_effect():
    absent = NotAvailable("no campaign")
    model = plan(effect=absent, changed_on="2025-10-01")
    assert (model.has_effect, model.period_days) == (False, 91)
    assert set(model.table()["origin"]) == {"measured", "assumed", "sum"}
    with pytest.raises(ModelError, match="no effect to count as a benefit: no campaign"):
        plan({"benefits": []}, effect=absent)
    with pytest.raises(ModelError, match="when the measure began"):
        plan(effect=absent)


@pytest.mark.parametrize(
    ("spec", "changed", "message"),
    [
        ({"cost_types": ["care"]}, {}, "nothing is booked under care"),
        ({}, {"costs": NotAvailable("the study has no table costs")}, "no table costs"),
        ({"cost_types": [], "costs": []}, {}, "no cost is booked or assumed"),
    ],
)
def test_what_is_refused(spec, changed, message):
    with pytest.raises(ModelError, match=message):
        plan(spec, **changed)


def test_no_investment_in_the_settings():
    with pytest.raises(ModelError, match="nothing of an investment"):
        plan_cash_flows(None, effect=estimate(), costs=COSTS, margin=MARGIN)


def test_an_impossible_interval_is_refused():
    odd = dataclasses.replace(estimate(), lower=11.0)
    with pytest.raises(ModelError, match="cannot have the interval"):
        value_effect(CAMPAIGN, PURCHASES, estimate=odd)


def test_the_first_design_whose_claim_is_allowed_is_chosen():
    no, yes = estimate(1.0, allowed=False), estimate(2.0)
    chosen = choose_estimate({"a": NotAvailable("none"), "b": no, "c": yes})
    assert (chosen.method, chosen.effect, chosen.claim_allowed) == ("c", 2.0, True)
    assert chosen.table()["claim"].tolist() == ["not available", "association", "effect"]
    assert choose_estimate({"b": no}).claim_allowed is False
    with pytest.raises(ModelError, match="no design gave an estimate: none"):
        choose_estimate({"a": NotAvailable("none")})


def test_the_interval_carried_on_is_that_of_the_design():
    welch = SimpleNamespace(standard_error=1.0, degrees=10)
    own = SimpleNamespace(effect=2.0, best=welch, claim_allowed=True)
    chosen = choose_estimate({"a": own})
    assert (chosen.lower, chosen.upper) == pytest.approx((2 - 2.228139, 2 + 2.228139), abs=1e-6)
    normal = SimpleNamespace(effect=2.0, standard_error=1.0, claim_allowed=True)
    assert choose_estimate({"a": normal}).upper == pytest.approx(2 + 1.959964, abs=1e-6)


def test_break_even_brings_the_present_value_to_zero():
    model = plan()
    for position, row in enumerate(find_break_even(model).to_dict("records")):
        if pd.isna(row["break-even"]):
            continue
        values = model.values
        values[position] = row["break-even"]
        assert abs(float(model.present_value(values))) < 1e-6
    effect = find_break_even(model).iloc[0]
    assert effect["change needed"] == pytest.approx(effect["break-even"] / 10 - 1)


def test_a_senseless_break_even_is_none():
    found = find_break_even(plan()).set_index("assumption")
    assert pd.isna(found.loc["Post", "break-even"])  # would have to be negative


def test_tornado_moves_one_at_a_time_and_sorts():
    model = plan()
    tornado = vary_assumptions(model)
    assert tornado["swing"].is_monotonic_decreasing
    row = tornado.set_index("assumption").loc["Planning"]
    base = float(model.present_value(model.values))
    assert row["NPV at low"] == pytest.approx(base + 10)
    assert row["NPV at high"] == pytest.approx(base - 20)


def test_two_ways_agree_with_the_tornado_at_the_ends():
    model, table = plan(), vary_two(plan())
    assert table.index.name == EFFECT
    values = model.values
    values[0], values[model.names[CARRIED]] = model.assumptions[0].low, 0.2
    assert table.iloc[0, 0] == pytest.approx(float(model.present_value(values)))


def test_money_scales():
    """All amounts and the effect times 7: the present value times 7, rates as before."""
    seven = {
        "costs": [{"label": "Planning", "value": 280, "low": 210, "high": 420, "when": "start"}],
        "benefits": [{"label": "Post", "value": 255.675, "low": 0, "high": 350, "when": "yearly"}],
    }
    one = appraise_returns(plan())
    more = appraise_returns(
        plan(seven, estimate(70, 14), costs=COSTS.assign(amount=7 * COSTS["amount"]))
    )
    assert more.net_present_value == pytest.approx(7 * one.net_present_value)
    assert more.internal_rates == pytest.approx(one.internal_rates)
    assert more.payback_days == pytest.approx(one.payback_days)


def test_results_do_not_depend_on_the_order_of_rows():
    turned = appraise_returns(plan(costs=COSTS.iloc[::-1]))
    assert turned.net_present_value == appraise_returns(plan()).net_present_value


def fixed(model):
    """Take all doubt out of a model."""
    sure = tuple(
        dataclasses.replace(each, low=each.value, high=each.value, spread=0.0)
        for each in model.assumptions
    )
    return dataclasses.replace(model, assumptions=sure)


def test_draws_without_doubt_are_the_best_guess():
    draws = draw_returns(fixed(plan()), n_draws=50, seed=1)
    assert draws.draws == pytest.approx(np.full(50, draws.best_guess))
    assert draws.probability == 1.0
    assert isinstance(draws.shares, NotAvailable)
    assert isinstance(vary_assumptions(fixed(plan())), NotAvailable)


def test_mean_of_a_linear_model_is_its_best_guess():
    """Only the effect in doubt: NPV is normal, so mean, spread and probability are known."""
    model = fixed(plan())
    effect = dataclasses.replace(plan().assumptions[0], shape="normal")
    model = dataclasses.replace(model, assumptions=(effect, *model.assumptions[1:]))
    draws = draw_returns(model, n_draws=40_000, seed=2)
    step = model.values
    step[0] += 1
    slope = float(model.present_value(step)) - draws.best_guess
    assert draws.draws.mean() == pytest.approx(draws.best_guess, abs=4 * 2 * slope / 200)
    assert draws.draws.std() == pytest.approx(2 * slope, rel=0.02)
    assert draws.shares["alone"].iloc[0] == pytest.approx(1, abs=0.01)


def test_the_same_seed_gives_the_same_draws():
    first, second = (draw_returns(plan(), n_draws=200, seed=3) for _ in range(2))
    assert (first.draws == second.draws).all()
    pd.testing.assert_frame_equal(first.shares, second.shares)


@pytest.mark.parametrize(
    ("shape", "mean", "deviation"),
    [
        # PERT: (low + 4 value + high) / 6; variance of beta(1 + 4m, 5 - 4m) on the range.
        ("pert", (0 + 4 * 2 + 10) / 6, np.sqrt((3 - 0) * (10 - 3) / 7)),
        # Triangular: (a + b + c) / 3; variance (a2 + b2 + c2 - ab - ac - bc) / 18.
        ("triangular", (0 + 2 + 10) / 3, np.sqrt((4 + 100 - 20) / 18)),
    ],
)
def test_distributions_have_their_moments(shape, mean, deviation):
    assumption = Assumption("a", 2.0, 0.0, 10.0, "assumed", shape)
    draws = assumption.quantile((np.arange(200_000) + 0.5) / 200_000)
    assert draws.mean() == pytest.approx(mean, rel=1e-4)
    assert draws.std() == pytest.approx(deviation, rel=1e-3)


def test_shares_of_the_variance_of_a_sum():
    """Variances 1, 4 and 9 of a sum: shares 1/14, 4/14, 9/14."""
    from scipy.special import ndtri

    found = share_variance(lambda u: ndtri(u) @ np.array([1.0, 2.0, 3.0]), n_inputs=3, seed=1)
    assert found["alone"].tolist() == pytest.approx([1 / 14, 4 / 14, 9 / 14], abs=0.01)
    assert found["with others"].tolist() == pytest.approx([1 / 14, 4 / 14, 9 / 14], abs=0.01)


def test_sobol_indices_of_the_ishigami_function():
    """Ishigami & Homma (1990), a = 7, b = 0.1: S = .3139, .4424, 0; T = .5576, .4424, .2437."""

    def ishigami(u):
        x = np.pi * (2 * u - 1)
        return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])

    found = share_variance(ishigami, n_inputs=3, seed=5, exponent=14)
    assert found["alone"].tolist() == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert found["with others"].tolist() == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)

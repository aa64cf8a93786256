"""Budget by marginal value: tiers, what is learnt, the plan, its backtest, its stability."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.use.backtest import BEST, BEST_SEGMENTS, EQUAL
from crmstudy.segmentation.use.budget import ContactCost, allocate_budget, price_contact
from crmstudy.segmentation.use.responses import OfferTrial, match_responses
from crmstudy.segmentation.use.units import Learner, tier_customers

COST = ContactCost(1.0, "assumed")
RATES = {"keen": 0.4, "mild": 0.2, "cool": 0.02}
CUT = "2025-06-30"


def draw_trial(seed=1, n=600, rates=RATES, margin=10.0, n_campaigns=2):
    """Offers whose true value is known: rate of the segment times one margin."""
    generator = np.random.default_rng(seed)
    ids = pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id")
    segments = pd.Series(generator.choice(list(rates), n), index=ids)
    before = pd.DataFrame(
        {
            "days_since_last_purchase": generator.integers(0, 90, n),
            "n_purchases": generator.integers(1, 30, n),
            "revenue": generator.gamma(2, 50, n),
        },
        index=ids,
    )

    def offer(first):
        parts = []
        for number in range(first, first + n_campaigns):
            responded = generator.random(n) < segments.map(rates).to_numpy()
            spent = np.where(responded, generator.normal(4 * margin, 4.0, n), 0.0)
            parts.append(
                pd.DataFrame(
                    {
                        "campaign_id": f"K{number}",
                        "customer_id": ids,
                        "segment": segments.to_numpy(),
                        "responded": responded,
                        "revenue": spent,
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    learn, test = offer(0), offer(n_campaigns)
    return OfferTrial(
        learn, test, segments, CUT, "later campaigns", pd.Series(dtype=str), 0
    ), before


def plan(trial, before, **changed):
    settings = {
        "budget_share": 0.3,
        "cost": COST,
        "margin_share": 0.25,
        "seed": 1,
        "n_tiers": 5,
        "n_replicates": 40,
    }
    return allocate_budget(trial, before, **{**settings, **changed})


# --- units --------------------------------------------------------------------------


def test_tiers_by_hand_with_ties():
    segments = pd.Series(["a"] * 5 + ["b"] * 2, index=list("pqrstuv"))
    ranking = pd.Series([9.0, 5, 5, 5, 1, 3, 4], index=list("pqrstuv"))
    tiers = tier_customers(segments, ranking, n_tiers=5)["tier"]
    # In a: 0, 1, 1, 1 and 4 of 5 are better; in b 1 and 0 of 2.
    assert tiers.to_dict() == {"p": 1, "q": 2, "r": 2, "s": 2, "t": 5, "u": 3, "v": 1}
    left = tier_customers(segments, ranking.drop("p"), n_tiers=5)
    assert "p" not in left.index


def test_values_are_rates_times_margins():
    trial, before = draw_trial(n=3000)
    tiers = tier_customers(trial.segments, before["revenue"], n_tiers=4)
    learner = Learner.prepare(trial.learn, tiers, margin_share=0.25)
    units = learner.learn(np.ones(learner.n_customers))
    assert units["n_offers"].sum() == len(trial.learn)
    assert units["n_responses"].sum() == trial.learn["responded"].sum()
    assert units["value"].to_numpy() == pytest.approx(
        (units["rate"] * units["margin_per_response"]).to_numpy()
    )
    by = units.groupby("segment")[["rate", "margin_per_response"]].mean()
    assert by["rate"].to_dict() == pytest.approx(RATES, abs=0.03)
    assert by["margin_per_response"].to_numpy() == pytest.approx([10, 10, 10], abs=0.3)
    assert units.groupby("segment")["rate"].std().max() < 0.02  # tiers do not differ, in truth


def test_measured_margin_is_taken_before_an_assumed_one():
    trial, before = draw_trial()
    known = replace(
        trial,
        learn=trial.learn.assign(margin=0.6 * trial.learn["revenue"]),
        test=trial.test.assign(margin=0.6 * trial.test["revenue"]),
    )
    found = plan(known, before)
    assert found.units["margin_per_response"].mean() == pytest.approx(24, abs=1)
    sources = found.assumptions.set_index("quantity")
    row = sources.loc["margin, share of the revenue of a response"]
    assert row["value"] == pytest.approx(0.6)
    assert row["source"].startswith("revenue less cost")


# --- the plan -----------------------------------------------------------------------


def test_money_goes_to_the_segments_that_are_worth_it():
    trial, before = draw_trial(n=1500)
    found = plan(trial, before, budget_share=0.5)
    shares = found.segments["share_budget"]
    assert shares["keen"] > shares["mild"] > 0
    assert shares["cool"] == 0  # .02 * 10 is less than a contact costs
    assert found.segments.loc["keen", "funded"] == 1
    assert found.segments.loc["cool", "funded"] == 0
    assert found.segments["share_budget"].sum() == pytest.approx(1)
    assert found.plan.spent == pytest.approx(0.5 * 1500)
    assert found.plan.shadow_price == pytest.approx(0.2 * 10 - 1, abs=0.4)
    assert found.checks[0].passed
    assert list(found.comparison.index)[:2] == [BEST, BEST_SEGMENTS]
    assert found.comparison.loc[EQUAL, "advantage_lower"] > 0
    assert found.checks[2].passed


def test_backtest_by_hand():
    """Two segments, one tier: the plan takes half of the better one's later offers."""
    trial, before = draw_trial(rates={"keen": 0.5, "cool": 0.01}, n=400)
    share = 0.5 * (trial.segments == "keen").mean()
    found = plan(trial, before, n_tiers=1, budget_share=share)
    later = trial.test[trial.test["segment"] == "keen"]
    profit = 0.5 * (0.25 * later["revenue"] - 1).sum()
    assert found.comparison.loc[BEST, "found"] == pytest.approx(profit)
    assert found.comparison.loc[BEST, "advantage"] == 0
    every = share * (0.25 * trial.test["revenue"] - 1).sum()
    assert found.comparison.loc["customers drawn by lot", "found"] == pytest.approx(every)


def test_later_offers_do_not_touch_the_plan():
    trial, before = draw_trial()
    wrong = replace(trial, test=trial.test.assign(responded=True, revenue=500.0))
    one, two = plan(trial, before), plan(wrong, before)
    pd.testing.assert_frame_equal(one.units, two.units)
    pd.testing.assert_frame_equal(one.segments, two.segments)
    assert one.plan.profit == two.plan.profit
    assert one.comparison["found"].iloc[0] != two.comparison["found"].iloc[0]


def test_order_and_names_of_customers_change_nothing():
    trial, before = draw_trial()
    names = {name: f"k{9999 - i}" for i, name in enumerate(before.index)}

    def rename(offers):
        mixed = offers.sample(frac=1, random_state=3)
        return mixed.assign(customer_id=mixed["customer_id"].map(names))

    other = replace(
        trial,
        learn=rename(trial.learn),
        test=rename(trial.test),
        segments=trial.segments.iloc[::-1].rename(names),
    )
    one, two = plan(trial, before), plan(other, before.iloc[::-1].rename(names))
    for part in ("units", "segments", "comparison", "marginal", "sensitivity"):
        pd.testing.assert_frame_equal(getattr(one, part), getattr(two, part), rtol=1e-9)


def test_another_currency_gives_the_same_plan():
    trial, before = draw_trial()
    dear = replace(
        trial,
        learn=trial.learn.assign(revenue=7 * trial.learn["revenue"]),
        test=trial.test.assign(revenue=7 * trial.test["revenue"]),
    )
    one, two = plan(trial, before), plan(dear, before, cost=ContactCost(7.0, "assumed"))
    assert two.units["contacts"].to_numpy() == pytest.approx(one.units["contacts"].to_numpy())
    assert two.plan.profit == pytest.approx(7 * one.plan.profit)
    assert two.plan.shadow_price == pytest.approx(one.plan.shadow_price)
    assert two.comparison["found"].to_numpy() == pytest.approx(7 * one.comparison["found"])


def test_no_budget_and_more_than_all():
    trial, before = draw_trial()
    none = plan(trial, before, budget_share=0.0)
    assert none.plan.spent == none.plan.profit == 0
    assert none.segments["share_budget"].tolist() == [0, 0, 0]
    assert none.plan.shadow_price > 1
    rich = plan(trial, before, budget_share=5.0)
    assert rich.plan.shadow_price == 0
    assert rich.segments.loc["cool", "contacts"] == 0
    assert rich.plan.contacts.max() <= rich.units["n_customers"].max()


def test_coverage_and_repeated_contacts():
    trial, before = draw_trial()
    covered = plan(trial, before, minimum_coverage=0.1)
    assert covered.segments.loc["cool", "share_contacted"] == pytest.approx(0.1)
    assert covered.plan.profit < plan(trial, before).plan.profit
    again = plan(trial, before, budget_share=1.0, most_contacts=3, repeat_value=0.9)
    assert again.segments.loc["keen", "share_contacted"] > 1
    assert "value of a further contact, of the one before" in set(again.assumptions["quantity"])
    with pytest.raises(ModelError, match="to contact 50% of every segment costs"):
        plan(trial, before, minimum_coverage=0.5)


def test_one_segment_and_a_segment_never_addressed():
    trial, before = draw_trial(rates={"all": 0.3})
    found = plan(trial, before)
    assert found.segments["share_budget"].tolist() == [1]
    trial, before = draw_trial()
    unseen = replace(trial, learn=trial.learn[trial.learn["segment"] != "cool"])
    units = plan(unseen, before).units
    cool = units[units["segment"] == "cool"]
    assert cool["n_offers"].sum() == 0
    assert (cool["rate"] == cool["rate"].iloc[0]).all()
    assert 0.2 < cool["rate"].iloc[0] < 0.4  # the common rate of the others


def test_nobody_answered():
    trial, before = draw_trial()
    silent = replace(trial, learn=trial.learn.assign(responded=False, revenue=0.0))
    with pytest.raises(ModelError, match="nobody answered the campaigns learnt from"):
        plan(silent, before)
    later = replace(trial, test=trial.test.assign(responded=False, revenue=0.0))
    assert (plan(later, before).comparison["found"] < 0).all()
    strangers = replace(trial, segments=trial.segments.rename(lambda name: f"x{name}"))
    with pytest.raises(ModelError, match="no offer went to a customer with a segment"):
        plan(strangers, before.rename(lambda name: f"x{name}"))


@pytest.mark.parametrize(
    "changed", [{"budget_share": -0.1}, {"margin_share": 0.0}, {"n_tiers": 0}, {"ranking": "x"}]
)
def test_settings_out_of_range(changed):
    trial, before = draw_trial(n=60)
    with pytest.raises(SettingsError, match=next(iter(changed))):
        plan(trial, before, **changed)


def test_absence_is_handed_on():
    gone = NotAvailable("no table campaigns")
    assert plan(gone, gone) == gone


def test_sensitivity_keeps_what_is_assumed():
    trial, before = draw_trial()
    found = plan(trial, before)
    rows = found.sensitivity.set_index("change")
    assert rows.loc["as planned", "profit"] == pytest.approx(found.plan.profit)
    assert rows.loc["as planned", "overlap"] == pytest.approx(1)
    assert rows.loc["cost of a contact halved", "contacts"] > found.plan.contacts.sum()
    assert rows.loc["margin of a response doubled", "profit"] > found.plan.profit


def test_plans_of_the_simulated_truth_are_near_the_best_possible():
    """With the true values known, the plan learnt loses little of the best one's profit."""
    trial, before = draw_trial(n=3000)
    found = plan(trial, before, budget_share=0.25)
    true = found.units["segment"].map(RATES) * 10.0
    best = np.sort(np.repeat(true.to_numpy(), found.units["n_customers"]))[::-1][:750]
    earned = (found.units["contacts"] * (true - 1)).sum()
    assert earned == pytest.approx((best - 1).sum(), rel=0.02)


# --- cost of a contact ---------------------------------------------------------------


def test_contact_cost_is_measured_where_it_is_booked():
    campaigns = pd.DataFrame(
        {
            "campaign_id": "K",
            "customer_id": list("abcde"),
            "start_on": pd.Timestamp("2025-03-20"),
            "end_on": pd.Timestamp("2025-04-10"),
            "treated": [True, True, True, True, False],
        }
    )
    transactions = pd.DataFrame(
        {"customer_id": ["a"], "ordered_at": [pd.Timestamp("2025-03-21")], "revenue": [5.0]}
    )
    none = pd.DataFrame(
        {"campaign_id": ["K"], "customer_id": ["a"], "responded_at": [pd.Timestamp("2025-03-21")]}
    )
    offers = match_responses(campaigns, none, transactions)
    costs = pd.DataFrame(
        {
            "period": pd.to_datetime([f"2025-0{month}-01" for month in (2, 3, 4, 5, 3)]),
            "cost_type": [*["campaign"] * 4, "service"],
            "amount": [100.0, 6.0, 2.0, 70.0, 50.0],
        }
    )
    assert price_contact(costs, offers, assumed=9.0).amount == pytest.approx(2.0)
    nothing = price_contact(costs[costs["cost_type"] == "service"], offers, assumed=9.0)
    assert (nothing.amount, nothing.source) == (9.0, "assumed")
    assert price_contact(NotAvailable("x"), offers, assumed=9.0).source == "assumed"
    assert price_contact(costs, NotAvailable("x"), assumed=9.0).source == "assumed"

"""The care plan: every rule by hand, reasons, order, and what is not known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, NotAvailable, SettingsError
from crmstudy.segmentation.use.care import plan_care, rank_profile
from crmstudy.segmentation.use.care_rules import CARE_RULES, tabulate_care_rules

# Ten customers a segment; the segments lie apart in what the rules ask.
SEGMENTS = ["best", "lost", "away", "new"]


def draw_features(**changed):
    """Build forty customers: best and new are recent, best and away were worth much."""
    base = {
        "days_since_last_purchase": [5, 90, 80, 8],
        "revenue": [900, 10, 500, 40],
        "n_purchases": [30, 2, 20, 1],
        "n_departments": [5, 5, 5, 5],
        "n_complaints": [1, 1, 1, 1],
        "discount_share": [0.1, 0.1, 0.1, 0.1],
    }
    base.update(changed)
    frame = pd.DataFrame({name: np.repeat(values, 10) for name, values in base.items()})
    frame["main_channel"] = ["web"] * 6 + ["shop"] * 34
    frame.index = [f"c{i:02d}" for i in range(40)]
    return frame.rename_axis("customer_id"), pd.Series(
        np.repeat(SEGMENTS, 10), index=frame.index, name="segment"
    )


def actions_of(plan):
    return plan.actions.groupby("segment")["action"].apply(list).to_dict()


def test_ranks_by_hand():
    features, segments = draw_features()
    profile = rank_profile(features, segments)
    # Ten equal customers at each of four levels: mean ranks .125, .375, .625, .875.
    assert profile.loc["best", "revenue"] == pytest.approx(0.875)
    assert profile.loc["lost", "revenue"] == pytest.approx(0.125)
    assert profile.loc["new", "days_since_last_purchase"] == pytest.approx(0.375)
    assert profile["n_complaints"].tolist() == pytest.approx([0.5] * 4)
    assert "main_channel" not in profile


def test_a_logarithm_and_an_outlier_change_no_rank():
    features, segments = draw_features()
    logged = features.assign(revenue=np.log(features["revenue"]))
    logged.iloc[0, logged.columns.get_loc("revenue")] = 1e9
    pd.testing.assert_series_equal(
        rank_profile(features, segments)["revenue"], rank_profile(logged, segments)["revenue"]
    )


def test_rules_by_hand():
    plan = plan_care(*draw_features(), cost_per_contact=2.0)
    assert actions_of(plan) == {
        "away": ["win-back"],
        "best": ["loyalty reward"],
        "lost": ["no paid contact"],
        "new": ["next-purchase offer"],
    }
    assert plan.actions["priority"].tolist() == [1, 2, 3, 4]
    assert plan.actions["action"].tolist() == [
        *("win-back", "loyalty reward", "next-purchase offer", "no paid contact"),
    ]
    assert plan.actions["cost"].tolist() == [2.0, 2.0, 2.0, 0.0]
    best = plan.actions.set_index("segment").loc["best"]
    assert best["channel"] == "web"
    assert plan.actions.set_index("segment").loc["new", "channel"] == "shop"
    assert best["reason"] == (
        "revenue 900 (all 362, rank 0.88); days since last purchase 5 (all 45.8, rank 0.12)"
    )
    assert plan.skipped == ()


@pytest.mark.parametrize(
    ("changed", "action", "segment"),
    [
        ({"n_complaints": [1, 1, 1, 4]}, "service recovery", "new"),
        ({"discount_share": [0.4, 0.1, 0.1, 0.1]}, "coupon", "best"),
        ({"n_departments": [2, 5, 5, 5]}, "cross-selling", "best"),
    ],
)
def test_further_rules(changed, action, segment):
    plan = plan_care(*draw_features(**changed), cost_per_contact=1.0)
    assert action in actions_of(plan)[segment]
    assert all(len(actions) <= 2 for actions in actions_of(plan).values())


def test_the_two_most_urgent_actions_are_kept():
    several = {"n_complaints": [4, 1, 1, 1], "discount_share": [0.4, 0.1, 0.1, 0.1]}
    plan = plan_care(*draw_features(**several), cost_per_contact=1.0)
    assert actions_of(plan)["best"] == ["service recovery", "loyalty reward"]


def test_every_rule_can_hold():
    """No rule is shut out by the conditions of the ones before it."""
    seen = set()
    generator = np.random.default_rng(0)
    for _ in range(300):
        values = {
            name: generator.permutation([1.0, 2, 3, 4]).tolist()
            for name in ("days_since_last_purchase", "revenue", "n_purchases", "n_departments")
        }
        values["n_complaints"] = generator.permutation([1.0, 1, 1, 1 + generator.integers(4)])
        values["discount_share"] = generator.permutation([1.0, 2, 3, 4]).tolist()
        features, segments = draw_features(**values)
        seen |= set(plan_care(features, segments, cost_per_contact=1.0).actions["action"])
    assert seen >= {rule.action for rule in CARE_RULES}


def test_margin_is_asked_before_revenue():
    features, segments = draw_features()
    features["margin"] = np.repeat([1.0, 2, 3, 4], 10)
    plan = plan_care(features, segments, cost_per_contact=1.0)
    assert "loyalty reward" not in actions_of(plan)["best"]
    assert "margin" in plan.actions.set_index("segment").loc["new", "reason"].iloc[0]


def test_evidence_stakes_and_budget_are_looked_up():
    evidence = pd.DataFrame(
        {"value": [3.0], "lower": [1.0], "upper": [5.0], "source": ["a trial"]}, index=["best"]
    )
    stakes = pd.DataFrame({"value": [7.0], "lower": [6.0], "upper": [8.0]}, index=["new"])
    plan = plan_care(
        *draw_features(),
        cost_per_contact=2.0,
        stakes=stakes,
        evidence={"loyalty reward": evidence, "win-back": NotAvailable("no campaigns")},
        shares=pd.Series({"best": 0.9, "lost": 0.1}),
    )
    rows = plan.actions.set_index("segment")
    assert rows.loc["best", ["expected_value", "lower", "upper"]].tolist() == [3, 1, 5]
    assert rows.loc["away", "expected_value"] == NotAvailable("no campaigns")
    assert rows.loc["new", "expected_value"].reason == "no campaign of this kind was observed"
    assert rows.loc["new", ["stake", "stake_lower"]].tolist() == [7, 6]
    assert rows.loc["best", "share_budget"] == 0.9
    assert isinstance(rows.loc["away", "share_budget"], NotAvailable)
    assert rows.loc["lost", "reason"].endswith(
        "the budget plan pays for contacts here, and goes before the rule"
    )
    values = plan.values().set_index("segment")
    assert values.loc["away", "expected value of a contact"] == "–"
    assert values.loc["away", "evidence"] == "not available: no campaigns"
    assert values.loc["best", "evidence"] == "a trial"
    assert plan.to_metrics() == {"n_actions": 4.0, "n_with_value": 1.0}


def test_more_at_stake_goes_first():
    features, segments = draw_features(days_since_last_purchase=[5, 90, 80, 5])
    features["revenue"] = np.repeat([900, 10, 500, 901], 10)
    features["n_purchases"] = 5
    stakes = pd.DataFrame({"value": [1.0, 2.0], "lower": 0.0, "upper": 3.0}, index=["best", "new"])
    plan = plan_care(features, segments, cost_per_contact=1.0, stakes=stakes)
    rewards = plan.actions[plan.actions["action"] == "loyalty reward"]["segment"]
    assert rewards.tolist() == ["new", "best"]


def test_missing_features_are_said():
    features, segments = draw_features()
    slim = features[["days_since_last_purchase", "revenue"]]
    plan = plan_care(slim, segments, cost_per_contact=1.0)
    assert plan.skipped == ("service recovery", "coupon", "cross-selling", "next-purchase offer")
    assert actions_of(plan)["new"] == ["standard service"]
    channels = plan.actions["channel"]
    assert all(c == NotAvailable("the data have no channel") for c in channels)
    assert set(plan.table()["channel"]) == {"–"}


def test_one_segment_is_average_in_everything():
    features, segments = draw_features()
    plan = plan_care(features, segments.map(lambda _: "all"), cost_per_contact=1.0)
    assert actions_of(plan) == {"all": ["standard service"]}


def test_order_of_customers_changes_nothing():
    features, segments = draw_features()
    one = plan_care(features, segments, cost_per_contact=1.0)
    two = plan_care(
        features.iloc[::-1], segments.sample(frac=1, random_state=1), cost_per_contact=1
    )
    pd.testing.assert_frame_equal(one.table(), two.table())


def test_refusals_and_absence():
    features, segments = draw_features()
    with pytest.raises(SettingsError, match="no action 'cupon'; did you mean 'coupon'"):
        plan_care(features, segments, cost_per_contact=1.0, evidence={"cupon": NotAvailable("x")})
    with pytest.raises(DataError, match="no customer with features has a segment"):
        plan_care(features, segments.rename(lambda c: f"x{c}"), cost_per_contact=1.0)
    gone = NotAvailable("no transactions")
    assert plan_care(gone, segments, cost_per_contact=1.0) == gone
    assert plan_care(features, gone, cost_per_contact=1.0) == gone


def test_rules_are_printed_in_their_order():
    rules = tabulate_care_rules()
    assert rules["action"].tolist() == [*(rule.action for rule in CARE_RULES), "standard service"]
    assert rules["when"].iloc[0] == "complaints: 1.5 times the mean of all, or more"
    assert rules["when"].iloc[-1] == "no other rule holds"

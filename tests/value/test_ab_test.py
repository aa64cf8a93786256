"""Planning a conversion test, and campaigns that held customers back by lot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.statistics.two_shares import Arm, compare_shares
from crmstudy.statistics.two_shares_size import customers_per_arm
from crmstudy.value.recommendation.ab_test import (
    collect_base_rates,
    plan_conversion_test,
    trace_sample_size,
)
from crmstudy.value.recommendation.campaign_groups import compare_campaign_groups
from crmstudy.value.recommendation.recommenders import FACTORS, NEW, POPULAR
from crmstudy.value.recommendation.trial import RecommendationTrial
from crmstudy.value.recommendation.trial_windows import TrialWindows
from crmstudy.value.recommendation.tuning import Tuning


def base_rates(*rows: tuple[str, int, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["event", "customers", "conversions"])


def make_campaign(
    *, n: int = 400, treated_share: float = 0.5, control_share: float = 0.3, name: str = "spring"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Half of the customers addressed; fixed shares buy while the campaign runs."""
    customers = [f"{name}{i}" for i in range(n)]
    treated = np.arange(n) % 2 == 0
    campaigns = pd.DataFrame(
        {
            "campaign_id": name,
            "customer_id": customers,
            "start_on": pd.Timestamp("2024-05-01"),
            "end_on": pd.Timestamp("2024-05-31"),
            "treated": treated,
        }
    )
    rows = []
    for side, share in ((True, treated_share), (False, control_share)):
        group = campaigns.loc[campaigns["treated"] == side, "customer_id"].tolist()
        for customer in group[: round(share * len(group))]:
            early = len(rows) % 2 == 0
            rows.append((customer, "2024-05-01 00:10" if early else "2024-05-31 22:00"))
        for customer in group[: len(group) // 5]:
            rows.append((customer, "2024-04-10 12:00"))
        rows.append((group[-1], "2024-06-01 00:01"))
    transactions = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    transactions.loc[len(transactions)] = ["somebody else", "2024-01-01 08:00"]
    return campaigns, transactions.assign(ordered_at=pd.to_datetime(transactions["ordered_at"]))


def test_the_plan_says_what_the_formula_says() -> None:
    plan = plan_conversion_test(base_rates(("buys", 6000, 1200)), claimed_uplift=0.15)
    needs = plan.needs.set_index("uplift")
    assert list(needs.index) == [0.05, 0.1, 0.15, 0.2, 0.3]
    assert needs.loc[0.15, "per_arm"] == customers_per_arm(0.2, 0.23)
    assert needs.loc[0.15, "both"] == 2 * needs.loc[0.15, "per_arm"]
    assert needs.loc[0.15, "enough"] == "yes"
    assert needs.loc[0.05, "enough"] == "no"
    assert needs["per_arm"].is_monotonic_decreasing
    event = plan.events.iloc[0]
    assert event["lower"] < event["base"] == 0.2 < event["upper"]
    # The smallest uplift seen is the one for which the customers at hand just suffice.
    half = customers_per_arm(0.2, 0.2 * (1 + event["smallest_uplift"]))
    assert half == pytest.approx(3000, abs=1)


def test_both_groups_must_be_at_hand() -> None:
    plan = plan_conversion_test(base_rates(("buys", 4000, 800)), claimed_uplift=0.15)
    needs = plan.needs.set_index("uplift")
    assert needs.loc[0.15, "per_arm"] < 4000 < needs.loc[0.15, "both"]
    assert needs.loc[0.15, "enough"] == "no"


def test_a_claimed_uplift_among_the_others_stands_once() -> None:
    plan = plan_conversion_test(base_rates(("buys", 300, 60)), claimed_uplift=0.1)
    assert plan.needs["uplift"].tolist() == [0.05, 0.1, 0.2, 0.3]
    assert plan.to_metrics()["event1_per_arm"] == customers_per_arm(0.2, 0.22)


def test_shares_that_cannot_rise_are_said() -> None:
    rates = base_rates(("buys", 100, 95), ("never", 100, 0), ("always", 100, 100))
    plan = plan_conversion_test(rates, claimed_uplift=0.15)
    claimed = plan.needs[plan.needs["uplift"] == 0.15]
    assert claimed["per_arm"].isna().all()
    assert claimed["enough"].tolist() == [
        "cannot be: shares end at 1",
        "nobody converts",
        "cannot be: shares end at 1",
    ]
    assert plan.events["smallest_uplift"].isna().tolist()[1:] == [True, True]
    assert all(np.isfinite(value) for value in plan.to_metrics().values())
    curve = trace_sample_size(plan)
    assert set(curve["event"]) == {"buys"}
    assert (curve["base"] * (1 + curve["uplift"]) < 1).all()
    told = plan.events.set_index("event")["smallest_uplift"]
    np.testing.assert_array_equal(curve["smallest"], curve["event"].map(told))


def test_one_customer_can_show_nothing() -> None:
    plan = plan_conversion_test(base_rates(("buys", 1, 1)), claimed_uplift=0.15)
    assert plan.events["smallest_uplift"].isna().all()
    assert len(plan.table()) == len(plan.needs)
    assert trace_sample_size(plan).empty


def test_base_rates_count_who_bought() -> None:
    outcomes = pd.DataFrame({"n_purchases": [0, 2, 1, 0], "revenue": 0.0})
    found = collect_base_rates(outcomes)
    assert found.to_dict("records") == [
        {"event": "buys anything", "customers": 4, "conversions": 2}
    ]
    with pytest.raises(ModelError, match="no customer is known"):
        collect_base_rates(outcomes.iloc[:0])
    assert isinstance(collect_base_rates(NotAvailable("none")), NotAvailable)
    assert len(collect_base_rates(outcomes, None)) == 1


def test_without_recommendations_the_other_base_rate_stays() -> None:
    outcomes = pd.DataFrame({"n_purchases": [0, 2]})
    assert isinstance(collect_base_rates(outcomes, NotAvailable("no products")), pd.DataFrame)


def test_who_has_a_list_and_buys_nothing_did_not_convert() -> None:
    measures = pd.DataFrame(
        {
            "task": [NEW, NEW],
            "method": [POPULAR, FACTORS],
            "hit_rate": [0.4, 0.5],
            "n_customers": 100,
            "n_served": 400,
        }
    )
    trial = RecommendationTrial(
        measures=measures,
        curves=pd.DataFrame(),
        tuning=Tuning(pd.DataFrame(), {(NEW, FACTORS): ()}, {NEW: FACTORS}),
        counts=pd.DataFrame(),
        random_hit_rate={},
        n_items=500,
        level="product",
        windows=TrialWindows(*["2024-01-01"] * 6),
        k=10,
        n_replicates=20,
    )
    found = collect_base_rates(pd.DataFrame({"n_purchases": [1, 0]}), trial).iloc[1]
    assert (found["customers"], found["conversions"]) == (400, 50)


def test_peeking_is_tabulated() -> None:
    plan = plan_conversion_test(base_rates(("buys", 300, 60)), claimed_uplift=0.15)
    looks = plan.tabulate_looks().set_index("looks at the running test")
    assert looks.loc[5, "chance of a false alarm"] == pytest.approx(0.142, abs=5e-4)


def test_campaign_groups_are_counted_by_who_bought_on_its_days() -> None:
    found = compare_campaign_groups(*make_campaign())
    comparison = found.comparisons["spring"]
    assert comparison == compare_shares(Arm(100, 200), Arm(60, 200))
    assert found.before["spring"] == compare_shares(Arm(40, 200), Arm(40, 200))
    assert all(check.passed for check in found.checks)
    row = found.table().iloc[0]
    assert row["difference"] == pytest.approx(0.2)
    assert row["relative uplift"] == pytest.approx(2 / 3)
    assert found.to_metrics()["p_value"] == comparison.test.p_value


def test_groups_unlike_before_the_campaign_fail_the_check() -> None:
    campaigns, transactions = make_campaign()
    early = campaigns.loc[campaigns["treated"], "customer_id"]
    more = pd.DataFrame({"customer_id": early, "ordered_at": pd.Timestamp("2024-04-20")})
    found = compare_campaign_groups(campaigns, pd.concat([transactions, more]))
    assert [check.passed for check in found.checks] == [False]


def test_order_of_lines_does_not_matter_and_inputs_stay() -> None:
    campaigns, transactions = make_campaign()
    copies = campaigns.copy(), transactions.copy()
    there = compare_campaign_groups(campaigns, transactions).table()
    turned = compare_campaign_groups(campaigns.iloc[::-1], transactions.iloc[::-1]).table()
    pd.testing.assert_frame_equal(there, turned)
    pd.testing.assert_frame_equal(campaigns, copies[0])
    pd.testing.assert_frame_equal(transactions, copies[1])


def test_campaigns_without_lots_and_tiny_groups_are_not_available() -> None:
    campaigns, transactions = make_campaign()
    nobody = compare_campaign_groups(campaigns.assign(treated=True), transactions)
    assert "held customers back" in str(nobody)
    assert isinstance(
        compare_campaign_groups(campaigns.drop(columns="treated"), transactions), NotAvailable
    )
    tiny = make_campaign(n=12)
    assert "10 customers addressed" in str(compare_campaign_groups(*tiny))
    other, lines = make_campaign(n=12, name="tiny")
    both = compare_campaign_groups(pd.concat([campaigns, other]), pd.concat([transactions, lines]))
    assert both.left_out == ("tiny",)
    assert list(both.comparisons) == ["spring"]


def test_a_control_group_that_never_buys_has_no_relative_uplift() -> None:
    found = compare_campaign_groups(*make_campaign(control_share=0.0))
    row = found.table().iloc[0]
    assert np.isnan(row["relative uplift"])
    assert np.isnan(row["smallest uplift seen"])
    assert row["difference"] == pytest.approx(0.5)


def test_an_uplift_of_nothing_is_refused() -> None:
    with pytest.raises(SettingsError, match="a positive number is needed"):
        plan_conversion_test(base_rates(("buys", 10, 5)), claimed_uplift=0.0)

"""Uplift by segment: against Welch's test of SciPy, by hand, recovery, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.use.responses import Offers, match_responses
from crmstudy.segmentation.use.uplift import ALL, measure_uplift


def draw_offers(seed=1, n=400, effects=None, n_campaigns=1):
    generator = np.random.default_rng(seed)
    effects = effects or {"a": 5.0, "b": 0.0}
    ids = [f"c{i:04d}" for i in range(n)]
    segments = pd.Series(generator.choice(list(effects), n), index=ids)
    parts = []
    for number in range(n_campaigns):
        treated = generator.random(n) < 0.5
        revenue = generator.gamma(2, 10, n) + treated * segments.map(effects).to_numpy()
        parts.append(
            pd.DataFrame(
                {
                    "campaign_id": f"K{number}",
                    "customer_id": ids,
                    "treated": treated,
                    "revenue": revenue,
                    "n_purchase_days": 1.0,
                }
            )
        )
    windows = pd.concat(parts, ignore_index=True)
    rows = windows[["campaign_id", "customer_id", "treated"]].assign(
        responded=windows["treated"] & (windows["revenue"] > 20), revenue=0.0
    )
    return Offers(rows, pd.DataFrame(), windows, 0, 0), segments


def test_one_campaign_as_welch():
    offers, segments = draw_offers()
    found = measure_uplift(offers, segments).segments
    rows = offers.windows.assign(segment=offers.windows["customer_id"].map(segments))
    for name in ("a", "b", ALL):
        part = rows if name == ALL else rows[rows["segment"] == name]
        test = ttest_ind(
            part.loc[part["treated"], "revenue"],
            part.loc[~part["treated"], "revenue"],
            equal_var=False,
        )
        row = found.loc[name]
        assert row["uplift"] == pytest.approx(row["mean_addressed"] - row["mean_held_back"])
        error = (row["upper"] - row["lower"]) / (2 * 1.959963984540054)
        assert row["uplift"] / error == pytest.approx(test.statistic)
        made = part["treated"]
        assert row["response_rate"] == pytest.approx((part.loc[made, "revenue"] > 20).mean())


def test_several_campaigns_are_averaged():
    offers, segments = draw_offers(n_campaigns=3)
    found = measure_uplift(offers, segments).segments.loc["a"]
    rows = offers.windows[offers.windows["customer_id"].map(segments) == "a"]
    gaps, weights, variances = [], [], []
    for _, part in rows.groupby("campaign_id"):
        one, none = (part.loc[part["treated"] == side, "revenue"] for side in (True, False))
        gaps.append(one.mean() - none.mean())
        weights.append(len(one) * len(none) / len(part))
        variances.append(one.var() / len(one) + none.var() / len(none))
    assert found["uplift"] == pytest.approx(np.average(gaps, weights=weights))
    share = np.array(weights) / np.sum(weights)
    error = np.sqrt((share**2 * variances).sum())
    assert found["upper"] - found["uplift"] == pytest.approx(1.959963984540054 * error)


def test_recovers_effects_and_finds_them_different():
    offers, segments = draw_offers(n=4000, effects={"a": 6.0, "b": 0.0, "c": 3.0})
    found = measure_uplift(offers, segments)
    for name, effect in {"a": 6.0, "b": 0.0, "c": 3.0}.items():
        row = found.segments.loc[name]
        assert row["lower"] <= effect <= row["upper"]
    assert list(found.segments.index) == ["a", "c", "b", ALL]
    assert found.homogeneity.p_value < 0.001
    same = measure_uplift(*draw_offers(n=4000, effects={"a": 4.0, "b": 4.0}))
    assert same.homogeneity.p_value > 0.05


def test_coverage_of_the_intervals():
    covered = []
    for seed in range(200):
        row = measure_uplift(*draw_offers(seed, n=160)).segments.loc["a"]
        covered.append(row["lower"] <= 5.0 <= row["upper"])
    assert 0.91 <= np.mean(covered) <= 0.985


def test_order_changes_nothing():
    offers, segments = draw_offers()
    mixed = Offers(
        offers.rows.iloc[::-1],
        offers.campaigns,
        offers.windows.sample(frac=1, random_state=1),
        0,
        0,
    )
    pd.testing.assert_frame_equal(
        measure_uplift(offers, segments).segments,
        measure_uplift(mixed, segments.iloc[::-1]).segments,
        rtol=1e-12,
    )


def test_small_segments_and_strangers_are_left_out_and_counted():
    offers, segments = draw_offers(n=200)
    few = segments.copy()
    few.iloc[:12] = "few"
    few.iloc[12:20] = np.nan
    found = measure_uplift(offers, few)
    assert "few" not in found.segments.index
    assert found.n_left_out == 20
    with pytest.raises(ModelError, match="no segment has 10 customers addressed and 10 held back"):
        measure_uplift(offers, segments.iloc[:15])


@pytest.mark.parametrize("side", [True, False])
def test_both_groups_must_be_large_enough(side):
    offers, segments = draw_offers(n=200)
    windows = offers.windows
    group = windows[windows["treated"] == side].index
    one = segments.map(lambda _: "s")
    ten, nine = (
        Offers(offers.rows, offers.campaigns, windows.drop(group[n:]), 0, 0) for n in (10, 9)
    )
    assert "s" in measure_uplift(ten, one).segments.index
    with pytest.raises(ModelError, match="no segment has 10 customers"):
        measure_uplift(nine, one)


def test_value_of_a_contact():
    offers, segments = draw_offers()
    found = measure_uplift(offers, segments)
    worth = found.weigh(cost_per_contact=2.0, margin_share=0.5)
    assert ALL not in worth.index
    expected = 0.5 * found.segments.loc["a", ["uplift", "lower", "upper"]] - 2
    assert worth.loc["a", ["value", "lower", "upper"]].tolist() == pytest.approx(expected.tolist())
    with pytest.raises(SettingsError, match="days with a purchase have no value"):
        measure_uplift(offers, segments, outcome="n_purchase_days").weigh(
            cost_per_contact=2.0, margin_share=0.5
        )


def test_margin_is_taken_where_it_is_known():
    offers, segments = draw_offers()
    windows = offers.windows.assign(margin=offers.windows["revenue"] / 2)
    known = Offers(offers.rows, offers.campaigns, windows, 0, 0)
    assert measure_uplift(known, segments).outcome == "margin"
    assert measure_uplift(offers, segments).outcome == "revenue"
    said = measure_uplift(offers, segments, outcome="margin")
    assert said == NotAvailable("the data have no margin")
    with pytest.raises(SettingsError, match="outcome = 'x': allowed are revenue"):
        measure_uplift(offers, segments, outcome="x")


def test_without_control_there_is_no_uplift():
    day = pd.Timestamp("2025-01-05")
    campaigns = pd.DataFrame(
        {"campaign_id": "K", "customer_id": ["a", "b"], "start_on": day, "end_on": day}
    )
    answers = pd.DataFrame({"campaign_id": ["K"], "customer_id": ["a"], "responded_at": [day]})
    lines = pd.DataFrame({"customer_id": ["a"], "ordered_at": [day], "revenue": [1.0]})
    offers = match_responses(campaigns, answers, lines)
    said = measure_uplift(offers, pd.Series("s", index=["a", "b"]))
    assert isinstance(said, NotAvailable)
    assert "held customers back" in said.reason

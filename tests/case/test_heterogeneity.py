"""Effects by segment against R; timelines and windows by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.campaigns.averages import average_groups
from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.campaigns.segments import CustomerSegments, choose_segments
from crmstudy.case.campaigns.timeline import trace_campaigns
from crmstudy.case.campaigns.windows import plan_windows
from crmstudy.case.effects import heterogeneity
from crmstudy.case.effects.heterogeneity import compare_segments
from crmstudy.errors import ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference"
PANEL = pd.read_csv(REFERENCE / "did" / "panel.csv")
UNITS = pd.read_csv(REFERENCE / "event_study" / "units.csv").set_index("customer_id")
EXPECTED = pd.read_csv(REFERENCE / "event_study" / "expected.csv").set_index("quantity")["value"]
SEGMENTS = CustomerSegments("kind", UNITS["segment"], ("a", "b", "c"))
DAY = pd.Timedelta(days=1)


def make_campaign() -> Campaign:
    start = pd.Timestamp("2024-03-01")
    return Campaign("A", start, start + 9 * DAY, ("1", "2"), ("3", "4", "5", "6"), False)


@pytest.mark.parametrize(("kind", "weights"), [("equal", None), ("weighted", UNITS["weight"])])
def test_effects_by_segment_are_those_of_r(kind, weights, monkeypatch):
    monkeypatch.setattr(heterogeneity, "MINIMUM", 2)
    found = compare_segments(PANEL, SEGMENTS, weights=weights)
    rows = found.effects.set_index("segment")
    for name in "abc":
        assert rows.loc[name, "estimate"] == pytest.approx(EXPECTED[f"{kind}.did_{name}"], rel=1e-8)
        assert rows.loc[name, "standard_error"] == pytest.approx(
            EXPECTED[f"{kind}.se_did_{name}"], rel=1e-8
        )
    assert found.equal.statistic == pytest.approx(EXPECTED[f"{kind}.equal_f"], rel=1e-8)
    assert found.equal.p_value == pytest.approx(EXPECTED[f"{kind}.equal_p"], rel=1e-8)


def test_small_segments_are_named_and_too_few_refused():
    with pytest.raises(ModelError, match="0 of 3 segments by kind have 10 customers"):
        compare_segments(PANEL, SEGMENTS)
    with pytest.raises(SettingsError, match="level = 1: must be between"):
        compare_segments(PANEL, SEGMENTS, level=1)
    assert not compare_segments(NotAvailable("none"), SEGMENTS)


def test_windows_are_as_many_as_the_data_hold():
    days = pd.DataFrame(
        {"ordered_at": [pd.Timestamp("2024-02-05"), pd.Timestamp("2024-03-10 12:00")]}
    )
    plan = plan_windows(days, make_campaign(), n_pre=4)
    assert (plan.n_pre, plan.n_post, plan.days, plan.shortened) == (2, 1, 10, True)
    assert plan.starts_on == pd.Timestamp("2024-02-10")
    assert plan.ends_on == pd.Timestamp("2024-03-10")
    halves = plan_windows(days, make_campaign(), n_pre=2, parts=2)
    assert (halves.n_pre, halves.n_post, halves.days, halves.shortened) == (4, 2, 5, False)
    late = days.assign(ordered_at=days["ordered_at"] + 20 * DAY)
    with pytest.raises(ModelError, match="0 before and 1 from its first day on"):
        plan_windows(late, make_campaign(), n_pre=4)
    with pytest.raises(SettingsError, match="n_pre = 0"):
        plan_windows(days, make_campaign(), n_pre=0)


def test_a_last_window_may_end_after_the_last_purchase():
    told = ["2024-02-05", "2024-02-09", "2024-02-14", "2024-03-01", "2024-03-08"]
    days = pd.DataFrame({"ordered_at": pd.to_datetime(told)})
    plan = plan_windows(days, make_campaign(), n_pre=2)
    assert (plan.n_pre, plan.n_post, plan.silent_days) == (2, 1, 2)
    assert plan.ends_on == pd.Timestamp("2024-03-10")
    assert plan.data_end == pd.Timestamp("2024-03-08")
    daily = pd.DataFrame({"ordered_at": pd.date_range("2024-02-05", "2024-03-08")})
    with pytest.raises(ModelError, match="2 before and 0 from its first day on"):
        plan_windows(daily, make_campaign(), n_pre=2)


def test_other_campaigns_by_hand():
    day = pd.Timestamp("2024-03-01")
    rows = [("A", "1", 0, 9), ("A", "2", 0, 9), ("B", "1", 5, 20), ("B", "3", 5, 20)]
    rows += [("C", "3", -15, -12), ("D", "9", 30, 31), ("E", "4", -90, -80)]
    campaigns = pd.DataFrame(
        [(c, i, day + s * DAY, day + e * DAY) for c, i, s, e in rows],
        columns=["campaign_id", "customer_id", "start_on", "end_on"],
    )
    days = pd.DataFrame(
        {"ordered_at": [pd.Timestamp("2024-02-05"), pd.Timestamp("2024-03-10 12:00")]}
    )
    found = trace_campaigns(
        campaigns, make_campaign(), plan_windows(days, make_campaign(), n_pre=2)
    )
    when = found.campaigns.set_index("campaign_id")["when"].to_dict()
    assert when == {
        "A": "the case", "B": "same time", "C": "windows before", "D": "later", "E": "earlier"
    }  # fmt: skip
    assert found.campaigns.set_index("campaign_id").loc["B", "days_shared"] == 5
    during = found.contact.loc["during the campaign"]
    assert (during["addressed"], during["compared"]) == (0.5, 0.25)
    assert found.contact.loc["in the windows before", "compared"] == 0.25
    assert found.touched_ids == {"1", "3"}
    assert not found.checks[0].passed
    again = trace_campaigns(
        campaigns.iloc[::-1], make_campaign(), plan_windows(days, make_campaign(), n_pre=2)
    )
    pd.testing.assert_frame_equal(again.table(), found.table())


def test_segments_are_cut_before_the_windows_and_say_so_where_they_cannot():
    ids = [f"{i}" for i in range(8)]
    panel = pd.DataFrame(
        {
            "customer_id": np.repeat([*ids, "none"], 2),
            "period": [-1, 0] * 9,
            "starts_on": [pd.Timestamp("2024-02-01"), pd.Timestamp("2024-03-01")] * 9,
        }
    )
    early = pd.DataFrame(
        {"customer_id": ids, "ordered_at": pd.Timestamp("2023-12-01"), "revenue": np.arange(1.0, 9)}
    )
    cut = choose_segments(panel, early, NotAvailable("no customers"))
    assert cut.labels.value_counts().tolist() == [2, 2, 2, 2, 1]
    assert cut.order[0] == "1 lowest quarter"
    assert cut.order[-1] == "bought nothing"
    assert cut.note == ""
    inside = early.assign(ordered_at=pd.Timestamp("2024-02-02"))
    assert "do not reach further back" in choose_segments(panel, inside, early).note
    customers = pd.DataFrame({"customer_id": ids, "region": ["x", "y"] * 4})
    by = choose_segments(panel, early, customers, column="region")
    assert by.order == ("x", "y", "(unknown)")
    with pytest.raises(SettingsError, match="'regio': customers have no such column; did you mean"):
        choose_segments(panel, early, customers, column="regio")
    assert not choose_segments(panel, early, NotAvailable("no customers"), column="region")


def test_group_means_with_intervals():
    found = average_groups(PANEL.assign(treated=PANEL["treated"] == 1))
    row = found[(found["window"] == 0) & (found["group"] == "addressed")].iloc[0]
    values = PANEL.query("period == 0 and treated == 1")["revenue"]
    reach = 2.0638985616 * values.std() / np.sqrt(25)  # t(24)
    assert row["mean"] == pytest.approx(values.mean())
    assert row["upper"] - row["mean"] == pytest.approx(reach)

import numpy as np
import pandas as pd
import pytest

from crmstudy.case import build_panel, estimate_did
from crmstudy.case.campaigns.panel import find_reach
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError


def make_transactions() -> pd.DataFrame:
    rows = [
        ("a", "b1", "2024-01-01 00:00", 5.0),
        ("a", "b2", "2024-01-11 00:00", 10.0),  # first moment of window -1
        ("a", "b2", "2024-01-11 00:00", 2.5),  # a second line of the same basket
        ("a", "b3", "2024-01-20 23:59", 4.0),  # last minute before the campaign
        ("a", "b4", "2024-01-21 00:00", 7.0),  # the campaign's first moment
        ("b", "b5", "2024-01-30 23:59", 1.0),  # its last
        ("b", "b6", "2024-01-31 00:00", 9.0),  # the day after
        ("c", "b7", "2024-01-05 12:00", 3.0),
        ("x", "b8", "2024-01-15 12:00", 99.0),  # in neither group
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "basket_id", "ordered_at", "revenue"])
    return frame.assign(ordered_at=pd.to_datetime(frame["ordered_at"]))


CAMPAIGN = {
    "treated_ids": ["a", "b"],
    "control_ids": ["c", "d"],
    "campaign_start": "2024-01-21",
    "campaign_end": "2024-01-30",
}


def test_windows_worked_by_hand():
    panel = build_panel(make_transactions(), n_pre=2, **CAMPAIGN)
    assert panel["period"].tolist() == [-2, -1, 0] * 4
    assert panel["customer_id"].tolist() == [name for name in "abcd" for _ in range(3)]
    assert panel["revenue"].tolist() == [5, 16.5, 7, 0, 0, 1, 3, 0, 0, 0, 0, 0]  # d never bought
    baskets = panel.set_index(["customer_id", "period"])["n_purchases"]
    assert baskets[("a", -1)] == 2
    starts = panel.drop_duplicates("period").set_index("period")["starts_on"]
    assert starts[-2] == pd.Timestamp("2024-01-01")
    assert starts[0] == pd.Timestamp("2024-01-21")
    assert panel.groupby("customer_id")["treated"].first().tolist() == [True, True, False, False]
    assert panel["post"].tolist() == [False, False, True] * 4


def test_window_length_and_later_windows():
    panel = build_panel(make_transactions(), n_pre=4, n_post=2, window_days=5, **CAMPAIGN)
    assert panel["period"].unique().tolist() == [-4, -3, -2, -1, 0, 1]
    total = panel.groupby("customer_id")["revenue"].sum()
    assert total.to_dict() == {"a": 28.5, "b": 1.0, "c": 3.0, "d": 0.0}
    late = panel.query("customer_id == 'b' and period == 1")
    assert late["revenue"].tolist() == [1.0]


def test_a_few_silent_days_at_the_end_are_days_without_a_purchase():
    transactions = make_transactions().query("ordered_at < '2024-01-27'")
    reach = find_reach(transactions["ordered_at"], days=10)  # silent from the 6th to the 10th
    assert reach == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-26"))
    short = {**CAMPAIGN, "campaign_end": "2024-01-26"}
    panel = build_panel(transactions, n_pre=3, window_days=6, **short)
    assert panel.query("period == 0")["revenue"].tolist() == [7, 0, 0, 0]
    with pytest.raises(ModelError, match=r"to 2024-01-21: take fewer.* may follow, to 2024-01-26"):
        build_panel(transactions, n_pre=2, **CAMPAIGN)
    daily = pd.Series(pd.date_range("2024-01-01", "2024-01-20"))
    assert find_reach(daily, days=10)[1] == pd.Timestamp("2024-01-20")  # never silent before
    rare = pd.Series(pd.to_datetime(["2024-01-01", "2024-03-01", None]))
    assert find_reach(rare, days=28)[1] == pd.Timestamp("2024-03-08")  # a week at most
    assert find_reach(rare, days=3)[1] == pd.Timestamp("2024-03-03")  # never a whole window
    assert find_reach(rare[:1], days=28)[1] == pd.Timestamp("2024-01-01")


def test_order_of_rows_and_ids_does_not_matter():
    transactions = make_transactions()
    panel = build_panel(transactions, n_pre=2, **CAMPAIGN)
    turned = {**CAMPAIGN, "treated_ids": iter(["b", "a"]), "control_ids": {"d", "c"}}
    again = build_panel(transactions.iloc[::-1], n_pre=2, **turned)
    pd.testing.assert_frame_equal(panel, again)


def test_panel_of_many_customers_keeps_every_coin_and_the_known_effect():
    draw = np.random.default_rng(4)
    days = pd.date_range("2024-01-01", periods=100, freq="D")
    ids = [f"h{i:03d}" for i in range(120)]
    who, when = np.nonzero(draw.random((120, 100)) < 0.5)
    lines = pd.DataFrame({"customer_id": np.array(ids)[who], "ordered_at": days[when]})
    treated = lines["customer_id"] < "h060"
    during = lines["ordered_at"] >= "2024-03-21"
    lines["revenue"] = 4.0 + 2.0 * (treated & during)
    lines["basket_id"] = [f"b{i}" for i in range(len(lines))]
    panel = build_panel(
        lines,
        treated_ids=ids[:60],
        control_ids=ids[60:],
        campaign_start="2024-03-21",
        campaign_end="2024-04-09",
        n_pre=4,
    )
    assert panel["revenue"].sum() == pytest.approx(lines["revenue"].sum())
    assert panel["n_purchases"].sum() == len(lines)
    result = estimate_did(panel)  # .5 purchases a day, 20 days, 2 more each: 20
    assert result.lower < 20 < result.upper


def test_refusals():
    transactions = make_transactions()
    with pytest.raises(ModelError, match="reach from 2023-12-22 to 2024-01-30, the transactions"):
        build_panel(transactions, n_pre=3, **CAMPAIGN)
    with pytest.raises(ModelError, match="from 2024-01-01 to 2024-01-31: take fewer"):
        build_panel(transactions, n_pre=2, n_post=2, **CAMPAIGN)
    with pytest.raises(DataError, match="customer 'a' and 0 others are in both groups"):
        build_panel(transactions, **{**CAMPAIGN, "control_ids": ["a"]})
    with pytest.raises(ModelError, match="2 treated and 0 control customers"):
        build_panel(transactions, **{**CAMPAIGN, "control_ids": []})
    with pytest.raises(SettingsError, match="windows of -9 days"):
        build_panel(transactions, **{**CAMPAIGN, "campaign_end": "2024-01-11"})
    with pytest.raises(SettingsError, match="0 before and 1 after"):
        build_panel(transactions, n_pre=0, **CAMPAIGN)
    with pytest.raises(DataError, match="lack the column 'revenue'"):
        build_panel(transactions.drop(columns="revenue"), **CAMPAIGN)
    with pytest.raises(DataError, match="hold rows without revenue"):
        build_panel(transactions.assign(revenue=np.nan), **CAMPAIGN)
    assert not build_panel(NotAvailable("no transactions"), **CAMPAIGN)

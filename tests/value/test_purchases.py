"""From the log to purchase histories: published counts, a hand-made log, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.value.histories.purchases import summarise_purchases

HAND_MADE = [
    # customer, time, revenue
    ("anna", "2024-01-01 09:00", 10.0),
    ("anna", "2024-01-01 18:00", 5.0),  # same day: one purchase of 15
    ("anna", "2024-01-08 00:00", 20.0),
    ("anna", "2024-01-15 23:59", 40.0),
    ("anna", "2024-01-16 10:00", -40.0),  # a return
    ("anna", "2024-01-23 10:00", 7.0),  # hold-out
    ("bert", "2024-01-03 10:00", 8.0),
    ("bert", "2024-01-10 10:00", 0.0),  # a free purchase is one
    ("bert", "2024-01-12 10:00", np.nan),  # so is one of unknown amount
    ("cleo", "2024-01-22 10:00", 1.0),  # the last day of calibration is in
    ("cleo", "2024-02-05 10:00", 1.0),  # after the study
    ("dora", "2024-01-25 10:00", 3.0),  # first seen in the hold-out period
    ("dora", "2024-01-26 10:00", 3.0),
    (None, "2024-01-02 10:00", 3.0),
    ("anna", None, 3.0),
]


@pytest.fixture
def log() -> pd.DataFrame:
    frame = pd.DataFrame(HAND_MADE, columns=["customer_id", "ordered_at", "revenue"])
    frame["ordered_at"] = pd.to_datetime(frame["ordered_at"])
    return frame


DATES = {"calibration_end": "2024-01-22", "holdout_end": "2024-02-04"}


def test_cdnow_sample_has_the_published_counts(cdnow):
    """Fader, Hardie & Lee (2005), Marketing Science 24(2), section 5; BTYD walkthrough 2.4.3."""
    assert len(cdnow.customers) == 2357
    assert cdnow.x.sum() == 2457
    assert (cdnow.x == 0).sum() == 1411
    assert cdnow.x.max() == 29
    assert cdnow.T.min() == 27
    assert cdnow.T.max() == pytest.approx(272 / 7)
    assert cdnow.holdout == 39
    assert cdnow.to_metrics()["holdout_purchases"] == 1882
    # Customer 1516 of the walkthrough: x 26, t_x 30.85714, T 31.
    row = cdnow.customers.set_index("customer_id").loc["1516"]
    assert row["repeat_purchases"] == 26
    assert row["last_purchase_weeks"] == pytest.approx(30.85714, abs=5e-6)
    assert row["age_weeks"] == 31


def test_cdnow_master_is_the_whole_cohort(cdnow_master):
    """Fader & Hardie (2001): 69,659 purchases of 23,570 customers, January 1997 to June 1998."""
    rows = cdnow_master.table().set_index("step")["rows"]
    assert rows["rows received"] == 69_659
    assert rows["purchases used"] + rows["same day"] == 69_659
    assert len(cdnow_master.customers) == 23_570
    days = cdnow_master.repeats_by_day.index
    assert (days[0], days[-1]) == (pd.Timestamp("1997-01-01"), pd.Timestamp("1998-06-30"))
    assert cdnow_master.T.max() == pytest.approx(272 / 7)


def test_hand_made_log_gives_the_histories_counted_by_hand(log):
    summary = summarise_purchases(log, **DATES)
    expected = pd.DataFrame(
        {
            "customer_id": ["anna", "bert", "cleo"],
            "repeat_purchases": [2, 2, 0],
            "last_purchase_weeks": [2.0, 9 / 7, 0.0],
            "age_weeks": [3.0, 19 / 7, 0.0],
            "mean_spend": [30.0, 0.0, np.nan],
            "priced_purchases": [2, 1, 0],
            "holdout_purchases": [1, 0, 0],
        }
    )
    pd.testing.assert_frame_equal(summary.customers, expected, check_dtype=False)
    assert summary.holdout == pytest.approx(13 / 7)


def test_every_row_of_the_log_is_accounted_for(log):
    table = summarise_purchases(log, **DATES).table().set_index("step")["rows"]
    assert table.to_dict() == {
        "rows received": 15,
        "no customer": 1,
        "no date": 1,
        "returns": 1,
        "after the study": 1,
        "same day": 1,
        "late customers": 2,
        "purchases used": 8,
    }
    assert table["rows received"] == table.drop("rows received").sum()


def test_repeats_by_day_are_those_of_the_known_customers(log):
    daily = summarise_purchases(log, **DATES).repeats_by_day
    assert daily.index[0] == pd.Timestamp("2024-01-01")
    assert daily.index[-1] == pd.Timestamp("2024-02-04")
    assert daily[daily > 0].index.strftime("%m-%d").tolist() == [
        "01-08",
        "01-10",
        "01-12",
        "01-15",
        "01-23",
    ]


def test_a_log_cut_short_is_noticed(log):
    assert summarise_purchases(log, **DATES).checks[0].passed
    late = summarise_purchases(log, calibration_end="2024-06-30")
    assert not late.checks[0].passed
    assert (
        late.checks[0].statistic == (pd.Timestamp("2024-06-30") - log["ordered_at"].max()).days + 1
    )
    early = summarise_purchases(log, calibration_end="2024-01-15")
    assert early.checks[0].passed
    assert early.checks[0].statistic == 0


def test_without_amounts_there_are_still_histories(log):
    summary = summarise_purchases(log.drop(columns="revenue"), **DATES)
    assert summary.customers["mean_spend"].isna().all()
    assert summary.x.tolist() == [3, 2, 0]  # the return cannot be told from a purchase


def test_days_are_sevenths_of_weeks(log):
    weeks = summarise_purchases(log, **DATES)
    days = summarise_purchases(log, **DATES, unit_days=1)
    assert days.unit == "day"
    assert "age_days" in days.customers
    np.testing.assert_allclose(days.T, 7 * weeks.T)
    np.testing.assert_allclose(days.t_x, 7 * weeks.t_x)


purchases = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 60), st.integers(0, 9)), min_size=1
)


@settings(deadline=None, max_examples=60)
@given(rows=purchases, shuffle=st.randoms(use_true_random=False))
def test_histories_agree_with_a_loop_over_customers_in_any_order(rows, shuffle):
    shuffle.shuffle(rows)
    start, end, stop = pd.Timestamp("2024-01-01"), 40, 50
    log = pd.DataFrame(rows, columns=["customer_id", "day", "revenue"])
    log["ordered_at"] = start + pd.to_timedelta(log.pop("day"), unit="D")
    before = log.copy()
    expected = {}
    for customer in "abcde":
        spend: dict[int, int] = {}
        for who, day, money in rows:
            if who == customer and day <= stop:
                spend[day] = spend.get(day, 0) + money
        days = sorted(spend)
        if days and days[0] <= end:
            repeats = [day for day in days[1:] if day <= end]
            mean = sum(spend[day] for day in repeats) / len(repeats) if repeats else None
            last = (repeats or days[:1])[-1] - days[0]
            held = sum(day > end for day in days)
            expected[customer] = (len(repeats), last, end - days[0], mean, held)
    dates = {"calibration_end": "2024-02-10", "holdout_end": "2024-02-20", "unit_days": 1}
    if not expected:
        with pytest.raises(ModelError, match="nobody bought anything"):
            summarise_purchases(log, **dates)
        return
    frame = summarise_purchases(log, **dates).customers.set_index("customer_id")
    assert list(frame.index) == list(expected)
    for customer, (x, t_x, T, mean, held) in expected.items():
        row = frame.loc[customer]
        assert (row["repeat_purchases"], row["last_purchase_days"], row["age_days"]) == (x, t_x, T)
        assert row["holdout_purchases"] == held
        assert np.isnan(row["mean_spend"]) if mean is None else row["mean_spend"] == mean
    pd.testing.assert_frame_equal(log, before)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"calibration_end": "soon"}, SettingsError, "calibration_end is not a date: 'soon'"),
        ({"calibration_end": None}, SettingsError, "calibration_end is not a date: None"),
        ({"holdout_end": "2024-01-22"}, SettingsError, "must be later than calibration_end"),
        ({"unit_days": 30}, SettingsError, r"unit_days is 7 \(weeks\) or 1 \(days\), found 30"),
        ({"calibration_end": "2023-12-31"}, ModelError, "nobody bought .* up to 2023-12-31"),
    ],
)
def test_impossible_studies_are_refused(log, change, error, message):
    with pytest.raises(error, match=message):
        summarise_purchases(log, **{**DATES, **change})


def test_a_missing_column_is_named(log):
    with pytest.raises(DataError, match="lack the column ordered_at"):
        summarise_purchases(log.drop(columns="ordered_at"), **DATES)


def test_an_empty_log_is_refused(log):
    with pytest.raises(ModelError, match="nobody bought anything"):
        summarise_purchases(log.iloc[:0], **DATES)


def test_absent_transactions_are_passed_on():
    absent = NotAvailable("no transactions")
    assert summarise_purchases(absent, calibration_end="2024-01-01") is absent


def test_a_date_far_ahead_shows_as_a_hole():
    days = pd.date_range("2024-01-01", "2024-06-30", freq="7D")
    log = pd.DataFrame({"customer_id": "a", "ordered_at": days, "revenue": 1.0})
    whole = summarise_purchases(log, calibration_end="2024-06-30").checks[1]
    assert whole.passed
    assert whole.statistic == 7
    later = pd.DataFrame({"customer_id": ["b"], "ordered_at": [pd.Timestamp("2031-01-01")]})
    broken = pd.concat([log, later.assign(revenue=1.0)])
    hole = summarise_purchases(broken, calibration_end="2031-01-01").checks[1]
    assert not hole.passed
    assert hole.name == "the log has no hole, before 2031-01-01"
    assert hole.statistic == (pd.Timestamp("2031-01-01") - days[-1]).days
    assert summarise_purchases(log.head(1), calibration_end="2024-01-01").checks[1].passed

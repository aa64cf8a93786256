"""Splitting a ledger's days, and the interval of the largest customers' share."""

import pandas as pd
import pytest

from crmstudy.errors import ModelError, SettingsError
from crmstudy.value.histories.period import split_period, sum_revenue


def ledger(*days, revenue=1.0):
    return pd.DataFrame(
        {
            "customer_id": [f"c{i % 3}" for i in range(len(days))],
            "ordered_at": pd.to_datetime(list(days)),
            "revenue": revenue,
        }
    )


def test_two_thirds_of_the_days_are_calibration():
    split = split_period(ledger("2025-01-01 10:00", "2025-04-10 09:00"))  # 100 days
    assert split.calibration_end == "2025-03-08"  # the 67th
    assert split.holdout_end == "2025-04-10"


def test_a_day_that_is_told_is_taken():
    split = split_period(ledger("1997-01-01", "1998-06-30"), calibration_end="1997-09-30")
    assert (split.calibration_end, split.holdout_end) == ("1997-09-30", "1998-06-30")


@pytest.mark.parametrize("day", ["1996-12-31", "1997-01-01", "1998-06-30", "1999-01-01"])
def test_a_day_that_leaves_nothing_is_refused(day):
    with pytest.raises(SettingsError, match="must lie between the first and the last purchase"):
        split_period(ledger("1997-01-01", "1998-06-30"), calibration_end=day)


def test_a_short_ledger_is_refused():
    with pytest.raises(ModelError, match="cover 83 days; a hold-out test needs 84 or more"):
        split_period(ledger("2025-01-01", "2025-03-24"))


def test_an_empty_ledger_is_refused():
    with pytest.raises(ModelError, match="no purchase has a date"):
        split_period(ledger("2025-01-01").head(0))
    with pytest.raises(ModelError, match="no purchase has a date"):
        split_period(ledger("2025-01-01").assign(ordered_at=pd.NaT))
    with pytest.raises(ModelError, match="cover 1 day; a hold-out test needs 84"):
        split_period(ledger("2025-01-01 10:00", "2025-01-01 18:00"))


def test_undated_purchases_do_not_move_the_split():
    dated = ledger("2025-01-01", "2025-04-10", None)
    assert split_period(dated) == split_period(dated.head(2))


@pytest.mark.parametrize(
    ("day", "said"),
    [("1997-01-20", "20 days to learn from"), ("1998-06-29", "1 day to test on")],
)
def test_a_part_that_is_too_short_is_refused_with_what_is_allowed(day, said):
    with pytest.raises(SettingsError, match=f"leaves {said}, 28 .*1997-01-28 to 1998-06-02"):
        split_period(ledger("1997-01-01", "1998-06-30"), calibration_end=day)


@pytest.mark.parametrize("day", ["1997-01-28", "1998-06-02"])
def test_the_shortest_allowed_parts_are_taken(day):
    split = split_period(ledger("1997-01-01", "1998-06-30"), calibration_end=day)
    assert split.calibration_end == day


def test_a_day_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="must be a date such as"):
        split_period(ledger("1997-01-01", "1998-06-30"), calibration_end="autumn")


def test_revenue_is_summed_by_customer():
    summed = sum_revenue(ledger("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"))
    assert summed.to_dict() == {"c0": 2.0, "c1": 1.0, "c2": 1.0}


def test_revenue_is_not_known_of_whoever_returned_more_than_she_bought():
    days = ledger("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04")
    days.loc[days["customer_id"] == "c1", "revenue"] = -5.0
    summed = sum_revenue(days)
    assert summed.isna().to_dict() == {"c0": False, "c1": True, "c2": False}

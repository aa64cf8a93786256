"""Purchase features: the database's answer equals a plain pandas computation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.collection.features import purchase_features, purchases_by_period
from crmstudy.collection.warehouse import open_warehouse
from crmstudy.errors import NotAvailable

HEADER = "customer_id,ordered_at,revenue,basket_id\n"


def by_pandas(lines: pd.DataFrame, until: str = "") -> pd.DataFrame:
    """Compute the features in the plainest way."""
    end = pd.Timestamp(until) if until else lines["ordered_at"].max().normalize()
    lines = lines[lines["ordered_at"].dt.normalize() <= end]
    groups = lines.groupby("customer_id")
    frame = pd.DataFrame(
        {
            "n_purchases": groups["basket_id"].nunique(),
            "revenue": groups["revenue"].sum(),
            "days_since_last_purchase": (end - groups["ordered_at"].max().dt.normalize()).dt.days,
            "tenure_days": (end - groups["ordered_at"].min().dt.normalize()).dt.days,
            "weekend_share": lines["ordered_at"]
            .dt.day_of_week.ge(5)
            .groupby(lines["customer_id"])
            .mean(),
        }
    )
    return frame.assign(mean_basket=frame["revenue"] / frame["n_purchases"]).sort_index()


def assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert found.index.tolist() == expected.index.tolist()
    for name in expected:
        np.testing.assert_allclose(
            found[name].to_numpy(float), expected[name].to_numpy(float), rtol=1e-12, atol=1e-9
        )
    assert set(found) == set(expected)


def test_simulated_firm(make_study):
    tables = {"transactions": {"simulated": "transactions"}}
    opened = open_warehouse(make_study(tables, simulation={"n_customers": 400}))
    lines = opened.table("firm", "transactions")
    assert_same(purchase_features(opened, "firm"), by_pandas(lines))
    middle = str(lines["ordered_at"].quantile(0.5).date())
    assert_same(purchase_features(opened, "firm", until=middle), by_pandas(lines, middle))


def test_completejourney(make_study):
    tables = {"transactions": {"open": "completejourney/transactions"}}
    opened = open_warehouse(make_study(tables))
    lines = opened.table("firm", "transactions")
    found = purchase_features(opened, "firm")
    assert len(found) == 2_469
    assert_same(found, by_pandas(lines))
    assert_same(
        purchase_features(opened, "firm", until="2017-06-30"), by_pandas(lines, "2017-06-30")
    )
    pd.testing.assert_frame_equal(found, purchase_features(opened, "firm"), check_exact=True)


@pytest.fixture
def small(make_study):
    content = HEADER + (
        "a,2026-01-03 23:59:59,1,1\n"  # a Saturday
        "a,2026-01-03 23:59:59,2,1\n"
        "a,2026-01-05,3,2\n"
        "b,2026-02-28 08:00,10,3\n"
    )
    return open_warehouse(make_study({"transactions": {"file": "t.csv"}}, {"t.csv": content}))


def test_by_hand(small):
    found = purchase_features(small, "firm")
    assert found.loc["a"].to_dict() == {
        "n_purchases": 2,
        "revenue": 6,
        "mean_basket": 3,
        "days_since_last_purchase": 54,
        "tenure_days": 56,
        "weekend_share": pytest.approx(2 / 3),
    }
    assert found.loc["b", "days_since_last_purchase"] == 0


def test_until_counts_the_whole_of_its_day(small):
    found = purchase_features(small, "firm", until="2026-01-03")
    assert found.index.tolist() == ["a"]
    assert found.loc["a", ["n_purchases", "revenue", "tenure_days"]].tolist() == [1, 3, 0]


def test_without_transactions(small):
    assert isinstance(purchase_features(small, "elsewhere"), NotAvailable)
    assert isinstance(purchases_by_period(small, "elsewhere"), NotAvailable)


def test_unknown_period(small):
    with pytest.raises(ValueError, match="week or month, not 'day'"):
        purchases_by_period(small, "firm", period="day")


def periods(make_study, first: str, last: str, period: str) -> list[str]:
    days = pd.date_range(first, last)
    rows = "".join(f"c{i % 3},{day.date()},1,{i}\n" for i, day in enumerate(days))
    opened = open_warehouse(
        make_study({"transactions": {"file": "t.csv"}}, {"t.csv": HEADER + rows})
    )
    found = purchases_by_period(opened, "firm", period=period)
    lengths = {
        "week": 7,
        "month": found.index.to_series().astype("datetime64[us]").dt.days_in_month,
    }
    assert (found["purchases"] == lengths[period]).all()
    assert (found["revenue"] == found["purchases"]).all()
    assert (found["customers"] == 3).all()
    return [str(day)[:10] for day in found.index]


def test_months_that_are_covered_in_part_are_left_out(make_study):
    months = ["2025-12-01", "2026-01-01", "2026-02-01"]
    assert periods(make_study, "2025-12-01", "2026-02-28", "month") == months
    assert periods(make_study, "2025-12-02", "2026-02-28", "month") == months[1:]
    assert periods(make_study, "2025-12-01", "2026-02-27", "month") == months[:2]


def test_weeks_start_on_monday_and_are_whole(make_study):
    weeks = ["2026-01-05", "2026-01-12"]
    assert periods(make_study, "2026-01-05", "2026-01-18", "week") == weeks
    assert periods(make_study, "2026-01-04", "2026-01-19", "week") == weeks
    assert periods(make_study, "2026-01-06", "2026-01-18", "week") == weeks[1:]
    assert periods(make_study, "2026-01-05", "2026-01-17", "week") == weeks[:1]


def test_periods_sum_to_the_ledger(make_study):
    tables = {"transactions": {"open": "completejourney/transactions"}}
    opened = open_warehouse(make_study(tables))
    months = purchases_by_period(opened, "firm")
    assert len(months) == 12
    lines = opened.table("firm", "transactions")
    inside = lines[lines["ordered_at"] < "2018-01-01"]
    assert months["revenue"].sum() == pytest.approx(inside["revenue"].sum(), rel=1e-12)
    by_month = inside.groupby(inside["ordered_at"].dt.month)
    assert months["customers"].tolist() == by_month["customer_id"].nunique().tolist()
    assert months["purchases"].tolist() == by_month["basket_id"].nunique().tolist()

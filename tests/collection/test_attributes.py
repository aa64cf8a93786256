"""Attributes beside features: the right customers, levels in a reader's order."""

from __future__ import annotations

import pandas as pd
import pytest

from crmstudy.collection.attributes import band_values, join_attribute, order_levels
from crmstudy.errors import NotAvailable, SettingsError

FEATURES = pd.DataFrame({"revenue": [1.0, 2.0, 3.0]}, index=pd.Index(["a", "b", "c"]))
CUSTOMERS = pd.DataFrame(
    {
        "customer_id": ["b", "a", "d", "c"],
        "income": ["15-24K", "Under 15K", "250K+", None],
        "age": [30, 40, 50, 60],
        "revenue": [0, 0, 0, 0],
        "registered_on": pd.to_datetime(["2026-01-01"] * 4),
    }
)


def test_only_customers_whose_attribute_is_known_come_back():
    joined = join_attribute(FEATURES, CUSTOMERS, attribute="income")
    assert joined["income"].astype(str).to_dict() == {"a": "Under 15K", "b": "15-24K"}
    assert joined.sort_values("income").index.tolist() == ["a", "b"]
    assert "income" not in FEATURES


@pytest.mark.parametrize(
    ("levels", "ordered"),
    [
        (["35-44", "Under 25", "25-34", "75+"], ["Under 25", "25-34", "35-44", "75+"]),
        (["100K", "15K", "Under 15K"], ["Under 15K", "15K", "100K"]),
        (["b", "a"], ["a", "b"]),
        (["unknown", "5", "10"], ["5", "10", "unknown"]),
    ],
)
def test_levels_stand_in_their_natural_order(levels, ordered):
    assert list(order_levels(pd.Series(levels)).cat.categories) == ordered


@pytest.mark.parametrize("attribute", ["age", "registered_on"])
def test_numbers_and_days_keep_their_own_order(attribute):
    pd.testing.assert_series_equal(order_levels(CUSTOMERS[attribute]), CUSTOMERS[attribute])


def test_a_number_of_many_values_comes_in_four_bands():
    ages = pd.Series([*range(18, 58), None])
    bands = band_values(ages)
    assert list(bands.cat.categories) == ["18 to 27", "28 to 37", "38 to 47", "48 to 57"]
    assert bands.value_counts().tolist() == [10, 10, 10, 10]
    assert bands.isna().sum() == 1
    assert order_levels(bands) is bands


def test_days_of_many_values_come_in_bands_too():
    days = pd.Series(pd.date_range("2026-01-01", periods=20))
    assert band_values(days).cat.categories[0] == "2026-01-01 to 2026-01-05"


@pytest.mark.parametrize("values", [list(range(12)), ["a", "b"] * 20, [True, False] * 20])
def test_few_values_words_and_answers_stay_as_they_are(values):
    series = pd.Series(values)
    assert band_values(series) is series


def test_unknown_attribute_names_the_known():
    with pytest.raises(SettingsError, match=r"no attribute 'incom'; did you mean 'income'.*age"):
        join_attribute(FEATURES, CUSTOMERS, attribute="incom")


def test_attribute_named_like_a_feature():
    with pytest.raises(SettingsError, match="'revenue' is a purchase feature already"):
        join_attribute(FEATURES, CUSTOMERS, attribute="revenue")


def test_absence_passes():
    absent = NotAvailable("no customers")
    assert join_attribute(FEATURES, absent, attribute="income") is absent

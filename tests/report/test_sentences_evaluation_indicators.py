"""Sentences on indicators: true on any data, singular and plural, nothing, all."""

import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.indicators.comparison import IntervalComparison
from crmstudy.indicators.definitions import INDICATORS
from crmstudy.indicators.differences import UnitDifferences
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.measure import measure_indicators
from crmstudy.indicators.table import IndicatorTable
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.indicators.window import choose_window
from crmstudy.report.sentences.evaluation.indicators import (
    read_confusions,
    read_indicators,
    read_interval_comparison,
    read_units,
)

ABSENT = NotAvailable("no ledger")
NONE = measure_indicators({}, window_start=None, window_end=None)


def found(value, n=50, note=""):
    return Measurement(value, n, Interval(value - 1, value + 1, 0.95, "t"), note)


def table(measured=None, beside=None) -> IndicatorTable:
    return IndicatorTable(
        {**NONE.measured, **(measured or {})},
        {**NONE.beside, **(beside or {})},
        pd.Timestamp("2025-01-01"),
        pd.Timestamp("2026-01-01"),
    )


def window(first, last):
    return choose_window(
        {"transactions": pd.DataFrame({"ordered_at": pd.to_datetime([first, last])})}
    )


def units(n_units=2, shared=0, left_out=None, **measured) -> UnitIndicators:
    tables = {f"u{i}": table(measured) for i in range(n_units)}
    counts = dict.fromkeys(tables, 40)
    return UnitIndicators("region", "customers", tables, counts, left_out or {}, shared)


def differences(uncertain=(), **p_values) -> UnitDifferences:
    rows = {
        name: {"smallest": 0.1, "largest": 0.2, "q": 1.0, "df": 1, "p_value": p, "i2": 0.0}
        for name, p in p_values.items()
    }
    return UnitDifferences(pd.DataFrame.from_dict(rows, orient="index"), uncertain, 2, 0)


def test_all_measured():
    everything = table({name: found(0.5) for name in INDICATORS})
    said = read_indicators(everything, window("2024-01-01", "2025-12-31"))
    assert "the year from 2025-01-01 to 2025-12-31" in said
    assert "over a" not in said
    assert said.endswith("All 12 indicators could be measured.")


def test_some_measured_with_reasons_joined():
    said = read_indicators(
        table({name: found(0.5) for name in list(INDICATORS)[:11]}),
        window("2025-01-01", "2025-12-31"),
    )
    assert "over a year a retention rate cannot be had" in said
    assert "11 of the 12 indicators could be measured. Not available was profit share" in said


def test_none_measured_and_no_dates():
    said = read_indicators(NONE, choose_window({}))
    assert said.startswith("There is no table of purchases, tickets or costs with dates")
    assert "None of the 12 indicators could be measured (product satisfaction" in said
    short = read_indicators(NONE, window("2025-01-01", "2025-01-20"))
    assert "all that the data cover, 2025-01-01 to 2025-01-20" in short
    assert read_indicators(ABSENT, ABSENT) == "Not available: no ledger."


def test_confusions_name_both_numbers():
    said = read_confusions(
        table(
            {
                "recommendation_rate": found(0.8, note="answers above 5 of 0 to 10"),
                "profit_share": found(0.9),
                "overall_satisfaction": found(66.0),
                "care_cost": found(3.0, n=100),
            },
            {
                "net_promoter_score": found(-7.8),
                "profit_margin": found(0.4),
                "satisfied_share": found(0.2, note="answers 9 and 10 of 1 to 10"),
                "care_cost_per_retained": found(6.0, n=50),
            },
        ),
        currency="EUR",
    )
    assert "80.0% of the respondents recommend (answers above 5 of 0 to 10)" in said
    assert "net promoter score of the same answers is −7.8" in said
    assert "The profit margin, gross profit by revenue, is 40.0%" in said
    assert "66.0 of 100 points on average, while 20.0%" in said
    assert "care 3.00 EUR and 6.00 EUR" in said
    assert "divided by 100 customers who bought or by the 50 of them" in said


def test_confusions_without_pairs_and_with_everybody_retained():
    assert read_confusions(NONE).startswith("None of the pairs")
    same = table({"care_cost": found(3.0)}, {"care_cost_per_retained": found(3.0)})
    assert "are the same here" in read_confusions(same)
    assert read_confusions(ABSENT) == "Not available: no ledger."


@pytest.mark.parametrize(
    ("reach", "words"),
    [
        (1.0, "nearly the same width as the formulas for the one mean or ratio"),
        (1.5, "the bootstrap's is 50.0% wider"),
        (0.5, "the bootstrap's is 50.0% narrower"),
    ],
)
def test_interval_comparison(reach, words):
    compared = IntervalComparison(
        {"lifetime_value": found(5.0)},
        {"lifetime_value": Interval(5 - reach, 5 + reach, 0.95, "bootstrap")},
    )
    assert words in read_interval_comparison(compared)


@pytest.mark.parametrize(
    ("tests", "words"),
    [
        ({"retention_rate": 0.01}, "In the one tested indicator the units differ by more than"),
        (
            {"retention_rate": 0.01, "repeat_purchase_rate": 0.001},
            "In all 2 tested indicators the units differ",
        ),
        ({"retention_rate": 0.4}, "retention rate (p = .400): a ranking by it orders noise"),
        (
            {"retention_rate": 0.4, "repeat_purchase_rate": 0.5},
            "and repeat purchase rate (p = .500): a ranking by these orders noise",
        ),
        (
            {"retention_rate": 0.01, "repeat_purchase_rate": 0.5},
            "In 1 of 2 tested indicators the units differ by more than chance; in repeat",
        ),
    ],
)
def test_differences(tests, words):
    assert words in read_units(units(retention_rate=found(0.5)), differences(**tests))


def test_units_left_out_shared_and_alike():
    compared = units(shared=1, left_out={"x": "small"}, retention_rate=found(0.5))
    alike = differences(uncertain=("care_cost",), retention_rate=1.0)
    alike.tests["largest"] = alike.tests["smallest"]
    said = read_units(compared, alike)
    assert said.startswith(
        "2 units (region) are compared by 1 indicator known of all of them, measured from "
        "2025-01-01 to 2025-12-31, 1 unit left out. 1 customer counts in more than one unit."
    )
    assert "All units have the same retention rate: nothing to compare there." in said
    assert said.endswith("having no interval in every unit: care cost per customer.")
    assert "Chance" not in said


def test_units_without_anything_in_common():
    said = read_units(units(), ABSENT)
    assert said.startswith("No indicator is known of all 2 units (region)")
    assert read_units(ABSENT, ABSENT) == "Not available: no ledger."

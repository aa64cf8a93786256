"""Indicators of customer relationship management, defined once and measured for every chapter."""

from crmstudy.indicators.comparison import IntervalComparison, compare_intervals
from crmstudy.indicators.definitions import (
    HIERARCHY,
    INDICATORS,
    SUPPLEMENTS,
    Indicator,
    name_indicator,
)
from crmstudy.indicators.differences import UnitDifferences, examine_differences
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.measure import measure_indicators, measure_margin
from crmstudy.indicators.table import IndicatorTable
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.indicators.units import measure_by_unit
from crmstudy.indicators.window import Window, choose_window

__all__ = [
    "HIERARCHY",
    "INDICATORS",
    "SUPPLEMENTS",
    "Indicator",
    "IndicatorTable",
    "Interval",
    "IntervalComparison",
    "Measurement",
    "UnitDifferences",
    "UnitIndicators",
    "Window",
    "choose_window",
    "compare_intervals",
    "examine_differences",
    "measure_by_unit",
    "measure_indicators",
    "measure_margin",
    "name_indicator",
]

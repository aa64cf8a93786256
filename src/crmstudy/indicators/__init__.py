"""Indicators of customer relationship management, defined once and measured for every chapter."""

from crmstudy.indicators.definitions import HIERARCHY, INDICATORS, IndicatorTable
from crmstudy.indicators.measure import measure_indicators

__all__ = ["HIERARCHY", "INDICATORS", "IndicatorTable", "measure_indicators"]

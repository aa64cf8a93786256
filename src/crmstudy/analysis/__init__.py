"""Chapter 02, customer analysis: descriptions and group comparisons."""

from crmstudy.analysis.compare import GroupComparison, compare_groups
from crmstudy.analysis.describe import (
    LevelCounts,
    VariableSummary,
    count_levels,
    describe_variables,
)

__all__ = [
    "GroupComparison",
    "LevelCounts",
    "VariableSummary",
    "compare_groups",
    "count_levels",
    "describe_variables",
]

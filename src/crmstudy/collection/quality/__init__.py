"""The data quality report: where the tables come from, what was left out, how good they are.

The parts stand in modules of their own, one a dimension of quality, and are named here.
"""

from crmstudy.collection.quality.choices import vary_choices
from crmstudy.collection.quality.completeness import measure_columns, measure_completeness
from crmstudy.collection.quality.consistency import check_rules
from crmstudy.collection.quality.ledgers import (
    list_oddities,
    profile_week,
    sum_currencies,
    summarise_ledgers,
)
from crmstudy.collection.quality.links import match_links
from crmstudy.collection.quality.missingness import describe_patterns, probe_randomness
from crmstudy.collection.quality.scores import define_dimensions, score_quality, spread_scores
from crmstudy.collection.quality.sources import list_drops, list_hypotheses, list_sources
from crmstudy.collection.quality.timeliness import count_records, measure_delays, measure_timeliness
from crmstudy.collection.quality.uniqueness import measure_uniqueness
from crmstudy.collection.quality.validity import measure_validity
from crmstudy.collection.quality.values import bin_values, describe_values

__all__ = [
    "bin_values",
    "check_rules",
    "count_records",
    "define_dimensions",
    "describe_patterns",
    "describe_values",
    "list_drops",
    "list_hypotheses",
    "list_oddities",
    "list_sources",
    "match_links",
    "measure_columns",
    "measure_completeness",
    "measure_delays",
    "measure_timeliness",
    "measure_uniqueness",
    "measure_validity",
    "probe_randomness",
    "profile_week",
    "score_quality",
    "spread_scores",
    "sum_currencies",
    "summarise_ledgers",
    "vary_choices",
]

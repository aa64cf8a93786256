"""Sentences of chapter 06, made from its results."""

from crmstudy.report.sentences.evaluation.comprehensive import (
    read_grading,
    read_uncertainty,
    read_verdict,
)
from crmstudy.report.sentences.evaluation.groups import (
    read_aggregations,
    read_exclusion,
    read_panel_agreement,
)
from crmstudy.report.sentences.evaluation.hierarchy import (
    read_rebuilt,
    read_reversal,
    read_sensitivity,
    read_weights,
)
from crmstudy.report.sentences.evaluation.indicators import (
    read_confusions,
    read_indicators,
    read_interval_comparison,
    read_units,
)
from crmstudy.report.sentences.evaluation.judgements import read_judgements
from crmstudy.report.sentences.evaluation.priorities import (
    read_advice,
    read_consistency,
    read_fuzzy,
    read_methods,
    read_methods_by_matrix,
    read_steps,
    read_triads,
)
from crmstudy.report.sentences.evaluation.ranking import (
    read_rank_uncertainty,
    read_ranking,
    read_reversals,
)
from crmstudy.report.sentences.evaluation.reading import read_evaluation
from crmstudy.report.sentences.evaluation.selection import read_selection
from crmstudy.report.sentences.evaluation.weighting import read_combination

__all__ = [
    "read_advice",
    "read_aggregations",
    "read_combination",
    "read_confusions",
    "read_consistency",
    "read_evaluation",
    "read_exclusion",
    "read_fuzzy",
    "read_grading",
    "read_indicators",
    "read_interval_comparison",
    "read_judgements",
    "read_methods",
    "read_methods_by_matrix",
    "read_panel_agreement",
    "read_rank_uncertainty",
    "read_ranking",
    "read_rebuilt",
    "read_reversal",
    "read_reversals",
    "read_selection",
    "read_sensitivity",
    "read_steps",
    "read_triads",
    "read_uncertainty",
    "read_units",
    "read_verdict",
    "read_weights",
]

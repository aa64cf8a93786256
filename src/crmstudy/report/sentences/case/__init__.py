"""Sentences of chapter 07, made from its results."""

from crmstudy.report.sentences.case.background import (
    read_firm_card,
    read_growth,
    read_measures,
    read_practice,
)
from crmstudy.report.sentences.case.campaigns import (
    read_panel_windows,
    read_segment_effects,
    read_timeline,
    read_variations,
)
from crmstudy.report.sentences.case.comparison import (
    read_adjusted,
    read_confounding,
    read_likeness,
    read_overlap,
)
from crmstudy.report.sentences.case.effects import (
    read_case,
    read_event,
    read_honest,
    read_placebos,
    read_resampled,
)
from crmstudy.report.sentences.case.experiment import read_experiment
from crmstudy.report.sentences.case.implementation import (
    read_acceptance,
    read_implementation,
    read_staff,
)
from crmstudy.report.sentences.case.periods import (
    read_comparable_indicators,
    read_evaluated_parts,
    read_group_changes,
    read_regrade_limits,
    read_score_change,
)
from crmstudy.report.sentences.case.returns import read_break_even, read_return_draws, read_returns
from crmstudy.report.sentences.case.series import read_series
from crmstudy.report.sentences.case.service import read_complaints, read_waiting
from crmstudy.report.sentences.case.verdict import read_chosen_design

__all__ = [
    "read_acceptance",
    "read_adjusted",
    "read_break_even",
    "read_case",
    "read_chosen_design",
    "read_comparable_indicators",
    "read_complaints",
    "read_confounding",
    "read_evaluated_parts",
    "read_event",
    "read_experiment",
    "read_firm_card",
    "read_group_changes",
    "read_growth",
    "read_honest",
    "read_implementation",
    "read_likeness",
    "read_measures",
    "read_overlap",
    "read_panel_windows",
    "read_placebos",
    "read_practice",
    "read_regrade_limits",
    "read_resampled",
    "read_return_draws",
    "read_returns",
    "read_score_change",
    "read_segment_effects",
    "read_series",
    "read_staff",
    "read_timeline",
    "read_variations",
    "read_waiting",
]

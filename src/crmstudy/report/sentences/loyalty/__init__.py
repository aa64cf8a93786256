"""Sentences of chapter 05, made from its results."""

from crmstudy.report.sentences.loyalty.estimation import read_gate, read_missing, read_robust_fit
from crmstudy.report.sentences.loyalty.invariance import (
    read_groups,
    read_groups_compared,
    read_invariance,
)
from crmstudy.report.sentences.loyalty.measurement import (
    read_common_method,
    read_discrimination,
    read_exploration,
    read_measurement,
    read_reliability,
)
from crmstudy.report.sentences.loyalty.moderation import (
    read_curvature,
    read_defectors,
    read_moderation,
    read_repurchase,
)
from crmstudy.report.sentences.loyalty.partial_least_squares import read_pls
from crmstudy.report.sentences.loyalty.power import read_power
from crmstudy.report.sentences.loyalty.priorities import read_priorities
from crmstudy.report.sentences.loyalty.questionnaire import read_disconfirmation, read_questionnaire
from crmstudy.report.sentences.loyalty.reading import read_loyalty
from crmstudy.report.sentences.loyalty.resampling import read_bootstrap
from crmstudy.report.sentences.loyalty.structure import (
    read_direction,
    read_effects,
    read_hypotheses,
    read_misfit,
    read_paths,
    read_rivals,
)

__all__ = [
    "read_bootstrap",
    "read_common_method",
    "read_curvature",
    "read_defectors",
    "read_direction",
    "read_disconfirmation",
    "read_discrimination",
    "read_effects",
    "read_exploration",
    "read_gate",
    "read_groups",
    "read_groups_compared",
    "read_hypotheses",
    "read_invariance",
    "read_loyalty",
    "read_measurement",
    "read_misfit",
    "read_missing",
    "read_moderation",
    "read_paths",
    "read_pls",
    "read_power",
    "read_priorities",
    "read_questionnaire",
    "read_reliability",
    "read_repurchase",
    "read_rivals",
    "read_robust_fit",
]

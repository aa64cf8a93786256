"""Chapter 06, performance evaluation: AHP weights and fuzzy comprehensive evaluation."""

from crmstudy.evaluation.aggregate import aggregate_judgements, aggregate_priorities
from crmstudy.evaluation.ahp import prioritise, prioritise_many
from crmstudy.evaluation.consistency import RANDOM_INDICES, SAATY_1980, SAATY_2005
from crmstudy.evaluation.evidence import choose_window, keep_items, match_items
from crmstudy.evaluation.fuzzy import compare_operators, evaluate_fuzzy, evaluate_fuzzy_hierarchy
from crmstudy.evaluation.grades import GRADES, GradeScale, number_grades
from crmstudy.evaluation.hierarchy import HierarchyWeights, rebuild_hierarchy, synthesise
from crmstudy.evaluation.indicators import HIERARCHY, INDICATORS
from crmstudy.evaluation.judgements import read_judgements
from crmstudy.evaluation.measure import measure_indicators
from crmstudy.evaluation.membership import (
    membership_from_answers,
    membership_from_counts,
    membership_from_value,
    membership_from_values,
)
from crmstudy.evaluation.operators import OPERATORS
from crmstudy.evaluation.panel import prioritise_hierarchy
from crmstudy.evaluation.weights import combine_weights, weigh_by_critic, weigh_by_entropy

__all__ = [
    "GRADES",
    "HIERARCHY",
    "INDICATORS",
    "OPERATORS",
    "RANDOM_INDICES",
    "SAATY_1980",
    "SAATY_2005",
    "GradeScale",
    "HierarchyWeights",
    "aggregate_judgements",
    "aggregate_priorities",
    "choose_window",
    "combine_weights",
    "compare_operators",
    "evaluate_fuzzy",
    "evaluate_fuzzy_hierarchy",
    "keep_items",
    "match_items",
    "measure_indicators",
    "membership_from_answers",
    "membership_from_counts",
    "membership_from_value",
    "membership_from_values",
    "number_grades",
    "prioritise",
    "prioritise_hierarchy",
    "prioritise_many",
    "read_judgements",
    "rebuild_hierarchy",
    "synthesise",
    "weigh_by_critic",
    "weigh_by_entropy",
]

"""Chapter 06, performance evaluation: AHP weights and fuzzy comprehensive evaluation."""

from crmstudy.evaluation.comprehensive.evaluate import (
    compare_operators,
    evaluate_fuzzy,
    evaluate_fuzzy_hierarchy,
)
from crmstudy.evaluation.comprehensive.evidence import choose_window, keep_items, match_items
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale, number_grades
from crmstudy.evaluation.comprehensive.membership import (
    membership_from_answers,
    membership_from_counts,
    membership_from_value,
    membership_from_values,
)
from crmstudy.evaluation.comprehensive.operators import OPERATORS
from crmstudy.evaluation.groups.aggregate import aggregate_judgements, aggregate_priorities
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, rebuild_hierarchy, synthesise
from crmstudy.evaluation.judgements.reading import read_judgements
from crmstudy.evaluation.priorities.consistency import RANDOM_INDICES, SAATY_1980, SAATY_2005
from crmstudy.evaluation.priorities.derive import prioritise, prioritise_many
from crmstudy.evaluation.weighting.objective import (
    combine_weights,
    weigh_by_critic,
    weigh_by_entropy,
)

__all__ = [
    "GRADES",
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

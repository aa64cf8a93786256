"""Chapter 06, performance evaluation: experts' weights, grades, rankings, choice of a system."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.evaluation.comprehensive.evaluate import (
        compare_operators,
        evaluate_fuzzy,
        evaluate_fuzzy_hierarchy,
    )
    from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale, read_grades
    from crmstudy.evaluation.comprehensive.grading import grade_indicators
    from crmstudy.evaluation.comprehensive.membership import (
        membership_from_answers,
        membership_from_counts,
        membership_from_value,
        membership_from_values,
    )
    from crmstudy.evaluation.comprehensive.operators import OPERATORS
    from crmstudy.evaluation.comprehensive.uncertainty import evaluate_uncertainty
    from crmstudy.evaluation.fuzzy_priorities.derive import vary_spread
    from crmstudy.evaluation.fuzzy_priorities.hierarchy import prioritise_fuzzy_hierarchy
    from crmstudy.evaluation.groups.aggregate import aggregate_judgements, aggregate_priorities
    from crmstudy.evaluation.groups.agreement import measure_agreement
    from crmstudy.evaluation.groups.comparing import compare_aggregations, compare_exclusion
    from crmstudy.evaluation.groups.panel import prioritise_hierarchy
    from crmstudy.evaluation.hierarchy.consistency import tabulate_hierarchical_consistency
    from crmstudy.evaluation.hierarchy.intervals import bound_weights
    from crmstudy.evaluation.hierarchy.reversal import check_rank_reversal
    from crmstudy.evaluation.hierarchy.sensitivity import score_criteria, trace_weights
    from crmstudy.evaluation.hierarchy.synthesis import (
        HierarchyWeights,
        rebuild_hierarchy,
        synthesise,
    )
    from crmstudy.evaluation.hierarchy.uncertainty import draw_weights
    from crmstudy.evaluation.judgements.overview import review_judgements
    from crmstudy.evaluation.judgements.reading import read_judgements
    from crmstudy.evaluation.periods.compare import compare_groups, compare_periods
    from crmstudy.evaluation.periods.evaluate import (
        evaluate_around,
        evaluate_groups,
        evaluate_periods,
        evaluate_segments,
    )
    from crmstudy.evaluation.periods.plan import plan_evaluation
    from crmstudy.evaluation.priorities.advice import (
        advise_panel,
        find_least_consistent,
        find_matrix,
    )
    from crmstudy.evaluation.priorities.compare import compare_matrices, compare_methods
    from crmstudy.evaluation.priorities.consistency import RANDOM_INDICES, SAATY_1980, SAATY_2005
    from crmstudy.evaluation.priorities.derive import prioritise, prioritise_many
    from crmstudy.evaluation.priorities.steps import show_steps
    from crmstudy.evaluation.priorities.triads import find_triads
    from crmstudy.evaluation.ranking.rank import rank_units
    from crmstudy.evaluation.ranking.reversal import check_unit_removal
    from crmstudy.evaluation.ranking.sampling import draw_values
    from crmstudy.evaluation.ranking.uncertainty import draw_any_weights, rank_over_draws
    from crmstudy.evaluation.selection.benefit import compare_benefit_cost
    from crmstudy.evaluation.selection.chances import weigh_chances
    from crmstudy.evaluation.selection.choice import choose_system
    from crmstudy.evaluation.selection.gather import gather_performance
    from crmstudy.evaluation.selection.sensitivity import trace_choice
    from crmstudy.evaluation.weighting.combine import combine_weights, weigh_units
    from crmstudy.evaluation.weighting.objective import (
        weigh_by_critic,
        weigh_by_entropy,
        weigh_objectively,
    )

_HOME = {
    "compare_groups": "periods.compare",
    "compare_periods": "periods.compare",
    "evaluate_around": "periods.evaluate",
    "evaluate_groups": "periods.evaluate",
    "evaluate_periods": "periods.evaluate",
    "evaluate_segments": "periods.evaluate",
    "plan_evaluation": "periods.plan",
    "GRADES": "comprehensive.grades",
    "GradeScale": "comprehensive.grades",
    "HierarchyWeights": "hierarchy.synthesis",
    "OPERATORS": "comprehensive.operators",
    "RANDOM_INDICES": "priorities.consistency",
    "SAATY_1980": "priorities.consistency",
    "SAATY_2005": "priorities.consistency",
    "advise_panel": "priorities.advice",
    "aggregate_judgements": "groups.aggregate",
    "aggregate_priorities": "groups.aggregate",
    "bound_weights": "hierarchy.intervals",
    "check_rank_reversal": "hierarchy.reversal",
    "check_unit_removal": "ranking.reversal",
    "choose_system": "selection.choice",
    "combine_weights": "weighting.combine",
    "compare_aggregations": "groups.comparing",
    "compare_benefit_cost": "selection.benefit",
    "compare_exclusion": "groups.comparing",
    "compare_matrices": "priorities.compare",
    "compare_methods": "priorities.compare",
    "compare_operators": "comprehensive.evaluate",
    "draw_any_weights": "ranking.uncertainty",
    "draw_values": "ranking.sampling",
    "draw_weights": "hierarchy.uncertainty",
    "evaluate_fuzzy": "comprehensive.evaluate",
    "evaluate_fuzzy_hierarchy": "comprehensive.evaluate",
    "evaluate_uncertainty": "comprehensive.uncertainty",
    "find_least_consistent": "priorities.advice",
    "find_matrix": "priorities.advice",
    "find_triads": "priorities.triads",
    "gather_performance": "selection.gather",
    "grade_indicators": "comprehensive.grading",
    "measure_agreement": "groups.agreement",
    "membership_from_answers": "comprehensive.membership",
    "membership_from_counts": "comprehensive.membership",
    "membership_from_value": "comprehensive.membership",
    "membership_from_values": "comprehensive.membership",
    "prioritise": "priorities.derive",
    "prioritise_fuzzy_hierarchy": "fuzzy_priorities.hierarchy",
    "prioritise_hierarchy": "groups.panel",
    "prioritise_many": "priorities.derive",
    "rank_over_draws": "ranking.uncertainty",
    "rank_units": "ranking.rank",
    "read_grades": "comprehensive.grades",
    "read_judgements": "judgements.reading",
    "rebuild_hierarchy": "hierarchy.synthesis",
    "review_judgements": "judgements.overview",
    "score_criteria": "hierarchy.sensitivity",
    "show_steps": "priorities.steps",
    "synthesise": "hierarchy.synthesis",
    "tabulate_hierarchical_consistency": "hierarchy.consistency",
    "trace_choice": "selection.sensitivity",
    "trace_weights": "hierarchy.sensitivity",
    "vary_spread": "fuzzy_priorities.derive",
    "weigh_by_critic": "weighting.objective",
    "weigh_by_entropy": "weighting.objective",
    "weigh_chances": "selection.chances",
    "weigh_objectively": "weighting.objective",
    "weigh_units": "weighting.combine",
}

__all__ = [
    "GRADES",
    "OPERATORS",
    "RANDOM_INDICES",
    "SAATY_1980",
    "SAATY_2005",
    "GradeScale",
    "HierarchyWeights",
    "advise_panel",
    "aggregate_judgements",
    "aggregate_priorities",
    "bound_weights",
    "check_rank_reversal",
    "check_unit_removal",
    "choose_system",
    "combine_weights",
    "compare_aggregations",
    "compare_benefit_cost",
    "compare_exclusion",
    "compare_groups",
    "compare_matrices",
    "compare_methods",
    "compare_operators",
    "compare_periods",
    "draw_any_weights",
    "draw_values",
    "draw_weights",
    "evaluate_around",
    "evaluate_fuzzy",
    "evaluate_fuzzy_hierarchy",
    "evaluate_groups",
    "evaluate_periods",
    "evaluate_segments",
    "evaluate_uncertainty",
    "find_least_consistent",
    "find_matrix",
    "find_triads",
    "gather_performance",
    "grade_indicators",
    "measure_agreement",
    "membership_from_answers",
    "membership_from_counts",
    "membership_from_value",
    "membership_from_values",
    "plan_evaluation",
    "prioritise",
    "prioritise_fuzzy_hierarchy",
    "prioritise_hierarchy",
    "prioritise_many",
    "rank_over_draws",
    "rank_units",
    "read_grades",
    "read_judgements",
    "rebuild_hierarchy",
    "review_judgements",
    "score_criteria",
    "show_steps",
    "synthesise",
    "tabulate_hierarchical_consistency",
    "trace_choice",
    "trace_weights",
    "vary_spread",
    "weigh_by_critic",
    "weigh_by_entropy",
    "weigh_chances",
    "weigh_objectively",
    "weigh_units",
]

__getattr__ = lazy_names(__name__, _HOME)

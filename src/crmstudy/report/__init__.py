"""What leaves the study: tables, figures, sentences and recorded numbers."""

from crmstudy.report import hypotheses, loyalty_verdicts, sentences, verdicts
from crmstudy.report.alerts import draw_calibration, draw_contact_profit, draw_precision_recall
from crmstudy.report.balances import draw_confounders, draw_love, draw_overlap
from crmstudy.report.checklists import draw_progress, draw_staff_scores
from crmstudy.report.choice import draw_choice, draw_stability
from crmstudy.report.conclusions import draw_verdicts
from crmstudy.report.coverage import draw_missingness, draw_patterns, draw_records, draw_scores
from crmstudy.report.diagrams import draw_entities
from crmstudy.report.distributions import draw_distributions
from crmstudy.report.event_studies import (
    draw_campaigns,
    draw_event_study,
    draw_group_means,
    draw_placebos,
    draw_segment_effects,
)
from crmstudy.report.exhibits import link_exhibits
from crmstudy.report.experiments import draw_estimators, draw_interruption
from crmstudy.report.figures import (
    draw_bars,
    draw_heatmap,
    draw_histograms,
    draw_intervals,
    draw_lines,
    draw_scatter,
)
from crmstudy.report.flows import (
    draw_migration,
    draw_rfm_cells,
    draw_robustness,
    draw_transitions,
)
from crmstudy.report.forests import draw_effect_forest
from crmstudy.report.framework import draw_framework
from crmstudy.report.gains import draw_budget, draw_gains, draw_marginal_value, draw_segment_lift
from crmstudy.report.grades import (
    draw_grade_probabilities,
    draw_grade_scores,
    draw_memberships,
    draw_operators,
)
from crmstudy.report.grid import draw_grid
from crmstudy.report.hierarchies import draw_expert_consistency, draw_hierarchy
from crmstudy.report.indicator_profiles import draw_indicator_profile, draw_unit_profile
from crmstudy.report.invariances import draw_group_paths
from crmstudy.report.judgement_sheets import draw_judgements, tabulate_judgements, tabulate_matrices
from crmstudy.report.lifecycle import (
    draw_hazards,
    draw_stage_transitions,
    draw_stages,
    draw_survival,
)
from crmstudy.report.lifetimes import (
    draw_alive_map,
    draw_lifetime_values,
    draw_value_intervals,
    draw_value_map,
)
from crmstudy.report.literature import (
    draw_keyword_network,
    draw_publication_years,
    draw_screening_flow,
)
from crmstudy.report.maps import draw_segment_map
from crmstudy.report.measurements import draw_exploration, draw_item_loadings, draw_ratios
from crmstudy.report.moderations import draw_bands, draw_simple_slopes
from crmstudy.report.planning import draw_needs, draw_power_curves, draw_value_precision
from crmstudy.report.position_gaps import draw_gaps
from crmstudy.report.positions import draw_positions, draw_strategies
from crmstudy.report.powers import draw_power
from crmstudy.report.priorities import draw_item_priorities, draw_priorities
from crmstudy.report.priority_steps import (
    draw_fuzzy_weights,
    draw_judgement_matrix,
    draw_method_weights,
    write_fractions,
)
from crmstudy.report.profiles import (
    draw_effects,
    draw_loadings,
    draw_profile,
    draw_scree,
    draw_snake,
)
from crmstudy.report.questionnaires import draw_answers, draw_disconfirmation
from crmstudy.report.rankings import draw_rank_intervals, draw_rank_table, draw_weight_sources
from crmstudy.report.recommendations import draw_hit_rates, draw_recommenders, draw_sample_size
from crmstudy.report.record import (
    Record,
    collect_checks,
    read_recorded_table,
    read_recorded_tables,
    read_results,
)
from crmstudy.report.regrades import draw_regrades, draw_score_path, draw_score_waterfall
from crmstudy.report.returns import draw_cash_flows, draw_return_distribution, draw_tornado
from crmstudy.report.selections import draw_benefit_cost, draw_choice_sensitivity, draw_selection
from crmstudy.report.service_times import draw_complaint_shares, draw_waits
from crmstudy.report.sheets import draw_planes, draw_som
from crmstudy.report.structures import draw_hypotheses, draw_path_diagram
from crmstudy.report.tracking import (
    draw_alive,
    draw_conditional,
    draw_revenue_deciles,
    draw_spend_fit,
    draw_tracking,
)
from crmstudy.report.trees import draw_reconstruction, draw_tree
from crmstudy.report.weight_intervals import draw_sensitivity, draw_weight_intervals
from crmstudy.report.worth import draw_decomposition, draw_lorenz, draw_retention, draw_whale

__all__ = [
    "Record",
    "collect_checks",
    "draw_alive",
    "draw_alive_map",
    "draw_answers",
    "draw_bands",
    "draw_bars",
    "draw_benefit_cost",
    "draw_budget",
    "draw_calibration",
    "draw_campaigns",
    "draw_cash_flows",
    "draw_choice",
    "draw_choice_sensitivity",
    "draw_complaint_shares",
    "draw_conditional",
    "draw_confounders",
    "draw_contact_profit",
    "draw_decomposition",
    "draw_disconfirmation",
    "draw_distributions",
    "draw_effect_forest",
    "draw_effects",
    "draw_entities",
    "draw_estimators",
    "draw_event_study",
    "draw_expert_consistency",
    "draw_exploration",
    "draw_framework",
    "draw_fuzzy_weights",
    "draw_gains",
    "draw_gaps",
    "draw_grade_probabilities",
    "draw_grade_scores",
    "draw_grid",
    "draw_group_means",
    "draw_group_paths",
    "draw_hazards",
    "draw_heatmap",
    "draw_hierarchy",
    "draw_histograms",
    "draw_hit_rates",
    "draw_hypotheses",
    "draw_indicator_profile",
    "draw_interruption",
    "draw_intervals",
    "draw_item_loadings",
    "draw_item_priorities",
    "draw_judgement_matrix",
    "draw_judgements",
    "draw_keyword_network",
    "draw_lifetime_values",
    "draw_lines",
    "draw_loadings",
    "draw_lorenz",
    "draw_love",
    "draw_marginal_value",
    "draw_memberships",
    "draw_method_weights",
    "draw_migration",
    "draw_missingness",
    "draw_needs",
    "draw_operators",
    "draw_overlap",
    "draw_path_diagram",
    "draw_patterns",
    "draw_placebos",
    "draw_planes",
    "draw_positions",
    "draw_power",
    "draw_power_curves",
    "draw_precision_recall",
    "draw_priorities",
    "draw_profile",
    "draw_progress",
    "draw_publication_years",
    "draw_rank_intervals",
    "draw_rank_table",
    "draw_ratios",
    "draw_recommenders",
    "draw_reconstruction",
    "draw_records",
    "draw_regrades",
    "draw_retention",
    "draw_return_distribution",
    "draw_revenue_deciles",
    "draw_rfm_cells",
    "draw_robustness",
    "draw_sample_size",
    "draw_scatter",
    "draw_score_path",
    "draw_score_waterfall",
    "draw_scores",
    "draw_scree",
    "draw_screening_flow",
    "draw_segment_effects",
    "draw_segment_lift",
    "draw_segment_map",
    "draw_selection",
    "draw_sensitivity",
    "draw_simple_slopes",
    "draw_snake",
    "draw_som",
    "draw_spend_fit",
    "draw_stability",
    "draw_staff_scores",
    "draw_stage_transitions",
    "draw_stages",
    "draw_strategies",
    "draw_survival",
    "draw_tornado",
    "draw_tracking",
    "draw_transitions",
    "draw_tree",
    "draw_unit_profile",
    "draw_value_intervals",
    "draw_value_map",
    "draw_value_precision",
    "draw_verdicts",
    "draw_waits",
    "draw_weight_intervals",
    "draw_weight_sources",
    "draw_whale",
    "hypotheses",
    "link_exhibits",
    "loyalty_verdicts",
    "read_recorded_table",
    "read_recorded_tables",
    "read_results",
    "sentences",
    "tabulate_judgements",
    "tabulate_matrices",
    "verdicts",
    "write_fractions",
]

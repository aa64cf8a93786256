"""Chapter 03, segmentation and positioning."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.segmentation.clusters.cluster import cluster_kmeans, cluster_space
    from crmstudy.segmentation.clusters.cluster_result import ClusterResult
    from crmstudy.segmentation.clusters.labels import label_customers
    from crmstudy.segmentation.clusters.robustness import compare_choices
    from crmstudy.segmentation.criteria.admission import Rules
    from crmstudy.segmentation.criteria.criteria import Criteria, collect_criteria
    from crmstudy.segmentation.criteria.outliers import report_outliers
    from crmstudy.segmentation.criteria.space import Space, build_space
    from crmstudy.segmentation.criteria.spaces import build_spaces, check_spaces, tabulate_spaces
    from crmstudy.segmentation.criteria.transform import (
        RFM_FEATURES,
        TransformedFeatures,
        transform_features,
    )
    from crmstudy.segmentation.explain.explain import explain_segments
    from crmstudy.segmentation.explain.layout import lay_out_customers
    from crmstudy.segmentation.explain.profile import compare_profiles, size_segments
    from crmstudy.segmentation.explain.rules import describe_by_rules
    from crmstudy.segmentation.grid.grid import compare_criteria_and_methods
    from crmstudy.segmentation.methods.latent_class import compare_class_numbers
    from crmstudy.segmentation.methods.methods import find_method, tabulate_methods
    from crmstudy.segmentation.networks.next_value import compare_forecasts
    from crmstudy.segmentation.networks.reconstruction import compare_reconstruction
    from crmstudy.segmentation.networks.som_map import map_customers
    from crmstudy.segmentation.positioning.gather import gather_evidence
    from crmstudy.segmentation.positioning.map_measures import compare_measures
    from crmstudy.segmentation.positioning.perceptual import map_positions
    from crmstudy.segmentation.positioning.portfolio import rate_segments
    from crmstudy.segmentation.positioning.positioning import measure_gaps
    from crmstudy.segmentation.positioning.strategy import name_strategies
    from crmstudy.segmentation.rfm.cutpoints import derive_cuts, read_cuts, read_weights
    from crmstudy.segmentation.rfm.journey import follow_rfm
    from crmstudy.segmentation.rfm.periods import plan_windows, read_windows
    from crmstudy.segmentation.rfm.rfm import RfmResult, score_rfm
    from crmstudy.segmentation.rfm.scorings import compare_scorings
    from crmstudy.segmentation.rfm.segment_rules import SEGMENT_RULES
    from crmstudy.segmentation.rfm.ties import tabulate_ties
    from crmstudy.segmentation.trees.value_tree import grow_tree
    from crmstudy.segmentation.use.budget import allocate_budget, price_contact
    from crmstudy.segmentation.use.care import plan_care
    from crmstudy.segmentation.use.care_rules import tabulate_care_rules
    from crmstudy.segmentation.use.responses import hold_out_offers, match_responses
    from crmstudy.segmentation.use.targeting import target_outcomes, target_responses
    from crmstudy.segmentation.use.uplift import measure_uplift

_HOME = {
    "ClusterResult": "clusters.cluster_result",
    "Criteria": "criteria.criteria",
    "RFM_FEATURES": "criteria.transform",
    "RfmResult": "rfm.rfm",
    "Rules": "criteria.admission",
    "SEGMENT_RULES": "rfm.segment_rules",
    "Space": "criteria.space",
    "TransformedFeatures": "criteria.transform",
    "allocate_budget": "use.budget",
    "build_space": "criteria.space",
    "build_spaces": "criteria.spaces",
    "check_spaces": "criteria.spaces",
    "cluster_kmeans": "clusters.cluster",
    "cluster_space": "clusters.cluster",
    "collect_criteria": "criteria.criteria",
    "compare_choices": "clusters.robustness",
    "compare_class_numbers": "methods.latent_class",
    "compare_criteria_and_methods": "grid.grid",
    "compare_forecasts": "networks.next_value",
    "compare_measures": "positioning.map_measures",
    "compare_profiles": "explain.profile",
    "compare_reconstruction": "networks.reconstruction",
    "compare_scorings": "rfm.scorings",
    "derive_cuts": "rfm.cutpoints",
    "describe_by_rules": "explain.rules",
    "explain_segments": "explain.explain",
    "find_method": "methods.methods",
    "follow_rfm": "rfm.journey",
    "gather_evidence": "positioning.gather",
    "grow_tree": "trees.value_tree",
    "hold_out_offers": "use.responses",
    "label_customers": "clusters.labels",
    "lay_out_customers": "explain.layout",
    "map_customers": "networks.som_map",
    "map_positions": "positioning.perceptual",
    "match_responses": "use.responses",
    "measure_gaps": "positioning.positioning",
    "measure_uplift": "use.uplift",
    "name_strategies": "positioning.strategy",
    "plan_care": "use.care",
    "plan_windows": "rfm.periods",
    "price_contact": "use.budget",
    "rate_segments": "positioning.portfolio",
    "read_cuts": "rfm.cutpoints",
    "read_weights": "rfm.cutpoints",
    "read_windows": "rfm.periods",
    "report_outliers": "criteria.outliers",
    "score_rfm": "rfm.rfm",
    "size_segments": "explain.profile",
    "tabulate_care_rules": "use.care_rules",
    "tabulate_methods": "methods.methods",
    "tabulate_spaces": "criteria.spaces",
    "tabulate_ties": "rfm.ties",
    "target_outcomes": "use.targeting",
    "target_responses": "use.targeting",
    "transform_features": "criteria.transform",
}

__all__ = [
    "RFM_FEATURES",
    "SEGMENT_RULES",
    "ClusterResult",
    "Criteria",
    "RfmResult",
    "Rules",
    "Space",
    "TransformedFeatures",
    "allocate_budget",
    "build_space",
    "build_spaces",
    "check_spaces",
    "cluster_kmeans",
    "cluster_space",
    "collect_criteria",
    "compare_choices",
    "compare_class_numbers",
    "compare_criteria_and_methods",
    "compare_forecasts",
    "compare_measures",
    "compare_profiles",
    "compare_reconstruction",
    "compare_scorings",
    "derive_cuts",
    "describe_by_rules",
    "explain_segments",
    "find_method",
    "follow_rfm",
    "gather_evidence",
    "grow_tree",
    "hold_out_offers",
    "label_customers",
    "lay_out_customers",
    "map_customers",
    "map_positions",
    "match_responses",
    "measure_gaps",
    "measure_uplift",
    "name_strategies",
    "plan_care",
    "plan_windows",
    "price_contact",
    "rate_segments",
    "read_cuts",
    "read_weights",
    "read_windows",
    "report_outliers",
    "score_rfm",
    "size_segments",
    "tabulate_care_rules",
    "tabulate_methods",
    "tabulate_spaces",
    "tabulate_ties",
    "target_outcomes",
    "target_responses",
    "transform_features",
]

__getattr__ = lazy_names(__name__, _HOME)

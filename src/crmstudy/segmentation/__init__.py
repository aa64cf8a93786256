"""Chapter 03, segmentation and positioning."""

from typing import TYPE_CHECKING

from crmstudy.lazy import lazy_names

if TYPE_CHECKING:
    from crmstudy.segmentation.admission import Rules
    from crmstudy.segmentation.budget import allocate_budget, price_contact
    from crmstudy.segmentation.care import plan_care
    from crmstudy.segmentation.care_rules import tabulate_care_rules
    from crmstudy.segmentation.cluster import cluster_kmeans, cluster_space
    from crmstudy.segmentation.cluster_result import ClusterResult
    from crmstudy.segmentation.criteria import Criteria, collect_criteria
    from crmstudy.segmentation.cutpoints import derive_cuts, read_cuts, read_weights
    from crmstudy.segmentation.explain import explain_segments
    from crmstudy.segmentation.gather import gather_evidence
    from crmstudy.segmentation.grid import compare_criteria_and_methods
    from crmstudy.segmentation.journey import follow_rfm
    from crmstudy.segmentation.labels import label_customers
    from crmstudy.segmentation.latent_class import compare_class_numbers
    from crmstudy.segmentation.layout import lay_out_customers
    from crmstudy.segmentation.map_measures import compare_measures
    from crmstudy.segmentation.methods import find_method, tabulate_methods
    from crmstudy.segmentation.next_value import compare_forecasts
    from crmstudy.segmentation.outliers import report_outliers
    from crmstudy.segmentation.perceptual import map_positions
    from crmstudy.segmentation.periods import plan_windows, read_windows
    from crmstudy.segmentation.portfolio import rate_segments
    from crmstudy.segmentation.positioning import measure_gaps
    from crmstudy.segmentation.profile import compare_profiles, size_segments
    from crmstudy.segmentation.reconstruction import compare_reconstruction
    from crmstudy.segmentation.responses import hold_out_offers, match_responses
    from crmstudy.segmentation.rfm import RfmResult, score_rfm
    from crmstudy.segmentation.robustness import compare_choices
    from crmstudy.segmentation.rules import describe_by_rules
    from crmstudy.segmentation.scorings import compare_scorings
    from crmstudy.segmentation.segment_rules import SEGMENT_RULES
    from crmstudy.segmentation.som_map import map_customers
    from crmstudy.segmentation.space import Space, build_space
    from crmstudy.segmentation.spaces import build_spaces, check_spaces, tabulate_spaces
    from crmstudy.segmentation.strategy import name_strategies
    from crmstudy.segmentation.targeting import target_outcomes, target_responses
    from crmstudy.segmentation.ties import tabulate_ties
    from crmstudy.segmentation.transform import (
        RFM_FEATURES,
        TransformedFeatures,
        transform_features,
    )
    from crmstudy.segmentation.uplift import measure_uplift
    from crmstudy.segmentation.value_tree import grow_tree

_HOME = {
    "ClusterResult": "cluster_result",
    "Criteria": "criteria",
    "RFM_FEATURES": "transform",
    "RfmResult": "rfm",
    "Rules": "admission",
    "SEGMENT_RULES": "segment_rules",
    "Space": "space",
    "TransformedFeatures": "transform",
    "allocate_budget": "budget",
    "build_space": "space",
    "build_spaces": "spaces",
    "check_spaces": "spaces",
    "cluster_kmeans": "cluster",
    "cluster_space": "cluster",
    "collect_criteria": "criteria",
    "compare_choices": "robustness",
    "compare_class_numbers": "latent_class",
    "compare_criteria_and_methods": "grid",
    "compare_forecasts": "next_value",
    "compare_measures": "map_measures",
    "compare_profiles": "profile",
    "compare_reconstruction": "reconstruction",
    "compare_scorings": "scorings",
    "derive_cuts": "cutpoints",
    "describe_by_rules": "rules",
    "explain_segments": "explain",
    "find_method": "methods",
    "follow_rfm": "journey",
    "gather_evidence": "gather",
    "grow_tree": "value_tree",
    "hold_out_offers": "responses",
    "label_customers": "labels",
    "lay_out_customers": "layout",
    "map_customers": "som_map",
    "map_positions": "perceptual",
    "match_responses": "responses",
    "measure_gaps": "positioning",
    "measure_uplift": "uplift",
    "name_strategies": "strategy",
    "plan_care": "care",
    "plan_windows": "periods",
    "price_contact": "budget",
    "rate_segments": "portfolio",
    "read_cuts": "cutpoints",
    "read_weights": "cutpoints",
    "read_windows": "periods",
    "report_outliers": "outliers",
    "score_rfm": "rfm",
    "size_segments": "profile",
    "tabulate_care_rules": "care_rules",
    "tabulate_methods": "methods",
    "tabulate_spaces": "spaces",
    "tabulate_ties": "ties",
    "target_outcomes": "targeting",
    "target_responses": "targeting",
    "transform_features": "transform",
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

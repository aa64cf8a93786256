"""Sentences of chapter 03, made from its results."""

from crmstudy.report.sentences.segmentation.clusters import (
    read_choice,
    read_segmentation,
    read_stability,
)
from crmstudy.report.sentences.segmentation.criteria import read_criteria, tabulate_criteria
from crmstudy.report.sentences.segmentation.explain import (
    list_rules,
    read_explanation,
    tabulate_rules,
    tabulate_sizes,
    tabulate_tests,
)
from crmstudy.report.sentences.segmentation.factors import read_factors
from crmstudy.report.sentences.segmentation.grid import read_grid, word_classes
from crmstudy.report.sentences.segmentation.networks import (
    read_map,
    read_networks,
    read_tree,
    word_leaves,
)
from crmstudy.report.sentences.segmentation.positioning import read_positioning, word_gaps
from crmstudy.report.sentences.segmentation.rfm import (
    read_agreement,
    read_journey,
    read_migration,
    read_rfm,
)
from crmstudy.report.sentences.segmentation.robustness import (
    read_outliers,
    read_robustness,
    read_transformation,
)
from crmstudy.report.sentences.segmentation.targeting import (
    read_budget,
    read_care,
    read_targeting,
    read_uplift,
)

__all__ = [
    "list_rules",
    "read_agreement",
    "read_budget",
    "read_care",
    "read_choice",
    "read_criteria",
    "read_explanation",
    "read_factors",
    "read_grid",
    "read_journey",
    "read_map",
    "read_migration",
    "read_networks",
    "read_outliers",
    "read_positioning",
    "read_rfm",
    "read_robustness",
    "read_segmentation",
    "read_stability",
    "read_targeting",
    "read_transformation",
    "read_tree",
    "read_uplift",
    "tabulate_criteria",
    "tabulate_rules",
    "tabulate_sizes",
    "tabulate_tests",
    "word_classes",
    "word_gaps",
    "word_leaves",
]

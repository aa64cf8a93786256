"""Sentences of chapter 00, made from its settings and plans."""

from crmstudy.report.sentences.design.framework import read_framework, read_register_size
from crmstudy.report.sentences.design.literature import (
    read_keyword_network,
    read_literature,
    read_screening,
)
from crmstudy.report.sentences.design.planning import (
    read_designs,
    read_experiment_plan,
    read_expert_panel,
    read_needs,
    read_panel_plan,
    read_value_precision,
)

__all__ = [
    "read_designs",
    "read_experiment_plan",
    "read_expert_panel",
    "read_framework",
    "read_keyword_network",
    "read_literature",
    "read_needs",
    "read_panel_plan",
    "read_register_size",
    "read_screening",
    "read_value_precision",
]

"""Sentences that follow from results, true on any data."""

from crmstudy.report.sentences.analysis import read_analysis
from crmstudy.report.sentences.case import read_case
from crmstudy.report.sentences.collection import (
    count_ledgers,
    count_linked,
    read_collection,
    read_privacy,
    read_quality,
    read_unified,
    say_randomness,
)
from crmstudy.report.sentences.conclusions import read_conclusions, read_register
from crmstudy.report.sentences.evaluation import read_evaluation
from crmstudy.report.sentences.loyalty import read_loyalty
from crmstudy.report.sentences.research import read_fieldwork, read_qualitative
from crmstudy.report.sentences.segmentation import read_segmentation
from crmstudy.report.sentences.value import read_value
from crmstudy.report.sentences.words import plain

__all__ = [
    "count_ledgers",
    "count_linked",
    "plain",
    "read_analysis",
    "read_case",
    "read_collection",
    "read_conclusions",
    "read_evaluation",
    "read_fieldwork",
    "read_loyalty",
    "read_privacy",
    "read_qualitative",
    "read_quality",
    "read_register",
    "read_segmentation",
    "read_unified",
    "read_value",
    "say_randomness",
]

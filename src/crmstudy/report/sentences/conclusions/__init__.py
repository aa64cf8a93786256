"""Sentences of chapter 08, made from what the chapters recorded."""

from crmstudy.report.sentences.conclusions.recommendations import (
    read_limits,
    read_outlook,
    read_recommendations,
)
from crmstudy.report.sentences.conclusions.verdicts import (
    read_chapters,
    read_conclusions,
    read_multiplicity,
)

__all__ = [
    "read_chapters",
    "read_conclusions",
    "read_limits",
    "read_multiplicity",
    "read_outlook",
    "read_recommendations",
]

"""Sentences of chapter 07, made from its results."""

from crmstudy.report.sentences.case.effects import read_case

__all__ = ["read_case"]

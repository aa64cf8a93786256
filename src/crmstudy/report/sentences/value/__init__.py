"""Sentences of chapter 04, made from its results."""

from crmstudy.report.sentences.value.reading import read_value

__all__ = ["read_value"]

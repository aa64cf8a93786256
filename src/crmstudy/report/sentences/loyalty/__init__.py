"""Sentences of chapter 05, made from its results."""

from crmstudy.report.sentences.loyalty.reading import read_loyalty

__all__ = ["read_loyalty"]

"""Sentences of chapter 08, made from what the chapters recorded."""

from crmstudy.report.sentences.conclusions.verdicts import read_conclusions, read_register

__all__ = ["read_conclusions", "read_register"]

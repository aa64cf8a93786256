"""Sentences that follow from results, true on any data."""

from crmstudy.report.sentences.collection import count_ledgers, read_collection

__all__ = ["count_ledgers", "read_collection"]

"""Weights from fuzzy judgements (triangular numbers)."""

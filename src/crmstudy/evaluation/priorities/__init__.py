"""Weights from pairwise judgements, and how consistent these are (AHP)."""

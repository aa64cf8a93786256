"""Sentences of chapter 03, made from its results."""

from crmstudy.report.sentences.segmentation.clusters import read_segmentation

__all__ = ["read_segmentation"]

"""The rule that names RFM segments.

The names follow the usage of the trade, and the cut of the grid into nine named
segments is a rule of this house: no study is known that validates one cut against
another, so the rule is printed beside its result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd


class SegmentRule(NamedTuple):
    """One cell of the grid: level of recency, level of frequency and money together."""

    segment: str
    recency: str
    value: str
    reading: str


SEGMENT_RULES = (
    SegmentRule("champions", "high", "high", "buy often and much, and did so lately"),
    SegmentRule("loyal", "middle", "high", "buy often and much, the last time a little longer ago"),
    SegmentRule(
        "potential loyalists", "high", "middle", "bought lately, middling in number and money"
    ),
    SegmentRule("promising", "high", "low", "bought lately, still little: new or occasional"),
    SegmentRule("need attention", "middle", "middle", "average in everything, could go either way"),
    SegmentRule("about to sleep", "middle", "low", "buy little and are fading"),
    SegmentRule("at risk", "low", "high", "bought often and much, but not lately"),
    SegmentRule("hibernating", "low", "middle", "middling in number and money, but not lately"),
    SegmentRule("lost", "low", "low", "bought little, long ago"),
)


def cut_into_levels(points: pd.Series, most: int) -> np.ndarray:
    """Cut 0..most into thirds; a boundary belongs to the middle."""
    return np.select([3 * points < most, 3 * points > 2 * most], ["low", "high"], "middle")


def tabulate_rules(n_bins: int) -> pd.DataFrame:
    """Print the rules with the scores that each level holds.

    Returns
    -------
    DataFrame
        ``segment``, ``recency score``, ``frequency and money score`` (the sum of both) and
        ``reading``; with few steps a level can hold no score.
    """
    recency = _say_levels(n_bins - 1, first=1)
    value = _say_levels(2 * (n_bins - 1), first=2)
    rows = [(r.segment, recency[r.recency], value[r.value], r.reading) for r in SEGMENT_RULES]
    columns = ["segment", "recency score", "frequency and money score", "reading"]
    return pd.DataFrame(rows, columns=columns)


def _say_levels(most: int, *, first: int) -> dict[str, str]:
    """Say from where to where each level goes; scores count from ``first``."""
    points = pd.Series(range(most + 1))
    scores = (points + first).groupby(cut_into_levels(points, most)).agg(["min", "max"])
    said = dict.fromkeys(("low", "middle", "high"), "no score")
    for level, (low, high) in zip(scores.index, scores.to_numpy().tolist(), strict=True):
        said[str(level)] = f"{level}, {low}" if low == high else f"{level}, {low} to {high}"
    return said


def name_cells(scores: pd.DataFrame, *, n_bins: int) -> pd.Series:
    """Name the segment of each customer.

    Parameters
    ----------
    scores : DataFrame
        ``recency_score``, ``frequency_score``, ``money_score`` from 1 to ``n_bins``.
    """
    recency = cut_into_levels(scores["recency_score"] - 1, n_bins - 1)
    value = cut_into_levels(scores["frequency_score"] + scores["money_score"] - 2, 2 * (n_bins - 1))
    names = {(rule.recency, rule.value): rule.segment for rule in SEGMENT_RULES}
    return pd.Series(
        [names[pair] for pair in zip(recency, value, strict=True)], index=scores.index, dtype="str"
    )

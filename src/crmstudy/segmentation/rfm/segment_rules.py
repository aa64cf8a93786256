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

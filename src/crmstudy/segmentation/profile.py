"""Who are the segments? Order, sizes, profiles, and names made from profiles by rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError

NAMED_FROM = 0.5  # standard deviations from the mean of all that earn a word in the name
MOST_WORDS = 3
# Words for a low and a high value; other features are called "low ..." and "high ...".
FEATURE_WORDS = {
    "days_since_last_purchase": ("recent", "lapsed"),
    "n_purchases": ("rare", "frequent"),
    "revenue": ("low revenue", "high revenue"),
}


def rank_by_value(labels: np.ndarray, value: pd.Series) -> pd.Series:
    """Number clusters 1, 2, ... by falling mean value; equal means keep the given order."""
    means = value.groupby(labels, sort=False).mean().sort_values(ascending=False, kind="stable")
    rank = pd.Series(range(1, len(means) + 1), index=means.index)
    return pd.Series(rank.loc[labels].to_numpy(), index=value.index, name="segment")


def summarise_segments(
    used: pd.DataFrame, labels: pd.Series, *, columns: Sequence[str], value: str
) -> pd.DataFrame:
    """Measure each segment in the features' own units.

    Returns
    -------
    DataFrame indexed by segment
        ``n_customers``, ``share_customers``, ``value`` (sum), ``share_value`` and
        ``mean_<feature>``.

    Raises
    ------
    ModelError
        If the value does not sum to a positive amount.
    """
    total = used[value].sum()
    if total <= 0:
        raise ModelError(f"shares of {value} need a positive sum of {value}")
    groups = used.groupby(labels)
    summary = pd.DataFrame({"n_customers": groups.size()})
    summary["share_customers"] = summary["n_customers"] / len(used)
    summary["value"] = groups[value].sum()
    summary["share_value"] = summary["value"] / total
    return summary.join(groups[list(columns)].mean().add_prefix("mean_")).rename_axis("segment")


def profile_segments(values: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Compare each segment's mean with that of all, in standard deviations of all."""
    return ((values - values.mean()) / values.std()).groupby(labels).mean().rename_axis("segment")


def name_segments(profile: pd.DataFrame) -> list[str]:
    """Make each segment's name from its profile.

    A feature whose mean is half a standard deviation or more from the mean of all gives
    a word, the farthest first, three words at most; a segment without any is "average".
    A name that would stand twice carries the segment's number.
    """
    names = [_name(row) for _, row in profile.iterrows()]
    return [
        f"{name} ({rank})" if names.count(name) > 1 else name
        for rank, name in zip(profile.index, names, strict=True)
    ]


def _name(row: pd.Series) -> str:
    far = row[row.abs() >= NAMED_FROM].sort_values(key=np.abs, ascending=False, kind="stable")
    words = []
    for feature, distance in far.head(MOST_WORDS).items():
        plain = str(feature).replace("_", " ")
        low, high = FEATURE_WORDS.get(str(feature), (f"low {plain}", f"high {plain}"))
        words.append(high if distance > 0 else low)
    return ", ".join(words) or "average"

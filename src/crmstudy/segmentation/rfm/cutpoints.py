"""Where the steps of an RFM score begin: quantiles, quantiles within quantiles, fixed values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from crmstudy.errors import SettingsError
from crmstudy.segmentation.criteria.transform import RFM_FEATURES, keep_complete

MOST_BINS = 10


def score_quantiles(values: pd.Series, *, n_bins: int, largest_is_best: bool = True) -> pd.Series:
    """Score by the share of customers who are strictly worse.

    A customer with ``w`` of ``n`` customers strictly worse scores
    ``1 + floor(n_bins * w / n)``. Equal values therefore get equal scores, the
    worst value always scores 1, and without ties each step holds the same number of
    customers (to one). With heavy ties upper steps stay empty rather than being filled
    by chance or by the order of the rows.

    Parameters
    ----------
    values : Series
        One number a customer, none missing.
    n_bins : int
        Steps of the score.
    largest_is_best : bool
        False where small is good, as with days since the last purchase.
    """
    n_worse = values.rank(method="min", ascending=largest_is_best).astype("int64") - 1
    return 1 + n_bins * n_worse // len(values)


def score_nested(values: pd.Series, within: Sequence[pd.Series], *, n_bins: int) -> pd.Series:
    """Score by quantiles taken anew among the customers who share the scores ``within``.

    A step of the nested score means another value in each group: it says where a
    customer stands among those like him, not among all.

    Parameters
    ----------
    values : Series
        One number a customer, none missing; large is good.
    within : sequence of Series
        The scores given before, indexed as ``values``.
    n_bins : int
        Steps of the score.
    """
    groups = values.groupby(list(within))
    n_worse = groups.rank(method="min").astype("int64") - 1
    return 1 + n_bins * n_worse // groups.transform("size").astype("int64")


@dataclass(frozen=True)
class CutPoints:
    """Values at which the steps of the three scores begin, the same in every period.

    Parameters
    ----------
    days : tuple of float
        Rising. A customer scores one step more for each entry that the days since
        the last purchase do **not exceed**: with ``(30, 90)`` 20 days score 3.
    purchases, revenue : tuple of float
        Rising. A customer scores one step more for each entry that is **reached**.
    source : str
        Where they come from, in words.

    Notes
    -----
    Each tuple has the same length, one less than the steps. An infinite entry is a
    step that nobody can reach; only :func:`derive_cuts` writes one.
    """

    days: tuple[float, ...]
    purchases: tuple[float, ...]
    revenue: tuple[float, ...]
    source: str = "given"

    @property
    def n_bins(self) -> int:
        """Steps of each score."""
        return len(self.days) + 1

    def table(self) -> pd.DataFrame:
        """State from where each step is counted; a dash where nobody can reach it."""
        edges = {
            "days since last purchase, at most": self.days[::-1],
            "purchases, at least": self.purchases,
            "revenue, at least": self.revenue,
        }
        known = {
            name: [np.nan if np.isinf(value) else float(value) for value in values]
            for name, values in edges.items()
        }
        table = pd.DataFrame(known, dtype="float64")
        table.insert(0, "score", range(2, self.n_bins + 1))
        return table


def give_cuts(
    *, days: Sequence[float], purchases: Sequence[float], revenue: Sequence[float]
) -> CutPoints:
    """Check cut-points that a user gives.

    Raises
    ------
    SettingsError
        If the three lists differ in length, are empty or too long, or do not rise.
    """
    given = {"days": days, "purchases": purchases, "revenue": revenue}
    lengths = {name: len(values) for name, values in given.items()}
    if len(set(lengths.values())) > 1 or not 1 <= lengths["days"] < MOST_BINS:
        found = ", ".join(f"{n} for {name}" for name, n in lengths.items())
        raise SettingsError(
            f"cut-points: {found}; each score needs the same number, 1 to {MOST_BINS - 1}"
        )
    for name, values in given.items():
        rising = all(a < b for a, b in pairwise(values))
        if not rising or not np.isfinite(values).all():
            written = " ".join(f"{value:g}" for value in values)
            raise SettingsError(
                f"cut-points for {name}: {written}; each must exceed the one before"
            )
    floats = {name: tuple(map(float, values)) for name, values in given.items()}
    return CutPoints(floats["days"], floats["purchases"], floats["revenue"])


def read_cuts(text: str) -> CutPoints | None:
    """Read cut-points from a parameter; nothing from an empty one.

    Parameters
    ----------
    text : str
        Days, purchases and revenue, parted by semicolons, the numbers of each by spaces:
        ``"30 90 180 365; 2 4 8 16; 50 100 200 500"``.

    Raises
    ------
    SettingsError
        If there are not three lists of numbers, or they break the rules of
        :func:`give_cuts`.
    """
    if not text.strip():
        return None
    parts = [part.split() for part in text.split(";")]
    try:
        days, purchases, revenue = ([float(word) for word in part] for part in parts)
    except ValueError:
        raise SettingsError(
            f"cut-points {text!r}: three lists of numbers are needed, parted by semicolons, for "
            "days, purchases and revenue, such as '30 90 180; 2 4 8; 50 100 200'"
        ) from None
    return give_cuts(days=days, purchases=purchases, revenue=revenue)


def read_weights(text: str) -> tuple[float, ...]:
    """Read weights of recency, frequency and money from a parameter, such as ``"3 2 1"``.

    Raises
    ------
    SettingsError
        If a word is not a number; how many there are is checked where they are used.
    """
    try:
        return tuple(float(word) for word in text.split())
    except ValueError:
        raise SettingsError(
            f"weights {text!r}: three numbers parted by spaces are needed, for recency, frequency "
            "and money, such as '3 2 1'"
        ) from None


def derive_cuts(
    features: pd.DataFrame, *, n_bins: int, digits: int = 0, source: str = "quantiles"
) -> CutPoints:
    """Derive the cut-points that score these customers as quantiles do.

    A step begins at the least good value that :func:`score_quantiles` gives this step or
    a higher one. On the customers they come from, the cut-points therefore give the very
    scores of the quantiles, ties included; on others, another period's, they stay fixed.

    Parameters
    ----------
    features : DataFrame
        ``days_since_last_purchase``, ``n_purchases``, ``revenue``; customers with a
        missing value do not count.
    n_bins : int
        Steps of each score.
    digits : int
        Round to so many significant digits, as people who set cut-points do; 0 does not.
    source : str
        What the result says of where it comes from.
    """
    used, _ = keep_complete(features, RFM_FEATURES)
    days, purchases, revenue = (
        tuple(_round_to(cut, digits) for cut in _begin_steps(values, n_bins))
        for values in (-used["days_since_last_purchase"], used["n_purchases"], used["revenue"])
    )
    # A minus in front of a zero would be printed.
    return CutPoints(tuple(sorted(0.0 - cut for cut in days)), purchases, revenue, source)


def _round_to(value: float, digits: int) -> float:
    return float(f"{value:.{digits}g}") if digits and np.isfinite(value) else value


def _begin_steps(values: pd.Series, n_bins: int) -> tuple[float, ...]:
    scores = score_quantiles(values, n_bins=n_bins)
    steps = range(2, n_bins + 1)
    return tuple(
        float(values[scores >= step].min()) if (scores >= step).any() else np.inf for step in steps
    )


def score_by_cuts(features: pd.DataFrame, cuts: CutPoints) -> pd.DataFrame:
    """Score customers by fixed cut-points.

    Returns
    -------
    DataFrame
        ``recency_score``, ``frequency_score``, ``money_score``, 1 worst.
    """
    days = features["days_since_last_purchase"].to_numpy(dtype=float)
    reached = {
        "recency_score": (days[:, None] <= np.array(cuts.days)).sum(axis=1),
        "frequency_score": _count_reached(features["n_purchases"], cuts.purchases),
        "money_score": _count_reached(features["revenue"], cuts.revenue),
    }
    return pd.DataFrame({name: 1 + count for name, count in reached.items()}, index=features.index)


def _count_reached(values: pd.Series, cuts: Sequence[float]) -> np.ndarray:
    return (values.to_numpy(dtype=float)[:, None] >= np.array(cuts)).sum(axis=1)

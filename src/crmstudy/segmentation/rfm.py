"""RFM: scores for recency, frequency and money, and the segments read from them.

The scores follow Hughes' quintiles, the names follow the usage of the trade, and
the cut of the grid into nine named segments is a rule of this house: no study is
known that validates one cut against another, so the rule is printed beside its
result (:meth:`RfmResult.rules`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.segmentation.transform import RFM_FEATURES, keep_complete

MINIMUM_PER_BIN = 5  # customers for each step of a score; below, a quantile is one person's
SCORES = ("recency", "frequency", "money")


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


@dataclass(frozen=True)
class RfmResult:
    """Scores, cells and named segments of all customers.

    Parameters
    ----------
    scores : DataFrame
        One row a customer, in the order given: ``recency_score``,
        ``frequency_score``, ``money_score`` (1 worst, ``n_bins`` best), ``cell``
        (the three scores, as ``5-4-4``) and ``segment``.
    segments : DataFrame
        One row for each segment that has members, indexed by its name, in the order of
        :data:`SEGMENT_RULES`.
    cells : DataFrame
        Customers and mean revenue for each pair of recency and frequency scores.
    n_bins, n_customers, n_left_out : int
        Steps of a score; customers scored; customers with a missing feature.
    checks : tuple of Check
        Whether ties leave steps of a score empty.
    """

    scores: pd.DataFrame
    segments: pd.DataFrame
    cells: pd.DataFrame
    n_bins: int
    n_customers: int
    n_left_out: int
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """Arrange the segments: size, share of revenue, means."""
        names = {
            "n_customers": "customers",
            "share_customers": "share of customers",
            "share_revenue": "share of revenue",
            "days_since_last_purchase": "mean days since last purchase",
            "n_purchases": "mean purchases",
            "mean_revenue": "mean revenue",
        }
        return self.segments.rename(columns=names).reset_index()

    def rules(self) -> pd.DataFrame:
        """Print the rule that named the segments; a level is a third of the scale."""
        names = {"value": "frequency and money"}
        return pd.DataFrame(SEGMENT_RULES).rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give sizes and shares of all nine segments, 0 for an empty one."""
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_left_out": self.n_left_out,
        }
        shares = self.segments.reindex([rule.segment for rule in SEGMENT_RULES], fill_value=0.0)
        for segment, row in shares.iterrows():
            name = str(segment).replace(" ", "_")
            metrics[f"share_customers_{name}"] = float(row["share_customers"])
            metrics[f"share_revenue_{name}"] = float(row["share_revenue"])
        return metrics


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


@passes_absence
def score_rfm(features: pd.DataFrame, *, n_bins: int = 5) -> RfmResult:
    """Score customers by recency, frequency and money, and name their segments.

    Each feature is scored on its own ("independent" quantiles; see
    :func:`score_quantiles` for ties), recency reversed: a purchase lately scores
    high. The recency score and the sum of the frequency and the money score are each
    cut into thirds of their scale (low, middle, high), which gives the nine segments of
    :data:`SEGMENT_RULES`.

    Parameters
    ----------
    features : DataFrame indexed by customer
        ``days_since_last_purchase`` (days), ``n_purchases`` (count), ``revenue``
        (money). Customers with a missing value are left out and counted.
    n_bins : int
        Steps of each score, 2 to 10.

    Raises
    ------
    SettingsError
        If ``n_bins`` is out of range.
    DataError
        If a column is absent, not numeric or infinite, or a customer stands twice.
    ModelError
        If there are too few customers, a feature does not vary, or revenue does not
        sum to a positive amount.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Probus.
    """
    if not 2 <= n_bins <= 10:
        raise SettingsError(f"n_bins = {n_bins}: an RFM score needs 2 to 10 steps")
    used, n_left_out = keep_complete(features, RFM_FEATURES)
    _refuse_degenerate(used, n_bins=n_bins)
    scores = pd.DataFrame(
        {
            "recency_score": score_quantiles(
                used["days_since_last_purchase"], n_bins=n_bins, largest_is_best=False
            ),
            "frequency_score": score_quantiles(used["n_purchases"], n_bins=n_bins),
            "money_score": score_quantiles(used["revenue"], n_bins=n_bins),
        }
    )
    digit = scores.astype("str")
    scores["cell"] = (
        digit["recency_score"] + "-" + digit["frequency_score"] + "-" + digit["money_score"]
    )
    scores["segment"] = _name_segments(scores, n_bins=n_bins)
    return RfmResult(
        scores=scores,
        segments=_summarise_segments(used, scores["segment"]),
        cells=_summarise_cells(used, scores),
        n_bins=n_bins,
        n_customers=len(used),
        n_left_out=n_left_out,
        checks=tuple(_check_steps(scores[f"{name}_score"], name, n_bins) for name in SCORES),
    )


def _refuse_degenerate(used: pd.DataFrame, *, n_bins: int) -> None:
    needed = MINIMUM_PER_BIN * n_bins
    if len(used) < needed:
        raise ModelError(f"RFM scores of {n_bins} steps need {needed} customers, not {len(used)}")
    for name in used.columns[(used == used.iloc[0]).all()]:
        raise ModelError(f"RFM scores need customers who differ in {name}; all are equal")
    if used["revenue"].sum() <= 0:
        raise ModelError("shares of revenue need a positive sum of revenue")


def _level(points: pd.Series, most: int) -> np.ndarray:
    """Cut 0..most into thirds; a boundary belongs to the middle."""
    return np.select([3 * points < most, 3 * points > 2 * most], ["low", "high"], "middle")


def _name_segments(scores: pd.DataFrame, *, n_bins: int) -> pd.Series:
    recency = _level(scores["recency_score"] - 1, n_bins - 1)
    value = _level(scores["frequency_score"] + scores["money_score"] - 2, 2 * (n_bins - 1))
    names = {(rule.recency, rule.value): rule.segment for rule in SEGMENT_RULES}
    return pd.Series(
        [names[pair] for pair in zip(recency, value, strict=True)], index=scores.index, dtype="str"
    )


def _summarise_segments(used: pd.DataFrame, segment: pd.Series) -> pd.DataFrame:
    groups = used.groupby(segment)
    summary = pd.DataFrame({"n_customers": groups.size(), "revenue": groups["revenue"].sum()})
    summary["share_customers"] = summary["n_customers"] / len(used)
    summary["share_revenue"] = summary["revenue"] / used["revenue"].sum()
    summary = summary.join(groups[["days_since_last_purchase", "n_purchases"]].mean())
    summary["mean_revenue"] = summary["revenue"] / summary["n_customers"]
    present = [rule.segment for rule in SEGMENT_RULES if rule.segment in summary.index]
    return summary.loc[present].rename_axis("segment")


def _summarise_cells(used: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    by = [scores["recency_score"], scores["frequency_score"]]
    revenue = used["revenue"].groupby(by)
    cells = pd.DataFrame({"customers": revenue.size(), "mean revenue": revenue.mean()})
    return cells.reset_index().rename(
        columns={"recency_score": "recency score", "frequency_score": "frequency score"}
    )


def _check_steps(score: pd.Series, name: str, n_bins: int) -> Check:
    n_used = int(score.nunique())
    return Check(
        name=f"every step of the {name} score is used",
        passed=n_used == n_bins,
        statistic=float(n_used),
        threshold=f"= {n_bins}",
        source="equal values get equal scores",
        consequence="ties are larger than a step: the score is coarser than it looks",
    )

"""RFM: scores for recency, frequency and money, and the segments read from them.

How the steps of a score are cut stands in ``cutpoints``, the rule that names the
segments in ``segment_rules``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.segmentation.criteria.transform import RFM_FEATURES, keep_complete
from crmstudy.segmentation.rfm.cutpoints import (
    MOST_BINS,
    CutPoints,
    score_by_cuts,
    score_nested,
    score_quantiles,
)
from crmstudy.segmentation.rfm.segment_rules import (
    SEGMENT_RULES,
    SegmentRule,
    name_cells,
    tabulate_rules,
)
from crmstudy.segmentation.rfm.ties import count_ties

MINIMUM_PER_BIN = 5  # customers for each step of a score; below, a quantile is one person's
SCORES = ("recency", "frequency", "money")

__all__ = ["SEGMENT_RULES", "RfmResult", "SegmentRule", "score_rfm"]


@dataclass(frozen=True)
class RfmResult:
    """Scores, cells and named segments of all customers.

    Parameters
    ----------
    scores : DataFrame
        One row a customer, in the order given: ``recency_score``,
        ``frequency_score``, ``money_score`` (1 worst, ``n_bins`` best), ``cell``
        (the three scores, as ``5-4-4``), ``segment``, and ``rfm_score`` (the weighted
        mean of the three).
    segments : DataFrame
        One row for each segment that has members, indexed by its name, in the order of
        :data:`SEGMENT_RULES`.
    cells : DataFrame
        Customers and mean revenue for each pair of recency and frequency scores.
    ties : DataFrame
        How many customers each step holds, and how many stand in a tie across the place
        where it should begin; see :func:`crmstudy.segmentation.rfm.ties.count_ties`.
    scoring : str
        ``independent`` or ``nested`` quantiles, or ``cut-points``.
    cuts : CutPoints or None
        The fixed cut-points, where these scored.
    weights : tuple of float
        Of recency, frequency and money in ``rfm_score``; their sum is 1.
    n_bins, n_customers, n_left_out : int
        Steps of a score; customers scored; customers with a missing feature.
    checks : tuple of Check
        Whether steps of a score stay empty, and whether a revenue is negative.
    """

    scores: pd.DataFrame
    segments: pd.DataFrame
    cells: pd.DataFrame
    ties: pd.DataFrame
    scoring: str
    cuts: CutPoints | None
    weights: tuple[float, float, float]
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
            "mean_score": "mean weighted score",
        }
        return self.segments.rename(columns=names).reset_index()

    def rules(self) -> pd.DataFrame:
        """Print the rule that named the segments; a level is a third of the scale."""
        return tabulate_rules(self.n_bins)

    def to_metrics(self) -> dict[str, float]:
        """Give shares of all nine segments, 0 for an empty one; ties, cells, mean score."""
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_left_out": self.n_left_out,
            "n_cells": int(self.scores["cell"].nunique()),
            "mean_weighted_score": float(self.scores["rfm_score"].mean()),
        }
        for name, part in self.ties.groupby("score", sort=False):
            metrics[f"n_tied_{name}"] = int(part["n_tied"].max())
        shares = self.segments.reindex([rule.segment for rule in SEGMENT_RULES], fill_value=0.0)
        for segment, row in shares.iterrows():
            name = str(segment).replace(" ", "_")
            metrics[f"share_customers_{name}"] = float(row["share_customers"])
            metrics[f"share_revenue_{name}"] = float(row["share_revenue"])
        return metrics


@passes_absence
def score_rfm(
    features: pd.DataFrame,
    *,
    n_bins: int = 5,
    nested: bool = False,
    cuts: CutPoints | None = None,
    weights: Sequence[float] = (1.0, 1.0, 1.0),
) -> RfmResult:
    """Score customers by recency, frequency and money, and name their segments.

    Three ways of scoring; recency is always reversed, a purchase lately scores high:

    - **independent quantiles** (the default): each feature is cut on its own;
    - **nested quantiles**: recency is cut first, frequency within each recency step,
      money within each cell of both, so that cells hold nearly equal numbers, as
      Hughes's 125 cells do; a frequency score then compares customers of like recency only;
    - **fixed cut-points** in days, purchases and money: comparable between periods and
      firms, but steps may be empty.

    The recency score and the sum of the frequency and the money score are each
    cut into thirds of their scale (low, middle, high), which gives the nine segments of
    :data:`SEGMENT_RULES`.

    Parameters
    ----------
    features : DataFrame indexed by customer
        ``days_since_last_purchase`` (days), ``n_purchases`` (count), ``revenue``
        (money). Customers with a missing value are left out and counted.
    n_bins : int
        Steps of each score, 2 to 10; not used where ``cuts`` say it.
    nested : bool
        Take quantiles within quantiles.
    cuts : CutPoints, optional
        Score by these fixed values instead.
    weights : sequence of three floats
        Weights of recency, frequency and money in the customer's ``rfm_score``. They
        rank customers; cells and named segments do not depend on them.

    Raises
    ------
    SettingsError
        If ``n_bins`` or a weight is out of range, or both ``nested`` and ``cuts`` are given.
    DataError
        If a column is absent, not numeric or infinite, or a customer stands twice.
    ModelError
        If there are too few customers, a feature does not vary (quantiles only), or
        revenue does not sum to a positive amount.

    References
    ----------
    Hughes, A. M. (1994). Strategic Database Marketing. Probus.
    Miglautsch, J. R. (2000). Thoughts on RFM scoring. J. of Database Marketing, 8(1), 67-72.
    """
    if nested and cuts is not None:
        raise SettingsError("RFM scores are nested quantiles or fixed cut-points, not both")
    n_bins = n_bins if cuts is None else cuts.n_bins
    if not 2 <= n_bins <= MOST_BINS:
        raise SettingsError(f"n_bins = {n_bins}: an RFM score needs 2 to {MOST_BINS} steps")
    shares = _share_weights(weights)
    used, n_left_out = keep_complete(features, RFM_FEATURES)
    _refuse_degenerate(used, n_bins=n_bins, fixed=cuts is not None)
    scoring = "cut-points" if cuts is not None else "nested" if nested else "independent"
    steps = _score(used, n_bins=n_bins, nested=nested, cuts=cuts)
    scores = steps.assign(
        cell=_join_digits(steps),
        segment=name_cells(steps, n_bins=n_bins),
        rfm_score=steps.to_numpy(dtype=float) @ np.array(shares),
    )
    return RfmResult(
        scores=scores,
        segments=_summarise_segments(used, scores),
        cells=_summarise_cells(used, scores),
        ties=count_ties(used, steps, n_bins=n_bins, scoring=scoring),
        scoring=scoring,
        cuts=cuts,
        weights=shares,
        n_bins=n_bins,
        n_customers=len(used),
        n_left_out=n_left_out,
        checks=(
            *(_check_steps(steps[f"{name}_score"], name, n_bins) for name in SCORES),
            _check_revenue(used["revenue"]),
        ),
    )


def _share_weights(weights: Sequence[float]) -> tuple[float, float, float]:
    given = np.array(weights, dtype=float)
    if given.shape != (3,) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
        written = ", ".join(f"{weight:g}" for weight in given.ravel())
        raise SettingsError(
            f"weights = ({written}): three are needed, for recency, frequency and money, "
            "none negative and one above 0"
        )
    recency, frequency, money = (given / given.sum()).tolist()
    return recency, frequency, money


def _refuse_degenerate(used: pd.DataFrame, *, n_bins: int, fixed: bool) -> None:
    needed = 1 if fixed else MINIMUM_PER_BIN * n_bins
    if len(used) < needed:
        raise ModelError(f"RFM scores of {n_bins} steps need {needed} customers, not {len(used)}")
    for name in used.columns[(used == used.iloc[0]).all()]:
        if not fixed:
            said = name.removeprefix("n_").replace("_", " ")
            raise ModelError(
                f"RFM scores need customers who differ in {said}; all are equal "
                "(fixed cut-points can still score them)"
            )
    if used["revenue"].sum() <= 0:
        raise ModelError("shares of revenue need a positive sum of revenue")


def _score(
    used: pd.DataFrame, *, n_bins: int, nested: bool, cuts: CutPoints | None
) -> pd.DataFrame:
    if cuts is not None:
        return score_by_cuts(used, cuts)
    days = used["days_since_last_purchase"]
    recency = score_quantiles(days, n_bins=n_bins, largest_is_best=False)
    if nested:
        frequency = score_nested(used["n_purchases"], [recency], n_bins=n_bins)
        money = score_nested(used["revenue"], [recency, frequency], n_bins=n_bins)
    else:
        frequency = score_quantiles(used["n_purchases"], n_bins=n_bins)
        money = score_quantiles(used["revenue"], n_bins=n_bins)
    named = {"recency_score": recency, "frequency_score": frequency, "money_score": money}
    return pd.DataFrame(named)


def _join_digits(steps: pd.DataFrame) -> pd.Series:
    r, f, m = (steps[f"{name}_score"].astype("str") for name in SCORES)
    return r + "-" + f + "-" + m


def _summarise_segments(used: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    groups = used.groupby(scores["segment"])
    summary = pd.DataFrame({"n_customers": groups.size(), "revenue": groups["revenue"].sum()})
    summary["share_customers"] = summary["n_customers"] / len(used)
    summary["share_revenue"] = summary["revenue"] / used["revenue"].sum()
    summary = summary.join(groups[["days_since_last_purchase", "n_purchases"]].mean())
    summary["mean_revenue"] = summary["revenue"] / summary["n_customers"]
    summary["mean_score"] = scores["rfm_score"].groupby(scores["segment"]).mean()
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
        consequence="the score is coarser than it looks: ties are larger than a step, "
        "or a fixed cut-point is out of reach",
    )


def _check_revenue(revenue: pd.Series) -> Check:
    n_negative = int((revenue < 0).sum())
    return Check(
        name="no customer's revenue is negative (customers)",
        passed=n_negative == 0,
        statistic=float(n_negative),
        threshold="= 0",
        source="returns count against purchases",
        consequence="shares of revenue can lie below 0 or above 1; these customers score lowest",
    )

"""Mystery shopping: what was scored, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.collection.fieldwork.intervals import (
    require_choice,
    require_columns,
    require_confidence,
)
from crmstudy.errors import ModelError, passes_absence

By = Literal["criterion", "outlet", "channel", "all"]

SCORED = ["visit_id", "assessor", "criterion", "score", "maximum"]


@dataclass(frozen=True)
class MysteryScores:
    """Scores as shares of the maximum, with intervals clustered by visit.

    Parameters
    ----------
    levels : DataFrame
        One row a level, in natural order: ``level``, ``visits``, ``ratings``, ``points``,
        ``possible``, ``share``, ``standard_error``, ``lower``, ``upper``, ``note``.
    by : str
        What forms the levels: criterion, outlet, channel or all.
    confidence : float
        Coverage of the intervals.
    n_visits, n_ratings, n_left_out : int
        Visits and ratings used; ratings without a level or with a maximum of 0.
    """

    levels: pd.DataFrame
    by: str
    confidence: float
    n_visits: int
    n_ratings: int
    n_left_out: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a level."""
        names = {
            "level": self.by,
            "share": "share of maximum",
            "lower": f"share, lower {self.confidence:.0%}",
            "upper": f"share, upper {self.confidence:.0%}",
        }
        return self.levels.rename(columns=names).rename(columns=lambda n: str(n).replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give visits, ratings and the share of points over all levels."""
        points, possible = self.levels["points"].sum(), self.levels["possible"].sum()
        return {
            "mystery_n_visits": self.n_visits,
            "mystery_n_ratings": self.n_ratings,
            "mystery_share": float(points / possible),
        }


@passes_absence
def score_visits(mystery: pd.DataFrame) -> pd.DataFrame:
    """Sum up each visit, over criteria and assessors.

    Parameters
    ----------
    mystery : DataFrame
        Canonical mystery_shopping.

    Returns
    -------
    DataFrame
        One row a visit by day and name: ``visit_id``, ``visited_on``, ``outlet``, ``channel``
        (where they are known), ``assessors``, ``criteria``, ``points``, ``possible``, ``share``.

    Raises
    ------
    DataError
        If a column of the contract is absent.
    ModelError
        If nothing was scored.
    """
    scored = take_scored(mystery)
    visits = scored.groupby("visit_id")
    about = [name for name in ("visited_on", "outlet", "channel") if name in scored]
    sums = visits[about].first() if about else pd.DataFrame(index=visits.size().index)
    sums["assessors"] = visits["assessor"].nunique()
    sums["criteria"] = visits["criterion"].nunique()
    sums["points"], sums["possible"] = visits["score"].sum(), visits["maximum"].sum()
    sums["share"] = sums["points"] / sums["possible"]
    order = [name for name in ("visited_on", "visit_id") if name in (*about, "visit_id")]
    return sums.rename_axis("visit_id").reset_index().sort_values(order, ignore_index=True)


@passes_absence
def summarise_scores(
    mystery: pd.DataFrame, *, by: By = "criterion", confidence: float = 0.95
) -> MysteryScores:
    """Compute the share of points won, by criterion, outlet, channel or over all.

    The share is the ratio of points to points possible. Ratings of one visit hang
    together, so the standard error is that of a ratio of sums over visits (linearised,
    the visit as cluster) and the interval uses Student's t with visits less one degrees of
    freedom, cut at 0 and 1.

    Parameters
    ----------
    mystery : DataFrame
        Canonical mystery_shopping.
    by : {"criterion", "outlet", "channel", "all"}
        What forms the levels.
    confidence : float
        Coverage of the intervals.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError
        If a column is absent.
    ModelError
        If nothing was scored.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques (3rd ed.), ch. 6 and 9A. Wiley.
    """
    require_choice("by", by, get_args(By))
    require_confidence(confidence)
    scored = take_scored(mystery).assign(all="all")
    require_columns(scored, [by], table="mystery_shopping")
    known = scored.dropna(subset=[by])
    rows = [
        {"level": level} | _estimate_share(part, confidence)
        for level, part in known.groupby(by, sort=True)
    ]
    return MysteryScores(
        levels=pd.DataFrame(rows),
        by=by,
        confidence=confidence,
        n_visits=int(known["visit_id"].nunique()),
        n_ratings=len(known),
        n_left_out=len(mystery) - len(known),
    )


def take_scored(mystery: pd.DataFrame) -> pd.DataFrame:
    """Keep the ratings that can be expressed as a share of a maximum."""
    require_columns(mystery, SCORED, table="mystery_shopping")
    scored = mystery[mystery["maximum"] > 0].dropna(subset=["score"])
    if scored.empty:
        raise ModelError("no criterion of mystery_shopping has a maximum above 0 and a score")
    return scored


def _estimate_share(part: pd.DataFrame, confidence: float) -> dict[str, object]:
    sums = part.groupby("visit_id")[["score", "maximum"]].sum()
    points, possible, visits = float(sums["score"].sum()), float(sums["maximum"].sum()), len(sums)
    row: dict[str, object] = {"visits": visits, "ratings": len(part)}
    row |= {"points": points, "possible": possible, "share": points / possible}
    if visits < 2:
        empty = dict.fromkeys(("standard_error", "lower", "upper"), np.nan)
        return row | empty | {"note": "one visit: no interval"}
    away = sums["score"].to_numpy() - points / possible * sums["maximum"].to_numpy()
    error = float(np.sqrt(visits / (visits - 1) * (away**2).sum())) / possible
    reach = float(stats.t.ppf((1 + confidence) / 2, visits - 1)) * error
    lower, upper = points / possible - reach, points / possible + reach
    row |= {"standard_error": error, "lower": max(0.0, lower), "upper": min(1.0, upper)}
    return row | {"note": "all visits alike" if error == 0 else ""}

"""Satisfied and gone: how many of the satisfied are not loyal, and who they are.

Satisfied respondents are loyalists or mercenaries, the others hostages or defectors (Jones
& Sasser, 1995); mercenaries are the *satisfied defectors* of this study.

References
----------
Jones, T. O., & Sasser, W. E. (1995). Why satisfied customers defect. Harvard Business Review,
73(6), 88-99.
Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related
estimators. J. Educational Statistics, 6(2), 107-128.
Kish, L. (1965). Survey Sampling. Wiley (effective sample size).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.loyalty.moderation.asked import find_construct
from crmstudy.loyalty.moderation.scale_means import score_points
from crmstudy.shares import wilson_limits

GROUPS = ("loyalists", "satisfied defectors", "hostages", "defectors")
STEP = 10.0  # points by which the two limits are moved to see what hangs on them


@dataclass(frozen=True)
class SatisfiedDefectors:
    """The satisfied who are not loyal.

    Attributes
    ----------
    scores : DataFrame
        ``satisfaction`` and ``loyalty`` (points from 0 to 100), then every moderator's
        points under its label; one row a respondent with both of the first.
    weights : Series
        Weight of each of these respondents; all 1 where there are none.
    n_dropped : int
        Respondents without a score of satisfaction or loyalty.
    satisfied_from, loyal_until : float
        Points from which on a respondent counts as satisfied, up to which as not loyal.
    level : float
        Level of every interval.
    """

    scores: pd.DataFrame
    weights: pd.Series
    n_dropped: int
    satisfied_from: float
    loyal_until: float
    level: float

    def table(self) -> pd.DataFrame:
        """Return the four groups: group, n, share, lower, upper (Wilson) of all."""
        group = self._group(self.satisfied_from, self.loyal_until)
        rows = []
        for name in GROUPS:
            inside = group == name
            rows.append((name, int(inside.sum()), *self._bound(inside, np.ones(len(group), bool))))
        return pd.DataFrame(rows, columns=["group", "n", "share", "lower", "upper"])

    def share(self, *, of: str = "satisfied") -> dict[str, float] | NotAvailable:
        """Share of satisfied defectors of the ``satisfied`` or of ``all``: n, share, lower, upper.

        Not available where nobody is satisfied.
        """
        satisfied = (self.scores["satisfaction"] >= self.satisfied_from).to_numpy()
        base = satisfied if of == "satisfied" else np.ones(len(satisfied), bool)
        if not base.any():
            return NotAvailable(f"nobody reaches {self.satisfied_from:g} points of satisfaction")
        gone = satisfied & (self.scores["loyalty"] <= self.loyal_until).to_numpy()
        share, lower, upper = self._bound(gone, base)
        return {"n": int(base.sum()), "share": share, "lower": lower, "upper": upper}

    def sensitivity(self) -> pd.DataFrame:
        """Share of the satisfied who are not loyal, by the two limits moved ten points each."""
        rows = []
        for satisfied_from in _around(self.satisfied_from):
            for loyal_until in _around(self.loyal_until):
                moved = SatisfiedDefectors(
                    self.scores,
                    self.weights,
                    self.n_dropped,
                    satisfied_from,
                    loyal_until,
                    self.level,
                )
                found = moved.share()
                limits = {"satisfied from": satisfied_from, "not loyal up to": loyal_until}
                rows.append(limits | ({"n": 0} if isinstance(found, NotAvailable) else found))
        columns = ["satisfied from", "not loyal up to", "n", "share", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns).rename(columns={"n": "satisfied"})

    def profile(self) -> pd.DataFrame | NotAvailable:
        """Compare loyalists and satisfied defectors in every moderator.

        Returns
        -------
        DataFrame
            what (label), mean of each group (points), difference (defectors less loyalists),
            lower, upper (Welch), g (Hedges), p value; a row only where both groups have
            two answers and one of them varies.
        """
        from scipy.special import stdtr, stdtrit

        group = self._group(self.satisfied_from, self.loyal_until)
        rows = []
        for label in self.scores.columns[2:]:
            loyal, gone = (
                self.scores.loc[group == name, label].dropna().to_numpy(dtype=float)
                for name in GROUPS[:2]
            )
            if min(len(loyal), len(gone)) < 2 or loyal.var() + gone.var() == 0.0:
                continue
            difference, se, df = _compare(loyal, gone)
            reach = float(stdtrit(df, 0.5 + self.level / 2)) * se
            row = {"what": label, "n loyalists": len(loyal), "n satisfied defectors": len(gone)}
            row |= {"loyalists": loyal.mean(), "satisfied defectors": gone.mean()}
            row |= {"difference": difference, "lower": difference - reach}
            row |= {"upper": difference + reach, "g": _hedges(loyal, gone)}
            rows.append(row | {"p value": 2 * float(stdtr(df, -abs(difference / se)))})
        if not rows:
            return NotAvailable("too few loyalists or satisfied defectors to compare")
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Counts and shares of the four groups, and of defectors among the satisfied."""
        metrics: dict[str, float] = {"n_used": len(self.scores), "n_dropped": self.n_dropped}
        for row in self.table().to_dict("records"):
            key = row["group"].replace(" ", "_")
            metrics |= {f"n_{key}": row["n"], f"share_{key}": row["share"]}
        found = self.share()
        if isinstance(found, NotAvailable):
            return metrics
        return metrics | {f"{name}_of_satisfied": value for name, value in found.items()}

    def _group(self, satisfied_from: float, loyal_until: float) -> np.ndarray:
        satisfied = (self.scores["satisfaction"] >= satisfied_from).to_numpy()
        loyal = (self.scores["loyalty"] > loyal_until).to_numpy()
        place = np.where(satisfied, 0, 2) + np.where(loyal, 0, 1)
        # hostages are loyal though not satisfied, and stand before the defectors
        return np.array(GROUPS)[place]

    def _bound(self, event: np.ndarray, base: np.ndarray) -> tuple[float, float, float]:
        """Bound a weighted share; unequal weights make the sample count for less (Kish)."""
        weight = self.weights.to_numpy()[base]
        share = float(weight[event[base]].sum() / weight.sum())
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        lower, upper = wilson_limits(share * effective, effective, confidence=self.level)
        return share, float(lower), float(upper)


def find_defectors(
    answers: pd.DataFrame | NotAvailable,
    *,
    instrument: Mapping[str, Any],
    scales: Mapping[str, Mapping[str, Any]],
    satisfied_from: float,
    loyal_until: float,
    model: StructuralModel | NotAvailable | None = None,
    weights: pd.Series | None = None,
    level: float = 0.95,
) -> SatisfiedDefectors | NotAvailable:
    """Find the respondents who are satisfied and not loyal.

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One column an item, reverse-scored items turned round.
    instrument : mapping
        ``constructs``, ``focus`` and ``moderators`` as study.yml gives them.
    scales : mapping
        Item to its ``minimum`` and ``maximum`` (the table of the instrument).
    satisfied_from, loyal_until : float
        Points from 0 to 100.
    model : StructuralModel, optional
        The chapter's model, whose items of both constructs are used.
    weights : Series, optional
        Survey weights, indexed as ``answers``; respondents without one are left out.

    Raises
    ------
    ModelError
        If study.yml does not name both constructs, or nobody has both scores.
    """
    if isinstance(answers, NotAvailable):
        return answers
    asked = {
        q: find_construct(instrument, q, model=model).items for q in ("satisfaction", "loyalty")
    }
    labels = {q: q for q in asked}
    for name, spec in instrument.get("moderators", {}).items():
        if all(item in answers.columns for item in spec["items"]):
            asked[name], labels[name] = spec["items"], spec["label"]
    points = {
        labels[name]: score_points(answers, items=items, scales=scales)
        for name, items in asked.items()
    }
    weight = pd.Series(1.0, answers.index) if weights is None else weights.reindex(answers.index)
    there = points["satisfaction"].notna() & points["loyalty"].notna() & (weight > 0)
    if not there.any():
        raise ModelError("no respondent has a score of satisfaction and of loyalty")
    return SatisfiedDefectors(
        scores=pd.DataFrame(points)[there],
        weights=weight[there],
        n_dropped=int((~there).sum()),
        satisfied_from=satisfied_from,
        loyal_until=loyal_until,
        level=level,
    )


def _around(limit: float) -> list[float]:
    """Move a limit by a step to either side, as far as the scale goes."""
    return [moved for moved in (limit - STEP, limit, limit + STEP) if 0 <= moved <= 100]


def _compare(loyal: np.ndarray, gone: np.ndarray) -> tuple[float, float, float]:
    """Return the difference of two means, its standard error and Welch's degrees of freedom."""
    parts = np.array([group.var(ddof=1) / len(group) for group in (loyal, gone)])
    sizes = np.array([len(loyal), len(gone)])
    df = float(parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum())
    return float(gone.mean() - loyal.mean()), float(np.sqrt(parts.sum())), df


def _hedges(loyal: np.ndarray, gone: np.ndarray) -> float:
    """Return the standardised difference, corrected for small samples."""
    df = len(loyal) + len(gone) - 2
    pooled = ((len(loyal) - 1) * loyal.var(ddof=1) + (len(gone) - 1) * gone.var(ddof=1)) / df
    return float((gone.mean() - loyal.mean()) / np.sqrt(pooled) * (1 - 3 / (4 * df - 1)))

"""Memberships in grades: from survey answers, from counts, and from measured values.

A membership row says to which degree an indicator belongs to each grade; it sums to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.require import SUM_TOLERANCE, require_choice, require_same
from crmstudy.indicators.answers import read_item

Direction = Literal["larger", "smaller"]
Anchor = float | tuple[float, float]


@dataclass(frozen=True, eq=False)
class Membership:
    """Membership rows, and what they rest on.

    Parameters
    ----------
    memberships : DataFrame
        Indicators in rows, grades in columns; rows sum to 1.
    n_answers, n_missing : Series
        By indicator: answers counted and answers that were missing.
    grades : GradeScale
        The grades.
    rule : str
        How an answer becomes a grade, in words.
    """

    memberships: pd.DataFrame
    n_answers: pd.Series
    n_missing: pd.Series
    grades: GradeScale
    rule: str

    def table(self) -> pd.DataFrame:
        """One row an indicator: its memberships, answers, missing answers."""
        rows = self.memberships.rename_axis("indicator").reset_index()
        return rows.assign(
            answers=self.n_answers.to_numpy(), **{"missing answers": self.n_missing.to_numpy()}
        )

    def to_metrics(self) -> dict[str, float]:
        """Indicators, answers and missing answers."""
        return {
            "n_indicators": len(self.memberships),
            "n_answers": int(self.n_answers.sum()),
            "n_missing_answers": int(self.n_missing.sum()),
        }


@passes_absence
def membership_from_answers(
    answers: pd.DataFrame,
    *,
    instrument: Mapping[str, Mapping[str, Any]],
    items: Mapping[str, str | Sequence[str]],
    grades: GradeScale = GRADES,
    cut_points: Sequence[float] | None = None,
) -> Membership:
    """Share of a survey's answers in each grade.

    The scale of an item, from its lowest to its highest point, is cut into as many
    intervals as there are grades, of equal width unless cut-points are given. The
    membership in a grade is the share of answers in its interval. An answer exactly on
    a cut-point counts half to each side, so that a mirrored scale gives a mirrored row.
    Missing answers are left out and counted.

    Parameters
    ----------
    answers : DataFrame
        One row a respondent, one column an item.
    instrument : mapping of str to mapping
        For each item ``minimum``, ``maximum`` and optionally ``reverse``.
    items : mapping of str to str or sequence of str
        The items of each indicator; several are pooled, each answer counting once.
    grades : GradeScale
        From worst to best.
    cut_points : sequence of float, optional
        Inner limits of the intervals, ascending, one fewer than grades, for all items.

    Raises
    ------
    SettingsError
        If an item is not in the survey or the instrument, or cut-points do not fit.
    DataError
        If an answer lies outside its scale.
    ModelError
        If nobody answered, or a scale has fewer points than there are grades.
    """
    rows, answered, missing = {}, {}, {}
    for indicator, named in items.items():
        columns = [named] if isinstance(named, str) else list(named)
        counts = np.zeros(len(grades.names))
        for item in columns:
            values, low, high = read_item(answers, item, instrument)
            counts += _count_grades(values, _cuts(low, high, grades, cut_points, item))
        if counts.sum() == 0:
            raise ModelError(f"nobody answered {indicator} ({', '.join(columns)})")
        rows[indicator] = counts / counts.sum()
        answered[indicator] = round(counts.sum())
        missing[indicator] = len(answers) * len(columns) - answered[indicator]
    return Membership(
        memberships=pd.DataFrame.from_dict(rows, orient="index", columns=list(grades.names)),
        n_answers=pd.Series(answered, dtype=int),
        n_missing=pd.Series(missing, dtype=int),
        grades=grades,
        rule=_describe_rule(grades, cut_points),
    )


@passes_absence
def membership_from_counts(counts: pd.DataFrame, *, grades: GradeScale = GRADES) -> Membership:
    """Share of each grade in counted votes.

    Parameters
    ----------
    counts : DataFrame
        Indicators in rows, grades in columns, how many chose the grade.
    grades : GradeScale
        The columns must be its names.

    Raises
    ------
    DataError
        If a column is no grade, a grade is missing, or a count is negative or missing.
    ModelError
        If an indicator has no votes.
    """
    require_same(list(map(str, counts.columns)), grades.names, "table of counts", "grades")
    votes = counts.loc[:, list(grades.names)].astype(float)
    if not (votes >= 0).all(axis=None):
        raise DataError("counts of grades must be 0 or more, none missing")
    totals = votes.sum(axis=1)
    if (totals == 0).any():
        raise ModelError(f"nobody graded {totals.index[totals == 0][0]}")
    return Membership(
        memberships=votes.div(totals, axis=0),
        n_answers=totals.round().astype(int),
        n_missing=pd.Series(0, index=totals.index),
        grades=grades,
        rule="share of the votes for a grade",
    )


@passes_absence
def membership_from_value(
    value: float,
    *,
    anchors: Sequence[Anchor],
    direction: Direction,
    grades: GradeScale = GRADES,
) -> pd.Series:
    """Membership of a measured value in the grades.

    At its anchor a grade is met in full; between two anchors the membership passes
    linearly from one grade to the next (triangular functions); beyond the outer anchors
    the outer grade is met in full. An anchor that is a pair ``(from, to)`` makes a
    plateau (trapezoidal function). The row sums to 1 everywhere.

    Parameters
    ----------
    value : float
        Measured value of the indicator, in its unit.
    anchors : sequence of float or pair of float
        One a grade, from the worst to the best: ascending where larger is better,
        descending where smaller is better.
    direction : {"larger", "smaller"}
        Which is better. Said beside the anchors so that a slip in either is refused.
    grades : GradeScale
        From worst to best.

    Raises
    ------
    SettingsError
        If anchors are not one a grade, or do not run in the direction.
    DataError
        If the value is missing or infinite.
    """
    require_choice(direction, Direction, "direction")
    if not np.isfinite(value):
        raise DataError(f"a membership needs a measured value; found {value}")
    sign = 1.0 if direction == "larger" else -1.0
    low, high = _read_anchors(anchors, sign, direction, grades)
    # Corners of the plateaus: there each grade rises from 0 to 1 and falls back.
    corners = np.stack([low, high], axis=1).ravel()
    corners, first = np.unique(corners, return_index=True)
    full = np.repeat(np.eye(len(low)), 2, axis=0)[first]
    row = [np.interp(sign * value, corners, full[:, grade]) for grade in range(len(low))]
    return pd.Series(row, index=list(grades.names), name="membership")


@passes_absence
def membership_from_values(
    values: Mapping[str, float],
    *,
    anchors: Mapping[str, Sequence[Anchor]],
    directions: Mapping[str, Direction],
    grades: GradeScale = GRADES,
) -> pd.DataFrame:
    """Memberships of several measured indicators, one row each.

    Parameters
    ----------
    values : mapping of str to float
        Measured value by indicator.
    anchors, directions : mapping
        By indicator, as for :func:`membership_from_value`; both must name every indicator.
    grades : GradeScale
        From worst to best.
    """
    require_same(list(values), list(anchors), "measured values", "anchors")
    require_same(list(values), list(directions), "measured values", "directions")
    rows = {
        name: membership_from_value(
            value, anchors=anchors[name], direction=directions[name], grades=grades
        )
        for name, value in values.items()
    }
    return pd.DataFrame(rows).T


def require_memberships(memberships: pd.DataFrame, grades: GradeScale) -> pd.DataFrame:
    """Refuse rows that are no memberships; return them in the order of the grades."""
    require_same(list(map(str, memberships.columns)), grades.names, "membership table", "grades")
    rows = memberships.loc[:, list(grades.names)].astype(float)
    if not ((rows >= 0) & (rows <= 1 + SUM_TOLERANCE)).all(axis=None):
        raise DataError("memberships must lie between 0 and 1, none missing")
    off = (rows.sum(axis=1) - 1).abs() > SUM_TOLERANCE
    if off.any():
        name, total = rows.index[off][0], rows.sum(axis=1)[off].iloc[0]
        raise DataError(f"memberships of {name!r} sum to {total:g}; allowed: 1")
    return rows


def _cuts(
    low: float, high: float, grades: GradeScale, cut_points: Sequence[float] | None, item: str
) -> np.ndarray:
    """Inner limits of the grades on an item's scale."""
    count = len(grades.names)
    if cut_points is None:
        if high - low + 1 < count:
            raise ModelError(
                f"item {item!r} has {high - low + 1:g} points, too few to fill {count} grades"
            )
        return np.linspace(low, high, count + 1)[1:-1]
    cuts = np.asarray(cut_points, dtype=float)
    inside = bool(len(cuts)) and low < cuts[0] and cuts[-1] < high
    if len(cuts) != count - 1 or not inside or (np.diff(cuts) <= 0).any():
        raise SettingsError(
            f"cut-points are {', '.join(f'{cut:g}' for cut in cuts)}; allowed for {item!r}: "
            f"{count - 1} ascending numbers between {low:g} and {high:g}"
        )
    return cuts


def _count_grades(values: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Answers in each interval; one on a cut counts half to each side."""
    above = (values > cuts[:, None]).sum(axis=1) + 0.5 * (values == cuts[:, None]).sum(axis=1)
    return -np.diff(np.concatenate([[len(values)], above, [0.0]]))


def _describe_rule(grades: GradeScale, cut_points: Sequence[float] | None) -> str:
    if cut_points is None:
        return (
            f"scale cut into {len(grades.names)} intervals of equal width, share of answers in each"
        )
    return f"scale cut at {', '.join(f'{cut:g}' for cut in cut_points)}, share of answers in each"


def _read_anchors(
    anchors: Sequence[Anchor], sign: float, direction: str, grades: GradeScale
) -> tuple[np.ndarray, np.ndarray]:
    """Plateau of each grade as ascending numbers, mirrored where smaller is better."""
    pairs = [anchor if isinstance(anchor, tuple) else (anchor, anchor) for anchor in anchors]
    ends = sign * np.array(pairs, dtype=float).reshape(-1, 2)
    low, high = ends.min(axis=1), ends.max(axis=1)
    if len(pairs) != len(grades.names) or not np.isfinite(ends).all():
        raise SettingsError(
            f"there are {len(pairs)} anchors for {len(grades.names)} grades; allowed: one a grade"
        )
    if (low[1:] <= high[:-1]).any():
        way = "ascend" if direction == "larger" else "descend"
        raise SettingsError(
            f"anchors are {list(anchors)}; where {direction} is better they must {way} "
            "from the worst grade to the best, without overlap"
        )
    return low, high

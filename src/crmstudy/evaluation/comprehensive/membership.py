"""Memberships in grades: from survey answers, from counts, and from measured values.

A membership row says to which degree an indicator belongs to each grade; it sums to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.shapes import (
    Direction,
    Shape,
    grade_values,
    spread_limits,
)
from crmstudy.evaluation.require import SUM_TOLERANCE, require_same
from crmstudy.indicators.answers import read_item

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int8]
#: Code of an answer that was not given.
MISSING = -1


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
        codes = code_answers(
            answers, items=columns, instrument=instrument, grades=grades, cut_points=cut_points
        )
        rows[indicator] = share_codes(codes, len(grades), of=indicator)
        missing[indicator] = int((codes == MISSING).sum())
        answered[indicator] = codes.size - missing[indicator]
    return Membership(
        memberships=pd.DataFrame.from_dict(rows, orient="index", columns=list(grades.names)),
        n_answers=pd.Series(answered, dtype=int),
        n_missing=pd.Series(missing, dtype=int),
        grades=grades,
        rule=describe_cuts(grades, cut_points),
    )


def code_answers(
    answers: pd.DataFrame,
    *,
    items: Sequence[str],
    instrument: Mapping[str, Mapping[str, Any]],
    grades: GradeScale,
    cut_points: Sequence[float] | None = None,
) -> Codes:
    """Turn answers into grades: one row a respondent, one column an item.

    Code ``2 j`` is grade j, counted from 0; ``2 j + 1`` is an answer on the cut between
    the grades j and j + 1, half in each; -1 is no answer. Parameters and errors as for
    :func:`membership_from_answers`.
    """
    codes = np.full((len(answers), len(items)), MISSING, dtype=np.int8)
    for column, item in enumerate(items):
        values, low, high = read_item(answers, item, instrument)
        cuts = _cuts(low, high, grades, cut_points, item)[:, None]
        codes[answers[item].notna().to_numpy(), column] = (values > cuts).sum(axis=0) + (
            values >= cuts
        ).sum(axis=0)
    return codes


def decode(n_grades: int) -> Floats:
    """What each code adds to each grade; the last row, no answer, adds nothing."""
    steps = np.arange(2 * n_grades - 1)[:, None] / 2
    parts = np.maximum(1 - np.abs(steps - np.arange(n_grades)), 0.0)
    return np.vstack([parts, np.zeros(n_grades)])


def share_codes(codes: Codes, n_grades: int, *, of: str) -> Floats:
    """Share of each grade in coded answers.

    Raises
    ------
    ModelError
        If nobody answered.
    """
    counts = np.bincount(codes[codes != MISSING], minlength=2 * n_grades - 1)
    if counts.sum() == 0:
        raise ModelError(f"nobody answered what asks for {of}")
    return np.asarray(counts @ decode(n_grades)[:-1] / counts.sum())


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
    limits: Sequence[float],
    direction: Direction,
    shape: Shape = "triangular",
    grades: GradeScale = GRADES,
) -> pd.Series:
    """Membership of a measured value in the grades.

    Parameters
    ----------
    value : float
        Measured value of the indicator, in its unit.
    limits : sequence of float
        Typical value of each grade, from the worst to the best, or only those two: rising
        where larger is better, falling where smaller is better.
    direction : {"larger", "smaller"}
        Which is better. Said beside the limits so that a slip in either is refused.
    shape : {"triangular", "trapezoidal", "gaussian"}
        Membership function, see :func:`grade_values`.
    grades : GradeScale
        From worst to best.

    Raises
    ------
    SettingsError
        If limits are not two or one a grade, or do not run in the direction.
    DataError
        If the value is missing or infinite.
    """
    if not np.isfinite(value):
        raise DataError(f"a membership needs a measured value; found {value}")
    typical = spread_limits(limits, n_grades=len(grades), direction=direction, place="limits")
    row = grade_values(np.array(value), typical, shape=shape)
    return pd.Series(row, index=list(grades.names), name="membership")


@passes_absence
def membership_from_values(
    values: Mapping[str, float],
    *,
    limits: Mapping[str, Sequence[float]],
    directions: Mapping[str, Direction],
    shape: Shape = "triangular",
    grades: GradeScale = GRADES,
) -> pd.DataFrame:
    """Memberships of several measured indicators, one row each.

    Parameters
    ----------
    values : mapping of str to float
        Measured value by indicator.
    limits, directions : mapping
        By indicator, as for :func:`membership_from_value`; both must name every indicator.
    shape, grades
        As for :func:`membership_from_value`.
    """
    require_same(list(values), list(limits), "measured values", "limits")
    require_same(list(values), list(directions), "measured values", "directions")
    rows = {
        name: membership_from_value(
            value, limits=limits[name], direction=directions[name], shape=shape, grades=grades
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


def describe_cuts(grades: GradeScale, cut_points: Sequence[float] | None = None) -> str:
    """Say in words how an answer becomes a grade."""
    if cut_points is None:
        return (
            f"scale cut into {len(grades.names)} intervals of equal width, share of answers in each"
        )
    return f"scale cut at {', '.join(f'{cut:g}' for cut in cut_points)}, share of answers in each"

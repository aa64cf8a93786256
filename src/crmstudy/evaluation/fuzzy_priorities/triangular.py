"""Judgements as triangular fuzzy numbers: lowest, most possible and highest value."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import JudgementError, SettingsError, passes_absence
from crmstudy.evaluation.priorities.consistency import RECIPROCITY_TOLERANCE, require_reciprocal
from crmstudy.evaluation.priorities.derive import require_square
from crmstudy.evaluation.priorities.scale import FARTHEST, judge_positions, locate_judgements


@dataclass(frozen=True, eq=False)
class FuzzyJudgements:
    """A judgement matrix of triangular fuzzy numbers.

    Parameters
    ----------
    names : tuple of str
        What is judged.
    lower, middle, upper : ndarray of shape (n, n)
        Ends and peak of each judgement. Reciprocal: the lower end of ``ij`` is one over
        the upper end of ``ji``.
    origin : str
        How the judgements became fuzzy, in words.
    """

    names: tuple[str, ...]
    lower: np.ndarray
    middle: np.ndarray
    upper: np.ndarray
    origin: str

    def __post_init__(self) -> None:
        """Refuse ends that do not enclose the peak, and pairs that are not reciprocal."""
        size = len(self.names)
        for part in (self.lower, self.middle, self.upper):
            if part.shape != (size, size):
                raise JudgementError(
                    f"fuzzy judgements have shape {part.shape}; allowed: ({size}, {size}), one "
                    "row and column a name"
                )
        ordered = (self.lower <= self.middle) & (self.middle <= self.upper) & (self.lower > 0)
        mirrored = np.abs(self.lower * self.upper.T - 1) < RECIPROCITY_TOLERANCE
        wrong = ~(ordered & mirrored & mirrored.T)
        if wrong.any():
            i, j = (int(k) for k in np.argwhere(wrong)[0])
            ends = (self.lower[i, j], self.middle[i, j], self.upper[i, j])
            back = (self.lower[j, i], self.middle[j, i], self.upper[j, i])
            raise JudgementError(
                f"row {self.names[i]!r}, column {self.names[j]!r}: found "
                f"{_write(ends)} against {_write(back)}; allowed: positive, lower <= middle <= "
                "upper, and the other direction the reciprocals in reverse order"
            )
        require_reciprocal(self.middle[None], names=self.names)

    def table(self) -> pd.DataFrame:
        """One row a pair: row, column, lower, middle, upper; the preferred name in the row."""
        i, j = np.triu_indices(len(self.names), 1)
        turned = self.middle[i, j] < 1
        first, second = np.where(turned, j, i), np.where(turned, i, j)
        labels = np.array(self.names, dtype=object)
        return pd.DataFrame(
            {
                "row": labels[first],
                "column": labels[second],
                "lower": self.lower[first, second],
                "middle": self.middle[first, second],
                "upper": self.upper[first, second],
            }
        )


@passes_absence
def fuzzify(judgements: pd.DataFrame, *, spread: float = 1.0) -> FuzzyJudgements:
    """Turn crisp judgements into triangular numbers, ``spread`` steps of the scale wide.

    A judgement ``m`` of 2 or more becomes ``(m - 1, m, m + 1)`` with a spread of 1, and its
    reciprocal ``(1/(m + 1), 1/m, 1/(m - 1))``; ends stay on Saaty's scale, so 9 becomes
    (8, 9, 9). Equal importance becomes (1/2, 1, 2): steps are counted across 1, which
    makes a pair's two directions exact reciprocals and treats both names alike, where
    ``(m - 1, m, m + 1)`` cannot be used. A group's mean between two values of the scale is
    spread in the same way.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        Positive reciprocal matrix.
    spread : float
        Steps of Saaty's scale to each side, 0 or more; 0 keeps the judgements crisp.

    Raises
    ------
    JudgementError
        If names differ, a judgement is not positive, or ``a_ij * a_ji`` is not 1.
    SettingsError
        If the spread is negative.
    """
    if not 0 <= spread < np.inf:
        raise SettingsError(f"spread is {spread:g}; allowed: 0 or more steps of Saaty's scale")
    square = require_square(judgements)
    values = square.to_numpy(dtype=float)
    require_reciprocal(values[None], names=list(square.index))
    positions = locate_judgements(values)
    # A judgement off the scale, as typed rounding leaves it, is its own end.
    highest = np.maximum(positions, np.minimum(positions + spread, FARTHEST))
    upper = np.maximum(judge_positions(highest), values)
    np.fill_diagonal(upper, 1.0)
    return FuzzyJudgements(
        names=tuple(map(str, square.index)),
        # One over one over a number is off by rounding.
        lower=np.minimum(1 / upper.T, values),
        middle=values,
        upper=upper,
        origin=f"spread of {spread:g}",
    )


@passes_absence
def fuzzify_panel(values: np.ndarray, *, names: tuple[str, ...]) -> FuzzyJudgements:
    """Let the disagreement of experts be the fuzziness of the group's judgement.

    Each judgement runs from the lowest to the highest that any expert gave, with the peak
    at their geometric mean. One expert alone, or all of one mind, leaves it crisp.

    Parameters
    ----------
    values : ndarray of shape (n_experts, n, n)
        Positive reciprocal matrices.
    names : tuple of str
        What is judged.

    Raises
    ------
    JudgementError
        If a matrix is not positive and reciprocal, or there is none.
    """
    if values.ndim != 3 or len(values) == 0:
        raise JudgementError(
            f"judgements have shape {values.shape}; allowed: (experts, names, names), one expert "
            "or more"
        )
    require_reciprocal(values, names=names)
    middle = np.exp(np.log(values).mean(axis=0))
    upper = np.maximum(values.max(axis=0), middle)
    np.fill_diagonal(upper, 1.0)
    origin = f"range of {len(values)} expert{'s' if len(values) != 1 else ''}"
    # A mean may pass its largest value by rounding.
    return FuzzyJudgements(names, np.minimum(1 / upper.T, middle), middle, upper, origin)


def _write(ends: tuple[float, float, float]) -> str:
    return f"({', '.join(f'{end:g}' for end in ends)})"

"""The whole hierarchy evaluated in many draws at once, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import SettingsError
from crmstudy.evaluation.comprehensive.draws import draw_memberships, order_rows
from crmstudy.evaluation.comprehensive.evaluate import decide
from crmstudy.evaluation.comprehensive.grades import GradeScale
from crmstudy.evaluation.comprehensive.grading import Grading
from crmstudy.evaluation.comprehensive.operators import OPERATORS, Operator
from crmstudy.evaluation.comprehensive.verdict import GOAL
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VerdictDraws:
    """Grades and scores of every level in every draw.

    Parameters
    ----------
    levels : tuple of str
        The goal, then the criteria.
    scores : ndarray of shape (n_draws, n_levels)
        Scores on the scale of the grades' values.
    positions : ndarray of shape (n_draws, n_levels)
        Position of the grade of the largest membership.
    """

    levels: tuple[str, ...]
    scores: Floats
    positions: npt.NDArray[np.int8]


def draw_verdicts(
    weights: WeightDraws | HierarchyWeights,
    grading: Grading,
    *,
    operator: Operator = "product-sum",
    n_draws: int,
    seed: int,
    respondents: bool = True,
    values: bool = True,
) -> VerdictDraws:
    """Evaluate the whole hierarchy in every draw, a block at a time.

    Parameters
    ----------
    weights : WeightDraws or HierarchyWeights
        One row of weights a draw, or weights that do not vary.
    grading : Grading
        What the memberships rest on.
    operator : str
        Key of :data:`OPERATORS`.
    n_draws, seed, respondents, values
        As for :func:`draw_memberships`.

    Raises
    ------
    SettingsError
        If there are other draws of weights than asked for.
    """
    fixed = weights.weights if isinstance(weights, WeightDraws) else weights
    if isinstance(weights, WeightDraws) and weights.n_draws != n_draws:
        raise SettingsError(f"{weights.n_draws} draws of weights; allowed: {n_draws}, as asked for")
    levels = (GOAL, *map(str, fixed.criteria.index))
    scores = np.empty((n_draws, len(levels)))
    positions = np.empty((n_draws, len(levels)), dtype=np.int8)
    points = np.array(grading.grades.values)
    blocks = draw_memberships(
        grading, n_draws=n_draws, seed=seed, respondents=respondents, values=values
    )
    for block, rows in blocks:
        for place, shares in enumerate(_evaluate_block(weights, rows, block, operator)):
            scores[block, place] = shares @ points
            positions[block, place] = decide(shares, grading.grades)
    return VerdictDraws(levels, scores, positions)


def count_grades(drawn: VerdictDraws, grades: GradeScale) -> pd.DataFrame:
    """Share of the draws in which a level has a grade: levels in rows, grades in columns."""
    counts = [
        np.bincount(drawn.positions[:, place], minlength=len(grades))
        for place in range(len(drawn.levels))
    ]
    return pd.DataFrame(
        np.array(counts) / len(drawn.positions), list(drawn.levels), list(grades.names)
    )


def _evaluate_block(
    weights: WeightDraws | HierarchyWeights,
    rows: dict[str, Floats],
    block: slice,
    operator: Operator,
) -> Iterator[Floats]:
    """Shares of the grades of the goal, then of each criterion, shape (n_block, n_grades)."""
    size = block.stop - block.start
    fixed = weights.weights if isinstance(weights, WeightDraws) else weights
    compose = OPERATORS[operator].compose

    def shares_of(drawn: Floats, memberships: Floats) -> Floats:
        vector = compose(drawn, memberships)
        return np.asarray(vector / vector.sum(axis=-1, keepdims=True))

    below = []
    for criterion, local in fixed.local.items():
        drawn = (
            weights.local[criterion][block]
            if isinstance(weights, WeightDraws)
            else local.to_numpy(dtype=float)
        )
        below.append(shares_of(drawn, order_rows(rows, list(local.index), size)))
    top = (
        weights.criteria[block]
        if isinstance(weights, WeightDraws)
        else fixed.criteria.to_numpy(dtype=float)
    )
    places = [list(fixed.local).index(name) for name in fixed.criteria.index]
    yield shares_of(top, np.stack([below[place] for place in places], axis=1))
    yield from (below[place] for place in places)

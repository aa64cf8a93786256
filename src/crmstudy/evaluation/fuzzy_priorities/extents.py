"""Fuzzy weights and what becomes of them: Buckley's means, Chang's degrees of possibility."""

from __future__ import annotations

import numpy as np

from crmstudy.evaluation.fuzzy_priorities.triangular import FuzzyJudgements

# Peaks that are equal in exact arithmetic differ by rounding.
TIE = 1e-12


def average_rows(judgements: FuzzyJudgements) -> np.ndarray:
    """Fuzzy geometric mean of each row, over the sum of them all (Buckley, 1985).

    Returns
    -------
    ndarray of shape (n, 3)
        Lower end, peak and upper end. The ends go with the sum of the opposite ends: the
        division of fuzzy numbers.
    """
    parts = (judgements.lower, judgements.middle, judgements.upper)
    means = np.stack([np.exp(np.log(part).mean(axis=1)) for part in parts], axis=1)
    return means / means.sum(axis=0)[::-1]


def defuzzify(numbers: np.ndarray) -> np.ndarray:
    """Centre of area of triangular numbers of shape (n, 3), brought to a sum of 1."""
    centres = numbers.mean(axis=1)
    crisp: np.ndarray = centres / centres.sum()
    return crisp


def extend_rows(judgements: FuzzyJudgements) -> np.ndarray:
    """Fuzzy sum of each row over the sum of the whole matrix (Chang, 1996): shape (n, 3)."""
    parts = (judgements.lower, judgements.middle, judgements.upper)
    sums = np.stack([part.sum(axis=1) for part in parts], axis=1)
    return sums / sums.sum(axis=0)[::-1]


def compare_extents(extents: np.ndarray) -> np.ndarray:
    """Degree of possibility that extent ``i`` is at least extent ``k``: shape (n, n).

    1 where the peak of ``i`` is not lower, 0 where ``i`` ends before ``k`` begins, else the
    height at which the two triangles cross.
    """
    lower, middle, upper = extents.T
    reach = upper[:, None] - lower[None, :]
    gap = middle[None, :] - middle[:, None]
    at_least = gap <= TIE
    apart = ~at_least & (reach <= 0)
    cross = ~at_least & ~apart
    height = np.divide(reach, reach + gap, out=np.zeros_like(reach), where=cross)
    return np.where(at_least, 1.0, np.where(apart, 0.0, height))


def weigh_possibility(possibility: np.ndarray) -> np.ndarray:
    """Least degree of possibility of each row, brought to a sum of 1 (Chang, 1996)."""
    least = possibility.min(axis=1)
    weights: np.ndarray = least / least.sum()
    return weights

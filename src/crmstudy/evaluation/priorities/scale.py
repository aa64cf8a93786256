"""Saaty's scale of judgements, and where on it a judgement stands."""

from __future__ import annotations

import numpy as np

#: 1/9, 1/8, ..., 1/2, 1, 2, ..., 9.
SAATY_SCALE = np.array([1 / k for k in range(9, 1, -1)] + [float(k) for k in range(1, 10)])

#: Position of 9; that of 1/9 is its negative.
FARTHEST = 8.0


def locate_judgements(judgements: np.ndarray) -> np.ndarray:
    """Count the steps from 1 on Saaty's scale: 3 stands at 2, 1/3 at -2, 1 at 0.

    Judgements between the values of the scale, such as a group's means, lie between the
    steps. The position of a reciprocal is the negative of the position.
    """
    above = np.maximum(judgements, 1.0) - 1.0
    below = np.maximum(1.0 / judgements, 1.0) - 1.0
    return above - below


def judge_positions(positions: np.ndarray) -> np.ndarray:
    """Return the judgements that stand at given positions: 2 is 3, -2 is 1/3."""
    above = 1.0 + np.maximum(positions, 0.0)
    below = 1.0 + np.maximum(-positions, 0.0)
    return above / below

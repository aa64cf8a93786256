"""From values to preferences on a ratio scale, and their synthesis in two modes.

Distributive mode shares one whole among the systems, so that a copy of a system takes from
the system it copies; ideal mode measures each against the best one, so that a further system
that is best in nothing changes no order.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.evaluation.weighting.decisions import Direction

Floats = npt.NDArray[np.float64]


def prefer(values: pd.DataFrame, directions: Mapping[str, Direction]) -> pd.DataFrame:
    """Turn values into preferences that are best for a criterion's best system: 1.

    A value twice as large counts twice where more is better, half where less is: values and
    ratings are taken for ratios, as judged priorities are.

    Parameters
    ----------
    values : DataFrame of shape (n_systems, n_criteria)
        No value missing.
    directions : mapping of str to {"larger", "smaller"}
        Which is better, by criterion.

    Returns
    -------
    DataFrame of shape (n_systems, n_criteria)
        Above 0 (0 for a value of 0 where more is better), at most 1.

    Raises
    ------
    ModelError
        If a value is negative, all are 0, or one is 0 where less is better: ratios of such
        values do not exist.
    """
    larger = np.array([directions[str(name)] == "larger" for name in values.columns])
    numbers = values.to_numpy(dtype=float)
    lowest, highest = numbers.min(axis=0), numbers.max(axis=0)
    bad = (lowest < 0) | (highest <= 0) | (~larger & (lowest <= 0))
    if bad.any():
        column = int(np.flatnonzero(bad)[0])
        system = values.index[int(numbers[:, column].argmin())]
        raise ModelError(
            f"ratios of {values.columns[column]} do not exist: {system} has {lowest[column]:g}; "
            "measure it on a scale that begins above 0"
        )
    return pd.DataFrame(scale_to_best(numbers, larger), values.index, values.columns)


def scale_to_best(values: Floats, larger: npt.NDArray[np.bool_]) -> Floats:
    """Divide by the best along the systems, shape (..., n_systems, n_criteria)."""
    best = np.where(larger, values.max(axis=-2), values.min(axis=-2))[..., None, :]
    with np.errstate(divide="ignore"):  # the branch not taken
        return np.asarray(np.where(larger, values / best, best / values))


def synthesise_ideal(preferences: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Weigh preferences: 1 for a system that is best on every criterion.

    References
    ----------
    Millet, I., & Saaty, T. L. (2000). On the relativity of relative measures. European J.
    Operational Research, 121(1), 205-212.
    """
    return (preferences[weights.index] @ weights).rename("ideal mode")


def synthesise_distributive(preferences: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Weigh each system's share in every criterion; shares sum to 1."""
    shares = preferences[weights.index] / preferences[weights.index].sum()
    return (shares @ weights).rename("distributive mode")


def find_dominated(
    values: pd.DataFrame, directions: Mapping[str, Direction]
) -> dict[str, tuple[str, ...]]:
    """Find systems that another one beats somewhere and is nowhere worse than.

    Returns
    -------
    dict of str to tuple of str
        Each dominated system, with those that dominate it.
    """
    signs = [1.0 if directions[str(name)] == "larger" else -1.0 for name in values.columns]
    scores = values.to_numpy(dtype=float) * np.array(signs)
    # Priorities are computed: equal but for rounding is equal.
    slack = 1e-12 * np.abs(scores).max(axis=0)
    gap: Any = scores[:, None, :] - scores[None, :, :]
    beats = (gap >= -slack).all(axis=2) & (gap > slack).any(axis=2)
    names = list(map(str, values.index))
    return {
        name: tuple(names[i] for i in np.flatnonzero(beats[:, column]))
        for column, name in enumerate(names)
        if beats[:, column].any()
    }

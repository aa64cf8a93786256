"""What customers bring in a later period: matched, and on a scale that can be fitted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError
from crmstudy.segmentation.criteria.space import Space

Floats = npt.NDArray[np.float64]


def modulus_log(values: npt.ArrayLike) -> Floats:
    """Take ``sign(x) log(1 + |x|)``."""
    given = np.asarray(values, dtype=float)
    return np.sign(given) * np.log1p(np.abs(given))


def undo_modulus_log(logged: npt.ArrayLike) -> Floats:
    """Undo :func:`modulus_log`."""
    given = np.asarray(logged, dtype=float)
    return np.sign(given) * np.expm1(np.abs(given))


def match_outcome(space: Space, outcome: pd.Series) -> tuple[Space, Floats]:
    """Keep the customers that have an outcome, and give it in their order.

    Raises
    ------
    DataError
        If a customer stands twice, or an outcome is infinite.
    """
    if outcome.index.has_duplicates:
        twice = outcome.index[outcome.index.duplicated()][0]
        raise DataError(f"the outcome holds customer {twice!r} twice; one row a customer is needed")
    found = outcome.reindex(space.customers).astype("float64")
    if np.isinf(found).any():
        raise DataError(f"the outcome {outcome.name!r} holds an infinite value")
    rows = np.flatnonzero(found.notna())
    return space.take(rows), np.asarray(found.iloc[rows], dtype=np.float64)

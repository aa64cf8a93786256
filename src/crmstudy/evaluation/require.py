"""What the methods of evaluation refuse alike: unknown choices, wrong weights, other names."""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, SettingsError, nearest

# Weights that were typed, not computed, may be off by rounding in the last digits.
SUM_TOLERANCE = 1e-6


def require_choice(choice: str, choices: object, name: str) -> None:
    """Refuse a word that is not among the choices of a ``Literal``."""
    known = get_args(choices)
    if choice not in known:
        raise SettingsError(
            f"{name} {choice!r} is unknown; allowed: {', '.join(known)}{nearest(choice, known)}"
        )


def require_weights(weights: pd.Series, *, of: str) -> None:
    """Refuse weights that are negative, missing, named twice, or do not sum to 1."""
    values = weights.to_numpy(dtype=float)
    if not weights.index.is_unique:
        twice = weights.index[weights.index.duplicated()][0]
        raise DataError(f"weights of {of}: {twice!r} has two weights; allowed: one a name")
    bad = ~np.isfinite(values) | (values < 0)
    if bad.any():
        name, found = weights.index[bad][0], values[bad][0]
        raise DataError(f"weights of {of}: {name!r} has {found:g}; allowed: 0 or more")
    if abs(values.sum() - 1) > SUM_TOLERANCE:
        raise DataError(
            f"weights of {of} sum to {values.sum():g}; allowed: 1; divide each by the sum"
        )


def require_same(found: Collection[str], wanted: Collection[str], one: str, other: str) -> None:
    """Refuse two sets of names that differ; ``one`` and ``other`` say where they stand."""
    for names, known, where, lack in ((found, wanted, one, other), (wanted, found, other, one)):
        for name in names:
            if name not in known:
                raise DataError(
                    f"{name!r} stands in the {where} but not in the {lack}{nearest(name, known)}"
                )

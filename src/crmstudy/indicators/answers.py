"""Answers to one item of a survey, on its scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, SettingsError, nearest


def read_item(
    answers: pd.DataFrame, item: str, instrument: Mapping[str, Mapping[str, Any]]
) -> tuple[np.ndarray, float, float]:
    """Return an item's answers, turned round where it is reversed, and its scale's ends.

    Missing answers are left out.
    """
    for names, where in ((list(answers.columns), "survey"), (list(instrument), "instrument")):
        if item not in names:
            raise SettingsError(f"item {item!r} is not in the {where}{nearest(item, names)}")
    low, high = float(instrument[item]["minimum"]), float(instrument[item]["maximum"])
    values = answers[item].to_numpy(dtype=float, na_value=np.nan)
    values = values[~np.isnan(values)]
    outside = (values < low) | (values > high)
    if outside.any():
        raise DataError(
            f"item {item!r}: found {values[outside][0]:g} ({outside.sum()} answers outside); "
            f"allowed: {low:g} to {high:g}"
        )
    return (low + high - values if instrument[item].get("reverse") else values), low, high

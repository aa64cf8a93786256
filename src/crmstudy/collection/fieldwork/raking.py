"""Weights as arrays: margins fitted in turn, and large weights cut."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, SettingsError


def fit_margins(
    levels: pd.DataFrame, shares: dict[str, pd.Series], tolerance: float, max_iterations: int
) -> tuple[np.ndarray, int, float]:
    """Fit the margins in turn; return weights with mean 1, rounds, the largest gap left."""
    places = {n: pd.Categorical(levels[n], categories=s.index).codes for n, s in shares.items()}
    targets = {name: part.to_numpy() * len(levels) for name, part in shares.items()}
    weights = np.ones(len(levels))
    gap, rounds = np.inf, 0
    while gap > tolerance and rounds < max_iterations:
        rounds += 1
        for name, place in places.items():
            found = np.bincount(place, weights, minlength=targets[name].size)
            weights = weights * (targets[name] / found)[place]
        gaps = [
            np.abs(np.bincount(place, weights) - targets[name]).max() / len(levels)
            for name, place in places.items()
        ]
        gap = float(max(gaps))
    return weights, rounds, gap


def trim_weights(weights: np.ndarray, *, largest: float) -> np.ndarray:
    """Cut weights with mean 1 to between 1 / ``largest`` and ``largest``.

    What is cut is spread evenly over the weights that were not, until none is outside.

    Raises
    ------
    SettingsError
        If ``largest`` is not above 1.
    ModelError
        If every weight is outside.
    """
    if not largest > 1:
        raise SettingsError(f"trim = {largest}: must be above 1, or 0 for none")
    trimmed = np.array(weights, dtype="float64")
    while True:
        cut = np.clip(trimmed, 1 / largest, largest)
        outside = cut != trimmed
        if not outside.any():
            return trimmed
        if outside.all():
            raise ModelError(
                f"trim = {largest}: every weight lies outside 1/{largest:g} to {largest:g}; "
                "take a larger one"
            )
        cut[~outside] += (trimmed - cut).sum() / (~outside).sum()
        # A spread of rounding size would go on for ever.
        if np.abs(cut - trimmed).max() < 1e-12:
            return cut
        trimmed = cut

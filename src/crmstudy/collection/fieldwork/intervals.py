"""Intervals and resampling that the fieldwork and the qualitative part share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.errors import DataError, NotAvailable, SettingsError, nearest
from crmstudy.shares import wilson_limits

#: Numbers drawn at a time, so that many units and many draws stay in bounded memory.
BLOCK = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A confidence interval and how it was made.

    Parameters
    ----------
    lower, upper : float
        Limits.
    confidence : float
        Coverage aimed at.
    method : str
        How it was made, in words.
    """

    lower: float
    upper: float
    confidence: float
    method: str


def limits(interval: Interval | NotAvailable) -> tuple[float, float]:
    """Return lower and upper limit as cells of a frame; two empty cells where there are none."""
    if isinstance(interval, NotAvailable):
        return np.nan, np.nan
    return interval.lower, interval.upper


def require_confidence(confidence: float) -> None:
    """Refuse a confidence that is not between 0 and 1."""
    if not 0 < confidence < 1:
        raise SettingsError(f"confidence = {confidence!r}: must lie between 0 and 1, as 0.95")


def require_draws(draws: int) -> None:
    """Refuse too few bootstrap draws for a percentile."""
    if draws < 100:
        raise SettingsError(f"draws = {draws}: a bootstrap interval needs at least 100 draws")


def require_choice(name: str, value: str, allowed: Sequence[str]) -> None:
    """Refuse a word that is not among those allowed."""
    if value not in allowed:
        raise SettingsError(
            f"{name} = {value!r}: allowed are {', '.join(allowed)}{nearest(value, allowed)}"
        )


def require_columns(frame: pd.DataFrame, columns: Sequence[str], *, table: str) -> None:
    """Refuse a frame that lacks a column; the message names those it has."""
    known = [str(column) for column in frame]
    for column in columns:
        if column not in known:
            raise DataError(
                f"{table} has no column {column!r}{nearest(column, known)}; "
                f"it has: {', '.join(known) or 'none'}"
            )


def wilson_interval(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Bound a share by Wilson's score interval, see :func:`wilson_limits`."""
    lower, upper = wilson_limits(successes, n, confidence=confidence)
    return Interval(float(lower), float(upper), confidence, "Wilson")


def mean_interval(values: np.ndarray, *, confidence: float = 0.95) -> Interval | NotAvailable:
    """Bound a mean by Student's t; not available for fewer than two values."""
    if values.size < 2:
        return NotAvailable("an interval of a mean needs two values")
    error = float(np.std(values, ddof=1)) / np.sqrt(values.size)
    reach = float(stats.t.ppf((1 + confidence) / 2, values.size - 1)) * error
    centre = float(values.mean())
    return Interval(centre - reach, centre + reach, confidence, "Student's t")


def resample_counts(
    multiplicity: np.ndarray, *, draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw, in blocks, how often each of several kinds of units enters a bootstrap sample.

    Parameters
    ----------
    multiplicity : array of int, shape (n_kinds,)
        How many units of each kind there are; units of one kind are alike.
    draws : int
        Samples to draw, each of as many units as there are.
    rng : Generator
        Source of randomness.

    Yields
    ------
    array of shape (block, n_kinds)
        The counts of the next samples; the blocks add up to ``draws`` rows.
    """
    size = int(multiplicity.sum())
    block = max(1, BLOCK // max(1, multiplicity.size))
    for start in range(0, draws, block):
        rows = min(block, draws - start)
        yield rng.multinomial(size, multiplicity / size, size=rows).astype("float64")


def percentile_interval(
    values: np.ndarray, *, confidence: float, method: str
) -> Interval | NotAvailable:
    """Take the percentiles of bootstrap draws; draws without a value (NaN) are left out.

    Not available when half of the draws or more have no value.
    """
    known = values[np.isfinite(values)]
    if 2 * known.size <= values.size:
        lost = values.size - known.size
        return NotAvailable(
            f"{lost} of {values.size} resamples hold no variation; more units are needed"
        )
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(known, [tail, 1 - tail])
    return Interval(float(lower), float(upper), confidence, method)

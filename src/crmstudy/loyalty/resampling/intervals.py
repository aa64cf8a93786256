"""Limits of intervals from bootstrap replicates: functions of plain numbers.

References
----------
Efron, B. (1987). Better bootstrap confidence intervals. Journal of the American
Statistical Association, 82(397), 171-185.
Davison, A. C., & Hinkley, D. V. (1997). Bootstrap Methods and Their Application.
Cambridge University Press. Ch. 5.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri

from crmstudy.loyalty.model.moments import Array

_CONSTANT = 1e-12  # relative spread below which replicates differ by rounding only


def percentile_limits(replicates: Array, *, level: float) -> tuple[float, float]:
    """Return the quantiles of the replicates that leave equal tails.

    Quantiles are the ``(R + 1) alpha``-th replicates, interpolated on the scale of the
    normal quantile (Davison & Hinkley, 1997, eq. 5.8), as R's ``boot`` does.
    """
    tail = (1.0 - level) / 2.0
    lower, upper = interpolate_quantiles(replicates, np.array([tail, 1.0 - tail]))
    return float(lower), float(upper)


def bca_limits(
    replicates: Array, estimate: float, *, acceleration: float, level: float
) -> tuple[float, float]:
    """Return bias-corrected and accelerated limits (Efron, 1987).

    Parameters
    ----------
    replicates : array of shape (n_replicates,)
    estimate : float
        From the full sample.
    acceleration : float
        Of :func:`accelerate`.
    level : float

    Returns
    -------
    tuple of float
        Of replicates that are all alike: their value twice.
    """
    middle = float(np.median(replicates))
    if np.ptp(replicates) <= _CONSTANT * max(1.0, abs(middle)):
        return middle, middle
    n = len(replicates)
    # An estimate beyond all replicates would correct without limit: half a replicate is
    # taken to lie there.
    below = min(max(float(np.count_nonzero(replicates < estimate)), 0.5), n - 0.5)
    bias = float(ndtri(below / n))
    moved = bias + ndtri(np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0]))
    adjusted = ndtr(bias + moved / (1.0 - acceleration * moved))
    lower, upper = interpolate_quantiles(replicates, adjusted)
    return float(lower), float(upper)


def accelerate(left_out: Array) -> float:
    """Estimate the acceleration from leave-one-out values (Efron & Tibshirani, 1993, 14.15)."""
    influence = left_out.mean() - left_out
    size = float(np.sum(influence**2))
    if math.sqrt(size) <= _CONSTANT * max(1.0, float(np.abs(left_out).max())):
        return 0.0
    return float(np.sum(influence**3) / (6.0 * size**1.5))


def interpolate_quantiles(replicates: Array, probabilities: Array) -> Array:
    """Return quantiles, interpolated between order statistics on the normal scale."""
    ordered = np.sort(replicates)
    n = len(ordered)
    rank = (n + 1) * probabilities
    below = np.floor(rank + 1e-10).astype(int)  # a whole rank may fall short by rounding
    exact = np.abs(rank - below) < 1e-10
    inner = np.clip(below, 1, n - 1)
    low, high = ndtri(inner / (n + 1)), ndtri((inner + 1) / (n + 1))
    part = np.where(exact, 0.0, (ndtri(probabilities) - low) / (high - low))
    value = ordered[inner - 1] + part * (ordered[inner] - ordered[inner - 1])
    return np.where(below < 1, ordered[0], np.where(below >= n, ordered[-1], value))

"""Heterotrait-monotrait ratios of all pairs at once, and their bootstrap limits.

Functions of plain arrays; which ratio means what stands in :mod:`.htmt`, with the sources.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.resampling.intervals import accelerate, bca_limits
from crmstudy.statistics.draws import draw_seeds

Rows = NDArray[np.intp]

STAGE = 230
N_JACKKNIFE = 500  # groups left out for the acceleration; every respondent where fewer
LEAST = 1e-12  # a correlation of exactly 0 has no logarithm, a constant item no correlation
SETTLED = 0.5  # share of samples in which signs must allow HTMT2
MOST_LOST = 0.05  # share of samples without the ratio, above which no interval is given


def arithmetic_ratios(correlations: Array, members: Array) -> Array:
    """Compute HTMT of all pairs from correlations of items (Henseler et al. 2015).

    Parameters
    ----------
    correlations : array of shape (..., n_items, n_items)
    members : array of shape (n_items, n_constructs)
        1 where the item belongs to the construct, which has two or more.

    Returns
    -------
    array of shape (..., n_pairs)
        Pairs as ``numpy.triu_indices(n_constructs, k=1)``; NaN where the mean correlation
        within a construct is not positive.
    """
    count, first, second = _pair_up(members)
    sums = members.T @ correlations @ members
    within = (np.diagonal(sums, axis1=-2, axis2=-1) - count) / (count * (count - 1.0))
    root = np.sqrt(np.where(within > 0.0, within, np.nan))
    between = sums[..., first, second] / (count[first] * count[second])
    return np.asarray(between / (root[..., first] * root[..., second]))


def geometric_ratios(correlations: Array, members: Array) -> Array:
    """Compute HTMT2 of all pairs (Roemer et al. 2021); arrays as in HTMT.

    NaN where correlations between two constructs are not all of one sign, or those within
    a construct not all positive: a geometric mean is one of numbers of one sign.
    """
    count, first, second = _pair_up(members)
    signs = members.T @ np.sign(correlations) @ members
    agree = signs[..., first, second] / (count[first] * count[second])
    alike = np.diagonal(signs, axis1=-2, axis2=-1) == count**2
    defined = (np.abs(agree) == 1.0) & alike[..., first] & alike[..., second]
    logs = members.T @ np.log(np.maximum(np.abs(correlations), LEAST)) @ members
    within = np.diagonal(logs, axis1=-2, axis2=-1) / (count * (count - 1.0))  # of 1: nothing
    between = logs[..., first, second] / (count[first] * count[second])
    size = np.exp(between - (within[..., first] + within[..., second]) / 2.0)
    return np.asarray(np.where(defined, agree * size, np.nan))


def _pair_up(members: Array) -> tuple[Array, Rows, Rows]:
    count = members.sum(axis=0)
    return (count, *np.triu_indices(len(count), k=1))


def bound_ratios(
    answers: Array, members: Array, *, seed: int, n_draws: int, level: float, absolute: bool
) -> tuple[Array, Array, Array, int]:
    """Compute HTMT and HTMT2 with BCa limits.

    Parameters
    ----------
    answers : array of shape (n, n_items)
    members : array of shape (n_items, n_constructs)
    seed, n_draws, level, absolute
        See :func:`~.htmt.measure_htmt`.

    Returns
    -------
    found, lower, upper : arrays of shape (2, n_pairs)
        NaN where there is none.
    n_lost : int
        Samples in which an item was constant.
    """
    from crmstudy.loyalty.resampling.draws import draw_covariances, leave_out

    correlation = _scale(np.cov(answers, rowvar=False))
    draw_seed = draw_seeds(seed, stage=STAGE, n=1)[0]
    drawn = _keep_varied(draw_covariances(answers, n_draws=n_draws, seed=draw_seed))
    groups = np.arange(len(answers)) % min(len(answers), N_JACKKNIFE)
    without = _keep_varied(leave_out(answers, groups=groups))
    if absolute:
        correlation, drawn, without = np.abs(correlation), np.abs(drawn), np.abs(without)
    found = np.stack(
        [arithmetic_ratios(correlation, members), geometric_ratios(correlation, members)]
    )
    # A sample in which one small correlation turns its sign counts by sizes; where most
    # samples do, the pair has no HTMT2 to speak of.
    settled = np.isfinite(geometric_ratios(drawn, members)).mean(axis=0) >= SETTLED
    sign = np.where(settled, np.sign(found[1]), np.nan)
    replicates, left = (
        np.stack([arithmetic_ratios(each, members), sign * geometric_ratios(np.abs(each), members)])
        for each in (drawn, without)
    )
    limits = [
        _bound(found[k, j], replicates[k, :, j], left[k, :, j], n_draws=n_draws, level=level)
        for k in range(2)
        for j in range(found.shape[1])
    ]
    lower, upper = np.array(limits).reshape(2, -1, 2).transpose(2, 0, 1)
    return found, lower, upper, n_draws - len(drawn)


def _bound(
    found: float, replicates: Array, left: Array, *, n_draws: int, level: float
) -> tuple[float, float]:
    """BCa limits of one ratio; NaN where too few samples have it."""
    replicates, left = replicates[np.isfinite(replicates)], left[np.isfinite(left)]
    if not np.isfinite(found) or len(replicates) < (1.0 - MOST_LOST) * n_draws:
        return np.nan, np.nan
    return bca_limits(replicates, found, acceleration=accelerate(left), level=level)


def _keep_varied(covariances: Array) -> Array:
    """Turn covariances into correlations, without samples in which an item is constant."""
    varied = (np.diagonal(covariances, axis1=1, axis2=2) > LEAST).all(axis=1)
    return _scale(covariances[varied])


def _scale(covariances: Array) -> Array:
    sd = np.sqrt(np.diagonal(covariances, axis1=-2, axis2=-1))
    return np.asarray(covariances / (sd[..., :, None] * sd[..., None, :]))

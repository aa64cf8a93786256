"""Are hazards proportional? The score test that an effect changes with time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crmstudy.checks import Hypothesis

Floats = NDArray[np.float64]

EACH = "the effect of this covariate is the same at all times"
ALL = "no effect changes with time"


def compare_over_time(
    covariates: Floats, beta: Floats, times: Floats, ended: NDArray[np.bool_]
) -> tuple[tuple[Hypothesis, ...], Hypothesis]:
    """Test for each covariate and for all whether its effect changes with time.

    Each effect may move with 1 less the Kaplan-Meier curve just before a time; the tests are
    score tests of those movements at the fitted Cox model with Efron's treatment of ties, as
    in ``cox.zph`` of the R package survival from version 3.0 on.

    Parameters
    ----------
    covariates : array of shape (n, p)
        As they were fitted.
    beta : array of shape (p,)
        Coefficients at the maximum of the partial likelihood.
    times, ended : arrays of shape (n,)
        Durations, and whether they ended with an event.

    References
    ----------
    Grambsch, P. M., & Therneau, T. M. (1994). Proportional hazards tests and diagnostics
    based on weighted residuals. Biometrika, 81(3), 515-526.
    """
    from scipy.stats import chi2

    moment, residual, variance = _risk_sets(covariates, beta, times, ended)
    clock = moment - np.average(moment, weights=np.ones(len(moment)))
    score = (clock[:, None] * residual).sum(axis=0)
    information = variance.sum(axis=0)
    crossed = (clock[:, None, None] * variance).sum(axis=0)
    squared = ((clock**2)[:, None, None] * variance).sum(axis=0)
    spread = squared - crossed @ np.linalg.solve(information, crossed)
    single = score**2 / np.diag(spread)
    whole = float(score @ np.linalg.lstsq(spread, score, rcond=None)[0])
    p = len(beta)
    each = tuple(Hypothesis(EACH, float(s), float(chi2.sf(s, 1)), "chi2(1)") for s in single)
    return each, Hypothesis(ALL, whole, float(chi2.sf(whole, p)), f"chi2({p})")


def _risk_sets(
    covariates: Floats, beta: Floats, times: Floats, ended: NDArray[np.bool_]
) -> tuple[Floats, Floats, Floats]:
    """Give at each time of an event its clock, the sum of residuals, and the information.

    Of ``d`` events at one time the ``k``-th, k = 0, ..., d - 1, sees the others with weight
    ``1 - k / d`` (Efron, 1977).
    """
    centred = covariates - covariates.mean(axis=0)
    risk = np.exp(centred @ beta)
    moments, which = np.unique(times, return_inverse=True)
    at_risk = [_sum_from(values, which, len(moments)) for values in _powers(centred, risk)]
    tied = [_sum_at(values[ended], which[ended], len(moments)) for values in _powers(centred, risk)]
    deaths = np.bincount(which[ended], minlength=len(moments))
    sums = _sum_at(centred[ended], which[ended], len(moments))
    clock = _clock(deaths, np.bincount(which, minlength=len(moments)))
    spots = np.flatnonzero(deaths)
    residual = np.zeros((len(spots), covariates.shape[1]))
    variance = np.zeros((len(spots), covariates.shape[1], covariates.shape[1]))
    for row, spot in enumerate(spots):
        share = np.arange(deaths[spot]) / deaths[spot]
        zero = at_risk[0][spot] - share * tied[0][spot]
        first = at_risk[1][spot] - share[:, None] * tied[1][spot]
        mean = first / zero[:, None]
        residual[row] = sums[spot] - mean.sum(axis=0)
        # sum over k of (second - share_k tied) / zero_k, less the means squared
        weight, shared = (1 / zero).sum(), (share / zero).sum()
        second = weight * at_risk[2][spot] - shared * tied[2][spot]
        variance[row] = second - mean.T @ mean
    return clock[spots], residual, variance


def _powers(centred: Floats, risk: Floats) -> tuple[Floats, Floats, Floats]:
    """Weigh 1, x and xx' by risk."""
    weighted = risk[:, None] * centred
    return risk, weighted, weighted[:, :, None] * centred[:, None, :]


def _sum_at(values: Floats, which: NDArray[np.intp], size: int) -> Floats:
    total = np.zeros((size, *values.shape[1:]))
    np.add.at(total, which, values)
    return total


def _sum_from(values: Floats, which: NDArray[np.intp], size: int) -> Floats:
    """Sum over all whose time is this one or later."""
    return np.cumsum(_sum_at(values, which, size)[::-1], axis=0)[::-1]


def _clock(deaths: NDArray[np.int64], leaving: NDArray[np.int64]) -> Floats:
    """Give 1 less the Kaplan-Meier curve just before each time."""
    at_risk = np.cumsum(leaving[::-1])[::-1]
    survival = np.cumprod(1 - deaths / at_risk)
    return 1 - np.concatenate([[1.0], survival[:-1]])

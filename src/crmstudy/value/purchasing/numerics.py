"""Numerical building blocks of the likelihoods and forecasts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, zeta

Floats = NDArray[np.float64]

# Nodes of the Gauss-Legendre rule: the integrands here are analytic in the strip
# |Im| < pi of log time, where so many give about twelve digits and more.
NODES = 32


def pool_rows(*columns: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Find the distinct rows of some columns, in one pass of hashing each.

    Returns
    -------
    representative, weight : arrays of shape (n_distinct,)
        Position of one row of each kind, and how many there are of it.
    kind : array of shape (n_rows,)
        Kind of each row: ``column[representative][kind]`` is ``column``.
    """
    kind = pd.factorize(columns[0])[0]
    for column in columns[1:]:
        codes, distinct = pd.factorize(column)
        kind = pd.factorize(kind * len(distinct) + codes)[0]
    weight = np.bincount(kind)
    representative = np.empty(weight.size, dtype=np.intp)
    representative[kind] = np.arange(kind.size)
    return representative, weight, kind


def dot(left: NDArray[Any], right: NDArray[Any]) -> Any:
    """Sum of products over the last axis, for one or several vectors on either side.

    The same as ``left @ right.T``, which hands long vectors to the threads of BLAS: on a
    busy machine they wait for each other, and 10 microseconds become 10 milliseconds.
    """
    rows = "ab"[: left.ndim - 1], "cd"[: right.ndim - 1]
    return np.einsum(f"{rows[0]}k,{rows[1]}k->{rows[0]}{rows[1]}", left, right)


def log_rising(base: float, steps: Floats, weights: ArrayLike) -> tuple[float, float, float]:
    """Weighted sum of log Gamma(base + steps) - log Gamma(base), and two derivatives by base."""
    raised, weights = base + steps, np.asarray(weights)
    total = weights.sum()
    return (
        float(weights @ gammaln(raised) - total * gammaln(base)),
        float(weights @ digamma(raised) - total * digamma(base)),
        # The trigamma function, without the cases that SciPy's polygamma goes through.
        float(weights @ zeta(2, raised) - total * zeta(2, base)),
    )


def log_sum(
    log_terms: Floats, slopes: Floats, bends: Mapping[tuple[int, int], ArrayLike]
) -> tuple[Floats, Floats, Floats]:
    """Differentiate logarithms of sums, ``log sum_k exp(h_ik)``, row by row.

    Parameters
    ----------
    log_terms : array of shape (n_rows, n_terms)
        ``h``; a row may be minus infinity throughout (a sum of 0).
    slopes : array of shape (n_parameters, n_rows, n_terms)
        Gradient of ``h``.
    bends : mapping of pairs of parameters to arrays of shape (n_rows, n_terms)
        Second derivatives of ``h`` that are not 0, each pair once.

    Returns
    -------
    logs : array of shape (n_rows,)
    gradients : array of shape (n_parameters, n_rows)
    hessians : array of shape (n_parameters, n_parameters, n_rows)
    """
    highest = log_terms.max(axis=1, keepdims=True)
    highest[np.isneginf(highest)] = 0.0
    terms = np.exp(log_terms - highest)
    total = terms.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        logs = (highest + np.log(total))[:, 0]
    share = terms / np.where(total > 0, total, 1.0)
    gradients = np.einsum("pnk,nk->pn", slopes, share)
    spread = slopes - gradients[:, :, None]
    hessians = np.empty((len(slopes), *gradients.shape))
    for row, column in combinations_with_replacement(range(len(slopes)), 2):
        hessian = np.einsum("nk,nk,nk->n", share, spread[row], spread[column])
        if (row, column) in bends:
            bend = np.broadcast_to(bends[row, column], share.shape)
            hessian += np.einsum("nk,nk->n", share, bend)
        hessians[row, column] = hessians[column, row] = hessian
    return logs, gradients, hessians


@cache
def unit_rule() -> tuple[Floats, Floats]:
    """Nodes and weights of the Gauss-Legendre rule on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return (nodes + 1) / 2, weights / 2


def integrate_rate(
    decline: Callable[[Floats], Floats], scale: Floats, horizon: Floats, discount: float
) -> Floats:
    """Integrate ``decline / scale`` over the time to the horizon, discounted.

    With ``growth = log(1 + t / scale)`` as the variable the rule's nodes lie close
    together where the rate changes fast.

    Parameters
    ----------
    decline : callable
        Rate at ``growth`` relative to the rate at 0, for an array of shape (n, nodes).
    scale, horizon : arrays of shape (n,)
        Time scale of the decline, and end of the integral, in one unit of time.
    discount : float
        Force of interest per unit of time.
    """
    nodes, weights = unit_rule()
    longest = np.log1p(horizon / scale)
    growth = longest[:, None] * nodes
    factor = np.exp(growth)
    if discount:
        factor *= np.exp(-discount * scale[:, None] * np.expm1(growth))
    return longest * dot(decline(growth) * factor, weights)

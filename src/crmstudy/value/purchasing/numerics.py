"""Numerical building blocks of the likelihoods and forecasts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, polygamma

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
        float(weights @ polygamma(1, raised) - total * polygamma(1, base)),
    )


def mixture_derivatives(
    log_terms: Floats, slopes: Floats, weights: Floats
) -> tuple[float, Floats, Floats, Floats]:
    """Differentiate a weighted sum of logarithms of sums, ``sum_i w_i log sum_k exp(h_ik)``.

    Parameters
    ----------
    log_terms : array of shape (n_rows, n_terms)
        ``h``.
    slopes : array of shape (n_parameters, n_rows, n_terms)
        Gradient of ``h``.
    weights : array of shape (n_rows,)

    Returns
    -------
    value : float
    gradient : array of shape (n_parameters,)
    hessian : array of shape (n_parameters, n_parameters)
        Without the curvature of ``h``: add the sum of ``share * h''``.
    share : array of shape (n_rows, n_terms)
        Weight of each term, ``w_i exp(h_ik) / sum_k exp(h_ik)``.
    """
    highest = log_terms.max(axis=1, keepdims=True)
    terms = np.exp(log_terms - highest)
    total = terms.sum(axis=1, keepdims=True)
    logs, posterior = (highest + np.log(total))[:, 0], terms / total
    share = posterior * weights[:, None]
    flat = slopes.reshape(len(slopes), -1)
    mean = (slopes * posterior).sum(axis=2)
    hessian = dot(flat * share.ravel(), flat) - dot(mean * weights, mean)
    return float(dot(weights, logs)), dot(flat, share.ravel()), hessian, share


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

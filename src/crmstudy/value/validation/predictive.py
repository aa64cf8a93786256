"""How many purchases a customer will make: the whole distribution, not its mean alone.

A forecast of counts can be judged as a distribution only where the model says one. Given
that a customer is active at T, her rate and her chance of leaving have the same kinds of
distribution as those of a new customer, with parameters moved on by what she did; so the
distribution of a new customer's purchases serves for all.

References
----------
Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). Marketing Science, 24(2), 275-284
(equation 8).
Gneiting, T. & Raftery, A. E. (2007). Strictly proper scoring rules, prediction, and
estimation. J. American Statistical Association, 102(477), 359-378.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, gammaln

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.purchasing.numerics import pool_rows, unit_rule

Floats = NDArray[np.float64]

#: Distinct histories computed at once: bounds the memory.
BLOCK = 20_000


def knows_counts(result: PurchaseResult) -> bool:
    """Tell whether the distribution of the counts of this model is known here."""
    return result.model in _COUNTS


def predict_counts(
    result: PurchaseResult,
    x: ArrayLike,
    t_x: ArrayLike,
    T: ArrayLike,
    horizon: ArrayLike,
    counts: ArrayLike,
) -> Floats:
    """Probability of exactly so many purchases within ``horizon`` after T, given a history.

    Parameters
    ----------
    result : PurchaseResult
        A fitted BG/NBD, MBG/NBD or Pareto/NBD model.
    x, t_x, T, horizon : float or array
        Repeat purchases, time of the last one, age, and time to look ahead, in the
        model's unit of time; broadcast against each other.
    counts : int or array
        Purchases in question, 0 or more; broadcast too.

    Raises
    ------
    ModelError
        If the model says no distribution of counts (see :func:`knows_counts`).
    """
    if not knows_counts(result):
        raise ModelError(f"the {result.model} model has no known distribution of counts")
    columns = [
        np.asarray(one, np.float64) for one in np.broadcast_arrays(x, t_x, T, horizon, counts)
    ]
    flat = [column.ravel() for column in columns]
    alive = result.probability_alive(*flat[:3])
    # Given that she is active, t_x says nothing more.
    representative, _, kind = pool_rows(*flat[:1], *flat[2:])
    found = np.empty(representative.size)
    for begin in range(0, found.size, BLOCK):
        rows = representative[begin : begin + BLOCK]
        found[begin : begin + BLOCK] = _COUNTS[result.model](
            *(flat[i][rows] for i in (0, 2, 3, 4)), **result.estimates.to_dict()
        )
    silent = (1 - alive) * (flat[4] == 0)
    return (silent + alive * found[kind]).reshape(columns[0].shape)


def _geometric(
    x: Floats,
    T: Floats,
    horizon: Floats,
    counts: Floats,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
) -> Floats:
    """BG/NBD: she may leave after each purchase; equation (8) with parameters moved on."""
    shape, scale, stays = r + x, alpha + T, b + x
    buys = np.exp(
        betaln(a, stays + counts) - betaln(a, stays) + _log_nbd(counts, shape, scale, horizon)
    )
    # She left with the last of these purchases, or would have made more.
    more = betainc(np.maximum(counts, 1), shape, horizon / (scale + horizon))
    left = np.exp(betaln(a + 1, stays + np.maximum(counts, 1) - 1) - betaln(a, stays)) * more
    return buys + np.where(counts > 0, left, 0.0)


def _geometric_from_start(
    x: Floats, T: Floats, horizon: Floats, counts: Floats, *, b: float, **rest: float
) -> Floats:
    """MBG/NBD: the same, but an active customer has been asked to leave once more."""
    return _geometric(x, T, horizon, counts, b=b + 1, **rest)


def _exponential(
    x: Floats,
    T: Floats,
    horizon: Floats,
    counts: Floats,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
) -> Floats:
    """Pareto/NBD: mixed over the time at which she leaves, in the logarithm of that time."""
    shape, scale, lived = r + x, alpha + T, beta + T
    nodes, weights = unit_rule()
    # Time runs on the shorter of the two scales, on which the integrand changes.
    origin = np.minimum(scale, lived)
    longest = np.log1p(horizon / origin)[:, None]
    growth = longest * nodes
    left = origin[:, None] * np.expm1(growth)
    gone = np.log(s / lived)[:, None] - (s + 1) * np.log1p(left / lived[:, None])
    bought = _log_nbd(counts[:, None], shape[:, None], scale[:, None], left)
    step = longest * weights * origin[:, None] * np.exp(growth)
    stays = np.exp(-s * np.log1p(horizon / lived) + _log_nbd(counts, shape, scale, horizon))
    return stays + (np.exp(gone + bought) * step).sum(axis=1)


def _log_nbd(counts: Floats, shape: Floats, scale: Floats, time: Floats) -> Floats:
    """Log of the negative binomial probability of ``counts`` purchases within ``time``."""
    chance = time / (scale + time)
    ways = gammaln(shape + counts) - gammaln(shape) - gammaln(counts + 1)
    return ways - shape * np.log1p(time / scale) + counts * np.log(np.where(counts > 0, chance, 1))


_COUNTS: dict[str, Callable[..., Floats]] = {
    "BG/NBD": _geometric,
    "MBG/NBD": _geometric_from_start,
    "Pareto/NBD": _exponential,
}

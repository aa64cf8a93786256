"""The Pareto/NBD model: formulas as functions of plain numbers.

While active, a customer buys at a Poisson rate that is Gamma(r, rate alpha) over
customers; she stays active for an exponential time whose rate is Gamma(s, rate beta).
Time is in any one unit; alpha and beta carry it.

References
----------
Schmittlein, D. C., Morrison, D. G. & Colombo, R. (1987). Counting your customers: Who
are they and what will they do next? Management Science, 33(1), 1-24.
Fader, P. S. & Hardie, B. G. S. (2005). A note on deriving the Pareto/NBD model and
related expressions. http://brucehardie.com/notes/009/
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp

from crmstudy.value.purchasing.edges import ALIKE, NOBODY_LEAVES, RARE, explain_rates
from crmstudy.value.purchasing.likelihood import Derivatives
from crmstudy.value.purchasing.numerics import (
    dot,
    integrate_rate,
    log_rising,
    log_sum,
    pool_rows,
    unit_rule,
)

Floats = NDArray[np.float64]

# Part of the integral over the time of leaving that is left out: exp(-40) of its start.
NEGLIGIBLE = 40.0

# Rows of an integral whose nodes are held in memory at once, a few MB an array.
BLOCK = 10_000


class ParetoNbdLikelihood:
    """Log-likelihood of (r, alpha, s, beta) with exact derivatives.

    For one customer it is, up to common factors, the log of ``h(T)`` (she is active) plus
    the integral of ``s / (beta + u) h(u)`` over u from t_x to T (she left at u), where
    ``h(u) = (alpha + u)^-(r + x) (beta + u)^-s``. The published form writes that integral
    as a difference of two hypergeometric functions, which cancel. Here h(T) is written as
    ``h(U)`` plus the integral of ``-h'`` from T to U, the largest age of all; ``-h'`` has
    two parts, one of which takes the integral over the time of leaving from T on to U:

    ``h(U) + int_T^U (r + x) / (alpha + u) h(u) du + int_t_x^U s / (beta + u) h(u) du``

    Nothing cancels, and each integral depends on two numbers of the history instead of
    three: a million customers share a few thousand of them. They are summed over the nodes
    of a quadrature rule and differentiated under the integral.

    Parameters
    ----------
    x, t_x, T : arrays of shape (n,)
        Repeat purchases, time of the last one, age; distinct histories suffice.
    weights : array of shape (n,)
        Customers with that history.
    """

    def __init__(self, x: Floats, t_x: Floats, T: Floats, weights: NDArray) -> None:
        self._weights = weights.astype(np.float64)
        self._steps, which = np.unique(x, return_inverse=True)
        self._counts = np.bincount(which, weights=self._weights)
        one, _, self._at_last = pool_rows(x, t_x)
        self._lasts = x[one], t_x[one]
        one, _, self._at_age = pool_rows(x, T)
        self._ages = x[one], T[one]
        self._latest = float(T.max())

    def __call__(self, values: Floats) -> Derivatives:
        """Log-likelihood, gradient and Hessian."""
        left = _integrate(_leaving, *self._lasts, self._latest, values)
        active = _integrate(_buying, *self._ages, self._latest, values)
        odds = left[0][self._at_last] - active[0][self._at_age]
        share = expit(odds)
        logs = active[0][self._at_age] + np.logaddexp(0, odds)
        gap = left[1][:, self._at_last] - active[1][:, self._at_age]
        gradient, hessian = np.zeros(4), dot(gap * (self._weights * share * (1 - share)), gap)
        for part, place, weight in (
            (left, self._at_last, self._weights * share),
            (active, self._at_age, self._weights * (1 - share)),
        ):
            pooled = np.bincount(place, weights=weight, minlength=part[0].size)
            gradient += dot(part[1], pooled)
            hessian += dot(part[2], pooled)
        return self._add_common(float(dot(self._weights, logs)), gradient, hessian, values)

    def _add_common(
        self, value: float, gradient: Floats, hessian: Floats, values: Floats
    ) -> Derivatives:
        """Add the factors of all terms: Gamma functions of x, alpha^r and beta^s."""
        n = self._counts.sum()
        rising = log_rising(values[0], self._steps, self._counts)
        value += rising[0]
        gradient[0] += rising[1]
        hessian[0, 0] += rising[2]
        for shape, rate in ((0, 1), (2, 3)):
            value += n * values[shape] * np.log(values[rate])
            gradient[shape] += n * np.log(values[rate])
            gradient[rate] += n * values[shape] / values[rate]
            hessian[shape, rate] += n / values[rate]
            hessian[rate, shape] += n / values[rate]
            hessian[rate, rate] -= n * values[shape] / values[rate] ** 2
        return value, gradient, hessian


@dataclass(frozen=True, eq=False)
class _Terms:
    """Terms ``w (r + x)^buys s^leaves (alpha + u)^-(r + x + buys) (beta + u)^-(s + leaves)``.

    ``log_weights`` (log w) and ``times`` (u) have shape (n, n_terms), ``x`` shape (n, 1),
    ``buys`` and ``leaves`` broadcast to one number, 0 or 1, a term.
    """

    x: Floats
    times: Floats
    log_weights: Floats
    buys: Floats
    leaves: Floats

    def logs(self, r: float, alpha: float, s: float, beta: float) -> Floats:
        rate, shape = r + self.x, s + self.leaves
        logs = self.log_weights - (rate + self.buys) * np.log(alpha + self.times)
        logs -= shape * np.log(beta + self.times)
        return logs + self.buys * np.log(rate) + self.leaves * np.log(s)

    def slopes(self, r: float, alpha: float, s: float, beta: float) -> Floats:
        """Derivatives of the logs by r, alpha, s and beta: shape (4, n, n_terms)."""
        rate, since, lived = r + self.x, alpha + self.times, beta + self.times
        return np.stack(
            [
                self.buys / rate - np.log(since),
                -(rate + self.buys) / since,
                self.leaves / s - np.log(lived),
                -(s + self.leaves) / lived,
            ]
        )

    def bends(
        self, r: float, alpha: float, s: float, beta: float
    ) -> dict[tuple[int, int], ArrayLike]:
        """Second derivatives of the logs; those that are not listed are 0."""
        rate, waited, lived = r + self.x, 1 / (alpha + self.times), 1 / (beta + self.times)
        return {
            (0, 0): -self.buys / rate**2,
            (0, 1): -waited,
            (1, 1): (rate + self.buys) * waited**2,
            (2, 2): -self.leaves / s**2,
            (2, 3): -lived,
            (3, 3): (s + self.leaves) * lived**2,
        }


def _leaving(x: Floats, begin: Floats, end: Floats | float, values: Floats) -> _Terms:
    """``int s / (beta + u) h(u) du``: she leaves between ``begin`` and ``end``."""
    times, log_weights = _nodes(begin, end, values[0] + x - 1, values)
    return _Terms(x[:, None], times, log_weights, buys=np.zeros(1), leaves=np.ones(1))


def _buying(x: Floats, begin: Floats, end: float, values: Floats) -> _Terms:
    """``h(end) + int (r + x) / (alpha + u) h(u) du``, the first term last."""
    times, log_weights = _nodes(begin, end, values[0] + x, values)
    times = np.column_stack([times, np.full(x.size, end)])
    log_weights = np.column_stack([log_weights, np.zeros(x.size)])
    buys = np.append(np.ones(times.shape[1] - 1), 0.0)
    return _Terms(x[:, None], times, log_weights, buys=buys, leaves=np.zeros(1))


def _nodes(
    begin: Floats, end: Floats | float, decay: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """Nodes and log weights of the quadrature rule from ``begin`` to ``end``.

    They lie evenly in log time, up to where the integrand has died away: it falls by
    ``decay`` orders for each one of ``alpha + u``.
    """
    nodes, weights = unit_rule()
    _, alpha, _, beta = values
    origin = min(alpha, beta)
    decay = np.maximum(decay, NEGLIGIBLE / 600)  # exp(600) is still finite
    length = np.minimum(end - begin, (alpha + begin) * np.expm1(NEGLIGIBLE / decay))
    growth = np.log1p(length / (origin + begin))[:, None]
    with_origin = (origin + begin)[:, None] * np.exp(growth * nodes)
    with np.errstate(divide="ignore"):  # no time has passed: the integral is 0
        return with_origin - origin, np.log(growth) + np.log(weights * with_origin)


def _integrate(
    terms: Callable[..., _Terms], x: Floats, begin: Floats, latest: float, values: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log of an integral from ``begin`` to ``latest``, its gradients and Hessians.

    Their shapes are (n,), (4, n) and (4, 4, n).
    """
    found = []
    for rows in np.split(np.arange(x.size), range(BLOCK, x.size, BLOCK)):
        part = terms(x[rows], begin[rows], latest, values)
        found.append(log_sum(part.logs(*values), part.slopes(*values), part.bends(*values)))
    logs, gradients, hessians = zip(*found, strict=True)
    return np.concatenate(logs), np.hstack(gradients), np.concatenate(hessians, axis=2)


def probability_alive(
    x: Floats, t_x: Floats, T: Floats, *, r: float, alpha: float, s: float, beta: float
) -> Floats:
    """Probability that a customer with this history is still active at age T."""
    values = np.array([r, alpha, s, beta])
    active = -(r + x) * np.log(alpha + T) - s * np.log(beta + T)
    left = logsumexp(_leaving(x, t_x, T, values).logs(*values), axis=1)
    return np.asarray(expit(active - left))


def purchases_while_alive(
    x: Floats,
    T: Floats,
    horizon: Floats,
    *,
    r: float,
    alpha: float,
    s: float,
    beta: float,
    discount: float = 0.0,
) -> Floats:
    """Expected purchases in (T, T + horizon] of a customer known to be active at T.

    Given that, her rate of buying is Gamma(r + x, alpha + T) and her rate of leaving
    Gamma(s, beta + T), independent; purchases at time t later happen at the rate
    ``(r + x) / (alpha + T) ((beta + T) / (beta + T + t))^s``.

    Parameters
    ----------
    discount : float
        Force of interest per unit of time: a purchase at t counts ``exp(-discount t)``.
    """
    scale = beta + T
    declining = integrate_rate(lambda growth: np.exp(-s * growth), scale, horizon, discount)
    return (r + x) / (alpha + T) * scale * declining


def explain(*, r: float, alpha: float, s: float, beta: float, age: float) -> str:
    """Say what parameters at the edge of the model mean for the data, or nothing.

    Parameters
    ----------
    age : float
        Typical time that a customer has been observed, in the unit of the rates.
    """
    found = [explain_rates(r, alpha, age)]
    stayed = float(np.exp(-s * np.log1p(age / beta)))
    if 1 - stayed < RARE:
        found.append(NOBODY_LEAVES)
    elif stayed < RARE:
        found.append("everybody seems to have left at once")
    elif s > ALIKE:
        found.append("customers do not seem to differ in how easily they leave")
    elif beta < age / ALIKE:
        found.append("some customers seem to leave at once and all others never")
    return "; ".join(text for text in found if text)

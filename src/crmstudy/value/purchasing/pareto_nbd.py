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

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from crmstudy.value.purchasing.likelihood import Derivatives
from crmstudy.value.purchasing.numerics import (
    integrate_rate,
    log_rising,
    mixture_derivatives,
    unit_rule,
)

Floats = NDArray[np.float64]

# Part of the integral over the time of leaving that is left out: exp(-40) of its start.
NEGLIGIBLE = 40.0


class ParetoNbdLikelihood:
    """Log-likelihood of (r, alpha, s, beta) with exact derivatives.

    For one customer it is, up to common factors, the log of
    ``(alpha + T)^-(r + x) (beta + T)^-s`` (she is active) plus the integral over the
    time of leaving, ``s (alpha + u)^-(r + x) (beta + u)^-(s + 1)`` for u from t_x to T.
    The published form writes that integral as a difference of two hypergeometric
    functions, which cancel; here it is summed over the nodes of a quadrature rule, all
    terms positive, and differentiated under the integral.

    Parameters
    ----------
    x, t_x, T : arrays of shape (n,)
        Repeat purchases, time of the last one, age; distinct histories suffice.
    weights : array of shape (n,)
        Customers with that history.
    """

    def __init__(self, x: Floats, t_x: Floats, T: Floats, weights: NDArray) -> None:
        self._x, self._t_x, self._T = x, t_x, T
        self._weights = weights.astype(np.float64)
        self._steps, which = np.unique(x, return_inverse=True)
        self._counts = np.bincount(which, weights=self._weights)

    def __call__(self, values: Floats) -> Derivatives:
        """Log-likelihood, gradient and Hessian."""
        r, alpha, s, beta = values
        events = (r + self._x)[:, None]
        times, log_terms = _terms(self._x, self._t_x, self._T, *values)
        left = np.ones(times.shape[1])
        left[0] = 0  # the first term is the active customer's
        waited, lived = 1 / (alpha + times), 1 / (beta + times)
        slopes = np.stack(
            [np.log(waited), -events * waited, left / s + np.log(lived), -(s + left) * lived]
        )
        value, gradient, hessian, share = mixture_derivatives(log_terms, slopes, self._weights)
        hessian[1, 1] += (share * events * waited**2).sum()
        hessian[3, 3] += (share * (s + left) * lived**2).sum()
        hessian[2, 2] -= share[:, 1:].sum() / s**2
        for row, column, cross in ((0, 1, waited), (2, 3, lived)):
            hessian[row, column] -= (share * cross).sum()
            hessian[column, row] = hessian[row, column]
        return self._add_common(value, gradient, hessian, values)

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


def _terms(
    x: Floats, t_x: Floats, T: Floats, r: float, alpha: float, s: float, beta: float
) -> tuple[Floats, Floats]:
    """Times and logs of the likelihood's terms: active at T, then left at each node.

    The nodes lie evenly in log time, up to where the integrand has died away.
    """
    nodes, weights = unit_rule()
    origin = min(alpha, beta)
    decay = np.maximum(r + x - 1, NEGLIGIBLE / 600)  # exp(600) is still finite
    end = np.minimum(T - t_x, (alpha + t_x) * np.expm1(NEGLIGIBLE / decay))
    growth = np.log1p(end / (origin + t_x))[:, None]
    with_origin = (origin + t_x)[:, None] * np.exp(growth * nodes)
    times = np.concatenate([T[:, None], with_origin - origin], axis=1)
    log_terms = -(r + x)[:, None] * np.log(alpha + times) - s * np.log(beta + times)
    with np.errstate(divide="ignore"):  # a customer whose t_x is T has had no time to leave
        log_growth = np.log(growth)
    log_terms[:, 1:] += log_growth + np.log(s * weights * with_origin / (beta + times[:, 1:]))
    return times, log_terms


def probability_alive(
    x: Floats, t_x: Floats, T: Floats, *, r: float, alpha: float, s: float, beta: float
) -> Floats:
    """Probability that a customer with this history is still active at age T."""
    _, log_terms = _terms(x, t_x, T, r, alpha, s, beta)
    return np.exp(log_terms[:, 0] - logsumexp(log_terms, axis=1))


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

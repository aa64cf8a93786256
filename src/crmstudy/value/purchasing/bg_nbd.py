"""The BG/NBD model: formulas as functions of plain numbers.

While active, a customer buys at a Poisson rate that is Gamma(r, rate alpha) over
customers; after each repeat purchase she leaves for good with a probability that is
Beta(a, b). Time is in any one unit; alpha carries it.

References
----------
Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005). "Counting your customers" the easy
way: An alternative to the Pareto/NBD model. Marketing Science, 24(2), 275-284.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, hyp2f1

from crmstudy.errors import ModelError
from crmstudy.value.purchasing.edges import ALIKE, NOBODY_LEAVES, RARE, explain_rates
from crmstudy.value.purchasing.likelihood import Derivatives
from crmstudy.value.purchasing.numerics import dot, integrate_rate, log_rising

Floats = NDArray[np.float64]


class BgNbdLikelihood:
    """Log-likelihood of (r, alpha, a, b) with exact derivatives.

    For one customer it is, up to the factors common to both terms, the log of
    ``(alpha + T)^-(r + x) + [c > 0] a / (b + c - 1) (alpha + t_x)^-(r + x)``: she is
    active, or left after her last purchase. c counts her chances to leave, of which she
    let c - 1 pass for certain; here it is x.

    Parameters
    ----------
    x, t_x, T : arrays of shape (n,)
        Repeat purchases, time of the last one, age; distinct histories suffice.
    weights : array of shape (n,)
        Customers with that history.
    chances_before : int
        Times that a customer can leave before her first repeat purchase: none here, one
        in the model of :mod:`.mbg_nbd`.
    """

    def __init__(
        self, x: Floats, t_x: Floats, T: Floats, weights: NDArray, *, chances_before: int = 0
    ) -> None:
        weights = weights.astype(np.float64)
        self._before = chances_before
        self._steps, which = np.unique(x, return_inverse=True)
        self._counts = np.bincount(which, weights=weights)
        # Times are days, so few of them are distinct: logs and reciprocals are taken of
        # those. What depends on T only is summed over them.
        self._ages, at_age = np.unique(T, return_inverse=True)
        self._customers = np.bincount(at_age, weights=weights)
        self._purchases = np.bincount(at_age, weights=weights * x)
        back = x + chances_before > 0
        self._lasts, self._at_last = np.unique(t_x[back], return_inverse=True)
        self._at_age, self._x, self._weights = at_age[back], x[back], weights[back]

    def __call__(self, values: Floats) -> Derivatives:
        """Log-likelihood, gradient and Hessian."""
        active, gone = self._active(*values), self._gone(*values)
        return active[0] + gone[0], active[1] + gone[1], active[2] + gone[2]

    def _active(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """As if everybody were active: sums over numbers of purchases, and over ages."""
        n, old = self._counts.sum(), 1 / (alpha + self._ages)
        events = r * self._customers + self._purchases
        of_r = log_rising(r, self._steps, self._counts)
        chances = self._steps + self._before
        of_b = log_rising(b, chances, self._counts)
        of_ab = log_rising(a + b, chances, self._counts)
        value = of_r[0] + of_b[0] - of_ab[0] + n * r * np.log(alpha) + dot(events, np.log(old))
        gradient = np.array(
            [
                of_r[1] + n * np.log(alpha) + dot(self._customers, np.log(old)),
                n * r / alpha - dot(events, old),
                -of_ab[1],
                of_b[1] - of_ab[1],
            ]
        )
        cross = n / alpha - dot(self._customers, old)
        hessian = np.zeros((4, 4))
        hessian[:2, :2] = [[of_r[2], cross], [cross, dot(events, old**2) - n * r / alpha**2]]
        hessian[2:, 2:] = -of_ab[2]
        hessian[3, 3] += of_b[2]
        return value, gradient, hessian

    def _gone(self, r: float, alpha: float, a: float, b: float) -> Derivatives:
        """What the chance of having left after the last purchase adds: log(1 + exp(odds))."""
        old, last = 1 / (alpha + self._ages), 1 / (alpha + self._lasts)
        events, chance = r + self._x, 1 / (b + self._x + self._before - 1)
        waited = last[self._at_last] - old[self._at_age]
        slopes = np.empty((4, events.size))  # of the odds, by r, alpha, a and b
        slopes[0] = np.log(last)[self._at_last] - np.log(old)[self._at_age]
        slopes[1] = -events * waited
        slopes[2], slopes[3] = 1 / a, -chance
        odds = events * slopes[0] + np.log(a * chance)
        small = np.exp(-np.abs(odds))
        probability = np.where(odds > 0, 1.0, small) / (1 + small)
        share = self._weights * probability
        hessian = dot(slopes * (share * (1 - probability)), slopes)
        cross = dot(share, waited)
        hessian[0, 1] -= cross
        hessian[1, 0] -= cross
        hessian[1, 1] += dot(share * events, last[self._at_last] ** 2 - old[self._at_age] ** 2)
        hessian[2, 2] -= share.sum() / a**2
        hessian[3, 3] += dot(share, chance**2)
        value = dot(self._weights, np.maximum(odds, 0) + np.log1p(small))
        return float(value), dot(slopes, share), hessian


def probability_alive(
    x: Floats, t_x: Floats, T: Floats, *, r: float, alpha: float, a: float, b: float
) -> Floats:
    """Probability that a customer with this history is still active at age T; 1 for x = 0."""
    left = (r + x) * np.log((alpha + T) / (alpha + t_x)) + np.log(a / (b + np.maximum(x, 1) - 1))
    return np.where(x > 0, expit(-left), 1.0)


def purchases_while_alive(
    x: Floats,
    T: Floats,
    horizon: Floats,
    *,
    r: float,
    alpha: float,
    a: float,
    b: float,
    discount: float = 0.0,
) -> Floats:
    """Expected purchases in (T, T + horizon] of a customer known to be active at T.

    Given that, her rate is Gamma(r + x, alpha + T) and her dropout probability
    Beta(a, b + x); purchases at time t later happen at the rate
    ``(r + x) / (alpha + T) 2F1(r + x + 1, a; a + b + x; -t / (alpha + T))``. Its
    integral is equation (10) of the paper times the probability of being active.

    Parameters
    ----------
    discount : float
        Force of interest per unit of time: a purchase at t counts ``exp(-discount t)``.
    """

    def decline(growth: Floats) -> Floats:
        # Pfaff's transformation: no parameter but the third grows with x.
        share = -np.expm1(-growth)
        shape = np.broadcast_to((a + b + x)[:, None], share.shape)
        series = hyp2f1(a + b - r - 1, a, shape, share)
        # SciPy overflows when a difference of parameters is a large whole number; the
        # function is smooth there, so a neighbour serves.
        lost = ~np.isfinite(series)
        series[lost] = hyp2f1(a + b - r - 1, a, shape[lost] + 1e-7, share[lost])
        if not np.isfinite(series).all():
            raise ModelError("expected purchases cannot be computed at these parameters")
        return np.exp(-a * growth) * series

    return (r + x) * integrate_rate(decline, alpha + T, horizon, discount)


def explain(*, r: float, alpha: float, a: float, b: float, age: float) -> str:
    """Say what parameters at the edge of the model mean for the data, or nothing.

    Parameters
    ----------
    age : float
        Typical time that a customer has been observed, in the unit of ``alpha``.
    """
    found = [explain_rates(r, alpha, age)]
    if a / (a + b) < RARE:
        found.append(NOBODY_LEAVES)
    elif b / (a + b) < RARE:
        found.append("everybody seems to leave at the first chance")
    elif a + b > ALIKE:
        found.append("customers do not seem to differ in how easily they leave")
    elif a + b < 1 / ALIKE:
        found.append("some customers seem to leave at the first chance and all others never")
    return "; ".join(text for text in found if text)

"""How many customers a test of two shares needs, what it can see, what peeking costs.

References
----------
Fleiss, J. L., Levin, B., & Paik, M. C. (2003). Statistical Methods for Rates and
Proportions (3rd ed., chapter 4). Wiley.
Armitage, P., McPherson, C. K., & Rowe, B. C. (1969). Repeated significance tests on
accumulating data. J. Royal Statistical Society A, 132(2), 235-244.
"""

from __future__ import annotations

import math

import numpy as np

from crmstudy.errors import ModelError, NotAvailable

GRID = 601  # points of the numerical integration over an unfinished test
WIDEST = 8.5  # standard deviations beyond which no probability is left


def customers_per_arm(
    base: float, treated: float, *, power: float = 0.8, alpha: float = 0.05
) -> int | NotAvailable:
    """Find the customers that each of two equal groups needs.

    Normal approximation of the two-sided pooled test without continuity correction, as R's
    ``power.prop.test``.

    Parameters
    ----------
    base, treated : float
        Share that converts without and with the treatment, both between 0 and 1.
    power, alpha : float
        Probability of finding the difference when it is there, and of a false alarm.

    Raises
    ------
    ModelError
        If the base is not between 0 and 1, the shares are equal, or power and alpha are not.
    """
    _require_inside(base=base, power=power, alpha=alpha)
    if not 0 < treated < 1:
        return NotAvailable(f"a share of {base:g} cannot become {treated:g}: shares end at 1")
    if treated == base:
        raise ModelError("two equal shares: no number of customers would tell them apart")
    z_alpha, z_power = _quantile(1 - alpha / 2), _quantile(power)
    mean = (base + treated) / 2
    reach = z_alpha * math.sqrt(2 * mean * (1 - mean))
    reach += z_power * math.sqrt(base * (1 - base) + treated * (1 - treated))
    # An exact solution must not be lifted to the next whole number by rounding.
    return math.ceil(max((reach / (treated - base)) ** 2, 1.0) - 1e-9)


def find_power(
    base: float, treated: float, *, n_control: int, n_treated: int, alpha: float = 0.05
) -> float:
    """Give the probability that a test of this size finds the difference."""
    from scipy.special import ndtr

    _require_inside(base=base, treated=treated, alpha=alpha)
    pooled = (n_control * base + n_treated * treated) / (n_control + n_treated)
    even = math.sqrt(pooled * (1 - pooled) * (1 / n_control + 1 / n_treated))
    apart = math.sqrt(base * (1 - base) / n_control + treated * (1 - treated) / n_treated)
    return float(ndtr((abs(treated - base) - _quantile(1 - alpha / 2) * even) / apart))


def find_smallest_share(
    base: float, *, n_control: int, n_treated: int, power: float = 0.8, alpha: float = 0.05
) -> float | NotAvailable:
    """Find the smallest share above the base that a test of this size sees with the power."""
    from scipy.optimize import brentq

    _require_inside(base=base, power=power, alpha=alpha)
    if min(n_control, n_treated) < 1:
        raise ModelError("both groups of a test need a customer at least")
    edge = 1 - 1e-12

    def lacking(treated: float) -> float:
        sizes = {"n_control": n_control, "n_treated": n_treated}
        return find_power(base, treated, alpha=alpha, **sizes) - power

    if base >= edge or lacking(edge) < 0:
        return NotAvailable(
            f"{n_treated:,} and {n_control:,} customers are too few to see any rise of {base:.3g}"
        )
    return float(brentq(lacking, base + 1e-13 * (1 - base), edge, xtol=1e-14))


def trace_false_alarms(n_looks: int, *, alpha: float = 0.05) -> np.ndarray:
    """Give the probability of a false alarm by every look at a running test.

    Who tests after each of ``n_looks`` equal parts of the sample and stops at the first
    p < ``alpha`` is deceived more often than ``alpha`` says. Computed by integrating, look
    by look, over the sums of tests that went on.

    Returns
    -------
    array of shape (n_looks,)
        Probability of having stopped by look 1, 2, ..., although there is no difference.
    """
    _require_inside(alpha=alpha)
    if n_looks < 1:
        raise ModelError(f"{n_looks} looks at a test; needed is 1 at least")
    z, alarms = _quantile(1 - alpha / 2), [alpha]
    places, step = np.linspace(-z, z, GRID, retstep=True)
    density = _normal(places)
    for look in range(2, n_looks + 1):
        edge = z * math.sqrt(look)
        weights = _simpson(len(places)) * step * density
        alarms.append(float(weights @ (_above(edge - places) + _above(edge + places))))
        ahead, step = np.linspace(-edge, edge, GRID, retstep=True)
        density = _normal(ahead[:, None] - places[None, :]) @ weights
        places = ahead
    return np.cumsum(alarms)


def _simpson(n: int) -> np.ndarray:
    weights = np.full(n, 2.0)
    weights[1::2] = 4.0
    weights[[0, -1]] = 1.0
    return weights / 3


def _normal(values: np.ndarray) -> np.ndarray:
    within = np.clip(values, -WIDEST, WIDEST)
    return np.exp(-(within**2) / 2) / math.sqrt(2 * math.pi)


def _above(values: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return np.asarray(ndtr(-values))


def _quantile(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))


def _require_inside(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < 1:
            raise ModelError(
                f"{name} = {value:g}: a number between 0 and 1 is needed, without both"
            )

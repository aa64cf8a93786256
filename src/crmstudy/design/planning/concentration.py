"""How many customers tell that the largest fifth holds more than half of the revenue.

References
----------
Beach, C. M., & Davidson, R. (1983). Distribution-free statistical inference with Lorenz
curves and income shares. Review of Economic Studies, 50(4), 723-735.
"""

from __future__ import annotations

import math

from crmstudy.errors import ModelError

TOP = 0.2


def lognormal_sigma(share: float, *, top: float = TOP) -> float:
    """Give the standard deviation of log revenue at which the top holds a share of it all."""
    from scipy.special import ndtri

    if not top < share < 1:
        raise ModelError(f"the largest {top:.0%} hold between {top:g} and 1, found {share:g}")
    return float(ndtri(1 - top) - ndtri(1 - share))


def share_variance(share: float, *, top: float = TOP) -> float:
    """Give the variance of one customer's influence on the share of the top, lognormal.

    With ``q`` the quantile that parts the top, a customer with revenue ``x`` moves the
    share by ``((x - q)+ + q top - share x) / mean``; its variance over n is that of the
    estimated share.
    """
    from scipy.special import ndtr

    sigma = lognormal_sigma(share, top=top)
    cut = float(sigma * _quantile(1 - top))
    mean, square = math.exp(sigma**2 / 2), math.exp(2 * sigma**2)
    above = [1 - float(ndtr(cut / sigma - k * sigma)) for k in (0, 1, 2)]
    q, (p0, p1, p2) = math.exp(cut), above
    excess, crossed = mean * p1 - q * p0, square * p2 - q * mean * p1
    excess_square = square * p2 - 2 * q * mean * p1 + q**2 * p0
    constant = q * top
    second = (
        excess_square
        + share**2 * square
        + constant**2
        - 2 * share * crossed
        + 2 * constant * excess
        - 2 * share * constant * mean
    )
    first = excess + constant - share * mean
    return (second - first**2) / mean**2


def power_of_concentration(
    n: int, *, share: float, null: float = 0.5, alpha: float = 0.05, top: float = TOP
) -> float:
    """Power to find that the top holds more than ``null`` when it holds ``share``.

    Large-sample test by the share's standard error; revenue supposed lognormal.
    """
    from scipy.special import ndtr

    if n < 2:
        raise ModelError(f"a share of the top needs 2 customers at least, found {n}")
    shift = (share - null) / math.sqrt(share_variance(share, top=top) / n)
    reach = _quantile(1 - alpha / 2)
    return float(ndtr(abs(shift) - reach) + ndtr(-abs(shift) - reach))


def _quantile(probability: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(probability))

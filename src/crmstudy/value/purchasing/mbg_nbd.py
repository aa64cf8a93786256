"""The MBG/NBD model: formulas as functions of plain numbers.

As in BG/NBD a customer buys at a Poisson rate that is Gamma(r, rate alpha) over customers,
and leaves with a probability that is Beta(a, b); but she may leave after every purchase,
the first one included. So a customer who never came back may have left, which BG/NBD
excludes. Time is in any one unit; alpha carries it.

References
----------
Batislam, E. P., Denizel, M. & Filiztekin, A. (2007). Empirical validation and comparison of
models for customer base analysis. International Journal of Research in Marketing, 24(3),
201-209.
Wagner, U. & Hoppe, D. (2008). Erratum on the MBG/NBD model. International Journal of Research
in Marketing, 25(3), 225-226.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crmstudy.value.purchasing import bg_nbd
from crmstudy.value.purchasing.bg_nbd import explain

__all__ = ["MbgNbdLikelihood", "explain", "probability_alive", "purchases_while_alive"]

Floats = NDArray[np.float64]


class MbgNbdLikelihood(bg_nbd.BgNbdLikelihood):
    """Log-likelihood of (r, alpha, a, b) with exact derivatives.

    That of BG/NBD with one chance to leave more: after the first purchase.

    Parameters
    ----------
    x, t_x, T : arrays of shape (n,)
        Repeat purchases, time of the last one, age; distinct histories suffice.
    weights : array of shape (n,)
        Customers with that history.
    """

    def __init__(self, x: Floats, t_x: Floats, T: Floats, weights: NDArray) -> None:
        super().__init__(x, t_x, T, weights, chances_before=1)


def probability_alive(
    x: Floats, t_x: Floats, T: Floats, *, r: float, alpha: float, a: float, b: float
) -> Floats:
    """Probability that a customer with this history is still active at age T."""
    left = (r + x) * np.log((alpha + T) / (alpha + t_x)) + np.log(a / (b + x))
    return np.asarray(expit(-left))


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

    She has let x + 1 chances to leave pass, so her dropout probability is
    Beta(a, b + x + 1) now: from here on it is the BG/NBD model with b + 1.

    Parameters
    ----------
    discount : float
        Force of interest per unit of time: a purchase at t counts ``exp(-discount t)``.
    """
    ahead = {"r": r, "alpha": alpha, "a": a, "b": b + 1}
    return bg_nbd.purchases_while_alive(x, T, horizon, **ahead, discount=discount)

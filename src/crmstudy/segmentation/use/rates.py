"""Response rates of small groups, each drawn towards what it has in common with the others."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
MOST_LIKE = np.log(1e6)  # concentration from which groups count as equal
LEAST_LIKE = np.log(0.1)


def fit_concentration(successes: Floats, n: Floats, mean: Floats) -> float:
    """Estimate by maximum likelihood how alike the rates of groups are.

    The count of group ``g`` is beta-binomial: its rate comes from a beta distribution with
    the given mean ``m_g`` and concentration ``c`` (parameters ``c m_g`` and
    ``c (1 - m_g)``). Near 0 the groups have nothing in common; one million, the upper
    bound, means that the data show no difference at all.

    Parameters
    ----------
    successes, n : array of shape (n_groups,)
        Responses and offers; groups without an offer tell nothing.
    mean : array of shape (n_groups,)
        Expected rates, strictly between 0 and 1.

    References
    ----------
    Griffiths, D. A. (1973). Maximum likelihood estimation for the beta-binomial
    distribution and an application to the household distribution of the total number of
    cases of a disease. Biometrics, 29(4), 637-648.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    def lose(log_concentration: float) -> float:
        a, b = np.exp(log_concentration) * mean, np.exp(log_concentration) * (1 - mean)
        return -float((betaln(a + successes, b + n - successes) - betaln(a, b)).sum())

    found = minimize_scalar(lose, bounds=(LEAST_LIKE, MOST_LIKE), method="bounded")
    # The search never quite reaches its bounds; there the likelihood is flat or still rising.
    edge = MOST_LIKE if lose(MOST_LIKE) <= found.fun else found.x
    return float(np.exp(edge))


def shrink_rates(successes: Floats, n: Floats, mean: Floats) -> tuple[Floats, Floats, float]:
    """Combine each group's own count with the rate expected of it.

    Returns
    -------
    rate : array of shape (n_groups,)
        Posterior mean ``(y + c m) / (n + c)``; the expected rate where there is no offer.
    weight : array of shape (n_groups,)
        ``n / (n + c)``, how much of it is the group's own.
    concentration : float
        ``c``, see :func:`fit_concentration`.
    """
    concentration = fit_concentration(successes, n, mean)
    rate = (successes + concentration * mean) / (n + concentration)
    return rate, n / (n + concentration), concentration


def estimate_common_rate(successes: float, n: float) -> float:
    """Estimate one rate so that it is never quite 0 or 1 (half a response added to each)."""
    return (successes + 0.5) / (n + 1.0)


def learn_segment_rates(successes: pd.Series, n: pd.Series) -> pd.Series:
    """Estimate the response rate of each segment, drawn towards the rate of all.

    Parameters
    ----------
    successes, n : Series
        Responses and offers, indexed by segment.
    """
    common = estimate_common_rate(float(successes.sum()), float(n.sum()))
    y, size = successes.to_numpy(dtype=float), n.to_numpy(dtype=float)
    rate, _, _ = shrink_rates(y, size, np.full(len(y), common))
    return pd.Series(rate, index=successes.index, name="rate")


def shrink_means(sums: Floats, squares: Floats, n: Floats) -> Floats:
    """Combine each group's mean with the common one by Bühlmann and Straub's credibility.

    The weight of a group's own mean is ``n / (n + within / between)``, where the variance
    within groups and the variance between their true means are estimated without bias
    and the latter is 0 where it would be negative. The common mean weighs the groups by
    these weights.

    Parameters
    ----------
    sums, squares, n : array of shape (n_groups,)
        Sum, sum of squares and number of the values of each group; some group has two.

    Returns
    -------
    array of shape (n_groups,)
        The credibility means; the common mean for a group without values.

    References
    ----------
    Bühlmann, H., & Straub, E. (1970). Glaubwürdigkeit für Schadensätze. Mitteilungen der
    Vereinigung Schweizerischer Versicherungsmathematiker, 70, 111-133.
    """
    filled = n > 0
    total, k = n.sum(), int(filled.sum())
    mean = np.divide(sums, n, out=np.zeros_like(sums), where=filled)
    common = sums.sum() / total
    if total <= k or k < 2:  # nothing to tell within from between
        return np.full(len(n), common)
    within = max(float((squares - n * mean**2).sum()), 0.0) / (total - k)
    spread = float((n * (mean - common) ** 2).sum()) - (k - 1) * within
    between = spread / (total - float((n**2).sum()) / total)
    if between <= 0:
        return np.full(len(n), common)
    weight = np.divide(n, n + within / between, out=np.zeros_like(n), where=filled)
    common = float((weight * mean).sum() / weight.sum())
    return weight * mean + (1 - weight) * common

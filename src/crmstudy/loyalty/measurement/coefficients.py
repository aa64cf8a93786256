"""Reliability and convergent validity as functions of plain numbers.

Several formulas go by the same name and differ in the third decimal, so each says which
it is.

References
----------
Spearman, C. (1910). Correlation calculated from faulty data. British J. Psychology, 3(3),
271-295.
Brown, W. (1910). Some experimental results in the correlation of mental abilities.
British J. Psychology, 3(3), 296-322.
Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests.
Psychometrika, 16(3), 297-334.
Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability
coefficient twenty. Psychometrika, 30(3), 357-370.
Jöreskog, K. G. (1971). Statistical analysis of sets of congeneric tests. Psychometrika,
36(2), 109-133.
Fornell, C., & Larcker, D. F. (1981). Evaluating structural equation models with
unobservable variables and measurement error. Journal of Marketing Research, 18(1), 39-50.
McDonald, R. P. (1999). Test Theory: A Unified Treatment. Erlbaum.
Bonett, D. G. (2002). Sample size requirements for testing and estimating coefficient
alpha. Journal of Educational and Behavioral Statistics, 27(4), 335-340.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from crmstudy.errors import ModelError
from crmstudy.loyalty.model.moments import Array

Interval = tuple[float, float]


def cronbach_alpha(answers: ArrayLike) -> float:
    """Cronbach's alpha of the unweighted sum, from covariances (raw alpha).

    Parameters
    ----------
    answers : array of shape (n_respondents, n_items)
        Complete, all items scored in one direction, at least two items.
    """
    values = np.asarray(answers, dtype=float)
    return alpha_from_covariance(np.cov(values, rowvar=False))


def alpha_from_covariance(covariance: ArrayLike) -> float:
    """Cronbach's alpha from the items' covariance matrix; any divisor gives the same."""
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    k = len(matrix)
    if k < 2 or matrix.sum() <= 0.0:
        raise ModelError("alpha needs at least two items whose sum varies")
    return float(k / (k - 1) * (1.0 - np.trace(matrix) / matrix.sum()))


def standardised_alpha(covariance: ArrayLike) -> float:
    """Alpha of standardised items; of two items this is the Spearman-Brown coefficient."""
    return alpha_from_covariance(correlate_items(covariance))


def spearman_brown(correlation: float, *, times: float = 2.0) -> float:
    """Reliability of ``times`` parallel items from that of one (Spearman 1910; Brown 1910).

    With ``times = 2`` and the correlation of two items: the reliability of their sum.
    """
    return times * correlation / (1.0 + (times - 1.0) * correlation)


def feldt_interval(alpha: float, *, n: int, k: int, level: float) -> Interval:
    """Bound alpha by Feldt's (1965) F distribution with n - 1 and (n - 1)(k - 1) df.

    Exact for normal items with equal variances and equal covariances, else approximate.

    Parameters
    ----------
    alpha : float
    n, k : int
        Respondents and items, two or more of each.
    level : float
        Confidence between 0 and 1.
    """
    from scipy.special import fdtri

    df = (n - 1, (n - 1) * (k - 1))
    tail = (1.0 - level) / 2.0
    upper, lower = (1.0 - (1.0 - alpha) * float(fdtri(*df, p)) for p in (tail, 1.0 - tail))
    return lower, upper


def bonett_interval(alpha: float, *, n: int, k: int, level: float) -> Interval:
    """Bound alpha on the scale of ln(1 - alpha), variance 2k / ((k - 1)(n - 2)).

    Bonett (2002); parameters as in :func:`feldt_interval`, n three or more.
    """
    from scipy.special import ndtri

    reach = float(ndtri(0.5 + level / 2.0)) * np.sqrt(2.0 * k / ((k - 1) * (n - 2)))
    lower, upper = (1.0 - (1.0 - alpha) * np.exp(sign * reach) for sign in (1.0, -1.0))
    return float(lower), float(upper)


def omega_total(loadings: ArrayLike, errors: ArrayLike) -> float:
    """McDonald's (1999) omega of the unweighted sum of the items as they were answered.

    ``(sum l)^2 / ((sum l)^2 + sum of error variances)`` with unstandardised loadings of a
    one-factor model whose factor has variance 1, under uncorrelated errors.
    """
    common = np.sum(np.asarray(loadings)) ** 2
    return float(common / (common + np.sum(np.asarray(errors))))


def composite_reliability(loadings: ArrayLike) -> float:
    """Composite reliability (Jöreskog's rho) from standardised loadings.

    ``(sum l)^2 / ((sum l)^2 + sum (1 - l^2))``: the reliability of the unweighted sum
    of standardised items under uncorrelated errors (Fornell & Larcker 1981).
    """
    values = np.asarray(loadings, dtype=float)
    common = values.sum() ** 2
    return float(common / (common + np.sum(1.0 - values**2)))


def average_variance_extracted(loadings: ArrayLike) -> float:
    """Average variance extracted: the mean squared standardised loading."""
    return float(np.mean(np.square(np.asarray(loadings, dtype=float))))


def correlate_items(covariance: ArrayLike) -> Array:
    """Turn a covariance matrix of items into their correlations."""
    matrix = np.atleast_2d(np.asarray(covariance, dtype=float))
    sd = np.sqrt(np.diag(matrix))
    return matrix / np.outer(sd, sd)

"""Power of the tests of this study as functions of plain numbers, and the n that reaches it.

Every function takes the number of cases first and an effect that is *supposed*, never
estimated from the data at hand: power at an observed effect is its p-value told again.

References
----------
Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Erlbaum.
Fritz, M. S., & MacKinnon, D. P. (2007). Required sample size to detect the mediated effect.
Psychological Science, 18(3), 233-239.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from crmstudy.errors import ModelError, NotAvailable

#: Cases beyond which nobody plans.
MOST = 100_000_000


def power_of_two_groups(n: int, *, difference: float, alpha: float = 0.05) -> float:
    """Power of the two-sided t test of two means, ``n`` in each group.

    Parameters
    ----------
    difference : float
        Of the means, in standard deviations within a group (Cohen's d).
    """
    _refuse(n, 2, alpha=alpha)
    return _power_of_t(abs(difference) * math.sqrt(n / 2), 2 * n - 2, alpha)


def power_of_groups(n: int, *, spread: float, n_groups: int, alpha: float = 0.05) -> float:
    """Power of the F test of k means, ``n`` in each group.

    Parameters
    ----------
    spread : float
        Standard deviation of the group means in standard deviations within (Cohen's f).
    """
    _refuse(n, 2, alpha=alpha)
    if n_groups < 2:
        raise ModelError(f"{n_groups} groups: a comparison needs 2 at least")
    free = n_groups - 1, n_groups * (n - 1)
    return _power_of_f(n_groups * n * spread**2, *free, alpha)


def power_of_correlation(n: int, *, correlation: float, alpha: float = 0.05) -> float:
    """Power of the two-sided test of a correlation, by Fisher's z with its small bias."""
    from scipy.special import ndtr
    from scipy.stats import t

    _refuse(n, 4, alpha=alpha)
    if not -1 < correlation < 1:
        raise ModelError(f"a correlation lies between -1 and 1, found {correlation:g}")
    critical = t.isf(alpha / 2, n - 2)
    border = math.atanh(math.sqrt(critical**2 / (critical**2 + n - 2)))
    size = abs(correlation)
    true, root = math.atanh(size) + size / (2 * (n - 1)), math.sqrt(n - 3)
    return float(ndtr((true - border) * root) + ndtr((-true - border) * root))


def power_of_regression(
    n: int, *, gain: float, n_tested: int, n_predictors: int, alpha: float = 0.05
) -> float:
    """Power of the F test that ``n_tested`` of ``n_predictors`` add to a regression.

    Parameters
    ----------
    gain : float
        Variance that they explain, over the variance that stays unexplained (Cohen's f2).
    """
    if not 1 <= n_tested <= n_predictors:
        raise ModelError(f"{n_tested} of {n_predictors} predictors cannot be tested")
    _refuse(n, n_predictors + 2, alpha=alpha)
    left = n - n_predictors - 1
    return _power_of_f(gain * (n_tested + left + 1), n_tested, left, alpha)


def power_of_share(n: int, *, base: float, share: float, alpha: float = 0.05) -> float:
    """Power of the two-sided test that a share differs from ``base``, by the arcsine."""
    from scipy.special import ndtr, ndtri

    _refuse(n, 1, alpha=alpha)
    for value in (base, share):
        if not 0 < value < 1:
            raise ModelError(f"a share lies between 0 and 1, found {value:g}")
    apart = abs(2 * math.asin(math.sqrt(share)) - 2 * math.asin(math.sqrt(base)))
    reach = float(ndtri(1 - alpha / 2))
    shift = apart * math.sqrt(n)
    return float(ndtr(shift - reach) + ndtr(-shift - reach))


def power_of_mediation(n: int, *, first: float, second: float, alpha: float = 0.05) -> float:
    """Power to find that both steps of an indirect effect are there (joint significance).

    Parameters
    ----------
    first, second : float
        Slopes of the two steps between variables whose unexplained parts have variance 1,
        as Fritz and MacKinnon (2007) set them; no effect goes past the middle.
    """
    _refuse(n, 6, alpha=alpha)
    steps = (n, first), (n - 1, second)  # the second step holds the first variable fixed
    return math.prod(
        power_of_correlation(cases, correlation=slope / math.hypot(1, slope), alpha=alpha)
        for cases, slope in steps
    )


def find_n(power_at: Callable[[int], float], *, power: float, least: int = 2) -> int | NotAvailable:
    """Find the smallest n at which a rising power reaches what is wanted.

    Parameters
    ----------
    power_at : callable
        Power as a function of n; must not fall when n grows.
    power : float
        Wanted, between 0 and 1.
    least : int
        Smallest n that the test allows.
    """
    if not 0 < power < 1:
        raise ModelError(f"a power lies between 0 and 1, found {power:g}")
    enough = least
    while power_at(enough) < power:
        enough *= 2
        if enough > MOST:
            return NotAvailable(f"more than {MOST:,} cases would be needed")
    short = max(enough // 2, least - 1)
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if power_at(middle) >= power else (middle, enough)
    return enough


def _power_of_t(shift: float, free: float, alpha: float) -> float:
    """Power of a two-sided t test whose statistic is shifted; both tails reject.

    The square of a noncentral t is a noncentral F.
    """
    return _power_of_f(shift**2, 1, free, alpha)


def _power_of_f(shift: float, tested: float, free: float, alpha: float) -> float:
    """Power of an F test with this noncentrality."""
    from scipy.special import ncfdtr
    from scipy.stats import f

    if shift == 0:  # scipy's noncentral F asks for more than that
        return alpha
    return float(1 - ncfdtr(tested, free, shift, f.isf(alpha, tested, free)))


def _refuse(n: int, least: int, *, alpha: float) -> None:
    if n < least:
        raise ModelError(f"a test of this kind needs {least} cases at least, found {n}")
    if not 0 < alpha < 1:
        raise ModelError(f"alpha = {alpha:g}: a number between 0 and 1 is needed")

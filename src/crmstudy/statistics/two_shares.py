"""Two shares compared, as in a test with a treated and a held-back group.

References
----------
Newcombe, R. G. (1998). Interval estimation for the difference between independent
proportions: Comparison of eleven methods. Statistics in Medicine, 17(8), 873-890.
Miettinen, O., & Nurminen, M. (1985). Comparative analysis of two rates. Statistics in
Medicine, 4(2), 213-226.
Koopman, P. A. R. (1984). Confidence intervals for the ratio of two binomial proportions.
Biometrics, 40(2), 513-517.
Fleiss, J. L., Levin, B., & Paik, M. C. (2003). Statistical Methods for Rates and
Proportions (3rd ed., chapter 4). Wiley.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.shares import wilson_limits

FEWEST_EXPECTED = 5.0  # expected cases in a cell for the score test (Cochran, 1954)
Limits = tuple[float, float]


@dataclass(frozen=True)
class Arm:
    """Customers of one group of a test, and how many of them did what counts.

    Parameters
    ----------
    successes, n : int
        Customers who converted, and all customers of the group.

    Raises
    ------
    ModelError
        If the group is empty, or more customers converted than it has.
    """

    successes: int
    n: int

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.successes <= self.n:
            raise ModelError(
                f"a group of {self.n} customers of whom {self.successes} converted; "
                "needed are 1 customer or more, and no more conversions than customers"
            )

    @property
    def share(self) -> float:
        """Share that converted."""
        return self.successes / self.n

    def limits(self, confidence: float = 0.95) -> Limits:
        """Bound the share by Wilson's score interval."""
        lower, upper = wilson_limits(self.successes, self.n, confidence=confidence)
        return float(lower), float(upper)


@dataclass(frozen=True)
class ShareComparison:
    """A treated group beside a control group.

    Parameters
    ----------
    treated, control : Arm
        The groups.
    difference : float
        Share of the treated less that of the control group; ``difference_limits`` by
        Newcombe's hybrid score method, ``score_limits`` by Miettinen and Nurminen.
    ratio : float or NotAvailable
        Share of the treated over that of the control group, with Koopman's score limits
        (the upper one infinite where nobody of the control group converted).
    test : Hypothesis
        Pooled score test, or Fisher's exact test where a cell expects fewer than five.
    confidence : float
        Coverage of the intervals.
    """

    treated: Arm
    control: Arm
    difference: float
    difference_limits: Limits
    score_limits: Limits
    ratio: float | NotAvailable
    ratio_limits: Limits
    test: Hypothesis
    confidence: float = 0.95

    @property
    def told_apart(self) -> bool:
        """Whether the interval of the difference leaves out 0."""
        lower, upper = self.difference_limits
        return lower > 0 or upper < 0


def compare_shares(treated: Arm, control: Arm, *, confidence: float = 0.95) -> ShareComparison:
    """Compare the share of a treated group with that of a control group.

    Assumes independent customers, each counted once. Cochran's rule chooses the test: the
    pooled score test needs five expected cases in every cell.

    References
    ----------
    Cochran, W. G. (1954). Some methods for strengthening the common chi-square tests.
    Biometrics, 10(4), 417-451.
    """
    ratio: float | NotAvailable = NotAvailable("nobody of the control group converted")
    if control.successes:
        ratio = treated.share / control.share
    return ShareComparison(
        treated=treated,
        control=control,
        difference=treated.share - control.share,
        difference_limits=newcombe_limits(treated, control, confidence=confidence),
        score_limits=miettinen_nurminen_limits(treated, control, confidence=confidence),
        ratio=ratio,
        ratio_limits=koopman_limits(treated, control, confidence=confidence),
        test=check_equality(treated, control),
        confidence=confidence,
    )


def newcombe_limits(treated: Arm, control: Arm, *, confidence: float = 0.95) -> Limits:
    """Bound the difference of two shares by Newcombe's hybrid score interval (his method 10)."""
    l1, u1 = treated.limits(confidence)
    l2, u2 = control.limits(confidence)
    p1, p2 = treated.share, control.share
    return (
        p1 - p2 - float(np.hypot(p1 - l1, u2 - p2)),
        p1 - p2 + float(np.hypot(u1 - p1, p2 - l2)),
    )


def miettinen_nurminen_limits(treated: Arm, control: Arm, *, confidence: float = 0.95) -> Limits:
    """Bound the difference of two shares by Miettinen and Nurminen's score interval."""
    n = treated.n + control.n
    correction = np.sqrt(n / (n - 1))

    def score(difference: float) -> float:
        p1, p2 = _restrict_difference(treated, control, difference)
        gap = treated.share - control.share - difference
        return _standardise(gap, p1, p2, 1.0, treated.n, control.n) / correction

    return _invert(score, treated.share - control.share, (-1.0, 1.0), confidence)


def koopman_limits(treated: Arm, control: Arm, *, confidence: float = 0.95) -> Limits:
    """Bound the ratio of two shares by Koopman's score interval; (0, inf) if nobody converted."""
    if treated.successes + control.successes == 0:
        return 0.0, float("inf")

    # On the scale ratio / (1 + ratio) both ends, 0 and infinity, are finite.
    def score(place: float) -> float:
        if place >= 1:  # reached only where nobody of the control group converted
            return 0.0
        ratio = place / (1 - place)
        p1, p2 = _restrict_ratio(treated, control, ratio)
        gap = treated.share - ratio * control.share
        return _standardise(gap, p1, p2, ratio, treated.n, control.n)

    middle = treated.share / (treated.share + control.share)
    lower, upper = _invert(score, middle, (0.0, 1.0), confidence)
    return lower / (1 - lower) if lower < 1 else float("inf"), (
        upper / (1 - upper) if upper < 1 else float("inf")
    )


def check_equality(treated: Arm, control: Arm) -> Hypothesis:
    """Test whether both groups convert alike: pooled score test, Fisher's where cases are few."""
    from scipy.special import ndtr
    from scipy.stats import fisher_exact

    null = "both groups convert at the same rate"
    pooled = (treated.successes + control.successes) / (treated.n + control.n)
    difference = treated.share - control.share
    rare = min(pooled, 1 - pooled) * min(treated.n, control.n)
    if rare < FEWEST_EXPECTED:
        cells = [[arm.successes, arm.n - arm.successes] for arm in (treated, control)]
        p = float(fisher_exact(cells).pvalue)
        return Hypothesis(null, difference, min(p, 1.0), "Fisher's exact test")
    z = _standardise(difference, pooled, pooled, 1.0, treated.n, control.n)
    return Hypothesis(null, z, float(2 * ndtr(-abs(z))), "normal")


def _standardise(gap: float, p1: float, p2: float, weight: float, n1: int, n2: int) -> float:
    """Divide by the standard error under the restriction; infinite where that is 0."""
    variance = p1 * (1 - p1) / n1 + weight**2 * p2 * (1 - p2) / n2
    if variance <= 0:
        return 0.0 if abs(gap) < 1e-14 else float(np.copysign(np.inf, gap))
    return gap / float(np.sqrt(variance))


def _restrict_difference(treated: Arm, control: Arm, difference: float) -> Limits:
    """Estimate both shares by maximum likelihood, given their difference."""
    n, n2, x2 = treated.n + control.n, control.n, control.successes
    converted = treated.successes + x2
    # A cubic in the share of the control group, divided by its leading coefficient.
    b = (difference * (n + n2) - n - converted) / n
    c = ((n2 * difference - n - 2 * x2) * difference + converted) / n
    d = x2 * difference * (1 - difference) / n
    v = b**3 / 27 - b * c / 6 + d / 2
    u = float(np.copysign(np.sqrt(max(b**2 / 9 - c / 3, 0.0)), v))
    turn = 1.0 if u == 0 else float(np.clip(v / u**3, -1.0, 1.0))
    root = 2 * u * np.cos((np.pi + np.arccos(turn)) / 3) - b / 3
    p2 = float(np.clip(root, max(0.0, -difference), min(1.0, 1 - difference)))
    return float(np.clip(p2 + difference, 0.0, 1.0)), p2


def _restrict_ratio(treated: Arm, control: Arm, ratio: float) -> Limits:
    """Estimate both shares by maximum likelihood, given their ratio."""
    n1, n2, x1, x2 = treated.n, control.n, treated.successes, control.successes
    a = (n1 + n2) * ratio
    b = n1 * ratio + x1 + n2 + x2 * ratio
    c = x1 + x2
    p2 = c / b if a == 0 else 2 * c / (b + np.sqrt(max(b**2 - 4 * a * c, 0.0)))
    p2 = float(np.clip(p2, 0.0, 1.0 if ratio <= 1 else 1 / ratio))
    return float(np.clip(ratio * p2, 0.0, 1.0)), p2


def _invert(
    score: Callable[[float], float], middle: float, ends: Limits, confidence: float
) -> Limits:
    """Find where a falling score leaves the interval that chance explains."""
    from scipy.optimize import brentq
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    found = []
    for end, level in zip(ends, (z, -z), strict=True):
        edge = end + (middle - end) * 1e-12
        if abs(middle - end) < 1e-15 or (score(edge) - level) * level < 0:
            found.append(end)
            continue
        found.append(float(brentq(lambda at, by=level: score(at) - by, edge, middle, xtol=1e-14)))
    return found[0], found[1]

"""A measured number with its interval and the cases it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.shares import wilson_limits


@dataclass(frozen=True)
class Interval:
    """Confidence interval: its ends, its level, and the method in words."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Measurement:
    """A number, how many cases it rests on, and its interval or why it has none."""

    value: float
    n: int
    interval: Interval | NotAvailable


def measure_share(successes: int, n: int, *, level: float = 0.95) -> Measurement:
    """Share of n cases, with Wilson's score interval.

    Raises
    ------
    ModelError
        If there are no cases.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical
    inference. J. American Statistical Association, 22(158), 209-212.
    """
    if n == 0:
        raise ModelError("there are no cases to take a share of")
    low, high = wilson_limits(successes, n, confidence=level)
    return Measurement(successes / n, n, Interval(float(low), float(high), level, "Wilson"))


def measure_mean(values: np.ndarray, *, level: float = 0.95) -> Measurement:
    """Mean of the cases, with Student's t interval.

    Raises
    ------
    ModelError
        If there are fewer than two cases.
    """
    _require_cases(len(values))
    spread = float(np.std(values, ddof=1)) / sqrt(len(values))
    return _student(float(np.mean(values)), spread, len(values), level, "t")


def measure_ratio(
    numerators: np.ndarray, denominators: np.ndarray, *, level: float = 0.95
) -> Measurement:
    """Ratio of two sums over the same cases, with a linearised t interval.

    The standard error is that of the mean of ``y - r x`` over the mean of ``x``: it
    counts that cases with a large denominator weigh more.

    Raises
    ------
    ModelError
        If there are fewer than two cases or the denominators sum to 0 or less.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques (3rd ed.), section 2.11. Wiley.
    """
    n, total = len(numerators), float(np.sum(denominators))
    _require_cases(n)
    if total <= 0:
        raise ModelError(f"the denominators sum to {total:g}; a ratio needs more than 0")
    ratio = float(np.sum(numerators)) / total
    errors = numerators - ratio * denominators
    spread = sqrt(float(errors @ errors) / (n - 1) / n) / (total / n)
    return _student(ratio, spread, n, level, "t, ratio of sums")


def _student(value: float, spread: float, n: int, level: float, method: str) -> Measurement:
    # Imported here: SciPy's special functions cost a tenth of a second at the start.
    from scipy.special import stdtrit

    half = float(stdtrit(n - 1, (1 + level) / 2)) * spread
    return Measurement(value, n, Interval(value - half, value + half, level, method))


def _require_cases(n: int) -> None:
    if n < 2:
        raise ModelError(f"an interval needs two cases or more; found {n}")

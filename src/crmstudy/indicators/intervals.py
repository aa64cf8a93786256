"""A measured number with its interval and the cases it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.shares import wilson_limits
from crmstudy.statistics.draws import sort_points

Floats = npt.NDArray[np.float64]

#: Cells of one block of bootstrap samples: 32 MB of memory, whatever the cases.
BLOCK_CELLS = 2_000_000


@dataclass(frozen=True)
class Interval:
    """Confidence interval: its ends, its level, and the method in words."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Measurement:
    """A number, how many cases it rests on, and its interval or why it has none.

    ``note`` holds what a reader should know of this very number.
    """

    value: float
    n: int
    interval: Interval | NotAvailable
    note: str = ""

    def say(self, note: str) -> Measurement:
        """Return the same measurement with a note."""
        return replace(self, note=note)


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


def measure_mean(values: Floats, *, level: float = 0.95) -> Measurement:
    """Mean of the cases, with Student's t interval.

    Raises
    ------
    ModelError
        If there are fewer than two cases.
    """
    _require_cases(len(values))
    spread = float(np.std(values, ddof=1)) / sqrt(len(values))
    return _student(float(np.mean(values)), spread, len(values), level, "t")


def measure_ratio(numerators: Floats, denominators: Floats, *, level: float = 0.95) -> Measurement:
    """Ratio of two sums over the same cases, with a linearised (delta) t interval.

    The standard error is that of the mean of ``y - r x`` over the mean of ``x``: it
    counts that cases with a large denominator weigh more. Where no case can push the ratio
    out of 0 to 1, the interval is cut there too.

    Raises
    ------
    ModelError
        If there are fewer than two cases or the denominators sum to 0 or less.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques (3rd ed.), section 2.11. Wiley.
    """
    n, total = len(numerators), float(np.sum(denominators))
    _require_ratio(n, total)
    ratio = float(np.sum(numerators)) / total
    errors = numerators - ratio * denominators
    spread = sqrt(float(errors @ errors) / (n - 1) / n) / (total / n)
    found = _student(ratio, spread, n, level, "t, ratio of sums")
    if not _is_share(numerators, denominators) or isinstance(found.interval, NotAvailable):
        return found
    ends = found.interval
    return replace(found, interval=replace(ends, low=max(ends.low, 0.0), high=min(ends.high, 1.0)))


def resample_ratio(
    numerators: Floats, denominators: Floats, *, seed: int, n_draws: int, level: float = 0.95
) -> Interval:
    """Bound a ratio of two sums by the bootstrap over cases (percentiles).

    Raises
    ------
    ModelError
        If there are fewer than two cases, or the denominators of all of them, or of a
        sample, sum to 0 or less.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
    """
    _require_ratio(len(numerators), float(np.sum(denominators)))
    pairs = np.column_stack([numerators, denominators]).astype(np.float64)
    # The same samples, whatever the order of the cases; rounded, for sums of the same lines
    # in another order differ in the last bit.
    pairs = pairs[sort_points(pairs.round(6))]
    sums = np.vstack(list(_resample_sums(pairs, np.random.default_rng(seed), n_draws)))
    _require_ratio(len(pairs), float(sums[:, 1].min()))
    tail = (1 - level) / 2
    low, high = np.quantile(sums[:, 0] / sums[:, 1], [tail, 1 - tail])
    return Interval(float(low), float(high), level, f"bootstrap, {n_draws:,} samples")


def measure_median(values: Floats, *, level: float = 0.95) -> Measurement:
    """Median of the cases, with the interval between two order statistics.

    How many cases lie below the true median is binomial with one half, whatever their
    distribution; the ends are the cases whose ranks hold the level at least. A case known
    to be longer than any other may be infinite.

    Raises
    ------
    ModelError
        If there is no case, or half or more are infinite.

    References
    ----------
    Conover, W. J. (1999). Practical Nonparametric Statistics (3rd ed.), section 3.2. Wiley.
    """
    # Imported here: SciPy's special functions cost a tenth of a second at the start.
    from scipy.special import bdtr

    n = len(values)
    if n == 0:
        raise ModelError("there are no cases to take a median of")
    ordered = np.sort(values)
    middle = ordered[[(n - 1) // 2, n // 2]]
    if np.isinf(middle).any():
        raise ModelError("half of the cases or more have no end: the median is beyond them")
    below = bdtr(np.arange(n), n, 0.5)
    rank = int(np.sum(below <= (1 - level) / 2))  # number of cases cut off at each end
    value = float(middle.mean())
    if rank == 0:
        none = NotAvailable(f"{n} cases are too few for a {level:.0%} interval of a median")
        return Measurement(value, n, none)
    low, high = float(ordered[rank - 1]), float(ordered[n - rank])
    if np.isinf(high):
        return Measurement(value, n, NotAvailable("its upper end lies among cases without end"))
    return Measurement(value, n, Interval(low, high, level, "order statistics"))


def _resample_sums(pairs: Floats, rng: np.random.Generator, n_draws: int) -> Iterator[Floats]:
    """Sum pairs over samples with replacement, in blocks that bound the memory."""
    n = len(pairs)
    size = max(1, BLOCK_CELLS // n)
    for first in range(0, n_draws, size):
        rows = rng.integers(n, size=(min(size, n_draws - first), n))
        yield np.column_stack([column[rows].sum(axis=1) for column in pairs.T])


def _is_share(numerators: Floats, denominators: Floats) -> bool:
    return bool((numerators >= 0).all() and (numerators <= denominators).all())


def _student(value: float, spread: float, n: int, level: float, method: str) -> Measurement:
    from scipy.special import stdtrit

    if spread == 0:
        return Measurement(value, n, NotAvailable("all cases are alike, nothing varies"))
    half = float(stdtrit(n - 1, (1 + level) / 2)) * spread
    return Measurement(value, n, Interval(value - half, value + half, level, method))


def _require_ratio(n: int, total: float) -> None:
    _require_cases(n)
    if total <= 0:
        raise ModelError(f"the denominators sum to {total:g}; a ratio needs more than 0")


def _require_cases(n: int) -> None:
    if n < 2:
        raise ModelError(f"an interval needs two cases or more; found {n}")

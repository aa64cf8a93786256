"""Measures of a segmentation that every method shares, each with what its error is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.methods.partition import Floats, Integers

TOP_SHARE = 0.2  # of the customers, in the lift
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A measure and its error, in parts that can be paired with those of another.

    Parameters
    ----------
    value : float
        The measure.
    parts : array
        What each customer (or each replicate) adds to the error, in a fixed order: the
        root of the sum of squares is the standard error, and the same of the difference of
        two estimates' parts is the standard error of their difference.
    df : float
        Degrees of freedom of the standard error; infinite for sums over customers.
    """

    value: float
    parts: Floats
    df: float = float("inf")

    @property
    def standard_error(self) -> float:
        """Standard error of the value."""
        return float(np.sqrt((self.parts**2).sum()))

    @property
    def limits(self) -> tuple[float, float]:
        """The 95% interval."""
        from scipy.stats import t

        reach = float(t.ppf(0.5 + CONFIDENCE / 2, self.df)) * self.standard_error
        return self.value - reach, self.value + reach

    def spread(self, rows: npt.NDArray[np.intp], size: int) -> Estimate:
        """Put the parts at these places among ``size`` customers, 0 for the others."""
        parts = np.zeros(size)
        parts[rows] = self.parts
        return Estimate(self.value, parts, self.df)


def compare_estimates(one: Estimate, other: Estimate) -> tuple[float, float, float]:
    """Give the difference, its standard error, and the two-sided p-value.

    The two were measured on the same customers or replicates, in the same order.
    """
    from scipy.stats import t

    difference = one.value - other.value
    error = float(np.sqrt(((one.parts - other.parts) ** 2).sum()))
    if error == 0:
        return difference, 0.0, 1.0 if difference == 0 else 0.0
    return difference, error, float(2 * t.sf(abs(difference) / error, min(one.df, other.df)))


def measure_widths(distances: Floats, labels: Integers) -> Floats:
    """Compute each customer's silhouette width; 0 for who is alone in a segment.

    Parameters
    ----------
    distances : array of shape (n, n)
        Between customers.
    labels : array of shape (n,)
        Their segments.

    References
    ----------
    Rousseeuw, P. J. (1987). Silhouettes. J. Comput. Appl. Math., 20, 53-65.
    """
    codes, member = _indicate(labels)
    if member.shape[1] < 2:
        return np.zeros(len(labels))
    sizes, rows = member.sum(axis=0), np.arange(len(labels))
    sums = distances @ member
    own = sums[rows, codes] / np.maximum(sizes[codes] - 1, 1)
    means = sums / sizes
    means[rows, codes] = np.inf
    other = means.min(axis=1)
    larger = np.maximum(own, other)
    lonely = (sizes[codes] == 1) | (larger == 0)
    return np.where(lonely, 0.0, (other - own) / np.where(larger == 0, 1.0, larger))


def average(parts: Floats) -> Estimate:
    """Estimate a mean over customers."""
    value = float(parts.mean())
    return Estimate(value, (parts - value) / len(parts))


def average_replicates(values: Floats) -> Estimate:
    """Estimate a mean over replicates, with the standard error of so few."""
    value, n = float(values.mean()), len(values)
    if n < 2:
        return Estimate(value, np.zeros(n))
    return Estimate(value, (values - value) / np.sqrt(n * (n - 1)), n - 1)


def separate_numbers(values: Floats, labels: Integers) -> tuple[Floats, Floats]:
    """Compute how much of each number's variance lies between the segments.

    Parameters
    ----------
    values : array of shape (n, n_numbers)
        Numbers that vary.
    labels : array of shape (n,)
        Segments.

    Returns
    -------
    array of shape (n_numbers,)
        Omega squared (Hays 1963): corrected for chance, below 0 where the segments differ
        less than random ones would.
    array of shape (n, n_numbers)
        What each customer adds to its error (the influence function of eta squared over n).
    """
    _, member = _indicate(labels)
    n, k = member.shape
    standard = (values - values.mean(axis=0)) / values.std(axis=0)
    means = member @ ((member.T @ standard) / member.sum(axis=0)[:, None])
    eta = (means**2).mean(axis=0)
    parts = (2 * means * standard - means**2 - eta * standard**2) / n
    error = (1 - eta) / max(n - k, 1)
    return (eta - (k - 1) * error) / (1 + error), parts


def separate_categories(codes: Integers, labels: Integers) -> tuple[float, Floats]:
    """Compute the squared association of a category with the segments, less that by chance.

    Returns
    -------
    float
        Squared Cramer's V with Bergsma's correction, not cut off at 0, so that its mean over
        unrelated variables is 0.
    array of shape (n,)
        What each customer adds to its error.

    References
    ----------
    Bergsma, W. (2013). A bias-correction for Cramer's V and Tschuprow's T. J. of the Korean
    Statistical Society, 42(3), 323-328.
    """
    levels, level = _indicate(codes)
    segments, member = _indicate(labels)
    n, n_levels, k = len(codes), level.shape[1], member.shape[1]
    if min(n_levels, k) < 2:
        return 0.0, np.zeros(n)
    joint = level.T @ member / n
    p_level, p_segment = joint.sum(axis=1), joint.sum(axis=0)
    ratio = joint / np.outer(p_level, p_segment)
    phi = float((ratio * joint).sum()) - 1
    row, column = (ratio * joint).sum(axis=1) / p_level, (ratio * joint).sum(axis=0) / p_segment
    corrected = phi - (n_levels - 1) * (k - 1) / (n - 1)
    span = min(_shrink(n_levels, n), _shrink(k, n)) - 1
    parts = 2 * ratio[levels, segments] - row[levels] - column[segments]
    return corrected / span, parts / (n * span)


def separate_variables(variables: pd.DataFrame, labels: Integers) -> tuple[Floats, Floats]:
    """Measure how far segments differ in each variable, numbers and categories alike.

    Returns
    -------
    array of shape (n_variables,), array of shape (n, n_variables)
        Omega squared of numbers, squared corrected Cramer's V of categories; variables that
        do not vary are left out.
    """
    values, parts = [np.zeros(0)], [np.zeros((len(labels), 0))]
    numbers = variables.select_dtypes("number")
    varying = numbers.loc[:, (numbers != numbers.iloc[0]).any()]
    if varying.shape[1]:
        value, part = separate_numbers(varying.to_numpy(dtype=float), labels)
        values.append(value)
        parts.append(part)
    for name in variables.columns.difference(numbers.columns, sort=False):
        codes, levels = pd.factorize(variables[name], sort=True)
        if len(levels) > 1:
            number, part = separate_categories(np.asarray(codes, dtype=np.int64), labels)
            values.append(np.array([number]))
            parts.append(part[:, None])
    return np.concatenate(values), np.hstack(parts)


def measure_r_squared(actual: Floats, predicted: Floats, baseline: Floats) -> Estimate:
    """Compare squared errors with those of a forecast that knows no segments.

    Parameters
    ----------
    actual, predicted, baseline : array of shape (n,)
        What came, what the segment said, and what the mean of all said; both forecasts
        made from other customers.

    Returns
    -------
    Estimate
        1 - SSE / SSE of the baseline; below 0 where segments forecast worse than the mean.
    """
    errors, total = (actual - predicted) ** 2, (actual - baseline) ** 2
    value = 1 - float(errors.sum() / total.sum())
    return Estimate(value, ((1 - value) * total - errors) / total.sum())


def choose_top(predicted: Floats, share: float = TOP_SHARE) -> Floats:
    """Weigh the customers with the highest forecasts: 1 inside, a share on the edge, 0 below.

    Customers with equal forecasts cannot be told apart: those on the edge count in part.
    """
    _, place, sizes = np.unique(-predicted, return_inverse=True, return_counts=True)
    before = np.cumsum(sizes) - sizes
    room = np.clip(share * len(predicted) - before, 0, sizes)
    return np.asarray((room / sizes)[place])


def measure_lift(actual: Floats, weights: Floats) -> Estimate | NotAvailable:
    """Compare the mean of the chosen customers with that of all: 1 is no better than chance."""
    mean, size = float(actual.mean()), float(weights.sum())
    if mean <= 0:
        return NotAvailable("the customers' mean value is not positive in the later period")
    top = float(weights @ actual) / size
    value = top / mean
    parts = weights * (actual - top) / (size * mean)
    return Estimate(value, parts - value * (actual - mean) / (len(actual) * mean))


def _indicate(labels: Integers) -> tuple[npt.NDArray[np.intp], Floats]:
    found, codes = np.unique(labels, return_inverse=True)
    return codes, (codes[:, None] == np.arange(len(found))).astype(float)


def _shrink(levels: int, n: int) -> float:
    return levels - (levels - 1) ** 2 / (n - 1)

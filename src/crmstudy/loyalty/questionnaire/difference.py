"""Difference scores, and the regression that says whether a difference may be taken.

Taking satisfaction for experience minus expectation sets two equal and opposite weights
that nobody has looked at. Regressing it on both shows the weights; its quadratic
extension shows a surface, of which two lines matter: where experience and expectation
agree, and where they differ (Edwards & Parry 1993; Shanock et al. 2010).

References
----------
Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an
alternative to difference scores in organizational research. Academy of Management
Journal, 36(6), 1577-1613.
Lord, F. M. (1963). Elementary models for measuring change. In C. W. Harris (Ed.), Problems
in measuring change (pp. 21-38). University of Wisconsin Press.
Peter, J. P., Churchill, G. A., & Brown, T. J. (1993). Caution in the use of difference
scores in consumer research. Journal of Consumer Research, 19(4), 655-662.
Shanock, L. R., Baran, B. E., Gentry, W. A., Pattison, S. C., & Heggestad, E. D. (2010).
Polynomial regression with response surface analysis. Journal of Business and Psychology,
25(4), 543-554.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError
from crmstudy.statistics.threads import hold_one_thread

Floats = NDArray[np.float64]

#: What each response-surface number says: (name, terms of the quadratic model, meaning).
SURFACE = (
    ("a1", (0, 1, 1, 0, 0, 0), "slope where both agree"),
    ("a2", (0, 0, 0, 1, 1, 1), "curvature where both agree"),
    ("a3", (0, 1, -1, 0, 0, 0), "slope towards more expectation than experience"),
    ("a4", (0, 0, 0, 1, -1, 1), "curvature on that line"),
)
LINEAR = ("constant", "expectation", "experience")
QUADRATIC = (
    *LINEAR,
    "expectation squared",
    "expectation x experience",
    "experience squared",
)


class Coefficient(NamedTuple):
    """An estimate with its standard error, t test and interval."""

    estimate: float
    se: float
    t: float
    p_value: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Regression:
    """Ordinary least squares.

    Attributes
    ----------
    terms : tuple of str
    coefficients : array of shape (n_terms,)
    covariance : array of shape (n_terms, n_terms)
        With the residual variance of divisor ``df``.
    rss, r_squared : float
    n : int
    """

    terms: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    rss: float
    r_squared: float
    n: int

    @property
    def df(self) -> int:
        """Respondents minus terms."""
        return self.n - len(self.terms)

    def combine(self, weights: Sequence[float] | Floats, *, level: float) -> Coefficient:
        """Estimate a weighted sum of the coefficients."""
        from scipy.special import stdtr, stdtrit

        chosen = np.asarray(weights, dtype=float)
        estimate = float(chosen @ self.coefficients)
        se = float(np.sqrt(chosen @ self.covariance @ chosen))
        reach = float(stdtrit(self.df, 0.5 + level / 2)) * se
        t = estimate / se
        p_value = float(2 * stdtr(self.df, -abs(t)))
        return Coefficient(estimate, se, t, p_value, estimate - reach, estimate + reach)

    def table(self, *, level: float) -> pd.DataFrame:
        """Return ``term, estimate, se, t, p value, lower, upper``."""
        rows = [
            (term, *self.combine(row, level=level))
            for term, row in zip(self.terms, np.eye(len(self.terms)), strict=True)
        ]
        names = ["term", "estimate", "se", "t", "p value", "lower", "upper"]
        return pd.DataFrame(rows, columns=names)


def regress(outcome: Floats, terms: dict[str, Floats]) -> Regression:
    """Regress by least squares on the terms and a constant.

    Raises
    ------
    ModelError
        If respondents are too few, the outcome is constant, or terms determine each other.
    """
    design = np.column_stack([np.ones(len(outcome)), *terms.values()])
    names = ("constant", *terms)
    n, k = design.shape
    if n <= k:
        raise ModelError(f"{n} respondents are too few for a regression with {k} terms")
    total = float(((outcome - outcome.mean()) ** 2).sum())
    scale = np.sqrt((design**2).sum(axis=0))
    if total == 0.0 or not scale.all():
        raise ModelError("the regression needs answers that differ")
    unit = design / scale
    if np.linalg.svd(unit, compute_uv=False)[-1] < 1e-8:
        raise ModelError(f"{', '.join(terms)} determine each other: their weights are not known")
    with hold_one_thread("blas"):  # the same bytes everywhere
        inverse = np.linalg.inv(unit.T @ unit) / np.outer(scale, scale)
        coefficients = np.linalg.lstsq(unit, outcome)[0] / scale
        rss = float(((outcome - design @ coefficients) ** 2).sum())
    if rss < 1e-20 * total:
        raise ModelError(
            f"{', '.join(terms)} leave nothing unexplained: there is no error to test by"
        )
    return Regression(names, coefficients, inverse * rss / (n - k), rss, 1 - rss / total, n)


def compare(smaller: Regression, larger: Regression, *, null: str) -> Hypothesis:
    """Test by F whether a smaller, nested regression does as well."""
    from scipy.special import fdtrc

    steps = len(larger.terms) - len(smaller.terms)
    f = (smaller.rss - larger.rss) / steps / (larger.rss / larger.df)
    return Hypothesis(null, f, float(fdtrc(steps, larger.df, f)), f"F({steps}, {larger.df})")


def difference_reliability(
    reliabilities: tuple[float, float], sds: tuple[float, float], correlation: float
) -> float:
    """Reliability of the difference of two scores (Lord 1963).

    ``(sx2 rxx + sy2 ryy - 2 sx sy rxy) / (sx2 + sy2 - 2 sx sy rxy)``: the more the two
    correlate, the less is left but error. May be negative where the correlation exceeds
    what the reliabilities allow.
    """
    (rx, ry), (sx, sy) = reliabilities, sds
    shared = 2 * sx * sy * correlation
    variance = sx**2 + sy**2 - shared
    if variance <= 0.0:
        raise ModelError("the two scores differ by a constant: their difference has no reliability")
    return float((sx**2 * rx + sy**2 * ry - shared) / variance)


def standardised_mean_limits(d: float, n: int, *, level: float) -> tuple[float, float]:
    """Bound a standardised mean difference of pairs by the noncentral t distribution.

    Limits are the noncentralities at which ``d sqrt(n)`` is a tail's quantile, divided
    by ``sqrt(n)`` (Steiger, J. H., & Fouladi, R. T. (1997). Noncentrality interval
    estimation and the evaluation of statistical models. In L. L. Harlow, S. A. Mulaik, &
    J. H. Steiger (Eds.), What if there were no significance tests? (pp. 221-257). Erlbaum).
    """
    from scipy.optimize import brentq
    from scipy.special import nctdtr

    t, df = d * np.sqrt(n), n - 1

    reach = 10.0 + 10.0 * abs(t) / np.sqrt(df)  # ten standard errors and more

    def place(tail: float) -> float:
        def exceed(shift: float) -> float:
            below = float(nctdtr(df, shift, t))
            return (float(shift < t) if np.isnan(below) else below) - tail  # far out it gives up

        return float(brentq(exceed, t - reach, t + reach, xtol=1e-12) / np.sqrt(n))

    tail = (1 - level) / 2
    return place(1 - tail), place(tail)

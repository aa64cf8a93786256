"""Are the answers jointly normal: Mardia's multivariate skewness and kurtosis.

References
----------
Mardia, K. V. (1970). Measures of multivariate skewness and kurtosis with applications.
Biometrika, 57(3), 519-530.
Mardia, K. V. (1974). Applications of some measures of multivariate skewness and kurtosis
in testing normality and robustness studies. Sankhya B, 36(2), 115-128.
Bentler, P. M. (2006). EQS 6 structural equations program manual. Multivariate Software.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, nearest, passes_absence
from crmstudy.loyalty.questionnaire.reading import read_numbers
from crmstudy.statistics.threads import hold_one_thread

Floats = NDArray[np.float64]

MAX_NORMALISED_KURTOSIS = 5.0  # Bentler (2006)
TINY = float(np.finfo(float).tiny)  # a p-value too small to be written is not 0
_ROWS = 4096  # respondents at a time: a block of cubes stays in the cache


@dataclass(frozen=True)
class MultivariateNormality:
    """Mardia's measures and what they say of normality.

    Attributes
    ----------
    skewness, kurtosis : float
        ``b1p`` and ``b2p``; under normality 0 and ``p (p + 2)`` in a large sample.
    n_used, n_items : int
        Complete respondents, and items.
    skewness_test, corrected_test, kurtosis_test : Hypothesis
        Chi-squared, the same with Mardia's (1974) correction for small samples, and z.
    check : Check
        Whether the normalised kurtosis is within the conventional limit.
    """

    skewness: float
    kurtosis: float
    n_used: int
    n_items: int
    skewness_test: Hypothesis
    corrected_test: Hypothesis
    kurtosis_test: Hypothesis
    check: Check

    def table(self) -> pd.DataFrame:
        """Return ``measure, value, if normal, statistic, distribution, p value``."""
        expected = float(self.n_items * (self.n_items + 2))
        rows = [
            ("skewness", self.skewness, 0.0, self.skewness_test),
            ("skewness, corrected for small samples", self.skewness, 0.0, self.corrected_test),
            ("kurtosis", self.kurtosis, expected, self.kurtosis_test),
        ]
        return pd.DataFrame(
            [
                (name, value, normal, test.statistic, test.distribution, test.p_value)
                for name, value, normal, test in rows
            ],
            columns=["measure", "value", "if normal", "statistic", "distribution", "p value"],
        )

    def to_metrics(self) -> dict[str, float]:
        """Both measures, their tests, and n."""
        return {
            "n_used": self.n_used,
            "n_items": self.n_items,
            "skewness": self.skewness,
            "skewness_chi2": self.skewness_test.statistic,
            "skewness_p": self.skewness_test.p_value,
            "kurtosis": self.kurtosis,
            "kurtosis_z": self.kurtosis_test.statistic,
            "kurtosis_p": self.kurtosis_test.p_value,
        }


@passes_absence
def assess_normality(survey: pd.DataFrame, *, items: Sequence[str]) -> MultivariateNormality:
    """Measure multivariate skewness and kurtosis of respondents without a gap.

    Parameters
    ----------
    survey : DataFrame of shape (n_respondents, ...)
        One numeric column per item, NaN where a respondent skipped it.
    items : sequence of str
        The items whose joint distribution is in question: those of a model.

    Notes
    -----
    The covariance matrix has the divisor n - 1, as in ``psych::mardia`` of R, so that the
    measures are smaller than Mardia's own by factors ``((n - 1) / n) ** 3`` and ``** 2``.

    Raises
    ------
    ModelError
        If an item is no column, no more respondents are complete than there are items,
        or an item is constant or a combination of others.
    """
    for item in items:
        if item not in survey:
            hint = nearest(item, map(str, survey.columns))
            raise ModelError(f"item {item!r} is not a column of the survey{hint}")
    complete = read_numbers(survey, items=items).dropna().to_numpy()
    with hold_one_thread("blas"):  # the same bytes everywhere
        skewness, kurtosis = measure_mardia(complete)
    n, p = complete.shape
    cubes = p * (p + 1) * (p + 2) // 6
    correction = (p + 1) * (n + 1) * (n + 3) / (n * ((n + 1) * (p + 1) - 6))
    z = (kurtosis - p * (p + 2)) * np.sqrt(n / (8 * p * (p + 2)))
    return MultivariateNormality(
        skewness,
        kurtosis,
        n,
        p,
        _chi2("multivariate skewness is 0", n * skewness / 6, cubes),
        _chi2("multivariate skewness is 0", n * correction * skewness / 6, cubes),
        _normal("multivariate kurtosis is that of a normal distribution", float(z)),
        _check(float(z)),
    )


def measure_mardia(answers: Floats) -> tuple[float, float]:
    """Compute Mardia's b1p and b2p of complete answers, with the divisor n - 1.

    The sum over all pairs of respondents is the squared norm of the third moments of
    whitened answers: its cost grows with n, not with its square.
    """
    n, p = answers.shape
    if n <= p:
        raise ModelError(f"{n} complete respondents are too few for {p} items")
    centred = answers - answers.mean(axis=0)
    scale = centred.std(axis=0, ddof=1)
    if not scale.all():
        raise ModelError("multivariate normality needs items that are not constant")
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(centred / scale, rowvar=False)))
    if values[0] < 1e-8:
        raise ModelError("multivariate normality needs items that do not determine each other")
    white = (centred / scale) @ vectors / np.sqrt(values)
    third = np.zeros((p * p, p))
    for start in range(0, n, _ROWS):
        block = white[start : start + _ROWS]
        third += (block[:, :, None] * block[:, None, :]).reshape(len(block), -1).T @ block
    return float(np.sum((third / n) ** 2)), float(np.mean(np.sum(white**2, axis=1) ** 2))


def _chi2(null: str, statistic: float, df: int) -> Hypothesis:
    from scipy.special import chdtrc

    p_value = max(float(chdtrc(df, statistic)), TINY)
    return Hypothesis(null, float(statistic), p_value, f"chi2({df})")


def _normal(null: str, z: float) -> Hypothesis:
    from scipy.special import ndtr

    return Hypothesis(null, z, max(float(2 * ndtr(-abs(z))), TINY), "normal")


def _check(z: float) -> Check:
    return Check(
        "answers are jointly normal enough (normalised multivariate kurtosis)",
        z <= MAX_NORMALISED_KURTOSIS,
        z,
        f"<= {MAX_NORMALISED_KURTOSIS:g}",
        "Bentler (2006)",
        "read robust standard errors and scaled chi2 beside the normal ones",
    )

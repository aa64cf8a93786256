"""Power of the tests of fit: how many respondents until a wrong model is noticed.

The chi-squared of a model whose error of approximation is ``rmsea`` is noncentral with
``(n - 1) df rmsea^2`` (the divisor of the original paper, whichever one estimates). Three
tests are planned by it: of *close* fit (is the model close enough? a mediocre one should be
noticed), of *not-close* fit (turned round: a very good one should be noticed) and of *exact*
fit. Only the degrees of freedom are needed, so that a survey can be planned before any
answer is in.

References
----------
MacCallum, R. C., Browne, M. W., & Sugawara, H. M. (1996). Power analysis and determination
of sample size for covariance structure modeling. Psychological Methods, 1(2), 130-149.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult

MOST = 1_000_000  # respondents beyond which nobody plans


class FitTest(NamedTuple):
    """A test of fit: the error of approximation under its null, and the true one."""

    name: str
    null: float
    true: float


#: The pairs of MacCallum, Browne & Sugawara (1996), p. 138.
FIT_TESTS = (
    FitTest("close fit", 0.05, 0.08),
    FitTest("not-close fit", 0.05, 0.01),
    FitTest("exact fit", 0.00, 0.05),
)


def rmsea_power(
    n: int, df: int, *, null: float = 0.05, true: float = 0.08, alpha: float = 0.05
) -> float:
    """Compute the power of a test of fit.

    Parameters
    ----------
    n : int
        Respondents, at least 2.
    df : int
        Degrees of freedom of the model, at least 1.
    null, true : float
        RMSEA at the border of the null hypothesis and in truth. ``null < true`` rejects
        for a large chi-squared, ``null > true`` for a small one.
    alpha : float
        Level of the test, between 0 and 1.

    Raises
    ------
    ModelError
        If a number lies outside its range.
    """
    from scipy.stats import ncx2

    _refuse_impossible(df, null=null, true=true, alpha=alpha)
    if n < 2:
        raise ModelError(f"power needs at least 2 respondents, found {n}")
    expected, actual = ((n - 1) * df * rmsea**2 for rmsea in (null, true))
    if null < true:
        return float(ncx2.sf(ncx2.isf(alpha, df, expected), df, actual))
    return float(ncx2.cdf(ncx2.ppf(alpha, df, expected), df, actual))


def find_minimum_n(
    df: int, *, power: float = 0.80, null: float = 0.05, true: float = 0.08, alpha: float = 0.05
) -> int:
    """Find the smallest number of respondents at which a test of fit reaches a power.

    Raises
    ------
    ModelError
        If a number lies outside its range, or more than a million would be needed.
    """
    _refuse_impossible(df, null=null, true=true, alpha=alpha)
    if not alpha < power < 1.0:
        raise ModelError(f"a power lies between the level {alpha:g} and 1, found {power:g}")

    def reaches(n: int) -> bool:
        return rmsea_power(n, df, null=null, true=true, alpha=alpha) >= power

    enough = 4
    while not reaches(enough):
        enough *= 2
        if enough > MOST:
            raise ModelError(f"power {power:g} with {df} df would take over a million respondents")
    short = max(enough // 2, 1)
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if reaches(middle) else (middle, enough)
    return enough


@dataclass(frozen=True)
class FitPower:
    """Power of the three tests of fit.

    Attributes
    ----------
    df : int
    n_planned : int
        Respondents of the planned survey.
    power : float
        Wanted.
    alpha : float
    tests : DataFrame
        ``test``, ``RMSEA under the null``, ``true RMSEA``, ``power``, ``minimum n``.
    """

    df: int
    n_planned: int
    power: float
    alpha: float
    tests: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a test; ``power`` is that of the planned number of respondents."""
        return self.tests.copy()

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``minimum_n_close_fit``."""
        metrics: dict[str, float] = {"df": self.df, "n_planned": self.n_planned}
        for row in self.tests.to_dict("records"):
            name = row["test"].replace("-", "_").replace(" ", "_")
            metrics |= {f"power_{name}": row["power"], f"minimum_n_{name}": row["minimum n"]}
        return metrics


def plan_fit_tests(
    df: int, *, n_planned: int, power: float = 0.80, alpha: float = 0.05
) -> FitPower | NotAvailable:
    """Plan the tests of close, not-close and exact fit.

    Parameters
    ----------
    df : int
        Degrees of freedom of the planned model; with none there is no fit to test.
    n_planned : int
        Respondents whose power is shown.
    power, alpha : float
        Wanted power, and level of the tests.
    """
    if df < 1:
        return NotAvailable(f"a model with {df} degrees of freedom has no fit to test")
    rows = []
    for name, null, true in FIT_TESTS:
        reached = rmsea_power(n_planned, df, null=null, true=true, alpha=alpha)
        least = find_minimum_n(df, power=power, null=null, true=true, alpha=alpha)
        rows.append((name, null, true, reached, least))
    columns = ["test", "RMSEA under the null", "true RMSEA", "power", "minimum n"]
    tests = pd.DataFrame(rows, columns=columns)
    return FitPower(df, n_planned, power, alpha, tests)


@passes_absence
def plan_fit_of(
    result: SemResult, *, power: float = 0.80, alpha: float = 0.05
) -> FitPower | NotAvailable:
    """Plan the tests of fit for a survey as large as this one, of the same model."""
    return plan_fit_tests(result.structure.df, n_planned=result.n_used, power=power, alpha=alpha)


def _refuse_impossible(df: int, *, null: float, true: float, alpha: float) -> None:
    if df < 1:
        raise ModelError(f"power of a test of fit needs at least 1 degree of freedom, found {df}")
    if min(null, true) < 0.0 or null == true:
        raise ModelError(
            f"two different RMSEA of 0 or more are compared, found {null:g} and {true:g}"
        )
    if not 0.0 < alpha < 1.0:
        raise ModelError(f"the level of a test lies between 0 and 1, found {alpha:g}")

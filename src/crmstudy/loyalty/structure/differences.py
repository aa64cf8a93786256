"""Two models of the same answers beside each other: nested, or neither within the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, ndtr, ndtri

from crmstudy.checks import Hypothesis
from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.estimation.robust import satorra_bentler_factor, yuan_bentler_factor
from crmstudy.loyalty.estimation.scaling import scaled_difference
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.structure.nesting import require_fit, require_solution
from crmstudy.statistics.threads import hold_one_thread

LEVEL = 0.05


@dataclass(frozen=True)
class Difference:
    """A restricted model within a larger one.

    Attributes
    ----------
    restricted, larger : str
    test, scaled : Hypothesis or NotAvailable
        Chi2 difference under normality, and scaled for answers that are not normal
        (Satorra & Bentler, 2001).
    df : int
    cfi, rmsea, srmr : float
        Of the restricted model less the larger one.
    """

    restricted: str
    larger: str
    test: Hypothesis
    scaled: Hypothesis | NotAvailable
    df: int
    cfi: float
    rmsea: float
    srmr: float

    @property
    def deciding(self) -> Hypothesis:
        """The scaled test where there is one."""
        return self.test if isinstance(self.scaled, NotAvailable) else self.scaled

    @property
    def kept(self) -> str:
        """Which model the deciding test leaves standing."""
        return self.larger if self.deciding.p_value < LEVEL else self.restricted

    def row(self) -> dict[str, object]:
        """As a reader sees it."""
        scaled = self.scaled
        absent = isinstance(scaled, NotAvailable)
        return {
            "restricted model": self.restricted,
            "within": self.larger,
            "chi2 difference": self.test.statistic,
            "df": self.df,
            "p value": self.test.p_value,
            "scaled difference": None if absent else scaled.statistic,
            "scaled p value": None if absent else scaled.p_value,
            "CFI change": self.cfi,
            "RMSEA change": self.rmsea,
            "kept": self.kept,
            "decided by": "chi2 difference" if absent else "scaled difference",
        }


@dataclass(frozen=True)
class Gap:
    """Two models of which neither contains the other.

    Attributes
    ----------
    one, other : str
    aic, bic : float
        Of ``one`` less ``other``: negative speaks for ``one``.
    lower, upper : float or NotAvailable
        95% limits of the difference of AIC (and, shifted, of BIC).
    vuong : Hypothesis or NotAvailable
        Both are equally near to the truth.
    """

    one: str
    other: str
    aic: float
    bic: float
    lower: float | NotAvailable
    upper: float | NotAvailable
    vuong: Hypothesis | NotAvailable

    @property
    def nearer(self) -> str:
        """The model that is nearer to the truth, where the test tells them apart."""
        if isinstance(self.vuong, NotAvailable) or self.vuong.p_value >= LEVEL:
            return "not told apart"
        return self.one if self.vuong.statistic > 0 else self.other

    def row(self) -> dict[str, object]:
        """As a reader sees it."""
        absent = isinstance(self.vuong, NotAvailable)
        return {
            "model": self.one,
            "other": self.other,
            "AIC difference": self.aic,
            "lower": None if absent else self.lower,
            "upper": None if absent else self.upper,
            "BIC difference": self.bic,
            "Vuong z": None if absent else self.vuong.statistic,
            "p value": None if absent else self.vuong.p_value,
            "nearer": self.nearer,
        }


def measure_difference(
    restricted: str, larger: str, small: SemResult, large: SemResult
) -> Difference:
    """Test a restricted model within a larger one of the same answers."""
    one = require_fit(small)
    whole = large.structure.df == 0  # fits any data
    chi2, df_large, cfi, rmsea, srmr = (0.0, 0, 1.0, 0.0, 0.0)
    if not whole:
        other = require_fit(large)
        chi2, df_large, cfi = other.chi2, other.df, other.cfi
        rmsea, srmr = other.rmsea, other.srmr
    df, gap = one.df - df_large, max(one.chi2 - chi2, 0.0)
    null = f"what {larger} frees is zero"
    return Difference(
        restricted,
        larger,
        Hypothesis(null, gap, float(chdtrc(df, gap)), f"chi2({df})"),
        scaled_difference(one.chi2, one.df, find_factor(small), chi2, df_large, find_factor(large)),
        df,
        one.cfi - cfi,
        one.rmsea - rmsea,
        one.srmr - srmr,
    )


def measure_gap(one: str, other: str, first: SemResult, second: SemResult) -> Gap:
    """Compare two models of which neither contains the other."""
    ours, theirs = require_fit(first), require_fit(second)
    aic, bic = ours.aic - theirs.aic, ours.bic - theirs.bic
    mine, yours = weigh_respondents(first), weigh_respondents(second)
    if isinstance(mine, NotAvailable):
        return Gap(one, other, aic, bic, mine, mine, mine)
    if isinstance(yours, NotAvailable):
        return Gap(one, other, aic, bic, yours, yours, yours)
    spread, vuong = vuong_test(mine, yours)
    if isinstance(vuong, NotAvailable):
        return Gap(one, other, aic, bic, vuong, vuong, vuong)
    reach = 2.0 * float(ndtri(0.975)) * float(np.sqrt(first.n_used * spread))
    return Gap(one, other, aic, bic, aic - reach, aic + reach, vuong)


def vuong_test(one: Array, other: Array) -> tuple[float, Hypothesis | NotAvailable]:
    """Compare two models by the log-likelihood that each gives every respondent.

    Parameters
    ----------
    one, other : arrays of shape (n,)
        In the same order of respondents.

    Returns
    -------
    float
        Variance of the differences, with divisor n.
    Hypothesis or NotAvailable
        Positive speaks for ``one``. Not available where no respondent is told apart.
    """
    gap = one - other
    spread = float(np.var(gap))
    if spread <= np.finfo(float).eps * float(np.mean(one**2)):
        return spread, NotAvailable("both models give every respondent the same likelihood")
    z = float(gap.sum() / np.sqrt(len(gap) * spread))
    null = "both models are equally near to the truth"
    return spread, Hypothesis(null, z, 2.0 * float(ndtr(-abs(z))), "normal")


def weigh_respondents(fit: SemResult) -> Array | NotAvailable:
    """Return each respondent's log-likelihood, means free; shape (n_used,)."""
    if isinstance(fit.complete, NotAvailable):
        return fit.complete
    implied = require_solution(fit).implied
    centred = fit.answers - fit.answers.mean(axis=0)
    pulls = np.linalg.solve(implied, centred.T)
    distances = np.einsum("ni,in->n", centred, pulls)
    constant = len(implied) * np.log(2.0 * np.pi) + np.linalg.slogdet(implied)[1]
    likelihood: Array = -(constant + distances) / 2.0
    return likelihood


def find_factor(result: SemResult) -> float:
    """Return the factor that scales a model's chi2; 1 where it fits any data.

    Satorra & Bentler's of complete answers, Yuan & Bentler's of answers with gaps.
    """
    if result.structure.df == 0:
        return 1.0
    with hold_one_thread("blas"):
        if result.missing == "fiml":
            return yuan_bentler_factor(result.evidence, result.saturated, result.structure.df)
        return satorra_bentler_factor(result.evidence, result.structure.df)

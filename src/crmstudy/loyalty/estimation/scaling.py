"""Fit when answers are not normal: scaled tests and robust indices, from plain numbers.

With skewed answers the likelihood ratio ``T`` does not follow chi2(df); ``T / c`` comes
nearer, where ``c`` is its mean over the degrees of freedom, estimated from the fourth
moments of the answers (Satorra & Bentler, 1994; Yuan & Bentler, 2000). Indices come in
two kinds, and lavaan prints both:

* *scaled*: the scaled chi2 put into the usual formula. In large samples it approaches
  another number than the index under normal answers does.
* *robust*: ``T - c df`` in place of ``T - df`` (Brosseau-Liard & Savalei, 2014;
  Brosseau-Liard, Savalei & Li, 2012). It estimates the same number as under normal
  answers, so that the conventional thresholds keep their meaning: it is what this study
  prints.

References
----------
Brosseau-Liard, P. E., & Savalei, V. (2014). Adjusting incremental fit indices for
nonnormality. Multivariate Behavioral Research, 49(5), 460-470.
Brosseau-Liard, P. E., Savalei, V., & Li, L. (2012). An investigation of the sample
performance of two nonnormality corrections for RMSEA. Multivariate Behavioral Research,
47(6), 904-930.
Satorra, A., & Bentler, P. M. (1994). Corrections to test statistics and standard errors in
covariance structure analysis. In A. von Eye & C. C. Clogg (Eds.), Latent Variables
Analysis (pp. 399-419). Sage.
Yuan, K.-H., & Bentler, P. M. (2000). Three likelihood-based methods for mean and covariance
structure analysis with nonnormal missing data. Sociological Methodology, 30(1), 165-200.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from scipy.special import chdtrc

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.fit import (
    CLOSE_FIT,
    cfi,
    close_fit_p,
    rmsea,
    rmsea_interval,
    tli,
)


def scaled_difference(
    chi2_0: float, df_0: int, c_0: float, chi2_1: float, df_1: int, c_1: float
) -> Hypothesis | NotAvailable:
    """Test a restricted model within a larger one by scaled chi2.

    Parameters
    ----------
    chi2_0, df_0, c_0 : float, int, float
        Of the restricted model: chi2 *not* scaled, degrees of freedom, scaling factor.
    chi2_1, df_1, c_1 : float, int, float
        Of the larger model. With its own ``c_1`` the test is Satorra & Bentler's (2001);
        with the factor it has at the restricted model's estimates
        (:func:`~crmstudy.loyalty.estimation.robust.scale_nested`) their strictly positive
        one (2010).

    Returns
    -------
    Hypothesis or NotAvailable
        The latter where the difference's own factor is not positive, which the test of
        2001 allows.

    Raises
    ------
    ModelError
        If the restricted model has no more degrees of freedom than the larger one.

    References
    ----------
    Satorra, A., & Bentler, P. M. (2001). A scaled difference chi-square test statistic for
    moment structure analysis. Psychometrika, 66(4), 507-514.
    Satorra, A., & Bentler, P. M. (2010). Ensuring positiveness of the scaled difference
    chi-square test statistic. Psychometrika, 75(2), 243-248.
    """
    df = df_0 - df_1
    if df <= 0:
        raise ModelError(
            f"the restricted model has {df_0} degrees of freedom and the larger one {df_1}: "
            "give the model with fewer parameters first"
        )
    factor = (df_0 * c_0 - df_1 * (c_1 if df_1 else 0.0)) / df
    if factor <= 0.0:
        return NotAvailable(
            f"the scaling factor of the difference is {factor:.3g}, not positive: "
            "use the factor of the larger model at the restricted model's estimates"
        )
    statistic = (chi2_0 - chi2_1) / factor
    return Hypothesis(
        null="the restrictions hold in the population",
        statistic=statistic,
        p_value=float(chdtrc(df, max(statistic, 0.0))),
        distribution=f"chi2({df})",
    )


def robust_cfi(
    chi2: float, df: int, c: float, chi2_null: float, df_null: int, c_null: float
) -> float:
    """Comparative fit index of answers that are not normal (Brosseau-Liard & Savalei 2014).

    ``chi2`` and ``chi2_null`` are not scaled; ``c`` and ``c_null`` are the factors.
    """
    excess = max(chi2 - c * df, 0.0)
    worst = max(excess, chi2_null - c_null * df_null)
    return 1.0 - excess / worst if worst > 0 else 1.0


def robust_tli(
    chi2: float, df: int, c: float, chi2_null: float, df_null: int, c_null: float
) -> float:
    """Tucker-Lewis index of answers that are not normal, not cut at 1."""
    ratio = (chi2 - c * df) * df_null / ((chi2_null - c_null * df_null) * df)
    return 1.0 - ratio


def robust_rmsea(chi2: float, df: int, c: float, n: float) -> float:
    """RMSEA of answers that are not normal (Brosseau-Liard, Savalei & Li 2012)."""
    return math.sqrt(max(chi2 - c * df, 0.0) / (df * n))


def robust_rmsea_interval(chi2: float, df: int, c: float, n: float) -> tuple[float, float]:
    """90% interval of the robust RMSEA: the scaled chi2's, widened by the factor's root.

    References
    ----------
    Li, L., & Bentler, P. M. (2006). Robust statistical tests for evaluating the hypothesis
    of close fit of misspecified mean and covariance structural models. UCLA Statistics
    Preprint 506.
    """
    lower, upper = rmsea_interval(chi2 / c, df, n)
    return math.sqrt(c) * lower, math.sqrt(c) * upper


def robust_close_fit_p(
    chi2: float, df: int, c: float, n: float, *, bound: float = CLOSE_FIT
) -> float:
    """p-value of the null that the population's RMSEA is at most ``bound``."""
    return close_fit_p(chi2 / c, df, n, bound=bound / math.sqrt(c))


@dataclass(frozen=True)
class ScaledFit:
    """Fit of one model by one scaled test.

    Attributes
    ----------
    method : str
        Whose scaling factor: ``"Satorra-Bentler"`` or ``"Yuan-Bentler"``.
    chi2, df, p_value : float, int, float
        The scaled test of exact fit.
    factor, factor_null : float
        Scaling factors of the model and of its baseline.
    cfi, tli, rmsea, rmsea_lower, rmsea_upper, close_fit_p : float
        The *robust* versions (lavaan: ``cfi.robust`` etc.).
    cfi_scaled, tli_scaled, rmsea_scaled : float
        The scaled chi2 put into the usual formulas (lavaan: ``cfi.scaled`` etc.).
    """

    method: str
    chi2: float
    df: int
    p_value: float
    factor: float
    chi2_null: float
    df_null: int
    factor_null: float
    cfi: float
    tli: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    close_fit_p: float
    cfi_scaled: float
    tli_scaled: float
    rmsea_scaled: float

    @property
    def exact_fit(self) -> Hypothesis:
        """Scaled test of exact fit."""
        null = "the model reproduces the population's covariances exactly"
        return Hypothesis(null, self.chi2, self.p_value, f"chi2({self.df}), scaled")

    def to_metrics(self) -> dict[str, float]:
        """All numbers."""
        return {k: v for k, v in asdict(self).items() if not isinstance(v, str)}


@dataclass(frozen=True)
class Discrepancies:
    """A chi2 that is not scaled, its degrees of freedom, and its scaling factor."""

    chi2: float
    df: int
    factor: float


def scale_fit(
    method: str,
    tested: Discrepancies,
    null: Discrepancies,
    *,
    n: float,
    judged: tuple[Discrepancies, Discrepancies] | None = None,
) -> ScaledFit:
    """Compute a scaled test and its indices.

    Parameters
    ----------
    method : str
        Name of the scaling.
    tested, null : Discrepancies
        Of the model and of its baseline.
    n : float
        Multiplier of the discrepancy.
    judged : pair of Discrepancies, optional
        What the robust indices are computed from where it is not the test itself: with
        missing answers, model and baseline against the saturated covariances.
    """
    model, base = judged or (tested, null)
    ours, theirs = (model.chi2, model.df, model.factor), (base.chi2, base.df, base.factor)
    scaled, scaled_null = tested.chi2 / tested.factor, null.chi2 / null.factor
    lower, upper = robust_rmsea_interval(*ours, n)
    return ScaledFit(
        method=method,
        chi2=scaled,
        df=tested.df,
        p_value=float(chdtrc(tested.df, scaled)),
        factor=tested.factor,
        chi2_null=scaled_null,
        df_null=null.df,
        factor_null=null.factor,
        cfi=robust_cfi(*ours, *theirs),
        tli=robust_tli(*ours, *theirs),
        rmsea=robust_rmsea(*ours, n),
        rmsea_lower=lower,
        rmsea_upper=upper,
        close_fit_p=robust_close_fit_p(*ours, n),
        cfi_scaled=cfi(scaled, tested.df, scaled_null, null.df),
        tli_scaled=tli(scaled, tested.df, scaled_null, null.df),
        rmsea_scaled=rmsea(scaled, tested.df, n),
    )

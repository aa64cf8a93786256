"""Can the model be trusted as a whole: indices of fit as functions of plain numbers.

Each index takes numbers or matrices, never a model, so that a printed table can test it.
``n`` is the multiplier of the discrepancy: the number of respondents under the normal
likelihood (divisor n), one less under the Wishart likelihood (divisor n - 1).

References
----------
Bollen, K. A. (1989). Structural Equations with Latent Variables. Wiley.
Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance structure
analysis. Structural Equation Modeling, 6(1), 1-55.
Browne, M. W., & Cudeck, R. (1993). Alternative ways of assessing model fit. In K. A.
Bollen & J. S. Long (Eds.), Testing Structural Equation Models (pp. 136-162). Sage.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtrc, chndtr

from crmstudy.checks import Hypothesis
from crmstudy.loyalty.estimation.conventions import CLOSE_FIT, CONVENTIONS
from crmstudy.loyalty.model.moments import Array

RMSEA_LEVEL = 0.90  # so that it agrees with the one-sided 5% test of close fit


def discrepancy(sample: Array, implied: Array) -> float:
    """Return the maximum likelihood discrepancy F of two covariance matrices."""
    _, log_sample = np.linalg.slogdet(sample)
    _, log_implied = np.linalg.slogdet(implied)
    trace = np.trace(np.linalg.solve(implied, sample))
    return float(log_implied - log_sample + trace - len(sample))


def cfi(chi2: float, df: int, chi2_null: float, df_null: int) -> float:
    """Comparative fit index (Bentler 1990, Psychological Bulletin, 107, 238-246)."""
    excess = max(chi2 - df, 0.0)
    worst = max(excess, chi2_null - df_null)
    return 1.0 - excess / worst if worst > 0 else 1.0


def tli(chi2: float, df: int, chi2_null: float, df_null: int) -> float:
    """Tucker-Lewis index, not cut at 1 (Tucker & Lewis 1973, Psychometrika, 38, 1-10)."""
    null_ratio = chi2_null / df_null
    return (null_ratio - chi2 / df) / (null_ratio - 1.0)


def nfi(chi2: float, chi2_null: float) -> float:
    """Normed fit index (Bentler & Bonett 1980, Psychological Bulletin, 88, 588-606)."""
    return 1.0 - chi2 / chi2_null


def ifi(chi2: float, df: int, chi2_null: float) -> float:
    """Incremental fit index (Bollen 1989, Sociological Methods & Research, 17, 303-316)."""
    return (chi2_null - chi2) / (chi2_null - df)


def rmsea(chi2: float, df: int, n: float) -> float:
    """Root mean square error of approximation (Steiger & Lind 1980)."""
    return math.sqrt(max(chi2 - df, 0.0) / (df * n))


def rmsea_interval(
    chi2: float, df: int, n: float, *, level: float = RMSEA_LEVEL
) -> tuple[float, float]:
    """Interval of the RMSEA through the noncentral chi2 (Browne & Cudeck 1993)."""
    tail = (1.0 - level) / 2.0
    bounds = (_noncentrality(chi2, df, 1.0 - tail), _noncentrality(chi2, df, tail))
    lower, upper = (math.sqrt(each / (df * n)) for each in bounds)
    return lower, upper


def close_fit_p(chi2: float, df: int, n: float, *, bound: float = CLOSE_FIT) -> float:
    """p-value of the null that the population's RMSEA is at most ``bound`` (pclose)."""
    return float(1.0 - chndtr(chi2, df, n * df * bound**2))


def srmr(sample: Array, implied: Array) -> float:
    """Standardised root mean square residual over variances and covariances.

    Residuals are divided by the sample's standard deviations and averaged over all
    p(p + 1)/2 moments (Bentler's form: EQS, lavaan's ``srmr``).
    """
    sd = np.sqrt(np.diag(sample))
    residual = ((sample - implied) / np.outer(sd, sd))[np.tril_indices(len(sample))]
    return float(np.sqrt(np.mean(residual**2)))


def gfi(sample: Array, implied: Array) -> float:
    """Goodness-of-fit index under maximum likelihood (Jöreskog & Sörbom 1984)."""
    ratio = np.linalg.solve(implied, sample)
    misfit = ratio - np.eye(len(sample))
    return float(1.0 - np.sum(misfit * misfit.T) / np.sum(ratio * ratio.T))


def agfi(goodness: float, df: int, n_items: int) -> float:
    """GFI adjusted for degrees of freedom (Jöreskog & Sörbom 1984)."""
    return 1.0 - n_items * (n_items + 1) / (2.0 * df) * (1.0 - goodness)


def log_likelihood(sample: Array, implied: Array, n: float) -> float:
    """Log-likelihood of ``n`` multivariate normal rows whose means are free.

    ``sample`` is their covariance matrix with divisor ``n``.
    """
    _, log_implied = np.linalg.slogdet(implied)
    trace = np.trace(np.linalg.solve(implied, sample))
    return float(-n / 2.0 * (len(sample) * math.log(2.0 * math.pi) + log_implied + trace))


def aic(log_likelihood: float, n_free: int) -> float:
    """Akaike's information criterion; smaller is better."""
    return 2.0 * n_free - 2.0 * log_likelihood


def bic(log_likelihood: float, n_free: int, n: float) -> float:
    """Schwarz's Bayesian information criterion; smaller is better."""
    return math.log(n) * n_free - 2.0 * log_likelihood


@dataclass(frozen=True)
class FitMeasures:
    """Fit of one model to one sample, at full precision.

    Attributes
    ----------
    n_used, n_free, n_items : int
        Respondents, free parameters, items.
    divisor : str
        ``"n"`` (normal likelihood) or ``"n-1"`` (Wishart likelihood).
    chi2, df, p_value : float, int, float
        Likelihood ratio test of exact fit.
    chi2_null, df_null : float, int
        The same of the baseline model: uncorrelated items.
    rmsea_lower, rmsea_upper : float
        90% interval of ``rmsea``; ``close_fit_p`` is its pclose.
    log_likelihood, aic, bic : float
        At the covariance matrix with the divisor stated (as lavaan does).
    """

    n_used: int
    n_free: int
    n_items: int
    divisor: str
    chi2: float
    df: int
    p_value: float
    chi2_null: float
    df_null: int
    chi2_per_df: float
    cfi: float
    tli: float
    nfi: float
    ifi: float
    gfi: float
    agfi: float
    rmsea: float
    rmsea_lower: float
    rmsea_upper: float
    close_fit_p: float
    srmr: float
    log_likelihood: float
    aic: float
    bic: float

    @property
    def exact_fit(self) -> Hypothesis:
        """Test of exact fit."""
        null = "the model reproduces the population's covariances exactly"
        return Hypothesis(null, self.chi2, self.p_value, f"chi2({self.df})")

    @property
    def close_fit(self) -> Hypothesis:
        """Test of close fit."""
        null = f"the population's RMSEA is at most {CLOSE_FIT}"
        law = f"noncentral chi2({self.df})"
        return Hypothesis(null, self.chi2, self.close_fit_p, law)

    def table(self) -> pd.DataFrame:
        """One row an index: value, customary threshold, whether it is met, its source."""
        rows = []
        for name, convention in CONVENTIONS.items():
            value = getattr(self, name)
            judged = math.isfinite(convention.lowest) or math.isfinite(convention.highest)
            met = convention.lowest <= value <= convention.highest
            rows.append(
                {
                    "index": convention.label,
                    "value": float(value),
                    "convention": convention.rule,
                    "met": ("yes" if met else "no") if judged else "",
                    "source": convention.source,
                }
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """All measures as plain numbers."""
        return {k: v for k, v in asdict(self).items() if not isinstance(v, str)}


def measure_fit(
    sample: Array,
    implied: Array,
    *,
    n_used: int,
    n_free: int,
    divisor: str = "n",
    baseline: Array | None = None,
    df_null: int | None = None,
) -> FitMeasures:
    """Compute all measures of a fitted model.

    Parameters
    ----------
    sample, implied : array of shape (n_items, n_items)
        Covariance matrices; ``sample`` with the divisor stated.
    n_used, n_free : int
        Respondents and free parameters. The model must have degrees of freedom left.
    divisor : {"n", "n-1"}
    baseline : array of shape (n_items, n_items), optional
        Covariance matrix implied by the baseline model, with its ``df_null``; without it
        all items are uncorrelated.
    """
    n = multiplier(n_used, divisor)
    p = len(sample)
    null = np.diag(np.diag(sample)) if baseline is None else baseline
    return assemble_fit(
        sample,
        implied,
        chi2=n * max(discrepancy(sample, implied), 0.0),
        df=p * (p + 1) // 2 - n_free,
        chi2_null=n * discrepancy(sample, null),
        df_null=p * (p - 1) // 2 if df_null is None else df_null,
        log_likelihood=log_likelihood(sample, implied, n_used),
        n_used=n_used,
        n_free=n_free,
        divisor=divisor,
    )


def assemble_fit(
    sample: Array,
    implied: Array,
    *,
    chi2: float,
    df: int,
    chi2_null: float,
    df_null: int,
    log_likelihood: float,
    n_used: int,
    n_free: int,
    divisor: str = "n",
) -> FitMeasures:
    """Compute all measures from two tests of exact fit and two covariance matrices.

    ``chi2_null`` and ``df_null`` are the baseline model's.
    """
    n = multiplier(n_used, divisor)
    p = len(sample)
    goodness = gfi(sample, implied)
    lower, upper = rmsea_interval(chi2, df, n, level=RMSEA_LEVEL)
    return FitMeasures(
        n_used=n_used,
        n_free=n_free,
        n_items=p,
        divisor=divisor,
        chi2=chi2,
        df=df,
        p_value=float(chdtrc(df, chi2)),
        chi2_null=chi2_null,
        df_null=df_null,
        chi2_per_df=chi2 / df,
        cfi=cfi(chi2, df, chi2_null, df_null),
        tli=tli(chi2, df, chi2_null, df_null),
        nfi=nfi(chi2, chi2_null),
        ifi=ifi(chi2, df, chi2_null),
        gfi=goodness,
        agfi=agfi(goodness, df, p),
        rmsea=rmsea(chi2, df, n),
        rmsea_lower=lower,
        rmsea_upper=upper,
        close_fit_p=close_fit_p(chi2, df, n),
        srmr=srmr(sample, implied),
        log_likelihood=log_likelihood,
        aic=aic(log_likelihood, n_free),
        bic=bic(log_likelihood, n_free, n_used),
    )


def multiplier(n_used: int, divisor: str) -> int:
    """Return what multiplies the discrepancy: n, or n - 1 under the Wishart likelihood."""
    return n_used if divisor == "n" else n_used - 1


def _noncentrality(chi2: float, df: int, probability: float) -> float:
    """Find the noncentrality at which ``chi2`` is the quantile of ``probability``."""

    def excess(noncentrality: float) -> float:
        return float(chndtr(chi2, df, noncentrality)) - probability

    if excess(0.0) <= 0.0:  # even a perfect model would rarely give so small a chi2
        return 0.0
    top = max(chi2, 1.0)
    while excess(top) > 0.0:
        top *= 2.0
    return float(brentq(excess, 0.0, top, xtol=1e-12, rtol=1e-14))

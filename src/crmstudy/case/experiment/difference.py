"""Differences of two randomised groups: plain, sharpened by the time before, and relative.

References
----------
Deng, A., Xu, Y., Kohavi, R., & Walker, T. (2013). Improving the sensitivity of online
controlled experiments by utilizing pre-experiment data. WSDM '13, 123-132.
Imbens, G. W., & Rubin, D. B. (2015). Causal inference for statistics, social, and biomedical
sciences. Cambridge University Press (chapter 6, Neyman's variance).
Lin, W. (2013). Agnostic notes on regression adjustments to experimental data. Annals of
Applied Statistics, 7(1), 295-318.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, NotAvailable

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
NOTHING = "the campaign changed the mean by nothing"


@dataclass(frozen=True)
class Difference:
    """Mean of the treated less mean of the control customers.

    Parameters
    ----------
    estimate, standard_error, degrees : float
        Difference, its error, degrees of freedom of its t distribution.
    lower, upper : float
        Interval of the difference.
    test : Hypothesis
        The difference is 0.
    """

    estimate: float
    standard_error: float
    degrees: float
    lower: float
    upper: float
    test: Hypothesis


def compare_means(outcome: Floats, treated: Booleans, *, confidence: float = 0.95) -> Difference:
    """Compare two means by Welch's t; its variance is Neyman's for a randomised experiment.

    Neyman's ``s1^2 / n1 + s0^2 / n0`` is never too small on average, whether or not the
    treatment acts alike on all.

    Raises
    ------
    ModelError
        If a group has fewer than two customers, or the outcome never differs.
    """
    y1, y0 = outcome[treated], outcome[~treated]
    if min(y1.size, y0.size) < 2:
        raise ModelError(f"{y1.size} treated and {y0.size} control customers: two each are needed")
    v1, v0 = y1.var(ddof=1) / y1.size, y0.var(ddof=1) / y0.size
    if v1 + v0 <= 0:
        raise ModelError("the outcome does not vary within the groups")
    degrees = (v1 + v0) ** 2 / (v1**2 / (y1.size - 1) + v0**2 / (y0.size - 1))
    return describe_difference(
        float(y1.mean() - y0.mean()), float(np.sqrt(v1 + v0)), float(degrees), confidence
    )


def describe_difference(
    estimate: float, error: float, degrees: float, confidence: float
) -> Difference:
    """Bound and test an estimate with a t distribution."""
    from scipy.special import stdtr, stdtrit

    reach = float(stdtrit(degrees, 0.5 + confidence / 2)) * error
    t = estimate / error
    return Difference(
        estimate=estimate,
        standard_error=error,
        degrees=degrees,
        lower=estimate - reach,
        upper=estimate + reach,
        test=Hypothesis(NOTHING, t, float(2 * stdtr(degrees, -abs(t))), f"t({degrees:.1f})"),
    )


def subtract_covariates(outcome: Floats, covariates: Floats) -> Floats:
    """Take from the outcome what was foreseeable before (CUPED): ``y - theta (x - mean x)``.

    ``theta = var(x)^-1 cov(x, y)`` over all customers, which leaves the difference of the
    groups' means unbiased and, with one covariate, multiplies the variance by
    ``1 - cor(x, y)^2``.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    covariates : ndarray of shape (n, k)

    Raises
    ------
    ModelError
        If no covariate varies.
    """
    centred = _centre(covariates)
    theta = np.linalg.lstsq(centred, outcome - outcome.mean(), rcond=None)[0]
    return np.asarray(outcome - centred @ theta)


def _centre(covariates: Floats) -> Floats:
    """Centre covariates and bring them to one scale; leave out what does not vary."""
    spread = covariates.std(axis=0)
    varied = covariates[:, spread > 1e-12 * (1 + np.abs(covariates).max(axis=0))]
    if not varied.shape[1]:
        raise ModelError("nothing known before the campaign differs between the customers")
    return np.asarray((varied - varied.mean(axis=0)) / varied.std(axis=0))


def adjust_by_regression(
    outcome: Floats, treated: Booleans, covariates: Floats, *, confidence: float = 0.95
) -> Difference:
    """Adjust by a regression of its own in each group, with HC2 errors (Lin, 2013).

    ``y = a + tau treated + b'(x - mean x) + c' treated (x - mean x)``: never less precise
    than the plain difference in large samples, whether or not the regression is true.

    Raises
    ------
    ModelError
        If no covariate varies, or there are too few customers for the regression.
    """
    import statsmodels.api as sm

    x = _centre(covariates)
    x = _independent(x)
    design = np.column_stack([np.ones(len(x)), treated, x, x * treated[:, None]])
    if np.linalg.matrix_rank(design) < design.shape[1] or len(design) < design.shape[1] + 10:
        raise ModelError("too few customers, or covariates that say the same, for a regression")
    fit = sm.OLS(outcome, design).fit(cov_type="HC2", use_t=True)
    return describe_difference(
        float(fit.params[1]), float(fit.bse[1]), float(fit.df_resid), confidence
    )


def _independent(x: Floats) -> Floats:
    """Leave out a covariate that those before it already say."""
    kept: list[int] = []
    for column in range(x.shape[1]):
        if np.linalg.matrix_rank(x[:, [*kept, column]], tol=1e-8 * len(x)) > len(kept):
            kept.append(column)
    return x[:, kept]


def bound_lift(
    outcome: Floats, treated: Booleans, *, confidence: float = 0.95
) -> tuple[float, float, float] | NotAvailable:
    """Estimate the relative lift, ``mean treated / mean control - 1``, by Fieller's interval.

    Where the mean of the control customers cannot be told from 0, no finite interval
    exists.

    References
    ----------
    Fieller, E. C. (1954). Some problems in interval estimation. J. Royal Statistical
    Society B, 16(2), 175-185.
    """
    from scipy.special import ndtri

    y1, y0 = outcome[treated], outcome[~treated]
    a, b = float(y1.mean()), float(y0.mean())
    va, vb = float(y1.var(ddof=1)) / y1.size, float(y0.var(ddof=1)) / y0.size
    z2 = float(ndtri(0.5 + confidence / 2)) ** 2
    square = b**2 - z2 * vb
    if b <= 0 or square <= 0:
        return NotAvailable("the control customers' mean cannot be told from 0")
    root = float(np.sqrt((a * b) ** 2 - (a**2 - z2 * va) * square))
    return a / b - 1, (a * b - root) / square - 1, (a * b + root) / square - 1


def effect_on_responders(
    outcome: Floats, treated: Booleans, responded: Floats, *, confidence: float = 0.95
) -> Difference:
    """Estimate the effect on those who respond when addressed (Bloom, 1984; Wald's ratio).

    The difference in means over the difference in shares that responded. Beside the
    drawing of lots it assumes that the campaign acts on nobody who does not respond, and
    that nobody responds only because held back. The error is that of two-stage least
    squares with unequal variances.

    Raises
    ------
    ModelError
        If the addressed customers did not respond more than the others.

    References
    ----------
    Bloom, H. S. (1984). Accounting for no-shows in experimental evaluation designs.
    Evaluation Review, 8(2), 225-246.
    Angrist, J. D., Imbens, G. W., & Rubin, D. B. (1996). Identification of causal effects
    using instrumental variables. J. American Statistical Association, 91(434), 444-455.
    """
    share = float(responded[treated].mean() - responded[~treated].mean())
    if share <= 0:
        raise ModelError("those addressed did not respond more often than the others")
    effect = float(outcome[treated].mean() - outcome[~treated].mean()) / share
    rest = compare_means(outcome - effect * responded, treated, confidence=confidence)
    return describe_difference(effect, rest.standard_error / share, rest.degrees, confidence)


def cap_highest(outcome: Floats, *, share: float = 0.99) -> Floats:
    """Cap the outcome at a quantile over both groups together (winsorise the upper tail)."""
    return np.minimum(outcome, np.quantile(outcome, share))

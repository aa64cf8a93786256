"""The Gamma-Gamma model: what a customer spends per purchase.

Purchases of one customer scatter around her own mean as Gamma(p, rate nu); nu is
Gamma(q, rate v) over customers. The observed mean of few purchases is shrunk towards the
mean of all customers. v carries the currency.

References
----------
Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value.
http://brucehardie.com/notes/025/
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln, polygamma, stdtr

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.purchasing.likelihood import Derivatives, Estimates, maximise

Floats = NDArray[np.float64]

# Conventions: as many spenders as repeat customers for three parameters; and a
# correlation below Cohen's (1988) "small" one is taken as none.
MINIMUM_SPENDERS = 10
SMALL_CORRELATION = 0.1


@dataclass(frozen=True, eq=False)
class GammaGammaResult:
    """A fitted Gamma-Gamma model.

    Parameters
    ----------
    estimates : Estimates
        p, q and v with covariance, log-likelihood and convergence checks.
    independence : Hypothesis
        Test of no correlation between the number of purchases and the mean spend.
    correlation : float
        That correlation, among the customers of the fit. It is Pearson's: the expected
        mean spend is the same for few and many purchases when the model holds, while its
        median is not (few skewed amounts), so that ranks would correlate.
    excluded : int
        Customers whose repeat purchases were all free: a gamma variable is positive, so
        they are left out of the fit (their expected spend can still be computed).
    """

    estimates: Estimates
    independence: Hypothesis
    correlation: float
    excluded: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Convergence, existence of a mean, and independence of frequency and spend."""
        q = self.estimates["q"]
        return (
            *self.estimates.checks,
            Check(
                name="the mean spend over customers is finite",
                passed=q > 1,
                statistic=q,
                threshold="q > 1",
                source="Fader & Hardie (2013)",
                consequence="no expected spend for customers without a repeat purchase",
            ),
            Check(
                name="frequency and spend are independent",
                passed=abs(self.correlation) < SMALL_CORRELATION,
                statistic=self.correlation,
                threshold=f"|correlation| < {SMALL_CORRELATION}",
                source="Fader, Hardie & Lee (2005b); size after Cohen (1988)",
                consequence="lifetime values of frequent buyers are biased",
            ),
        )

    def expected_spend(self, purchases: ArrayLike, mean_spend: ArrayLike) -> Floats:
        """Expected money per future purchase, given the mean of past ones.

        Parameters
        ----------
        purchases : int or array
            Repeat purchases behind the mean, 0 if none.
        mean_spend : float or array
            Their mean; not looked at where there is none (may be NaN).

        Raises
        ------
        ModelError
            If it is infinite for some customer (q of 1 or less, and no purchase).
        """
        p, q, v = self.estimates.values
        x = np.asarray(purchases, np.float64)
        freedom = p * x + q - 1
        if (freedom <= 0).any():
            raise ModelError(f"the expected spend of new customers is infinite (q = {q:.3g})")
        return p * (v + np.where(x > 0, x * np.asarray(mean_spend), 0.0)) / freedom

    def table(self, *, level: float = 0.95) -> pd.DataFrame:
        """Estimates with standard errors, intervals and units."""
        return self.estimates.table(units={"v": "currency"}, level=level)

    def to_metrics(self) -> dict[str, float]:
        """Estimates, standard errors, log-likelihood, n, and the correlation."""
        return {
            **self.estimates.to_metrics(),
            "frequency_spend_correlation": self.correlation,
            "excluded": self.excluded,
        }


@passes_absence
def fit_gamma_gamma(summary: PurchaseSummary) -> GammaGammaResult:
    """Fit the Gamma-Gamma model to the mean spend of repeat purchases.

    The first purchase of a customer is left out (the summary has done so).

    Parameters
    ----------
    summary : PurchaseSummary
        Purchase histories with mean spend.

    Raises
    ------
    ModelError
        If no amounts are known, too few customers have any, they do not differ, or the
        likelihood has no interior maximum.

    References
    ----------
    Fader, P. S. & Hardie, B. G. S. (2013). The Gamma-Gamma model of monetary value.
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005b). RFM and CLV: Using iso-value
    curves for customer base analysis. Journal of Marketing Research, 42(4), 415-430.
    """
    counts = summary.customers["priced_purchases"].to_numpy(np.float64)
    means = summary.customers["mean_spend"].to_numpy(np.float64)
    usable = (counts > 0) & (means > 0)
    x, mean = counts[usable], means[usable]
    if not x.size:
        raise ModelError("no repeat purchase has a known amount")
    if x.size < MINIMUM_SPENDERS:
        raise ModelError(
            f"too few customers with a repeat purchase of known amount: {x.size} "
            f"(at least {MINIMUM_SPENDERS})"
        )
    if np.ptp(mean) == 0:
        raise ModelError("every customer spends the same")
    start = {"p": 2.0, "q": 3.0, "v": float(mean.mean())}
    estimates = maximise(GammaGammaLikelihood(x, mean), start, n=x.size)
    correlation, independence = _independence(x, mean)
    excluded = int(((counts > 0) & (means == 0)).sum())
    return GammaGammaResult(estimates, independence, correlation, excluded)


class GammaGammaLikelihood:
    """Log-likelihood of (p, q, v) with exact derivatives.

    Parameters
    ----------
    x, mean : arrays of shape (n,)
        Purchases and mean spend, both positive.
    """

    def __init__(self, x: Floats, mean: Floats) -> None:
        self._x, self._total = x, x * mean
        self._steps, self._which = np.unique(x, return_inverse=True)
        self._counts = np.bincount(self._which).astype(np.float64)
        self._log_totals = np.bincount(self._which, weights=np.log(self._total))
        self._constant = -float(np.log(mean).sum())

    def __call__(self, values: Floats) -> Derivatives:
        """Log-likelihood, gradient and Hessian."""
        p, q, v = values
        # Sums over customers with the same number of purchases.
        steps, counts = self._steps, self._counts
        reach = v + self._total
        logs = np.bincount(self._which, weights=np.log(reach))
        inverse = np.bincount(self._which, weights=1 / reach)
        squared = np.bincount(self._which, weights=reach**-2.0)
        shape = p * steps
        value = (
            counts @ (gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v))
            + shape @ self._log_totals
            - (shape + q) @ logs
            + self._constant
        )
        psi, psi_shape = digamma(shape + q), digamma(shape)
        gradient = np.array(
            [
                steps @ (counts * (psi - psi_shape) + self._log_totals - logs),
                counts @ (psi - digamma(q) + np.log(v)) - logs.sum(),
                counts.sum() * q / v - (shape + q) @ inverse,
            ]
        )
        bend, bend_shape = counts * polygamma(1, shape + q), counts * polygamma(1, shape)
        pq, pv, qv = steps @ bend, -steps @ inverse, counts.sum() / v - inverse.sum()
        pp = steps**2 @ (bend - bend_shape)
        qq = bend.sum() - counts.sum() * polygamma(1, q)
        vv = (shape + q) @ squared - counts.sum() * q / v**2
        return float(value), gradient, np.array([[pp, pq, pv], [pq, qq, qv], [pv, qv, vv]])


def _independence(x: Floats, mean: Floats) -> tuple[float, Hypothesis]:
    """Pearson's correlation and its t test."""
    if np.ptp(x) == 0:
        correlation, statistic = 0.0, 0.0
    else:
        correlation = float(np.corrcoef(x, mean)[0, 1])
        unexplained = max(1 - correlation**2, np.finfo(float).eps)
        statistic = correlation * np.sqrt((x.size - 2) / unexplained)
    return correlation, Hypothesis(
        null="number of purchases and mean spend are uncorrelated over customers",
        statistic=float(statistic),
        p_value=float(2 * stdtr(x.size - 2, -abs(statistic))),
        distribution=f"t({x.size - 2})",
    )

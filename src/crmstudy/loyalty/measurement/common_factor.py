"""A factor common to all items, beside the constructs: what one way of asking may add.

All items load equally on it once they have standard deviation 1, and it is uncorrelated
with the constructs, so that one variance ``v`` is estimated and

    Sigma = (what the model implies) + v 1 1'.

``v`` is then the share of every item's variance that the common factor holds. With loadings
of its own for every item the factor would take up what constructs have in common for good
reasons, and often is not identified. Equal loadings are identified as long as the loadings
within the constructs are unequal enough; the gate looks at that.

References
----------
Lindell, M. K., & Whitney, D. J. (2001). Accounting for common method variance in
cross-sectional research designs. Journal of Applied Psychology, 86(1), 114-121.
Podsakoff, P. M., MacKenzie, S. B., Lee, J.-Y., & Podsakoff, N. P. (2003). Common method
biases in behavioral research: A critical review of the literature and recommended remedies.
Journal of Applied Psychology, 88(5), 879-903.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from crmstudy.checks import Check, Hypothesis, failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import check_solution, explain
from crmstudy.loyalty.estimation.estimate import score_to_optimum
from crmstudy.loyalty.estimation.fit import discrepancy, multiplier
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.coefficients import correlate_items
from crmstudy.loyalty.measurement.constructs import name_in_print
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, delta_errors
from crmstudy.statistics.threads import hold_one_thread

NONE_SEEN = (
    "a common factor with equal loadings would need a negative variance, so the answers show "
    "nothing that is common to all items beside the constructs"
)


class WithCommonFactor(CovarianceStructure):
    """A model plus one variance, the last parameter, shared by all items of SD 1."""

    @property
    def df(self) -> int:
        """Distinct moments minus free parameters."""
        return super().df - 1

    def implied(self, theta: Array) -> Array:
        """Return the covariance matrix of the items."""
        return super().implied(theta) + theta[-1]

    def jacobian(self, theta: Array) -> Array:
        """Differentiate it; the common variance moves every cell alike."""
        slope = super().jacobian(theta)
        slope[-1] = 1.0
        return slope

    def report(self, theta: Array) -> Array:
        """Return the values of the reported parameters, which are the model's."""
        return super().report(theta[:-1])


@dataclass(frozen=True)
class CommonFactor:
    """What a common factor with equal loadings takes, and what it leaves of the model.

    Attributes
    ----------
    share, se, lower, upper : float
        Share of every item's variance that is common to all, with its interval, which
        ends at 0.
    without : Hypothesis
        Test against the model without the factor.
    loadings : DataFrame
        ``construct`` (name), ``item``, ``without``, ``with`` (standardised loadings
        without and with the factor), ``change``.
    relations : DataFrame
        Paths, and correlations of constructs that no path explains: ``relation``,
        ``first``, ``second`` (names; a path runs from the first), ``without``, ``with``,
        ``lower``, ``upper`` (interval of ``with``), ``change``; all standardised.
    n_used : int
    level : float
        Confidence of the intervals.
    labels : dict
        Name of each construct to what it is called in print.
    """

    share: float
    se: float
    lower: float
    upper: float
    without: Hypothesis
    loadings: pd.DataFrame
    relations: pd.DataFrame
    n_used: int
    level: float
    labels: dict[str, str]

    def table(self) -> pd.DataFrame:
        """One row a path or correlation, by labels."""
        ends = {end: self.relations[end].map(self.labels) for end in ("first", "second")}
        return self.relations.assign(**ends)

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers."""
        changes = self.relations["change"].abs()
        return {
            "method_share": self.share,
            "method_share_se": self.se,
            "method_share_lower": self.lower,
            "method_share_upper": self.upper,
            "method_chi2": self.without.statistic,
            "method_p_value": self.without.p_value,
            "largest_change_loading": float(self.loadings["change"].abs().max()),
            **({"largest_change_relation": float(changes.max())} if len(changes) else {}),
        }


@passes_absence
def add_common_factor(result: SemResult, *, level: float = 0.95) -> CommonFactor | NotAvailable:
    """Estimate a model anew with a common factor of equal loadings beside it.

    Parameters
    ----------
    result : SemResult
        An admissible model of complete answers.
    level : float
        Confidence of the intervals.

    Returns
    -------
    CommonFactor or NotAvailable
        Not available when the model is inadmissible, has no degree of freedom to spare, the
        likelihood falls as soon as the factor's variance leaves 0, or the model with the
        factor does not pass the gate.
    """
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    if result.structure.df < 1:
        return NotAvailable("the model has no degree of freedom for a common factor")
    with hold_one_thread("blas"):
        refit = _refit(result, found.theta)
    if isinstance(refit, NotAvailable):
        return refit
    share, se = float(refit.theta[-1]), float(np.sqrt(refit.covariance[-1, -1]))
    reach = float(ndtri(0.5 + level / 2.0))
    compared = _compare(refit, reach=reach)
    return CommonFactor(
        share=share,
        se=se,
        lower=max(0.0, share - reach * se),
        upper=share + reach * se,
        without=Hypothesis(
            "no variance is common to all items beside the constructs",
            refit.chi2,
            max(float(chdtrc(1, max(refit.chi2, 0.0))), np.finfo(float).tiny),
            "chi2(1)",
        ),
        loadings=_take_loadings(compared),
        relations=_take_relations(compared),
        n_used=result.n_used,
        level=level,
        labels=name_in_print(result.model.constructs),
    )


class _Refit(NamedTuple):
    """The model without and with the factor, in the metric of items with SD 1."""

    joint: WithCommonFactor
    alone: Array
    theta: Array
    covariance: Array
    chi2: float


def _refit(result: SemResult, theta: Array) -> _Refit | NotAvailable:
    base = result.structure
    joint = WithCommonFactor(base.model, base.parameters, base.blocks)
    sd = np.sqrt(np.diag(result.sample))
    sample = correlate_items(result.sample)
    alone = score_to_optimum(base, theta / base.units(sd), sample)
    start = np.append(alone, 0.0)
    if _slope(joint, start, sample)[0][-1] >= 0.0:
        return NotAvailable(NONE_SEEN)
    ended = score_to_optimum(joint, start, sample)
    gradient, information = _slope(joint, ended, sample)
    checks = (*check_solution(joint, ended, gradient, information), _check_share(ended[-1]))
    if failed(checks):
        reason = explain(checks).replace("the model", "the model with a common factor", 1)
        return NotAvailable(reason)
    n = multiplier(result.n_used, result.divisor)
    gain = discrepancy(sample, base.implied(alone)) - discrepancy(sample, joint.implied(ended))
    covariance = np.asarray(2.0 / n * np.linalg.inv(information), dtype=np.float64)
    return _Refit(joint, alone, ended, covariance, n * gain)


def _slope(structure: CovarianceStructure, theta: Array, sample: Array) -> tuple[Array, Array]:
    """Return gradient and expected Hessian of the discrepancy F."""
    inverse = np.linalg.inv(structure.implied(theta))
    weighted = inverse @ structure.jacobian(theta)
    misfit = np.eye(len(sample)) - inverse @ sample
    gradient = np.einsum("kij,ji->k", weighted, misfit)
    return gradient, np.einsum("kij,lji->kl", weighted, weighted)


def _check_share(share: float) -> Check:
    return Check(
        "the variance of the common factor is not negative",
        bool(share >= 0.0),
        float(share),
        ">= 0",
        "a variance",
        "items share less, not more, than the constructs say: no such factor",
    )


def _compare(refit: _Refit, *, reach: float) -> pd.DataFrame:
    """Set standardised parameters without and with the factor beside each other."""
    joint = refit.joint
    without = joint.standardise(np.append(refit.alone, 0.0))
    values = joint.standardise(refit.theta)
    se = delta_errors(joint.standardise, refit.theta, refit.covariance)
    reported = joint.reported
    return pd.DataFrame(
        {
            "left": [each.left for each in reported],
            "op": [each.op for each in reported],
            "right": [each.right for each in reported],
            "without": without,
            "with": values,
            "lower": values - reach * se,
            "upper": values + reach * se,
            "change": values - without,
        }
    )


def _take_loadings(compared: pd.DataFrame) -> pd.DataFrame:
    rows = compared[compared["op"] == "=~"].reset_index(drop=True)
    named = rows.rename(columns={"left": "construct", "right": "item"})
    return named[["construct", "item", "without", "with", "change"]]


def _take_relations(compared: pd.DataFrame) -> pd.DataFrame:
    names = set(compared.loc[compared["op"] == "=~", "left"])
    path = compared["op"] == "~"
    other = (compared["op"] == "~~") & (compared["left"] != compared["right"])
    rows = compared[path | (other & compared["left"].isin(names))].reset_index(drop=True)
    is_path = (rows["op"] == "~").to_numpy()
    first = np.where(is_path, rows["right"], rows["left"])
    second = np.where(is_path, rows["left"], rows["right"])
    kinds = np.where(is_path, "path", "correlation")
    named = rows[["without", "with", "lower", "upper", "change"]]
    named.insert(0, "relation", kinds)
    named.insert(1, "first", first)
    named.insert(2, "second", second)
    return named

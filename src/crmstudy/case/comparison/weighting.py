"""Weights that make the customers not addressed look like those who were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.comparison.covariates import Covariates
from crmstudy.case.comparison.propensity import Propensity
from crmstudy.errors import ModelError, SettingsError, passes_absence

Floats = npt.NDArray[np.float64]

#: Weights beyond this quantile of the controls' are cut back to it.
TRUNCATED_AT = 0.99
#: Largest difference of means, in standard deviations, that an exact balance leaves.
EXACT = 1e-8


@dataclass(frozen=True)
class Weights:
    """Weights of customers; the addressed ones count 1, so the estimand is the ATT.

    Parameters
    ----------
    method : str
        By which rule.
    weights : Series
        Indexed by customer, all customers of the covariates: 0 for one left out; the
        controls' add up to the number of addressed customers kept.
    treated : Series of bool
        Who was addressed.
    left_out : DataFrame
        ``reason``, ``treated``, ``control``.
    n_truncated : int
        Controls whose weight was cut back.
    """

    method: str
    weights: pd.Series
    treated: pd.Series
    left_out: pd.DataFrame
    n_truncated: int = 0

    @property
    def n_treated(self) -> int:
        """Addressed customers kept."""
        return int((self.weights[self.treated] > 0).sum())

    @property
    def n_control(self) -> int:
        """Controls kept."""
        return int((self.weights[~self.treated] > 0).sum())

    @property
    def share_treated_kept(self) -> float:
        """Share of the addressed customers whom the estimate is about."""
        return self.n_treated / int(self.treated.sum())

    @property
    def effective_controls(self) -> float:
        """Controls of equal weight that would be as precise (Kish)."""
        return effective_size(self.weights[~self.treated].to_numpy())

    @property
    def largest_share(self) -> float:
        """Share of all controls' weight that the heaviest one has."""
        controls = self.weights[~self.treated]
        return float(controls.max() / controls.sum())


def effective_size(weights: Floats) -> float:
    """Effective sample size ``(sum w)^2 / sum w^2`` (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def weigh_equally(covariates: Covariates) -> Weights:
    """Give every customer the same weight within the group: nothing is adjusted."""
    share = covariates.n_treated / covariates.n_control
    weights = covariates.treated.map({True: 1.0, False: share}).astype(float)
    return Weights("unadjusted", weights, covariates.treated, _nobody())


@passes_absence
def weigh_inversely(propensity: Propensity, *, truncate_at: float = TRUNCATED_AT) -> Weights:
    """Weigh controls by the odds of being addressed, ``e / (1 - e)``.

    Addressed customers count 1. Customers outside the common support are left out, odds
    beyond the given quantile are cut back to it, and the controls' weights are scaled to
    add up to the addressed customers (a stabilising factor would cancel here).

    Parameters
    ----------
    propensity : Propensity
        From :func:`~crmstudy.case.comparison.propensity.fit_propensity`.
    truncate_at : float
        Quantile of the controls' odds, in (0, 1]; 1 cuts nothing back.

    Raises
    ------
    SettingsError
        If the quantile is out of range.
    ModelError
        If no addressed customer or no control lies in the common support.

    References
    ----------
    Hirano, K., Imbens, G. W., & Ridder, G. (2003). Econometrica, 71, 1161-1189.
    Austin, P. C., & Stuart, E. A. (2015). Statistics in Medicine, 34, 3661-3679.
    """
    if not 0 < truncate_at <= 1:
        raise SettingsError(f"truncate_at = {truncate_at}: must lie in (0, 1]")
    customers = propensity.customers
    treated, kept = customers["treated"], customers["supported"]
    odds = np.exp(customers["logit"]).where(~treated, 1.0).where(kept, 0.0)
    controls = odds[~treated & kept]
    if controls.empty or not (treated & kept).any():
        raise ModelError("no customer of one of the groups lies in the common support")
    limit = float(np.quantile(controls, truncate_at))
    cut = ~treated & (odds > limit)
    odds = odds.mask(cut, limit)
    scale = (treated & kept).sum() / odds[~treated].sum()
    return Weights(
        "inverse probability",
        odds.where(treated, odds * scale).rename("weight"),
        treated,
        propensity.left_out,
        n_truncated=int(cut.sum()),
    )


@passes_absence
def balance_entropy(covariates: Covariates) -> Weights:
    """Weigh controls so that every mean equals the addressed customers', else as evenly as can be.

    Of all weights with the same means of all terms, those with the largest entropy: they
    are ``exp(x'b)``, with ``b`` minimising the log of the summed weights, a convex function.
    Nobody is left out. The weights are the calibrated odds of the improved doubly robust
    estimator (Sant'Anna & Zhao 2020), too.

    Raises
    ------
    ModelError
        If no weights give equal means: the addressed customers lie outside the controls.

    References
    ----------
    Hainmueller, J. (2012). Political Analysis, 20, 25-46.
    Zhao, Q., & Percival, D. (2017). J. Causal Inference, 5(1).
    """
    design = covariates.design().to_numpy()
    treated = covariates.treated.to_numpy()
    target = design[treated].mean(axis=0)
    weights = solve_entropy(design[~treated] - target)
    series = pd.Series(1.0, index=covariates.treated.index, name="weight")
    series[~covariates.treated] = weights * covariates.n_treated
    return Weights("entropy balancing", series, covariates.treated, _nobody())


def solve_entropy(deviations: Floats) -> Floats:
    """Find the most even weights, adding up to 1, with ``weights @ deviations = 0``.

    Newton's method with halved steps on the convex dual.

    Raises
    ------
    ModelError
        If zero is outside the convex hull of the deviations.
    """
    from scipy.special import logsumexp

    beta = np.zeros(deviations.shape[1])
    for _ in range(200):
        index = deviations @ beta
        weights = np.exp(index - logsumexp(index))
        gradient = weights @ deviations
        if np.abs(gradient).max() < EXACT:
            return weights
        centred = deviations - gradient
        curvature = (centred.T * weights) @ centred
        step = np.linalg.lstsq(curvature, gradient, rcond=1e-12)[0]
        now, slope, length = logsumexp(index), gradient @ step, 1.0
        while logsumexp(deviations @ (beta - length * step)) > now - 1e-4 * length * slope:
            length /= 2
            if length < 1e-10:
                raise _no_balance()
        beta = beta - length * step
    raise _no_balance()


def _no_balance() -> ModelError:
    return ModelError(
        "no weights of the customers not addressed give the means of those addressed: the "
        "groups are too far apart for an exact balance"
    )


def _nobody() -> pd.DataFrame:
    return pd.DataFrame({"reason": [], "treated": [], "control": []}).astype(
        {"reason": "str", "treated": "int64", "control": "int64"}
    )

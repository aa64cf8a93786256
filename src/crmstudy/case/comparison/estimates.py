"""Effects on the addressed customers, from changes and weights, with honest errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.comparison.matching import Matching
from crmstudy.case.comparison.propensity import MAXIMUM_LIKELIHOOD, Propensity
from crmstudy.case.comparison.weighting import Weights
from crmstudy.errors import ModelError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A difference-in-differences of some customers.

    Parameters
    ----------
    method : str
        How the groups were made alike.
    effect, standard_error, lower, upper, p_value : float
        Mean effect on the addressed customers per window, in units of the outcome.
    n_treated, n_control : int
        Customers who count.
    effective_controls : float
        Controls of equal weight that would be as precise.
    error : str
        Where the standard error comes from.
    """

    method: str
    effect: float
    standard_error: float
    lower: float
    upper: float
    p_value: float
    n_treated: int
    n_control: int
    effective_controls: float
    error: str


def change_of(panel: pd.DataFrame, outcome: str, customers: pd.Index) -> pd.Series:
    """Mean outcome per window after the start less before it, one value a customer."""
    means = panel.pivot_table(index="customer_id", columns="post", values=outcome, aggfunc="mean")
    return (means[True] - means[False]).loc[customers]


def estimate_unadjusted(change: pd.Series, weights: Weights, *, confidence: float) -> Estimate:
    """Take the difference of both mean changes; every group has its own variance."""
    treated = weights.treated.to_numpy()
    influence = _centre(change.to_numpy(), treated.astype(float))
    influence -= _centre(change.to_numpy(), (~treated).astype(float))
    error = "variances of both groups (HC0)"
    return _conclude(
        weights, _difference(change, weights), influence, confidence=confidence, error=error
    )


def estimate_inverse(
    change: pd.Series, weights: Weights, propensity: Propensity, *, confidence: float
) -> Estimate:
    """Weigh the controls' changes by their odds; the error knows that these are estimated.

    Influence functions of the normalised estimator (Abadie 2005 in the form of Sant'Anna &
    Zhao 2020, equation 2.4 with normalised weights), the propensity's own included where it is
    by maximum likelihood; truncation and trimming count as given.
    """
    values = change.to_numpy()
    treated = weights.treated.to_numpy()
    plain = weights.weights.to_numpy()
    ones, odds = np.where(treated, plain, 0.0), np.where(treated, 0.0, plain)
    influence = _centre(values, ones) - _centre(values, odds)
    influence -= _through_propensity(values, odds, propensity)
    return _conclude(
        weights,
        _difference(change, weights),
        influence,
        confidence=confidence,
        error=f"influence functions, {_estimated(propensity)}",
    )


def estimate_doubly_robust(
    change: pd.Series, weights: Weights, propensity: Propensity, *, confidence: float
) -> Estimate:
    """Weigh what a regression of the controls' changes leaves unexplained.

    Consistent if the propensity or the regression is right. The traditional estimator of
    Sant'Anna & Zhao (2020), with their influence functions for panel data.
    """
    values = change.to_numpy()
    treated = weights.treated.to_numpy()
    plain = weights.weights.to_numpy()
    ones, odds = np.where(treated, plain, 0.0), np.where(treated, 0.0, plain)
    matrix = np.column_stack([np.ones(len(values)), propensity.design.to_numpy()])
    rows = (odds > 0).astype(float)
    beta, spread = _regress(matrix, values, rows)
    rest = values - matrix @ beta
    gap = ones @ rest / ones.sum() - odds @ rest / odds.sum()
    influence = _centre(rest, ones) - _centre(rest, odds)
    influence -= spread @ (ones @ matrix / ones.mean() - odds @ matrix / odds.mean()) / len(values)
    influence -= _through_propensity(rest, odds, propensity)
    found = _conclude(
        weights,
        float(gap),
        influence,
        confidence=confidence,
        error=f"influence functions, {_estimated(propensity)}",
    )
    return _rename(found, "doubly robust")


def estimate_balanced(
    change: pd.Series, weights: Weights, design: pd.DataFrame, *, confidence: float
) -> Estimate:
    """Compare with entropy weights; what covariates explain of the changes is no error.

    Means are equal exactly, so that the weighted regression of the controls' changes drops
    out of the estimate and only its residuals remain in the error: the improved doubly robust
    estimator of Sant'Anna & Zhao (2020), equation 3.1.
    """
    values = change.to_numpy()
    treated = weights.treated.to_numpy()
    plain = weights.weights.to_numpy()
    ones, odds = np.where(treated, plain, 0.0), np.where(treated, 0.0, plain)
    matrix = np.column_stack([np.ones(len(values)), design.to_numpy()])
    beta, _ = _regress(matrix, values, odds)
    rest = values - matrix @ beta
    influence = _centre(rest, ones) - _centre(rest, odds)
    return _conclude(
        weights,
        _difference(change, weights),
        influence,
        confidence=confidence,
        error="influence functions of the improved doubly robust estimator",
    )


def estimate_matched(change: pd.Series, matching: Matching, *, confidence: float) -> Estimate:
    """Average the differences within matched sets.

    Without replacement the sets are independent, and their spread is the error (Austin &
    Small 2014); a control that serves several sets makes them alike, and is a cluster of its
    own (errors by customer).
    """
    pairs = matching.pairs
    of_controls = change.loc[pairs["control"]].to_numpy() * pairs["weight"].to_numpy()
    averaged = pd.Series(of_controls).groupby(pairs["treated"].to_numpy()).sum()
    gaps = change.loc[averaged.index] - averaged
    effect = float(gaps.mean())
    if matching.replace:
        plain = matching.weights.weights.to_numpy()
        treated = matching.weights.treated.to_numpy()
        influence = _centre(change.to_numpy(), np.where(treated, plain, 0.0))
        influence -= _centre(change.to_numpy(), np.where(treated, 0.0, plain))
        return _conclude(
            matching.weights, effect, influence, confidence=confidence, error="clustered by control"
        )
    influence = (gaps - effect).to_numpy() * np.sqrt(len(gaps) / max(len(gaps) - 1, 1))
    return _conclude(
        matching.weights, effect, influence, confidence=confidence, error="spread of matched sets"
    )


def _difference(values: pd.Series, weights: Weights) -> float:
    ones = weights.weights[weights.treated]
    others = weights.weights[~weights.treated]
    return float(
        np.average(values[weights.treated], weights=ones)
        - np.average(values[~weights.treated], weights=others)
    )


def _centre(values: Floats, weights: Floats) -> Floats:
    """Influence of each customer on a weighted mean."""
    centred: Floats = weights * (values - weights @ values / weights.sum()) / weights.mean()
    return centred


def _through_propensity(values: Floats, odds: Floats, propensity: Propensity) -> Floats:
    """Influence on the controls' weighted mean by way of the estimated coefficients."""
    matrix = np.column_stack([np.ones(len(values)), propensity.design.to_numpy()])
    chance = propensity.customers["propensity"].to_numpy()
    treated = propensity.customers["treated"].to_numpy(dtype=float)
    scores = (treated - chance)[:, None] * matrix
    slope = _centre(values, odds) @ matrix / len(values)
    reached: Floats = scores @ (propensity.covariance * len(values)) @ slope
    return reached


def _regress(matrix: Floats, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Weighted least squares and the influence of each customer on the coefficients."""
    weighted = matrix * weights[:, None]
    inverse = np.linalg.pinv(weighted.T @ matrix / len(values))
    beta = inverse @ (weighted.T @ values) / len(values)
    return beta, weighted * (values - matrix @ beta)[:, None] @ inverse


def _estimated(propensity: Propensity) -> str:
    ridged = propensity.method != MAXIMUM_LIKELIHOOD
    return "propensity estimated by ridge" if ridged else "propensity estimated"


def _rename(estimate: Estimate, method: str) -> Estimate:
    from dataclasses import replace

    return replace(estimate, method=method)


def _conclude(
    weights: Weights, effect: float, influence: Floats, *, confidence: float, error: str
) -> Estimate:
    from scipy.stats import norm

    standard_error = float(np.sqrt((influence**2).sum()) / len(influence))
    if not standard_error > 0:
        raise ModelError("the outcome changed by the same amount in all customers compared")
    reach = float(norm.ppf((1 + confidence) / 2)) * standard_error
    return Estimate(
        method=weights.method,
        effect=effect,
        standard_error=standard_error,
        lower=effect - reach,
        upper=effect + reach,
        p_value=float(2 * norm.sf(abs(effect) / standard_error)),
        n_treated=weights.n_treated,
        n_control=weights.n_control,
        effective_controls=weights.effective_controls,
        error=error,
    )

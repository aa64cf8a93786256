"""How estimates are arranged for a reader, and what follows from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter, delta_errors


def wald_columns(estimate: Array, se: Array, *, level: float) -> dict[str, Array]:
    """Return z, two-sided p-value and interval of asymptotically normal estimates."""
    z = estimate / se
    reach = ndtri(0.5 + level / 2.0) * se
    return {
        "z": z,
        "p value": 2.0 * ndtr(-np.abs(z)),
        "lower": estimate - reach,
        "upper": estimate + reach,
    }


def tabulate_estimates(
    structure: CovarianceStructure, theta: Array, covariance: Array, *, level: float
) -> pd.DataFrame:
    """Arrange every parameter: estimate, error, test, interval, standardised value and error."""
    reported = structure.reported
    errors = dict(zip(structure.parameters, np.sqrt(np.diag(covariance)), strict=True))
    estimate = structure.report(theta)
    se = np.array([errors.get(each, np.nan) for each in reported])
    return pd.DataFrame(
        {
            "kind": [name_kind(each) for each in reported],
            "left": [each.left for each in reported],
            "right": [each.right for each in reported],
            "fixed": ["no" if each in errors else "yes" for each in reported],
            "estimate": estimate,
            "se": se,
            **wald_columns(estimate, se, level=level),
            "standardised": structure.standardise(theta),
            "standardised se": delta_errors(structure.standardise, theta, covariance),
        }
    )


def explain_variance(structure: CovarianceStructure, theta: Array) -> dict[str, float]:
    """One minus the share of each variable's variance that is left unexplained."""
    shares = zip(structure.reported, structure.standardise(theta), strict=True)
    return {p.left: float(1.0 - share) for p, share in shares if name_kind(p) == "variance"}


def name_kind(parameter: Parameter) -> str:
    """Say in a word what a parameter is."""
    if parameter.op == "~~":
        return "variance" if parameter.left == parameter.right else "covariance"
    return {"=~": "loading", "~": "path"}[parameter.op]

"""Omega of a construct by itself: a model of one factor, and the interval of its reliability.

References
----------
Raykov, T. (2002). Analytic estimation of standard error and confidence interval for scale
reliability. Multivariate Behavioral Research, 37(1), 89-103.
Kelley, K., & Pornprasertmanit, S. (2016). Confidence intervals for population reliability
coefficients: Evaluation of methods, recommendations, and software for composite measures.
Psychological Methods, 21(1), 69-92.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit, ndtri

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.estimation.result import Divisor, Missing, SemResult
from crmstudy.loyalty.model.moments import Array, delta_errors
from crmstudy.loyalty.model.specify import Construct, StructuralModel


@dataclass(frozen=True)
class Omega:
    """Omega total of one construct.

    Attributes
    ----------
    value, se : float
        Estimate, and its delta-method standard error (Raykov 2002).
    lower, upper : float
        Interval on the logit scale, so that it stays between 0 and 1.
    """

    value: float
    se: float
    lower: float
    upper: float


def fit_omega(
    answers: pd.DataFrame,
    *,
    construct: Construct,
    level: float,
    divisor: Divisor = "n",
    missing: Missing = "listwise",
) -> Omega | NotAvailable:
    """Estimate omega from a one-factor model of one construct's items alone.

    Parameters
    ----------
    answers : DataFrame
        One column an item.
    construct : Construct
        Three items or more: with two, loadings and error variances are not identified.
    level : float
        Confidence of the interval.
    divisor : {"n", "n-1"}
    missing : {"listwise", "fiml"}
    """
    if len(construct.items) < 3:
        return NotAvailable("omega needs three items or more")
    model = StructuralModel((construct,), (), f"{construct.name} alone")
    result = fit_sem(answers, model=model, divisor=divisor, missing=missing)
    return measure_omega(result, level=level)


def measure_omega(result: SemResult, *, level: float) -> Omega | NotAvailable:
    """Compute omega and its interval from a fitted model of one factor."""
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    structure = result.structure

    def omega(theta: Array) -> Array:
        loadings, _, disturbances, errors = structure.matrices(theta)
        common = loadings.sum() ** 2 * disturbances[0, 0]
        return np.array([common / (common + errors.sum())])

    value = float(omega(found.theta)[0])
    se = float(delta_errors(omega, found.theta, found.covariance)[0])
    reach = float(ndtri(0.5 + level / 2.0)) * se / (value * (1.0 - value))
    lower, upper = expit(logit(value) + np.array([-reach, reach]))
    return Omega(value, se, float(lower), float(upper))

"""Full-information maximum likelihood: every answer given counts, gaps and all.

The model's covariance matrix and free means are fitted to the answers themselves, not to
a covariance matrix. The search starts where the model fits the saturated model's (EM)
covariances best and goes on by Fisher scoring; standard errors come from the observed
information, because with gaps that depend on other answers (missing at random) the
expected information is biased (Kenward & Molenberghs, 1998; Savalei, 2010).

References
----------
Arbuckle, J. L. (1996). Full information estimation in the presence of incomplete data.
In G. A. Marcoulides & R. E. Schumacker (Eds.), Advanced Structural Equation Modeling
(pp. 243-277). Erlbaum.
Enders, C. K., & Bandalos, D. L. (2001). The relative performance of full information
maximum likelihood estimation for missing data in structural equation models. Structural
Equation Modeling, 8(3), 430-457.
Kenward, M. G., & Molenberghs, G. (1998). Likelihood based frequentist inference when data
are missing at random. Statistical Science, 13(3), 236-247.
Savalei, V. (2010). Expected versus observed information in SEM with incomplete normal and
nonnormal data. Psychological Methods, 15(4), 352-367.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmstudy.loyalty.estimation.admissible import scale_gradient
from crmstudy.loyalty.estimation.fit import FitMeasures, assemble_fit
from crmstudy.loyalty.estimation.likelihood import Likelihood, Structure, bend, flatten
from crmstudy.loyalty.estimation.patterns import Patterns
from crmstudy.loyalty.estimation.saturated import Baseline, estimate_baseline
from crmstudy.loyalty.model.moments import Array

ENOUGH = 1e-10  # largest scaled slope at which the search rests


@dataclass(frozen=True)
class Optimum:
    """Where the search ended.

    Attributes
    ----------
    theta : array of shape (n_parameters,)
    point : Likelihood
        At the model's means and covariances there.
    gradient, curvature : arrays of shape (n_items + n_parameters,) and its square
        Slope and observed second derivative of F by means and parameters.
    """

    theta: Array
    point: Likelihood
    gradient: Array
    curvature: Array


def climb(
    structure: Structure,
    patterns: Patterns,
    *,
    theta: Array,
    mean: Array,
    max_steps: int = 500,
) -> Optimum:
    """Walk to the maximum of the likelihood by Fisher scoring.

    Parameters
    ----------
    structure : Structure
    patterns : Patterns
        Answers of about mean 0 and standard deviation 1.
    theta, mean : arrays of shape (n_parameters,) and (n_items,)
        A start at which the implied covariance matrix is positive definite.
    max_steps : int
        Whether the walk arrived is judged by the slope at its end, not here.
    """
    point = Likelihood(patterns, mean, structure.implied(theta))
    for _ in range(max_steps):
        flat = flatten(structure.jacobian(theta))
        slope, pull = flat @ point.slope().ravel(), point.pull()
        information, of_mean = point.expected(flat), point.information_of_mean()
        steep = scale_gradient(slope, information).max()
        if max(steep, scale_gradient(2.0 * pull, of_mean).max()) < ENOUGH:
            break
        step = np.linalg.lstsq(information, slope)[0]
        shift = 2.0 * np.linalg.solve(of_mean, pull)
        reached = point.discrepancy() + 1e-12  # rounding at the optimum
        for share in 0.5 ** np.arange(12):
            trial = theta - share * step
            tried = Likelihood(patterns, point.mean + share * shift, structure.implied(trial))
            if tried.proper and tried.discrepancy() <= reached:
                break
        else:
            break
        theta, point = trial, tried
    return survey_optimum(structure, theta, point)


def survey_optimum(structure: Structure, theta: Array, point: Likelihood) -> Optimum:
    """Take slope and observed curvature of the likelihood at a point."""
    flat = flatten(structure.jacobian(theta))
    by_cell = point.slope()
    curvature = point.observed(flat)
    p = len(point.mean)
    curvature[p:, p:] += bend(structure, theta, by_cell)
    gradient = np.concatenate([-2.0 * point.pull(), flat @ by_cell.ravel()])
    return Optimum(theta, point, gradient, (curvature + curvature.T) / 2.0)


def measure_incomplete_fit(
    model: Likelihood, saturated: Likelihood, baseline: Baseline, *, sd: Array, n_free: int
) -> FitMeasures:
    """Compute all measures of fit under full information.

    chi2 and the baseline's come from the likelihoods of the answers given; SRMR, GFI and
    AGFI compare the model's covariances with the saturated model's (EM), without means.
    The free means count among the parameters, as in lavaan.

    Parameters
    ----------
    model, saturated : Likelihood
        At their maxima, for answers in units of ``sd``.
    baseline : Baseline
    sd : array of shape (n_items,)
    n_free : int
        Free parameters of the covariance matrix.
    """
    patterns, p = model.patterns, len(sd)
    reached = saturated.discrepancy()
    null = estimate_baseline(baseline, patterns)
    back_to_units = float((patterns.seen[patterns.member] @ np.log(sd)).sum())
    return assemble_fit(
        saturated.implied,
        model.implied,
        chi2=patterns.n * max(model.discrepancy() - reached, 0.0),
        df=p * (p + 1) // 2 - n_free,
        chi2_null=patterns.n * (null.discrepancy() - reached),
        df_null=baseline.df,
        log_likelihood=model.log_likelihood() - back_to_units,
        n_used=patterns.n,
        n_free=n_free + p,
    )

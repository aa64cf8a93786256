"""How well a joint model fits: the measures of one group, for several.

References
----------
Steiger, J. H. (1998). A note on multiple sample extensions of the RMSEA fit index.
Structural Equation Modeling, 5(4), 411-419.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from crmstudy.loyalty.estimation.fit import (
    aic,
    bic,
    cfi,
    discrepancy,
    log_likelihood,
    rmsea,
    rmsea_interval,
    tli,
)
from crmstudy.loyalty.invariance.joint import GroupSample, JointStructure, measure_discrepancy
from crmstudy.loyalty.model.moments import Array


@dataclass(frozen=True)
class JointFit:
    """Fit of one model to several groups, at full precision.

    Attributes
    ----------
    n_used, n_free, n_groups : int
        Respondents of all groups, distinct parameters, groups.
    chi2, df, p_value : float, int, float
        Likelihood ratio test against free means and covariances in every group.
    cfi, tli, rmsea, rmsea_lower, rmsea_upper, srmr : float
        The baseline of CFI and TLI has uncorrelated items with free means in every group.
        RMSEA is multiplied by the root of the number of groups (Steiger 1998). Without
        degrees of freedom TLI and RMSEA do not exist: None.
    log_likelihood, aic, bic : float
    """

    n_used: int
    n_free: int
    n_groups: int
    chi2: float
    df: int
    p_value: float
    cfi: float
    tli: float | None
    rmsea: float | None
    rmsea_lower: float | None
    rmsea_upper: float | None
    srmr: float
    log_likelihood: float
    aic: float
    bic: float


def measure_joint_fit(
    joint: JointStructure, theta: Array, samples: Sequence[GroupSample]
) -> JointFit:
    """Compute all measures of fit of a joint solution."""
    weights = np.array([sample.multiplier for sample in samples])
    chi2 = float(weights @ np.maximum(measure_discrepancy(joint, theta, samples), 0.0))
    null = [discrepancy(s.covariance, np.diag(np.diag(s.covariance))) for s in samples]
    chi2_null, p, df = float(weights @ null), len(samples[0].mean), joint.df
    df_null = len(samples) * p * (p - 1) // 2
    n, n_per_group = sum(s.n_used for s in samples), weights.sum() / len(samples)
    bounds = rmsea_interval(chi2, df, n_per_group) if df else (None, None)
    likelihood = _sum_likelihood(joint, theta, samples)
    return JointFit(
        n_used=n,
        n_free=joint.n_free,
        n_groups=len(samples),
        chi2=chi2,
        df=df,
        p_value=float(chdtrc(df, chi2)) if df else 1.0,
        cfi=cfi(chi2, df, chi2_null, df_null),
        tli=tli(chi2, df, chi2_null, df_null) if df else None,
        rmsea=rmsea(chi2, df, n_per_group) if df else None,
        rmsea_lower=bounds[0],
        rmsea_upper=bounds[1],
        srmr=_average_residual(joint, theta, samples),
        log_likelihood=likelihood,
        aic=aic(likelihood, joint.n_free),
        bic=bic(likelihood, joint.n_free, n),
    )


def _sum_likelihood(joint: JointStructure, theta: Array, samples: Sequence[GroupSample]) -> float:
    moments = zip(samples, joint.implied(theta), strict=True)
    return sum(
        log_likelihood(s.covariance + np.outer(s.mean - mean, s.mean - mean), implied, s.n_used)
        for s, (mean, implied) in moments
    )


def _average_residual(joint: JointStructure, theta: Array, samples: Sequence[GroupSample]) -> float:
    """SRMR over variances, covariances and means, weighted by the groups' respondents."""
    squares, total = 0.0, sum(sample.n_used for sample in samples)
    for sample, (mean, implied) in zip(samples, joint.implied(theta), strict=True):
        sd = np.sqrt(np.diag(sample.covariance))
        residual = ((sample.covariance - implied) / np.outer(sd, sd))[np.tril_indices(len(sd))]
        gaps = np.append(residual, (sample.mean - mean) / sd)
        squares += sample.n_used / total * float(np.sqrt(np.mean(gaps**2)))
    return squares

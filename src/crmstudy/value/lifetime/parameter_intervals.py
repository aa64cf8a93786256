"""How far the parameters of a fitted model can be trusted: three intervals side by side.

Wald's interval takes the likelihood for a parabola in the logarithm of the parameter; the
profile interval takes it as it is; the bootstrap draws customers anew and takes nothing
from the likelihood's shape. Where they agree any of them will do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.evidence import Evidence, collect_evidence
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.lifetime.profile import follow_profile
from crmstudy.value.purchasing.btyd import PurchaseResult
from crmstudy.value.purchasing.likelihood import Estimates, maximise

Floats = NDArray[np.float64]
Fitted = PurchaseResult | GammaGammaResult

STAGE = 80
# Conventions of this study. Limits that differ by less than half a standard error lead to
# the same reading; with two hundred samples the bootstrap's own error is a fifth of one.
ALIKE = 0.5
MINIMUM_SAMPLES = 20


@dataclass(frozen=True, eq=False)
class ParameterIntervals:
    """Intervals of each parameter by several methods.

    Parameters
    ----------
    limits : DataFrame
        One row a parameter and method: ``parameter``, ``method`` (Wald, profile,
        bootstrap), ``estimate``, ``lower``, ``upper``; a limit of 0 or infinity says that
        the data set none.
    standard_errors : dict of str to float
        Of the logarithm of each parameter.
    level : float
        Confidence, for instance 0.95.
    n_samples, n_failed : int
        Bootstrap samples that gave estimates, and that gave none; 0 without bootstrap.
    """

    limits: pd.DataFrame
    standard_errors: dict[str, float]
    level: float
    n_samples: int = 0
    n_failed: int = 0

    def spread(self) -> pd.Series:
        """Largest difference between methods of a limit, in standard errors, by parameter."""
        ends = self.limits[["lower", "upper"]].clip(lower=1e-300, upper=1e300)
        logs = pd.DataFrame(np.log(ends.to_numpy()), columns=["lower", "upper"])
        by_parameter = logs.groupby(self.limits["parameter"], sort=False)
        widest = (by_parameter.max() - by_parameter.min()).max(axis=1)
        return widest / pd.Series(self.standard_errors)[widest.index]

    def table(self) -> pd.DataFrame:
        """One row a parameter, the methods side by side, and whether they agree."""
        methods = dict(list(self.limits.groupby("method", sort=False)))
        first = self.limits.drop_duplicates("parameter")
        frame = first[["parameter", "estimate"]].reset_index(drop=True)
        for method, rows in methods.items():
            by_parameter = rows.set_index("parameter").loc[frame["parameter"]]
            for end in ("lower", "upper"):
                frame[f"{method!s} {end}"] = by_parameter[end].to_numpy()
        spread = self.spread().loc[frame["parameter"]].to_numpy()
        frame["largest difference in standard errors"] = spread
        frame["agree"] = np.where(spread < ALIKE, "yes", "no")
        return frame

    def to_metrics(self) -> dict[str, float]:
        """Limits by method, for the record; a limit that the data do not set is left out."""
        rows = self.limits.to_dict("records")
        ends = {
            f"{row['parameter']}_{row['method'].lower()}_{end}": float(row[end])
            for row in rows
            for end in ("lower", "upper")
        }
        kept = {name: value for name, value in ends.items() if 0 < value < np.inf}
        return {**kept, "bootstrap_samples": self.n_samples, "bootstrap_failed": self.n_failed}


@passes_absence
def profile_intervals(
    result: Fitted, summary: PurchaseSummary, *, level: float = 0.95
) -> ParameterIntervals:
    """Compute Wald and profile-likelihood intervals of a model's parameters.

    A value lies inside the profile interval when the likelihood-ratio test does not reject
    it: twice the fall of the log-likelihood, maximised over the other parameters, stays
    below the quantile of chi-square with one degree of freedom. The interval does not
    depend on the scale of the parameter and need not be symmetric on any.

    Parameters
    ----------
    result : PurchaseResult or GammaGammaResult
        A fitted model.
    summary : PurchaseSummary
        The histories that it was fitted to.
    level : float
        Confidence, between 0 and 1.

    Raises
    ------
    SettingsError
        If the level is none.
    ModelError
        If the summary is not the one behind the model.

    References
    ----------
    Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing
    profile-likelihood-based confidence intervals. Applied Statistics, 37(1), 87-94.
    """
    evidence = _matching_evidence(result, summary, level)
    return _compare(result.estimates, {"profile": _profile(evidence, result, level)}, level)


@passes_absence
def compare_intervals(
    result: Fitted,
    summary: PurchaseSummary,
    *,
    n_replicates: int,
    seed: int,
    level: float = 0.95,
) -> ParameterIntervals:
    """Put Wald, profile and bootstrap intervals of a model's parameters side by side.

    The bootstrap draws as many customers with replacement as there are, fits the model to
    each sample and takes percentiles of the estimates. Samples without an inner maximum
    are left out and counted; where most have none, no bootstrap is given.

    Parameters
    ----------
    result, summary, level
        As for :func:`profile_intervals`.
    n_replicates : int
        Bootstrap samples, 20 or more.
    seed : int
        The study's seed.

    Raises
    ------
    SettingsError, ModelError
        As for :func:`profile_intervals`; and if the number of samples is too small.

    References
    ----------
    Efron, B. & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall
    (chapter 13, percentile intervals).
    """
    if n_replicates < MINIMUM_SAMPLES:
        raise SettingsError(f"n_replicates must be {MINIMUM_SAMPLES} or more, found {n_replicates}")
    evidence = _matching_evidence(result, summary, level)
    drawn = bootstrap_estimates(result, evidence, n_replicates=n_replicates, seed=seed)
    n_failed = n_replicates - len(drawn)
    methods = {"profile": _profile(evidence, result, level)}
    if n_failed > n_replicates / 2:  # those that are left are no sample of anything
        drawn = drawn[:0]
    else:
        lower, upper = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
        methods["bootstrap"] = lower, upper
    compared = _compare(result.estimates, methods, level)
    return replace(compared, n_samples=len(drawn), n_failed=n_failed)


def bootstrap_estimates(
    result: Fitted, evidence: Evidence, *, n_replicates: int, seed: int
) -> Floats:
    """Fit the model to samples of customers; one row of estimates a sample that has any."""
    estimates, rows = result.estimates, []
    for sample_seed in draw_seeds(seed, stage=STAGE, n=n_replicates):
        likelihood = evidence.resample(np.random.default_rng(sample_seed))
        try:
            rows.append(maximise(likelihood, estimates.to_dict(), n=estimates.n).values)
        except ModelError:  # a sample may lack what the whole has; it is counted
            continue
    return np.array(rows).reshape(-1, estimates.values.size)


def _matching_evidence(result: Fitted, summary: PurchaseSummary, level: float) -> Evidence:
    if not 0 < level < 1:
        raise SettingsError(f"level must lie between 0 and 1, found {level}")
    evidence, estimates = collect_evidence(result, summary), result.estimates
    reached = evidence.likelihood(estimates.values)[0]
    if abs(reached - estimates.log_likelihood) > 1e-6 * max(1.0, abs(reached)):
        raise ModelError("the model was fitted to other histories than these")
    return evidence


def _profile(evidence: Evidence, result: Fitted, level: float) -> tuple[Floats, Floats]:
    reach = float(ndtri((1 + level) / 2))
    return follow_profile(evidence.likelihood, result.estimates, reach=reach)


def _compare(
    estimates: Estimates, methods: dict[str, tuple[Floats, Floats]], level: float
) -> ParameterIntervals:
    frames = [
        pd.DataFrame(
            {
                "parameter": estimates.names,
                "method": method,
                "estimate": estimates.values,
                "lower": lower,
                "upper": upper,
            }
        )
        for method, (lower, upper) in {"Wald": estimates.interval(level), **methods}.items()
    ]
    errors = estimates.standard_errors / estimates.values
    return ParameterIntervals(
        limits=pd.concat(frames, ignore_index=True),
        standard_errors=dict(zip(estimates.names, errors.tolist(), strict=True)),
        level=level,
    )

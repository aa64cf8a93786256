"""How far estimates would move with other respondents: the bootstrap of a model.

Respondents are drawn with replacement and the model is estimated anew from each sample.
Samples without estimates are counted as failed and left out. Samples whose solution the
gate would withhold are counted too, but kept: a solution beyond the edge is where the
estimator ends on such samples, and without them the intervals would be too short
(``exclude_inadmissible()`` shows by how much).

References
----------
Efron, B., & Tibshirani, R. J. (1993). An Introduction to the Bootstrap. Chapman & Hall.
Bollen, K. A., & Stine, R. (1990). Direct and indirect effects: Classical and bootstrap
estimates of variability. Sociological Methodology, 20, 115-140.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.model.moments import Array, CovarianceStructure
from crmstudy.loyalty.resampling.draws import draw_covariances, leave_out, order_answers
from crmstudy.loyalty.resampling.engine import refit_samples
from crmstudy.loyalty.resampling.intervals import accelerate, bca_limits, percentile_limits
from crmstudy.loyalty.resampling.likelihood import Flags, Places
from crmstudy.loyalty.resampling.stacks import report_draws, standardise_draws
from crmstudy.statistics.draws import draw_seeds

IntervalKind = Literal["bca", "percentile"]
MOST_GROUPS = 1000  # parts left out in turn for the acceleration
FEWEST_KEPT = 0.5  # share of the samples that must give estimates
_STAGE = 210  # of the study's seeds
_KINDS = {"=~": "loading", "~": "path"}


@dataclass(frozen=True)
class Bounds:
    """Bootstrap limits of quantities; arrays of shape (n_quantities,).

    Attributes
    ----------
    estimate : array
        From all respondents.
    se, bias : array
        Standard deviation of the replicates, and their mean minus the estimate.
    lower, upper : array
    n_used : array of int
        Replicates behind each; a replicate that is no number (a standardised value
        where a variance is negative) is left out.
    level : float
    kind : str
        ``"bca"`` or ``"percentile"``.
    """

    estimate: Array
    se: Array
    bias: Array
    lower: Array
    upper: Array
    n_used: Array
    level: float
    kind: IntervalKind


@dataclass(frozen=True)
class Bootstrap:
    """Estimates of a model from samples of its respondents.

    Attributes
    ----------
    result : SemResult
        The model estimated from all respondents; admissible.
    theta : array of shape (n_kept, n_parameters)
        Estimates of the samples that have any.
    admissible : array of bool, shape (n_kept,)
    kept : array of int, shape (n_kept,)
        Which draws they are of, counted from 0 in the order of ``draw_covariances``.
    n_draws, n_failed, n_inadmissible : int
        Samples drawn, without estimates, and with estimates the gate would withhold.
    seed : int
        Of the draws: ``draw_rows(n, n_draws=n_draws, seed=seed)`` gives the respondents of
        each, as places in :func:`~crmstudy.loyalty.resampling.draws.order_answers`.
    """

    result: SemResult
    theta: Array
    admissible: Flags
    kept: Places
    n_draws: int
    n_failed: int
    n_inadmissible: int
    seed: int

    @property
    def structure(self) -> CovarianceStructure:
        """The model's free parameters."""
        return self.result.structure

    @property
    def estimate(self) -> Array:
        """Estimates from all respondents."""
        return np.asarray(self.result.solution.theta)

    @property
    def n_kept(self) -> int:
        """Samples behind the intervals."""
        return len(self.theta)

    @cached_property
    def left_out(self) -> Array:
        """Estimates without each respondent (or small group) in turn, for the acceleration."""
        ordered = order_answers(self.result.answers)
        n, ddof = len(ordered), 0 if self.result.divisor == "n" else 1
        shuffled = np.random.default_rng(self.seed).permutation(n)
        groups = np.empty(n, dtype=np.intp)
        groups[shuffled] = np.arange(n) % min(n, MOST_GROUPS)
        samples = leave_out(ordered, groups=groups, ddof=ddof)
        found = refit_samples(self.structure, samples, start=self.estimate)
        return found.theta[found.converged]

    def exclude_inadmissible(self) -> Bootstrap:
        """The same bootstrap without the samples that the gate would withhold."""
        return replace(
            self,
            theta=self.theta[self.admissible],
            admissible=self.admissible[self.admissible],
            kept=self.kept[self.admissible],
        )

    def bound(
        self,
        function: Callable[[Array], Array],
        *,
        level: float = 0.95,
        kind: IntervalKind = "bca",
        stacked: bool = False,
    ) -> Bounds:
        """Bound any quantities that the parameters determine.

        Parameters
        ----------
        function : callable
            Parameter vector -> array of shape (n_quantities,). With ``stacked``: array
            of shape (n, n_parameters) -> array of shape (n, n_quantities).
        level : float
            Strictly between 0 and 1.
        kind : {"bca", "percentile"}
        stacked : bool
        """
        _refuse_words(level, kind)
        every = function if stacked else partial(_apply, function)
        estimate = every(self.estimate[None])[0]
        replicates = every(self.theta)
        left_out = every(self.left_out) if kind == "bca" else None
        return _bound(estimate, replicates, left_out, level=level, kind=kind)

    def bound_parameters(
        self, *, level: float = 0.95, kind: IntervalKind = "bca", standardised: bool = False
    ) -> Bounds:
        """Bound every reported parameter, in the order of ``structure.reported``."""
        of = standardise_draws if standardised else report_draws
        return self.bound(partial(of, self.structure), level=level, kind=kind, stacked=True)

    def table(self, *, level: float = 0.95, standardised: bool = False) -> pd.DataFrame:
        """One row a parameter: estimate, bootstrap error and bias, both kinds of limits."""
        bca = self.bound_parameters(level=level, standardised=standardised)
        plain = self.bound_parameters(level=level, kind="percentile", standardised=standardised)
        reported = self.structure.reported
        return pd.DataFrame(
            {
                "kind": [_name_kind(p.left, p.op, p.right) for p in reported],
                "left": [p.left for p in reported],
                "right": [p.right for p in reported],
                **tabulate_bounds(plain, bca),
            }
        )

    def paths(self, *, level: float = 0.95, standardised: bool = False) -> pd.DataFrame:
        """One row a path, in the model's order."""
        table = self.table(level=level, standardised=standardised)
        rows = table[table["kind"] == "path"].drop(columns="kind").reset_index(drop=True)
        ends = {"left": "target", "right": "source"}
        rest = [name for name in rows.columns if name not in ends]
        return rows.rename(columns=ends)[["source", "target", *rest]]

    def counts(self) -> pd.DataFrame:
        """Samples drawn, failed, inadmissible, kept, and how many respondents each has."""
        kept = self.n_draws - self.n_failed
        return pd.DataFrame(
            [
                ("samples drawn", self.n_draws),
                ("respondents in each", self.result.n_used),
                ("without estimates: left out", self.n_failed),
                ("with estimates: kept", kept),
                ("of these inadmissible", self.n_inadmissible),
            ],
            columns=["what", "number"],
        )

    def to_metrics(self, *, level: float = 0.95) -> dict[str, float]:
        """Counts, and errors and BCa limits of the paths, raw and standardised."""
        metrics: dict[str, float] = {
            "n_draws": self.n_draws,
            "n_failed": self.n_failed,
            "n_inadmissible": self.n_inadmissible,
        }
        for standardised, mark in ((False, ""), (True, "std_")):
            for row in self.paths(level=level, standardised=standardised).to_dict("records"):
                name = f"{row['source']}_{row['target']}".lower()
                metrics |= {
                    f"{mark}se_{name}": row["bootstrap se"],
                    f"{mark}lower_{name}": row["BCa lower"],
                    f"{mark}upper_{name}": row["BCa upper"],
                }
        return metrics


@passes_absence
def bootstrap_model(result: SemResult, *, n_draws: int, seed: int) -> Bootstrap | NotAvailable:
    """Draw respondents with replacement and estimate the model from each sample.

    Parameters
    ----------
    result : SemResult
        Estimated from complete answers.
    n_draws : int
        Samples; 1,000 or more for limits (Efron & Tibshirani, 1993, ch. 14).
    seed : int
        Of the study; the bootstrap takes its own from it.

    Returns
    -------
    Bootstrap or NotAvailable
        Not available when the model is inadmissible, when it was estimated from
        incomplete answers, or when more than half of the samples give no estimates.

    Raises
    ------
    ModelError
        If fewer than two samples are asked for.
    """
    if n_draws < 2:
        raise ModelError(f"a bootstrap needs two samples or more, not {n_draws}")
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    if result.missing != "listwise":
        return NotAvailable(
            "the bootstrap draws complete answers, and this model was estimated from incomplete "
            "ones; estimate it with MISSING = listwise"
        )
    ddof = 0 if result.divisor == "n" else 1
    (own_seed,) = draw_seeds(seed, stage=_STAGE, n=1)
    samples = draw_covariances(result.answers, n_draws=n_draws, seed=own_seed, ddof=ddof)
    refits = refit_samples(result.structure, samples, start=found.theta)
    if refits.n_failed > (1.0 - FEWEST_KEPT) * n_draws:
        return NotAvailable(
            f"{refits.n_failed:,} of {n_draws:,} bootstrap samples gave no estimates: the model "
            "asks too much of these respondents"
        )
    return Bootstrap(
        result=result,
        theta=refits.theta[refits.converged],
        admissible=refits.admissible[refits.converged],
        kept=np.flatnonzero(refits.converged),
        n_draws=n_draws,
        n_failed=refits.n_failed,
        n_inadmissible=refits.n_inadmissible,
        seed=own_seed,
    )


def tabulate_bounds(plain: Bounds, bca: Bounds) -> dict[str, Array]:
    """Columns of a table: estimate, error, bias, percentile and BCa limits."""
    return {
        "estimate": plain.estimate,
        "bootstrap se": plain.se,
        "bias": plain.bias,
        "percentile lower": plain.lower,
        "percentile upper": plain.upper,
        "BCa lower": bca.lower,
        "BCa upper": bca.upper,
    }


def _apply(function: Callable[[Array], Array], thetas: Array) -> Array:
    # A sample with a negative variance has no standardised value: left out and counted.
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.array([np.atleast_1d(function(theta)) for theta in thetas], dtype=float)


def _bound(
    estimate: Array, replicates: Array, left_out: Array | None, *, level: float, kind: IntervalKind
) -> Bounds:
    rows = []
    for k, value in enumerate(estimate):
        drawn = _keep_numbers(replicates[:, k])
        if len(drawn) < 2:
            raise ModelError("fewer than two bootstrap samples give a number to be bounded")
        if left_out is None:
            limits = percentile_limits(drawn, level=level)
        else:
            acceleration = accelerate(_keep_numbers(left_out[:, k]))
            limits = bca_limits(drawn, value, acceleration=acceleration, level=level)
        rows.append((value, drawn.std(ddof=1), drawn.mean() - value, *limits, len(drawn)))
    value, se, bias, lower, upper, n_used = np.array(rows, dtype=float).reshape(-1, 6).T
    return Bounds(value, se, bias, lower, upper, n_used.astype(int), level, kind)


def _keep_numbers(values: Array) -> Array:
    return values[np.isfinite(values)]


def _refuse_words(level: float, kind: str) -> None:
    if not 0.0 < level < 1.0:
        raise ModelError(f"the level of an interval is between 0 and 1, not {level}")
    if kind not in get_args(IntervalKind):
        raise ModelError(f"an interval is 'bca' or 'percentile', not {kind!r}")


def _name_kind(left: str, op: str, right: str) -> str:
    return _KINDS.get(op, "variance" if left == right else "covariance")

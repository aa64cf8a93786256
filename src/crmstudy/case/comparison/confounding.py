"""Could something unobserved explain the effect away, measured by what was observed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.case.comparison.adjusted import AdjustedComparison
from crmstudy.case.comparison.covariates import Covariates
from crmstudy.case.comparison.estimates import change_of
from crmstudy.case.comparison.sensitivity import (
    adjust_for_confounder,
    bound_by_benchmark,
    critical_gamma,
    e_value_of_difference,
    partial_r2,
    robustness_value,
)
from crmstudy.errors import ModelError, NotAvailable, passes_absence

Floats = npt.NDArray[np.float64]
ALPHA = 0.05


@dataclass(frozen=True)
class Confounding:
    """What an unobserved confounder would have to be like.

    Parameters
    ----------
    effect, standard_error, t, df : float
        Of the regression of the change on treatment and all covariates.
    partial_r2 : float
        Of the treatment with the change: a confounder that explained all the rest of the
        outcome would need this share of the treatment.
    robustness, robustness_alpha : float
        Robustness values: for an effect of 0, and for one no longer significant at 5%.
    benchmarks : DataFrame
        One row a covariate, strongest first: ``covariate``, ``r2_treatment``, ``r2_outcome``
        (bounds of a confounder as strong as it), ``effect``, ``lower``, ``upper`` (were it in
        the regression, at its worst).
    gamma : float or NotAvailable
        Critical Gamma of the matched pairs (Rosenbaum), 1 if never significant.
    n_pairs : int
        Those pairs.
    e_value : float
        Of the effect, in standard deviations of the controls' change.
    n : int
        Customers.
    """

    effect: float
    standard_error: float
    t: float
    df: int
    partial_r2: float
    robustness: float
    robustness_alpha: float
    benchmarks: pd.DataFrame
    gamma: float | NotAvailable
    n_pairs: int
    e_value: float
    n: int

    @property
    def strongest(self) -> dict[str, Any]:
        """The benchmark that would take most of the effect away."""
        return {str(name): value for name, value in self.benchmarks.iloc[0].items()}

    def table(self) -> pd.DataFrame:
        """Arrange one row a measure."""
        gamma = self.gamma
        rows = [
            ("effect by regression on all covariates", self.effect),
            ("its standard error", self.standard_error),
            ("partial R2 of the campaign with the change", self.partial_r2),
            ("robustness value, effect of 0", self.robustness),
            ("robustness value, no longer significant at 5%", self.robustness_alpha),
            ("E-value", self.e_value),
        ]
        if not isinstance(gamma, NotAvailable):
            rows.append((f"critical Gamma of {self.n_pairs:,} matched pairs", gamma))
        return pd.DataFrame(rows, columns=["measure", "value"])

    def tabulate_benchmarks(self, most: int = 8) -> pd.DataFrame:
        """Arrange the strongest benchmarks, one row a covariate."""
        names = {
            "covariate": "a confounder as strong as",
            "r2_treatment": "partial R2 with campaign",
            "r2_outcome": "partial R2 with change",
            "effect": "effect left",
            "lower": "lower 95%",
            "upper": "upper 95%",
        }
        return self.benchmarks.head(most).rename(columns=names)

    def trace_contours(self, n: int = 60) -> pd.DataFrame:
        """Effect left over a grid of strengths: ``r2_treatment``, ``r2_outcome``, ``effect``."""
        strengths = self.benchmarks[["r2_treatment", "r2_outcome"]].to_numpy()
        widest = 1.3 * max(
            self.robustness,
            float(strengths.max()),
            0.02,
        )
        grid = np.linspace(0, min(widest, 0.95), n)
        rows = [
            (
                x,
                y,
                adjust_for_confounder(
                    self.effect, self.standard_error, self.df, r2_treatment=x, r2_outcome=y
                )[0],
            )
            for x in grid
            for y in grid
        ]
        return pd.DataFrame(rows, columns=["r2_treatment", "r2_outcome", "effect"])

    def to_metrics(self) -> dict[str, float]:
        """Give the measures."""
        metrics = {
            "confounding_effect": self.effect,
            "confounding_partial_r2": self.partial_r2,
            "robustness_value": self.robustness,
            "robustness_value_alpha": self.robustness_alpha,
            "e_value": self.e_value,
            "benchmark_effect_left": float(self.strongest["effect"]),
        }
        if not isinstance(self.gamma, NotAvailable):
            metrics["critical_gamma"] = self.gamma
        return metrics


@passes_absence
def judge_confounding(
    panel: pd.DataFrame, covariates: Covariates, adjusted: AdjustedComparison
) -> Confounding:
    """Say how strong an unobserved confounder would have to be.

    The regression of the change on treatment and all covariates stands for the adjusted
    comparison: its omitted variable has a formula. Each observed covariate, all its levels
    together, is a benchmark: "a confounder as strong as this one". The matched pairs are
    judged by Rosenbaum's bounds.

    Raises
    ------
    ModelError
        If the covariates explain the treatment or the change wholly.

    References
    ----------
    Cinelli, C., & Hazlett, C. (2020). J. Royal Statistical Society B, 82, 39-67.
    Rosenbaum, P. R. (2002). Observational studies (2nd ed.). Springer.
    """
    change = change_of(panel, adjusted.outcome, covariates.treated.index)
    design = covariates.design()
    treated = covariates.treated.to_numpy(dtype=float)
    values = change.to_numpy()
    effect, error, df = _regress_treatment(design.to_numpy(), treated, values)
    t = effect / error
    pairs = adjusted.pairs
    gaps = _gaps(change, pairs)
    controls = float(change[~covariates.treated].std())
    return Confounding(
        effect=effect,
        standard_error=error,
        t=t,
        df=df,
        partial_r2=partial_r2(t, df),
        robustness=robustness_value(t, df),
        robustness_alpha=robustness_value(t, df, alpha=ALPHA),
        benchmarks=_bound_blocks(covariates, design, values, effect, error, df),
        gamma=_gamma(gaps),
        n_pairs=0 if isinstance(gaps, NotAvailable) else len(gaps),
        e_value=e_value_of_difference(effect, controls) if controls > 0 else 1.0,
        n=len(values),
    )


def _gaps(change: pd.Series, pairs: pd.DataFrame | NotAvailable) -> Floats | NotAvailable:
    if isinstance(pairs, NotAvailable):
        return pairs
    gaps: Floats = change.loc[pairs["treated"]].to_numpy() - change.loc[pairs["control"]].to_numpy()
    return gaps


def _gamma(gaps: Floats | NotAvailable) -> float | NotAvailable:
    if isinstance(gaps, NotAvailable):
        return gaps
    try:
        return critical_gamma(gaps, alpha=ALPHA / 2)
    except ModelError as reason:
        return NotAvailable(str(reason))


def _regress_treatment(design: Floats, treated: Floats, values: Floats) -> tuple[float, float, int]:
    matrix = np.column_stack([np.ones(len(values)), design])
    kept, left = _residual(matrix, treated), _residual(matrix, values)
    df = len(values) - matrix.shape[1] - 1
    if df < 2 or kept @ kept < 1e-9 * len(values):
        raise ModelError("the covariates tell wholly who was addressed: nothing is left to judge")
    effect = float(kept @ left / (kept @ kept))
    rest = left - effect * kept
    error = float(np.sqrt(rest @ rest / df / (kept @ kept)))
    if not error > 0:
        raise ModelError("the covariates explain the change of the outcome wholly")
    return effect, error, df


def _residual(matrix: Floats, values: Floats) -> Floats:
    found: Floats = values - matrix @ np.linalg.lstsq(matrix, values, rcond=None)[0]
    return found


def _bound_blocks(
    covariates: Covariates,
    design: pd.DataFrame,
    values: Floats,
    effect: float,
    error: float,
    df: int,
) -> pd.DataFrame:
    from scipy.stats import t as student

    treated = covariates.treated.to_numpy(dtype=float)
    rows = []
    for name in covariates.blocks["covariate"]:
        inside = np.array([covariates.block_of(str(c)) == name for c in design.columns])
        if not inside.any():
            continue
        shares = _shares(design.to_numpy(), inside, treated, values)
        try:
            strength = bound_by_benchmark(*shares)
        except ModelError:
            continue  # stronger than any second confounder could be
        left, wide = adjust_for_confounder(
            effect, error, df, r2_treatment=strength[0], r2_outcome=strength[1]
        )
        reach = float(student.isf(ALPHA / 2, df - 1)) * wide
        rows.append((name, *strength, left, left - reach, left + reach))
    columns = ["covariate", "r2_treatment", "r2_outcome", "effect", "lower", "upper"]
    frame = pd.DataFrame(rows, columns=columns)
    if frame.empty:
        raise ModelError("no observed covariate can serve as a benchmark")
    order = (np.sign(effect) * frame["effect"]).sort_values(kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _shares(
    design: Floats, inside: npt.NDArray[np.bool_], treated: Floats, values: Floats
) -> tuple[float, float]:
    """Partial R2 of a block with the treatment, and with the outcome given the treatment."""
    ones = np.ones((len(values), 1))
    others = np.column_stack([ones, design[:, ~inside]])
    full = np.column_stack([ones, design])
    return (
        _explained(others, full, treated),
        _explained(np.column_stack([others, treated]), np.column_stack([full, treated]), values),
    )


def _explained(small: Floats, large: Floats, values: Floats) -> float:
    less, more = _residual(small, values), _residual(large, values)
    return float(max(0.0, 1 - float(more @ more) / float(less @ less)))

"""Exploratory factor analysis: which factors, how well determined, and each row's scores.

Works for customer features and for questionnaire items alike.

References
----------
Thurstone, L. L. (1935). The Vectors of Mind. University of Chicago Press.
Bartlett, M. S. (1937). The statistical conception of mental factors. British J.
Psychology, 28(1), 97-104.
Bartlett, M. S. (1951). The effect of standardization on a chi-squared approximation in
factor analysis. Biometrika, 38(3/4), 337-344.
Grice, J. W. (2001). Computing and evaluating factor scores. Psychological Methods, 6(4),
430-450.
Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance structure
analysis. Structural Equation Modeling, 6(1), 1-55.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import ModelError, SettingsError, nearest, passes_absence
from crmstudy.statistics.correlations import Correlations, Matrix
from crmstudy.statistics.extraction import (
    AT_BOUND,
    LOWEST_UNIQUENESS,
    Method,
    count_identified,
    extract_factors,
)
from crmstudy.statistics.factor_screen import FactorScreen, screen_factors
from crmstudy.statistics.factor_trust import (
    SALIENT,
    check_factors,
    explain_variance,
    measure_fit,
    measure_residual,
)
from crmstudy.statistics.rotation import Rotation, rotate_loadings

Scoring = Literal["regression", "bartlett"]


@dataclass(frozen=True)
class FactorResult:
    """Common factors of the variables.

    Parameters
    ----------
    screen : FactorScreen
        What went before.
    loadings : DataFrame of shape (n_variables, n_factors)
        Rotated pattern; columns ``factor 1``, ``factor 2``, ... by falling explained variance.
    factor_correlations : DataFrame of shape (n_factors, n_factors)
        The identity unless the rotation is oblique.
    communalities, uniquenesses : Series
        Variance of each variable that the factors explain, and the rest.
    explained : DataFrame
        Indexed by factor: ``ss_loadings``, ``share_of_variance``, ``cumulative_share``,
        ``share_of_explained``, ``determinacy`` (squared multiple correlation of the factor
        with the variables, by the model), ``n_salient`` (loadings of .4 or more in size).
    weights : DataFrame of shape (n_variables, n_factors)
        Standardised variables times these are the scores.
    scores : DataFrame of shape (n_complete, n_factors)
        Indexed as the frame given.
    residual : float
        Root mean square of the residual correlations.
    fit : Hypothesis or None
        Likelihood-ratio test of the number of factors, for ``ml`` with degrees of freedom.
    heywood : tuple of str
        Variables whose uniqueness ended at its bound.
    checks : tuple of Check
        Whether the factors can be trusted.
    method, rotation, scoring : str
        As asked for.
    chosen : bool
        Whether parallel analysis set the number of factors.
    """

    screen: FactorScreen
    loadings: pd.DataFrame
    factor_correlations: pd.DataFrame
    communalities: pd.Series
    uniquenesses: pd.Series
    explained: pd.DataFrame
    weights: pd.DataFrame
    scores: pd.DataFrame
    residual: float
    fit: Hypothesis | None
    heywood: tuple[str, ...]
    checks: tuple[Check, ...]
    method: Method
    rotation: Rotation
    scoring: Scoring
    chosen: bool

    @property
    def n_factors(self) -> int:
        """Number of factors."""
        return self.loadings.shape[1]

    def table(self) -> pd.DataFrame:
        """Arrange loadings and communality, variables grouped by their strongest factor."""
        order = sort_loadings(self.loadings).index
        table = self.loadings.loc[order].assign(communality=self.communalities.loc[order])
        return table.rename_axis("variable").reset_index()

    def variance(self) -> pd.DataFrame:
        """Arrange what each factor explains and how well it is determined."""
        names = {
            "ss_loadings": "sum of squared loadings",
            "share_of_variance": "share of variance",
            "cumulative_share": "cumulative share",
            "share_of_explained": "share of what is explained",
            "n_salient": f"loadings of {SALIENT:g} or more",
        }
        return self.explained.rename(columns=names).rename_axis("factor").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give number, variance explained, residual, and trouble."""
        return {
            **self.screen.to_metrics(),
            "n_factors": self.n_factors,
            "share_of_variance": float(self.explained["share_of_variance"].sum()),
            "residual": self.residual,
            "smallest_determinacy": float(self.explained["determinacy"].min()),
            "n_heywood": len(self.heywood),
        }


@passes_absence
def fit_factors(
    frame: pd.DataFrame,
    *,
    seed: int,
    n_factors: int = 0,
    method: Method = "minres",
    rotation: Rotation = "oblimin",
    scoring: Scoring = "regression",
    n_draws: int = 1_000,
) -> FactorResult:
    """Estimate common factors, rotate them and score the rows.

    Parameters
    ----------
    frame : DataFrame
        See :func:`screen_factors`.
    seed : int
        Seed of the parallel analysis; nothing else is random.
    n_factors : int
        Factors; 0 takes those of the parallel analysis of components.
    method : {"minres", "principal axis", "ml"}
        See :func:`~.extraction.extract_factors`.
    rotation : {"varimax", "oblimin", "promax", "none"}
        See :func:`~.rotation.rotate_loadings`. Oblique ones let factors be correlated.
    scoring : {"regression", "bartlett"}
        Thurstone's scores come nearest to the factors; Bartlett's are unbiased for each
        case and vary more.
    n_draws : int
        Random matrices of the parallel analysis.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError, ModelError
        As :func:`screen_factors`; and if parallel analysis finds no factor, the factors
        asked for are more than the variables can identify, or the estimates do not settle.
    """
    _require_settings(n_factors, method, rotation, scoring)
    screen = screen_factors(frame, seed=seed, n_draws=n_draws)
    m = n_factors or screen.n_factors
    matrix, names = screen.correlations.matrix.to_numpy(), screen.correlations.matrix.columns
    _require_identified(m, len(names))
    raw, psi = extract_factors(matrix, n_factors=m, method=method)
    pattern, between = rotate_loadings(raw, rotation=rotation)
    factors = [f"factor {j}" for j in range(1, m + 1)]
    weights = weigh_variables(matrix, pattern, between, psi, scoring=scoring)
    explained = explain_variance(pattern, between, psi, factors)
    residual = measure_residual(matrix, raw)
    heywood = tuple(str(v) for v in names[psi <= LOWEST_UNIQUENESS + AT_BOUND])
    weight_frame = pd.DataFrame(weights, index=names, columns=factors)
    return FactorResult(
        screen=screen,
        loadings=pd.DataFrame(pattern, index=names, columns=factors),
        factor_correlations=pd.DataFrame(between, index=factors, columns=factors),
        communalities=pd.Series(1 - psi, index=names, name="communality"),
        uniquenesses=pd.Series(psi, index=names, name="uniqueness"),
        explained=explained,
        weights=weight_frame,
        scores=_score(screen.correlations.values, screen.correlations, weight_frame),
        residual=residual,
        fit=measure_fit(matrix, raw, psi, n=screen.n) if method == "ml" else None,
        heywood=heywood,
        checks=(*screen.checks, *check_factors(explained, residual, heywood)),
        method=method,
        rotation=rotation,
        scoring=scoring,
        chosen=n_factors == 0,
    )


@passes_absence
def score_factors(frame: pd.DataFrame, factors: FactorResult) -> pd.DataFrame:
    """Score other rows of the same variables by factors found before.

    Rows with a gap in a needed variable are left out.
    """
    needed = list(factors.weights.index)
    absent = [name for name in needed if name not in frame.columns]
    if absent:
        raise ModelError(f"scores need the variables {', '.join(needed)}; lacking: {absent[0]}")
    values = frame[needed].astype("float64").dropna()
    return _score(values, factors.screen.correlations, factors.weights)


def weigh_variables(
    matrix: Matrix, pattern: Matrix, between: Matrix, psi: Matrix, *, scoring: Scoring
) -> Matrix:
    """Give the weights of standardised variables in Thurstone's or Bartlett's scores."""
    if scoring == "regression":
        weights = np.linalg.solve(matrix, pattern @ between)
    else:
        weighted = pattern / psi[:, None]
        weights = weighted @ np.linalg.inv(pattern.T @ weighted)
    return np.asarray(weights, dtype=np.float64)


@passes_absence
def sort_loadings(loadings: pd.DataFrame) -> pd.DataFrame:
    """Group variables by their strongest factor, strongest first."""
    sizes = loadings.abs().to_numpy()
    order = np.lexsort((-sizes.max(axis=1), sizes.argmax(axis=1)))
    return loadings.iloc[order]


def _require_settings(n_factors: int, method: str, rotation: str, scoring: str) -> None:
    if n_factors < 0:
        raise SettingsError(f"n_factors = {n_factors}: 0 (parallel analysis) or more")
    for name, value, kind in (
        ("method", method, Method),
        ("rotation", rotation, Rotation),
        ("scoring", scoring, Scoring),
    ):
        if value not in get_args(kind):
            raise SettingsError(
                f"{name} = {value!r}: allowed are {', '.join(get_args(kind))}"
                f"{nearest(value, get_args(kind))}"
            )


def _require_identified(m: int, p: int) -> None:
    if m == 0:
        raise ModelError(
            "parallel analysis finds no factor: no eigenvalue is larger than those of unrelated "
            "variables"
        )
    if m > count_identified(p):
        raise ModelError(
            f"{m} factors cannot be told apart from {p} variables; at most {count_identified(p)}"
        )


def _score(values: pd.DataFrame, known: Correlations, weights: pd.DataFrame) -> pd.DataFrame:
    from crmstudy.statistics.threads import hold_one_thread

    standard = (values - known.mean) / known.sd
    with hold_one_thread():
        scores = standard.to_numpy() @ weights.to_numpy()
    return pd.DataFrame(scores, index=values.index, columns=weights.columns)

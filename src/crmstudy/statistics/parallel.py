"""How many factors? Eigenvalues of the data against those of data without any factor.

References
----------
Horn, J. L. (1965). A rationale and test for the number of factors in factor analysis.
Psychometrika, 30(2), 179-185.
Humphreys, L. G., & Ilgen, D. R. (1969). Note on a criterion for the number of common
factors. Educational and Psychological Measurement, 29(3), 571-578.
Glorfeld, L. W. (1995). An improvement on Horn's parallel analysis methodology.
Educational and Psychological Measurement, 55(3), 377-393.
Odell, P. L., & Feiveson, A. H. (1966). A numerical procedure to generate a sample
covariance matrix. J. American Statistical Association, 61(313), 199-203.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import SettingsError
from crmstudy.statistics.correlations import Matrix


@dataclass(frozen=True)
class ParallelAnalysis:
    """Observed eigenvalues beside a percentile of random ones.

    Parameters
    ----------
    eigenvalues : DataFrame
        One row a position, counted from 1: ``component`` and ``random_component`` (of the
        correlation matrix), ``factor`` and ``random_factor`` (of the matrix with squared
        multiple correlations in its diagonal).
    n_components, n_factors : int
        How many observed eigenvalues in a row, from the first, exceed the random ones.
    percentile : float
        Percentile of the random eigenvalues.
    n_draws : int
        Random matrices drawn.
    """

    eigenvalues: pd.DataFrame
    n_components: int
    n_factors: int
    percentile: float
    n_draws: int

    def table(self) -> pd.DataFrame:
        """Arrange the eigenvalues, a row a position."""
        random = f"random, percentile {self.percentile:g}"
        names = {
            "component": "components: observed",
            "random_component": f"components: {random}",
            "factor": "common factors: observed",
            "random_factor": f"common factors: {random}",
        }
        return self.eigenvalues.rename(columns=names).rename_axis("position").reset_index()


def analyse_parallel(
    matrix: Matrix, *, n: int, seed: int, n_draws: int = 1_000, percentile: float = 95.0
) -> ParallelAnalysis:
    """Compare eigenvalues with those of ``n`` rows of unrelated normal variables.

    The correlation matrices of such rows are drawn from their own distribution (Wishart's,
    by Bartlett's decomposition), so that the work does not grow with ``n``. Normality of
    the variables is therefore assumed; heavy tails make random eigenvalues larger.

    Parameters
    ----------
    matrix : array of shape (n_variables, n_variables)
        Correlations, positive definite.
    n : int
        Rows they were computed from; more than variables.
    seed : int
        Seed of the random matrices.
    n_draws : int
        Random matrices, at least 20.
    percentile : float
        Percentile of each random eigenvalue, between 0 and 100.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    """
    if n_draws < 20 or not 0 < percentile < 100:
        raise SettingsError(
            f"n_draws = {n_draws}, percentile = {percentile}: at least 20 draws and a percentile "
            "between 0 and 100 are needed"
        )
    random = draw_correlations(len(matrix), n=n, seed=seed, n_draws=n_draws)
    columns = {
        "component": falling_eigenvalues(matrix[None])[0],
        "random_component": np.percentile(falling_eigenvalues(random), percentile, axis=0),
        "factor": falling_eigenvalues(reduce_diagonal(matrix[None]))[0],
        "random_factor": np.percentile(
            falling_eigenvalues(reduce_diagonal(random)), percentile, axis=0
        ),
    }
    position = pd.RangeIndex(1, len(matrix) + 1, name="position")
    eigenvalues = pd.DataFrame(columns, index=position)
    return ParallelAnalysis(
        eigenvalues=eigenvalues,
        n_components=_count_leading(eigenvalues["component"] > eigenvalues["random_component"]),
        n_factors=_count_leading(eigenvalues["factor"] > eigenvalues["random_factor"]),
        percentile=percentile,
        n_draws=n_draws,
    )


def draw_correlations(n_variables: int, *, n: int, seed: int, n_draws: int) -> Matrix:
    """Draw correlation matrices of ``n`` rows of unrelated normal variables.

    Returns
    -------
    array of shape (n_draws, n_variables, n_variables)
    """
    rng = np.random.default_rng(seed)
    root = np.tril(rng.standard_normal((n_draws, n_variables, n_variables)), k=-1)
    df = n - 1 - np.arange(n_variables)
    chi = np.sqrt(rng.chisquare(df, size=(n_draws, n_variables)))
    root[:, np.arange(n_variables), np.arange(n_variables)] = chi
    root /= np.sqrt((root**2).sum(axis=2, keepdims=True))  # rows of length 1: correlations
    return root @ root.transpose(0, 2, 1)


def reduce_diagonal(matrices: Matrix) -> Matrix:
    """Put squared multiple correlations into the diagonals."""
    reduced = matrices.copy()
    places = np.arange(matrices.shape[-1])
    inverse = np.linalg.inv(matrices)
    reduced[:, places, places] = 1.0 - 1.0 / inverse[:, places, places]
    return reduced


def falling_eigenvalues(matrices: Matrix) -> Matrix:
    """Eigenvalues of symmetric matrices, the largest first."""
    return np.asarray(np.linalg.eigvalsh(matrices)[:, ::-1], dtype=np.float64)


def _count_leading(holds: pd.Series) -> int:
    return int(holds.cumprod().sum())

"""Common factors of a correlation matrix: minimum residuals, principal axes, likelihood.

References
----------
Harman, H. H., & Jones, W. H. (1966). Factor analysis by minimizing residuals (minres).
Psychometrika, 31(3), 351-368.
Jöreskog, K. G. (1967). Some contributions to maximum likelihood factor analysis.
Psychometrika, 32(4), 443-482.
Lawley, D. N., & Maxwell, A. E. (1971). Factor Analysis as a Statistical Method (2nd ed.).
Butterworths.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from crmstudy.errors import ModelError
from crmstudy.statistics.correlations import Matrix, squared_multiple_correlations

Method = Literal["minres", "principal axis", "ml"]

LOWEST_UNIQUENESS = 0.005  # as in R's factanal; at this bound a solution is a Heywood case
MOST_ITERATIONS = 10_000
AT_BOUND = 1e-6


def extract_factors(matrix: Matrix, *, n_factors: int, method: Method) -> tuple[Matrix, Matrix]:
    """Estimate unrotated loadings and uniquenesses.

    Parameters
    ----------
    matrix : array of shape (n_variables, n_variables)
        Correlations, positive definite.
    n_factors : int
        Factors, at least 1 and identified (see :func:`count_identified`).
    method : {"minres", "principal axis", "ml"}
        Least squares of the residual correlations by a bounded search, the same by
        iterated communalities, or maximum likelihood under normality.

    Returns
    -------
    loadings : array of shape (n_variables, n_factors)
    uniquenesses : array of shape (n_variables,)
        Minimum residuals and likelihood keep them at .005 or above.

    Raises
    ------
    ModelError
        If the iterations do not settle, or a communality passes 1.
    """
    if method == "principal axis":
        return _iterate_axes(matrix, n_factors)
    if method == "ml":
        start = (1 - 0.5 * n_factors / len(matrix)) / np.diag(np.linalg.inv(matrix))
        uniquenesses = _search(_likelihood, start, matrix, n_factors)
        return _loadings_ml(matrix, uniquenesses, n_factors), uniquenesses
    start = 1 - squared_multiple_correlations(matrix)
    uniquenesses = _search(_least_squares, start, matrix, n_factors)
    return _axes(matrix - np.diag(uniquenesses), n_factors), uniquenesses


def count_identified(n_variables: int) -> int:
    """Count the factors that leave no negative degrees of freedom (Ledermann 1937)."""
    counts = range(n_variables)
    return max(m for m in counts if degrees_of_freedom(n_variables, m) >= 0)


def degrees_of_freedom(n_variables: int, n_factors: int) -> int:
    """Count correlations less free parameters of ``n_factors`` factors."""
    return ((n_variables - n_factors) ** 2 - n_variables - n_factors) // 2


def discrepancy(matrix: Matrix, loadings: Matrix, uniquenesses: Matrix) -> float:
    """Maximum-likelihood distance of the correlations from those the model implies."""
    implied = loadings @ loadings.T + np.diag(uniquenesses)
    ratio = np.linalg.solve(implied, matrix)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(matrix))


Objective = Callable[[Matrix, Matrix, int], tuple[float, Matrix]]


def _least_squares(psi: Matrix, matrix: Matrix, m: int) -> tuple[float, Matrix]:
    """Half the squared residuals at the best loadings for these uniquenesses; gradient."""
    values, vectors = np.linalg.eigh(matrix - np.diag(psi))
    values[len(values) - m :] = np.minimum(values[len(values) - m :], 0.0)
    return 0.5 * float(values @ values), -(vectors**2) @ values


def _likelihood(psi: Matrix, matrix: Matrix, m: int) -> tuple[float, Matrix]:
    """Discrepancy at the best loadings for these uniquenesses; gradient."""
    root = np.sqrt(psi)
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    excess = values - 1.0
    excess[len(values) - m :] = np.minimum(excess[len(values) - m :], 0.0)
    rest = excess + 1.0
    return float((excess - np.log(rest)).sum()), ((vectors**2) @ -excess) / psi


def _search(objective: Objective, start: Matrix, matrix: Matrix, m: int) -> Matrix:
    from scipy.optimize import minimize

    found = minimize(
        objective,
        np.clip(start, LOWEST_UNIQUENESS, 1.0),
        args=(matrix, m),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_UNIQUENESS, 1.0)] * len(matrix),
        options={"maxiter": MOST_ITERATIONS, "maxfun": MOST_ITERATIONS, "ftol": 0.0, "gtol": 1e-9},
    )
    psi = np.asarray(found.x, dtype=float)
    if _slope(psi, objective(psi, matrix, m)[1]) > 1e-4:
        raise ModelError(f"the search for {m} factors did not settle; ask for fewer")
    return psi


def _slope(psi: Matrix, gradient: Matrix) -> float:
    """Largest slope along which a uniqueness is free to move."""
    low, high = psi <= LOWEST_UNIQUENESS + AT_BOUND, psi >= 1.0 - AT_BOUND
    blocked = (low & (gradient > 0)) | (high & (gradient < 0))
    return float(np.abs(np.where(blocked, 0.0, gradient)).max())


def _iterate_axes(matrix: Matrix, m: int) -> tuple[Matrix, Matrix]:
    communalities = squared_multiple_correlations(matrix)
    for _ in range(MOST_ITERATIONS):
        loadings = _axes(matrix - np.diag(1 - communalities), m)
        before, communalities = communalities, (loadings**2).sum(axis=1)
        if communalities.max() > 1:
            raise ModelError(
                f"principal axes of {m} factors: a communality passes 1 (Heywood case); "
                "ask for fewer factors or use minres"
            )
        if np.abs(communalities - before).max() < 1e-12:
            return loadings, 1 - communalities
    raise ModelError(f"principal axes of {m} factors did not settle; ask for fewer or use minres")


def _axes(reduced: Matrix, m: int) -> Matrix:
    values, vectors = np.linalg.eigh(reduced)
    return vectors[:, ::-1][:, :m] * np.sqrt(np.maximum(values[::-1][:m], 0.0))


def _loadings_ml(matrix: Matrix, psi: Matrix, m: int) -> Matrix:
    root = np.sqrt(psi)
    values, vectors = np.linalg.eigh(matrix / np.outer(root, root))
    lengths = np.sqrt(np.maximum(values[::-1][:m] - 1.0, 0.0))
    return root[:, None] * vectors[:, ::-1][:, :m] * lengths

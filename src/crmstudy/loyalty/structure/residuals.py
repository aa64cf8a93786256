"""Which correlations of items a model does not reproduce.

A residual is the observed correlation minus the implied covariance divided by the
observed standard deviations (Bentler's standardised residual, lavaan's ``cor.bentler``);
its z divides it by its standard error under normality, as lavaan's ``lavResiduals`` does.

References
----------
Hausman, J. A. (1978). Specification tests in econometrics. Econometrica, 46(6), 1251-1271.
Bollen, K. A. (1989). Structural Equations with Latent Variables. Wiley. Ch. 7.
Maydeu-Olivares, A. (2017). Assessing the size of model misfit in structural equation
models. Psychometrika, 82(3), 533-558.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.fit import multiplier
from crmstudy.loyalty.estimation.result import SemResult, Solution
from crmstudy.loyalty.model.moments import Array
from crmstudy.statistics.threads import hold_one_thread

#: A residual correlation beyond is customarily called large (Kline, 2016).
LARGE = 0.10
#: Variance of a residual, as a share of the observed moment's, below which there is none.
DETERMINED = 1e-8


@dataclass(frozen=True)
class Residuals:
    """Residual correlations of items.

    Attributes
    ----------
    items : tuple of str
    residual : array of shape (n_items, n_items)
        Symmetric; zero on the diagonal where the model reproduces every variance.
    z : array of shape (n_items, n_items)
        Residual divided by its standard error; missing where the model reproduces the
        moment whatever the data.
    n_used : int
    """

    items: tuple[str, ...]
    residual: Array
    z: Array
    n_used: int

    def table(self, *, most: int | None = None) -> pd.DataFrame:
        """One row a pair of items, the largest residual first."""
        rows, columns = np.tril_indices(len(self.items), -1)
        table = pd.DataFrame(
            {
                "item": [self.items[k] for k in columns],
                "with": [self.items[k] for k in rows],
                "residual correlation": self.residual[rows, columns],
                "z": self.z[rows, columns],
            }
        )
        order = np.argsort(-table["residual correlation"].abs().to_numpy(), kind="stable")
        return table.iloc[order[:most]].reset_index(drop=True)

    def matrix(self) -> pd.DataFrame:
        """The residual correlations, items by items."""
        return pd.DataFrame(self.residual, index=self.items, columns=self.items)

    def to_metrics(self) -> dict[str, float]:
        """How many pairs, how many large ones, and the largest."""
        table = self.table()
        return {
            "n_pairs": len(table),
            "n_large": int((table["residual correlation"].abs() > LARGE).sum()),
            "largest": float(table["residual correlation"].abs().max()) if len(table) else 0.0,
        }


@passes_absence
def examine_residuals(result: SemResult) -> Residuals | NotAvailable:
    """Compare observed and implied correlations of the items.

    Returns
    -------
    Residuals or NotAvailable
        Not available when the model is inadmissible or was estimated from answers with
        gaps.
    """
    found = result.estimates
    if isinstance(found, NotAvailable):
        return found
    if result.missing == "fiml":
        return NotAvailable("residuals are computed for complete answers only (MISSING = listwise)")
    sd = np.sqrt(np.diag(result.sample))
    residual = (result.sample - found.implied) / np.outer(sd, sd)
    with hold_one_thread("blas"):
        errors = _find_errors(result, found)
    z = np.divide(
        result.sample - found.implied,
        errors,
        out=np.full_like(residual, np.nan),
        where=errors > 0.0,
    )
    return Residuals(result.model.items, residual, z, result.n_used)


def _find_errors(result: SemResult, found: Solution) -> Array:
    """Return standard errors of residual covariances; 0 where the model fixes the moment."""
    n, p = multiplier(result.n_used, result.divisor), len(result.sample)
    rows, columns = np.tril_indices(p)
    observed = _vary(result.sample, rows, columns)
    slopes = result.structure.jacobian(found.theta)
    inverse = np.linalg.inv(found.implied)
    weights = (inverse @ slopes @ inverse)[:, rows, columns]
    weights = np.where(rows == columns, weights / 2.0, weights)
    taken = slopes[:, rows, columns].T @ (n * found.covariance) @ weights
    left = np.eye(len(rows)) - taken  # what the estimates do not absorb of a moment's error
    variance = np.einsum("ij,jk,ik->i", left, observed, left, optimize=True)
    variance = np.where(variance > DETERMINED * np.diag(observed), variance, 0.0) / n
    errors = np.zeros((p, p))
    errors[rows, columns] = errors[columns, rows] = np.sqrt(variance)
    return errors


def _vary(covariance: Array, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Array:
    """Return n times the covariances of observed covariances of normal variables."""

    def cross(one: NDArray[np.intp], other: NDArray[np.intp]) -> Array:
        return covariance[np.ix_(one, other)]

    return cross(rows, rows) * cross(columns, columns) + cross(rows, columns) * cross(columns, rows)

"""Analytic hierarchy process: weights and consistency of one judgement matrix, or of many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import JudgementError, attempt, passes_absence
from crmstudy.evaluation.priorities.consistency import (
    SAATY_2005,
    RandomIndex,
    check_consistency,
    geometric_consistency_index,
    require_reciprocal,
)
from crmstudy.evaluation.priorities.kernels import Method, derive_weights, estimate_lambda
from crmstudy.evaluation.tabulate import name_metrics, tabulate_weights

__all__ = ["AhpResult", "Method", "PriorityBatch", "prioritise", "prioritise_many"]


@dataclass(frozen=True, eq=False)
class PriorityBatch:
    """Weights and consistency of many matrices of one size.

    Parameters
    ----------
    weights : ndarray of shape (m, n)
        Each row sums to 1.
    lambda_max, ci : ndarray of shape (m,)
        Principal eigenvalue, consistency index.
    method : str
        How the weights were derived.
    random_index : RandomIndex
        The table behind ``cr``.
    """

    weights: np.ndarray
    lambda_max: np.ndarray
    ci: np.ndarray
    method: Method
    random_index: RandomIndex

    @cached_property
    def cr(self) -> np.ndarray:
        """Consistency ratios of shape (m,).

        Raises
        ------
        ModelError
            If the matrices are larger than the table of random indices; the weights can
            be used all the same.
        """
        return self.random_index.ratio(self.ci, size=self.weights.shape[1])


@dataclass(frozen=True, eq=False)
class AhpResult:
    """Weights of one judgement matrix, and how far it can be trusted.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        The matrix that was judged.
    weights : Series
        Priorities by name; they sum to 1.
    lambda_max : float
        Mean of ``(A w)_i / w_i``: the principal eigenvalue for the eigenvector, the
        textbook's estimate of it for the two means. At least n.
    ci, cr : float
        ``(lambda_max - n) / (n - 1)``, and that over the random index (0 for n <= 2; not
        available when the table of random indices ends before n).
    gci : float
        Geometric consistency index, always with geometric-mean weights (0 for n <= 2).
    method : str
        eigenvector, geometric_mean or column_mean.
    random_index : RandomIndex
        The table behind ``cr``.
    checks : tuple of Check
        Consistency against its conventional limit.
    """

    judgements: pd.DataFrame
    weights: pd.Series
    lambda_max: float
    ci: float
    cr: float
    gci: float
    method: Method
    random_index: RandomIndex
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """One row a name: weight and rank, in the order judged."""
        return tabulate_weights(self.weights)

    def to_metrics(self) -> dict[str, float]:
        """Weights and consistency as plain numbers."""
        return {
            "n_names": len(self.weights),
            "lambda_max": self.lambda_max,
            "consistency_index": self.ci,
            "consistency_ratio": self.cr,
            "geometric_consistency_index": self.gci,
            **name_metrics("weight", self.weights),
        }


@passes_absence
def prioritise(
    judgements: pd.DataFrame,
    *,
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
    cr_limit: float = 0.10,
) -> AhpResult:
    """Derive weights from pairwise judgements, with their consistency.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        Positive reciprocal matrix; ``a_ij`` says how many times ``i`` outweighs ``j``.
        Rows and columns carry the same names.
    random_index : RandomIndex
        Table that turns the consistency index into a ratio; the ratio depends on it.
    method : {"eigenvector", "geometric_mean", "column_mean"}
        Principal eigenvector (Saaty), normalised row geometric means (Crawford &
        Williams), or row means of the column-normalised matrix. The three agree on
        consistent judgements.
    cr_limit : float
        Judgements with a consistency ratio of this or more are called inconsistent.

    Raises
    ------
    JudgementError
        If names differ, a judgement is not positive, or ``a_ij * a_ji`` is not 1.

    References
    ----------
    Saaty, T. L. (2008). Decision making with the analytic hierarchy process.
    Int. J. Services Sciences, 1(1), 83-98.
    Crawford, G., & Williams, C. (1985). A note on the analysis of subjective judgment
    matrices. J. Mathematical Psychology, 29(4), 387-405.
    """
    square = require_square(judgements)
    names = list(square.index)
    values = square.to_numpy(dtype=float)
    require_reciprocal(values[None], names=names)
    batch = _prioritise_valid(values[None], method, random_index)
    ci, gci = float(batch.ci[0]), geometric_consistency_index(values)
    cr = attempt(random_index.ratio, ci, size=len(names))
    return AhpResult(
        judgements=square,
        weights=pd.Series(batch.weights[0], index=names, name="weight"),
        lambda_max=float(batch.lambda_max[0]),
        ci=ci,
        cr=cr,
        gci=gci,
        method=method,
        random_index=random_index,
        checks=check_consistency(len(names), cr, cr_limit, random_index, gci, method),
    )


@passes_absence
def prioritise_many(
    judgements: np.ndarray,
    *,
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
) -> PriorityBatch:
    """Derive weights and consistency of many matrices at once.

    The principal eigenvector is found by power iteration on all matrices together, in
    blocks that stay in the cache; the few that have not settled after 60 steps, which
    are far from consistent, go to LAPACK. Both agree to 1e-12. Beside what is returned
    no more memory is taken than one block needs (about 1 MB), however many matrices.

    Parameters
    ----------
    judgements : ndarray of shape (m, n, n)
        Positive reciprocal matrices over the same names.
    random_index, method
        As for :func:`prioritise`.

    Raises
    ------
    JudgementError
        If a matrix is not positive and reciprocal; it is named by its number.
    """
    values = np.asarray(judgements, dtype=float)
    if values.ndim != 3 or values.shape[1] != values.shape[2] or values.shape[1] == 0:
        raise JudgementError(
            f"judgements have shape {values.shape}; allowed: (matrices, names, names)"
        )
    require_reciprocal(values, names=[str(i + 1) for i in range(values.shape[1])])
    return _prioritise_valid(values, method, random_index)


def require_square(judgements: pd.DataFrame) -> pd.DataFrame:
    """Return the matrix with columns in the order of its rows."""
    rows, columns = judgements.index, judgements.columns
    if (
        len(rows) == 0
        or not rows.is_unique
        or set(rows) != set(columns)
        or len(rows) != len(columns)
    ):
        raise JudgementError(
            f"rows are named {', '.join(map(str, rows))} and columns "
            f"{', '.join(map(str, columns))}; allowed: the same names, each once"
        )
    return judgements.loc[:, list(rows)]


def _prioritise_valid(
    values: np.ndarray, method: Method, random_index: RandomIndex
) -> PriorityBatch:
    size = values.shape[1]
    weights = derive_weights(values, method)
    lambda_max = estimate_lambda(values, weights)
    ci = (lambda_max - size) / max(size - 1, 1)
    return PriorityBatch(weights, lambda_max, ci, method, random_index)

"""Three ways to derive weights, side by side: how far do they differ, and do ranks change?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import AhpResult, prioritise
from crmstudy.evaluation.priorities.kernels import Method

METHODS: tuple[Method, ...] = get_args(Method)

# Weights that are equal in exact arithmetic differ by rounding.
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class MethodComparison:
    """The weights of one judgement matrix by each method.

    Parameters
    ----------
    results : mapping of str to AhpResult
        By method: eigenvector, geometric_mean, column_mean.
    """

    results: Mapping[Method, AhpResult]

    @property
    def weights(self) -> pd.DataFrame:
        """Names in rows, methods in columns."""
        return pd.DataFrame({method: one.weights for method, one in self.results.items()})

    @property
    def largest_difference(self) -> float:
        """Largest difference of two methods in the weight of a name."""
        return float(self.differences.max())

    @property
    def differences(self) -> pd.Series:
        """Largest difference of two methods in the weight of each name; 0 for rounding."""
        spans = np.ptp(self.weights.to_numpy(), axis=1)
        return pd.Series(np.where(spans < TIE, 0.0, spans), self.weights.index)

    @property
    def reversed_pairs(self) -> tuple[tuple[str, str], ...]:
        """Pairs of names that the methods do not put in the same order."""
        weights = self.weights.to_numpy()
        gaps = weights[:, None, :] - weights[None, :, :]
        signs = np.where(np.abs(gaps) < TIE, 0.0, np.sign(gaps))
        differ = np.triu(np.ptp(signs, axis=2) > 0, 1)
        names = self.weights.index
        return tuple((str(names[i]), str(names[j])) for i, j in np.argwhere(differ))

    @property
    def same_order(self) -> bool:
        """Whether all methods put all names in the same order."""
        return not self.reversed_pairs

    @property
    def outlier(self) -> Method | None:
        """The method farthest from the other two; None when all agree."""
        if self.largest_difference < TIE:
            return None
        weights = self.weights
        return max(METHODS, key=lambda method: _stand_off(weights, method))

    def table(self) -> pd.DataFrame:
        """One row a name: its weight by each method, their largest difference, its ranks."""
        weights = self.weights
        ranks = {method: _rank(weights[method].to_numpy()) for method in METHODS}
        return pd.DataFrame(
            {
                "name": list(weights.index),
                **{_spell(method): weights[method].to_numpy() for method in METHODS},
                "largest difference": self.differences.to_numpy(),
                **{f"rank by {_spell(method)}": ranks[method] for method in METHODS},
            }
        )

    def consistency_table(self) -> pd.DataFrame:
        """One row a method: lambda max, consistency index and ratio with its own weights.

        The geometric index belongs to the geometric means and stands in their row only.
        """
        return pd.DataFrame(
            {
                "method": [_spell(method) for method in METHODS],
                "lambda max": [one.lambda_max for one in self.results.values()],
                "consistency index": [one.ci for one in self.results.values()],
                "consistency ratio": [
                    np.nan if isinstance(one.cr, NotAvailable) else one.cr
                    for one in self.results.values()
                ],
                "random index": [one.random_index.name for one in self.results.values()],
                "geometric consistency index": [
                    one.gci if one.method == "geometric_mean" else np.nan
                    for one in self.results.values()
                ],
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """How far the methods differ."""
        return {
            "method_largest_difference": self.largest_difference,
            "n_pairs_reversed_by_method": len(self.reversed_pairs),
        }


@passes_absence
def compare_methods(
    judgements: pd.DataFrame, *, random_index: RandomIndex = SAATY_2005
) -> MethodComparison:
    """Derive the weights of one matrix by eigenvector, geometric mean and column mean.

    The consistency of each method is that of its own weights: ``lambda_max`` is the mean
    of ``(A w)_i / w_i``, which only the eigenvector makes the same for all names.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        Positive reciprocal matrix.
    random_index : RandomIndex
        Table behind the consistency ratios.

    Raises
    ------
    JudgementError
        As for :func:`~crmstudy.evaluation.priorities.derive.prioritise`.

    References
    ----------
    Crawford, G., & Williams, C. (1985). A note on the analysis of subjective judgment
    matrices. J. Mathematical Psychology, 29(4), 387-405.
    Saaty, T. L., & Vargas, L. G. (1984). Comparison of eigenvalue, logarithmic least
    squares and least squares methods in estimating ratios. Mathematical Modelling,
    5(5), 309-324.
    """
    return MethodComparison(
        {
            method: prioritise(judgements, random_index=random_index, method=method)
            for method in METHODS
        }
    )


@passes_absence
def compare_matrices(matrices: Mapping[str, AhpResult]) -> pd.DataFrame:
    """Compare the three methods in each of several matrices.

    Parameters
    ----------
    matrices : mapping of str to AhpResult
        By name, for instance a panel's matrix of the criteria and of the indicators under
        each; the method of the result does not matter.

    Returns
    -------
    DataFrame
        matrix, names, largest difference (in weight), in (the name it is found at),
        same order (yes or no), reversed pairs.
    """
    compared = {
        name: compare_methods(one.judgements, random_index=one.random_index)
        for name, one in matrices.items()
    }
    return pd.DataFrame(
        {
            "matrix": list(compared),
            "names": [len(one.weights) for one in compared.values()],
            "largest difference": [one.largest_difference for one in compared.values()],
            "in": [
                str(one.differences.idxmax()) if one.outlier else "–" for one in compared.values()
            ],
            "same order": ["yes" if one.same_order else "no" for one in compared.values()],
            "reversed pairs": [len(one.reversed_pairs) for one in compared.values()],
        }
    )


def _rank(weights: np.ndarray) -> np.ndarray:
    """Rank from 1, the heaviest; what is equal but for rounding shares the better rank."""
    return 1 + (weights[None, :] > weights[:, None] + TIE).sum(axis=1)


def _stand_off(weights: pd.DataFrame, method: Method) -> float:
    """Distance of a method's weights from the mean of the other two."""
    others = weights.drop(columns=method).mean(axis=1)
    return float((weights[method] - others).abs().sum())


def _spell(method: Method) -> str:
    return method.replace("_", " ")

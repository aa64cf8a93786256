"""One matrix as all experts judged it: what they said, and what was filled in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.evaluation.judgements.completion import random_index_share


@dataclass(frozen=True, eq=False)
class JudgementPanel:
    """All experts' judgements on one matrix.

    Parameters
    ----------
    matrix : str
        Name of the matrix.
    experts, names : tuple of str
        Who judged, and what was judged.
    values : ndarray of shape (n_experts, n_names, n_names)
        Positive reciprocal matrices in the order of ``experts``.
    filled : ndarray of bool, shape of ``values``, optional
        Cells that an expert left open and that were filled in; without it none.
    """

    matrix: str
    experts: tuple[str, ...]
    names: tuple[str, ...]
    values: np.ndarray
    filled: np.ndarray | None = None

    @property
    def n_filled(self) -> np.ndarray:
        """Pairs filled in for each expert; a pair and its reciprocal count once."""
        if self.filled is None:
            return np.zeros(len(self.experts), dtype=int)
        return np.asarray(self.filled.sum(axis=(1, 2)) // 2)

    @property
    def n_pairs(self) -> int:
        """Pairs that could be judged."""
        return len(self.names) * (len(self.names) - 1) // 2

    @property
    def random_index_share(self) -> np.ndarray:
        """What remains of the random index for each expert; 1 where nothing was filled in."""
        return random_index_share(len(self.names), self.n_filled)

    def correct_ratios(self, ratios: np.ndarray) -> np.ndarray:
        """Hold each expert's consistency ratio against matrices with as many open pairs.

        Parameters
        ----------
        ratios : ndarray of shape (n_experts,)
            By the random index of complete matrices.

        Returns
        -------
        ndarray of shape (n_experts,)
            0 where every judgement was needed to link the names: such a matrix cannot
            contradict itself.
        """
        share = self.random_index_share
        return np.divide(ratios, share, out=np.zeros_like(share), where=share > 0)

    def of(self, expert: str) -> pd.DataFrame:
        """Return one expert's matrix with its names."""
        values = self.values[self.experts.index(expert)]
        return pd.DataFrame(values, index=list(self.names), columns=list(self.names))

    def table(self) -> pd.DataFrame:
        """Every pair once for every expert.

        Returns
        -------
        DataFrame
            Columns expert, matrix, first, second, value (how many times the first outweighs
            the second), filled in.
        """
        rows, columns = np.triu_indices(len(self.names), 1)
        names, n = np.array(self.names, dtype=object), len(self.experts)
        filled = np.zeros(self.values.shape, dtype=bool) if self.filled is None else self.filled
        return pd.DataFrame(
            {
                "expert": np.repeat(np.array(self.experts, dtype=object), len(rows)),
                "matrix": self.matrix,
                "first": np.tile(names[rows], n),
                "second": np.tile(names[columns], n),
                "value": self.values[:, rows, columns].ravel(),
                "filled in": filled[:, rows, columns].ravel(),
            }
        )

    def completeness(self) -> pd.DataFrame:
        """How much of the matrix each expert judged.

        Returns
        -------
        DataFrame
            Columns expert, matrix, names, pairs, judged, filled in, random index share.
        """
        return pd.DataFrame(
            {
                "expert": list(self.experts),
                "matrix": self.matrix,
                "names": len(self.names),
                "pairs": self.n_pairs,
                "judged": self.n_pairs - self.n_filled,
                "filled in": self.n_filled,
                "random index share": self.random_index_share,
            }
        )

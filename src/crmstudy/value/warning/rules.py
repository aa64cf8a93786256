"""Rules of thumb that need no model: nothing, own rhythm, RFM. A model must beat them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

N_BINS = 5


@dataclass(frozen=True, eq=False)
class Learned:
    """What was learnt from training rows.

    Parameters
    ----------
    prepare : callable
        Writes features as a matrix of numbers.
    score : callable
        Gives the rows of such a matrix a number that is higher the more an event is
        expected; its scale does not matter.
    owners : tuple of str
        The feature that each column of the matrix is made from.
    converged : bool
        Whether training came to its end.
    """

    prepare: Callable[[pd.DataFrame], Floats]
    score: Callable[[Floats], Floats]
    owners: tuple[str, ...]
    converged: bool = True

    def foretell(self, features: pd.DataFrame) -> Floats:
        """Score customers."""
        return self.score(self.prepare(features))


def learn_nothing(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Give everybody the same score."""
    return Learned(
        prepare=lambda rows: np.empty((len(rows), 0)),
        score=lambda matrix: np.zeros(len(matrix)),
        owners=(),
    )


def learn_rhythm(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Relate the silence to the customer's own mean time between purchases.

    Who bought on one day only is measured by the median rhythm of the others.
    """
    owners = ("days_since_last_purchase", "mean_days_between_purchases")
    usual = features[owners[1]].median()
    rhythm = float(usual) if usual > 0 else 1.0

    def relate(matrix: Floats) -> Floats:
        own = np.where(np.isnan(matrix[:, 1]), rhythm, matrix[:, 1])
        return np.log1p(matrix[:, 0] / own)

    return Learned(_taking(owners), relate, owners)


def learn_rfm(features: pd.DataFrame, events: Floats, size: float, seed: int) -> Learned:
    """Add up fifths of recency, frequency and money, cut where the training rows are cut."""
    owners = ("days_since_last_purchase", "n_purchases", "revenue")
    take = _taking(owners)
    shares = np.arange(1, N_BINS) / N_BINS
    matrix = take(features)
    known = [column[~np.isnan(column)] for column in matrix.T]
    cuts = [np.quantile(column, shares) if column.size else np.empty(0) for column in known]

    def add_up(matrix: Floats) -> Floats:
        above = [(matrix[:, [i]] > cuts[i]).sum(axis=1) for i in range(len(owners))]
        return (above[0] - above[1] - above[2]).astype(np.float64)

    return Learned(take, add_up, owners)


def _taking(names: tuple[str, ...]) -> Callable[[pd.DataFrame], Floats]:
    def take(rows: pd.DataFrame) -> Floats:
        columns = [rows[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names]
        return np.column_stack(columns)

    return take

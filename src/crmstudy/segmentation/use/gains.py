"""Cumulative gains: how much of an outcome the best ranked customers hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Rows in the order in which they would be targeted, those of equal score together.

    Parameters
    ----------
    order : array of shape (n_rows,)
        Positions of the rows, the best score first.
    starts : array of shape (n_scores,)
        Where in ``order`` each distinct score begins.
    """

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    def trace(self, weights: Floats, outcome: Floats) -> tuple[Floats, Floats]:
        """Trace the gains curve through one knot for each distinct score.

        Between two knots, that is among rows of equal score, the curve is the straight
        line: what targeting these rows in random order gains on average.

        Parameters
        ----------
        weights : array of shape (n_rows,)
            How often each row counts (1 in the sample itself).
        outcome : array of shape (n_rows,)
            What is gained from a row; its weighted sum must be positive.

        Returns
        -------
        targeted, gained : arrays of shape (n_scores + 1,)
            Shares of the rows and of the outcome, from 0 to 1.
        """
        rows = np.add.reduceat(weights[self.order], self.starts)
        gains = np.add.reduceat((weights * outcome)[self.order], self.starts)
        targeted = np.concatenate([[0.0], np.cumsum(rows)])
        gained = np.concatenate([[0.0], np.cumsum(gains)])
        return targeted / targeted[-1], gained / gained[-1]


def rank_rows(score: npt.ArrayLike) -> Ranking:
    """Rank rows by falling score; equal scores keep their order and share a knot."""
    values = np.asarray(score, dtype=float)
    order = np.argsort(-values, kind="stable")
    ranked = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    return Ranking(order, starts)


def read_lift(targeted: Floats, gained: Floats, *, depth: float) -> float:
    """Divide the share gained by the share targeted, at one depth: 1 is no better than chance."""
    return float(np.interp(depth, targeted, gained)) / depth


def measure_gini(targeted: Floats, gained: Floats) -> float:
    """Measure twice the area between the gains curve and the diagonal."""
    return float(((gained[1:] + gained[:-1]) * np.diff(targeted)).sum()) - 1.0


def normalise_gini(gini: float, perfect: float) -> float:
    """Relate a ranking's Gini to that of the perfect ranking: 0 chance, 1 perfect.

    For an outcome of 0 and 1 this is ``2 AUC - 1``, with ties counted half.

    References
    ----------
    Hand, D. J., & Till, R. J. (2001). A simple generalisation of the area under the ROC
    curve for multiple class classification problems. Machine Learning, 45, 171-186.
    """
    return gini / perfect


def order_rows(keys: pd.DataFrame) -> npt.NDArray[np.intp]:
    """Order rows by what is known of them, so that neither file nor identifier decides.

    Rows that are equal in all keys are interchangeable.
    """
    columns = [pd.factorize(keys[name], sort=True)[0] for name in reversed(keys.columns)]
    return np.lexsort(columns) if columns else np.arange(len(keys))


def draw_counts(n: int, *, seed: int, n_replicates: int) -> Iterator[Floats]:
    """Draw bootstrap samples of ``n`` customers as counts, how often each is in it."""
    generator = np.random.default_rng(seed)
    for _ in range(n_replicates):
        drawn = generator.integers(n, size=n)
        yield np.bincount(drawn, minlength=n).astype(float)


def require_spread(outcome: Floats, *, name: str) -> None:
    """Refuse an outcome that no ranking could tell apart.

    Raises
    ------
    ModelError
        If it does not sum to a positive amount, or is equal for all.
    """
    if len(outcome) == 0 or outcome.sum() <= 0:
        raise ModelError(f"lift needs a positive sum of {name}; it is {outcome.sum():g}")
    if (outcome == outcome[0]).all():
        raise ModelError(f"lift needs customers who differ in {name}; all are equal")

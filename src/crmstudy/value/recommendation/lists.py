"""From scores to lists: the best items of each customer, for both tasks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crmstudy.value.recommendation.purchase_matrix import PurchaseMatrix
from crmstudy.value.recommendation.recommenders import NEW, Scorer, scale_rows

Positions = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
#: Numbers held at once while customers are scored, whatever the number of items.
MOST_SCORES = 2_000_000
#: Weight of popularity beside scores from 0 to 1: it decides where they are equal.
TIE = 1e-7


@dataclass(frozen=True)
class Lists:
    """The first places of every customer's list.

    Parameters
    ----------
    items : array of shape (n_customers, length)
        Positions of items; -1 where no item is left.
    filled : array of the same shape
        Whether the place was filled by popularity, the method having no opinion.
    """

    items: Positions
    filled: npt.NDArray[np.bool_]


def list_items(
    scorer: Scorer, matrix: PurchaseMatrix, rows: Positions, *, task: str, length: int
) -> Lists:
    """List the best items of some customers.

    Equal scores, and items without one, are ordered by popularity. For the task of new
    items a customer's own are left out.

    Parameters
    ----------
    rows : array
        Ascending positions of the customers in the matrix.
    length : int
        Places of a list; fewer where there are fewer items.
    """
    length = min(length, len(matrix.items))
    popularity = TIE * (1 - np.arange(len(matrix.items)) / len(matrix.items))
    items = np.full((len(rows), length), -1, dtype=np.intp)
    filled = np.zeros((len(rows), length), dtype=bool)
    for places in _cut(len(rows), len(matrix.items)):
        scores = scorer.score(rows[places])
        scores = scores if scorer.complete else scale_rows(scores)
        ranked = scores + popularity
        if task == NEW:
            ranked[_mark(matrix.counts, rows[places])] = -np.inf
        best = _find_best(ranked, length)
        left = np.take_along_axis(ranked, best, axis=1) > -np.inf
        items[places] = np.where(left, best, -1)
        if not scorer.complete:
            filled[places] = (np.take_along_axis(scores, best, axis=1) <= 0) & left
    return Lists(items, filled)


def find_hits(lists: Lists, relevant: Any, rows: Positions) -> npt.NDArray[np.bool_]:
    """Tell which places of the lists hold an item that was bought afterwards."""
    hits = np.zeros(lists.items.shape, dtype=bool)
    for places in _cut(len(rows), relevant.shape[1]):
        chosen = lists.items[places]
        bought = relevant[rows[places]].toarray() > 0
        hits[places] = np.take_along_axis(bought, np.maximum(chosen, 0), axis=1) & (chosen >= 0)
    return hits


def _cut(n_rows: int, n_items: int) -> Iterator[slice]:
    """Cut the customers into ranges whose scores fit into memory."""
    step = max(MOST_SCORES // max(n_items, 1), 1)
    return (slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step))


def _mark(counts: Any, rows: Positions) -> tuple[Positions, Positions]:
    """Find the cells of what customers have bought already."""
    own = counts[rows]
    return np.repeat(np.arange(len(rows)), np.diff(own.indptr)), own.indices


def _find_best(ranked: Floats, length: int) -> Positions:
    """Order the ``length`` highest of every row; equal ones by position."""
    if length < ranked.shape[1]:
        best = np.argpartition(ranked, ranked.shape[1] - length, axis=1)[:, -length:]
        best.sort(axis=1)
    else:
        best = np.broadcast_to(np.arange(length), ranked.shape)
    order = np.argsort(-np.take_along_axis(ranked, best, axis=1), axis=1, kind="stable")
    return np.take_along_axis(best, order, axis=1)

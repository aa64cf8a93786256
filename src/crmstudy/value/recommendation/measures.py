"""How good lists of recommendations are, from what was bought afterwards.

References
----------
Järvelin, K., & Kekäläinen, J. (2002). Cumulated gain-based evaluation of IR techniques. ACM
Transactions on Information Systems, 20(4), 422-446.
Herlocker, J. L., Konstan, J. A., Terveen, L. G., & Riedl, J. T. (2004). Evaluating
collaborative filtering recommender systems. ACM Transactions on Information Systems, 22(1),
5-53.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]
#: Measures of one customer's list, and what they are in words.
MEASURES = {
    "hit_rate": "share of customers who bought a recommended item",
    "precision": "share of the recommended items that were bought",
    "recall": "share of the bought items that were recommended",
    "ndcg": "as precision, but a hit counts more the higher it stands; 1 is the best possible list",
    "reciprocal_rank": "1 over the place of the first hit, 0 without one",
    "average_precision": "precision at each hit, averaged over the hits that were possible",
}


def measure_lists(hits: Hits, n_relevant: npt.ArrayLike, *, k: int) -> pd.DataFrame:
    """Measure the first ``k`` places of every customer's list.

    Parameters
    ----------
    hits : array of shape (n_customers, n_places)
        Whether the item at a place was bought afterwards.
    n_relevant : array of shape (n_customers,)
        Items that could be hit, at least 1.
    k : int
        Places that count. A list shorter than ``k`` has missed the rest.

    Returns
    -------
    DataFrame
        One row a customer: the names of :data:`MEASURES`, each from 0 to 1.
    """
    shown = np.asarray(hits, dtype=bool)[:, :k]
    relevant = np.asarray(n_relevant, dtype=float)
    places = np.arange(1, shown.shape[1] + 1)
    possible = np.minimum(relevant, k)
    found = shown.cumsum(axis=1)
    ideal = np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    first = np.where(shown.any(axis=1), shown.argmax(axis=1) + 1.0, np.inf)
    return pd.DataFrame(
        {
            "hit_rate": shown.any(axis=1).astype(float),
            "precision": shown.sum(axis=1) / k,
            "recall": shown.sum(axis=1) / relevant,
            "ndcg": shown @ (1 / np.log2(places + 1)) / ideal[possible.astype(int) - 1],
            "reciprocal_rank": 1 / first,
            "average_precision": (shown * found / places).sum(axis=1) / possible,
        }
    )


def trace_hit_rate(hits: Hits) -> Hits:
    """Tell for every number of places whether a customer had a hit by then."""
    return np.logical_or.accumulate(np.asarray(hits, dtype=bool), axis=1)


def measure_exposure(
    lists: npt.NDArray[np.intp], buyers: Floats, *, n_customers: int
) -> dict[str, float]:
    """Measure how many items are shown at all, how evenly, and how unexpected they are.

    Parameters
    ----------
    lists : array of shape (n_customers, k)
        Positions of the recommended items; -1 where a list ends early.
    buyers : array of shape (n_items,)
        Customers who bought each item before.
    n_customers : int
        All customers who could have bought.

    Returns
    -------
    dict
        ``coverage`` (share of the items shown to anybody), ``gini`` (of how often items are
        shown: 0 all alike, near 1 always the same) and ``novelty`` (mean of
        ``-log2(buyers / customers)`` over what is shown, in bits).

    References
    ----------
    Vargas, S., & Castells, P. (2011). Rank and relevance in novelty and diversity metrics for
    recommender systems. Proceedings of RecSys '11, 109-116.
    """
    shown = np.bincount(lists[lists >= 0], minlength=len(buyers)).astype(float)
    ordered = np.sort(shown)
    n = len(ordered)
    spread = float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))
    surprise = -np.log2(np.maximum(buyers, 1) / n_customers)
    return {
        "coverage": float((shown > 0).mean()),
        "gini": spread,
        "novelty": float(shown @ surprise / shown.sum()),
    }


def expect_random(n_relevant: npt.ArrayLike, n_items: npt.ArrayLike, *, k: int) -> Floats:
    """Give the hit rate that ``k`` items drawn by lot reach, customer by customer.

    Parameters
    ----------
    n_relevant, n_items : array_like
        Items that would be hits, and items that can be drawn.
    """
    from scipy.special import gammaln

    relevant, items = np.asarray(n_relevant, dtype=float), np.asarray(n_items, dtype=float)
    drawn = np.minimum(k, items)
    missed = items - relevant
    some = np.maximum(missed, drawn)
    log = gammaln(some + 1) - gammaln(some - drawn + 1)
    log = log - gammaln(items + 1) + gammaln(items - drawn + 1)
    return np.where(missed < drawn, 1.0, 1 - np.exp(log))

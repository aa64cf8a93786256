"""Do several judges rank alike? Kendall's W with its test."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from crmstudy.checks import Hypothesis
from crmstudy.errors import ModelError, passes_absence

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

#: Objects, and ranks given by all judges together, up to which every outcome is counted.
MOST_EXACT_OBJECTS, MOST_EXACT_RANKS = 5, 28
#: From here on the chi-squared approximation is used: shuffling would only be slower.
MANY_JUDGES = 50
N_SHUFFLES = 9_999

#: Weights that differ by less are equal but for rounding, and share their rank.
SAME_WEIGHT = 1e-9


@dataclass(frozen=True)
class Concordance:
    """Agreement of several rankings of the same objects.

    Parameters
    ----------
    w : float
        Kendall's W, corrected for ties: 0 no agreement, 1 the same ranking by all.
    n_judges, n_objects : int
        How many rank, and how many are ranked.
    test : Hypothesis
        Against rankings drawn by lot; the statistic is ``m (n - 1) W``.
    """

    w: float
    n_judges: int
    n_objects: int
    test: Hypothesis


def rank_each(weights: Floats) -> Floats:
    """Rank each row from 1, the largest; what is equal but for rounding shares the mean rank.

    Parameters
    ----------
    weights : ndarray of shape (n_judges, n_objects)
    """
    larger = weights[:, None, :] > weights[:, :, None] + SAME_WEIGHT
    smaller = weights[:, None, :] < weights[:, :, None] - SAME_WEIGHT
    above, equal = larger.sum(axis=2), (~larger & ~smaller).sum(axis=2)
    return above + (equal + 1) / 2


def kendall_w(ranks: Floats) -> float:
    """Compute Kendall's coefficient of concordance, corrected for ties.

    Parameters
    ----------
    ranks : ndarray of shape (n_judges, n_objects)
        Ranks by each judge; equal ones share their mean.

    Raises
    ------
    ModelError
        If there is one judge or one object, or every judge ranks all objects the same.

    References
    ----------
    Kendall, M. G., & Babington Smith, B. (1939). The problem of m rankings. Annals of
    Mathematical Statistics, 10(3), 275-287.
    """
    ranks = np.asarray(ranks, dtype=float)
    m, n = ranks.shape
    if m < 2 or n < 2:
        raise ModelError(
            f"agreement needs two judges of two objects; there {'is' if m == 1 else 'are'} "
            f"{m} of {n}"
        )
    sizes = [np.unique(row, return_counts=True)[1].astype(float) for row in ranks]
    most = (m**2 * (n**3 - n) - m * sum(float((t**3 - t).sum()) for t in sizes)) / 12
    if most <= 0:
        raise ModelError("every judge gives all objects the same rank, so there is no order")
    return _spread(ranks.sum(axis=0)) / most


@passes_absence
def measure_concordance(ranks: Floats, *, seed: int) -> Concordance:
    """Measure how far judges rank alike, and test it against rankings drawn by lot.

    The chi-squared approximation is poor where few objects are ranked by few judges, so
    every outcome is counted up to five objects and 28 ranks (seven judges of four, five of
    five); above, each judge's ranks are shuffled 9,999 times; only with 50 judges or more
    chi-squared is used. Ties stay with the judge who made them.

    Parameters
    ----------
    ranks : ndarray of shape (n_judges, n_objects)
        As for :func:`kendall_w`.
    seed : int
        Of the shuffles.

    Raises
    ------
    ModelError
        As for :func:`kendall_w`.
    """
    ranks = np.asarray(ranks, dtype=float)
    m, n = ranks.shape
    w = kendall_w(ranks)
    statistic = m * (n - 1) * w
    if m >= MANY_JUDGES:
        p, how = _approximate_p(statistic, n), f"chi2({n - 1})"
    elif n <= MOST_EXACT_OBJECTS and m * n <= MOST_EXACT_RANKS:
        p, how = _count_p(ranks), "exact"
    else:
        p, how = _shuffle_p(ranks, seed), f"{N_SHUFFLES:,} shuffles"
    test = Hypothesis("each judge ranks by lot, independently of the others", statistic, p, how)
    return Concordance(w, m, n, test)


def _spread(sums: Floats) -> float:
    """Sum of squares of the objects' rank sums around their mean."""
    return float(((sums - sums.mean()) ** 2).sum())


def _approximate_p(statistic: float, n: int) -> float:
    from scipy.stats import chi2

    return float(chi2.sf(statistic, n - 1))


def _count_p(ranks: Floats) -> float:
    """Probability of rank sums at least as spread, over all orders each judge could give.

    The spread does not change when objects change places, so sums are kept sorted, which
    leaves few that differ.
    """
    doubled: Whole = np.rint(2 * ranks).astype(np.int64)
    sums, chances = np.sort(doubled[:1], axis=1), np.array([1.0])
    for row in doubled[1:]:
        orders = np.unique(np.array(list(permutations(row.tolist()))), axis=0)
        reached = np.sort((sums[:, None, :] + orders).reshape(-1, len(row)), axis=1)
        sums, where = np.unique(reached, axis=0, return_inverse=True)
        each = np.repeat(chances / len(orders), len(orders))
        chances = np.bincount(where.ravel(), weights=each).astype(float)
    observed = _spreads(doubled.sum(axis=0)[None])[0]
    return min(float(chances[_spreads(sums) >= observed].sum()), 1.0)


def _spreads(sums: Whole) -> Whole:
    """Sums of squares around the mean, times the number of objects: whole numbers."""
    return sums.shape[1] * (sums**2).sum(axis=1) - sums.sum(axis=1) ** 2


def _shuffle_p(ranks: Floats, seed: int) -> float:
    rng = np.random.default_rng(seed)
    # Sorted, so that the answer depends neither on the order of judges nor of objects.
    doubled = np.rint(2 * ranks).astype(np.int64)
    rows = np.sort(doubled, axis=1)
    rows = rows[np.lexsort(rows.T[::-1])]
    sums = np.zeros((N_SHUFFLES, ranks.shape[1]), dtype=np.int64)
    for row in rows:
        sums += rng.permuted(np.broadcast_to(row, sums.shape), axis=1)
    observed = _spreads(doubled.sum(axis=0)[None])[0]
    return (1 + int((_spreads(sums) >= observed).sum())) / (N_SHUFFLES + 1)

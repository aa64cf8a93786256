"""k-prototypes: k-means for numbers and categories together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.coding import Coding, code_variables
from crmstudy.segmentation.methods.partition import Assign, Floats, Integers, arrange

N_STARTS = 10
MOST_STEPS = 100
HALF = 0.5  # a mismatch weighs half the mean deviation of the numbers, squared units aside


@dataclass(frozen=True)
class Prototypes:
    """A mean and a mode for each cluster.

    Parameters
    ----------
    coding : Coding
        The variables and their levels.
    means : array of shape (n_clusters, n_numbers)
        Mean of each number.
    modes : array of shape (n_clusters, n_levels)
        1 for the most frequent level of each category, else 0.
    gamma : float
        Weight of one mismatch against a squared distance.
    cost : float
        Sum over the customers of squared distances and weighted mismatches.
    """

    coding: Coding
    means: Floats
    modes: Floats
    gamma: float
    cost: float

    def assign(self, space: Space) -> Integers:
        """Give each customer the cheapest prototype."""
        numbers, indicators = self.coding.measure(space), self.coding.indicate(space)
        n_categories = len(self.coding.levels)
        cost = _cost(numbers, indicators, self.means, self.modes, self.gamma, n_categories)
        return np.asarray(cost.argmin(axis=1), dtype=np.int64)


def estimate_prototypes(
    space: Space, *, n_segments: int, seed: int, gamma: float | None = None
) -> Prototypes:
    """Minimise squared distances to means plus ``gamma`` times mismatches with modes.

    Assignment and prototypes are updated in turn until nobody moves, from ten starts
    drawn as in k-means++; the cheapest solution is kept. Without numbers it is k-modes. Of
    levels equally frequent in a cluster the first in the alphabet is the mode.

    Parameters
    ----------
    space : Space
        Its numbers and categories.
    n_segments, seed : int
        Clusters (as many as customers differ, if these are fewer); seed of the starts.
    gamma : float, optional
        Weight of a mismatch; half the mean standard deviation of the numbers when it is
        not given, as Huang recommends.

    References
    ----------
    Huang, Z. (1998). Extensions to the k-means algorithm for clustering large data sets
    with categorical values. Data Mining and Knowledge Discovery, 2(3), 283-304.
    """
    coding, ordered = code_variables(space), arrange(space)
    numbers, indicators = coding.measure(ordered), coding.indicate(ordered)
    weight = _default_gamma(numbers) if gamma is None else gamma
    k = min(n_segments, len(np.unique(np.hstack([numbers, indicators]), axis=0)))
    draw = np.random.default_rng(seed)
    runs = [_run(numbers, indicators, coding, k, weight, draw) for _ in range(N_STARTS)]
    return min(runs, key=lambda run: run.cost)


def fit_prototype_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Assign:
    """Find segments by k-prototypes, by k-modes where the block has no number.

    See :func:`~crmstudy.segmentation.methods.partition.fit_kmeans_segments` for the signature and
    :func:`estimate_prototypes` for the method.
    """
    return estimate_prototypes(space, n_segments=n_segments, seed=seed).assign


def _default_gamma(numbers: Floats) -> float:
    return HALF * float(numbers.std(axis=0).mean()) if numbers.shape[1] else 1.0


def _run(
    numbers: Floats,
    indicators: Floats,
    coding: Coding,
    k: int,
    gamma: float,
    draw: np.random.Generator,
) -> Prototypes:
    seeds = _draw_seeds(numbers, indicators, coding, k, gamma, draw)
    means, modes = numbers[seeds], indicators[seeds]
    n_categories = len(coding.levels)
    labels = np.full(len(numbers), -1)
    for _ in range(MOST_STEPS):
        cost = _cost(numbers, indicators, means, modes, gamma, n_categories)
        moved = cost.argmin(axis=1)
        moved = _refill(moved, cost[np.arange(len(moved)), moved], k)
        if (moved == labels).all():
            break
        labels = moved
        members = (labels[:, None] == np.arange(k)).astype(float)
        means = (members.T @ numbers) / members.sum(axis=0)[:, None]
        modes = _find_modes(members.T @ indicators, coding.widths)
    cost = _cost(numbers, indicators, means, modes, gamma, n_categories)
    return Prototypes(coding, means, modes, gamma, float(cost.min(axis=1).sum()))


def _cost(
    numbers: Floats,
    indicators: Floats,
    means: Floats,
    modes: Floats,
    gamma: float,
    n_categories: int,
) -> Floats:
    """Cost of each customer (rows) with each prototype (columns)."""
    apart = (numbers**2).sum(axis=1)[:, None] - 2 * numbers @ means.T + (means**2).sum(axis=1)
    return np.asarray(np.maximum(apart, 0) + gamma * (n_categories - indicators @ modes.T))


def _draw_seeds(
    numbers: Floats,
    indicators: Floats,
    coding: Coding,
    k: int,
    gamma: float,
    draw: np.random.Generator,
) -> Integers:
    """Draw each seed with a probability proportional to its cost with the seeds so far."""
    seeds = [int(draw.integers(len(numbers)))]
    nearest = np.full(len(numbers), np.inf)
    while len(seeds) < k:
        last = seeds[-1:]
        new = _cost(
            numbers, indicators, numbers[last], indicators[last], gamma, len(coding.levels)
        )[:, 0]
        new[last] = 0.0
        nearest = np.minimum(nearest, new)
        ladder = np.cumsum(nearest)
        place = np.searchsorted(ladder, draw.random() * ladder[-1], side="right")
        seeds.append(min(int(place), len(numbers) - 1))
    return np.array(seeds)


def _refill(labels: Integers, cost: Floats, k: int) -> Integers:
    """Give an empty cluster the customer who fits worst, so that none is lost."""
    labels = labels.copy()
    for empty in np.setdiff1d(np.arange(k), labels):
        alone = np.bincount(labels, minlength=k)[labels] == 1
        worst = int(np.where(alone, -1.0, cost).argmax())
        labels[worst], cost[worst] = empty, 0.0
    return labels


def _find_modes(counts: Floats, widths: list[int]) -> Floats:
    modes = np.zeros_like(counts)
    rows, edge = np.arange(len(counts)), 0
    for width in widths:
        modes[rows, edge + counts[:, edge : edge + width].argmax(axis=1)] = 1.0
        edge += width
    return modes

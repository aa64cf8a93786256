"""The average silhouette of many partitions of the same customers at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crmstudy.segmentation.clusters.kmeans import Floats, Integers

ROWS_AT_ONCE = 1_000  # of the distance matrix that are held in memory
N_GROUPS = 25  # of a sample, from which its error is estimated


@dataclass(frozen=True)
class Silhouette:
    """Average silhouette and the error that a sample brings.

    Parameters
    ----------
    mean : float
        From -1 to 1; 1 far from other clusters, 0 between two.
    error : float
        Standard error from sampling the customers; 0 where all were measured.
    """

    mean: float
    error: float


def measure_silhouettes(
    points: Floats, partitions: Sequence[Integers], *, n_customers: int = 0, seed: int = 0
) -> list[Silhouette]:
    """Average the silhouettes of several partitions over one distance matrix.

    Parameters
    ----------
    points : array of shape (n_sampled, n_dimensions)
        All customers, or a simple random sample of them.
    partitions : sequence of arrays of int of shape (n_sampled,)
        Labels 0, 1, ...
    n_customers : int
        Customers from whom the sample was drawn; 0 for the points themselves.
    seed : int
        Seed of the groups from which the error is estimated.

    Returns
    -------
    list of Silhouette
        One for each partition, 0 where a sample meets one cluster only. A customer's
        silhouette depends on who else was drawn, so that the spread of silhouettes says
        too little about the error of their mean: the sample is split into 25 groups at
        random, each is measured alone, and their spread is scaled to the whole sample.

    References
    ----------
    Rousseeuw, P. J. (1987). J. Computational and Applied Mathematics, 20, 53-65.
    Wolter, K. M. (2007). Introduction to Variance Estimation (2nd ed.), ch. 2: the random
    group method. Springer.
    """
    means = silhouette_values(points, partitions).mean(axis=1)
    left = 1.0 - len(points) / n_customers if n_customers else 0.0
    if left <= 0:
        return [Silhouette(float(mean), 0.0) for mean in means]
    order = np.random.default_rng(seed).permutation(len(points))
    groups = np.array_split(order, N_GROUPS)
    alone = np.array(
        [
            silhouette_values(points[rows], [labels[rows] for labels in partitions]).mean(axis=1)
            for rows in groups
        ]
    )
    errors = alone.std(axis=0, ddof=1) * np.sqrt(left / N_GROUPS)
    return [Silhouette(float(m), float(e)) for m, e in zip(means, errors, strict=True)]


def silhouette_values(points: Floats, partitions: Sequence[Integers]) -> Floats:
    """Give every customer's silhouette in every partition.

    Returns
    -------
    array of shape (n_partitions, n_points)
    """
    from scipy.spatial.distance import cdist

    members = [np.eye(int(labels.max()) + 1)[labels] for labels in partitions]
    joined = np.hstack(members)
    values = np.empty((len(partitions), len(points)))
    for begin in range(0, len(points), ROWS_AT_ONCE):
        rows = slice(begin, begin + ROWS_AT_ONCE)
        sums = cdist(points[rows], points) @ joined
        first = 0
        for place, (labels, member) in enumerate(zip(partitions, members, strict=True)):
            own = sums[:, first : first + member.shape[1]]
            values[place, rows] = _compare(own, labels[rows], member.sum(axis=0))
            first += member.shape[1]
    return values


def _compare(sums: Floats, labels: Integers, counts: Floats) -> Floats:
    """Compare the mean distance to the own cluster with that to the nearest other one."""
    here = np.arange(len(labels))
    within = sums[here, labels] / np.maximum(counts[labels] - 1, 1)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    means[here, labels] = np.inf
    nearest = means.min(axis=1)
    if np.isinf(nearest).all():
        return np.zeros(len(labels))
    larger = np.maximum(within, nearest)
    alone = (counts[labels] == 1) | (larger == 0)
    return np.where(alone, 0.0, (nearest - within) / np.where(larger == 0, 1.0, larger))

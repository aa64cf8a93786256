"""Clusters of a weighted network by greedy modularity."""

from __future__ import annotations

import numpy as np

#: Gains smaller than this are rounding, not improvement.
SMALLEST_GAIN = 1e-12


def modularity(weights: np.ndarray, labels: np.ndarray) -> float:
    """Share of the links' weight within clusters, less what chance would put there.

    Parameters
    ----------
    weights : array of shape (n_nodes, n_nodes)
        Symmetric, not negative, with an empty diagonal.
    labels : array of shape (n_nodes,)
        Cluster of each node.

    References
    ----------
    Clauset, A., Newman, M. E. J., & Moore, C. (2004). Finding community structure in very
    large networks. Physical Review E, 70(6), 066111.
    """
    total = weights.sum()
    degrees = weights.sum(axis=1) / total
    same = labels[:, None] == labels[None, :]
    return float(((weights / total - np.outer(degrees, degrees)) * same).sum())


def cluster_by_modularity(weights: np.ndarray) -> np.ndarray:
    """Join, again and again, the two clusters whose union raises modularity most.

    Stops when no union raises it. Ties go to the pair that stands first, so that the
    result is the same on every run.

    Parameters
    ----------
    weights : array of shape (n_nodes, n_nodes)
        Symmetric, not negative, with an empty diagonal, not all 0.

    Returns
    -------
    array of int of shape (n_nodes,)
        Cluster of each node, numbered by its first node.

    References
    ----------
    Clauset, Newman & Moore (2004), see :func:`modularity`.
    """
    between = weights / weights.sum()
    labels = np.arange(len(weights))
    alive = list(range(len(weights)))
    while len(alive) > 1:
        part = between[np.ix_(alive, alive)]
        ends = part.sum(axis=1)
        gains = 2 * (part - np.outer(ends, ends))
        gains[np.tril_indices(len(alive))] = -np.inf
        # Rounded, so that sums in another order cannot decide between equal gains.
        best = int(np.argmax(np.round(gains, 12)))
        first, second = divmod(best, len(alive))
        if gains[first, second] <= SMALLEST_GAIN:
            break
        kept, gone = alive[first], alive[second]
        between[kept] += between[gone]
        between[:, kept] += between[:, gone]
        labels[labels == gone] = kept
        alive.remove(gone)
    return np.asarray(np.unique(labels, return_inverse=True)[1], dtype=int)

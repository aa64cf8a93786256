"""k-means itself: on all customers where they are few, from a sample upwards where many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.statistics.draws import count_distinct

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]
# What a method of clustering returns: a function that assigns points to clusters.
Assign = Callable[[Floats], Integers]

EXACT_UP_TO = 5_000  # customers; above, what needs many fits rests on a sample of as many
SETTLED_ON = 100_000  # customers on which the centres of every number of segments settle
MOST_STEPS = 1_000
TOLERANCE = 1e-6  # of the mean variance, by which centres still move when they are settled
SUMS_AT_ONCE = 65_536  # rows of one block; bounds the working memory


@dataclass(frozen=True)
class Partition:
    """Customers cut into clusters, and how good the cut is.

    Parameters
    ----------
    labels : array of int of shape (n_customers,)
        Clusters 0, 1, ...
    inertia : float
        Sum of squared distances from the clusters' means.
    calinski_harabasz : float
        Variance between over variance within clusters, by their degrees of freedom.
    davies_bouldin : float
        How wide a cluster and its most similar one are together, over their distance;
        the mean over clusters.
    """

    labels: Integers
    inertia: float
    calinski_harabasz: float
    davies_bouldin: float


def fit_kmeans(points: Floats, seed: int, *, n_segments: int, n_starts: int) -> Assign:
    """Fit k-means to convergence from ``n_starts`` starts and return its assignment.

    ``points`` are sorted, so that equal ones are neighbours; where fewer than
    ``n_segments`` are distinct (a bootstrap sample can miss some), each is a cluster.

    References
    ----------
    Lloyd, S. P. (1982). IEEE Transactions on Information Theory, 28(2), 129-137.
    Arthur, D., & Vassilvitskii, S. (2007). k-means++: The advantages of careful seeding.
    Proc. 18th ACM-SIAM Symposium on Discrete Algorithms, 1027-1035.
    """
    return assign_nearest(find_centres(points, seed, n_segments=n_segments, n_starts=n_starts))


def find_centres(points: Floats, seed: int, *, n_segments: int, n_starts: int) -> Floats:
    """Find the centres of the best of ``n_starts`` k-means; see :func:`fit_kmeans`."""
    from sklearn.cluster import KMeans

    k = min(n_segments, count_distinct(points))
    model = KMeans(k, n_init=n_starts, max_iter=MOST_STEPS, tol=0.0, random_state=seed)
    return np.asarray(model.fit(points).cluster_centers_, dtype=float)


def settle_centres(points: Floats, centres: Floats) -> Floats:
    """Let centres found on a sample settle on more customers."""
    from sklearn.cluster import KMeans

    model = KMeans(len(centres), init=centres, n_init=1, max_iter=MOST_STEPS, tol=TOLERANCE)
    return np.asarray(model.fit(points).cluster_centers_, dtype=float)


def assign_nearest(centres: Floats) -> Assign:
    """Make the function that assigns points to the nearest of these centres."""
    middle = centres.mean(axis=0)
    doubled = 2.0 * (centres - middle).T
    squares = ((centres - middle) ** 2).sum(axis=1)

    def assign(points: Floats) -> Integers:
        labels = np.empty(len(points), dtype=np.int64)
        for begin in range(0, len(points), SUMS_AT_ONCE):
            block = points[begin : begin + SUMS_AT_ONCE] - middle
            labels[begin : begin + SUMS_AT_ONCE] = (squares - block @ doubled).argmin(axis=1)
        return labels

    return assign


def measure_partition(points: Floats, labels: Integers) -> Partition:
    """Measure a partition of all customers about its own means.

    References
    ----------
    Caliński, T., & Harabasz, J. (1974). Communications in Statistics, 3(1), 1-27.
    Davies, D. L., & Bouldin, D. W. (1979). IEEE Trans. Pattern Analysis and Machine
    Intelligence, 1(2), 224-227.
    """
    counts = np.bincount(labels)
    means = measure_means(points, labels)
    squares, roots = np.zeros(len(counts)), np.zeros(len(counts))
    for begin in range(0, len(points), SUMS_AT_ONCE):
        own = labels[begin : begin + SUMS_AT_ONCE]
        away = ((points[begin : begin + SUMS_AT_ONCE] - means[own]) ** 2).sum(axis=1)
        squares += np.bincount(own, weights=away, minlength=len(counts))
        roots += np.bincount(own, weights=np.sqrt(away), minlength=len(counts))
    inertia = float(squares.sum())
    between = float((counts * ((means - points.mean(axis=0)) ** 2).sum(axis=1)).sum())
    freedom = (len(points) - len(counts)) / (len(counts) - 1)
    return Partition(
        labels=labels,
        inertia=inertia,
        calinski_harabasz=freedom * between / inertia if inertia else float("inf"),
        davies_bouldin=_davies_bouldin(means, roots / counts),
    )


def measure_means(points: Floats, labels: Integers) -> Floats:
    """Give the mean of each cluster."""
    sums = [np.bincount(labels, weights=column) for column in points.T]
    return np.column_stack(sums) / np.bincount(labels)[:, None]


def _davies_bouldin(means: Floats, widths: Floats) -> float:
    apart = np.sqrt(((means[:, None] - means[None]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    return float(((widths[:, None] + widths[None]) / apart).max(axis=1).mean())

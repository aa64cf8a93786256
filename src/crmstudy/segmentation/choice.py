"""How many segments? k-means at each number, with the measures side by side."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.segmentation.stability import Assign, draw_seeds

LARGEST = 8  # segments; more are hard to serve with a different offer each
MINIMUM_PER_SEGMENT = 10  # customers for each segment, on average
SILHOUETTE_SAMPLE = 2_000  # customers; the sampling error of the average is about .005


def fit_kmeans(points: np.ndarray, seed: int, *, n_segments: int, n_starts: int) -> Assign:
    """Fit k-means to convergence from ``n_starts`` starts and return its assignment.

    ``points`` are sorted, so that equal ones are neighbours; where fewer than
    ``n_segments`` are distinct (a bootstrap sample can miss some), each is a cluster.
    """
    from sklearn.cluster import KMeans

    k = min(n_segments, count_distinct(points))
    model = KMeans(k, n_init=n_starts, max_iter=1_000, tol=0.0, random_state=seed).fit(points)
    return lambda others: model.predict(others).astype("int64")


def count_distinct(points: np.ndarray) -> int:
    """Count distinct points of a sorted array."""
    return 1 + int(np.count_nonzero((points[1:] != points[:-1]).any(axis=1)))


def list_candidates(points: np.ndarray, n_segments: int) -> list[int]:
    """List the numbers of segments to compare: 2 to 8, and the one asked for.

    Raises
    ------
    ModelError
        If the customers are too few, or too few of them differ.
    """
    needed = max(n_segments, 2)
    most = min(len(points) // MINIMUM_PER_SEGMENT, count_distinct(points))
    if needed > most:
        raise ModelError(
            f"{needed} segments need {needed * MINIMUM_PER_SEGMENT} customers, {needed} of them "
            f"different; there are {len(points)}, {count_distinct(points)} of them different"
        )
    return sorted({*range(2, min(LARGEST, most) + 1), needed})


def compare_numbers(
    points: np.ndarray, candidates: list[int], *, seed: int, n_starts: int
) -> tuple[pd.DataFrame, dict[int, np.ndarray]]:
    """Cluster into each number of segments and measure the solutions.

    Returns
    -------
    DataFrame indexed by n_segments
        ``inertia`` (within sum of squares), ``silhouette`` (average over a fixed sample of
        at most 2,000 customers), ``calinski_harabasz`` (larger is better),
        ``davies_bouldin`` (smaller is better).
    dict
        The labels of each solution.
    """
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, pairwise_distances

    drawn = np.random.default_rng(draw_seeds(seed, stage=1, n=1)[0])
    size = min(len(points), SILHOUETTE_SAMPLE)
    sample = np.sort(drawn.choice(len(points), size=size, replace=False))
    distances = pairwise_distances(points[sample])
    solutions, rows = {}, []
    for k, start in zip(candidates, draw_seeds(seed, stage=0, n=len(candidates)), strict=True):
        labels = fit_kmeans(points, start, n_segments=k, n_starts=n_starts)(points)
        solutions[k] = labels
        rows.append(
            {
                "inertia": _within(points, labels),
                "silhouette": measure_silhouette(distances, labels[sample], precomputed=True),
                "calinski_harabasz": float(calinski_harabasz_score(points, labels)),
                "davies_bouldin": float(davies_bouldin_score(points, labels)),
            }
        )
    return pd.DataFrame(rows, index=pd.Index(candidates, name="n_segments")), solutions


def measure_silhouette(
    points: np.ndarray, labels: np.ndarray, *, precomputed: bool = False
) -> float:
    """Average silhouette; 0, no separation, where a sample meets one segment only."""
    from sklearn.metrics import silhouette_score

    if len(np.unique(labels)) < 2:
        return 0.0
    metric = "precomputed" if precomputed else "euclidean"
    return float(silhouette_score(points, labels, metric=metric))


def _within(points: np.ndarray, labels: np.ndarray) -> float:
    return sum(
        float(((cluster - cluster.mean(axis=0)) ** 2).sum())
        for cluster in (points[labels == label] for label in np.unique(labels))
    )


def method_of(n_segments: int, n_starts: int) -> partial[Assign]:
    """Fix everything of the method but points and seed, for resampling."""
    return partial(fit_kmeans, n_segments=n_segments, n_starts=n_starts)

"""Would another sample give the same segments? Bootstrap, for all and for each segment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.segmentation.clusters.kmeans import Assign, Floats, Integers

# A method of clustering: points and a seed in, a function that assigns points out.
Fit = Callable[[Floats, int], Assign]

# Hennig (2007) and the manual of fpc::clusterboot: where a segment is stable.
DISSOLVED, PATTERN, STABLE, HIGHLY_STABLE = 0.5, 0.6, 0.75, 0.85
STABILITY_LIMIT = 0.65  # of the mean adjusted Rand index
SMALLEST_SHARE = 0.02  # of the customers


@dataclass(frozen=True)
class Stability:
    """Agreement of segments with those of bootstrap samples.

    Parameters
    ----------
    rand : array of shape (n_replicates,)
        Adjusted Rand index of each replicate: 1 the same segments, 0 as by chance.
    jaccard : array of shape (n_replicates, n_segments)
        Jaccard similarity of each segment with the most similar one of the replicate.
    n_points : int
        Customers resampled.
    """

    rand: Floats
    jaccard: Floats
    n_points: int

    def by_segment(self) -> pd.DataFrame:
        """Sum up each segment: mean Jaccard, times dissolved, times recovered, verdict."""
        mean = self.jaccard.mean(axis=0)
        return pd.DataFrame(
            {
                "jaccard": mean,
                "n_dissolved": (self.jaccard <= DISSOLVED).sum(axis=0),
                "n_recovered": (self.jaccard > STABLE).sum(axis=0),
                "stability": [grade_stability(float(value)) for value in mean],
            },
            index=pd.RangeIndex(1, self.jaccard.shape[1] + 1, name="segment"),
        )

    def reorder(self, order: Integers) -> Stability:
        """Give the segments in another order: ``order[i]`` becomes segment ``i``."""
        return Stability(self.rand, self.jaccard[:, order], self.n_points)


def resample_segments(
    points: Floats, labels: Integers, *, fit: Fit, seeds: list[int], n_segments: int = 0
) -> Stability:
    """Compare the segments with those found in bootstrap samples.

    Each replicate draws as many customers with replacement, keeps each drawn one once,
    and clusters them anew. The Jaccard similarity compares segments among the drawn
    customers; for the adjusted Rand index **all** customers are assigned by the new
    clusters.

    Parameters
    ----------
    points : array of shape (n_customers, n_features)
        Sorted, so that equal customers are neighbours; each sample keeps the order.
    labels : array of int of shape (n_customers,)
        The segments to be judged: 0, 1, ...
    fit : callable
        ``fit(points, seed)`` returns a function that assigns points to clusters.
    seeds : list of int
        One for each replicate.
    n_segments : int
        Segments, where the last ones may have nobody among the points; 0 counts them.

    References
    ----------
    Hennig, C. (2007). Cluster-wise assessment of cluster stability. Computational
    Statistics & Data Analysis, 52(1), 258-271.
    Hubert, L., & Arabie, P. (1985). Comparing partitions. J. of Classification, 2, 193-218.
    Dolnicar, S., & Leisch, F. (2010). Evaluation of structure and reproducibility of
    cluster solutions using the bootstrap. Marketing Letters, 21, 83-101.
    """
    rand = np.empty(len(seeds))
    n_segments = n_segments or int(labels.max()) + 1
    jaccard = np.empty((len(seeds), n_segments))
    for replicate, seed in enumerate(seeds):
        drawn = np.unique(np.random.default_rng(seed).integers(len(points), size=len(points)))
        again = fit(points[drawn], seed)(points)
        rand[replicate] = adjusted_rand(labels, again)
        jaccard[replicate] = jaccard_by_segment(labels[drawn], again[drawn], n_segments=n_segments)
    return Stability(rand, jaccard, len(points))


def jaccard_by_segment(labels: Integers, others: Integers, *, n_segments: int) -> Floats:
    """Find for each segment the highest Jaccard similarity with a cluster of others.

    Parameters
    ----------
    labels, others : array of int of shape (n_customers,)
        Two partitions with labels 0, 1, ...
    n_segments : int
        Segments; one without any customer has similarity 0.
    """
    both = cross_tabulate(labels, others, n_segments)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    return np.divide(both, either, out=np.zeros(both.shape), where=either > 0).max(axis=1)


def adjusted_rand(labels: Integers, others: Integers) -> float:
    """Agreement of two partitions corrected for chance; 1 where both are one cluster."""
    table = cross_tabulate(labels, others, int(labels.max()) + 1)
    pairs = _pairs(table).sum()
    rows, columns = _pairs(table.sum(axis=1)).sum(), _pairs(table.sum(axis=0)).sum()
    by_chance = rows * columns / max(_pairs(np.array([float(len(labels))]))[0], 1.0)
    most = (rows + columns) / 2
    return float((pairs - by_chance) / (most - by_chance)) if most != by_chance else 1.0


def cross_tabulate(labels: Integers, others: Integers, n_segments: int) -> Floats:
    """Count the customers of each pair of segment and cluster."""
    width = int(others.max()) + 1
    counts = np.bincount(labels * width + others, minlength=n_segments * width)
    return counts.reshape(n_segments, width).astype(float)


def _pairs(counts: Floats) -> Floats:
    return counts * (counts - 1) / 2


def grade_stability(jaccard: float) -> str:
    """Put a mean Jaccard similarity into words, by the limits .6, .75 and .85."""
    if jaccard >= HIGHLY_STABLE:
        return "highly stable"
    if jaccard >= STABLE:
        return "stable"
    return "a pattern, doubtful members" if jaccard >= PATTERN else "not to be trusted"

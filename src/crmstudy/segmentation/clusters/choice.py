"""How many segments? k-means at each number, with every measure side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.segmentation.clusters.clouds import skewed_cloud, uniform_box
from crmstudy.segmentation.clusters.gap import Gap, cluster_clouds, measure_gap
from crmstudy.segmentation.clusters.kmeans import (
    EXACT_UP_TO,
    SETTLED_ON,
    Floats,
    Integers,
    Partition,
    Rows,
    assign_nearest,
    find_centres,
    fit_kmeans,
    measure_means,
    measure_partition,
    settle_centres,
)
from crmstudy.segmentation.clusters.likelihood import mixture_bic
from crmstudy.segmentation.clusters.silhouette import measure_silhouettes
from crmstudy.segmentation.clusters.stability import Stability, resample_segments
from crmstudy.statistics.draws import count_distinct, draw_rows, draw_seeds

LARGEST = 10  # segments; more are hard to serve with a different offer each
MINIMUM_PER_SEGMENT = 10  # customers for each segment, on average
N_CLOUDS = 20  # of each kind; the smallest p-value is 1/21
STARTS_AGAIN = 3  # k-means of clouds and bootstrap samples, of which there are hundreds


@dataclass(frozen=True)
class Choice:
    """All candidates, measured.

    Parameters
    ----------
    table : DataFrame indexed by n_segments
        ``inertia``, ``silhouette`` and its sampling error ``silhouette_error``,
        ``calinski_harabasz``, ``davies_bouldin``, ``bic``, ``stability`` (mean adjusted
        Rand index), ``smallest_share`` (of the customers).
    single : dict of str to float
        ``inertia`` and ``bic`` of all customers as one segment.
    partitions : dict of int to Partition
        The segments of each candidate.
    stabilities : dict of int to Stability
        Bootstrap of each candidate.
    gap_skewed, gap_uniform : Gap
        The gap statistic against one skewed cloud, and against a uniform box.
    n_customers, n_sample : int
        Customers; those of them on whom all but inertia, Calinski-Harabasz and
        Davies-Bouldin rest.
    """

    table: pd.DataFrame
    single: dict[str, float]
    partitions: dict[int, Partition]
    stabilities: dict[int, Stability]
    gap_skewed: Gap
    gap_uniform: Gap
    n_customers: int
    n_sample: int

    def row(self, n_segments: int) -> dict[str, float]:
        """Give the measures of one candidate."""
        return {name: float(self.table[name].loc[n_segments]) for name in self.table.columns}

    def settle(self, points: Floats, n_segments: int) -> Choice:
        """Let the centres of one candidate settle on all customers, where they are many."""
        if len(points) <= SETTLED_ON:
            return self
        labels = self.partitions[n_segments].labels
        centres = settle_centres(points, measure_means(points, labels))
        settled = measure_partition(points, assign_nearest(centres)(points))
        table = self.table.copy()
        measured = _tabulate({n_segments: settled})
        table.loc[n_segments, measured.columns] = measured.loc[n_segments]
        partitions = {**self.partitions, n_segments: settled}
        return replace(self, table=table, partitions=partitions)


def list_candidates(points: Floats, n_segments: int) -> list[int]:
    """List the numbers of segments to compare: 2 to 10, and the one asked for.

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
            f"different; found: {len(points)}, of them different {count_distinct(points)}"
        )
    return sorted({*range(2, min(LARGEST, most) + 1), needed})


def measure_choice(
    points: Floats,
    candidates: Sequence[int],
    *,
    seed: int,
    n_starts: int = 10,
    n_replicates: int = 20,
    n_clouds: int = N_CLOUDS,
) -> Choice:
    """Cluster into each number of segments and measure the solutions.

    Up to 5,000 customers everything rests on all of them. Of more, a simple random sample
    of 5,000 is drawn: on it k-means starts, silhouettes, the gap statistic, mixtures and
    the bootstrap are computed. The best start settles on up to 100,000 customers, and all
    are assigned; inertia and the two variance ratios are those of all customers.

    Parameters
    ----------
    points : array of shape (n_customers, n_dimensions)
        Sorted, so that the result does not depend on the order of the customers.
    candidates : sequence of int
        As :func:`list_candidates` gives them.
    seed : int
        Seed of starts, samples, clouds and replicates.
    n_starts, n_replicates : int
        Starts of each k-means; bootstrap replicates of each candidate.
    n_clouds : int
        Clouds of each kind for the gap statistic, at least 3; below 19 the test against
        one cloud cannot reach 5%.
    """
    rows = draw_rows(len(points), draw_seeds(seed, stage=1, n=1)[0], most=EXACT_UP_TO)
    sample = np.ascontiguousarray(points[rows])
    partitions = _cluster(points, sample, candidates, seed=seed, n_starts=n_starts)
    sampled = {k: partition.labels[rows] for k, partition in partitions.items()}
    most = max(k for place, k in enumerate(candidates) if k == place + 2)
    stabilities = _resample(sample, sampled, seed=seed, n_replicates=n_replicates)
    bic = mixture_bic(sample, [1, *candidates], seed=draw_seeds(seed, stage=5, n=1)[0])
    table = _tabulate(partitions)
    silhouettes = measure_silhouettes(
        sample,
        list(sampled.values()),
        n_customers=len(points),
        seed=draw_seeds(seed, stage=7, n=1)[0],
    )
    table["silhouette"] = [silhouette.mean for silhouette in silhouettes]
    table["silhouette_error"] = [silhouette.error for silhouette in silhouettes]
    table["bic"] = bic[1:]
    table["stability"] = [float(stabilities[k].rand.mean()) for k in candidates]
    gaps = _compare_with_clouds(sample, sampled, most, seed=seed, n_clouds=n_clouds)
    return Choice(
        table=table,
        single={"inertia": sum_of_squares(points), "bic": float(bic[0])},
        partitions=partitions,
        stabilities=stabilities,
        gap_skewed=gaps[0],
        gap_uniform=gaps[1],
        n_customers=len(points),
        n_sample=len(sample),
    )


def sum_of_squares(points: Floats) -> float:
    """Sum the squared distances from the mean of all."""
    return float(((points - points.mean(axis=0)) ** 2).sum())


def _cluster(
    points: Floats, sample: Floats, candidates: Sequence[int], *, seed: int, n_starts: int
) -> dict[int, Partition]:
    many = len(points) > len(sample)
    settling = points[_draw_settling(len(points), seed)] if many else points
    partitions = {}
    for k, start in zip(candidates, draw_seeds(seed, stage=0, n=len(candidates)), strict=True):
        centres = find_centres(sample, start, n_segments=k, n_starts=n_starts)
        if many:
            centres = settle_centres(settling, centres)
        partitions[k] = measure_partition(points, assign_nearest(centres)(points))
    return partitions


def _draw_settling(n: int, seed: int) -> Rows:
    return draw_rows(n, draw_seeds(seed, stage=6, n=1)[0], most=SETTLED_ON)


def _resample(
    sample: Floats, sampled: dict[int, Integers], *, seed: int, n_replicates: int
) -> dict[int, Stability]:
    """Draw the same bootstrap samples for every candidate, so that they compare in pairs."""
    seeds = draw_seeds(seed, stage=2, n=n_replicates)
    return {
        k: resample_segments(
            sample,
            labels,
            n_segments=k,
            fit=partial(fit_kmeans, n_segments=k, n_starts=STARTS_AGAIN),
            seeds=seeds,
        )
        for k, labels in sampled.items()
    }


def _tabulate(partitions: dict[int, Partition]) -> pd.DataFrame:
    rows = [
        {
            "inertia": partition.inertia,
            "calinski_harabasz": partition.calinski_harabasz,
            "davies_bouldin": partition.davies_bouldin,
            "smallest_share": float(np.bincount(partition.labels).min() / len(partition.labels)),
        }
        for partition in partitions.values()
    ]
    return pd.DataFrame(rows, index=pd.Index(list(partitions), name="n_segments"))


def _compare_with_clouds(
    sample: Floats, sampled: dict[int, Integers], most: int, *, seed: int, n_clouds: int
) -> list[Gap]:
    within = [sum_of_squares(sample)]
    within += [measure_partition(sample, sampled[k]).inertia for k in range(2, most + 1)]
    floor = np.finfo(float).tiny  # of customers who are all equal within their segment
    gaps = []
    for stage, cloud in ((3, skewed_cloud(sample)), (4, uniform_box(sample))):
        sums = cluster_clouds(
            cloud,
            n_points=len(sample),
            most=most,
            seeds=draw_seeds(seed, stage=stage, n=n_clouds),
            n_starts=STARTS_AGAIN,
        )
        logs = np.log(np.maximum(within, floor))
        gaps.append(measure_gap(logs, sums, n_points=len(sample)))
    return gaps

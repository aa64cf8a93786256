"""The gap statistic: how much better clusters fit the data than clouds without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.segmentation.clusters.clouds import Draw
from crmstudy.segmentation.clusters.kmeans import Floats


@dataclass(frozen=True)
class Gap:
    """Gap statistic for the numbers of clusters 1, 2, ..., without a hole.

    Parameters
    ----------
    table : DataFrame indexed by n_segments
        ``log_within`` of the data, ``expected`` (its mean over the clouds), ``gap``
        (their difference) and ``error`` (standard deviation over the clouds, times
        ``sqrt(1 + 1/n_clouds)``).
    n_segments : int
        The number it favours; 1 is one cloud.
    homogeneity : Hypothesis
        Whether the data could be one of the clouds.
    n_clouds, n_points : int
        Clouds drawn; points of each, and of the sample of the data.
    """

    table: pd.DataFrame
    n_segments: int
    homogeneity: Hypothesis
    n_clouds: int
    n_points: int

    def gain(self, n_segments: int) -> float:
        """Say which share of what cutting the data gains a cloud would not give.

        The gain is the fall of the logarithm of the within sum of squares, from one segment
        to ``n_segments``; .1 means that clouds cut alike fall by 90% of it. Not above
        0 where a cloud gains as much. Beyond the last number of the table, that of the last.
        """
        row = self.table.loc[[1, min(n_segments, int(self.table.index[-1]))]]
        fall = float(row["log_within"].iloc[0] - row["log_within"].iloc[1])
        beyond = float(row["gap"].iloc[1] - row["gap"].iloc[0])
        return beyond / fall if fall > 0 else 0.0


def measure_gap(log_within: Floats, clouds: Floats, *, n_points: int) -> Gap:
    """Compare the data's within sums of squares with those of clouds.

    Parameters
    ----------
    log_within : array of shape (n_numbers,)
        Logarithm of the within sum of squares of the data in 1, 2, ... clusters.
    clouds : array of shape (n_clouds, n_numbers)
        The same of each cloud.
    n_points : int
        Points clustered, for the record.

    References
    ----------
    Tibshirani, R., Walther, G., & Hastie, T. (2001). Estimating the number of clusters
    in a data set via the gap statistic. J. Royal Statistical Society B, 63(2), 411-423.
    """
    n_clouds = len(clouds)
    table = pd.DataFrame(
        {"log_within": log_within, "expected": clouds.mean(axis=0)},
        index=pd.RangeIndex(1, len(log_within) + 1, name="n_segments"),
    )
    table["gap"] = table["expected"] - table["log_within"]
    # The article divides by n_clouds; R's clusGap, and this study, by n_clouds - 1.
    table["error"] = clouds.std(axis=0, ddof=1) * np.sqrt(1 + 1 / n_clouds)
    favoured = choose_by_gap(table["gap"].to_numpy(), table["error"].to_numpy())
    return Gap(table, favoured, compare_with_clouds(log_within, clouds), n_clouds, n_points)


def choose_by_gap(gaps: Floats, errors: Floats) -> int:
    """Take the first number whose gap is within one error of the next one's, or beyond it.

    The rule of Tibshirani, Walther and Hastie (``Tibs2001SEmax`` in R's ``maxSE``).
    """
    enough = gaps[:-1] >= gaps[1:] - errors[1:]
    return int(enough.argmax()) + 1 if enough.any() else len(gaps)


def compare_with_clouds(log_within: Floats, clouds: Floats) -> Hypothesis:
    """Ask whether clusters shrink the data's sum of squares as they shrink a cloud's.

    The statistic is the largest fall of the logarithm from one cluster to any number,
    beyond the clouds' mean and in their standard deviations. Each cloud is compared with
    the others in the same way, so that looking at all numbers is allowed for.

    Returns
    -------
    Hypothesis
        Monte Carlo test; with 20 clouds the smallest p-value is 1/21.

    References
    ----------
    Hope, A. C. A. (1968). A simplified Monte Carlo significance test procedure. J. Royal
    Statistical Society B, 30(3), 582-598.
    """
    falls = clouds[:, :1] - clouds[:, 1:]
    observed = _largest_excess(log_within[0] - log_within[1:], falls)
    others = [
        _largest_excess(falls[place], np.delete(falls, place, axis=0))
        for place in range(len(falls))
    ]
    beyond = np.count_nonzero(np.array(others) >= observed)
    return Hypothesis(
        null="the customers are one cloud without segments",
        statistic=observed,
        p_value=float((1 + beyond) / (1 + len(clouds))),
        distribution=f"Monte Carlo, {len(clouds)} clouds",
    )


def _largest_excess(fall: Floats, falls: Floats) -> float:
    spread = falls.std(axis=0, ddof=1)
    return float(((fall - falls.mean(axis=0)) / np.where(spread == 0, 1.0, spread)).max())


def cluster_clouds(
    draw: Draw, *, n_points: int, most: int, seeds: Sequence[int], n_starts: int
) -> Floats:
    """Cluster clouds into 1 to ``most`` clusters.

    Returns
    -------
    array of shape (n_clouds, most)
        Logarithm of the within sum of squares.
    """
    rows = []
    for seed in seeds:
        cloud = draw(np.random.default_rng(seed), n_points)
        rows.append(log_within_sums(cloud, most, seed=seed, n_starts=n_starts))
    return np.array(rows)


def log_within_sums(points: Floats, most: int, *, seed: int, n_starts: int) -> Floats:
    """Cluster points by k-means into 1 to ``most`` clusters and give log sums of squares."""
    from sklearn.cluster import KMeans

    total = float(((points - points.mean(axis=0)) ** 2).sum())
    sums = [total]
    for k in range(2, most + 1):
        model = KMeans(k, n_init=n_starts, max_iter=1_000, tol=0.0, random_state=seed)
        sums.append(float(model.fit(points).inertia_))
    return np.log(sums)

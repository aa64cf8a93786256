"""k-means segments of customers: how many, which, how far to be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import SettingsError, passes_absence
from crmstudy.segmentation.choice import (
    SILHOUETTE_SAMPLE,
    compare_numbers,
    list_candidates,
    measure_silhouette,
    method_of,
)
from crmstudy.segmentation.profile import (
    name_segments,
    profile_segments,
    rank_by_value,
    summarise_segments,
)
from crmstudy.segmentation.stability import (
    bootstrap_stability,
    check_structure,
    compare_with_no_structure,
    draw_seeds,
)
from crmstudy.segmentation.transform import (
    RFM_FEATURES,
    Standardise,
    TransformedFeatures,
    keep_complete,
    transform_features,
)

CLOUD_SIZE = 1_000  # customers in each structureless comparison
N_CLOUDS = 19  # the smallest number that can reach p = .05


@dataclass(frozen=True)
class ClusterResult:
    """Segments by k-means; segment 1 has the highest mean value.

    Parameters
    ----------
    labels : Series of int
        Segment of each customer used, in the order given.
    segments : DataFrame
        One row a segment: ``name``, ``n_customers``, ``share_customers``, ``value``
        and ``share_value`` (sum of the value and its share), and the mean of each
        clustered feature in its own unit.
    profile : DataFrame of shape (n_segments, n_features)
        Segment means in standard deviations of the transformed features from the mean
        of all customers.
    choice : DataFrame
        Indexed by the number of segments: ``inertia``, ``silhouette``,
        ``calinski_harabasz``, ``davies_bouldin``, ``chosen``.
    transformed : TransformedFeatures
        What was done to the features.
    stability : array of shape (n_replicates,)
        Adjusted Rand index of each bootstrap replicate.
    homogeneity : Hypothesis
        The silhouette against that of structureless clouds.
    checks : tuple of Check
        Whether the segments are structure.
    value : str
        The feature that orders the segments.
    n_customers, n_left_out, n_silhouette : int
        Customers clustered; left out for a missing value; in the silhouette's sample.
    """

    labels: pd.Series
    segments: pd.DataFrame
    profile: pd.DataFrame
    choice: pd.DataFrame
    transformed: TransformedFeatures
    stability: np.ndarray
    homogeneity: Hypothesis
    checks: tuple[Check, ...]
    value: str
    n_customers: int
    n_left_out: int
    n_silhouette: int

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return len(self.segments)

    @property
    def has_structure(self) -> bool:
        """Whether every check passed; if not, the segments are a cut through a continuum."""
        return all(check.passed for check in self.checks)

    def table(self) -> pd.DataFrame:
        """Arrange the segments: name, size, share of the value, mean features."""
        names = {
            "n_customers": "customers",
            "share_customers": "share of customers",
            "value": self.value.replace("_", " "),
            "share_value": f"share of {self.value.replace('_', ' ')}",
        }
        table = self.segments.rename(columns=names).rename_axis("segment").reset_index()
        return table.rename(columns=lambda name: name.replace("_", " "))

    def to_metrics(self) -> dict[str, float]:
        """Give quality, stability, and the shares of each segment by its rank."""
        row = self.choice.loc[self.n_segments]
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_left_out": self.n_left_out,
            "n_segments": self.n_segments,
            "has_structure": int(self.has_structure),
            **{str(name): float(row[name]) for name in row.index if name != "chosen"},
            "stability_mean": float(self.stability.mean()),
            "stability_minimum": float(self.stability.min()),
            "homogeneity_p_value": self.homogeneity.p_value,
        }
        for rank, segment in self.segments.iterrows():
            metrics[f"share_customers_segment_{rank}"] = float(segment["share_customers"])
            metrics[f"share_value_segment_{rank}"] = float(segment["share_value"])
        return metrics


@passes_absence
def cluster_kmeans(
    features: pd.DataFrame,
    *,
    seed: int,
    n_segments: int = 0,
    columns: Sequence[str] = RFM_FEATURES,
    value: str = "revenue",
    log: bool = True,
    standardise: Standardise = "zscore",
    n_starts: int = 10,
    n_replicates: int = 20,
) -> ClusterResult:
    """Cluster customers by k-means and judge the segments.

    The result does not depend on the order of the customers: they are sorted by their
    features first, every random step has its own seed derived from ``seed``, one
    thread computes, and segments are numbered by falling mean of ``value``.

    Parameters
    ----------
    features : DataFrame indexed by customer
        Numeric features. Customers with a missing value are left out and counted.
    seed : int
        Seed of starts, samples and replicates.
    n_segments : int
        Segments to form; 0 takes the number among 2 to 8 with the highest silhouette
        (the other measures stand beside it in ``choice``).
    columns : sequence of str
        Features to cluster by.
    value : str
        Feature that orders the segments and whose shares are given.
    log, standardise
        See :func:`~crmstudy.segmentation.transform.transform_features`.
    n_starts, n_replicates : int
        Starts of each k-means; bootstrap replicates for stability.

    Raises
    ------
    SettingsError
        If ``n_segments`` is 1 or negative, or a count is below 1.
    DataError
        If a column is absent, not numeric or infinite, or a customer stands twice.
    ModelError
        If there are too few or too similar customers for the segments asked for.

    References
    ----------
    Rousseeuw, P. J. (1987). Silhouettes. J. Comput. Appl. Math., 20, 53-65.
    Kaufman, L., & Rousseeuw, P. J. (1990). Finding Groups in Data. Wiley.
    Steinley, D. (2004). Properties of the Hubert-Arabie adjusted Rand index.
    Psychological Methods, 9, 386-396.
    """
    if n_segments == 1 or min(n_segments, n_starts - 1, n_replicates - 1) < 0:
        raise SettingsError(
            f"n_segments = {n_segments}, n_starts = {n_starts}, n_replicates = {n_replicates}: "
            "n_segments must be 0 (choose) or at least 2, the others at least 1"
        )
    used, n_left_out = keep_complete(features, list(dict.fromkeys([*columns, value])))
    used = used.sort_values(list(used.columns), kind="stable")
    transformed = transform_features(used[list(columns)], log=log, standardise=standardise)
    solution = _solve(
        transformed.values.to_numpy(),
        n_segments=n_segments,
        seed=seed,
        n_starts=n_starts,
        n_replicates=n_replicates,
    )
    labels = rank_by_value(solution.labels, used[value])
    segments = summarise_segments(used, labels, columns=columns, value=value)
    profile = profile_segments(transformed.values, labels)
    segments.insert(0, "name", name_segments(profile))
    return ClusterResult(
        labels=labels.loc[features.index[features.index.isin(labels.index)]],
        segments=segments,
        profile=profile,
        choice=solution.choice,
        transformed=transformed,
        stability=solution.stability,
        homogeneity=solution.homogeneity,
        checks=check_structure(
            silhouette=solution.homogeneity.statistic,
            stability=float(solution.stability.mean()),
            homogeneity=solution.homogeneity,
            smallest_share=float(segments["share_customers"].min()),
        ),
        value=value,
        n_customers=len(used),
        n_left_out=n_left_out,
        n_silhouette=min(len(used), SILHOUETTE_SAMPLE),
    )


@dataclass(frozen=True)
class _Solution:
    """Clusters of the points, before anyone asks who they are."""

    labels: np.ndarray
    choice: pd.DataFrame
    stability: np.ndarray
    homogeneity: Hypothesis


def _solve(
    points: np.ndarray, *, n_segments: int, seed: int, n_starts: int, n_replicates: int
) -> _Solution:
    # Loaded first: a limit holds only for libraries that are there when it is set.
    import sklearn.cluster
    import sklearn.metrics  # noqa: F401
    from threadpoolctl import threadpool_limits

    candidates = list_candidates(points, n_segments)
    with threadpool_limits(limits=1):  # sums of several threads differ in the last digit
        choice, solutions = compare_numbers(points, candidates, seed=seed, n_starts=n_starts)
        silhouettes = choice["silhouette"].to_numpy()
        k = n_segments or candidates[int(silhouettes.argmax())]
        stability = bootstrap_stability(
            points,
            solutions[k],
            fit=method_of(k, n_starts),
            seeds=draw_seeds(seed, stage=2, n=n_replicates),
        )
        homogeneity = compare_with_no_structure(
            points,
            float(silhouettes[candidates.index(k)]),
            fit=method_of(k, n_starts),
            quality=measure_silhouette,
            n_points=min(len(points), CLOUD_SIZE),
            seeds=draw_seeds(seed, stage=3, n=N_CLOUDS),
        )
    return _Solution(solutions[k], choice.assign(chosen=choice.index == k), stability, homogeneity)

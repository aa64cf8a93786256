"""k-means segments of customers: how many, which, how far to be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, SettingsError, passes_absence
from crmstudy.segmentation.clusters.choice import N_CLOUDS, Choice, list_candidates, measure_choice
from crmstudy.segmentation.clusters.cluster_result import ClusterResult
from crmstudy.segmentation.clusters.kmeans import Floats, Integers, Rows
from crmstudy.segmentation.clusters.recommend import (
    Recommendation,
    list_measures,
    recommend,
)
from crmstudy.segmentation.clusters.stability import Stability
from crmstudy.segmentation.clusters.structure import check_structure
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.transform import (
    RFM_FEATURES,
    Log,
    Standardise,
    TransformedFeatures,
    keep_complete,
    transform_features,
)
from crmstudy.segmentation.explain.profile import (
    name_segments,
    profile_segments,
    rank_by_value,
    summarise_segments,
)


@passes_absence
def cluster_kmeans(
    features: pd.DataFrame,
    *,
    seed: int,
    n_segments: int = 0,
    columns: Sequence[str] = RFM_FEATURES,
    value: str = "revenue",
    log: bool | Log = True,
    winsorise: float = 0.0,
    standardise: Standardise = "zscore",
    n_starts: int = 10,
    n_replicates: int = 20,
    n_clouds: int = N_CLOUDS,
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
        Seed of starts, samples, clouds and replicates.
    n_segments : int
        Segments to form; 0 takes the number among 2 to 10 that
        :func:`~crmstudy.segmentation.clusters.recommend.recommend` gives.
    columns : sequence of str
        Features to cluster by.
    value : str
        Feature that orders the segments and whose shares are given.
    log, winsorise, standardise
        See :func:`~crmstudy.segmentation.criteria.transform.transform_features`.
    n_starts, n_replicates, n_clouds : int
        Starts of each k-means; bootstrap replicates for stability; clouds of each kind
        for the gap statistic.

    Raises
    ------
    SettingsError
        If ``n_segments`` is 1 or negative, or a count is below its least.
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
    _check_counts(n_segments, n_starts, n_replicates, n_clouds)
    given, n_left_out = keep_complete(features, list(dict.fromkeys([*columns, value])))
    order = np.lexsort(given.to_numpy().T[::-1])
    used = given.iloc[order]
    transformed = transform_features(
        used[list(columns)], log=log, winsorise=winsorise, standardise=standardise
    )
    solution = _solve(
        transformed.values.to_numpy(),
        n_segments=n_segments,
        seed=seed,
        n_starts=n_starts,
        n_replicates=n_replicates,
        n_clouds=n_clouds,
    )
    ranked = rank_by_value(solution.labels, used[value])
    segments = summarise_segments(used, ranked, columns=columns, value=value)
    return solution.present(
        ranked,
        order=order,
        segments=segments,
        values=transformed.values,
        transformed=transformed,
        n_left_out=n_left_out,
        value=value,
    )


@passes_absence
def cluster_space(
    space: Space,
    *,
    values: pd.Series,
    seed: int,
    n_segments: int = 0,
    n_starts: int = 10,
    n_replicates: int = 20,
    n_clouds: int = N_CLOUDS,
) -> ClusterResult:
    """Cluster the customers of one block of criteria by k-means on its points.

    As :func:`cluster_kmeans`, for variables that were made comparable before. The
    profile compares numbers, and the share of every level of the categories, with those
    of all customers, in standard deviations.

    Parameters
    ----------
    space : Space
        Customers as points.
    values : Series indexed by customer
        What orders the segments, revenue for instance; its name is said in tables.

    Raises
    ------
    DataError
        If a customer of the space has no value.
    """
    _check_counts(n_segments, n_starts, n_replicates, n_clouds)
    value = str(values.name or "value")
    known = values.reindex(space.customers).astype("float64")
    if known.isna().any():
        raise DataError(
            f"{value.replace('_', ' ')} is unknown for {int(known.isna().sum())} of "
            f"{len(known)} customers; every customer of the block needs it"
        )
    order = np.lexsort([known.to_numpy(), *space.points.T[::-1]])
    ordered = space.take(order)
    solution = _solve(
        ordered.points,
        n_segments=n_segments,
        seed=seed,
        n_starts=n_starts,
        n_replicates=n_replicates,
        n_clouds=n_clouds,
    )
    worth = known.iloc[order]
    ranked = rank_by_value(solution.labels, worth)
    return solution.present(
        ranked,
        order=order,
        segments=summarise_segments(worth.to_frame(value), ranked, columns=[], value=value),
        values=_indicate(ordered),
        transformed=space,
        n_left_out=space.n_left_out,
        value=value,
    )


def _indicate(space: Space) -> pd.DataFrame:
    """Put an indicator of every level beside the numbers."""
    if space.categories.shape[1] == 0:
        return space.numeric
    levels = pd.get_dummies(space.categories, prefix_sep=": ", dtype="float64")
    return space.numeric.join(levels)


def _check_counts(n_segments: int, n_starts: int, n_replicates: int, n_clouds: int) -> None:
    if n_segments == 1 or min(n_segments, n_starts - 1, n_replicates - 1, n_clouds - 3) < 0:
        raise SettingsError(
            f"n_segments = {n_segments}, n_starts = {n_starts}, n_replicates = {n_replicates}, "
            f"n_clouds = {n_clouds}: n_segments must be 0 (choose) or at least 2, n_clouds at "
            "least 3, the others at least 1"
        )


@dataclass(frozen=True)
class _Solution:
    """Clusters of the points, before anyone asks who they are."""

    choice: Choice
    recommendation: Recommendation
    n_segments: int

    @property
    def labels(self) -> Integers:
        return self.choice.partitions[self.n_segments].labels

    @property
    def stability(self) -> Stability:
        return self.choice.stabilities[self.n_segments]

    def present(
        self,
        ranked: pd.Series,
        *,
        order: Rows,
        segments: pd.DataFrame,
        values: pd.DataFrame,
        transformed: TransformedFeatures | Space,
        n_left_out: int,
        value: str,
    ) -> ClusterResult:
        """Say who the clusters are, customers in the order given."""
        profile = profile_segments(values, ranked)
        segments.insert(0, "name", name_segments(profile))
        first = np.unique(self.labels, return_index=True)[1]
        by_rank = np.argsort(ranked.to_numpy()[first])
        found_again = self.stability.reorder(by_rank).by_segment()
        return ClusterResult(
            labels=ranked.iloc[np.argsort(order)],
            segments=segments,
            profile=profile,
            choice=self._tabulate(),
            transformed=transformed,
            stability=self.stability.rand,
            homogeneity=self.choice.gap_skewed.homogeneity,
            checks=check_structure(
                self.choice,
                self.n_segments,
                smallest=int(segments["n_customers"].min()),
                jaccard=float(found_again["jaccard"].min()),
            ),
            value=value,
            n_customers=self.choice.n_customers,
            n_left_out=n_left_out,
            n_silhouette=self.choice.n_sample,
            segment_stability=found_again,
            recommendation=self.recommendation,
            measures=list_measures(self.choice),
        )

    def _tabulate(self) -> pd.DataFrame:
        table = self.choice.table
        for name, gap in (
            ("gap_skewed", self.choice.gap_skewed),
            ("gap_uniform", self.choice.gap_uniform),
        ):
            columns = gap.table[["gap", "error"]].set_axis([name, f"{name}_error"], axis=1)
            table = table.join(columns)
        return table.assign(chosen=table.index == self.n_segments)


def _solve(
    points: Floats,
    *,
    n_segments: int,
    seed: int,
    n_starts: int,
    n_replicates: int,
    n_clouds: int,
) -> _Solution:
    # Loaded first: a limit holds only for libraries that are there when it is set.
    import sklearn.cluster
    import sklearn.mixture  # noqa: F401

    from crmstudy.statistics.threads import hold_one_thread

    candidates = list_candidates(points, n_segments)
    with hold_one_thread():  # sums of several threads differ in the last digit
        choice = measure_choice(
            np.ascontiguousarray(points),
            candidates,
            seed=seed,
            n_starts=n_starts,
            n_replicates=n_replicates,
            n_clouds=n_clouds,
        )
        recommendation = recommend(choice)
        k = n_segments or recommendation.n_segments
        return _Solution(choice.settle(points, k), recommendation, k)

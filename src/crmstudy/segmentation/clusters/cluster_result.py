"""What clustering customers gives: segments, and what there is for and against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check, Hypothesis
from crmstudy.segmentation.clusters.kmeans import Floats
from crmstudy.segmentation.clusters.recommend import Measure, Recommendation
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.criteria.transform import TransformedFeatures


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
        Indexed by the number of segments: ``inertia``, ``silhouette`` and its sampling
        error ``silhouette_error``, ``calinski_harabasz``, ``davies_bouldin``, ``bic``,
        ``stability``, ``smallest_share``, ``gap_skewed`` and ``gap_uniform`` with
        ``..._error``, ``chosen``.
    transformed : TransformedFeatures or Space
        What was done to the features.
    stability : array of shape (n_replicates,)
        Adjusted Rand index of each bootstrap replicate.
    homogeneity : Hypothesis
        Whether the customers could be one skewed cloud.
    checks : tuple of Check
        Whether the segments are structure.
    value : str
        The feature that orders the segments.
    n_customers, n_left_out, n_silhouette : int
        Customers clustered; left out for a missing value; in the sample on which
        silhouette, gap, BIC and bootstrap rest (all of them up to 5,000).
    segment_stability : DataFrame indexed by segment
        ``jaccard`` (mean over bootstrap samples), ``n_dissolved`` and ``n_recovered``
        (samples with .5 or less, with more than .75), ``stability`` in words.
    recommendation : Recommendation
        What the measures together favour, whatever number was asked for.
    measures : tuple of Measure
        Every measure at every number of segments.
    """

    labels: pd.Series
    segments: pd.DataFrame
    profile: pd.DataFrame
    choice: pd.DataFrame
    transformed: TransformedFeatures | Space
    stability: Floats
    homogeneity: Hypothesis
    checks: tuple[Check, ...]
    value: str
    n_customers: int
    n_left_out: int
    n_silhouette: int
    segment_stability: pd.DataFrame
    recommendation: Recommendation
    measures: tuple[Measure, ...]

    @property
    def n_segments(self) -> int:
        """Number of segments."""
        return len(self.segments)

    @property
    def has_structure(self) -> bool:
        """Whether every check passed; if not, the segments are a cut through a continuum."""
        return all(check.passed for check in self.checks)

    @property
    def is_exact(self) -> bool:
        """Whether every measure rests on all customers."""
        return self.n_silhouette == self.n_customers

    def table(self) -> pd.DataFrame:
        """Arrange the segments: name, size, share of the value, mean features."""
        names = {
            "n_customers": "customers",
            "share_customers": "share of customers",
            "value": self.value.replace("_", " "),
            "share_value": f"share of {self.value.replace('_', ' ')}",
        }
        table = self.segments.rename(columns=names).rename_axis("segment").reset_index()
        return table.rename(columns=lambda name: name.replace("_", " ").replace("mean n ", "mean "))

    def tabulate_choice(self) -> pd.DataFrame:
        """Arrange the measures: a row a number of segments from 1 on, a column a measure.

        A measure that one segment does not have is missing there.
        """
        columns = {measure.name: measure.values for measure in self.measures}
        table = pd.DataFrame(columns).sort_index().rename_axis("number of segments")
        return table.reset_index()

    def list_points(self) -> pd.DataFrame:
        """List every measure at every number of segments, for a figure.

        Returns
        -------
        DataFrame
            ``measure``, ``looks_for``, ``n_segments``, ``value``, ``error`` (0 for none),
            ``favoured`` (by this measure), ``recommended`` (by all), ``chosen`` (formed here).
        """
        parts = []
        for measure in self.measures:
            errors = measure.values * 0.0 if measure.errors is None else measure.errors
            k = measure.values.index.to_numpy()
            part = {
                "measure": measure.name,
                "looks_for": measure.looks_for,
                "n_segments": k,
                "value": measure.values.to_numpy(),
                "error": errors.to_numpy(),
                "favoured": k == measure.favours,
                "recommended": k == self.recommendation.n_segments,
                "chosen": k == self.n_segments,
            }
            parts.append(pd.DataFrame(part))
        return pd.concat(parts, ignore_index=True)

    def tabulate_stability(self) -> pd.DataFrame:
        """Arrange the stability of each segment for a reader."""
        table = self.segment_stability.rename(
            columns={"n_dissolved": "times dissolved", "n_recovered": "times recovered"}
        )
        names = [f"{number} {name}" for number, name in self.segments["name"].items()]
        table.insert(0, "segment", names)
        return table.reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Give quality, stability, and the shares of each segment by its rank."""
        columns = [name for name in self.choice.columns if name not in ("chosen", "stability")]
        row = {name: float(self.choice[name].loc[self.n_segments]) for name in columns}
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_left_out": self.n_left_out,
            "n_segments": self.n_segments,
            "n_recommended": self.recommendation.n_segments,
            "recommended_has_structure": int(self.recommendation.verdict == "structure"),
            "n_measures_voting": self.recommendation.n_votes,
            "n_measures_agreeing": self.recommendation.n_agreeing,
            "has_structure": int(self.has_structure),
            **{name: number for name, number in row.items() if not np.isnan(number)},
            "stability_mean": float(self.stability.mean()),
            "stability_minimum": float(self.stability.min()),
            "homogeneity_p_value": self.homogeneity.p_value,
        }
        found_again = self.segment_stability["jaccard"].to_numpy()
        for (rank, segment), jaccard in zip(self.segments.iterrows(), found_again, strict=True):
            metrics[f"share_customers_segment_{rank}"] = float(segment["share_customers"])
            metrics[f"share_value_segment_{rank}"] = float(segment["share_value"])
            metrics[f"jaccard_segment_{rank}"] = float(jaccard)
        return metrics

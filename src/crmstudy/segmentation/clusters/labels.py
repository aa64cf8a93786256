"""Segments put back on the customers."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.segmentation.clusters.cluster import ClusterResult


@passes_absence
def label_customers(features: pd.DataFrame, clusters: ClusterResult) -> pd.DataFrame:
    """Add each customer's segment, as ``1 frequent, high revenue``, to the features.

    Customers that were not clustered are left out.
    """
    names = {number: f"{number} {row['name']}" for number, row in clusters.segments.iterrows()}
    segment = clusters.labels.map(names)
    return features.join(segment.rename("segment"), how="inner")

"""Sentences on RFM segments and clusters."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, number, percent
from crmstudy.segmentation import ClusterResult, RfmResult


def read_segmentation(rfm: RfmResult | NotAvailable, clusters: ClusterResult | NotAvailable) -> str:
    """Say which segments there are, how far to trust them and what they bring."""
    return compose(_say_rfm(rfm), _say_clusters(clusters), _say_structure(clusters))


@passes_absence
def _say_rfm(rfm: RfmResult) -> str:
    table = rfm.table()
    top = table.sort_values("share of revenue", ascending=False, kind="stable").iloc[0]
    return (
        f"By recency, frequency and money the segment '{top['segment']}' brings the most: "
        f"{percent(top['share of customers'])} of the customers and "
        f"{percent(top['share of revenue'])} of the revenue."
    )


@passes_absence
def _say_clusters(clusters: ClusterResult) -> str:
    segments = clusters.segments
    first, last = segments.iloc[0], segments.iloc[-1]
    value = clusters.value.replace("_", " ")
    return (
        f"k-means forms {count_of(clusters.n_segments, 'segment')}. Segment {segments.index[0]} "
        f"({first['name']}) holds {percent(first['share_customers'])} of the customers and "
        f"{percent(first['share_value'])} of the {value}; segment {segments.index[-1]} "
        f"({last['name']}) holds {percent(last['share_customers'])} and "
        f"{percent(last['share_value'])}."
    )


@passes_absence
def _say_structure(clusters: ClusterResult) -> str:
    silhouette = clusters.choice.loc[clusters.choice["chosen"], "silhouette"].iloc[0]
    problems = failed(clusters.checks)
    if not problems:
        return (
            f"All checks hold (silhouette {number(silhouette)}, mean adjusted Rand index over "
            f"bootstrap samples {number(float(clusters.stability.mean()))}): the segments may be "
            "read as groups that another sample would show too."
        )
    said = "; ".join(f"{check.name} fails, so {check.consequence}" for check in problems)
    return f"Not all checks hold: {said}."

"""Are these segments structure, or a cut through a continuum? The checks."""

from __future__ import annotations

from crmstudy.checks import Check, Hypothesis
from crmstudy.segmentation.clusters.choice import Choice
from crmstudy.segmentation.clusters.recommend import ALPHA, LEAST_GAIN, SILHOUETTE_LIMIT
from crmstudy.segmentation.clusters.stability import PATTERN, SMALLEST_SHARE, STABILITY_LIMIT


def check_structure(
    choice: Choice, n_segments: int, *, smallest: int, jaccard: float
) -> tuple[Check, ...]:
    """Judge whether these segments are structure or a cut through a continuum.

    Parameters
    ----------
    choice : Choice
        The measures.
    n_segments : int
        Segments formed.
    smallest : int
        Customers of the smallest one.
    jaccard : float
        Mean Jaccard similarity of the segment that is found again the worst.
    """
    row, gap = choice.row(n_segments), choice.gap_skewed
    share = smallest / choice.n_customers
    return (
        Check(
            name="segments are apart (average silhouette)",
            passed=row["silhouette"] > SILHOUETTE_LIMIT,
            statistic=row["silhouette"],
            threshold=f"> {SILHOUETTE_LIMIT}",
            source="Kaufman & Rousseeuw (1990), ch. 2",
            consequence="no substantial structure: read the segments as a convenient cut only",
        ),
        _check_cloud(gap.homogeneity),
        Check(
            name="segments are found again in bootstrap samples (mean adjusted Rand index)",
            passed=row["stability"] >= STABILITY_LIMIT,
            statistic=row["stability"],
            threshold=f">= {STABILITY_LIMIT}",
            source="Steinley (2004): below .65 poor",
            consequence="another sample gives other segments: ask for fewer",
        ),
        Check(
            name="the smallest segment is substantial (share of customers)",
            passed=share >= SMALLEST_SHARE,
            statistic=share,
            threshold=f">= {SMALLEST_SHARE}",
            source="rule of this study",
            consequence=_say_small(smallest),
        ),
        Check(
            name="cutting gains more than cutting one skewed cloud (share of the gain)",
            passed=gap.gain(n_segments) >= LEAST_GAIN,
            statistic=gap.gain(n_segments),
            threshold=f">= {LEAST_GAIN}",
            source="rule of this study",
            consequence="one cloud would be cut nearly as well: the segments are a cut",
        ),
        Check(
            name="every segment is found again in bootstrap samples (lowest mean Jaccard)",
            passed=jaccard >= PATTERN,
            statistic=jaccard,
            threshold=f">= {PATTERN}",
            source="Hennig (2007)",
            consequence="a segment dissolves in other samples: do not build on it",
        ),
    )


def _check_cloud(homogeneity: Hypothesis) -> Check:
    return Check(
        name="the customers differ from one skewed cloud (p-value)",
        passed=homogeneity.p_value <= ALPHA,
        statistic=homogeneity.p_value,
        threshold=f"<= {ALPHA}",
        source="after Hennig & Lin (2015)",
        consequence="the segments cut a continuum: do not call them types of customers",
    )


def _say_small(smallest: int) -> str:
    if smallest == 1:
        return (
            "one customer stands alone as a segment: see whether it is an error, then "
            "winsorise, or leave it out as one of the outliers"
        )
    return "the segment may be a few outliers: look at them before naming it"

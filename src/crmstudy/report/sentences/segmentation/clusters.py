"""Sentences on RFM segments, on k-means segments, and on how their number was chosen."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)
from crmstudy.segmentation import ClusterResult, RfmResult


def read_segmentation(rfm: RfmResult | NotAvailable, clusters: ClusterResult | NotAvailable) -> str:
    """Say which segments there are, how far to trust them and what they bring."""
    return compose(_say_rfm(rfm), _say_clusters(clusters), _say_structure(clusters))


def read_choice(clusters: ClusterResult | NotAvailable) -> str:
    """Say how the number of segments was chosen, and whether the customers fall into any."""
    return compose(
        _say_votes(clusters), _say_number(clusters), _say_verdict(clusters), _say_sample(clusters)
    )


@passes_absence
def read_stability(clusters: ClusterResult) -> str:
    """Say how surely the segments are found again, and which one the least."""
    table = clusters.tabulate_stability()
    n, replicates = len(table), len(clusters.stability)
    sure = int((clusters.segment_stability["stability"].isin(["stable", "highly stable"])).sum())
    least = table.iloc[int(table["jaccard"].to_numpy().argmin())]
    found = (
        f"All {n} segments are"
        if sure == n
        else f"{sure or 'None'} of the {n} segments {'is' if sure == 1 else 'are'}"
    )
    return (
        f"{found} stable over {count_of(replicates, 'bootstrap sample')} (mean Jaccard "
        f"similarity of .75 or more). The least sure is '{least['segment']}' with "
        f"{number(float(least['jaccard']))} ({least['stability']})."
    )


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
    said = "; ".join(f"'{check.name}' ({check.consequence})" for check in problems)
    verb = "fails" if len(problems) == 1 else "fail"
    return f"Of {count_of(len(clusters.checks), 'check')} {len(problems)} {verb}: {said}."


@passes_absence
def _say_votes(clusters: ClusterResult) -> str:
    reasons = clusters.recommendation.reasons
    voting = reasons[reasons["votes"]]
    if voting.empty:
        return (
            "Every measure that votes favours the largest number of segments tried, so that none "
            "of them has found its best value."
        )
    parts = []
    for k, group in voting.groupby("favours", sort=False):
        verb = "favours" if len(group) == 1 else "favour"
        what = "no segments at all" if k == 1 else f"{k} segments"
        parts.append(f"{enumerate_words(group['measure'].tolist())} {verb} {what}")
    said = "; ".join(parts)
    left = reasons[reasons["at_edge"]]["measure"].tolist()
    edge = (
        f" {_capitalise(enumerate_words(left))} still {'gains' if len(left) == 1 else 'gain'} at "
        "the largest number tried."
        if left
        else ""
    )
    return f"{_capitalise(said)}.{edge}"


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


@passes_absence
def _say_number(clusters: ClusterResult) -> str:
    found = clusters.recommendation
    if found.n_votes == 0:
        rule = f"{found.n_segments} segments, the fewest, are taken"
    else:
        rule = (
            f"{found.n_segments} segments are recommended, with {found.n_agreeing} of "
            f"{count_of(found.n_votes, 'vote')}"
        )
        if found.is_tied:
            rule += ", no more than another number has: the measure that stands first decides"
    if clusters.n_segments == found.n_segments:
        return f"{rule}."
    return f"{rule}; {clusters.n_segments} were asked for, and these are shown."


@passes_absence
def _say_verdict(clusters: ClusterResult) -> str:
    found = clusters.recommendation
    if found.verdict == "structure":
        return (
            "The customers fall into groups: they differ from one skewed cloud by more than "
            "chance, and the groups are apart and come back in other samples."
        )
    return (
        f"Verdict: no structure, because {enumerate_words(list(found.why))}. The segments are a "
        "cut through a continuum, useful for treating customers differently, and not types "
        "of customers."
    )


@passes_absence
def _say_sample(clusters: ClusterResult) -> str:
    if clusters.is_exact:
        return f"Every measure rests on all {clusters.n_customers:,} customers."
    chosen = clusters.choice.loc[clusters.choice["chosen"]].iloc[0]
    share = percent_within(clusters.n_silhouette / clusters.n_customers)
    return (
        f"Of the {clusters.n_customers:,} customers a random sample of "
        f"{clusters.n_silhouette:,} ({share}) carries gap, BIC, stability and the silhouette of "
        f"{number(float(chosen['silhouette']))} (sampling error "
        f"{number(float(chosen['silhouette_error']), 3)}); all are assigned to the segments, and "
        "inertia, Calinski-Harabasz and Davies-Bouldin are those of all."
    )

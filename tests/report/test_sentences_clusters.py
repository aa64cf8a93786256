from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.choice import draw_choice, draw_stability
from crmstudy.report.sentences.segmentation.clusters import (
    read_choice,
    read_segmentation,
    read_stability,
)
from crmstudy.segmentation import ClusterResult, cluster_kmeans

ABSENT = NotAvailable("the study has no table transactions")
NAMES = ["days_since_last_purchase", "n_purchases", "revenue"]


@pytest.fixture(scope="module")
def clusters() -> ClusterResult:
    draw = np.random.default_rng(0)
    centres = [[100.0, 20.0, 300.0], [80.0, 60.0, 310.0], [60.0, 40.0, 340.0]]
    points = np.concatenate([draw.normal(centre, 1.0, (50, 3)) for centre in centres])
    features = pd.DataFrame(points, columns=NAMES)
    return cluster_kmeans(features, log=False, seed=1, n_starts=2, n_replicates=2)


def vote(clusters: ClusterResult, favours: list[int], edge: int = 0) -> ClusterResult:
    """Let the four voting measures favour these numbers; the last ``edge`` are at the edge."""
    reasons = clusters.recommendation.reasons.copy()
    reasons["votes"] = [place < 4 - edge for place in range(8)]
    reasons["at_edge"] = [4 - edge <= place < 4 for place in range(8)]
    reasons["favours"] = [*favours, 3, 3, 3, 3]
    return replace(clusters, recommendation=replace(clusters.recommendation, reasons=reasons))


def test_agreement_and_structure_are_said(clusters):
    said = read_choice(clusters)
    assert "favour 3 segments" in said
    assert "3 segments are recommended, with" in said
    assert "The customers fall into groups" in said
    assert "Every measure rests on all 150 customers." in said
    assert "All checks hold" in read_segmentation(ABSENT, clusters)


def test_disagreement_one_cloud_and_the_edge_are_said(clusters):
    said = read_choice(vote(clusters, [1, 3, 5, 10], edge=1))
    assert "Gap (one skewed cloud) favours no segments at all; gap (uniform box) favours 3" in said
    assert "BIC of mixtures favours 5 segments." in said
    assert "Calinski-harabasz" not in said
    assert "Calinski-Harabasz still gains at the largest number tried." in said
    assert "with 1 of 3 votes, no more than another number has: the measure" in said
    two = read_choice(vote(clusters, [3, 3, 10, 10], edge=2))
    assert "BIC of mixtures and Calinski-Harabasz still gain at" in two
    none = read_choice(vote(clusters, [10, 10, 10, 10], edge=4))
    assert none.startswith("Every measure that votes favours the largest number")
    assert "3 segments, the fewest, are taken." in none


def test_no_structure_and_another_number_are_said(clusters):
    cut = replace(
        clusters.recommendation,
        n_segments=2,
        verdict="no structure",
        why=("the segments are not apart", "bootstrap samples give other segments"),
    )
    said = read_choice(replace(clusters, recommendation=cut))
    assert (
        "Verdict: no structure, because the segments are not apart and bootstrap samples give "
        "other segments." in said
    )
    assert "; 3 were asked for, and these are shown." in said


def test_a_sample_is_said_with_its_error(clusters):
    choice = clusters.choice.assign(silhouette_error=0.0042, silhouette=0.357)
    said = read_choice(replace(clusters, choice=choice, n_customers=1_000_000, n_silhouette=5_000))
    assert "a random sample of 5,000 (0.5%)" in said
    assert "silhouette of 0.36 (sampling error 0.004)" in said


@pytest.mark.parametrize(
    ("jaccard", "said"),
    [
        ([0.9, 0.9, 0.8], "All 3 segments are stable over 2 bootstrap samples"),
        ([0.9, 0.5, 0.7], "1 of the 3 segments is stable"),
        ([0.5, 0.4, 0.7], "None of the 3 segments are stable"),
    ],
)
def test_stability_is_said(clusters, jaccard, said):
    grades = ["stable" if value >= 0.75 else "not to be trusted" for value in jaccard]
    table = clusters.segment_stability.assign(jaccard=jaccard, stability=grades)
    text = read_stability(replace(clusters, segment_stability=table))
    assert text.startswith(said)
    assert f"with {min(jaccard):.2f} ({grades[int(np.argmin(jaccard))]})." in text


def test_absence_is_said():
    assert read_choice(ABSENT) == "Not available: the study has no table transactions."
    assert read_stability(ABSENT) is ABSENT
    assert draw_choice(ABSENT, n=0) is ABSENT
    assert draw_stability(ABSENT, n=0, n_replicates=0) is ABSENT


def test_figures_mark_what_is_favoured_and_recommended(clusters):
    points = clusters.list_points()
    figure = draw_choice(points, n=150)
    assert len(figure.axes) == 8
    assert [axes.get_title(loc="left").strip() for axes in figure.axes] == list(
        points["measure"].unique()
    )
    for axes, (_, part) in zip(figure.axes, points.groupby("measure", sort=False), strict=True):
        marks = [line for line in axes.lines if line.get_marker() == "D"]
        assert marks[0].get_xdata().tolist() == part.loc[part["favoured"], "n_segments"].tolist()
        dashed = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == "--"]
        assert dashed == [3]
    assert "n = 150" in figure.get_supxlabel()
    bars = draw_stability(clusters.tabulate_stability(), n=150, n_replicates=2)
    assert len(bars.axes[0].patches) == 3
    assert "2 bootstrap samples (n = 150 customers)" in bars.get_supxlabel()


def test_a_figure_of_few_numbers_and_few_measures(clusters):
    points = clusters.list_points()
    few = points[points["measure"].isin(["silhouette"]) & (points["n_segments"] <= 3)]
    assert len(draw_choice(few, n=20).axes) == 1
    five = points[points["measure"].isin(points["measure"].unique()[:5])]
    shown = [axes for axes in draw_choice(five, n=20).axes if axes.axison]
    assert len(shown) == 5

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from crmstudy.segmentation.clusters.kmeans import fit_kmeans
from crmstudy.segmentation.clusters.stability import (
    Stability,
    adjusted_rand,
    grade_stability,
    jaccard_by_segment,
    resample_segments,
)
from crmstudy.statistics.draws import draw_seeds

REFERENCE = Path(__file__).parents[1] / "reference"


def load_points(name: str) -> np.ndarray:
    if name == "ruspini":
        return pd.read_csv(REFERENCE / "kmeans" / "ruspini.csv").to_numpy(dtype=float)
    points = load_iris().data
    return (points - points.mean(axis=0)) / points.std(axis=0, ddof=1)


def read_clusterboot(name: str, k: int) -> tuple[pd.DataFrame, list[tuple[np.ndarray, ...]]]:
    """Read R's clusters, its bootstrap samples, and how it clustered each of them."""
    folder = REFERENCE / "clusterboot"
    clusters = pd.read_csv(folder / "expected.csv").query("data == @name and k == @k")
    samples = pd.read_csv(folder / "samples.csv", dtype={"clusters": str})
    parts = samples.query("data == @name and k == @k").sort_values("draw")
    pairs = [
        (np.array(rows.split(), dtype=int), np.array(list(labels), dtype=int))
        for rows, labels in zip(parts["rows"], parts["clusters"], strict=True)
    ]
    return clusters, pairs


@pytest.mark.parametrize("k", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["ruspini", "iris"])
def test_jaccard_of_each_cluster_is_that_of_clusterboot(name, k):
    expected, [(_, labels), *samples] = read_clusterboot(name, k)
    rows = [jaccard_by_segment(labels[drawn], again, n_segments=k) for drawn, again in samples]
    found = Stability(np.zeros(len(rows)), np.array(rows), len(labels)).by_segment()
    assert np.bincount(labels).tolist() == expected["size"].tolist()
    assert found["jaccard"].to_numpy() == pytest.approx(expected["jaccard"].to_numpy(), abs=1e-12)
    assert found["n_dissolved"].tolist() == expected["dissolved"].tolist()
    assert found["n_recovered"].tolist() == expected["recovered"].tolist()


@pytest.mark.parametrize(("name", "k"), [("ruspini", 2), ("ruspini", 4), ("iris", 2)])
def test_samples_of_clusterboot_are_clustered_as_in_r(name, k):
    _, [(_, labels), *samples] = read_clusterboot(name, k)
    points = load_points(name)
    with threadpool_limits(limits=1):
        for drawn, again in [(np.arange(len(points)), labels), *samples[:10]]:
            found = fit_kmeans(points[drawn], 1, n_segments=k, n_starts=10)(points[drawn])
            assert adjusted_rand_score(found, again) == 1


def test_adjusted_rand_is_that_of_scikit_learn():
    draw = np.random.default_rng(3)
    for _ in range(50):
        n = int(draw.integers(2, 60))
        one, two = draw.integers(0, 4, n), draw.integers(0, 5, n)
        assert adjusted_rand(one, two) == pytest.approx(adjusted_rand_score(one, two), abs=1e-12)
    alone = np.zeros(5, dtype=int)
    assert adjusted_rand(alone, alone) == 1
    assert adjusted_rand(np.arange(4), np.arange(4)) == 1
    assert adjusted_rand(alone, np.arange(5)) == 0


def test_jaccard_by_hand():
    labels, others = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 1])
    assert jaccard_by_segment(labels, others, n_segments=4).tolist() == [2 / 3, 1 / 2, 1 / 4, 0]


def test_stability_is_one_for_a_sure_rule_and_about_nothing_for_a_coin():
    points = np.sort(np.random.default_rng(0).normal(size=(400, 1)), axis=0)

    def sure(sample, seed):
        return lambda others: (others[:, 0] > 0).astype(int)

    def coin(sample, seed):
        draw = np.random.default_rng(seed)
        return lambda others: draw.integers(0, 2, len(others))

    labels = (points[:, 0] > 0).astype(int)
    always = resample_segments(points, labels, fit=sure, seeds=[1, 2, 3])
    assert always.rand.tolist() == [1, 1, 1]
    assert always.jaccard.tolist() == [[1, 1]] * 3
    unsure = resample_segments(points, labels, fit=coin, seeds=list(range(20)))
    assert abs(unsure.rand.mean()) < 0.01
    assert unsure.jaccard.mean() == pytest.approx(0.36, abs=0.06)  # a third, or the larger overlap


def test_samples_are_bootstrap_samples_with_each_customer_once():
    points = np.arange(1000.0)[:, None]
    seen = []

    def remember(sample, seed):
        seen.append(sample[:, 0])
        return lambda others: (others[:, 0] > 500).astype(int)

    resample_segments(points, (points[:, 0] > 500).astype(int), fit=remember, seeds=[1, 2])
    for sample in seen:
        assert (np.diff(sample) > 0).all()  # in order, nobody twice
        assert len(sample) / 1000 == pytest.approx(1 - np.exp(-1), abs=0.03)
    assert not np.array_equal(*seen)


def test_order_and_grades():
    stability = Stability(np.ones(2), np.array([[1.0, 0.5], [0.9, 0.7]]), 10)
    table = stability.reorder(np.array([1, 0])).by_segment()
    assert table["jaccard"].tolist() == pytest.approx([0.6, 0.95])
    assert table["n_dissolved"].tolist() == [1, 0]
    assert table.index.tolist() == [1, 2]
    grades = [grade_stability(value) for value in (0.59, 0.6, 0.75, 0.85)]
    assert grades == ["not to be trusted", "a pattern, doubtful members", "stable", "highly stable"]


def test_seeds_differ_between_stages_and_do_not_depend_on_how_many():
    assert draw_seeds(5, stage=1, n=3) == draw_seeds(5, stage=1, n=9)[:3]
    assert not set(draw_seeds(5, stage=1, n=50)) & set(draw_seeds(5, stage=2, n=50))

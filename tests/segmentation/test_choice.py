from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from sklearn.datasets import load_iris
from sklearn.metrics import (
    adjusted_rand_score,
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_samples,
    silhouette_score,
)
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from crmstudy.errors import ModelError
from crmstudy.segmentation.clusters import kmeans
from crmstudy.segmentation.clusters.choice import list_candidates, measure_choice
from crmstudy.segmentation.clusters.clouds import fit_unimodal, skewed_cloud, uniform_box
from crmstudy.segmentation.clusters.gap import (
    choose_by_gap,
    cluster_clouds,
    compare_with_clouds,
    log_within_sums,
    measure_gap,
)
from crmstudy.segmentation.clusters.kmeans import (
    assign_nearest,
    find_centres,
    measure_partition,
    settle_centres,
)
from crmstudy.segmentation.clusters.likelihood import mixture_bic
from crmstudy.segmentation.clusters.recommend import list_measures, recommend
from crmstudy.segmentation.clusters.silhouette import measure_silhouettes, silhouette_values
from crmstudy.statistics.draws import draw_rows

REFERENCE = Path(__file__).parents[1] / "reference"
FEW = {"n_starts": 5, "n_replicates": 3}


@pytest.fixture(autouse=True)
def _one_thread():
    with threadpool_limits(limits=1):
        yield


def load_points(name: str) -> np.ndarray:
    if name == "ruspini":
        return pd.read_csv(REFERENCE / "kmeans" / "ruspini.csv").to_numpy(dtype=float)
    points = load_iris().data
    return (points - points.mean(axis=0)) / points.std(axis=0, ddof=1)


def make_blobs(centres: list[list[float]], n: int, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    points = np.concatenate([draw.normal(centre, 1.0, (n, len(centre))) for centre in centres])
    return order(points)


def order(points: np.ndarray) -> np.ndarray:
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    return scaled[np.lexsort(scaled.T[::-1])]


THREE = [[0.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 5.0, 0.0]]


# --- the gap statistic --------------------------------------------------------------


SPACES = [("ruspini", "scaledPCA"), ("ruspini", "original"), ("iris", "scaledPCA")]


def read_clusgap(table: str, name: str, space: str) -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "clusgap" / f"{table}.csv")
    return frame.query("data == @name and space == @space")


@pytest.mark.parametrize(("name", "space"), SPACES)
def test_gap_is_that_of_clusgap(name, space):
    r = read_clusgap("expected", name, space).query("draws == 'few'").set_index("k")
    within = read_clusgap("within", name, space).pivot_table(
        index="draw", columns="k", values="logW"
    )
    gap = measure_gap(r["logW"].to_numpy(), within.to_numpy(), n_points=75)
    for ours, theirs in (("expected", "E.logW"), ("gap", "gap"), ("error", "SE.sim")):
        assert gap.table[ours].to_numpy() == pytest.approx(r[theirs].to_numpy(), abs=1e-8)
    assert gap.n_segments == r["Tibs2001SEmax"].iloc[0]


@pytest.mark.parametrize(("name", "space"), SPACES)
def test_references_of_clusgap_are_clustered_as_in_r(name, space):
    drawn = read_clusgap("references", name, space)
    within = read_clusgap("within", name, space).pivot_table(
        index="draw", columns="k", values="logW"
    )
    points = load_points(name)
    columns = [f"x{i + 1}" for i in range(points.shape[1])]
    for draw, part in drawn.groupby("draw"):
        cloud = part[columns].to_numpy(dtype=float)
        # R's sums are halved: its W is half the within sum of squares.
        ours = log_within_sums(cloud, 4, seed=1, n_starts=10) - np.log(2)
        beyond = ours - within.loc[draw, [1, 2, 3, 4]].to_numpy()
        assert beyond[0] == pytest.approx(0, abs=1e-8)
        # Hartigan and Wong's algorithm, 100 times, against Lloyd's, 10 times.
        assert beyond.min() > -1e-8
        assert beyond.max() < 0.05


@pytest.mark.parametrize("name", ["ruspini", "iris"])
def test_our_own_uniform_clouds_are_those_of_clusgap_within_their_error(name):
    expected = pd.read_csv(REFERENCE / "clusgap" / "expected.csv")
    r = expected.query("data == @name and space == 'scaledPCA' and draws == 'many'")
    points, n_clouds = load_points(name), 60
    clouds = cluster_clouds(
        uniform_box(points), n_points=len(points), most=4, seeds=range(n_clouds), n_starts=3
    )
    error = r["SE.sim"].to_numpy()[:4] * np.sqrt(1 / n_clouds + 1 / 1000)
    away = (clouds.mean(axis=0) - np.log(2) - r["E.logW"].to_numpy()[:4]) / error
    assert np.abs(away).max() < 3.5
    ratio = clouds.std(axis=0, ddof=1) / r["SE.sim"].to_numpy()[:4]
    assert ratio == pytest.approx(np.ones(4), abs=0.3)


def test_a_uniform_box_lies_along_the_data():
    draw = np.random.default_rng(5)
    points = draw.multivariate_normal([7, -3], [[1, 0.95], [0.95, 1]], 400)
    cloud = uniform_box(points)(draw, 2000)
    assert cloud.mean(axis=0) == pytest.approx([7, -3], abs=0.4)
    assert np.corrcoef(cloud, rowvar=False)[0, 1] > 0.9


def test_the_rule_is_that_of_maxse():
    curves = pd.read_csv(REFERENCE / "clusgap" / "rules.csv")
    favoured = [choose_by_gap(np.arange(3.0), np.full(3, 0.1))]
    assert favoured == [3]  # none is enough
    for _, curve in curves.groupby("curve"):
        found = choose_by_gap(curve["gap"].to_numpy(), curve["error"].to_numpy())
        assert found == curve["Tibs2001SEmax"].iloc[0]
        favoured.append(found)
    assert {1, 2, 5, 6} <= set(favoured)


def test_gain_and_test_against_clouds_by_hand():
    clouds = np.log(np.array([[8.0, 4.0], [8.0, 2.0], [8.0, 2.0], [8.0, 4.0]]))
    within = np.log(np.array([8.0, 1.0]))
    gap = measure_gap(within, clouds, n_points=10)
    falls = np.log([2.0, 4, 4, 2])
    assert gap.gain(2) == gap.gain(9) == pytest.approx(1 - falls.mean() / np.log(8))
    assert gap.homogeneity.statistic == pytest.approx(
        (np.log(8) - falls.mean()) / falls.std(ddof=1)
    )
    assert gap.homogeneity.p_value == pytest.approx(1 / 5)
    assert compare_with_clouds(np.log([8.0, 7.0]), clouds).p_value == 1
    # Each cloud is compared with the others only: the third, beyond them, beats the data.
    falls = np.array([1.0, 1.2, 1.9])
    three = np.column_stack([np.zeros(3), -falls])
    found = compare_with_clouds(np.array([0.0, -2.6]), three)
    others = (1.9 - falls[:2].mean()) / falls[:2].std(ddof=1)
    assert found.statistic == pytest.approx((2.6 - falls.mean()) / falls.std(ddof=1))
    assert found.statistic < others
    assert found.p_value == pytest.approx(2 / 4)


# --- clouds -------------------------------------------------------------------------


def test_one_peak_fits_one_peak_and_fills_a_valley():
    draw = np.random.default_rng(1)
    single = draw.gamma(2.0, size=800)
    fitted = fit_unimodal(single)
    assert kstest(single, lambda x: np.interp(x, fitted.edges, fitted.cumulated)).statistic < 0.03
    two = np.concatenate([draw.normal(-4, 1, 400), draw.normal(4, 1, 400)])
    bridge = fit_unimodal(two)
    inside = np.diff(np.interp([-1, 1], bridge.edges, bridge.cumulated))[0]
    assert np.mean(np.abs(two) < 1) < 0.01 < 0.1 < inside
    density = np.diff(bridge.cumulated) / np.diff(bridge.edges)
    changes = np.diff(density)
    steps = np.sign(changes[np.abs(changes) > 1e-9])
    assert np.count_nonzero(np.diff(steps)) <= 1  # up, then down


def test_counts_stay_counts():
    draw = np.random.default_rng(2)
    counts = np.log1p(draw.poisson(draw.gamma(2.0, 2.0, 1000)))
    drawn = fit_unimodal(counts).quantile(draw.random(4000))
    common = [value for value in np.unique(counts) if np.mean(counts == value) > 0.01]
    assert np.mean(np.isin(drawn, common)) > 0.9
    for value in common:
        assert np.mean(drawn == value) == pytest.approx(np.mean(counts == value), abs=0.04)


def test_a_skewed_cloud_keeps_shape_and_correlation():
    draw = np.random.default_rng(3)
    points = np.exp(draw.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], 1500))
    points = np.column_stack([points, np.ones(len(points))])
    cloud = skewed_cloud(points)(np.random.default_rng(4), 3000)
    for place in (0, 1):
        levels = [0.1, 0.5, 0.9]
        assert np.quantile(cloud[:, place], levels) == pytest.approx(
            np.quantile(points[:, place], levels), rel=0.12
        )
    ranks = pd.DataFrame(cloud[:, :2]).corr("spearman").iloc[0, 1]
    assert ranks == pytest.approx(pd.DataFrame(points).corr("spearman").iloc[0, 1], abs=0.05)
    assert (cloud[:, 2] == 1).all()


# --- partitions ---------------------------------------------------------------------


def test_measures_of_a_partition_are_those_of_scikit_learn():
    points = make_blobs(THREE, 60)
    labels = assign_nearest(find_centres(points, 1, n_segments=4, n_starts=3))(points)
    found = measure_partition(points, labels)
    assert found.calinski_harabasz == pytest.approx(calinski_harabasz_score(points, labels))
    assert found.davies_bouldin == pytest.approx(davies_bouldin_score(points, labels))


def test_silhouettes_of_several_partitions_are_those_of_scikit_learn(monkeypatch):
    monkeypatch.setattr("crmstudy.segmentation.clusters.silhouette.ROWS_AT_ONCE", 50)
    points = make_blobs(THREE, 60)
    draw = np.random.default_rng(0)
    partitions = [draw.integers(0, k, len(points)) for k in (2, 5)]
    partitions.append(np.minimum(np.arange(len(points)), 2))  # two clusters of one
    for values, labels in zip(silhouette_values(points, partitions), partitions, strict=True):
        assert values == pytest.approx(silhouette_samples(points, labels), abs=1e-12)
    alone = np.zeros(len(points), dtype=int)
    assert silhouette_values(points, [alone]).sum() == 0
    same = silhouette_values(np.ones((4, 2)), [np.array([0, 0, 1, 1])])
    assert same.tolist() == [[0, 0, 0, 0]]


def test_the_sampling_error_of_the_silhouette_covers():
    points = make_blobs([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]], 1000)
    labels = assign_nearest(find_centres(points, 1, n_segments=3, n_starts=3))(points)
    exact = silhouette_score(points, labels)
    away = []
    for seed in range(40):
        rows = draw_rows(len(points), seed, most=500)
        found = measure_silhouettes(
            points[rows], [labels[rows]], n_customers=len(points), seed=seed
        )[0]
        away.append((found.mean - exact) / found.error)
    assert np.mean(np.abs(away) < 2) > 0.85
    assert np.std(away) == pytest.approx(1, abs=0.3)
    assert measure_silhouettes(points, [labels], n_customers=len(points))[0].error == 0


def test_assignment_does_not_depend_on_blocks(monkeypatch):
    points = make_blobs(THREE, 100)
    centres = find_centres(points, 1, n_segments=5, n_starts=2)
    whole = assign_nearest(centres)(points)
    inertia = measure_partition(points, whole).inertia
    monkeypatch.setattr(kmeans, "SUMS_AT_ONCE", 7)
    assert assign_nearest(centres)(points).tolist() == whole.tolist()
    assert measure_partition(points, whole).inertia == pytest.approx(inertia, rel=1e-13)
    nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert whole.tolist() == nearest.tolist()


def test_many_customers_are_clustered_from_a_sample_as_from_all(monkeypatch):
    points = make_blobs(THREE, 500)
    exact = measure_choice(points, [2, 3, 4], seed=1, n_clouds=3, **FEW)
    monkeypatch.setattr("crmstudy.segmentation.clusters.choice.EXACT_UP_TO", 300)
    monkeypatch.setattr("crmstudy.segmentation.clusters.choice.SETTLED_ON", 700)
    sampled = measure_choice(points, [2, 3, 4], seed=1, n_clouds=3, **FEW).settle(points, 3)
    assert (exact.n_sample, sampled.n_sample, sampled.n_customers) == (1500, 300, 1500)
    labels = exact.partitions[3].labels, sampled.partitions[3].labels
    assert adjusted_rand_score(*labels) > 0.99
    for name, tolerance in (("inertia", 0.05), ("calinski_harabasz", 0.05), ("silhouette", 0.1)):
        ratio = sampled.table[name] / exact.table[name]
        assert ratio.to_numpy() == pytest.approx(np.ones(3), abs=tolerance), name
    assert exact.table["silhouette_error"].eq(0).all()
    assert sampled.table["silhouette_error"].between(0.001, 0.05).all()
    away = (sampled.table["silhouette"] - exact.table["silhouette"]).abs()
    assert (away < 3 * sampled.table["silhouette_error"]).all()
    centres = find_centres(points[::5], 1, n_segments=3, n_starts=3)
    assert settle_centres(points, centres).shape == (3, 3)


# --- mixtures -----------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_likelihood_and_bic_of_a_mixture_are_those_of_mclust(k):
    r = pd.read_csv(REFERENCE / "mclust" / "expected.csv").query("k == @k")
    r = r.set_index("quantity")["value"]
    points = load_points("iris")
    model = GaussianMixture(k, covariance_type="full")
    model.weights_ = np.array([r[f"weight_{j + 1}"] for j in range(k)])
    model.means_ = np.array([[r[f"mean_{j + 1}_{a}"] for a in range(1, 5)] for j in range(k)])
    model.covariances_ = np.array(
        [[[r[f"cov_{j + 1}_{a}_{b}"] for b in range(1, 5)] for a in range(1, 5)] for j in range(k)]
    )
    roots = np.linalg.cholesky(model.covariances_)
    model.precisions_cholesky_ = np.linalg.inv(roots).transpose(0, 2, 1)
    assert model.score(points) * len(points) == pytest.approx(r["loglik"], rel=1e-9)
    assert model._n_parameters() == r["parameters"]
    assert model.bic(points) == pytest.approx(r["bic"], rel=1e-9)
    if k < 3:  # beyond, the maximum that is found depends on the start
        assert mixture_bic(points, [k], seed=1)[0] == pytest.approx(r["bic"], abs=0.2)


def test_a_mixture_without_a_maximum_is_not_favoured():
    equal = np.repeat([[0.0, 0.0], [1.0, 1.0]], 10, axis=0)
    assert np.isfinite(mixture_bic(equal, [1, 2], seed=1)).all()
    assert np.isinf(mixture_bic(equal[:3], [4], seed=1)).all()  # more components than points


# --- the recommendation -------------------------------------------------------------


def recommend_for(points: np.ndarray, seed: int = 1):
    choice = measure_choice(points, list_candidates(points, 0), seed=seed, **FEW)
    return recommend(choice)


CLOUDS = {
    "normal": lambda draw: draw.normal(size=(300, 2)),
    "correlated": lambda draw: draw.multivariate_normal([0, 0], [[1, 0.85], [0.85, 1]], 300),
    "uniform": lambda draw: draw.random((300, 2)) * [3, 1],
    "exponential": lambda draw: draw.exponential(size=(300, 3)),
    "counts": lambda draw: np.log1p(draw.poisson(draw.gamma(1.0, 4.0, (300, 1)), (300, 2))),
}


@pytest.mark.parametrize("name", CLOUDS)
def test_a_cloud_without_segments_is_called_so(name):
    points = order(CLOUDS[name](np.random.default_rng(11)))
    found = recommend_for(points)
    assert found.verdict == "no structure"
    assert found.why
    assert found.n_segments >= 2  # still a cut to work with


@pytest.mark.parametrize(
    ("centres", "n"),
    [
        ([[0.0, 0.0], [5.0, 0.0]], 150),
        ([[0.0, 0.0], [6.0, 0.0], [3.0, 6.0], [9.0, 6.0]], 80),
        ([[0.0] * 6, [2.0] * 6, [2.0, -2.0] * 3], 100),
    ],
)
def test_clear_segments_are_found_in_their_number(centres, n):
    found = recommend_for(make_blobs(centres, n))
    assert found.verdict == "structure"
    assert found.n_segments == len(centres)
    assert found.why == ()
    assert found.n_agreeing >= 2


def test_each_condition_alone_turns_the_verdict():
    points = make_blobs([[0.0, 0.0], [7.0, 0.0]], 60)
    choice = measure_choice(points, [2, 3], seed=1, **FEW)
    assert recommend(choice).verdict == "structure"
    gap = choice.gap_skewed
    like_a_cloud = gap.table.assign(gap=gap.table["gap"] * 0.05)
    unsure = replace(gap.homogeneity, p_value=0.06)
    turned = {
        "a test does not tell": replace(choice, gap_skewed=replace(gap, homogeneity=unsure)),
        "cut nearly as well": replace(choice, gap_skewed=replace(gap, table=like_a_cloud)),
        "not apart": replace(choice, table=choice.table.assign(silhouette=0.25)),
        "other segments": replace(choice, table=choice.table.assign(stability=0.64)),
    }
    for words, changed in turned.items():
        found = recommend(changed)
        assert found.verdict == "no structure"
        assert len(found.why) == 1
        assert words in found.why[0]


def test_reasons_name_every_measure_and_its_vote():
    points = make_blobs(THREE, 80)
    choice = measure_choice(points, list_candidates(points, 0), seed=1, n_clouds=3, **FEW)
    found, measures = recommend(choice), list_measures(choice)
    reasons = found.reasons.set_index("measure")
    assert len(reasons) == len(measures) == 8
    assert reasons.loc["silhouette", "favours"] == choice.table["silhouette"].idxmax()
    assert reasons.loc["Davies-Bouldin", "favours"] == choice.table["davies_bouldin"].idxmin()
    assert reasons.loc["BIC of mixtures", "value"] == choice.table["bic"].min()
    assert reasons["votes"].sum() == found.n_votes <= 4
    table = found.table()
    assert table.columns.is_unique
    assert len(table) == 8
    # The elbow of a curve with one bend, by hand: logarithms 5, 3, 2.9, 2.8, ...
    logs = np.concatenate([[5.0], 3 - 0.1 * np.arange(9)])
    choice.single["inertia"] = float(np.exp(logs[0]))
    choice.table["inertia"] = np.exp(logs[1:])
    assert list_measures(choice)[6].favours == 2


def test_a_measure_at_the_edge_does_not_vote():
    points = make_blobs([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]], 60)
    choice = measure_choice(points, [2, 3], seed=1, n_clouds=3, **FEW)
    found = recommend(choice)
    assert found.n_votes == 0
    assert found.reasons["at_edge"].sum() >= 4
    assert found.n_segments == 2


def test_candidates():
    points = np.arange(35.0)[:, None]
    assert list_candidates(points, 0) == [2, 3]
    assert list_candidates(np.arange(500.0)[:, None], 12) == [*range(2, 11), 12]
    with pytest.raises(ModelError, match="4 segments need 40 customers, 4 of them different"):
        list_candidates(points, 4)

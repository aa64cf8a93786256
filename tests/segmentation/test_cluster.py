import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.metrics import adjusted_rand_score

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation import cluster_kmeans, transform_features
from crmstudy.segmentation.clusters.cluster import cluster_space
from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.explain.profile import name_segments

REFERENCE = Path(__file__).parents[1] / "reference" / "kmeans"
QUICK = {"seed": 1, "n_replicates": 3, "n_starts": 3, "n_clouds": 3}
FULL = {**QUICK, "n_clouds": 20}  # fewer clouds cannot reject at 5%


def load_reference_data(name: str) -> pd.DataFrame:
    if name == "ruspini":
        return pd.read_csv(REFERENCE / "ruspini.csv")
    return load_iris(as_frame=True).data


def make_blobs(centres: list[list[float]], n: int = 60, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    points = np.concatenate([draw.normal(centre, 1.0, (n, len(centre))) for centre in centres])
    frame = pd.DataFrame(points, columns=["days_since_last_purchase", "n_purchases", "revenue"])
    return frame.set_index(pd.Index([f"c{i}" for i in range(len(frame))], name="customer_id"))


BLOBS = [[100.0, 20.0, 300.0], [80.0, 60.0, 310.0], [60.0, 40.0, 340.0]]


@pytest.mark.parametrize("k", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["ruspini", "iris"])
def test_measures_and_sizes_are_those_of_r(name, k):
    expected = pd.read_csv(REFERENCE / "expected.csv").query("data == @name and k == @k")
    expected = expected.set_index("quantity")["value"]
    points = load_reference_data(name)
    result = cluster_kmeans(
        points,
        n_segments=k,
        columns=list(points.columns),
        value=str(points.columns[0]),
        log=False,
        standardise="zscore" if name == "iris" else "none",
        seed=1,
        n_replicates=1,
        n_starts=50,
        n_clouds=3,
    )
    row = result.choice.loc[k]
    for quantity in ("inertia", "silhouette", "calinski_harabasz", "davies_bouldin"):
        assert row[quantity] == pytest.approx(expected[quantity], rel=1e-9), quantity
    sizes = result.segments["n_customers"].sort_values(ascending=False)
    assert sizes.tolist() == expected.filter(like="size_").tolist()


def test_ruspini_has_four_segments_as_published():
    # Kaufman & Rousseeuw (1990), ch. 2: four clusters with average silhouette .74.
    points = load_reference_data("ruspini")
    result = cluster_kmeans(
        points, columns=["x", "y"], value="x", log=False, standardise="none", **FULL
    )
    assert result.n_segments == 4
    assert result.choice.loc[4, "silhouette"] == pytest.approx(0.74, abs=0.005)
    assert result.has_structure


def test_known_segments_are_recovered_and_numbered_by_value():
    features = make_blobs(BLOBS)
    result = cluster_kmeans(features, log=False, **FULL)
    truth = np.repeat([3, 2, 1], 60)  # by falling mean revenue
    assert result.n_segments == 3
    assert result.labels.to_numpy().tolist() == truth.tolist()
    assert result.labels.index.equals(features.index)
    assert result.has_structure
    assert result.segments["mean_revenue"].is_monotonic_decreasing
    assert result.stability.mean() > 0.99


def test_result_is_the_same_for_any_order_seed_thread_and_unit():
    features = make_blobs(BLOBS, n=30)
    result = cluster_kmeans(features, log=False, **QUICK)
    again = cluster_kmeans(features, log=False, **QUICK)
    assert result.to_metrics() == again.to_metrics()
    shuffled = cluster_kmeans(features.sample(frac=1, random_state=5), log=False, **QUICK)
    assert shuffled.to_metrics() == result.to_metrics()
    pd.testing.assert_series_equal(shuffled.labels.loc[features.index], result.labels)
    cents = cluster_kmeans(features * 100, log=False, **QUICK)
    pd.testing.assert_series_equal(cents.labels, result.labels)
    other_seed = cluster_kmeans(features, log=False, **{**QUICK, "seed": 9})
    pd.testing.assert_series_equal(other_seed.labels, result.labels)


def test_the_first_call_of_a_process_uses_one_thread():
    code = """
import numpy as np, pandas as pd, threadpoolctl
from crmstudy.segmentation import cluster_kmeans
from crmstudy.segmentation.clusters import choice
seen = []
def spy_on(name):
    work = getattr(choice, name)
    def spy(*args, **kwargs):
        seen.append({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
        return work(*args, **kwargs)
    setattr(choice, name, spy)
for name in ("find_centres", "fit_kmeans", "mixture_bic", "cluster_clouds"):
    spy_on(name)
points = np.random.default_rng(0).normal(9, 1, (60, 3))
names = ["days_since_last_purchase", "n_purchases", "revenue"]
cluster_kmeans(pd.DataFrame(points, columns=names), seed=1, n_starts=1, n_replicates=1)
print(seen and set.union(*seen))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "{1}"


def test_metrics_and_tables_agree():
    features = make_blobs(BLOBS)
    result = cluster_kmeans(features, log=False, **QUICK)
    metrics = result.to_metrics()
    first = features[result.labels == 1]
    assert metrics["share_value_segment_1"] == pytest.approx(
        first["revenue"].sum() / features["revenue"].sum()
    )
    table = result.table()
    assert table.columns.is_unique
    assert table.loc[0, "mean purchases"] == pytest.approx(first["n_purchases"].mean())
    assert adjusted_rand_score(result.labels, np.repeat([1, 2, 3], 60)) == 1
    weighted = result.profile.mul(result.segments["share_customers"], axis=0).sum()
    assert weighted.abs().max() < 1e-12  # standardised profiles average to nothing
    assert result.choice["chosen"].sum() == 1


def test_names_come_from_the_profile():
    profile = pd.DataFrame(
        {
            "days_since_last_purchase": [-0.6, 0.1, 1.0, 0.0],
            "n_purchases": [0.7, 0.2, 0.0, 0.1],
            "tenure_days": [0.0, 0.0, -0.9, 0.0],
        },
        index=[1, 2, 3, 4],
    )
    assert name_segments(profile) == [
        "frequent, recent",
        "average (2)",
        "lapsed, low tenure days",
        "average (4)",
    ]


def test_more_segments_than_usual_and_a_missing_customer():
    features = make_blobs(BLOBS)
    features.iloc[0, 2] = np.nan
    result = cluster_kmeans(features, n_segments=12, log=False, **QUICK)
    assert result.n_segments == 12
    assert result.choice.index.tolist() == [*range(2, 11), 12]
    assert result.recommendation.n_segments == 3  # whatever was asked for
    assert not result.has_structure
    assert (result.n_customers, result.n_left_out) == (179, 1)
    assert "c0" not in result.labels.index


def test_a_lone_outlier_is_said():
    features = make_blobs([BLOBS[0]], n=200)
    features.iloc[0] = [1e6, 1e6, 1e6]
    result = cluster_kmeans(features, log=False, **QUICK)
    assert result.segments["n_customers"].min() == 1
    assert not result.has_structure
    assert not result.checks[3].passed
    assert "one customer stands alone" in result.checks[3].consequence
    # Pulled in, it no longer makes a segment of its own.
    pulled = cluster_kmeans(features, log=False, winsorise=0.02, **QUICK)
    assert pulled.segments["n_customers"].min() > 1


def test_transformation_by_hand():
    features = pd.DataFrame({"a": [-1.0, 0.0, 3.0, np.nan], "b": [1.0, 2.0, 4.0, 9.0]})
    result = transform_features(features, standardise="none")
    assert result.values["a"].tolist() == pytest.approx([-np.log(2), 0, np.log(4)])
    assert result.n_left_out == 1
    scored = transform_features(features, log=False)
    assert scored.values["b"].tolist() == pytest.approx(
        (np.array([1, 2, 4]) - 7 / 3) / np.sqrt(7 / 3)
    )
    robust = transform_features(features, log=False, standardise="robust").steps
    assert robust.loc["b", "centre"] == 2
    assert robust.loc["b", "scale"] == pytest.approx(1.5 / 1.3489795)
    assert scored.table()["standardised"].unique().tolist() == ["zscore"]
    assert set(scored.to_metrics()) >= {"skewness_before_a", "skewness_after_b"}


def test_refusals():
    features = make_blobs(BLOBS)
    with pytest.raises(SettingsError, match="n_segments must be 0"):
        cluster_kmeans(features, n_segments=1, seed=1)
    with pytest.raises(SettingsError, match="n_clouds = 2"):
        cluster_kmeans(features, n_clouds=2, seed=1)
    with pytest.raises(SettingsError, match=r"'robst': allowed are .*; did you mean 'robust'"):
        cluster_kmeans(features, seed=1, standardise="robst")
    with pytest.raises(ModelError, match="2 segments need 20 customers, 2 of them different"):
        cluster_kmeans(features.head(12), seed=1)
    with pytest.raises(ModelError, match="4 segments need 40 customers, 4 of them different"):
        cluster_kmeans(pd.concat([features.head(3)] * 30, ignore_index=True), n_segments=4, seed=1)
    with pytest.raises(ModelError, match=r"features must differ .* all are equal in purchases"):
        cluster_kmeans(features.assign(n_purchases=1.0), seed=1)
    with pytest.raises(ModelError, match="half of the customers are equal in revenue"):
        transform_features(
            features.assign(revenue=[1.0] * 170 + [2.0] * 10), standardise="robust", log=False
        )
    with pytest.raises(DataError, match="lack the column 'profit'"):
        cluster_kmeans(features, value="profit", seed=1)
    assert not cluster_kmeans(NotAvailable("no transactions"), seed=1)


def test_few_distinct_customers_are_clustered_without_a_warning():
    # Three kinds of customers only: bootstrap samples may miss one of them.
    features = make_blobs(BLOBS, n=1)
    repeated = features.loc[features.index.repeat([30, 30, 1])].reset_index(drop=True)
    result = cluster_kmeans(repeated, n_segments=3, seed=1, n_starts=2, n_replicates=10, n_clouds=3)
    assert result.segments["n_customers"].tolist() == [1, 30, 30]


def test_tables_say_what_the_measures_favour_and_how_stable_each_segment_is():
    result = cluster_kmeans(make_blobs(BLOBS), log=False, **QUICK)
    points = result.list_points()
    assert points.groupby("measure").size().loc["silhouette"] == 9
    assert points.groupby("measure")["n_segments"].min().loc["BIC of mixtures"] == 1
    assert points.groupby("measure")["favoured"].sum().eq(1).all()
    assert points.query("recommended")["n_segments"].eq(3).all()
    wide = result.tabulate_choice()
    assert wide["number of segments"].tolist() == list(range(1, 11))
    assert wide["silhouette"].isna().tolist() == [True] + [False] * 9
    stability = result.tabulate_stability()
    assert stability["segment"].tolist() == [
        f"{number} {name}" for number, name in result.segments["name"].items()
    ]
    assert stability["jaccard"].min() > 0.99
    assert result.is_exact
    metrics = result.to_metrics()
    assert metrics["jaccard_segment_1"] == stability.loc[0, "jaccard"]
    assert not any(np.isnan(value) for value in metrics.values())


def test_stability_belongs_to_its_segment():
    # Two segments that touch, and one apart: the one apart is the surest.
    features = make_blobs([[0.0, 0.0, 100.0], [0.0, 2.2, 100.0], [30.0, 0.0, 60.0]], n=60)
    result = cluster_kmeans(
        features, log=False, standardise="none", n_segments=3, **{**QUICK, "n_replicates": 10}
    )
    jaccard = result.segment_stability["jaccard"]
    assert jaccard.idxmax() == 3
    assert jaccard[3] > 0.99 > jaccard[1]


def make_space(n: int = 60) -> tuple[Space, pd.Series]:
    features = make_blobs(BLOBS, n)
    revenue = features.pop("revenue")
    numeric = (features - features.mean()) / features.std()
    channel = pd.DataFrame({"channel": np.repeat(["web", "web", "store"], n)}, features.index)
    return (
        Space("behaviour", numeric.to_numpy(), numeric, channel, pd.DataFrame(), 4),
        revenue,
    )


def test_a_space_is_clustered_like_its_features():
    space, revenue = make_space()
    result = cluster_space(space, values=revenue, **QUICK)
    assert result.labels.tolist() == np.repeat([3, 2, 1], 60).tolist()
    assert result.labels.index.equals(space.customers)
    assert (result.value, result.n_left_out) == ("revenue", 4)
    assert result.segments["value"].sum() == pytest.approx(revenue.sum())
    # The share of each level against that of all, in standard deviations.
    web = np.repeat([1.0, 1.0, 0.0], 60)
    assert result.profile.loc[1, "channel: web"] == pytest.approx(-web.mean() / web.std(ddof=1))
    order = np.random.default_rng(3).permutation(len(space.points))
    again = cluster_space(space.take(order), values=revenue, **QUICK)
    pd.testing.assert_series_equal(again.labels.loc[result.labels.index], result.labels)
    assert again.to_metrics() == result.to_metrics()


def test_a_customer_without_value_stops_a_space():
    space, revenue = make_space(30)
    with pytest.raises(DataError, match="revenue is unknown for 2 of 90 customers"):
        cluster_space(space, values=revenue.iloc[2:], seed=1)

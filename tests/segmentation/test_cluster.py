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
from crmstudy.segmentation.profile import name_segments
from crmstudy.segmentation.stability import bootstrap_stability

REFERENCE = Path(__file__).parents[1] / "reference" / "kmeans"
QUICK = {"seed": 1, "n_replicates": 3, "n_starts": 5}


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
        points, columns=["x", "y"], value="x", log=False, standardise="none", seed=1
    )
    assert result.n_segments == 4
    assert result.choice.loc[4, "silhouette"] == pytest.approx(0.74, abs=0.005)
    assert result.has_structure


def test_known_segments_are_recovered_and_numbered_by_value():
    features = make_blobs(BLOBS)
    result = cluster_kmeans(features, log=False, **QUICK)
    truth = np.repeat([3, 2, 1], 60)  # by falling mean revenue
    assert result.n_segments == 3
    assert result.labels.to_numpy().tolist() == truth.tolist()
    assert result.labels.index.equals(features.index)
    assert result.has_structure
    assert result.segments["mean_revenue"].is_monotonic_decreasing
    assert result.stability.mean() > 0.99


def test_a_cloud_without_segments_is_called_so():
    # One correlated normal cloud: the silhouette alone is fooled, the comparison is not.
    covariance = [[1, -0.6, -0.6], [-0.6, 1, 0.85], [-0.6, 0.85, 1]]
    called_segments, silhouettes, p_values = 0, [], []
    for seed in range(12):
        draw = np.random.default_rng(seed)
        cloud = pd.DataFrame(
            draw.multivariate_normal([9, 9, 9], covariance, 250),
            columns=["days_since_last_purchase", "n_purchases", "revenue"],
        )
        result = cluster_kmeans(cloud, log=False, **QUICK)
        called_segments += result.has_structure
        silhouettes.append(result.homogeneity.statistic)
        p_values.append(result.homogeneity.p_value)
    assert min(silhouettes) > 0.25
    assert np.count_nonzero(np.array(p_values) <= 0.05) <= 2  # one in twenty is its level
    assert np.mean(p_values) > 0.2
    assert called_segments <= 2


def test_result_is_the_same_for_any_order_seed_thread_and_unit():
    features = make_blobs(BLOBS, n=40)
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
from crmstudy.segmentation import choice, cluster_kmeans
fit, seen = choice.fit_kmeans, []
def spy(*args, **kwargs):
    seen.append({pool["num_threads"] for pool in threadpoolctl.threadpool_info()})
    return fit(*args, **kwargs)
choice.fit_kmeans = spy
points = np.random.default_rng(0).normal(9, 1, (60, 3))
names = ["days_since_last_purchase", "n_purchases", "revenue"]
cluster_kmeans(pd.DataFrame(points, columns=names), seed=1, n_starts=1, n_replicates=1)
print(seen and set.union(*seen))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "{1}"


def test_stability_is_one_for_a_sure_rule_and_about_nothing_for_a_coin():
    points = np.sort(np.random.default_rng(0).normal(size=(400, 1)), axis=0)

    def sure(sample, seed):
        return lambda others: (others[:, 0] > 0).astype(int)

    def coin(sample, seed):
        draw = np.random.default_rng(seed)
        return lambda others: draw.integers(0, 2, len(others))

    labels = (points[:, 0] > 0).astype(int)
    assert bootstrap_stability(points, labels, fit=sure, seeds=[1, 2, 3]).tolist() == [1, 1, 1]
    unsure = bootstrap_stability(points, labels, fit=coin, seeds=list(range(20)))
    assert abs(unsure.mean()) < 0.01


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
    assert table.loc[0, "mean n purchases"] == pytest.approx(first["n_purchases"].mean())
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
    result = cluster_kmeans(features, n_segments=10, log=False, **QUICK)
    assert result.n_segments == 10
    assert result.choice.index.tolist() == [2, 3, 4, 5, 6, 7, 8, 10]
    assert (result.n_customers, result.n_left_out) == (179, 1)
    assert "c0" not in result.labels.index


def test_a_lone_outlier_is_said():
    features = make_blobs([BLOBS[0]], n=200)
    features.iloc[0] = [1e6, 1e6, 1e6]
    result = cluster_kmeans(features, log=False, **QUICK)
    assert result.segments["n_customers"].min() == 1
    assert not result.has_structure
    assert "outliers" in result.checks[3].consequence
    assert not result.checks[3].passed


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
    with pytest.raises(SettingsError, match=r"'robst': allowed are .*; did you mean 'robust'"):
        cluster_kmeans(features, seed=1, standardise="robst")
    with pytest.raises(ModelError, match="2 segments need 20 customers, 2 of them different"):
        cluster_kmeans(features.head(12), seed=1)
    with pytest.raises(ModelError, match="4 segments need 40 customers, 4 of them different"):
        cluster_kmeans(pd.concat([features.head(3)] * 30, ignore_index=True), n_segments=4, seed=1)
    with pytest.raises(ModelError, match="equal for all customers: n_purchases"):
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
    result = cluster_kmeans(repeated, n_segments=3, seed=1, n_starts=2, n_replicates=10)
    assert result.segments["n_customers"].tolist() == [1, 30, 30]

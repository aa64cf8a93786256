import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation import SEGMENT_RULES, score_rfm
from crmstudy.segmentation.rfm import _level, score_quantiles


def make_features(n: int = 60, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days_since_last_purchase": draw.integers(0, 200, n),
            "n_purchases": draw.geometric(0.2, n),
            "revenue": draw.gamma(2.0, 100.0, n),
        },
        index=pd.Index([f"c{i}" for i in range(n)], name="customer_id"),
    )


def test_scores_worked_by_hand():
    # 25 customers, no ties: the k-th worst scores 1 + floor(5 (k - 1) / 25).
    features = pd.DataFrame(
        {
            "days_since_last_purchase": range(25),
            "n_purchases": range(1, 26),
            "revenue": np.arange(25, 0, -1.0),
        }
    )
    scores = score_rfm(features).scores
    assert scores["recency_score"].tolist() == [5] * 5 + [4] * 5 + [3] * 5 + [2] * 5 + [1] * 5
    assert scores["frequency_score"].tolist() == [1] * 5 + [2] * 5 + [3] * 5 + [4] * 5 + [5] * 5
    assert scores["cell"].iloc[[0, 12, 24]].tolist() == ["5-1-5", "3-3-3", "1-5-1"]
    # value = F + M = 6 everywhere, the middle of 2..10; only recency differs
    expected = ["potential loyalists"] * 10 + ["need attention"] * 5 + ["hibernating"] * 10
    assert scores["segment"].tolist() == expected


def test_ties_worked_by_hand():
    # Six of ten bought once: nobody is worse, so all score 1. Six of ten are worse
    # than those with two purchases: 1 + floor(5 * .6) = 4. Steps 2, 3 and 5 stay empty.
    values = pd.Series([1, 1, 1, 1, 1, 1, 2, 2, 2, 9])
    assert score_quantiles(values, n_bins=5).tolist() == [1] * 6 + [4] * 3 + [5]
    reversed_scores = score_quantiles(values, n_bins=5, largest_is_best=False)
    assert reversed_scores.tolist() == [3] * 6 + [1] * 3 + [1]


@pytest.mark.parametrize("n_bins", range(2, 11))
def test_without_ties_scores_are_the_quantile_groups_of_pandas(n_bins):
    values = pd.Series(np.random.default_rng(n_bins).permutation(n_bins * 20))
    expected = pd.qcut(values, n_bins, labels=False) + 1
    assert score_quantiles(values, n_bins=n_bins).tolist() == expected.tolist()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=50), st.integers(2, 10))
def test_scores_follow_the_order_and_respect_ties(numbers, n_bins):
    values = pd.Series(numbers)
    scores = score_quantiles(values, n_bins=n_bins)
    by_value = scores.groupby(values).agg(["min", "max"])
    assert (by_value["min"] == by_value["max"]).all()  # equal values, equal scores
    assert by_value["min"].is_monotonic_increasing
    assert scores.min() == 1
    assert scores.max() <= n_bins


@pytest.mark.parametrize(
    ("n_bins", "levels"),
    [
        (2, "low high"),
        (3, "low middle high"),
        (4, "low middle middle high"),
        (5, "low low middle high high"),
        (10, "low low low middle middle middle middle high high high"),
    ],
)
def test_levels_are_thirds_of_the_scale(n_bins, levels):
    assert _level(pd.Series(range(n_bins)), n_bins - 1).tolist() == levels.split()


def test_order_of_customers_and_monotone_units_do_not_matter():
    features = make_features()
    result = score_rfm(features)
    shuffled = score_rfm(features.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(shuffled.scores.loc[features.index], result.scores)
    cents = score_rfm(features.assign(revenue=features["revenue"] * 100))
    pd.testing.assert_frame_equal(cents.scores, result.scores)


@pytest.mark.parametrize("n_bins", range(2, 11))
def test_nine_rules_are_a_partition_of_the_grid(n_bins):
    result = score_rfm(make_features(400, seed=n_bins), n_bins=n_bins)
    assert result.scores["segment"].notna().all()
    assert result.segments["n_customers"].sum() == 400
    assert result.segments["share_revenue"].sum() == pytest.approx(1)
    assert len({(rule.recency, rule.value) for rule in SEGMENT_RULES}) == len(SEGMENT_RULES) == 9
    best = result.scores[["recency_score", "frequency_score", "money_score"]].eq(n_bins).all(axis=1)
    assert set(result.scores.loc[best, "segment"]) <= {"champions"}
    worst = result.scores["cell"] == "1-1-1"
    assert set(result.scores.loc[worst, "segment"]) <= {"lost"}


def test_table_and_metrics_agree_with_the_features():
    features = make_features(200)
    result = score_rfm(features)
    table = result.table().set_index("segment")
    champions = features[result.scores["segment"] == "champions"]
    row = table.loc["champions"]
    assert row["customers"] == len(champions)
    assert row["mean revenue"] == pytest.approx(champions["revenue"].mean())
    assert row["mean purchases"] == pytest.approx(champions["n_purchases"].mean())
    metrics = result.to_metrics()
    assert metrics["share_revenue_champions"] == pytest.approx(
        champions["revenue"].sum() / features["revenue"].sum()
    )
    assert sum(v for k, v in metrics.items() if k.startswith("share_customers")) == pytest.approx(1)
    assert result.cells["customers"].sum() == 200
    assert len(result.rules()) == 9


def test_missing_customers_are_counted_and_ties_are_said():
    features = make_features(100).astype("float64")
    features.iloc[:3, 1] = np.nan
    features.loc[features["n_purchases"] > 1, "n_purchases"] = 2
    result = score_rfm(features)
    assert (result.n_customers, result.n_left_out) == (97, 3)
    assert [check.passed for check in result.checks] == [True, False, True]


def test_refusals():
    features = make_features()
    with pytest.raises(SettingsError, match="n_bins = 11: an RFM score needs 2 to 10 steps"):
        score_rfm(features, n_bins=11)
    with pytest.raises(ModelError, match="5 steps need 25 customers, not 12"):
        score_rfm(features.head(12))
    with pytest.raises(ModelError, match="differ in n_purchases; all are equal"):
        score_rfm(features.assign(n_purchases=1))
    with pytest.raises(ModelError, match="positive sum of revenue"):
        score_rfm(features.assign(revenue=-features["revenue"]))
    with pytest.raises(DataError, match=r"lack the column 'revenue'; did you mean 'revenu'\?"):
        score_rfm(features.rename(columns={"revenue": "revenu"}))
    with pytest.raises(DataError, match="feature 'revenue' is str, not a number"):
        score_rfm(features.assign(revenue="12"))
    with pytest.raises(DataError, match="hold customer 'c0' twice"):
        score_rfm(pd.concat([features, features.head(1)]))
    with pytest.raises(DataError, match="feature 'revenue' holds an infinite value"):
        score_rfm(features.assign(revenue=np.inf))
    assert score_rfm(NotAvailable("no transactions")) == NotAvailable("no transactions")

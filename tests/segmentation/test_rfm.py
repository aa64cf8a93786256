from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.collection.open_data import read_open_table
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.rfm.cutpoints import (
    CutPoints,
    derive_cuts,
    give_cuts,
    read_cuts,
    read_weights,
    score_by_cuts,
    score_quantiles,
)
from crmstudy.segmentation.rfm.rfm import SEGMENT_RULES, score_rfm
from crmstudy.segmentation.rfm.scorings import compare_scorings, weigh_kappa
from crmstudy.segmentation.rfm.segment_rules import cut_into_levels

REFERENCE = Path(__file__).parents[1] / "reference" / "migration" / "expected.csv"
SCORES = ["recency_score", "frequency_score", "money_score"]


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
    assert cut_into_levels(pd.Series(range(n_bins)), n_bins - 1).tolist() == levels.split()


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
    assert metrics["mean_weighted_score"] == pytest.approx(result.scores["rfm_score"].mean())
    assert metrics["share_revenue_champions"] == pytest.approx(
        champions["revenue"].sum() / features["revenue"].sum()
    )
    assert sum(v for k, v in metrics.items() if k.startswith("share_customers")) == pytest.approx(1)
    assert result.cells["customers"].sum() == 200
    assert len(result.rules()) == 9
    rules = score_rfm(make_features(300)).rules().set_index("segment")
    assert rules.loc["champions"].tolist()[:2] == ["high, 4 to 5", "high, 8 to 10"]
    assert rules.loc["need attention"].tolist()[:2] == ["middle, 3", "middle, 5 to 7"]
    assert rules.loc["lost"].tolist()[:2] == ["low, 1 to 2", "low, 2 to 4"]
    two = score_rfm(make_features(300), n_bins=2).rules().set_index("segment")
    assert two.loc["loyal"].tolist()[:2] == ["no score", "high, 4"]


def test_missing_customers_are_counted_and_ties_are_said():
    features = make_features(100).astype("float64")
    features.iloc[:3, 1] = np.nan
    features.loc[features["n_purchases"] > 1, "n_purchases"] = 2
    result = score_rfm(features)
    assert (result.n_customers, result.n_left_out) == (97, 3)
    assert [check.passed for check in result.checks] == [True, False, True, True]


def test_refusals():
    features = make_features()
    with pytest.raises(SettingsError, match="n_bins = 11: an RFM score needs 2 to 10 steps"):
        score_rfm(features, n_bins=11)
    with pytest.raises(ModelError, match="5 steps need 25 customers, not 12"):
        score_rfm(features.head(12))
    with pytest.raises(ModelError, match="differ in purchases; all are equal"):
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


# ------------------------------------------------------------------ published numbers


def test_scores_by_cut_points_are_those_of_the_r_package_rfm():
    """Published: the first ten customers in the README of rfm 0.1.0 (then segmentr).

    Its steps begin at 115, 181, 297, 482 days, 4, 5, 6, 8 purchases and 256, 382, 506, 666 of
    revenue (help page of rfm_table_order); there, days *below* a threshold score better.
    """
    printed = pd.DataFrame(
        [
            (205, 6, 472, "3-4-3"),
            (140, 3, 340, "4-1-2"),
            (194, 4, 405, "3-2-3"),
            (132, 5, 448, "4-3-3"),
            (90, 9, 843, "5-5-5"),
            (84, 9, 763, "5-5-5"),
            (281, 8, 699, "3-5-5"),
            (246, 4, 157, "3-2-1"),
            (349, 3, 363, "2-1-2"),
            (619, 4, 196, "1-2-1"),
        ],
        columns=["days_since_last_purchase", "n_purchases", "revenue", "cell"],
    )
    cuts = give_cuts(
        days=(114, 180, 296, 481), purchases=(4, 5, 6, 8), revenue=(256, 382, 506, 666)
    )
    assert score_rfm(printed, cuts=cuts).scores["cell"].tolist() == printed["cell"].tolist()


def cdnow_features(table: str, until: str) -> pd.DataFrame:
    lines = read_open_table(f"cdnow{table}/transactions").query("ordered_at <= @until")
    days = lines.groupby("customer_id")["ordered_at"]
    return pd.DataFrame(
        {
            "days_since_last_purchase": (pd.Timestamp(until) - days.max()).dt.days,
            "n_purchases": days.nunique(),
            "revenue": lines.groupby("customer_id")["revenue"].sum(),
        }
    )


def test_rfm_totals_of_cdnow():
    """Published: 23,570 customers with 69,659 lines (Fader & Hardie, note 026, 2013).

    They spent 2.5 million dollars to the end of June 1998.
    """
    features = cdnow_features("_master", "1998-06-30")
    result = score_rfm(features)
    assert (
        result.n_customers == result.ties.query("score == 'money'")["n_customers"].sum() == 23_570
    )
    assert result.segments["revenue"].sum() == pytest.approx(2.5e6, abs=0.05e6)
    assert result.cells["customers"].sum() == 23_570


def test_repeat_purchases_of_the_cdnow_sample():
    """Published: customers by repeat purchase days to September 1997, 2,357 of them.

    1,411 made none, then 439, 214, 100, 62, 38 and 29 (Fader, Hardie & Lee 2005; the counts
    stand in the tests of lifetimes). Fixed cut-points at 2, 3, ... purchases count them.
    """
    features = cdnow_features("", "1997-09-30")
    purchases = tuple(range(2, 9))
    cuts = give_cuts(days=range(10, 80, 10), purchases=purchases, revenue=range(10, 80, 10))
    result = score_rfm(features, cuts=cuts)
    frequency = result.ties.query("score == 'frequency'")["n_customers"].tolist()
    assert frequency == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert sum(frequency) == 2357


@pytest.mark.parametrize("table", ["vision", "moves"])
def test_weighted_kappa_is_that_of_r(table):
    counts = {
        "vision": [1520, 266, 124, 66, 234, 1512, 432, 78, 117, 362, 1772, 205, 36, 82, 179, 492],
        "moves": [
            40,
            9,
            3,
            0,
            1,
            12,
            31,
            8,
            2,
            2,
            5,
            11,
            22,
            7,
            4,
            1,
            3,
            6,
            18,
            9,
            0,
            2,
            1,
            14,
            27,
        ],
    }[table]
    k = int(len(counts) ** 0.5)
    first = pd.Series(np.repeat(np.repeat(range(k), k), counts))
    second = pd.Series(np.repeat(np.tile(range(k), k), counts))
    expected = pd.read_csv(REFERENCE).query("table == @table and quantity == 'kappa'")["value"]
    assert weigh_kappa(first, second) == pytest.approx(expected.iloc[0], rel=1e-12)


# ------------------------------------------------------------------ laws


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(1, 4), st.integers(-2, 9)),
        min_size=12,
        max_size=40,
    ),
    st.integers(2, 10),
)
def test_derived_cut_points_give_the_scores_of_the_quantiles(rows, n_bins):
    columns = ["days_since_last_purchase", "n_purchases", "revenue"]
    features = pd.DataFrame(rows, columns=columns).astype(float)
    by_cuts = score_by_cuts(features, derive_cuts(features, n_bins=n_bins))
    days = score_quantiles(features[columns[0]], n_bins=n_bins, largest_is_best=False)
    assert by_cuts["recency_score"].tolist() == days.tolist()
    for score, column in (("frequency_score", "n_purchases"), ("money_score", "revenue")):
        expected = score_quantiles(features[column], n_bins=n_bins)
        assert by_cuts[score].tolist() == expected.tolist()


def test_nested_quantiles_fill_every_cell_alike_where_there_are_no_ties():
    draw = np.random.default_rng(4)
    features = pd.DataFrame(
        {
            "days_since_last_purchase": draw.permutation(250),
            "n_purchases": draw.permutation(250) + 1,
            "revenue": draw.permutation(250) + 1.0,
        }
    )
    nested = score_rfm(features, nested=True)
    assert (nested.scores["cell"].value_counts() == 2).all()  # 125 cells of 2, as Hughes has them
    assert nested.scores["cell"].nunique() == 125
    assert nested.scoring == "nested"
    independent = score_rfm(features)
    same = nested.scores["recency_score"] == independent.scores["recency_score"]
    assert same.all()  # recency is cut first, among all
    assert (nested.scores["frequency_score"] != independent.scores["frequency_score"]).any()


def test_nested_scores_worked_by_hand():
    # Ten customers, two steps. Recency: the five with fewer days score 2. Among those, purchases
    # 1 2 3 4 5 have 0 1 2 3 4 worse of 5: 1 + floor(2 w / 5) = 1 1 1 2 2, and likewise below.
    features = pd.DataFrame(
        {
            "days_since_last_purchase": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            "n_purchases": [1, 2, 3, 4, 5, 11, 12, 13, 14, 15],
            "revenue": np.arange(1.0, 11.0),
        }
    )
    nested = score_rfm(features, n_bins=2, nested=True).scores
    assert nested["recency_score"].tolist() == [2] * 5 + [1] * 5
    assert nested["frequency_score"].tolist() == [1, 1, 1, 2, 2] * 2
    # Money within (recency, frequency): groups of 3 and 2, 1 + floor(2 w / size).
    assert nested["money_score"].tolist() == [1, 1, 2, 1, 2] * 2


def test_nested_scores_with_ties_worked_by_hand():
    # Among the five most recent, three bought once: 0 worse; the others have 3 and 4 of 5 worse.
    features = pd.DataFrame(
        {
            "days_since_last_purchase": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            "n_purchases": [1, 1, 1, 2, 3, 1, 1, 1, 1, 2],
            "revenue": np.arange(1.0, 11.0),
        }
    )
    result = score_rfm(features, n_bins=2, nested=True)
    assert result.scores["frequency_score"].tolist() == [1, 1, 1, 2, 2, 1, 1, 1, 1, 2]
    # The cut after three of five parts nobody in the first group, four are tied in the second.
    assert result.ties.set_index(["score", "step"])["n_tied"][("frequency", 2)] == 4


def test_ties_are_counted_across_the_cuts():
    # 1 1 1 1 1 1 2 2 2 9, two steps: the cut after five falls among the six ones.
    features = pd.DataFrame(
        {
            "days_since_last_purchase": range(10),
            "n_purchases": [1, 1, 1, 1, 1, 1, 2, 2, 2, 9],
            "revenue": np.arange(10.0) + 1,
        }
    )
    ties = score_rfm(features, n_bins=2).ties.set_index(["score", "step"])
    assert ties["n_tied"].to_dict() == {
        ("recency", 1): 0,
        ("recency", 2): 0,
        ("frequency", 1): 0,
        ("frequency", 2): 6,
        ("money", 1): 0,
        ("money", 2): 0,
    }
    assert ties.loc[("frequency", 1), "n_customers"] == 6
    assert ties.loc[("frequency", 2), ["lowest", "highest"]].tolist() == [2, 9]
    assert ties.loc[("frequency", 2), "share_tied"] == 0.6
    # A cut right behind equal values parts nobody: two twos below, two threes above.
    even = features.assign(n_purchases=[1, 1, 1, 2, 2, 3, 3, 4, 4, 4])
    assert score_rfm(even, n_bins=2).ties.set_index(["score", "step"])["n_tied"].max() == 0


def test_weights_rank_customers_and_leave_the_segments_alone():
    features = make_features(100)
    plain, weighted = score_rfm(features), score_rfm(features, weights=(3, 1, 0))
    expected = (3 * plain.scores["recency_score"] + plain.scores["frequency_score"]) / 4
    assert weighted.scores["rfm_score"].tolist() == pytest.approx(expected.tolist())
    assert weighted.weights == (0.75, 0.25, 0.0)
    pd.testing.assert_series_equal(plain.scores["segment"], weighted.scores["segment"])
    assert plain.scores["rfm_score"].tolist() == pytest.approx(
        plain.scores[SCORES].mean(axis=1).tolist()
    )


def test_scorings_agree_with_themselves_only():
    features = make_features(300)
    one = score_rfm(features)
    again = score_rfm(features, cuts=derive_cuts(features, n_bins=5))
    other = score_rfm(features, nested=True)
    pairs = compare_scorings({"a": one, "b": again, "c": other, "d": NotAvailable("none")})
    assert pairs[["first", "second"]].to_numpy().tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]
    kappas = ["kappa of recency", "kappa of frequency", "kappa of money"]
    numbers = [*kappas, "adjusted Rand index", "share in the same segment"]
    assert pairs.loc[0, numbers].tolist() == [1, 1, 1, 1, 1]
    assert (pairs.loc[1, numbers[1:]] < 1).all()
    flat = give_cuts(days=[999] * 1, purchases=[0], revenue=[-1])
    assert weigh_kappa(*[score_by_cuts(features, flat)["recency_score"]] * 2) is None


# ------------------------------------------------------------------ bad input


def test_everyone_bought_once():
    features = make_features().assign(n_purchases=1)
    with pytest.raises(ModelError, match="all are equal \\(fixed cut-points can still score them"):
        score_rfm(features)
    cuts = give_cuts(days=(50, 100), purchases=(2, 3), revenue=(100, 200))
    result = score_rfm(features, cuts=cuts)
    assert (result.scores["frequency_score"] == 1).all()
    assert [check.passed for check in result.checks] == [True, False, True, True]


def test_negative_revenue_is_counted():
    features = make_features(100)
    features.iloc[:4, 2] = -5.0
    result = score_rfm(features)
    assert (result.checks[-1].passed, result.checks[-1].statistic) == (False, 4.0)
    assert result.n_customers == 100


def test_cut_points_are_read_from_a_parameter():
    assert read_cuts("  ") is None
    cuts = read_cuts("30 90; 2 4; 50 100.5")
    assert cuts == CutPoints((30.0, 90.0), (2.0, 4.0), (50.0, 100.5))
    assert cuts.n_bins == 3
    table = cuts.table()
    assert table["days since last purchase, at most"].tolist() == [90.0, 30.0]
    assert table["revenue, at least"].tolist() == [50.0, 100.5]


def test_derived_cut_points_can_be_rounded_and_skip_missing_values():
    features = pd.DataFrame(
        {
            "days_since_last_purchase": [4.0, 26, 88, 347, np.nan],
            "n_purchases": [17.0, 33, 1, 96, 1],
            "revenue": [358.0, 872, 1628, 5, 1],
        }
    )
    exact = derive_cuts(features, n_bins=2)
    assert exact == CutPoints((26.0,), (33.0,), (872.0,), "quantiles")
    handy = derive_cuts(features, n_bins=2, digits=1)
    assert handy == CutPoints((30.0,), (30.0,), (900.0,), "quantiles")


def test_weights_are_read_from_a_parameter():
    assert read_weights(" 3 2 1.5 ") == (3.0, 2.0, 1.5)
    with pytest.raises(SettingsError, match="weights '3, 2': three numbers parted by spaces"):
        read_weights("3, 2")
    with pytest.raises(SettingsError, match="three are needed"):
        score_rfm(make_features(), weights=read_weights(""))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30 90", "three lists of numbers are needed"),
        ("30 x; 2 4; 50 100", "three lists of numbers are needed"),
        ("30 90; 2; 50 100", "2 for days, 1 for purchases, 2 for revenue; each score needs"),
        ("90 30; 2 4; 50 100", "cut-points for days: 90 30; each must exceed the one before"),
        ("30 90; 2 2; 50 100", "cut-points for purchases: 2 2; each must exceed"),
        ("30 90; 2 4; 50 nan", "cut-points for revenue: 50 nan; each must exceed"),
        (";;", "0 for days, 0 for purchases, 0 for revenue; each score needs the same number, 1"),
    ],
)
def test_cut_points_that_are_refused(text, message):
    with pytest.raises(SettingsError, match=message):
        read_cuts(text)


def test_settings_that_are_refused():
    features = make_features()
    cuts = give_cuts(days=[9], purchases=[2], revenue=[5])
    with pytest.raises(SettingsError, match="nested quantiles or fixed cut-points, not both"):
        score_rfm(features, nested=True, cuts=cuts)
    for weights in ((1, 1), (1, -1, 1), (0, 0, 0), (1, 1, np.nan)):
        with pytest.raises(SettingsError, match="three are needed, for recency, frequency and"):
            score_rfm(features, weights=weights)
    gone = NotAvailable("too few customers")
    with pytest.raises(ModelError, match="two scorings are needed to compare; too few customers"):
        compare_scorings({"a": score_rfm(features), "b": gone})


def test_scorings_with_other_steps_are_compared_by_their_segments():
    features = make_features(200)
    pair = compare_scorings({"a": score_rfm(features), "b": score_rfm(features, n_bins=4)})
    assert pair.filter(like="kappa").isna().all(axis=None)
    assert 0 < pair["adjusted Rand index"].iloc[0] < 1

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.clusters.matching import measure_agreement, rank_segments
from crmstudy.segmentation.clusters.robustness import compare_choices, grade_agreement

NUMBERS = ["n_customers", "n_segments", "adjusted_rand", "silhouette", "largest_change"]


def make_features(n: int = 60, seed: int = 0) -> pd.DataFrame:
    """Three kinds of customers, far apart on the scale of logarithms."""
    draw = np.random.default_rng(seed)
    centres = [(1.5, 4.0, 8.0), (3.5, 2.5, 6.0), (5.0, 1.0, 3.0)]
    logs = np.concatenate([draw.normal(centre, 0.12, (n, 3)) for centre in centres])
    columns = ["days_since_last_purchase", "n_purchases", "revenue"]
    frame = pd.DataFrame(np.expm1(logs), columns=columns)
    frame["mean_basket"] = frame["revenue"] / frame["n_purchases"]
    return frame.set_index(pd.Index([f"c{i}" for i in range(3 * n)], name="customer_id"))


def make_cloud(n: int = 240, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days_since_last_purchase": draw.integers(0, 300, n),
            "n_purchases": draw.geometric(0.3, n),
            "revenue": draw.lognormal(4.0, 1.0, n),
            "mean_basket": draw.lognormal(3.0, 0.5, n),
        },
        index=pd.Index([f"c{i}" for i in range(n)], name="customer_id"),
    )


def by_choice(result) -> pd.DataFrame:
    return result.comparison.set_index("choice")


# ------------------------------------------------------------------ recovery


def test_clear_segments_withstand_every_harmless_choice():
    result = compare_choices(make_features(), seed=1, n_segments=3)
    table = by_choice(result)
    assert table.loc["as chosen", "adjusted_rand"] == 1
    assert {"2 segments", "4 segments"} <= set(table.index)
    for choice in (
        "Yeo-Johnson instead of the logarithm",
        "5% winsorised on each side",
        "scaled by median and interquartile range",
        "another seed",
        "learnt from a random half",
    ):
        assert table.loc[choice, "adjusted_rand"] == 1, choice
        assert table.loc[choice, "largest_change"] == 0
    assert table.loc["2 segments", "adjusted_rand"] < 0.8  # two of the three are merged
    assert table.loc["2 segments", "largest_change"] == pytest.approx(1 / 3)
    assert (result.tried["order_holds"] == 1).all()


def test_no_structure_is_not_robust():
    result = compare_choices(make_cloud(), seed=1, n_segments=4)
    assert {"no logarithm", "mean basket instead of revenue"} <= set(result.matters["choice"])
    assert result.to_metrics()["adjusted_rand_minimum"] < 0.65


def test_other_methods_and_half_the_period_stand_in_the_table():
    frame = make_features()
    seen = []

    def cut_by_revenue(space, *, n_segments, seed, target=None):
        seen.append((space.name, n_segments, target))
        place = list(space.numeric.columns).index("revenue")
        cuts = np.quantile(space.points[:, place], np.arange(1, n_segments) / n_segments)
        return lambda other: np.searchsorted(cuts, other.points[:, place])

    def refuse(space, *, n_segments, seed, target=None):
        raise ModelError("needs a network")

    shorter = frame.iloc[:100].assign(revenue=frame["revenue"] / 2)
    methods = {
        "thirds": cut_by_revenue,
        "network": refuse,
        "gone": lambda *_, **__: NotAvailable("no"),
    }
    result = compare_choices(frame, seed=1, n_segments=3, methods=methods, shorter=shorter)
    table = by_choice(result)
    assert table.loc["thirds", ["kind", "adjusted_rand"]].tolist() == ["method", 1.0]
    assert seen == [("RFM", 3, None)]
    assert table.loc["network", "note"] == "needs a network"
    assert table.loc["gone", "note"] == "no"
    assert table.loc["network", NUMBERS].isna().all()
    assert table.loc["half the period only", "n_customers"] == 100
    assert "note" in result.table()
    assert result.comparison["kind"].drop_duplicates().tolist() == [
        "main", "features", "logarithm", "outliers", "scale", "number", "method", "seed",
        "customers", "period",
    ]  # fmt: skip


# ------------------------------------------------------------------ laws


def test_order_of_customers_and_names_of_segments_do_not_matter():
    frame = make_cloud()
    labels = pd.Series(np.where(frame["revenue"] > 60, "high", "low"), frame.index)
    one = compare_choices(frame, labels, seed=2)
    other = compare_choices(
        frame.sample(frac=1, random_state=1), labels.map({"high": 7, "low": 9})[::-1], seed=2
    )
    pd.testing.assert_frame_equal(one.comparison, other.comparison, check_exact=False, rtol=1e-12)
    assert one.n_segments == 2
    again = compare_choices(frame, labels, seed=2)
    pd.testing.assert_frame_equal(one.comparison, again.comparison)


def test_given_labels_are_what_is_compared():
    frame = make_features()
    labels = pd.Series(np.tile([1, 2, 3], 60), frame.index)  # nonsense
    result = compare_choices(frame, labels, seed=1)
    assert by_choice(result).loc["as chosen", "adjusted_rand"] == 1
    assert by_choice(result).loc["as chosen", "silhouette"] < 0
    assert abs(by_choice(result).loc["another seed", "adjusted_rand"]) < 0.05
    partial = compare_choices(frame, labels.iloc[:150], seed=1)
    assert partial.n_customers == 150


def test_very_many_customers_are_sampled():
    many = make_cloud(20_500)
    result = compare_choices(many, seed=1, n_segments=2, alternatives={}, n_starts=1)
    assert result.n_customers == 20_000


# ------------------------------------------------------------------ agreement, by hand


def test_agreement_by_hand():
    value = pd.Series([9.0, 9, 9, 5, 5, 5, 1, 1, 1, 1], index=list("abcdefghij"))
    main = pd.Series(list("AAABBBCCCC"), index=value.index)
    # The other cuts A and B into one and C into two: its first segment holds 3 A and 3 B.
    other = pd.Series([1] * 6 + [2, 2, 3, 3], index=value.index)
    agreement = measure_agreement(main, other, value)
    assert agreement.n_customers == 10
    assert agreement.largest_change == pytest.approx(0.3)  # B vanishes, A gains as much
    assert agreement.order_holds
    assert agreement.adjusted_rand == pytest.approx(adjusted_rand_score(main, other))
    same = measure_agreement(main, main.map({"A": "z", "B": "y", "C": "x"}), value)
    assert (same.adjusted_rand, same.largest_change, same.order_holds) == (1, 0, True)


def test_a_segment_that_vanishes_changes_by_all_its_share():
    # B falls apart: half of it joins A, half C, which change by .2 each.
    value = pd.Series([9.0] * 3 + [5] * 4 + [1] * 3)
    main = pd.Series(list("AAABBBBCCC"))
    other = pd.Series([1] * 5 + [2] * 5)
    assert measure_agreement(main, other, value).largest_change == pytest.approx(0.4)


def test_order_by_value_can_break():
    # The other's best segment (a rich B and the C) lies mostly in C, its second in A.
    value = pd.Series([8.0, 8, 8, 30, 1, 1, 1, 1], index=list("abcdefgh"))
    main = pd.Series(list("AAABCCCC"), index=value.index)
    other = pd.Series([1, 1, 1, 2, 2, 2, 3, 3], index=value.index)
    assert rank_segments(other, value).tolist() == [2, 2, 2, 1, 1, 1, 3, 3]
    assert not measure_agreement(main, other, value).order_holds


def test_customers_of_one_solution_only_are_left_out():
    value = pd.Series(1.0, index=list("abc"))
    one = pd.Series([1, 2], index=["a", "b"])
    other = pd.Series([1, 2], index=["b", "c"])
    assert measure_agreement(one, other, value).n_customers == 1
    with pytest.raises(ModelError, match="no customer is in both"):
        measure_agreement(one, pd.Series([1], index=["c"]), value)


@pytest.mark.parametrize(
    ("index", "grade"),
    [(1.0, "excellent"), (0.9, "excellent"), (0.8, "good"), (0.65, "moderate"), (0.6, "poor")],
)
def test_grades_of_steinley(index, grade):
    assert grade_agreement(index) == grade
    assert grade_agreement(float("nan")) == "–"


# ------------------------------------------------------------------ bad input


def test_choices_that_cannot_be_tried_say_why():
    frame = make_features().drop(columns="mean_basket")
    gone = NotAvailable("the period is too short")
    table = by_choice(compare_choices(frame, seed=1, n_segments=3, shorter=gone))
    note = table.loc["mean basket instead of revenue", "note"]
    assert note == "the features lack mean basket"
    assert table.loc["half the period only", "note"] == "the period is too short"
    once = make_cloud().assign(n_purchases=lambda f: np.where(f["n_purchases"] > 6, 2, 1))
    table = by_choice(compare_choices(once, seed=1, n_segments=3))
    assert "more than half of them are equal in purchases" in table.loc["outliers left out", "note"]
    assert (
        "quartiles give no scale" in table.loc["scaled by median and interquartile range", "note"]
    )


def test_a_dominating_outlier_is_a_segment_only_without_the_logarithm():
    frame = make_features()
    frame.iloc[5, 2] = 1e9
    how = {"seed": 1, "n_segments": 2, "columns": ("revenue",), "alternatives": {}}
    table = by_choice(compare_choices(frame, **how))
    # Raw, one customer is a segment: the other 179 are not told apart any more.
    assert table.loc["no logarithm", "adjusted_rand"] < 0.05
    assert table.loc["1% winsorised on each side", "adjusted_rand"] > 0.9
    raw = by_choice(compare_choices(frame, log=False, **how))
    assert raw.loc["1% winsorised on each side", "adjusted_rand"] < 0.05
    assert raw.loc["logarithm of all features", "adjusted_rand"] < 0.05


def test_refusals():
    frame = make_features()
    with pytest.raises(SettingsError, match="n_segments = 0: two segments, or labels, are needed"):
        compare_choices(frame, seed=1)
    with pytest.raises(DataError, match="lack the column 'revenue'"):
        compare_choices(frame.drop(columns="revenue"), seed=1, n_segments=2)
    with pytest.raises(ModelError, match="all are equal in"):
        compare_choices(frame.assign(n_purchases=1), seed=1, n_segments=2)
    same = pd.concat([frame.iloc[:2]] * 20, ignore_index=True)
    with pytest.raises(ModelError, match="fewer than 3 customers differ"):
        compare_choices(same, seed=1, n_segments=3)
    with pytest.raises(ModelError, match="no customer has both the features and a segment"):
        compare_choices(frame, pd.Series({"x": 1, "y": 2}), seed=1)
    gone = NotAvailable("no purchases")
    assert compare_choices(gone, seed=1) == gone
    assert compare_choices(frame, gone, seed=1) == gone

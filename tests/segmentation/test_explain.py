"""What tells segments apart: tests on held-back variables, rules, profiles, sizes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.segmentation.explain.explain import explain_segments, name_strength
from crmstudy.segmentation.explain.profile import (
    compare_profiles,
    name_segments,
    order_segments,
    size_segments,
)
from crmstudy.segmentation.explain.rule_search import Condition, simplify_rule
from crmstudy.segmentation.explain.rules import describe_by_rules

PLACE = Path(__file__).parent.parent / "reference" / "association"
EXPECTED = pd.read_csv(PLACE / "expected.csv").set_index(["data", "quantity"])["value"]
CHICKS = pd.read_csv(PLACE / "chicks.csv")


def firm(n: int = 400, seed: int = 1) -> tuple[pd.Series, pd.DataFrame]:
    """Make customers in three segments: money and region differ, noise and sex do not."""
    rng = np.random.default_rng(seed)
    number = rng.choice([1, 2, 3], p=[0.3, 0.5, 0.2], size=n)
    index = pd.Index([f"c{i:04}" for i in range(n)], name="customer_id")
    regions = np.array(["north", "south"])
    frame = pd.DataFrame(
        {
            "money": np.exp(rng.normal(size=n) * 0.5 - number),
            "noise": rng.normal(size=n),
            "region": regions[(rng.random(n) < 0.2 + 0.25 * number).astype(int)],
            "sex": rng.choice(["f", "m"], size=n),
            "visits": rng.poisson(20 / number),
            "days": rng.integers(0, 30, size=n) + 30 * (number == 2),
        },
        index=index,
    )
    names = {1: "1 large", 2: "2 late", 3: "10 small"}
    return pd.Series(number, index=index).map(names).rename("segment"), frame


SEGMENTS, FRAME = firm()


def test_tests_as_in_r():
    segments, chicks = CHICKS["feed"], CHICKS[["weight"]]
    found = explain_segments(segments, {"lab": chicks}, seed=1).tests.iloc[0]
    assert found["effect"] ** 2 == pytest.approx(EXPECTED["chicks", "omega2"], rel=1e-9)
    assert found["rank_effect"] ** 2 == pytest.approx(EXPECTED["chicks", "epsilon2"], rel=1e-9)
    assert found["p"] == pytest.approx(EXPECTED["chicks", "welch p"], rel=1e-9)
    assert found["p_anova"] == pytest.approx(EXPECTED["chicks", "anova p"], rel=1e-9)
    assert found["p_ranks"] == pytest.approx(EXPECTED["chicks", "ranks p"], rel=1e-9)
    assert (found["test"], found["n"], found["n_segments"]) == ("Welch", 71, 6)


def test_what_differs_is_found_and_what_does_not_is_not():
    found = explain_segments(SEGMENTS, {"firm": FRAME}, seed=1, used=["visits"])
    assert set(found.significant["variable"]) == {"money", "days", "region"}
    assert set(found.tested["variable"]) == {"money", "days", "region", "sex", "noise"}
    assert found.tests["effect"].is_monotonic_decreasing
    assert (found.tests["p_holm"] >= found.tests["p"]).all()
    assert (found.tests["p_bh"] <= found.tests["p_holm"]).all()
    assert found.to_metrics()["n_significant_holm"] == 3
    means = FRAME["money"].groupby(SEGMENTS).mean()
    details = found.details.query("variable == 'money'").set_index("segment")
    assert details.index.tolist() == ["1 large", "2 late", "10 small"]
    for name, row in details.iterrows():
        assert row["value"] == pytest.approx(means[name])
        assert row["lower"] < row["value"] < row["upper"]
    shares = found.details.query("variable == 'region'")
    assert shares.groupby("segment")["value"].sum().to_numpy() == pytest.approx([1, 1, 1])


def test_false_alarms_are_as_rare_as_holm_says():
    rng = np.random.default_rng(2)
    alarms = 0
    for _ in range(12):
        noise = pd.DataFrame(rng.normal(size=(90, 6)), columns=list("abcdef"))
        noise["g"] = rng.choice(["x", "y", "z"], size=90)
        segments = pd.Series(rng.choice([1, 2, 3], size=90))
        alarms += len(explain_segments(segments, {"noise": noise}, seed=1).significant) > 0
    assert alarms <= 3  # at most .6 expected of 12


def test_order_of_customers_changes_nothing():
    frame = FRAME.assign(rare=np.where(FRAME["noise"] > 1.9, "a", "b"))
    found = explain_segments(SEGMENTS, {"firm": frame}, seed=1)
    shuffled = frame.sample(frac=1, random_state=1)
    again = explain_segments(SEGMENTS.sample(frac=1, random_state=2), {"firm": shuffled}, seed=1)
    pd.testing.assert_frame_equal(again.tests, found.tests, check_exact=True)
    pd.testing.assert_frame_equal(again.details, found.details, check_exact=True)
    # Nor do other identifiers (another key of the pseudonyms) in another order.
    keys = dict(zip(SEGMENTS.index, np.random.default_rng(3).permutation(len(frame)), strict=True))
    other = explain_segments(SEGMENTS.rename(keys), {"firm": frame.rename(index=keys)}, seed=1)
    pd.testing.assert_frame_equal(other.tests, found.tests, check_exact=True)


def test_what_cannot_be_tested_says_why():
    n = len(FRAME)
    frame = FRAME[["noise"]].assign(
        few=np.where(np.arange(n) < 25, FRAME["noise"], np.nan),
        same=1.0,
        name=[f"person {i}" for i in range(n)],
        codes=[f"z{i % 40:02}" for i in range(n)],
        endless=np.inf,
        lone=np.where(SEGMENTS == "1 large", FRAME["noise"], np.nan),
        when=pd.Timestamp("2026-01-01") + pd.to_timedelta(FRAME["days"], unit="D"),
        told=FRAME["noise"] > 0,
        tied=SEGMENTS.map({"1 large": 1.0, "2 late": 2.0, "10 small": 3.0}),
    )
    twice = pd.concat([FRAME.head(2), FRAME.head(2)]).reset_index()
    sources = {"firm": frame.reset_index(), "survey": NotAvailable("no survey"), "twice": twice}
    found = explain_segments(SEGMENTS, sources, seed=1)
    said = found.untested().set_index(["source", "variable"])["reason"]
    assert said["firm", "few"].endswith("known: 25; needed: 30")
    assert said["firm", "same"] == "equal for all customers"
    assert "fewer than 10 share" in said["firm", "name"]
    assert said["firm", "codes"].startswith("40 levels")
    assert said["firm", "endless"] == "holds an infinite value"
    assert "fewer than two segments" in said["firm", "lone"]
    assert said["survey", "all"] == "no survey"
    assert said["twice", "all"] == "2 rows are of a customer who has one already"
    tests = found.tests.set_index("variable")
    assert tests.loc["when", "effect"] == pytest.approx(
        explain_segments(SEGMENTS, {"f": FRAME[["days"]]}, seed=1).tests.loc[0, "effect"]
    )
    assert tests.loc["told", "kind"] == "category"
    # A variable without any spread within segments has no F; ranks are read.
    assert tests.loc["tied", "test"] == "Kruskal-Wallis"
    assert np.isnan(tests.loc["tied", "p_anova"])
    assert tests.loc["tied", "effect"] == pytest.approx(1)
    assert list(found.table())[:3] == ["variable", "source", "n"]
    assert "p (Kruskal-Wallis)" in found.numbers()


def test_nothing_to_test():
    found = explain_segments(SEGMENTS, {"survey": NotAvailable("none")}, seed=1)
    assert found.to_metrics() == {
        "n_tested": 0,
        "n_untested": 0,
        "n_significant_holm": 0,
        "n_significant_bh": 0,
    }
    assert len(found.untested()) == 1


def test_explanations_are_refused():
    with pytest.raises(ModelError, match="needs two segments; found: 1"):
        explain_segments(SEGMENTS.map(lambda _: "a"), {}, seed=1)
    with pytest.raises(SettingsError, match="alpha = 2"):
        explain_segments(SEGMENTS, {}, seed=1, alpha=2)
    with pytest.raises(DataError, match="two segments"):
        explain_segments(pd.concat([SEGMENTS, SEGMENTS]), {}, seed=1)
    assert not explain_segments(NotAvailable("no segments"), {}, seed=1)
    assert [name_strength(e) for e in (0.05, 0.1, 0.3, 0.5)] == [
        "negligible",
        "weak",
        "moderate",
        "strong",
    ]


def blocks(n: int = 600) -> tuple[pd.Series, pd.DataFrame]:
    """Make segments that are rules: big spends above 100; late bought 40 days ago or more."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "revenue": rng.gamma(2, 60, size=n),
            "days": rng.integers(0, 80, size=n),
            "noise": rng.normal(size=n),
            "town": rng.choice(["A", "B", "C"], size=n),
        }
    )
    big, late = frame["revenue"] > 100, frame["days"] > 40
    names = np.where(big & ~late, "1 big", np.where(late, "2 late", "3 other"))
    return pd.Series(names, index=frame.index), frame


def test_rules_that_made_the_segments_are_recovered():
    segments, frame = blocks()
    found = describe_by_rules(segments, frame, seed=1)
    said = {
        segment: {(c.feature, c.above, c.threshold) for c in conditions}
        for segment, conditions in found.conditions.items()
    }
    assert said["2 late"] == {("days", True, 40.0)}
    assert {(feature, above) for feature, above, _ in said["1 big"]} == {
        ("days", False),
        ("revenue", True),
    }
    cut = next(threshold for feature, _, threshold in said["1 big"] if feature == "revenue")
    assert cut == pytest.approx(100, abs=1)
    assert (found.rules["f1_unseen"] > 0.97).all()
    assert (found.rules["verdict"] == "good").all()
    assert found.rules.loc["2 late", "depth"] == 1


def test_coverage_and_purity_are_counts_of_what_is_printed():
    segments, frame = blocks()
    found = describe_by_rules(segments, frame, seed=1)
    for segment, conditions in found.conditions.items():
        holds = np.logical_and.reduce([c.holds(frame) for c in conditions])
        inside = (segments == segment).to_numpy()
        row = found.rules.loc[segment]
        assert row["found"] == holds.sum()
        assert row["coverage"] == pytest.approx((holds & inside).sum() / inside.sum())
        assert row["purity"] == pytest.approx((holds & inside).sum() / holds.sum())


def test_the_tightest_bound_of_each_side_is_kept():
    path = [
        Condition("x", "", False, 60.0),
        Condition("x", "", True, 10.0),
        Condition("x", "", False, 40.0),
        Condition("x", "", True, 5.0),
        Condition("y", "", True, 1.0),
    ]
    assert simplify_rule(path) == (
        Condition("x", "", False, 40.0),
        Condition("x", "", True, 10.0),
        Condition("y", "", True, 1.0),
    )


def test_a_category_can_be_a_rule():
    frame = blocks()[1]
    by_town = frame["town"].map({"A": "1 a", "B": "2 rest", "C": "2 rest"})
    found = describe_by_rules(by_town, frame.drop(columns="days"), seed=1)
    (condition,) = found.conditions["1 a"]
    assert (condition.feature, condition.level, condition.above) == ("town", "A", True)
    assert found.rules.loc["1 a", "f1_unseen"] == 1


def test_segments_that_no_rule_describes_are_called_poor():
    frame = blocks()[1]
    drawn = pd.Series(np.random.default_rng(6).choice(list("abcdefgh"), size=600))
    found = describe_by_rules(drawn, frame, seed=1)
    assert (found.rules["verdict"] == "poor").all()
    assert found.to_metrics()["n_poor"] == 8
    # Seen through the customers they were made from, the rules look better than they are.
    assert found.rules["f1"].mean() > found.rules["f1_unseen"].mean()


def test_order_of_customers_changes_no_rule():
    segments, frame = blocks()
    found = describe_by_rules(segments, frame, seed=1)
    again = describe_by_rules(
        segments.sample(frac=1, random_state=1), frame.sample(frac=1, random_state=2), seed=1
    )
    pd.testing.assert_frame_equal(again.rules, found.rules, check_exact=True)
    assert again.conditions == found.conditions


def test_features_without_use_are_listed():
    segments, frame = blocks()
    frame = frame.assign(
        gap=np.where(np.arange(600) < 9, np.nan, 1.5 * np.arange(600)),
        same=2,
        code=[f"x{i % 20}" for i in range(600)],
        day=pd.Timestamp("2026-01-01") + pd.to_timedelta(frame["days"], unit="D"),
        hole=np.where(np.arange(600) == 3, np.nan, 1.0 * (np.arange(600) % 7)),
    )
    found = describe_by_rules(segments, frame, seed=1)
    assert found.left_out.set_index("feature")["reason"].to_dict() == {
        "gap": "known for 98% of the customers",
        "same": "equal for all customers",
        "code": "20 levels",
        "day": "a date",
    }
    assert (found.n_customers, found.n_left_out) == (599, 1)


def test_rules_are_refused():
    segments, frame = blocks()
    with pytest.raises(SettingsError, match="most_conditions = 0"):
        describe_by_rules(segments, frame, seed=1, most_conditions=0)
    with pytest.raises(ModelError, match="two segments and 50 customers"):
        describe_by_rules(segments.head(20), frame, seed=1)
    with pytest.raises(ModelError, match="no feature can be used"):
        describe_by_rules(segments, frame[["revenue"]] * 0, seed=1)
    assert not describe_by_rules(segments, NotAvailable("no features"), seed=1)


def test_profiles_by_hand():
    values = pd.DataFrame({"a": [1.0, 3.0, 5.0, 7.0], "same": 1.0}, index=list("wxyz"))
    segments = pd.Series(["2 b", "2 b", "1 a", "1 a"], index=list("wxyz"))
    found = compare_profiles(values, segments)
    sd = np.std([1, 3, 5, 7], ddof=1)
    assert found["segment"].tolist() == ["1 a", "2 b"]
    assert found["feature"].unique().tolist() == ["a"]
    assert found["z"].to_numpy() == pytest.approx([2 / sd, -2 / sd])
    # t(1) at .975 is 12.7062; the standard error of two values 2 apart is 1.
    assert (found["upper"] - found["z"]).to_numpy() == pytest.approx(12.7062 / sd, rel=1e-5)
    alone = compare_profiles(values, pd.Series(["1 a", "2 b", "2 b", "2 b"], index=list("wxyz")))
    assert np.isnan(alone.loc[0, "lower"])
    with pytest.raises(ModelError, match="no feature differs"):
        compare_profiles(values[["same"]], segments)
    with pytest.raises(ModelError, match="no customer"):
        compare_profiles(values, pd.Series(["a"], index=["other"]))


def test_profiles_average_to_nothing_and_forget_order():
    values = FRAME[["money", "noise", "visits"]]
    found = compare_profiles(values, SEGMENTS)
    weighted = (found["z"] * found["n"]).groupby(found["feature"]).sum()
    np.testing.assert_allclose(weighted, 0, atol=1e-9)
    again = compare_profiles(values.sample(frac=1, random_state=1), SEGMENTS)
    pd.testing.assert_frame_equal(again, found)


def test_shares_of_value_and_their_intervals():
    rng = np.random.default_rng(8)
    value = FRAME["money"].rename("revenue")
    found = size_segments(SEGMENTS, value)
    assert found.index.tolist() == ["1 large", "2 late", "10 small"]
    assert found[["share_customers", "share_value"]].sum().to_numpy() == pytest.approx([1, 1])
    assert found.loc["1 large", "share_value"] == pytest.approx(
        value[SEGMENTS == "1 large"].sum() / value.sum()
    )
    money, inside = value.to_numpy(), (SEGMENTS == "2 late").to_numpy()
    drawn = []
    for _ in range(2_000):
        rows = rng.integers(len(money), size=len(money))
        drawn.append(money[rows][inside[rows]].sum() / money[rows].sum())
    row = found.loc["2 late"]
    assert row["lower_value"] == pytest.approx(np.quantile(drawn, 0.025), abs=0.006)
    assert row["upper_value"] == pytest.approx(np.quantile(drawn, 0.975), abs=0.006)
    none = size_segments(pd.Series({"a": 1, "b": 2}), pd.Series({"a": 3.0, "b": 0.0}))
    assert none.loc[2, "share_value"] == 0
    assert np.isnan(none.loc[2, "lower_value"])
    with pytest.raises(ModelError, match="revenue need a positive sum"):
        size_segments(SEGMENTS, -value)


def test_segments_are_put_in_the_order_of_their_numbers():
    assert order_segments(["10 c", "2 b", "1 a", "2 b"]) == ["1 a", "2 b", "10 c"]
    assert order_segments([10, 2, -1]) == [-1, 2, 10]
    assert order_segments(["b", "3 a", "a"]) == ["3 a", "a", "b"]


def test_names_of_new_features():
    profile = pd.DataFrame(
        {
            "share_FROZEN GROCERY": [0.9, -0.9],
            "income: 35-49K": [0.8, -0.8],
            "coupon_share": [0.7, -0.7],
            "web_visits": [0.6, -0.6],
        }
    )
    assert name_segments(profile) == [
        "much frozen grocery, income 35-49K, many coupons",
        "little frozen grocery, few coupons, low web visits",
    ]
    levels = pd.DataFrame({"main_channel: web": [0.6, -0.9]})
    assert name_segments(levels) == ["main channel web", "seldom main channel web"]
    same = pd.DataFrame({"n_purchases": [0.9, 0.1], "n_purchase_days": [1.0, 0.1]})
    assert name_segments(same) == ["frequent", "average"]

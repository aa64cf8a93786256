"""Ranking units: laws of order, ties, constants, two units, VIKOR's conditions, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.ranking.compromise import propose_compromise
from crmstudy.evaluation.ranking.methods import METHODS, compromise
from crmstudy.evaluation.ranking.rank import rank_units

NAMES = list("abcde")
DIRECTIONS = dict.fromkeys(NAMES, "larger") | {"b": "smaller", "d": "smaller"}


@pytest.fixture
def matrix():
    rng = np.random.default_rng(12)
    units = [f"unit {k}" for k in range(7)]
    return pd.DataFrame(rng.gamma(3, 1, (7, 5)), index=units, columns=NAMES)


@pytest.fixture
def weights():
    return pd.Series([0.3, 0.25, 0.2, 0.15, 0.1], NAMES)


def rank(matrix, weights, directions=DIRECTIONS):
    return rank_units(matrix, weights=weights, directions=directions)


def test_order_of_units_and_criteria_does_not_matter(matrix, weights):
    straight = rank(matrix, weights)
    turned = rank(matrix.iloc[::-1, [3, 1, 4, 0, 2]], weights[::-1])
    again = turned.scores.loc[matrix.index]
    pd.testing.assert_frame_equal(again, straight.scores, rtol=1e-12)
    pd.testing.assert_series_equal(turned.consensus[matrix.index], straight.consensus)
    assert turned.compromise.units == straight.compromise.units
    pd.testing.assert_frame_equal(turned.table(), straight.table())


def test_units_of_measurement_do_not_matter(matrix, weights):
    scaled = matrix * [100, 0.01, 3, 1e6, 7]
    pd.testing.assert_frame_equal(
        rank(scaled, weights).scores, rank(matrix, weights).scores, rtol=1e-10
    )


def test_only_topsis_minds_where_a_scale_begins(matrix, weights):
    straight, moved = rank(matrix, weights).scores, rank(matrix + 5, weights).scores
    others = [name for name in METHODS if name != "TOPSIS"]
    pd.testing.assert_frame_equal(moved[others], straight[others], rtol=1e-9)
    assert (moved["TOPSIS"] - straight["TOPSIS"]).abs().max() > 0.01


def test_a_mirrored_criterion_with_the_other_direction_ranks_the_same(matrix, weights):
    mirrored = matrix.assign(b=-matrix["b"])
    pd.testing.assert_frame_equal(
        rank(mirrored, weights, DIRECTIONS | {"b": "larger"}).scores,
        rank(matrix, weights).scores,
        rtol=1e-10,
    )


def test_direction_matters(matrix, weights):
    other = rank(matrix, weights, DIRECTIONS | {"b": "larger"}).scores
    assert ((other - rank(matrix, weights).scores).abs().max() > 0.01).all()


def test_nobody_stands_above_a_unit_that_is_better_in_everything(weights):
    rng = np.random.default_rng(3)
    better = np.array([1, -1, 1, -1, 1])
    for _ in range(50):
        rows = rng.gamma(3, 1, (6, 5))
        # The second is the first, but worse in some criteria and as good in the others.
        rows[1] = rows[0] - better * rng.random(5) * rng.integers(0, 2, 5)
        ranking = rank(pd.DataFrame(rows, columns=NAMES), weights)
        assert (ranking.scores.loc[0] >= ranking.scores.loc[1] - 1e-12).all()
        assert ranking.mean_rank[0] <= ranking.mean_rank[1]


def test_the_best_and_the_worst_in_everything_are_first_and_last(matrix, weights):
    matrix.loc["best"] = [99, 0.001, 99, 0.001, 99]
    matrix.loc["worst"] = [0.0005, 99, 0.0005, 99, 0.0005]
    ranking = rank(matrix, weights)
    assert (ranking.ranks.loc["best"] == 1).all()
    assert (ranking.ranks.loc["worst"] == len(matrix)).all()
    np.testing.assert_allclose(ranking.scores.loc["best"], 1)
    assert ranking.compromise.units == ("best",)


def test_equal_units_tie(matrix, weights):
    matrix.loc["twin"] = matrix.loc["unit 2"]
    ranking = rank(matrix, weights)
    assert (ranking.ranks.loc["twin"] == ranking.ranks.loc["unit 2"]).all()
    assert ranking.consensus["twin"] == ranking.consensus["unit 2"]
    alone = rank(matrix.loc[["unit 2", "twin"]].assign(b=[1.0, 1.0 + 1e-6]), weights[["b"]])
    assert alone.consensus.tolist() == [1, 2]
    level = rank(matrix.loc[["unit 2", "twin", "unit 3"]], weights)
    # Two that share two places have the middle one.
    assert level.mean_rank["twin"] % 1 == 0.5


def test_a_criterion_alike_in_all_units_is_left_out_and_changes_nothing(matrix, weights):
    straight = rank(matrix, weights)
    more = pd.concat([weights, pd.Series({"f": 0.4})])
    found = rank(matrix.assign(f=2.5), more, DIRECTIONS | {"f": "larger"})
    assert found.dropped == {"f": "the same in all units"}
    pd.testing.assert_frame_equal(found.scores, straight.scores, rtol=1e-12)
    assert found.weights.sum() == pytest.approx(1)


def test_a_criterion_without_weight_is_left_out(matrix, weights):
    found = rank(matrix, weights.drop("a"))
    assert found.dropped == {"a": "no weight"}
    assert list(found.weights.index) == list("bcde")
    zero = rank(matrix, weights.replace(0.3, 0.0))
    pd.testing.assert_frame_equal(zero.scores, found.scores)


def test_two_units_and_one_criterion_say_what_they_can(weights):
    two = pd.DataFrame({"b": [3.0, 2.0]}, index=["north", "south"])
    ranking = rank(two, pd.Series({"b": 1.0}))
    assert ranking.leaders == {method: ["south"] for method in METHODS}
    assert ranking.agreement.concordance == pytest.approx(1)
    # With two units the advantage asked for is 1, which the first has unless both are level.
    assert ranking.compromise.units == ("south",)
    assert ranking.disputed == []


def test_two_units_that_balance_each_other_are_level():
    # Sums of these weights differ in the last bit; that is no order.
    even = pd.DataFrame({"a": [1.0, 2], "b": [1.0, 2], "c": [2.0, 1]}, index=["u", "v"])
    weights = pd.Series({"a": 0.1, "b": 0.2, "c": 0.3})
    found = rank_units(even, weights=weights, directions=dict.fromkeys("abc", "larger"))
    assert (found.ranks["weighted sum"] == 1).all()
    assert (found.steps["VIKOR"]["score"]["S"].diff().abs().iloc[1]) < 1e-12
    assert found.agreement.tau.loc["weighted sum", "TOPSIS"] != 1


def test_where_all_are_level_agreement_has_no_number():
    level = pd.DataFrame({"a": [1.0, 2], "b": [2.0, 1]}, index=["u", "v"])
    weights = pd.Series({"a": 0.5, "b": 0.5})
    found = rank_units(level, weights=weights, directions=dict.fromkeys("ab", "larger"))
    assert (found.ranks == 1).all(axis=None)
    assert isinstance(found.agreement.concordance, NotAvailable)
    assert isinstance(found.agreement.least_alike, NotAvailable)
    assert found.compromise.units == ("u", "v")


def frame_of(s, r):
    """S and R of units u1, u2 ... with Q by hand."""
    table = pd.DataFrame({"S": s, "R": r}, index=[f"u{k + 1}" for k in range(len(s))])
    unit = (table - table.min()) / (table.max() - table.min())
    return table.assign(Q=unit.mean(axis=1))


def test_a_first_that_is_not_stable_shares_its_place_with_the_second():
    # As in scikit-criteria's test of the rule: best by Q, but neither by S nor by R.
    found = propose_compromise(
        frame_of([0.40, 0.60, 0.20, 0.21, 0.55], [0.20, 0.20, 0.20, 0.12, 0.11])
    )
    assert found.units == ("u4", "u5")
    assert found.acceptable_advantage
    assert not found.acceptable_stability
    assert [check.passed for check in found.checks] == [True, False]


def test_a_unit_behind_by_just_the_advantage_is_not_in_the_set():
    third = 1 / 3
    found = propose_compromise(frame_of([0, 0.1, third, 1], [0, 0.1, third, 1]))
    assert found.units == ("u1", "u2")


def test_a_sum_that_differs_by_rounding_only_decides_nothing():
    sums = np.array([[0.1 + 0.2, 0.3, 0.3]])
    regrets = np.array([[0.1, 0.2, 0.3]])
    np.testing.assert_allclose(compromise(sums, regrets), [[0.0, 0.25, 0.5]])


def test_a_first_without_advantage_shares_it_with_all_that_are_near():
    found = propose_compromise(frame_of([0, 0.1, 0.2, 1], [0, 0.1, 0.3, 1]))
    assert found.units == ("u1", "u2", "u3")
    assert found.advantage == pytest.approx(0.1)
    assert found.advantage_needed == pytest.approx(1 / 3)
    assert [check.name for check in failed(found.checks)] == [
        "the first unit of VIKOR is ahead by enough"
    ]


def test_tables_name_everything(matrix, weights):
    ranking = rank(matrix, weights)
    assert list(ranking.table().columns) == [
        "unit", "rank by weighted sum", "rank by TOPSIS", "rank by VIKOR",
        "rank by grey relational", "mean rank", "rank", "spread",
    ]  # fmt: skip
    assert ranking.table()["rank"].is_monotonic_increasing
    scores = ranking.score_table()
    assert list(scores["unit"]) == list(matrix.index)
    assert list(scores.columns[1:]) == [
        "weighted sum: score", "TOPSIS: closeness", "VIKOR: Q", "grey relational: grade"
    ]  # fmt: skip
    np.testing.assert_allclose(1 - scores["VIKOR: Q"], ranking.scores["VIKOR"])
    steps = ranking.step_table("TOPSIS")
    assert list(steps.columns) == ["step", "unit", *NAMES]
    assert list(dict.fromkeys(steps["step"])) == ["normalised", "weighted", "ideal"]
    metrics = ranking.to_metrics()
    assert metrics["n_units"] == 7
    assert metrics["topsis_unit_3"] == ranking.scores.loc["unit 3", "TOPSIS"]
    assert metrics["mean_rank_unit_0"] == ranking.mean_rank["unit 0"]


def test_disputed_units_are_those_that_methods_put_apart(matrix, weights):
    ranking = rank(matrix, weights)
    wide = ranking.ranks.max(axis=1) - ranking.ranks.min(axis=1)
    assert set(ranking.disputed) == set(wide.index[wide >= 2])
    assert list(wide[ranking.disputed]) == sorted(wide[ranking.disputed], reverse=True)


def test_refusals(matrix, weights):
    with pytest.raises(DataError, match="'e' stands in the decision matrix but not in the dir"):
        rank(matrix, weights, dict.fromkeys("abcd", "larger"))
    with pytest.raises(DataError, match="'g' has a weight but is not in the decision matrix"):
        rank(matrix, weights.rename({"a": "g"}))
    with pytest.raises(DataError, match="the weight of 'a' is -1; allowed: 0 or more"):
        rank(matrix, weights.replace(0.3, -1))
    with pytest.raises(DataError, match="'a' has two weights; allowed: one a criterion"):
        rank(matrix, pd.concat([weights, weights]))
    with pytest.raises(SettingsError, match="direction 'more' is unknown; allowed: larger, sm"):
        rank(matrix, weights, DIRECTIONS | {"a": "more"})
    with pytest.raises(SettingsError, match=r"'TOPSI' is unknown.*did you mean 'TOPSIS'"):
        rank_units(matrix, weights=weights, directions=DIRECTIONS, methods=["TOPSI"])
    with pytest.raises(ModelError, match="1 unit to compare; at least 2 are needed"):
        rank(matrix.head(1), weights)
    with pytest.raises(ModelError, match="the units do not differ in any criterion"):
        rank(matrix * 0 + 1, weights)
    with pytest.raises(ModelError, match="no criterion of the comparison has weight"):
        rank(matrix, weights * 0)
    with pytest.raises(ModelError, match="the units do not differ in a"):
        rank(matrix * 0 + 1, weights[["a"]])


def test_hands_on_what_is_not_available(matrix):
    missing = NotAvailable("no judgements")
    assert rank_units(matrix, weights=missing, directions=DIRECTIONS) is missing

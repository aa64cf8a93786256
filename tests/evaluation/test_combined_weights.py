"""Experts' weights and the data's weights made one: by hand, base R, laws, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.weighting.combine import (
    Shares,
    combine_weights,
    compare_weights,
    share_by_game,
    weigh_units,
)
from crmstudy.evaluation.weighting.objective import ObjectiveWeights, weigh_objectively

EXPERTS = [0.30, 0.25, 0.20, 0.15, 0.10]


@pytest.fixture
def experts(measured):
    return pd.Series(EXPERTS, measured[0].columns)


@pytest.fixture
def objective(measured):
    return weigh_objectively(measured[0], directions=measured[1])


def given(weights):
    return ObjectiveWeights(weights, pd.DataFrame(index=weights.index), "given", 5)


def test_combinations_by_hand():
    judged, data = pd.Series({"a": 0.6, "b": 0.4}), pd.Series({"b": 0.5, "a": 0.5})
    additive = combine_weights(judged, data, rule="additive", subjective_share=0.25)
    np.testing.assert_allclose(additive, [0.525, 0.475])
    judged = pd.Series({"a": 0.8, "b": 0.2})
    data = pd.Series({"b": 0.6, "a": 0.4})
    np.testing.assert_allclose(combine_weights(judged, data), [0.32 / 0.44, 0.12 / 0.44])
    even = pd.Series({"a": 0.5, "b": 0.5})
    np.testing.assert_allclose(combine_weights(judged, even), judged)
    for share, expected in ((1.0, judged), (0.0, data[["a", "b"]])):
        found = combine_weights(judged, data, rule="additive", subjective_share=share)
        np.testing.assert_allclose(found, expected)


def test_base_r_agrees(experts, objective, by_r):
    found = compare_weights(experts, objective, combination="game-theoretic")
    np.testing.assert_allclose(found.shares.solution, by_r("game", "coefficient"), rtol=1e-9)
    np.testing.assert_allclose(found.weights, by_r("game", "weight"), rtol=1e-9)
    np.testing.assert_allclose(
        found.side_by_side["multiplicative"], by_r("multiplicative", "weight"), rtol=1e-9
    )


def test_the_game_solves_the_conditions_of_both_sides():
    rng = np.random.default_rng(8)
    for first, second in rng.dirichlet(np.ones(6), (20, 2)):
        solution = share_by_game(first, second).solution
        mixed = solution[0] * first + solution[1] * second
        # Each side's condition: its weights meet the mixture as they meet themselves.
        assert first @ mixed == pytest.approx(first @ first)
        assert second @ mixed == pytest.approx(second @ second)


def test_a_negative_coefficient_counts_by_its_size():
    flat, steep = np.array([0.4, 0.35, 0.25]), np.array([0.7, 0.25, 0.05])
    assert flat @ steep > flat @ flat
    found = share_by_game(flat, steep)
    assert found.negative
    assert found.solution[0] < 0 < found.solution[1]
    assert found.used[0] == pytest.approx(
        -found.solution[0] / (found.solution[1] - found.solution[0])
    )
    assert not share_by_game(np.array([0.9, 0.1]), np.array([0.1, 0.9])).negative


def test_equal_weights_stay_as_they_are_and_share_evenly():
    weights = pd.Series({"a": 0.5, "b": 0.3, "c": 0.2})
    shares = share_by_game(weights.to_numpy(), weights.to_numpy())
    np.testing.assert_allclose(shares.used, [0.5, 0.5])
    for rule in ("additive", "game-theoretic"):
        np.testing.assert_allclose(combine_weights(weights, weights, rule=rule), weights)
    for drawn in np.random.default_rng(3).dirichlet(np.ones(7), 50):
        # Equal but for rounding, the system is singular in all but name.
        again = np.cumsum(np.diff(np.cumsum(drawn), prepend=0.0))
        again = np.diff(again, prepend=0.0)
        np.testing.assert_allclose(share_by_game(drawn, again).used, [0.5, 0.5], atol=1e-6)
        np.testing.assert_allclose(share_by_game(drawn, again).solution, [0.5, 0.5], atol=1e-6)


def test_experts_who_weigh_all_alike_have_no_share_in_the_game():
    # A flat vector meets every other as it meets itself: (1/n) . w = 1/n.
    assert share_by_game(np.full(4, 0.25), np.array([0.1, 0.2, 0.3, 0.4])).used == pytest.approx(
        (0.0, 1.0)
    )


@pytest.mark.parametrize("rule", ["additive", "multiplicative", "game-theoretic"])
def test_order_of_criteria_does_not_matter_and_sums_are_one(experts, objective, rule):
    straight = compare_weights(experts, objective, combination=rule).weights
    turned = compare_weights(experts[::-1], objective, combination=rule).weights
    np.testing.assert_allclose(turned[experts.index], straight, rtol=1e-10)
    assert straight.sum() == pytest.approx(1)
    assert (straight >= 0).all()


def test_all_columns_stand_side_by_side(experts, objective):
    found = compare_weights(experts, objective, combination="additive", experts_share=0.25)
    table = found.table()
    assert list(table.columns) == [
        "indicator", "experts", "entropy", "CRITIC", "data",
        "additive", "multiplicative", "game-theoretic", "rank",
    ]  # fmt: skip
    np.testing.assert_allclose(found.side_by_side.sum(), 1)
    np.testing.assert_allclose(table["data"], (table["entropy"] + table["CRITIC"]) / 2)
    np.testing.assert_allclose(found.weights, 0.25 * table["experts"] + 0.75 * table["data"])
    assert table.loc[table["additive"].idxmax(), "rank"] == 1
    metrics = found.to_metrics()
    assert metrics["weight_cost"] == found.weights["cost"]
    apart = (table["experts"] - table["data"]).abs().sum() / 2
    assert metrics["experts_to_data"] == pytest.approx(apart)
    assert metrics["game_share_of_experts"] == found.shares.used[0]


def test_without_weights_from_the_data_the_experts_stand_alone(experts):
    lacking = {"entropy": NotAvailable("too few"), "CRITIC": NotAvailable("too few")}
    found = compare_weights(experts, lacking, combination="additive")
    assert found.used == "experts"
    np.testing.assert_allclose(found.weights, experts)
    assert found.unavailable["additive"] == "too few"
    assert str(found.shares) == "not available: too few"
    assert list(found.table().columns) == ["indicator", "experts", "rank"]
    assert set(found.to_metrics()) == {f"weight_{name}" for name in experts.index}


def test_one_method_of_the_data_is_enough(experts, objective):
    found = compare_weights(experts, {**objective, "CRITIC": NotAvailable("in step")})
    np.testing.assert_allclose(found.side_by_side["data"], found.side_by_side["entropy"])
    assert found.unavailable == {"CRITIC": "in step"}


def test_criteria_that_the_experts_did_not_weigh_are_left_out(experts, objective):
    fewer = experts[["cost", "margin"]] / experts[["cost", "margin"]].sum()
    found = compare_weights(fewer, objective).side_by_side
    whole = objective["entropy"].weights[["cost", "margin"]]
    np.testing.assert_allclose(found["entropy"], whole / whole.sum())


@pytest.mark.parametrize("rule", ["experts", "additive", "multiplicative", "game-theoretic"])
def test_draws_are_combined_as_the_weights_are(experts, objective, rule):
    found = compare_weights(experts, objective, combination=rule, experts_share=0.3)
    draws = np.vstack([experts, np.random.default_rng(2).dirichlet(np.ones(5), 3)])
    combined = found.combine_draws(draws)
    np.testing.assert_allclose(combined[0], found.weights, rtol=1e-10)
    np.testing.assert_allclose(combined.sum(axis=1), 1)
    for draw, row in zip(draws, combined, strict=True):
        again = compare_weights(
            pd.Series(draw, experts.index), objective, combination=rule, experts_share=0.3
        )
        np.testing.assert_allclose(row, again.weights, rtol=1e-9)


def test_draws_with_a_negative_coefficient_count_by_its_size_too(measured):
    names = measured[0].columns
    steep = {"entropy": given(pd.Series([0.6, 0.2, 0.1, 0.05, 0.05], names))}
    flat = np.array([[0.4, 0.25, 0.15, 0.1, 0.1], [0.3, 0.2, 0.2, 0.2, 0.1]])
    found = compare_weights(pd.Series(flat[0], names), steep, combination="game-theoretic")
    assert found.shares.negative
    combined = found.combine_draws(flat)
    np.testing.assert_allclose(combined[0], found.weights)
    # By absolute values the combination lies between both sides.
    data = found.side_by_side["data"].to_numpy()
    assert (combined >= np.minimum(flat, data) - 1e-12).all()
    assert (combined <= np.maximum(flat, data) + 1e-12).all()


def test_weight_draws_of_a_panel_are_matched_by_name(experts, objective):
    class Drawn:
        overall = np.array([[0.1, 0.2, 0.3, 0.2, 0.1, 0.1], [0.0, 0.2, 0.2, 0.2, 0.2, 0.2]])
        indicator_names = ("elsewhere", "margin", "cost", "retention", "satisfaction", "complaints")

    found = compare_weights(experts, objective, combination="experts").draw(Drawn())
    assert list(found.columns) == list(experts.index)
    np.testing.assert_allclose(found["margin"], [0.2 / 0.9, 0.2])
    np.testing.assert_allclose(found.sum(axis=1), 1)
    missing = NotAvailable("no panel")
    assert compare_weights(experts, objective).draw(missing) is missing


def test_refusals(experts, objective):
    judged = pd.Series({"a": 1.0, "b": 0.0})
    with pytest.raises(ModelError, match="no criterion has weight both in"):
        combine_weights(judged, pd.Series({"a": 0.0, "b": 1.0}))
    with pytest.raises(SettingsError, match="rule 'sum' is unknown; allowed: additive, multipl"):
        combine_weights(judged, judged, rule="sum")
    with pytest.raises(SettingsError, match="share of judged weights is 2; allowed: 0 to 1"):
        combine_weights(judged, judged, subjective_share=2)
    with pytest.raises(DataError, match="weights of the data sum to 2; allowed: 1"):
        combine_weights(judged, judged * 2)
    with pytest.raises(DataError, match="weights of the experts sum to 2"):
        compare_weights(experts * 2, objective)
    with pytest.raises(SettingsError, match="combination 'add' is unknown; allowed: experts, add"):
        compare_weights(experts, objective, combination="add")
    with pytest.raises(DataError, match="experts weigh 'speed', which the decision matrix does"):
        compare_weights(pd.Series({"speed": 1.0}), objective)
    nothing = given(pd.Series({"a": 0.0, "b": 1.0}))
    found = compare_weights(pd.Series({"a": 1.0}), {"entropy": nothing})
    assert "do not differ in what the experts weigh" in found.unavailable["entropy"]
    missing = NotAvailable("no panel")
    assert compare_weights(missing, objective) is missing


def test_opposite_sides_have_no_product_but_the_rest():
    experts = pd.Series({"a": 1.0, "b": 0.0})
    found = compare_weights(
        experts, {"entropy": given(pd.Series({"a": 0.0, "b": 1.0}))}, combination="multiplicative"
    )
    # The data have no weight where the experts look: nothing can be combined with anything.
    assert found.used == "experts"
    assert "no criterion has weight both" in found.unavailable["multiplicative"]
    assert isinstance(found.shares, Shares)
    np.testing.assert_allclose(found.side_by_side["additive"], [0.5, 0.5])


# --- nobody judged ------------------------------------------------------------------------


def test_without_experts_the_mean_of_the_data_counts(objective):
    missing = NotAvailable("no table judgements")
    found = weigh_units(objective, experts=missing, combination="additive")
    assert found.used == "data"
    assert list(found.side_by_side) == ["entropy", "CRITIC", "data"]
    mean = (objective["entropy"].weights + objective["CRITIC"].weights) / 2
    pd.testing.assert_series_equal(found.weights, mean, check_names=False)
    assert found.unavailable["experts"] == "no table judgements"
    assert "experts_to_data" not in found.to_metrics()
    assert isinstance(found.draw(missing), NotAvailable)


def test_with_experts_it_is_the_comparison(experts, objective):
    found = weigh_units(objective, experts=experts, combination="multiplicative")
    expected = compare_weights(experts, objective, combination="multiplicative")
    pd.testing.assert_frame_equal(found.side_by_side, expected.side_by_side)


def test_neither_experts_nor_data():
    nothing = {"entropy": NotAvailable("two units"), "CRITIC": NotAvailable("two units")}
    with pytest.raises(ModelError, match="neither experts nor data give weights: nobody; two unit"):
        weigh_units(nothing, experts=NotAvailable("nobody"))

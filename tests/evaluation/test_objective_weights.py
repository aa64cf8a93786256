"""Entropy and CRITIC: published examples, hand computation, laws of direction, refusals."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.weighting.objective import (
    weigh_by_critic,
    weigh_by_entropy,
    weigh_objectively,
)


def frame(rows):
    return pd.DataFrame(rows, columns=[f"c{k}" for k in range(len(rows[0]))])


def all_larger(decisions):
    return dict.fromkeys(decisions.columns, "larger")


@pytest.fixture
def decisions():
    rng = np.random.default_rng(5)
    return pd.DataFrame(rng.gamma(3, 1, (8, 4)), columns=list("abcd"))


@pytest.mark.parametrize(
    ("rows", "weights"),
    [
        # Xu (2004), European J. Operational Research, 156(2), 530-532.
        (
            [[30, 30, 38, 29], [19, 54, 86, 29], [19, 15, 85, 28.9], [68, 70, 60, 29]],
            [0.4630, 0.3992, 0.1378, 0.0000],
        ),
        # Zavadskas & Podvezko (2016), Int. J. Information Technology & Decision Making, 15(2).
        (
            [[3.0, 100, 10, 7], [2.5, 80, 8, 5], [1.8, 50, 20, 11], [2.2, 70, 12, 9]],
            [0.1146, 0.1981, 0.4185, 0.2689],
        ),
    ],
)
def test_published_entropy_weights(rows, weights):
    # Both papers share out the raw columns, whatever their direction.
    decisions = frame(rows)
    result = weigh_by_entropy(decisions, directions=all_larger(decisions), scaling="sum")
    np.testing.assert_allclose(result.weights, weights, atol=5e-5)


def test_published_critic_weights_of_the_authors():
    # Diakoulaki, Mavrotas & Papayannakis (1995), Computers & Operations Research, 22(7): eight
    # pharmaceutical firms by profitability, market share and productivity.
    decisions = frame(
        [
            [61, 1.08, 4.33],
            [20.7, 0.26, 4.34],
            [16.3, 1.98, 2.53],
            [9, 3.29, 1.65],
            [5.4, 2.77, 2.33],
            [4, 4.12, 1.21],
            [-6.1, 3.52, 2.10],
            [-34.6, 3.31, 0.98],
        ]
    )
    result = weigh_by_critic(decisions, directions=all_larger(decisions))
    np.testing.assert_allclose(result.weights, [0.20, 0.48, 0.32], atol=5e-3)


def test_published_critic_weights():
    # Tuş & Aytaç Adalı (2019), Opsearch, 56(2), 528-538: printed with all taken as larger-better.
    decisions = frame(
        [
            [5000, 3, 3, 4, 3, 2],
            [680, 5, 3, 2, 2, 1],
            [2000, 3, 2, 3, 4, 3],
            [600, 4, 3, 1, 2, 2],
            [800, 2, 4, 3, 3, 4],
        ]
    )
    result = weigh_by_critic(decisions, directions=all_larger(decisions))
    np.testing.assert_allclose(
        result.weights, [0.157, 0.249, 0.168, 0.121, 0.154, 0.151], atol=5e-4
    )


def test_entropy_by_hand_with_a_direction():
    # Benefit of x: 0, .5, 1 -> shares 0, 1/3, 2/3; cost of y turned: 1, .9, 0 -> 10/19, 9/19, 0.
    decisions = pd.DataFrame({"x": [1, 2, 3], "y": [10, 11, 20]})
    result = weigh_by_entropy(
        decisions, directions={"x": "larger", "y": "smaller"}, scaling="min-max"
    )
    x = -(1 / 3 * np.log(1 / 3) + 2 / 3 * np.log(2 / 3)) / np.log(3)
    y = -(10 / 19 * np.log(10 / 19) + 9 / 19 * np.log(9 / 19)) / np.log(3)
    np.testing.assert_allclose(result.steps["entropy"], [x, y])
    np.testing.assert_allclose(result.weights, np.array([1 - x, 1 - y]) / (2 - x - y))


def test_critic_by_hand():
    # Scaled x: 0, .5, 1; y: 0, 1, .5; r = .5; both spread alike, so a half each.
    decisions = pd.DataFrame({"x": [0, 1, 2], "y": [0, 2, 1]})
    result = weigh_by_critic(decisions, directions=all_larger(decisions))
    np.testing.assert_allclose(result.weights, [0.5, 0.5])
    np.testing.assert_allclose(result.steps["standard deviation"], 0.5)
    np.testing.assert_allclose(result.steps["conflict"], 0.5)
    # Turned round, y opposes x: r = -.5.
    turned = weigh_by_critic(decisions, directions={"x": "larger", "y": "smaller"})
    np.testing.assert_allclose(turned.steps["conflict"], 1.5)


METHODS = [partial(weigh_by_entropy, scaling="min-max"), weigh_by_critic]


@pytest.mark.parametrize("weigh", METHODS)
def test_a_mirrored_criterion_with_the_other_direction_weighs_the_same(decisions, weigh):
    mirrored = decisions.assign(b=-decisions["b"])
    pd.testing.assert_series_equal(
        weigh(mirrored, directions=all_larger(decisions) | {"b": "smaller"}).weights,
        weigh(decisions, directions=all_larger(decisions)).weights,
        rtol=1e-12,
    )


@pytest.mark.parametrize("weigh", METHODS)
def test_direction_matters(decisions, weigh):
    larger = weigh(decisions, directions=all_larger(decisions)).weights
    smaller = weigh(decisions, directions=all_larger(decisions) | {"b": "smaller"}).weights
    assert abs(larger["b"] - smaller["b"]) > 1e-3


@pytest.mark.parametrize("weigh", METHODS)
def test_units_and_scales_do_not_matter(decisions, weigh):
    straight = weigh(decisions, directions=all_larger(decisions)).weights
    moved = decisions.sample(frac=1, random_state=2)[["c", "a", "d", "b"]] * [3, 7, 0.1, 100] + 5
    again = weigh(moved, directions=all_larger(decisions)).weights
    np.testing.assert_allclose(again[list("abcd")], straight, rtol=1e-10)
    assert straight.sum() == pytest.approx(1)


def test_sums_turn_costs_by_their_reciprocal(decisions):
    turned = decisions.assign(b=1 / decisions["b"])
    pd.testing.assert_series_equal(
        weigh_by_entropy(
            turned, directions=all_larger(turned) | {"b": "smaller"}, scaling="sum"
        ).weights,
        weigh_by_entropy(decisions, directions=all_larger(decisions), scaling="sum").weights,
        rtol=1e-12,
    )


def test_criteria_in_step_are_refused_by_critic():
    decisions = pd.DataFrame({"x": [1, 2, 4], "y": [10, 20, 40]})
    with pytest.raises(ModelError, match="leave nothing to weigh by"):
        weigh_by_critic(decisions, directions=all_larger(decisions))


def test_results_tell_their_steps(decisions):
    result = weigh_by_critic(decisions, directions=all_larger(decisions))
    table = result.table()
    assert list(table.columns) == ["indicator", "standard deviation", "conflict", "weight", "rank"]
    assert result.to_metrics()["n_units"] == 8
    assert result.to_metrics()["weight_a"] == result.weights["a"]


def by_pymcdm(weigh, decisions):
    from pymcdm import weights

    return getattr(weights, weigh)(decisions.to_numpy())


def test_where_directions_do_not_matter_pymcdm_agrees(decisions):
    larger = all_larger(decisions)
    found = weigh_by_entropy(decisions, directions=larger, scaling="sum").weights
    np.testing.assert_allclose(found, by_pymcdm("entropy_weights", decisions), rtol=1e-12)
    found = weigh_by_critic(decisions, directions=larger).weights
    np.testing.assert_allclose(found, by_pymcdm("critic_weights", decisions), rtol=1e-12)


def test_base_r_agrees_with_costs_among_the_criteria(measured, by_r):
    decisions, directions = measured
    entropy = weigh_by_entropy(decisions, directions=directions)
    assert entropy.method == "entropy, scaled by sum"
    np.testing.assert_allclose(
        entropy.steps["entropy"], by_r("entropy", "entropy"), rtol=1e-12, atol=0
    )
    np.testing.assert_allclose(entropy.weights, by_r("entropy", "weight"), rtol=1e-9)
    critic = weigh_by_critic(decisions, directions=directions)
    np.testing.assert_allclose(critic.weights, by_r("critic", "weight"), rtol=1e-12)


@pytest.mark.parametrize("weigh", [weigh_by_entropy, *METHODS])
def test_a_criterion_alike_in_all_units_weighs_nothing(decisions, weigh):
    larger = all_larger(decisions)
    alone = weigh(decisions, directions=larger).weights
    # 0.1 + 0.2 is not 0.3: rounding is no difference.
    level = np.where(np.arange(len(decisions)) % 2, 0.3, 0.1 + 0.2)
    found = weigh(decisions.assign(e=level), directions=larger | {"e": "smaller"})
    assert found.weights["e"] == 0
    np.testing.assert_allclose(found.weights[list("abcd")], alone, rtol=1e-12)
    assert found.table().notna().all(axis=None)


def test_zeros_and_negative_values_choose_the_scaling_openly():
    decisions = pd.DataFrame({"x": [0.0, 1, 3], "y": [2.0, 5, 4]})
    larger = all_larger(decisions)
    kept = weigh_by_entropy(decisions, directions=larger)
    assert kept.method == "entropy, scaled by sum"
    # Shares 0, 1/4, 3/4: 0 ln 0 counts as 0.
    expected = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(3)
    assert kept.steps.loc["x", "entropy"] == pytest.approx(expected)
    cost = weigh_by_entropy(decisions, directions=larger | {"x": "smaller"})
    assert cost.method == "entropy, scaled by min-max"
    negative = weigh_by_entropy(decisions - 1, directions=larger)
    assert negative.method == "entropy, scaled by min-max"


def test_both_methods_together_keep_what_fails_with_its_reason():
    in_step = pd.DataFrame({"x": [1, 2, 4], "y": [10, 20, 40]})
    found = weigh_objectively(in_step, directions=all_larger(in_step))
    assert found["entropy"].weights.tolist() == pytest.approx([0.5, 0.5])
    assert "leave nothing to weigh by" in found["CRITIC"].reason
    two = weigh_objectively(in_step.head(2), directions=all_larger(in_step))
    assert {str(one) for one in two.values()} == {
        "not available: 2 units to compare; at least 3 are needed"
    }
    missing = NotAvailable("no units")
    assert weigh_objectively(missing, directions={}) is missing


def test_refusals(decisions):
    larger = all_larger(decisions)
    with pytest.raises(DataError, match="'d' stands in the decision matrix but not in the direct"):
        weigh_by_entropy(decisions, directions=dict.fromkeys("abc", "larger"))
    with pytest.raises(SettingsError, match="direction 'more' is unknown; allowed: larger, small"):
        weigh_by_entropy(decisions, directions=larger | {"a": "more"})
    with pytest.raises(ModelError, match="the units do not differ in any criterion"):
        weigh_by_entropy(decisions * 0 + 1, directions=larger, scaling="sum")
    with pytest.raises(DataError, match="not negative, and above 0 where smaller is better"):
        weigh_by_entropy(-decisions, directions=larger, scaling="sum")
    with pytest.raises(DataError, match="missing or infinite values, the first of unit '0' in 'a'"):
        weigh_by_critic(decisions.assign(a=np.nan), directions=larger)
    with pytest.raises(DataError, match="no number: could not convert"):
        weigh_by_critic(decisions.assign(a="many"), directions=larger)
    with pytest.raises(DataError, match="unit '0' stands twice in the decision matrix"):
        weigh_by_critic(decisions.set_axis([0] * len(decisions)), directions=larger)
    with pytest.raises(ModelError, match="1 unit to compare; at least 3 are needed"):
        weigh_by_critic(decisions.head(1), directions=larger)
    with pytest.raises(ModelError, match="no criterion was measured in all units"):
        weigh_by_critic(decisions[[]], directions=larger)
    with pytest.raises(SettingsError, match="scaling 'max' is unknown; allowed: sum, min-max"):
        weigh_by_entropy(decisions, directions=larger, scaling="max")


def test_hands_on_what_is_not_available():
    missing = NotAvailable("one unit only")
    assert weigh_by_entropy(missing, directions={}) is missing

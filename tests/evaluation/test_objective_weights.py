"""Entropy and CRITIC: published examples, hand computation, laws of direction, refusals."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation import combine_weights, weigh_by_critic, weigh_by_entropy


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
    result = weigh_by_entropy(decisions, directions={"x": "larger", "y": "smaller"})
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


METHODS = [weigh_by_entropy, weigh_by_critic]


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


def test_results_tell_their_steps(decisions):
    result = weigh_by_critic(decisions, directions=all_larger(decisions))
    table = result.table()
    assert list(table.columns) == ["criterion", "standard deviation", "conflict", "weight", "rank"]
    assert result.to_metrics()["n_units"] == 8
    assert result.to_metrics()["weight_a"] == result.weights["a"]


def test_refusals(decisions):
    larger = all_larger(decisions)
    with pytest.raises(DataError, match="'d' stands in the decision matrix but not in the direct"):
        weigh_by_entropy(decisions, directions=dict.fromkeys("abc", "larger"))
    with pytest.raises(SettingsError, match="direction 'more' is unknown; allowed: larger, small"):
        weigh_by_entropy(decisions, directions=larger | {"a": "more"})
    with pytest.raises(ModelError, match="criterion 'a' is the same in all units"):
        weigh_by_entropy(decisions.assign(a=1.0), directions=larger)
    with pytest.raises(ModelError, match="nothing to weigh by"):
        weigh_by_entropy(decisions * 0 + 1, directions=larger, scaling="sum")
    with pytest.raises(DataError, match="needs positive values; choose min-max"):
        weigh_by_entropy(-decisions, directions=larger, scaling="sum")
    with pytest.raises(DataError, match="missing or infinite values"):
        weigh_by_critic(decisions.assign(a=np.nan), directions=larger)
    with pytest.raises(ModelError, match="compare units; found 1"):
        weigh_by_critic(decisions.head(1), directions=larger)
    judged = pd.Series({"a": 1.0, "b": 0.0})
    with pytest.raises(ModelError, match="no criterion has weight both in"):
        combine_weights(judged, pd.Series({"a": 0.0, "b": 1.0}))
    with pytest.raises(SettingsError, match="rule 'sum' is unknown; allowed: additive, multipl"):
        combine_weights(judged, judged, rule="sum")
    with pytest.raises(SettingsError, match="share of judged weights is 2; allowed: 0 to 1"):
        combine_weights(judged, judged, subjective_share=2)
    with pytest.raises(DataError, match="weights of the data sum to 2; allowed: 1"):
        combine_weights(judged, judged * 2)


def test_hands_on_what_is_not_available():
    missing = NotAvailable("one unit only")
    assert weigh_by_entropy(missing, directions={}) is missing

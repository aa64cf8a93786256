"""Sentences on weights: firm or not, ties, sensitivity, rank reversal, the rebuilt hierarchy."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.hierarchy.intervals import bound_weights
from crmstudy.evaluation.hierarchy.reversal import check_rank_reversal
from crmstudy.evaluation.hierarchy.sensitivity import trace_weights
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, rebuild_hierarchy
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws
from crmstudy.report.sentences.evaluation.hierarchy import (
    read_rebuilt,
    read_reversal,
    read_sensitivity,
    read_weights,
)

NAMES = ("customer_value", "loyalty", "cost")


def bound(means, spread=0.01, **settings):
    """Intervals of criteria with one indicator each, drawn around the given weights."""
    names = NAMES[: len(means)]
    rng = np.random.default_rng(1)
    drawn = np.abs(np.array(means) + spread * rng.standard_normal((4_000, len(means))))
    weights = HierarchyWeights(
        pd.Series(means, index=names), {name: pd.Series({f"{name}_one": 1.0}) for name in names}
    )
    given = {"n_experts": 5, "n_resamples": 70, "enumerated": True, "noise": 0.2} | settings
    drawn /= drawn.sum(axis=1, keepdims=True)
    local = {name: np.ones((4_000, 1)) for name in names}
    return bound_weights(WeightDraws(weights, drawn, local, **given))


def test_a_firm_order():
    text = read_weights(bound([0.6, 0.3, 0.1]))
    assert "The heaviest criterion is customer value with 60.0% (95% interval 5" in text
    assert "it is firmly before each of the others, and the heaviest in 100.0% of the draws" in text
    assert "In the 4,000 draws 5 experts are resampled (70 panels that differ, each drawn" in text
    assert "perturbed by a factor of about 1.22" in text
    assert "not that the panel is right" in text


def test_an_order_that_is_not_firm():
    text = read_weights(bound([0.42, 0.41, 0.17], spread=0.02))
    assert "but that is not firm: it is the heaviest in" in text
    assert "and loyalty is not firmly behind it." in text
    two = read_weights(bound([0.34, 0.33, 0.33], spread=0.02))
    assert "loyalty and cost are not firmly behind it" in two or (
        "cost and loyalty are not firmly behind it" in two
    )


def test_equal_weights_are_no_order():
    two = read_weights(bound([0.4, 0.4, 0.2], spread=0.02))
    assert "The heaviest criteria, customer value and loyalty, weigh the same, 40.0% each" in two
    same = read_weights(bound([1 / 3, 1 / 3, 1 / 3], spread=0.02))
    assert "All 3 criteria weigh the same, 33.3% each (95% intervals within" in same
    assert "The two criteria weigh the same, 50.0% each" in read_weights(bound([0.5, 0.5]))
    assert "heaviest criterion is" not in two + same


def test_two_criteria_one_criterion_one_expert():
    assert "it is firmly before the other, and" in read_weights(bound([0.8, 0.2]))
    assert "There is one criterion, which has all the weight." in read_weights(bound([1.0]))
    alone = read_weights(bound([0.8, 0.2], n_experts=1, n_resamples=1))
    assert "resampled" not in alone
    assert "not what other experts would say" in alone
    assert "perturbed" not in read_weights(bound([0.8, 0.2], noise=0.0))
    assert "each drawn as often" not in read_weights(bound([0.8, 0.2], enumerated=False))


def trace(scores, weights):
    columns = NAMES[: len(weights)]
    frame = pd.DataFrame(
        scores, columns=columns, index=[f"store_{i}" for i in "abc"][: len(scores)]
    )
    return read_sensitivity(trace_weights(frame, pd.Series(weights, index=columns)), what="store")


@pytest.mark.parametrize(
    ("scores", "weights", "said", "unsaid"),
    [
        (
            [[1.0, 0], [0, 1.0]],
            [0.7, 0.3],
            "if its weight fell from 0.70 to 0.50, the others in proportion, store b would lead.",
            "less than a panel",
        ),
        (
            [[1.0, 0], [0, 1.0]],
            [0.48, 0.52],
            "rose from 0.48 to 0.50, the others in proportion, store a would lead. That is less",
            "No weight of",
        ),
        (
            [[1.0, 1.0], [0.5, 0.5]],
            [0.5, 0.5],
            "Whatever weight any one of the 2 criteria is given, store a leads.",
            "nearest",
        ),
        (
            [[1.0, 1.0], [1.0, 1.0]],
            [0.5, 0.5],
            "given, store a and store b lead together.",
            "leads",
        ),
        ([[1.0, 0], [0, 1.0]], [0.5, 0.5], "store a and store b lead together; the sm", "leads."),
        ([[1.0, 0.5]], [0.5, 0.5], "There is one store only", "lead together"),
    ],
)
def test_sensitivity(scores, weights, said, unsaid):
    text = trace(scores, weights)
    assert said in text
    assert unsaid not in text


def test_sensitivity_names_weights_that_change_nothing():
    text = trace([[1.0, 0.4, 0.5], [0.2, 0.6, 0.3]], [0.5, 0.3, 0.2])
    assert "No weight of cost changes it." in text


def test_reversal():
    weights = pd.Series(1 / 3, index=["a", "b", "c"])
    local = pd.DataFrame(
        {"a": [1, 9, 1], "b": [9, 1, 1], "c": [8, 9, 1]}, index=["A", "B", "C"], dtype=float
    )
    text = read_reversal(check_rank_reversal(weights, local / local.sum()))
    assert "With distributive synthesis 1 of the 6 trials changes the order of the others" in text
    assert "(the first: when a copy of B is added, A passes B)" in text
    assert "With ideal synthesis none of the 6 trials" in text


def test_rebuilt():
    weights = HierarchyWeights(
        pd.Series({"value": 0.7, "relationship_cost": 0.3}),
        {
            "value": pd.Series({"a": 0.6, "b": 0.4}),
            "relationship_cost": pd.Series({"c": 0.5, "d": 0.5}),
        },
    )
    tree = {name: list(local.index) for name, local in weights.local.items()}
    assert read_rebuilt(rebuild_hierarchy(tree, "abcd"), weights).startswith("All 4 indicators")
    one = read_rebuilt(rebuild_hierarchy(tree, "acd"), weights)
    assert "The weight of the indicator that cannot be graded, 28.0% of the panel's, goes to" in one
    assert "nothing is left" not in one
    assert "goes to what remains under the same criterion. The evaluation" in one
    none = read_rebuilt(rebuild_hierarchy(tree, "ab"), weights)
    assert "The weight of the 2 indicators that cannot be graded, 30.0% of the panel's" in none
    assert "goes to the other criteria in proportion; nothing is left of relationship" in none
    some = read_rebuilt(rebuild_hierarchy(tree, "a"), weights)
    assert "the same criterion, or where nothing remains to the other criteria in" in some


def test_grades_stand_in_quotation_marks():
    frame = pd.DataFrame([[1.0, 0], [0, 1.0]], columns=["c_1", "c_2"], index=["good", "very poor"])
    traced = trace_weights(frame, pd.Series([0.7, 0.3], index=["c_1", "c_2"]))
    said = read_sensitivity(traced, what="grade")
    assert said.startswith("With the weights as they are, 'good' leads.")
    assert "in proportion, 'very poor' would lead." in said
    assert said.endswith("This is read under M(·, +), whichever operator decides.")


def test_absence_is_handed_on():
    missing = NotAvailable("no judgements")
    for read in (read_weights, read_sensitivity, read_reversal):
        assert read(missing) is missing
    assert read_rebuilt(missing, missing) is missing


def test_no_reversal_is_said_once():
    weights = pd.Series({"a": 0.6, "b": 0.4})
    local = pd.DataFrame({"a": [0.7, 0.2, 0.1], "b": [0.7, 0.2, 0.1]}, index=["A", "B", "C"])
    text = read_reversal(check_rank_reversal(weights, local))
    assert text == "By neither synthesis does one of the 6 trials change the order of the others."

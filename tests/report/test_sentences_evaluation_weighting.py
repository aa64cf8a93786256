"""What is said of combined weights is true of any weights."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.weighting.combine import compare_weights, weigh_units
from crmstudy.evaluation.weighting.objective import ObjectiveWeights
from crmstudy.report.sentences.evaluation.weighting import read_combination

NAMES = ["retention_rate", "service_cost", "profit_share"]


def given(*weights):
    series = pd.Series(weights, NAMES[: len(weights)])
    return ObjectiveWeights(series, pd.DataFrame(index=series.index), "given", 5)


def combine(experts, entropy, critic, **options):
    series = pd.Series(experts, NAMES[: len(experts)])
    return compare_weights(series, {"entropy": entropy, "CRITIC": critic}, **options)


def test_it_names_what_each_side_weighs_most():
    said = read_combination(
        combine([0.6, 0.3, 0.1], given(0.1, 0.2, 0.7), given(0.2, 0.6, 0.2)), remark="A toy panel."
    )
    assert said.startswith(
        "The experts weigh retention rate (60.0%) most. A toy panel. By the data"
    )
    assert "entropy weighs profit share of repeat customers (70.0%) most" in said
    assert "CRITIC weighs service cost per customer (60.0%) most" in said
    # Experts .6 .3 .1, data .15 .40 .45: .45 moves.
    assert "Between experts and data 45.0% of the weight changes its place." in said
    assert "The additive combination counts; it weighs retention rate (37.5%) most." in said
    assert "they do not say what matters" in said


def test_it_says_once_what_both_methods_say():
    said = read_combination(combine([0.6, 0.3, 0.1], given(0.1, 0.2, 0.7), given(0.2, 0.2, 0.6)))
    assert (
        "entropy and CRITIC weigh profit share of repeat customers most (70.0% and 60.0%)" in said
    )


def test_ties_and_agreement():
    said = read_combination(combine([0.4, 0.4, 0.2], given(0.4, 0.4, 0.2), given(0.4, 0.4, 0.2)))
    assert "retention rate and service cost per customer (40.0% each) most" in said
    assert "Experts and data hardly differ (0.0% of the weight)." in said
    third = 1 / 3
    even = given(third, third, third)
    said = read_combination(combine([third, third, third], even, even))
    assert said.startswith("The experts weigh all indicators alike.")
    assert "entropy weighs all indicators alike and CRITIC weighs all indicators alike" in said


def test_the_game_tells_its_shares():
    flat, steep = given(0.4, 0.35, 0.25), given(0.4, 0.35, 0.25)
    said = read_combination(combine([0.7, 0.25, 0.05], flat, steep, combination="game-theoretic"))
    assert "is the experts' share; a coefficient came out negative" in said
    said = read_combination(
        combine([0.9, 0.05, 0.05], given(0.05, 0.05, 0.9), given(0.05, 0.05, 0.9),
                combination="game-theoretic")
    )  # fmt: skip
    assert "In the game-theoretic combination 50.0% is the experts' share." in said


def test_experts_alone():
    said = read_combination(
        combine([0.5, 0.3, 0.2], given(0.1, 0.2, 0.7), given(0.2, 0.2, 0.6), combination="experts")
    )
    assert "The experts' weights count alone." in said
    lacking = NotAvailable("2 units to compare; at least 3 are needed")
    said = read_combination(combine([0.5, 0.3, 0.2], lacking, lacking))
    assert "The additive combination cannot be had; the experts' weights count." in said
    assert "Not available by entropy and CRITIC: 2 units to compare; at least 3 are needed." in said
    assert "By the data" not in said
    assert "what matters" not in said


def test_one_indicator_has_all_weight():
    said = read_combination(combine([1.0], given(1.0), NotAvailable("one criterion")))
    assert said.startswith("One indicator is weighed, retention rate: it has all weight.")
    assert "Between" not in said
    assert "combination" not in said


def test_absence_is_said():
    assert read_combination(NotAvailable("no panel")) == "Not available: no panel."


def test_the_data_alone():
    weights = {"entropy": given(0.7, 0.3), "CRITIC": given(0.5, 0.5)}
    found = weigh_units(weights, experts=NotAvailable("no table judgements"))
    said = read_combination(found)
    assert said.startswith("No expert's weights are there: no table judgements. By the data, ")
    assert "The data's weights count, the mean of their methods; they weigh" in said
    assert "Between experts and data" not in said

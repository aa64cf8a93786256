"""Where rankings change as a weight moves, and whether others coming or going reverse them."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.hierarchy.reversal import check_rank_reversal, synthesise_alternatives
from crmstudy.evaluation.hierarchy.sensitivity import (
    score_criteria,
    trace_weight,
    trace_weights,
)
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights

WEIGHTS = pd.Series({"price": 0.5, "service": 0.3, "reach": 0.2})
SCORES = pd.DataFrame(
    {"price": [1.0, 0.2, 0.5], "service": [0.0, 1.0, 0.6], "reach": [0.0, 0.5, 0.6]},
    index=["A", "B", "C"],
)


def test_switch_by_hand():
    # A scores t; B (1 - t)(.6 + .4 * .5) + .2 t = .8 - .6 t: they meet at t = .5.
    trace = trace_weight(SCORES.loc[["A", "B"]], WEIGHTS, criterion="price")
    assert trace.switches["weight"].to_list() == pytest.approx([0.5])
    assert trace.switches.loc[0, ["rises", "falls"]].to_list() == ["A", "B"]
    assert trace.lines.loc["B"].to_list() == pytest.approx([0.8, 0.5, 0.2])
    # With the weight on the crossing both lead, and any change decides.
    assert trace.first == ("A", "B")
    assert trace.stays == pytest.approx((0.5, 0.5))
    assert trace.change == pytest.approx(0)


def test_leaders_stay_until_the_next_crossing():
    weights = pd.Series({"price": 0.4, "service": 0.36, "reach": 0.24})
    trace = trace_weight(SCORES, weights, criterion="price")
    # B: .8 - .6 t, C: .6 - .1 t, A: t.
    np.testing.assert_allclose(trace.leaders["from"], [0, 0.4, 0.6 / 1.1])
    assert list(trace.leaders["first"]) == ["B", "C", "A"]
    assert trace.first == ("B", "C")
    moved = trace_weight(
        SCORES, pd.Series({"price": 0.45, "service": 0.33, "reach": 0.22}), criterion="price"
    )
    assert moved.first == ("C",)
    assert moved.stays == pytest.approx((0.4, 0.6 / 1.1))
    assert moved.change == pytest.approx(-0.05)
    assert moved.successors == ("B",)
    assert moved.order_stays == pytest.approx((0.4, 0.5))


def test_switches_are_where_a_fine_grid_finds_them():
    rng = np.random.default_rng(5)
    scores = pd.DataFrame(rng.random((6, 4)), columns=list("abcd"), index=list("UVWXYZ"))
    weights = pd.Series(rng.dirichlet(np.ones(4)), index=list("abcd"))
    trace = trace_weight(scores, weights, criterion="b")
    grid = np.linspace(0, 1, 20_001)
    rest = weights.drop("b") / (1 - weights["b"])
    heights = np.outer(scores["b"], grid) + np.outer(scores[rest.index] @ rest, 1 - grid)
    orders = np.argsort(-heights, axis=0)
    at = grid[1:][(orders[:, 1:] != orders[:, :-1]).any(axis=0)]
    np.testing.assert_allclose(trace.switches["weight"], at, atol=5.1e-5)
    first = np.array(scores.index)[orders[0]]
    told = trace.leaders["first"].to_numpy()[
        np.searchsorted(trace.leaders["from"].to_numpy(), grid[1:-1], side="right") - 1
    ]
    assert (told == first[1:-1]).mean() > 0.999


def test_order_of_alternatives_and_of_criteria_does_not_matter():
    mixed = SCORES.loc[["C", "A", "B"], ["reach", "price", "service"]]
    straight, other = trace_weights(SCORES, WEIGHTS), trace_weights(mixed, WEIGHTS)
    pd.testing.assert_frame_equal(straight.table(), other.table())
    for name, trace in straight.traces.items():
        pd.testing.assert_frame_equal(trace.switches, other.traces[name].switches)
    turned = trace_weights(SCORES, WEIGHTS[::-1])
    assert turned.to_metrics() == pytest.approx(straight.to_metrics())


def test_scaling_all_scores_moves_no_switch():
    one, other = (
        trace_weight(given, WEIGHTS, criterion="service") for given in (SCORES, 7 * SCORES - 3)
    )
    np.testing.assert_allclose(one.switches["weight"], other.switches["weight"])
    assert one.leaders["first"].to_list() == other.leaders["first"].to_list()


def test_turning_all_scores_turns_every_switch():
    one, other = (trace_weight(given, WEIGHTS, criterion="service") for given in (SCORES, -SCORES))
    np.testing.assert_allclose(one.switches["weight"], other.switches["weight"])
    assert one.switches["rises"].to_list() == other.switches["falls"].to_list()


def test_nobody_passes_the_one_who_is_best_at_everything():
    scores = pd.DataFrame({"a": [2.0, 1.0], "b": [3.0, 1.0]}, index=["best", "other"])
    found = trace_weights(scores, pd.Series({"a": 0.5, "b": 0.5}))
    assert found.nearest is None
    assert found.table()["smallest change"].isna().all()
    assert found.to_metrics() == {"n_weights": 2, "n_weights_decisive": 0}
    assert found.table()["then first"].to_list() == ["", ""]


def test_twins_lead_together_and_one_alternative_leads_alone():
    scores = pd.DataFrame({"a": [2.0, 2.0, 0], "b": [1.0, 1.0, 0]}, index=["y", "x", "z"])
    trace = trace_weight(scores, pd.Series({"a": 0.5, "b": 0.5}), criterion="a")
    assert trace.leaders["first"].to_list() == ["x, y"]
    assert trace.switches.empty
    alone = trace_weight(scores.loc[["z"]], pd.Series({"a": 0.5, "b": 0.5}), criterion="a")
    assert alone.first == ("z",)
    assert alone.stays == (0, 1)


def test_scores_of_criteria_compose_to_the_scores_of_the_goal():
    weights = HierarchyWeights(
        pd.Series({"a": 0.7, "b": 0.3}),
        {"a": pd.Series({"a1": 0.6, "a2": 0.4}), "b": pd.Series({"b1": 1.0})},
    )
    scores = pd.DataFrame({"b1": [1.0, 2], "a1": [3.0, 4], "a2": [5.0, 0]}, index=["u", "v"])
    by_criterion = score_criteria(scores, weights)
    np.testing.assert_allclose(by_criterion["a"], [3.8, 2.4])
    np.testing.assert_allclose(
        by_criterion @ weights.criteria, scores[list(weights.overall.index)] @ weights.overall
    )


@pytest.mark.parametrize(
    ("scores", "weights", "criterion", "error", "message"),
    [
        (SCORES, WEIGHTS, "prize", DataError, "'prize'.*did you mean 'price'"),
        (SCORES.drop(columns="reach"), WEIGHTS, "price", DataError, "'reach' stands in the wei"),
        (SCORES, 2 * WEIGHTS, "price", DataError, "sum to 2; allowed: 1"),
        (SCORES.replace(0.2, np.nan), WEIGHTS, "price", DataError, "scores must be numbers"),
        (SCORES[["price"]], pd.Series({"price": 1.0}), "price", ModelError, "has all the weight"),
    ],
)
def test_tracing_refuses(scores, weights, criterion, error, message):
    with pytest.raises(error, match=message):
        trace_weight(scores, weights, criterion=criterion)


def test_tracing_every_weight_needs_two_that_can_move():
    with pytest.raises(ModelError, match="one criterion has all the weight"):
        trace_weights(SCORES[["price"]], pd.Series({"price": 1.0}))
    missing = NotAvailable("no units")
    assert trace_weights(missing, WEIGHTS) is missing


# Belton & Gear (1983): three criteria of equal weight; B is judged 9 times A and C under a.
EQUAL = pd.Series(1 / 3, index=["a", "b", "c"])
BELTON_GEAR = pd.DataFrame(
    {"a": [1 / 11, 9 / 11, 1 / 11], "b": [9 / 11, 1 / 11, 1 / 11], "c": [8 / 18, 9 / 18, 1 / 18]},
    index=["A", "B", "C"],
)


def test_published_rank_reversal():
    before = synthesise_alternatives(EQUAL, BELTON_GEAR)
    np.testing.assert_allclose(before, [0.45, 0.47, 0.08], atol=5e-3)
    copied = pd.concat([BELTON_GEAR, BELTON_GEAR.loc[["B"]].rename({"B": "D"})])
    after = synthesise_alternatives(EQUAL, copied / copied.sum())
    np.testing.assert_allclose(after, [0.37, 0.29, 0.06, 0.29], atol=5e-3)
    trials = check_rank_reversal(EQUAL, BELTON_GEAR).trials.set_index(["synthesis", "change"])
    row = trials.loc[("distributive", "a copy of B is added")]
    assert (row["first before"], row["first after"], row["reversed"]) == ("B", "A", True)
    assert row["who passes whom"] == "A passes B"


def test_ideal_synthesis_is_not_moved_by_copies():
    found = check_rank_reversal(EQUAL, BELTON_GEAR)
    ideal = found.trials[found.trials["synthesis"] == "ideal"]
    assert not ideal.loc[ideal["change"].str.contains("copy"), "reversed"].any()
    # By hand: A (1/9 + 1 + 8/9), B (1 + 1/9 + 1), C (1/9 + 1/9 + 1/9), over their sum.
    np.testing.assert_allclose(found.overall["ideal"], np.array([2, 19 / 9, 1 / 3]) / (40 / 9))


def test_ideal_synthesis_is_moved_when_a_best_one_leaves():
    # Without C the best of b is B, whose .3 then counts as 1.
    weights = pd.Series({"a": 0.5, "b": 0.5})
    local = pd.DataFrame({"a": [0.5, 0.4, 0.1], "b": [0.1, 0.15, 0.75]}, index=["A", "B", "C"])
    found = check_rank_reversal(weights, local)
    row = found.trials.set_index(["synthesis", "change"]).loc[("ideal", "C is removed")]
    assert row["who passes whom"] == "B passes A"
    assert found.to_metrics()["n_reversals_ideal"] == 1


def test_a_tie_that_comes_is_no_reversal():
    # A leads B by (.2 - .15) / 2; with C twice by (.2 / 1.6 - .15 / 1.2) / 2 = 0.
    local = pd.DataFrame({"a": [0.3, 0.1, 0.6], "b": [0.325, 0.475, 0.2]}, index=["A", "B", "C"])
    found = check_rank_reversal(pd.Series({"a": 0.5, "b": 0.5}), local)
    row = found.trials.set_index(["synthesis", "change"]).loc[
        ("distributive", "a copy of C is added")
    ]
    assert "B passes A" not in row["who passes whom"]


def test_preferences_in_proportion_to_weights_reverse_alike():
    scaled = check_rank_reversal(EQUAL, BELTON_GEAR * [3, 0.5, 18])
    pd.testing.assert_frame_equal(scaled.trials, check_rank_reversal(EQUAL, BELTON_GEAR).trials)
    with pytest.raises(ModelError, match="no alternative has a weight under b"):
        check_rank_reversal(EQUAL, BELTON_GEAR * [1, 0, 1])
    with pytest.raises(DataError, match="weights of a: 'A' has -"):
        check_rank_reversal(
            EQUAL, BELTON_GEAR * pd.Series({"A": -0.1, "B": 1, "C": 1}).to_frame().to_numpy()
        )


def test_no_reversal_with_one_criterion_and_any_order_of_names():
    weights, local = pd.Series({"a": 1.0}), BELTON_GEAR[["a"]]
    assert not check_rank_reversal(weights, local).trials["reversed"].any()
    one, other = (
        check_rank_reversal(EQUAL, given).to_metrics()
        for given in (BELTON_GEAR, BELTON_GEAR.loc[["C", "B", "A"], ["b", "c", "a"]])
    )
    assert one == other


def test_removing_the_only_one_with_a_weight_leaves_the_others_equal():
    local = pd.DataFrame({"a": [1.0, 0.0, 0.0], "b": [0.2, 0.5, 0.3]}, index=["A", "B", "C"])
    found = check_rank_reversal(pd.Series({"a": 0.5, "b": 0.5}), local)
    row = found.trials.set_index(["synthesis", "change"]).loc[("distributive", "A is removed")]
    assert row["first after"] == "B"


def test_two_alternatives_are_not_removed_and_one_is_refused():
    found = check_rank_reversal(EQUAL, BELTON_GEAR.iloc[:2] / BELTON_GEAR.iloc[:2].sum())
    assert found.trials["change"].str.contains("copy").all()
    with pytest.raises(ModelError, match="fewer than two alternatives"):
        check_rank_reversal(EQUAL, BELTON_GEAR.iloc[:1] / BELTON_GEAR.iloc[:1])
    with pytest.raises(SettingsError, match="synthesis 'best' is unknown; allowed: distributive"):
        synthesise_alternatives(EQUAL, BELTON_GEAR, synthesis="best")
    with pytest.raises(DataError, match="weights of a sum to 2"):
        synthesise_alternatives(EQUAL, BELTON_GEAR * 2)

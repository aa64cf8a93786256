"""Aggregations and exclusion side by side, experts' weights, consistency of a hierarchy."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, attempt
from crmstudy.evaluation.groups.comparing import compare_aggregations, compare_exclusion
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.consistency import (
    hierarchical_consistency,
    tabulate_hierarchical_consistency,
)

TREE = {"satisfaction": ["product", "service"], "loyalty": ["repeat", "recommend", "retain"]}
TRIADS = {"E1": (2, 4, 2), "E2": (3, 5, 2), "E3": (2, 1 / 3, 4)}


@pytest.fixture
def panel(long):
    """Three experts; the third goes in a circle on loyalty."""

    def write(triads=TRIADS) -> pd.DataFrame:
        parts = []
        for number, (expert, loyal) in enumerate(triads.items()):
            parts += [
                long(list(TREE), [2 + number], "criteria", expert),
                long(TREE["satisfaction"], [3 - number / 2], "satisfaction", expert),
                long(TREE["loyalty"], loyal, "loyalty", expert),
            ]
        return pd.concat(parts, ignore_index=True)

    return write


def test_each_way_is_that_of_its_own_run(panel):
    table = panel()
    found = compare_aggregations(prioritise_hierarchy(table, hierarchy=TREE))
    for way, settings in {
        "judgements, geometric mean": {"aggregation": "judgements"},
        "priorities, arithmetic mean": {"aggregation": "priorities"},
        "priorities, geometric mean": {"aggregation": "priorities", "mean": "geometric"},
    }.items():
        result = prioritise_hierarchy(table, hierarchy=TREE, **settings)
        np.testing.assert_allclose(found.ways[way].overall, result.weights.overall, rtol=1e-12)
        assert compare_aggregations(result).chosen == way
    frame = found.table()
    assert list(frame["level"]) == ["criterion"] * 2 + ["indicator"] * 5
    ways = frame[list(found.ways)]
    np.testing.assert_allclose(
        frame["largest difference"], ways.max(axis=1) - ways.min(axis=1), rtol=1e-12
    )
    indicators = frame[frame["level"] == "indicator"]
    assert found.to_metrics()["largest_difference"] == indicators["largest difference"].max()


def test_geometric_means_make_both_ways_the_same(panel):
    # The geometric mean of row geometric means is that of the pooled rows.
    found = compare_aggregations(
        prioritise_hierarchy(panel(), hierarchy=TREE, method="geometric_mean")
    )
    first, last = found.ways["judgements, geometric mean"], found.ways["priorities, geometric mean"]
    np.testing.assert_allclose(first.overall, last.overall, rtol=1e-12)


def test_one_expert_is_the_same_in_every_way(panel):
    found = compare_aggregations(prioritise_hierarchy(panel({"E1": (2, 4, 2)}), hierarchy=TREE))
    assert found.largest_difference == pytest.approx(0, abs=1e-12)
    assert found.same_order


@pytest.mark.parametrize(("rule", "chosen"), [("keep", 0), ("exclude", 1)])
def test_exclusion_says_what_it_did_or_would_have_done(panel, rule, chosen):
    table = panel()
    result = prioritise_hierarchy(table, hierarchy=TREE, over_limit=rule)
    found = compare_exclusion(result)
    assert found.chosen == list(found.ways)[chosen]
    np.testing.assert_allclose(found.ways[found.chosen].overall, result.weights.overall, rtol=1e-12)
    without = prioritise_hierarchy(table[table["expert"] != "E3"], hierarchy=TREE)
    np.testing.assert_allclose(
        found.ways["without those over the limit"].overall, without.weights.overall, rtol=1e-12
    )
    np.testing.assert_allclose(
        found.ways["all experts"].overall,
        prioritise_hierarchy(table, hierarchy=TREE).weights.overall,
        rtol=1e-12,
    )


def test_exclusion_of_nobody_changes_nothing_at_all(panel):
    agreed = panel({"E1": (2, 4, 2), "E2": (2, 3, 2), "E3": (3, 6, 2)})
    # Shares of 1/6, 4/6 and 1/6 do not add up to 1 exactly.
    years = {"E1": 1, "E2": 4, "E3": 1}
    result = prioritise_hierarchy(agreed, hierarchy=TREE, expert_weights=years)
    assert result.given.sum() != 1
    found = compare_exclusion(result)
    assert found.largest_difference == 0
    assert found.table()["largest difference"].eq(0).all()


def test_exclusion_of_everybody_is_not_available(panel):
    table = panel({"E1": (2, 1 / 3, 4), "E2": (3, 1 / 5, 4)})
    found = compare_exclusion(prioritise_hierarchy(table, hierarchy=TREE))
    assert isinstance(found.ways["without those over the limit"], NotAvailable)
    assert found.chosen == "all experts"
    assert list(found.table().columns) == ["level", "name", "all experts", "largest difference"]
    with pytest.raises(ModelError, match=r"all 2 experts .* limit of consistency \(0.1\)"):
        prioritise_hierarchy(table, hierarchy=TREE, over_limit="exclude")
    missing = attempt(prioritise_hierarchy, table, hierarchy=TREE, over_limit="exclude")
    assert compare_exclusion(missing) is missing
    assert compare_aggregations(missing) is missing
    assert tabulate_hierarchical_consistency(missing) is missing


def test_weights_of_experts_are_divided_by_their_sum(panel):
    table = panel()
    years = {"E3": 2, "E1": 10, "E2": 8}
    result = prioritise_hierarchy(table, hierarchy=TREE, expert_weights=years)
    assert result.given.to_dict() == pytest.approx({"E1": 0.5, "E2": 0.4, "E3": 0.1})
    shares = {name: value / 20 for name, value in years.items()}
    same = prioritise_hierarchy(table, hierarchy=TREE, expert_weights=shares)
    np.testing.assert_allclose(result.weights.overall, same.weights.overall, rtol=1e-12)
    equal = prioritise_hierarchy(table, hierarchy=TREE, expert_weights={})
    assert equal.given.to_dict() == pytest.approx(dict.fromkeys(TRIADS, 1 / 3))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"E1": 1, "E2": 1, "E3": 1, "E33": 1}, r"given for .*E33; allowed: E1, E2, E3; .*did you"),
        ({"E1": 1, "E2": 1}, "given for E1, E2; allowed: E1, E2, E3"),
        ({"E1": 1, "E2": 2, "E3": -1}, "'E3' has -0.5; allowed: 0 or more"),
        ({"E1": 0, "E2": 0, "E3": 0}, "sum to 0"),
    ],
)
def test_weights_of_experts_are_refused(panel, weights, message):
    with pytest.raises(DataError, match=message):
        prioritise_hierarchy(panel(), hierarchy=TREE, expert_weights=weights)


def test_unknown_mean_is_refused(panel):
    with pytest.raises(SettingsError, match="mean 'median' is unknown; allowed: arithmetic"):
        prioritise_hierarchy(panel(), hierarchy=TREE, mean="median")


def test_consistency_of_a_hierarchy_by_hand():
    # (.03 + .6 * .05 + .4 * .01) / (.90 + .6 * .58 + .4 * .58)
    ratio = hierarchical_consistency([0.03, 0.05, 0.01], [0.90, 0.58, 0.58], [1, 0.6, 0.4])
    assert ratio == pytest.approx(0.064 / 1.48)
    assert hierarchical_consistency([0, 0], [0, 0], [1, 1]) == 0


def test_consistency_of_a_hierarchy_by_expert(panel):
    result = prioritise_hierarchy(panel(), hierarchy=TREE)
    table = tabulate_hierarchical_consistency(result).set_index("expert")
    assert list(table.index) == ["E1", "E2", "E3", "the group"]
    ratio = table["consistency ratio of the hierarchy"]
    # Matrices of two names have neither index, so what is left is that of loyalty.
    rows = result.consistency.set_index(["expert", "matrix"])["consistency ratio"]
    assert ratio["E2"] == pytest.approx(rows["E2", "loyalty"])
    assert ratio["the group"] == pytest.approx(result.group["loyalty"].cr)
    assert list(table["hierarchy within limit"]) == list(ratio < 0.1)
    assert not table.loc["E3", "hierarchy within limit"]


def test_consistency_weighs_matrices_by_their_criterion(long):
    tree = {name: [f"{name}{i}" for i in range(3)] for name in "abc"}
    triads = {"criteria": (2, 6, 2), "a": (2, 3, 2), "b": (4, 5, 2), "c": (3, 3, 3)}
    table = pd.concat(
        [long(tree.get(name, list(tree)), triad, name) for name, triad in triads.items()]
    )
    result = prioritise_hierarchy(table, hierarchy=tree)
    own = tabulate_hierarchical_consistency(result).set_index("expert")
    ci = {name: one.ci for name, one in result.group.items()}
    weights = result.weights.criteria
    found = ci["criteria"] + sum(weights[name] * ci[name] for name in tree)
    expected = found / (0.52 * 2)
    column = "consistency ratio of the hierarchy"
    assert own.loc["E1", column] == pytest.approx(expected)
    assert own.loc["the group", column] == pytest.approx(expected)

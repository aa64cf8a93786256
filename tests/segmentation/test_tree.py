from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import failed
from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.trees.tree import (
    collapse_nodes,
    fit_tree_segments,
    grow_leaves,
    list_pruned,
)
from crmstudy.segmentation.trees.value_tree import grow_tree

REFERENCE = Path(__file__).parents[1] / "reference" / "regression_tree"
CRITERIA = ["a", "b", "c", "d"]


def read_cases() -> tuple[np.ndarray, np.ndarray]:
    cases = pd.read_csv(REFERENCE / "cases.csv")
    return cases[CRITERIA].to_numpy(dtype=float), cases["y"].to_numpy()


def make_case(n: int = 400, seed: int = 0) -> tuple[Space, pd.Series, pd.DataFrame]:
    """Visits above 6 double the value, and below them the channel decides."""
    draw = np.random.default_rng(seed)
    index = pd.Index([f"c{i:04}" for i in range(n)], name="customer_id")
    frame = pd.DataFrame(
        {
            "visits": draw.integers(1, 13, n),
            "spend": draw.gamma(2.0, 50.0, n),
            "channel": np.where(draw.random(n) < 0.5, "web", "store"),
        },
        index=index,
    )
    web = frame["channel"] == "web"
    logged = np.select([frame["visits"] > 6, web], [6.0, 4.0], 3.0) + draw.normal(0, 0.3, n)
    outcome = pd.Series(np.expm1(logged), index=index, name="revenue")
    return build_space(frame, name="behavioural"), outcome, frame


def test_pruned_trees_and_their_costs_are_those_of_rpart():
    expected = pd.read_csv(REFERENCE / "pruned.csv")
    sizes, alphas, _ = list_pruned(*read_cases(), n_leaves=1_000)
    assert sizes == expected["leaves"].tolist()
    assert alphas == pytest.approx(expected["alpha"].to_numpy(), abs=1e-9)


@pytest.mark.parametrize("leaves", [2, 3, 4, 5, 6])
def test_splits_are_those_of_rpart(leaves):
    expected = pd.read_csv(REFERENCE / "nodes.csv").query("leaves == @leaves")
    points, target = read_cases()
    sizes, _, between = list_pruned(points, target, n_leaves=1_000)
    alpha = between[sizes.index(leaves)]
    tree = grow_leaves(points, target, n_leaves=1_000, seed=0, alpha=alpha).tree_
    inner = expected[expected["variable"].notna()]
    ours = sorted(zip(tree.feature, tree.threshold, strict=True))[-len(inner) :]
    theirs = sorted((CRITERIA.index(v), t) for v, t in inner[["variable", "threshold"]].to_numpy())
    assert [column for column, _ in ours] == [column for column, _ in theirs]
    assert [at for _, at in ours] == pytest.approx([at for _, at in theirs], rel=1e-7)  # 32 bits
    for name, values in {
        "n": tree.n_node_samples,
        "mean": tree.value[:, 0, 0],
        "deviance": tree.impurity * tree.n_node_samples,
    }.items():
        assert sorted(values) == pytest.approx(sorted(expected[name]), rel=1e-9), name


def test_the_error_of_the_sample_is_that_of_rpart():
    expected = pd.read_csv(REFERENCE / "pruned.csv")
    points, target = read_cases()
    _, _, between = list_pruned(points, target, n_leaves=1_000)
    total = ((target - target.mean()) ** 2).sum()
    for alpha, error in zip(between, expected["error"], strict=True):
        tree = grow_leaves(points, target, n_leaves=1_000, seed=0, alpha=alpha)
        found = ((target - tree.predict(points)) ** 2).sum() / total
        assert found == pytest.approx(error, abs=1e-9)


def test_known_rules_are_recovered_in_their_own_units():
    space, outcome, frame = make_case()
    result = grow_tree(space, outcome, seed=1, originals=frame)
    assert result.n_segments == 3
    bounds = result.bounds.set_index(["segment", "variable"])
    assert bounds.loc[(1, "visits"), "lower"] == 6
    assert bounds.loc[(2, "visits"), "upper"] == 6
    assert set(result.bounds["variable"]) == {"visits", "channel"}
    truth = np.select([frame["visits"] > 6, frame["channel"] == "web"], [1, 2], 3)
    assert result.labels.reindex(frame.index).tolist() == truth.tolist()
    assert result.units == {"visits": True, "spend": True, "channel": True}
    assert 0 < result.error < 0.2
    assert not failed(result.checks)


def test_rules_in_words_hold_for_each_customer():
    space, outcome, frame = make_case(seed=4)
    result = grow_tree(space, outcome, seed=1, n_segments=7, originals=frame)
    numbers = frame.assign(**{f"channel: {c}": frame["channel"] == c for c in ("web", "store")})
    for segment, rules in result.bounds.groupby("segment"):
        inside = pd.Series(True, index=frame.index)
        for rule in rules.to_dict("records"):
            name = f"{rule['variable']}: {rule['level']}" if rule["level"] else rule["variable"]
            value = numbers[name].astype(float)
            inside &= (value > rule["lower"]) & (value <= rule["upper"])
        assert (inside == (result.labels.reindex(frame.index) == segment)).all()


def test_leaves_add_up_and_fall():
    space, outcome, _ = make_case()
    leaves = grow_tree(space, outcome, seed=1, n_segments=5).leaves
    assert leaves["n_customers"].sum() == 400
    assert leaves["share_value"].sum() == pytest.approx(1.0)
    assert leaves["value"].sum() == pytest.approx(outcome.sum())
    assert leaves["mean"].is_monotonic_decreasing
    assert (leaves["lower"] < leaves["mean"]).all()


def test_nothing_to_foretell_keeps_one_segment_and_fails_the_check():
    space, outcome, _ = make_case()
    shuffled = pd.Series(
        np.random.default_rng(3).permutation(outcome.to_numpy()), index=outcome.index
    )
    result = grow_tree(space, shuffled, seed=1)
    assert result.n_segments == 1
    assert result.bounds.empty
    assert failed(result.checks)
    assert result.leaves.loc[1, "share_value"] == 1.0


def test_segments_asked_for_are_grown_and_chosen_ones_marked():
    space, outcome, _ = make_case()
    labels = fit_tree_segments(
        space, n_segments=4, seed=1, target=np.log1p(outcome.loc[space.customers].to_numpy())
    )(space)
    assert sorted(set(labels)) == [0, 1, 2, 3]
    result = grow_tree(space, outcome, seed=1, n_segments=3)
    assert result.choice.index[result.choice["chosen"]].tolist() == [3]
    assert result.choice["error"].iloc[0] == pytest.approx(1.0)


def test_rounding_is_not_taken_for_a_difference():
    space, _, frame = make_case()
    kind = [frame["visits"] > 6, frame["channel"] == "web"]
    value = pd.Series(np.select(kind, [400.0, 50.0], 9.0), index=frame.index)
    target = np.log1p(value.loc[space.customers].to_numpy())
    labels = fit_tree_segments(space, n_segments=6, seed=1, target=target)(space)
    assert len(set(labels)) == 3


@pytest.mark.parametrize("seed", range(5))
def test_collapsed_nodes_are_those_that_scikit_learn_prunes(seed):
    draw = np.random.default_rng(seed)
    points, target = draw.normal(size=(300, 3)), draw.normal(size=300)
    whole = grow_leaves(points, target, n_leaves=12, seed=0)
    for alpha in list_pruned(points, target)[2]:
        pruned = grow_leaves(points, target, n_leaves=12, seed=0, alpha=alpha)
        leaf = collapse_nodes(whole, alpha)[whole.apply(points)]
        assert whole.tree_.value[leaf, 0, 0] == pytest.approx(pruned.predict(points), abs=1e-12)


def test_assigned_labels_fall_with_the_target():
    space, outcome, _ = make_case()
    target = outcome.loc[space.customers].to_numpy()
    labels = fit_tree_segments(space, n_segments=5, seed=1, target=target)(space)
    assert pd.Series(target).groupby(labels).mean().is_monotonic_decreasing


def test_result_does_not_depend_on_order_or_run():
    space, outcome, frame = make_case()
    mixed = space.take(np.random.default_rng(9).permutation(400))
    first = grow_tree(space, outcome, seed=1, originals=frame)
    second = grow_tree(
        mixed, outcome.sample(frac=1, random_state=2), seed=1, originals=frame.iloc[::-1]
    )
    assert first.to_metrics() == second.to_metrics()
    for name in ("leaves", "nodes", "bounds", "choice"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
    target = np.log1p(outcome.loc[space.customers].to_numpy())
    other = np.log1p(outcome.loc[mixed.customers].to_numpy())
    one = fit_tree_segments(space, n_segments=4, seed=1, target=target)(space)
    assert (one == fit_tree_segments(mixed, n_segments=4, seed=1, target=other)(space)).all()


def test_logarithm_or_unit_of_a_variable_does_not_move_the_tree():
    space, outcome, frame = make_case()
    plain = build_space(frame, name="behavioural", log=False, standardise="none")
    first = grow_tree(space, outcome, seed=1, n_segments=6, originals=frame)
    second = grow_tree(plain, outcome, seed=1, n_segments=6, originals=frame)
    pd.testing.assert_frame_equal(first.leaves, second.leaves)
    pd.testing.assert_frame_equal(first.bounds, second.bounds, rtol=1e-9)


def test_bad_outcomes_are_refused():
    space, outcome, _ = make_case()
    with pytest.raises(ModelError, match="needs the value of a later period"):
        fit_tree_segments(space, n_segments=3, seed=1)
    with pytest.raises(ModelError, match="needs 60 customers with an outcome, not 30"):
        grow_tree(space, outcome.iloc[:30], seed=1)
    with pytest.raises(ModelError, match="equal for all customers"):
        grow_tree(space, outcome * 0, seed=1)
    with pytest.raises(ModelError, match="positive sum"):
        grow_tree(space, -outcome, seed=1)
    with pytest.raises(DataError, match="'c0000' twice"):
        grow_tree(space, pd.concat([outcome, outcome.iloc[:1]]), seed=1)
    missing = NotAvailable("no later period")
    assert grow_tree(space, missing, seed=1) is missing

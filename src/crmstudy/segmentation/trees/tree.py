"""Regression trees: grown, pruned by cost-complexity, and taken as segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError
from crmstudy.segmentation.clusters.stability import SMALLEST_SHARE
from crmstudy.segmentation.criteria.space import Space
from crmstudy.statistics.draws import draw_seeds

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.bool_]

LARGEST = 12  # leaves of the tree that is pruned; more are hard to serve apart
FEWEST_IN_LEAF = 10  # customers, and 2% of all
N_FOLDS = 10
ROUNDING = 1e-12  # share of the variance that a split must lower, or be blamed on rounding


def fit_tree_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Callable[[Space], npt.NDArray[np.int64]]:
    """Segment customers by the leaves of a regression tree on a target.

    Each split is the one that lowers the sum of squares of the target most; leaves hold 2%
    of the customers and 10 at least.

    Parameters
    ----------
    space : Space
        Customers to learn from.
    n_segments : int
        Leaves, at most: fewer where no split lowers the sum of squares.
    seed : int
        Decides among splits that are equally good.
    target : array of shape (n_customers,)
        What the segments shall foretell, on the scale on which squared errors make sense.

    Returns
    -------
    callable
        Assigns any space of the same block: integers from 0, by falling mean of the target.

    Raises
    ------
    ModelError
        If there is no target.

    References
    ----------
    Breiman, L., Friedman, J. H., Olshen, R. A., & Stone, C. J. (1984). Classification and
    Regression Trees. Wadsworth.
    """
    if target is None:
        raise ModelError("a decision tree needs the value of a later period to split by")
    order = np.lexsort((target, *space.points.T[::-1]))
    tree = grow_leaves(space.points[order], target[order], n_leaves=n_segments, seed=seed)
    rank = rank_leaves(tree, tree.tree_.value[:, 0, 0])
    return lambda others: rank[tree.apply(others.points)] - 1


def grow_leaves(
    points: Floats, target: Floats, *, n_leaves: int, seed: int, alpha: float = 0.0
) -> DecisionTreeRegressor:
    """Grow the tree split by split, the best one first, and prune it at a cost of leaves."""
    from sklearn.tree import DecisionTreeRegressor

    smallest = max(int(np.ceil(SMALLEST_SHARE * len(points))), FEWEST_IN_LEAF)
    return DecisionTreeRegressor(
        max_leaf_nodes=max(n_leaves, 2),
        min_samples_leaf=smallest,
        min_impurity_decrease=ROUNDING * float(target.var()),
        ccp_alpha=alpha,
        random_state=seed % 2**32,
    ).fit(points, target)


def rank_leaves(tree: DecisionTreeRegressor, means: Floats) -> npt.NDArray[np.int64]:
    """Number the leaves 1, 2, ... by falling mean; 0 for nodes within the tree.

    Parameters
    ----------
    means : array
        Indexed by node; as long as the highest leaf needs.
    """
    grown = tree.tree_
    leaves = np.flatnonzero(grown.children_left < 0)
    rank = np.zeros(grown.node_count, dtype=np.int64)
    falling = leaves[np.argsort(-means[leaves], kind="stable")]
    rank[falling] = np.arange(1, len(leaves) + 1)
    return rank


def choose_pruned(
    points: Floats, target: Floats, *, seed: int, n_segments: int
) -> tuple[pd.DataFrame, float, float]:
    """Cross-validate the pruned trees, and the tree asked for.

    Returns
    -------
    DataFrame indexed by n_segments
        ``complexity``, ``error``, ``standard_error``, ``chosen``, ``pruned_at``.
    error, standard_error : float
        Of the tree asked for, or chosen.
    """
    sizes, alphas, between = list_pruned(points, target)
    fold = np.random.default_rng(draw_seeds(seed, stage=51, n=1)[0]).permutation(len(points))
    settings = [(LARGEST, alpha) for alpha in between]
    if n_segments:
        settings.append((n_segments, 0.0))
    error, standard_error = _cross_validate(points, target, fold % N_FOLDS, settings)
    pruned = slice(0, len(sizes))
    least = int(error[pruned].argmin())
    within = error[pruned] <= error[least] + standard_error[least] + ROUNDING
    best = int(np.flatnonzero(within)[0])  # from the smallest tree to the largest
    choice = pd.DataFrame(
        {
            "complexity": alphas,
            "error": error[pruned],
            "standard_error": standard_error[pruned],
            "chosen": np.array(sizes) == (n_segments or sizes[best]),
            "pruned_at": between,
        },
        index=pd.Index(sizes, name="n_segments"),
    )
    shown = -1 if n_segments else best
    return choice, float(error[shown]), float(standard_error[shown])


def list_pruned(
    points: Floats, target: Floats, *, n_leaves: int = LARGEST
) -> tuple[list[int], list[float], list[float]]:
    """List the trees of cost-complexity pruning, from the root to the largest.

    Returns
    -------
    sizes : list of int
        Leaves of each tree.
    alphas : list of float
        The cost of a leaf from which on the tree is the best one, in squared units of the
        target a customer.
    between : list of float
        A cost inside the range in which it is the best: the geometric mean of its ends.
    """
    whole = grow_leaves(points, target, n_leaves=n_leaves, seed=0)
    path = whole.cost_complexity_pruning_path(points, target).ccp_alphas
    alphas = np.maximum(path[::-1], 0.0)
    leaves = np.flatnonzero(whole.tree_.children_left < 0)
    ends = np.concatenate([[alphas[0] * 4 or 1.0], alphas])
    sizes, kept, between = [], [], []
    for alpha, above in zip(alphas, ends[:-1], strict=True):
        inside = float(np.sqrt(alpha * above))
        size = len(np.unique(collapse_nodes(whole, inside)[leaves]))
        if size not in sizes:
            sizes.append(size)
            kept.append(float(alpha))
            between.append(inside)
    return sizes, kept, between


def collapse_nodes(tree: DecisionTreeRegressor, alpha: float) -> npt.NDArray[np.intp]:
    """Prune a grown tree at a cost of leaves, without growing it again.

    Returns
    -------
    array of int
        For each node the node of the pruned tree that it belongs to: itself, or the
        ancestor that has become a leaf.
    """
    grown = tree.tree_
    left, right = grown.children_left, grown.children_right
    cost = grown.impurity * grown.weighted_n_node_samples / grown.weighted_n_node_samples[0]
    belongs, parents = np.arange(grown.node_count), np.zeros(grown.node_count, dtype=np.intp)
    inner = np.flatnonzero(left >= 0)
    parents[left[inner]] = parents[right[inner]] = inner
    cut: set[int] = set()
    while True:
        below, leaves = cost.copy(), np.ones(grown.node_count)
        weakest, least = -1, np.inf
        for node in range(grown.node_count - 1, -1, -1):  # children come after their parents
            if left[node] < 0 or node in cut:
                continue
            below[node] = below[left[node]] + below[right[node]]
            leaves[node] = leaves[left[node]] + leaves[right[node]]
            gain = (cost[node] - below[node]) / (leaves[node] - 1)
            if belongs[node] == node and gain < least:
                weakest, least = node, gain
        if weakest < 0 or least > alpha:
            return belongs
        cut.add(weakest)
        for node in range(weakest + 1, grown.node_count):
            if belongs[parents[node]] == weakest:
                belongs[node] = weakest


def _cross_validate(
    points: Floats,
    target: Floats,
    fold: npt.NDArray[np.intp],
    settings: list[tuple[int, float]],
) -> tuple[Floats, Floats]:
    squared = np.zeros((len(settings), len(points)))
    around = np.zeros(len(points))
    for held in range(N_FOLDS):
        old, new = fold != held, fold == held
        around[new] = (target[new] - target[old].mean()) ** 2
        grown = {k: _apply(points, target, old, new, k) for k in {k for k, _ in settings}}
        for row, (n_leaves, alpha) in enumerate(settings):
            tree, node = grown[n_leaves]
            predicted = tree.tree_.value[collapse_nodes(tree, alpha)[node], 0, 0]
            squared[row, new] = (target[new] - predicted) ** 2
    total = around.mean()
    return squared.mean(axis=1) / total, squared.std(axis=1) / np.sqrt(len(points)) / total


def _apply(
    points: Floats, target: Floats, old: Rows, new: Rows, n_leaves: int
) -> tuple[DecisionTreeRegressor, npt.NDArray[np.intp]]:
    """Grow a tree from the old customers, and find the leaves of the new ones."""
    tree = grow_leaves(points[old], target[old], n_leaves=n_leaves, seed=0)
    return tree, tree.apply(points[new])

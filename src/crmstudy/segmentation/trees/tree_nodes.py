"""A grown tree read off node by node, with thresholds in the units of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.segmentation.criteria.spread import SpreadVariables

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

Floats = npt.NDArray[np.float64]


def describe_nodes(
    tree: DecisionTreeRegressor,
    rank: npt.NDArray[np.int64],
    spread: SpreadVariables,
    value: Floats,
    originals: pd.DataFrame | None,
) -> pd.DataFrame:
    """Describe the nodes of a tree, see :class:`~crmstudy.segmentation.trees.tree.TreeResult`.

    Parameters
    ----------
    tree, rank
        The tree, and the segment of each of its nodes.
    spread : SpreadVariables
        The columns that the tree was grown on.
    value : array of shape (n_customers,)
        What it foretells, in its own unit.
    originals : DataFrame, optional
        The variables in their own units, customers as in ``spread``.
    """
    grown = tree.tree_
    inside = tree.decision_path(spread.values).toarray().astype(bool)
    parent, depth = _climb(grown.children_left, grown.children_right)
    splits = [
        _describe_split(spread, originals, int(column), float(threshold))
        for column, threshold in zip(grown.feature, grown.threshold, strict=True)
    ]
    nodes = pd.DataFrame(splits, columns=["variable", "level", "threshold", "own_unit"])
    ordered = np.sort(value)  # of the same sums for any order of the customers
    order = np.argsort(value, kind="stable")
    nodes["parent"], nodes["depth"] = parent, depth
    nodes["left"], nodes["right"] = grown.children_left, grown.children_right
    nodes["n_customers"] = inside.sum(axis=0)
    nodes["mean"] = [float(ordered[members].mean()) for members in inside[order].T]
    nodes["segment"] = rank
    return nodes.rename_axis("node")


def _climb(
    left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    parent, depth = np.full(len(left), -1), np.zeros(len(left), dtype=np.intp)
    for node in range(len(left)):  # children come after their parents
        for child in (left[node], right[node]):
            if child >= 0:
                parent[child], depth[child] = node, depth[node] + 1
    return parent, depth


def _describe_split(
    spread: SpreadVariables, originals: pd.DataFrame | None, column: int, threshold: float
) -> tuple[str, str, float, bool]:
    if column < 0:
        return "", "", 0.0, False
    variable, level = spread.variables[column], spread.levels[column]
    if level or originals is None or variable not in originals.columns:
        return variable, level, threshold, False
    own = originals[variable].to_numpy(dtype=np.float64)
    # scikit-learn's trees compare numbers of 32 bits.
    below = spread.values[:, column].astype(np.float32) <= threshold
    halfway = (np.nanmax(own[below]) + np.nanmin(own[~below])) / 2
    whole = bool((own[~np.isnan(own)] % 1 == 0).all())  # up to 4 purchases, not up to 4.5
    return variable, level, float(np.floor(halfway) if whole else halfway), True


def bound_leaves(nodes: pd.DataFrame) -> pd.DataFrame:
    """Join the splits on the way to each leaf: one row a segment and variable.

    Returns
    -------
    DataFrame
        ``segment``, ``variable``, ``level``, ``lower``, ``upper``, ordered by segment and by
        the first split on the variable; no row for a tree without splits.
    """
    rows = []
    names = list(zip(nodes["variable"], nodes["level"], strict=True))
    thresholds = nodes["threshold"].to_numpy(dtype=np.float64)
    leaves = nodes[nodes["segment"] > 0].sort_values("segment")
    for leaf, segment in leaves["segment"].items():
        bounds: dict[tuple[str, str], tuple[float, float]] = {}
        for node, side in reversed(_walk_up(nodes, int(str(leaf)))):
            key = names[node]
            lower, upper = bounds.get(key, (-np.inf, np.inf))
            at = thresholds[node]
            bounds[key] = (lower, min(upper, at)) if side == "left" else (max(lower, at), upper)
        rows += [(segment, *key, *ends) for key, ends in bounds.items()]
    return pd.DataFrame(rows, columns=["segment", "variable", "level", "lower", "upper"])


def _walk_up(nodes: pd.DataFrame, node: int) -> list[tuple[int, str]]:
    parents, left = nodes["parent"].to_numpy(), nodes["left"].to_numpy()
    steps = []
    while (parent := int(parents[node])) >= 0:
        steps.append((parent, "left" if left[parent] == node else "right"))
        node = parent
    return steps

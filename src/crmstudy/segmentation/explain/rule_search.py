"""The search for the rule that finds one segment: trees, their leaves, and which is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

DIGITS = 3  # of a threshold: customers can remember a rule


@dataclass(frozen=True)
class Condition:
    """One side of a rule: a feature above, or at most, a threshold; or a level.

    Parameters
    ----------
    feature : str
        Column of the features.
    level : str
        Level of a category; empty for a number.
    above : bool
        Whether values above the threshold are meant (of a level: having it).
    threshold : float
        Of a number, in its own unit.
    """

    feature: str
    level: str
    above: bool
    threshold: float

    def holds(self, features: pd.DataFrame) -> Booleans:
        """Say for which rows it holds."""
        if self.level:
            same = (features[self.feature].astype("str") == self.level).to_numpy()
            return same if self.above else ~same
        values = features[self.feature].to_numpy(dtype=float)
        return values > self.threshold if self.above else values <= self.threshold


@dataclass(frozen=True)
class Column:
    """One feature or one level of one, as numbers a tree can cut."""

    feature: str
    level: str
    values: Floats


@dataclass(frozen=True)
class FoundRule:
    """A rule, the depth of its tree, and how it does on customers it was not made from."""

    conditions: tuple[Condition, ...]
    depth: int
    coverage: float
    purity: float


def encode_features(features: pd.DataFrame) -> list[Column]:
    """List every number, and every level of a category as 0 and 1."""
    columns = []
    for name in features.columns:
        values = features[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns.append(Column(str(name), "", values.to_numpy(dtype=float)))
            continue
        text = values.astype("str")
        for level in sorted(text.unique()):
            columns.append(Column(str(name), level, (text == level).to_numpy(dtype=float)))
    return columns


def find_rule(
    columns: Sequence[Column], inside: Booleans, folds: npt.NDArray[np.intp], most: int, leaf: int
) -> FoundRule:
    """Choose the depth on customers not used, then make the rule from all."""
    points = np.column_stack([column.values for column in columns])
    tried = [
        (depth, *_cross_validate(columns, points, inside, folds, depth, leaf))
        for depth in range(1, most + 1)
    ]
    best = max(mean_harmonically(coverage, purity) for _, coverage, purity in tried)
    depth, coverage, purity = next(
        one for one in tried if mean_harmonically(*one[1:]) >= best - 0.01
    )
    return FoundRule(_grow(columns, points, inside, depth, leaf), depth, coverage, purity)


def _cross_validate(
    columns: Sequence[Column],
    points: Floats,
    inside: Booleans,
    folds: npt.NDArray[np.intp],
    depth: int,
    leaf: int,
) -> tuple[float, float]:
    """Coverage and purity of rules among the customers of the folds left out."""
    holds = np.zeros(len(inside), dtype=bool)
    for fold in np.unique(folds):
        made, kept = folds != fold, folds == fold
        rule = _grow(columns, points[made], inside[made], depth, leaf)
        holds[kept] = _apply(rule, columns, points[kept])
    return rate_rule(holds, inside)


def _grow(
    columns: Sequence[Column], points: Floats, inside: Booleans, depth: int, leaf: int
) -> tuple[Condition, ...]:
    """Grow a tree and take the leaf that finds the segment best."""
    from sklearn.tree import DecisionTreeClassifier

    if inside.all() or not inside.any():
        return ()
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0)
    grown = tree.fit(points, inside).tree_
    rules = [simplify_rule(path) for path in _list_paths(grown, columns)]
    rates = [mean_harmonically(*rate_rule(_apply(rule, columns, points), inside)) for rule in rules]
    return rules[int(np.argmax(rates))]


def _list_paths(tree: Any, columns: Sequence[Column]) -> list[list[Condition]]:
    """List the conditions on the way to every leaf."""
    paths: list[list[Condition]] = []

    def walk(node: int, path: list[Condition]) -> None:
        if tree.children_left[node] < 0:
            paths.append(path)
            return
        column, cut = columns[tree.feature[node]], float(tree.threshold[node])
        threshold = 0.5 if column.level else _shorten(cut, column.values)
        for child, above in ((tree.children_left[node], False), (tree.children_right[node], True)):
            walk(child, [*path, Condition(column.feature, column.level, above, threshold)])

    walk(0, [])
    return paths


def _shorten(threshold: float, values: Floats) -> float:
    """Round a threshold to three digits; between whole numbers, down to the lower one."""
    if (values % 1 == 0).all():
        return float(np.floor(threshold))
    return float(f"{threshold:.{DIGITS}g}")


def simplify_rule(path: Sequence[Condition]) -> tuple[Condition, ...]:
    """Keep the tightest bound on each side of each feature, in the order of the tree."""
    kept: dict[tuple[str, str, bool], Condition] = {}
    for one in path:
        key = (one.feature, one.level, one.above)
        before = kept.get(key)
        tighter = before is None or (one.threshold > before.threshold) == one.above
        if tighter:
            kept[key] = one
    return tuple(kept.values())


def _apply(rule: tuple[Condition, ...], columns: Sequence[Column], points: Floats) -> Booleans:
    holds = np.ones(len(points), dtype=bool)
    place = {(column.feature, column.level): j for j, column in enumerate(columns)}
    for one in rule:
        values = points[:, place[one.feature, one.level]]
        holds &= values > one.threshold if one.above else values <= one.threshold
    return holds


def rate_rule(holds: Booleans, inside: Booleans) -> tuple[float, float]:
    """Give coverage (of the segment) and purity (of whom the rule finds)."""
    hits = float((holds & inside).sum())
    return hits / max(inside.sum(), 1), hits / max(holds.sum(), 1)


def mean_harmonically(coverage: float, purity: float) -> float:
    """Take the harmonic mean of coverage and purity, 0 where both are."""
    return 2 * coverage * purity / (coverage + purity) if coverage + purity else 0.0

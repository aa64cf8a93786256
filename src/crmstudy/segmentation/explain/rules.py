"""Segments in words: for each the one rule that finds it best, and how good the rule is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.segmentation.explain.profile import order_segments

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

KNOWN_SHARE = 0.995  # of the customers; those who lack a feature are often of one segment
DIGITS = 3  # of a threshold: customers can remember a rule
MOST_FITTED = 20_000  # customers the rules are looked for in; all are counted
MOST_LEVELS = 12  # of a category; one with more is not used
GOOD, FAIR = 0.7, 0.5  # F1 of coverage and purity: rule of this study


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
class SegmentRules:
    """The best rule of every segment.

    Parameters
    ----------
    rules : DataFrame
        Indexed by segment: ``n`` (customers with known features), ``found`` (for whom the
        rule holds), ``coverage`` (share of the segment among whom it holds), ``purity``
        (share of those found who belong), ``f1`` (their harmonic mean), the same three
        ``..._unseen`` for customers the rule was not made from, ``share`` (of the segment
        among all: the purity of no rule at all), ``depth`` and ``verdict`` (good, fair, poor).
    conditions : dict
        Segment to its conditions, all of which must hold.
    features : tuple of str
        Features that the rules may use.
    left_out : DataFrame
        Features not used: ``feature``, ``reason``.
    n_customers, n_left_out, n_fitted : int
        Customers with known features; without; from whom the rules were made.
    """

    rules: pd.DataFrame
    conditions: dict[Any, tuple[Condition, ...]]
    features: tuple[str, ...]
    left_out: pd.DataFrame
    n_customers: int
    n_left_out: int
    n_fitted: int

    def to_metrics(self) -> dict[str, float]:
        """Give the quality for customers not used, over segments."""
        return {
            "n_customers": self.n_customers,
            "mean_f1_unseen": float(self.rules["f1_unseen"].mean()),
            "smallest_f1_unseen": float(self.rules["f1_unseen"].min()),
            "n_poor": int((self.rules["verdict"] == "poor").sum()),
        }


@passes_absence
def describe_by_rules(
    segments: pd.Series,
    features: pd.DataFrame,
    *,
    seed: int,
    most_conditions: int = 3,
    n_folds: int = 5,
    smallest_leaf: float = 0.01,
) -> SegmentRules:
    """Look for the one rule that tells each segment from all others.

    For every segment a classification tree (CART, Gini) separates it from the rest; its
    best leaf, by the harmonic mean of coverage and purity, is the rule. The depth, 1 to
    ``most_conditions``, is the one whose rules do best on customers they were not made
    from, the shallower of two that are within .01. Thresholds are rounded to three digits
    before anything is counted: what is printed is what was measured.

    Parameters
    ----------
    segments : Series
        Label of each customer's segment.
    features : DataFrame indexed by customer
        Numbers in their own units, and categories as text. A feature that is constant,
        known for less than 99.5% of the customers, or has more than 12 levels is left
        out and listed; then customers with a gap are left out and counted.
    seed : int
        Seed of the folds.
    most_conditions, n_folds : int
        Depth to try at most; folds of the cross-validation.
    smallest_leaf : float
        Share of the customers that a rule must find at least.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    ModelError
        If there are fewer than two segments, too few customers, or no usable feature.

    References
    ----------
    Breiman, L., Friedman, J. H., Olshen, R. A., & Stone, C. J. (1984). Classification and
    Regression Trees. Wadsworth.
    van Rijsbergen, C. J. (1979). Information Retrieval (2nd ed.; the F measure). Butterworths.
    """
    if most_conditions < 1 or n_folds < 2 or not 0 < smallest_leaf < 0.5:
        raise SettingsError(
            f"most_conditions = {most_conditions}, n_folds = {n_folds}, smallest_leaf = "
            f"{smallest_leaf}: at least 1, at least 2, and a share below .5 are needed"
        )
    known, labels, left_out, n_left_out = _take_known(segments, features)
    names = order_segments(labels)
    if len(names) < 2 or len(known) < 10 * n_folds:
        raise ModelError(
            f"rules need two segments and {10 * n_folds} customers; found: {len(names)} "
            f"and {len(known)}"
        )
    rows = _draw_rows(len(known), seed)
    columns = _encode(known.iloc[rows])
    folds = np.random.default_rng(seed).permutation(len(rows)) % n_folds
    leaf = max(5, int(np.ceil(smallest_leaf * len(rows))))
    found = {
        name: _find_rule(
            columns, (labels.iloc[rows] == name).to_numpy(), folds, most_conditions, leaf
        )
        for name in names
    }
    table = [_count(known, (labels == name).to_numpy(), found[name]) for name in names]
    return SegmentRules(
        rules=pd.DataFrame(table, index=pd.Index(names, name="segment")),
        conditions={name: rule.conditions for name, rule in found.items()},
        features=tuple(str(name) for name in known.columns),
        left_out=left_out,
        n_customers=len(known),
        n_left_out=n_left_out,
        n_fitted=len(rows),
    )


@dataclass(frozen=True)
class _Column:
    """One feature or one level of one, as numbers a tree can cut."""

    feature: str
    level: str
    values: Floats


@dataclass(frozen=True)
class _Found:
    conditions: tuple[Condition, ...]
    depth: int
    coverage: float
    purity: float


def _take_known(
    segments: pd.Series, features: pd.DataFrame
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, int]:
    """Keep features and customers that can be used, sorted so that order does not matter."""
    labels = segments.dropna()
    table = features.loc[features.index.isin(labels.index)]
    reasons = {str(name): _why_unused(table[name]) for name in table.columns}
    kept = [name for name in table.columns if not reasons[str(name)]]
    left_out = pd.DataFrame(
        [(name, why) for name, why in reasons.items() if why], columns=["feature", "reason"]
    )
    if not kept:
        raise ModelError(f"no feature can be used in a rule: {'; '.join(set(reasons.values()))}")
    known = table[kept].dropna()
    known = known.assign(_segment=labels.loc[known.index].astype("str"))
    known = known.sort_values([*kept, "_segment"], kind="stable").drop(columns="_segment")
    return known, labels.loc[known.index], left_out, len(labels) - len(known)


def _why_unused(values: pd.Series) -> str:
    if values.notna().mean() < KNOWN_SHARE:
        return f"known for {np.floor(100 * values.notna().mean()):.0f}% of the customers"
    if values.nunique() < 2:
        return "equal for all customers"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "a date"
    if not pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_LEVELS:
        return f"{values.nunique()} levels"
    return ""


def _draw_rows(n: int, seed: int) -> npt.NDArray[np.intp]:
    if n <= MOST_FITTED:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=MOST_FITTED, replace=False))


def _encode(features: pd.DataFrame) -> list[_Column]:
    columns = []
    for name in features.columns:
        values = features[name]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns.append(_Column(str(name), "", values.to_numpy(dtype=float)))
            continue
        text = values.astype("str")
        for level in sorted(text.unique()):
            columns.append(_Column(str(name), level, (text == level).to_numpy(dtype=float)))
    return columns


def _find_rule(
    columns: Sequence[_Column], inside: Booleans, folds: npt.NDArray[np.intp], most: int, leaf: int
) -> _Found:
    """Choose the depth on customers not used, then make the rule from all."""
    points = np.column_stack([column.values for column in columns])
    tried = [
        (depth, *_cross_validate(columns, points, inside, folds, depth, leaf))
        for depth in range(1, most + 1)
    ]
    best = max(_harmonic(coverage, purity) for _, coverage, purity in tried)
    depth, coverage, purity = next(one for one in tried if _harmonic(*one[1:]) >= best - 0.01)
    return _Found(_grow(columns, points, inside, depth, leaf), depth, coverage, purity)


def _cross_validate(
    columns: Sequence[_Column],
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
    return _rate(holds, inside)


def _grow(
    columns: Sequence[_Column], points: Floats, inside: Booleans, depth: int, leaf: int
) -> tuple[Condition, ...]:
    """Grow a tree and take the leaf that finds the segment best."""
    from sklearn.tree import DecisionTreeClassifier

    if inside.all() or not inside.any():
        return ()
    tree = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, random_state=0)
    grown = tree.fit(points, inside).tree_
    rules = [simplify_rule(path) for path in _list_paths(grown, columns)]
    rates = [_harmonic(*_rate(_apply(rule, columns, points), inside)) for rule in rules]
    return rules[int(np.argmax(rates))]


def _list_paths(tree: Any, columns: Sequence[_Column]) -> list[list[Condition]]:
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


def _apply(rule: tuple[Condition, ...], columns: Sequence[_Column], points: Floats) -> Booleans:
    holds = np.ones(len(points), dtype=bool)
    place = {(column.feature, column.level): j for j, column in enumerate(columns)}
    for one in rule:
        values = points[:, place[one.feature, one.level]]
        holds &= values > one.threshold if one.above else values <= one.threshold
    return holds


def _rate(holds: Booleans, inside: Booleans) -> tuple[float, float]:
    hits = float((holds & inside).sum())
    return hits / max(inside.sum(), 1), hits / max(holds.sum(), 1)


def _harmonic(coverage: float, purity: float) -> float:
    return 2 * coverage * purity / (coverage + purity) if coverage + purity else 0.0


def _count(features: pd.DataFrame, inside: Booleans, found: _Found) -> dict[str, Any]:
    holds = np.ones(len(features), dtype=bool)
    for one in found.conditions:
        holds &= one.holds(features)
    coverage, purity = _rate(holds, inside)
    unseen = _harmonic(found.coverage, found.purity)
    return {
        "n": int(inside.sum()),
        "found": int(holds.sum()),
        "coverage": coverage,
        "purity": purity,
        "f1": _harmonic(coverage, purity),
        "coverage_unseen": found.coverage,
        "purity_unseen": found.purity,
        "f1_unseen": unseen,
        "share": float(inside.mean()),
        "depth": found.depth,
        "verdict": "good" if unseen >= GOOD else "fair" if unseen >= FAIR else "poor",
    }

"""Segments in words: for each the one rule that finds it best, and how good the rule is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.segmentation.explain.profile import order_segments
from crmstudy.segmentation.explain.rule_search import (
    Booleans,
    Condition,
    FoundRule,
    encode_features,
    find_rule,
    mean_harmonically,
    rate_rule,
)
from crmstudy.statistics.draws import draw_rows

KNOWN_SHARE = 0.995  # of the customers; those who lack a feature are often of one segment
MOST_FITTED = 20_000  # customers the rules are looked for in; all are counted
MOST_LEVELS = 12  # of a category; one with more is not used
GOOD, FAIR = 0.7, 0.5  # F1 of coverage and purity: rule of this study


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
    rows = draw_rows(len(known), seed, most=MOST_FITTED)
    columns = encode_features(known.iloc[rows])
    folds = np.random.default_rng(seed).permutation(len(rows)) % n_folds
    leaf = max(5, int(np.ceil(smallest_leaf * len(rows))))
    found = {
        name: find_rule(
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


def _count(features: pd.DataFrame, inside: Booleans, found: FoundRule) -> dict[str, Any]:
    holds = np.ones(len(features), dtype=bool)
    for one in found.conditions:
        holds &= one.holds(features)
    coverage, purity = rate_rule(holds, inside)
    unseen = mean_harmonically(found.coverage, found.purity)
    return {
        "n": int(inside.sum()),
        "found": int(holds.sum()),
        "coverage": coverage,
        "purity": purity,
        "f1": mean_harmonically(coverage, purity),
        "coverage_unseen": found.coverage,
        "purity_unseen": found.purity,
        "f1_unseen": unseen,
        "share": float(inside.mean()),
        "depth": found.depth,
        "verdict": "good" if unseen >= GOOD else "fair" if unseen >= FAIR else "poor",
    }

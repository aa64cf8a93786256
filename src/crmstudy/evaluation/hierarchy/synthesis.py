"""The tree goal, criteria, indicators: its weights, and what is left when some are missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable, passes_absence
from crmstudy.evaluation.require import require_same, require_weights
from crmstudy.evaluation.tabulate import rank_weights


@dataclass(frozen=True, eq=False)
class HierarchyWeights:
    """Weights of the criteria, and of the indicators within each criterion.

    Parameters
    ----------
    criteria : Series
        Weight of each criterion; they sum to 1.
    local : mapping of str to Series
        For each criterion the weights of its indicators; each sums to 1.
    """

    criteria: pd.Series
    local: Mapping[str, pd.Series]

    @property
    def overall(self) -> pd.Series:
        """Weight of each indicator in the goal; they sum to 1."""
        return synthesise(self.criteria, self.local)

    def table(self) -> pd.DataFrame:
        """One row an indicator: criterion, its weight, local and overall weight, rank."""
        rows = [
            {
                "criterion": criterion,
                "indicator": indicator,
                "criterion weight": self.criteria[criterion],
                "local weight": weight,
                "overall weight": self.criteria[criterion] * weight,
            }
            for criterion in self.criteria.index
            for indicator, weight in self.local[criterion].items()
        ]
        table = pd.DataFrame(rows)
        return table.assign(rank=rank_weights(table["overall weight"]))


@dataclass(frozen=True)
class RebuiltHierarchy:
    """What is left of a hierarchy when some indicators cannot be had.

    Parameters
    ----------
    hierarchy : mapping of str to tuple of str
        Criteria and indicators that remain, in their old order.
    dropped : mapping of str to str
        Indicators left out, and why.
    original : mapping of str to tuple of str
        The hierarchy before.
    """

    hierarchy: Mapping[str, tuple[str, ...]]
    dropped: Mapping[str, str]
    original: Mapping[str, tuple[str, ...]]

    @property
    def dropped_criteria(self) -> tuple[str, ...]:
        """Criteria of which no indicator remains."""
        return tuple(criterion for criterion in self.original if criterion not in self.hierarchy)

    @passes_absence
    def reweigh(self, weights: HierarchyWeights) -> HierarchyWeights:
        """Restrict weights to what remains, each level brought back to a sum of 1.

        An indicator's weight goes to its neighbours under the same criterion, which
        keeps its weight; a dropped criterion's weight goes to the other criteria.
        """
        criteria = weights.criteria[list(self.hierarchy)]
        local = {
            criterion: _to_one(weights.local[criterion][list(indicators)], criterion)
            for criterion, indicators in self.hierarchy.items()
        }
        return HierarchyWeights(_to_one(criteria, "the goal"), local)

    def table(self) -> pd.DataFrame:
        """One row an indicator of the original hierarchy: used or not, and why not."""
        rows = [
            {
                "criterion": criterion,
                "indicator": indicator,
                "used": "no" if indicator in self.dropped else "yes",
                "reason": self.dropped.get(indicator, ""),
            }
            for criterion, indicators in self.original.items()
            for indicator in indicators
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """How many indicators and criteria are used and dropped."""
        return {
            "n_indicators": sum(map(len, self.hierarchy.values())),
            "n_indicators_dropped": len(self.dropped),
            "n_criteria": len(self.hierarchy),
            "n_criteria_dropped": len(self.dropped_criteria),
        }


@passes_absence
def synthesise(criteria_weights: pd.Series, local_weights: Mapping[str, pd.Series]) -> pd.Series:
    """Weigh the lowest level of a hierarchy in its goal.

    Parameters
    ----------
    criteria_weights : Series
        Weight of each criterion; they sum to 1.
    local_weights : mapping of str to Series
        For each criterion the weights of what stands under it; each sums to 1. The same
        name under several criteria (an alternative judged on each) adds up.

    Returns
    -------
    Series
        Overall weights, names in order of first appearance; they sum to 1.

    Raises
    ------
    DataError
        If a criterion has no local weights or the reverse, or weights do not sum to 1.
    """
    require_weights(criteria_weights, of="the criteria")
    require_same(list(criteria_weights.index), list(local_weights), "criteria", "local weights")
    parts = []
    for criterion, weight in criteria_weights.items():
        local = local_weights[str(criterion)]
        require_weights(local, of=str(criterion))
        parts.append(local * weight)
    overall = pd.concat(parts)
    return overall.groupby(level=0, sort=False).sum().rename("weight")


@passes_absence
def rebuild_hierarchy(
    hierarchy: Mapping[str, Sequence[str]],
    available: Mapping[str, object] | Collection[str],
) -> RebuiltHierarchy:
    """Leave out what a study has no data for, and keep the reasons.

    Parameters
    ----------
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators.
    available : mapping of str to object, or collection of str
        Measured indicators by name, where a :class:`NotAvailable` counts as missing and
        gives the reason; or just the names that can be had.

    Raises
    ------
    DataError
        If the hierarchy is not a tree of names.
    ModelError
        If nothing remains.
    """
    original = require_hierarchy(hierarchy)
    dropped = {}
    for indicator in (name for names in original.values() for name in names):
        found = available.get(indicator) if isinstance(available, Mapping) else None
        if isinstance(found, NotAvailable):
            dropped[indicator] = found.reason
        elif indicator not in available:
            dropped[indicator] = "not measured"
    left = {
        criterion: tuple(name for name in names if name not in dropped)
        for criterion, names in original.items()
    }
    remaining = {criterion: names for criterion, names in left.items() if names}
    if not remaining:
        raise ModelError("no indicator of the hierarchy can be measured")
    return RebuiltHierarchy(remaining, dropped, original)


def require_hierarchy(hierarchy: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Check that every criterion has indicators and every indicator one criterion."""
    tree = {str(criterion): tuple(map(str, names)) for criterion, names in hierarchy.items()}
    if not tree:
        raise ModelError("study.yml names no hierarchy of criteria (judgements: hierarchy)")
    seen: dict[str, str] = {}
    for criterion, names in tree.items():
        if not names:
            raise DataError(f"criterion {criterion!r} has no indicators; name some or leave it out")
        for name in names:
            if name in seen:
                raise DataError(
                    f"indicator {name!r} stands under {seen[name]!r} and {criterion!r}; "
                    "allowed: one criterion"
                )
            seen[name] = criterion
    return tree


def _to_one(weights: pd.Series, of: str) -> pd.Series:
    if weights.sum() <= 0:
        raise ModelError(f"what remains under {of} has no weight at all")
    return weights / weights.sum()

"""What the weights would be, had the panel been put together in another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.groups.aggregate import Mean
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.groups.weighing import Aggregation
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights

#: Ways of making one of many, as columns of a table.
WAYS: dict[str, tuple[Aggregation, Mean]] = {
    "judgements, geometric mean": ("judgements", "geometric"),
    "priorities, arithmetic mean": ("priorities", "arithmetic"),
    "priorities, geometric mean": ("priorities", "geometric"),
}


@dataclass(frozen=True, eq=False)
class WeightComparison:
    """The same hierarchy weighed in several ways.

    Parameters
    ----------
    ways : mapping of str to HierarchyWeights or NotAvailable
        Weights by way.
    chosen : str
        The way behind the study's weights.
    """

    ways: Mapping[str, HierarchyWeights | NotAvailable]
    chosen: str

    @property
    def known(self) -> dict[str, HierarchyWeights]:
        """Ways that can be had."""
        return {name: one for name, one in self.ways.items() if not isinstance(one, NotAvailable)}

    @property
    def largest_difference(self) -> float:
        """Largest difference between two ways in the weight of an indicator."""
        overall = pd.DataFrame({name: one.overall for name, one in self.known.items()})
        return float((overall.max(axis=1) - overall.min(axis=1)).max())

    @property
    def same_order(self) -> bool:
        """Whether all ways rank the indicators alike."""
        orders = {tuple(rank_from_largest(one.overall)) for one in self.known.values()}
        return len(orders) == 1

    def table(self) -> pd.DataFrame:
        """One row a criterion or indicator, one column a way, the largest difference."""
        first = next(iter(self.known.values()))
        frame = pd.DataFrame(
            {
                "level": ["criterion"] * len(first.criteria) + ["indicator"] * len(first.overall),
                "name": [*first.criteria.index, *first.overall.index],
            }
        )
        values = pd.DataFrame(
            {
                name: [*one.criteria.to_numpy(), *one.overall[list(first.overall.index)]]
                for name, one in self.known.items()
            }
        )
        difference = values.max(axis=1) - values.min(axis=1)
        return pd.concat([frame, values, difference.rename("largest difference")], axis=1)

    def to_metrics(self) -> dict[str, float]:
        """Largest difference, and whether all ways rank alike (1 or 0)."""
        return {
            "n_ways": len(self.known),
            "largest_difference": self.largest_difference,
            "same_order": float(self.same_order),
        }


@passes_absence
def compare_aggregations(panel: HierarchyResult) -> WeightComparison:
    """Weigh by pooled judgements (AIJ) and by pooled priorities (AIP) with either mean.

    References
    ----------
    Forman, E., & Peniwati, K. (1998). Aggregating individual judgments and priorities with
    the analytic hierarchy process. European J. Operational Research, 108(1), 165-169.
    """
    ways = {
        name: panel.reweigh(panel.shares, aggregation=aggregation, mean=mean)
        for name, (aggregation, mean) in WAYS.items()
    }
    mean = "geometric" if panel.aggregation == "judgements" else panel.mean
    chosen = next(name for name, how in WAYS.items() if how == (panel.aggregation, mean))
    return WeightComparison(ways, chosen)


@passes_absence
def compare_exclusion(panel: HierarchyResult) -> WeightComparison:
    """Weigh with all experts, and without those over the limit of consistency.

    The rule is stated before the weights are seen; this says what it did, or would have.
    The second way is not available where everybody is over the limit.
    """
    without: HierarchyWeights | NotAvailable
    everybody = without = panel.reweigh(panel.given)
    left = panel.given.where(~panel.given.index.isin(panel.over_limit), 0.0)
    if left.sum() <= 0:
        without = NotAvailable("every expert is over the limit of consistency")
    # Shares divided by a sum of 1 but for rounding would make differences of nothing.
    elif panel.over_limit:
        without = panel.reweigh(left / left.sum())
    ways = {"all experts": everybody, "without those over the limit": without}
    excluded = len(panel.used) < len(panel.experts)
    return WeightComparison(ways, list(ways)[excluded])


def rank_from_largest(weights: pd.Series) -> list[str]:
    """Names from the heaviest; what is equal but for rounding goes by name."""
    return sorted(map(str, weights.index), key=lambda name: (-round(weights[name], 9), name))

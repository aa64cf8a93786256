"""What a panel's judgements weigh, given how much each expert counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.errors import DataError
from crmstudy.evaluation.groups.aggregate import Mean, pool_judgements, pool_priorities
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.evaluation.judgements.reading import JudgementPanel, read_panels
from crmstudy.evaluation.priorities.consistency import RandomIndex
from crmstudy.evaluation.priorities.derive import (
    AhpResult,
    Method,
    PriorityBatch,
    prioritise,
    prioritise_many,
)

Aggregation = Literal["judgements", "priorities"]


def read_tree(
    judgements_long: pd.DataFrame, tree: Mapping[str, Sequence[str]], goal: str
) -> dict[str, JudgementPanel]:
    """Read the matrix of the criteria and those of the indicators."""
    if goal in tree:
        raise DataError(f"{goal!r} names the goal's matrix and a criterion; rename one")
    panels = read_panels(judgements_long, names={goal: tuple(tree), **tree})
    if not panels:
        raise DataError("the hierarchy has one criterion with one indicator: nothing to compare")
    return panels


def prioritise_each(
    panels: Mapping[str, JudgementPanel], random_index: RandomIndex, method: Method
) -> dict[str, PriorityBatch]:
    """Every expert's own weights, matrix by matrix."""
    return {
        name: prioritise_many(panel.values, random_index=random_index, method=method)
        for name, panel in panels.items()
    }


def prioritise_group(
    panel: JudgementPanel,
    shares: np.ndarray,
    random_index: RandomIndex,
    method: Method,
    cr_limit: float,
) -> AhpResult:
    """Weights of the group's own matrix, as if one expert had judged it."""
    matrix = pd.DataFrame(pool_judgements(panel.values, shares), panel.names, panel.names)
    return prioritise(matrix, random_index=random_index, method=method, cr_limit=cr_limit)


def pool_group(
    group: Mapping[str, AhpResult],
    priorities: Mapping[str, pd.DataFrame],
    shares: np.ndarray,
    aggregation: Aggregation,
    mean: Mean,
) -> dict[str, pd.Series]:
    """Weights by matrix: of the pooled judgements, or pooled from the experts' weights."""
    if aggregation == "judgements":
        return {name: one.weights for name, one in group.items()}
    return {
        name: pd.Series(pool_priorities(own.to_numpy(), shares, mean), own.columns)
        for name, own in priorities.items()
    }


def hang_weights(
    pooled: Mapping[str, pd.Series], tree: Mapping[str, Sequence[str]], goal: str
) -> HierarchyWeights:
    """Hang the weights into the tree; what stands alone has weight 1."""
    alone = {
        name: pd.Series([1.0], index=list(names))
        for name, names in {goal: tuple(tree), **tree}.items()
        if len(names) == 1
    }
    weights = {name: one.rename("weight") for name, one in {**pooled, **alone}.items()}
    return HierarchyWeights(weights[goal], {criterion: weights[criterion] for criterion in tree})

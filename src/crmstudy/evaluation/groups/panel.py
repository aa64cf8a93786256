"""A panel of experts weighs a hierarchy, and each expert is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, ModelError, passes_absence
from crmstudy.evaluation.groups.aggregate import pool_judgements, pool_priorities, share_experts
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, require_hierarchy
from crmstudy.evaluation.judgements.reading import JudgementPanel, read_panels
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import (
    AhpResult,
    Method,
    PriorityBatch,
    prioritise,
    prioritise_many,
)
from crmstudy.evaluation.require import require_choice
from crmstudy.evaluation.tabulate import name_metrics

Aggregation = Literal["judgements", "priorities"]
OverLimit = Literal["keep", "exclude"]


@dataclass(frozen=True, eq=False)
class HierarchyResult:
    """Weights of a whole hierarchy from a panel of experts.

    Parameters
    ----------
    weights : HierarchyWeights
        The group's weights of criteria and indicators.
    group : mapping of str to AhpResult
        The group's matrix (geometric mean of the used experts) by matrix name, with its
        own consistency. A criterion with one indicator has none.
    priorities : mapping of str to DataFrame
        Each expert's own weights by matrix: experts in rows, names in columns.
    consistency : DataFrame
        One row an expert and matrix: size, lambda max, consistency index and ratio,
        within limit, used.
    experts, used, over_limit : tuple of str
        Everybody; those behind the weights; those over the limit in some matrix.
    rule : str
        What was done with experts over the limit, in words.
    aggregation : str
        judgements (AIJ) or priorities (AIP).
    checks : tuple of Check
        Consistency of the experts and of the group's matrices.
    """

    weights: HierarchyWeights
    group: Mapping[str, AhpResult]
    priorities: Mapping[str, pd.DataFrame]
    consistency: pd.DataFrame
    experts: tuple[str, ...]
    used: tuple[str, ...]
    over_limit: tuple[str, ...]
    rule: str
    aggregation: Aggregation
    checks: tuple[Check, ...]

    def table(self) -> pd.DataFrame:
        """One row an indicator: criterion weight, local and overall weight, rank."""
        return self.weights.table()

    def to_metrics(self) -> dict[str, float]:
        """Experts counted, the group's consistency by matrix, overall weights."""
        return {
            "n_experts": len(self.experts),
            "n_experts_used": len(self.used),
            "n_experts_over_limit": len(self.over_limit),
            "largest_consistency_ratio": float(self.consistency["consistency ratio"].max()),
            **name_metrics(
                "consistency_ratio", pd.Series({n: one.cr for n, one in self.group.items()})
            ),
            **name_metrics("criterion_weight", self.weights.criteria),
            **name_metrics("weight", self.weights.overall),
        }


@passes_absence
def prioritise_hierarchy(
    judgements_long: pd.DataFrame,
    *,
    hierarchy: Mapping[str, Sequence[str]],
    goal: str = "criteria",
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
    aggregation: Aggregation = "judgements",
    expert_weights: Mapping[str, float] | None = None,
    cr_limit: float = 0.10,
    over_limit: OverLimit = "keep",
) -> HierarchyResult:
    """Weigh criteria and indicators from the judgements of a panel.

    Parameters
    ----------
    judgements_long : DataFrame
        Columns expert, matrix, row, column, value (see ``read_judgements``). Every expert
        judges the criteria (matrix ``goal``) and the indicators of every criterion that
        has two or more (matrix named as the criterion).
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators: the names that must be judged, and their order.
    goal : str
        Name of the matrix of the criteria.
    random_index, method
        As for ``prioritise``.
    aggregation : {"judgements", "priorities"}
        Pool matrices, then derive weights (AIJ: the panel acts as one); or derive each
        expert's weights, then take their arithmetic mean (AIP: the panel stays many).
    expert_weights : mapping of str to float, optional
        One weight an expert, summing to 1; equal without it.
    cr_limit : float
        An expert with this consistency ratio or more in any matrix is over the limit.
    over_limit : {"keep", "exclude"}
        Keep such experts and report them; or leave them out of every matrix, their
        weight going to the others in proportion. To be stated before looking.

    Raises
    ------
    JudgementError
        If a judgement is missing or wrong, a matrix or name is not in the hierarchy, or
        experts differ in what they judged.
    ModelError
        If every expert is over the limit and would be excluded.
    """
    require_choice(over_limit, OverLimit, "over_limit")
    require_choice(aggregation, Aggregation, "aggregation")
    tree = require_hierarchy(hierarchy)
    panels = _read_tree(judgements_long, tree, goal)
    own = _prioritise_each(panels, random_index, method)
    consistency = _tabulate_consistency(panels, own, cr_limit)
    experts = next(iter(panels.values())).experts
    over = tuple(consistency.loc[~consistency["within limit"], "expert"].unique())
    shares = _censor(share_experts(experts, expert_weights), np.isin(experts, over), over_limit)
    used = tuple(np.array(experts)[shares > 0].tolist())
    group = {
        name: _prioritise_group(panel, shares, random_index, method, cr_limit)
        for name, panel in panels.items()
    }
    priorities = {
        name: pd.DataFrame(own[name].weights, experts, panel.names)
        for name, panel in panels.items()
    }
    return HierarchyResult(
        weights=_hang(_pool(group, priorities, shares, aggregation), tree, goal),
        group=group,
        priorities=priorities,
        consistency=consistency.assign(used=consistency["expert"].isin(used)),
        experts=experts,
        used=used,
        over_limit=over,
        rule=_RULES[over_limit].format(limit=cr_limit),
        aggregation=aggregation,
        checks=_check_panel(consistency, used, group, cr_limit),
    )


_RULES = {
    "keep": "experts with a consistency ratio of {limit:g} or more are kept and reported",
    "exclude": "experts with a consistency ratio of {limit:g} or more in any matrix are left out",
}


def _read_tree(
    judgements_long: pd.DataFrame, tree: Mapping[str, Sequence[str]], goal: str
) -> dict[str, JudgementPanel]:
    """Read the matrix of the criteria and those of the indicators."""
    if goal in tree:
        raise DataError(f"{goal!r} names the goal's matrix and a criterion; rename one")
    panels = read_panels(judgements_long, names={goal: tuple(tree), **tree})
    if not panels:
        raise DataError("the hierarchy has one criterion with one indicator: nothing to compare")
    return panels


def _prioritise_each(
    panels: Mapping[str, JudgementPanel], random_index: RandomIndex, method: Method
) -> dict[str, PriorityBatch]:
    """Every expert's own weights, matrix by matrix."""
    return {
        name: prioritise_many(panel.values, random_index=random_index, method=method)
        for name, panel in panels.items()
    }


def _tabulate_consistency(
    panels: Mapping[str, JudgementPanel], own: Mapping[str, PriorityBatch], cr_limit: float
) -> pd.DataFrame:
    """One row an expert and matrix, experts together."""
    parts = [
        pd.DataFrame(
            {
                "expert": panel.experts,
                "matrix": name,
                "size": len(panel.names),
                "lambda max": own[name].lambda_max,
                "consistency index": own[name].ci,
                "consistency ratio": own[name].cr,
                "within limit": own[name].cr < cr_limit,
            }
        )
        for name, panel in panels.items()
    ]
    # Same experts in the same order in every part, so a stable sort by position groups them.
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _censor(shares: np.ndarray, over: np.ndarray, over_limit: OverLimit) -> np.ndarray:
    """Give the shares of excluded experts to the others in proportion."""
    left = np.where(over, 0.0, shares) if over_limit == "exclude" else shares
    if left.sum() <= 0:
        raise ModelError(
            f"all {len(shares)} experts with a weight are over the limit of consistency, "
            "so excluding them leaves nobody"
        )
    return left / left.sum()


def _prioritise_group(
    panel: JudgementPanel,
    shares: np.ndarray,
    random_index: RandomIndex,
    method: Method,
    cr_limit: float,
) -> AhpResult:
    """Weights of the group's own matrix, as if one expert had judged it."""
    matrix = pd.DataFrame(pool_judgements(panel.values, shares), panel.names, panel.names)
    return prioritise(matrix, random_index=random_index, method=method, cr_limit=cr_limit)


def _pool(
    group: Mapping[str, AhpResult],
    priorities: Mapping[str, pd.DataFrame],
    shares: np.ndarray,
    aggregation: Aggregation,
) -> dict[str, pd.Series]:
    """Weights by matrix: of the pooled judgements, or pooled from the experts' weights."""
    if aggregation == "judgements":
        return {name: one.weights for name, one in group.items()}
    return {
        name: pd.Series(pool_priorities(own.to_numpy(), shares, "arithmetic"), own.columns)
        for name, own in priorities.items()
    }


def _hang(
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


def _check_panel(
    consistency: pd.DataFrame,
    used: Sequence[str],
    group: Mapping[str, AhpResult],
    cr_limit: float,
) -> tuple[Check, ...]:
    """Look at the used experts, and at the group."""
    largest = float(consistency.loc[consistency["expert"].isin(used), "consistency ratio"].max())
    groups = max(one.cr for one in group.values())
    return tuple(
        Check(
            name=name,
            passed=ratio < cr_limit,
            statistic=ratio,
            threshold=f"consistency ratio < {cr_limit:g} in every matrix",
            source="Saaty (1980)",
            consequence=consequence,
        )
        for name, ratio, consequence in (
            (
                "every expert behind the weights is consistent",
                largest,
                "the weights rest partly on contradictory judgements; compare with them left out",
            ),
            (
                "the group's matrices are consistent",
                groups,
                "the group contradicts itself; discuss the judgements again",
            ),
        )
    )

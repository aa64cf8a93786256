"""A panel of experts weighs a hierarchy, and each expert is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, passes_absence
from crmstudy.evaluation.groups.aggregate import Mean, share_experts
from crmstudy.evaluation.groups.weighing import (
    Aggregation,
    hang_weights,
    pool_group,
    prioritise_each,
    prioritise_group,
    read_tree,
)
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, require_hierarchy
from crmstudy.evaluation.judgements.reading import JudgementPanel
from crmstudy.evaluation.priorities.consistency import SAATY_2005, RandomIndex
from crmstudy.evaluation.priorities.derive import AhpResult, Method, PriorityBatch
from crmstudy.evaluation.require import require_choice
from crmstudy.evaluation.tabulate import name_metrics

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
    aggregation, mean : str
        judgements (AIJ) or priorities (AIP), and which mean AIP takes.
    checks : tuple of Check
        Consistency of the experts and of the group's matrices.
    panels : mapping of str to JudgementPanel
        The judgements, by matrix.
    given, shares : Series
        How much each expert counts before and after the rule; each sums to 1.
    hierarchy : mapping of str to tuple of str
        Criteria and their indicators.
    goal : str
        Name of the matrix of the criteria.
    method, random_index, cr_limit
        As given to :func:`prioritise_hierarchy`.
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
    mean: Mean
    checks: tuple[Check, ...]
    panels: Mapping[str, JudgementPanel]
    given: pd.Series
    shares: pd.Series
    hierarchy: Mapping[str, tuple[str, ...]]
    goal: str
    method: Method
    random_index: RandomIndex
    cr_limit: float

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

    def reweigh(
        self,
        shares: pd.Series,
        *,
        aggregation: Aggregation | None = None,
        mean: Mean | None = None,
    ) -> HierarchyWeights:
        """Weigh the hierarchy anew from the same judgements, experts counting otherwise.

        Parameters
        ----------
        shares : Series
            How much each expert counts; they sum to 1.
        aggregation, mean
            As for :func:`prioritise_hierarchy`; those of this result without them.
        """
        values = shares[list(self.experts)].to_numpy(dtype=float)
        how = aggregation or self.aggregation
        settings = (self.random_index, self.method, self.cr_limit)
        group = (
            {n: prioritise_group(panel, values, *settings) for n, panel in self.panels.items()}
            if how == "judgements"
            else {}
        )
        pooled = pool_group(group, self.priorities, values, how, mean or self.mean)
        return hang_weights(pooled, self.hierarchy, self.goal)


@passes_absence
def prioritise_hierarchy(
    judgements_long: pd.DataFrame,
    *,
    hierarchy: Mapping[str, Sequence[str]],
    goal: str = "criteria",
    random_index: RandomIndex = SAATY_2005,
    method: Method = "eigenvector",
    aggregation: Aggregation = "judgements",
    mean: Mean = "arithmetic",
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
        Pool matrices by their geometric mean, then derive weights (AIJ: the panel acts as
        one); or derive each expert's weights, then take their mean (AIP: it stays many).
    mean : {"arithmetic", "geometric"}
        Which mean AIP takes; AIJ always takes the geometric one.
    expert_weights : mapping of str to float, optional
        How much each expert counts: positive numbers, divided by their sum; equal
        without them.
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
    DataError
        If a weight is given for an expert who did not judge, or an expert has none.
    ModelError
        If every expert is over the limit and would be excluded.
    """
    require_choice(over_limit, OverLimit, "over_limit")
    require_choice(aggregation, Aggregation, "aggregation")
    require_choice(mean, Mean, "mean")
    tree = require_hierarchy(hierarchy)
    panels = read_tree(judgements_long, tree, goal)
    own = prioritise_each(panels, random_index, method)
    consistency = _tabulate_consistency(panels, own, cr_limit)
    experts = next(iter(panels.values())).experts
    over = tuple(consistency.loc[~consistency["within limit"], "expert"].unique())
    given = _share(experts, expert_weights)
    shares = _censor(given, over, over_limit, consistency, cr_limit=cr_limit)
    used = tuple(str(expert) for expert in shares.index[shares > 0])
    group = {
        name: prioritise_group(panel, shares.to_numpy(), random_index, method, cr_limit)
        for name, panel in panels.items()
    }
    priorities = {
        name: pd.DataFrame(own[name].weights, experts, panel.names)
        for name, panel in panels.items()
    }
    pooled = pool_group(group, priorities, shares.to_numpy(), aggregation, mean)
    return HierarchyResult(
        weights=hang_weights(pooled, tree, goal),
        group=group,
        priorities=priorities,
        consistency=consistency.assign(used=consistency["expert"].isin(used)),
        experts=experts,
        used=used,
        over_limit=over,
        rule=_RULES[over_limit].format(limit=cr_limit),
        aggregation=aggregation,
        mean=mean,
        checks=_check_panel(consistency, used, group, cr_limit),
        panels=panels,
        given=given,
        shares=shares,
        hierarchy=tree,
        goal=goal,
        method=method,
        random_index=random_index,
        cr_limit=cr_limit,
    )


#: Experts whom a message names one by one.
MOST_NAMED = 4

_RULES = {
    "keep": "experts with a consistency ratio of {limit:g} or more are kept and reported",
    "exclude": "experts with a consistency ratio of {limit:g} or more in any matrix are left out",
}


def _share(experts: Sequence[str], expert_weights: Mapping[str, float] | None) -> pd.Series:
    """How much each expert counts before any rule; what was typed is divided by its sum."""
    total = sum((expert_weights or {}).values())
    weights = (
        {str(expert): weight / total for expert, weight in expert_weights.items()}
        if expert_weights and total > 0
        else expert_weights or None
    )
    return pd.Series(share_experts(experts, weights), index=list(experts), name="share")


def _tabulate_consistency(
    panels: Mapping[str, JudgementPanel], own: Mapping[str, PriorityBatch], cr_limit: float
) -> pd.DataFrame:
    """One row an expert and matrix, experts together."""
    ratios = {name: panel.correct_ratios(own[name].cr) for name, panel in panels.items()}
    parts = [
        pd.DataFrame(
            {
                "expert": panel.experts,
                "matrix": name,
                "size": len(panel.names),
                "pairs filled in": panel.n_filled,
                "lambda max": own[name].lambda_max,
                "consistency index": own[name].ci,
                "consistency ratio": ratios[name],
                "within limit": ratios[name] < cr_limit,
            }
        )
        for name, panel in panels.items()
    ]
    # Same experts in the same order in every part, so a stable sort by position groups them.
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def _censor(
    given: pd.Series,
    over: Sequence[str],
    over_limit: OverLimit,
    consistency: pd.DataFrame,
    *,
    cr_limit: float,
) -> pd.Series:
    """Give the shares of excluded experts to the others in proportion."""
    if over_limit == "keep":
        return given
    left = given.where(~given.index.isin(over), 0.0)
    if left.sum() <= 0:
        who = "the one expert is" if len(given) == 1 else f"all {len(given)} experts are"
        raise ModelError(
            f"{who} over the limit of consistency ({cr_limit:g}), at worst with "
            f"{_name_worst(consistency)}, so excluding them leaves nobody; have them judge again, "
            "or keep them (study.yml, judgements: inconsistent: keep)"
        )
    return left / left.sum()


def _name_worst(consistency: pd.DataFrame) -> str:
    """Name each expert's largest ratio with its matrix, the worst first."""
    ordered = consistency.sort_values("consistency ratio", ascending=False, kind="stable")
    worst = ordered.drop_duplicates("expert")
    said = [
        f"{row['expert']} {row['consistency ratio']:.2f} in {row['matrix'].replace('_', ' ')}"
        for row in worst.head(MOST_NAMED).to_dict("records")
    ]
    more = len(worst) - len(said)
    return ", ".join(said) + (f" and {more} more" if more else "")


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

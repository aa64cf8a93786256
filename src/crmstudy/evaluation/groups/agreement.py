"""How far the experts behind the weights agree, and who stands apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, attempt, passes_absence
from crmstudy.evaluation.groups.batches import to_one, weigh_batch
from crmstudy.evaluation.groups.concordance import Concordance, measure_concordance, rank_each
from crmstudy.evaluation.groups.consensus import Consensus, measure_consensus
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]

#: All indicators in the goal, as a row beside the matrices.
OVERALL = "all indicators"

#: An expert stands apart whose mean distance is this many times the middle expert's.
APART = 1.5


@dataclass(frozen=True, eq=False)
class GroupAgreement:
    """Agreement among the experts behind the weights.

    Parameters
    ----------
    n_experts : int
        Experts behind the weights.
    sizes : mapping of str to int
        Names in each matrix, and indicators in the goal.
    concordance : mapping of str to Concordance or NotAvailable
        Kendall's W by matrix, and of all indicators in the goal.
    consensus : mapping of str to Consensus
        Shannon-based consensus by matrix.
    distances : DataFrame of shape (n_experts, n_experts)
        Share of the weight of all indicators that would have to be moved to make one
        expert's weights those of the other: 0 to 1.
    experts : DataFrame
        One row an expert: share, mean distance, distance to the group, largest change of
        a weight and heaviest indicator without the expert, stands apart.
    heaviest : str
        The group's heaviest indicator.
    apart : tuple of str
        Experts who stand apart.
    """

    n_experts: int
    sizes: Mapping[str, int]
    concordance: Mapping[str, Concordance | NotAvailable]
    consensus: Mapping[str, Consensus]
    distances: pd.DataFrame
    experts: pd.DataFrame
    heaviest: str
    apart: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row a matrix: names, Kendall's W with its test, consensus in number and words."""
        rows = []
        for matrix, found in self.concordance.items():
            known = not isinstance(found, NotAvailable)
            consensus = self.consensus.get(matrix)
            rows.append(
                {
                    "judged": matrix,
                    "names": self.sizes[matrix],
                    "Kendall's W": found.w if known else None,
                    "p": found.test.p_value if known else None,
                    "p by": found.test.distribution if known else str(found),
                    "consensus": consensus.consensus if consensus else None,
                    "in words": consensus.words if consensus else "",
                }
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Kendall's W, p and consensus by matrix, distances."""
        known = {
            name: found
            for name, found in self.concordance.items()
            if not isinstance(found, NotAvailable)
        }
        away = self.experts["mean distance"]
        return {
            "n_experts": self.n_experts,
            "n_experts_apart": len(self.apart),
            "mean_distance": float(away.mean()),
            "largest_mean_distance": float(away.max()),
            **name_metrics("kendall_w", pd.Series({n: one.w for n, one in known.items()})),
            **name_metrics(
                "kendall_p", pd.Series({n: one.test.p_value for n, one in known.items()})
            ),
            **name_metrics(
                "consensus", pd.Series({n: one.consensus for n, one in self.consensus.items()})
            ),
        }


@passes_absence
def measure_agreement(panel: HierarchyResult, *, seed: int) -> GroupAgreement:
    """Measure how far the experts behind the weights agree.

    Kendall's W looks at the order of the weights only, the consensus and the distances at
    their size. Every expert counts the same here, whatever the weights of experts; whom
    the rule left out is left out.

    Parameters
    ----------
    panel : HierarchyResult
        Result of ``prioritise_hierarchy``.
    seed : int
        The study's seed.

    Raises
    ------
    ModelError
        If there is one expert only.
    """
    used = list(panel.used)
    if len(used) < 2:
        raise ModelError("there is one expert behind the weights, so there is no agreement")
    own = {name: priorities.loc[used] for name, priorities in panel.priorities.items()}
    own[OVERALL] = _weigh_own(panel)
    seeds = dict(zip(sorted(own), draw_seeds(seed, stage=331, n=len(own)), strict=True))
    distances = measure_distances(own[OVERALL])
    experts = _describe_experts(panel, own[OVERALL], distances)
    return GroupAgreement(
        n_experts=len(used),
        sizes={name: one.shape[1] for name, one in own.items()},
        concordance={
            name: attempt(measure_concordance, rank_each(one.to_numpy()), seed=seeds[name])
            for name, one in own.items()
        },
        consensus={
            name: measure_consensus(one.to_numpy()) for name, one in own.items() if name != OVERALL
        },
        distances=distances,
        experts=experts,
        heaviest=str(panel.weights.overall.idxmax()),
        apart=tuple(experts.loc[experts["stands apart"], "expert"]),
    )


@passes_absence
def measure_distances(weights: pd.DataFrame) -> pd.DataFrame:
    """Measure between each two experts the share of weight that would have to be moved.

    Half the sum of absolute differences: 0 for equal weights, 1 where none is shared.

    Parameters
    ----------
    weights : DataFrame of shape (n_experts, n_names)
        Each row sums to 1.
    """
    values = weights.to_numpy(dtype=float)
    # Row by row: a thousand experts would not fit at once.
    apart = np.stack([np.abs(values - one).sum(axis=1) / 2 for one in values])
    return pd.DataFrame(apart, index=weights.index, columns=weights.index)


def _weigh_own(panel: HierarchyResult) -> pd.DataFrame:
    """Each used expert's own weights of all indicators in the goal."""
    return _hang(panel, {name: one.loc[list(panel.used)] for name, one in panel.priorities.items()})


def _weigh_without_each(panel: HierarchyResult) -> pd.DataFrame:
    """The group's weights of all indicators without each used expert in turn."""
    experts = sorted(panel.used)
    shares = np.tile(panel.shares[experts].to_numpy(dtype=float), (len(experts), 1))
    np.fill_diagonal(shares, 0.0)
    weights = weigh_batch(panel, to_one(shares))
    return _hang(
        panel,
        {
            name: pd.DataFrame(one, experts, panel.panels[name].names)
            for name, one in weights.items()
        },
    )


def _hang(panel: HierarchyResult, weights: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Multiply each row down the tree; what stands alone has weight 1."""
    experts = next(iter(weights.values())).index
    parts = []
    for criterion, names in panel.hierarchy.items():
        above = weights[panel.goal][criterion] if panel.goal in weights else 1.0
        below = weights.get(criterion, pd.DataFrame(1.0, experts, list(names)))
        parts.append(below.mul(above, axis=0))
    return pd.concat(parts, axis=1)


def _describe_experts(
    panel: HierarchyResult, own: pd.DataFrame, distances: pd.DataFrame
) -> pd.DataFrame:
    """One row an expert: how far from the others, and what the group would be without."""
    overall = panel.weights.overall
    mean = distances.sum(axis=1) / (len(own) - 1)
    without = _weigh_without_each(panel).loc[own.index, list(overall.index)]
    limit = APART * float(np.median(mean))
    return pd.DataFrame(
        {
            "expert": own.index,
            "share": panel.shares[own.index].to_numpy(),
            "mean distance": mean.to_numpy(),
            "distance to the group": own.sub(overall).abs().sum(axis=1).to_numpy() / 2,
            "largest change without": without.sub(overall).abs().max(axis=1).to_numpy(),
            "heaviest without": without.idxmax(axis=1).to_numpy(),
            "stands apart": (mean > limit).to_numpy() & (len(own) > 2),
        }
    )

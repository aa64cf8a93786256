"""Fuzzy weights of a whole hierarchy beside the crisp ones: does fuzziness change anything?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.fuzzy_priorities.derive import FuzzyPriorities, prioritise_fuzzy
from crmstudy.evaluation.fuzzy_priorities.triangular import fuzzify
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, require_hierarchy
from crmstudy.evaluation.priorities.derive import AhpResult
from crmstudy.evaluation.tabulate import name_metrics, rank_weights

Kind = Literal["buckley", "chang", "crisp"]


@dataclass(frozen=True, eq=False)
class FuzzyHierarchy:
    """Fuzzy and crisp weights of criteria and indicators.

    Parameters
    ----------
    hierarchy : mapping of str to tuple of str
        Criteria and their indicators.
    goal : str
        Name of the matrix of the criteria.
    matrices : mapping of str to FuzzyPriorities
        By matrix; what stands alone has none.
    spread : float
        Steps of Saaty's scale by which judgements were spread.
    """

    hierarchy: Mapping[str, tuple[str, ...]]
    goal: str
    matrices: Mapping[str, FuzzyPriorities]
    spread: float

    @property
    def zeros(self) -> tuple[tuple[str, str], ...]:
        """Matrix and name wherever Chang's method gives no weight at all."""
        return tuple((matrix, name) for matrix, one in self.matrices.items() for name in one.zeros)

    def weights(self, kind: Kind) -> HierarchyWeights:
        """Weights of the hierarchy by one method, each level from its own matrices."""
        levels = {self.goal: tuple(self.hierarchy), **self.hierarchy}
        weights = {
            matrix: getattr(self.matrices[matrix], kind)[list(names)]
            if matrix in self.matrices
            else pd.Series(1.0, index=list(names), name="weight")
            for matrix, names in levels.items()
        }
        return HierarchyWeights(
            weights[self.goal], {criterion: weights[criterion] for criterion in self.hierarchy}
        )

    def table(self) -> pd.DataFrame:
        """One row a name of a matrix: fuzzy weight, weights by three methods, Chang's zeros."""
        parts = [one.table().assign(matrix=matrix) for matrix, one in self.matrices.items()]
        table = pd.concat(parts, ignore_index=True)
        return table[["matrix", *(column for column in table.columns if column != "matrix")]]

    def overall_table(self) -> pd.DataFrame:
        """One row an indicator: overall weight by Buckley, Chang and crisp, and ranks."""
        fuzzy, crisp = self.weights("buckley").overall, self.weights("crisp").overall
        return pd.DataFrame(
            {
                "indicator": list(crisp.index),
                "Buckley": fuzzy.to_numpy(),
                "Chang": self.weights("chang").overall.to_numpy(),
                "crisp": crisp.to_numpy(),
                "Buckley less crisp": (fuzzy - crisp).to_numpy(),
                "rank by Buckley": rank_weights(fuzzy.round(12)).to_numpy(),
                "rank by crisp": rank_weights(crisp.round(12)).to_numpy(),
            }
        )

    def zero_table(self) -> pd.DataFrame:
        """One row a name that Chang gives zero: what was judged of it, its other weights."""
        parts = [one.zero_table().assign(matrix=matrix) for matrix, one in self.matrices.items()]
        table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        return table[["matrix", *(column for column in table.columns if column != "matrix")]]

    def to_metrics(self) -> dict[str, float]:
        """Chang's zeros counted, differences from crisp weights, overall weights by Buckley."""
        overall = self.overall_table()
        return {
            "spread": self.spread,
            "n_zero_weights_by_chang": len(self.zeros),
            "largest_difference": float(overall["Buckley less crisp"].abs().max()),
            "n_ranks_changed": int((overall["rank by Buckley"] != overall["rank by crisp"]).sum()),
            **name_metrics("weight", overall.set_index("indicator")["Buckley"]),
        }


@passes_absence
def prioritise_fuzzy_hierarchy(
    matrices: Mapping[str, AhpResult],
    *,
    hierarchy: Mapping[str, Sequence[str]],
    goal: str = "criteria",
    spread: float = 1.0,
) -> FuzzyHierarchy:
    """Derive fuzzy weights of a hierarchy from the judgements behind crisp ones.

    Parameters
    ----------
    matrices : mapping of str to AhpResult
        By name: of the criteria (``goal``) and of the indicators under each criterion.
        Their judgements are made fuzzy; their own weights are not used, the crisp ones
        beside the fuzzy are geometric means of the same judgements.
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators.
    goal : str
        Name of the matrix of the criteria.
    spread : float
        As for :func:`~crmstudy.evaluation.fuzzy_priorities.triangular.fuzzify`.

    Raises
    ------
    SettingsError
        If the spread is negative.
    """
    tree = require_hierarchy(hierarchy)
    wanted = [name for name in (goal, *tree) if name in matrices]
    fuzzy = {
        name: prioritise_fuzzy(fuzzify(matrices[name].judgements, spread=spread)) for name in wanted
    }
    return FuzzyHierarchy(tree, goal, fuzzy, spread)

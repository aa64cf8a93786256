"""Which CRM system leads, by the analytic hierarchy process and by rival methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.ranking.agreement import RankAgreement, agree
from crmstudy.evaluation.ranking.rank import Ranking, rank_columns, rank_units
from crmstudy.evaluation.selection.performance import SystemPerformance
from crmstudy.evaluation.selection.shares import (
    find_dominated,
    prefer,
    synthesise_distributive,
    synthesise_ideal,
)
from crmstudy.evaluation.tabulate import name_metrics

#: The method whose ranking is read out; the others are its cross-check.
MAIN = "ideal mode"


@dataclass(frozen=True, eq=False)
class SystemChoice:
    """Systems in order, by several methods under the same weights.

    Parameters
    ----------
    performance : SystemPerformance
        What was compared.
    preferences : DataFrame of shape (n_systems, n_criteria)
        Each value by the best one of its criterion; 1 is the best.
    contributions : DataFrame of shape (n_systems, n_criteria)
        What each criterion adds to the score in ideal mode.
    scores : DataFrame of shape (n_systems, n_methods)
        Ideal mode, distributive mode, weighted sum, TOPSIS, VIKOR (1 - Q), grey
        relational; larger is better in every column.
    ranking : Ranking
        The rival methods, with their steps.
    dominated : mapping of str to tuple of str
        Systems that another one beats somewhere and is nowhere worse than, with these.
    """

    performance: SystemPerformance
    preferences: pd.DataFrame
    contributions: pd.DataFrame
    scores: pd.DataFrame
    ranking: Ranking
    dominated: Mapping[str, tuple[str, ...]]

    @property
    def score(self) -> pd.Series:
        """Scores in ideal mode: 1 for a system that is best on every criterion."""
        return self.scores[MAIN].rename("score")

    @property
    def ranks(self) -> pd.DataFrame:
        """Ranks by method, 1 the best; tied systems share the better rank."""
        return rank_columns(self.scores, "min").astype(int)

    @property
    def order(self) -> tuple[str, ...]:
        """Systems by score in ideal mode, best first; ties by name."""
        scores = self.score.round(12)
        return tuple(sorted(map(str, scores.index), key=lambda name: (-scores[name], name)))

    @property
    def leaders(self) -> tuple[str, ...]:
        """The system with the highest score in ideal mode; several where they tie."""
        ranks = self.ranks[MAIN]
        return tuple(map(str, ranks.index[ranks == 1]))

    @property
    def leaders_by_method(self) -> dict[str, tuple[str, ...]]:
        """First systems of each method."""
        ranks = self.ranks
        return {str(name): tuple(map(str, ranks.index[ranks[name] == 1])) for name in ranks.columns}

    @property
    def dissenting(self) -> tuple[str, ...]:
        """Methods that put another system first."""
        return tuple(
            name
            for name, leaders in self.leaders_by_method.items()
            if not set(leaders) & set(self.leaders)
        )

    @property
    def front(self) -> tuple[str, ...]:
        """Systems that no other one dominates (Pareto front), best first."""
        return tuple(name for name in self.order if name not in self.dominated)

    @property
    def agreement(self) -> RankAgreement:
        """How far the methods agree."""
        return agree(self.scores)

    def table(self) -> pd.DataFrame:
        """One row a system, best first: score, share, rank by each method, dominated by."""
        order = list(self.order)
        shown = pd.DataFrame(
            {
                "system": order,
                "score": self.score[order].to_numpy(),
                "share": self.scores.loc[order, "distributive mode"].to_numpy(),
            }
        )
        for name in self.scores.columns:
            shown[f"rank by {name}"] = self.ranks.loc[order, name].to_numpy()
        shown["dominated by"] = [", ".join(self.dominated.get(name, ())) for name in order]
        return shown

    def contribution_table(self) -> pd.DataFrame:
        """One row a system, best first: what each criterion adds to its score, and the score."""
        shown = self.contributions.loc[list(self.order)].rename(columns=self.performance.label)
        return shown.assign(score=self.score).rename_axis("system").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Scores, ranks, counts of the front and of dissent, agreement of the methods."""
        return {
            **self.performance.to_metrics(),
            **name_metrics("score", self.score),
            **name_metrics("share", self.scores["distributive mode"]),
            **name_metrics("rank", self.ranks[MAIN]),
            "n_leaders": len(self.leaders),
            "n_on_front": len(self.front),
            "n_methods": self.scores.shape[1],
            "n_methods_dissenting": len(self.dissenting),
            **self.agreement.to_metrics(),
        }


@passes_absence
def choose_system(performance: SystemPerformance) -> SystemChoice:
    """Put the systems in order under the criteria's weights.

    The score is the synthesis of the analytic hierarchy process in ideal mode: with the
    preference ``p_ij`` of system ``i`` on criterion ``j``, 1 for the best, it is the sum of
    ``w_j p_ij``. Distributive mode, weighted sum, TOPSIS, VIKOR and grey relational
    analysis stand beside it.

    Raises
    ------
    ModelError
        If the systems do not differ, or ratios of some criterion's values do not exist.

    References
    ----------
    Saaty, T. L. (2008). Decision making with the analytic hierarchy process. Int. J.
    Services Sciences, 1(1), 83-98.
    Millet, I., & Saaty, T. L. (2000). On the relativity of relative measures. European J.
    Operational Research, 121(1), 205-212.
    """
    values, weights, directions = performance.values, performance.weights, performance.directions
    preferences = prefer(values, directions)
    ranking = rank_units(values, weights=weights, directions=directions)
    modes = [synthesise(preferences, weights) for synthesise in _MODES]
    return SystemChoice(
        performance=performance,
        preferences=preferences,
        contributions=preferences * weights,
        scores=pd.concat([*modes, ranking.scores], axis=1),
        ranking=ranking,
        dominated=find_dominated(values, directions),
    )


_MODES = (synthesise_ideal, synthesise_distributive)

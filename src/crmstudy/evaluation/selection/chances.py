"""How probable it is that each system is the best, given how uncertain weights and ratings are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.ranking.rank import rank_draws
from crmstudy.evaluation.selection.choice import SystemChoice
from crmstudy.evaluation.selection.draws import Floats, draw_performance
from crmstudy.evaluation.tabulate import name_metrics


@dataclass(frozen=True, eq=False)
class SystemChances:
    """Ranks of the systems over many draws of weights and ratings.

    Parameters
    ----------
    choice : SystemChoice
        The ranking under the weights and ratings as given.
    acceptability : DataFrame of shape (n_systems, n_systems)
        Share of draws in which a system has each rank; ties share their ranks, so rows and
        columns sum to 1.
    beats : DataFrame of shape (n_systems, n_systems)
        Share of draws in which the row's system scores higher than the column's; ties half.
    scores, weights : DataFrame
        By system, and by criterion: value, lower, upper.
    confidence : float
        Level of these intervals (quantiles of the draws).
    n_draws : int
        Draws.
    varying, fixed : tuple of str
        What differs between draws, and what does not although it may be uncertain.
    """

    choice: SystemChoice
    acceptability: pd.DataFrame
    beats: pd.DataFrame
    scores: pd.DataFrame
    weights: pd.DataFrame
    confidence: float
    n_draws: int
    varying: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def best(self) -> pd.Series:
        """Share of draws in which a system is the best."""
        return self.acceptability[1].rename("best")

    @property
    def uncertain(self) -> bool:
        """Whether anything differs between draws."""
        return bool(self.varying)

    def table(self) -> pd.DataFrame:
        """One row a system, by score: score, lower, upper, best, beats the next, expected rank."""
        order = list(self.choice.order)
        ranks = self.acceptability.columns.to_numpy(dtype=float)
        expected = self.acceptability.to_numpy() @ ranks
        following = [*order[1:], None]
        return pd.DataFrame(
            {
                "system": order,
                "score": self.scores.loc[order, "value"].to_numpy(),
                "lower": self.scores.loc[order, "lower"].to_numpy(),
                "upper": self.scores.loc[order, "upper"].to_numpy(),
                "best": self.best[order].to_numpy(),
                "beats the next": [
                    None if other is None else self.beats.loc[one, other]
                    for one, other in zip(order, following, strict=True)
                ],
                "expected rank": pd.Series(expected, self.acceptability.index)[order].to_numpy(),
            }
        ).astype({"beats the next": float})

    def rank_table(self) -> pd.DataFrame:
        """One row a system: share of draws at each rank."""
        shown = self.acceptability.loc[list(self.choice.order)]
        named = shown.rename(columns={rank: f"rank {rank}" for rank in shown.columns})
        return named.rename_axis("system").reset_index()

    def weight_table(self) -> pd.DataFrame:
        """One row a criterion: weight, lower, upper."""
        label = self.choice.performance.label
        shown = self.weights.rename(columns={"value": "weight"})
        return shown.rename(index=label).rename_axis("criterion").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Probability of being the best, interval of the score, by system; weights' intervals."""
        return {
            "n_draws": self.n_draws,
            **name_metrics("best", self.best),
            **name_metrics("score_lower", self.scores["lower"]),
            **name_metrics("score_upper", self.scores["upper"]),
            **name_metrics("weight_lower", self.weights["lower"]),
            **name_metrics("weight_upper", self.weights["upper"]),
        }


@passes_absence
def weigh_chances(
    choice: SystemChoice,
    *,
    n_draws: int = 5000,
    seed: int,
    noise: float = 0.2,
    confidence: float = 0.95,
) -> SystemChances:
    """Draw weights and ratings anew, and count who comes first.

    The share of draws in which a system is first is its rank acceptability (Lahdelma &
    Salminen, 2001): how often a panel like this one would choose it, not how often the
    system would prove the best in use.

    Parameters
    ----------
    choice : SystemChoice
        Result of ``choose_system``.
    n_draws, seed
        How many draws; the study's seed.
    noise : float
        Standard deviation of the logarithm of a judgement.
    confidence : float
        Level of the intervals.

    Raises
    ------
    SettingsError
        If there is no draw, or the noise is negative.

    References
    ----------
    Lahdelma, R., & Salminen, P. (2001). SMAA-2: Stochastic multicriteria acceptability
    analysis for group decision making. Operations Research, 49(3), 444-454.
    """
    draws = draw_performance(choice.performance, n_draws=n_draws, seed=seed, noise=noise)
    scores = draws.score(list(choice.performance.criteria))
    return SystemChances(
        choice=choice,
        acceptability=_count_ranks(scores, choice),
        beats=_count_wins(scores, choice),
        scores=_bound(choice.score, scores, confidence),
        weights=_bound(choice.performance.weights, draws.weights, confidence),
        confidence=confidence,
        n_draws=n_draws,
        varying=draws.varying,
        fixed=draws.fixed,
    )


def _count_ranks(scores: Floats, choice: SystemChoice) -> pd.DataFrame:
    """Share of draws at each rank; tied systems share the ranks they take up together."""
    names, n = list(choice.scores.index), scores.shape[1]
    first, last = rank_draws(scores, "min"), rank_draws(scores, "max")
    ranks = np.arange(1, n + 1)
    share = np.zeros((n, n))
    for column, rank in enumerate(ranks):
        among = (first <= rank) & (rank <= last)
        share[:, column] = (among / (last - first + 1)).mean(axis=0)
    return pd.DataFrame(share, index=names, columns=ranks)


def _count_wins(scores: Floats, choice: SystemChoice) -> pd.DataFrame:
    names = list(choice.scores.index)
    rounded = np.round(scores, 12)
    wins = [
        [
            float(((rounded[:, i] > rounded[:, k]) + 0.5 * (rounded[:, i] == rounded[:, k])).mean())
            for k in range(len(names))
        ]
        for i in range(len(names))
    ]
    return pd.DataFrame(wins, index=names, columns=names)


def _bound(values: pd.Series, draws: Floats, confidence: float) -> pd.DataFrame:
    ends = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    return pd.DataFrame(
        {"value": values.to_numpy(), "lower": ends[0], "upper": ends[1]}, index=values.index
    )

"""Units put in order by several methods under the same weights, and what these agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, SettingsError, nearest, passes_absence
from crmstudy.evaluation.ranking.agreement import RankAgreement, agree
from crmstudy.evaluation.ranking.compromise import Compromise, propose_compromise
from crmstudy.evaluation.ranking.methods import METHODS, Method
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.evaluation.weighting.decisions import (
    Decisions,
    Direction,
    Floats,
    read_decisions,
)

#: Units that are recorded one by one.
MOST_RECORDED = 20
#: Places by which methods may differ on a unit before it counts as disputed.
FAR_APART = 2
UNWEIGHTED = "no weight"


@dataclass(frozen=True, eq=False)
class Ranking:
    """Units ranked by several methods.

    Parameters
    ----------
    decisions : Decisions
        The matrix that was compared, without criteria that tell nobody apart.
    weights : Series
        Of the criteria compared; they sum to 1.
    dropped : mapping of str to str
        Criteria left out, and why; their weight went to the others in proportion.
    scores : DataFrame of shape (n_units, n_methods)
        Larger is better in every column; that of VIKOR is ``1 - Q``.
    steps : mapping of str to mapping of str to DataFrame
        Every step of every method, by method and step; the last is called "score".
    compromise : Compromise or None
        VIKOR's conditions and its set of units; None where VIKOR was not asked for.
    """

    decisions: Decisions
    weights: pd.Series
    dropped: Mapping[str, str]
    scores: pd.DataFrame
    steps: Mapping[str, Mapping[str, pd.DataFrame]]
    compromise: Compromise | None

    @property
    def units(self) -> list[str]:
        """Names of the units, as given."""
        return self.decisions.units

    @property
    def ranks(self) -> pd.DataFrame:
        """Ranks by method, 1 the best; tied units share the better rank."""
        return rank_columns(self.scores, "min").astype(int)

    @property
    def mean_rank(self) -> pd.Series:
        """Mean of a unit's ranks (Borda's count), tied units sharing the middle rank."""
        return rank_columns(self.scores, "average").mean(axis=1).rename("mean rank")

    @property
    def consensus(self) -> pd.Series:
        """Rank by mean rank, 1 the best."""
        return self.mean_rank.round(9).rank(method="min").astype(int).rename("rank")

    @property
    def leaders(self) -> dict[str, list[str]]:
        """First units of each method, several where they tie."""
        ranks = self.ranks
        return {str(name): list(ranks.index[ranks[name] == 1]) for name in ranks.columns}

    @property
    def spread(self) -> pd.Series:
        """Places between a unit's best and its worst rank."""
        return (self.ranks.max(axis=1) - self.ranks.min(axis=1)).rename("spread")

    @property
    def disputed(self) -> list[str]:
        """Units that some method puts two places or more from another, widest first."""
        far = self.spread[self.spread >= FAR_APART]
        return list(far.sort_values(ascending=False, kind="stable").index)

    @property
    def agreement(self) -> RankAgreement:
        """How far the methods agree."""
        return agree(self.scores)

    def table(self) -> pd.DataFrame:
        """One row a unit, the best first: its rank by method, mean rank, rank, spread."""
        named = self.ranks.add_prefix("rank by ").assign(
            **{"mean rank": self.mean_rank, "rank": self.consensus, "spread": self.spread}
        )
        ordered = named.sort_values("mean rank", kind="stable")
        return ordered.rename_axis("unit").reset_index()

    def score_table(self) -> pd.DataFrame:
        """One row a unit, in the order given: what each method ranks by."""
        parts = [steps["score"].iloc[:, -1:] for steps in self.steps.values()]
        parts = [
            part.set_axis([f"{name}: {part.columns[0]}"], axis=1)
            for name, part in zip(self.steps, parts, strict=True)
        ]
        return pd.concat(parts, axis=1).rename_axis("unit").reset_index()

    def step_table(self, method: str) -> pd.DataFrame:
        """Every step of one method under each other: step, unit, a column a quantity."""
        steps = self.steps[_require_method(method, self.steps)]
        parts = [
            frame.rename_axis("unit").reset_index().assign(step=name)
            for name, frame in steps.items()
            if name != "score"
        ]
        joined = pd.concat(parts, ignore_index=True)
        return joined[["step", *[name for name in joined.columns if name != "step"]]]

    def matrix_table(self) -> pd.DataFrame:
        """The decision matrix, one row a unit."""
        return self.decisions.values.rename_axis("unit").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Counts, agreement, and up to 20 units' ranks and scores."""
        metrics: dict[str, float] = {
            "n_units": len(self.units),
            "n_criteria": len(self.weights),
            "n_criteria_dropped": len(self.dropped),
            "n_disputed": len(self.disputed),
            **self.agreement.to_metrics(),
        }
        if len(self.units) <= MOST_RECORDED:
            metrics |= name_metrics("mean_rank", self.mean_rank)
            for method in self.scores.columns:
                metrics |= name_metrics(f"{method.lower()}".replace(" ", "_"), self.scores[method])
        return metrics


@passes_absence
def rank_units(
    matrix: pd.DataFrame,
    *,
    weights: pd.Series,
    directions: Mapping[str, Direction],
    methods: Sequence[str] = tuple(METHODS),
) -> Ranking:
    """Rank units (customers' groups, periods, stores, systems) by several methods.

    Parameters
    ----------
    matrix : DataFrame of shape (n_units, n_criteria)
        Units in rows, criteria in columns, in any units of measurement.
    weights : Series
        Weights by criterion, 0 or more; brought to a sum of 1. A criterion of the matrix
        without a weight, or the same in all units, is left out and named.
    directions : mapping of str to {"larger", "smaller"}
        Which is better, by criterion.
    methods : sequence of str
        Of "weighted sum", "TOPSIS", "VIKOR", "grey relational".

    Raises
    ------
    DataError
        If a weight is negative or names no criterion of the matrix, or the matrix is broken
        (see :func:`read_decisions`).
    SettingsError
        If a method or direction is unknown.
    ModelError
        If there are fewer than two units, they do not differ in any criterion, or those in
        which they differ have no weight.
    """
    chosen = [METHODS[_require_method(name, METHODS)] for name in methods]
    decisions, used, dropped = weigh_decisions(matrix, weights=weights, directions=directions)
    return _rank(decisions, used, dropped, chosen)


def weigh_decisions(
    matrix: pd.DataFrame, *, weights: pd.Series, directions: Mapping[str, Direction]
) -> tuple[Decisions, pd.Series, dict[str, str]]:
    """Match weights to a decision matrix; return both, and what was left out."""
    _require_nonnegative(weights, matrix)
    idle = {str(n): UNWEIGHTED for n in matrix.columns if weights.get(n, 0.0) <= 0}
    weighted = [name for name in matrix.columns if str(name) not in idle]
    if not weighted:
        raise ModelError("no criterion of the comparison has weight")
    decisions = read_decisions(matrix[weighted], directions)
    used = weights[list(decisions.values.columns)].astype(float)
    return decisions, (used / used.sum()).rename("weight"), {**idle, **decisions.dropped}


def _rank(
    decisions: Decisions, weights: pd.Series, dropped: Mapping[str, str], methods: list[Method]
) -> Ranking:
    given = weights.to_numpy()
    scores = {method.name: method.score(*decisions.arrays, given[None])[0] for method in methods}
    steps = {method.name: method.steps(decisions, given) for method in methods}
    return Ranking(
        decisions=decisions,
        weights=weights,
        dropped=dropped,
        scores=pd.DataFrame(scores, index=decisions.values.index),
        steps=steps,
        compromise=propose_compromise(steps["VIKOR"]["score"]) if "VIKOR" in steps else None,
    )


def rank_columns(scores: pd.DataFrame, ties: str) -> pd.DataFrame:
    """Rank the scores of each column, the largest first; equal but for rounding is equal."""
    return scores.round(12).rank(ascending=False, method=ties)  # type: ignore[arg-type]


def rank_draws(scores: Floats, ties: str = "min") -> Floats:
    """Rank along the last axis, the largest first; equal but for rounding is equal."""
    from scipy.stats import rankdata

    ranks: Floats = rankdata(-np.round(scores, 12), method=ties, axis=-1)
    return ranks


def _require_method(name: str, known: Mapping[str, object]) -> str:
    if name not in known:
        raise SettingsError(
            f"method {name!r} is unknown; allowed: {', '.join(known)}{nearest(name, known)}"
        )
    return name


def _require_nonnegative(weights: pd.Series, matrix: pd.DataFrame) -> None:
    if not weights.index.is_unique:
        twice = weights.index[weights.index.duplicated()][0]
        raise DataError(f"{twice!r} has two weights; allowed: one a criterion")
    known = [str(name) for name in matrix.columns]
    for name, weight in weights.items():
        if str(name) not in known:
            raise DataError(
                f"{name!r} has a weight but is not in the decision matrix"
                f"{nearest(str(name), known)}"
            )
        if not np.isfinite(weight) or weight < 0:
            raise DataError(f"the weight of {name!r} is {weight:g}; allowed: 0 or more")

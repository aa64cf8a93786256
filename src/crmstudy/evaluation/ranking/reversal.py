"""Does the order of two units change when a third is taken away?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.evaluation.ranking.methods import METHODS
from crmstudy.evaluation.ranking.rank import Ranking, weigh_decisions


@dataclass(frozen=True, eq=False)
class Reversals:
    """What changes among the others when each unit in turn is taken away.

    Parameters
    ----------
    pairs : DataFrame
        One row a reversed pair: ``removed``, ``method``, ``unit``, ``overtaken by``.
    leaders : DataFrame
        One row a removal and method where another unit comes first, though the one removed
        was not first: ``removed``, ``method``, ``first``, ``first then``.
    n_removals : int
        Units that could be taken away.
    methods : tuple of str
        Methods compared.
    """

    pairs: pd.DataFrame
    leaders: pd.DataFrame
    n_removals: int
    methods: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row a method: removals, those that reverse a pair, pairs, changes of the first."""
        return pd.DataFrame(
            [
                {
                    "method": method,
                    "units removed in turn": self.n_removals,
                    "removals that reverse a pair": self._of(method)["removed"].nunique(),
                    "pairs reversed": len(self._of(method)),
                    "changes of the first unit": int((self.leaders["method"] == method).sum()),
                }
                for method in self.methods
            ]
        )

    def _of(self, method: str) -> pd.DataFrame:
        return self.pairs[self.pairs["method"] == method]

    def to_metrics(self) -> dict[str, float]:
        """Reversed pairs and changes of the first unit, all methods together."""
        return {
            "n_removals": self.n_removals,
            "n_pairs_reversed": len(self.pairs),
            "n_leaders_changed": len(self.leaders),
        }


@passes_absence
def check_unit_removal(ranking: Ranking) -> Reversals:
    """Take each unit away in turn and compare the order of the others with the order before.

    Weights stay as they are. A pair counts as reversed when its order is the opposite; ties
    made or broken do not count.

    Raises
    ------
    ModelError
        If there are fewer than three units.

    References
    ----------
    Garcia-Cascales, M. S., & Lamata, M. T. (2012). On rank reversal and TOPSIS method.
    Mathematical and Computer Modelling, 56(5-6), 123-132.
    """
    if len(ranking.units) < 3:
        raise ModelError("taking a unit away leaves nothing to compare: there are only two")
    pairs, leaders, done = [], [], 0
    for removed in ranking.scores.index:
        try:
            left = _score_without(ranking, removed)
        except ModelError:  # the others do not differ
            continue
        done += 1
        for method in ranking.scores.columns:
            told = {"removed": removed, "method": method}
            all_units, after = ranking.scores[method].round(12), left[method].round(12)
            before = all_units.drop(removed)
            pairs += [{**told, "unit": a, "overtaken by": b} for a, b in _reversed(before, after)]
            kept = before.index[before == all_units.max()]
            if len(kept) and not (after[kept] == after.max()).any():
                leaders.append({**told, "first": kept[0], "first then": after.idxmax()})
    return Reversals(
        pairs=pd.DataFrame(pairs, columns=["removed", "method", "unit", "overtaken by"]),
        leaders=pd.DataFrame(leaders, columns=["removed", "method", "first", "first then"]),
        n_removals=done,
        methods=tuple(map(str, ranking.scores.columns)),
    )


def _score_without(ranking: Ranking, removed: str) -> pd.DataFrame:
    values = ranking.decisions.values.drop(index=removed)
    decisions, used, _ = weigh_decisions(
        values, weights=ranking.weights, directions=ranking.decisions.directions
    )
    weights = used.to_numpy()[None]
    scores = {
        name: METHODS[name].score(*decisions.arrays, weights)[0]
        for name in map(str, ranking.scores)
    }
    return pd.DataFrame(scores, index=values.index)


def _reversed(before: pd.Series, after: pd.Series) -> list[tuple[str, str]]:
    """Pairs in opposite order: who was ahead, and who is now."""
    old, new = before.to_numpy(), after[before.index].to_numpy()
    ahead = (old[:, None] > old[None, :]) & (new[:, None] < new[None, :])
    names = before.index
    return [(str(names[i]), str(names[j])) for i, j in np.argwhere(ahead)]

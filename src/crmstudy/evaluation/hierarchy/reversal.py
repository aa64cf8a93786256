"""Does the order of alternatives change when another one comes or goes?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.evaluation.require import require_choice, require_same, require_weights

Synthesis = Literal["distributive", "ideal"]

#: Weights that differ by less are equal but for rounding.
SAME_WEIGHT = 1e-12


@dataclass(frozen=True, eq=False)
class RankReversal:
    """What copies and removals do to the order of the alternatives.

    Parameters
    ----------
    overall : DataFrame
        Alternatives in rows, distributive and ideal synthesis in columns; each sums to 1.
    trials : DataFrame
        One row a trial: synthesis, change (in words), first before, first after, order of
        the others reversed, pairs reversed.
    """

    overall: pd.DataFrame
    trials: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a trial."""
        return self.trials

    def reversals(self, synthesis: Synthesis) -> pd.DataFrame:
        """Trials of one synthesis in which somebody passed somebody."""
        return self.trials[
            (self.trials["synthesis"] == synthesis) & self.trials["reversed"]
        ].reset_index(drop=True)

    def to_metrics(self) -> dict[str, float]:
        """Trials and reversals of both syntheses."""
        return {
            "n_trials": len(self.trials) // 2,
            **{f"n_reversals_{mode}": len(self.reversals(mode)) for mode in get_args(Synthesis)},
        }


@passes_absence
def synthesise_alternatives(
    criteria_weights: pd.Series, local: pd.DataFrame, *, synthesis: Synthesis = "distributive"
) -> pd.Series:
    """Weigh alternatives in the goal from their weights under each criterion.

    Parameters
    ----------
    criteria_weights : Series
        They sum to 1.
    local : DataFrame of shape (n_alternatives, n_criteria)
        Weights of the alternatives under each criterion; columns sum to 1.
    synthesis : {"distributive", "ideal"}
        Alternatives share a criterion's weight; or each is compared with the best under
        the criterion, and the sums are brought back to 1.

    References
    ----------
    Saaty, T. L. (1994). How to make a decision: The analytic hierarchy process.
    Interfaces, 24(6), 19-43.
    """
    require_choice(synthesis, Synthesis, "synthesis")
    require_weights(criteria_weights, of="the criteria")
    require_same(list(local.columns), list(criteria_weights.index), "alternatives", "criteria")
    for criterion in local:
        require_weights(local[criterion], of=str(criterion))
    return _synthesise(criteria_weights, local, synthesis)


@passes_absence
def check_rank_reversal(criteria_weights: pd.Series, local: pd.DataFrame) -> RankReversal:
    """Add a copy of each alternative, and take each away; look at the order of the others.

    The judgements of the others do not change: their weights under a criterion keep their
    proportions. A pair counts as reversed if one was strictly ahead before and the other
    is after; a tie that comes or goes does not count.

    Parameters
    ----------
    criteria_weights : Series
        They sum to 1.
    local : DataFrame of shape (n_alternatives, n_criteria)
        Weights of the alternatives under each criterion, or preferences in proportion to
        them: 0 or more, columns are divided by their sum.

    Raises
    ------
    DataError
        If a weight is negative or missing, or names differ.
    ModelError
        If there are fewer than two alternatives, or a criterion in which none has a weight.

    References
    ----------
    Belton, V., & Gear, T. (1983). On a short-coming of Saaty's method of analytic
    hierarchies. Omega, 11(3), 228-230.
    """
    if len(local) < 2:
        raise ModelError("with fewer than two alternatives there is no order to be reversed")
    if (local.sum() <= 0).any():
        raise ModelError(f"no alternative has a weight under {local.columns[local.sum() <= 0][0]}")
    local = local / local.sum()
    overall = pd.DataFrame(
        {
            mode: synthesise_alternatives(criteria_weights, local, synthesis=mode)
            for mode in get_args(Synthesis)
        }
    )
    changes = {f"a copy of {name} is added": _copy(local, name) for name in local.index}
    if len(local) > 2:
        changes |= {f"{name} is removed": _remove(local, name) for name in local.index}
    trials = [
        {"synthesis": mode, "change": what}
        | _compare(overall[mode], _synthesise(criteria_weights, changed, mode))
        for mode in get_args(Synthesis)
        for what, changed in changes.items()
    ]
    return RankReversal(overall, pd.DataFrame(trials))


def _synthesise(weights: pd.Series, local: pd.DataFrame, synthesis: Synthesis) -> pd.Series:
    shares = local[list(weights.index)]
    if synthesis == "ideal":
        shares = shares / shares.max()
    overall = shares @ weights
    return (overall / overall.sum()).rename(synthesis)


def _copy(local: pd.DataFrame, name: object) -> pd.DataFrame:
    """Add an alternative that is judged as another one is; the copy has no name."""
    more = pd.concat([local, local.loc[[name]].set_axis([None], axis=0)])
    return more / more.sum()


def _remove(local: pd.DataFrame, name: object) -> pd.DataFrame:
    left = local.drop(index=[name])
    total = left.sum()
    # Under a criterion that only the removed one had a weight in, the others are equal.
    return (left / total.where(total > 0, 1.0)).where(total > 0, 1 / len(left), axis=1)


def _compare(before: pd.Series, after: pd.Series) -> dict[str, object]:
    """Who leads before and after, and which pairs change places."""
    names = [name for name in before.index if name in after.index]
    ahead = before[names].to_numpy()[:, None] - before[names].to_numpy()
    later = after[names].to_numpy()[:, None] - after[names].to_numpy()
    turned = np.argwhere((ahead > SAME_WEIGHT) & (later < -SAME_WEIGHT))
    pairs = [f"{names[j]} passes {names[i]}" for i, j in turned]
    return {
        "first before": str(before[names].idxmax()),
        "first after": str(after[names].idxmax()),
        "reversed": bool(pairs),
        "who passes whom": ", ".join(pairs),
    }

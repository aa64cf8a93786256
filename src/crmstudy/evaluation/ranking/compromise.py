"""VIKOR's compromise: whether the first unit may stand alone, and who shares its place."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.checks import Check
from crmstudy.evaluation.weighting.decisions import ROUNDING

SOURCE = "Opricovic & Tzeng (2004)"


@dataclass(frozen=True)
class Compromise:
    """The units that VIKOR proposes together.

    Parameters
    ----------
    units : tuple of str
        The compromise set, best first; one unit when both conditions hold.
    advantage, advantage_needed : float
        By how much the second unit's Q exceeds the first's; ``1 / (n_units - 1)``.
    acceptable_advantage : bool
        Whether the first is ahead by enough.
    acceptable_stability : bool
        Whether the first is also the best by S or by R.
    """

    units: tuple[str, ...]
    advantage: float
    advantage_needed: float
    acceptable_advantage: bool
    acceptable_stability: bool

    @property
    def checks(self) -> tuple[Check, Check]:
        """Both conditions, with what follows when one fails."""
        stable = self.acceptable_stability
        return (
            Check(
                name="the first unit of VIKOR is ahead by enough",
                passed=self.acceptable_advantage,
                statistic=self.advantage,
                threshold=f">= 1 / (units - 1) = {self.advantage_needed:.3f}",
                source=SOURCE,
                consequence="all units nearer to the first than that share its place",
            ),
            Check(
                name="the first unit of VIKOR is also best by sum or by largest regret",
                passed=stable,
                statistic=float(stable),
                threshold="best by S or by R",
                source=SOURCE,
                consequence="the first and the second unit share the place",
            ),
        )


def propose_compromise(regrets: pd.DataFrame) -> Compromise:
    """Apply the two conditions of acceptance.

    Parameters
    ----------
    regrets : DataFrame
        Indexed by unit: ``S``, ``R``, ``Q``; small is good. Two units or more.

    References
    ----------
    Opricovic, S., & Tzeng, G.-H. (2004). Compromise solution by MCDM methods: A comparative
    analysis of VIKOR and TOPSIS. European J. Operational Research, 156(2), 445-455.
    """
    behind = (regrets["Q"] - regrets["Q"].min()).round(12).sort_values(kind="stable")
    first, needed = behind.index[0], 1 / (len(behind) - 1)
    advantage = float(behind.iloc[1])
    ahead = advantage >= needed - ROUNDING
    stable = any(
        regrets.loc[first, column] <= regrets[column].min() + ROUNDING for column in ("S", "R")
    )
    if not ahead:
        shared = behind.index[behind < needed - ROUNDING]
    else:
        shared = behind.index[behind <= (0 if stable else advantage)]
    units = tuple(map(str, shared))
    return Compromise(units, advantage, needed, bool(ahead), bool(stable))

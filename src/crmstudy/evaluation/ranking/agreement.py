"""How far several rankings of the same units agree."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, attempt
from crmstudy.evaluation.groups.concordance import kendall_w
from crmstudy.evaluation.weighting.decisions import Floats

TIED = "a method puts all units level"


@dataclass(frozen=True, eq=False)
class RankAgreement:
    """Agreement of rankings, pair by pair and altogether.

    Parameters
    ----------
    tau, rho : DataFrame of shape (n_methods, n_methods)
        Kendall's tau-b and Spearman's correlation, ties counted; missing where a method
        puts all units level.
    concordance : float or NotAvailable
        Kendall's W, corrected for ties: 1 when all methods agree, 0 when their ranks add up
        to the same for all units.
    n_units : int
        Units ranked.
    """

    tau: pd.DataFrame
    rho: pd.DataFrame
    concordance: float | NotAvailable
    n_units: int

    def table(self) -> pd.DataFrame:
        """One row a pair of methods."""
        rows = [
            {
                "method": one,
                "other method": other,
                "Kendall's tau-b": self.tau.loc[one, other],
                "Spearman's rho": self.rho.loc[one, other],
            }
            for one, other in combinations(self.tau.index, 2)
        ]
        return pd.DataFrame(rows)

    @property
    def least_alike(self) -> tuple[str, str, float] | NotAvailable:
        """The pair of methods that agree least, and their tau-b."""
        pairs = [(a, b, float(self.tau.loc[a, b])) for a, b in combinations(self.tau.index, 2)]
        known = [pair for pair in pairs if not np.isnan(pair[2])]
        return min(known, key=lambda pair: pair[2]) if known else NotAvailable(TIED)

    def to_metrics(self) -> dict[str, float]:
        """Kendall's W and the smallest tau-b."""
        least = self.least_alike
        return {
            "kendall_w": self.concordance,  # type: ignore[dict-item]
            "smallest_tau": least if isinstance(least, NotAvailable) else least[2],  # type: ignore[dict-item]
        }


def agree(scores: pd.DataFrame) -> RankAgreement:
    """Compare the order that each column gives its rows.

    Parameters
    ----------
    scores : DataFrame of shape (n_units, n_methods)
        Larger is better; equal but for rounding is a tie.

    References
    ----------
    Kendall, M. G., & Gibbons, J. D. (1990). Rank correlation methods (5th ed.). Edward Arnold.
    """
    values = scores.round(12)
    signs = [_signs(values[name].to_numpy()) for name in values.columns]
    ranks = [values[name].rank().to_numpy() for name in values.columns]
    names = list(values.columns)
    centred = [each - each.mean() for each in ranks]
    return RankAgreement(
        tau=pd.DataFrame([[_cosine(a, b) for b in signs] for a in signs], names, names),
        rho=pd.DataFrame([[_cosine(a, b) for b in centred] for a in centred], names, names),
        concordance=attempt(kendall_w, np.array(ranks)),
        n_units=len(values),
    )


def _signs(values: Floats) -> Floats:
    """Order of every pair of units: -1, 0, 1; the cosine of two such lists is tau-b."""
    first, second = np.triu_indices(len(values), 1)
    return np.sign(values[first] - values[second])


def _cosine(one: Floats, other: Floats) -> float:
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 0 else float("nan")

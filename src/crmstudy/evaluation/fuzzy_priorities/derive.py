"""Weights from fuzzy judgements: Buckley's, Chang's, and the crisp ones beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.fuzzy_priorities.extents import (
    average_rows,
    compare_extents,
    defuzzify,
    extend_rows,
    weigh_possibility,
)
from crmstudy.evaluation.fuzzy_priorities.triangular import FuzzyJudgements, fuzzify
from crmstudy.evaluation.priorities.kernels import derive_weights
from crmstudy.evaluation.tabulate import name_metrics, rank_weights

# Steps of Saaty's scale over which the spread is varied; 1 is the usual one.
SPREADS = (0.0, 0.5, 1.0, 1.5, 2.0)

TRIANGLE = ["lower", "middle", "upper"]


@dataclass(frozen=True, eq=False)
class FuzzyPriorities:
    """Weights of one matrix of fuzzy judgements.

    Parameters
    ----------
    judgements : FuzzyJudgements
        The matrix of triangular numbers.
    fuzzy_weights : DataFrame
        Buckley's fuzzy weights: lower, middle, upper by name. They are wider than they need
        to be, because fuzzy division forgets that a name stands above and below the line.
    buckley : Series
        Their centres of area, brought to a sum of 1.
    extents : DataFrame
        Chang's synthetic extents: lower, middle, upper by name.
    possibility : DataFrame of shape (n, n)
        Degree of possibility that the row's extent is at least the column's.
    chang : Series
        The least degree of each row, brought to a sum of 1. No estimate of importance:
        see :func:`prioritise_fuzzy`.
    crisp : Series
        Geometric-mean weights of the peaks.
    """

    judgements: FuzzyJudgements
    fuzzy_weights: pd.DataFrame
    buckley: pd.Series
    extents: pd.DataFrame
    possibility: pd.DataFrame
    chang: pd.Series
    crisp: pd.Series

    @property
    def zeros(self) -> tuple[str, ...]:
        """Names that Chang's method gives no weight at all."""
        return tuple(str(name) for name in self.chang.index[self.chang == 0])

    @property
    def largest_difference(self) -> float:
        """Largest difference between Buckley's weight of a name and the crisp one."""
        return float((self.buckley - self.crisp).abs().max())

    def table(self) -> pd.DataFrame:
        """One row a name: fuzzy weight, weights by three methods, Chang's zeros."""
        return pd.DataFrame(
            {
                "name": list(self.crisp.index),
                **{end: self.fuzzy_weights[end].to_numpy() for end in TRIANGLE},
                "Buckley": self.buckley.to_numpy(),
                "Chang": self.chang.to_numpy(),
                "crisp": self.crisp.to_numpy(),
                "Buckley less crisp": (self.buckley - self.crisp).round(15).to_numpy(),
                "rank by Buckley": rank_weights(self.buckley.round(12)).to_numpy(),
                "rank by crisp": rank_weights(self.crisp.round(12)).to_numpy(),
                "Chang gives zero": np.where(self.chang == 0, "yes", "no"),
            }
        )

    def zero_table(self) -> pd.DataFrame:
        """One row a name that Chang gives zero: what was judged of it, and its other weights.

        The judgements are the peaks of the name's own row, so the largest of them says
        over what, and how much, the experts preferred a name of "no" importance.
        """
        rows = []
        for name in self.zeros:
            at = self.judgements.names.index(name)
            judged = self.judgements.middle[at].copy()
            judged[at] = -np.inf
            over = int(judged.argmax())
            rows.append((name, self.judgements.names[over], judged[over], self.crisp[name]))
        table = pd.DataFrame(rows, columns=["name", "highest against", "judged", "crisp"])
        return table.assign(
            Buckley=[self.buckley[name] for name in self.zeros],
            Chang=[self.chang[name] for name in self.zeros],
        )

    def to_metrics(self) -> dict[str, float]:
        """Buckley's weights, how far they are from the crisp ones, Chang's zeros counted."""
        return {
            "fuzzy_largest_difference": self.largest_difference,
            "n_zero_weights_by_chang": len(self.zeros),
            **name_metrics("fuzzy_weight", self.buckley),
        }


@passes_absence
def prioritise_fuzzy(judgements: FuzzyJudgements) -> FuzzyPriorities:
    """Derive weights from triangular judgements by Buckley's and by Chang's method.

    Buckley (1985) takes the fuzzy geometric mean of each row over the sum of them all; the
    centre of area makes it one number. With crisp judgements it is the geometric mean.

    Chang (1996) sums rows and asks how possible it is that each sum is at least each
    other. That is a comparison of sums, not a weight: where triangles do not overlap it
    gives zero to names that were judged relevant, and crisp judgements give everything to
    one name (Wang, Luo & Hua, 2008). It is computed because theses use it, and so that
    this can be seen; nothing in the study rests on it.

    References
    ----------
    Buckley, J. J. (1985). Fuzzy hierarchical analysis. Fuzzy Sets and Systems, 17(3),
    233-247.
    Chang, D.-Y. (1996). Applications of the extent analysis method on fuzzy AHP. European
    J. Operational Research, 95(3), 649-655.
    Wang, Y.-M., Luo, Y., & Hua, Z. (2008). On the extent analysis method for fuzzy AHP and
    its applications. European J. Operational Research, 186(2), 735-747.
    """
    names = list(judgements.names)
    fuzzy, extents = average_rows(judgements), extend_rows(judgements)
    possibility = compare_extents(extents)
    crisp = derive_weights(judgements.middle[None], "geometric_mean")[0]
    return FuzzyPriorities(
        judgements=judgements,
        fuzzy_weights=pd.DataFrame(fuzzy, names, TRIANGLE),
        buckley=pd.Series(defuzzify(fuzzy), names, name="weight"),
        extents=pd.DataFrame(extents, names, TRIANGLE),
        possibility=pd.DataFrame(possibility, names, names),
        chang=pd.Series(weigh_possibility(possibility), names, name="weight"),
        crisp=pd.Series(crisp, names, name="weight"),
    )


@passes_absence
def vary_spread(judgements: pd.DataFrame, *, spreads: Sequence[float] = SPREADS) -> pd.DataFrame:
    """Derive weights under several spreads of the judgements.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        Positive reciprocal matrix.
    spreads : sequence of float
        Steps of Saaty's scale to each side.

    Returns
    -------
    DataFrame
        One row a spread and name: spread, name, Buckley, Chang.
    """
    parts = []
    for spread in spreads:
        found = prioritise_fuzzy(fuzzify(judgements, spread=spread))
        parts.append(
            pd.DataFrame(
                {
                    "spread": spread,
                    "name": list(found.crisp.index),
                    "Buckley": found.buckley.to_numpy(),
                    "Chang": found.chang.to_numpy(),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)

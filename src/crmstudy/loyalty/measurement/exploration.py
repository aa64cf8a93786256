"""Do the items fall into the intended constructs when no model tells them to?

References
----------
Tucker, L. R. (1951). A method for synthesis of factor analysis studies (Personnel Research
Section Report No. 984). Department of the Army.
Lorenzo-Seva, U., & ten Berge, J. M. F. (2006). Tucker's congruence coefficient as a
meaningful index of factor similarity. Methodology, 2(2), 57-64.
Exploratory factor analysis itself: :mod:`crmstudy.statistics.factors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from crmstudy.errors import ModelError, passes_absence
from crmstudy.loyalty.measurement.constructs import collect_complete, name_in_print
from crmstudy.loyalty.model.specify import Construct
from crmstudy.statistics.draws import draw_seeds
from crmstudy.statistics.factor_trust import SALIENT
from crmstudy.statistics.factors import FactorResult, fit_factors

STAGE = 231
FAIR = 0.85  # Lorenzo-Seva & ten Berge (2006): .85 to .94 fair similarity, .95 and more equal


@dataclass(frozen=True)
class Exploration:
    """An exploratory factor analysis with as many factors as constructs, matched with them.

    Attributes
    ----------
    factors : FactorResult
        The analysis; its ``screen`` holds adequacy and parallel analysis.
    items : DataFrame
        One row an item: ``item``, ``construct`` (name), ``own loading`` (on the factor
        matched with its construct), ``largest other loading``, ``other factor``,
        ``communality``, ``agrees`` (whether its largest loading is its own).
    congruence : dict
        Tucker's congruence of each construct's factor with loadings that are equal on its
        own items and 0 on all others.
    matched : dict
        Factor to the construct matched with it.
    labels : dict
        Name of each construct to what it is called in print.
    notes : tuple of str
        What was left out.
    """

    factors: FactorResult
    items: pd.DataFrame
    congruence: dict[str, float]
    matched: dict[str, str]
    labels: dict[str, str]
    notes: tuple[str, ...]

    @property
    def n_intended(self) -> int:
        """Constructs with several items: the factors asked for."""
        return len(self.matched)

    @property
    def n_suggested(self) -> int:
        """Factors by parallel analysis of components."""
        return self.factors.screen.parallel.n_components

    @property
    def astray(self) -> pd.DataFrame:
        """Items whose largest loading lies on another construct's factor."""
        return self.items[~self.items["agrees"]]

    def table(self) -> pd.DataFrame:
        """One row an item, by labels, in the order of constructs."""
        return self.items.assign(
            construct=self.items["construct"].map(self.labels),
            agrees=np.where(self.items["agrees"], "yes", "no"),
        )

    def pattern(self) -> pd.DataFrame:
        """Loadings indexed by construct (label) and item, both in the order of constructs.

        A factor is called by the construct matched with it, which it need not resemble.
        """
        order = sorted(self.matched, key=lambda f: list(self.labels).index(self.matched[f]))
        named = [self.labels[self.matched[factor]] for factor in order]
        loadings = self.factors.loadings.loc[self.items["item"], order]
        rows = [self.items["construct"].map(self.labels), self.items["item"]]
        index = pd.MultiIndex.from_arrays(rows, names=["construct", "item"])
        return pd.DataFrame(loadings.to_numpy(), index=index, columns=named)

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers: adequacy, numbers of factors, agreement, congruence."""
        return {
            **self.factors.to_metrics(),
            "n_intended": self.n_intended,
            "n_items": len(self.items),
            "n_items_astray": len(self.astray),
            "n_cross_loadings": int((self.items["largest other loading"].abs() >= SALIENT).sum()),
            **{f"congruence_{name.lower()}": value for name, value in self.congruence.items()},
        }


@passes_absence
def explore_constructs(
    answers: pd.DataFrame, *, constructs: Sequence[Construct], seed: int
) -> Exploration:
    """Explore the items by minimum residuals and oblimin, and match factors with constructs.

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One numeric column an item, reversed items turned; respondents with a gap in an
        item of the constructs are left out.
    constructs : sequence of Construct
        Those with one item are left out: an item by itself makes no common factor.
    seed : int
        The study's seed, for the parallel analysis.

    Raises
    ------
    ModelError
        If the items are too few for as many factors, an item is missing or constant, or
        respondents are too few.
    """
    several = [each for each in constructs if len(each.items) > 1]
    if not several:
        raise ModelError("no construct has two items or more: there is nothing to explore")
    complete = collect_complete(answers, several)
    factors = fit_factors(
        complete, seed=draw_seeds(seed, stage=STAGE, n=1)[0], n_factors=len(several)
    )
    loadings = factors.loadings
    owner = {item: each.name for each in several for item in each.items}
    order = [item for item in owner if item in loadings.index]
    matched = match_factors(loadings.loc[order], [owner[item] for item in order])
    labels = name_in_print(several)
    left = factors.screen.left_out
    said = zip(left["variable"], left["reason"], strict=True)
    return Exploration(
        factors=factors,
        items=_tabulate_items(loadings.loc[order], owner, matched, labels, factors.communalities),
        congruence={
            construct: congruence(
                loadings.loc[order, factor], [owner[item] == construct for item in order]
            )
            for factor, construct in matched.items()
        },
        matched=matched,
        labels=labels,
        notes=(
            *(f"{e.name} has one item and is left out" for e in constructs if len(e.items) == 1),
            *(f"item {variable} is left out: {reason}" for variable, reason in said),
        ),
    )


def congruence(first: ArrayLike, second: ArrayLike) -> float:
    """Tucker's (1951) congruence: the cosine of two columns of loadings."""
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    length = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / length if length > 0.0 else 0.0


def match_factors(loadings: pd.DataFrame, owners: Sequence[str]) -> dict[str, str]:
    """Give every factor a construct of its own, so that congruences add up to the most."""
    from scipy.optimize import linear_sum_assignment

    names = list(dict.fromkeys(owners))
    own = np.array([[owner == name for name in names] for owner in owners], dtype=float)
    likeness = np.array(
        [
            [congruence(loadings[factor], own[:, k]) for k in range(len(names))]
            for factor in loadings
        ]
    )
    rows, columns = linear_sum_assignment(-likeness)
    return {loadings.columns[i]: names[j] for i, j in zip(rows, columns, strict=True)}


def _tabulate_items(
    loadings: pd.DataFrame,
    owner: dict[str, str],
    matched: dict[str, str],
    labels: dict[str, str],
    communalities: pd.Series,
) -> pd.DataFrame:
    factor_of = {construct: factor for factor, construct in matched.items()}
    rows = []
    for item, row in zip(loadings.index.astype(str), loadings.to_dict("records"), strict=True):
        values = {str(factor): float(value) for factor, value in row.items()}
        own = values.pop(factor_of[owner[item]])
        place = max(values, key=lambda factor: abs(values[factor]), default="")
        other = values.get(place, np.nan)
        rows.append(
            {
                "item": item,
                "construct": owner[item],
                "own loading": own,
                "largest other loading": other,
                "other factor": labels[matched[place]] if place else "none",
                "communality": float(communalities.loc[item]),
                "agrees": not place or abs(own) >= abs(other),
            }
        )
    return pd.DataFrame(rows)

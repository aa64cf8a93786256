"""Does each item belong to its scale: item-rest correlations, and alpha without the item.

References
----------
Nunnally, J. C., & Bernstein, I. H. (1994). Psychometric Theory (3rd ed.). McGraw-Hill.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.loyalty.measurement.coefficients import alpha_from_covariance
from crmstudy.loyalty.measurement.constructs import collect_complete, name_in_print
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import Construct
from crmstudy.statistics.threads import hold_one_thread

LOWEST_ITEM_REST = 0.30  # Nunnally & Bernstein (1994)


@dataclass(frozen=True)
class ItemAnalysis:
    """How every item goes with the others of its construct.

    Attributes
    ----------
    items : DataFrame
        One row an item of a construct with several: ``construct`` (name), ``item``,
        ``item-rest correlation`` (with the sum of the other items), ``alpha`` of the
        construct, ``alpha if deleted`` (empty where one item would remain).
    n_used : int
        Respondents who answered every item of all constructs.
    labels : dict
        Name of each construct to what it is called in print.
    """

    items: pd.DataFrame
    n_used: int
    labels: dict[str, str]

    @property
    def doubtful(self) -> pd.DataFrame:
        """Items that go little with the others, or whose scale is better without them."""
        weak = self.items["item-rest correlation"] < LOWEST_ITEM_REST
        return self.items[weak | (self.items["alpha if deleted"] > self.items["alpha"])]

    def table(self) -> pd.DataFrame:
        """One row an item; ``doubt`` says what speaks against it."""
        weak = self.items["item-rest correlation"] < LOWEST_ITEM_REST
        better = self.items["alpha if deleted"] > self.items["alpha"]
        doubt = np.select(
            [weak & better, weak, better],
            [
                "hardly goes with the others; alpha rises without it",
                "hardly goes with the others",
                "alpha rises without it",
            ],
            "none",
        )
        named = self.items["construct"].map(self.labels)
        return self.items.assign(construct=named, doubt=doubt)

    def to_metrics(self) -> dict[str, float]:
        """Plain numbers, e.g. ``item_rest_cusl2``."""
        metrics: dict[str, float] = {"n_used": self.n_used, "n_doubtful": len(self.doubtful)}
        for row in self.items.to_dict("records"):
            item = _spell_in_snake_case(row["item"])
            metrics[f"item_rest_{item}"] = row["item-rest correlation"]
            if math.isfinite(row["alpha if deleted"]):
                metrics[f"alpha_without_{item}"] = row["alpha if deleted"]
        return metrics


def _spell_in_snake_case(item: str) -> str:
    """Spell the name of an item as an address allows; other signs by their code points."""
    return re.sub(r"[^a-z0-9_]", lambda sign: f"u{ord(sign[0]):x}", item.lower())


@passes_absence
def examine_items(answers: pd.DataFrame, *, constructs: Sequence[Construct]) -> ItemAnalysis:
    """Set each item against the rest of its construct.

    Parameters
    ----------
    answers : DataFrame of shape (n_respondents, ...)
        One numeric column an item, all scored in one direction; respondents with a gap in
        an item of the constructs are left out.
    constructs : sequence of Construct
        Those with one item are passed over.

    Raises
    ------
    ModelError
        If an item is missing or constant, respondents are too few, or the items of a
        construct cancel out in their sum.
    """
    complete = collect_complete(answers, constructs)
    with hold_one_thread("blas"):
        rows = [
            row
            for each in constructs
            if len(each.items) > 1
            for row in _examine_construct(each, complete[list(each.items)].to_numpy())
        ]
    columns = ["construct", "item", "item-rest correlation", "alpha", "alpha if deleted"]
    return ItemAnalysis(
        pd.DataFrame(rows, columns=columns), len(complete), name_in_print(constructs)
    )


def _examine_construct(
    construct: Construct, answers: Array
) -> list[tuple[str, str, float, float, float]]:
    covariance = np.cov(answers, rowvar=False)
    alpha = alpha_from_covariance(covariance)
    rows = []
    for place, item in enumerate(construct.items):
        others = np.delete(np.arange(len(construct.items)), place)
        rest = covariance[np.ix_(others, others)]
        shared = covariance[place, others].sum()
        correlation = shared / np.sqrt(covariance[place, place] * rest.sum())
        without = alpha_from_covariance(rest) if len(others) > 1 else np.nan
        rows.append((construct.name, item, float(correlation), alpha, without))
    return rows

"""How criteria and methods stand side by side: the table, who leads, how far measures agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.segmentation.grid.concordance import measure_concordance, split_sources
from crmstudy.segmentation.grid.measures import Estimate, compare_estimates

ALPHA = 0.05
#: The common measures, larger is better, and how they are printed.
MEASURES = {
    "silhouette": "silhouette",
    "stability": "stability",
    "separation": "separation",
    "r_squared": "R² of next value",
    "lift": "lift of best 20%",
}
#: What segments without information reach.
NULLS = {"r_squared": 0.0, "lift": 1.0}
LARGEST = {"silhouette": 1.0, "stability": 1.0, "separation": 1.0, "r_squared": 1.0}


@dataclass(frozen=True)
class Cell:
    """One method on one block of criteria.

    Parameters
    ----------
    block, method, family : str
        Criteria, method, and the family the method belongs to.
    n_customers, n_segments : int
        Customers measured, and segments found among them; 0 when there are none.
    measures : mapping of str to Estimate or NotAvailable
        By the names of :data:`MEASURES`.
    reason : str
        Why there are no segments; empty when there are.
    """

    block: str
    method: str
    family: str
    n_customers: int
    n_segments: int
    measures: Mapping[str, Estimate | NotAvailable]
    reason: str = ""

    @property
    def note(self) -> str:
        """What is not available, and why; each reason once."""
        if self.reason:
            return f"not available: {self.reason}"
        reasons = [
            f"{MEASURES[name]} {found}"
            for name, found in self.measures.items()
            if isinstance(found, NotAvailable)
        ]
        return "; ".join(reasons)

    def find(self, measure: str) -> Estimate | None:
        """Give a measure, or nothing where it is not available."""
        found = self.measures.get(measure)
        return found if isinstance(found, Estimate) else None


@dataclass(frozen=True)
class Grid:
    """Criteria x methods with common measures.

    Parameters
    ----------
    cells : tuple of Cell
        Blocks in the order given, methods within them; those not available too.
    n_segments, n_replicates, n_folds : int
        Segments asked for; bootstrap samples of the stability; folds of the forecast.
    n_customers, n_known : int
        Customers measured, of how many known (the rest was sampled away or is not in every
        block).
    same_customers : bool
        Whether every block was measured on the same customers.
    """

    cells: tuple[Cell, ...]
    n_segments: int
    n_replicates: int
    n_folds: int
    n_customers: int
    n_known: int
    same_customers: bool

    @property
    def estimated(self) -> tuple[Cell, ...]:
        """The cells that have segments."""
        return tuple(cell for cell in self.cells if not cell.reason)

    def table(self) -> pd.DataFrame:
        """Arrange one row a cell, the best mean rank first, what is not available last.

        The mean rank is over the measures; cells that lack one have none.
        """
        ranks = self.ranks()["mean_rank"]
        rows = []
        for cell in self.cells:
            found = {name: cell.find(name) for name in MEASURES}
            rows.append(
                {
                    "criteria": cell.block,
                    "method": cell.method,
                    "customers": cell.n_customers or None,
                    "segments": cell.n_segments or None,
                    **{
                        MEASURES[name]: None if estimate is None else estimate.value
                        for name, estimate in found.items()
                    },
                    "mean rank": ranks.get((cell.block, cell.method)),
                    "note": cell.note,
                }
            )
        table = pd.DataFrame(rows)
        numbers = [*MEASURES.values(), "mean rank"]
        counts = ["customers", "segments"]
        typed = table.astype(dict.fromkeys(numbers, "float64") | dict.fromkeys(counts, "Int64"))
        lacking = typed["customers"].isna().to_numpy()
        rank = typed["mean rank"].fillna(np.inf).to_numpy()
        return typed.iloc[np.lexsort([np.arange(len(typed)), rank, lacking])].reset_index(drop=True)

    def intervals(self) -> pd.DataFrame:
        """Arrange one row a cell and measure.

        Returns
        -------
        DataFrame
            ``block, method, family, measure, value, lower, upper`` (95%), ``leads``, and
            ``alike``: not beyond the noise from the leader (the leader itself is).
        """
        rows = []
        for measure in MEASURES:
            ranked = _with_estimate(self.estimated, measure)
            leader = _find_leader(ranked)
            for cell, estimate in ranked:
                lower, upper = estimate.limits
                rows.append(
                    {
                        "block": cell.block,
                        "method": cell.method,
                        "family": cell.family,
                        "measure": measure,
                        "value": estimate.value,
                        "lower": lower,
                        "upper": min(upper, LARGEST.get(measure, upper)),
                        "leads": estimate is leader,
                        "alike": _is_alike(leader, estimate, len(ranked)),
                    }
                )
        names = ["block", "method", "family", "measure", "value", "lower", "upper"]
        return pd.DataFrame(rows, columns=[*names, "leads", "alike"])

    def leaders(self) -> pd.DataFrame:
        """Arrange who leads by each measure, and whether beyond the noise.

        Returns
        -------
        DataFrame indexed by measure
            ``block, method, value, lower, upper`` of the leader; ``runner_block,
            runner_method, difference, difference_error, p_value`` of the next (adjusted by
            Bonferroni for all the others); ``n_cells``, ``n_alike`` (others within the
            noise of the leader), ``beyond_noise`` (none is), ``beyond_chance`` (R squared
            and lift: the leader is above what segments without information reach, adjusted
            for being the best of so many; 1 or 0, missing for the other measures).
        """
        rows = {}
        for measure in MEASURES:
            ranked = sorted(
                _with_estimate(self.estimated, measure), key=lambda pair: -pair[1].value
            )
            if len(ranked) >= 2:
                rows[measure] = _describe_leader(ranked, NULLS.get(measure))
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")

    def ranks(self) -> pd.DataFrame:
        """Rank the cells that have every measure some cell has (1 is best).

        Returns
        -------
        DataFrame indexed by block and method
            A column for each measure, and ``mean_rank``.
        """
        values = pd.DataFrame(
            [
                {name: e.value for name in MEASURES if (e := cell.find(name)) is not None}
                for cell in self.estimated
            ],
            index=pd.MultiIndex.from_tuples(
                [(cell.block, cell.method) for cell in self.estimated], names=["block", "method"]
            ),
        )
        ranks = values.dropna().rank(ascending=False)
        return ranks.assign(mean_rank=ranks.mean(axis=1))

    def agreement(self) -> float | NotAvailable:
        """Compute Kendall's W among the measures: 1 they rank cells alike, 0 at random."""
        return measure_concordance(self.ranks().drop(columns="mean_rank"))

    def sources(self) -> pd.DataFrame:
        """Split how a measure varies over the cells into criteria and method.

        Returns
        -------
        DataFrame indexed by measure
            ``block`` and ``method``: share of the sum of squares that each explains beyond
            the other (additive model, type II); ``n_cells``. Measures with too few cells, or
            equal ones, are left out.
        """
        rows = {}
        for measure in MEASURES:
            pairs = _with_estimate(self.estimated, measure)
            shares = split_sources(
                np.array([estimate.value for _, estimate in pairs]),
                [cell.block for cell, _ in pairs],
                [cell.method for cell, _ in pairs],
            )
            if shares is not None:
                rows[measure] = {"block": shares[0], "method": shares[1], "n_cells": len(pairs)}
        columns = ["block", "method", "n_cells"]
        return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("measure")

    def winners(self) -> list[tuple[str, str]]:
        """Name the cells that no measure puts beyond the noise behind its leader."""
        intervals = self.intervals()
        measured = intervals["measure"].nunique()
        alike = intervals[intervals["alike"]].groupby(["block", "method"], sort=False).size()
        return [(str(block), str(method)) for block, method in alike.index[alike == measured]]

    def to_metrics(self) -> dict[str, float]:
        """Give every measure by criteria and method, and how far the measures agree."""
        metrics: dict[str, float] = {
            "n_customers": self.n_customers,
            "n_cells": len(self.estimated),
            "n_segments": self.n_segments,
        }
        agreement = self.agreement()
        if not isinstance(agreement, NotAvailable):
            metrics["agreement"] = agreement
        for cell, measure in product(self.estimated, MEASURES):
            estimate = cell.find(measure)
            if estimate is not None:
                method = cell.method.replace(" ", "_").replace("-", "_").lower()
                metrics[f"{cell.block}_{method}_{measure}"] = estimate.value
        return metrics


def _with_estimate(cells: tuple[Cell, ...], measure: str) -> list[tuple[Cell, Estimate]]:
    pairs = [(cell, cell.find(measure)) for cell in cells]
    return [(cell, estimate) for cell, estimate in pairs if estimate is not None]


def _find_leader(ranked: list[tuple[Cell, Estimate]]) -> Estimate | None:
    return max((estimate for _, estimate in ranked), key=lambda e: e.value, default=None)


def _is_alike(leader: Estimate | None, estimate: Estimate, n_cells: int) -> bool:
    """Ask whether chance explains the distance from the leader; all others are asked too."""
    if leader is None or leader is estimate:
        return True
    return compare_estimates(leader, estimate)[2] > ALPHA / (n_cells - 1)


def _describe_leader(ranked: list[tuple[Cell, Estimate]], null: float | None) -> dict[str, object]:
    (cell, leader), (runner, second) = ranked[:2]
    difference, error, p_value = compare_estimates(leader, second)
    alike = sum(_is_alike(leader, estimate, len(ranked)) for _, estimate in ranked[1:])
    lower, upper = leader.limits
    return {
        "block": cell.block,
        "method": cell.method,
        "value": leader.value,
        "lower": lower,
        "upper": upper,
        "runner_block": runner.block,
        "runner_method": runner.method,
        "difference": difference,
        "difference_error": error,
        "p_value": min(1.0, p_value * (len(ranked) - 1)),
        "n_cells": len(ranked),
        "n_alike": alike,
        "beyond_noise": alike == 0,
        "beyond_chance": None if null is None else float(_exceeds(leader, null, len(ranked))),
    }


def _exceeds(leader: Estimate, null: float, n_cells: int) -> bool:
    chance = Estimate(null, np.zeros_like(leader.parts), leader.df)
    difference, _, p_value = compare_estimates(leader, chance)
    return difference > 0 and p_value / 2 <= ALPHA / n_cells

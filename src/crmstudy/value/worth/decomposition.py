"""The value of customers taken apart: basic, added and potential value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.statistics.draws import draw_seeds, sort_points
from crmstudy.value.worth.allocation import Unallocated
from crmstudy.value.worth.bootstrap import limits
from crmstudy.value.worth.margin import Margin
from crmstudy.value.worth.named_shares import name_shares, rank_customers
from crmstudy.value.worth.window import Window

Floats = npt.NDArray[np.float64]

STAGE = 102
BLOCKS = ("basic value", "added value", "potential value")


@dataclass(frozen=True, eq=False)
class Component:
    """One part of the value.

    Parameters
    ----------
    block : str
        ``basic value``, ``added value``, ``potential value``, or ``memo``.
    name : str
        In words.
    column : str
        In the frame of customers.
    amounts : array of shape (n_customers,) or NotAvailable
        Money by customer, a cost below zero.
    source : str
        How it is known.
    """

    block: str
    name: str
    column: str
    amounts: Floats | NotAvailable
    source: str = ""

    @property
    def known(self) -> bool:
        """Whether the data allow it."""
        return not isinstance(self.amounts, NotAvailable)


@dataclass(frozen=True, eq=False)
class ValueDecomposition:
    """What each customer brought, cost and is expected to bring.

    Parameters
    ----------
    customers : DataFrame
        ``customer_id``, ``revenue``, one column a known component (costs below zero),
        ``basic_value``, ``added_value`` and ``potential_value`` where one of their
        components is known, ``profit`` (basic and added), ``value`` (all of them), and
        where recommendations are known ``n_recommended`` and ``recommended_value``, which
        are not in ``value``.
    components : tuple of Component
        Known or not.
    unallocated : tuple of Unallocated
        Money that no customer bears or brings.
    checks : tuple of Check
        Whether the parts add up to the ledgers.
    window : Window
        The days of basic and added value.
    margin : Margin
        Of goods.
    care_by_key : DataFrame
        Cost of care of each customer by allocation key; empty without such a cost.
    care_key : str
        The key that is in the value.
    """

    customers: pd.DataFrame
    components: tuple[Component, ...]
    unallocated: tuple[Unallocated, ...]
    checks: tuple[Check, ...]
    window: Window
    margin: Margin
    care_by_key: pd.DataFrame
    care_key: str

    @property
    def contains(self) -> tuple[str, ...]:
        """Names of the components that are in ``value``."""
        return tuple(c.name for c in self.components if c.known and c.block != "memo")

    @property
    def lacking(self) -> Mapping[str, str]:
        """Components that the data do not allow, and why."""
        return {
            c.name: c.amounts.reason for c in self.components if isinstance(c.amounts, NotAvailable)
        }

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks of which a component is known."""
        known = {c.block for c in self.components if c.known}
        return tuple(block for block in BLOCKS if block in known)

    @property
    def profit(self) -> pd.Series | NotAvailable:
        """Basic and added value by customer; absent where no cost at all is known."""
        added = any(c.known for c in self.components if c.block == "added value")
        if not self.margin.observed and not added:
            return NotAvailable(
                "no cost is known; with one margin assumed for all, profit only repeats revenue"
            )
        return self.customers.set_index("customer_id")["profit"]

    def table(self) -> pd.DataFrame:
        """One row a component, a block and the whole: sum, mean, and how it is known.

        ``share of customers with it`` counts those for whom it is not zero.
        """
        rows = []
        for block in BLOCKS:
            parts = [c for c in self.components if c.block == block]
            rows += [self._describe(block, c.name, c.amounts, c.source) for c in parts]
            if block in self.blocks:
                rows.append(self._sum_up(block, block.replace(" ", "_")))
        rows.append(self._sum_up("value", "value"))
        memos = [c for c in self.components if c.block == "memo"]
        rows += [
            self._describe("memo, not in the value", m.name, m.amounts, m.source) for m in memos
        ]
        return pd.DataFrame(rows)

    def _describe(
        self, block: str, name: str, amounts: Floats | NotAvailable, source: str
    ) -> dict[str, Any]:
        if isinstance(amounts, NotAvailable):
            return {**_row(block, name, np.full(1, np.nan)), "how known": str(amounts)}
        return {**_row(block, name, amounts), "how known": source}

    def _sum_up(self, block: str, column: str) -> dict[str, Any]:
        names = [c.name for c in self.components if c.known and block in ("value", c.block)]
        amounts = self.customers[column].to_numpy(np.float64)
        listed = ", ".join(names if block != "value" else self.blocks)
        return {**_row(block, "all of it", amounts), "how known": f"sum of {listed}"}

    def left(self) -> pd.DataFrame:
        """Money that no customer bears or brings: what, how much, and why."""
        rows = [(item.what, item.amount, item.why) for item in self.unallocated]
        return pd.DataFrame(rows, columns=["what", "amount", "why"])

    def shares(self, segments: pd.Series | None = None) -> pd.DataFrame:
        """Contribution rate, profit share and profit margin, by customer or by segment.

        Parameters
        ----------
        segments : Series, optional
            Segment by customer.

        Returns
        -------
        DataFrame
            ``customer_id`` (or ``segment`` and ``customers``), then the columns of
            :func:`name_shares`. Segments come in the order of their categories, else by
            revenue.
        """
        money = self.customers[["revenue", "profit"]]
        if segments is None:
            shares = name_shares(money["revenue"], money["profit"])
            shares.insert(0, "customer_id", self.customers["customer_id"])
            return shares
        groups = money.groupby(self._place(segments), sort=False)
        sums = groups.sum()
        shares = name_shares(sums["revenue"], sums["profit"])
        shares.insert(0, "customers", groups.size())
        names = _order(segments, sums["revenue"])
        return shares.loc[names].rename_axis("segment").reset_index()

    def largest(self, *, top: int = 10) -> pd.DataFrame:
        """The customers of the largest revenue, with their three shares."""
        return rank_customers(self.shares(), top=top)

    def by_segment(
        self, segments: pd.Series, *, seed: int, n_replicates: int = 400, level: float = 0.95
    ) -> pd.DataFrame:
        """Mean value of each segment and of its parts, with bootstrap intervals.

        Parameters
        ----------
        segments : Series
            Segment by customer, indexed by ``customer_id``; customers without one are
            ``no segment``.
        seed : int
            Seed of the study; customers are drawn within their segment.

        Returns
        -------
        DataFrame
            ``segment``, ``customers``, and for each known block and for ``value`` its mean
            and its limits (``basic value``, ``basic value lower``, ...). Limits of a
            segment of one customer are missing. Segments come in the order of their
            categories, else by mean value.
        """
        columns = [block.replace(" ", "_") for block in self.blocks] + ["value"]
        places = self._place(segments)
        names = _order(segments, self.customers["value"].groupby(places).mean())
        rows = []
        for name, drawing in zip(names, draw_seeds(seed, stage=STAGE, n=len(names)), strict=True):
            points = self.customers.loc[(places == name).to_numpy(), columns].to_numpy(np.float64)
            lower, upper = _bound_means(points, drawing, n_replicates, level)
            row: dict[str, Any] = {"segment": name, "customers": len(points)}
            for position, column in enumerate(columns):
                words = column.replace("_", " ")
                row[words] = float(points[:, position].mean())
                row[f"{words} lower"] = float(lower[position])
                row[f"{words} upper"] = float(upper[position])
            rows.append(row)
        return pd.DataFrame(rows)

    def _place(self, segments: pd.Series) -> pd.Series:
        found = self.customers["customer_id"].map(segments.astype(object))
        if found.isna().all():
            raise ModelError("none of the customers has a segment")
        return found.where(found.notna(), "no segment").astype(str)

    def compare_keys(self) -> pd.DataFrame:
        """Ask whether another key of allocation changes who is worth what.

        Returns
        -------
        DataFrame
            ``key``, ``cost of care`` (allocated), ``customers with a loss`` (share),
            ``profit share of the top fifth``, ``rank correlation`` (Spearman) of profit
            with the key in use.

        Raises
        ------
        ModelError
            If there is no cost of care to allocate.
        """
        if self.care_by_key.empty:
            raise ModelError("no cost of care is booked: nothing depends on its key")
        profit = self.customers["profit"].to_numpy(np.float64)
        before = profit + self.care_by_key[self.care_key].to_numpy()
        rows = []
        for key in self.care_by_key:
            other = before - self.care_by_key[key].to_numpy()
            fifth = np.sort(other)[::-1][: max(1, round(0.2 * other.size))].sum()
            total = float(other.sum())
            rows.append(
                {
                    "key": key,
                    "cost of care": float(self.care_by_key[key].sum()),
                    "customers with a loss": float((other < 0).mean()),
                    "profit share of the top fifth": fifth / total if total > 0 else np.nan,
                    "rank correlation": _rank_correlation(profit, other),
                }
            )
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Customers, sums and means of what is known, and what is unallocated."""
        found: dict[str, float] = {"customers": len(self.customers), **self.margin.to_metrics()}
        for column in ("revenue", *(block.replace(" ", "_") for block in self.blocks), "value"):
            found[f"total_{column}"] = float(self.customers[column].sum())
            found[f"mean_{column}"] = float(self.customers[column].mean())
        if not isinstance(self.profit, NotAvailable):
            found["unprofitable_share"] = float((self.profit < 0).mean())
        costs = [i.amount for i in self.unallocated if "cost" in i.what]
        return {**found, "unallocated_cost": float(sum(costs))}


def _row(block: str, name: str, amounts: Floats) -> dict[str, Any]:
    known = not np.isnan(amounts).all()
    return {
        "block": block,
        "component": name,
        "sum": float(amounts.sum()),
        "mean per customer": float(amounts.mean()),
        "share of customers with it": float((amounts != 0).mean()) if known else np.nan,
    }


def _order(segments: pd.Series, sizes: pd.Series) -> list[str]:
    """Order segments as their categories are, else the largest first; strangers last."""
    if isinstance(segments.dtype, pd.CategoricalDtype):
        names = [str(name) for name in segments.cat.categories if str(name) in sizes]
    else:
        ranked = sizes.sort_index().sort_values(ascending=False, kind="stable")
        names = [str(name) for name in ranked.index]
    names = [name for name in names if name != "no segment"]
    return [*names, "no segment"] if "no segment" in sizes else names


def _bound_means(
    points: Floats, seed: int, n_replicates: int, level: float
) -> tuple[Floats, Floats]:
    if len(points) < 2:
        missing = np.full(points.shape[1], np.nan)
        return missing, missing
    ordered, generator = points[sort_points(points)], np.random.default_rng(seed)
    n = len(ordered)
    drawn = [
        np.bincount(generator.integers(0, n, n), minlength=n) @ ordered / n
        for _ in range(n_replicates)
    ]
    return limits(drawn, level)


def _rank_correlation(first: Floats, second: Floats) -> float:
    # Equal amounts may differ by rounding; they are ties all the same.
    scale = max(float(np.abs(first).max()), float(np.abs(second).max()), 1e-300)
    ranks = pd.DataFrame({"first": first, "second": second}).div(scale).round(10).rank()
    if ranks["first"].nunique() < 2 or ranks["second"].nunique() < 2:
        return float("nan")
    return float(ranks["first"].corr(ranks["second"]))

"""What each customer's money is spent on: departments, categories, brands, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.collection.features.blocks import keep_seen
from crmstudy.collection.features.engines import write_sql
from crmstudy.collection.features.features import find_window, order_customers
from crmstudy.collection.features.levels import mark_levels
from crmstudy.collection.warehouse import Reading, Warehouse
from crmstudy.errors import NotAvailable, SettingsError

OTHER, UNKNOWN = "other", "unknown"


@dataclass(frozen=True)
class ProductMix:
    """The money of each customer by level of one variable.

    Parameters
    ----------
    spend : DataFrame of shape (n_customers, n_levels)
        Money (currency), returns of negative money included, so that a row sums to the
        customer's revenue; levels by falling total, then ``other`` (the levels gathered)
        and ``unknown`` (lines whose level is not known), where there are any.
    gathered : tuple of str
        The levels summed in ``other``, by falling total.
    level : str
        The variable.
    """

    spend: pd.DataFrame
    gathered: tuple[str, ...]
    level: str

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels by their own name: neither gathered nor unknown."""
        return tuple(name for name in self.spend.columns if name not in (OTHER, UNKNOWN))

    def table(self) -> pd.DataFrame:
        """State the revenue of each level, its share, and the share of customers it reaches."""
        total = self.spend.sum()
        return pd.DataFrame(
            {
                self.level: total.index,
                "revenue": total.to_numpy(),
                "share of revenue": (total / total.sum()).to_numpy(),
                "share of customers": (self.spend > 0).mean().to_numpy(),
            }
        )


def product_mix(
    warehouse: Warehouse,
    dataset: str,
    *,
    level: str = "department",
    since: str = "",
    until: str = "",
    most: int = 12,
) -> ProductMix | NotAvailable:
    """Sum each customer's money by department, category, brand or channel.

    Parameters
    ----------
    warehouse : Warehouse
        The study's customer database.
    dataset : str
        Data set with a transactions table.
    level : str
        A column of products, or ``channel`` of transactions.
    since, until : str
        First and last day counted; empty takes all.
    most : int
        Levels that keep their name, those with the most money.

    Returns
    -------
    ProductMix
        Customers with a purchase, in the order of the customer features of this window.

    Raises
    ------
    SettingsError
        If ``most`` is below 1, a day is not a date, or ``since`` is later than ``until``.
    """
    if most < 1:
        raise SettingsError(f"most = {most}: at least 1 level must keep its name")
    customers = order_customers(warehouse, dataset, since=since, until=until)
    if isinstance(customers, NotAvailable):
        return customers
    with warehouse.reading() as reading:
        window = find_window(reading, dataset, since=since, until=until)
        lines = _levels(reading, dataset, level)
        if isinstance(lines, NotAvailable):
            return lines
        if isinstance(window, NotAvailable):
            return window
        seen = keep_seen(lines, "ordered_at", window[1], window[0])
        totals = _ask(reading, seen.group_by("level").agg(money=seen.revenue.sum()))
        kept, gathered = _rank(totals, most)
        sums = _ask(reading, _sum_by_level(seen, kept))
    if not kept:
        return NotAvailable(f"no line has a known {level}")
    wide = sums.pivot_table(index="customer_id", columns="level", values="money", aggfunc="sum")
    order = [*kept, *(name for name in (OTHER, UNKNOWN) if name in wide)]
    spend = wide.reindex(index=customers, columns=order).fillna(0.0)
    return ProductMix(spend.rename_axis(columns=None), gathered, level)


def _levels(reading: Reading, dataset: str, level: str) -> Any | NotAvailable:
    """Express the lines with their level; products are too many to be levels."""
    if level == "product_id":
        return NotAvailable("a mix is one of departments, categories, brands or channels")
    lines = mark_levels(reading, dataset, level)
    if isinstance(lines, NotAvailable):
        return lines
    named = lines.level.fill_null(UNKNOWN)
    return lines.select("customer_id", "ordered_at", "revenue", level=named)


def _rank(totals: pd.DataFrame, most: int) -> tuple[list[str], tuple[str, ...]]:
    """Name the levels that keep their name, and those gathered, by falling total."""
    known = totals[totals["level"] != UNKNOWN]
    ranked = known.sort_values(["money", "level"], ascending=[False, True])["level"].tolist()
    kept = [name for name in ranked[:most] if name != OTHER]
    return kept, tuple(name for name in ranked[most:] if name != OTHER)


def _sum_by_level(seen: Any, kept: list[str]) -> Any:
    named = seen.level.isin([*kept, UNKNOWN]).ifelse(seen.level, OTHER)
    marked = seen.select("customer_id", "revenue", level=named)
    sums = marked.group_by("customer_id", "level").agg(money=marked.revenue.sum())
    return sums.order_by("customer_id", "level")


def _ask(reading: Reading, expression: Any) -> pd.DataFrame:
    return reading.query(write_sql(expression, dialect="duckdb"))

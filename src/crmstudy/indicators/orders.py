"""A purchase log condensed to orders: what indicators count by, once for all windows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError

# A log may begin or end this many days inside a window and still cover it: shops close.
COVERAGE_SLACK = pd.Timedelta(days=7)

# How lines become orders; all else is summed.
_CONDENSED = {"ordered_at": "min", "bought": "max"}


@dataclass(frozen=True, eq=False)
class Ledger:
    """Orders of identified customers.

    Parameters
    ----------
    orders : DataFrame
        One row a customer, basket and unit: ``customer_id``, ``unit``, ``ordered_at`` (its
        first line), ``revenue`` (less what was handed back), ``cost`` (of goods), ``bought``
        (whether a line is more than money handed back), ``lines``, and how many of these
        lack money (``unpriced``) or cost of goods (``uncosted``).
    first, last : Timestamp
        First and last line of the whole log.
    has_cost : bool
        Whether the log has a column of costs at all.
    """

    orders: pd.DataFrame
    first: pd.Timestamp
    last: pd.Timestamp
    has_cost: bool

    def covers(self, start: pd.Timestamp, end: pd.Timestamp) -> bool:
        """Say whether the log runs from a window's start to its end, but for a few days."""
        return self.first <= start + COVERAGE_SLACK and self.last >= end - COVERAGE_SLACK

    def between(self, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
        """Return the orders of a window that the log must cover.

        Raises
        ------
        ModelError
            If the log begins later or ends earlier.
        """
        if not self.covers(start, end):
            raise ModelError(
                f"the transactions run from {self.first:%Y-%m-%d} to {self.last:%Y-%m-%d} and "
                f"do not cover {start:%Y-%m-%d} to {end:%Y-%m-%d}"
            )
        at = self.orders["ordered_at"]
        return self.orders[(at >= start) & (at < end)]

    def part(self, labels: pd.Series) -> dict[str, Ledger]:
        """Part the orders by their labels, in the order of these; what the log covers stays."""
        return {
            str(label): replace(self, orders=orders)
            for label, orders in self.orders.groupby(labels, sort=True)
        }


def read_ledger(transactions: pd.DataFrame, *, unit: str = "") -> Ledger:
    """Condense lines of purchases to orders.

    An order is a basket of a customer with a line that is not money handed back, the
    meaning that purchases have in every chapter; without baskets it is what a customer
    bought on one day. Lines without a customer are left out. A basket counts on the day
    of its first line.

    Parameters
    ----------
    transactions : DataFrame
        Canonical lines: ``customer_id``, ``ordered_at``, ``revenue``, and if known
        ``basket_id`` and ``cost``.
    unit : str
        Column whose values part a basket further, for instance the store; empty for none.

    Raises
    ------
    ModelError
        If there is no line of a customer.
    """
    lines = transactions[transactions["customer_id"].notna()]
    if lines.empty:
        raise ModelError("there are no transactions")
    parts = pd.DataFrame(
        {
            "customer_id": lines["customer_id"],
            "basket": _name_baskets(lines),
            "unit": lines[unit] if unit else "",
            "ordered_at": lines["ordered_at"],
            "revenue": lines["revenue"],
            "cost": lines.get("cost", np.nan),
            "bought": ~(lines["revenue"] < 0),
            "lines": 1,
            "unpriced": lines["revenue"].isna(),
            "uncosted": lines["cost"].isna() if "cost" in lines else True,
        }
    )
    keys = ["customer_id", "basket", "unit"]
    how = {column: "sum" for column in parts if column not in keys} | _CONDENSED
    orders = parts.groupby(keys, sort=False).agg(how)
    return Ledger(
        orders=orders.reset_index().drop(columns="basket"),
        first=lines["ordered_at"].min(),
        last=lines["ordered_at"].max(),
        has_cost="cost" in lines,
    )


def _name_baskets(lines: pd.DataFrame) -> pd.Series:
    return lines["basket_id"] if "basket_id" in lines else lines["ordered_at"].dt.normalize()

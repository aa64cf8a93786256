"""Who bought what, as a matrix of customers and items in an order of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError
from crmstudy.statistics.draws import draw_rows

Floats = npt.NDArray[np.float64]
#: An item is recommended when so many customers bought it: this share, and at least so many.
BUYER_SHARE = 0.01
FEWEST_BUYERS = 5
COLUMNS = ("customer_id", "item", "n_purchases", "last_at")


@dataclass(frozen=True)
class PurchaseMatrix:
    """Purchases of the catalogue's items up to a day.

    Customers and items stand in an order made from what was bought, so that nothing depends
    on the order of the input or on the customers' identifiers.

    Parameters
    ----------
    customers, items : Index
        Rows and columns; items by falling number of buyers.
    counts : csr_matrix of shape (n_customers, n_items)
        Purchases of the item.
    days : csr_matrix of the same pattern
        Days from the last purchase of the item to ``until``, plus 1.
    until : Timestamp
        Last day that is known.
    fewest_buyers : int
        Buyers that an item needed to enter the catalogue.
    known : Index
        All customers in the purchases, those without an item of the catalogue too.
    n_items_bought, n_able : int
        Items in the purchases, before the rule; customers with an item of the catalogue,
        before some of them were drawn.
    share_kept : float
        Share of the purchases that are of the catalogue.
    """

    customers: pd.Index
    items: pd.Index
    counts: Any
    days: Any
    until: pd.Timestamp
    fewest_buyers: int
    known: pd.Index
    n_items_bought: int
    n_able: int
    share_kept: float

    @property
    def buyers(self) -> Floats:
        """Customers who bought each item."""
        return np.diff(self.counts.tocsc().indptr).astype(float)

    def locate(self, bought: pd.DataFrame) -> Any:
        """Mark what these customers bought of these items in other purchases."""
        from scipy.sparse import csr_matrix

        rows = self.customers.get_indexer(pd.Index(bought["customer_id"]))
        columns = self.items.get_indexer(pd.Index(bought["item"]))
        known = (rows >= 0) & (columns >= 0)
        places = np.unique(rows[known] * len(self.items) + columns[known])
        cells = np.divmod(places, len(self.items)) if len(places) else (places, places)
        return csr_matrix((np.ones(len(places)), cells), shape=self.counts.shape)


def arrange_purchases(
    parts: Sequence[pd.DataFrame],
    *,
    until: str | pd.Timestamp,
    fewest_buyers: int = 0,
    most: int = 0,
    seed: int = 0,
) -> PurchaseMatrix:
    """Put purchases of one or more windows into one matrix.

    Parameters
    ----------
    parts : sequence of DataFrame
        ``customer_id``, ``item``, ``n_purchases``, ``last_at``; one row a customer and item.
    until : str or Timestamp
        Last day of the purchases.
    fewest_buyers : int
        Buyers an item needs; 0 asks for 1 % of the customers, at least five.
    most, seed : int
        Customers kept at most, drawn by ``seed``; 0 keeps all.

    Raises
    ------
    DataError
        If a column is missing.
    ModelError
        If fewer than two customers or two items are left.
    """
    from scipy.sparse import csr_matrix

    bought = gather_purchases(parts)
    known = pd.Index(bought["customer_id"].unique())
    fewest = fewest_buyers or max(FEWEST_BUYERS, math.ceil(BUYER_SHARE * len(known)))
    items = _order_items(bought)
    items = items[items["buyers"] >= fewest]
    kept = bought[bought["item"].isin(items.index)]
    customers = _order_customers(kept, items.index)
    if len(items) < 2 or len(customers) < 2:
        raise ModelError(
            f"items with {fewest} buyers or more: {len(items)}, customers who bought them: "
            f"{len(customers)}; recommendations need two of each"
        )
    n_able, share_kept = len(customers), kept["n_purchases"].sum() / bought["n_purchases"].sum()
    if most and n_able > most:
        customers = customers[draw_rows(n_able, seed, most=most)]
        kept = kept[kept["customer_id"].isin(customers)]
    end = pd.Timestamp(until).normalize()
    cells = (
        customers.get_indexer(pd.Index(kept["customer_id"])),
        items.index.get_indexer(pd.Index(kept["item"])),
    )
    shape = len(customers), len(items)
    days = (end - kept["last_at"].dt.normalize()).dt.days.clip(lower=0) + 1
    return PurchaseMatrix(
        customers=customers,
        items=items.index,
        counts=csr_matrix((kept["n_purchases"].to_numpy(dtype=float), cells), shape=shape),
        days=csr_matrix((days.to_numpy(dtype=float), cells), shape=shape),
        until=end,
        fewest_buyers=fewest,
        known=known,
        n_items_bought=bought["item"].nunique(),
        n_able=n_able,
        share_kept=float(share_kept),
    )


def gather_purchases(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Sum up several windows: one row a customer and item."""
    for part in parts:
        missing = [name for name in COLUMNS if name not in part]
        if missing:
            raise DataError(f"purchases by item lack {', '.join(missing)}; found: {list(part)}")
    whole = pd.concat([part[list(COLUMNS)] for part in parts], ignore_index=True)
    whole = whole[whole["customer_id"].notna() & whole["item"].notna() & (whole["n_purchases"] > 0)]
    if whole.empty:
        raise ModelError("no purchase of a known product by a known customer")
    if not whole.duplicated(["customer_id", "item"]).any():
        return whole
    return whole.groupby(["customer_id", "item"], as_index=False, sort=False).agg(
        {"n_purchases": "sum", "last_at": "max"}
    )


def _order_items(bought: pd.DataFrame) -> pd.DataFrame:
    """List items by falling number of buyers, then of purchases, then by name."""
    items = bought.groupby("item").agg(
        buyers=("n_purchases", "size"), purchases=("n_purchases", "sum")
    )
    return items.sort_index().sort_values(["buyers", "purchases"], ascending=False, kind="stable")


def _order_customers(kept: pd.DataFrame, items: pd.Index) -> pd.Index:
    """List customers in an order that follows from what they bought, not from their names."""
    place = items.get_indexer(pd.Index(kept["item"])) + 1.0
    facts = kept[["customer_id", "n_purchases", "last_at"]].assign(
        place=np.sqrt(place), weighed=kept["n_purchases"] * np.log1p(place)
    )
    # Sums of floats depend on the order of the rows: sort them before they are added.
    facts = facts.sort_values(["place", "n_purchases"], kind="stable")
    keys = facts.groupby("customer_id", sort=False).agg(
        items=("place", "size"),
        purchases=("n_purchases", "sum"),
        last=("last_at", "max"),
        first=("last_at", "min"),
        place=("place", "sum"),
        weighed=("weighed", "sum"),
    )
    return keys.sort_values(list(keys.columns), kind="stable").index

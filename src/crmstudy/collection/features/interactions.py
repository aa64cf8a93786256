"""Who bought what: one row a customer and item, for recommendations."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from crmstudy.collection.features.blocks import keep_bought, keep_seen
from crmstudy.collection.features.engines import write_sql
from crmstudy.collection.features.features import find_window, order_customers
from crmstudy.collection.features.levels import mark_levels
from crmstudy.collection.warehouse import Warehouse
from crmstudy.errors import NotAvailable


def customer_items(
    warehouse: Warehouse,
    dataset: str,
    *,
    level: str = "product_id",
    since: str = "",
    until: str = "",
) -> pd.DataFrame | NotAvailable:
    """Sum up what every customer bought of every item.

    Parameters
    ----------
    warehouse : Warehouse
        The study's customer database.
    dataset : str
        Data set with a transactions table.
    level : str
        What an item is: ``product_id`` or ``channel`` of transactions, or a column of
        products, as ``category``.
    since, until : str
        First and last day counted, as 2017-12-31; empty takes all.

    Returns
    -------
    DataFrame
        ``customer_id, item, n_purchases`` (different baskets), ``quantity`` (units; where
        the data know it), ``revenue`` (currency), ``first_at, last_at`` (times of the
        first and the last purchase of the item). Customers stand in the order of the
        customer features of this window, the items of each in that of their names.
        Lines handed back or cancelled are not counted, nor taken off; lines of unknown
        item are left out.

    Raises
    ------
    SettingsError
        If a day is not a date, or ``since`` is later than ``until``.
    """
    customers = order_customers(warehouse, dataset, since=since, until=until)
    if isinstance(customers, NotAvailable):
        return customers
    with warehouse.reading() as reading:
        window = find_window(reading, dataset, since=since, until=until)
        lines = mark_levels(reading, dataset, level)
        if isinstance(lines, NotAvailable):
            return lines
        if isinstance(window, NotAvailable):
            return window
        expression = describe_items(lines, until=window[1], since=window[0])
        found = reading.query(write_sql(expression, dialect="duckdb"))
    if found.empty:
        return NotAvailable(f"no line bought has a known {level}")
    place = customers.get_indexer(pd.Index(found["customer_id"]))
    return found.iloc[place.argsort(kind="stable")].reset_index(drop=True)


def describe_items(lines: Any, *, until: dt.datetime, since: dt.datetime | None = None) -> Any:
    """Express purchases, units and money of every customer and item in a window.

    Parameters
    ----------
    lines : ibis Table
        As :func:`crmstudy.collection.features.levels.mark_levels` gives them.
    """
    bought = keep_bought(keep_seen(lines.drop_null("level"), "ordered_at", until, since))
    if "status" in bought.columns:
        # ~isin is unknown for an empty status, which means completed.
        undone = bought.status.isin(["returned", "cancelled"]).fill_null(False)
        bought = bought.filter(~undone)
    sums = {"revenue": bought.revenue.sum()}
    if "quantity" in bought.columns:
        sums = {"quantity": bought.quantity.sum(), **sums}
    pairs = bought.group_by("customer_id", item=bought.level).agg(
        n_purchases=bought.basket_id.nunique(),
        **sums,
        first_at=bought.ordered_at.min(),
        last_at=bought.ordered_at.max(),
    )
    return pairs.order_by("customer_id", "item")

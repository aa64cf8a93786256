"""What customers known on a day did afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from crmstudy.collection.features.blocks import is_handed_back, keep_seen
from crmstudy.collection.features.engines import declare_tables, write_sql
from crmstudy.collection.features.features import (
    columns_present,
    find_reach,
    find_window,
    order_customers,
)
from crmstudy.collection.warehouse import Warehouse
from crmstudy.errors import NotAvailable, SettingsError


def customer_outcomes(
    warehouse: Warehouse, dataset: str, *, after: str, until: str = ""
) -> pd.DataFrame | NotAvailable:
    """Sum up the later purchasing of all customers with a purchase up to a day.

    Parameters
    ----------
    warehouse : Warehouse
        The study's customer database.
    dataset : str
        Data set with a transactions table.
    after : str
        Last day of what is known, as 2017-06-30; the window begins on the next.
    until : str
        Last day of the window; empty takes the last purchase of all.

    Returns
    -------
    DataFrame
        Customers as in :func:`crmstudy.collection.features.features.customer_features`
        ``until=after``, in its order: ``n_purchases`` (different baskets), ``revenue``
        (currency, returns of negative money included) and, where cost is there,
        ``margin`` (currency; missing where no line of the window has a known cost), all 0
        for who did nothing in the window. Customers new in the window are not in it.

    Raises
    ------
    SettingsError
        If ``after`` or ``until`` is not a date, or ``after`` is the later one.
    """
    next_day = _next_day(after)
    with warehouse.reading() as reading:
        window = find_window(reading, dataset, since=next_day, until=until)
        if isinstance(window, NotAvailable):
            return window
        tables = declare_tables(columns_present(reading, dataset), database=dataset)
        begin, end = window
        expression = describe_outcomes(tables["transactions"], since=begin, until=end)
        found = reading.query(write_sql(expression, dialect="duckdb")).set_index("customer_id")
    if found.empty:
        return NotAvailable(f"no purchases from {next_day} to {end:%Y-%m-%d}")
    known = order_customers(warehouse, dataset, until=after)
    if isinstance(known, NotAvailable) or known.empty:
        return NotAvailable(f"no purchases up to {after}")
    idle = pd.Series(~known.isin(found.index), known)
    return found.reindex(known).mask(idle, 0).astype({"n_purchases": "int64"})


def describe_outcomes(transactions: Any, *, since: dt.datetime | None, until: dt.datetime) -> Any:
    """Express purchases, revenue and margin of every customer who did anything in a window."""
    lines = keep_seen(transactions, "ordered_at", until, since)
    bought = is_handed_back(lines).ifelse(None, lines.basket_id)
    metrics = {"n_purchases": bought.nunique(), "revenue": lines.revenue.sum()}
    if "cost" in lines.columns:
        metrics["margin"] = (lines.revenue - lines.cost).sum()
    return lines.group_by("customer_id").agg(**metrics).order_by("customer_id")


def split_day(warehouse: Warehouse, dataset: str, *, share: float = 0.5) -> str | NotAvailable:
    """Name the day up to which a share of the observed days lies.

    Parameters
    ----------
    share : float
        Between 0 and 1; of the days from the first to the last purchase of all, that many
        come no later than the day named, to the nearest day; at least one stands on
        either side.

    Raises
    ------
    SettingsError
        If ``share`` is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise SettingsError(f"share = {share!r}; allowed: between 0 and 1, as .5")
    days = observed_days(warehouse, dataset)
    if isinstance(days, NotAvailable):
        return days
    first, last = days
    n_days = (last.normalize() - first.normalize()).days + 1
    if n_days < 2:
        return NotAvailable("all purchases were made on one day: it cannot be divided")
    before = min(max(round(share * n_days), 1), n_days - 1)
    return str((first.normalize() + pd.Timedelta(days=before - 1)).date())


def observed_days(
    warehouse: Warehouse, dataset: str
) -> tuple[pd.Timestamp, pd.Timestamp] | NotAvailable:
    """Find the times of the first and the last purchase of all."""
    with warehouse.reading() as reading:
        if not reading.has(dataset, "transactions"):
            return NotAvailable("no transactions")
        first, last = find_reach(reading, dataset)
    return NotAvailable("no purchases") if pd.isna(last) else (first, last)


def _next_day(after: str) -> str:
    try:
        return str((pd.Timestamp(after) + pd.Timedelta(days=1)).date())
    except ValueError:
        raise SettingsError(f"after = {after!r}; allowed: a day, as 2017-06-30") from None

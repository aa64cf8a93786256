"""How the firm grew: key figures of every calendar year."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from crmstudy.indicators.orders import COVERAGE_SLACK, Ledger

WHOLE = "whole"


def summarise_years(ledger: Ledger) -> pd.DataFrame:
    """One row a calendar year: customers, orders, revenue and their growth.

    Growth is told between two years that the log covers whole; a part of a year is less
    than a year, and no growth can be read from it.

    Returns
    -------
    DataFrame
        ``year``, ``covered`` (whole, or the days), ``customers``, ``orders``, ``revenue``,
        ``mean order``, ``orders a customer``, ``growth of customers``, ``growth of
        revenue`` (share of the year before).
    """
    table = pd.DataFrame([_sum_year(ledger, year) for year in _list_years(ledger)])
    whole = (table["covered"] == WHOLE) & (table["covered"].shift() == WHOLE)
    for name in ("customers", "revenue"):
        before = table[name].shift()
        table[f"growth of {name}"] = ((table[name] - before) / before).where(whole & (before > 0))
    return table.astype(dict.fromkeys(("growth of customers", "growth of revenue"), "Float64"))


def _list_years(ledger: Ledger) -> Iterator[int]:
    """Years of which the log holds more than a few days; at least the last one."""
    touched = [
        year
        for year in range(ledger.first.year, ledger.last.year + 1)
        if ledger.last >= pd.Timestamp(year, 1, 1) + COVERAGE_SLACK
        and ledger.first < pd.Timestamp(year + 1, 1, 1) - COVERAGE_SLACK
    ]
    yield from touched or [ledger.last.year]


def _sum_year(ledger: Ledger, year: int) -> dict[str, object]:
    start, end = pd.Timestamp(year, 1, 1), pd.Timestamp(year + 1, 1, 1)
    at = ledger.orders["ordered_at"]
    inside = ledger.orders[(at >= start) & (at < end)]
    bought = inside[inside["bought"]]
    customers, orders = int(bought["customer_id"].nunique()), len(bought)
    revenue = float(inside["revenue"].sum())
    first = max(start, ledger.first.normalize())
    last = min(end - pd.Timedelta(days=1), ledger.last.normalize())
    return {
        "year": str(year),
        "covered": WHOLE if ledger.covers(start, end) else f"{first:%m-%d} to {last:%m-%d}",
        "customers": customers,
        "orders": orders,
        "revenue": revenue,
        "mean order": revenue / orders if orders else 0.0,
        "orders a customer": orders / customers if customers else 0.0,
    }

"""Indicators that purchases and bookings measure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.intervals import (
    Measurement,
    measure_mean,
    measure_ratio,
    measure_share,
)

Floats = npt.NDArray[np.float64]
Pair = tuple[Floats, Floats]


def measure_repeat_purchase(evidence: Evidence) -> Measurement:
    """Share of the buyers of the window with two or more orders in it."""
    orders = evidence.buyers
    return measure_share(int((orders >= 2).sum()), len(orders), level=evidence.level)


def measure_retention(evidence: Evidence) -> Measurement:
    """Share of the buyers of the period before who bought in the window."""
    earlier = evidence.buyers_before
    if earlier.empty:
        raise ModelError("no customer had an order in the period before the window")
    stayed = earlier.isin(_buyers_or_none(evidence))
    found = measure_share(int(stayed.sum()), len(earlier), level=evidence.level)
    since, until = evidence.earlier
    return found.say(f"of the customers from {since:%Y-%m-%d} to before {until:%Y-%m-%d}")


def measure_cost(evidence: Evidence, kind: str) -> Measurement:
    """Bookings of a kind per customer with an order in the window."""
    lines = _book(evidence, kind)
    found = _divide_cost(lines, evidence.buyers.index, evidence.level)
    return _tell_gaps(found, lines, evidence)


def measure_cost_of_retained(evidence: Evidence, kind: str) -> Measurement:
    """Bookings of a kind per customer with an order in the window and before it."""
    lines = _book(evidence, kind)
    retained = evidence.buyers_before.intersection(_buyers_or_none(evidence))
    if retained.empty:
        raise ModelError("no customer of the period before the window bought again in it")
    return _tell_gaps(_divide_cost(lines, retained, evidence.level), lines, evidence)


def measure_contribution(evidence: Evidence) -> Measurement:
    """Share of the revenue that comes from customers with two or more orders."""
    return measure_ratio(*pair_contribution(evidence), level=evidence.level)


def measure_profit_share(evidence: Evidence) -> Measurement:
    """Share of the firm's gross profit that comes from customers with two or more orders."""
    return measure_ratio(*pair_profit_share(evidence), level=evidence.level)


def measure_profit_margin(evidence: Evidence) -> Measurement:
    """Gross profit by revenue."""
    return measure_ratio(*pair_profit_margin(evidence), level=evidence.level)


def measure_lifetime_value(evidence: Evidence) -> Measurement:
    """Mean lifetime value of the customers, as estimated elsewhere."""
    found = measure_mean(list_lifetime_values(evidence), level=evidence.level)
    return found.say(evidence.terms.say_lifetime())


def list_lifetime_values(evidence: Evidence) -> Floats:
    """Return the lifetime value of every customer who has one."""
    values = evidence.table("lifetime_values", "lifetime_value")["lifetime_value"].dropna()
    return values.to_numpy(dtype=float)


def pair_contribution(evidence: Evidence) -> Pair:
    """Return revenue of repeat customers and revenue, by customer."""
    return _of_repeaters(_revenue(evidence), evidence)


def pair_profit_share(evidence: Evidence) -> Pair:
    """Return gross profit of repeat customers and gross profit, by customer."""
    return _of_repeaters(_profit(evidence), evidence)


def pair_profit_margin(evidence: Evidence) -> Pair:
    """Return gross profit and revenue, by customer."""
    return _profit(evidence).to_numpy(dtype=float), _revenue(evidence).to_numpy(dtype=float)


def _of_repeaters(money: pd.Series, evidence: Evidence) -> Pair:
    amounts = money.to_numpy(dtype=float)
    repeat = (evidence.customers["orders"] >= 2).to_numpy()
    return np.where(repeat, amounts, 0.0), amounts


def _revenue(evidence: Evidence) -> pd.Series:
    customers = evidence.customers
    if not (customers["orders"] > 0).any():
        raise ModelError("no customer had an order in the window")
    _require_known(customers, "unpriced", "the money")
    return customers["revenue"]


def _profit(evidence: Evidence) -> pd.Series:
    revenue = _revenue(evidence)
    if not evidence.ledger.has_cost:
        raise ModelError("the transactions have no cost of goods, so profit is unknown")
    _require_known(evidence.customers, "uncosted", "the cost of goods")
    return revenue - evidence.customers["cost"]


def _require_known(customers: pd.DataFrame, count: str, what: str) -> None:
    unknown, lines = int(customers[count].sum()), int(customers["lines"].sum())
    if unknown:
        raise ModelError(f"{what} is missing in {unknown} of {lines} lines")


def _buyers_or_none(evidence: Evidence) -> pd.Index:
    """Return the buyers of the window, nobody if there is none: then nobody has stayed."""
    orders = evidence.customers["orders"]
    return orders.index[orders > 0]


def _book(evidence: Evidence, kind: str) -> pd.DataFrame:
    """Return the bookings of a kind in a window that the cost ledger covers."""
    _require_booked(evidence)
    lines = evidence.within("costs", "period", "cost_type", "amount")
    lines = lines[lines["cost_type"] == kind]
    if lines.empty:
        raise ModelError(f"the cost ledger has no booking of type {kind!r} in the window")
    if lines["amount"].isna().any():
        raise ModelError(f"the cost ledger has bookings of type {kind!r} without an amount")
    if (lines["amount"] < 0).any():
        found = float(lines["amount"].min())
        raise DataError(f"table 'costs': found a {kind} booking of {found:g}; allowed: 0 or more")
    return lines


def _require_booked(evidence: Evidence) -> None:
    """Refuse a window of which the cost ledger lacks months: its sum would be too small."""
    periods = evidence.table("costs", "period")["period"]
    start, end = evidence.window
    month = start.normalize().replace(day=1)
    last = (end - pd.Timedelta("1D")).normalize().replace(day=1)
    if len(periods) and not (periods.min() <= month and periods.max() >= last):
        raise ModelError(
            f"the cost ledger runs from {periods.min():%Y-%m} to {periods.max():%Y-%m} and does "
            f"not cover {start:%Y-%m} to {last:%Y-%m}"
        )


def _tell_gaps(found: Measurement, lines: pd.DataFrame, evidence: Evidence) -> Measurement:
    """Say how many months have no booking: nothing tells a month without cost from a lost one."""
    start, end = evidence.window
    months = pd.period_range(start, end - pd.Timedelta("1D"), freq="M")
    without = len(months) - lines["period"].dt.to_period("M").nunique()
    if not without:
        return found
    return found.say(
        f"no booking in {without} of {len(months)} months, which count as free of cost"
    )


def _divide_cost(lines: pd.DataFrame, customers: pd.Index, level: float) -> Measurement:
    total, n = float(lines["amount"].sum()), len(customers)
    if "customer_id" not in lines or lines["customer_id"].isna().any():
        return Measurement(total / n, n, NotAvailable("a ledger's total is counted, not sampled"))
    by_customer = lines.groupby("customer_id")["amount"].sum()
    everybody = customers.union(by_customer.index)
    amounts = by_customer.reindex(everybody, fill_value=0.0).to_numpy()
    return measure_ratio(amounts, everybody.isin(customers).astype(float), level=level)

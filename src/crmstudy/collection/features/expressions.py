"""Customer-level features as Ibis expressions: DuckDB by default, Spark by the same code.

Nothing here names an engine. What engines do differently is kept out: whole numbers are
counted and added, not averaged; months and weeks are numbers of months and weeks, since a
truncated date is a date here and a time there; seconds are cut before they are
subtracted, since one engine counts full seconds and another the strokes of the clock;
what may be divided by zero is empty first. Sums of money alone depend on the order of the
rows, in their last bits.

A line of negative money is money handed back: it counts in the revenue and is no purchase.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from functools import reduce
from typing import Any

import ibis

from crmstudy.collection.features.blocks import (
    compare_prices,
    count_baskets,
    count_departments,
    count_products,
    count_sessions,
    find_registration,
    is_handed_back,
    keep_bought,
    keep_seen,
    measure_rhythm,
    rank_channels,
    sum_purchases,
    sum_tickets,
)
from crmstudy.collection.features.definitions import FEATURES, choose_features

#: The features of :func:`describe_purchases`, which chapters 02, 03 and 07 use.
PURCHASING = (
    "n_purchases",
    "revenue",
    "mean_basket",
    "days_since_last_purchase",
    "tenure_days",
    "weekend_share",
)

RHYTHM = {"n_purchase_days", "mean_days_between_purchases", "sd_days_between_purchases"}

CHANNELS = {"n_channels", "main_channel", "main_channel_share"}

#: A Monday; weeks are counted from it.
MONDAY = dt.date(1970, 1, 5)


def describe_purchases(
    transactions: Any, *, until: dt.datetime, since: dt.datetime | None = None
) -> Any:
    """Express each customer's purchasing up to a moment.

    Parameters
    ----------
    transactions : ibis Table
        Canonical transactions: customer_id, basket_id, ordered_at, revenue.
    until : datetime
        End of observation; later lines are left out.
    since : datetime, optional
        Its begin; earlier lines are left out.

    Returns
    -------
    ibis Table
        One row a customer with a purchase: ``n_purchases`` (different baskets),
        ``revenue`` (currency), ``mean_basket`` (currency), ``days_since_last_purchase``
        (whole days from the last purchase's day to the day of ``until``),
        ``tenure_days`` (from the first one), ``weekend_share`` (share of lines bought on
        Saturday or Sunday).
    """
    tables = {"transactions": transactions}
    return describe_customers(tables, until=until, since=since, only=PURCHASING)


def describe_customers(
    tables: Mapping[str, Any],
    *,
    until: dt.datetime,
    since: dt.datetime | None = None,
    only: Collection[str] = (),
) -> Any:
    """Express all features that the columns at hand allow.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        Canonical tables of one data set by name, transactions among them; columns and
        tables that are not there cost only the features that need them.
    until : datetime
        End of observation; what happened later is left out.
    since : datetime, optional
        Its begin; purchases, tickets and events before it are left out, registrations are
        not.
    only : collection of str
        Names of the features wanted; empty for all.

    Returns
    -------
    ibis Table
        ``customer_id`` and the features of
        :data:`crmstudy.collection.features.definitions.FEATURES` in their order; one row a customer
        with a purchase, rows in no order.

    Raises
    ------
    DataError
        If a column is not there that every feature needs, or one that is wanted by name.
    """
    names, blocks = describe_blocks(tables, until=until, since=since, only=only)
    return join_blocks(blocks, names=names, until=until)


def describe_blocks(
    tables: Mapping[str, Any],
    *,
    until: dt.datetime,
    since: dt.datetime | None = None,
    only: Collection[str] = (),
) -> tuple[list[str], dict[str, Any]]:
    """Express what :func:`describe_customers` counts, block by block.

    An engine on one machine computes one after the other, and holds one at a time.

    Returns
    -------
    (list of str, dict of str to ibis Table)
        The features to make of them, and the blocks by name: one row a customer. The
        block with the most intermediate rows comes first, that of all customers last.
    """
    present = {f"{name}.{column}" for name, table in tables.items() for column in table.columns}
    names = [feature.name for feature in choose_features(present, only)]
    lines = keep_seen(tables["transactions"], "ordered_at", until, since)
    makers: dict[str, tuple[set[str], Callable[[], Any]]] = {
        "products": ({"n_products"}, lambda: count_products(lines)),
        "baskets": ({"n_purchases", "mean_basket"}, lambda: count_baskets(lines)),
        "rhythm": (RHYTHM, lambda: measure_rhythm(lines)),
        "departments": ({"n_departments"}, lambda: count_departments(lines, tables["products"])),
        "prices": ({"price_index"}, lambda: compare_prices(lines, tables["products"])),
        "channels": (CHANNELS, lambda: rank_channels(lines)),
        "tickets": (
            _made_from("contacts"),
            lambda: sum_tickets(
                keep_seen(tables["contacts"], "opened_at", until, since), names, until
            ),
        ),
        "web": (
            _made_from("web_events"),
            lambda: count_sessions(
                keep_seen(tables["web_events"], "occurred_at", until, since), names
            ),
        ),
        "registration": (
            _made_from("customers"),
            lambda: find_registration(tables["customers"], until),
        ),
    }
    blocks = {name: make() for name, (made, make) in makers.items() if made & set(names)}
    return names, {**blocks, "purchases": sum_purchases(lines, names)}


def join_blocks(blocks: Mapping[str, Any], *, names: Collection[str], until: dt.datetime) -> Any:
    """Put the blocks side by side and make the features of them."""
    *others, customers = blocks.values()
    return _complete(reduce(_beside, others, customers), names, until)


def _made_from(table: str) -> set[str]:
    return {feature.name for feature in FEATURES if feature.table == table}


def _beside(left: Any, right: Any) -> Any:
    """Put a block's columns beside those of the customers found so far."""
    joined = left.left_join(right, "customer_id", rname="{name}_again")
    return joined.drop("customer_id_again")


def _complete(found: Any, names: Collection[str], until: dt.datetime) -> Any:
    """Turn what the blocks counted into features, 0 where a customer has none."""
    end = ibis.literal(until.date())
    paid_in_full: Any = (
        found.paid + found.discount.fill_null(0.0) if "discount" in found.columns else 0
    )
    made: dict[str, Any] = {
        "mean_basket": lambda: found.revenue / found.n_purchases.nullif(0),
        "days_since_last_purchase": lambda: end.delta(found.last_at.date(), unit="day"),
        "tenure_days": lambda: end.delta(found.first_at.date(), unit="day"),
        "weekend_share": lambda: found.n_weekend / found.n_lines.nullif(0),
        "first_purchase_month": lambda: _month_of(found.first_at),
        "promoted_share": lambda: found.promoted_share / found.n_lines.nullif(0),
        "return_share": lambda: found.n_returns / found.n_all_lines.nullif(0),
        "discount_share": lambda: found.discount.fill_null(0.0) / paid_in_full.nullif(0.0),
        "registration_month": lambda: _month_of(found.registered_at),
        "days_since_registration": lambda: end.delta(found.registered_at.date(), unit="day"),
    }
    counts = {feature.name for feature in FEATURES if feature.unit == "count"}
    columns = {name: made[name]() if name in made else found[name] for name in names}
    filled = {name: c.fill_null(0) if name in counts else c for name, c in columns.items()}
    return found.select("customer_id", **filled)


def _month_of(moment: Any) -> Any:
    return ibis.date(moment.year(), moment.month(), 1)


def number_period(moment: Any, period: str) -> Any:
    """Number calendar weeks (since the Monday 1970-01-05), months or quarters (since year 0)."""
    if period == "week":
        return moment.date().delta(ibis.literal(MONDAY), unit="day") // 7
    if period == "month":
        return moment.year() * 12 + moment.month() - 1
    return moment.year() * 4 + moment.quarter() - 1


def describe_periods(transactions: Any, *, period: str) -> Any:
    """Express purchasing by calendar period: number of the period, customers, purchases, revenue.

    Customers and purchases are those of lines bought, revenue is that of all lines.
    """
    lines = transactions.filter(transactions.customer_id.notnull())
    bought = ~is_handed_back(lines)
    numbered = lines.mutate(
        period=number_period(lines.ordered_at, period),
        buyer=bought.ifelse(lines.customer_id, None),
        bought=bought.ifelse(lines.basket_id, None),
    )
    return numbered.group_by("period").agg(
        customers=numbered.buyer.nunique(),
        purchases=numbered.bought.nunique(),
        revenue=numbered.revenue.sum(),
    )


def describe_cohorts(transactions: Any, *, until: dt.datetime, period: str) -> Any:
    """Express how many customers of each cohort bought in each later period.

    A cohort is all whose first purchase fell into one calendar period.

    Returns
    -------
    ibis Table
        ``cohort`` (number of its period, see :func:`number_period`), ``since`` (periods
        since), ``customers`` who bought then; no row where nobody did, rows in no order.
    """
    bought = keep_bought(keep_seen(transactions, "ordered_at", until))
    numbered = bought.select("customer_id", period=number_period(bought.ordered_at, period))
    active = numbered.distinct()
    first = active.group_by("customer_id").agg(cohort=active.period.min())
    joined = active.join(first, "customer_id")
    since = joined.select("customer_id", "cohort", since=joined.period - joined.cohort)
    return since.group_by("cohort", "since").agg(customers=since.customer_id.count())

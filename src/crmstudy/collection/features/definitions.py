"""What each customer feature means, in which unit, and which columns it needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from crmstudy.errors import DataError, nearest

Unit = Literal["count", "money", "days", "hours", "points", "share", "ratio", "month", "name"]

#: Without these columns of transactions there are no customers to describe.
PURCHASE = (
    "transactions.customer_id",
    "transactions.basket_id",
    "transactions.ordered_at",
    "transactions.revenue",
)
TICKET = ("contacts.customer_id", "contacts.opened_at")
EVENT = ("web_events.customer_id", "web_events.visitor_id", "web_events.occurred_at")


@dataclass(frozen=True)
class Feature:
    """One customer-level feature.

    Parameters
    ----------
    name, definition : str
        Its column, and what stands there.
    unit : str
        count (whole number, 0 where there is none), money (the study's currency), days,
        hours, points, share (0 to 1), ratio (1 = as all customers together), month (its
        first day) or name.
    needs : tuple of str
        Columns beside those of every purchase, written ``table.column``.
    either : tuple of str
        Columns of which one suffices; the first that is there is used.
    """

    name: str
    definition: str
    unit: Unit
    needs: tuple[str, ...] = ()
    either: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table that it is computed from, in the first place."""
        return self.needs[0].split(".")[0] if self.needs else "transactions"

    def lacks(self, present: Collection[str]) -> list[str]:
        """Name the needed columns that are not among those present."""
        lacking = [column for column in (*PURCHASE, *self.needs) if column not in present]
        if self.either and not set(self.either) & set(present):
            lacking.append(" or ".join(self.either))
        return lacking


FEATURES = (
    Feature("n_purchases", "purchases made (different baskets)", "count"),
    Feature("n_purchase_days", "days with at least one purchase", "count"),
    Feature("n_lines", "lines bought", "count"),
    Feature(
        "revenue", "sum of the money of all lines, returns of negative money included", "money"
    ),
    Feature("mean_basket", "revenue divided by purchases", "money"),
    Feature("days_since_last_purchase", "from the day of the last purchase to the end", "days"),
    Feature("tenure_days", "from the day of the first purchase to the end", "days"),
    Feature("weekend_share", "share of the lines bought on a Saturday or Sunday", "share"),
    Feature(
        "evening_share",
        "share of the lines bought from 17:00 on, of those with a time of day; midnight counts "
        "as a day without one; empty if no line has one",
        "share",
    ),
    Feature("first_purchase_month", "month of the first purchase: the customer's cohort", "month"),
    Feature(
        "mean_days_between_purchases",
        "mean time between two purchase days; empty with a single one",
        "days",
    ),
    Feature(
        "sd_days_between_purchases",
        "standard deviation of these times (n - 1); empty with fewer than three purchase days",
        "days",
    ),
    Feature("return_share", "share of the lines that are returns", "share"),
    Feature("returned_revenue", "money of the lines that are returns, without sign", "money"),
    Feature(
        "margin",
        "revenue less cost of all lines of known cost; empty if none is known",
        "money",
        ("transactions.cost",),
    ),
    Feature(
        "discount_share",
        "discount divided by what the lines bought would have cost without it; "
        "empty where that is nothing",
        "share",
        ("transactions.discount",),
    ),
    Feature(
        "promoted_share",
        "share of the lines bought at a discount above zero",
        "share",
        ("transactions.discount",),
    ),
    Feature(
        "coupon_share",
        "coupon discount divided by what the lines bought would have cost without it; "
        "empty where that is nothing",
        "share",
        ("transactions.coupon_discount",),
    ),
    Feature("n_products", "different products bought", "count", ("transactions.product_id",)),
    Feature(
        "n_departments",
        "different departments bought from",
        "count",
        ("transactions.product_id", "products.product_id", "products.department"),
    ),
    Feature(
        "price_index",
        "what was paid divided by what the same quantities cost on average in their category "
        "(department where there is no category) over all customers; empty if nothing is known",
        "ratio",
        ("transactions.product_id", "transactions.quantity", "products.product_id"),
        ("products.category", "products.department"),
    ),
    Feature("n_channels", "different channels bought through", "count", ("transactions.channel",)),
    Feature(
        "main_channel",
        "channel of most purchases; the first in the alphabet of several; empty if never known",
        "name",
        ("transactions.channel",),
    ),
    Feature(
        "main_channel_share",
        "share of the purchases of known channel made through it",
        "share",
        ("transactions.channel",),
    ),
    Feature("n_tickets", "service tickets opened", "count", TICKET),
    Feature(
        "n_complaints",
        "tickets that are complaints",
        "count",
        (*TICKET, "contacts.complaint"),
    ),
    Feature(
        "mean_response_hours",
        "mean time from opening a ticket to the first answer, of tickets answered by the end",
        "hours",
        (*TICKET, "contacts.first_response_at"),
    ),
    Feature(
        "mean_resolution_hours",
        "mean time from opening a ticket to its solution, of tickets solved by the end",
        "hours",
        (*TICKET, "contacts.resolved_at"),
    ),
    Feature("n_web_events", "events on the website, in the app or in social media", "count", EVENT),
    Feature(
        "n_web_sessions",
        "sessions: events of one visitor, none more than 30 minutes after the one before",
        "count",
        EVENT,
    ),
    Feature("mean_rating", "mean of the ratings given", "points", (*EVENT, "web_events.rating")),
    Feature(
        "registration_month",
        "month of registration; empty if unknown or after the end",
        "month",
        ("customers.customer_id", "customers.registered_on"),
    ),
    Feature(
        "days_since_registration",
        "from the day of registration to the end; empty if unknown or after the end",
        "days",
        ("customers.customer_id", "customers.registered_on"),
    ),
)


def choose_features(present: Collection[str], only: Collection[str] = ()) -> list[Feature]:
    """Choose the features that columns written ``table.column`` allow, in their fixed order.

    Raises
    ------
    DataError
        If a column is not there that every feature needs, or that one of ``only`` needs;
        or if ``only`` names no feature.
    """
    known = {feature.name: feature for feature in FEATURES}
    for name in only:
        if name not in known:
            raise DataError(f"no feature {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    chosen = [known[name] for name in only or ("n_purchases",)]
    if lacking := sorted({column for one in chosen for column in one.lacks(present)}):
        needed = sorted({*PURCHASE, *lacking, *(need for one in chosen for need in one.needs)})
        raise DataError(
            f"features of customers need the columns {', '.join(needed)}; "
            f"there is no {', '.join(lacking)}: add or map it"
        )
    wanted = set(only or known)
    return [one for one in FEATURES if one.name in wanted and not one.lacks(present)]


def list_columns() -> dict[str, list[str]]:
    """List the columns that any feature is made from, by table."""
    columns: dict[str, dict[str, None]] = {}
    written = [*PURCHASE, "transactions.status"]
    needs = (need for feature in FEATURES for need in (*feature.needs, *feature.either))
    for column in (*written, *needs):
        table, name = column.split(".")
        columns.setdefault(table, {})[name] = None
    return {table: list(names) for table, names in columns.items()}

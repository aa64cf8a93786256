"""What features are made of: for each block of them an Ibis expression, one row a customer.

What engines do differently is kept out here, see
:mod:`crmstudy.collection.features.expressions`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from typing import Any

import ibis

#: A visitor's pause that ends a session, as the makers of web statistics count.
SESSION_MINUTES = 30

#: Hour of the day at which the evening begins.
EVENING_HOUR = 17


def keep_seen(table: Any, moment: str, until: dt.datetime, since: dt.datetime | None = None) -> Any:
    """Keep what happened up to a moment, and not before another, to somebody known."""
    seen = table.filter(table[moment] <= until, table.customer_id.notnull())
    return seen if since is None else seen.filter(seen[moment] >= since)


def keep_bought(lines: Any) -> Any:
    """Leave out lines of negative money: what was handed back."""
    return lines.filter(~is_handed_back(lines))


def is_handed_back(lines: Any) -> Any:
    """Say whether a line is money handed back; unknown money is not."""
    return (lines.revenue < 0).fill_null(False)


def _count(condition: Any) -> Any:
    """Count the rows of a group for which a condition is true; 0 for none."""
    return condition.nullif(False).count()


def sum_purchases(lines: Any, names: Collection[str]) -> Any:
    """Features that one pass over the lines gives."""
    back = is_handed_back(lines)
    bought = ~back
    returned = back
    if "status" in lines.columns:
        returned = back | (lines.status == "returned").fill_null(False)
    metrics = {
        "n_lines": _count(bought),
        "n_all_lines": lines.count(),
        "n_returns": _count(returned),
        "n_weekend": _count(bought & (lines.ordered_at.day_of_week.index() >= 5)),
        "revenue": lines.revenue.sum(),
        "returned_revenue": returned.ifelse(lines.revenue.abs(), 0.0).sum(),
        "first_at": bought.ifelse(lines.ordered_at, None).min(),
        "last_at": bought.ifelse(lines.ordered_at, None).max(),
    }
    if "discount" in lines.columns:
        metrics["discount"] = bought.ifelse(lines.discount, None).sum()
        metrics["paid"] = bought.ifelse(lines.revenue, None).sum()
    metrics |= {name: make() for name, make in _further(lines, bought).items() if name in names}
    grouped = lines.group_by("customer_id").agg(**metrics)
    return grouped.filter(grouped.n_lines > 0)


def _further(lines: Any, bought: Any) -> dict[str, Callable[[], Any]]:
    """Sums that one pass over the lines gives, for features that not every caller wants."""
    return {
        "margin": lambda: (lines.revenue - lines.cost).sum(),
        "promoted_share": lambda: _count(bought & (lines.discount > 0)),
        "coupon_share": lambda: _divide(
            bought.ifelse(lines.coupon_discount.fill_null(0.0), 0.0).sum(),
            bought.ifelse(lines.revenue + lines.coupon_discount.fill_null(0.0), 0.0).sum(),
        ),
        "evening_share": lambda: _divide(
            _count(bought & (lines.ordered_at.hour() >= EVENING_HOUR)),
            _count(bought & _has_time(lines.ordered_at)),
        ),
    }


def _divide(part: Any, whole: Any) -> Any:
    return part / whole.nullif(0)


def _has_time(moment: Any) -> Any:
    """Say whether a moment is another than midnight, to the second."""
    return (moment.hour() + moment.minute() + moment.second()) > 0


def count_baskets(lines: Any) -> Any:
    """Different baskets bought."""
    baskets = keep_bought(lines).select("customer_id", "basket_id").distinct()
    return baskets.group_by("customer_id").agg(n_purchases=baskets.basket_id.count())


def measure_rhythm(lines: Any) -> Any:
    """Purchase days and the times between them, as exact sums of whole days."""
    bought = keep_bought(lines)
    days = bought.select("customer_id", day=bought.ordered_at.date()).distinct()
    before = days.day.lag().over(group_by="customer_id", order_by="day")
    gaps = days.select("customer_id", gap=days.day.delta(before, unit="day"))
    sums = gaps.group_by("customer_id").agg(
        n_purchase_days=gaps.count(),
        n_gaps=gaps.gap.count(),
        total=gaps.gap.sum().cast("float64"),
        squares=(gaps.gap * gaps.gap).sum().cast("float64"),
    )
    pairs = (sums.n_gaps * (sums.n_gaps - 1)).nullif(0)
    spread = sums.n_gaps * sums.squares - sums.total * sums.total
    return sums.select(
        "customer_id",
        "n_purchase_days",
        mean_days_between_purchases=sums.total / sums.n_gaps.nullif(0),
        sd_days_between_purchases=(spread / pairs).sqrt(),
    )


def count_products(lines: Any) -> Any:
    """Different products bought."""
    bought = keep_bought(lines)
    known = bought.filter(bought.product_id.notnull())
    pairs = known.select("customer_id", "product_id").distinct()
    return pairs.group_by("customer_id").agg(n_products=pairs.product_id.count())


def count_departments(lines: Any, products: Any) -> Any:
    """Different departments bought from."""
    listed = products.select("product_id", "department")
    joined = keep_bought(lines).join(listed, "product_id")
    pairs = joined.select("customer_id", "department").distinct()
    return pairs.group_by("customer_id").agg(n_departments=pairs.department.count())


def compare_prices(lines: Any, products: Any) -> Any:
    """What was paid, by what the same quantities cost on average in their category."""
    group = products["category" if "category" in products.columns else "department"]
    listed = products.select("product_id", family=group).filter(group.notnull())
    weighed = keep_bought(lines).filter(lines.quantity > 0)
    sold = weighed.join(listed, "product_id").select("customer_id", "family", "revenue", "quantity")
    means = sold.group_by("family").agg(price=sold.revenue.sum() / sold.quantity.sum())
    priced = sold.join(means, "family")
    usual = (priced.quantity * priced.price).sum()
    return priced.group_by("customer_id").agg(price_index=_divide(priced.revenue.sum(), usual))


def rank_channels(lines: Any) -> Any:
    """Channels by the baskets bought through them; the first in the alphabet of equals."""
    bought = keep_bought(lines)
    known = bought.filter(bought.channel.notnull())
    baskets = known.select("customer_id", "channel", "basket_id").distinct()
    used = baskets.group_by("customer_id", "channel").agg(purchases=baskets.basket_id.count())
    order = ibis.window(group_by="customer_id", order_by=[ibis.desc("purchases"), "channel"])
    ranked = used.mutate(rank=ibis.row_number().over(order))
    return ranked.group_by("customer_id").agg(
        n_channels=ranked.channel.count(),
        main_channel=(ranked["rank"] == 0).ifelse(ranked.channel, None).max(),
        main_channel_share=ranked.purchases.max() / ranked.purchases.sum().nullif(0),
    )


def sum_tickets(contacts: Any, names: Collection[str], until: dt.datetime) -> Any:
    """Tickets, and the waits that were over by the end."""
    metrics = {"n_tickets": contacts.count()}
    if "n_complaints" in names:
        metrics["n_complaints"] = _count(contacts.complaint)
    waits = {"mean_response_hours": "first_response_at", "mean_resolution_hours": "resolved_at"}
    for name in (name for name in waits if name in names):
        answered = contacts[waits[name]]
        seconds = _seconds_between(contacts.opened_at, answered)
        known = (answered <= until).ifelse(seconds, None)
        metrics[name] = known.sum().cast("float64") / known.count().nullif(0) / 3600.0
    return contacts.group_by("customer_id").agg(**metrics)


def _seconds_between(earlier: Any, later: Any) -> Any:
    return later.truncate("s").delta(earlier.truncate("s"), unit="second")


def count_sessions(events: Any, names: Collection[str]) -> Any:
    """Events, and the sessions that a visitor's pauses part."""
    visits = ["customer_id", "visitor_id"]
    before = events.occurred_at.lag().over(group_by=visits, order_by="occurred_at")
    pause = _seconds_between(before, events.occurred_at)
    marked = events.mutate(opens=pause.isnull() | (pause > SESSION_MINUTES * 60))
    metrics = {"n_web_events": marked.count(), "n_web_sessions": _count(marked.opens)}
    if "mean_rating" in names:
        metrics["mean_rating"] = marked.rating.mean()
    return marked.group_by("customer_id").agg(**metrics)


def find_registration(table: Any, until: dt.datetime) -> Any:
    """First registration, if before the end."""
    customers = keep_seen(table, "registered_on", until)
    return customers.group_by("customer_id").agg(registered_at=customers.registered_on.min())

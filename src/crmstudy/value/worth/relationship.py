"""Added value: fees for service less what the relationship costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.value.worth.allocation import (
    KEYS,
    Allocation,
    Bookings,
    MonthlyKeys,
    Unallocated,
    allocate_care,
    allocate_tickets,
    charge_directly,
    locate,
    take_bookings,
)
from crmstudy.value.worth.books import Books, Part, Table, balance, give_reason
from crmstudy.value.worth.decomposition import Component
from crmstudy.value.worth.window import count_months


def take_added(
    books: Books, contacts: Table, costs: Table, customers: Table, care_key: str
) -> list[Part]:
    """Take fees for service, and the cost of tickets, of care and of what else is booked."""
    bookings = (
        take_bookings(costs, books.window, books.population)
        if isinstance(costs, pd.DataFrame)
        else None
    )
    tickets = contacts if isinstance(contacts, pd.DataFrame) else None
    of_tickets = allocate_tickets(bookings, tickets, books.window, books.population)
    no_costs = give_reason(costs, "no cost ledger")
    parts = [
        _fees(books, contacts),
        _cost("cost of tickets", "ticket_cost", of_tickets, f"tickets have no cost, {no_costs}"),
    ]
    if bookings is None:
        parts += [
            _cost("cost of care", "care_cost", None, no_costs),
            _cost("other cost of the customer", "other_cost", None, no_costs),
        ]
        return parts
    care, by_key = _care(books, bookings, customers, care_key)
    other = charge_directly(bookings, books.n)
    single = other if (bookings.customer >= 0).any() else None
    parts += [
        _cost("cost of care", "care_cost", care, "no cost of care is booked", by_key),
        _cost("other cost of the customer", "other_cost", single, "none is booked to a customer"),
    ]
    if single is None:
        parts[-1] = Part(parts[-1].component, other.left)
    booked = [a for a in (of_tickets, care, other) if a is not None]
    parts.append(_reconcile(bookings, booked, tickets, books))
    return parts


def _fees(books: Books, contacts: Table) -> Part:
    name = "added value", "fees for service", "service_fees"
    if not isinstance(contacts, pd.DataFrame):
        return Part(Component(*name, NotAvailable(give_reason(contacts, "no service tickets"))))
    if "fee" not in contacts or contacts["fee"].isna().all():
        return Part(Component(*name, NotAvailable("the service tickets have no fee")))
    tickets = contacts[books.window.covers_service(contacts["opened_at"])]
    place = locate(tickets["customer_id"], books.population)
    fees = tickets["fee"].fillna(0.0).to_numpy(np.float64)
    amounts, outside = books.sum(place, fees), float(fees[place < 0].sum())
    left = (Unallocated("fees for service", outside, "paid by nobody in the ledger"),)
    unknown = int(tickets["fee"].isna().sum())
    source = "tickets" + (f"; {unknown:,} without a fee count as free" if unknown else "")
    check = balance(
        "fees of customers and of nobody known",
        amounts.sum() + outside,
        float(tickets["fee"].sum()),
    )
    return Part(
        Component(*name, amounts, source), left if outside else (), (check,), revenue=amounts
    )


def _care(
    books: Books, bookings: Bookings, customers: Table, care_key: str
) -> tuple[Allocation | None, pd.DataFrame | None]:
    keys = _monthly_keys(books, customers)
    chosen = allocate_care(bookings, keys, key=care_key)
    if not bookings.of(["care"]).amount.any():
        return None, None
    by_key = {key: allocate_care(bookings, keys, key=key).amounts for key in KEYS}
    return chosen, pd.DataFrame(by_key)


def _monthly_keys(books: Books, customers: Table) -> MonthlyKeys:
    lines = books.before
    joined = np.full(books.n, np.iinfo(np.int64).max)
    np.minimum.at(joined, lines["customer"].to_numpy(), lines["month"].to_numpy())
    strangers = np.zeros(0, np.int64)
    if isinstance(customers, pd.DataFrame) and "registered_on" in customers:
        known = customers[customers["registered_on"].notna()]
        months = count_months(known["registered_on"])
        place = locate(known["customer_id"], books.population)
        np.minimum.at(joined, place[place >= 0], months[place >= 0])
        strangers = months[place < 0]
    return MonthlyKeys(
        books.population,
        lines["month"].to_numpy(),
        lines["customer"].to_numpy(),
        lines["revenue"].to_numpy(),
        joined,
        strangers,
    )


def _cost(
    name: str,
    column: str,
    found: Allocation | None,
    reason: str,
    by_key: pd.DataFrame | None = None,
) -> Part:
    if found is None:
        return Part(Component("added value", name, column, NotAvailable(reason)))
    component = Component("added value", name, column, 0.0 - found.amounts, found.source)
    return Part(component, found.left, by_key=by_key)


def _reconcile(
    bookings: Bookings, booked: list[Allocation], tickets: pd.DataFrame | None, books: Books
) -> Part:
    """Compare what was allocated and left with what was booked."""
    found = sum(allocation.booked for allocation in booked)
    total = float(bookings.amount.sum())
    service = bookings.of(["service"]).amount.sum()
    if not service and tickets is not None and "cost" in tickets:
        inside = tickets[books.window.covers_service(tickets["opened_at"])]
        total += float(inside["cost"].fillna(inside["cost"].mean()).sum())
    even = balance("costs allocated and costs left", found, total, tolerance=1e-3)
    return Part(Component("", "", "", NotAvailable("")), checks=(even,))

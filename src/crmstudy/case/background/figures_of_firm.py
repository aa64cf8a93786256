"""Key figures of a firm, counted from its tables: one fact a row, with where it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.indicators.evidence import Tables
from crmstudy.indicators.orders import Ledger

#: Who bought in so many days before the last purchase counts as active.
ACTIVE_DAYS = 365
#: Share of the customers whose share of the revenue tells the concentration.
LARGEST_SHARE = 0.2


@dataclass(frozen=True)
class Fact:
    """One thing known of the firm: what about, the fact, its value, unit and table."""

    about: str
    fact: str
    value: str | int | float
    unit: str
    table: str


def count_facts(tables: Tables, ledger: Ledger | NotAvailable, currency: str) -> Iterator[Fact]:
    """Count what the tables hold, table by table; a table that is not there gives nothing."""
    if not isinstance(ledger, NotAvailable):
        yield from _count_period(ledger)
        yield from _count_customers(tables, ledger)
        yield from _count_purchases(tables, ledger, currency)
    yield from _count_offers(tables)
    yield from _count_contacts(tables)
    yield from _count_people(tables)
    yield from _count_costs(tables, currency)


def find_frame(tables: Tables, name: str) -> pd.DataFrame | None:
    """Return a table with rows, or nothing."""
    found = tables.get(name)
    return found if isinstance(found, pd.DataFrame) and len(found) else None


def share_of_largest(revenue: pd.Series, share: float = LARGEST_SHARE) -> float:
    """Share of the revenue that the largest customers bring; who brings none counts, too."""
    ordered = revenue.sort_values(ascending=False).to_numpy()
    largest = max(1, round(share * len(ordered)))
    return float(ordered[:largest].sum() / ordered.sum())


def _count_period(ledger: Ledger) -> Iterator[Fact]:
    source = "transactions"
    days = (ledger.last.normalize() - ledger.first.normalize()).days + 1
    yield Fact("period", "first purchase", f"{ledger.first:%Y-%m-%d}", "day", source)
    yield Fact("period", "last purchase", f"{ledger.last:%Y-%m-%d}", "day", source)
    yield Fact("period", "length", days, "days", source)


def _count_customers(tables: Tables, ledger: Ledger) -> Iterator[Fact]:
    listed = find_frame(tables, "customers")
    if listed is not None:
        yield Fact("customers", "in the table of customers", len(listed), "customers", "customers")
    bought = ledger.orders[ledger.orders["bought"]]
    buyers = int(bought["customer_id"].nunique())
    yield Fact("customers", "with a purchase", buyers, "customers", "transactions")
    recent = bought["ordered_at"] > ledger.last - pd.Timedelta(days=ACTIVE_DAYS)
    active = int(bought.loc[recent, "customer_id"].nunique())
    said = f"with a purchase in the last {ACTIVE_DAYS} days"
    yield Fact("customers", said, active, "customers", "transactions")
    yield from _count_regions(listed)


def _count_regions(listed: pd.DataFrame | None) -> Iterator[Fact]:
    if listed is None or "region" not in listed or listed["region"].isna().all():
        return
    shares = listed["region"].value_counts(normalize=True)
    yield Fact("customers", "regions", len(shares), "regions", "customers")
    # Of equally large regions the first by name, whatever the order of the rows.
    largest = min(shares.index[shares == shares.max()], key=str)
    said = f"share of the largest region, {largest}"
    yield Fact("customers", said, float(shares.max()), "share of customers", "customers")


def _count_purchases(tables: Tables, ledger: Ledger, currency: str) -> Iterator[Fact]:
    orders, source = ledger.orders, "transactions"
    n_orders = int(orders["bought"].sum())
    yield Fact("purchases", "orders", n_orders, "orders", source)
    if bool(orders["unpriced"].any()) or not n_orders:
        return
    by_customer = orders.groupby("customer_id")["revenue"].sum()
    revenue = float(by_customer.sum())
    yield Fact("purchases", "revenue, less returns", revenue, currency, source)
    yield Fact("purchases", "mean order", revenue / n_orders, f"{currency} an order", source)
    lines = tables["transactions"]
    if isinstance(lines, pd.DataFrame):
        back = abs(float(lines["revenue"].clip(upper=0).sum()))
        sold = float(lines["revenue"].clip(lower=0).sum())
        if sold > 0:
            yield Fact("purchases", "handed back", back / sold, "share of sales", source)
        unknown = float(lines["customer_id"].isna().mean())
        if unknown > 0:
            said = "lines of nobody known, not counted here"
            yield Fact("purchases", said, unknown, "share of lines", source)
    if revenue > 0:
        said = f"share of the largest {LARGEST_SHARE:.0%} of customers"
        yield Fact("purchases", said, share_of_largest(by_customer), "share of revenue", source)


def _count_offers(tables: Tables) -> Iterator[Fact]:
    products = find_frame(tables, "products")
    if products is not None:
        yield Fact("offer", "products listed", len(products), "products", "products")
        if "department" in products:
            departments = int(products["department"].nunique())
            yield Fact("offer", "departments", departments, "departments", "products")
    campaigns = find_frame(tables, "campaigns")
    if campaigns is not None:
        count = int(campaigns["campaign_id"].nunique())
        yield Fact("campaigns", "campaigns", count, "campaigns", "campaigns")
        named = int(campaigns["customer_id"].nunique())
        said = "customers addressed or held back"
        yield Fact("campaigns", said, named, "customers", "campaigns")


def _count_contacts(tables: Tables) -> Iterator[Fact]:
    tickets = find_frame(tables, "contacts")
    if tickets is None:
        return
    yield Fact("service", "tickets", len(tickets), "tickets", "contacts")
    if "complaint" in tickets and tickets["complaint"].notna().any():
        share = float(tickets["complaint"].dropna().astype(bool).mean())
        yield Fact("service", "complaints among them", share, "share of tickets", "contacts")


def _count_people(tables: Tables) -> Iterator[Fact]:
    for name, about, said in (
        ("survey", "survey", "respondents"),
        ("staff_survey", "staff", "respondents of the staff survey"),
    ):
        answers = find_frame(tables, name)
        if answers is None:
            continue
        yield Fact(about, said, len(answers), "persons", name)
        if "answered_on" in answers and answers["answered_on"].notna().any():
            first, last = answers["answered_on"].min(), answers["answered_on"].max()
            yield Fact(about, "answered", f"{first:%Y-%m-%d} to {last:%Y-%m-%d}", "days", name)


def _count_costs(tables: Tables, currency: str) -> Iterator[Fact]:
    costs = find_frame(tables, "costs")
    if costs is None:
        return
    first, last = costs["period"].min(), costs["period"].max()
    for kind, total in costs.groupby("cost_type", sort=True)["amount"].sum().items():
        said = f"{kind}, {first:%Y-%m} to {last:%Y-%m}"
        yield Fact("costs booked", said, float(total), currency, "costs")

"""What is known of a customer on the day of the first purchase, and nothing later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.attributes import MAX_LEVELS
from crmstudy.errors import NotAvailable

#: Columns of customers that are no attribute of the person, or say the same as another.
NO_ATTRIBUTES = ("customer_id", "registered_on", "postcode", "birth_year")


def describe_starts(
    transactions: pd.DataFrame,
    *,
    customers: pd.DataFrame | NotAvailable | None = None,
    leads: pd.DataFrame | NotAvailable | None = None,
) -> pd.DataFrame | NotAvailable:
    """Describe every customer by what was known on the day of the first purchase.

    Parameters
    ----------
    transactions : DataFrame
        Columns ``customer_id``, ``ordered_at``, and, if known, ``revenue``, ``product_id``,
        ``quantity``, ``discount``, ``channel``.
    customers : DataFrame, optional
        Attributes that do not change, or are those given at registration.
    leads : DataFrame, optional
        With ``customer_id`` and ``created_on``.

    Returns
    -------
    DataFrame indexed by customer_id
        ``first spend``, ``products in the first purchase`` (``units`` where products are
        not known), ``discount at the first purchase`` (share of the price), ``first
        channel``, ``quarter of the first purchase``, ``weeks from registration`` (to the first
        purchase), ``came as a lead``, and the attributes of customers. A column
        without two values is left out.
    """
    if isinstance(transactions, NotAvailable):
        return transactions
    lines = _first_day_lines(transactions)
    by = lines.groupby("customer_id", sort=True)
    day = by["ordered_at"].min().dt.normalize()
    starts = pd.DataFrame(index=day.index)
    if "revenue" in lines:
        starts["first spend"] = by["revenue"].sum(min_count=1)
    if "product_id" in lines:
        starts["products in the first purchase"] = by["product_id"].nunique().astype(float)
    elif "quantity" in lines:
        starts["units in the first purchase"] = by["quantity"].sum(min_count=1)
    if {"discount", "revenue"} <= set(lines):
        sums = by[["discount", "revenue"]].sum(min_count=1)
        price = sums["discount"] + sums["revenue"]
        starts["discount at the first purchase"] = sums["discount"] / price.where(price > 0)
    if "channel" in lines:
        starts["first channel"] = by["channel"].first()
    starts["quarter of the first purchase"] = day.dt.to_period("Q").astype("str")
    starts = _add_person(starts, day, customers)
    starts = _add_lead(starts, day, leads)
    telling = [name for name in starts if _tells(starts[name])]
    return starts[telling].rename_axis("customer_id")


def _first_day_lines(transactions: pd.DataFrame) -> pd.DataFrame:
    """Keep the purchase lines of each customer's first day, in an order of their own."""
    bought = transactions[transactions["customer_id"].notna() & transactions["ordered_at"].notna()]
    if "revenue" in bought:
        bought = bought[~(bought["revenue"] < 0)]
    first = bought.groupby("customer_id")["ordered_at"].transform("min").dt.normalize()
    kept = bought[bought["ordered_at"].dt.normalize() == first]
    order = [name for name in ("customer_id", "ordered_at", "channel", "revenue") if name in kept]
    return kept.sort_values(order, kind="stable")


def _add_person(
    starts: pd.DataFrame, day: pd.Series, customers: pd.DataFrame | NotAvailable | None
) -> pd.DataFrame:
    if customers is None or isinstance(customers, NotAvailable):
        return starts
    person = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(starts.index)
    found = {}
    if "registered_on" in person:
        waited = (day - person["registered_on"].astype(day.dtype)).dt.days / 7
        found["weeks from registration"] = waited.clip(lower=0)
    if "birth_year" in person and "age" not in person:
        found["age"] = day.dt.year - person["birth_year"].astype("float64")
    for name in person.columns:
        if name not in NO_ATTRIBUTES:
            title = "channel of registration" if name == "channel" else str(name).replace("_", " ")
            found[title] = person[name]
    return starts.assign(**found)


def _add_lead(
    starts: pd.DataFrame, day: pd.Series, leads: pd.DataFrame | NotAvailable | None
) -> pd.DataFrame:
    if leads is None or isinstance(leads, NotAvailable) or "created_on" not in leads:
        return starts
    created = leads.dropna(subset=["customer_id"]).groupby("customer_id")["created_on"].min()
    before = created.reindex(starts.index).astype(day.dtype) <= day
    return starts.assign(**{"came as a lead": np.where(before, "yes", "no")})


def _tells(values: pd.Series) -> bool:
    """Say whether a column has two values, and is a number or a grouping of few levels."""
    levels = values.nunique()
    if levels < 2:
        return False
    if pd.api.types.is_datetime64_any_dtype(values):
        return False
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return True
    return levels <= MAX_LEVELS

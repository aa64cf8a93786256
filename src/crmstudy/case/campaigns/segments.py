"""Segments of customers as they stood before a campaign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest

UNKNOWN = "(unknown)"
NOTHING = "bought nothing"
MOST_LEVELS = 12


@dataclass(frozen=True)
class CustomerSegments:
    """A segment for every customer of a panel.

    Parameters
    ----------
    by : str
        What the segments are, in words.
    labels : Series
        Segment by customer.
    order : tuple of str
        Segments in their order.
    note : str
        What a reader must know of how they were cut; may be empty.
    """

    by: str
    labels: pd.Series
    order: tuple[str, ...]
    note: str = ""

    def table(self) -> pd.DataFrame:
        """Count the customers of each segment."""
        counts = self.labels.value_counts().reindex(list(self.order))
        return pd.DataFrame({self.by: list(self.order), "customers": counts.to_numpy()})


def choose_segments(
    panel: pd.DataFrame,
    transactions: pd.DataFrame,
    customers: pd.DataFrame | NotAvailable,
    *,
    column: str = "",
) -> CustomerSegments:
    """Divide the customers of a panel by what was known before the campaign.

    Parameters
    ----------
    panel : DataFrame
        From :func:`~crmstudy.case.campaigns.panel.build_panel`.
    transactions, customers : DataFrame
        Canonical tables.
    column : str
        Column of customers; numbers of many values are cut into quartiles, a customer without
        a value is in a segment of its own. Empty takes quartiles of what was spent before
        the panel's first window; where the data begin with it, of what was spent in all
        windows before the campaign, which is then said (``note``).

    Raises
    ------
    SettingsError
        If customers have no such column, or it has more than 12 values.
    ModelError
        If all customers are in one segment.
    """
    for part in (panel, transactions):
        if isinstance(part, NotAvailable):
            return part
    ids = pd.Index(sorted(panel["customer_id"].unique()), name="customer_id")
    if not column:
        return _cut_spending(panel, transactions, ids)
    if isinstance(customers, NotAvailable):
        return customers  # type: ignore[return-value]
    if column not in customers.columns:
        hint = nearest(column, map(str, customers.columns))
        raise SettingsError(f"SEGMENT = {column!r}: customers have no such column{hint}")
    values = customers.set_index("customer_id")[column].reindex(ids)
    by = column.replace("_", " ")
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_LEVELS:
        return _name(by, _cut(values.astype("float64")).fillna(UNKNOWN))
    if values.nunique() > MOST_LEVELS:
        raise SettingsError(
            f"SEGMENT = {column!r}: has {values.nunique()} values, at most {MOST_LEVELS} can be "
            "compared"
        )
    return _name(by, values.astype("str").where(values.notna(), UNKNOWN))


def _cut_spending(
    panel: pd.DataFrame, transactions: pd.DataFrame, ids: pd.Index
) -> CustomerSegments:
    starts = panel.drop_duplicates("period").set_index("period")["starts_on"].sort_index()
    begin, first = transactions["ordered_at"].min().normalize(), starts.iloc[0]
    days = (starts.iloc[1] - starts.iloc[0]).days
    inside = (first - begin).days < days
    until = starts.loc[0] if inside else first
    early = transactions[transactions["ordered_at"] < until]
    spent = early.groupby("customer_id")["revenue"].sum().reindex(ids).fillna(0.0)
    labels = _cut(spent.where(spent > 0)).fillna(NOTHING)
    note = (
        "The quartiles are cut on the windows before the campaign themselves, as the data do not "
        "reach further back: high spenders will fall and low spenders rise by chance alone, "
        "in both groups alike."
        if inside
        else ""
    )
    return _name(f"spending before {until:%Y-%m-%d}", labels, note)


def _cut(values: pd.Series) -> pd.Series:
    """Cut into quartiles; equal values stay together."""
    known = values.dropna()
    if known.nunique() < 2:
        return values.notna().map({True: "all", False: None}).astype("object")
    edges = np.quantile(known, [0.25, 0.5, 0.75])
    names = ["1 lowest quarter", "2 second quarter", "3 third quarter", "4 highest quarter"]
    place = np.searchsorted(edges, values.to_numpy(dtype=float), side="left")
    cut = pd.Series([names[p] for p in np.minimum(place, 3)], index=values.index, dtype="object")
    return cut.where(values.notna(), None)


def _name(by: str, labels: pd.Series, note: str = "") -> CustomerSegments:
    order = sorted(labels.unique(), key=lambda name: (name in (UNKNOWN, NOTHING), str(name)))
    if len(order) < 2:
        raise ModelError(f"all customers are in one segment by {by}: {order[0]}")
    return CustomerSegments(by, labels, tuple(map(str, order)), note)

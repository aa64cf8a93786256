"""Customer-level features as Ibis expressions: DuckDB by default, Spark by the same code."""

from __future__ import annotations

from typing import Any

import ibis
import pandas as pd

from crmstudy.collection.warehouse import Warehouse
from crmstudy.errors import NotAvailable

#: The columns of canonical transactions that features are made from.
LINES = {
    "customer_id": "string",
    "basket_id": "string",
    "ordered_at": "timestamp",
    "revenue": "float64",
}


def describe_purchases(transactions: Any, *, until: Any) -> Any:
    """Express each customer's purchasing up to a moment.

    Parameters
    ----------
    transactions : ibis Table
        Canonical transactions: customer_id, basket_id, ordered_at, revenue.
    until : ibis timestamp or datetime
        End of observation; later lines are left out.

    Returns
    -------
    ibis Table
        One row a customer: ``n_purchases`` (distinct baskets), ``revenue`` (currency),
        ``mean_basket`` (currency), ``days_since_last_purchase`` (whole days from the
        last purchase's day to the day of ``until``), ``tenure_days`` (from the first
        one), ``weekend_share`` (share of lines bought on Saturday or Sunday).
    """
    seen = transactions.filter(transactions.ordered_at <= until)
    end = ibis.literal(until).date()
    grouped = seen.group_by("customer_id").agg(
        n_purchases=seen.basket_id.nunique(),
        revenue=seen.revenue.sum(),
        first_day=seen.ordered_at.min().date(),
        last_day=seen.ordered_at.max().date(),
        weekend_share=(seen.ordered_at.day_of_week.index() >= 5).cast("float64").mean(),
    )
    return grouped.select(
        "customer_id",
        "n_purchases",
        "revenue",
        mean_basket=grouped.revenue / grouped.n_purchases,
        days_since_last_purchase=end.delta(grouped.last_day, unit="day"),
        tenure_days=end.delta(grouped.first_day, unit="day"),
        weekend_share=grouped.weekend_share,
    ).order_by("customer_id")


def purchase_features(
    warehouse: Warehouse, dataset: str, *, until: str = ""
) -> pd.DataFrame | NotAvailable:
    """Compute each customer's purchase features from the warehouse.

    Parameters
    ----------
    warehouse : Warehouse
        The study's customer database.
    dataset : str
        Data set with a transactions table.
    until : str
        Last day counted, as 2017-12-31; empty takes the last purchase of all.

    Returns
    -------
    DataFrame
        Indexed by customer_id; columns as in :func:`describe_purchases`.
    """
    if not warehouse.has(dataset, "transactions"):
        return NotAvailable("no transactions")
    transactions = ibis.table(LINES, name="transactions", database=dataset)
    end = pd.Timestamp(until) + pd.Timedelta("1D") - pd.Timedelta("1us") if until else None
    if end is None:
        last = warehouse.query(f'SELECT max(ordered_at) AS last FROM "{dataset}".transactions')
        end = last["last"][0]
    expression = describe_purchases(transactions, until=end.to_pydatetime())
    # Ibis writes the SQL; its own DuckDB connection would call what DuckDB 2 deprecates.
    frame = warehouse.query(str(ibis.to_sql(expression, dialect="duckdb")))
    return frame.set_index("customer_id").astype({"n_purchases": "int64"})


def purchases_by_period(
    warehouse: Warehouse, dataset: str, *, period: str = "month"
) -> pd.DataFrame | NotAvailable:
    """Sum up a data set's purchasing by calendar period.

    A first or last period that the data cover only in part would look like a slump;
    it is left out.

    Parameters
    ----------
    period : {"week", "month"}
        Length of a period; weeks start on Monday.

    Returns
    -------
    DataFrame
        Indexed by the period's first day: ``customers`` (active), ``purchases``
        (baskets), ``revenue`` (currency).
    """
    if not warehouse.has(dataset, "transactions"):
        return NotAvailable("no transactions")
    if period not in ("week", "month"):
        raise ValueError(f"period must be week or month, not {period!r}")
    return warehouse.query(
        f"""
        WITH span AS (
            SELECT min(ordered_at)::DATE AS first_day, max(ordered_at)::DATE AS last_day
            FROM "{dataset}".transactions
        )
        SELECT date_trunc('{period}', ordered_at)::DATE AS period,
               count(DISTINCT customer_id) AS customers,
               count(DISTINCT basket_id) AS purchases,
               sum(revenue) AS revenue
        FROM "{dataset}".transactions, span
        GROUP BY 1, first_day, last_day
        HAVING period >= first_day AND period + INTERVAL 1 {period} <= last_day + INTERVAL 1 DAY
        ORDER BY 1
        """
    ).set_index("period")

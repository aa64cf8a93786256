"""Three shares that are easily confused: contribution rate, profit share, profit margin.

The contribution rate is a customer's share of revenue; the profit share is its share of
the profit of all customers; the profit margin is its own profit over its own revenue.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

COLUMNS = ("contribution rate", "profit share", "profit margin")


def name_shares(revenue: pd.Series, profit: pd.Series) -> pd.DataFrame:
    """Give each row its share of revenue, its share of profit, and its profit margin.

    Parameters
    ----------
    revenue, profit : Series
        Money, by customer or by group, in the same order.

    Returns
    -------
    DataFrame
        ``revenue``, ``profit``, ``contribution rate``, ``profit share``, ``profit
        margin``; a share of a total that is not above zero is missing, and so is the
        margin of a row without revenue.
    """
    return pd.DataFrame(
        {
            "revenue": revenue,
            "profit": profit,
            "contribution rate": revenue / _positive(float(revenue.sum())),
            "profit share": profit / _positive(float(profit.sum())),
            "profit margin": profit / revenue.where(revenue > 0),
        }
    )


def _positive(total: float) -> float:
    return total if total > 0 else np.nan


def rank_customers(shares: pd.DataFrame, *, top: int) -> pd.DataFrame:
    """Keep the customers of the largest revenue, largest first; equal ones by profit."""
    ordered = shares.sort_values(
        ["revenue", "profit", "customer_id"], ascending=[False, False, True], kind="stable"
    ).head(top)
    ordered.insert(0, "rank", _positions(len(ordered)))
    return ordered.rename(columns={"customer_id": "customer"}).reset_index(drop=True)


def _positions(n: int) -> npt.NDArray[np.int64]:
    return np.arange(1, n + 1)

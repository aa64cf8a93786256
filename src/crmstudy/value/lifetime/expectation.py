"""Lifetime value of every customer in one call, for chapters that need it as a criterion."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.value.histories.purchases import summarise_purchases
from crmstudy.value.lifetime.clv import lifetime_value
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.purchasing.btyd import fit_bg_nbd


@passes_absence
def value_customers(
    transactions: pd.DataFrame,
    *,
    until: str = "",
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
) -> pd.DataFrame:
    """Value each customer's future after a day, from the purchases up to it.

    BG/NBD for purchases, Gamma-Gamma for spend; see
    :func:`~crmstudy.value.lifetime.clv.lifetime_value` for the discounting and the parameters.

    Parameters
    ----------
    transactions : DataFrame
        Canonical transactions.
    until : str
        Last day that the models see, as 2017-06-30; empty takes the last purchase of all.

    Returns
    -------
    DataFrame indexed by customer_id
        ``lifetime_value`` (currency), of every customer with a purchase up to that day.

    Raises
    ------
    SettingsError
        If a parameter is out of its range.
    ModelError
        If a model cannot be fitted to these purchases.
    """
    last = until or f"{transactions['ordered_at'].max():%Y-%m-%d}"
    summary = summarise_purchases(transactions, calibration_end=last)
    values = lifetime_value(
        fit_bg_nbd(summary),
        fit_gamma_gamma(summary),
        summary,
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
        margin=margin,
    )
    return values.customers.set_index("customer_id")[["lifetime_value"]]

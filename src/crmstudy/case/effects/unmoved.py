"""Panels of what a measure did not promote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from crmstudy.case.campaigns.panel import build_panel
from crmstudy.errors import NotAvailable, SettingsError, nearest, passes_absence
from crmstudy.improvement import Case


@passes_absence
def build_unmoved(
    transactions: pd.DataFrame,
    products: pd.DataFrame,
    panel: pd.DataFrame,
    *,
    case: Case | None,
) -> dict[str, pd.DataFrame] | NotAvailable:
    """Sum up, in the windows of a panel, what customers spent on products not promoted.

    Parameters
    ----------
    transactions, products : DataFrame
        Canonical tables; ``product_id`` links them.
    panel : DataFrame
        From :func:`~crmstudy.case.campaigns.panel.build_panel`: its customers and windows.
    case : Case or None
        As study.yml says it; ``unmoved`` maps a column of products to the values that no
        measure promoted. Each value is one placebo outcome.

    Returns
    -------
    dict of str to DataFrame
        By value, a panel of the same customers and windows.

    Raises
    ------
    SettingsError
        If products have no such column or value.
    """
    unmoved = case.unmoved if case else {}
    if not unmoved:
        return NotAvailable("study.yml names no products that the measure left alone")
    if "product_id" not in transactions:
        return NotAvailable("transactions have no product_id")
    windows = _read_windows(panel)
    built = {}
    for column, values in unmoved.items():
        _require(products, column, values)
        for value in values:
            ids = products.loc[products[column] == value, "product_id"]
            only = transactions["product_id"].isin(ids)
            built[str(value)] = build_panel(transactions, only=only, **windows)
    return built


def _read_windows(panel: pd.DataFrame) -> dict[str, Any]:
    starts = panel.drop_duplicates("period").set_index("period")["starts_on"].sort_index()
    days = (starts.iloc[1] - starts.iloc[0]).days
    groups = panel.groupby("customer_id")["treated"].first()
    first = starts.loc[0]
    return {
        "treated_ids": groups.index[groups],
        "control_ids": groups.index[~groups],
        "campaign_start": first,
        "campaign_end": first,
        "window_days": days,
        "n_pre": int((starts.index < 0).sum()),
        "n_post": int((starts.index >= 0).sum()),
    }


def _require(products: pd.DataFrame, column: str, values: Sequence[str]) -> None:
    if column not in products.columns:
        hint = nearest(column, map(str, products.columns))
        raise SettingsError(f"study.yml, case.unmoved: products have no column {column!r}{hint}")
    known = set(products[column].dropna().astype(str))
    for value in values:
        if value not in known:
            raise SettingsError(
                f"study.yml, case.unmoved: no product has {column} {value!r}"
                f"{nearest(value, sorted(known))}"
            )

"""Attributes of customers beside their purchases."""

from __future__ import annotations

import re

import pandas as pd

from crmstudy.errors import NotAvailable, SettingsError, nearest, passes_absence


@passes_absence
def join_attribute(
    features: pd.DataFrame, customers: pd.DataFrame, *, attribute: str
) -> pd.DataFrame | NotAvailable:
    """Put one attribute of each customer beside the purchase features.

    Parameters
    ----------
    features : DataFrame indexed by customer_id
        From ``StudyData.purchases``.
    customers : DataFrame
        Canonical customers of the same data set.
    attribute : str
        Column of ``customers``; its levels come back in their natural order.

    Returns
    -------
    DataFrame
        The features of the customers for whom the attribute is known.

    Raises
    ------
    SettingsError
        If the customers have no such attribute (names those they have), or it is
        called like a feature.
    """
    known = [str(column) for column in customers if column != "customer_id"]
    if attribute not in known:
        raise SettingsError(
            f"the customers have no attribute {attribute!r}{nearest(attribute, known)}; "
            f"they have: {', '.join(known) or 'none'}"
        )
    if attribute in features:
        raise SettingsError(f"attribute {attribute!r} is a purchase feature already")
    levels = order_levels(customers.set_index("customer_id")[attribute])
    return features.join(levels, how="inner").dropna(subset=[attribute])


def order_levels(values: pd.Series) -> pd.Series:
    """Order the levels of a text attribute as a reader would: 'Under 15K' before '15-24K'."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_dtype(values):
        return values
    levels = sorted(values.dropna().unique(), key=_natural)
    return values.astype(pd.CategoricalDtype(levels, ordered=True))


def _natural(level: str) -> tuple[float, float, str]:
    first = re.search(r"\d+(?:\.\d+)?", level)
    number = float(first.group()) if first else float("inf")
    below = level.lower().startswith(("under", "below", "less", "<"))
    return (number, -1.0 if below else 0.0, level)

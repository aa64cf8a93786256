"""Attributes of customers beside their purchases."""

from __future__ import annotations

import re

import pandas as pd

from crmstudy.errors import NotAvailable, SettingsError, nearest, passes_absence

#: A number with more values than this is no grouping; it is cut into bands.
MAX_LEVELS = 12
N_BANDS = 4


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
        Column of ``customers``; its levels come back in their natural order, a number
        or a day of more than ``MAX_LEVELS`` values in four bands of about equal size.

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
    levels = order_levels(band_values(customers.set_index("customer_id")[attribute]))
    return features.join(levels, how="inner").dropna(subset=[attribute])


def band_values(values: pd.Series) -> pd.Series:
    """Cut a number or a day of many values into four bands of about equal size.

    The bands are written with the lowest and highest value found in them: 18 to 33.
    """
    if pd.api.types.is_bool_dtype(values) or values.nunique() <= MAX_LEVELS:
        return values
    numeric = pd.api.types.is_numeric_dtype(values)
    if not (numeric or pd.api.types.is_datetime64_dtype(values)):
        return values
    quartile = pd.qcut(values, N_BANDS, labels=False, duplicates="drop")
    ends = values.groupby(quartile).agg(["min", "max"])
    labels = [f"{_write(low)} to {_write(high)}" for low, high in ends.itertuples(index=False)]
    names = quartile.map(dict(zip(ends.index, labels, strict=True)))
    return names.astype(pd.CategoricalDtype(labels, ordered=True))


def _write(value: float | pd.Timestamp) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else f"{value:.6g}"


def order_levels(values: pd.Series) -> pd.Series:
    """Order the levels of a text attribute as a reader would: 'Under 15K' before '15-24K'."""
    ordered = isinstance(values.dtype, pd.CategoricalDtype)
    numeric = pd.api.types.is_numeric_dtype(values)
    if ordered or numeric or pd.api.types.is_datetime64_dtype(values):
        return values
    levels = sorted(values.dropna().unique(), key=_natural)
    return values.astype(pd.CategoricalDtype(levels, ordered=True))


def _natural(level: str) -> tuple[float, float, str]:
    first = re.search(r"\d+(?:\.\d+)?", level)
    number = float(first.group()) if first else float("inf")
    below = level.lower().startswith(("under", "below", "less", "<"))
    return (number, -1.0 if below else 0.0, level)

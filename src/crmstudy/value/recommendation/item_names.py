"""Names of items that a reader understands, from the table of products."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable

#: Columns that name a product, the most telling first; the brand is put behind.
NAMING = ("product_name", "product_type", "category", "department")


def name_items(
    items: pd.Index, products: pd.DataFrame | NotAvailable, *, level: str = "product"
) -> pd.Series:
    """Name items by type, category or department, with their brand.

    Parameters
    ----------
    items : Index
        Identifiers of products, or the levels of a column of products themselves.
    products : DataFrame or NotAvailable
        Canonical table; without it, and for other levels than products, an item's name is
        its identifier.

    Returns
    -------
    Series
        Names indexed by item. Products of equal name are told apart by their identifier.
    """
    plain = pd.Series(items.astype(str), index=items, dtype="object")
    if level != "product" or isinstance(products, NotAvailable):
        return plain
    known = products.drop_duplicates("product_id").set_index("product_id").reindex(items)
    name = pd.Series(None, index=items, dtype="object")
    for column in (column for column in NAMING if column in known):
        name = name.where(name.notna(), known[column].astype("object"))
    if "brand" in known:
        brand = known["brand"].astype("object")
        name = name.where(name.isna() | brand.isna(), name.astype(str) + ", " + brand.astype(str))
    return (name + " (" + plain + ")").where(name.notna(), plain)

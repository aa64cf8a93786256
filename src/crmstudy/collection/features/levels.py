"""Purchase lines with what they are told apart by: product, department, brand, channel ..."""

from __future__ import annotations

from typing import Any

import ibis

from crmstudy.collection.features.engines import declare_tables
from crmstudy.collection.features.features import columns_present
from crmstudy.collection.warehouse import Reading
from crmstudy.errors import NotAvailable, nearest


def mark_levels(reading: Reading, dataset: str, level: str) -> Any | NotAvailable:
    """Express the lines of a data set, each with its level as text.

    Parameters
    ----------
    level : str
        ``product_id`` or ``channel`` of transactions, or a column of products.

    Returns
    -------
    ibis Table
        The columns of transactions that features are made from, and ``level``; missing
        where it is not known.
    """
    tables = declare_tables(columns_present(reading, dataset), database=dataset)
    lines = tables["transactions"]
    if level in ("product_id", "channel"):
        if level not in lines.columns:
            return NotAvailable(f"transactions have no column {level}")
        return lines.mutate(level=lines[level])
    columns = _types_of(reading, dataset, "products")
    if not columns or "product_id" not in lines.columns:
        lacking = "no column product_id in transactions" if columns else "no table products"
        return NotAvailable(lacking)
    if level not in columns:
        choice = [*(name for name in columns if name != "product_id"), "channel"]
        hint = nearest(level, choice)
        return NotAvailable(f"products have no column {level}{hint}; there are {', '.join(choice)}")
    # Ibis casts to text only what it does not hold for text.
    kind = "string" if columns[level] == "VARCHAR" else "int64"
    schema = {"product_id": "string", level: kind}
    products = ibis.table(schema, name="products", database=dataset)
    listed = products.select(listed_id="product_id", level=products[level].cast("string"))
    return lines.left_join(listed, lines.product_id == listed.listed_id).drop("listed_id")


def _types_of(reading: Reading, dataset: str, table: str) -> dict[str, str]:
    sql = (
        "SELECT column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position"
    )
    found = reading.query(sql, [dataset, table])
    return dict(zip(found["column_name"], found["data_type"], strict=True))

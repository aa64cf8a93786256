"""Who recommended the shop to whom: no customer points to somebody who is not there.

The column ``referred_by`` of customers names another customer. Who is left out, erased or
not known must not live on in it, and nobody recommends the shop to themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd

from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.remove import tables_of

TABLE, COLUMN = "customers", "referred_by"
#: Why a recommender is emptied before anybody is left out, and after records were merged.
UNKNOWN, ONESELF = "identifier of no customer", "recommended to oneself"


@dataclass(frozen=True)
class Emptied:
    """Cells of one column that were emptied for a reason."""

    dataset: str
    table: str
    column: str
    reason: str
    cells: int


def has_referrals(connection: duckdb.DuckDBPyConnection, dataset: str) -> bool:
    """Say whether the customers of a data set name who recommended the shop."""
    return COLUMN in tables_of(connection, dataset).get(TABLE, [])


def empty_dangling(
    connection: duckdb.DuckDBPyConnection, dataset: str, *, reason: str
) -> list[Emptied]:
    """Empty the recommenders who are no customers, in place; count them.

    Call it after every step that leaves customers out, with the reason of the step.
    """
    gone = f"{COLUMN} NOT IN (SELECT customer_id FROM {_place(dataset)})"
    return _empty(connection, dataset, gone, reason)


def empty_own(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[Emptied]:
    """Empty the recommenders who are the very customer, in place; count them."""
    return _empty(connection, dataset, f"{COLUMN} = customer_id", ONESELF)


def follow_merged(
    connection: duckdb.DuckDBPyConnection, dataset: str, mapping: Mapping[str, str]
) -> list[Emptied]:
    """Name the kept record of each recommender who was merged, in place.

    Parameters
    ----------
    mapping : mapping of str to str
        Identifier to the one that is kept.

    Returns
    -------
    list of Emptied
        Who turned out to have been recommended by another record of the same person.
    """
    if not has_referrals(connection, dataset):
        return []
    with_mapping(connection, list(mapping), mapping.values())
    connection.execute(
        f"UPDATE {_place(dataset)} SET {COLUMN} = m.pseudonym FROM crmstudy_mapping m "
        f"WHERE {COLUMN} = m.raw"
    )
    connection.execute("DROP TABLE crmstudy_mapping")
    return empty_own(connection, dataset)


def _place(dataset: str) -> str:
    return f'"{dataset}".{TABLE}'


def _empty(
    connection: duckdb.DuckDBPyConnection, dataset: str, condition: str, reason: str
) -> list[Emptied]:
    if not has_referrals(connection, dataset):
        return []
    sql = f"UPDATE {_place(dataset)} SET {COLUMN} = NULL WHERE {condition}"
    cells = int(connection.execute(sql).fetchall()[0][0])
    return [Emptied(dataset, TABLE, COLUMN, reason, cells)] if cells else []


def tabulate_emptied(emptied: Iterable[Emptied]) -> pd.DataFrame:
    """Arrange what was emptied as a tidy frame: data set, table, column, reason, cells."""
    columns = ["data set", "table", "column", "reason", "cells"]
    rows = [(one.dataset, one.table, one.column, one.reason, one.cells) for one in emptied]
    return pd.DataFrame(rows, columns=columns)

"""Taking persons out of a data set: their own rows, and the rows linked to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from crmstudy.collection.privacy.pseudonyms import identifier_columns

#: Identifiers that stand beside customer_id in a row and lead to further rows.
LINKED = ("respondent_id", "visitor_id", "lead_id")


@dataclass(frozen=True)
class Removed:
    """Rows of one table that were taken out for a reason."""

    dataset: str
    table: str
    reason: str
    rows: int


def tables_of(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, list[str]]:
    """Map the tables of a data set to their columns."""
    sql = (
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = ? "
        "ORDER BY table_name, ordinal_position"
    )
    tables: dict[str, list[str]] = {}
    for table, column in connection.execute(sql, [dataset]).fetchall():
        tables.setdefault(table, []).append(column)
    return tables


def customers_in(connection: duckdb.DuckDBPyConnection, dataset: str) -> list[str]:
    """List the distinct customers of all tables of a data set, sorted."""
    having = [
        t for t, columns in tables_of(connection, dataset).items() if "customer_id" in columns
    ]
    if not having:
        return []
    union = " UNION ".join(f'SELECT customer_id FROM "{dataset}"."{table}"' for table in having)
    sql = f"SELECT customer_id FROM ({union}) WHERE customer_id IS NOT NULL ORDER BY 1"
    return [row[0] for row in connection.execute(sql).fetchall()]


def leave_out(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    *,
    reason: str,
    spare: Sequence[str] = (),
) -> list[Removed]:
    """Delete all rows of the customers listed in the temporary table ``crmstudy_mapping``.

    Rows without a customer go too when their respondent, visitor or lead stands beside
    one of these customers in another row, and beside no other customer.
    """
    tables = tables_of(connection, dataset)
    counts = dict.fromkeys(tables, 0)
    linked = _linked_to_leaving(connection, dataset, tables)
    for table, columns in tables.items():
        if table in spare:
            continue
        place = f'"{dataset}"."{table}"'
        if "customer_id" in columns:
            own = "customer_id IN (SELECT raw FROM crmstudy_mapping)"
            counts[table] += delete(connection, place, own)
        # Staff carry numbers of their own.
        for column in linked if table != "staff_survey" else ():
            if column in columns and column in identifier_columns(table):
                theirs = f'"{column}" IN (SELECT id FROM "crmstudy_{column}")'
                counts[table] += delete(connection, place, theirs)
    for column in linked:
        connection.execute(f'DROP TABLE "crmstudy_{column}"')
    return [Removed(dataset, table, reason, rows) for table, rows in counts.items() if rows]


def _linked_to_leaving(
    connection: duckdb.DuckDBPyConnection, dataset: str, tables: dict[str, list[str]]
) -> list[str]:
    """Make one temporary table of identifiers for each kind that leads to further rows."""
    made = []
    for column in LINKED:
        having = [t for t, names in tables.items() if {column, "customer_id"} <= set(names)]
        if not having:
            continue
        pairs = " UNION ".join(
            f'SELECT "{column}" AS id, customer_id FROM "{dataset}"."{table}"' for table in having
        )
        connection.execute(
            f'CREATE TEMP TABLE "crmstudy_{column}" AS SELECT id FROM ({pairs}) '
            "WHERE id IS NOT NULL AND customer_id IS NOT NULL GROUP BY id "
            "HAVING bool_and(customer_id IN (SELECT raw FROM crmstudy_mapping))"
        )
        made.append(column)
    return made


def delete(connection: duckdb.DuckDBPyConnection, place: str, condition: str) -> int:
    """Delete the rows of a table that meet a condition; return how many."""
    done = connection.execute(f"DELETE FROM {place} WHERE {condition}").fetchall()
    return int(done[0][0]) if done else 0


def tabulate_removed(removed: Iterable[Removed]) -> pd.DataFrame:
    """Arrange removals as a tidy frame: data set, table, reason, rows."""
    columns = ["data set", "table", "reason", "rows"]
    return pd.DataFrame([(r.dataset, r.table, r.reason, r.rows) for r in removed], columns=columns)

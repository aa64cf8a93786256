"""Keyed pseudonyms: the same person is the same everywhere in a data set, and nobody knows who."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.keys import study_key
from crmstudy.errors import DataError
from crmstudy.settings import Study

#: 16 characters of 5 bits: two of n persons share a pseudonym with a probability of about
#: n^2 / 2^81, that is 4e-13 for a million. It is checked all the same.
CHARACTERS = 16
_BYTES = CHARACTERS * 5 // 8
_ALPHABET = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", dtype=np.uint8)

#: Members of staff and respondents may carry the same numbers, and are other people; who
#: recommended the shop is a customer.
_KINDS = {("staff_survey", "respondent_id"): "staff", ("customers", "referred_by"): "customer"}


@dataclass(frozen=True)
class Replaced:
    """What was replaced in one column: distinct identifiers, and rows that hold one."""

    dataset: str
    table: str
    column: str
    kind: str
    identifiers: int
    rows: int


def identifier_columns(table: str) -> dict[str, str]:
    """Map the columns of a canonical table that identify persons to the kind of person."""
    contract = CONTRACTS.get(table)
    if contract is None:
        return {}
    return {
        name: _KINDS.get((table, name), name.removesuffix("_id"))
        for name, column in contract.columns.items()
        if column.privacy == "pseudonym"
    }


def make_pseudonyms(
    identifiers: Sequence[str], *, key: bytes, dataset: str, kind: str
) -> np.ndarray:
    """Replace identifiers by keyed pseudonyms.

    Parameters
    ----------
    identifiers : sequence of str
        Raw identifiers, none missing.
    key : bytes
        The study's key.
    dataset, kind : str
        The data set and the kind of person (customer, respondent ...): the same
        identifier has another pseudonym in each, so that nobody can be followed from one
        data set to the next.

    Returns
    -------
    ndarray of str
        The first letter of the kind and 16 characters of A-Z2-7 (80 bits of
        HMAC-SHA256), in the order of ``identifiers``.

    References
    ----------
    ENISA (2019). Pseudonymisation techniques and best practices, section 5.1.
    """
    prefix = f"crmstudy pseudonym\0{dataset}\0{kind}\0".encode()
    digests = b"".join(
        hmac.digest(key, prefix + identifier.encode(), "sha256")[:_BYTES]
        for identifier in identifiers
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, _BYTES), axis=1)
    fives = np.packbits(bits.reshape(-1, CHARACTERS, 5), axis=2)[:, :, 0] >> 3
    letters = np.empty((len(fives), CHARACTERS + 1), dtype=np.uint8)
    letters[:, 0] = ord(kind[0].upper())
    letters[:, 1:] = _ALPHABET[fives]
    return letters.view(f"S{CHARACTERS + 1}").ravel().astype(f"U{CHARACTERS + 1}")


def pseudonym_of(identifier: str, *, key: bytes, dataset: str, kind: str = "customer") -> str:
    """Return the pseudonym of one identifier."""
    return str(make_pseudonyms([identifier], key=key, dataset=dataset, kind=kind)[0])


def pseudonymise(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    dataset: str,
    table: str,
    columns: Sequence[str] | None = None,
) -> list[Replaced]:
    """Replace the identifiers of persons in one table of the database, in place.

    The order of rows stays, missing values stay missing. A purchase number made from
    customer and day (by the loader) is made again from the pseudonym.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Holds ``"<dataset>"."<table>"``; a temporary mapping table is made and dropped.
    study : Study
        Its key makes the pseudonyms.
    dataset, table : str
        Schema and canonical name.
    columns : sequence of str, optional
        The columns to replace; by default those that the contract calls pseudonyms.

    Returns
    -------
    list of Replaced
        One entry a column.

    Raises
    ------
    DataError
        If two persons got the same pseudonym.
    """
    kinds = identifier_columns(table)
    there = _columns(connection, dataset, table)
    wanted = [column for column in (columns or kinds) if column in there]
    key = study_key(study)
    if "customer_id" in wanted and "basket_id" in there:
        _hide_customers_in_baskets(connection, dataset, table, key)
    return [
        _replace(connection, dataset, table, column, kinds.get(column, column), key)
        for column in wanted
    ]


def _columns(connection: duckdb.DuckDBPyConnection, dataset: str, table: str) -> list[str]:
    sql = (
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_catalog = current_database() AND table_schema = ? AND table_name = ? "
        "ORDER BY ordinal_position"
    )
    return [row[0] for row in connection.execute(sql, [dataset, table]).fetchall()]


def _replace(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    table: str,
    column: str,
    kind: str,
    key: bytes,
) -> Replaced:
    place, name = f'"{dataset}"."{table}"', quote(column)
    raw = _distinct(connection, place, name)
    known = make_pseudonyms(raw, key=key, dataset=dataset, kind=kind)
    refuse_collisions(known, dataset=dataset, kind=kind)
    with_mapping(connection, raw, known)
    # An update keeps the order of rows; a table made by a join does not.
    sql = (
        f"UPDATE {place} SET {name} = m.pseudonym FROM crmstudy_mapping m WHERE {name}::VARCHAR = "
        "m.raw"
    )
    changed = connection.execute(sql).fetchall()
    connection.execute("DROP TABLE crmstudy_mapping")
    return Replaced(dataset, table, column, kind, len(raw), int(changed[0][0]) if changed else 0)


def _distinct(connection: duckdb.DuckDBPyConnection, place: str, name: str) -> list[str]:
    sql = f"SELECT DISTINCT {name}::VARCHAR AS raw FROM {place} WHERE {name} IS NOT NULL ORDER BY 1"
    raw: list[str] = connection.sql(sql).to_arrow_table()["raw"].to_pylist()
    return raw


def with_mapping(
    connection: duckdb.DuckDBPyConnection, raw: Sequence[str], new: Iterable[str]
) -> None:
    """Make the temporary table ``crmstudy_mapping`` (raw, pseudonym)."""
    mapping = pa.table({"raw": pa.array(raw, pa.string()), "pseudonym": pa.array(new, pa.string())})
    connection.register("crmstudy_arriving", mapping)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE crmstudy_mapping AS SELECT * FROM crmstudy_arriving"
    )
    connection.unregister("crmstudy_arriving")


def refuse_collisions(pseudonyms: np.ndarray, *, dataset: str, kind: str) -> None:
    """Raise a :class:`DataError` when a pseudonym occurs twice among distinct persons."""
    twice = len(pseudonyms) - len(np.unique(pseudonyms))
    if twice:
        raise DataError(
            f"{dataset}: {twice} pseudonyms of {kind}s are shared by two persons, which "
            "happens once in billions of studies; delete the key file to get a new key"
        )


def _hide_customers_in_baskets(
    connection: duckdb.DuckDBPyConnection, dataset: str, table: str, key: bytes
) -> None:
    """Rewrite purchase numbers that the loader made as customer|day."""
    place = f'"{dataset}"."{table}"'
    made = f"{place} WHERE starts_with(basket_id, customer_id || '|')"
    raw = [
        row[0]
        for row in connection.execute(
            f"SELECT DISTINCT customer_id FROM {made} ORDER BY 1"
        ).fetchall()
    ]
    if not raw:
        return
    known = make_pseudonyms(raw, key=key, dataset=dataset, kind="customer")
    with_mapping(connection, raw, known)
    connection.execute(
        f"UPDATE {place} SET basket_id = m.pseudonym || substr(basket_id, length(m.raw) + 1) "
        f"FROM crmstudy_mapping m WHERE customer_id = m.raw "
        "AND starts_with(basket_id, customer_id || '|')"
    )
    connection.execute("DROP TABLE crmstudy_mapping")


def tabulate_replaced(replaced: Iterable[Replaced]) -> pd.DataFrame:
    """Arrange what was replaced as a tidy frame, one row a column."""
    columns = ["data set", "table", "column", "kind", "identifiers", "rows"]
    rows = [(r.dataset, r.table, r.column, r.kind, r.identifiers, r.rows) for r in replaced]
    return pd.DataFrame(rows, columns=columns)

"""The erasure list: keyed hashes of persons who are never to come back from the inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from crmstudy.collection.privacy.keys import key_check, keyed_hash, study_key
from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.remove import LINKED, Removed, delete, leave_out, tables_of
from crmstudy.errors import DataError
from crmstudy.files import write_atomically
from crmstudy.settings import Study

LIST = "erased.txt"
HEADER = (
    "# Erased persons of this study, one keyed hash a line, made by `crmstudy erase`. Keep this",
    "# file beside the inputs: whoever is listed is left out of every load. Key check: ",
)

#: Columns by which a record without a customer is known to be about an erased person.
CONTACTS = ("email", "phone")


def erasure_list(study: Study) -> Path:
    """Return where the study's list of erased persons is; it may not exist."""
    return study.paths.inputs / LIST


@dataclass(frozen=True)
class Erased:
    """The erased persons of a study, recognisable but not readable.

    Parameters
    ----------
    key : bytes
        The study's key.
    hashes : frozenset of str
        Keyed hashes of customers, e-mail addresses and telephone numbers.
    """

    key: bytes
    hashes: frozenset[str]

    def among(self, values: Iterable[str], *, dataset: str, kind: str = "customer") -> list[str]:
        """Pick the values that belong to erased persons.

        Parameters
        ----------
        values : iterable of str
            Raw customers, e-mail addresses or telephone numbers.
        dataset : str
            Their data set.
        kind : str
            ``"customer"``, ``"email"`` or ``"phone"``.
        """
        if not self.hashes:
            return []
        return [
            value
            for value in values
            if hash_person(value, key=self.key, dataset=dataset, kind=kind) in self.hashes
        ]


def hash_person(value: str, *, key: bytes, dataset: str, kind: str) -> str:
    """Hash one identifier, e-mail address or telephone number for the erasure list."""
    plain = normalise_contact(value, kind)
    return keyed_hash(key, "crmstudy erased", dataset, kind, plain).hex() if plain else ""


def normalise_contact(value: str, kind: str) -> str:
    """Write an e-mail address in small letters, and of a number its last nine digits.

    A number is the same with and without its country: 00 86 138 ... and 138 ...
    """
    if kind == "email":
        return value.strip().casefold()
    if kind == "phone":
        digits = re.sub(r"\D", "", value)
        return digits[-9:] if len(digits) >= 7 else ""
    return value.strip()


def erased_customers(study: Study) -> Erased:
    """Read the study's list of erased persons; an absent file lists nobody.

    Raises
    ------
    DataError
        If the list was made with another key, or a line is no hash: the persons on it
        would come back in silence.
    """
    place, key = erasure_list(study), study_key(study)
    if not place.is_file():
        return Erased(key, frozenset())
    lines = place.read_text(encoding="utf-8").splitlines()
    checks = [line.rpartition("Key check: ")[2].strip() for line in lines if "Key check: " in line]
    hashes = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if checks != [key_check(key)]:
        raise DataError(
            f"{place.name} was made with another key, so that the erased persons on it cannot be "
            "recognised; restore the key file, or erase these persons again with the new one "
            f"after deleting {place.name}"
        )
    for number, line in enumerate(hashes, start=1):
        if not re.fullmatch("[0-9a-f]{64}", line):
            raise DataError(
                f"{place.name}: entry {number} is no hash of 64 hexadecimal digits; "
                "restore the file from a copy"
            )
    return Erased(key, frozenset(hashes))


def list_erased(study: Study, hashes: Iterable[str]) -> int:
    """Add hashes to the erasure list; return how many were new."""
    before = erased_customers(study)
    after = before.hashes | {value for value in hashes if value}
    text = "\n".join([HEADER[0], HEADER[1] + key_check(before.key), *sorted(after)]) + "\n"
    write_atomically(erasure_list(study), text.encode())
    return len(after) - len(before.hashes)


def leave_out_erased(
    connection: duckdb.DuckDBPyConnection, study: Study, dataset: str
) -> list[Removed]:
    """Take erased persons out of a data set, in place.

    Call it on raw identifiers and before records are linked: then nothing can be linked to
    an erased person. Rows without a customer go when they carry an erased person's e-mail
    address or telephone number.

    Returns
    -------
    list of Removed
        Rows taken out of each table.

    Raises
    ------
    DataError
        If the erasure list cannot be read with the study's key.
    """
    if not erasure_list(study).is_file():
        return []
    erased = erased_customers(study)
    tables = tables_of(connection, dataset)
    contacts = _records_by_contact(connection, dataset, tables, erased)
    leaving = erased.among(
        _distinct(connection, dataset, tables, "customer_id"), dataset=dataset, kind="customer"
    )
    with_mapping(connection, leaving, leaving)
    removed = leave_out(connection, dataset, reason="erased person")
    connection.execute("DROP TABLE crmstudy_mapping")
    return _sum_up([*removed, *contacts])


def _records_by_contact(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    tables: dict[str, list[str]],
    erased: Erased,
) -> list[Removed]:
    removed = []
    for column in CONTACTS:
        values = _distinct(connection, dataset, tables, column)
        found = erased.among(values, dataset=dataset, kind=column)
        if not found:
            continue
        with_mapping(connection, found, found)
        theirs = f'"{column}"::VARCHAR IN (SELECT raw FROM crmstudy_mapping)'
        removed += _without_customer(connection, dataset, tables, column, theirs)
        connection.execute("DROP TABLE crmstudy_mapping")
    return removed


def _without_customer(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    tables: dict[str, list[str]],
    column: str,
    theirs: str,
) -> list[Removed]:
    """Delete rows that meet a condition and have no customer, and what is linked to them."""
    linked: list[tuple[str, str, list[str]]] = []
    removed = []
    for table in (name for name, columns in tables.items() if column in columns):
        place, condition = f'"{dataset}"."{table}"', _nobody(tables[table]) + theirs
        for name in (n for n in LINKED if n in tables[table] and table != "staff_survey"):
            sql = f'SELECT DISTINCT "{name}" FROM {place} WHERE {condition} ORDER BY 1'
            linked.append((table, name, [row[0] for row in connection.execute(sql).fetchall()]))
        rows = delete(connection, place, condition)
        removed.append(Removed(dataset, table, "erased person", rows))
    for origin, name, values in linked:
        for table in (t for t in tables if name in tables[t] and t not in (origin, "staff_survey")):
            marks = ", ".join("?" * len(values)) or "NULL"
            condition = f'{_nobody(tables[table])}"{name}" IN ({marks})'
            done = connection.execute(
                f'DELETE FROM "{dataset}"."{table}" WHERE {condition}', values
            ).fetchall()
            removed.append(Removed(dataset, table, "erased person", int(done[0][0]) if done else 0))
    return removed


def _nobody(columns: Sequence[str]) -> str:
    return "customer_id IS NULL AND " if "customer_id" in columns else ""


def _distinct(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    tables: dict[str, list[str]],
    column: str,
) -> list[str]:
    having = [table for table, columns in tables.items() if column in columns]
    if not having:
        return []
    union = " UNION ".join(
        f'SELECT "{column}"::VARCHAR AS value FROM "{dataset}"."{table}"' for table in having
    )
    sql = f"SELECT value FROM ({union}) WHERE value IS NOT NULL ORDER BY 1"
    return [row[0] for row in connection.execute(sql).fetchall()]


def _sum_up(removed: Sequence[Removed]) -> list[Removed]:
    rows: dict[tuple[str, str, str], int] = {}
    for one in removed:
        place = one.dataset, one.table, one.reason
        rows[place] = rows.get(place, 0) + one.rows
    return [Removed(*place, count) for place, count in sorted(rows.items()) if count]

"""Looking for one person in a database, in files that were made, and in the user's own files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from crmstudy.collection.privacy.erased import (
    LIST,
    normalise_contact,
)
from crmstudy.collection.privacy.pseudonyms import identifier_columns, pseudonym_of
from crmstudy.collection.privacy.referrals import COLUMN
from crmstudy.collection.privacy.search import Searcher, Wanted, can_stand_alone
from crmstudy.collection.privacy.texts import Piece, read_pieces
from crmstudy.settings import Study

if TYPE_CHECKING:
    from crmstudy.collection.privacy.patterns import Match


class Database(Protocol):
    """What the proof needs of a warehouse."""

    def query(self, sql: str) -> pd.DataFrame:
        """Run one SQL query."""


@dataclass(frozen=True)
class Person:
    """What the inputs hold of one person; never printed, recorded or written."""

    customer: str
    linked: frozenset[tuple[str, str]] = frozenset()
    names: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return "Person(...)"


def describe_person(person: Person, key: bytes, dataset: str) -> dict[str, Wanted]:
    """Say what is searched for, by its name in the proof."""
    pseudonyms = {pseudonym_of(person.customer, key=key, dataset=dataset)}
    pseudonyms |= {
        pseudonym_of(value, key=key, dataset=dataset, kind=kind) for kind, value in person.linked
    }
    linked = {value for _, value in person.linked}
    wanted = {
        "identifier": Wanted.of(identifiers=[person.customer], patterns=False),
        "pseudonym": Wanted.of(identifiers=pseudonyms, patterns=False),
        "linked identifiers": Wanted.of(identifiers=linked, patterns=False),
        "e-mail address": Wanted.of(emails=person.emails, patterns=False),
        "telephone number": Wanted.of(phones=person.phones, patterns=False),
        "name": Wanted.of(names=person.names, patterns=False),
    }
    there = {
        "linked identifiers": bool(linked),
        "e-mail address": bool(person.emails),
        "telephone number": bool(person.phones),
        "name": bool(person.names),
    }
    return {name: one for name, one in wanted.items() if there.get(name, True)}


def search_database(
    database: Database, study: Study, dataset: str, wanted: dict[str, Wanted]
) -> Iterator[tuple[str, str, int]]:
    """Search every column of text of the person's data set, and of what describes the tables."""
    columns = database.query(
        "SELECT table_schema AS schema, table_name AS name, column_name AS field FROM "
        "information_schema.columns WHERE data_type = 'VARCHAR' ORDER BY ALL"
    )
    searchers = {name: Searcher(one) for name, one in wanted.items()}
    tables = columns[columns["schema"].isin([dataset, "meta"])]
    for (schema, table), fields in tables.groupby(["schema", "name"], sort=True):
        counts = dict.fromkeys(searchers, 0)
        for field in fields["field"]:
            values = database.query(
                f'SELECT DISTINCT "{field}" AS value FROM "{schema}"."{table}" '
                f"WHERE {_perhaps(field, wanted.values())}"
            )["value"]
            for name, searcher in searchers.items():
                counts[name] += sum(
                    bool(searcher.find(Piece("", str(value), str(field)))) for value in values
                )
        yield from ((f"database, {schema}.{table}", name, n) for name, n in counts.items())


def _perhaps(field: str, wanted: Iterable[Wanted]) -> str:
    """Write the SQL that keeps the values worth a look: all that hold a part of the person."""
    parts: set[str] = set()
    for one in wanted:
        parts |= {value.casefold() for value in (*one.in_columns, *one.emails, *one.names.han)}
        parts |= {words[-1] for words in one.names.latin}
    quoted = sorted(part.replace("'", "''") for part in parts if part)
    looks = [f"contains(lower(\"{field}\"), '{part}')" for part in quoted]
    digits = f"regexp_replace(\"{field}\", '[^0-9]', '', 'g')"
    phones = sorted({phone[-7:] for one in wanted for phone in one.phones})
    looks += [f"contains({digits}, '{phone}')" for phone in phones]
    return " OR ".join(looks) or "false"


def search_files(study: Study, wanted: dict[str, Wanted]) -> Iterator[tuple[str, str, int]]:
    """Search every file left in the working folder, the report, and the erasure list."""
    searchers = {name: Searcher(one) for name, one in wanted.items()}
    files = [(LIST, study.paths.inputs / LIST)]
    for folder, called in ((study.paths.work, "work"), (study.paths.reports, "report")):
        found = sorted(file for file in folder.rglob("*") if file.is_file())
        files += [(f"{called}/{file.relative_to(folder).as_posix()}", file) for file in found]
    for place, file in files:
        content = file.read_bytes()
        database = content[8:12] == b"DUCK"
        pieces = [] if database else list(read_pieces(file))
        for name, searcher in searchers.items():
            count = sum(len(searcher.find(piece)) for piece in pieces)
            # The tables of a database are searched above; here, its bytes: free blocks too.
            count += _count_bytes(content, searcher.wanted) if database or not count else 0
            yield f"bytes of {place}" if database else place, name, count


def _count_bytes(content: bytes, wanted: Wanted) -> int:
    """Count telling values in the bytes of a file, in the encodings that Chinese texts use."""
    values = {value for value in wanted.anywhere if can_stand_alone(value)}
    values |= set(wanted.emails) | {name for name in wanted.names.han if len(name) > 2}
    values |= {" ".join(words) for words in wanted.names.latin}
    lower = content.lower()
    return sum(
        len(_whole(value.casefold().encode(encoding, errors="ignore"), lower))
        for value in sorted(values)
        for encoding in ("utf-8", "gb18030")
        if encoding == "utf-8" or not value.isascii()
    )


def _whole(value: bytes, content: bytes) -> list[bytes]:
    """Find a value that is not part of a longer word or number; none for an empty one."""
    if not value:
        return []
    return re.findall(rb"(?<![a-z0-9])" + re.escape(value) + rb"(?![a-z0-9])", content)


def search_inputs(study: Study, dataset: str, person: Person) -> pd.DataFrame:
    """List the files and rows of the inputs that still hold the person."""
    rows = []
    searcher = Searcher(
        Wanted.of(
            identifiers=[person.customer],
            names=person.names,
            phones=person.phones,
            emails=person.emails,
            patterns=False,
        )
    )
    for (name, table), source in study.table_sources().items():
        if name != dataset or source.file is None:
            continue
        file = study.paths.inputs / source.file
        ours = {theirs: column for column, theirs in source.columns.items()}
        found: dict[str, list[str]] = {}
        for piece in _pieces_of_input(file, source.encoding, source.delimiter):
            column = ours.get(piece.column, piece.column)
            known = Piece(piece.where, piece.text, column)
            if _is_person(known, table, person, searcher.find(known)):
                found.setdefault(piece.column, []).append(piece.where.rpartition("row ")[2])
        rows += [
            (source.file, column, ", ".join(dict.fromkeys(places)), _remedy(ours, column))
            for column, places in found.items()
        ]
    return pd.DataFrame(rows, columns=["file", "column", "rows", "remedy"])


def _remedy(ours: dict[str, str], column: str) -> str:
    """Say what to do with a row: namesakes and mentions are for a person to judge."""
    if ours.get(column, column) in ("customer_id", "email", "phone"):
        return "delete these rows in the file"
    if ours.get(column, column) == COLUMN:
        return "empty these cells in the file"
    return "look whether it is the same person, and delete or change what is"


def _is_person(piece: Piece, table: str, person: Person, found: list[Match]) -> bool:
    identifiers = identifier_columns(table)
    if identifiers.get(piece.column, "") == "customer" or piece.column == "customer_id":
        return piece.text.strip() == person.customer
    if piece.column == "phone":
        numbers = {normalise_contact(number, "phone") for number in person.phones}
        return normalise_contact(piece.text, "phone") in numbers - {""}
    # A short number in another identifier's column is another thing's.
    return bool(found) and piece.column not in identifiers


def _pieces_of_input(file: Path, encoding: str, delimiter: str) -> Iterator[Piece]:
    if file.suffix.lower() == ".sav":
        import pyreadstat

        frame, _ = pyreadstat.read_sav(str(file), apply_value_formats=False)
        for column in frame:
            for number, value in enumerate(frame[column].dropna().astype(str), start=2):
                yield Piece(f"row {number}", value, str(column))
    elif file.suffix.lower() == ".csv":
        import csv

        with file.open(encoding=encoding.replace("utf-8", "utf-8-sig"), newline="") as stream:
            header: list[str] = []
            for number, row in enumerate(csv.reader(stream, delimiter=delimiter), start=1):
                header = header or [name.strip() for name in row]
                for column, cell in zip(header, row if number > 1 else (), strict=False):
                    yield Piece(f"row {number}", cell, column)
    elif file.is_file():
        yield from read_pieces(file)

"""One person taken out of everything that was made from the inputs, with a proof."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import duckdb
import pandas as pd

from crmstudy.collection.contracts.problems import refuse
from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.erased import (
    LIST,
    erased_customers,
    hash_person,
    list_erased,
    normalise_contact,
)
from crmstudy.collection.privacy.keys import holds_persons, protected_datasets, study_key
from crmstudy.collection.privacy.pseudonyms import identifier_columns, pseudonym_of
from crmstudy.collection.privacy.search import Searcher, Wanted, can_stand_alone
from crmstudy.collection.privacy.texts import Piece, read_pieces
from crmstudy.errors import DataError, UsageError
from crmstudy.paths import project_root
from crmstudy.settings import Study

if TYPE_CHECKING:
    from crmstudy.collection.privacy.patterns import Match

#: Studies of the project itself, whose reports are published and hold nobody real.
COMMITTED = ("open", "simulated", "template")

#: What a run leaves in a report's folder.
REPORTED = ("*.ipynb", "*.json", "figures", "tables", "text", "results")


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


@dataclass(frozen=True)
class Erasure:
    """What was erased, and the proof that nothing is left.

    Parameters
    ----------
    study, dataset : str
        Where the person was.
    deleted : int
        Derived files that were deleted.
    newly_listed : int
        Hashes added to the erasure list; 0 when the person was on it already.
    proof : DataFrame
        Columns ``place``, ``searched for`` (in words, never the value) and ``found``.
    inputs : DataFrame
        Columns ``file``, ``column``, ``rows``, ``remedy``: where the user's own files still
        hold the person.
    """

    study: str
    dataset: str
    deleted: int
    newly_listed: int
    proof: pd.DataFrame
    inputs: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no derived file holds the person."""
        return bool(self.proof["found"].sum() == 0)

    def table(self) -> pd.DataFrame:
        """Return the proof."""
        return self.proof

    def to_metrics(self) -> dict[str, int]:
        """Return the counts as plain numbers."""
        return {
            "files_deleted": self.deleted,
            "places_searched": len(self.proof),
            "found": int(self.proof["found"].sum()),
            "input_places": len(self.inputs),
        }


def erase_customer(
    study: Study,
    customer: str,
    *,
    dataset: str = "",
    unseen: bool = False,
    rebuild: Callable[[Study], Database] | None = None,
) -> Erasure:
    """Erase one person from everything that was made from a study's inputs.

    Keyed hashes of the customer's identifier, e-mail addresses and telephone numbers go to
    ``erased.txt`` beside the inputs, so that no later load brings the person back; the
    working folder and the report are deleted whole, because every number in them was
    computed with the person; the database is built again, and it and all files that are
    left are searched. The raw identifier is written nowhere. The files of the inputs are
    the user's own: what they still hold is listed.

    Parameters
    ----------
    study : Study
        Not one of the project's own.
    customer : str
        The raw identifier, as in the inputs.
    dataset : str
        The data set, needed where several have this customer.
    unseen : bool
        Whether to go on when the inputs hold nobody of this identifier (any more).
    rebuild : callable, optional
        Builds and opens the database; by default that of the study.

    Raises
    ------
    UsageError
        If the study is one of the project's own, or nobody has this identifier.
    DataError
        If the inputs cannot be read, or the erasure list belongs to another key.

    References
    ----------
    GDPR, Art. 17 (right to erasure).
    """
    _refuse_committed(study)
    customer = customer.strip()
    with duckdb.connect() as connection:
        loaded = _load_persons(connection, study)
        dataset = _choose_dataset(study, loaded, customer, dataset, unseen=unseen)
        person = _find_person([one for one in loaded if one.dataset == dataset], customer)
    key = study_key(study)
    hashes = [hash_person(customer, key=key, dataset=dataset, kind="customer")]
    hashes += [hash_person(v, key=key, dataset=dataset, kind="email") for v in person.emails]
    hashes += [hash_person(v, key=key, dataset=dataset, kind="phone") for v in person.phones]
    listed = list_erased(study, hashes)
    deleted = _delete_derived(study)
    database = (rebuild or _open_warehouse)(study)
    wanted = _wanted(person, key, dataset)
    proof = [*_search_database(database, study, dataset, wanted), *_search_files(study, wanted)]
    return Erasure(
        study=study.name,
        dataset=dataset,
        deleted=deleted,
        newly_listed=listed,
        proof=pd.DataFrame(proof, columns=["place", "searched for", "found"]),
        inputs=_search_inputs(study, dataset, person),
    )


def _open_warehouse(study: Study) -> Database:
    from crmstudy.collection.warehouse import open_warehouse

    return open_warehouse(study)


def _refuse_committed(study: Study) -> None:
    with suppress(UsageError):
        own = [(project_root() / "data" / name).resolve() for name in COMMITTED]
        if study.paths.inputs.resolve() in own:
            raise DataError(
                f"{study.name} is one of the project's own studies: it holds nobody real, and its "
                "report is published; erase persons from a study of your own"
            )
    if not protected_datasets(study):
        raise UsageError(
            f"{study.name} holds open data only, which anybody has; there is nobody to erase"
        )


def _load_persons(connection: duckdb.DuckDBPyConnection, study: Study) -> list[Loaded]:
    loaded = [
        load_into(connection, study, dataset, table)
        for dataset, table in study.table_sources()
        if dataset in protected_datasets(study) and holds_persons(table)
    ]
    refuse([p for one in loaded for p in one.problems], study.settings.language)
    return loaded


def _choose_dataset(
    study: Study, loaded: Iterable[Loaded], customer: str, dataset: str, *, unseen: bool
) -> str:
    """Name the data set that has the customer, in its inputs or on the list of erased ones."""
    having = {
        one.dataset
        for one in loaded
        if "customer_id" in one.columns and _rows(one, '"customer_id" = ?', [customer])
    }
    protected = protected_datasets(study)
    erased = erased_customers(study)
    having |= {name for name in protected if erased.among([customer], dataset=name)}
    if dataset and dataset not in protected:
        raise UsageError(f"no data set {dataset!r} with persons; there are {', '.join(protected)}")
    having |= set(protected) if unseen else set()
    found = [name for name in protected if name in having and dataset in ("", name)]
    if not found:
        raise UsageError(
            f"no customer of this identifier in {dataset or ', '.join(protected)}, nor among the "
            "erased ones; write it as the input files do (or say that it may be gone from them)"
        )
    if len(found) > 1:
        raise UsageError(
            f"several data sets have this customer, who need not be one person: "
            f"{', '.join(found)}; name one"
        )
    return found[0]


def _rows(one: Loaded, condition: str, values: list[str], column: str = "1") -> list[str]:
    if one.connection is None:
        return []
    sql = (
        f"SELECT DISTINCT {column} FROM {one.target} WHERE {condition} AND {column} IS NOT NULL "
        "ORDER BY 1"
    )
    return [str(row[0]) for row in one.connection.execute(sql, values).fetchall()]


def _find_person(loaded: list[Loaded], customer: str) -> Person:
    """Collect what stands in the customer's own rows."""
    found: dict[str, set[str]] = {"name": set(), "email": set(), "phone": set()}
    linked: set[tuple[str, str]] = set()
    for one in (one for one in loaded if "customer_id" in one.columns):
        for kind in (kind for kind in found if kind in one.columns):
            found[kind] |= set(_rows(one, '"customer_id" = ?', [customer], f'"{kind}"'))
        for column, kind in identifier_columns(one.table).items():
            if column != "customer_id" and column in one.columns:
                own = _rows(one, '"customer_id" = ?', [customer], quote(column))
                linked |= {(kind, value) for value in own}
    return Person(
        customer,
        frozenset(linked),
        frozenset(found["name"]),
        frozenset(found["email"]),
        frozenset(found["phone"]),
    )


def _delete_derived(study: Study) -> int:
    """Delete the working folder and all that a run left in the report; return how many files."""
    reports, work = study.paths.reports, study.paths.work
    places = [work] if work.is_dir() else []
    for pattern in REPORTED if reports.is_dir() else ():
        places += sorted(reports.glob(pattern))
    count = 0
    for place in places:
        if place.is_dir():
            count += sum(file.is_file() for file in place.rglob("*"))
            shutil.rmtree(place)
        else:
            place.unlink()
            count += 1
    return count


def _wanted(person: Person, key: bytes, dataset: str) -> dict[str, Wanted]:
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


def _search_database(
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


def _search_files(study: Study, wanted: dict[str, Wanted]) -> Iterator[tuple[str, str, int]]:
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


def _search_inputs(study: Study, dataset: str, person: Person) -> pd.DataFrame:
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
    return "look whether it is the same person, and delete or change what is"


def _is_person(piece: Piece, table: str, person: Person, found: list[Match]) -> bool:
    if piece.column == "customer_id":
        return piece.text.strip() == person.customer
    if piece.column == "phone":
        numbers = {normalise_contact(number, "phone") for number in person.phones}
        return normalise_contact(piece.text, "phone") in numbers - {""}
    # A short number in another identifier's column is another thing's.
    return bool(found) and piece.column not in identifier_columns(table)


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

"""Whether a report names anybody: every file of it is searched."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from crmstudy.collection.contracts.problems import refuse
from crmstudy.collection.intake.load import Loaded, load_into
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.keys import (
    has_secret,
    holds_persons,
    protected_datasets,
    study_key,
)
from crmstudy.collection.privacy.patterns import find_personal
from crmstudy.collection.privacy.pseudonyms import identifier_columns
from crmstudy.collection.privacy.search import Searcher, Wanted, hide
from crmstudy.collection.privacy.texts import read_pieces
from crmstudy.errors import UsageError
from crmstudy.settings import Study

#: Findings of one kind that are listed for one file; all are counted.
LISTED = 20


@dataclass(frozen=True)
class Finding:
    """One place of a report that names somebody: the excerpt never shows whom."""

    file: str
    place: str
    kind: str
    excerpt: str


@dataclass(frozen=True)
class Audit:
    """What the search of a report found.

    Parameters
    ----------
    study : str
        The study.
    files : int
        Files searched.
    findings : tuple of Finding
        At most 20 of a kind and file.
    counts : mapping of (str, str) to int
        All findings by file and kind.
    searched : DataFrame
        What was looked for: columns ``kind``, ``values``, ``where``.
    """

    study: str
    files: int
    findings: tuple[Finding, ...]
    counts: dict[tuple[str, str], int]
    searched: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether the report names nobody."""
        return not self.findings

    def table(self) -> pd.DataFrame:
        """Return columns ``file``, ``place``, ``kind``, ``excerpt``, one row a finding."""
        rows = [(f.file, f.place, f.kind, f.excerpt) for f in self.findings]
        return pd.DataFrame(rows, columns=["file", "place", "kind", "excerpt"])

    def to_metrics(self) -> dict[str, int]:
        """Return the numbers of files searched and of findings."""
        return {"files": self.files, "findings": sum(self.counts.values())}


def audit_reports(study: Study) -> Audit:
    """Search every file of a study's report for persons and for the study's key.

    Looked for are identifiers and names of the inputs, any e-mail address, telephone
    number, identity card, card or account number, and the key. Identifiers that are
    numbers of fewer than seven digits, or so many that any count might be one, and
    those that are plain words cannot be told from a report's own numbers and words: they
    are looked for in columns named like identifiers only, as ``searched`` says. Identifiers
    of open data are public and not looked for.

    Raises
    ------
    UsageError
        If there is no report.
    DataError
        If an input cannot be read: its persons would be unknown.
    """
    folder = study.paths.reports
    files = sorted(file for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else []
    if not files:
        raise UsageError(
            f"{folder} holds no report: run the study first, crmstudy run {study.name}"
        )
    wanted = list_wanted(study)
    searcher = Searcher(wanted)
    secrets = _key_forms(study_key(study)) if has_secret(study) else {}
    findings: list[Finding] = []
    counts: Counter[tuple[str, str]] = Counter()
    for file in files:
        name = file.relative_to(folder).as_posix()
        for finding in (*_find_key(file, name, secrets), *search_file(file, name, searcher)):
            counts[finding.file, finding.kind] += 1
            if counts[finding.file, finding.kind] <= LISTED:
                findings.append(finding)
    searched = pd.concat(
        [
            wanted.table(),
            pd.DataFrame(
                {
                    "kind": ["any e-mail, phone, card or account", "key"],
                    "values": [0, len(secrets)],
                    "where": ["anywhere", "bytes of each file"],
                }
            ),
        ],
        ignore_index=True,
    )
    return Audit(study.name, len(files), tuple(findings), dict(sorted(counts.items())), searched)


def list_wanted(study: Study) -> Wanted:
    """Collect the persons of a study's inputs, those of open data apart."""
    found: dict[str, set[str]] = {"id": set(), "name": set(), "phone": set(), "email": set()}
    columns: set[str] = set()
    with duckdb.connect() as connection:
        for (dataset, table), source in study.table_sources().items():
            if dataset not in protected_datasets(study) or not holds_persons(table):
                continue
            loaded = load_into(connection, study, dataset, table)
            refuse(list(loaded.problems), study.settings.language)
            for column in identifier_columns(table):
                columns.add(source.columns.get(column, column))
                found["id"] |= _values(loaded, column)
            for kind in ("name", "phone", "email"):
                found[kind] |= _values(loaded, kind)
    return Wanted.of(
        identifiers=found["id"],
        names=found["name"],
        phones=found["phone"],
        emails=found["email"],
        columns=columns,
    )


def _values(loaded: Loaded, column: str) -> set[str]:
    if column not in loaded.columns or loaded.connection is None:
        return set()
    name = quote(column)
    sql = f"SELECT DISTINCT {name}::VARCHAR FROM {loaded.target} WHERE {name} IS NOT NULL"
    return {row[0] for row in loaded.connection.execute(sql).fetchall()}


def search_file(file: Path, name: str, searcher: Searcher) -> Iterator[Finding]:
    """Search the texts of one file; ``name`` is how findings call it."""
    for piece in read_pieces(file):
        found = searcher.find(piece)
        if not found:
            continue
        # Whatever else stands near a finding is masked in its excerpt too.
        rest = [
            other
            for other in find_personal(piece.text)
            if all(other.end <= match.start or other.start >= match.end for match in found)
        ]
        everything = sorted([*found, *rest], key=lambda match: match.start)
        under = f", column {piece.column!r}" if piece.column else ""
        for match in found:
            excerpt = hide(piece.text, everything, around=match)
            yield Finding(name, piece.where + under, match.kind, excerpt)


def _key_forms(key: bytes) -> dict[str, bytes]:
    """Write the key in the forms in which it might leak."""
    plain = base64.b64encode(key)
    return {
        "raw": key,
        "hexadecimal": key.hex().encode(),
        "hexadecimal, capitals": key.hex().upper().encode(),
        "base64": plain.rstrip(b"="),
        "base64 for addresses": base64.urlsafe_b64encode(key).rstrip(b"="),
    }


def _find_key(file: Path, name: str, forms: dict[str, bytes]) -> Iterable[Finding]:
    content = file.read_bytes() if forms else b""
    for form, written in forms.items():
        if written in content:
            yield Finding(name, f"byte {content.index(written)}", "key", f"the key, {form}")
            return

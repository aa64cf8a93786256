"""RIS read strictly: records from TY to ER, with tags that may repeat."""

from __future__ import annotations

import re

from crmstudy.design.literature.bibtex import Entry
from crmstudy.errors import DataError

#: A tag, two spaces, a hyphen; some exports leave out the space after it.
TAG = re.compile(r"^([A-Z][A-Z0-9]) {1,2}-(?: (.*))?$")
KINDS = {
    "JOUR": "article",
    "BOOK": "book",
    "CHAP": "incollection",
    "CONF": "inproceedings",
    "CPAPER": "inproceedings",
    "THES": "thesis",
    "RPRT": "techreport",
}


def parse_ris(text: str, *, file: str) -> list[Entry]:
    """Read the records of a .ris file.

    A line without a tag goes on with the value before it. Lines that begin with ``#``
    between records are comments.

    Raises
    ------
    DataError
        If something stands outside a record, a record begins inside another, or the last one
        has no end: names file and line, what was found and what is allowed.
    """
    entries: list[Entry] = []
    opened: Entry | None = None
    last = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.rstrip()
        found = TAG.match(line)
        if not found and not line.strip():
            continue
        if not found:
            if opened is None and line.startswith("#"):
                continue
            _go_on(opened, last, line, f"{file}, line {number}")
            continue
        tag, value = found[1], (found[2] or "").strip()
        if tag == "TY":
            _refuse_open(opened, number)
            kind = KINDS.get(value.upper(), value.lower() or "misc")
            opened = Entry(file, number, kind, "", {})
        elif opened is None:
            raise DataError(
                f"{file}, line {number}: the tag {tag} stands outside a record; "
                "a record begins with 'TY  - '"
            )
        elif tag == "ER":
            key = opened.first("ID")
            entries.append(Entry(file, opened.line, opened.kind, key, opened.fields))
            opened = None
        else:
            opened.fields.setdefault(tag, []).append(value)
        last = tag
    _refuse_open(opened, 0)
    return entries


def _go_on(opened: Entry | None, tag: str, line: str, place: str) -> None:
    if opened is None or tag not in opened.fields:
        raise DataError(
            f"{place}: found {line.strip()[:30]!r}, which has no tag; allowed are two capital "
            "letters or a letter and a digit, two spaces and a hyphen, as in 'TI  - '"
        )
    values = opened.fields[tag]
    values[-1] = f"{values[-1]} {line.strip()}".strip()


def _refuse_open(opened: Entry | None, number: int) -> None:
    if opened is not None:
        where = f"line {number} begins the next" if number else "the file ends"
        raise DataError(
            f"{opened.file}, line {opened.line}: the record that begins here is not closed by "
            f"'ER  - ' before {where}"
        )

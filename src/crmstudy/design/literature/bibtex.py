"""BibTeX read strictly: every error names file, line and entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from crmstudy.errors import DataError, nearest

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CLOSING = {"{": "}", "(": ")"}
#: Fields that a cited part does not take from the work it is in.
OWN = ("crossref", "title", "booktitle", "keywords", "doi", "abstract", "screening")
#: Fields that say what the work is; some exports repeat others, such as url.
ONCE = ("title", "author", "year", "date", "journal", "doi", "crossref")


@dataclass(frozen=True)
class Entry:
    """One record of a file as it was written.

    Parameters
    ----------
    file : str
        Name of its file.
    line : int
        Line of the file where it begins, from 1.
    kind, key : str
        Its type in small letters, and its name in the file; may be empty.
    fields : dict of str to list of str
        Values of each field; a .bib file gives one each.
    """

    file: str
    line: int
    kind: str
    key: str
    fields: dict[str, list[str]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Name file, line and entry for an error."""
        return f"{self.file}, line {self.line}, entry {self.key or '(without a key)'!r}"

    def first(self, *names: str) -> str:
        """Return the first value of the first of these fields that has one."""
        return next((value for name in names for value in self.fields.get(name, ()) if value), "")


class _Reader:
    """A place in the text of one file."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file, self.at = text, file, 0
        self.macros = {name: str(place) for place, name in enumerate(MONTHS, start=1)}
        self.entry = ""

    def line(self, at: int | None = None) -> int:
        return self.text.count("\n", 0, self.at if at is None else at) + 1

    def fail(self, problem: str, at: int | None = None) -> DataError:
        inside = f", entry {self.entry!r}" if self.entry else ""
        return DataError(f"{self.file}, line {self.line(at)}{inside}: {problem}")

    def skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def take(self, pattern: str) -> str:
        self.skip()
        found = re.compile(pattern).match(self.text, self.at)
        if not found:
            return ""
        self.at = found.end()
        return found[0]

    def peek(self) -> str:
        self.skip()
        return self.text[self.at : self.at + 1]

    def show(self) -> str:
        """Quote what stands here."""
        return repr(self.text[self.at : self.at + 20].split("\n")[0]) or "the end of the file"

    def group(self) -> str:
        """Read a text in braces or quotes, with braces nested in it."""
        start, opening = self.at, self.text[self.at]
        ends = CLOSING.get(opening, opening)
        depth, place = 0, self.at + 1
        while place < len(self.text):
            sign = self.text[place]
            if sign == "\\" and place + 1 < len(self.text) and self.text[place + 1] in '{}"\\':
                # Escaped braces do not nest; an accent \" is no closing quote inside braces.
                place += 1 if self.text[place + 1] != '"' or depth else 0
            elif depth == 0 and sign == ends:
                break
            elif sign in "{}":
                depth += 1 if sign == "{" else -1
                if depth < 0:
                    raise self.fail("a brace } closes what no { opened", place)
            place += 1
        else:
            raise self.fail(
                f"the value that begins with {opening} is never closed by {ends}", start
            )
        self.at = place + 1
        return self.text[start + 1 : place]


def parse_bibtex(text: str, *, file: str) -> list[Entry]:
    """Read the entries of a .bib file.

    Text between entries is a comment, as in BibTeX; so are ``@comment`` and
    ``@preamble``. ``@string`` names and the months may be joined with ``#``. A part
    takes fields it lacks from the entry that its ``crossref`` names.

    Raises
    ------
    DataError
        If an entry is not closed, a field has no value, an abbreviation is unknown, a field
        stands twice with different values, or a crossref leads nowhere: names file, line and
        entry, what was found and what is allowed.
    """
    reader = _Reader(text, file)
    entries = list(_entries(reader))
    return _inherit(entries)


def _entries(reader: _Reader) -> Iterator[Entry]:
    while True:
        start = reader.text.find("@", reader.at)
        if start < 0:
            return
        before = reader.text.rfind("\n", 0, start) + 1
        if reader.text[before:start].lstrip().startswith("%"):
            reader.at = start + 1
            continue
        reader.at, reader.entry = start + 1, ""
        kind = reader.take(r"[A-Za-z]+").lower()
        opening = reader.peek()
        if kind == "comment":
            if opening == "{":
                reader.group()
            continue
        if not kind or opening not in CLOSING:
            raise reader.fail(
                f"after @ an entry's type and a brace must follow, as in @article{{; "
                f"found {reader.text[start : start + 20]!r}",
                start,
            )
        if kind == "preamble":
            reader.group()
            continue
        reader.at += 1
        yield from _entry(reader, kind, CLOSING[opening], start)


def _entry(reader: _Reader, kind: str, closing: str, start: int) -> Iterator[Entry]:
    key = "" if kind == "string" else reader.take(r"[^,\s={}()]*")
    reader.entry = key or f"(without a key, @{kind})"
    if kind != "string" and reader.peek() == "=":
        raise reader.fail(f"a key and a comma must follow @{kind}{{; found a field {key!r}")
    fields = dict(_fields(reader, closing, in_entry=kind != "string", start=start))
    if kind == "string":
        reader.macros |= {name: values[0] for name, values in fields.items()}
        return
    yield Entry(reader.file, reader.line(start), kind, key, fields)


def _fields(
    reader: _Reader, closing: str, *, in_entry: bool, start: int
) -> Iterator[tuple[str, list[str]]]:
    seen: dict[str, str] = {}
    if in_entry:
        _separate(reader, closing)
    while reader.peek() != closing:
        if not reader.peek():
            raise reader.fail(f"the entry is never closed by {closing}", start)
        here = reader.at
        name = reader.take(r"[A-Za-z][\w:+./-]*").lower()
        if not name or not reader.take("="):
            raise reader.fail(
                f"a field must be written name = {{value}}; found {reader.text[here : here + 25]!r}"
                " (is a comma or a brace missing before it?)",
                here,
            )
        value = _value(reader, name)
        if seen.setdefault(name, value) != value and name in ONCE:
            raise reader.fail(
                f"the field {name} stands twice with different values; keep one of them", here
            )
        yield name, [seen[name]]
        _separate(reader, closing)
    reader.at += 1


def _separate(reader: _Reader, closing: str) -> None:
    if reader.peek() not in (",", closing):
        found = reader.show() if reader.peek() else "the end of the file"
        raise reader.fail(f"a comma or {closing} must follow; found {found}")
    while reader.peek() == ",":
        reader.at += 1


def _value(reader: _Reader, name: str) -> str:
    parts = [_part(reader, name)]
    while reader.peek() == "#":
        reader.at += 1
        parts.append(_part(reader, name))
    return "".join(parts)


def _part(reader: _Reader, name: str) -> str:
    if reader.peek() in ("{", '"'):
        return reader.group()
    word = reader.take(r"[^\s,#{}()\"=]+")
    if word.isdigit():
        return word
    if word.lower() in reader.macros:
        return reader.macros[word.lower()]
    if not word:
        raise reader.fail(f"the field {name} has no value; found {reader.show()}")
    raise reader.fail(
        f"{name} = {word}: no @string of that name{nearest(word.lower(), reader.macros)}; "
        "write a text in braces"
    )


def _inherit(entries: list[Entry]) -> list[Entry]:
    by_key = {entry.key.lower(): entry for entry in entries if entry.key}
    return [_complete(entry, by_key) for entry in entries]


def _complete(entry: Entry, by_key: dict[str, Entry]) -> Entry:
    name = entry.first("crossref").lower()
    if not name:
        return entry
    whole = by_key.get(name)
    if whole is None or whole is entry:
        raise DataError(
            f"{entry.place}: crossref = {{{entry.first('crossref')}}} is no entry of the file"
            f"{nearest(name, by_key)}"
        )
    taken = {field: value for field, value in whole.fields.items() if field not in OWN}
    if "title" in whole.fields:
        taken["booktitle"] = whole.fields["title"]
    return Entry(entry.file, entry.line, entry.kind, entry.key, taken | entry.fields)

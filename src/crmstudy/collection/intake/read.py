"""From a CSV file to rows of text: nothing shifted, renamed or cut off on the way.

DuckDB reads what it reads exactly as Python's strict reader does; every other file goes
through Python's reader, which knows the row of each mistake.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import duckdb

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem, refuse
from crmstudy.collection.intake.scan import CHUNK, scan_bytes
from crmstudy.collection.intake.sqltypes import ROW, Staged, literal, quote
from crmstudy.settings import TableSource

#: Row number, in the file, of the first data row: row 1 is the header.
FIRST_ROW = 2
SEPARATORS = {";": '";"', "\t": '"\\t"', "|": '"|"', ",": '","'}
BATCH = 20_000
BUFFER = 1 << 22
#: A field longer than this is an unclosed quotation mark that swallowed the file.
LONGEST_FIELD = 1 << 20
#: Rows of a wrong length that are listed before reading stops.
MOST_RAGGED = 10_000

OTHER_KINDS = {
    b"PK\x03\x04": ("an Excel workbook", ".xlsx"),
    b"PAR1": ("Parquet", ".parquet"),
    b"$FL2": ("SPSS", ".sav"),
    b"$FL3": ("SPSS", ".sav"),
}


@dataclass(frozen=True)
class CsvFile:
    """A CSV file in UTF-8, looked through once.

    Parameters
    ----------
    place : Path
        Where its UTF-8 text is.
    name : str
        Its name in messages.
    header : tuple of str
        The names of its columns.
    delimiter : str
        What separates fields.
    sure : bool
        Whether DuckDB's reader takes its bytes as Python's does.
    blanks : {"none", "spaces", "any"}
        Which blanks may stand around its values.
    rows, delimiters : int, optional
        How many rows and delimiters it holds, blank lines included; None where some
        may stand inside quotation marks.
    plain : bool
        Whether no number can hold what DuckDB alone reads as part of one.
    """

    place: Path
    name: str
    header: tuple[str, ...]
    delimiter: str
    sure: bool
    blanks: Literal["none", "spaces", "any"]
    rows: int | None
    delimiters: int | None
    plain: bool = False

    def level(self, rows: int) -> bool:
        """Whether so many rows of the header's width hold the delimiters there are."""
        return self.delimiters in (None, (rows + 1) * (len(self.header) - 1))

    def staged(self) -> Staged:
        """Read the file by DuckDB: every value as text, in the order of the file."""
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in self.header)
        options = (
            "auto_detect = false",
            "header = true",
            f"delim = {literal(self.delimiter)}",
            """quote = '"'""",
            """escape = '"'""",
            "strict_mode = true",
            f"buffer_size = {BUFFER}",
            "null_padding = false",
            f"max_line_size = {LONGEST_FIELD}",
            f"columns = {{{columns}}}",
        )
        reader = f"read_csv({literal(str(self.place))}, {', '.join(options)})"
        return Staged(
            reader,
            dict.fromkeys(self.header, "VARCHAR"),
            blanks=self.blanks,
            empty_is_null=True,
            plain=self.plain,
        )


def refuse_other_kind(file: Path) -> None:
    """Refuse a file that is called CSV and holds something else."""
    with file.open("rb") as stream:
        kind = OTHER_KINDS.get(stream.read(4))
    if kind is not None:
        found, allowed = (
            Message("is of kind", kind=kind[0]),
            Message("kind by suffix", suffix=".csv"),
        )
        remedy = Message("give suffix", suffix=kind[1])
        raise InputError([Problem(file.name, None, "", found, allowed, remedy)])


def look_through(place: Path, name: str, source: TableSource) -> CsvFile:
    """Read a CSV file's header and see which reader it needs.

    Raises
    ------
    InputError
        If the file is empty, of another kind, or its header makes no table.
    """
    scan = scan_bytes(place, source.delimiter.encode())
    header = next(_records(place, name, source.delimiter), None)
    if header is None or (not any(map(str.strip, header)) and _is_blank(place)):
        allowed = Message("header and rows")
        problem = Problem(name, None, "", Message("is empty"), allowed, Message("fill or drop"))
        raise InputError([problem])
    names = [column.strip() for column in header]
    refuse_header(names, name, source.delimiter)
    plain = "\n" not in "".join(header) and "\r" not in "".join(header)
    return CsvFile(
        place,
        name,
        tuple(names),
        source.delimiter,
        sure=scan.sure and plain,
        blanks=scan.blanks,
        rows=None if scan.lines is None else scan.lines - 1,
        delimiters=scan.delimiters,
        plain=scan.plain,
    )


def _is_blank(place: Path) -> bool:
    with place.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            if chunk.strip(b"\xef\xbb\xbf \t\r\n"):
                return False
    return True


def _records(place: Path, name: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records of a file; a quotation mark out of place is refused by its row."""
    csv.field_size_limit(LONGEST_FIELD)
    with place.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        row = 0
        try:
            for record in reader:
                row += 1
                yield record
        except csv.Error as error:
            unclosed = "expected after" not in str(error)
            key = "open quote" if unclosed else "broken quote"
            found = Message(key) if unclosed else Message(key, reason=str(error))
            allowed, remedy = Message("closed quotes"), Message("close quote")
            raise InputError([Problem(name, row + 1, "", found, allowed, remedy)]) from None


def refuse_header(header: Sequence[str], file: str, delimiter: str = "") -> None:
    """Refuse names that would hide a column: none at all, or the same one twice."""
    if len(header) == 1 and delimiter:
        for sign, written in SEPARATORS.items():
            if sign in header[0] and sign != delimiter:
                found = Message("one column", header=repr(header[0]))
                allowed = Message("columns by", sign=repr(delimiter))
                remedy = Message("say delimiter", sign=written)
                raise InputError([Problem(file, 1, "", found, allowed, remedy)])
    problems = [
        Problem(file, 1, "", Message("no name", place=place), Message("a name"), Message("name it"))
        for place, name in enumerate(header, start=1)
        if not name
    ]
    # The database does not tell upper from lower case in names.
    counts = Counter(name.casefold() for name in header if name)
    for name in dict.fromkeys(header):
        count = counts[name.casefold()]
        if count > 1:
            found = Message("same name", count=count)
            problems.append(Problem(file, 1, name, found, Message("one"), Message("rename")))
    refuse(problems)


def stage_csv(connection: duckdb.DuckDBPyConnection, file: CsvFile) -> tuple[Staged, int, int]:
    """Read a file by Python's strict reader, batch by batch, with its row numbers.

    Returns
    -------
    tuple of (Staged, int, int)
        The staged rows, how many there were, and how many of them were empty.

    Raises
    ------
    InputError
        If a quotation mark is out of place, or rows have too many or too few fields.
    """
    records = _records(file.place, file.name, file.delimiter)
    next(records, None)
    width, ragged, read, empty = len(file.header), list[Problem](), 0, 0
    staging = Staging(connection, file.header)
    while rows := list(islice(records, BATCH)):
        kept = []
        for number, record in enumerate(rows, start=FIRST_ROW + read):
            cells = [cell.strip() for cell in record]
            if not any(cells):
                empty += 1
            elif len(cells) == width:
                kept.append((number, *cells))
            elif len(ragged) < MOST_RAGGED:
                ragged.append(_ragged(file.name, number, len(cells), width))
        read += len(rows)
        staging.add(kept)
    refuse(ragged)
    return staging.staged(), read, empty


def _ragged(file: str, row: int, count: int, width: int) -> Problem:
    found, allowed = Message("fields", count=count), Message("as header", count=width)
    return Problem(file, row, "", found, allowed, Message("quote delimiter"))


class Staging:
    """A temporary table of texts with row numbers, filled batch by batch."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, header: Sequence[str]) -> None:
        self.connection = connection
        self.header = list(header)
        columns = ", ".join(f"{quote(name)} VARCHAR" for name in self.header)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE staging ({quote(ROW)} BIGINT, {columns})")

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Append rows: the number in the file, then one text or None a column."""
        import pyarrow as pa

        if not rows:
            return
        numbers, *columns = zip(*rows, strict=True)
        arrays = [pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in columns)]
        names = [f"c{place}" for place in range(len(arrays))]
        self.connection.register("arriving", pa.Table.from_arrays(arrays, names))
        self.connection.execute("INSERT INTO staging SELECT * FROM arriving")
        self.connection.unregister("arriving")

    def staged(self, types: Mapping[str, str] | None = None, *, iso: bool = False) -> Staged:
        """Return what was staged."""
        columns = types or dict.fromkeys(self.header, "VARCHAR")
        return Staged("staging", columns, numbered=True, iso=iso)

"""Files of judgements as sheets of text: every sheet of a workbook, or a CSV file as one."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.collection.intake.encodings import read_text
from crmstudy.collection.intake.formats import broken
from crmstudy.collection.intake.places import Place
from crmstudy.collection.intake.read import LONGEST_FIELD, refuse_other_kind
from crmstudy.collection.intake.xlsx import open_book, write_cell
from crmstudy.settings import TableSource

SUFFIXES = (".csv", ".xlsx")
#: A formula that only writes a fraction, as =1/3.
FRACTION = re.compile(r"=\s*([0-9.]+\s*/\s*[0-9.]+)\s*")


@dataclass(frozen=True)
class Sheet:
    """One sheet: rows of texts, blanks cut off.

    Parameters
    ----------
    file, name : str
        The file, and the sheet; a CSV file's has no name.
    rows : list of list of str
        The cells; a row may be shorter than another.
    """

    file: str
    name: str
    rows: list[list[str]]

    def text(self, row: int, column: int) -> str:
        """Give a cell's text, rows and columns counted from 0; nothing beyond the edge."""
        if not 0 <= row < len(self.rows) or column < 0:
            return ""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""

    def place(self, row: int, column: int) -> Place:
        """Say where a cell stands, rows and columns counted from 0."""
        return Place(self.file, self.name, row + 1, column + 1)

    def is_blank(self, row: int) -> bool:
        """Whether nothing stands in a row."""
        return not any(self.rows[row]) if row < len(self.rows) else True


def read_sheets(file: Path, source: TableSource) -> list[Sheet]:
    """Read a file's sheets; codes that study.yml calls missing are empty cells.

    Raises
    ------
    InputError
        If the file is not there, of another kind, broken, or in another encoding.
    """
    if file.suffix.lower() not in SUFFIXES:
        found = Message("is of suffix", suffix=file.suffix.lower() or "''")
        allowed = Message("one of", words=SUFFIXES)
        raise InputError([Problem(file.name, None, "", found, allowed, Message("save as"))])
    missing = {str(code) for code in source.missing}
    read = _read_workbook if file.suffix.lower() == ".xlsx" else _read_csv
    return [
        Sheet(file.name, name, [[_blank(cell.strip(), missing) for cell in row] for row in rows])
        for name, rows in read(file, source)
    ]


def _blank(text: str, missing: set[str]) -> str:
    return "" if text in missing else text


def _read_csv(file: Path, source: TableSource) -> Iterator[tuple[str, list[list[str]]]]:
    refuse_other_kind(file)
    text = read_text(file, source.encoding)
    csv.field_size_limit(LONGEST_FIELD)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter))
    except csv.Error as error:
        raise broken(file.name, "CSV", error) from None
    yield "", rows


def _read_workbook(file: Path, source: TableSource) -> Iterator[tuple[str, list[list[str]]]]:
    """Read every sheet, or the one that study.yml names; a formula never computed as text."""
    seen = _cells(file, source, computed=True)
    written = _cells(file, source, computed=False) if _has_formulas(file) else seen
    for name, rows in seen.items():
        yield (
            name,
            [
                [_text(*pair) for pair in zip(values, behind, strict=False)]
                for values, behind in zip(rows, written[name], strict=False)
            ],
        )


def _cells(file: Path, source: TableSource, *, computed: bool) -> dict[str, list[tuple[Any, ...]]]:
    """Read all cells of all sheets: what was computed, or what was written."""
    sheets = open_book(file, source, computed=computed)
    try:
        for sheet in sheets.values():
            # A program may have written a wrong extent of the sheet.
            sheet.reset_dimensions()
        return {name: list(sheet.iter_rows(values_only=True)) for name, sheet in sheets.items()}
    finally:
        next(iter(sheets.values())).parent.close()


def _text(value: Any, written: Any) -> str:
    if value is None and isinstance(written, str) and written.startswith("="):
        fraction = FRACTION.fullmatch(written)
        return fraction[1] if fraction else written
    return write_cell(value)


def _has_formulas(file: Path) -> bool:
    with zipfile.ZipFile(file) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        return any(b"<f>" in (text := book.read(name)) or b"<f " in text for name in sheets)

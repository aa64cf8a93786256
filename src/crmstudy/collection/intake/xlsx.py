"""Excel workbooks: one sheet, its cells as they are held, no formula that failed."""

from __future__ import annotations

import datetime as dt
import math
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb

from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import InputError, Problem, refuse
from crmstudy.collection.intake.formats import broken
from crmstudy.collection.intake.read import BATCH, FIRST_ROW, Staging, refuse_header
from crmstudy.collection.intake.sqltypes import Staged
from crmstudy.settings import TableSource

FORMULA_ERRORS = (
    *("#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!"),
    *("#SPILL!", "#CALC!", "#GETTING_DATA"),
)


def stage_xlsx(
    connection: duckdb.DuckDBPyConnection, file: Path, source: TableSource
) -> tuple[Staged, int, int]:
    """Read one sheet of a workbook; dates and numbers come as their cells hold them.

    Raises
    ------
    InputError
        If it is no workbook, has no such sheet, names no column, or holds formulas that
        failed or were never computed.
    """
    sheet = _open_sheet(file, source)
    cells = _cells(sheet)
    header = _xlsx_header(next(cells, ()), file)
    problems: list[Problem] = []
    staging, read, empty, batch = Staging(connection, header), 0, 0, list[Any]()
    blank_tail = 0
    for number, values in enumerate(cells, start=FIRST_ROW):
        texts = [write_cell(value, source.decimal) for value in values[: len(header)]]
        texts += [""] * (len(header) - len(texts))
        beyond = [v for v in values[len(header) :] if v is not None and str(v).strip()]
        problems += _cell_problems(file.name, number, header, texts, beyond)
        if not any(texts):
            blank_tail += 1
            continue
        # Formatted cells below the last row are no rows.
        read, empty, blank_tail = read + blank_tail + 1, empty + blank_tail, 0
        batch.append((number, *texts))
        if len(batch) == BATCH:
            staging.add(batch)
            batch = []
    staging.add(batch)
    refuse(problems + _uncomputed(file, source, header))
    return staging.staged(iso=True), read, empty


def open_book(file: Path, source: TableSource, *, computed: bool = True) -> dict[str, Any]:
    """Open a workbook's sheets by name, all or the one that study.yml names.

    Raises
    ------
    InputError
        If it is no workbook, or has no such sheet.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    errors = (InvalidFileException, zipfile.BadZipFile, KeyError, OSError, ValueError, SyntaxError)
    try:
        book = load_workbook(file, read_only=True, data_only=computed)
    except errors as error:
        raise broken(file.name, "Excel", error) from None
    names = [sheet.title for sheet in book.worksheets]
    if source.sheet and source.sheet not in names:
        found = Message("no sheet", sheet=source.sheet, near=hint(source.sheet, names))
        allowed, remedy = Message("sheets", sheets=tuple(names)), Message("correct sheet")
        raise InputError([Problem(file.name, None, "", found, allowed, remedy)])
    return {name: book[name] for name in ([source.sheet] if source.sheet else names)}


def _open_sheet(file: Path, source: TableSource, *, computed: bool = True) -> Any:
    return next(iter(open_book(file, source, computed=computed).values()))


def _cells(sheet: Any) -> Iterator[tuple[Any, ...]]:
    # A program may have written a wrong extent of the sheet.
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(values_only=True))


def _xlsx_header(values: Sequence[Any], file: Path) -> list[str]:
    header = [str(value).strip() if value is not None else "" for value in values]
    while header and not header[-1]:
        header.pop()
    if not header:
        allowed, remedy = Message("header and rows"), Message("fill or drop")
        raise InputError([Problem(file.name, None, "", Message("is empty"), allowed, remedy)])
    refuse_header(header, file.name)
    return header


def write_cell(value: Any, decimal: str = ".") -> str:
    """Write a cell as text: dates in ISO form, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        whole = value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else repr(value).replace(".", decimal)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ") if value.time() != dt.time() else value.date().isoformat()
    return str(value).strip()


def _cell_problems(
    file: str, row: int, header: Sequence[str], texts: Sequence[str], beyond: Sequence[Any]
) -> Iterator[Problem]:
    for name, text in zip(header, texts, strict=True):
        if text in FORMULA_ERRORS:
            found = Message("formula error", error=text)
            remedy = Message("mend formula")
            yield Problem(file, row, name, found, Message("a value"), remedy)
    if beyond:
        found = Message("fields", count=len(header) + len(beyond))
        allowed = Message("as header", count=len(header))
        yield Problem(file, row, "", found, allowed, Message("name it"))


def _uncomputed(file: Path, source: TableSource, header: Sequence[str]) -> list[Problem]:
    """List formulas that hold no value because no spreadsheet program ever saved them."""
    with zipfile.ZipFile(file) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        if not any(_holds(book, name, b"<f") for name in sheets):
            return []
    values = _cells(_open_sheet(file, source))
    formulas = _cells(_open_sheet(file, source, computed=False))
    return [
        Problem(
            file.name,
            row,
            name,
            Message("formula unsaved"),
            Message("a value"),
            Message("save values"),
        )
        for row, (seen, written) in enumerate(zip(values, formulas, strict=True), start=1)
        for name, value, text in zip(header, seen, written, strict=False)
        if value is None and isinstance(text, str) and text.startswith("=")
    ]


def _holds(book: zipfile.ZipFile, name: str, sign: bytes) -> bool:
    tail = b""
    with book.open(name) as stream:
        while chunk := stream.read(1 << 20):
            text = tail + chunk
            if sign + b">" in text or sign + b" " in text:
                return True
            tail = chunk[-len(sign) - 1 :]
    return False

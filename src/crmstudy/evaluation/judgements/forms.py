"""The questionnaire of a panel as a workbook that can be filled in, and as text to print."""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
import zipfile
from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from crmstudy.collection.intake.blocks import SCALE
from crmstudy.evaluation.judgements.questions import INSTRUCTIONS, MEANINGS, Question

#: Nothing in a form may depend on the day it was made.
MADE = dt.datetime(2000, 1, 1)
LONGEST_SHEET_NAME = 31
LINE = 96


def write_workbook(questions: Sequence[Question], *, title: str) -> bytes:
    """Write the questionnaire as XLSX: a cover sheet, and one sheet a matrix.

    A filled-in copy is read as it is (``file: experts/*.xlsx`` in study.yml). The same
    questions give the same bytes, anywhere and on any day.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.properties.creator = "crmstudy"
    cover = book.active
    assert cover is not None
    _fill_cover(cover, title)
    for number, question in enumerate(questions, start=1):
        name = re.sub(r"[\[\]:*?/\\']", " ", f"{number} {question.matrix}")
        _fill_matrix(book.create_sheet(name[:LONGEST_SHEET_NAME].strip()), question)
    content = io.BytesIO()
    book.save(content)
    return _without_dates(content.getvalue())


def _fill_cover(sheet: Any, title: str) -> None:
    from openpyxl.styles import Alignment, Border, Font, Side

    sheet.title = "instructions 说明"
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 24, 90
    rows = [(title, ""), ("", ""), ("Expert 专家", ""), ("", "")]
    rows += [(text, "") for pair in INSTRUCTIONS for text in pair]
    rows += [("", ""), *((number, f"{english} {chinese}") for number, english, chinese in MEANINGS)]
    for row, (left, right) in enumerate(rows, start=1):
        sheet.cell(row, 1, left or None)
        sheet.cell(row, 2, right or None)
        if len(left) > LINE // 4:
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)
            sheet.cell(row, 1).alignment = Alignment(wrap_text=True, vertical="top")
            sheet.row_dimensions[row].height = 16 * (1 + _width(left) // 115)
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A3"].font = Font(bold=True)
    sheet["B3"].border = Border(bottom=Side(style="thin"))
    _set_page(sheet)


def _fill_matrix(sheet: Any, question: Question) -> None:
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    sheet["A1"], sheet["A2"] = question.english, question.chinese
    sheet["A1"].font = sheet["A2"].font = Font(bold=True)
    line = Border(*[Side(style="thin", color="999999")] * 4)
    middle = PatternFill("solid", fgColor="DDDDDD")
    rows: list[list[Any]] = [[question.matrix, *SCALE, None]]
    rows += [[left, *[None] * len(SCALE), right] for left, right in question.pairs]
    for row, cells in enumerate(rows, start=4):
        for column, value in enumerate(cells, start=1):
            cell = sheet.cell(row, column, value)
            if 1 < column <= len(SCALE) + 1:
                cell.border, cell.alignment = line, Alignment(horizontal="center")
                cell.font = Font(bold=row == 4)
                cell.fill = middle if SCALE[column - 2] == 1 else PatternFill()
    longest = max(_width(name) for pair in question.pairs for name in pair)
    for column in range(1, len(SCALE) + 3):
        letter = sheet.cell(4, column).column_letter
        outer = column in (1, len(SCALE) + 2)
        sheet.column_dimensions[letter].width = max(longest + 2, 14) if outer else 4
    sheet.freeze_panes = "A5"
    _set_page(sheet)


def _set_page(sheet: Any) -> None:
    """Print on one page's width, lying."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _without_dates(content: bytes) -> bytes:
    """Take the day and the packing out of a workbook; both differ from machine to machine."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as made, zipfile.ZipFile(target, "w") as fixed:
        for name in sorted(made.namelist()):
            part = zipfile.ZipInfo(name, MADE.timetuple()[:6])
            part.external_attr, part.create_system = 0o644 << 16, 3
            text = made.read(name)
            if name == "docProps/core.xml":
                text = re.sub(rb"\d{4}-\d\d-\d\dT[\d:.]+Z", f"{MADE.isoformat()}Z".encode(), text)
            fixed.writestr(part, text, zipfile.ZIP_STORED)
    return target.getvalue()


def write_text(questions: Sequence[Question], *, title: str) -> str:
    """Write the questionnaire as text to print: a number to circle for every pair."""
    lines = [title, "=" * _width(title), "", f"Expert 专家: {'_' * 40}", ""]
    for english, chinese in INSTRUCTIONS:
        lines += [*wrap(english, LINE), *_wrap_wide(chinese), ""]
    lines += ["On paper: circle one number in each row.  纸质问卷：请在每行圈出一个数字。", ""]
    lines += [f"{_pad(number, 12)}{english}  {chinese}" for number, english, chinese in MEANINGS]
    scale = "  ".join(map(str, SCALE))
    for number, question in enumerate(questions, start=1):
        width = max(_width(left) for left, _ in question.pairs)
        lines += ["", "", f"{number}. {question.matrix}", question.english, question.chinese, ""]
        for left, right in question.pairs:
            lines += [f"{_pad(left, width)}   {scale}   {right}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _width(text: str) -> int:
    """Count columns: a character of Chinese takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _wrap_wide(text: str) -> list[str]:
    """Break text without spaces into lines."""
    half = LINE // 2
    return [text[at : at + half] for at in range(0, len(text), half)]

"""Where judgements stand on a sheet: squares, forms with a scale to mark, and long tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.intake.places import Place
from crmstudy.collection.intake.sheets import Sheet

#: What a cell says whose neighbour names the expert, or the matrix.
EXPERT_WORDS = ("expert", "专家", "expert 专家", "专家 expert")
MATRIX_WORDS = ("matrix", "矩阵", "matrix 矩阵", "矩阵 matrix")
#: The scale of a form: how many times the left name outweighs, then how many the right one.
SCALE = (*range(9, 0, -1), *range(2, 10))
COLUMNS = ("expert", "matrix", "row", "column", "value")
NUMBER = re.compile(r"[-+]?[0-9.,/⁄ ]*[0-9][0-9.,/⁄ ]*")


@dataclass(frozen=True)
class Judged:
    """One judgement as it was written, with its cell."""

    row: str
    column: str
    value: str
    place: Place
    expert: str = ""
    matrix: str = ""


@dataclass
class Block:
    """Judgements that stand together on a sheet.

    Parameters
    ----------
    matrix, expert : str
        As the sheet says; empty where it does not.
    place : Place
        The corner.
    judged : list of Judged
        What was judged.
    long : bool
        Whether it is a table with one row a pair.
    """

    matrix: str
    expert: str
    place: Place
    judged: list[Judged] = field(default_factory=list)
    long: bool = False


@dataclass(frozen=True)
class Names:
    """The names that may be judged, however they are written.

    Parameters
    ----------
    known : mapping of str to str
        Folded spelling to name.
    """

    known: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, names: Iterable[str], labels: Mapping[str, str]) -> Names:
        """Take names, and labels that stand for some of them."""
        spelled = {fold(label): name for name, label in labels.items()}
        return cls(spelled | {fold(name): name for name in names})

    def read(self, text: str) -> str:
        """Return the name that a text stands for; an unknown text as it is."""
        return self.known.get(fold(text), text)


def fold(text: str) -> str:
    """Spell a name without what does not tell names apart: width, case, underscores."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_]+", " ", plain).strip(" :：")


def find_blocks(
    sheet: Sheet, names: Names, columns: Mapping[str, str]
) -> tuple[list[Block], str, list[Problem]]:
    """Find all judgements of a sheet.

    Parameters
    ----------
    columns : mapping of str to str
        Our name of a long table's column: the file's.

    Returns
    -------
    tuple of (list of Block, str, list of Problem)
        The blocks, who judged as far as a cell says it, and what is wrong.
    """
    blocks: list[Block] = []
    problems: list[Problem] = []
    said = {"expert": "", "matrix": ""}
    row = 0
    while row < len(sheet.rows):
        label = _label(sheet.rows[row])
        start, scale, header = row, _scale_at(sheet.rows[row]), _long_header(sheet, row, columns)
        if label:
            said[label[0]] = label[1]
            row += 1
        elif scale is not None:
            row = _read_scale(sheet, row, scale, names, blocks, problems)
        elif header:
            row = _read_long(sheet, row, header, blocks)
        elif _is_square(sheet, row, names):
            row = _read_square(sheet, row, names, blocks, problems)
        else:
            row += 1
        if row > start + 1 and blocks and not blocks[-1].matrix:
            blocks[-1].matrix = said["matrix"]
    return blocks, said["expert"], problems


def _label(cells: list[str]) -> tuple[str, str] | None:
    """Read a row that says who judged, or which matrix follows; nothing for any other row."""
    texts = [cell for cell in cells if cell]
    if not texts or len(texts) > 2:
        return None
    for kind, words in (("expert", EXPERT_WORDS), ("matrix", MATRIX_WORDS)):
        if fold(texts[0]) in words:
            return kind, texts[1] if len(texts) == 2 else ""
    return None


def is_number(text: str) -> bool:
    """Whether a text looks like a judgement."""
    return bool(NUMBER.fullmatch(unicodedata.normalize("NFKC", text)))


# --- forms: one row a pair, a mark below one of seventeen numbers ------------------------


def _scale_at(cells: list[str]) -> int | None:
    """Find the column where a row writes the numbers 9 to 1 to 9."""
    wanted = list(map(str, SCALE))
    starts = range(1, len(cells) - len(wanted) + 1)
    return next((at for at in starts if cells[at : at + len(wanted)] == wanted), None)


def _read_scale(
    sheet: Sheet,
    top: int,
    at: int,
    names: Names,
    blocks: list[Block],
    problems: list[Problem],
) -> int:
    """Read the rows below a scale until a blank one; return the row after them."""
    block = Block(sheet.text(top, at - 1), "", sheet.place(top, at - 1))
    row = top + 1
    while not sheet.is_blank(row):
        marks = [k for k in range(len(SCALE)) if sheet.text(row, at + k)]
        pair = [names.read(sheet.text(row, side)) for side in (at - 1, at + len(SCALE))]
        if not all(pair) and marks:
            place = sheet.place(row, at + marks[0])
            problems.append(_nameless(place, sheet.text(row, at + marks[0])))
        elif len(marks) > 1:
            texts = Message("marks", count=len(marks)), Message("one mark")
            remedy = Message("leave one mark")
            problems.append(sheet.place(row, at + marks[1]).problem(*texts, remedy))
        elif marks:
            judged, wrong = _read_mark(sheet, row, at + marks[0], marks[0], pair)
            problems += wrong
            block.judged += judged
        row += 1
    blocks.append(block)
    return row


def _read_mark(
    sheet: Sheet, row: int, column: int, mark: int, pair: list[str]
) -> tuple[list[Judged], list[Problem]]:
    text, place = sheet.text(row, column), sheet.place(row, column)
    middle = len(SCALE) // 2
    value = f"{SCALE[mark]}" if mark <= middle else f"1/{SCALE[mark]}"
    if is_number(text) and text.replace(" ", "") not in (str(SCALE[mark]), value):
        return [], [place.problem(repr(text), Message("a mark"), Message("mark cell"))]
    return [Judged(pair[0], pair[1], value, place)], []


def _nameless(place: Place, text: str) -> Problem:
    found = Message("nameless", value=repr(text))
    return place.problem(found, Message("a name"), Message("name both"))


# --- squares ------------------------------------------------------------------------------


def _is_square(sheet: Sheet, top: int, names: Names) -> bool:
    """Whether a row names what the first column of the next rows names too."""
    left = _first_column(sheet, top + 1)
    if left is None:
        return False
    above = _names_above(sheet, top, left)
    if len(above) < 2 or any(is_number(name) for name in above.values()):
        return False
    known = {names.read(name) for name in above.values()}
    below = _rows_below(sheet, top, left)
    return any(names.read(sheet.text(row, left)) in known for row in below)


def _first_column(sheet: Sheet, row: int) -> int | None:
    cells = sheet.rows[row] if row < len(sheet.rows) else []
    return next((column for column, cell in enumerate(cells) if cell), None)


def _names_above(sheet: Sheet, top: int, left: int) -> dict[int, str]:
    cells = enumerate(sheet.rows[top])
    return {column: cell for column, cell in cells if column > left and cell}


def _rows_below(sheet: Sheet, top: int, left: int) -> Iterator[int]:
    """Count the rows of a block: until a blank one, or one that names another matrix."""
    row = top + 1
    while not sheet.is_blank(row) and not _label(sheet.rows[row]):
        cells = [cell for cell in sheet.rows[row][left + 1 :] if cell]
        if len(cells) > 1 and not any(map(is_number, cells)):
            return
        yield row
        row += 1


def _read_square(
    sheet: Sheet, top: int, names: Names, blocks: list[Block], problems: list[Problem]
) -> int:
    """Read a square; return the row after it."""
    left = _first_column(sheet, top + 1)
    assert left is not None
    above = {column: names.read(n) for column, n in _names_above(sheet, top, left).items()}
    problems += _repeats(sheet, {(top, column): name for column, name in above.items()})
    block = Block(sheet.text(top, left), "", sheet.place(top, left))
    beside: dict[tuple[int, int], str] = {}
    row = top + 1
    for row in _rows_below(sheet, top, left):
        name = names.read(sheet.text(row, left))
        cells = {c: text for c, text in enumerate(sheet.rows[row]) if text and c != left}
        stray = [c for c in cells if is_number(cells[c]) and (c not in above or not name)]
        problems += [_nameless(sheet.place(row, c), cells[c]) for c in stray]
        if name and name not in above.values():
            known = tuple(above.values())
            allowed = Message("names of square", names=known)
            remedy = Message("same names", near=hint(name, known))
            problems.append(sheet.place(row, left).problem(repr(name), allowed, remedy))
        elif name:
            beside[row, left] = name
            block.judged += [
                Judged(name, above[c], text, sheet.place(row, c))
                for c, text in cells.items()
                if c in above
            ]
    problems += _repeats(sheet, beside)
    blocks.append(block)
    return row + 1


def _repeats(sheet: Sheet, named: Mapping[tuple[int, int], str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for cell, name in named.items():
        if name in seen:
            found = Message("second time", values=repr(name))
            place = sheet.place(*cell)
            yield place.problem(found, Message("each once"), Message("keep one square"))
        seen.add(name)


# --- long tables --------------------------------------------------------------------------


def _long_header(sheet: Sheet, row: int, columns: Mapping[str, str]) -> dict[str, int]:
    """Find the columns of a long table by their names; nothing where it is none."""
    theirs = {columns.get(name, name).casefold(): name for name in COLUMNS}
    found = {
        theirs[cell.casefold()]: at
        for at, cell in enumerate(sheet.rows[row])
        if cell.casefold() in theirs
    }
    return found if {"row", "column", "value"} <= set(found) else {}


def _read_long(sheet: Sheet, top: int, header: Mapping[str, int], blocks: list[Block]) -> int:
    block = Block("", "", sheet.place(top, 0), long=True)
    for row in range(top + 1, len(sheet.rows)):
        cells = {name: sheet.text(row, at) for name, at in header.items()}
        if not sheet.is_blank(row):
            block.judged.append(
                Judged(
                    cells["row"],
                    cells["column"],
                    cells["value"],
                    sheet.place(row, header["value"]),
                    cells.get("expert", ""),
                    cells.get("matrix", ""),
                )
            )
    blocks.append(block)
    return len(sheet.rows)

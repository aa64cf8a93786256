"""What breaks an input, one object a place, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmstudy.collection.contracts.messages import Language, Message, say
from crmstudy.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

#: How many lines an error message spells out; all problems are counted.
SHOWN = 20

#: How many of many equal problems are printed before they are only counted.
SHOWN_ALIKE = 3


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, what is allowed, what to do.

    ``row`` counts as a spreadsheet does, the header being row 1; None where the whole
    file is meant.
    """

    file: str
    row: int | None
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        return self.say("en")

    def place(self, language: Language = "en") -> str:
        """Say where it stands."""
        row = Message("place row", row=self.row) if self.row is not None else ""
        column = Message("place column", column=self.column) if self.column else ""
        return self.file + say(row, language) + say(column, language)

    def say(self, language: Language) -> str:
        """Tell the problem in one line."""
        # A statement about the whole file has no value that was found.
        whole = isinstance(self.found, Message) and self.found.key.startswith("is ")
        frame = "line is" if whole else "line"
        text = Message(frame, place=self.place(language), found=self.found).say(language)
        if self.allowed:
            text += say(Message("line allowed", allowed=self.allowed), language)
        if self.remedy:
            text += say(Message("line remedy", remedy=self.remedy), language)
        return text


@dataclass(frozen=True)
class CellProblem(Problem):
    """One thing wrong in a cell of a sheet; ``column`` is its address, such as Sheet1!C3.

    ``sheet`` is empty in a CSV file, whose cells are named as a spreadsheet program does.
    """

    sheet: str = ""
    cell: str = ""

    def place(self, language: Language = "en") -> str:
        """Say where it stands."""
        return self.file + say_cell(self.sheet, self.cell, language)


def say_cell(sheet: str, cell: str, language: Language = "en") -> str:
    """Say a sheet and a cell, as what follows the name of a file."""
    parts = [Message("place sheet", sheet=sheet)] if sheet else []
    parts += [Message("place cell", cell=cell)] if cell else []
    return "".join(say(part, language) for part in parts)


class Unreadable(Problem):
    """A source that could not be read at all; its message says it whole."""

    def __init__(self, message: str) -> None:
        super().__init__(file="", row=None, column="", found=message, allowed="", remedy="")

    def say(self, language: Language) -> str:
        """Return the message as it came."""
        return self.found


class InputError(DataError):
    """Inputs that cannot be used, with every problem that was found in them."""

    def __init__(self, problems: Sequence[Problem], language: Language = "en") -> None:
        self.problems = list(problems)
        self.language = language
        super().__init__("\n".join(_cut(self.problems, language)))

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes: the runner loads inputs in one of its own."""
        return InputError, (self.problems, self.language)


def refuse(problems: Sequence[Problem], language: Language = "en") -> None:
    """Raise one :class:`InputError` that lists the problems; none, no error."""
    if problems:
        raise InputError(problems, language)


def write_problems(problems: Iterable[Problem], language: Language = "en") -> list[str]:
    """Tell problems one a line; of many alike in one column the first three and their number.

    Problems are alike when they differ in row and value only.
    """
    return [line for line, _ in _grouped(problems, language)]


def problems_table(problems: Iterable[Problem], language: Language = "en") -> pd.DataFrame:
    """List all problems, one a row.

    Returns
    -------
    DataFrame
        Columns file, row (empty where the whole file is meant), column, found, allowed,
        remedy.
    """
    import pandas as pd

    columns = ["file", "row", "column", "found", "allowed", "remedy"]
    rows = [
        (p.file, p.row, p.column, *(say(text, language) for text in (p.found, p.allowed, p.remedy)))
        for p in problems
    ]
    return pd.DataFrame(rows, columns=columns).astype({"row": "Int64"})


def _grouped(problems: Iterable[Problem], language: Language) -> list[tuple[str, int]]:
    """Write lines, each with the number of problems it tells."""
    groups: dict[tuple[str, ...], list[Problem]] = {}
    for problem in problems:
        key = (problem.file, problem.column, problem.allowed, problem.remedy)
        alike = key if problem.row is not None else (*key, problem.found)
        groups.setdefault(alike, []).append(problem)
    lines = []
    for group in groups.values():
        shown = group if len(group) <= SHOWN_ALIKE + 1 else group[:SHOWN_ALIKE]
        lines += [(problem.say(language), 1) for problem in shown]
        rest = group[len(shown) :]
        if rest:
            column = Message("place column", column=rest[0].column) if rest[0].column else ""
            more = Message(
                "more alike",
                place=rest[0].file + say(column, language),
                count=len(rest),
                first=rest[0].row,
                last=rest[-1].row,
            )
            lines.append((more.say(language), len(rest)))
    return lines


def _cut(problems: Sequence[Problem], language: Language) -> list[str]:
    lines = _grouped(problems, language)
    text = [line for line, _ in lines[:SHOWN]]
    left = sum(count for _, count in lines[SHOWN:])
    return [*text, say(Message("more problems", count=left), language)] if left else text

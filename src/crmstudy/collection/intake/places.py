"""Which files a table comes from, and where in them a judgement stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import CellProblem, Problem
from crmstudy.settings import TableSource

#: Signs of a pattern in the name of a file.
WILD = "*?["
#: What a spreadsheet program puts before the name of a file that is open.
LOCK = "~$"


def list_files(folder: Path, source: TableSource) -> list[Path]:
    """List the files that ``file:`` of a table names, by name; a pattern may name several."""
    name = str(source.file)
    if not has_pattern(folder, source):
        return [folder / name]
    parts = Path(name).parts
    first = next(at for at, part in enumerate(parts) if any(sign in part for sign in WILD))
    found = (folder / Path(*parts[:first])).glob("/".join(parts[first:]))
    return sorted(
        (file for file in found if file.is_file() and not file.name.startswith((LOCK, "."))),
        key=lambda file: file.as_posix(),
    )


def has_pattern(folder: Path, source: TableSource) -> bool:
    """Whether ``file:`` is a pattern, and not the name of a file that is there."""
    name = str(source.file)
    return any(sign in name for sign in WILD) and not (folder / name).is_file()


@dataclass(frozen=True)
class Place:
    """A cell: its file, its sheet (empty in a CSV file), row and column counted from 1."""

    file: str
    sheet: str
    row: int
    column: int

    @property
    def cell(self) -> str:
        """The cell's address, such as C3."""
        letters, left = "", self.column
        while left:
            left, digit = divmod(left - 1, 26)
            letters = chr(ord("A") + digit) + letters
        return f"{letters}{self.row}"

    def problem(self, found: str, allowed: str, remedy: str) -> CellProblem:
        """Tell what is wrong in the cell."""
        column = f"{self.sheet}!{self.cell}" if self.sheet else self.cell
        said = found, allowed, remedy
        return CellProblem(self.file, self.row, column, *said, self.sheet, self.cell)


@dataclass(frozen=True)
class Places:
    """Where staged rows stand, when they are no lines of one file.

    Parameters
    ----------
    cells : mapping of int to Place
        By the number of the staged row.
    files : mapping of str to str
        By the expert who judged.
    """

    cells: Mapping[int, Place] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    def locate(self, problems: Iterable[Problem]) -> list[Problem]:
        """Tell problems of staged rows by their cells; without cells as they are."""
        return [self._locate(problem) for problem in problems]

    def _locate(self, problem: Problem) -> Problem:
        found = problem.found
        values = found.values if isinstance(found, Message) else {}
        if problem.row is None:
            return replace(problem, file=self.files.get(values.get("expert", ""), problem.file))
        place = self.cells.get(problem.row)
        if place is None or isinstance(problem, CellProblem):
            return problem
        other = self.cells.get(values.get("row", -1))
        if isinstance(found, Message) and found.key == "not reciprocal" and other is not None:
            said = {name: values[name] for name in ("value", "other")}
            found = Message("not reciprocal there", **said, cell=other.cell)
        return place.problem(found, problem.allowed, problem.remedy)

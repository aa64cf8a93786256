"""One expert a file: squares and filled-in forms become the rows of the table judgements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from crmstudy.appraisal import SELECTION_MATRIX
from crmstudy.collection.contracts.contract import Expected
from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.collection.intake.blocks import (
    COLUMNS,
    Block,
    Judged,
    Names,
    find_blocks,
    fold,
)
from crmstudy.collection.intake.places import Places, has_pattern, list_files
from crmstudy.collection.intake.read import Staging
from crmstudy.collection.intake.sheets import SUFFIXES, Sheet, read_sheets
from crmstudy.collection.intake.sqltypes import Staged
from crmstudy.settings import TableSource

#: From this many of the five names on, a first row is the header of a long table.
HEADER = 2


@dataclass(frozen=True)
class Panel:
    """Judgements of all files, staged, with what is wrong in them.

    Parameters
    ----------
    staged : Staged
        The rows, in the order of files, sheets and cells.
    count : int
        How many there are.
    problems : tuple of Problem
        What is wrong with the sheets themselves; values are still to be checked.
    """

    staged: Staged
    count: int
    problems: tuple[Problem, ...]


def stands_on_sheets(folder: Path, source: TableSource) -> bool:
    """Whether judgements come in several files, or in one that is no long table."""
    if source.file is None:
        return False
    if has_pattern(folder, source):
        return True
    file = folder / source.file
    if file.suffix.lower() not in SUFFIXES or not file.is_file():
        return False
    try:
        sheet = read_sheets(file, source)[0]
    except (InputError, ValueError):
        # What is wrong with the file is told by the reader of long tables.
        return False
    return not _is_header(sheet, source)


def _is_header(sheet: Sheet, source: TableSource) -> bool:
    """Whether the first row names columns; an empty file's reader says so itself."""
    first = next((row for row in sheet.rows if any(row)), None)
    if first is None:
        return True
    theirs = {source.columns.get(name, name).casefold() for name in COLUMNS}
    return sum(cell.casefold() in theirs for cell in first) >= HEADER


def stage_panel(
    connection: duckdb.DuckDBPyConnection, folder: Path, source: TableSource, expected: Expected
) -> Panel:
    """Read the sheets of all files into one table.

    Raises
    ------
    InputError
        If no file matches, a file cannot be read, or none holds a judgement.
    """
    files = list_files(folder, source)
    if not files:
        found = Message("is missing", folder=str(folder), near="")
        texts = Message("a file there"), Message("correct file")
        raise InputError([Problem(str(source.file), None, "", found, *texts)])
    names = names_of(expected)
    problems: list[Problem] = []
    judged: list[Judged] = []
    owner: dict[str, str] = {}
    for file in files:
        rows, wrong = _read_file(file, source, names, owner)
        judged, problems = judged + rows, problems + wrong
    if not judged:
        raise InputError(problems)
    header = [source.columns.get(name, name) for name in COLUMNS]
    staging = Staging(connection, header)
    staging.add([(at, *(getattr(one, n) for n in COLUMNS)) for at, one in enumerate(judged)])
    experts = {one.expert: one.place.file for one in reversed(judged)}
    places = Places({at: one.place for at, one in enumerate(judged)}, experts)
    return Panel(replace(staging.staged(), places=places), len(judged), tuple(problems))


def names_of(expected: Expected) -> Names:
    """List the names that study.yml gives to matrices and what is compared in them."""
    judged, choice = expected.judgements, expected.selection
    known = [name for matrix, under in judged.matrices.items() for name in (matrix, *under)]
    if choice.criteria:
        known += [SELECTION_MATRIX, *choice.criteria, *choice.systems]
        known += [f"{SELECTION_MATRIX}.{name}" for name in choice.criteria]
    return Names.of(known, labels_of(expected))


def labels_of(expected: Expected) -> dict[str, str]:
    """Give the labels that study.yml lets stand for names of matrices and elements."""
    judged, choice = expected.judgements, expected.selection
    labels = {name: one.label for name, one in choice.criteria.items() if one.label}
    compared = {
        f"{SELECTION_MATRIX}.{name}": f"{SELECTION_MATRIX}.{label}"
        for name, label in labels.items()
    }
    return labels | compared | judged.labels


def read_labels(source: TableSource, expected: Expected) -> TableSource:
    """Let labels stand for names in a long table of judgements, as they do on sheets.

    What study.yml says under ``values`` comes first, and a name is never taken for a label.
    """
    if expected.contract.name != "judgements":
        return source
    names = names_of(expected)
    labels = labels_of(expected).items()
    words = {label: name for name, label in labels if names.read(label) == name != label}
    said = {name: words | source.values.get(name, {}) for name in ("matrix", "row", "column")}
    return source.model_copy(update={"values": source.values | said}) if words else source


def _read_file(
    file: Path, source: TableSource, names: Names, owner: dict[str, str]
) -> tuple[list[Judged], list[Problem]]:
    """Read one file; ``owner`` remembers in which file an expert was met first."""
    try:
        sheets = read_sheets(file, source)
    except InputError as error:
        return [], error.problems
    found: list[tuple[Sheet, str, Block]] = []
    problems: list[Problem] = []
    for sheet in sheets:
        blocks, expert, wrong = find_blocks(sheet, names, source.columns)
        found += [(sheet, expert, block) for block in blocks] or [(sheet, expert, _nothing(sheet))]
        problems += wrong
    _name_experts(found, file.stem)
    blocks = [block for _, _, block in found if block.judged]
    if not blocks and not problems:
        texts = Message("is without judgements"), Message("a square"), Message("see form")
        return [], [Problem(file.name, None, "", *texts)]
    judged, wrong = _settle(blocks, names, owner)
    return judged, problems + wrong


def _nothing(sheet: Sheet) -> Block:
    return Block("", "", sheet.place(0, 0))


def _name_experts(found: Sequence[tuple[Sheet, str, Block]], stem: str) -> None:
    """Say of every block which matrix it is on and who judged it.

    A cell of the sheet counts first, then one of another sheet of the file. Without any,
    sheets are experts where one matrix, named in cells, stands on several sheets; else the
    file is the expert, and a sheet the matrix.
    """
    said = [expert for _, expert, _ in found if expert]
    named = {(sheet.name, fold(block.matrix)) for sheet, _, block in found if block.matrix}
    matrices = [matrix for _, matrix in named]
    by_sheet = not said and len(matrices) > len(set(matrices))
    for sheet, expert, block in found:
        alone = said[0] if len(set(said)) == 1 else ""
        block.expert = expert or alone or (sheet.name if by_sheet else stem)
        block.matrix = block.matrix or sheet.name


def _settle(
    blocks: Sequence[Block], names: Names, owner: dict[str, str]
) -> tuple[list[Judged], list[Problem]]:
    """Give every judgement its expert and matrix; what stands twice is left out and told."""
    judged: list[Judged] = []
    problems: list[Problem] = []
    seen: set[tuple[str, str]] = set()
    again: set[str] = set()
    for block in blocks:
        matrix, expert = names.read(block.matrix), block.expert
        if block.long:
            judged += _fill(block, matrix, expert)
        elif not matrix:
            texts = Message("no matrix"), Message("a matrix"), Message("write corner")
            problems.append(block.place.problem(*texts))
        elif owner.setdefault(expert, block.place.file) != block.place.file:
            if expert not in again:
                problems.append(_again(block, owner[expert]))
            again.add(expert)
        elif (expert, matrix) in seen:
            found = Message("matrix again", matrix=matrix, expert=expert)
            remedy = Message("keep one square")
            problems.append(block.place.problem(found, Message("matrix once"), remedy))
        else:
            seen.add((expert, matrix))
            judged += [replace(one, expert=expert, matrix=matrix) for one in block.judged]
    return judged, problems


def _again(block: Block, file: str) -> Problem:
    found = Message("expert again", expert=block.expert, file=file)
    return block.place.problem(found, Message("expert once"), Message("say expert"))


def _fill(block: Block, matrix: str, expert: str) -> Iterator[Judged]:
    """Complete the rows of a long table by what stands outside of it."""
    for one in block.judged:
        yield replace(one, expert=one.expert or expert, matrix=one.matrix or matrix)

"""Whether every expert judged what study.yml asks, so that weights can be estimated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from crmstudy.appraisal import SELECTION_MATRIX
from crmstudy.collection.contracts.contract import Expected
from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import Problem

#: Expert, matrix, row and column of one judgement.
Pair = tuple[str, str, str, str]


def find_gaps(pairs: Iterable[Pair], expected: Expected, *, file: str) -> Iterator[Problem]:
    """List experts without one of the matrices, and comparisons that fall into parts.

    Pairs may be missing as long as the others link every element to every other; what is
    missing is then filled in when weights are estimated.
    """
    asked = expected.judgements.matrices
    given: dict[str, dict[str, list[tuple[str, str]]]] = {}
    for expert, matrix, row, column in pairs:
        given.setdefault(expert, {}).setdefault(matrix, []).append((row, column))
    for expert, matrices in given.items():
        choice = [name for name in matrices if _is_choice(name)]
        wanted = [name for name in asked if len(asked[name]) > 1 or name in matrices]
        for matrix in [*(wanted if len(choice) < len(matrices) else ()), *choice]:
            judged = matrices.get(matrix, [])
            names = asked.get(matrix) or _names(judged)
            if not judged:
                found = Message("not judged", expert=expert, matrix=matrix)
                texts = Message("each pair"), Message("judge hierarchy")
                yield Problem(file, None, "", found, *texts)
            elif len(parts := split_parts(names, judged)) > 1:
                yield _in_parts(file, expert, matrix, parts)


def _is_choice(matrix: str) -> bool:
    return matrix == SELECTION_MATRIX or matrix.startswith(f"{SELECTION_MATRIX}.")


def _names(judged: Iterable[tuple[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for pair in judged for name in pair))


def _in_parts(file: str, expert: str, matrix: str, parts: Sequence[Sequence[str]]) -> Problem:
    written = tuple(f"({', '.join(part)})" for part in parts)
    found = Message("in parts", expert=expert, matrix=matrix, count=len(parts), parts=written)
    remedy = Message("link parts", one=parts[0][0], other=parts[1][0])
    return Problem(file, None, "", found, Message("linked"), remedy)


def split_parts(names: Sequence[str], judged: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Group names by the comparisons that link them."""
    part: Mapping[str, list[str]] = {name: [name] for name in names}
    table = dict(part)
    for row, column in judged:
        if row in table and column in table and table[row] is not table[column]:
            joined = [*table[row], *table[column]]
            table.update(dict.fromkeys(joined, joined))
    unique = {id(group): group for group in (table[name] for name in names)}
    place = {name: at for at, name in enumerate(names)}
    return [sorted(group, key=place.__getitem__) for group in unique.values()]

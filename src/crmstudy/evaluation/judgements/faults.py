"""What can be wrong with a table of judgements, each fault with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import JudgementError, nearest
from crmstudy.evaluation.judgements.completion import are_linked, find_parts

# 1/9 is often typed as 0.11, and 1/8 as 0.12 or 0.13: two decimals are let pass.
SCALE_LOWEST, SCALE_HIGHEST = 1 / 9 - 0.005, 9.0
RECIPROCITY_TOLERANCE_TYPED = 0.05

SHOWN_FAULTS = 20


@dataclass(frozen=True)
class JudgementFault:
    """One thing wrong in the table of judgements, with where it stands and what to do."""

    expert: str
    matrix: str
    row: str
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        parts = [f"expert {self.expert!r}"] if self.expert else []
        parts.append(f"matrix {self.matrix!r}")
        parts += [f"row {self.row!r}, column {self.column!r}"] if self.row else []
        said = f"{', '.join(parts)}: found {self.found}; allowed: {self.allowed}"
        return f"{said}; {self.remedy}" if self.remedy else said


def refuse_faults(faults: Sequence[JudgementFault | str]) -> None:
    """Raise one :class:`JudgementError` that lists the faults, one a line; none, no error."""
    if not faults:
        return
    lines = [str(fault) for fault in faults[:SHOWN_FAULTS]]
    if len(faults) > SHOWN_FAULTS:
        lines.append(f"... and {len(faults) - SHOWN_FAULTS} more")
    raise JudgementError("\n".join(lines))


def find_cell_faults(
    frame: pd.DataFrame, matrix: str, names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find what is wrong with single rows: names, numbers, range, diagonal."""
    value = frame["value"].to_numpy()
    diagonal = (frame["row"] == frame["column"]).to_numpy()
    good = (value >= SCALE_LOWEST) & (value <= SCALE_HIGHEST) & ~(diagonal & (value != 1))
    good &= frame[["row", "column"]].isin(list(names)).all(axis=1).to_numpy()
    for row in frame[~good].itertuples():
        found, allowed, remedy = _explain_cell(row, names)
        yield JudgementFault(row.expert, matrix, row.row, row.column, found, allowed, remedy)


def _explain_cell(row: Any, names: Sequence[str]) -> tuple[str, str, str]:
    for name in (row.row, row.column):
        if name not in names:
            hint = nearest(name, names).removeprefix("; ")
            return f"name {name!r}", ", ".join(names), hint or "correct the name"
    if pd.isna(row.typed):
        return "nothing", "a number or a fraction such as 1/3", "fill in the judgement"
    found = repr(row.typed) if isinstance(row.typed, str) else f"{row.value:g}"
    if np.isnan(row.value):
        return found, "a number or a fraction such as 1/3", "correct the judgement"
    if row.value <= 0:
        return found, "a positive number", "write the reciprocal (1/3) where j outweighs i"
    if row.row == row.column:
        return found, "1 on the diagonal", "leave the row out"
    return found, "Saaty's scale from 1/9 to 9", "judge the pair again on that scale"


def find_conflict_faults(conflicts: pd.DataFrame, matrix: str) -> Iterator[JudgementFault]:
    """Tell of pairs with two different judgements of one expert."""
    for row in conflicts.to_dict("records"):
        yield JudgementFault(
            row["expert"],
            matrix,
            row["row"],
            row["column"],
            f"{row['min']:g} and {row['max']:g}",
            "one judgement a pair",
            "keep one of the two",
        )


def find_direction_faults(
    given: np.ndarray, matrix: str, experts: Sequence[str], names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find pairs whose two directions contradict each other."""
    # NaN compares false, so only pairs with both directions can be off.
    off = np.abs(given * given.swapaxes(1, 2) - 1) > RECIPROCITY_TOLERANCE_TYPED
    for at, i, j in np.argwhere(np.triu(off, 1)):
        found = f"{given[at, i, j]:g} against {given[at, j, i]:g}"
        allowed, remedy = "reciprocals, such as 3 and 1/3", "keep one of the two"
        yield JudgementFault(experts[at], matrix, names[i], names[j], found, allowed, remedy)


def find_missing_faults(
    given: np.ndarray, matrix: str, experts: Sequence[str], names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find pairs nobody judged, where every pair has to be."""
    missing = np.isnan(given) & np.isnan(given.swapaxes(1, 2))
    for at, i, j in np.argwhere(np.triu(missing, 1)):
        found, allowed = "no judgement", "one judgement a pair"
        remedy = f"add the judgement of {names[i]!r} against {names[j]!r}"
        yield JudgementFault(experts[at], matrix, names[i], names[j], found, allowed, remedy)


def find_link_faults(
    given: np.ndarray, matrix: str, experts: Sequence[str], names: Sequence[str]
) -> Iterator[JudgementFault]:
    """Find experts whose comparisons fall into parts: no completion can be told from another."""
    known = ~(np.isnan(given) & np.isnan(given.swapaxes(1, 2)))
    for at in np.flatnonzero(~are_linked(known)).tolist():
        parts = [[names[i] for i in part] for part in find_parts(known[at])]
        yield JudgementFault(
            experts[at],
            matrix,
            "",
            "",
            f"judgements in {len(parts)} parts that nothing links: {write_parts(parts)}",
            "judgements that link every name to every other, through others if need be",
            f"judge for instance {parts[0][0]!r} against {parts[1][0]!r}",
        )


def write_parts(parts: Iterable[Sequence[str]]) -> str:
    """Write groups of names: (a, b), (c)."""
    return ", ".join(f"({', '.join(part)})" for part in parts)

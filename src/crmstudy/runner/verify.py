"""A report against a second run of the same study, number by number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import UsageError

#: Relative difference within which a cell of a recorded table is the same number.
CELL_TOLERANCE = 1e-6
#: A difference of exactly the tolerance may be computed a little larger.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Difference:
    """One number, table or address in which two reports differ."""

    address: str
    published: str
    rerun: str
    allowed: str


def compare_reports(
    published: Path, rerun: Path, chapters: list[str] | None = None
) -> tuple[int, list[Difference]]:
    """Compare two reports of one study, or only some of its chapters.

    Every entry of ``results.json`` is compared within its own tolerance, every cell
    of every recorded table within a relative 1e-6.

    Returns
    -------
    compared : int
        How many numbers were compared.
    differences : list of Difference
        In the order of their addresses; empty when the report reproduces.

    Raises
    ------
    UsageError
        If the study has no published report.
    """
    if not (published / "results.json").is_file():
        raise UsageError(f"{published} holds no results.json: run the study first")
    before, after = (_results(folder, chapters) for folder in (published, rerun))
    differences = _missing(before, after, "number")
    for name in sorted(set(before) & set(after)):
        differences += _compare_entry(name, before[name], after[name])
    compared = len(set(before) & set(after))
    tables_before, tables_after = (_tables(folder, chapters) for folder in (published, rerun))
    differences += _missing(tables_before, tables_after, "table")
    for name in sorted(set(tables_before) & set(tables_after)):
        cells, found = _compare_tables(name, tables_before[name], tables_after[name])
        compared += cells
        differences += found
    return compared, differences


def _results(folder: Path, chapters: list[str] | None) -> dict[str, Any]:
    content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return {n: e for n, e in content.items() if chapters is None or n.split(".")[0] in chapters}


def _tables(folder: Path, chapters: list[str] | None) -> dict[str, Path]:
    files = sorted(folder.glob("tables/*/*.csv"))
    kept = [file for file in files if chapters is None or file.parent.name in chapters]
    return {file.relative_to(folder).as_posix(): file for file in kept}


def _missing(before: Mapping[str, Any], after: Mapping[str, Any], kind: str) -> list[Difference]:
    gone = [Difference(name, kind, "missing", "present") for name in before if name not in after]
    new = [Difference(name, "missing", kind, "absent") for name in after if name not in before]
    return sorted(gone + new, key=lambda difference: difference.address)


def _compare_entry(name: str, before: Any, after: Any) -> list[Difference]:
    old, new = before["value"], after["value"]
    if old is None or new is None:
        same = (old, before.get("reason")) == (new, after.get("reason"))
        was, became = (str(entry.get("reason", entry["value"])) for entry in (before, after))
        return [] if same else [Difference(name, was, became, "equal")]
    tolerance = before["tolerance"]
    if abs(old - new) <= tolerance * (1 + ROUNDING):
        return []
    return [Difference(name, repr(old), repr(new), f"±{tolerance:g}")]


def _compare_tables(name: str, before: Path, after: Path) -> tuple[int, list[Difference]]:
    old, new = pd.read_csv(before), pd.read_csv(after)
    if old.shape != new.shape or list(old) != list(new):
        return 0, [Difference(name, f"{old.shape}", f"{new.shape}", "equal shape and columns")]
    found = []
    for column in old:
        one, two = old[column], new[column]
        if pd.api.types.is_numeric_dtype(one) and pd.api.types.is_numeric_dtype(two):
            same = np.isclose(one, two, rtol=CELL_TOLERANCE, atol=1e-9, equal_nan=True)
        else:
            same = ((one == two) | (one.isna() & two.isna())).to_numpy()
        found += [
            Difference(f"{name}, row {row + 1}, {column}", f"{one[row]}", f"{two[row]}", "equal")
            for row in np.flatnonzero(~same)
        ]
    return old.size, found

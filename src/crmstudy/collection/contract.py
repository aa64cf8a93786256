"""What breaks a canonical table's contract.

The rules are checked by pandera, lazily, so that all problems of a table are reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from crmstudy.collection.tables import CONTRACTS, Column, Contract
from crmstudy.errors import DataError, nearest

#: How many problems an error message spells out; all are counted.
SHOWN = 20


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, what is allowed, what to do."""

    file: str
    row: int | None
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        place = self.file + (f", row {self.row}" if self.row is not None else "")
        place += f", column {self.column!r}" if self.column else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}: found {self.found}; allowed: {self.allowed}{remedy}"


def refuse(problems: list[Problem]) -> None:
    """Raise one :class:`DataError` that lists the problems; none, no error."""
    if not problems:
        return
    lines = [str(problem) for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more problems; all of them: crmstudy check")
    raise DataError("\n".join(lines))


@dataclass(frozen=True)
class Expected:
    """A contract completed for one study: the survey's items become columns."""

    contract: Contract
    items: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def columns(self) -> dict[str, Column]:
        """Return all columns that have a rule."""
        items = {
            item: Column("number", "answer", nullable=True, minimum=low, maximum=high)
            for item, (low, high) in self.items.items()
        }
        return {**self.contract.columns, **items}


def known_contract(table: str) -> Contract:
    """Return a canonical table's contract, or a :class:`DataError` with the nearest name."""
    if table not in CONTRACTS:
        raise DataError(
            f"unknown table {table!r}{nearest(table, CONTRACTS)}; known: {', '.join(CONTRACTS)}"
        )
    return CONTRACTS[table]


def find_violations(frame: pd.DataFrame, expected: Expected, *, file: str) -> list[Problem]:
    """Check a typed frame against its contract and list every value that breaks it.

    Parameters
    ----------
    frame : DataFrame
        Typed by :mod:`crmstudy.collection.load`; its index holds the row numbers
        of the file.
    expected : Expected
        The contract, with the items of the study's survey.
    file : str
        Name of the file for the messages.
    """
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    columns = {name: c for name, c in expected.columns().items() if name in frame}
    schema = pa.DataFrameSchema({name: _schema(name, column) for name, column in columns.items()})
    problems = _duplicates(frame, expected.contract, file)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        problems += [_problem(case, columns, file) for case in cases.to_dict("records")]
    return sorted(problems, key=lambda problem: (problem.row or 0, problem.column))


def _schema(name: str, column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.allowed:
        checks.append(pa.Check.isin(list(column.allowed)))
    return pa.Column(checks=checks, nullable=column.nullable, name=name)


def _problem(case: Mapping[str, Any], columns: Mapping[str, Column], file: str) -> Problem:
    name = str(case["column"])
    column = columns[name]
    row = case["index"]
    empty = case["check"] == "not_nullable"
    found = "an empty value" if empty else _write(case["failure_case"])
    return Problem(
        file=file,
        row=None if pd.isna(row) else int(row),
        column=name,
        found=found,
        allowed=describe_rule(column),
        remedy="fill it or leave the row out"
        if empty
        else "correct the value, or map it as missing",
    )


def _write(value: Any) -> str:
    """Write a value as its file does: 11, not 11.0 or np.float64(11.0)."""
    return f"{value:.15g}" if isinstance(value, float) else repr(value)


def describe_rule(column: Column) -> str:
    """Say in words what a column allows."""
    words = {"id": "an identifier", "boolean": "yes or no", "date": "a date", "text": "text"}
    rule = words.get(column.kind, "a number")
    if column.allowed:
        rule = "one of " + ", ".join(column.allowed)
    elif column.minimum is not None and column.maximum is not None:
        rule = f"{rule} from {column.minimum:g} to {column.maximum:g}"
    elif column.minimum is not None:
        rule = f"{rule} of at least {column.minimum:g}"
    return rule + (" or empty" if column.nullable else "")


def _duplicates(frame: pd.DataFrame, contract: Contract, file: str) -> list[Problem]:
    if not contract.key or not set(contract.key) <= set(frame):
        return []
    key = list(contract.key)
    twice = frame.loc[frame.duplicated(key) & frame[key].notna().all(axis=1), key]
    return [
        Problem(
            file=file,
            row=int(row),
            column=", ".join(key),
            found=f"{', '.join(map(repr, values))} a second time",
            allowed="each once",
            remedy="keep one of the rows",
        )
        for row, *values in twice.itertuples()
    ]

"""From a file to a typed frame, with every unreadable value named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
import pandas as pd

from crmstudy.collection.contract import (
    Column,
    Expected,
    Problem,
    describe_rule,
    find_violations,
    known_contract,
)
from crmstudy.collection.open_data import read_open_table
from crmstudy.collection.read import read_raw
from crmstudy.errors import nearest
from crmstudy.settings import Study, TableSource

TRUE = {"true", "yes", "1", "y", "t", "是"}
FALSE = {"false", "no", "0", "n", "f", "否"}

#: From this likeness on, an unknown column is taken for a mistyped one (difflib's ratio).
LIKENESS = 0.85
NUMBER = r"[+-]?(?:[0-9]+{0}?[0-9]*|{0}[0-9]+)(?:[eE][+-]?[0-9]+)?"
#: A year alone, or a time with its zone: neither says a day and time at the firm's place.
NO_LOCAL_TIME = r"[0-9]{4}|.*:[0-9]{2}.*(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"


@dataclass(frozen=True)
class Loaded:
    """One canonical table as read, with what came and went.

    Parameters
    ----------
    dataset, table : str
        The data set and the canonical name.
    source : str
        The file or the open-data table it was read from.
    frame : DataFrame
        Typed rows, columns by their canonical names.
    rows_read : int
        Rows in the source.
    dropped : mapping of str to int
        Rows left out, by reason.
    problems : tuple of Problem
        What breaks the contract; a table with problems is never used.
    attributes : tuple of str
        Columns that the contract does not know, kept as they are.
    """

    dataset: str
    table: str
    source: str
    frame: pd.DataFrame
    rows_read: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    attributes: tuple[str, ...] = ()


def load_table(study: Study, dataset: str, table: str) -> Loaded:
    """Read, type and check one table of a study.

    Raises
    ------
    DataError
        If the table is unknown, or its file cannot be read as a table at all. Columns
        and values that break the contract do not raise: they come back as ``problems``.
    """
    source = study.table_sources()[(dataset, table)]
    expected = _expected(study, table)
    raw, name = _read(study, source)
    frame = raw
    problems: list[Problem] = []
    dropped: dict[str, int] = {}
    if source.file is not None:
        frame, dropped = _drop_empty(raw)
        frame, problems = _rename(frame, expected, source, name)
        problems += _check_header(frame, expected, source, name)
        frame = _convert(frame, expected, source, name, problems)
    unreadable = {(problem.row, problem.column) for problem in problems}
    broken = find_violations(frame, expected, file=name)
    problems += [p for p in broken if (p.row, p.column) not in unreadable]
    if table == "transactions" and not problems:
        frame, anonymous = _drop_anonymous(_complete_baskets(frame))
        dropped |= anonymous
    if frame.empty:
        problems.append(Problem(name, None, "", "no row with a value", "rows", "fill the table"))
    return Loaded(
        dataset=dataset,
        table=table,
        source=name,
        frame=frame.reset_index(drop=True),
        rows_read=len(raw),
        dropped=dropped,
        problems=tuple(sorted(problems, key=lambda problem: problem.row or 0)),
        attributes=tuple(c for c in frame.columns if c not in expected.columns()),
    )


def _expected(study: Study, table: str) -> Expected:
    contract = known_contract(table)
    instrument = study.settings.instrument
    items = {item: instrument.bounds(item) for item in instrument.item_names()}
    return Expected(contract, items if table == "survey" else {})


def _read(study: Study, source: TableSource) -> tuple[pd.DataFrame, str]:
    if source.open is not None:
        return read_open_table(source.open), source.open
    if source.simulated is not None:
        from crmstudy.collection.firm import read_simulated_table

        return read_simulated_table(study, source.simulated), f"simulated {source.simulated}"
    file = study.paths.inputs / str(source.file)
    return read_raw(file, source), file.name


def _drop_empty(raw: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out rows in which every value is empty, and count them."""
    empty = pd.Series(True, index=raw.index)
    for name in raw.columns:
        empty &= raw[name].str.strip().eq("")
    count = int(empty.sum())
    return raw[~empty], ({"empty row": count} if count else {})


def _rename(
    raw: pd.DataFrame, expected: Expected, source: TableSource, file: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """Give columns their canonical names as study.yml maps them."""
    problems = []
    names: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        place = f"study.yml maps {ours!r} to it"
        if theirs not in raw.columns:
            near = nearest(theirs, raw.columns)
            found = f"{', '.join(raw.columns)}{near}"
            problems.append(Problem(file, 1, theirs, found, "this name", f"{place}: correct one"))
        elif theirs in names or (ours in raw.columns and ours not in source.columns.values()):
            taken = f"a second use of column {theirs!r}" if theirs in names else f"{ours!r} as well"
            problems.append(Problem(file, 1, theirs, taken, "each once", f"{place}: drop one"))
        else:
            names[theirs] = ours
    return raw.rename(columns=names), problems


def _check_header(
    frame: pd.DataFrame, expected: Expected, source: TableSource, file: str
) -> list[Problem]:
    """List required columns that are missing and names that look mistyped."""
    known = expected.columns()
    absent = [name for name in known if name not in frame]
    unknown = [name for name in frame.columns if name not in known]
    lower = {name.lower(): name for name in unknown}
    problems, hinted = [], set()
    for name in (n for n in absent if known[n].required and n not in source.columns):
        near = get_close_matches(name, lower, n=1)
        hinted |= set(near)
        hint = f"; did you mean {lower[near[0]]!r}?" if near else ""
        found = f"only {', '.join(frame.columns)}{hint}"
        remedy = f"rename it, or map it in study.yml: columns: {{{name}: <your column>}}"
        problems.append(Problem(file, 1, name, found, "a required column", remedy))
    for name in unknown:
        near = get_close_matches(name.lower(), absent, n=1, cutoff=LIKENESS)
        if near and name.lower() not in hinted and name not in source.columns:
            remedy = (
                f"did you mean {near[0]!r}? Rename it; to keep it as an attribute, map it in "
                f"study.yml: columns: {{{name}: {name}}}"
            )
            problems.append(Problem(file, 1, name, "an unknown name", "known names", remedy))
    return problems


def _convert(
    raw: pd.DataFrame,
    expected: Expected,
    source: TableSource,
    file: str,
    problems: list[Problem],
) -> pd.DataFrame:
    """Type each known column; a text that cannot be read becomes a problem, not a NaN."""
    known = expected.columns()
    typed: dict[str, pd.Series] = {}
    for name in raw.columns:
        column = known.get(name, Column("text", "attribute", required=False, nullable=True))
        text = _blank_missing(raw[name].str.strip(), column, source)
        values = _parse(text, column, source)
        unread = text.notna() & values.isna()
        problems += [_unreadable(file, row, name, text[row], column) for row in text.index[unread]]
        typed[name] = values
    return pd.DataFrame(typed, index=raw.index)


def _blank_missing(text: pd.Series, column: Column, source: TableSource) -> pd.Series:
    """Blank empty texts and missing codes; in a column of numbers -99 is -99.0 too."""
    text = text.mask(text.isin({"", *(str(code) for code in source.missing)}))
    codes = [float(code) for code in source.missing if isinstance(code, (int, float))]
    if codes and column.kind in ("number", "integer"):
        text = text.mask(_parse(text, column, source).isin(codes))
    return text


def _parse(text: pd.Series, column: Column, source: TableSource) -> pd.Series:
    if column.kind in ("number", "integer"):
        readable = text.where(text.str.fullmatch(NUMBER.format(f"[{source.decimal}]"), na=False))
        values = pd.to_numeric(readable.str.replace(",", ".", regex=False)).astype(float)
        return values.where(np.isfinite(values))
    if column.kind == "date":
        layout = source.date_format or "ISO8601"
        if layout == "ISO8601":
            text = text.mask(text.str.fullmatch(NO_LOCAL_TIME, na=False))
        return pd.to_datetime(text, format=layout, errors="coerce").astype("datetime64[us]")
    if column.kind == "boolean":
        words = text.str.lower()
        known = words.isin(TRUE | FALSE)
        return words.isin(TRUE).astype("boolean").where(known)
    return text


def _unreadable(file: str, row: int, name: str, found: str, column: Column) -> Problem:
    remedies = {
        "date": "write 2026-01-31 or 2026-01-31 14:05 in local time, or give date_format in "
        "study.yml",
        "number": "write it without thousands separators and units, or say decimal or missing in "
        "study.yml",
        "boolean": "write yes or no",
    }
    return Problem(
        file=file,
        row=int(row),
        column=name,
        found=repr(found),
        allowed=describe_rule(column),
        remedy=remedies.get(column.kind, "correct the value"),
    )


def _drop_anonymous(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out purchases that belong to no customer, and count them."""
    anonymous = frame["customer_id"].isna()
    count = int(anonymous.sum())
    return frame[~anonymous], ({"no customer (anonymous sale)": count} if count else {})


def _complete_baskets(frame: pd.DataFrame) -> pd.DataFrame:
    """Take a customer's lines of one day as one purchase where no basket is given."""
    if "basket_id" in frame:
        return frame
    day = frame["ordered_at"].dt.strftime("%Y-%m-%d")
    return frame.assign(basket_id=frame["customer_id"] + "|" + day)

"""From a file to a typed frame, with every unreadable value named."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
from crmstudy.errors import DataError, nearest
from crmstudy.settings import Study, TableSource

TRUE = {"true", "yes", "1", "y", "t", "是"}
FALSE = {"false", "no", "0", "n", "f", "否"}

#: Row number, in the file, of the first data row of a CSV file: line 1 is the header.
FIRST_ROW = 2


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
        If the table is unknown, or its file is missing, empty, wrongly encoded or
        without a required column. Values that break the contract do not raise:
        they come back as ``problems``.
    """
    source = study.table_sources()[(dataset, table)]
    expected = _expected(study, table)
    raw, name, typed = _read(study, source, expected)
    problems: list[Problem] = []
    frame = raw if typed else _convert(raw, expected, source, name, problems)
    unreadable = {(problem.row, problem.column) for problem in problems}
    broken = find_violations(frame, expected, file=name)
    problems += [p for p in broken if (p.row, p.column) not in unreadable]
    if table == "transactions":
        frame = _complete_baskets(frame)
    kept, dropped = _drop_anonymous(frame, table)
    return Loaded(
        dataset=dataset,
        table=table,
        source=name,
        frame=kept.reset_index(drop=True),
        rows_read=len(raw),
        dropped=dropped,
        problems=tuple(problems),
        attributes=tuple(c for c in frame.columns if c not in expected.columns()),
    )


def _expected(study: Study, table: str) -> Expected:
    contract = known_contract(table)
    instrument = study.settings.instrument
    items = {item: instrument.bounds(item) for item in instrument.item_names()}
    return Expected(contract, items if table == "survey" else {})


def _read(study: Study, source: TableSource, expected: Expected) -> tuple[pd.DataFrame, str, bool]:
    if source.open is not None:
        return read_open_table(source.open), source.open, True
    if source.simulated is not None:
        from crmstudy.collection.firm import read_simulated_table

        frame = read_simulated_table(study, source.simulated)
        return frame, f"simulated {source.simulated}", True
    file = study.paths.inputs / str(source.file)
    raw = read_raw(file, source)
    return _rename(raw, expected, source, file.name), file.name, False


def read_raw(file: Path, source: TableSource) -> pd.DataFrame:
    """Read a CSV or Parquet file with every value as text; the index counts the file's rows."""
    if not file.is_file():
        near = nearest(file.name, [other.name for other in file.parent.glob("*")])
        raise DataError(f"{file.name} does not exist in {file.parent}{near}")
    if file.suffix == ".parquet":
        frame = pd.read_parquet(file)
        text = frame.astype("string").astype(object).where(frame.notna(), "").astype(str)
    elif file.suffix == ".csv":
        text = _read_csv(file, source)
    else:
        raise DataError(
            f"{file.name}: cannot read {file.suffix or 'no suffix'}; allowed: .csv, .parquet"
        )
    if text.empty:
        raise DataError(
            f"{file.name} has no data rows: fill it, or take the table out of study.yml"
        )
    text.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(text))
    return text


def _read_csv(file: Path, source: TableSource) -> pd.DataFrame:
    if file.stat().st_size == 0:
        raise DataError(f"{file.name} is empty: it needs a header line and data rows")
    encoding = (
        "utf-8-sig" if source.encoding.lower().replace("_", "-") == "utf-8" else source.encoding
    )
    try:
        return pd.read_csv(
            file,
            dtype=str,
            keep_default_na=False,
            encoding=encoding,
            sep=source.delimiter,
            skip_blank_lines=False,
        )
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file.name} is not {source.encoding} text: byte {error.start} ({error.reason}); "
            "say its encoding in study.yml, for instance encoding: gb18030"
        ) from None
    except LookupError:
        raise DataError(f"{file.name}: unknown encoding {source.encoding!r} in study.yml") from None
    except (pd.errors.ParserError, csv.Error) as error:
        raise DataError(f"{file.name} cannot be read as CSV: {error}") from None


def _rename(raw: pd.DataFrame, expected: Expected, source: TableSource, file: str) -> pd.DataFrame:
    known = expected.columns()
    for canonical, theirs in source.columns.items():
        if theirs not in raw.columns:
            raise DataError(
                f"{file}: study.yml maps {canonical!r} to column {theirs!r}, which the file lacks"
                f"{nearest(theirs, raw.columns)}; found: {', '.join(raw.columns)}"
            )
    frame = raw.rename(columns={theirs: ours for ours, theirs in source.columns.items()})
    missing = [name for name, column in known.items() if column.required and name not in frame]
    if missing:
        hint = nearest(missing[0], raw.columns)
        raise DataError(
            f"{file}: required column {', '.join(map(repr, missing))} missing{hint}; "
            f"found: {', '.join(raw.columns)}; rename it, or map it in study.yml: "
            f"columns: {{{missing[0]}: <your column>}}"
        )
    return frame


def _convert(
    raw: pd.DataFrame,
    expected: Expected,
    source: TableSource,
    file: str,
    problems: list[Problem],
) -> pd.DataFrame:
    """Type each known column; a text that cannot be read becomes a problem, not a NaN."""
    missing = {"", *(str(code) for code in source.missing)}
    known = expected.columns()
    typed: dict[str, pd.Series] = {}
    for name in raw.columns:
        text = raw[name].str.strip()
        text = text.mask(text.isin(missing))
        column = known.get(name, Column("text", "attribute", required=False, nullable=True))
        values = _parse(text, column, source)
        unread = text.notna() & values.isna()
        problems += [_unreadable(file, row, name, text[row], column) for row in text.index[unread]]
        typed[name] = values
    return pd.DataFrame(typed)


def _parse(text: pd.Series, column: Column, source: TableSource) -> pd.Series:
    if column.kind in ("number", "integer"):
        plain = text.str.replace(",", ".", regex=False) if source.decimal == "," else text
        return pd.to_numeric(plain, errors="coerce").astype(float)
    if column.kind == "date":
        layout = source.date_format or "ISO8601"
        return pd.to_datetime(text, format=layout, errors="coerce").astype("datetime64[us]")
    if column.kind == "boolean":
        words = text.str.lower()
        known = words.isin(TRUE | FALSE)
        return words.isin(TRUE).astype("boolean").where(known)
    return text


def _unreadable(file: str, row: int, name: str, found: str, column: Column) -> Problem:
    remedies = {
        "date": "write 2026-01-31, or give date_format in study.yml",
        "number": "write a number, or list the code under missing in study.yml",
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


def _drop_anonymous(frame: pd.DataFrame, table: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """Leave out purchases that belong to no customer, and count them."""
    if table != "transactions":
        return frame, {}
    anonymous = frame["customer_id"].isna()
    count = int(anonymous.sum())
    return frame[~anonymous], ({"no customer (anonymous sale)": count} if count else {})


def _complete_baskets(frame: pd.DataFrame) -> pd.DataFrame:
    """Take a customer's lines of one day as one purchase where no basket is given."""
    if "basket_id" in frame:
        return frame
    day = frame["ordered_at"].dt.strftime("%Y-%m-%d")
    return frame.assign(basket_id=frame["customer_id"] + "|" + day)

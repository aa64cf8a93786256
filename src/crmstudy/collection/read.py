"""From a file's bytes to rows of text: nothing shifted, renamed or cut off on the way."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pandas as pd

from crmstudy.collection.contract import Problem, refuse
from crmstudy.errors import DataError, nearest
from crmstudy.settings import TableSource

#: Row number, in the file, of the first data row: row 1 is the header.
FIRST_ROW = 2
SEPARATORS = {";": '";"', "\t": '"\\t"', "|": '"|"'}


def read_raw(file: Path, source: TableSource) -> pd.DataFrame:
    """Read a CSV or Parquet file with every value as text; the index counts the file's rows.

    Raises
    ------
    DataError
        If the file is missing, empty, of another kind or encoding, or if its header
        or the length of its rows do not make a table.
    """
    if not file.is_file():
        near = nearest(file.name, [other.name for other in file.parent.glob("*")])
        raise DataError(f"{file.name} does not exist in {file.parent}{near}")
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    if file.suffix.lower() not in readers:
        raise DataError(
            f"{file.name}: cannot read {file.suffix or 'no suffix'}; allowed: .csv, .parquet"
        )
    text = readers[file.suffix.lower()](file, source)
    if text.empty:
        raise DataError(
            f"{file.name} has no data rows: fill it, or take the table out of study.yml"
        )
    text.index = pd.RangeIndex(FIRST_ROW, FIRST_ROW + len(text))
    return text


def _read_parquet(file: Path, source: TableSource) -> pd.DataFrame:
    """Read Parquet as text; typed columns keep whole numbers whole (1, not 1.0)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(file)
    except pa.ArrowException as error:
        raise DataError(f"{file.name} cannot be read as Parquet: {error}") from None
    _refuse_header([str(name) for name in table.column_names], file.name, source)
    frame = table.to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
    columns = {}
    for name, values in frame.items():
        text = values.astype("string").fillna("").astype("str")
        # A NaN inside a column of numbers is Arrow's other way to say: no value.
        floating = pd.api.types.is_float_dtype(values.dtype)
        columns[str(name).strip()] = text.mask(text.eq("nan"), "") if floating else text
    return pd.DataFrame(columns)


def _read_csv(file: Path, source: TableSource) -> pd.DataFrame:
    content = file.read_bytes()
    if not content.strip():
        raise DataError(f"{file.name} is empty: it needs a header line and data rows")
    text = _decode(content, file.name, source.encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=source.delimiter, strict=True)
    try:
        header, *rows = reader
    except csv.Error as error:
        raise DataError(
            f"{file.name} cannot be read as CSV: line {reader.line_num}: {error}; "
            "look for a quotation mark that is not closed"
        ) from None
    header = [name.strip() for name in header]
    _refuse_header(header, file.name, source)
    rows = _level(rows, len(header), file.name)
    columns = zip(*rows, strict=True) if rows else ((),) * len(header)
    return pd.DataFrame(
        {
            name: pd.Series(list(cells), dtype="str")
            for name, cells in zip(header, columns, strict=True)
        }
    )


def _decode(content: bytes, file: str, encoding: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"{file}, row {row}: not {encoding} text at byte {error.start} ({error.reason}); "
            "say its encoding in study.yml, for instance encoding: gb18030, big5 or latin-1"
        ) from None
    except LookupError:
        raise DataError(f"{file}: unknown encoding {encoding!r} in study.yml") from None


def _refuse_header(header: list[str], file: str, source: TableSource) -> None:
    """Refuse names that would hide a column: none at all, or the same one twice."""
    if len(header) < 2:
        for sign, written in SEPARATORS.items():
            if header and sign in header[0] and sign != source.delimiter:
                raise DataError(
                    f"{file}: row 1 holds the one column {header[0]!r}, allowed: columns separated "
                    f"by {source.delimiter!r}; say delimiter: {written} in study.yml"
                )
    problems = [
        Problem(file, 1, "", f"no name for column {place}", "a name", "name it or take it out")
        for place, name in enumerate(header, start=1)
        if not name
    ]
    # The database does not tell upper from lower case in names.
    counts = Counter(name.casefold() for name in header if name)
    problems += [
        Problem(file, 1, name, f"{counts[name.casefold()]} columns of this name", "one", "rename")
        for name in dict.fromkeys(header)
        if counts[name.casefold()] > 1
    ]
    refuse(problems)


def _level(rows: list[list[str]], width: int, file: str) -> list[list[str]]:
    """Refuse rows with too many or too few fields; a row without any text is empty."""
    empty = [""] * width
    level = [row if len(row) == width or any(map(str.strip, row)) else empty for row in rows]
    refuse(
        [
            Problem(
                file,
                number,
                "",
                f"{len(row)} fields",
                f"{width}, as in the header",
                "put a field that holds the delimiter in quotation marks",
            )
            for number, row in enumerate(level, start=FIRST_ROW)
            if len(row) != width
        ]
    )
    return level

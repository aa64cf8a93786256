"""The texts inside files: what a reader, or a search, would find in each."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from crmstudy.collection.intake.sqltypes import quote

#: Attributes of SVG and HTML that hold geometry or pictures, not words.
_GEOMETRY = {"d", "points", "transform", "viewbox", "style", "x", "y", "width", "height"}
_DATA_URI = re.compile(r"data:[\w/+.\-]+(?:;[\w=\-]+)*;base64,[A-Za-z0-9+/=\s]+")
_MARKDOWN_RULE = re.compile(r"\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?")
_LATEX_END = re.compile(r"\\\\(?:\[[^\]]*\])?\s*(?:%.*)?$")


@dataclass(frozen=True)
class Piece:
    """One text of a file.

    Parameters
    ----------
    where : str
        Place in words: ``line 12``, ``cell 4, output 1, line 3``, ``row 3``.
    text : str
        The text.
    column : str
        Name of the column, or key, that it stands under; empty for running text.
    number : bool
        Whether it was written as a number rather than as a text.
    """

    where: str
    text: str
    column: str = ""
    number: bool = False


def read_pieces(file: Path) -> Iterator[Piece]:
    """Read the texts of a file by its kind; an unknown kind is read as lines of text.

    Known are ipynb, json, csv, md, tex, html, svg, png, parquet, xlsx and DuckDB; of a
    binary file of another kind, runs of readable signs.
    """
    content = file.read_bytes()
    readers: dict[str, Callable[[bytes], Iterator[Piece]]] = {
        ".ipynb": _read_notebook,
        ".json": _read_json,
        ".csv": _read_csv,
        ".svg": _read_markup,
        ".html": _read_markup,
        ".htm": _read_markup,
        ".xml": _read_markup,
        ".png": _read_png,
        ".parquet": _read_parquet,
        ".xlsx": _read_xlsx,
    }
    if content[8:12] == b"DUCK":
        yield from _read_duckdb(file)
        return
    reader = readers.get(file.suffix.lower(), _read_lines)
    try:
        yield from reader(content)
    except (ValueError, KeyError, OSError, csv.Error, zlib.error, struct.error):
        # A damaged file is still read, as bytes.
        yield from _read_lines(content)


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    # Chinese, in what spreadsheets write; pictures and archives hold NUL bytes.
    if b"\0" not in content:
        try:
            return content.decode("gb18030")
        except UnicodeDecodeError:
            pass
    runs = re.findall(rb"[\x20-\x7e\x80-\xff]{5,}", content)
    return "\n".join(run.decode("utf-8", errors="replace") for run in runs)


def _read_lines(content: bytes, prefix: str = "") -> Iterator[Piece]:
    yield from split_lines(_decode(content), prefix)


def split_lines(text: str, prefix: str = "") -> Iterator[Piece]:
    """Cut a text into lines, and tables in Markdown or LaTeX into cells with their columns."""
    header: list[str] = []
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        where = f"{prefix}line {number}"
        cells = _cells(line)
        if len(cells) < 2:
            header = []
            if line.strip():
                yield Piece(where, line)
            continue
        if not header:
            header = cells
        for place, cell in enumerate(cells):
            yield Piece(where, cell, header[place] if place < len(header) else "")


def _cells(line: str) -> list[str]:
    plain = line.strip()
    if plain.startswith("|") and plain.endswith("|") and len(plain) > 1:
        if _MARKDOWN_RULE.fullmatch(plain):
            return ["", ""]
        return [cell.strip() for cell in re.split(r"(?<!\\)\|", plain[1:-1])]
    if _LATEX_END.search(plain) and "&" in plain:
        return [cell.strip() for cell in re.split(r"(?<!\\)&", _LATEX_END.sub("", plain))]
    return []


def _read_csv(content: bytes) -> Iterator[Piece]:
    text = _decode(content)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    header: list[str] = []
    for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
        header = header or row
        for place, cell in enumerate(row):
            column = header[place] if place < len(header) else ""
            yield Piece(f"row {number}", cell, column, number > 1 and _is_number(cell))


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"[+\-]?[0-9]*\.?[0-9]+(?:[eE][+\-]?[0-9]+)?", cell.strip()) is not None


def _read_json(content: bytes) -> Iterator[Piece]:
    yield from _walk(json.loads(content), "")


def _walk(value: Any, where: str, key: str = "") -> Iterator[Piece]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield Piece(f"{where or 'top'}, a key", str(name))
            yield from _walk(inner, f"{where}.{name}" if where else str(name), str(name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _walk(inner, f"{where}[{place}]", key)
    elif isinstance(value, str):
        for piece in split_lines(value, f"{where}, "):
            yield Piece(piece.where, piece.text, piece.column or key)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield Piece(where, json.dumps(value), key, number=True)


def _read_notebook(content: bytes) -> Iterator[Piece]:
    book = json.loads(content)
    yield from _walk(book.get("metadata", {}), "metadata")
    for number, cell in enumerate(book["cells"]):
        where = f"cell {number}, "
        yield from split_lines(_joined(cell.get("source", "")), where)
        yield from _walk(cell.get("metadata", {}), f"{where}metadata")
        yield from _walk(cell.get("attachments", {}), f"{where}attachments")
        for place, output in enumerate(cell.get("outputs", [])):
            yield from _read_output(output, f"{where}output {place}, ")


def _read_output(output: dict[str, Any], where: str) -> Iterator[Piece]:
    for kind, value in output.get("data", {}).items():
        if isinstance(value, (dict, int, float)):
            yield from _walk(value, f"{where}{kind}")
        elif kind == "image/png":
            yield from _read_picture(_joined(value), where)
        elif kind in ("text/html", "image/svg+xml"):
            yield from read_markup(_joined(value), where)
        else:
            yield from split_lines(_joined(value), where)
    for name in ("text", "traceback", "evalue"):
        yield from split_lines(_joined(output.get(name, "")), where)
    yield from _walk(output.get("metadata", {}), f"{where}metadata")


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _read_picture(text: str, where: str) -> Iterator[Piece]:
    try:
        content = base64.b64decode(text)
    except binascii.Error:
        yield from split_lines(text, where)
        return
    yield from (Piece(f"{where}{p.where}", p.text) for p in _read_png(content))


def _read_png(content: bytes) -> Iterator[Piece]:
    """Read the text chunks of a PNG: tEXt, zTXt, iTXt, eXIf, and what stands behind its end."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("no PNG")
    place, kind = 8, b""
    while place + 8 <= len(content) and kind != b"IEND":
        size, kind = struct.unpack(">I4s", content[place : place + 8])
        body = content[place + 8 : place + 8 + size]
        place += 12 + size
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            yield Piece("metadata", _chunk_text(kind, body))
    if content[place:].strip(b"\0"):
        yield from _read_lines(content[place:], "behind the picture, ")


def _chunk_text(kind: bytes, body: bytes) -> str:
    name, _, rest = body.partition(b"\0")
    if kind == b"zTXt":
        rest = zlib.decompress(rest[1:])
    if kind == b"iTXt":
        packed, (*_, rest) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
        rest = zlib.decompress(rest) if packed else rest
    if kind == b"eXIf":
        name, rest = b"EXIF", b" ".join(re.findall(rb"[\x20-\x7e\x80-\xff]{4,}", body))
    return f"{_decode(name)}: {_decode(rest)}"


def _read_markup(content: bytes) -> Iterator[Piece]:
    yield from read_markup(_decode(content), "")


def read_markup(text: str, prefix: str) -> Iterator[Piece]:
    """Read the words, comments, attributes and tables of HTML or SVG; pictures apart."""
    reader = _Markup(prefix)
    reader.feed(_DATA_URI.sub("", text))
    reader.close()
    yield from reader.pieces


class _Markup(HTMLParser):
    """Collects pieces; the cells of tables with the names of their columns."""

    def __init__(self, prefix: str) -> None:
        super().__init__(convert_charrefs=True)
        self.prefix = prefix
        self.pieces: list[Piece] = []
        self._header: list[str] = []
        self._row = self._place = 0
        self._head = self._in_cell = self._style = False

    def _where(self) -> str:
        return f"{self.prefix}line {self.getpos()[0]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._style = tag == "style"
        if tag == "table":
            self._header, self._row = [], 0
        if tag == "thead":
            self._head = True
        if tag == "tr":
            self._row, self._place = self._row + 1, -1
        if tag in ("td", "th"):
            self._place, self._in_cell = self._place + 1, True
            if self._place == len(self._header):
                self._header.append("")
        for name, value in attrs:
            if value and name not in _GEOMETRY:
                self.pieces.append(Piece(self._where(), value))

    def handle_endtag(self, tag: str) -> None:
        self._style = False
        if tag in ("td", "th"):
            self._in_cell = False
        if tag == "thead":
            self._head = False

    def handle_data(self, data: str) -> None:
        if self._style or not data.strip():
            return
        column = ""
        if self._in_cell:
            # The first rows name the columns; pandas names its index in the second one.
            if self._row <= 1 or self._head:
                self._header[self._place] = data.strip()
            column = self._header[self._place]
        self.pieces += [
            Piece(self._where(), line, column) for line in data.splitlines() if line.strip()
        ]

    def handle_comment(self, data: str) -> None:
        self.pieces.append(Piece(self._where(), data))

    def handle_decl(self, decl: str) -> None:
        return

    def unknown_decl(self, data: str) -> None:
        self.pieces.append(Piece(self._where(), data))


def _read_parquet(content: bytes) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None
    for name, value in (table.schema.metadata or {}).items():
        yield Piece("metadata", f"{_decode(name)}: {_decode(value)}")
    for name in table.column_names:
        numbers = not pa.types.is_string(table[name].type)
        for row, value in enumerate(table[name].to_pylist(), start=1):
            if value is not None:
                yield Piece(f"row {row}", str(value), str(name), numbers)


def _read_xlsx(content: bytes) -> Iterator[Piece]:
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for sheet in book.worksheets:
        header: list[str] = []
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            header = header or ["" if value is None else str(value) for value in row]
            for place, value in enumerate(row):
                if value is not None:
                    column = header[place] if place < len(header) else ""
                    numeric = isinstance(value, (int, float))
                    yield Piece(f"sheet {sheet.title}, row {number}", str(value), column, numeric)


def _read_duckdb(file: Path) -> Iterator[Piece]:
    import duckdb

    with duckdb.connect(str(file), read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_schema, table_name, column_name, data_type FROM "
            "information_schema.columns ORDER BY ALL"
        ).fetchall()
        for schema, table, column, kind in columns:
            rows = connection.execute(
                f'SELECT DISTINCT {quote(column)}::VARCHAR FROM "{schema}"."{table}" '
                f"WHERE {quote(column)} IS NOT NULL ORDER BY 1"
            ).fetchall()
            for (value,) in rows:
                yield Piece(f"{schema}.{table}", value, column, kind != "VARCHAR")

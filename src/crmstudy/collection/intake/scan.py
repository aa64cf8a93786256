"""What the bytes of a CSV file say before it is parsed: which reader takes them rightly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

CHUNK = 1 << 18

#: Bytes that DuckDB's reader takes otherwise than Python's.
UNSURE = (b"\n\r", b"\r\r", b"\x00")
#: Next to a quotation mark DuckDB cuts blanks off, or takes the mark for a letter.
BESIDE_QUOTES = (b' "', b'" ', b'\t"', b'"\t')
#: Blanks beyond the space: tab, feeds and separators; no-break and wide spaces in UTF-8.
BLANKS = (b"\t", b"\x0b", b"\x0c", *(bytes([octet]) for octet in range(28, 32)))
WIDE_BLANKS = (
    *(b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a\x80"),
    *(b"\xe2\x80", b"\xe2\x81\x9f", b"\xe3\x80\x80"),
)


@dataclass(frozen=True)
class Scan:
    """What was found in the bytes.

    Parameters
    ----------
    sure : bool
        Whether DuckDB's reader takes them as Python's strict one does.
    blanks : {"none", "spaces", "any"}
        Which blanks stand around values.
    lines, delimiters : int, optional
        How many there are; None where some may stand inside quotation marks.
    plain : bool
        Whether nothing stands there that DuckDB alone reads as part of a number.
    """

    sure: bool
    blanks: Literal["none", "spaces", "any"]
    lines: int | None
    delimiters: int | None
    plain: bool = False


def scan_bytes(place: Path, delimiter: bytes) -> Scan:
    """Look for bytes that need the precise reader, and for blanks beyond the space.

    DuckDB leaves out blank lines and lets an empty field too many pass at a row's end:
    delimiters are counted to find that, or looked for at the end of lines where some may
    stand inside quotation marks.
    """
    sure, blank, edged, quoted, plain = True, False, False, False, True
    lines, delimiters, tail = 0, 0, b"\n"
    edges = (delimiter + b" ", b" " + delimiter, b"\n ", b" \n")
    with place.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            text = tail[-2:] + chunk
            quoted = quoted or b'"' in chunk
            octets = np.frombuffer(chunk, dtype=np.uint8)
            breaks, marks = octets == ord("\n"), octets == delimiter[0]
            ends = int(np.count_nonzero(breaks))
            lines += ends
            delimiters += int(np.count_nonzero(marks))
            # Where line ends are frequent, a search for two of them is twenty times slower.
            sure = sure and not (breaks[1:] & breaks[:-1]).any() and b"\n\n" not in text[:4]
            plain = plain and b"_" not in chunk and not (b"+" in text and b"+-" in text)
            edged = edged or _beside(octets == ord(" "), breaks | marks)
            edged = edged or any(sign in text[:4] for sign in edges)
            if np.count_nonzero(octets < ord(" ")) > ends:
                # With returns, tabs and other controls all is looked at more closely.
                edged = True
                sure = sure and not any(sign in text for sign in UNSURE)
                blank = blank or any(sign in text for sign in BLANKS if sign != delimiter)
            if not chunk.isascii():
                blank = blank or any(sign in text for sign in WIDE_BLANKS)
            tail = text[-2:]
    lines += not tail.endswith(b"\n")
    edged |= tail.endswith(b" ")
    sure = sure and not (quoted and tail.endswith(delimiter))
    if quoted:
        sure = sure and delimiter not in b' "\t' and not _holds_any(place, _doubtful(delimiter))
    return Scan(
        sure,
        "any" if blank else "spaces" if edged or quoted else "none",
        None if quoted else lines,
        None if quoted else delimiters,
        plain,
    )


def _beside(some: np.ndarray, others: np.ndarray) -> bool:
    """Whether one of some octets stands right before or after one of the others."""
    return bool((some[1:] & others[:-1]).any() or (some[:-1] & others[1:]).any())


def _doubtful(delimiter: bytes) -> tuple[bytes, ...]:
    """List what is doubtful in a file with quotation marks, beside blanks next to them."""
    return (*BESIDE_QUOTES, delimiter + b"\n", delimiter + b"\r")


def _holds_any(place: Path, signs: Sequence[bytes]) -> bool:
    tail = b"\n"
    with place.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            text = tail + chunk
            if any(sign in text for sign in signs):
                return True
            tail = text[-2:]
    return False

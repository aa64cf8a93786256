"""A file's text encoding: brought to UTF-8 in a stream, or refused with a guess."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import InputError, Problem
from crmstudy.paths import SETTINGS_FILE

CHUNK = 1 << 20
#: Encodings that are offered when another one fails, with the first bytes of a character
#: in everyday use: the common hanzi of GB 2312 and of Big5.
GUESSES = {"gb18030": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}
#: How much of the file a guess is weighed on, and how much of the row it shows.
WEIGHED, SAMPLE = 1 << 20, 24


def transcode(file: Path, encoding: str, target: Path) -> None:
    """Write a file's text as UTF-8, without a byte-order mark.

    Raises
    ------
    InputError
        If the encoding is unknown, or the file is not written in it: with the row, and
        the Chinese encoding that it can be read in.
    """
    with target.open("wb") as sink:
        for text in _decode(file, encoding):
            sink.write(text.encode())


def refuse_undecodable(file: Path) -> None:
    """Refuse a file that is not UTF-8: with the row, as :func:`transcode` does."""
    if not _decodes(file, "utf-8"):
        for _ in _decode(file, "utf-8"):
            pass


def read_text(file: Path, encoding: str) -> str:
    """Read a small file's text, without a byte-order mark; refused as by :func:`transcode`."""
    return "".join(_decode(file, encoding))


def _decode(file: Path, encoding: str) -> Iterator[str]:
    decoder = _decoder(encoding, file.name)
    done, rows, first = 0, 1, True
    with file.open("rb") as source:
        while True:
            chunk = source.read(CHUNK)
            held = len(decoder.getstate()[0])
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                start = done - held + error.start
                rows += error.object[: error.start].count(b"\n")
                raise _refusal(file, encoding, rows, start, error.reason) from None
            rows += text.count("\n")
            done += len(chunk)
            yield text.removeprefix("\ufeff") if first else text
            first = first and not text
            if not chunk:
                return


def _decoder(encoding: str, file: str) -> codecs.IncrementalDecoder:
    try:
        return codecs.getincrementaldecoder(encoding)("strict")
    except (LookupError, TypeError):
        found = Message("unknown encoding", encoding=encoding)
        allowed, remedy = Message("an encoding"), Message("correct encoding")
        raise InputError([Problem(SETTINGS_FILE, None, file, found, allowed, remedy)]) from None


def _refusal(file: Path, encoding: str, row: int, byte: int, reason: str) -> InputError:
    found = Message("not encoded", encoding=encoding, byte=byte, reason=reason)
    allowed, remedy = Message("encoded", encoding=encoding), Message("say encoding")
    guesses = [guess for guess in _guess(file) if guess != encoding.lower()]
    if guesses:
        remedy = Message(
            "guess encoding",
            guess=guesses[0],
            sample=repr(_sample(file, guesses[0], row)),
            others=Message("or encodings", encodings=tuple(guesses[1:])) if guesses[1:] else "",
        )
    return InputError([Problem(file.name, row, "", found, allowed, remedy)])


def _guess(file: Path) -> list[str]:
    """List the encodings that the whole file decodes in, the likeliest first."""
    with file.open("rb") as stream:
        head = stream.read(WEIGHED)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return ["utf-16"]
    fitting = [encoding for encoding in GUESSES if _decodes(file, encoding)]
    return sorted(fitting, key=lambda encoding: -_commonness(head, encoding))


def _decodes(file: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with file.open("rb") as stream:
        try:
            while chunk := stream.read(CHUNK):
                # ASCII is a part of UTF-8, wherever no character is cut at the chunk's edge.
                if encoding != "utf-8" or decoder.getstate()[0] or not chunk.isascii():
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _commonness(head: bytes, encoding: str) -> float:
    """Weigh how many of the characters beyond ASCII are everyday hanzi in an encoding."""
    low, high = GUESSES[encoding]
    beyond = [c for c in head.decode(encoding, errors="ignore") if c > "\x7f"]
    written = [c.encode(encoding) for c in beyond]
    return sum(len(b) == 2 and low <= b[0] <= high for b in written) / max(len(written), 1)


def _sample(file: Path, encoding: str, row: int) -> str:
    with file.open(encoding=encoding, errors="replace", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if number == row:
                return line.strip()[:SAMPLE]
    return ""

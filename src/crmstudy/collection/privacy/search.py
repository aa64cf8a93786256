"""Looking for known persons in texts: identifiers, names, telephone numbers, addresses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pandas as pd

from crmstudy.collection.privacy.erased import normalise_contact
from crmstudy.collection.privacy.masking import HAN, Names
from crmstudy.collection.privacy.patterns import Match, find_personal
from crmstudy.collection.privacy.texts import Piece

#: Digits that an identifier needs to be told from a statistic in running text.
LEAST_DIGITS = 7
#: Share of all numbers of a length that may be identifiers; beyond it any count might be one.
DENSEST = 1e-3

_TOKEN = re.compile(rf"[^\W_{HAN}]+")
_HAN_RUN = re.compile(f"[{HAN}]{{3,}}")
_ID_COLUMN = re.compile(
    r"(?:.*[_\s\-])?(?:id|identifier|customer|respondent|visitor|lead|household|client|member|user)"
    r"|.*(?:编号|編號|客户号|会员号|用户号|学号|工号|账号)",
    re.IGNORECASE,
)
_NUMBER_LIKE = re.compile(r"(?<![A-Za-z0-9_.,])[+(]?\d[\d \-–()/]{5,20}\d(?![A-Za-z0-9_]|[.,]\d)")
_TITLE_AFTER = re.compile("(?:先生|女士|小姐|太太|同学|老师|经理)")
_TITLE_BEFORE = re.compile("(?:客户|顾客|会员|姓名|联系人|收货人)[:： ]?$")


def can_stand_alone(identifier: str) -> bool:
    """Say whether an identifier is telling enough to be searched for in running text."""
    digits = sum(c.isdecimal() for c in identifier)
    letters = sum(c.isalpha() for c in identifier)
    if re.fullmatch(f"[{HAN}]+", identifier):
        return len(identifier) >= 3
    return digits >= LEAST_DIGITS or (digits > 0 and letters > 0 and len(identifier) >= 4)


@dataclass(frozen=True)
class Wanted:
    """Persons of the inputs, ready to be looked for.

    Parameters
    ----------
    anywhere : frozenset of str
        Identifiers that are told from other words and numbers wherever they stand.
    in_columns : frozenset of str
        All identifiers; looked for in columns named like identifiers.
    columns : frozenset of str
        Names of such columns beside the usual ones, in small letters.
    names : Names
        Full names.
    phones : frozenset of str
        Last nine digits of known telephone numbers.
    emails : frozenset of str
        Known e-mail addresses, in small letters.
    patterns : bool
        Whether any e-mail address or telephone number counts, known or not.
    """

    anywhere: frozenset[str] = frozenset()
    in_columns: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()
    names: Names = field(default_factory=Names)
    phones: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    patterns: bool = True

    @classmethod
    def of(
        cls,
        *,
        identifiers: Iterable[str] = (),
        names: Iterable[str] = (),
        phones: Iterable[str] = (),
        emails: Iterable[str] = (),
        columns: Iterable[str] = (),
        patterns: bool = True,
    ) -> Wanted:
        """Sort raw values by how they can be looked for."""
        known = frozenset(identifiers)
        telling = {identifier for identifier in known if can_stand_alone(identifier)}
        lengths = Counter(len(i) for i in telling if i.isdecimal())
        dense = {n for n, count in lengths.items() if count > DENSEST * 9 * 10 ** (n - 1)}
        return cls(
            anywhere=frozenset(i for i in telling if not (i.isdecimal() and len(i) in dense)),
            in_columns=known,
            columns=frozenset(name.casefold() for name in columns),
            names=Names.of(names, reversed_too=False),
            phones=frozenset(normalise_contact(p, "phone") for p in phones) - {""},
            emails=frozenset(normalise_contact(e, "email") for e in emails) - {""},
            patterns=patterns,
        )

    def table(self) -> pd.DataFrame:
        """Return what is looked for, and where: columns ``kind``, ``values``, ``where``."""
        alone = len(self.anywhere)
        rows = [
            ("identifier", alone, "anywhere"),
            ("identifier", len(self.in_columns) - alone, "columns named like identifiers"),
            ("name", len(self.names.latin) + len(self.names.han), "anywhere"),
            ("known phone", len(self.phones), "anywhere"),
            ("known e-mail", len(self.emails), "anywhere"),
        ]
        return pd.DataFrame(rows, columns=["kind", "values", "where"])


class Searcher:
    """Finds wanted persons in pieces of text; made once, used for many files."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self._single: set[str] = set()
        self._starts: dict[str, set[tuple[int, int]]] = {}
        self._han = {i for i in wanted.anywhere if re.fullmatch(f"[{HAN}]+", i)}
        for identifier in wanted.anywhere - self._han:
            first = _TOKEN.search(identifier)
            if first is None:
                continue
            if first.group() == identifier:
                self._single.add(identifier)
            else:
                places = self._starts.setdefault(first.group(), set())
                places.add((first.start(), len(identifier)))
        self._han_lengths = sorted({len(i) for i in self._han}, reverse=True)

    def find(self, piece: Piece) -> list[Match]:
        """Find persons in one piece, in order of place and without overlaps."""
        text = piece.text
        found: list[Match] = []
        for match in (*self._identifiers(piece), *self._patterns(piece), *self._known(text)):
            if all(match.end <= other.start or match.start >= other.end for other in found):
                found.append(match)
        return sorted(found, key=lambda match: match.start)

    def _identifiers(self, piece: Piece) -> Iterator[Match]:
        text, whole = piece.text, piece.text.strip()
        if self._is_id_column(piece.column) and whole in self.wanted.in_columns:
            start = text.index(whole)
            yield Match(start, start + len(whole), "identifier")
            return
        if piece.number:
            return
        for token in _TOKEN.finditer(text):
            word, start = token.group(), token.start()
            if word in self._single and not (word.isdecimal() and _in_number(text, token)):
                yield Match(start, token.end(), "identifier")
            for offset, length in sorted(self._starts.get(word, ())):
                end = start - offset + length
                there = start >= offset and text[start - offset : end] in self.wanted.anywhere
                if there and not text[end : end + 1].isalnum():
                    yield Match(start - offset, end, "identifier")
        for run in _HAN_RUN.finditer(text) if self._han else ():
            for length in self._han_lengths:
                for start in range(run.start(), run.end() - length + 1):
                    if text[start : start + length] in self._han:
                        yield Match(start, start + length, "identifier")

    def _is_id_column(self, name: str) -> bool:
        plain = name.strip().casefold()
        return plain in self.wanted.columns or _ID_COLUMN.fullmatch(plain) is not None

    def _patterns(self, piece: Piece) -> Iterator[Match]:
        if not self.wanted.patterns:
            return
        for match in find_personal(piece.text, strict=True):
            # What was written as a number is a number, but for 11 digits that make a mobile.
            if not piece.number or re.fullmatch(r"1[3-9]\d{9}", piece.text.strip()):
                yield match

    def _known(self, text: str) -> Iterator[Match]:
        for match in self.wanted.names.find(text):
            if match.end - match.start > 2 or _stands_alone(text, match):
                yield match
        if self.wanted.phones:
            for found in _NUMBER_LIKE.finditer(text):
                if normalise_contact(found.group(), "phone") in self.wanted.phones:
                    yield Match(found.start(), found.end(), "phone")
        if self.wanted.emails and "@" in text:
            for found in re.finditer(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+", text):
                if found.group().strip(".").casefold() in self.wanted.emails:
                    yield Match(found.start(), found.end(), "e-mail")


def _in_number(text: str, token: re.Match[str]) -> bool:
    """Say whether digits are part of a decimal, a date, an ISBN or the like."""
    before, after = text[: token.start()][-2:], text[token.end() :][:2]
    return (
        re.fullmatch(r"[0-9][.,:/\-]|.?\.", before) is not None
        or re.fullmatch(r"[.,:/\-][0-9]", after) is not None
    )


def _stands_alone(text: str, match: Match) -> bool:
    """Say whether two Chinese signs are a name here: no others around, or a title."""
    before, after = text[: match.start], text[match.end :]
    if _TITLE_AFTER.match(after) or _TITLE_BEFORE.search(before):
        return True
    return not re.search(f"[{HAN}]$", before) and not re.match(f"[{HAN}]", after)


def hide(text: str, matches: Iterable[Match], *, around: Match, width: int = 40) -> str:
    """Return the text around one match, with every match replaced by its kind."""
    parts, last, centre = [], 0, 0
    for match in matches:
        parts.append(text[last : match.start])
        if match == around:
            centre = sum(map(len, parts))
        parts.append(f"[{match.kind}]")
        last = match.end
    masked = "".join([*parts, text[last:]])
    start, end = max(0, centre - width), centre + width + len(around.kind)
    cut = f"{'…' if start else ''}{masked[start:end]}{'…' if end < len(masked) else ''}"
    return re.sub(r"\s+", " ", cut).strip()

"""Free words without the persons in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import duckdb
import pandas as pd

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.intake.sqltypes import quote
from crmstudy.collection.privacy.keys import holds_persons
from crmstudy.collection.privacy.patterns import Match, find_personal
from crmstudy.collection.privacy.pseudonyms import with_mapping
from crmstudy.collection.privacy.words import ORDINARY

HAN = "\u3400-\u9fff"
_HAN_RUN = re.compile(f"[{HAN}]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-.][^\W\d_]+)*\.?")


@dataclass(frozen=True)
class Names:
    """Known names of persons, ready to be looked up in texts.

    Full names only: two words or more of a Latin name, in both orders, and two to four
    Chinese signs that are no ordinary word.
    """

    latin: frozenset[tuple[str, ...]] = frozenset()
    han: frozenset[str] = frozenset()
    firsts: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(cls, names: Iterable[str], *, reversed_too: bool = True) -> Names:
        """Take the names that can be told from words."""
        latin: set[tuple[str, ...]] = set()
        han: set[str] = set()
        for name in names:
            plain = re.sub(r"\s", "", name)
            if re.fullmatch(f"[{HAN}·]{{2,12}}", plain):
                if plain not in ORDINARY:
                    han.add(plain)
                continue
            words = tuple(word.casefold().rstrip(".") for word in _WORD.findall(name))
            if len(words) >= 2:
                latin.add(words)
                if reversed_too:
                    latin.add((words[-1], *words[:-1]))
        return cls(frozenset(latin), frozenset(han), frozenset(words[0] for words in latin))

    def find(self, text: str) -> list[Match]:
        """Find the names in a text."""
        return [*self._find_han(text), *self._find_latin(text)]

    def _find_han(self, text: str) -> Iterable[Match]:
        if not self.han:
            return
        lengths = sorted({len(name) for name in self.han}, reverse=True)
        for run in _HAN_RUN.finditer(text.replace("·", "一")):
            place = run.start()
            while place < run.end():
                for length in lengths:
                    if place + length <= run.end() and text[place : place + length] in self.han:
                        yield Match(place, place + length, "name")
                        place += length - 1
                        break
                place += 1

    def _find_latin(self, text: str) -> Iterable[Match]:
        if not self.latin:
            return
        words = list(_WORD.finditer(text))
        plain = [word.group().casefold().rstrip(".") for word in words]
        lengths = sorted({len(name) for name in self.latin}, reverse=True)
        done = -1
        for place, first in enumerate(plain):
            if place <= done or first not in self.firsts:
                continue
            for length in lengths:
                last = place + length - 1
                if last >= len(words):
                    continue
                if tuple(plain[place : last + 1]) in self.latin and _adjacent(
                    text, words[place : last + 1]
                ):
                    end = words[last].end() - words[last].group().endswith(".")
                    yield Match(words[place].start(), end, "name")
                    done = last
                    break


def _adjacent(text: str, words: Sequence[re.Match[str]]) -> bool:
    return all(
        re.fullmatch(r",?\s{1,2}", text[before.end() : after.start()])
        for before, after in pairwise(words)
    )


def mask_text(text: str, *, names: Names | None = None) -> tuple[str, Counter[str]]:
    """Replace persons in one text by ``[e-mail]``, ``[phone]``, ``[name]`` and the like.

    Parameters
    ----------
    text : str
        A comment, in any language.
    names : Names, optional
        Known names of customers.

    Returns
    -------
    str, Counter
        The masked text, and how often each kind was found.

    Notes
    -----
    Found are e-mail addresses, telephone numbers in international, Chinese, North American
    and common European forms, Chinese identity numbers, card and bank account numbers
    (both with their check digits), WeChat and QQ accounts that are called so. Numbers
    behind a word such as *order* or 订单号 stay.
    """
    found = find_personal(text)
    if names is not None:
        found += [
            match
            for match in names.find(text)
            if all(match.end <= other.start or match.start >= other.end for other in found)
        ]
    masked = text
    for match in sorted(found, key=lambda match: match.start, reverse=True):
        masked = f"{masked[: match.start]}[{match.kind}]{masked[match.end :]}"
    return masked, Counter(match.kind for match in found)


@dataclass(frozen=True)
class Masked:
    """What was masked in one column: texts changed, and places by kind."""

    dataset: str
    table: str
    column: str
    texts: int
    places: Mapping[str, int]


def word_columns(table: str, columns: Sequence[str], items: Sequence[str] = ()) -> list[str]:
    """Name the columns whose texts may hold persons: free words, attributes of persons.

    Parameters
    ----------
    table : str
        Canonical name.
    columns : sequence of str
        Columns that are there.
    items : sequence of str
        Items of the questionnaire, which are numbers.
    """
    contract = CONTRACTS.get(table)
    known = contract.columns if contract else {}
    return [
        name
        for name in columns
        if (
            known[name].privacy == "words"
            if name in known
            else name not in items and holds_persons(table)
        )
    ]


def mask_words(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    table: str,
    columns: Sequence[str],
    *,
    names: Names | None = None,
) -> list[Masked]:
    """Mask persons in the words of one table of the database, in place.

    Each distinct text is looked at once; columns that hold no text are passed over.

    Returns
    -------
    list of Masked
        One entry a column of text.
    """
    sql = (
        "SELECT column_name FROM information_schema.columns WHERE table_catalog = "
        "current_database() AND table_schema = ? AND table_name = ? AND data_type = 'VARCHAR'"
    )
    texts = {row[0] for row in connection.execute(sql, [dataset, table]).fetchall()}
    return [
        _mask_column(connection, dataset, table, column, names)
        for column in columns
        if column in texts
    ]


def _mask_column(
    connection: duckdb.DuckDBPyConnection,
    dataset: str,
    table: str,
    column: str,
    names: Names | None,
) -> Masked:
    place, name = f'"{dataset}"."{table}"', quote(column)
    # Most texts hold no digit run, no @ and no name: the database passes over them.
    likely = "" if names and (names.latin or names.han) else f" WHERE {_likely(column)}"
    raw = connection.execute(
        f"SELECT {name}, count(*) FROM {place}{likely} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    changed: dict[str, str] = {}
    places: Counter[str] = Counter()
    texts = 0
    for text, rows in ((text, rows) for text, rows in raw if text is not None):
        masked, found = mask_text(text, names=names)
        if found:
            changed[text] = masked
            texts += rows
            places.update({kind: count * rows for kind, count in found.items()})
    if changed:
        with_mapping(connection, list(changed), list(changed.values()))
        connection.execute(
            f"UPDATE {place} SET {name} = m.pseudonym FROM crmstudy_mapping m WHERE {name} = m.raw"
        )
        connection.execute("DROP TABLE crmstudy_mapping")
    return Masked(dataset, table, column, texts, dict(sorted(places.items())))


def _likely(column: str) -> str:
    digits = "[0-9０-９](?:[^0-9０-９]*[0-9０-９]){4}"
    words = "[@＠]|[\\[(（](?i:at)[\\])）]|微信|(?i:wechat|weixin|qq)"
    return f"regexp_matches({quote(column)}, '{words}|{digits}')"


def tabulate_masked(masked: Iterable[Masked]) -> pd.DataFrame:
    """Arrange what was masked: data set, table, column, kind, places; a row a kind."""
    columns = ["data set", "table", "column", "kind", "places"]
    rows = [
        (one.dataset, one.table, one.column, kind, count)
        for one in masked
        for kind, count in one.places.items()
    ]
    return pd.DataFrame(rows, columns=columns)

"""From a column as it arrives to a typed one, as SQL: what cannot be read becomes NULL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crmstudy.collection.contracts.contract import Expected
from crmstudy.collection.contracts.tables import Column
from crmstudy.collection.intake.places import Places
from crmstudy.settings import TableSource

#: Number of a row in its file, beside the columns; no header can hold a leading space.
ROW = " row"

TRUE = ("true", "yes", "1", "y", "t", "是")
FALSE = ("false", "no", "0", "n", "f", "否")

_DAY = "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}"
_TIME = "(?:[01][0-9]|2[0-3]):[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,9})?)?"
#: A year alone, or a time with its zone, says no day and time at the firm's place.
MOMENT = f"{_DAY}(?:[ T]{_TIME})?"
MONTH = "[1-9][0-9]{3}-[0-9]{2}"
COMPACT = "[1-9][0-9]{7}"
#: The moments whose year has four digits, as in the patterns.
FIRST_MOMENT = "TIMESTAMP '1000-01-01'"
LAST_MOMENT = "TIMESTAMP '9999-12-31 23:59:59.999999'"

#: What a directive of date_format stands for; DuckDB alone would take a year of two digits.
DIRECTIVES = {
    "Y": "[1-9][0-9]{3}",
    "y": "[0-9]{2}",
    "j": "[0-9]{1,3}",
    "f": "[0-9]{1,6}",
    **dict.fromkeys("mdHIMS", "[0-9]{1,2}"),
    **dict.fromkeys("bBaA", r"\p{L}+"),
    "p": "[AaPp][Mm]",
    "%": "%",
}

NUMERIC = ("DOUBLE", "FLOAT", "DECIMAL", "HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT")
FLOATING = ("DOUBLE", "FLOAT")


#: What Python's str.strip takes off, as an SQL literal.
BLANKS = (
    "'"
    + "".join(map(chr, (*range(9, 14), *range(28, 33), 0x85, 0xA0, 0x1680)))
    + ("".join(map(chr, (*range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))) + "'")
)


@dataclass(frozen=True)
class Staged:
    """Rows as they arrived, ready to be typed.

    Parameters
    ----------
    relation : str
        A table, view or reader to select from, as SQL.
    columns : mapping of str to str
        DuckDB's type of each column, by the names in the header.
    numbered : bool
        Whether the column :data:`ROW` counts the rows of the file.
    blanks : {"none", "spaces", "any"}
        What may stand around texts: nothing any more, spaces, or any Unicode blank.
    as_is : bool
        Whether typed values stay as they are, and further columns keep their type.
    iso : bool
        Whether dates may stand in ISO form beside date_format (typed cells).
    empty_is_null : bool
        Whether empty fields have become NULL already.
    plain : bool
        Whether no text holds what DuckDB alone reads as part of a number.
    places : Places
        Where numbered rows stand, when they are no lines of one file.
    """

    relation: str
    columns: Mapping[str, str]
    numbered: bool = False
    blanks: Literal["none", "spaces", "any"] = "none"
    as_is: bool = False
    iso: bool = False
    empty_is_null: bool = False
    plain: bool = False
    places: Places = field(default_factory=Places)


@dataclass(frozen=True)
class Plan:
    """How one column of a file becomes one of ours.

    ``text``, ``cast``, ``parsed`` and ``value`` are SQL, each over those before: the text
    without blanks and missing codes in our words (``t0``, ``t1`` ...), what DuckDB makes of
    it (``q0``, numbers and moments), its typed form (``p0``; NULL where it cannot be read), and
    the value in our units (``v0``). Each is a step of its own, so that none is computed twice.
    """

    place: int
    theirs: str
    ours: str
    rule: Column
    text: str
    cast: str
    parsed: str
    value: str
    words: Mapping[str, str] = field(default_factory=dict)
    layout: str = ""
    decimal: str = "."

    def aliased(self, level: str) -> str:
        """Name the column at one of the levels: raw ``x``, ``t``, ``p`` or ``v``."""
        return f"{level}{self.place}"


def quote(name: str) -> str:
    """Write a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def plan_columns(
    names: Mapping[str, str],
    expected: Expected,
    staged: Staged,
    source: TableSource | None = None,
) -> list[Plan]:
    """Write the SQL that types the columns of a table.

    Parameters
    ----------
    names : mapping of str to str
        Canonical name of each column of the header.
    source : TableSource, optional
        How study.yml says the file is written.
    """
    source = source or TableSource(file="any.csv")
    return [
        _plan(place, theirs, ours, expected, staged, source)
        for place, (theirs, ours) in enumerate(names.items())
    ]


def _plan(
    place: int, theirs: str, ours: str, expected: Expected, staged: Staged, source: TableSource
) -> Plan:
    rule = expected.column(ours)
    native = staged.columns[theirs].upper()
    words = source.values.get(ours, {})
    further = staged.as_is and ours not in expected.columns()
    if not words and (further or _fits(native, rule, staged)):
        text, parsed = _keep(f"x{place}", native, "" if further else rule.kind, staged), f"t{place}"
    else:
        text = _text(f"x{place}", native, staged, source, words)
        parsed = _parse(f"t{place}", rule, source, staged)
    codes = (*source.missing, *expected.codes.get(ours, ()))
    value = _value(f"p{place}", rule, source, ours, codes, as_is=staged.as_is)
    layout = source.date_format or ""
    cast = _cast(f"t{place}", rule, source, parsed == f"t{place}")
    decimal = source.decimal
    return Plan(place, theirs, ours, rule, text, cast, parsed, value, words, layout, decimal)


def _fits(native: str, rule: Column, staged: Staged) -> bool:
    """Whether a typed column has the kind wanted already."""
    if rule.kind in ("number", "integer"):
        return native.startswith((*NUMERIC, "U"))
    if rule.kind == "date":
        return native == "DATE" or (native.startswith("TIMESTAMP") and "ZONE" not in native)
    if rule.kind == "boolean":
        return native == "BOOLEAN"
    return native == "VARCHAR" and staged.as_is


def _keep(x: str, native: str, kind: str, staged: Staged) -> str:
    """Take a typed value as it is, in the one type of its kind; NaN is no value."""
    cast = {"number": "DOUBLE", "integer": "DOUBLE", "date": "TIMESTAMP"}.get(kind)
    value = f"CAST({x} AS {cast})" if cast and not staged.as_is else x
    return f"CASE WHEN NOT isnan({x}) THEN {value} END" if native in FLOATING else value


def _text(
    x: str, native: str, staged: Staged, source: TableSource, words: Mapping[str, str]
) -> str:
    """Write a value as text, without blanks and missing codes, in our words."""
    text = x if native == "VARCHAR" else f"CAST({x} AS VARCHAR)"
    if native in FLOATING:
        # A number that stands for an identifier: 17, not 17.0.
        text = (
            f"CASE WHEN isnan({x}) THEN NULL WHEN {x} = trunc({x}) AND abs({x}) < 1e15 "
            f"THEN CAST(CAST({x} AS BIGINT) AS VARCHAR) ELSE {text} END"
        )
    if native == "VARCHAR" and staged.blanks != "none":
        text = f"trim({text})" if staged.blanks == "spaces" else f"trim({text}, {BLANKS})"
    if not source.missing and not words:
        return x if text == x and staged.empty_is_null else f"nullif({text}, '')"
    codes = ", ".join(dict.fromkeys(literal(str(code)) for code in ("", *source.missing)))
    ours = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in words.items())
    mapped = f"CASE {text} {ours} ELSE {text} END" if ours else text
    return f"CASE WHEN {text} NOT IN ({codes}) THEN {mapped} END"


def _parse(t: str, rule: Column, source: TableSource, staged: Staged) -> str:
    if rule.kind in ("number", "integer"):
        return _parse_number(t, source, plain=staged.plain)
    if rule.kind == "date":
        return _parse_date(t, source.date_format, iso=staged.iso)
    if rule.kind == "boolean":
        true, false = (", ".join(map(literal, words)) for words in (TRUE, FALSE))
        cases = f"WHEN lower({t}) IN ({true}) THEN true WHEN lower({t}) IN ({false}) THEN false"
        return f"CASE {cases} END"
    return t


def _parse_number(t: str, source: TableSource, *, plain: bool) -> str:
    """Take a number unless DuckDB alone reads it so; a test compares it with a pattern."""
    strange = [] if plain else [f"contains({t}, '_')", f"starts_with({t}, '+-')"]
    if source.decimal == ",":
        strange.append(f"contains({t}, '.')")
    number = f"q{t[1:]}"
    taken = " AND ".join([f"isfinite({number})", *(f"NOT {sign}" for sign in strange)])
    return f"CASE WHEN {taken} THEN {number} END"


def _cast(t: str, rule: Column, source: TableSource, ready: bool) -> str:
    """Let DuckDB make a number or a moment of a text; nothing for what is one, or neither."""
    if not ready and rule.kind == "date" and not source.date_format:
        return f"TRY_CAST({t} AS TIMESTAMP)"
    if ready or rule.kind not in ("number", "integer"):
        return ""
    plain = t if source.decimal == "." else f"replace({t}, ',', '.')"
    return f"TRY_CAST({plain} AS DOUBLE)"


def _parse_date(t: str, layout: str | None, *, iso: bool) -> str:
    own = (
        f"WHEN {_matches(t, _pattern(layout))} THEN TRY_STRPTIME({t}, {literal(layout)})"
        if (layout)
        else ""
    )
    plain = (
        f"WHEN {_matches(t, MOMENT)} THEN TRY_CAST({t} AS TIMESTAMP) "
        f"WHEN {_matches(t, MONTH)} THEN TRY_CAST({t} || '-01' AS TIMESTAMP)"
    )
    compact = f"WHEN {_matches(t, COMPACT)} THEN TRY_STRPTIME({t}, '%Y%m%d')"
    cases = (own, plain if iso else "") if layout else (_as_written(t), plain, compact)
    return f"CASE {' '.join(cases)} END"


def _as_written(t: str) -> str:
    """Take a moment that DuckDB writes just so; comparing is faster than any pattern."""
    moment = f"q{t[1:]}"
    return (
        f"WHEN {moment} BETWEEN {FIRST_MOMENT} AND {LAST_MOMENT} "
        f"AND (CAST({moment} AS VARCHAR) = {t} OR CAST(CAST({moment} AS DATE) AS VARCHAR) = {t}) "
        f"THEN {moment}"
    )


def _matches(t: str, pattern: str) -> str:
    return f"regexp_full_match({t}, {literal(pattern)})"


def _pattern(layout: str) -> str:
    """Write a date_format as a regular expression: as many digits as it says."""
    return "".join(
        DIRECTIVES.get(part, ".+") if place % 2 else re.escape(part)
        for place, part in enumerate(re.split("%(.)", layout))
    )


def _value(
    p: str,
    rule: Column,
    source: TableSource,
    ours: str,
    missing: Sequence[str | float],
    *,
    as_is: bool,
) -> str:
    """Blank missing codes (-99 is -99.0 too) and bring a number into our unit."""
    if rule.kind not in ("number", "integer"):
        return p
    value = p
    factor = source.units.get(ours)
    if factor is not None:
        parts = round(1 / factor)
        # 1999 / 100 is 19.99; 1999 * 0.01 is not.
        whole = parts > 1 and abs(parts * factor - 1) < 1e-12
        value = f"({p} / {parts}::DOUBLE)" if whole else f"({p} * {factor!r}::DOUBLE)"
    if rule.kind == "integer" and not as_is:
        value = f"CASE WHEN {value} = trunc({value}) THEN TRY_CAST({value} AS BIGINT) END"
    codes = [repr(float(code)) for code in missing if isinstance(code, (int, float))]
    return f"CASE WHEN {p} NOT IN ({', '.join(codes)}) THEN {value} END" if codes else value

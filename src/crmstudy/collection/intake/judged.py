"""What can be wrong with one expert's pairwise judgements, by the row of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb

from crmstudy.appraisal import SELECTION_MATRIX
from crmstudy.collection.contracts.contract import Expected
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.intake.gaps import find_gaps
from crmstudy.collection.intake.sqltypes import ROW, Plan, literal, quote

KEY = ("expert", "matrix", "row", "column")
NUMBER = "[+]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)"

# 1/9 is often typed as 0.11, and 1/8 as 0.12 or 0.13: two decimals are let pass.
LOWEST, HIGHEST = 1 / 9 - 0.005, 9.0
TYPED_TOLERANCE = 0.05

#: Signs in other scripts, and those of a number or a fraction that they stand for.
OTHER_SIGNS, PLAIN_SIGNS = "０１２３４５６７８９．，,／⁄", "0123456789...//"

#: The condition that breaks a rule, the value to show, the words, the column.
Parts = tuple[str, str, Callable[[str | None], tuple[str, str, str]], str]


def judgement_value(text: str) -> str:
    """Write the SQL that reads 3, 0.5 or 1/3; NULL for anything else."""
    text = f"translate(CAST({text} AS VARCHAR), '{OTHER_SIGNS}', '{PLAIN_SIGNS}')"
    part = "TRY_CAST(split_part({0}, '/', {1}) AS DOUBLE)"
    upper, lower = part.format(text, 1), part.format(text, 2)
    return (
        f"CASE WHEN regexp_full_match({text}, '{NUMBER}') THEN TRY_CAST({text} AS DOUBLE) "
        f"WHEN regexp_full_match({text}, '{NUMBER}\\s*/\\s*{NUMBER}') AND {lower} > 0 "
        f"THEN {upper} / {lower} END"
    )


def judgement_condition(text: str) -> str:
    """Write the condition that a text is no judgement on Saaty's scale."""
    value = judgement_value(text)
    on_scale = f"coalesce(({value}) BETWEEN {LOWEST!r} AND {HIGHEST!r}, false)"
    return f"({text} IS NOT NULL AND NOT {on_scale})"


def judgement_rules(places: Mapping[str, Plan], expected: Expected) -> Iterator[Parts]:
    """List the rules that the hierarchy of study.yml gives to the names in one row.

    Parameters
    ----------
    places : mapping of str to Plan
        The columns of the table by our names.
    """
    asked = expected.judgements.matrices
    if expected.contract.name != "judgements" or "matrix" not in places or not asked:
        return
    matrix = places["matrix"].aliased("v")
    choice = (
        f"({matrix} = '{SELECTION_MATRIX}' OR starts_with({matrix}, '{SELECTION_MATRIX}.'))"
        if expected.selection.criteria
        else "false"
    )
    yield _one_of(places["matrix"], list(asked), where=f"NOT {choice}")
    for name, under in asked.items():
        for side in ("row", "column"):
            if side in places:
                yield _one_of(places[side], under, where=f"{matrix} = {literal(name)}")


def _one_of(plan: Plan, known: Sequence[str], *, where: str) -> Parts:
    words = ", ".join(map(literal, known))

    def tell(found: str | None) -> tuple[str, str, str]:
        chosen = plan.ours == "matrix" and str(found).split(".")[0] == SELECTION_MATRIX
        near = hint(str(found), known)
        remedy = Message("no choice") if chosen else Message("correct element", near=near)
        return repr(found), Message("one of", words=tuple(known)), remedy

    value = plan.aliased("v")
    return f"({where} AND {value} NOT IN ({words}))", value, tell, plan.ours


def has_gap(connection: duckdb.DuckDBPyConnection, target: str, expected: Expected) -> bool:
    """Whether in a finished table an expert judged too little."""
    names = ", ".join(map(quote, KEY))
    pairs = connection.execute(f"SELECT {names} FROM {target}").fetchall()
    return next(find_gaps(pairs, expected, file=""), None) is not None


def has_contradiction(connection: duckdb.DuckDBPyConnection, target: str) -> bool:
    """Whether a finished table holds a pair that contradicts itself."""
    names = ", ".join(map(quote, KEY))
    sql = f"SELECT {names}, {judgement_value('value')} AS v FROM {target}"
    again = 'b."row" = a."column" AND b."column" = a."row"'
    found = connection.execute(
        f"WITH j AS ({sql}) SELECT 1 FROM j a JOIN j b USING (expert, matrix) WHERE {again} "
        f"AND abs(a.v * b.v - 1) > {TYPED_TOLERANCE} LIMIT 1"
    )
    return bool(found.fetchall())


def find_judgement_problems(
    connection: duckdb.DuckDBPyConnection,
    typed: str,
    plan: Sequence[Plan],
    *,
    file: str,
    asked: Expected | None = None,
) -> Iterator[Problem]:
    """List values off Saaty's scale, rows on the diagonal, and pairs that contradict.

    With what was ``asked`` also experts who judged too little.
    """
    places = {column.ours: column for column in plan}
    if "value" not in places:
        return
    row, text, shown = quote(ROW), places["value"].aliased("t"), places["value"].aliased("x")
    off = connection.execute(
        f"SELECT {row}, {shown} FROM ({typed}) WHERE {judgement_condition(text)} ORDER BY {row}"
    )
    for number, found in off.fetchall():
        allowed, remedy = Message("a judgement"), Message("judge again")
        yield Problem(file, int(number), "value", repr(str(found)), allowed, remedy)
    if not set(KEY) <= set(places):
        return
    names = ", ".join(f"{places[name].aliased('v')} AS {quote(name)}" for name in KEY)
    value = judgement_value(text)
    table = f"SELECT {row} AS n, {names}, {shown} AS shown, {value} AS v FROM ({typed})"
    yield from _diagonal(connection, table, file)
    yield from _contradictions(connection, table, file)
    if asked is not None:
        pairs = connection.execute(f"SELECT {', '.join(map(quote, KEY))} FROM ({table})")
        yield from find_gaps(pairs.fetchall(), asked, file=file)


def _diagonal(connection: duckdb.DuckDBPyConnection, table: str, file: str) -> Iterator[Problem]:
    sql = f'SELECT n, "row", shown FROM ({table}) WHERE "row" = "column" AND v <> 1 ORDER BY n'
    for number, name, value in connection.execute(sql).fetchall():
        found = Message("on the diagonal", value=value, name=name)
        one = Message("one on the diagonal")
        yield Problem(file, int(number), "value", found, one, Message("take out row"))


def _contradictions(
    connection: duckdb.DuckDBPyConnection, table: str, file: str
) -> Iterator[Problem]:
    sql = (
        f"WITH j AS ({table}) SELECT b.n, b.shown, a.n, a.shown "
        "FROM j a JOIN j b USING (expert, matrix) "
        'WHERE a.n < b.n AND b."row" = a."column" AND b."column" = a."row" '
        f"AND a.v > 0 AND b.v > 0 AND abs(a.v * b.v - 1) > {TYPED_TOLERANCE} ORDER BY b.n, a.n"
    )
    for number, value, other_row, other in connection.execute(sql).fetchall():
        found = Message("not reciprocal", value=value, other=other, row=other_row)
        remedy = Message("keep one judgement")
        yield Problem(file, int(number), "value", found, Message("a reciprocal"), remedy)

"""A contract's rules as SQL: one pass that stops at a broken rule, one that names each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import duckdb

from crmstudy.collection.contracts.contract import Expected, describe_rule
from crmstudy.collection.contracts.messages import Message
from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.intake.judged import (
    find_judgement_problems,
    judgement_condition,
    judgement_rules,
)
from crmstudy.collection.intake.rated import find_figures_again, selection_rules
from crmstudy.collection.intake.sqltypes import ROW, Plan, Staged, literal, quote

#: Problems of one rule in one column that are listed; the rest is counted in the last.
MOST = 100_000

#: What the fast pass says when it meets a row that needs the precise one.
BROKEN = "a row that breaks the contract"

Told = tuple[str, str, str]


@dataclass(frozen=True)
class Rule:
    """One rule: the condition that breaks it, the value to show, and the words."""

    broken: str
    shown: str
    tell: Callable[[str | None], Told]
    column: str


def select_typed(staged: Staged, plan: Sequence[Plan]) -> str:
    """Write the query that types staged rows, with every level of every column."""
    row = f"{quote(ROW)}, " if staged.numbered else ""
    raw = ", ".join(f"{quote(column.theirs)} AS {column.aliased('x')}" for column in plan)
    query = f"SELECT {row}{raw} FROM {staged.relation}"
    for level, part in (("t", "text"), ("q", "cast"), ("p", "parsed"), ("v", "value")):
        steps = [(getattr(column, part), column.aliased(level)) for column in plan]
        made = "".join(f", {sql} AS {name}" for sql, name in steps if sql)
        query = f"SELECT *{made} FROM ({query})"
    return query


def list_rules(plan: Sequence[Plan], expected: Expected) -> list[Rule]:
    """List the rules that concern one row: of each column, and between two of them."""
    rules = [rule for column in plan for rule in _column_rules(column)]
    values = {column.ours: column for column in plan}
    for first, second in expected.contract.order:
        if first in values and second in values:
            rules.append(_order_rule(values[first], values[second]))
    asked = (*judgement_rules(values, expected), *selection_rules(values, expected))
    return [*rules, *(Rule(*parts) for parts in asked)]


def _column_rules(plan: Plan) -> Iterator[Rule]:
    t, p, v = (plan.aliased(level) for level in "tpv")
    rule, name = plan.rule, plan.ours
    allowed = describe_rule(rule)
    if plan.parsed != t:
        yield Rule(f"({t} IS NOT NULL AND {p} IS NULL)", plan.aliased("x"), _unreadable(plan), name)
    if not rule.nullable:
        empty = (Message("empty value"), allowed, Message("fill or leave"))
        yield Rule(
            f"({v} IS NULL AND ({t} IS NULL OR {p} IS NOT NULL))", "NULL", lambda _: empty, name
        )
    if rule.kind == "integer":
        yield Rule(f"({p} <> trunc({p}))", p, _bad(allowed, "correct value"), name)
    bounds = [(rule.minimum, "<"), (rule.maximum, ">")]
    outside = " OR ".join(f"{v} {sign} {end!r}" for end, sign in bounds if end is not None)
    if outside:
        yield Rule(f"({outside})", p, _bad(allowed, "correct or missing"), name)
    if rule.allowed:
        words = ", ".join(map(literal, rule.allowed))
        yield Rule(f"({v} NOT IN ({words}))", plan.aliased("x"), _no_word(plan, allowed), name)


def _unreadable(plan: Plan) -> Callable[[str | None], Told]:
    allowed = describe_rule(plan.rule)
    remedies = {
        "date": Message("write date as", layout=plan.layout)
        if plan.layout
        else Message("write date"),
        "boolean": Message("write boolean"),
    }

    def tell(found: str | None) -> Told:
        remedy = remedies.get(plan.rule.kind, Message("write number"))
        comma = plan.decimal == "." and re.fullmatch(r"[+-]?\d+,\d{1,2}", found or "")
        if plan.rule.kind in ("number", "integer") and comma:
            remedy = Message("decimal comma")
        return repr(found), allowed, remedy

    return tell


def _bad(allowed: Message, remedy: str) -> Callable[[str | None], Told]:
    def tell(found: str | None) -> Told:
        # As a file writes it: 11, not 11.0.
        return f"{float(found or 'nan'):.15g}", allowed, Message(remedy)

    return tell


def _no_word(plan: Plan, allowed: Message) -> Callable[[str | None], Told]:
    key = "give rate" if plan.ours == "currency" else "map word"

    def tell(found: str | None) -> Told:
        return repr(found), allowed, Message(key, column=plan.ours, word=str(found))

    return tell


def _order_rule(first: Plan, second: Plan) -> Rule:
    low, high = first.aliased("v"), second.aliased("v")

    def tell(found: str | None) -> Told:
        one, _, other = (found or "").partition("\0")
        names = {"first": first.ours, "second": second.ours}
        greater = Message("greater", low=one, high=other, **names)
        return greater, Message("in order", **names), Message("correct order")

    shown = f"{first.aliased('x')} || chr(0) || {second.aliased('x')}"
    return Rule(f"({low} > {high})", shown, tell, f"{first.ours}, {second.ours}")


def guard(plan: Sequence[Plan], expected: Expected) -> str:
    """Write the condition that a row breaks some rule, or is empty."""
    rules = [rule.broken for rule in list_rules(plan, expected)]
    if expected.contract.name == "judgements":
        rules += [judgement_condition(p.aliased("t")) for p in plan if p.ours == "value"]
    empty = " AND ".join(f"{p.aliased('t')} IS NULL" for p in plan)
    return " OR ".join([*rules, f"({empty})"])


def find_duplicates(
    connection: duckdb.DuckDBPyConnection, relation: str, key: Sequence[str]
) -> bool:
    """Whether a key without empty values stands twice."""
    columns = ", ".join(key)
    whole = " AND ".join(f"{column} IS NOT NULL" for column in key)
    sql = f"SELECT 1 FROM {relation} WHERE {whole} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1"
    return bool(connection.execute(sql).fetchall())


def find_problems(
    connection: duckdb.DuckDBPyConnection,
    staged: Staged,
    plan: Sequence[Plan],
    expected: Expected,
    *,
    file: str,
) -> list[Problem]:
    """List every value of numbered rows that breaks a rule, in the order of the file."""
    rules = list_rules(plan, expected)
    typed = select_typed(staged, plan)
    problems: list[Problem] = []
    if rules:
        broken = " OR ".join(rule.broken for rule in rules)
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE broken AS SELECT * FROM ({typed}) WHERE {broken}"
        )
        for rule in rules:
            problems += _named(connection, rule, file)
        connection.execute("DROP TABLE broken")
    problems += _duplicates(connection, typed, plan, expected, file)
    if expected.contract.name == "judgements":
        named = {"expert", "matrix", "row", "column"} & {problem.column for problem in problems}
        asked = None if named else expected
        problems += find_judgement_problems(connection, typed, plan, file=file, asked=asked)
    if expected.contract.name == "systems":
        problems += find_figures_again(connection, typed, plan, file=file)
    return sorted(problems, key=lambda problem: (problem.row or 0, problem.column))


def _named(connection: duckdb.DuckDBPyConnection, rule: Rule, file: str) -> Iterator[Problem]:
    row = quote(ROW)
    sql = (
        f"SELECT {row}, CAST({rule.shown} AS VARCHAR) FROM broken WHERE {rule.broken} "
        f"ORDER BY {row} LIMIT {MOST + 1}"
    )
    rows = connection.execute(sql).fetchall()
    for number, found in rows[:MOST]:
        yield Problem(file, int(number), rule.column, *rule.tell(found))
    if len(rows) > MOST:
        count = connection.execute(f"SELECT count(*) FROM broken WHERE {rule.broken}").fetchall()
        left = int(count[0][0]) - MOST
        _, allowed, remedy = rule.tell(rows[MOST][1])
        more = Message("too many", count=left)
        yield Problem(file, int(rows[MOST - 1][0]), rule.column, more, allowed, remedy)


def _duplicates(
    connection: duckdb.DuckDBPyConnection,
    typed: str,
    plan: Sequence[Plan],
    expected: Expected,
    file: str,
) -> Iterator[Problem]:
    key = expected.contract.key
    places = {column.ours: column.aliased("v") for column in plan}
    if not key or not set(key) <= set(places):
        return
    columns = [places[name] for name in key]
    shown = ", ".join(f"CAST({column} AS VARCHAR)" for column in columns)
    whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    sql = (
        f"SELECT {quote(ROW)}, {shown} FROM ({typed}) WHERE {whole} "
        f"QUALIFY row_number() OVER (PARTITION BY {', '.join(columns)} ORDER BY {quote(ROW)}) > 1 "
        f"ORDER BY {quote(ROW)} LIMIT {MOST}"
    )
    for number, *values in connection.execute(sql).fetchall():
        found = Message("second time", values=", ".join(map(repr, values)))
        yield Problem(
            file, int(number), ", ".join(key), found, Message("each once"), Message("keep one")
        )


def create_table(
    connection: duckdb.DuckDBPyConnection,
    target: str,
    staged: Staged,
    plan: Sequence[Plan],
    *,
    broken: str = "",
    further: Mapping[str, str] = MappingProxyType({}),
    keep: str = "",
) -> None:
    """Write staged rows, typed, into a table, in the order of the file.

    Parameters
    ----------
    target : str
        Name of the table, quoted.
    broken : str
        The condition at which the whole statement fails with :data:`BROKEN`.
    further : mapping of str to str
        Columns that are made from others: name and SQL.
    keep : str
        The condition of the rows that are written; the others are checked all the same.
    """
    names = [f"{column.aliased('v')} AS {quote(column.ours)}" for column in plan]
    where = f" WHERE {keep}" if keep else ""
    if broken:
        # Inside the projection it is computed over values already there; a WHERE would be
        # pushed down to the file and type everything twice.
        first = plan[0].aliased("v")
        stop = f"CASE WHEN {broken} THEN error({literal(BROKEN)}) ELSE {first} END"
        names[0] = f"{stop} AS {quote(plan[0].ours)}"
        if keep:
            where = (
                f" WHERE CASE WHEN {keep} THEN true WHEN {broken} "
                f"THEN CAST(error({literal(BROKEN)}) AS BOOLEAN) ELSE false END"
            )
    names += [f"{made} AS {quote(name)}" for name, made in further.items()]
    order = f" ORDER BY {quote(ROW)}" if staged.numbered else ""
    typed = select_typed(staged, plan)
    sql = f"SELECT {', '.join(names)} FROM ({typed}){where}{order}"
    connection.execute(f"CREATE TABLE {target} AS {sql}")

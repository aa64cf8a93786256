"""What can be wrong with CRM systems in ratings and judgements, by the row of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import duckdb

from crmstudy.appraisal import SELECTION_MATRIX, SelectionCriterion
from crmstudy.collection.contracts.contract import Expected
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.intake.sqltypes import ROW, Plan, literal, quote

Told = tuple[str, str, str]
#: The condition that breaks it, the value to show, the words, the column.
Parts = tuple[str, str, Callable[[str | None], Told], str]

CELL = ("system", "criterion")


def selection_rules(places: Mapping[str, Plan], expected: Expected) -> Iterator[Parts]:
    """List the rules of one row that study.yml gives by its criteria and CRM systems.

    Parameters
    ----------
    places : mapping of str to Plan
        The columns of the table by our names.
    """
    spec = expected.selection
    if not spec.criteria:
        return
    if expected.contract.name == "systems":
        yield from _names(places, "criterion", tuple(spec.criteria), "correct criterion")
        yield from _names(places, "system", tuple(spec.systems), "correct system")
        if {"criterion", "value"} <= set(places):
            for name, criterion in spec.criteria.items():
                yield _off_scale(places["criterion"], places["value"], name, criterion)
    elif expected.contract.name == "judgements" and "matrix" in places:
        matrix = places["matrix"].aliased("v")
        below = f"starts_with({matrix}, '{SELECTION_MATRIX}.')"
        matrices = tuple(f"{SELECTION_MATRIX}.{name}" for name in spec.criteria)
        yield from _names(places, "matrix", matrices, "correct criterion", where=below)
        for side in ("row", "column"):
            top = f"{matrix} = '{SELECTION_MATRIX}'"
            criteria, systems = tuple(spec.criteria), tuple(spec.systems)
            yield from _names(places, side, criteria, "correct criterion", where=top)
            yield from _names(places, side, systems, "correct system", where=below)


def _names(
    places: Mapping[str, Plan],
    column: str,
    known: tuple[str, ...],
    remedy: str,
    where: str = "true",
) -> Iterator[Parts]:
    """Refuse a name that study.yml does not have; where it names none, any will do."""
    if column not in places or not known:
        return
    words = ", ".join(map(literal, known))
    broken = f"({where} AND {places[column].aliased('v')} NOT IN ({words}))"

    def tell(found: str | None) -> Told:
        near = hint(str(found), known)
        return repr(found), Message("one of", words=known), Message(remedy, near=near)

    yield broken, places[column].aliased("v"), tell, column


def _off_scale(name: Plan, value: Plan, criterion: str, spec: SelectionCriterion) -> Parts:
    low, high = spec.bounds
    v, number = value.aliased("v"), Message("a number")
    outside = f"{v} < {low!r}" if spec.scale is None else f"{v} NOT BETWEEN {low!r} AND {high!r}"
    allowed = Message("from to", rule=number, low=f"{low:g}", high=f"{high:g}")
    if spec.scale is None:
        allowed = Message("at least", rule=number, low=f"{low:g}")

    def tell(found: str | None) -> Told:
        remedy = Message("rate on scale", criterion=criterion)
        return f"{float(found or 'nan'):.15g}", allowed, remedy

    return f"({name.aliased('v')} = {literal(criterion)} AND {outside})", v, tell, "value"


def has_figure_again(connection: duckdb.DuckDBPyConnection, target: str) -> bool:
    """Whether a finished table holds two figures without a rater for one system and criterion."""
    cell = ", ".join(CELL)
    sql = f"SELECT 1 FROM {target} WHERE rater IS NULL GROUP BY {cell} HAVING count(*) > 1 LIMIT 1"
    return bool(connection.execute(sql).fetchall())


def find_figures_again(
    connection: duckdb.DuckDBPyConnection, typed: str, plan: Sequence[Plan], *, file: str
) -> Iterator[Problem]:
    """List figures without a rater that stand a second time; ratings have the table's key."""
    places = {column.ours: column.aliased("v") for column in plan}
    if not {*CELL, "rater"} <= set(places):
        return
    cell = [places[name] for name in CELL]
    nobody = f"{places['rater']} IS NULL"
    whole = " AND ".join(f"{column} IS NOT NULL" for column in cell)
    sql = (
        f"SELECT {quote(ROW)}, {', '.join(cell)} FROM ({typed}) WHERE {whole} AND {nobody} "
        f"QUALIFY row_number() OVER (PARTITION BY {', '.join(cell)} ORDER BY {quote(ROW)}) > 1 "
        f"ORDER BY {quote(ROW)}"
    )
    for number, *values in connection.execute(sql).fetchall():
        found = Message("second time", values=", ".join(map(repr, values)))
        texts = found, Message("each once"), Message("keep one")
        yield Problem(file, int(number), ", ".join(CELL), *texts)

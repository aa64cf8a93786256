"""The canonical tables: their columns, types and rules, and what breaks them.

One contract a table. ``kind`` decides how text in a file is read; the rules are
checked by pandera, lazily, so that all problems of a table are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

from crmstudy.errors import DataError, nearest

Kind = Literal["id", "text", "number", "integer", "date", "boolean"]

#: How many problems an error message spells out; all are counted.
SHOWN = 20


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    Parameters
    ----------
    kind : str
        How its text is read: id, text, number, integer, date or boolean.
    meaning : str
        What it holds, with its unit.
    required : bool
        Whether the table is refused without it.
    nullable : bool
        Whether single values may be missing.
    minimum, maximum : float, optional
        Bounds of a number, inclusive.
    allowed : tuple of str
        The only values a text may take; empty allows any.
    """

    kind: Kind
    meaning: str
    required: bool = True
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """The rules of one canonical table.

    ``key`` names the columns that identify a row. Further columns pass as attributes
    (their names are reported, their text is kept).
    """

    name: str
    meaning: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()

    def required(self) -> list[str]:
        """Name the columns without which the table is refused."""
        return [name for name, column in self.columns.items() if column.required]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input: where, what was found, what is allowed, what to do."""

    file: str
    row: int | None
    column: str
    found: str
    allowed: str
    remedy: str

    def __str__(self) -> str:
        place = self.file + (f", row {self.row}" if self.row is not None else "")
        place += f", column {self.column!r}" if self.column else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}: found {self.found}; allowed: {self.allowed}{remedy}"


def refuse(problems: list[Problem]) -> None:
    """Raise one :class:`DataError` that lists the problems; none, no error."""
    if not problems:
        return
    lines = [str(problem) for problem in problems[:SHOWN]]
    if len(problems) > SHOWN:
        lines.append(f"... and {len(problems) - SHOWN} more problems; all of them: crmstudy check")
    raise DataError("\n".join(lines))


def _table(name: str, meaning: str, *, key: Iterable[str] = (), **columns: Column) -> Contract:
    return Contract(name, meaning, columns, tuple(key))


CUSTOMER = Column("id", "customer's identifier")
MONEY_LATER = Column("number", "money, in the study's currency", required=False, nullable=True)

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        _table(
            "customers",
            "One row a customer: identifier and attributes.",
            key=["customer_id"],
            customer_id=CUSTOMER,
            registered_on=Column("date", "day of registration", required=False, nullable=True),
        ),
        _table(
            "transactions",
            "One row a line of a purchase.",
            customer_id=Column("id", "customer's identifier; empty = anonymous", nullable=True),
            ordered_at=Column("date", "day or time of the purchase"),
            revenue=Column("number", "money paid for the line, in the study's currency"),
            basket_id=Column("id", "purchase that the line belongs to", required=False),
            product_id=Column("id", "product bought", required=False, nullable=True),
            quantity=Column("number", "units bought", required=False, nullable=True),
            cost=MONEY_LATER,
            discount=MONEY_LATER,
            coupon_discount=MONEY_LATER,
            channel=Column("text", "sales channel", required=False, nullable=True),
        ),
        _table(
            "products",
            "One row a product.",
            key=["product_id"],
            product_id=Column("id", "product's identifier"),
            department=Column("text", "department", required=False, nullable=True),
            category=Column("text", "category", required=False, nullable=True),
            brand=Column("text", "brand", required=False, nullable=True),
            unit_cost=Column("number", "cost of a unit", required=False, nullable=True, minimum=0),
        ),
        _table(
            "campaigns",
            "One row a customer addressed by a campaign.",
            key=["campaign_id", "customer_id"],
            campaign_id=Column("id", "campaign's identifier"),
            customer_id=CUSTOMER,
            campaign_type=Column("text", "kind of campaign", required=False, nullable=True),
            start_on=Column("date", "first day"),
            end_on=Column("date", "last day"),
            treated=Column(
                "boolean", "false for a held-back control customer", required=False, nullable=True
            ),
        ),
        _table(
            "responses",
            "One row a customer's response to a campaign.",
            campaign_id=Column("id", "campaign's identifier"),
            customer_id=CUSTOMER,
            responded_at=Column("date", "day or time of the response"),
        ),
        _table(
            "contacts",
            "One row a service ticket.",
            key=["contact_id"],
            contact_id=Column("id", "ticket's identifier"),
            customer_id=Column("id", "customer's identifier", nullable=True),
            opened_at=Column("date", "time the ticket was opened"),
            first_response_at=Column("date", "time of the first answer", False, True),
            resolved_at=Column("date", "time it was resolved", False, True),
            channel=Column("text", "service channel", False, True),
            topic=Column("text", "topic", False, True),
            complaint=Column("boolean", "whether it is a complaint", False, True),
            text=Column("text", "the customer's words", False, True),
        ),
        _table(
            "costs",
            "One row a booking of relationship cost.",
            period=Column("date", "first day of the month booked"),
            cost_type=Column(
                "text",
                "kind of cost",
                allowed=("service", "care", "platform", "campaign", "other"),
            ),
            amount=Column("number", "money, in the study's currency", minimum=0),
            customer_id=Column("id", "customer, when booked to one", False, True),
        ),
        _table(
            "survey",
            "One row a respondent; one column an item of the instrument.",
            key=["respondent_id"],
            respondent_id=Column("id", "respondent's identifier"),
            customer_id=Column("id", "customer, when the survey is linked", False, True),
        ),
        _table(
            "judgements",
            "One row a pairwise judgement of one expert (the upper triangle suffices).",
            key=["expert", "matrix", "row", "column"],
            expert=Column("text", "expert"),
            matrix=Column("text", "'criteria', or the criterion whose indicators are compared"),
            row=Column("text", "element that is compared"),
            column=Column("text", "element that it is compared with"),
            value=Column("text", "Saaty's 1-9, or a fraction such as 1/3"),
        ),
    )
}


@dataclass(frozen=True)
class Expected:
    """A contract completed for one study: the survey's items become columns."""

    contract: Contract
    items: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def columns(self) -> dict[str, Column]:
        """Return all columns that have a rule."""
        items = {
            item: Column("number", "answer", nullable=True, minimum=low, maximum=high)
            for item, (low, high) in self.items.items()
        }
        return {**self.contract.columns, **items}


def known_contract(table: str) -> Contract:
    """Return a canonical table's contract, or a :class:`DataError` with the nearest name."""
    if table not in CONTRACTS:
        raise DataError(
            f"unknown table {table!r}{nearest(table, CONTRACTS)}; known: {', '.join(CONTRACTS)}"
        )
    return CONTRACTS[table]


def find_violations(frame: pd.DataFrame, expected: Expected, *, file: str) -> list[Problem]:
    """Check a typed frame against its contract and list every value that breaks it.

    Parameters
    ----------
    frame : DataFrame
        Typed by :mod:`crmstudy.collection.load`; its index holds the row numbers
        of the file.
    expected : Expected
        The contract, with the items of the study's survey.
    file : str
        Name of the file for the messages.
    """
    import pandera.pandas as pa
    from pandera.errors import SchemaErrors

    columns = {name: c for name, c in expected.columns().items() if name in frame}
    schema = pa.DataFrameSchema({name: _schema(name, column) for name, column in columns.items()})
    problems = _duplicates(frame, expected.contract, file)
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        problems += [_problem(case, columns, file) for case in cases.to_dict("records")]
    return sorted(problems, key=lambda problem: (problem.row or 0, problem.column))


def _schema(name: str, column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.allowed:
        checks.append(pa.Check.isin(list(column.allowed)))
    return pa.Column(checks=checks, nullable=column.nullable, name=name)


def _problem(case: Mapping[str, Any], columns: Mapping[str, Column], file: str) -> Problem:
    name = str(case["column"])
    column = columns[name]
    row = case["index"]
    empty = case["check"] == "not_nullable"
    found = "an empty value" if empty else _write(case["failure_case"])
    return Problem(
        file=file,
        row=None if pd.isna(row) else int(row),
        column=name,
        found=found,
        allowed=describe_rule(column),
        remedy="fill it or leave the row out"
        if empty
        else "correct the value, or map it as missing",
    )


def _write(value: Any) -> str:
    """Write a value as its file does: 11, not 11.0 or np.float64(11.0)."""
    return f"{value:.15g}" if isinstance(value, float) else repr(value)


def describe_rule(column: Column) -> str:
    """Say in words what a column allows."""
    words = {"id": "an identifier", "boolean": "yes or no", "date": "a date", "text": "text"}
    rule = words.get(column.kind, "a number")
    if column.allowed:
        rule = "one of " + ", ".join(column.allowed)
    elif column.minimum is not None and column.maximum is not None:
        rule = f"{rule} from {column.minimum:g} to {column.maximum:g}"
    elif column.minimum is not None:
        rule = f"{rule} of at least {column.minimum:g}"
    return rule + (" or empty" if column.nullable else "")


def _duplicates(frame: pd.DataFrame, contract: Contract, file: str) -> list[Problem]:
    if not contract.key or not set(contract.key) <= set(frame):
        return []
    key = list(contract.key)
    twice = frame.loc[frame.duplicated(key) & frame[key].notna().all(axis=1), key]
    return [
        Problem(
            file=file,
            row=int(row),
            column=", ".join(key),
            found=f"{', '.join(map(repr, values))} a second time",
            allowed="each once",
            remedy="keep one of the rows",
        )
        for row, *values in twice.itertuples()
    ]

"""What a study expects of a canonical table: the contract, its items, kinds and currencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crmstudy.appraisal import JudgementSpec, SelectionSpec
from crmstudy.collection.contracts.messages import Message, hint
from crmstudy.collection.contracts.problems import SHOWN, InputError, Problem, refuse
from crmstudy.collection.contracts.tables import CONTRACTS, Column, Contract, Kind
from crmstudy.paths import SETTINGS_FILE
from crmstudy.settings import Study

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CONTRACTS",
    "SHOWN",
    "Column",
    "Expected",
    "Problem",
    "describe_rule",
    "expect",
    "find_violations",
    "known_contract",
    "refuse",
]

KINDS = {
    "id": "an identifier",
    "boolean": "yes or no",
    "date": "a date",
    "text": "text",
    "number": "a number",
    "integer": "a whole number",
}


@dataclass(frozen=True)
class Expected:
    """A contract completed for one study.

    Parameters
    ----------
    contract : Contract
        The rules that hold in every study.
    items : mapping of str to (float, float)
        Items of the survey, which become columns: lowest and highest answer.
    kinds : mapping of str to str
        Further columns that study.yml says how to read.
    currencies : tuple of str
        The currencies that can be converted; empty allows any.
    codes : mapping of str to tuple of float
        Answers to an item that mean none.
    selection : SelectionSpec
        The criteria and CRM systems that ratings and judgements may name.
    judgements : JudgementSpec
        The hierarchy that experts were to judge.
    """

    contract: Contract
    items: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    currencies: tuple[str, ...] = ()
    codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    selection: SelectionSpec = field(default_factory=SelectionSpec)
    judgements: JudgementSpec = field(default_factory=JudgementSpec)

    def columns(self) -> dict[str, Column]:
        """Return all columns that have a rule."""
        items = {
            item: Column("number", "answer", nullable=True, minimum=low, maximum=high)
            for item, (low, high) in self.items.items()
        }
        columns = {**self.contract.columns, **items}
        if self.currencies and "currency" in columns:
            columns["currency"] = replace(columns["currency"], allowed=self.currencies)
        return columns

    def column(self, name: str) -> Column:
        """Return a column's rule; a further column is an attribute of text or its kind."""
        kind = self.kinds.get(name, "text")
        attribute = Column(kind, "attribute", required=False, nullable=True)
        return self.columns().get(name, attribute)


def expect(study: Study, dataset: str, table: str) -> Expected:
    """Complete a table's contract by what study.yml says.

    Raises
    ------
    InputError
        If there is no such canonical table.
    """
    settings = study.settings
    instruments = {"survey": settings.instrument, "staff_survey": settings.staff_instrument}
    instrument = instruments.get(table)
    items = instrument.item_names() if instrument else []
    return Expected(
        contract=known_contract(table),
        items={item: instrument.bounds(item) for item in items} if instrument else {},
        kinds=study.table_sources()[(dataset, table)].kinds,
        currencies=(settings.currency, *sorted(settings.cleaning.exchange_rates)),
        codes={item: instrument.codes(item) for item in items} if instrument else {},
        selection=settings.selection,
        judgements=settings.judgements,
    )


def known_contract(table: str) -> Contract:
    """Return a canonical table's contract, or an :class:`InputError` with the nearest name."""
    if table not in CONTRACTS:
        raise InputError(
            [
                Problem(
                    SETTINGS_FILE,
                    None,
                    f"tables.{table}",
                    Message("unknown table", table=table, near=hint(table, CONTRACTS)),
                    Message("one of", words=tuple(CONTRACTS)),
                    Message("correct tables"),
                )
            ]
        )
    return CONTRACTS[table]


def describe_rule(column: Column) -> Message:
    """Say in words what a column allows."""
    rule = Message(KINDS[column.kind])
    low, high = (f"{end:g}" if end is not None else "" for end in (column.minimum, column.maximum))
    if column.allowed:
        rule = Message("one of", words=tuple(column.allowed))
    elif low and high:
        rule = Message("from to", rule=rule, low=low, high=high)
    elif low:
        rule = Message("at least", rule=rule, low=low)
    elif high:
        rule = Message("at most", rule=rule, high=high)
    return Message("or empty", rule=rule) if column.nullable else rule


def find_violations(frame: pd.DataFrame, expected: Expected, *, file: str) -> list[Problem]:
    """Check a typed frame against its contract and list every value that breaks it.

    Parameters
    ----------
    frame : DataFrame
        Typed rows; its index holds the row numbers.
    expected : Expected
        The contract, with the items of the study's survey.
    file : str
        Name of the file for the messages.
    """
    import duckdb

    from crmstudy.collection.intake.formats import stage_frame
    from crmstudy.collection.intake.rules import find_problems
    from crmstudy.collection.intake.sqltypes import plan_columns

    with duckdb.connect() as connection:
        staged = stage_frame(connection, frame, index=[int(row) for row in frame.index])
        plan = plan_columns({name: name for name in staged.columns}, expected, staged)
        return find_problems(connection, staged, plan, expected, file=file)

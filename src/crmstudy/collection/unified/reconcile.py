"""Row counts and sums before and after a step, with every difference explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, Inexact, Overflow, localcontext

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, NotAvailable, passes_absence

#: What is summed, table by table.
SUMS: dict[str, tuple[str, ...]] = {
    "transactions": ("revenue", "cost", "discount", "quantity"),
    "costs": ("amount",),
}

#: Enough digits for any sum of a table's decimals; a digit lost is an error.
_EXACT = Context(prec=400, traps=[Inexact, Overflow])


@dataclass(frozen=True)
class Totals:
    """Rows of a table and the exact sums of some of its columns."""

    rows: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What a step took from a table (or, with minus signs, added), and why.

    Parameters
    ----------
    table, reason : str
        The table, and the reason in words.
    totals : Totals
        Rows and sums taken away; a conversion of currencies takes no rows.
    """

    table: str
    reason: str
    totals: Totals


def total(frame: pd.DataFrame, columns: Iterable[str] = ()) -> Totals:
    """Count rows and sum columns exactly.

    Each number is taken as the decimal it is written as, so that 0.1 ten times is 1 and
    the order of the rows changes nothing. Missing values add nothing; columns that
    ``frame`` lacks are left out.

    Raises
    ------
    DataError
        If a number is infinite.
    """
    sums = {name: _sum(frame[name], name) for name in columns if name in frame}
    return Totals(len(frame), sums)


def _sum(values: pd.Series, name: str) -> Decimal:
    numbers = values.dropna().to_numpy(dtype=float)
    if not np.isfinite(numbers).all():
        raise DataError(f"column {name!r} holds an infinite number; correct it in the source")
    distinct, counts = np.unique(numbers, return_counts=True)
    with localcontext(_EXACT):
        parts = zip(distinct.tolist(), counts.tolist(), strict=True)
        return sum((Decimal(repr(number)) * count for number, count in parts), Decimal(0))


def describe_drop(
    before: pd.DataFrame, kept: pd.Series, *, table: str, reason: str, sums: Iterable[str] = ()
) -> Change:
    """Describe the rows that a step leaves out.

    Parameters
    ----------
    before : DataFrame
        The table before the step.
    kept : Series of bool
        Which of its rows stay.
    """
    return Change(table, reason, total(before[~kept.to_numpy(dtype=bool)], sums))


def reconcile(
    before: Mapping[str, pd.DataFrame | Totals],
    after: Mapping[str, pd.DataFrame | Totals],
    *,
    changes: Iterable[Change] = (),
    sums: Mapping[str, Iterable[str]] = SUMS,
    step: str = "",
) -> pd.DataFrame:
    """Compare row counts and sums before and after a step.

    Parameters
    ----------
    before, after : mapping of str to DataFrame or Totals
        Tables by name; one that is missing on a side counts as empty there.
    changes : iterable of Change
        What the step says it took.
    sums : mapping of str to iterable of str
        Columns to sum, by table; by default :data:`SUMS`. A column is compared when one
        side has it (a step may add it from nothing).
    step : str
        Name of the step, ``"read to loaded"``.

    Returns
    -------
    DataFrame
        Columns step, table, measure (``rows`` or the column), before, after, difference
        (before minus after), explained (what the changes take), unexplained (must be 0;
        computed in exact decimals), reasons (in words, with the rows of each).
    """
    changes = list(changes)
    rows = []
    for table in dict.fromkeys([*before, *after, *(change.table for change in changes)]):
        columns = sums.get(table, ())
        old, new = (_totals(side.get(table), columns) for side in (before, after))
        own = [change for change in changes if change.table == table]
        for measure in ["rows", *_measures([old, new, *(one.totals for one in own)])]:
            rows.append((step, table, measure, *_compare(measure, old, new, own)))
    names = ["before", "after", "difference", "explained", "unexplained", "reasons"]
    return pd.DataFrame(rows, columns=["step", "table", "measure", *names])


def _totals(side: pd.DataFrame | Totals | None, columns: Iterable[str]) -> Totals:
    if isinstance(side, pd.DataFrame):
        return total(side, columns)
    return side or Totals(0)


def _measures(totals: Iterable[Totals]) -> list[str]:
    return list(dict.fromkeys(name for one in totals for name in one.sums))


def _value(totals: Totals, measure: str) -> Decimal:
    return Decimal(totals.rows) if measure == "rows" else totals.sums.get(measure, Decimal(0))


def _compare(
    measure: str, old: Totals, new: Totals, changes: list[Change]
) -> tuple[float, float, float, float, float, str]:
    with localcontext(_EXACT):
        first, last = _value(old, measure), _value(new, measure)
        taken = sum((_value(change.totals, measure) for change in changes), Decimal(0))
        numbers = (first, last, first - last, taken, first - last - taken)
    reasons = [
        f"{change.reason} ({change.totals.rows})" if change.totals.rows else change.reason
        for change in changes
        if _value(change.totals, measure)
    ]
    a, b, difference, explained, unexplained = map(float, numbers)
    return a, b, difference, explained, unexplained, "; ".join(reasons) or "nothing taken"


@passes_absence
def check_reconciled(compared: pd.DataFrame) -> Check | NotAvailable:
    """Check that no row and no sum went without an explanation."""
    if compared.empty:
        return NotAvailable("no table was compared")
    gap = compared["unexplained"].abs()
    return Check(
        name="every row and every sum is accounted for",
        passed=bool((gap == 0).all()),
        statistic=float(gap.max()),
        threshold="= 0",
        source="reconciliation of the database with its sources",
        consequence="rows or money were lost or made between two steps; do not use the sums",
    )

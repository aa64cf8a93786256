"""The parts of a firm that are evaluated: periods, segments, groups before and after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, attempt
from crmstudy.evaluation.require import require_choice
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.orders import COVERAGE_SLACK, Ledger
from crmstudy.indicators.partition import _in_period, part_by_customers
from crmstudy.indicators.window import precede

Unit = Literal["year", "half", "quarter"]
MONTHS: Mapping[str, int] = {"year": 12, "half": 6, "quarter": 3}
BEFORE, AFTER = "before", "after"
QUARTILES = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
#: Column of the groups that spending before the window makes.
EARLIER = "earlier spending"


@dataclass(frozen=True, eq=False)
class Units:
    """Parts of one firm with the evidence that belongs to each.

    Parameters
    ----------
    kind : str
        What a unit is, as a column of tables: ``period``, ``segment`` ...
    evidence : mapping of str to Evidence
        In the order in which they are shown.
    customers : mapping of str to int
        Customers with an order in the window.
    left_out : mapping of str to str
        What is no unit, with the reason.
    note : str
        What a reader must know of these units; empty for nothing.
    """

    kind: str
    evidence: Mapping[str, Evidence]
    customers: Mapping[str, int]
    left_out: Mapping[str, str]
    note: str = ""


def list_periods(evidence: Evidence, *, unit: Unit) -> Units:
    """Part the log into calendar periods that it covers whole.

    The first period has none before it, so that nobody can be seen to have stayed: it is
    left out where two others remain, and kept, without a retention rate, where not.
    """
    require_choice(unit, Unit, "unit")
    ledger = evidence.ledger
    starts = list(_start_periods(ledger, MONTHS[unit]))
    length = pd.DateOffset(months=MONTHS[unit])
    covered = [start for start in starts if ledger.covers(start, start + length)]
    left_out = {
        name_period(start, unit): "the log covers it only in part"
        for start in starts
        if start not in covered and _touches(ledger, start, start + length)
    }
    if len(covered) > 2:
        left_out[name_period(covered[0], unit)] = "no period before it to compare with"
        covered = covered[1:]
    if len(covered) < 2:
        raise ModelError(
            f"the log from {ledger.first:%Y-%m-%d} to {ledger.last:%Y-%m-%d} covers "
            f"{len(covered)} whole calendar {unit}{'' if len(covered) == 1 else 's'}; comparing "
            "needs two or more"
        )
    units = {
        name_period(start, unit): _in_period(evidence, ledger, start, start + length)
        for start in covered
    }
    return Units("period", units, _count(units), dict(sorted(left_out.items())))


def part_segments(
    evidence: Evidence,
    *,
    column: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    at_least: int = 30,
    most: int = 8,
) -> Units:
    """Part the customers by a column of theirs, or by quarters of what they spent before."""
    inside = _in_window(evidence, start, end)
    name = column or EARLIER
    if not column:
        inside = replace(inside, tables={**inside.tables, "customers": quarter_spending(inside)})
    elif column not in getattr(inside.tables.get("customers"), "columns", [column]):
        known = [str(c) for c in inside.table("customers").columns if c != "customer_id"]
        raise SettingsError(f"no column {column!r} of customers; known: {', '.join(known)}")
    parted = part_by_customers(inside, name, inside.ledger)
    kept, left_out = parted.choose(at_least=at_least, most=most)
    if len(kept) < 2:
        raise ModelError(
            f"{len(kept)} segment{'' if len(kept) == 1 else 's'} by {name} with {at_least} "
            "customers or more; comparing needs two"
        )
    order = [one for one in QUARTILES if one in kept] if not column else kept
    units = {one: parted.units[one] for one in order}
    note = (
        "Quarters of what customers spent in the period before the window; who spent unusually "
        "much then tends to spend less later, and the reverse."
        if not column
        else ""
    )
    return Units("segment", units, {n: parted.counts[n] for n in order}, left_out, note)


def quarter_spending(evidence: Evidence) -> pd.DataFrame:
    """Part the buyers of the period before the window into quarters by what they spent.

    Ranks decide, so that the quarters are equally large; equal sums share a quarter.
    """
    earlier = evidence.ledger.between(*evidence.earlier)
    spent = earlier.groupby("customer_id")["revenue"].sum()
    bought = earlier.loc[earlier["bought"], "customer_id"].unique()
    spent = spent[spent.index.isin(bought)].round(6)
    if len(spent) < len(QUARTILES):
        raise ModelError("too few customers bought in the period before the window")
    ranks = spent.rank(method="average", pct=True).to_numpy()
    places = np.ceil(ranks * len(QUARTILES)).astype(int) - 1
    return pd.DataFrame({"customer_id": spent.index, EARLIER: np.array(QUARTILES)[places]})


def part_around(evidence: Evidence, *, changed_on: pd.Timestamp, unit: Unit) -> Units:
    """Take the window that ends with a day and the one of equal length from that day on."""
    require_choice(unit, Unit, "unit")
    length = pd.DateOffset(months=MONTHS[unit])
    windows = {BEFORE: (changed_on - length, changed_on), AFTER: (changed_on, changed_on + length)}
    _require_covered(evidence.ledger, windows)
    units = {name: _in_period(evidence, evidence.ledger, *w) for name, w in windows.items()}
    return Units("period", units, _count(units), {}, _say_season(MONTHS[unit]))


def part_groups(
    evidence: Evidence,
    *,
    groups: Mapping[str, Sequence[str]],
    start: pd.Timestamp,
    end: pd.Timestamp,
) -> Units:
    """Take each group in the window and in the one of equal length before it."""
    windows = {BEFORE: (precede(start, end), start), AFTER: (start, end)}
    _require_covered(evidence.ledger, windows)
    labels = pd.DataFrame(
        [(member, name) for name, members in groups.items() for member in members],
        columns=["customer_id", "group"],
    )
    marked = replace(
        evidence, tables={**evidence.tables, "customers": labels}, start=start, end=end
    )
    parted = part_by_customers(marked, "group", evidence.ledger).units
    lacking = [name for name in groups if name not in parted]
    if lacking:
        raise ModelError(f"nobody of the group {lacking[0]!r} has bought")
    units = {
        f"{group}, {when}": _in_period(parted[group], parted[group].ledger, *window)
        for group in groups
        for when, window in windows.items()
    }
    return Units("group and period", units, _count(units), {})


def name_period(start: pd.Timestamp, unit: Unit) -> str:
    """Name a calendar period: 2025, 2025-H1, 2025-Q1."""
    if unit == "year":
        return f"{start:%Y}"
    return f"{start:%Y}-" + (
        f"Q{start.quarter}" if unit == "quarter" else f"H{1 + start.month // 7}"
    )


def _start_periods(ledger: Ledger, months: int) -> Iterator[pd.Timestamp]:
    start = pd.Timestamp(year=ledger.first.year, month=1, day=1)
    while start <= ledger.last:
        yield start
        start += pd.DateOffset(months=months)


def _touches(ledger: Ledger, start: pd.Timestamp, end: pd.Timestamp) -> bool:
    """Whether more than a few days of the log lie in a period."""
    return ledger.last >= start + COVERAGE_SLACK and ledger.first < end - COVERAGE_SLACK


def _in_window(evidence: Evidence, start: pd.Timestamp, end: pd.Timestamp) -> Evidence:
    """Set the window; a lifetime value does not depend on it and stays."""
    return replace(evidence, start=start, end=end)


def _require_covered(
    ledger: Ledger, windows: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]]
) -> None:
    for start, end in windows.values():
        ledger.between(start, end)


def _count(units: Mapping[str, Evidence]) -> dict[str, int]:
    """Count customers with an order in the window."""
    counts = {}
    for name, one in units.items():
        buyers = attempt(lambda one=one: one.buyers)
        counts[name] = 0 if isinstance(buyers, NotAvailable) else len(buyers)
    return counts


def _say_season(months: int) -> str:
    if months % 12 == 0:
        return ""
    return "The two windows lie in different seasons; a change may be the season's."

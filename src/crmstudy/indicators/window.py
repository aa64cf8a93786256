"""Over which time indicators are measured, and with which time they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.indicators.orders import COVERAGE_SLACK

#: Lengths that are tried, the longest first: name, months.
LENGTHS = {"year": 12, "half-year": 6, "quarter": 3, "month": 1}
DAY = pd.Timedelta("1D")
#: Tables that carry a time, in the order in which they set the window.
DATED = {"transactions": "ordered_at", "contacts": "opened_at", "costs": "period"}


@dataclass(frozen=True)
class Window:
    """The chosen window and the ones that were not chosen.

    Parameters
    ----------
    start, end : Timestamp or None
        First moment of the window, and first moment after it; None without dated tables.
    length : str
        Its name, for instance ``half-year``.
    candidates : DataFrame
        One row a length, see :meth:`table`.
    """

    start: pd.Timestamp | None
    end: pd.Timestamp | None
    length: str
    candidates: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a length: its days, whether the data cover it and the period before it."""
        return self.candidates.copy()


def precede(start: pd.Timestamp, end: pd.Timestamp) -> pd.Timestamp:
    """Return the start of the period of equal length before a window.

    Whole months are preceded by as many whole months, any other window by as many days.
    """
    if all(day == day.normalize() and day.day == 1 for day in (start, end)):
        months = 12 * (end.year - start.year) + end.month - start.month
        return start - pd.DateOffset(months=months)
    return start - (end - start)


def choose_window(tables: Mapping[str, pd.DataFrame | NotAvailable]) -> Window:
    """Choose the longest window that has a period of equal length before it in the data.

    Retention compares the window with the period before it, so a log of one year gives a
    rate over half-years and none over years. Windows are whole calendar months, because
    costs are booked by months, and end with the last month that the data cover. Where even
    a month has no month before it, the window is all there is, and nothing that compares
    two periods can be measured.

    Parameters
    ----------
    tables : mapping of str to DataFrame or NotAvailable
        Canonical tables; the first of transactions, contacts and costs that is there sets
        the window.
    """
    reach = _find_reach(tables)
    if reach is None:
        return Window(None, None, "", pd.DataFrame(columns=[*_row(None, None, "", False, False)]))
    first, last = reach
    end = _end_month(last)
    rows = [_try_length(name, months, first, end) for name, months in LENGTHS.items()]
    fitting = [row for row in rows if row["covered"] and row["period before covered"]]
    if fitting:
        chosen = fitting[0]
        chosen["chosen"] = True
    else:
        after = last.normalize() + DAY
        chosen = _row(first.normalize(), after, "all there is", True, False, chosen=True)
        rows.append(chosen)
    after = chosen["last day"] + DAY
    return Window(chosen["first day"], after, chosen["length"], pd.DataFrame(rows))


def _find_reach(
    tables: Mapping[str, pd.DataFrame | NotAvailable],
) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Return the first and last moment of the first dated table with rows."""
    for name, column in DATED.items():
        table = tables.get(name)
        if table is None or isinstance(table, NotAvailable) or table.empty:
            continue
        first, last = table[column].min(), table[column].max()
        # A month booked by its first day reaches to its end.
        return first, last + pd.offsets.MonthEnd(0) if name == "costs" else last
    return None


def _end_month(last: pd.Timestamp) -> pd.Timestamp:
    """Return the first moment after the last month that is covered, but for a few days."""
    month = last.to_period("M").to_timestamp()
    following = month + pd.DateOffset(months=1)
    return following if last >= following - COVERAGE_SLACK else month


def _try_length(name: str, months: int, first: pd.Timestamp, end: pd.Timestamp) -> dict[str, Any]:
    start = end - pd.DateOffset(months=months)
    covered = [first <= day + COVERAGE_SLACK for day in (start, precede(start, end))]
    return _row(start, end, name, *covered)


def _row(
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    length: str,
    covered: bool,
    before_covered: bool,
    *,
    chosen: bool = False,
) -> dict[str, Any]:
    return {
        "length": length,
        "first day": start,
        "last day": None if end is None else end - DAY,
        "covered": covered,
        "period before covered": before_covered,
        "chosen": chosen,
    }

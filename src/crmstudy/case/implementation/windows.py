"""Over which time the indicators are measured before a measure and now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.indicators import IndicatorTable, choose_window, measure_indicators
from crmstudy.indicators.orders import COVERAGE_SLACK
from crmstudy.indicators.window import LENGTHS, precede

Tables = Mapping[str, pd.DataFrame | NotAvailable]


@dataclass(frozen=True)
class BeforeAndNow:
    """The indicators in the last window before a measure and in the last window of all.

    Parameters
    ----------
    before, now : IndicatorTable
        Measured over windows of equal length.
    length : str
        Name of that length.
    """

    before: IndicatorTable
    now: IndicatorTable
    length: str


@passes_absence
def measure_around(
    tables: Tables,
    *,
    changed_on: str | dt.date | pd.Timestamp,
    survey_roles: Mapping[str, str],
    instrument: Mapping[str, Mapping[str, Any]],
    level: float = 0.95,
) -> BeforeAndNow:
    """Measure the indicators before a measure began and in the latest window of equal length.

    The length is the longest of year, half-year, quarter and month for which the
    data hold the window before the measure with the period before it (retention needs
    that), and a window after the measure. Both consist of whole months; the month in which
    the measure began belongs to neither side unless it began on its first day. Answers of a
    survey count on the side of the measure on which they were given; undated ones count as
    now.

    Parameters
    ----------
    tables : mapping of str to DataFrame or NotAvailable
        Canonical tables, as for :func:`~crmstudy.indicators.measure.measure_indicators`.
    changed_on : date
        First day of the measure.
    survey_roles, instrument : mapping
        Of the customer survey.

    Raises
    ------
    ModelError
        If no date is given, or the data do not reach to both sides of it.
    """
    if not changed_on or not str(changed_on):
        raise ModelError("nothing says when the measures began (case.changed_on of study.yml)")
    day = pd.Timestamp(str(changed_on)).normalize()
    until = day.replace(day=1)
    length, start, latest, end = _choose_length(tables, day, until)
    shared: dict[str, Any] = {
        "survey_roles": survey_roles,
        "instrument": instrument,
        "level": level,
    }
    past, present = _part_answers(tables, until=until)
    before = measure_indicators(past, window_start=start, window_end=until, **shared)
    now = measure_indicators(present, window_start=latest, window_end=end, **shared)
    return BeforeAndNow(before, now, length)


def _choose_length(
    tables: Tables, day: pd.Timestamp, until: pd.Timestamp
) -> tuple[str, pd.Timestamp, pd.Timestamp, pd.Timestamp]:
    """Choose the longest length that fits on both sides, with both windows' starts."""
    reach, end = _find_reach(tables), choose_window(tables).end
    since = until if day.day == 1 else until + pd.DateOffset(months=1)
    if end is None:
        raise ModelError("no dated table tells how far the data reach")
    for length, months in LENGTHS.items():
        start, latest = until - pd.DateOffset(months=months), end - pd.DateOffset(months=months)
        if latest >= since and reach <= precede(start, until) + COVERAGE_SLACK:
            return length, start, latest, end
    raise ModelError(
        f"the purchases reach from {reach:%Y-%m-%d} not far enough to both sides of "
        f"{day:%Y-%m-%d} for two windows of a month"
    )


def _find_reach(tables: Tables) -> pd.Timestamp:
    transactions = tables.get("transactions")
    if not isinstance(transactions, pd.DataFrame) or transactions.empty:
        raise ModelError("there are no purchases to measure indicators from, before or now")
    return transactions["ordered_at"].min()


def _part_answers(tables: Tables, *, until: pd.Timestamp) -> tuple[Tables, Tables]:
    survey = tables.get("survey")
    if not isinstance(survey, pd.DataFrame):
        return tables, tables
    nothing = NotAvailable("no survey was taken before the measure")
    if "answered_on" not in survey:
        return {**tables, "survey": nothing}, tables
    early = survey["answered_on"] < until
    past = survey[early] if early.any() else nothing
    later = survey[~early] if (~early).any() else NotAvailable("no survey was taken since")
    return {**tables, "survey": past}, {**tables, "survey": later}

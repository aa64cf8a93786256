"""From tables to series: windows of equal days, none of which straddles the change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence
from crmstudy.improvement import Case

WINDOW_DAYS = 14
DAY = pd.Timedelta(days=1)
When = str | dt.date | pd.Timestamp | None


def read_day(changed_on: When, otherwise: When = None) -> pd.Timestamp:
    """Read the first day of a measure that reached everybody, as ISO date or as a date.

    Parameters
    ----------
    changed_on, otherwise : str or date or None
        The day; ``otherwise`` is taken where the first is empty.

    Raises
    ------
    SettingsError
        If what is given is no date.
    ModelError
        If neither is given: no measure reached everybody.
    """
    for told in (changed_on, otherwise):
        if told is None or isinstance(told, NotAvailable) or told == "":
            continue
        try:
            return pd.Timestamp(told).normalize()
        except ValueError:
            raise SettingsError(
                f"changed_on is {told!r}; write the first day of the measure as YYYY-MM-DD"
            ) from None
    raise ModelError(
        "no measure that reached everybody at once is named: set CHANGED_ON, or case.changed_on "
        "in study.yml"
    )


def find_change_day(case: Case | None, *, changed_on: str = "") -> pd.Timestamp:
    """Find the first day of the measure that reached everybody.

    Parameters
    ----------
    case : Case or None
        From study.yml; its ``changed_on`` is taken where ``changed_on`` is empty.
    changed_on : str
        ISO date.

    Raises
    ------
    SettingsError
        If what is given is no date.
    ModelError
        If neither names one.
    """
    return read_day(changed_on, case.changed_on if case else None)


@passes_absence
def sum_purchases(
    transactions: pd.DataFrame, *, changed_on: When, days: int = WINDOW_DAYS
) -> pd.DataFrame:
    """Sum up revenue and purchases in windows counted from the day of the change.

    Returns
    -------
    DataFrame
        Indexed by first day of each whole window: ``revenue`` (money), ``n_purchases``
        (baskets). A window without a purchase holds 0.

    Raises
    ------
    ModelError
        If no whole window lies in the data.
    """
    when = transactions["ordered_at"]
    starts = _list_windows(when, changed_on, days)
    grouped = transactions.groupby(_number(when, changed_on, days))
    sums = grouped.agg(revenue=("revenue", "sum"), n_purchases=("basket_id", "nunique"))
    filled = sums.reindex(starts.index, fill_value=0)
    return filled.set_axis(pd.DatetimeIndex(starts, name="starts on"), axis=0)


@passes_absence
def sum_service(
    contacts: pd.DataFrame, *, changed_on: When, days: int = WINDOW_DAYS
) -> pd.DataFrame:
    """Sum up the service desk in windows counted from the day of the change.

    Returns
    -------
    DataFrame
        Indexed by first day of each whole window, by the opening of the tickets:
        ``n_tickets``, and where the columns are there ``median_response_hours`` (tickets
        not answered count as longer than all others; empty where that is the median) and
        ``complaint_share``; empty in a window without tickets.

    Raises
    ------
    ModelError
        If no whole window lies in the data.
    """
    known = contacts[contacts["opened_at"].notna()]
    starts = _list_windows(known["opened_at"], changed_on, days)
    grouped = known.assign(_hours=_hours(known)).groupby(
        _number(known["opened_at"], changed_on, days)
    )
    columns: dict[str, pd.Series] = {"n_tickets": grouped.size()}
    if "first_response_at" in known:
        columns["median_response_hours"] = grouped["_hours"].median().replace(np.inf, np.nan)
    if "complaint" in known:
        flagged = known["complaint"].astype("boolean").astype("Float64")
        columns["complaint_share"] = flagged.groupby(
            _number(known["opened_at"], changed_on, days)
        ).mean()
    frame = pd.DataFrame(columns).astype(float).reindex(starts.index)
    frame["n_tickets"] = frame["n_tickets"].fillna(0)
    return frame.set_axis(pd.DatetimeIndex(starts, name="starts on"), axis=0)


def _hours(contacts: pd.DataFrame) -> pd.Series:
    if "first_response_at" not in contacts:
        return pd.Series(np.nan, index=contacts.index)
    waited = contacts["first_response_at"] - contacts["opened_at"]
    return (waited.dt.total_seconds() / 3600).fillna(np.inf)


def _number(when: pd.Series, changed_on: When, days: int) -> pd.Series:
    return ((when.dt.normalize() - read_day(changed_on)) // (days * DAY)).rename("window")


def _list_windows(when: pd.Series, changed_on: When, days: int) -> pd.Series:
    """List the windows that lie wholly between the first and the last day of the data."""
    if when.empty:
        raise ModelError("the table holds no row with a time")
    start = read_day(changed_on)
    first, last = when.min().normalize(), when.max().normalize()
    lowest = -((start - first).days // days)
    highest = ((last - start).days + 1) // days - 1
    if highest < lowest:
        raise ModelError(
            f"no window of {days} days lies within {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        )
    numbers = range(lowest, highest + 1)
    return pd.Series([start + n * days * DAY for n in numbers], index=pd.Index(numbers))


def join_series(
    parts: Mapping[str, pd.DataFrame | NotAvailable],
) -> pd.DataFrame | NotAvailable:
    """Put series of several tables side by side; those not available are left out.

    Returns
    -------
    DataFrame
        One column a series; the first reason where none is available.
    """
    there = [part for part in parts.values() if not isinstance(part, NotAvailable)]
    if not there:
        reasons = [part for part in parts.values() if isinstance(part, NotAvailable)]
        return reasons[0] if reasons else NotAvailable("no series is given")
    return pd.concat(there, axis=1).sort_index()

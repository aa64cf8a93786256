"""The days a decomposition looks at, and what was booked in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, SettingsError

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """First and last day, and the same for monthly bookings.

    Parameters
    ----------
    since, until : Timestamp
        First and last day of sales.
    booked_since, booked_until : Timestamp
        The same for tickets and costs: where no day was asked for, the whole month counts,
        as its booking covers more days than the ledger may show.
    """

    since: pd.Timestamp
    until: pd.Timestamp
    booked_since: pd.Timestamp
    booked_until: pd.Timestamp

    def covers(self, moments: pd.Series) -> npt.NDArray[np.bool_]:
        """Mark the sales on a day of the window."""
        return _between(moments, self.since, self.until)

    def covers_service(self, moments: pd.Series) -> npt.NDArray[np.bool_]:
        """Mark the tickets of the months whose bookings count."""
        return _between(moments, self.booked_since, self.booked_until)

    def share_of_months(self, months: pd.Series) -> npt.NDArray[np.float64]:
        """Share of each month's days that lies inside, for bookings of whole months."""
        first = months.dt.normalize() - pd.to_timedelta(months.dt.day - 1, unit="D")
        last = first + pd.offsets.MonthEnd(0)
        start = first.where(first > self.booked_since, self.booked_since)
        end = last.where(last < self.booked_until, self.booked_until)
        days = (end - start).dt.days.to_numpy(np.float64) + 1
        return np.asarray(np.clip(days, 0, None) / months.dt.days_in_month.to_numpy(np.float64))


def _between(moments: pd.Series, since: pd.Timestamp, until: pd.Timestamp) -> npt.NDArray[np.bool_]:
    days = moments.dt.normalize()
    return np.asarray(((days >= since) & (days <= until)).to_numpy(dtype=bool))


def open_window(transactions: pd.DataFrame, *, since: str = "", until: str = "") -> Window:
    """Take the days asked for; those of the ledger where none is.

    Raises
    ------
    ModelError
        If there is no line, or none between the days.
    SettingsError
        If the first day lies after the last.
    """
    if transactions.empty:
        raise ModelError("there is no purchase to value")
    days = transactions["ordered_at"].dt.normalize()
    first = pd.Timestamp(since) if since else days.min()
    last = pd.Timestamp(until) if until else days.max()
    if first > last:
        raise SettingsError(f"the first day, {first:%Y-%m-%d}, lies after {last:%Y-%m-%d}")
    if not ((days >= first) & (days <= last)).any():
        raise ModelError(f"nobody bought between {first:%Y-%m-%d} and {last:%Y-%m-%d}")
    return Window(
        first,
        last,
        first if since else first.replace(day=1),
        last if until else last + pd.offsets.MonthEnd(0),
    )


def count_months(moments: pd.Series) -> Integers:
    """Number the calendar month of each moment."""
    return np.asarray(moments.to_numpy().astype("datetime64[M]").astype(np.int64))

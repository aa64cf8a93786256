"""Windows of equal length, between which movements of customers can be told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, passes_absence

SHORTEST = 28  # days of a window: four whole weeks, so that every weekday counts alike

Day = dt.date | pd.Timestamp | str


@dataclass(frozen=True)
class Window:
    """Days from ``since`` to ``until``, both counted, written as 2017-06-30."""

    since: str
    until: str

    @property
    def days(self) -> int:
        """Length."""
        return (dt.date.fromisoformat(self.until) - dt.date.fromisoformat(self.since)).days + 1

    def __str__(self) -> str:
        return f"{self.since} to {self.until}"


@passes_absence
def plan_windows(first: Day, last: Day, *, n_windows: int = 2) -> tuple[Window, ...]:
    """Cut the days from the first to the last purchase into windows of equal length.

    The windows end with the last day; days at the start that do not fill a window are
    left out.

    Parameters
    ----------
    first, last : date, Timestamp or str
        First and last day of the data.
    n_windows : int
        How many windows, at least 2.

    Raises
    ------
    SettingsError
        If fewer than two windows are asked for.
    ModelError
        If a window would be shorter than four weeks.
    """
    if n_windows < 2:
        raise SettingsError(f"n_windows = {n_windows}: a movement needs two windows")
    start, end = (pd.Timestamp(day).normalize() for day in (first, last))
    length = ((end - start).days + 1) // n_windows
    if length < SHORTEST:
        raise ModelError(
            f"{n_windows} windows from {start:%Y-%m-%d} to {end:%Y-%m-%d} hold too few days "
            f"each: {max(length, 0)}; {SHORTEST} are needed for a movement to mean anything"
        )
    ends = [end - pd.Timedelta(days=length * back) for back in reversed(range(n_windows))]
    starts = [day - pd.Timedelta(days=length - 1) for day in ends]
    return tuple(
        Window(f"{a:%Y-%m-%d}", f"{b:%Y-%m-%d}") for a, b in zip(starts, ends, strict=True)
    )


def require_equal(windows: Sequence[Window]) -> None:
    """Refuse windows between which a movement would be of their own making.

    Raises
    ------
    ModelError
        If they differ in length, are too short, or overlap.
    """
    said = "; ".join(f"{window} ({window.days} days)" for window in windows)
    if len({window.days for window in windows}) > 1:
        raise ModelError(
            f"windows of unequal length: {said}; in the longer one customers buy more often, and "
            "all would seem to move"
        )
    if any(window.days < SHORTEST for window in windows):
        raise ModelError(f"windows too short: {said}; {SHORTEST} days are needed")
    ordered = sorted(windows, key=lambda window: window.since)
    if any(a.until >= b.since for a, b in pairwise(ordered)):
        raise ModelError(f"windows overlap: {said}")


@dataclass(frozen=True)
class Periods:
    """Customers' features in each of several windows, from the first to the last."""

    frames: tuple[pd.DataFrame, ...]
    windows: tuple[Window, ...]

    @property
    def last(self) -> pd.DataFrame:
        """Features in the last window."""
        return self.frames[-1]


@passes_absence
def read_windows(
    read: Callable[..., pd.DataFrame | NotAvailable], windows: Sequence[Window]
) -> Periods | NotAvailable:
    """Read the features of each window; not available where one of them is not.

    Parameters
    ----------
    read : callable
        Takes ``since`` and ``until``, such as ``data.purchases``.
    windows : sequence of Window
        From the first to the last.
    """
    frames: list[pd.DataFrame] = []
    for window in windows:
        frame = read(since=window.since, until=window.until)
        if isinstance(frame, NotAvailable):
            return frame
        frames.append(frame)
    return Periods(tuple(frames), tuple(windows))

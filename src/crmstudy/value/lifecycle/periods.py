"""Calendar periods of a ledger, and how much of each is recorded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import ModelError, SettingsError, nearest

PERIODS = {"month": "M", "quarter": "Q"}
#: A period at the edge of the record counts when this share of its days is recorded.
ENOUGH = 0.9


@dataclass(frozen=True, eq=False)
class Calendar:
    """Whole calendar periods between two days.

    Parameters
    ----------
    unit : str
        "month" or "quarter".
    labels : tuple of str
        The periods that count, as 2017-03 or 2017Q1.
    start, stop : integer arrays
        First and last recorded day of each, as days since 1970-01-01.
    left_out : tuple of str
        Periods at the edges of which too little is recorded, with the days recorded.
    """

    unit: str
    labels: tuple[str, ...]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    left_out: tuple[str, ...]

    @property
    def days(self) -> NDArray[np.int64]:
        """Days recorded of each period."""
        return self.stop - self.start + 1


def plan_calendar(first_day: int, last_day: int, *, unit: str) -> Calendar:
    """Cut the recorded days into calendar months or quarters.

    A period at an edge is left out unless nine tenths of its days are recorded; spend and
    purchases are compared by the day, so that the missing tenth moves nothing.

    Parameters
    ----------
    first_day, last_day : int
        Days since 1970-01-01, both recorded.
    unit : {"month", "quarter"}
        Length of a period.

    Raises
    ------
    SettingsError
        If the unit is neither.
    ModelError
        If no period is recorded as a whole.
    """
    if unit not in PERIODS:
        raise SettingsError(
            f"period = {unit!r}: allowed are {', '.join(PERIODS)}{nearest(unit, PERIODS)}"
        )
    ends = [str(np.datetime64(day, "D")) for day in (first_day, last_day)]
    spans = pd.period_range(ends[0], ends[1], freq=PERIODS[unit])
    begin, finish = (
        np.array([_number(stamp) for stamp in stamps], np.int64)
        for stamps in (spans.start_time, spans.end_time)
    )
    start, stop = np.maximum(begin, first_day), np.minimum(finish, last_day)
    enough = (stop - start + 1) >= ENOUGH * (finish - begin + 1)
    if not enough.any():
        raise ModelError(
            f"the purchases from {ends[0]} to {ends[1]} cover no {unit} as a whole; stages need one"
        )
    short = [
        f"{name} ({days} day{'' if days == 1 else 's'} recorded)"
        for name, days in zip(spans[~enough].astype(str), (stop - start + 1)[~enough], strict=True)
    ]
    return Calendar(
        unit, tuple(spans[enough].astype(str)), start[enough], stop[enough], tuple(short)
    )


def _number(stamp: pd.Timestamp) -> int:
    return int(stamp.to_datetime64().astype("datetime64[D]").astype(np.int64))

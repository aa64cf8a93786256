"""On which days the firm might have looked ahead, how far back and how far forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence

#: Lengths of a window among which the data choose, in weeks.
WINDOWS = (4, 6, 8, 13, 26)
#: Share of the customers who usually come back within a window of the length chosen.
SHARE_WITHIN = 0.75
#: Origins wanted, and without which no model can be chosen and tested.
MOST_ORIGINS, FEWEST_ORIGINS = 6, 3
#: Of these the data keep at least so many when they choose the length of the window.
WANTED_ORIGINS = 4
#: No origin looks back further, in weeks.
LONGEST_LOOK_BACK = 52


class Shop(Protocol):
    """What early warning asks of a study; :class:`crmstudy.collection.StudyData` has it."""

    def reach(self) -> tuple[pd.Timestamp, pd.Timestamp] | NotAvailable:
        """Return the times of the first and the last purchase."""

    def split_day(self, *, share: float = 0.5) -> str | NotAvailable:
        """Name the day that ends a share of the observed days."""

    def features(self, *, since: str = "", until: str = "") -> pd.DataFrame | NotAvailable:
        """Return all features of customers in a window."""

    def purchases(self, *, since: str = "", until: str = "") -> pd.DataFrame | NotAvailable:
        """Return the features of purchasing in a window."""


@dataclass(frozen=True)
class Origin:
    """A day on which somebody looks ahead; all days are ISO dates, inclusive.

    Parameters
    ----------
    day : str
        Last day of what is known.
    role : {"training", "test", "alert"}
        The last origin whose window is over is the test; the last day of all gives alerts.
    look_back, recent, before : str
        First day of everything that features count, of the last window, and of the window
        before it.
    until : str
        Last day of the window that is foretold; of an alert it is still to come.
    """

    day: str
    role: str
    look_back: str
    recent: str
    before: str
    until: str


@dataclass(frozen=True)
class OriginPlan:
    """Origins in the order of time, and why the windows are as long as they are.

    Parameters
    ----------
    weeks : int
        Length W of the window at risk and of the window foretold.
    look_back_weeks : int
        Weeks that features count, the same at every origin.
    origins : tuple of Origin
        Training origins, the test origin, and the alert on the last day.
    rule : str
        How the length was found, in words.
    """

    weeks: int
    look_back_weeks: int
    origins: tuple[Origin, ...]
    rule: str

    @property
    def observed(self) -> tuple[Origin, ...]:
        """The origins whose window is over."""
        return tuple(origin for origin in self.origins if origin.role != "alert")

    @property
    def test(self) -> Origin:
        """The origin that tests the models."""
        return self.observed[-1]

    @property
    def alert(self) -> Origin:
        """The last day of the data."""
        return self.origins[-1]

    def table(self) -> pd.DataFrame:
        """One row an origin."""
        return pd.DataFrame(
            {
                "last day known": [origin.day for origin in self.origins],
                "role": [origin.role for origin in self.origins],
                "counts from": [origin.look_back for origin in self.origins],
                "at risk if bought from": [origin.recent for origin in self.origins],
                "foretold until": [origin.until for origin in self.origins],
            }
        )


@passes_absence
def plan_origins(shop: Shop, *, weeks: int = 0) -> OriginPlan | NotAvailable:
    """Lay origins over the observed days, counted back from the last one.

    Windows that are foretold never overlap: the one of an origin ends on the next origin's
    day, so that everything a model learns from was over on the day it is used. All origins
    look back equally far, so that counts mean the same at each.

    Parameters
    ----------
    shop : StudyData
        The study, with the data set to warn about.
    weeks : int
        Length of the window; 0 asks the data: the shortest of 4, 6, 8, 13 and 26 weeks
        within which three quarters of the customers usually come back (mean time between
        their purchases, known on the middle day of the data), shortened where fewer than
        four origins would be left.

    Raises
    ------
    ModelError
        If the observed days hold fewer than three origins.
    """
    reach = shop.reach()
    if isinstance(reach, NotAvailable):
        return reach
    first, last = (moment.normalize() for moment in reach)
    n_weeks = ((last - first).days + 1) // 7
    length, rule = (weeks, "as told") if weeks else _choose_length(shop, n_weeks)
    n_windows = n_weeks // length
    # Two windows of history show a trend; where origins are scarce, one must do.
    n_origins = min(MOST_ORIGINS, max(n_windows - 2, min(n_windows - 1, WANTED_ORIGINS)))
    if n_origins < FEWEST_ORIGINS:
        raise ModelError(
            f"the purchases cover {n_weeks} weeks; early warning with a window of {length} weeks "
            f"needs {(FEWEST_ORIGINS + 1) * length} or more: name a shorter window"
        )
    look_back = min(n_weeks - n_origins * length, max(LONGEST_LOOK_BACK, 2 * length))
    places = range(n_origins, -1, -1)
    roles = ["training"] * (n_origins - 1) + ["test", "alert"]
    origins = [
        _place_origin(last - pd.Timedelta(weeks=k * length), role, length, look_back)
        for k, role in zip(places, roles, strict=True)
    ]
    return OriginPlan(length, look_back, tuple(origins), rule)


def _choose_length(shop: Shop, n_weeks: int) -> tuple[int, str]:
    # The first half only: what comes after the origins must not shape them.
    middle = shop.split_day(share=0.5)
    known = middle if isinstance(middle, NotAvailable) else shop.features(until=middle)
    possible = [w for w in WINDOWS if n_weeks // w > WANTED_ORIGINS]
    if not possible:
        return WINDOWS[0], "the shortest window considered"
    if isinstance(known, NotAvailable) or known["mean_days_between_purchases"].notna().sum() < 10:
        return possible[0], "the shortest: too few customers came back in the first half"
    usual = float(known["mean_days_between_purchases"].quantile(SHARE_WITHIN)) / 7
    fitting = [w for w in possible if w >= usual]
    if fitting:
        return fitting[0], "three quarters of the customers usually come back within it"
    return possible[-1], "the longest that leaves enough origins; customers come back more seldom"


def _place_origin(day: pd.Timestamp, role: str, weeks: int, look_back_weeks: int) -> Origin:
    def first_of(n_weeks: int) -> str:
        return f"{day - pd.Timedelta(days=7 * n_weeks - 1):%Y-%m-%d}"

    return Origin(
        day=f"{day:%Y-%m-%d}",
        role=role,
        look_back=first_of(look_back_weeks),
        recent=first_of(weeks),
        before=first_of(2 * weeks),
        until=f"{day + pd.Timedelta(weeks=weeks):%Y-%m-%d}",
    )

"""Which days recommendations are learnt from, tuned on and judged by."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.errors import ModelError, passes_absence

#: Share of the observed days that each of the two later windows takes.
WINDOW_SHARE = 0.125
FEWEST_DAYS = 3


@dataclass(frozen=True)
class TrialWindows:
    """Three windows of days, one after the other; ISO dates, both ends included.

    Parameters
    ----------
    learn_since, learn_until : str
        Purchases that settings are tried on are learnt from these days.
    tune_since, tune_until : str
        Days that choose the settings; learnt from too before the test.
    test_since, test_until : str
        Days that judge.
    """

    learn_since: str
    learn_until: str
    tune_since: str
    tune_until: str
    test_since: str
    test_until: str

    @property
    def window_days(self) -> int:
        """Length of the window that judges."""
        return (pd.Timestamp(self.test_until) - pd.Timestamp(self.test_since)).days + 1

    def table(self) -> pd.DataFrame:
        """Arrange the windows, one row each."""
        rows = [
            ("learning", self.learn_since, self.learn_until),
            ("tuning", self.tune_since, self.tune_until),
            ("test", self.test_since, self.test_until),
        ]
        table = pd.DataFrame(rows, columns=["window", "first day", "last day"])
        spans = pd.to_datetime(table["last day"]) - pd.to_datetime(table["first day"])
        return table.assign(days=spans.dt.days + 1)


@passes_absence
def plan_recommendation_trial(
    reach: tuple[pd.Timestamp, pd.Timestamp], *, share: float = WINDOW_SHARE
) -> TrialWindows:
    """Cut the observed days into learning, tuning and test.

    Time orders the windows, as in use: a random split would let recommendations learn from
    what was bought after them.

    Parameters
    ----------
    reach : pair of Timestamp
        First and last purchase, as ``data.reach()`` gives them.
    share : float
        Share of the days for tuning and again for the test, at least a day each.

    Raises
    ------
    ModelError
        If fewer than three days were observed, or the share leaves nothing to learn from.
    """
    first, last = (pd.Timestamp(day).normalize() for day in reach)
    n_days = (last - first).days + 1
    if n_days < FEWEST_DAYS:
        raise ModelError(
            f"purchases of {n_days} {'day' if n_days == 1 else 'days'} only: {FEWEST_DAYS} are "
            "needed to learn, tune and judge recommendations"
        )
    if not 0 < share < 0.5:
        raise ModelError(f"share = {share:g}: a number between 0 and 0.5 is needed")
    length = max(int(n_days * share), 1)
    test = last - pd.Timedelta(days=length - 1)
    tune = test - pd.Timedelta(days=length)
    day = pd.Timedelta(days=1)
    ends = (first, tune - day, tune, test - day, test, last)
    return TrialWindows(*(f"{end:%Y-%m-%d}" for end in ends))

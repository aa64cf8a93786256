"""How many windows of a campaign's length the data hold before and from its first day on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.campaigns.panel import find_reach
from crmstudy.errors import DataError, ModelError, SettingsError, passes_absence

DAY = pd.Timedelta(days=1)
LEAST_BEFORE = 2


@dataclass(frozen=True)
class WindowPlan:
    """The windows into which the time around a campaign is cut.

    Parameters
    ----------
    days : int
        Length of a window.
    n_pre, n_post : int
        Windows before the campaign, and from its first day on, that are used.
    n_asked : int
        Windows before it that were asked for.
    starts_on, ends_on : Timestamp
        First day of the first, last day of the last window.
    data_begin, data_end : Timestamp
        First and last day with a purchase.
    """

    days: int
    n_pre: int
    n_post: int
    n_asked: int
    starts_on: pd.Timestamp
    ends_on: pd.Timestamp
    data_begin: pd.Timestamp
    data_end: pd.Timestamp

    @property
    def shortened(self) -> bool:
        """Whether the data reach over fewer windows than were asked for."""
        return self.n_pre < self.n_asked

    @property
    def silent_days(self) -> int:
        """Last days of the windows that lie after the last purchase of the data."""
        return max(0, (self.ends_on - self.data_end).days)

    def table(self) -> pd.DataFrame:
        """Arrange one row a fact."""
        facts = {
            "days a window": f"{self.days}",
            "windows before, asked for": f"{self.n_asked}",
            "windows before, used": f"{self.n_pre}",
            "windows from the first day on": f"{self.n_post}",
            "first day of the windows": f"{self.starts_on:%Y-%m-%d}",
            "last day of the windows": f"{self.ends_on:%Y-%m-%d}",
            "first day with a purchase": f"{self.data_begin:%Y-%m-%d}",
            "last day with a purchase": f"{self.data_end:%Y-%m-%d}",
        }
        return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})

    def to_metrics(self) -> dict[str, float]:
        """Give the windows used."""
        return {
            "window_days": self.days,
            "windows_before": self.n_pre,
            "windows_after": self.n_post,
        }


@passes_absence
def plan_windows(
    transactions: pd.DataFrame, campaign: Campaign, *, n_pre: int, parts: int = 1
) -> WindowPlan:
    """Cut the time around a campaign into windows, as many as asked for or the data hold.

    A window is as long as the campaign, or a part of it. Windows from the first day on end
    with the campaign, or with the data where they end before it. A few days after the last
    purchase count as days without one: see
    :func:`~crmstudy.case.campaigns.panel.find_reach`.

    Parameters
    ----------
    transactions : DataFrame
        Canonical transactions.
    campaign : Campaign
        From :func:`~crmstudy.case.campaigns.campaign.find_campaign`.
    n_pre : int
        Windows of the campaign's length before it that are wished for.
    parts : int
        Windows into which the campaign itself is cut; so many times ``n_pre`` are wished
        for before it.

    Raises
    ------
    SettingsError
        If a number is below 1.
    DataError
        If ``ordered_at`` is absent.
    ModelError
        If the data hold fewer than two windows before the campaign, or none from its
        first day on.
    """
    if min(n_pre, parts) < 1:
        raise SettingsError(f"n_pre = {n_pre}, parts = {parts}: each must be at least 1")
    if "ordered_at" not in transactions.columns:
        raise DataError("transactions lack the column 'ordered_at'")
    days = max(1, campaign.days // parts)
    start = campaign.start.normalize()
    begin, reach = find_reach(transactions["ordered_at"], days=days)
    end = transactions["ordered_at"].max().normalize()
    held = (start - begin).days // days
    after = min(max(1, campaign.days // days), ((reach - start).days + 1) // days)
    wished = n_pre * parts
    if held < min(LEAST_BEFORE, wished) or after < 1:
        raise ModelError(
            f"the transactions reach from {begin:%Y-%m-%d} to {end:%Y-%m-%d}; campaign "
            f"{campaign.campaign_id} begins on {start:%Y-%m-%d} and windows have {days} days: "
            f"{max(held, 0)} before and {max(after, 0)} from its first day on, where two and one "
            "are needed"
        )
    used = min(wished, held)
    return WindowPlan(
        days=days,
        n_pre=used,
        n_post=after,
        n_asked=wished,
        starts_on=start - used * days * DAY,
        ends_on=start + after * days * DAY - DAY,
        data_begin=begin,
        data_end=end,
    )

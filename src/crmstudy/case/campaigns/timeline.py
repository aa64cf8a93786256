"""Which other campaigns ran before and during the one in question, and whom they reached."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.campaigns.windows import WindowPlan
from crmstudy.checks import Check
from crmstudy.errors import passes_absence
from crmstudy.statistics.two_shares import Arm, newcombe_limits

DAY = pd.Timedelta(days=1)
TOLERATED = 0.1  # difference of the shares that others addressed


@dataclass(frozen=True)
class Timeline:
    """All campaigns of the data around one of them.

    Parameters
    ----------
    campaign_id : str
        The campaign in question.
    campaigns : DataFrame
        One row a campaign by first day: ``campaign_id``, ``kind``, ``starts_on``, ``ends_on``,
        ``n_addressed``, ``when`` ("the case", "same time", "windows before", "earlier",
        "later"), ``days_shared`` (with the campaign in question), ``of_addressed`` and
        ``of_compared`` (shares of its two groups that the other addressed too).
    contact : DataFrame
        Rows "in the windows before" and "during the campaign": ``addressed`` and ``compared``
        (shares of the groups that any other campaign addressed), ``difference``,
        ``lower``, ``upper`` (95%, Newcombe).
    touched_ids : frozenset of str
        Customers of either group whom another campaign addressed during it.
    n_addressed, n_compared : int
        Customers of the groups.
    """

    campaign_id: str
    campaigns: pd.DataFrame
    contact: pd.DataFrame
    touched_ids: frozenset[str]
    n_addressed: int
    n_compared: int

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether others addressed both groups about equally often during the campaign."""
        difference = abs(float(self.contact["difference"].iloc[1]))
        return (
            Check(
                name="other campaigns reached both groups alike (difference of shares)",
                passed=difference <= TOLERATED,
                statistic=difference,
                threshold=f"<= {TOLERATED:g}",
                source="rule of this study: no other treatment at the same time",
                consequence="the difference may be that of other campaigns; claim no effect",
            ),
        )

    def table(self) -> pd.DataFrame:
        """Arrange one row a campaign."""
        names = {
            "campaign_id": "campaign",
            "starts_on": "first day",
            "ends_on": "last day",
            "n_addressed": "customers addressed",
            "days_shared": "days shared",
            "of_addressed": "share of addressed",
            "of_compared": "share of compared",
        }
        frame = self.campaigns.rename(columns=names)
        for day in ("first day", "last day"):
            frame[day] = frame[day].dt.strftime("%Y-%m-%d")
        return frame

    def contacts(self) -> pd.DataFrame:
        """Arrange the shares of both groups that other campaigns addressed."""
        names = {"lower": "lower 95%", "upper": "upper 95%"}
        return self.contact.rename(columns=names).rename_axis("when").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Give how many campaigns ran at the same time and whom they reached."""
        return {
            "campaigns": len(self.campaigns),
            "campaigns_same_time": int((self.campaigns["when"] == "same time").sum()),
            "others_addressed_share": float(self.contact["addressed"].iloc[1]),
            "others_compared_share": float(self.contact["compared"].iloc[1]),
            "others_difference": float(self.contact["difference"].iloc[1]),
        }


@passes_absence
def trace_campaigns(campaigns: pd.DataFrame, campaign: Campaign, plan: WindowPlan) -> Timeline:
    """Set a campaign among all others of the data.

    A customer whom other campaigns reached at the same time was treated otherwise, too. Where
    this befell the groups unequally, the difference between them is not the campaign's
    alone; where equally, it is the effect on top of what else went on.

    Parameters
    ----------
    campaigns : DataFrame
        Canonical campaigns; customers held back (``treated`` false) count as not addressed.
    campaign : Campaign
        From :func:`~crmstudy.case.campaigns.campaign.find_campaign`.
    plan : WindowPlan
        From :func:`~crmstudy.case.campaigns.windows.plan_windows`.
    """
    rows = campaigns
    if "treated" in rows:
        rows = rows[rows["treated"].fillna(True).astype(bool)]
    spans = rows.groupby("campaign_id").agg(
        starts_on=("start_on", "min"),
        ends_on=("end_on", "max"),
        n_addressed=("customer_id", "nunique"),
    )
    named = rows.groupby("campaign_id")["campaign_type"].first() if "campaign_type" in rows else ""
    spans.insert(0, "kind", named)
    groups = [set(campaign.treated_ids), set(campaign.control_ids)]
    members = rows.groupby("campaign_id")["customer_id"].agg(set)
    for name, group in zip(("of_addressed", "of_compared"), groups, strict=True):
        spans[name] = [len(members[key] & group) / len(group) for key in spans.index]
    first, last = spans["starts_on"], spans["ends_on"]
    shared = (
        last.where(last < campaign.end, campaign.end)
        - first.where(first > campaign.start, campaign.start)
        + DAY
    )
    spans.insert(
        4, "days_shared", shared.to_numpy().astype("timedelta64[D]").astype("int64").clip(min=0)
    )
    spans.insert(4, "when", _place(spans, campaign, plan))
    others = spans.index != campaign.campaign_id
    before = others & (first < campaign.start) & (last >= plan.starts_on)
    during = others & (spans["days_shared"] > 0)
    reached = [set().union(*members[spans.index[flag]]) for flag in (before, during)]
    return Timeline(
        campaign_id=campaign.campaign_id,
        campaigns=spans.sort_values(["starts_on", "ends_on"], kind="stable").reset_index(),
        contact=pd.DataFrame(
            [_compare(ids, groups) for ids in reached],
            index=["in the windows before", "during the campaign"],
        ),
        touched_ids=frozenset(reached[1] & (groups[0] | groups[1])),
        n_addressed=len(groups[0]),
        n_compared=len(groups[1]),
    )


def _place(spans: pd.DataFrame, campaign: Campaign, plan: WindowPlan) -> np.ndarray:
    return np.select(
        [
            spans.index == campaign.campaign_id,
            spans["days_shared"] > 0,
            spans["starts_on"] > campaign.end,
            spans["ends_on"] >= plan.starts_on,
        ],
        ["the case", "same time", "later", "windows before"],
        "earlier",
    )


def _compare(reached: set[str], groups: list[set[str]]) -> dict[str, float]:
    one, other = (Arm(len(reached & group), len(group)) for group in groups)
    lower, upper = newcombe_limits(one, other)
    return {
        "addressed": one.share,
        "compared": other.share,
        "difference": one.share - other.share,
        "lower": lower,
        "upper": upper,
    }

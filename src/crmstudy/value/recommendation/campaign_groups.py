"""Conversion while a campaign ran, of customers addressed and customers held back by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.statistics.two_shares import Arm, ShareComparison, compare_shares
from crmstudy.statistics.two_shares_size import find_smallest_share
from crmstudy.value.recommendation.ab_test import ALPHA, POWER

FEWEST_IN_ARM = 10  # customers of a group for a comparison worth its name
KEY = ["campaign_id", "customer_id"]


@dataclass(frozen=True)
class CampaignTests:
    """Conversion of customers addressed and held back, campaign by campaign.

    Parameters
    ----------
    comparisons : dict
        Campaign -> comparison of the shares who bought while it ran.
    before : dict
        Campaign -> the same comparison over as many days before it, where no difference
        should be.
    smallest_uplift : dict
        Campaign -> relative rise that its groups could show, or missing.
    power : float
        Probability of finding that rise.
    left_out : tuple of str
        Campaigns with a group too small to compare.
    """

    comparisons: dict[str, ShareComparison]
    before: dict[str, ShareComparison]
    smallest_uplift: dict[str, float]
    power: float
    left_out: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """Arrange groups, shares, difference and relative uplift with their limits, one a row."""
        return pd.DataFrame(
            [
                _describe(name, comparison, self.smallest_uplift[name])
                for name, comparison in self.comparisons.items()
            ]
        )

    @property
    def checks(self) -> tuple[Check, ...]:
        """Whether the groups were alike before each campaign."""
        return tuple(
            Check(
                name=f"groups of {name} bought alike before it",
                passed=before.test.p_value >= ALPHA,
                statistic=before.test.p_value,
                threshold=f"p >= {ALPHA:g}",
                source="drawing lots makes groups alike",
                consequence="the lot may have failed: the difference is not the campaign's alone",
            )
            for name, before in self.before.items()
        )

    def to_metrics(self) -> dict[str, float]:
        """Give the difference of the largest campaign with its limits and p-value."""
        largest = max(
            self.comparisons.values(), key=lambda found: min(found.treated.n, found.control.n)
        )
        lower, upper = largest.difference_limits
        return {
            "treated": largest.treated.n,
            "control": largest.control.n,
            "treated_share": largest.treated.share,
            "control_share": largest.control.share,
            "difference": largest.difference,
            "lower": lower,
            "upper": upper,
            "p_value": largest.test.p_value,
        }


def _describe(name: str, found: ShareComparison, smallest: float) -> dict[str, object]:
    lower, upper = found.difference_limits
    low, high = found.ratio_limits
    ratio = np.nan if isinstance(found.ratio, NotAvailable) else found.ratio
    known = bool(np.isfinite(ratio))
    return {
        "campaign": name,
        "addressed": found.treated.n,
        "held back": found.control.n,
        "share, addressed": found.treated.share,
        "share, held back": found.control.share,
        "difference": found.difference,
        "lower": lower,
        "upper": upper,
        "relative uplift": ratio - 1,
        "uplift, lower": low - 1 if known else np.nan,
        "uplift, upper": high - 1 if known else np.nan,
        "p": found.test.p_value,
        "test": found.test.distribution.replace("normal", "score test"),
        "smallest uplift seen": smallest,
    }


@passes_absence
def compare_campaign_groups(
    campaigns: pd.DataFrame, transactions: pd.DataFrame, *, power: float = POWER
) -> CampaignTests | NotAvailable:
    """Compare who bought while a campaign ran, addressed against held back by lot.

    Everybody drawn counts, also those who never answered: what is compared is the offer, not
    its acceptance.

    Parameters
    ----------
    campaigns : DataFrame
        ``campaign_id``, ``customer_id``, ``start_on``, ``end_on`` and ``treated``, false for
        a customer held back.
    transactions : DataFrame
        Canonical lines.

    Returns
    -------
    CampaignTests or NotAvailable
        Not available where no campaign held customers back.
    """
    if "treated" not in campaigns or not campaigns["treated"].eq(False).any():
        return NotAvailable("no campaign held customers back by lot: conversion was never tested")
    rows = campaigns[[*KEY, "treated", "start_on", "end_on"]].dropna()
    rows = rows.assign(treated=rows["treated"].astype(bool))
    days = transactions[["customer_id", "ordered_at"]].dropna()
    days = days.assign(day=days["ordered_at"].dt.normalize())[["customer_id", "day"]]
    days = days.drop_duplicates()
    now, before, smallest, left_out = {}, {}, {}, []
    for name, group in rows.groupby("campaign_id", sort=True):
        if min(group["treated"].sum(), (~group["treated"]).sum()) < FEWEST_IN_ARM:
            left_out.append(str(name))
            continue
        start, end = group["start_on"].min().normalize(), group["end_on"].max().normalize()
        length = end - start + pd.Timedelta(days=1)
        now[str(name)] = _compare(group, days, start, end)
        if start - length >= days["day"].min():
            early = start - length, start - pd.Timedelta(days=1)
            before[str(name)] = _compare(group, days, *early)
        smallest[str(name)] = _find_visible(now[str(name)], power=power)
    if not now:
        return NotAvailable(
            f"no campaign has {FEWEST_IN_ARM} customers addressed and {FEWEST_IN_ARM} held back"
        )
    return CampaignTests(now, before, smallest, power, tuple(left_out))


def _compare(
    group: pd.DataFrame, days: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp
) -> ShareComparison:
    buyers = days.loc[days["day"].between(start, end), "customer_id"].unique()
    bought = group["customer_id"].isin(buyers)
    treated, control = (
        Arm(int(bought[side].sum()), int(side.sum()))
        for side in (group["treated"], ~group["treated"])
    )
    return compare_shares(treated, control)


def _find_visible(found: ShareComparison, *, power: float) -> float:
    base = found.control.share
    if not 0 < base < 1:
        return np.nan
    share = find_smallest_share(
        base, n_control=found.control.n, n_treated=found.treated.n, power=power
    )
    return np.nan if isinstance(share, NotAvailable) else share / base - 1

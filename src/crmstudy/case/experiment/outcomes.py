"""From transactions to one row a customer of an experiment: outcomes, and the time before."""

from __future__ import annotations

import pandas as pd

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.campaigns.panel import build_panel
from crmstudy.errors import ModelError, passes_absence
from crmstudy.improvement import Case

#: What was known before the campaign, and is used to sharpen the comparison.
COVARIATES = ("revenue_before", "n_purchases_before", "bought_before")


@passes_absence
def gather_outcomes(
    transactions: pd.DataFrame,
    campaign: Campaign,
    *,
    n_pre: int = 4,
    responses: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Sum up what every customer of an experiment bought during and before the campaign.

    A customer without a purchase stands there with 0: whoever was put into a group counts
    in it, whatever they did (intention to treat).

    Parameters
    ----------
    transactions : DataFrame
        Canonical transactions.
    campaign : Campaign
        Must have held its control customers back.
    n_pre : int
        Windows of the campaign's length before it; fewer where the data do not reach.
    responses : DataFrame, optional
        Canonical responses: who redeemed the offer.

    Returns
    -------
    DataFrame
        Indexed by customer, in order: ``treated``; ``revenue`` (money), ``n_purchases``,
        ``bought`` (0 or 1) over the campaign; the same with ``_before`` (revenue and
        purchases per window before); ``responded`` where responses are given.

    Raises
    ------
    ModelError
        If nobody was held back, or the data do not reach over the campaign and one window
        before it.
    """
    if not campaign.randomised:
        raise ModelError(
            f"campaign {campaign.campaign_id} held nobody back, so there is no experiment: the "
            "customers to compare with are those whom it did not address"
        )
    panel = _build_reaching(transactions, campaign, n_pre=n_pre)
    sums = panel.pivot_table(
        index="customer_id", columns="post", values=["revenue", "n_purchases"], aggfunc="sum"
    )
    n_windows = panel.loc[~panel["post"], "period"].nunique()
    before = {name: sums[name][False] for name in ("revenue", "n_purchases")}
    frame = pd.DataFrame(
        {
            "treated": panel.groupby("customer_id")["treated"].first(),
            "revenue": sums["revenue"][True].astype(float),
            "n_purchases": sums["n_purchases"][True].astype(float),
            "bought": (sums["n_purchases"][True] > 0).astype(float),
            "revenue_before": before["revenue"] / n_windows,
            "n_purchases_before": before["n_purchases"] / n_windows,
            "bought_before": (before["n_purchases"] > 0).astype(float),
        }
    )
    return _add_responses(frame, campaign, responses)


def _build_reaching(transactions: pd.DataFrame, campaign: Campaign, *, n_pre: int) -> pd.DataFrame:
    """Take as many windows before as the data reach over, at most ``n_pre``, at least one."""
    first = transactions["ordered_at"].min().normalize()
    reached = (campaign.start - first).days // campaign.days
    return build_panel(
        transactions,
        treated_ids=campaign.treated_ids,
        control_ids=campaign.control_ids,
        campaign_start=campaign.start,
        campaign_end=campaign.end,
        n_pre=max(1, min(n_pre, reached)),
    )


def _add_responses(
    frame: pd.DataFrame, campaign: Campaign, responses: pd.DataFrame | None
) -> pd.DataFrame:
    if not isinstance(responses, pd.DataFrame):
        return frame
    ours = responses[responses["campaign_id"].astype(str) == campaign.campaign_id]
    return frame.assign(responded=frame.index.isin(ours["customer_id"]).astype(float))


def read_intended_share(case: Case | None) -> float | None:
    """Read from study.yml the share of the campaign's customers meant to be treated, if told."""
    return case.treated_share if case else None

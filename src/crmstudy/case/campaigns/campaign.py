"""One campaign of the data: when it ran, whom it addressed, who is compared with them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from crmstudy.case.effects.did import DidResult
from crmstudy.errors import ModelError, NotAvailable, SettingsError, nearest, passes_absence


@dataclass(frozen=True)
class Campaign:
    """A campaign with its two groups of customers.

    Parameters
    ----------
    campaign_id : str
        Its identifier.
    start, end : Timestamp
        First and last day.
    treated_ids, control_ids : tuple of str
        Customers addressed; customers to compare them with.
    randomised : bool
        Whether the control customers were held back by the campaign itself; if not,
        they are the customers whom it did not address.
    """

    campaign_id: str
    start: pd.Timestamp
    end: pd.Timestamp
    treated_ids: tuple[str, ...]
    control_ids: tuple[str, ...]
    randomised: bool

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days + 1

    @property
    def eve(self) -> str:
        """The day before the campaign, as an ISO date."""
        return f"{self.start - pd.Timedelta(days=1):%Y-%m-%d}"

    def table(self) -> pd.DataFrame:
        """Arrange one row a fact."""
        control = "held back by the campaign" if self.randomised else "not addressed"
        facts = {
            "campaign": self.campaign_id,
            "first day": f"{self.start:%Y-%m-%d}",
            "last day": f"{self.end:%Y-%m-%d}",
            "days": f"{self.days}",
            "customers addressed": f"{len(self.treated_ids):,}",
            f"customers {control}": f"{len(self.control_ids):,}",
        }
        return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})


@passes_absence
def find_campaign(
    campaigns: pd.DataFrame, transactions: pd.DataFrame, *, campaign_id: str = ""
) -> Campaign:
    """Find a campaign and the customers to compare.

    Parameters
    ----------
    campaigns : DataFrame
        Canonical campaigns: one row a customer addressed; ``treated`` is false for a
        customer who was held back.
    transactions : DataFrame
        Canonical transactions: who bought at all.
    campaign_id : str
        The campaign; empty takes the one that addressed most customers.

    Raises
    ------
    SettingsError
        If there is no such campaign.
    ModelError
        If a group is empty.
    """
    known = campaigns["campaign_id"].value_counts(sort=True)
    chosen = campaign_id or str(known.index[0])
    if chosen not in known.index:
        raise SettingsError(
            f"no campaign {chosen!r}{nearest(chosen, map(str, known.index))}; "
            f"known: {', '.join(sorted(map(str, known.index)))}; set CAMPAIGN_ID, or "
            "case.campaign_id in study.yml"
        )
    rows = campaigns[campaigns["campaign_id"] == chosen]
    held = rows["treated"].eq(False) if "treated" in rows else pd.Series(False, rows.index)
    held = held.fillna(False).astype(bool)
    addressed = set(rows.loc[~held, "customer_id"])
    others = set(rows.loc[held, "customer_id"]) or set(transactions["customer_id"]) - addressed
    if not addressed or not others:
        raise ModelError(f"campaign {chosen} leaves nobody to compare the addressed customers with")
    return Campaign(
        campaign_id=chosen,
        start=rows["start_on"].min(),
        end=rows["end_on"].max(),
        treated_ids=tuple(sorted(addressed)),
        control_ids=tuple(sorted(others)),
        randomised=bool(held.any()),
    )


@passes_absence
def average_windows(panel: pd.DataFrame, *, outcome: str = "revenue") -> pd.DataFrame:
    """Mean outcome per window of treated and control customers, one column a group.

    Returns
    -------
    DataFrame
        Indexed by window (0 begins with the campaign): ``addressed``, ``compared``.
    """
    means = panel.pivot_table(index="period", columns="treated", values=outcome, aggfunc="mean")
    return means.rename(columns={True: "addressed", False: "compared"})[["addressed", "compared"]]


@passes_absence
def flag_treated(features: pd.DataFrame, campaign: Campaign) -> pd.DataFrame | NotAvailable:
    """Add the column ``treated`` to what was known of the customers beforehand.

    Customers of either group without a purchase before the campaign are not among the
    features; they are left out here.
    """
    both = features.index.isin([*campaign.treated_ids, *campaign.control_ids])
    kept = features[both]
    return kept.assign(treated=kept.index.isin(campaign.treated_ids))


@passes_absence
def trace_leads(effect: DidResult) -> pd.DataFrame | NotAvailable:
    """List the placebo differences before the campaign, one row a window.

    Returns
    -------
    DataFrame
        Columns window, estimate, standard_error, lower, upper.
    """
    pretrend = effect.pretrend
    if isinstance(pretrend, NotAvailable):
        return pretrend
    return pretrend.leads.rename_axis("window").reset_index()

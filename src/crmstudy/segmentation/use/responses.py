"""Offers of campaigns and what became of them: who was addressed, who answered, what they spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, ModelError, passes_absence
from crmstudy.segmentation.use.gains import order_rows
from crmstudy.shares import wilson_limits

SEEN_FROM = 0.9  # share of a campaign's days that must lie in the data
KEY = ["campaign_id", "customer_id"]


@dataclass(frozen=True)
class Offers:
    """Every offer of every campaign, and its answer.

    Parameters
    ----------
    rows : DataFrame
        One row an offer, a customer addressed by a campaign: ``campaign_id``,
        ``customer_id``, ``treated`` (false for a customer held back), ``responded``,
        ``revenue`` (of the purchases on the days of the response, 0 without one) and,
        where every line has its cost, ``margin``.
    campaigns : DataFrame
        One row a campaign in the order of its first day, indexed by its identifier:
        ``campaign_type``, ``start_on``, ``end_on``, ``n_addressed``, ``n_held_back``,
        ``n_responded``, ``share_seen`` (of its days that lie in the data).
    windows : DataFrame
        Offers of the campaigns that held customers back, those held back too:
        ``campaign_id``, ``customer_id``, ``treated``, and what the customer bought
        while the campaign ran, ``n_purchase_days``, ``revenue``[, ``margin``].
    n_outside, n_unaddressed : int
        Responses outside their campaign's days; of customers it did not address.
    """

    rows: pd.DataFrame
    campaigns: pd.DataFrame
    windows: pd.DataFrame
    n_outside: int
    n_unaddressed: int

    @property
    def has_margin(self) -> bool:
        """Whether the margin of the response purchases is known, not only their revenue."""
        return "margin" in self.rows

    def table(self) -> pd.DataFrame:
        """Arrange the campaigns with their response rates and Wilson's limits."""
        counted = self.campaigns
        lower, upper = wilson_limits(counted["n_responded"], counted["n_addressed"].clip(lower=1))
        table = counted.assign(
            share=counted["n_responded"] / counted["n_addressed"].clip(lower=1),
            lower=lower,
            upper=upper,
        )
        names = {
            "campaign_type": "type",
            "start_on": "first day",
            "end_on": "last day",
            "n_addressed": "customers addressed",
            "n_held_back": "held back",
            "n_responded": "responses",
            "share_seen": "share of days in the data",
            "share": "response rate",
        }
        return table.rename(columns=names).rename_axis("campaign").reset_index()


@passes_absence
def match_responses(
    campaigns: pd.DataFrame, responses: pd.DataFrame, transactions: pd.DataFrame
) -> Offers:
    """Find for each offer whether it was answered within the campaign's days, and the sale.

    Several responses of one customer to one campaign are one answer; the sale is what
    the customer paid on all days of these responses. It is not what the campaign added:
    part of it would have been bought anyway.

    Parameters
    ----------
    campaigns, responses, transactions : DataFrame
        Canonical tables.

    Raises
    ------
    ModelError
        If no customer was addressed.
    """
    offers = _list_offers(campaigns)
    days = _days_of_response(offers, responses)
    bought = _sum_by_day(transactions)
    sales = days.loc[days["inside"], [*KEY, "day"]].drop_duplicates()
    sales = sales.merge(bought, on=["customer_id", "day"], how="left")
    money = [name for name in ("revenue", "margin") if name in bought]
    spent = sales.fillna(dict.fromkeys(money, 0.0)).groupby(KEY)[money].sum()
    rows = offers[[*KEY, "treated"]].set_index(KEY)
    rows["responded"] = rows.index.isin(spent.index)
    rows = rows.join(spent).fillna(dict.fromkeys(money, 0.0)).reset_index()
    first, last = bought["day"].min(), bought["day"].max()
    return Offers(
        rows=rows,
        campaigns=_summarise(offers, rows, first=first, last=last),
        windows=_sum_windows(offers, bought),
        n_outside=int((days["addressed"] & ~days["inside"]).sum()),
        n_unaddressed=int((~days["addressed"]).sum()),
    )


def _list_offers(campaigns: pd.DataFrame) -> pd.DataFrame:
    held = campaigns["treated"].eq(False) if "treated" in campaigns else False
    treated = ~pd.Series(held, index=campaigns.index).fillna(False).astype(bool)
    if not treated.any():
        raise ModelError("no campaign addressed a customer")
    kinds = campaigns.get("campaign_type", "unknown")
    offers = campaigns[[*KEY, "start_on", "end_on"]].assign(
        treated=treated, campaign_type=pd.Series(kinds, campaigns.index).fillna("unknown")
    )
    offers["start_on"] = offers["start_on"].dt.normalize()
    offers["end_on"] = offers["end_on"].dt.normalize()
    return offers


def _days_of_response(offers: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    days = responses[KEY].assign(day=responses["responded_at"].dt.normalize())
    known = offers[[*KEY, "treated", "start_on", "end_on"]]
    days = days.merge(known, on=KEY, how="left")
    days["addressed"] = days["treated"].eq(True)
    days["inside"] = days["addressed"] & days["day"].between(days["start_on"], days["end_on"])
    return days


def _sum_by_day(transactions: pd.DataFrame) -> pd.DataFrame:
    """Sum each customer's purchases by day; the margin only where every cost is known."""
    known = transactions[transactions["customer_id"].notna()]
    lines = known[["customer_id", "revenue"]].assign(day=known["ordered_at"].dt.normalize())
    if "cost" in known and known["cost"].notna().all():
        lines["margin"] = known["revenue"] - known["cost"]
    return lines.groupby(["customer_id", "day"], as_index=False).sum()


def _summarise(
    offers: pd.DataFrame, rows: pd.DataFrame, *, first: pd.Timestamp, last: pd.Timestamp
) -> pd.DataFrame:
    groups = offers.groupby("campaign_id")
    facts = groups.agg(
        campaign_type=("campaign_type", "min"),
        start_on=("start_on", "min"),
        end_on=("end_on", "max"),
        n_addressed=("treated", "sum"),
        n_held_back=("treated", "size"),
    )
    facts["n_held_back"] -= facts["n_addressed"]
    facts["n_responded"] = rows.groupby("campaign_id")["responded"].sum()
    begun = facts["start_on"].where(facts["start_on"] >= first, first)
    ended = facts["end_on"].where(facts["end_on"] <= last, last)
    length = (facts["end_on"] - facts["start_on"]).dt.days + 1
    facts["share_seen"] = ((ended - begun).dt.days + 1).clip(lower=0) / length
    return facts.rename_axis("campaign_id").sort_values(["start_on", "end_on", "n_addressed"])


def _sum_windows(offers: pd.DataFrame, bought: pd.DataFrame) -> pd.DataFrame:
    """Sum what customers bought while a campaign ran that held some of them back."""
    has_control = ~offers.groupby("campaign_id")["treated"].transform("all")
    asked = offers.loc[has_control, [*KEY, "treated", "start_on", "end_on"]]
    pairs = asked.merge(bought, on="customer_id", how="left")
    inside = pairs["day"].between(pairs["start_on"], pairs["end_on"])
    money = [name for name in ("revenue", "margin") if name in bought]
    sums = (
        pairs[inside]
        .groupby(KEY)
        .agg(n_purchase_days=("day", "nunique"), **{name: (name, "sum") for name in money})
    )
    joined = asked[[*KEY, "treated"]].join(sums, on=KEY)
    return joined.fillna(dict.fromkeys(("n_purchase_days", *money), 0.0))


@dataclass(frozen=True)
class OfferTrial:
    """Offers to learn from, and other offers to judge by what was learnt.

    Parameters
    ----------
    learn, test : DataFrame
        Offers made (nobody held back): ``campaign_id``, ``customer_id``, ``segment``,
        ``responded``, ``revenue``[, ``margin``].
    segments : Series
        Label of each customer, as given.
    cut_day : str
        Last day of the data that made the segments.
    kind : {"later campaigns", "other customers"}
        What the test offers are. "other customers" stands where no campaign was over
        by the cut day: rates are learnt from one random half of the customers and
        judged on the other half.
    uses : Series
        What each campaign was used for, indexed as ``Offers.campaigns``.
    n_unlabelled : int
        Offers to customers without a segment, left out.
    """

    learn: pd.DataFrame
    test: pd.DataFrame
    segments: pd.Series
    cut_day: str
    kind: str
    uses: pd.Series
    n_unlabelled: int


@passes_absence
def hold_out_offers(offers: Offers, segments: pd.Series, *, cut_day: str, seed: int) -> OfferTrial:
    """Keep the offers of later campaigns apart from those that rates are learnt from.

    A campaign serves learning when it was over by the cut day, and judging when it
    began after it; one that spans the cut day, or of which less than 90 % of the days
    lie in the data (its answers had no time to come), serves neither.

    Parameters
    ----------
    offers : Offers
        From :func:`match_responses`.
    segments : Series
        Labels indexed by customer, made from data up to ``cut_day``.
    cut_day : str
        ISO date.
    seed : int
        Draws the half of the customers, where a half is needed.

    Raises
    ------
    DataError
        If a customer has two labels.
    ModelError
        If no campaign began after the cut day, or no offer went to a labelled customer.
    """
    if segments.index.has_duplicates:
        twice = segments.index[segments.index.duplicated()][0]
        raise DataError(f"segments hold customer {twice!r} twice; one label a customer is needed")
    labels = segments.dropna().astype("str")
    uses = _use_campaigns(offers.campaigns, pd.Timestamp(cut_day))
    made = offers.rows[offers.rows["treated"]].drop(columns="treated")
    made = made.assign(segment=made["customer_id"].map(labels), use=made["campaign_id"].map(uses))
    n_unlabelled = int((made["segment"].isna() & made["use"].isin(["learn", "test"])).sum())
    made = made[made["segment"].notna()]
    learn, test = (made[made["use"] == use].drop(columns="use") for use in ("learn", "test"))
    if test.empty:
        raise ModelError(
            f"no campaign after {cut_day} lies wholly in the data and addressed customers with "
            "a segment: nothing to judge response rates by"
        )
    kind = "later campaigns"
    if learn.empty:
        learn, test = _halve(test, labels.index, seed=seed)
        kind = "other customers"
    return OfferTrial(learn, test, labels, cut_day, kind, uses, n_unlabelled)


def _use_campaigns(campaigns: pd.DataFrame, cut: pd.Timestamp) -> pd.Series:
    uses = np.select(
        [
            campaigns["share_seen"] < SEEN_FROM,
            campaigns["end_on"] <= cut,
            campaigns["start_on"] > cut,
        ],
        ["not wholly in the data", "learn", "test"],
        "spans the cut day",
    )
    return pd.Series(uses, index=campaigns.index, name="use", dtype="str")


def _halve(
    made: pd.DataFrame, customers: pd.Index, *, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split customers into random halves, whatever their names.

    Who is equal in all that offers know of him stands in the order of ``customers``: that
    of the database, where only who bought the very same is in the order of the files.
    """
    known = made.groupby("customer_id").agg(
        segment=("segment", "first"),
        n=("responded", "size"),
        responded=("responded", "sum"),
        revenue=("revenue", "sum"),
    )
    known["place"] = customers.get_indexer(known.index)
    if len(known) < 2:
        raise ModelError("one customer was addressed: no half is left to judge by")
    ordered = known.index[order_rows(known)]
    drawn = np.random.default_rng(seed).permutation(len(ordered))
    first = ordered[np.sort(drawn[: len(ordered) // 2])]
    chosen = made["customer_id"].isin(first)
    return made[chosen], made[~chosen]

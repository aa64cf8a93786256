"""A contact budget spent where the next unit of money brings most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable, SettingsError, passes_absence
from crmstudy.segmentation.use.allocation import Plan, Terms, optimise_contacts, trace_marginal
from crmstudy.segmentation.use.backtest import BEST, compare_plans, plan_rivals
from crmstudy.segmentation.use.responses import Offers, OfferTrial
from crmstudy.segmentation.use.soundness import (
    LIMITS,
    check_plan,
    list_assumptions,
    resample_plans,
    sum_segments,
    vary_assumptions,
)
from crmstudy.segmentation.use.units import Learner, tier_customers


@dataclass(frozen=True)
class BudgetResult:
    """The best plan for one budget, what it rests on, and plans beside it.

    Parameters
    ----------
    units : DataFrame
        One row a segment and tier: ``segment``, ``tier`` (1 best ranked),
        ``n_customers``, ``n_offers``, ``n_responses`` (learnt from), ``rate`` with
        ``rate_lower`` and ``rate_upper`` (bootstrap), ``own_weight``,
        ``margin_per_response``, ``value`` (expected margin of a contact), ``contacts``.
    segments : DataFrame
        Indexed by segment, by falling expected profit: ``n_customers``, ``contacts``,
        ``share_contacted``, ``spent``, ``share_budget`` with ``share_lower`` and
        ``share_upper``, ``value`` (mean of a contact to any customer of the segment) with
        ``value_lower``, ``value_upper``, ``profit``, ``funded`` (share of the bootstrap
        samples in whose plan the segment gets contacts).
    comparison : DataFrame
        Indexed by plan: ``contacts``, ``spent``, ``profit`` (expected, all customers);
        ``found`` (profit on the offers held out, each plan choosing among them) with
        limits, ``advantage`` of the best plan with limits.
    marginal : DataFrame
        See :func:`crmstudy.segmentation.use.allocation.trace_marginal`.
    sensitivity : DataFrame
        One row an assumption changed: ``change``, ``contacts``, ``spent``, ``profit``,
        ``shadow_price``, ``overlap`` (share of the contacts that stay where they were).
    assumptions : DataFrame
        ``quantity``, ``value``, ``source``.
    terms : Terms
    plan : Plan
    shadow_lower, shadow_upper : float
        Limits of the shadow price over the bootstrap samples.
    held_out : str
        What the comparison was judged on, in words.
    checks : tuple of Check
    n_held_out, n_replicates : int
    """

    units: pd.DataFrame
    segments: pd.DataFrame
    comparison: pd.DataFrame
    marginal: pd.DataFrame
    sensitivity: pd.DataFrame
    assumptions: pd.DataFrame
    terms: Terms
    plan: Plan
    shadow_lower: float
    shadow_upper: float
    held_out: str
    checks: tuple[Check, ...]
    n_held_out: int
    n_replicates: int

    def table(self) -> pd.DataFrame:
        """Arrange the segments: contacts, money, and how sure the plan is."""
        names = {
            "n_customers": "customers",
            "contacts": "contacts",
            "share_contacted": "contacts per customer",
            "spent": "budget",
            "share_budget": "share of budget",
            "share_lower": "share, lower",
            "share_upper": "share, upper",
            "profit": "expected profit",
            "funded": "funded in samples",
        }
        return self.segments[list(names)].rename(columns=names).reset_index()

    def compare(self) -> pd.DataFrame:
        """Arrange the plans: what is expected, and what they would have brought."""
        names = {
            "spent": "spent",
            "profit": "expected profit",
            "found": "profit on held-out offers",
            "lower": "lower",
            "upper": "upper",
            "advantage": "advantage of the best plan",
            "advantage_lower": "advantage, lower",
            "advantage_upper": "advantage, upper",
        }
        table = self.comparison[list(names)].rename(columns=names).astype("object")
        table.iloc[0, -3:] = "–"
        return table.rename_axis("plan").reset_index()

    def weigh(self) -> pd.DataFrame:
        """Give the value of a contact less its cost, by segment, as evidence for a plan."""
        columns = {"value": "value", "value_lower": "lower", "value_upper": "upper"}
        frame = self.segments[list(columns)].rename(columns=columns) - self.terms.cost_per_contact
        return frame.assign(source="answers to earlier offers; part would be bought anyway")

    def to_metrics(self) -> dict[str, float]:
        """Give the plan, its shadow price, and its lead over the other plans."""
        metrics: dict[str, float] = {
            "budget": self.terms.budget,
            "spent": self.plan.spent,
            "contacts": float(self.plan.contacts.sum()),
            "expected_profit": self.plan.profit,
            "shadow_price": self.plan.shadow_price,
            "shadow_price_lower": self.shadow_lower,
            "shadow_price_upper": self.shadow_upper,
        }
        for plan, row in self.comparison.iterrows():
            name = str(plan).replace(",", "").replace(" ", "_")
            metrics[f"found_{name}"] = float(row["found"])
        return metrics


@dataclass(frozen=True)
class ContactCost:
    """What one contact costs.

    Parameters
    ----------
    amount : float
        Currency.
    source : str
        Where the amount comes from, in words.
    """

    amount: float
    source: str


def price_contact(
    costs: pd.DataFrame | NotAvailable, offers: Offers | NotAvailable, *, assumed: float
) -> ContactCost:
    """Divide the campaign costs booked by the offers made; else take what is assumed.

    Parameters
    ----------
    costs : DataFrame or NotAvailable
        Canonical costs; counted are bookings of the type "campaign" in months in which a
        campaign ran.
    offers : Offers or NotAvailable
        From :func:`crmstudy.segmentation.use.responses.match_responses`.
    assumed : float
        Currency; used where nothing is booked.
    """
    if isinstance(costs, NotAvailable) or isinstance(offers, NotAvailable):
        return ContactCost(assumed, "assumed")
    ran = offers.campaigns[offers.campaigns["n_addressed"] > 0]
    booked = costs[costs["cost_type"] == "campaign"]
    inside = [
        bool(((ran["start_on"] <= month.end_time) & (ran["end_on"] >= month.start_time)).any())
        for month in booked["period"].dt.to_period("M")
    ]
    total = float(booked["amount"][np.array(inside, dtype=bool)].sum())
    if total <= 0:
        return ContactCost(assumed, "assumed")
    return ContactCost(total / float(ran["n_addressed"].sum()), "campaign costs booked per offer")


@passes_absence
def allocate_budget(
    trial: OfferTrial,
    before: pd.DataFrame,
    *,
    budget_share: float,
    cost: ContactCost,
    margin_share: float,
    seed: int,
    ranking: str = "revenue",
    n_tiers: int = 10,
    minimum_coverage: float = 0.0,
    most_contacts: int = 1,
    repeat_value: float = 0.5,
    n_replicates: int = 200,
) -> BudgetResult:
    """Plan the contacts of a campaign so that the expected profit is largest.

    Customers of a segment are ranked and cut into tiers; the units of the plan are
    segment and tier. A contact of a unit is worth its response rate (beta-binomial,
    drawn towards that of its segment, and this towards that of all) times the margin of
    a response (credibility mean, drawn likewise), both from the offers learnt from.
    The plan is found by linear programming and again greedily.

    Every customer with a segment can be contacted, also those whom no earlier
    campaign addressed: they are taken to answer like those of their unit who were. The
    margin of a response is that of all purchases on its day, what would have been
    bought anyway included: the profit is what is seen after contacts, not their effect.

    Parameters
    ----------
    trial : OfferTrial
        Offers to learn from and offers held out.
    before : DataFrame indexed by customer
        Purchase features up to the cut day.
    budget_share : float
        Budget as a share of what one contact to every customer would cost.
    cost : ContactCost
        From :func:`price_contact`.
    margin_share : float
        Assumed share of the revenue of a response that is margin; used where the data
        have no cost of goods.
    ranking : str
        Column of ``before`` that ranks the customers within a segment, larger is better.
    n_tiers : int
        Tiers of a segment; equal customers share a tier.
    minimum_coverage, most_contacts, repeat_value
        See :class:`crmstudy.segmentation.use.allocation.Terms`.
    seed, n_replicates : int
        Of the bootstrap by customer.

    Raises
    ------
    SettingsError
        If a parameter is out of its range.
    ModelError
        If nobody answered the campaigns learnt from, or the budget does not pay for the
        minimum coverage.
    """
    _check_settings(budget_share, margin_share, n_tiers, ranking, before)
    tiers = tier_customers(trial.segments, before[ranking], n_tiers=n_tiers)
    terms = Terms(
        budget=budget_share * len(tiers) * cost.amount,
        cost_per_contact=cost.amount,
        minimum_coverage=minimum_coverage,
        most_contacts=most_contacts,
        repeat_value=repeat_value,
    )
    learner = Learner.prepare(trial.learn, tiers, margin_share=margin_share)
    units = learner.learn(np.ones(learner.n_customers))
    plan = optimise_contacts(units, terms)
    revenue = before["revenue"].reindex(tiers.index).groupby(tiers["segment"]).sum()
    rivals = plan_rivals(units, terms, revenue)
    samples = resample_plans(learner, terms, seed=seed, n_replicates=n_replicates)
    comparison, n_held_out = compare_plans(
        {BEST: plan, **rivals},
        trial.test,
        tiers,
        units,
        terms=terms,
        budget_share=budget_share,
        revenue=revenue,
        margin_share=margin_share,
        seed=seed,
        n_replicates=n_replicates,
    )
    lower, upper = np.quantile(samples.rates, LIMITS, axis=0)
    units = units.assign(rate_lower=lower, rate_upper=upper, contacts=plan.contacts)
    return BudgetResult(
        units=units,
        segments=sum_segments(units, terms, samples),
        comparison=comparison,
        marginal=trace_marginal(units, terms),
        sensitivity=vary_assumptions(units, terms, plan),
        assumptions=list_assumptions(
            terms, trial, margin_share=margin_share, budget_share=budget_share, priced=cost.source
        ),
        terms=terms,
        plan=plan,
        shadow_lower=float(np.quantile(samples.shadow, LIMITS[0])),
        shadow_upper=float(np.quantile(samples.shadow, LIMITS[1])),
        held_out=f"offers of {trial.kind}",
        checks=check_plan(units, terms, plan, comparison),
        n_held_out=n_held_out,
        n_replicates=n_replicates,
    )


def _check_settings(
    budget_share: float, margin_share: float, n_tiers: int, ranking: str, before: pd.DataFrame
) -> None:
    if budget_share < 0 or not 0 < margin_share <= 1 or n_tiers < 1:
        raise SettingsError(
            f"budget_share = {budget_share!r}, margin_share = {margin_share!r}, n_tiers = "
            f"{n_tiers!r}: they must be 0 or more, above 0 and at most 1, and at least 1"
        )
    if ranking not in before:
        raise SettingsError(f"ranking = {ranking!r}: allowed are {', '.join(before.columns)}")

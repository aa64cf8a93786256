"""Contact plans judged on offers that were really made, later or to others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.segmentation.use.allocation import (
    Plan,
    Terms,
    fill_greedily,
    price_plan,
    spread_budget,
)
from crmstudy.segmentation.use.gains import draw_counts, order_rows
from crmstudy.segmentation.use.units import price_offers

Floats = npt.NDArray[np.float64]

BEST, BEST_SEGMENTS = "best plan", "best segments first, without tiers"
EQUAL, BY_REVENUE, EVERYBODY = (
    "equal shares for all segments",
    "shares by revenue",
    "customers drawn by lot",
)
LIMITS = (0.025, 0.975)


def plan_rivals(units: pd.DataFrame, terms: Terms, revenue: pd.Series) -> dict[str, Plan]:
    """Spend the same budget by simpler rules.

    Whole segments in the order of their value; the same money for each segment; money
    in proportion to revenue; and customers drawn by lot. The last three spend
    everything, and none of the four knows the tiers.
    """
    size = units.groupby("segment", sort=False)["n_customers"].sum()
    segments = list(size.index)
    worth = (units["value"] * units["n_customers"]).groupby(units["segment"], sort=False).sum()
    whole = pd.DataFrame(
        {"segment": segments, "n_customers": size.to_numpy(), "value": (worth / size).to_numpy()}
    )
    chosen = pd.Series(fill_greedily(whole, terms).contacts, index=segments)
    each = units["segment"].map(chosen / size).to_numpy()
    return {
        BEST_SEGMENTS: price_plan(units, terms, each * units["n_customers"].to_numpy(dtype=float)),
        EQUAL: spread_budget(units, terms, pd.Series(1.0, index=segments)),
        BY_REVENUE: spread_budget(units, terms, revenue),
        EVERYBODY: spread_budget(units, terms, size.astype(float)),
    }


def compare_plans(
    plans: Mapping[str, Plan],
    offers: pd.DataFrame,
    tiers: pd.DataFrame,
    units: pd.DataFrame,
    *,
    terms: Terms,
    budget_share: float,
    revenue: pd.Series,
    margin_share: float,
    seed: int,
    n_replicates: int,
) -> tuple[pd.DataFrame, int]:
    """Ask what each rule would have earned, had it chosen among the offers held out.

    Every rule gets the same share of what all these offers cost and plans anew with the
    values learnt; an offer counts with the share of its unit that the plan takes. So
    nothing is said of customers whom the firm did not address.
    """
    known = offers[tiers.index.get_indexer(pd.Index(offers["customer_id"])) >= 0]
    known = known.sort_values("campaign_id")
    where = tiers.loc[known["customer_id"]]
    place = pd.MultiIndex.from_frame(units[["segment", "tier"]])
    unit = place.get_indexer(pd.MultiIndex.from_frame(where))
    profit = price_offers(known, margin_share) - terms.cost_per_contact
    room = np.bincount(unit, minlength=len(units))
    made = units.assign(n_customers=room)[room > 0]
    one = replace(
        terms,
        budget=budget_share * len(known) * terms.cost_per_contact,
        most_contacts=1,
        minimum_coverage=min(terms.minimum_coverage, budget_share),
    )
    chosen = {BEST: fill_greedily(made, one), **plan_rivals(made, one, revenue)}
    taken = np.zeros((len(chosen), len(units)))
    taken[:, room > 0] = [
        plan.contacts / made["n_customers"].to_numpy(dtype=float) for plan in chosen.values()
    ]
    earned = _sum_by_customer(known["customer_id"], taken[:, unit] * profit)
    found = earned.sum(axis=1)
    drawn = np.array(
        [
            earned @ counts
            for counts in draw_counts(earned.shape[1], seed=seed, n_replicates=n_replicates)
        ]
    )
    ahead = np.quantile(drawn[:, :1] - drawn, LIMITS, axis=0)
    limits = np.quantile(drawn, LIMITS, axis=0)
    frame = pd.DataFrame(
        {
            "contacts": [plan.contacts.sum() for plan in plans.values()],
            "spent": [plan.spent for plan in plans.values()],
            "profit": [plan.profit for plan in plans.values()],
            "found": found,
            "lower": limits[0],
            "upper": limits[1],
            "advantage": found[0] - found,
            "advantage_lower": ahead[0],
            "advantage_upper": ahead[1],
        },
        index=pd.Index(list(plans), name="plan"),
    )
    return frame, len(known)


def _sum_by_customer(customers: pd.Series, earned: Floats) -> Floats:
    """Sum each plan's profit by customer, customers in the order of these sums."""
    sums = pd.DataFrame(earned.T).groupby(customers.to_numpy()).sum()
    return np.asarray(sums.to_numpy()[order_rows(sums)].T)

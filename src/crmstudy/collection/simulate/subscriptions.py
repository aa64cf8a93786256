"""The tea club of the simulated firm: contracts that run month by month until somebody leaves.

Each contract is ended at the end of a month with a probability of its own, which follows a
beta distribution over the contracts: the shifted-beta-geometric model.

References
----------
Fader, P. S. & Hardie, B. G. S. (2007). How to project customer retention. Journal of
Interactive Marketing, 21(1), 76-90.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import betaln

from crmstudy.collection.simulate.draws import category, draw_shares, moments, number_ids, pick
from crmstudy.collection.simulate.parameters import (
    WINDOW_ENDS_ON,
    FirmParameters,
)

PLANS = category(("small box", "large box"))
PLAN_SHARES = (0.7, 0.3)
PLAN_FEES = (12.9, 24.9)  # a month
_LONGEST_WAIT = 180  # days from the first purchase to joining
_PERIOD = category(("month",))
_LONGEST = 12_000  # months; what is longer is cut, far beyond the window


def draw_subscriptions(
    rng: np.random.Generator, people: pd.DataFrame, firm: FirmParameters
) -> pd.DataFrame:
    """Draw who joins the club, when, on which plan, and how long they stay.

    A contract begins on the first day of the month after joining, so that its months are
    those of the calendar. What ends after the window is running when it closes. What the
    club costs is billed apart: none of it is among the purchases.

    Parameters
    ----------
    people : DataFrame
        ``prospect`` (never joins) and ``first_day``.

    Returns
    -------
    DataFrame
        ``owner`` (row of ``people``), ``plan`` (position), ``started_on, ended_on`` (last
        day; missing while running), ``churn_probability`` (a month), by day of start.
    """
    size = len(people)
    joins = (rng.random(size) < firm.subscription_share) & ~people["prospect"].to_numpy()
    day = people["first_day"].to_numpy() + rng.integers(0, _LONGEST_WAIT, size)
    plan = draw_shares(rng, size, PLAN_SHARES)
    churn = np.maximum(rng.beta(firm.subscription_gamma, firm.subscription_delta, size), 1e-12)
    n_months = np.minimum(rng.geometric(churn), _LONGEST)
    first_month = moments(day).astype("datetime64[M]") + 1
    last_day = (first_month + n_months).astype("datetime64[D]") - 1
    ended_on = np.where(last_day <= WINDOW_ENDS_ON, last_day, np.datetime64("NaT"))
    drawn = pd.DataFrame(
        {
            "owner": np.arange(size),
            "plan": plan,
            "started_on": first_month.astype("datetime64[us]"),
            "ended_on": ended_on.astype("datetime64[us]"),
            "churn_probability": churn,
        }
    )
    return drawn[joins].sort_values(["started_on", "owner"], ignore_index=True)


def write_subscriptions(
    drawn: pd.DataFrame, ids: pd.CategoricalDtype, *, first_number: int
) -> pd.DataFrame:
    """Write the canonical table: names in place of positions."""
    plan = drawn["plan"].to_numpy()
    return pd.DataFrame(
        {
            "subscription_id": number_ids("S", first_number + np.arange(len(drawn))),
            "customer_id": pick(drawn["owner"].to_numpy(), ids),
            "plan": pick(plan, PLANS),
            "started_on": drawn["started_on"],
            "ended_on": drawn["ended_on"],
            "fee": np.array(PLAN_FEES)[plan],
            "period": pick(np.zeros(len(drawn), dtype=int), _PERIOD),
        }
    )


def true_subscriptions(firm: FirmParameters) -> dict[str, float]:
    """Work out what follows from the model: mean churn, and who is left after a year.

    ``subscription.survival.12`` is the expected share of contracts that run for more than
    twelve months; ``subscription.churn.first`` that of those that end with the first.
    """
    gamma, delta = firm.subscription_gamma, firm.subscription_delta
    return {
        "subscription.churn.first": gamma / (gamma + delta),
        "subscription.survival.12": float(np.exp(betaln(gamma, delta + 12) - betaln(gamma, delta))),
        **{
            f"subscription.fee.{name.replace(' ', '_')}": fee
            for name, fee in zip(PLANS.categories, PLAN_FEES, strict=True)
        },
    }

"""The simulated campaign: a randomised experiment that adds purchases."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.consents import choose_consenting
from crmstudy.collection.simulate.draws import Booleans, pick
from crmstudy.collection.simulate.ledger import draw_spend
from crmstudy.collection.simulate.parameters import (
    CAMPAIGN_DAY,
    CAMPAIGN_STARTS_ON,
    WINDOW_DAYS,
    WINDOW_ENDS_ON,
    FirmParameters,
)

CAMPAIGN_ID = "LOYALTY-2025"


def draw_campaign(
    rng: np.random.Generator,
    people: pd.DataFrame,
    ids: pd.CategoricalDtype,
    consenting: Booleans,
    firm: FirmParameters,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw who is in the campaign, who is treated, and the purchases it adds.

    Treatment is randomised. Every treated customer gets a Poisson number of further
    purchases on days of the campaign, whatever else they do: the effect is additive,
    the same in expectation for all, and leaves the time before the campaign alone.

    Parameters
    ----------
    consenting : ndarray of shape (n_customers,)
        Who consents to marketing; nobody else is in the experiment.

    Returns
    -------
    campaigns : DataFrame
        One row per customer of the experiment, in the order of ``people``.
    extra : DataFrame
        Added purchases, as :func:`draw_purchases` gives them.
    """
    chosen = choose_consenting(rng, people, consenting, share=firm.campaign_share)
    treated = np.arange(chosen.size) < round(chosen.size * firm.campaign_treated_share)
    n_extra = rng.poisson(firm.campaign_purchases, chosen.size) * treated
    owner = np.repeat(chosen, n_extra)
    extra = draw_spend(
        rng, owner, rng.integers(CAMPAIGN_DAY, WINDOW_DAYS, owner.size), people, firm
    )
    order = np.argsort(chosen)
    campaigns = pd.DataFrame(
        {
            "campaign_id": pick(np.zeros(chosen.size, dtype=int), [CAMPAIGN_ID]),
            "customer_id": pick(chosen[order], ids),
            "campaign_type": pick(np.zeros(chosen.size, dtype=int), ["loyalty coupon"]),
            "start_on": CAMPAIGN_STARTS_ON.astype("datetime64[us]"),
            "end_on": WINDOW_ENDS_ON.astype("datetime64[us]"),
            "treated": treated[order],
        }
    )
    return campaigns, extra


def list_responses(extra_lines: pd.DataFrame, ids: pd.CategoricalDtype) -> pd.DataFrame:
    """List each customer's first added basket as the response to the campaign."""
    first = extra_lines.groupby("owner")["ordered_at"].min()
    order = np.lexsort((first.index, first))
    return pd.DataFrame(
        {
            "campaign_id": pick(np.zeros(len(first), dtype=int), [CAMPAIGN_ID]),
            "customer_id": pick(first.index.to_numpy()[order], ids),
            "responded_at": first.to_numpy()[order],
        }
    )

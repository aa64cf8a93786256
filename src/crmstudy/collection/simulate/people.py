"""Who the simulated customers are: latent rates and segments, and what the firm knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import (
    Integers,
    draw_by_group,
    moments,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.parameters import JOINING_DAYS, FirmParameters

SEGMENTS = ("tea lovers", "coffee lovers", "sweet tooth", "home cooks")
SEGMENT_SHARES = (0.35, 0.30, 0.20, 0.15)

# One row per segment, in the order of SEGMENTS; a segment shows in what it buys first
# of all, then in age, place and channel. It says nothing of how often and how much.
_AGES = ((52.0, 10.0), (36.0, 8.0), (30.0, 9.0), (46.0, 10.0))  # mean, standard deviation
_SEXES = ("female", "male")
_SEX_SHARES = ((0.60, 0.40), (0.45, 0.55), (0.65, 0.35), (0.50, 0.50))
_REGIONS = ("north", "east", "south", "west", "central")
_REGION_SHARES = (
    (0.15, 0.35, 0.25, 0.10, 0.15),
    (0.25, 0.25, 0.15, 0.15, 0.20),
    (0.20, 0.15, 0.30, 0.20, 0.15),
    (0.20, 0.15, 0.15, 0.35, 0.15),
)
CHANNELS = ("store", "web", "app")
_CHANNEL_SHARES = ((0.65, 0.25, 0.10), (0.35, 0.40, 0.25), (0.15, 0.30, 0.55), (0.50, 0.40, 0.10))


def draw_people(rng: np.random.Generator, n_customers: int, firm: FirmParameters) -> pd.DataFrame:
    """Draw what no table shows: each customer's segment, rates and first day.

    Returns
    -------
    DataFrame of shape (n_customers, 7)
        ``customer_id, segment, prospect, first_day, purchase_rate`` (per week),
        ``dropout_probability, mean_spend``, in the order in which they join.
    """
    nu = rng.gamma(firm.gamma_gamma_q, 1 / firm.gamma_gamma_v, n_customers)
    return pd.DataFrame(
        {
            "customer_id": number_ids("C", n_customers, width=6),
            "segment": pick(rng.choice(len(SEGMENTS), n_customers, p=SEGMENT_SHARES), SEGMENTS),
            "prospect": rng.random(n_customers) < firm.prospect_share,
            "first_day": np.sort(rng.integers(0, JOINING_DAYS, n_customers)),
            "purchase_rate": rng.gamma(firm.bg_nbd_r, 1 / firm.bg_nbd_alpha, n_customers),
            "dropout_probability": rng.beta(firm.bg_nbd_a, firm.bg_nbd_b, n_customers),
            "mean_spend": firm.gamma_gamma_p / nu,
        }
    )


def segment_codes(people: pd.DataFrame) -> Integers:
    """Return each customer's segment as its position in :data:`SEGMENTS`."""
    return people["segment"].map(SEGMENTS.index).to_numpy(dtype=np.int64)


def draw_customers(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Draw the customer table: who registered, when, and what the firm knows of them."""
    segment = segment_codes(people)
    mean_age, age_spread = np.array(_AGES)[segment].T
    age = np.clip(np.rint(rng.normal(mean_age, age_spread)), 18, 85).astype(int)
    days_before_purchase = rng.integers(0, 15, segment.size)
    first_day = people["first_day"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": people["customer_id"],
            "registered_on": moments(np.maximum(first_day - days_before_purchase, 0)),
            "age": age,
            "sex": pick(draw_by_group(rng, segment, _SEX_SHARES), _SEXES),
            "region": pick(draw_by_group(rng, segment, _REGION_SHARES), _REGIONS),
            "channel": pick(draw_by_group(rng, segment, _CHANNEL_SHARES), CHANNELS),
        }
    )

"""Who the simulated customers are: latent rates and segments, and what the firm knows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.special import betaincinv, gammainc, ndtr, ndtri

from crmstudy.collection.simulate.draws import (
    Booleans,
    Floats,
    Integers,
    category,
    draw_by_group,
    draw_shares,
    number_ids,
    pick,
)
from crmstudy.collection.simulate.parameters import JOINING_DAYS, FirmParameters

SEGMENTS = category(("tea lovers", "coffee lovers", "sweet tooth", "home cooks"))
SEGMENT_SHARES = (0.35, 0.30, 0.20, 0.15)

# One row per segment, in the order of SEGMENTS; a segment shows in what it buys first
# of all, then in age, place and channel. It says nothing of how often and how much.
_AGES = ((52.0, 10.0), (36.0, 8.0), (30.0, 9.0), (46.0, 10.0))  # mean, standard deviation
SEXES = category(("female", "male"))
SEX_SHARES = ((0.60, 0.40), (0.45, 0.55), (0.65, 0.35), (0.50, 0.50))
REGIONS = category(("north", "east", "south", "west", "central"))
REGION_SHARES = (
    (0.15, 0.35, 0.25, 0.10, 0.15),
    (0.25, 0.25, 0.15, 0.15, 0.20),
    (0.20, 0.15, 0.30, 0.20, 0.15),
    (0.20, 0.15, 0.15, 0.35, 0.15),
)
CHANNELS = category(("store", "web", "app"))
_CHANNEL_SHARES = ((0.65, 0.25, 0.10), (0.35, 0.40, 0.25), (0.15, 0.30, 0.55), (0.50, 0.40, 0.10))

# Score of each region and sex in the group pattern, before it is standardised.
_REGION_SCORES = np.array([1.0, 0.4, 0.1, -1.4, 0.2])
_SEX_SCORES = np.array([0.5, -0.5])


def draw_people(
    rng: np.random.Generator, first_number: int, n_customers: int, firm: FirmParameters
) -> pd.DataFrame:
    """Draw what no table shows: each customer's segment, rates and first day.

    Parameters
    ----------
    first_number : int
        Number of the first of these customers among all.

    Returns
    -------
    DataFrame of shape (n_customers, 9)
        ``customer_id, segment, prospect`` (never buys), ``is_test, duplicate_of`` (row
        of the person registered before, -1 for none), ``first_day, purchase_rate`` (per
        week), ``mean_spend, chinese``, in the order in which they join.
    """
    nu = rng.gamma(firm.gamma_gamma_q, 1 / firm.gamma_gamma_v, n_customers)
    segment = draw_shares(rng, n_customers, SEGMENT_SHARES)
    prospect = rng.random(n_customers) < firm.prospect_share
    first_day = np.sort(rng.integers(0, JOINING_DAYS, n_customers))
    purchase_rate = rng.gamma(firm.bg_nbd_r, 1 / firm.bg_nbd_alpha, n_customers)
    chinese = rng.random(n_customers) < firm.person_chinese_share
    is_test, duplicate_of = _draw_odd_records(rng, n_customers, firm)
    again = duplicate_of >= 0
    chinese[again] = chinese[duplicate_of[again]]
    return pd.DataFrame(
        {
            "customer_id": number_ids("C", first_number + np.arange(n_customers)),
            "segment": pick(segment, SEGMENTS),
            "prospect": prospect | is_test | again,
            "is_test": is_test,
            "duplicate_of": duplicate_of,
            "first_day": first_day,
            "purchase_rate": purchase_rate,
            "mean_spend": firm.gamma_gamma_p / nu,
            "chinese": chinese,
        }
    )


def _draw_odd_records(
    rng: np.random.Generator, n_customers: int, firm: FirmParameters
) -> tuple[Booleans, Integers]:
    """Choose the test customers, and the records of persons registered before."""
    shuffled = rng.permutation(n_customers)
    n_test = round(n_customers * firm.person_test_share)
    n_again = round(n_customers * firm.person_duplicate_share)
    is_test = np.zeros(n_customers, dtype=bool)
    is_test[shuffled[:n_test]] = True
    again = shuffled[n_test : n_test + n_again]
    persons = np.sort(shuffled[n_test + n_again :])
    n_before = np.searchsorted(persons, again)
    duplicate_of = np.full(n_customers, -1, dtype=np.int64)
    chosen = np.floor(rng.random(again.size) * n_before).astype(np.int64)
    known = n_before > 0
    duplicate_of[again[known]] = persons[chosen[known]]
    return is_test, np.asarray(duplicate_of, dtype=np.int64)


def segment_codes(people: pd.DataFrame) -> Integers:
    """Return each customer's segment as its position in :data:`SEGMENTS`."""
    return np.asarray(people["segment"].cat.codes, dtype=np.int64)


def draw_profiles(rng: np.random.Generator, people: pd.DataFrame) -> pd.DataFrame:
    """Draw what the firm knows of each customer beside the name.

    Returns
    -------
    DataFrame
        ``registered_day`` (since the window's start), ``age, sex, region, channel``; who
        is registered a second time is the same person.
    """
    segment = segment_codes(people)
    mean_age, age_spread = np.array(_AGES)[segment].T
    age = np.clip(np.rint(rng.normal(mean_age, age_spread)), 18, 85).astype(int)
    days_before_purchase = rng.integers(0, 15, segment.size)
    profile = {
        "age": age,
        "sex": draw_by_group(rng, segment, SEX_SHARES),
        "region": draw_by_group(rng, segment, REGION_SHARES),
        "channel": draw_by_group(rng, segment, _CHANNEL_SHARES),
    }
    original = people["duplicate_of"].to_numpy()
    source = np.where(original >= 0, original, np.arange(len(people)))
    same = {name: values[source] for name, values in profile.items()}
    registered = np.maximum(people["first_day"].to_numpy() - days_before_purchase, 0)
    return pd.DataFrame(
        {
            "registered_day": np.maximum(registered, registered[source]),
            "age": same["age"],
            "sex": pick(same["sex"], SEXES),
            "region": pick(same["region"], REGIONS),
            "channel": pick(same["channel"], CHANNELS),
        }
    )


def group_shares() -> Floats:
    """Compute the true share of each region (rows) and sex (columns)."""
    share = np.array(SEGMENT_SHARES)
    return np.einsum("s,sr,sx->rx", share, np.array(REGION_SHARES), np.array(SEX_SHARES))


def group_pattern() -> Floats:
    """Score regions (rows) and sexes (columns): mean 0 and variance 1 over the customers.

    The same pattern moves satisfaction and the readiness to answer a survey, so that
    the mean of the answers is biased by a known amount, which weights can mend.
    """
    score = _REGION_SCORES[:, None] + _SEX_SCORES
    share = group_shares()
    centred = score - (share * score).sum()
    return centred / np.sqrt((share * centred**2).sum())


def score_rates(purchase_rate: pd.Series, firm: FirmParameters) -> Floats:
    """Turn purchase rates into standard normal scores by their gamma distribution."""
    probability = gammainc(firm.bg_nbd_r, firm.bg_nbd_alpha * purchase_rate.to_numpy())
    return np.clip(ndtri(probability), -8, 8)


def draw_dropout(rng: np.random.Generator, satisfaction: Floats, firm: FirmParameters) -> Floats:
    """Draw the probability to leave after a repeat purchase: beta, and tied to satisfaction.

    A Gaussian copula ties them, so that the beta distribution, and with it the BG/NBD
    model, stays what it is: the purchase rate is independent of satisfaction.
    """
    tie = firm.churn_satisfaction
    noise = rng.standard_normal(satisfaction.size)
    return dropout_at(tie * satisfaction + np.sqrt(1 - tie**2) * noise, firm)


def dropout_at(score: Floats, firm: FirmParameters) -> Floats:
    """Map standard normal scores to the beta distribution of dropout probabilities."""
    # a table: the inverse of the beta distribution is slow, and smooth in the score
    return np.interp(score, *_beta_quantiles(firm.bg_nbd_a, firm.bg_nbd_b))


@lru_cache(maxsize=4)
def _beta_quantiles(a: float, b: float) -> tuple[Floats, Floats]:
    scores = np.linspace(-8, 8, 16_001)
    return scores, betaincinv(a, b, ndtr(scores))

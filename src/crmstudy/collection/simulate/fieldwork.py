"""Who is asked to answer the simulated firm's survey, who answers, and when.

The log odds to answer are linear in a fixed pattern of region and sex, by which satisfaction
differs as well: the mean of the answers is off the customers' mean by a known amount, and
weights by region and sex mend it. Those who answer only after the reminder are less
satisfied, by a known amount.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, ndtri

from crmstudy.collection.simulate.consents import choose_consenting
from crmstudy.collection.simulate.draws import Booleans, category, draw_shares, moments, pick
from crmstudy.collection.simulate.parameters import (
    REMINDER_DAYS,
    SURVEY_DAY,
    FirmParameters,
)
from crmstudy.collection.simulate.people import group_pattern, group_shares

OUTCOMES = ("complete", "partial", "refused", "no_contact", "ineligible", "unknown")
_OUTCOME = category(OUTCOMES)
_SILENT_SHARES = (0.0, 0.0, 0.25, 0.45, 0.05, 0.25)  # of those who do not answer
_INELIGIBLE = OUTCOMES.index("ineligible")
_LATE_DAYS = 21  # the survey is closed so long after the reminder
WAVE = "2025"


def draw_invitations(
    rng: np.random.Generator, people: pd.DataFrame, consenting: Booleans, firm: FirmParameters
) -> pd.DataFrame:
    """Draw who is invited, and what becomes of it.

    Returns
    -------
    DataFrame
        ``owner`` (ascending), ``outcome`` (position in :data:`OUTCOMES`), ``late``,
        ``answered_day`` (since the window's start).
    """
    owner = np.sort(choose_consenting(rng, people, consenting, share=firm.survey_share))
    log_odds = (
        firm.survey_response_intercept
        + firm.survey_response_slope * (people["pattern"].to_numpy()[owner])
    )
    answers = rng.random(owner.size) < expit(log_odds)
    partial = rng.random(owner.size) < firm.survey_partial_share
    silent = draw_shares(rng, owner.size, _SILENT_SHARES)
    late, day = draw_answer_days(rng, people["satisfaction"].to_numpy()[owner], firm)
    return pd.DataFrame(
        {
            "owner": owner,
            "outcome": np.where(answers, partial.astype(int), silent),
            "late": late,
            "answered_day": day,
        }
    )


def draw_answer_days(
    rng: np.random.Generator, satisfaction: np.ndarray, firm: FirmParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Draw who answers only after the reminder, and the days of the answers."""
    tie = firm.survey_late_slope
    lateness = tie * satisfaction + np.sqrt(1 - tie**2) * rng.standard_normal(satisfaction.size)
    late = lateness > ndtri(1 - firm.survey_late_share)
    after = np.where(
        late,
        rng.integers(REMINDER_DAYS, REMINDER_DAYS + _LATE_DAYS, satisfaction.size),
        rng.integers(0, REMINDER_DAYS, satisfaction.size),
    )
    return late, SURVEY_DAY + after


def write_invitations(
    invited: pd.DataFrame, respondent_ids: pd.Series, ids: pd.CategoricalDtype
) -> pd.DataFrame:
    """Write the canonical table; who has not answered in time is reminded."""
    silent = (invited["outcome"] > 1) | invited["late"]
    reminded = pd.Series(moments(np.full(len(invited), SURVEY_DAY + REMINDER_DAYS)))
    return pd.DataFrame(
        {
            "respondent_id": respondent_ids,
            "customer_id": pick(invited["owner"].to_numpy(), ids),
            "invited_on": moments(np.full(len(invited), SURVEY_DAY)),
            "reminded_on": reminded.where(silent),
            "wave": pick(np.zeros(len(invited), dtype=int), [WAVE]),
            "outcome": pick(invited["outcome"].to_numpy(), _OUTCOME),
        }
    )


def true_fieldwork(firm: FirmParameters) -> dict[str, float]:
    """Work out the response rate, and how far the answers are off the customers' mean.

    ``rr1`` and ``rr2`` are the response rates 1 and 2 of AAPOR, without the ineligible; they
    count complete answers, and partial ones as well.
    Satisfaction in standard deviations of the latent score, whose mean over all customers
    is 0. The gap of the late is that of standard normal satisfaction.
    """
    pattern, share = group_pattern(), group_shares()
    rate = expit(firm.survey_response_intercept + firm.survey_response_slope * pattern)
    mean_rate = float((share * rate).sum())
    bias = firm.sem_group_satisfaction * float((share * rate * pattern).sum()) / mean_rate
    eligible = 1 - (1 - mean_rate) * _SILENT_SHARES[_INELIGIBLE]
    late = firm.survey_late_share
    density = float(np.exp(-(ndtri(late) ** 2) / 2) / np.sqrt(2 * np.pi)) if 0 < late < 1 else 0.0
    return {
        "survey.response_rate": mean_rate,
        "survey.rr1": mean_rate * (1 - firm.survey_partial_share) / eligible,
        "survey.rr2": mean_rate / eligible,
        "survey.population_satisfaction": 0.0,
        "survey.respondent_satisfaction": bias,
        "survey.late_satisfaction_gap": (
            firm.survey_late_slope * density / (late * (1 - late)) if density else 0.0
        ),
    }

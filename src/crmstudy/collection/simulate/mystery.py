"""How mystery shoppers score the simulated firm: visits, criteria, two assessors.

A score is the criterion's mean, plus the visit's deviation, plus half the gap between the two
assessors, plus an error, rounded to half points from 0 to 10. The intraclass correlations of a
visit's mean over the criteria follow.

References
----------
Shrout, P. E. & Fleiss, J. L. (1979). Intraclass correlations: Uses in assessing rater
reliability. Psychological Bulletin, 86(2), 420-428.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import category, moments, pick
from crmstudy.collection.simulate.parameters import WINDOW_DAYS, FirmParameters

CRITERIA = {  # mean score
    "greeting": 7.2,
    "waiting time": 6.0,
    "advice": 6.6,
    "knowledge of goods": 6.9,
    "tidiness": 7.4,
    "farewell": 6.3,
}
MAXIMUM = 10.0
_STEP = 0.5  # of a score
_ASSESSORS = category(("assessor 1", "assessor 2"))
# outlet and the channel that it stands for
_OUTLETS = {
    "Market Street": "store",
    "Old Town": "store",
    "Station": "store",
    "web shop": "web",
    "hotline": "phone",
}


def draw_mystery_shopping(rng: np.random.Generator, firm: FirmParameters) -> pd.DataFrame:
    """Draw the visits: some scored by both assessors, the others by one in turn.

    Returns
    -------
    DataFrame
        ``visit_id, visited_on, outlet, channel, assessor, criterion, score, maximum``.
    """
    count = int(firm.mystery_visits)
    day = np.sort(rng.integers(0, WINDOW_DAYS, count))
    outlet = rng.integers(0, len(_OUTLETS), count)
    deviation = firm.mystery_visit_sd * rng.standard_normal(count)
    error = firm.mystery_error_sd * rng.standard_normal((count, 2, len(CRITERIA)))
    gap = firm.mystery_assessor_gap * np.array([-0.5, 0.5])
    score = np.array([*CRITERIA.values()]) + deviation[:, None, None] + gap[:, None] + error
    score = np.clip(np.round(score / _STEP) * _STEP, 0, MAXIMUM)
    both = rng.permutation(count) < round(count * firm.mystery_both_share)
    scored = both[:, None] | (np.arange(2) == np.arange(count)[:, None] % 2)
    visit, assessor = np.nonzero(scored)
    rows = np.repeat(np.arange(visit.size), len(CRITERIA))
    visit, assessor = visit[rows], assessor[rows]
    criterion = np.tile(np.arange(len(CRITERIA)), rows.size // len(CRITERIA))
    return pd.DataFrame(
        {
            "visit_id": pd.Series([f"M{number + 1:03d}" for number in visit], dtype="str"),
            "visited_on": moments(day[visit]),
            "outlet": pick(outlet[visit], _OUTLETS),
            "channel": pd.Series([[*_OUTLETS.values()][o] for o in outlet[visit]], dtype="str"),
            "assessor": pick(assessor, _ASSESSORS),
            "criterion": pick(criterion, CRITERIA),
            "score": score[visit, assessor, criterion],
            "maximum": MAXIMUM,
        }
    )


def true_reliability(firm: FirmParameters) -> dict[str, float]:
    """Work out the intraclass correlations of a visit's mean score over the criteria.

    ``icc_agreement`` is ICC(2,1), ``icc_consistency`` ICC(3,1) of Shrout and Fleiss: of one
    assessor, counting the gap between the two as disagreement, and not.
    """
    visit = firm.mystery_visit_sd**2
    error = (firm.mystery_error_sd**2 + _STEP**2 / 12) / len(CRITERIA)
    between = firm.mystery_assessor_gap**2 / 2  # variance of two values that far apart
    total = visit + error
    if total == 0:
        return {}
    return {
        "mystery.icc_consistency": visit / total,
        "mystery.icc_agreement": visit / (total + between),
    }

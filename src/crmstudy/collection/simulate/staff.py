"""What the simulated firm's staff say of the CRM system: ease of use, usefulness, resistance.

References
----------
Davis, F. D. (1989). Perceived usefulness, perceived ease of use, and user acceptance of
information technology. MIS Quarterly, 13(3), 319-340.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.draws import category, draw_shares, moments, pick
from crmstudy.collection.simulate.latent import explained_variances, implied_correlations
from crmstudy.collection.simulate.parameters import SURVEY_DAY, FirmParameters
from crmstudy.collection.simulate.survey import Item, discretisation_factor

STAFF_CONSTRUCTS = {
    "ease": "Perceived ease of use",
    "usefulness": "Perceived usefulness",
    "resistance": "Resistance to the system",
}
STAFF_PATHS = (("ease", "usefulness"), ("ease", "resistance"), ("usefulness", "resistance"))
STAFF_ITEMS = {
    "EU1": Item("ease", 0.85, 4.6, "The CRM system is easy to learn."),
    "EU2": Item("ease", 0.80, 4.3, "I find quickly what I look for in it."),
    "EU3": Item("ease", 0.75, 4.4, "Working with it is clear and understandable."),
    "US1": Item("usefulness", 0.85, 4.8, "The system makes my work better."),
    "US2": Item("usefulness", 0.80, 4.5, "It helps me to know the customers."),
    "US3": Item("usefulness", 0.80, 4.6, "It saves me time."),
    "RE1": Item("resistance", 0.80, 3.4, "I would rather go on working without it."),
    "RE2": Item("resistance", 0.75, 3.2, "I put off entering what I should enter."),
    "RE3": Item("resistance", 0.75, 3.3, "The system is there to control us."),
}
STAFF_SCALE = (1, 7)
_SPREAD = 1.3
_DEPARTMENTS = category(("sales", "service", "marketing", "logistics", "IT"))
_DEPARTMENT_SHARES = (0.35, 0.30, 0.10, 0.15, 0.10)

#: As ``staff_instrument:`` of a study.yml.
STAFF_INSTRUMENT: dict[str, Any] = {
    "scale": list(STAFF_SCALE),
    "source": "simulated: items in the manner of technology acceptance (Davis 1989)",
    "constructs": {
        name: {
            "label": label,
            "items": [i for i, item in STAFF_ITEMS.items() if item.construct == name],
        }
        for name, label in STAFF_CONSTRUCTS.items()
    },
    "items": {name: {"text": item.text} for name, item in STAFF_ITEMS.items()},
    "models": {"acceptance": {"paths": [list(path) for path in STAFF_PATHS]}},
}


def staff_paths(firm: FirmParameters) -> dict[tuple[str, str], float]:
    """Map each path between the staff's constructs to its true coefficient."""
    return {path: getattr(firm, "staff_{}_{}".format(*path)) for path in STAFF_PATHS}


def draw_staff_survey(rng: np.random.Generator, firm: FirmParameters) -> pd.DataFrame:
    """Draw the answers of the staff.

    Returns
    -------
    DataFrame
        ``respondent_id, department, answered_on``, one column an item.
    """
    count = int(firm.staff_count)
    correlations = implied_correlations(staff_paths(firm), STAFF_CONSTRUCTS)
    latent = rng.standard_normal((count, len(correlations)))
    scores = pd.DataFrame(latent @ np.linalg.cholesky(correlations).T, columns=[*STAFF_CONSTRUCTS])
    answers = {}
    for name, item in STAFF_ITEMS.items():
        noise = np.sqrt(1 - item.loading**2) * rng.standard_normal(count)
        answer = item.mean + _SPREAD * (item.loading * scores[item.construct] + noise)
        answers[name] = np.clip(np.rint(answer), *STAFF_SCALE)
    return pd.DataFrame(
        {
            "respondent_id": pd.Series([f"S{n:04d}" for n in range(1, count + 1)], dtype="str"),
            "department": pick(draw_shares(rng, count, _DEPARTMENT_SHARES), _DEPARTMENTS),
            "answered_on": moments(SURVEY_DAY + rng.integers(0, 28, count)),
            **answers,
        }
    )


def true_staff(firm: FirmParameters) -> dict[str, float]:
    """Work out observed loadings and explained variances of the staff survey."""
    truth = {}
    for name, item in STAFF_ITEMS.items():
        factor = discretisation_factor(item.mean, spread=_SPREAD, scale=STAFF_SCALE)
        truth[f"staff.loading.{name.lower()}"] = item.loading
        truth[f"staff.observed_loading.{name.lower()}"] = item.loading * factor
    explained = explained_variances(staff_paths(firm), STAFF_CONSTRUCTS)
    return truth | {f"staff.r2.{name}": share for name, share in explained.items()}

"""What raters and experts say of invented CRM systems whose true worth is known.

Four systems are compared on five criteria. Usefulness, extensibility and usability are rated
from 1 to 9, security is judged in pairs by the panel's experts, cost is what each system
takes a year. The panel also weighs the criteria.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.panel import judge_pairs
from crmstudy.collection.simulate.parameters import FirmParameters

#: True weight of each criterion.
CRITERIA = {
    "usefulness": 0.30,
    "extensibility": 0.14,
    "security": 0.24,
    "usability": 0.18,
    "cost": 0.14,
}
#: True mean rating of each system.
RATED: dict[str, dict[str, float]] = {
    "usefulness": {"System A": 6.0, "System B": 7.6, "System C": 6.6, "System D": 5.4},
    "extensibility": {"System A": 5.2, "System B": 6.8, "System C": 7.4, "System D": 4.6},
    "usability": {"System A": 7.0, "System B": 6.2, "System C": 6.6, "System D": 5.8},
}
#: True preference among the systems; sums to 1.
JUDGED = {
    "security": {"System A": 0.22, "System B": 0.34, "System C": 0.30, "System D": 0.14},
}
#: Cost of a year, in the firm's currency; known without error.
MEASURED = {
    "cost": {"System A": 14_000.0, "System B": 26_000.0, "System C": 23_500.0, "System D": 15_500.0}
}
SYSTEMS = ("System A", "System B", "System C", "System D")
LOWEST, HIGHEST = 1.0, 9.0
MATRIX = "selection"


def draw_systems(rng: np.random.Generator, firm: FirmParameters) -> pd.DataFrame:
    """Draw ratings in whole points from 1 to 9, and list the figures that nobody rated.

    Returns
    -------
    DataFrame
        ``system, criterion, rater, value``; rater is missing for a measured figure.
    """
    raters = [f"rater {number}" for number in range(1, int(firm.selection_raters) + 1)]
    true = np.array([[RATED[c][s] for s in SYSTEMS] for c in RATED])
    # How strict a rater is moves all that he rates alike.
    strictness = firm.selection_rater_sd * rng.standard_normal((len(raters), 1, 1))
    error = firm.selection_error_sd * rng.standard_normal((len(raters), *true.shape))
    ratings = np.clip(np.round(true + strictness + error), LOWEST, HIGHEST)
    rows = [
        (system, criterion, rater, float(ratings[k, j, i]))
        for j, criterion in enumerate(RATED)
        for i, system in enumerate(SYSTEMS)
        for k, rater in enumerate(raters)
    ]
    rows += [(system, c, "", MEASURED[c][system]) for c in MEASURED for system in SYSTEMS]
    table = pd.DataFrame(rows, columns=["system", "criterion", "rater", "value"])
    texts = {"system": "str", "criterion": "str", "rater": "str"}
    return table.astype(texts).assign(rater=lambda rows: rows["rater"].mask(rows["rater"] == ""))


def draw_selection_judgements(rng: np.random.Generator, firm: FirmParameters) -> pd.DataFrame:
    """Draw the experts' judgements of the criteria, and of the systems' security.

    Returns
    -------
    DataFrame
        As :func:`~crmstudy.collection.simulate.panel.draw_judgements`.
    """
    weights = {MATRIX: CRITERIA, **{f"{MATRIX}.{name}": known for name, known in JUDGED.items()}}
    return judge_pairs(rng, firm, weights)


def true_selection() -> dict[str, float]:
    """Work out weights, preferences and scores: 1 for a system that is best on everything."""
    preferences = {
        **{name: _to_best(known) for name, known in {**RATED, **JUDGED}.items()},
        **{
            name: _to_best({s: 1 / v for s, v in known.items()}) for name, known in MEASURED.items()
        },
    }
    truth = {f"selection.weight.{name}": weight for name, weight in CRITERIA.items()}
    for system in SYSTEMS:
        name = system.lower().replace(" ", "_")
        parts = [CRITERIA[criterion] * preferences[criterion][system] for criterion in CRITERIA]
        truth[f"selection.score.{name}"] = float(sum(parts))
    return truth


def _to_best(values: dict[str, float]) -> dict[str, float]:
    best = max(values.values())
    return {name: value / best for name, value in values.items()}

"""What experts say of the simulated firm: pairwise judgements from true weights.

References
----------
Saaty, T. L. (2008). Int. J. Services Sciences, 1(1), 83-98.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from crmstudy.collection.simulate.parameters import FirmParameters

# matrix -> what is compared in it -> true weight
WEIGHTS: dict[str, dict[str, float]] = {
    "criteria": {
        "satisfaction": 0.30,
        "loyalty": 0.25,
        "relationship_cost": 0.12,
        "customer_value": 0.33,
    },
    "satisfaction": {
        "product_satisfaction": 0.45,
        "service_satisfaction": 0.30,
        "overall_satisfaction": 0.25,
    },
    "loyalty": {
        "repeat_purchase_rate": 0.40,
        "recommendation_rate": 0.15,
        "retention_rate": 0.45,
    },
    "relationship_cost": {"service_cost": 0.50, "care_cost": 0.30, "platform_cost": 0.20},
    "customer_value": {"contribution_rate": 0.25, "lifetime_value": 0.55, "profit_share": 0.20},
}
_SAATY_SCALE = np.array([1 / n for n in range(9, 1, -1)] + [float(n) for n in range(1, 10)])


def draw_judgements(rng: np.random.Generator, firm: FirmParameters) -> pd.DataFrame:
    """Draw the experts' judgements of :data:`WEIGHTS`, as :func:`judge_pairs`."""
    return judge_pairs(rng, firm, WEIGHTS)


def judge_pairs(
    rng: np.random.Generator, firm: FirmParameters, weights: dict[str, dict[str, float]]
) -> pd.DataFrame:
    """Draw the experts' judgements: the true ratio with noise, snapped to Saaty's scale.

    Parameters
    ----------
    weights : dict of str to dict of str to float
        Matrix, what is compared in it, its true weight.

    Returns
    -------
    DataFrame
        ``expert, matrix, row, column, value``: one row for each pair above the
        diagonal of each matrix.
    """
    pairs = [
        (matrix, *pair) for matrix, known in weights.items() for pair in combinations(known, 2)
    ]
    log_ratio = np.log([weights[m][row] / weights[m][column] for m, row, column in pairs])
    n_experts = int(firm.panel_experts)
    judged = log_ratio + firm.panel_noise * rng.standard_normal((n_experts, len(pairs)))
    nearest_point = np.abs(judged[:, :, None] - np.log(_SAATY_SCALE)).argmin(axis=2)
    table = pd.DataFrame(pairs * n_experts, columns=["matrix", "row", "column"])
    table.insert(0, "expert", [f"E{n}" for n in range(1, n_experts + 1) for _ in pairs])
    table["value"] = _SAATY_SCALE[nearest_point].ravel()
    return table

"""Does the perceptual map depend on what its cells hold?"""

from __future__ import annotations

from typing import get_args

import pandas as pd

from crmstudy.errors import attempt, passes_absence
from crmstudy.segmentation.positioning.perceptual import Measure, PositionMap, map_positions

MEANING = {
    "revenue": "money spent: heavy buyers count most",
    "buyers": "customers who bought there: grows with how much a segment buys at all",
    "shares": "each customer's shares of their own money: everybody counts the same",
}

COLUMNS = [
    "cells hold",
    "total inertia",
    "share shown",
    "p-value",
    "congruence",
    "farthest segment",
    "note",
]


@passes_absence
def compare_measures(
    spend: pd.DataFrame,
    segments: pd.Series,
    *,
    seed: int,
    level: str = "department",
    n_draws: int = 200,
) -> pd.DataFrame:
    """Draw the map from money, from buyers and from shares of wallet, and compare.

    Parameters as of :func:`crmstudy.segmentation.map_positions`.

    Returns
    -------
    DataFrame
        One row a measure: ``cells hold``, ``total inertia``, ``share shown``, ``p-value`` of
        the permutation test, ``congruence`` (median over bootstrap samples), ``farthest
        segment`` and ``note`` (what the measure means, or why it gives no map).
    """
    rows = []
    for measure in get_args(Measure):
        found = attempt(
            map_positions,
            spend,
            segments,
            seed=seed,
            level=level,
            measure=measure,
            n_draws=n_draws,
        )
        note = MEANING[measure] if isinstance(found, PositionMap) else str(found)
        rows.append({"cells hold": measure, "note": note, **(_summarise(found) or {})})
    return pd.DataFrame(rows, columns=COLUMNS)


@passes_absence
def _summarise(found: PositionMap) -> dict[str, object]:
    metrics = found.to_metrics()
    near = found.points[found.points["kind"] == "segment"]
    return {
        "total inertia": metrics["total_inertia"],
        "share shown": metrics["share_shown"],
        "p-value": metrics["p_value"],
        "congruence": metrics["congruence"],
        "farthest segment": near["name"].iloc[int((near["x"] ** 2 + near["y"] ** 2).argmax())],
    }

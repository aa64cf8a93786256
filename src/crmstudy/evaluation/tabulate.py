"""Weights as tables and as named numbers."""

from __future__ import annotations

import re

import pandas as pd


def tabulate_weights(weights: pd.Series) -> pd.DataFrame:
    """Arrange weights as name, weight, rank (1 is the heaviest)."""
    return pd.DataFrame(
        {
            "name": list(weights.index),
            "weight": weights.to_numpy(),
            "rank": rank_weights(weights).to_numpy(),
        }
    )


def rank_weights(weights: pd.Series) -> pd.Series:
    """Rank from 1, the heaviest; equal weights share the better rank."""
    return weights.rank(ascending=False, method="min").astype(int)


def name_metrics(quantity: str, values: pd.Series) -> dict[str, float]:
    """Name numbers in snake case: ``weight_service_cost``.

    Recorded names are ASCII: a name that leaves nothing (a Chinese one), or leaves what
    another has left before, gets its position.
    """
    metrics: dict[str, float] = {}
    for position, (name, value) in enumerate(values.items(), start=1):
        words = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")
        key = f"{quantity}_{words or position}"
        metrics[f"{key}_{position}" if key in metrics else key] = float(value)
    return metrics

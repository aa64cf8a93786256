"""Ties of RFM scores: how far the steps are from equal size, and who stands across a cut."""

from __future__ import annotations

import numpy as np
import pandas as pd

# Score, the feature behind it, and whether much of it is good.
SCORED = (
    ("recency", "days_since_last_purchase", False),
    ("frequency", "n_purchases", True),
    ("money", "revenue", True),
)


def count_ties(
    used: pd.DataFrame, steps: pd.DataFrame, *, n_bins: int, scoring: str = "independent"
) -> pd.DataFrame:
    """Count the customers of each step, and those whom equal values keep together at its cut.

    Quantile steps of equal size would begin after the worst ``n / n_bins``,
    ``2 n / n_bins``, ... customers. Where this place falls among customers with equal
    values, they are not parted: all of them are tied across the cut. Nested quantiles are
    counted within each group that was cut. Fixed cut-points part no equal values by
    their nature: nobody is tied.

    Parameters
    ----------
    used : DataFrame
        ``days_since_last_purchase``, ``n_purchases``, ``revenue``, none missing.
    steps : DataFrame
        ``recency_score``, ``frequency_score``, ``money_score``.
    n_bins : int
        Steps of each score.
    scoring : {"independent", "nested", "cut-points"}
        How the steps were made.

    Returns
    -------
    DataFrame
        One row a score and step: ``score``, ``step`` (1 worst), ``n_customers``,
        ``share_customers``, ``lowest`` and ``highest`` value of its feature (missing for
        an empty step), ``n_tied`` and ``share_tied`` (across the place where quantiles
        would begin this step; 0 for step 1).
    """
    tables = []
    for place, (name, feature, rising) in enumerate(SCORED):
        values, score = used[feature], steps[f"{name}_score"]
        table = values.groupby(score).agg(["size", "min", "max"]).reindex(range(1, n_bins + 1))
        table.columns = pd.Index(["n_customers", "lowest", "highest"])
        table["n_customers"] = table["n_customers"].fillna(0).astype("int64")
        within = steps.iloc[:, :place] if scoring == "nested" else steps.iloc[:, :0]
        groups = _part(values if rising else -values, within)
        counted = [sum(_count_across(g, step, n_bins) for g in groups) for step in range(n_bins)]
        tied = [0] * n_bins if scoring == "cut-points" else counted
        tables.append(table.rename_axis("step").reset_index().assign(score=name, n_tied=tied))
    ties = pd.concat(tables, ignore_index=True)
    ties["share_customers"] = ties["n_customers"] / len(used)
    ties["share_tied"] = ties["n_tied"] / len(used)
    columns = ["score", "step", "n_customers", "share_customers", "lowest", "highest"]
    return ties[[*columns, "n_tied", "share_tied"]]


def _part(values: pd.Series, within: pd.DataFrame) -> list[np.ndarray]:
    """Sort the values of each group that is cut on its own."""
    if within.shape[1] == 0:
        return [np.sort(values.to_numpy(dtype=float))]
    groups = values.groupby([within[name] for name in within.columns])
    return [np.sort(group.to_numpy(dtype=float)) for _, group in groups]


def _count_across(ordered: np.ndarray, step: int, n_bins: int) -> int:
    """Count equal values on both sides of the place where ``step`` steps are full."""
    below = -(-len(ordered) * step // n_bins)  # rounded up
    if not 0 < below < len(ordered):
        return 0
    first = int(np.searchsorted(ordered, ordered[below - 1], side="left"))
    after = int(np.searchsorted(ordered, ordered[below - 1], side="right"))
    return after - first if after > below else 0


def tabulate_ties(ties: pd.DataFrame) -> pd.DataFrame:
    """Arrange the ties for a reader."""
    names = {
        "n_customers": "customers",
        "share_customers": "share of customers",
        "n_tied": "tied across its lower cut",
        "share_tied": "share tied",
    }
    return ties.rename(columns=names)

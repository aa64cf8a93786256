"""Mean outcome of both groups in every window, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import SettingsError, passes_absence

GROUPS = {True: "addressed", False: "compared"}


@passes_absence
def average_groups(
    panel: pd.DataFrame, *, outcome: str = "revenue", level: float = 0.95
) -> pd.DataFrame:
    """Average both groups in every window, with Student's interval of each mean.

    The intervals are those of single means; that two of them overlap says nothing of the
    difference of changes, which has an error of its own.

    Parameters
    ----------
    panel : DataFrame
        From :func:`~crmstudy.case.campaigns.panel.build_panel`.
    outcome : str
        Column averaged.
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        Columns window, group ("addressed", "compared"), customers, mean, lower, upper, post.

    Raises
    ------
    SettingsError
        If ``level`` is not between 0 and 1.
    """
    from scipy.special import stdtrit

    if not 0 < level < 1:
        raise SettingsError(f"level = {level}: must be between 0 and 1")
    grouped = panel.groupby(["period", "treated"])
    found = grouped[outcome].agg(customers="size", mean="mean", spread="std").reset_index()
    error = found["spread"].fillna(0.0) / np.sqrt(found["customers"])
    reach = stdtrit(np.maximum(found["customers"] - 1, 1), (1 + level) / 2) * error
    return pd.DataFrame(
        {
            "window": found["period"],
            "group": found["treated"].map(GROUPS),
            "customers": found["customers"],
            "mean": found["mean"],
            "lower": found["mean"] - reach,
            "upper": found["mean"] + reach,
            "post": found["period"] >= 0,
        }
    )

"""Many tests at once: p-values that count all of them.

References
----------
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian J.
Statistics, 6(2), 65-70.
Benjamini, Y., & Hochberg, Y. (1995). Controlling the false discovery rate. J. Royal
Statistical Society B, 57(1), 289-300.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError


def adjust_p_values(p_values: pd.Series) -> pd.DataFrame:
    """Adjust the p-values of one family of tests.

    Parameters
    ----------
    p_values : Series
        One a test; a missing one (a test that could not be made) counts for nothing.

    Returns
    -------
    DataFrame
        Indexed as given: ``p_holm`` (a true null among all is rejected with at most the
        level, whatever the dependence) and ``p_bh`` (the expected share of true nulls among
        those rejected), missing where ``p_values`` is.

    Raises
    ------
    ModelError
        If a p-value lies outside 0 to 1.
    """
    known = p_values.dropna().astype(float)
    if ((known < 0) | (known > 1)).any():
        raise ModelError(f"p-values lie between 0 and 1, not at {known.max():g}, {known.min():g}")
    adjusted = pd.DataFrame(np.nan, index=p_values.index, columns=["p_holm", "p_bh"])
    place = p_values.notna().to_numpy()
    adjusted.loc[place, "p_holm"] = _adjust_holm(known.to_numpy())
    adjusted.loc[place, "p_bh"] = _adjust_bh(known.to_numpy())
    return adjusted


# Own lines: statsmodels' multipletests collects garbage at every call, which takes longer than
# many an estimate; a test compares both.


def _adjust_holm(p_values: np.ndarray) -> np.ndarray:
    order = np.argsort(p_values, kind="stable")
    stepped = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    return _put_back(np.minimum(stepped, 1), order)


def _adjust_bh(p_values: np.ndarray) -> np.ndarray:
    order, n = np.argsort(p_values, kind="stable"), len(p_values)
    raised = p_values[order] / (np.arange(1, n + 1) / n)
    return _put_back(np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1), order)


def _put_back(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    placed = np.empty_like(values)
    placed[order] = values
    return placed

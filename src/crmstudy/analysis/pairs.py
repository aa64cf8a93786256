"""Which groups differ? All pairs at once, with the error of the whole family controlled."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.analysis.studentized_range import studentized_range_isf, studentized_range_sf
from crmstudy.errors import NotAvailable

PostHoc = Literal["games-howell", "tukey-kramer"]


def compare_pairs(
    groups: pd.DataFrame,
    *,
    error_mean_square: float,
    error_df: float,
    method: PostHoc,
    confidence: float,
) -> pd.DataFrame | NotAvailable:
    """Compare every pair of groups by the studentized range.

    Games-Howell gives each pair the variances of its own two groups and Welch's
    degrees of freedom; Tukey-Kramer gives all pairs the common variance within groups.

    Parameters
    ----------
    groups : DataFrame
        One row a group: ``n``, ``mean``, ``sd``.
    error_mean_square, error_df : float
        Common variance within groups and its degrees of freedom.
    method : {"games-howell", "tukey-kramer"}
        See above.
    confidence : float
        Coverage of all intervals together.

    Returns
    -------
    DataFrame or NotAvailable
        One row a pair: ``group``, ``compared_with``, ``difference`` (first mean less
        second), ``lower``, ``upper``, ``df``, ``p_adjusted``. Not available where two groups
        do not vary, so that their difference has no standard error of its own.

    References
    ----------
    Games, P. A., & Howell, J. F. (1976). J. Educational Statistics, 1, 113-125.
    Kramer, C. Y. (1956). Biometrics, 12, 307-310.
    """
    first, second = np.triu_indices(len(groups), k=1)
    n, mean, sd = (groups[name].to_numpy(dtype=float) for name in ("n", "mean", "sd"))
    if method == "games-howell":
        if np.count_nonzero(sd == 0) > 1:
            still = ", ".join(str(name) for name in groups.index[sd == 0])
            return NotAvailable(f"several groups do not vary: {still}")
        variance = sd**2 / n
        squared = variance[first] + variance[second]
        df = squared**2 / sum(variance[one] ** 2 / (n[one] - 1) for one in (first, second))
    else:
        squared = error_mean_square * (1 / n[first] + 1 / n[second])
        df = np.full(len(first), float(error_df))
    error = np.sqrt(squared / 2)  # the studentized range counts in errors of one mean
    difference = mean[first] - mean[second]
    values, inverse = np.unique(df, return_inverse=True)
    reach = studentized_range_isf(1 - confidence, len(groups), values)[inverse] * error
    return pd.DataFrame(
        {
            "group": groups.index[first],
            "compared_with": groups.index[second],
            "difference": difference,
            "lower": difference - reach,
            "upper": difference + reach,
            "df": df,
            "p_adjusted": studentized_range_sf(np.abs(difference) / error, len(groups), df),
        }
    )

"""Means of a weighted survey, with errors that know how the weights were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from crmstudy.collection.fieldwork.intervals import require_columns, require_confidence
from crmstudy.collection.fieldwork.weighting import RespondentWeights
from crmstudy.errors import DataError, passes_absence


@passes_absence
def estimate_means(
    survey: pd.DataFrame,
    weights: RespondentWeights,
    *,
    columns: Sequence[str],
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Estimate weighted means, beside the plain ones.

    Two standard errors are given. ``standard_error`` is linearised and calibrated: the
    residuals of the answers from their regression on the margins carry the variance, as
    weighting by a variable that explains the answers makes the mean more exact (Deville
    & Sarndal 1992; Holt & Smith 1979 for one variable). ``standard_error_fixed`` is
    linearised with the weights taken as given, as most software prints it. The interval
    uses the former, Student's t and n - 1 degrees of freedom. Respondents without an
    answer are a domain left out. Trimmed weights are treated as if they were not.

    Parameters
    ----------
    survey : DataFrame
        The survey that was weighted.
    weights : RespondentWeights
        From :func:`poststratify` or :func:`rake`; rows are matched by index.
    columns : sequence of str
        Numeric columns.
    confidence : float
        Coverage of the interval.

    Returns
    -------
    DataFrame
        One row a column: ``variable``, ``n``, ``unweighted_mean``, ``mean``, ``shift``,
        ``standard_error``, ``lower``, ``upper``, ``standard_error_fixed``, ``note``.

    Raises
    ------
    DataError
        If a column is absent or not numeric.

    References
    ----------
    Deville, J.-C., & Sarndal, C.-E. (1992). J. Amer. Statist. Assoc., 87, 376-382.
    Lumley, T. (2010). Complex Surveys, ch. 7. Wiley.
    """
    require_confidence(confidence)
    require_columns(survey, columns, table="survey")
    design = _arrange_design(weights.cells)
    used = survey.loc[weights.weights.index, list(columns)]
    rows = []
    for column in columns:
        if not pd.api.types.is_numeric_dtype(used[column]):
            raise DataError(f"survey: column {column!r} is {used[column].dtype}, not a number")
        values = used[column].astype("float64").to_numpy()
        row = _estimate(values, weights.weights.to_numpy(), design, confidence)
        rows.append({"variable": column} | row)
    return pd.DataFrame(rows)


def _arrange_design(cells: pd.DataFrame) -> np.ndarray:
    """Code the margins as 0 and 1, a first level of each but the first one left out."""
    parts = [
        pd.get_dummies(cells[name], dtype="float64").to_numpy()[:, (place > 0) :]
        for place, name in enumerate(cells)
    ]
    return np.hstack(parts)


def _estimate(
    values: np.ndarray, weights: np.ndarray, design: np.ndarray, confidence: float
) -> dict[str, object]:
    there = np.isfinite(values)
    n = int(there.sum())
    if n < 2:
        names = ("unweighted_mean", "mean", "shift", "standard_error", "lower", "upper")
        empty = dict.fromkeys((*names, "standard_error_fixed"), np.nan)
        return {"n": n} | empty | {"note": f"{n} answers: nothing to estimate"}
    total = weights[there].sum()
    mean = float((weights[there] * values[there]).sum() / total)
    away = np.where(there, np.nan_to_num(values) - mean, 0.0) / total
    fitted, *_ = np.linalg.lstsq(design, away, rcond=None)
    error = _linearise(weights * (away - design @ fitted))
    reach = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * error
    plain = float(values[there].mean())
    return {
        "n": n,
        "unweighted_mean": plain,
        "mean": mean,
        "shift": mean - plain,
        "standard_error": error,
        "lower": mean - reach,
        "upper": mean + reach,
        "standard_error_fixed": _linearise(weights * away),
        "note": "",
    }


def _linearise(scores: np.ndarray) -> float:
    """Turn each respondent's influence on the mean into its standard error."""
    return float(np.sqrt(scores.size * scores.var(ddof=1)))

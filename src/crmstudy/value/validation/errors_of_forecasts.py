"""How far forecasts are from what came, and how surely one is further away than another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.value.purchasing.numerics import dot

Floats = NDArray[np.float64]


def measure_errors(expected: pd.DataFrame, actual: Floats) -> pd.DataFrame:
    """Measure each forecast, a column of ``expected``, against what came.

    Returns
    -------
    DataFrame indexed by forecast
        ``expected``, ``made`` (totals), ``bias`` (expected / made - 1),
        ``mean absolute error``, ``root mean squared error``, ``median absolute error`` (per
        customer) and ``rank correlation`` (Spearman's; missing for a constant forecast).
    """
    values = expected.to_numpy(np.float64)
    errors = values - actual[:, None]
    made = float(actual.sum())
    ranks = expected.rank().to_numpy(np.float64).T
    of_actual = pd.Series(actual).rank().to_numpy(np.float64)
    return pd.DataFrame(
        {
            "expected": values.sum(axis=0),
            "made": made,
            "bias": values.sum(axis=0) / made - 1 if made else np.nan,
            "mean absolute error": np.abs(errors).mean(axis=0),
            "root mean squared error": np.sqrt((errors**2).mean(axis=0)),
            "median absolute error": np.median(np.abs(errors), axis=0),
            "rank correlation": [_correlate(column, of_actual) for column in ranks],
        },
        index=expected.columns,
    )


def _correlate(left: NDArray[Any], right: NDArray[Any]) -> float:
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return np.nan
    u, w = left - left.mean(), right - right.mean()
    return float(dot(u, w) / np.sqrt(dot(u, u) * dot(w, w)))


def bootstrap_differences(
    expected: pd.DataFrame,
    actual: Floats,
    *,
    reference: str,
    seed: int,
    n_replicates: int,
    level: float = 0.95,
) -> pd.DataFrame:
    """Bound how much larger each forecast's errors are than those of a reference.

    Paired percentile bootstrap: whole customers are drawn, so that both forecasts meet the
    same customers each time (Efron & Tibshirani, 1993, ch. 13).

    Returns
    -------
    DataFrame indexed by forecast
        For RMSE and MAE the difference to the reference, positive where the reference is
        better, with ``lower`` and ``upper``: columns ``rmse``, ``rmse_lower``,
        ``rmse_upper``, ``mae``, ``mae_lower``, ``mae_upper``.
    """
    errors = (expected.to_numpy(np.float64) - actual[:, None]).T
    # The draws meet the customers in one order, whatever order they came in.
    errors = errors[:, np.lexsort((*errors[::-1], actual))]
    losses = np.concatenate([errors**2, np.abs(errors)])
    n, m = actual.size, len(errors)
    generator = np.random.default_rng(seed)
    draws = np.empty((n_replicates, 2 * m))
    for draw in draws:
        drawn = np.bincount(generator.integers(n, size=n), minlength=n)
        draw[:] = dot(losses, drawn.astype(np.float64)) / n
    found = losses.mean(axis=1)
    for values in (draws, found[None]):
        np.sqrt(values[:, :m], out=values[:, :m])
    place = list(expected.columns).index(reference)
    tail = (1 - level) / 2
    result: dict[str, Floats] = {}
    for name, begin in (("rmse", 0), ("mae", m)):
        part = draws[:, begin : begin + m] - draws[:, begin + place][:, None]
        lower, upper = np.quantile(part, [tail, 1 - tail], axis=0)
        result[name] = found[begin : begin + m] - found[begin + place]
        result[f"{name}_lower"], result[f"{name}_upper"] = lower, upper
    return pd.DataFrame(result, index=expected.columns)


def read_cell(frame: pd.DataFrame, row: str, column: str) -> float:
    """Read one number of a frame by the names of its row and column."""
    return float(frame[column].to_dict()[row])


def tabulate_errors(
    scores: pd.DataFrame, differences: pd.DataFrame, *, difference: str
) -> pd.DataFrame:
    """Set the distance to the reference, with its interval, beside the error that it is of.

    Parameters
    ----------
    scores, differences : DataFrame indexed by forecast
        From :func:`measure_errors` and :func:`bootstrap_differences`.
    difference : str
        What to call the distance.
    """
    table = scores.drop(columns="made")
    place = list(table.columns).index("root mean squared error") + 1
    for name, column in (
        ("95% upper", "rmse_upper"),
        ("95% lower", "rmse_lower"),
        (difference, "rmse"),
    ):
        table.insert(place, name, differences[column])
    return table.rename_axis("forecast")

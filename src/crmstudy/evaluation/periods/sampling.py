"""The indicators of many units as they could have come out with other customers.

Customers are drawn whole: one drawn twice counts twice in every unit, so that what two
periods have in common by having the same customers stays in their difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, attempt
from crmstudy.evaluation.comprehensive.draws import spread_value
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.from_ledgers import pair_contribution, pair_profit_share
from crmstudy.indicators.intervals import BLOCK_CELLS, Interval, Measurement
from crmstudy.statistics.draws import sort_points

Floats = npt.NDArray[np.float64]
Key = tuple[str, str]


def pair_repeat_purchase(evidence: Evidence) -> pd.DataFrame:
    """Return who came back, and who bought at all, by customer."""
    orders = evidence.buyers
    return _frame(orders.index, (orders >= 2).to_numpy(), np.ones(len(orders)))


def pair_retention(evidence: Evidence) -> pd.DataFrame:
    """Return who stayed of those who bought in the period before, by customer."""
    earlier = evidence.buyers_before
    orders = evidence.customers["orders"]
    return _frame(earlier, earlier.isin(orders.index[orders > 0]), np.ones(len(earlier)))


def _of_window(pair: Callable[[Evidence], tuple[Floats, Floats]]) -> Callable[..., pd.DataFrame]:
    return lambda evidence: _frame(evidence.customers.index, *pair(evidence))


#: Indicators that are ratios of two sums over customers.
PAIRS: Mapping[str, Callable[[Evidence], pd.DataFrame]] = {
    "repeat_purchase_rate": pair_repeat_purchase,
    "retention_rate": pair_retention,
    "contribution_rate": _of_window(pair_contribution),
    "profit_share": _of_window(pair_profit_share),
}


def draw_values(
    units: Mapping[str, Evidence],
    measured: Mapping[Key, Measurement],
    *,
    n_draws: int,
    seeds: tuple[int, int],
) -> dict[Key, Floats]:
    """Draw measured values of several units together.

    Ratios of sums over customers are computed anew from customers drawn with replacement,
    the same draw for every unit. Any other value is drawn from its interval, each by
    itself; one without an interval, a ledger's total, does not vary.

    Parameters
    ----------
    units : mapping of str to Evidence
        By unit.
    measured : mapping of (unit, indicator) to Measurement
        What is drawn.
    n_draws : int
        How many draws.
    seeds : tuple of int
        Of the customers, and of the values drawn from intervals.

    Returns
    -------
    dict of (unit, indicator) to ndarray of shape (n_draws,)
        In the indicators' units.
    """
    pairs = {
        key: found
        for key in measured
        if key[1] in PAIRS
        and not isinstance(found := attempt(PAIRS[key[1]], units[key[0]]), NotAvailable)
    }
    drawn = _resample(pairs, n_draws=n_draws, seed=seeds[0]) if pairs else {}
    rng = np.random.default_rng(seeds[1])
    for key, one in measured.items():
        if key in drawn:
            low = drawn[key]
            drawn[key] = np.where(np.isfinite(low), low, one.value)
        elif isinstance(one.interval, Interval):
            drawn[key] = spread_value(one.value, one.interval, rng.standard_normal(n_draws))
        else:
            drawn[key] = np.full(n_draws, one.value)
    return drawn


def _resample(pairs: Mapping[Key, pd.DataFrame], *, n_draws: int, seed: int) -> dict[Key, Floats]:
    """Ratios of sums over customers drawn with replacement; not a number where empty."""
    table = pd.concat(dict(pairs), axis=1, join="outer").fillna(0.0)
    points = table.to_numpy(dtype=float)
    # The same samples, whatever the order of the customers; rounded, for sums of the same
    # lines in another order differ in the last bit.
    points = points[sort_points(points.round(6))]
    if len(points) < 2:
        raise ModelError("drawing customers anew needs two of them or more")
    sums = np.vstack(list(_sum_draws(points, np.random.default_rng(seed), n_draws)))
    above, below = sums[:, 0::2], sums[:, 1::2]
    ratios = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return {key: ratios[:, place] for place, key in enumerate(pairs)}


def _sum_draws(points: Floats, rng: np.random.Generator, n_draws: int) -> Iterator[Floats]:
    """Sum the customers of each draw, a block of draws at a time."""
    n = len(points)
    size = max(1, BLOCK_CELLS // n)
    for first in range(0, n_draws, size):
        block = min(size, n_draws - first)
        cells = rng.integers(n, size=(block, n)) + n * np.arange(block)[:, None]
        counts = np.bincount(cells.ravel(), minlength=block * n).reshape(block, n)
        yield counts.astype(float) @ points


def _frame(index: pd.Index, above: npt.ArrayLike, below: npt.ArrayLike) -> pd.DataFrame:
    return pd.DataFrame(
        {"above": np.asarray(above, dtype=float), "below": np.asarray(below, dtype=float)}, index
    )

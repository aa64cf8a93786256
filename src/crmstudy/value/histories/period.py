"""Which days the models see and which test them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, SettingsError, passes_absence
from crmstudy.value.worth.concentration import concentrate

#: Share of the observed days that the models see when nothing else is said.
CALIBRATION_SHARE = 2 / 3


@dataclass(frozen=True)
class Split:
    """Last day of calibration and of the hold-out period, as ISO dates."""

    calibration_end: str
    holdout_end: str


@passes_absence
def split_period(transactions: pd.DataFrame, *, calibration_end: str = "") -> Split:
    """Split the days of a ledger into calibration and hold-out.

    Parameters
    ----------
    transactions : DataFrame
        Column ``ordered_at`` (datetime).
    calibration_end : str
        Last day that the models see, as 1997-09-30; empty takes two thirds of the days.

    Raises
    ------
    SettingsError
        If the day leaves nothing for calibration or for the hold-out.
    ModelError
        If the ledger covers less than 12 weeks: too few to test a model on.
    """
    days = transactions["ordered_at"].dt.normalize()
    first, last = days.min(), days.max()
    length = (last - first).days + 1
    if length < 84:
        raise ModelError(f"the purchases cover {length} days; a hold-out test needs 84 or more")
    if calibration_end:
        end = pd.Timestamp(calibration_end)
        if not first < end < last:
            raise SettingsError(
                f"CALIBRATION_END = {calibration_end!r} must lie between the first and the last "
                f"purchase, {first:%Y-%m-%d} and {last:%Y-%m-%d}"
            )
    else:
        end = first + pd.Timedelta(days=round(length * CALIBRATION_SHARE) - 1)
    return Split(f"{end:%Y-%m-%d}", f"{last:%Y-%m-%d}")


@passes_absence
def sum_revenue(transactions: pd.DataFrame) -> pd.Series:
    """Sum up revenue by customer, in the order of their identifiers."""
    return transactions.groupby("customer_id", sort=True)["revenue"].sum()


@dataclass(frozen=True)
class ShareInterval:
    """Share of revenue of the largest customers with its bootstrap interval."""

    largest: float
    share: float
    lower: float
    upper: float
    n_replicates: int


@passes_absence
def bootstrap_share(
    revenue: pd.Series,
    *,
    largest: float = 0.2,
    seed: int,
    n_replicates: int = 999,
    level: float = 0.95,
) -> ShareInterval:
    """Bound the share of revenue that the largest customers bring.

    A percentile bootstrap over customers (Efron & Tibshirani, 1993, ch. 13).

    Parameters
    ----------
    revenue : Series of shape (n,)
        Revenue by customer, none negative.
    largest : float
        Share of customers taken as the largest, between 0 and 1.
    seed : int
        Seed of the resampling.

    Raises
    ------
    ModelError
        If there are fewer than 10 customers or no revenue.
    """
    values = revenue.to_numpy(np.float64)
    if values.size < 10 or values.sum() <= 0:
        raise ModelError(f"a share of revenue needs 10 customers with revenue, not {values.size}")
    generator = np.random.default_rng(seed)
    drawn = [
        concentrate(generator.choice(values, values.size)).top_share(largest)
        for _ in range(n_replicates)
    ]
    tail = (1 - level) / 2
    lower, upper = np.quantile(drawn, [tail, 1 - tail])
    share = float(concentrate(values).top_share(largest))
    return ShareInterval(largest, share, float(lower), float(upper), n_replicates)

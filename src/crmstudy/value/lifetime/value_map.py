"""Who is still there and what she is worth, over all that a history can say.

The matrix over frequency (x) and recency shows what the formulas make of histories, also of
those that nobody has: a customer who bought often and stopped is lost more surely than one
who bought rarely and stopped at the same time. Recency is the time since the last purchase,
T - t_x: so customers of different ages have a place on one map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.value.histories.purchases import PurchaseSummary
from crmstudy.value.lifetime.clv import check_terms, require_one_unit
from crmstudy.value.lifetime.gamma_gamma import GammaGammaResult
from crmstudy.value.purchasing.btyd import PurchaseResult

Floats = NDArray[np.float64]

# Rows and columns that a page can show; a map of an older or busier customer base steps over
# several weeks or purchases at once.
MOST_FREQUENCIES, LEAST_TOP = 25, 5.0
FEWEST_RECENCIES, MOST_RECENCIES = 4, 40
BEYOND = 0.005  # share of the customers who may buy more often than the map shows


@dataclass(frozen=True, eq=False)
class ValueMap:
    """P(alive) and value of a customer of a given age over frequency and recency.

    Parameters
    ----------
    grid : DataFrame
        One row a cell: ``repeat_purchases``, ``since_purchase`` (middle of the cell, in the
        unit of time), ``probability_alive``, ``discounted_purchases``, ``lifetime_value``
        and ``customers`` (how many lie in the cell; the last column and row hold those
        beyond the map too).
    age : float
        Age to which the map refers, the longest of all customers. One who never came back
        is as old as her only purchase.
    unit : str
        Unit of time, singular.
    value_unit : str
        ``"currency"`` or ``"purchases"``.
    mean_spend : float
        Spend per purchase of every cell, that of the mean customer; 1 without amounts.
    horizon_weeks : float
        How far the value looks.
    n : int
        Customers.
    """

    grid: pd.DataFrame
    age: float
    unit: str
    value_unit: str
    mean_spend: float
    horizon_weeks: float
    n: int

    def table(self) -> pd.DataFrame:
        """One row a cell."""
        return self.grid.copy()

    def to_metrics(self) -> dict[str, float]:
        """The age and the spend that the map refers to."""
        return {"age": self.age, "mean_spend": self.mean_spend, "n": self.n}


def map_lifetime_value(
    purchases: PurchaseResult,
    spend: GammaGammaResult | NotAvailable,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    margin: float,
) -> ValueMap:
    """Compute P(alive) and lifetime value over frequency and recency.

    The age is that of the oldest customers, so that every cell is possible; every cell has
    the spend of the mean customer, so that what differs is how often and when last. Columns
    reach to the frequency that one customer in two hundred exceeds, or to 5.

    Parameters
    ----------
    purchases, spend, summary, horizon_weeks, annual_discount_rate, margin
        As for :func:`~crmstudy.value.lifetime.clv.lifetime_value`.

    Raises
    ------
    SettingsError, ModelError
        As for ``lifetime_value``; and if the mean spend is infinite.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. & Lee, K. L. (2005b). RFM and CLV: Using iso-value
    curves for customer base analysis. Journal of Marketing Research, 42(4), 415-430.
    """
    check_terms(horizon_weeks, annual_discount_rate, margin)
    each = 1.0 if isinstance(spend, NotAvailable) else float(spend.expected_spend(0, 0.0))
    worth = each if isinstance(spend, NotAvailable) else margin * each
    return _map(
        purchases,
        summary,
        horizon_weeks=horizon_weeks,
        annual_discount_rate=annual_discount_rate,
        worth=worth,
        mean_spend=each,
        value_unit="purchases" if isinstance(spend, NotAvailable) else "currency",
    )


@passes_absence
def _map(
    purchases: PurchaseResult,
    summary: PurchaseSummary,
    *,
    horizon_weeks: float,
    annual_discount_rate: float,
    worth: float,
    mean_spend: float,
    value_unit: str,
) -> ValueMap:
    require_one_unit(purchases, summary)
    age = float(summary.T.max())
    frequencies = _frequencies(summary.x)
    bands = int(np.clip(np.ceil(age), FEWEST_RECENCIES, MOST_RECENCIES))
    since = (np.arange(bands) + 0.5) * age / bands
    x, ago = (cell.ravel() for cell in np.meshgrid(frequencies, since, indexing="ij"))
    came_back = x > 0
    history = x, np.where(came_back, age - ago, 0.0), np.where(came_back, age, ago)
    ahead = purchases.conditional_expected_purchases(
        *history,
        horizon_weeks * 7 / summary.unit_days,
        annual_discount_rate=annual_discount_rate,
    )
    grid = pd.DataFrame(
        {
            "repeat_purchases": x,
            "since_purchase": ago,
            "probability_alive": purchases.probability_alive(*history),
            "discounted_purchases": ahead,
            "lifetime_value": worth * ahead,
            "customers": _count_customers(summary, frequencies, bands, age),
        }
    )
    return ValueMap(
        grid=grid,
        age=age,
        unit=summary.unit,
        value_unit=value_unit,
        mean_spend=mean_spend,
        horizon_weeks=horizon_weeks,
        n=summary.x.size,
    )


def _frequencies(x: Floats) -> Floats:
    """Choose the columns: none, then evenly from one to what few exceed."""
    top = max(float(np.ceil(np.quantile(x, 1 - BEYOND))), LEAST_TOP)
    columns = np.rint(np.linspace(1, top, int(min(top, MOST_FREQUENCIES - 1))))
    return np.concatenate([[0.0], np.unique(columns)])


def _count_customers(
    summary: PurchaseSummary, frequencies: Floats, bands: int, age: float
) -> NDArray[np.intp]:
    """Count the customers nearest to each column, in each band of recency."""
    middles = (frequencies[1:-1] + frequencies[2:]) / 2
    column = np.where(summary.x > 0, 1 + np.searchsorted(middles, summary.x), 0)
    since = np.where(summary.x > 0, summary.T - summary.t_x, summary.T)
    band = np.clip((since / age * bands).astype(int) if age else 0 * column, 0, bands - 1)
    return np.bincount(column * bands + band, minlength=frequencies.size * bands)

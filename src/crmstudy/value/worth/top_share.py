"""How sure is the share of revenue that the largest customers bring?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.worth.bootstrap import draw_samples, limits
from crmstudy.value.worth.concentration import TOP_SHARES, Concentration, concentrate

STAGE = 100
#: Points of a Lorenz or whale curve: every per cent of the customers.
GRID = 101


@dataclass(frozen=True, eq=False)
class ConcentrationBounds:
    """Concentration of revenue with bootstrap intervals.

    Parameters
    ----------
    concentration : Concentration
        Of the customers observed.
    gini_lower, gini_upper : float
        Percentile interval of the Gini coefficient.
    shares : DataFrame
        ``largest customers``, ``customers``, ``share of revenue``, ``lower``, ``upper``.
    lorenz : DataFrame
        ``share of customers``, ``share of revenue``, ``lower``, ``upper``: the curve from
        the smallest customer on; limits hold point by point.
    level : float
        Coverage of each interval.
    n_replicates : int
        Samples behind them.
    """

    concentration: Concentration
    gini_lower: float
    gini_upper: float
    shares: pd.DataFrame
    lorenz: pd.DataFrame
    level: float
    n_replicates: int

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.concentration.n

    def table(self) -> pd.DataFrame:
        """Share of revenue of the top 1%, 5%, 10%, 20% and 50% of customers, with limits."""
        return self.shares.copy()

    def curve(self) -> pd.DataFrame:
        """Lorenz curve with its band."""
        return self.lorenz.copy()

    def interval(self, largest: float) -> tuple[float, float, float]:
        """Share of revenue of one of the rows of the table, with its limits.

        Parameters
        ----------
        largest : float
            Share of customers taken as the largest, one of ``TOP_SHARES``.
        """
        row = self.shares.iloc[TOP_SHARES.index(largest)]
        return float(row["share of revenue"]), float(row["lower"]), float(row["upper"])

    def to_metrics(self) -> dict[str, float]:
        """Gini coefficient, its standard error and interval; shares of the largest."""
        found = {
            **self.concentration.to_metrics(),
            "gini_standard_error": self.concentration.gini_standard_error,
            "gini_lower": self.gini_lower,
            "gini_upper": self.gini_upper,
        }
        for name, largest in (("top_decile", 0.1), ("top_quintile", 0.2)):
            _, found[f"{name}_lower"], found[f"{name}_upper"] = self.interval(largest)
        return found


@passes_absence
def bound_concentration(
    revenue: pd.Series, *, seed: int, n_replicates: int = 400, level: float = 0.95
) -> ConcentrationBounds:
    """Measure the concentration of revenue with intervals by a bootstrap over customers.

    Percentile intervals (Efron & Tibshirani, 1993, ch. 13); with long tails and few
    customers they are somewhat too short. The standard error of the Gini coefficient is
    Davidson's (2009).

    Parameters
    ----------
    revenue : Series of shape (n,)
        Revenue by customer, zero or more; unknown values are left out and counted.
    seed : int
        Seed of the study.

    Raises
    ------
    ModelError
        If there are fewer than 10 customers, no revenue, or a negative one.
    """
    observed = concentrate(revenue)
    values = revenue.to_numpy(np.float64)
    values = values[~np.isnan(values)]
    _require_customers(values)
    top, grid = np.array(TOP_SHARES), np.linspace(0.0, 1.0, GRID)
    ginis, shares, curves = [], [], []
    (drawing,) = draw_seeds(seed, stage=STAGE, n=1)
    for sample in draw_samples(values, seed=drawing, n_replicates=n_replicates):
        drawn = concentrate(sample)
        ginis.append(drawn.gini)
        shares.append(drawn.top_share(top))
        curves.append(1 - drawn.top_share(1 - grid))
    gini, share, curve = limits(ginis, level), limits(shares, level), limits(curves, level)
    return ConcentrationBounds(
        concentration=observed,
        gini_lower=float(gini[0]),
        gini_upper=float(gini[1]),
        shares=observed.table().assign(lower=share[0], upper=share[1]),
        lorenz=observed.curve(GRID).assign(lower=curve[0], upper=curve[1]),
        level=level,
        n_replicates=n_replicates,
    )


def _require_customers(values: np.ndarray) -> None:
    if values.size < 10 or values.sum() <= 0:
        raise ModelError(f"a share of revenue needs 10 customers with revenue, not {values.size}")

"""The whale curve: profit summed up from the best customer to the worst."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.statistics.draws import draw_seeds
from crmstudy.value.worth.bootstrap import draw_samples, limits
from crmstudy.value.worth.top_share import GRID

Floats = npt.NDArray[np.float64]

STAGE = 101
MINIMUM_CUSTOMERS = 10


@dataclass(frozen=True, eq=False)
class WhaleCurve:
    """Cumulative profit of the customers, best first, as a share of the total.

    It rises above 100% where some customers cost more than they bring, and comes down to
    100% with the last of them.

    Parameters
    ----------
    points : DataFrame
        ``share of customers``, ``share of profit``, ``lower``, ``upper``; limits hold
        point by point.
    measures : DataFrame
        Indexed by measure (``peak``, ``profitable``, ``unprofitable``, ``top_quintile``):
        ``estimate``, ``lower``, ``upper``.
    total : float
        Profit of all customers together, money.
    n : int
        Customers.
    level : float
        Coverage of each interval.
    """

    points: pd.DataFrame
    measures: pd.DataFrame
    total: float
    n: int
    level: float

    @property
    def peak(self) -> float:
        """Profit of the profitable customers as a share of the total: 1 or more."""
        return float(self.measures["estimate"]["peak"])

    @property
    def profitable(self) -> float:
        """Share of customers who bring more than they cost."""
        return float(self.measures["estimate"]["profitable"])

    @property
    def unprofitable(self) -> float:
        """Share of customers who cost more than they bring."""
        return float(self.measures["estimate"]["unprofitable"])

    def curve(self) -> pd.DataFrame:
        """Points of the curve with its band."""
        return self.points.copy()

    def table(self) -> pd.DataFrame:
        """Peak, profitable and unprofitable customers, share of the best fifth."""
        words = {
            "peak": "profit of the profitable customers, share of the total",
            "profitable": "customers with a profit, share of all",
            "unprofitable": "customers with a loss, share of all",
            "top_quintile": "profit of the best fifth, share of the total",
        }
        table = self.measures.loc[list(words)].reset_index(drop=True)
        table.insert(0, "measure", list(words.values()))
        return table

    def to_metrics(self) -> dict[str, float]:
        """The measures with their limits."""
        found: dict[str, float] = {"n": self.n, "total_profit": self.total}
        for name, row in self.measures.iterrows():
            found[str(name)] = float(row["estimate"])
            found[f"{name}_lower"] = float(row["lower"])
            found[f"{name}_upper"] = float(row["upper"])
        return found


@passes_absence
def trace_whale(
    profit: pd.Series, *, seed: int, n_replicates: int = 400, level: float = 0.95
) -> WhaleCurve:
    """Trace cumulative profit from the most profitable customer to the least.

    Parameters
    ----------
    profit : Series of shape (n,)
        Profit of each customer; may be negative.
    seed : int
        Seed of the study, for percentile intervals by a bootstrap over customers.

    Raises
    ------
    ModelError
        If there are fewer than 10 customers, or their profit together is not above zero,
        in the ledger or in some of the samples: no share of it has a meaning then.

    References
    ----------
    Cooper, R. & Kaplan, R. S. (1991). Profit priorities from activity-based costing.
    Harvard Business Review, 69(3), 130-135.
    """
    values = profit.to_numpy(np.float64)
    if values.size < MINIMUM_CUSTOMERS:
        raise ModelError(
            f"a whale curve needs {MINIMUM_CUSTOMERS} customers or more, not {values.size}"
        )
    if values.sum() <= 0:
        raise ModelError("all customers together bring no profit: a share of it has no meaning")
    (drawing,) = draw_seeds(seed, stage=STAGE, n=1)
    samples = list(draw_samples(values, seed=drawing, n_replicates=n_replicates))
    losing = sum(sample.sum() <= 0 for sample in samples)
    if losing:
        raise ModelError(
            f"in {losing} of {n_replicates} samples all customers together bring no profit: "
            "a share of it has no interval"
        )
    rising = np.sort(values)
    curves = limits([_cumulate(sample) for sample in samples], level)
    found = _measure(rising)
    bounds = limits([list(_measure(sample).values()) for sample in samples], level)
    grid = np.linspace(0.0, 1.0, GRID)
    return WhaleCurve(
        points=pd.DataFrame(
            {
                "share of customers": grid,
                "share of profit": _cumulate(rising),
                "lower": curves[0],
                "upper": curves[1],
            }
        ),
        measures=pd.DataFrame(
            {"estimate": list(found.values()), "lower": bounds[0], "upper": bounds[1]},
            index=list(found),
        ),
        total=float(rising.sum()),
        n=values.size,
        level=level,
    )


def _polygon(rising: Floats) -> Floats:
    falling = np.cumsum(rising[::-1])
    return np.concatenate([[0.0], falling / falling[-1]])


def _cumulate(rising: Floats) -> Floats:
    """Share of profit at every per cent of customers, best first."""
    corners = np.linspace(0.0, 1.0, rising.size + 1)
    return np.interp(np.linspace(0.0, 1.0, GRID), corners, _polygon(rising))


def _measure(rising: Floats) -> dict[str, float]:
    polygon = _polygon(rising)
    corners = np.linspace(0.0, 1.0, rising.size + 1)
    return {
        "peak": float(polygon.max()),
        "profitable": float((rising > 0).mean()),
        "unprofitable": float((rising < 0).mean()),
        "top_quintile": float(np.interp(0.2, corners, polygon)),
    }

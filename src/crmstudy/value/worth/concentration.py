"""How unevenly revenue is spread over customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crmstudy.errors import ModelError, SettingsError, passes_absence

Floats = NDArray[np.float64]

TOP_SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)


@dataclass(frozen=True, eq=False)
class Concentration:
    """Lorenz curve of revenue over customers, and what follows from it.

    Parameters
    ----------
    cumulative : array of shape (n + 1,)
        Share of revenue of the 0, 1, ..., n smallest customers: the corners of the curve.
    gini : float
        Gini coefficient of these customers: 0 when all bring the same, ``1 - 1 / n``
        when one brings all.
    unknown : int
        Customers left out because their revenue is not known.
    """

    cumulative: Floats
    gini: float
    unknown: int

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.cumulative.size - 1

    @property
    def gini_standard_error(self) -> float:
        """Standard error of the Gini coefficient, customers taken as drawn at random.

        References
        ----------
        Davidson, R. (2009). Reliable inference for the Gini index. Journal of
        Econometrics, 150(1), 30-40.
        """
        shares, position = np.diff(self.cumulative), np.arange(1, self.n + 1)
        rank = (2 * position - 1) / self.n - (self.gini + 1)
        influence = rank * shares - 2 / self.n * self.cumulative[1:]
        return float(np.sqrt(((influence - influence.mean()) ** 2).sum()))

    def top_share(self, customers: ArrayLike) -> Floats:
        """Share of revenue of the largest customers, for instance ``customers=0.1``.

        Where the share of customers is no whole number of them, the last one counts in
        part: the curve is a polygon.
        """
        share = np.asarray(customers, np.float64)
        if ((share < 0) | (share > 1)).any():
            raise SettingsError(f"a share of customers lies between 0 and 1, found {share}")
        corners = np.linspace(0.0, 1.0, self.n + 1)
        return 1 - np.interp(1 - share, corners, self.cumulative)

    def curve(self, points: int = 101) -> pd.DataFrame:
        """Points of the Lorenz curve at even shares of customers, smallest first."""
        share = np.linspace(0.0, 1.0, points)
        return pd.DataFrame(
            {"share of customers": share, "share of revenue": 1 - self.top_share(1 - share)}
        )

    def table(self) -> pd.DataFrame:
        """Share of revenue of the top 1%, 5%, 10%, 20% and 50% of customers."""
        top = np.array(TOP_SHARES)
        return pd.DataFrame(
            {
                "largest customers": [f"top {share:.0%}" for share in top],
                "customers": top * self.n,
                "share of revenue": self.top_share(top),
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Gini coefficient and shares of the top decile and quintile."""
        return {
            "n": self.n,
            "gini": self.gini,
            "top_decile_share": float(self.top_share(0.1)),
            "top_quintile_share": float(self.top_share(0.2)),
        }


@passes_absence
def concentrate(revenue_per_customer: ArrayLike) -> Concentration:
    """Measure the concentration of revenue.

    Parameters
    ----------
    revenue_per_customer : Series or array of shape (n,)
        Revenue of each customer, zero or more; unknown values are left out and counted.

    Raises
    ------
    ModelError
        If there is no customer, no revenue, or a negative one.

    References
    ----------
    Gastwirth, J. L. (1972). The estimation of the Lorenz curve and Gini index. Review of
    Economics and Statistics, 54(3), 306-316.
    """
    revenue = np.asarray(revenue_per_customer, np.float64)
    known = np.sort(revenue[~np.isnan(revenue)])
    if known.size and known[0] < 0:
        below = int((known < 0).sum())
        raise ModelError(
            f"{below} {'customer has' if below == 1 else 'customers have'} negative revenue; a "
            "Lorenz curve needs revenue before returns"
        )
    if not known.any():
        raise ModelError("there is no revenue to distribute over customers")
    n = known.size
    cumulative = np.concatenate([[0.0], np.cumsum(known) / known.sum()])
    cumulative[-1] = 1.0
    rank = 2 * np.arange(1, n + 1) - n - 1
    return Concentration(
        cumulative=cumulative,
        gini=float((rank * known).sum() / (n * known.sum())),
        unknown=revenue.size - n,
    )

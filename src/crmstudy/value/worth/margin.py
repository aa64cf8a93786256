"""Profit in a unit of revenue: observed where the cost of goods is known, else assumed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import NotAvailable, SettingsError, passes_absence

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Margin:
    """Margin of goods as a share of their revenue.

    Parameters
    ----------
    value : float
        Of lines without a known cost: (revenue less cost) over revenue of the others; else
        as assumed.
    source : str
        ``observed`` or ``assumed``.
    coverage : float
        Share of the lines whose cost is known.
    """

    value: float
    source: str
    coverage: float

    @property
    def observed(self) -> bool:
        """Whether the cost of goods is known, of some lines at least."""
        return self.source == "observed"

    @property
    def of_sales(self) -> float | NotAvailable:
        """The margin that future sales are priced with, where they bring any."""
        if self.value > 0:
            return self.value
        written = f"{self.value:.1%}".replace("-", "−")
        return NotAvailable(f"goods are sold at or below cost: the margin is {written}")

    def describe(self) -> str:
        """Say where the margin comes from."""
        if not self.observed:
            return f"assumed: {self.value:.0%} of revenue"
        if self.coverage == 1:
            return "observed: revenue less cost of goods"
        return "observed, lines without a cost at the margin of the others"

    def to_metrics(self) -> dict[str, float]:
        """Value, whether observed (1) or assumed (0), and coverage."""
        return {
            "margin": self.value,
            "margin_observed": int(self.observed),
            "margin_coverage": self.coverage,
        }


@passes_absence
def observe_margin(transactions: pd.DataFrame, *, assumed: float) -> Margin:
    """Observe the margin of goods, or take the one assumed.

    Parameters
    ----------
    transactions : DataFrame
        ``revenue``, and ``cost`` where known; returns count with their sign.
    assumed : float
        Taken where no line has a cost, and for lines without one where the others have no
        revenue; in (0, 1].
    """
    if not 0 < assumed <= 1:
        raise SettingsError(f"margin must be above 0 and at most 1, found {assumed}")
    if "cost" not in transactions or len(transactions) == 0:
        return Margin(assumed, "assumed", 0.0)
    known = transactions.loc[transactions["cost"].notna(), ["revenue", "cost"]]
    if known.empty:
        return Margin(assumed, "assumed", 0.0)
    revenue, cost = float(known["revenue"].sum()), float(known["cost"].sum())
    # More returned than sold: no rate to give to lines without a cost.
    value = 1 - cost / revenue if revenue > 0 else assumed
    return Margin(value, "observed", len(known) / len(transactions))


def price_margin(transactions: pd.DataFrame, margin: Margin) -> Floats:
    """Margin of each line: revenue less cost, or its revenue at the margin given."""
    revenue = transactions["revenue"].to_numpy(np.float64)
    at_rate = margin.value * revenue
    if not margin.observed:
        return np.asarray(at_rate)
    cost = transactions["cost"].to_numpy(np.float64)
    return np.where(np.isnan(cost), at_rate, revenue - cost)

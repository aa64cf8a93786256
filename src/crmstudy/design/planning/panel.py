"""How many customers a comparison before and after needs.

One effect, three ways to compare: the periods after alone, differences in differences, or
the periods after adjusted for those before (analysis of covariance).

References
----------
Frison, L., & Pocock, S. J. (1992). Repeated measures in clinical trials: Analysis using
mean summary statistics and its implications for design. Statistics in Medicine, 11(13),
1685-1704.
McKenzie, D. (2012). Beyond baseline and follow-up: The case for more T in experiments.
Journal of Development Economics, 99(2), 210-221.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.design.planning.power import find_n, power_of_two_groups
from crmstudy.errors import ModelError, NotAvailable

Decay = Literal["constant", "autoregressive"]
WAYS = {
    "after": "periods after alone",
    "differences": "differences in differences",
    "covariance": "after, adjusted for before",
}


@dataclass(frozen=True)
class PanelPlan:
    """Customers a group for each way of comparing, by the number of periods before.

    Attributes
    ----------
    difference, correlation, alpha, power : float
    n_before, n_after : int
    rows : DataFrame
        ``way, decay, comparison, correlation between periods, factor, customers a group,
        both groups``.
    """

    difference: float
    correlation: float
    alpha: float
    power: float
    n_before: int
    n_after: int
    rows: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """One row a way of comparing and a course of the correlation."""
        return self.rows.drop(columns=["way", "decay"])

    def customers(self, way: str = "differences", decay: Decay = "constant") -> int:
        """Customers a group of one way."""
        row = self.rows[(self.rows["way"] == way) & (self.rows["decay"] == decay)].iloc[0]
        return int(row["customers a group"])

    def to_metrics(self) -> dict[str, float]:
        """Customers a group, e.g. ``customers_differences_constant``."""
        keys = self.rows["way"] + "_" + self.rows["decay"]
        return {
            f"customers_{key}": int(n)
            for key, n in zip(keys, self.rows["customers a group"], strict=True)
        }


def panel_factor(
    way: str,
    *,
    n_before: int,
    n_after: int,
    correlation: float,
    decay: Decay = "constant",
) -> float:
    """Find the variance of a comparison over that of a single period's means.

    Parameters
    ----------
    way : {"after", "differences", "covariance"}
    n_before, n_after : int
        Periods, 1 or more each.
    correlation : float
        Of two periods, or of two neighbours where it is ``autoregressive`` and falls with
        every period between.
    """
    if way not in WAYS:
        raise ModelError(f"unknown comparison {way!r}; known: {', '.join(WAYS)}")
    if min(n_before, n_after) < 1 or not 0 <= correlation < 1:
        raise ModelError(
            f"{n_before} periods before, {n_after} after, correlation {correlation:g}: needed "
            "are 1 period at least at both sides and a correlation from 0 to below 1"
        )
    place = np.arange(n_before + n_after)
    apart = np.abs(place[:, None] - place)
    matrix = correlation ** (np.minimum(apart, 1) if decay == "constant" else apart)
    before, after = matrix[:n_before, :n_before].mean(), matrix[n_before:, n_before:].mean()
    across = float(matrix[:n_before, n_before:].mean())
    slope = {"after": 0.0, "differences": 1.0, "covariance": across / before}[way]
    return float(after - 2 * slope * across + slope**2 * before)


def plan_panel(
    *,
    difference: float,
    correlation: float,
    n_before: int = 4,
    n_after: int = 1,
    alpha: float = 0.05,
    power: float = 0.80,
) -> PanelPlan | NotAvailable:
    """Plan a comparison of treated and other customers before and after.

    Customers are independent and keep their place in the panel; that a customer's periods
    are alike is what the correlation counts, so that no further clustering is needed. The
    covariance way assumes groups that chance has made; differences only that both would
    have gone the same way.

    Parameters
    ----------
    difference : float
        Effect in standard deviations of one period.
    correlation : float
        Of a customer's outcome in two periods.
    """
    rows = []
    for decay in ("constant", "autoregressive"):
        for way, words in WAYS.items():
            factor = panel_factor(
                way, n_before=n_before, n_after=n_after, correlation=correlation, decay=decay
            )
            n = _find_customers(difference / math.sqrt(factor), alpha=alpha, power=power)
            if isinstance(n, NotAvailable):
                return n
            rows.append((way, decay, words, _say(decay), factor, n, 2 * n))
    columns = ["way", "decay", "comparison", "correlation between periods", "factor"]
    frame = pd.DataFrame(rows, columns=[*columns, "customers a group", "both groups"])
    return PanelPlan(difference, correlation, alpha, power, n_before, n_after, frame)


def _find_customers(difference: float, *, alpha: float, power: float) -> int | NotAvailable:
    return find_n(lambda n: power_of_two_groups(n, difference=difference, alpha=alpha), power=power)


def _say(decay: str) -> str:
    return "the same" if decay == "constant" else "falling with the time between"

"""How large a trend the test before the start would have found, and what it would have done."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.event import EventStudy
from crmstudy.errors import ModelError, passes_absence

POWERS = (0.5, 0.8)
ALPHA = 0.05


@dataclass(frozen=True)
class PretestPower:
    """Linear trends that the joint test before the start finds with a given power.

    Parameters
    ----------
    rows : DataFrame
        ``power``, ``slope`` (growth of the difference a window) and ``bias`` (what such a slope
        adds to the effect, either sign).
    effect : float
        The estimate that the bias is compared with.
    n_before, n_after, n_units : int
        Windows and units.
    """

    rows: pd.DataFrame
    effect: float
    n_before: int
    n_after: int
    n_units: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a power."""
        names = {
            "slope": "smallest trend found, a window",
            "bias": "bias it brings to the effect",
            "relative": "bias by estimate",
        }
        size = abs(self.effect)
        relative = self.rows["bias"] / size if size > 0 else np.inf
        return self.rows.assign(relative=relative).rename(columns=names)

    def to_metrics(self) -> dict[str, float]:
        """Give slope and bias for each power."""
        return {
            f"pretest_{name}_{100 * row['power']:.0f}": row[name]
            for row in self.rows.to_dict("records")
            for name in ("slope", "bias")
        }


@passes_absence
def plan_pretest(
    event: EventStudy, *, effect: float, powers: tuple[float, ...] = POWERS
) -> PretestPower:
    """Find the linear trends that the joint pre-trend test would find with given power.

    Under a difference that grows by ``slope`` a window the joint F statistic of the leads
    is noncentral with ``slope^2 * x' V^-1 x``, x the windows' distances from the
    reference and V the leads' covariance. The same slope adds ``slope * (mean place of
    the windows after - mean place of those before)`` to the difference-in-differences. A bias
    of the estimate's own size, at a power of one half, means that a pass says little.

    Parameters
    ----------
    event : EventStudy
        With at least two windows before the start.
    effect : float
        The difference-in-differences.
    powers : tuple of float
        Chances of finding the trend at the 5% level.

    Raises
    ------
    ModelError
        If there is one window before the start, or the leads do not vary.

    References
    ----------
    Roth, J. (2022). Pretest with caution: event-study estimates after testing for parallel
    trends. American Economic Review: Insights, 4, 305-322.
    """
    n_leads, n_after = event.n_before - 1, len(event.lags)
    if n_leads < 1:
        raise ModelError("a test of trends before the start needs two windows there")
    places = np.arange(-n_leads, 0, dtype=float)
    spread = event.covariance[:n_leads, :n_leads]
    if np.linalg.matrix_rank(spread, hermitian=True) < n_leads:
        raise ModelError("the differences before the start do not vary")
    information = float(places @ np.linalg.solve(spread, places))
    distance = (n_after + 1) / 2 - places.sum() / event.n_before
    rows = []
    for power in powers:
        noncentral = _find_noncentrality(power, n_leads, event.n_units - 1)
        slope = float(np.sqrt(noncentral / information))
        rows.append({"power": power, "slope": slope, "bias": slope * float(distance)})
    return PretestPower(pd.DataFrame(rows), effect, event.n_before, n_after, event.n_units)


def _find_noncentrality(power: float, n_tested: int, freedom: int) -> float:
    from scipy.optimize import brentq
    from scipy.special import fdtri, ncfdtr

    critical = float(fdtri(n_tested, freedom, 1 - ALPHA))
    return float(brentq(lambda nc: 1 - ncfdtr(n_tested, freedom, nc, critical) - power, 1e-9, 1e3))

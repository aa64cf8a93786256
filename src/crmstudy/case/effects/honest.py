"""How far the groups may have drifted before the effect can no longer be told from none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.case.effects.contrasts import Floats
from crmstudy.case.effects.event import EventStudy
from crmstudy.errors import ModelError, SettingsError, passes_absence

GRID = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
LARGEST = 1e3  # a breakdown value beyond it is infinite in all but name


@dataclass(frozen=True)
class HonestBounds:
    """Bounds of the mean effect under bounded departures from parallel trends.

    Parameters
    ----------
    bounds : DataFrame
        One row a value of ``mbar``: ``set_lower``, ``set_upper`` (identified set at the
        estimates) and ``lower``, ``upper`` (interval of that set).
    breakdown : float
        Largest ``mbar`` at which the interval still leaves out 0; 0 if it holds 0 already
        under parallel trends, infinite beyond 1000.
    estimate : float
        Mean of the differences after the start, relative to the reference window.
    largest_step : float
        Largest step of the differences between neighbouring windows before the start.
    level : float
        Of the intervals.
    n_before, n_after, n_units : int
        Windows and units.
    """

    bounds: pd.DataFrame
    breakdown: float
    estimate: float
    largest_step: float
    level: float
    n_before: int
    n_after: int
    n_units: int

    def table(self) -> pd.DataFrame:
        """Arrange one row a bound on the departure."""
        level = f"{100 * self.level:g}%"
        holds = (self.bounds["lower"] <= 0) & (self.bounds["upper"] >= 0)
        names = {
            "mbar": "times the largest step before",
            "set_lower": "identified set, from",
            "set_upper": "identified set, to",
            "lower": f"lower {level}",
            "upper": f"upper {level}",
        }
        frame = self.bounds.rename(columns=names)
        return frame.assign(**{"holds 0": np.where(holds, "yes", "no")})

    def to_metrics(self) -> dict[str, float]:
        """Give the breakdown value and the bounds at one times the largest step."""
        metrics = {"honest_largest_step": self.largest_step}
        if np.isfinite(self.breakdown):
            metrics["honest_breakdown"] = self.breakdown
        at_one = self.bounds[self.bounds["mbar"] == 1]
        if len(at_one):
            metrics["honest_lower"] = float(at_one["lower"].iloc[0])
            metrics["honest_upper"] = float(at_one["upper"].iloc[0])
        return metrics


@passes_absence
def bound_effect(
    event: EventStudy, *, mbars: Sequence[float] = GRID, level: float = 0.95
) -> HonestBounds:
    r"""Bound the effect where trends were parallel only up to a multiple of what was seen.

    Relative magnitudes (Rambachan & Roth 2023): from one window to the next after the
    start, the difference that there would have been without the measure changes by at
    most ``mbar`` times the largest such change before the start. With lags
    ``k = 1 .. K`` the mean effect then lies within ``mean lag -+ mbar * (K + 1) / 2 * largest
    step``: the identified set, were the coefficients known.

    The interval is the union, over every step before the start taken with either sign, of
    the Student intervals of ``mean lag + mbar * (K + 1) / 2 * step``. A maximum of means lies
    below the largest of their upper limits at least as often as each mean lies below its
    own, so the union holds the whole identified set with at least the stated probability
    in large samples. It is simpler and wider than the authors' conditional and hybrid
    intervals, and equals the usual interval at ``mbar = 0``.

    Parameters
    ----------
    event : EventStudy
        With at least two windows before the start.
    mbars : sequence of float
        Multiples to show.
    level : float
        Of the intervals.

    Raises
    ------
    SettingsError
        If a multiple is negative or ``level`` is not between 0 and 1.
    ModelError
        If there is only one window before the start.

    References
    ----------
    Rambachan, A., & Roth, J. (2023). A more credible approach to parallel trends. Review of
    Economic Studies, 90, 2555-2591.
    """
    if not 0 < level < 1 or min(mbars) < 0:
        raise SettingsError(f"level = {level}, mbars = {list(mbars)}: 0 < level < 1, none negative")
    if event.n_before < 2:
        raise ModelError("bounds from the steps before the start need two windows there")
    functional = _Functional(event, level)
    rows = [{"mbar": float(m)} | functional.bound(float(m)) for m in mbars]
    return HonestBounds(
        bounds=pd.DataFrame(rows),
        breakdown=functional.break_down(),
        estimate=functional.estimate,
        largest_step=functional.largest_step,
        level=level,
        n_before=event.n_before,
        n_after=len(event.lags),
        n_units=event.n_units,
    )


class _Functional:
    """The mean lag, the steps before the start, and their joint spread."""

    def __init__(self, event: EventStudy, level: float) -> None:
        from scipy.special import stdtrit

        n_leads, n_lags = len(event.leads), len(event.lags)
        mean = np.concatenate([np.zeros(n_leads), np.full(n_lags, 1 / n_lags)])
        # The reference is 0 and ends the leads: its step is minus the last lead.
        steps = (np.eye(n_leads + 1) - np.eye(n_leads + 1, k=-1))[1:, :n_leads]
        steps = np.hstack([steps, np.zeros((n_leads, n_lags))]) * (n_lags + 1) / 2
        values = np.concatenate([event.leads, event.lags])
        self.estimate = float(mean @ values)
        self.steps: Floats = steps @ values
        self.largest_step = float(np.abs(self.steps).max()) * 2 / (n_lags + 1)
        self.variance = float(mean @ event.covariance @ mean)
        self.joint: Floats = steps @ event.covariance @ mean
        self.spread: Floats = np.einsum("ij,jk,ik->i", steps, event.covariance, steps)
        self.reach = float(stdtrit(event.n_units - 1, (1 + level) / 2))

    def bound(self, mbar: float) -> dict[str, float]:
        signed = mbar * np.concatenate([self.steps, -self.steps])
        joint = mbar * np.concatenate([self.joint, -self.joint])
        spread = mbar**2 * np.concatenate([self.spread, self.spread])
        error = self.reach * np.sqrt(np.clip(self.variance + 2 * joint + spread, 0, None))
        return {
            "set_lower": self.estimate - float(np.abs(signed).max()),
            "set_upper": self.estimate + float(np.abs(signed).max()),
            "lower": self.estimate + float((signed - error).min()),
            "upper": self.estimate + float((signed + error).max()),
        }

    def break_down(self) -> float:
        """Halve the range: the interval only grows with the multiple."""

        def holds(mbar: float) -> bool:
            found = self.bound(mbar)
            return found["lower"] <= 0 <= found["upper"]

        if holds(0.0):
            return 0.0
        if not holds(LARGEST):
            return float("inf")
        low, high = 0.0, LARGEST
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if holds(middle) else (middle, high)
        return low

"""What a return hangs on: every number with its range, its distribution and its origin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.improvement import Assumed

Floats = npt.NDArray[np.float64]
Origin = Literal["measured", "estimated", "assumed"]
Shape = Literal["fixed", "normal", "pert", "triangular"]

#: How a distribution is called in print.
SHAPES = {"fixed": "fixed", "normal": "normal", "pert": "beta-PERT", "triangular": "triangular"}


@dataclass(frozen=True)
class Assumption:
    """One number behind a return.

    Parameters
    ----------
    label : str
        What it is.
    value, low, high : float
        Best guess or estimate, and the ends it is varied between: the confidence
        interval of an estimate, the author's range of an assumption.
    origin : {"measured", "estimated", "assumed"}
        Counted in a ledger, estimated with an error, or the author's word.
    shape : {"fixed", "normal", "pert", "triangular"}
        Distribution in the simulation.
    spread : float
        Standard error of a normal one.
    unit, basis : str
        Its unit, and where it comes from.
    linear : bool
        Whether the net present value is a straight line in it.
    bounds : tuple of float
        Values that make sense.
    """

    label: str
    value: float
    low: float
    high: float
    origin: Origin
    shape: Shape = "fixed"
    spread: float = 0.0
    unit: str = ""
    basis: str = ""
    linear: bool = True
    bounds: tuple[float, float] = (0.0, math.inf)

    @property
    def varies(self) -> bool:
        """Whether it is in doubt at all."""
        return self.low < self.high

    def quantile(self, share: Floats) -> Floats:
        """Value below which it lies with each probability."""
        from scipy.special import ndtri
        from scipy.stats import beta

        if not self.varies:
            return np.full_like(share, self.value)
        width = self.high - self.low
        mode = (self.value - self.low) / width
        if self.shape == "normal":
            return self.value + self.spread * ndtri(share)
        if self.shape == "triangular":
            rising = np.sqrt(share * mode)
            falling = 1 - np.sqrt((1 - share) * (1 - mode))
            return self.low + width * np.where(share < mode, rising, falling)
        return self.low + width * beta.ppf(share, 1 + 4 * mode, 5 - 4 * mode)


def assume(
    label: str,
    given: Assumed,
    *,
    shape: Shape,
    unit: str,
    basis: str = "study.yml",
    linear: bool = True,
    bounds: tuple[float, float] = (0.0, math.inf),
) -> Assumption:
    """Make an assumption of what the author gave in study.yml."""
    return Assumption(
        label=label,
        value=given.value,
        low=given.low,
        high=given.high,
        origin="assumed",
        shape=shape if given.low < given.high else "fixed",
        unit=unit,
        basis=basis,
        linear=linear,
        bounds=bounds,
    )


def tabulate_assumptions(assumptions: Sequence[Assumption]) -> pd.DataFrame:
    """Arrange one row an assumption: value, ends, unit, origin, distribution, basis."""
    rows = [
        {
            "assumption": each.label,
            "value": each.value,
            "low": each.low if each.varies else None,
            "high": each.high if each.varies else None,
            "unit": each.unit,
            "origin": each.origin,
            "distribution": SHAPES[each.shape],
            "basis": each.basis,
        }
        for each in assumptions
    ]
    return pd.DataFrame(rows).astype({"low": "Float64", "high": "Float64"})

"""From power at several numbers of respondents to the number at which it suffices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from crmstudy.loyalty.model.moments import Array

Kind = Literal["found", "at most", "more"]


@dataclass(frozen=True)
class Needed:
    """The smallest number of respondents that finds a path often enough.

    Attributes
    ----------
    source, target : str
    n, lower, upper : float
        Respondents, and the ends of the Monte Carlo interval.
    kind, lower_kind, upper_kind : {"found", "at most", "more"}
        Whether the grid holds the number, begins above it or ends below it; then the
        number is that end of the grid.
    """

    source: str
    target: str
    n: float
    lower: float
    upper: float
    kind: Kind
    lower_kind: Kind
    upper_kind: Kind

    def words(self) -> str:
        """Write the number, or on which side of the grid it lies."""
        return _say(self.n, self.kind)

    def interval(self) -> str:
        """Write the Monte Carlo interval."""
        ends = _say(self.lower, self.lower_kind), _say(self.upper, self.upper_kind)
        return ends[0] if ends[0] == ends[1] else f"{ends[0]} – {ends[1]}"


def find_needed(rows: pd.DataFrame, *, power: float) -> Needed:
    """Find where one path's power reaches what is wanted.

    Power cannot fall when respondents are added, so that the simulated shares are first
    made monotone (isotonic regression) and then joined by straight lines over the root of
    n. The ends of the interval are where the limits of the shares do the same.

    Parameters
    ----------
    rows : DataFrame
        Of one path, by rising ``respondents``: ``source``, ``target``, ``power``,
        ``lower``, ``upper``.
    power : float
    """
    sizes = rows["respondents"].to_numpy(dtype=float)
    curves = (rows[name].to_numpy(dtype=float) for name in ("power", "upper", "lower"))
    (n, kind), (lower, lower_kind), (upper, upper_kind) = (
        cross(sizes, curve, level=power) for curve in curves
    )
    source, target = rows["source"].iloc[0], rows["target"].iloc[0]
    return Needed(source, target, n, lower, upper, kind, lower_kind, upper_kind)


def cross(sizes: Array, shares: Array, *, level: float) -> tuple[float, Kind]:
    """Find the size at which rising shares cross a level.

    Parameters
    ----------
    sizes, shares : arrays of shape (n_sizes,)
        Sizes rise strictly.
    level : float
    """
    from scipy.optimize import isotonic_regression

    rising = isotonic_regression(shares).x
    if rising[0] >= level:
        return float(sizes[0]), "at most"
    if rising[-1] < level:
        return float(sizes[-1]), "more"
    after = int(np.argmax(rising >= level))
    ends, roots = rising[after - 1 : after + 1], np.sqrt(sizes[after - 1 : after + 1])
    part = (level - ends[0]) / (ends[1] - ends[0])
    return float((roots[0] + part * (roots[1] - roots[0])) ** 2), "found"


def _say(n: float, kind: Kind) -> str:
    words = {"found": "", "at most": "at most ", "more": "more than "}
    return f"{words[kind]}{int(np.ceil(n - 1e-9)):,}"

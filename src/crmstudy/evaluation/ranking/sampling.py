"""Measured values as they could have come out: drawn from their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, SettingsError, passes_absence
from crmstudy.evaluation.weighting.decisions import Floats
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.statistics.draws import draw_seeds

#: Seeds of drawn values.
STAGE = 341


@dataclass(frozen=True, eq=False)
class ValueDraws:
    """Values of every unit as other samples of its customers could have given them.

    Parameters
    ----------
    units, criteria : tuple of str
        Names of the second and third axis of ``values``.
    values : ndarray of shape (n_draws, n_units, n_criteria)
        Drawn values.
    exact : tuple of str
        Criteria without intervals in some unit: their values are not drawn.
    """

    units: tuple[str, ...]
    criteria: tuple[str, ...]
    values: Floats
    exact: tuple[str, ...]


@passes_absence
def draw_values(units: UnitIndicators, *, n_draws: int, seed: int) -> ValueDraws:
    """Draw every indicator of every unit from its confidence interval.

    Below the measured value the lower end of the interval gives the spread, above it the
    upper end (a normal distribution split at the value, which keeps shares near 1 below 1).
    Units are drawn independently; customers who count in several units make differences
    firmer than that.

    Parameters
    ----------
    units : UnitIndicators
        Measured units; an indicator without an interval keeps its value.
    n_draws, seed : int
        How many draws, and the study's seed.

    Raises
    ------
    SettingsError
        If there is no draw.
    """
    matrix = units.matrix()
    lower, upper = matrix.copy(), matrix.copy()
    exact = []
    for name in matrix.columns:
        found = {unit: table.measured[name] for unit, table in units.tables.items()}
        ends = {unit: _read_ends(one) for unit, one in found.items()}
        known = {unit: each for unit, each in ends.items() if each is not None}
        if len(known) < len(ends):
            exact.append(str(name))
            continue
        lower[name] = [known[unit][0] for unit in matrix.index]
        upper[name] = [known[unit][1] for unit in matrix.index]
    return draw_between(
        matrix, lower=lower, upper=upper, n_draws=n_draws, seed=seed, exact=tuple(exact)
    )


def draw_between(
    matrix: pd.DataFrame,
    *,
    lower: pd.DataFrame,
    upper: pd.DataFrame,
    n_draws: int,
    seed: int,
    exact: tuple[str, ...] = (),
) -> ValueDraws:
    """Draw values from normal distributions split at the measured value.

    Parameters
    ----------
    matrix : DataFrame of shape (n_units, n_criteria)
        Measured values.
    lower, upper : DataFrame
        Values one standard error below and above, of the same shape; equal to the measured
        value where it is exact.
    exact : tuple of str
        Criteria to name as exact.

    Raises
    ------
    DataError
        If a value does not lie between its ends.
    SettingsError
        If there is no draw.
    """
    if n_draws < 1:
        raise SettingsError(f"{n_draws} draws; allowed: 1 or more")
    down, up = (matrix - lower).to_numpy(), (upper - matrix).to_numpy()
    if (np.minimum(down, up) < 0).any():
        unit, name = np.argwhere(np.minimum(down, up) < 0)[0]
        raise DataError(
            f"{matrix.columns[name]!r} of unit {matrix.index[unit]!r} lies outside its interval"
        )
    (own,) = draw_seeds(seed, stage=STAGE, n=1)
    error = np.random.default_rng(own).standard_normal((n_draws, *matrix.shape))
    return ValueDraws(
        units=tuple(map(str, matrix.index)),
        criteria=tuple(map(str, matrix.columns)),
        values=matrix.to_numpy() + np.where(error < 0, down, up) * error,
        exact=exact,
    )


def _read_ends(found: object) -> tuple[float, float] | None:
    """Values one standard error below and above a measured one; nothing without interval."""
    from scipy.special import ndtri

    if not isinstance(found, Measurement) or not isinstance(found.interval, Interval):
        return None
    reach = float(ndtri((1 + found.interval.level) / 2))
    low = min(found.interval.low, found.value)
    high = max(found.interval.high, found.value)
    return found.value - (found.value - low) / reach, found.value + (high - found.value) / reach


def match_values(draws: ValueDraws, *, units: list[str], criteria: list[str]) -> Floats:
    """Arrange drawn values in the order of a comparison.

    Raises
    ------
    DataError
        If a unit or a criterion was not drawn.
    """
    places = []
    pairs = ((units, draws.units, "unit"), (criteria, draws.criteria, "criterion"))
    for wanted, known, kind in pairs:
        lacking = [name for name in wanted if name not in known]
        if lacking:
            raise DataError(f"no values were drawn of {kind} {lacking[0]!r}, which is compared")
        places.append([known.index(name) for name in wanted])
    return draws.values[:, places[0]][:, :, places[1]]

"""Krippendorff's alpha: agreement of any number of coders, with values missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from crmstudy.collection.fieldwork.intervals import (
    Interval,
    percentile_interval,
    require_choice,
    require_confidence,
    require_draws,
    resample_counts,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, passes_absence

Level = Literal["nominal", "ordinal", "interval", "ratio"]

#: Least alpha for tentative conclusions (Krippendorff 2004, p. 241).
TENTATIVE = 0.667


@dataclass(frozen=True)
class Alpha:
    """Krippendorff's alpha with a bootstrap interval.

    Parameters
    ----------
    alpha : float or NotAvailable
        1 is perfect agreement, 0 what chance gives, below 0 systematic disagreement.
    interval : Interval or NotAvailable
        Percentiles of the bootstrap.
    agreement : float
        Share of agreeing pairs of values, each unit counting by its number of values.
    level : str
        Level of measurement, which says how far two values are apart.
    n_units, n_left_out : int
        Units with two values or more; units with fewer, which say nothing of agreement.
    n_values, n_coders : int
        Values in those units; columns of the data.
    draws, draws_left_out : int
        Bootstrap samples drawn; those without any variation, where alpha is undefined.
    share_below : float or NotAvailable
        Share of the draws below .667, the least for tentative conclusions.
    """

    alpha: float | NotAvailable
    interval: Interval | NotAvailable
    agreement: float
    level: str
    n_units: int
    n_left_out: int
    n_values: int
    n_coders: int
    draws: int
    draws_left_out: int
    share_below: float | NotAvailable


@dataclass(frozen=True)
class _Units:
    """Counts of each value in each pairable unit, and how far values are apart."""

    counts: np.ndarray  # units x values
    values: np.ndarray  # numbers, or positions of labels
    level: str
    clusters: np.ndarray | None  # position of each unit's cluster

    @property
    def sizes(self) -> np.ndarray:
        return self.counts.sum(axis=1)

    @property
    def unanimous(self) -> bool:
        return bool(((self.counts > 0).sum(axis=1) == 1).all())


@passes_absence
def krippendorff_alpha(
    ratings: pd.DataFrame,
    *,
    level: Level = "nominal",
    seed: int | np.random.Generator,
    categories: list[object] | None = None,
    clusters: pd.Series | None = None,
    draws: int = 1000,
    confidence: float = 0.95,
) -> Alpha:
    """Measure the agreement of coders by Krippendorff's alpha.

    The interval comes from resampling whole units (or whole clusters of units), which
    keeps its coverage where Krippendorff's own algorithm, which resamples single
    deviations, is too narrow, and which allows missing values (Zapf et al. 2016).

    Parameters
    ----------
    ratings : DataFrame of shape (n_units, n_coders)
        One row a unit, one column a coder; empty cells are units a coder did not code.
    level : {"nominal", "ordinal", "interval", "ratio"}
        Level of measurement; the last two need numbers, "ordinal" numbers or ``categories``.
    seed : int or Generator
        Of the bootstrap.
    categories : list, optional
        The values in their order; needed for ordinal words.
    clusters : Series aligned with ``ratings``, optional
        What units belong together (the interview of a segment); clusters are resampled.
    draws : int
        Bootstrap samples, at least 100.
    confidence : float
        Coverage of the interval.

    Raises
    ------
    SettingsError
        If a parameter breaks its rule.
    DataError
        If values do not fit the level of measurement.
    ModelError
        If there are fewer than two coders, or no unit has two values.

    References
    ----------
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. U. Pennsylvania.
    Krippendorff, K. (2004). Content Analysis (2nd ed.). Sage.
    Zapf, A., Castell, S., Morawietz, L., & Karch, A. (2016). BMC Med. Res. Methodol., 16, 93.
    """
    require_choice("level", level, get_args(Level))
    require_confidence(confidence)
    require_draws(draws)
    units = _count_values(ratings, level, categories, clusters)
    kinds, times = _pool_alike(units)
    nominal = _disagreement(replace(kinds, level="nominal"), times[None])[0]
    result = Alpha(
        alpha=_point(kinds, times[None]),
        interval=NotAvailable("alpha is not available"),
        agreement=float(1 - nominal[0] / units.counts.sum()),
        level=level,
        n_units=len(units.counts),
        n_left_out=len(ratings) - len(units.counts),
        n_values=int(units.counts.sum()),
        n_coders=ratings.shape[1],
        draws=draws,
        draws_left_out=0,
        share_below=NotAvailable("alpha is not available"),
    )
    return _bound(result, units, np.random.default_rng(seed), confidence)


def _bound(result: Alpha, units: _Units, rng: np.random.Generator, confidence: float) -> Alpha:
    if isinstance(result.alpha, NotAvailable):
        return result
    if units.unanimous:
        reason = NotAvailable("the coders never disagree, so that resampling has nothing to vary")
        return replace(result, interval=reason, share_below=reason)
    drawn = _bootstrap(units, result.draws, rng)
    known = drawn[np.isfinite(drawn)]
    what = "units" if units.clusters is None else "clusters"
    interval = percentile_interval(
        drawn, confidence=confidence, method=f"bootstrap of {what}, percentiles"
    )
    return replace(
        result,
        interval=interval,
        draws_left_out=int(drawn.size - known.size),
        share_below=(
            interval if isinstance(interval, NotAvailable) else float((known < TENTATIVE).mean())
        ),
    )


def _point(units: _Units, times: np.ndarray) -> float | NotAvailable:
    found = _alphas(*_disagreement(units, times), times @ units.sizes)[0]
    if np.isfinite(found):
        return 1.0 if units.unanimous else float(found)
    return NotAvailable("all values are equal, and without variation agreement has no measure")


def _alphas(observed: np.ndarray, expected: np.ndarray, n_values: np.ndarray) -> np.ndarray:
    """Turn sums of disagreement into alpha; NaN where no disagreement is possible."""
    alphas = np.full(observed.shape, np.nan)
    some = expected > 0
    alphas[some] = 1 - (n_values[some] - 1) * observed[some] / expected[some]
    return alphas


def _bootstrap(units: _Units, draws: int, rng: np.random.Generator) -> np.ndarray:
    if units.clusters is not None:
        multiplicity = np.ones(units.clusters.max() + 1, dtype="int64")
        kinds, spread = units, units.clusters
    else:
        kinds, multiplicity = _pool_alike(units)
        spread = np.arange(len(multiplicity))
    blocks = []
    for counts in resample_counts(multiplicity, draws=draws, rng=rng):
        times = counts[:, spread]
        blocks.append(_alphas(*_disagreement(kinds, times), times @ kinds.sizes))
    return np.concatenate(blocks)


def _pool_alike(units: _Units) -> tuple[_Units, np.ndarray]:
    """Count units with the same values as one kind: fewer to draw, and their order is lost."""
    rows, multiplicity = np.unique(units.counts, axis=0, return_counts=True)
    return replace(units, counts=rows, clusters=None), multiplicity


def _disagreement(units: _Units, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum observed and expected disagreement when each unit enters ``times`` times.

    Parameters
    ----------
    times : array of shape (n_samples, n_units)

    Returns
    -------
    (array, array) of shape (n_samples,)
        Sums over pairs of values within units, each unit over its size less one, and
        over all pairs of values.
    """
    totals = times @ units.counts
    if units.level == "ordinal":
        return _ordinal_disagreement(units, times, totals)
    if units.level == "interval":
        return _interval_disagreement(units, times, totals)
    if units.level == "nominal":
        within = (units.sizes**2 - (units.counts**2).sum(axis=1)) / (units.sizes - 1)
        return times @ within, totals.sum(axis=1) ** 2 - (totals**2).sum(axis=1)
    apart = _ratio_distances(units.values)
    within = ((units.counts @ apart) * units.counts).sum(axis=1) / (units.sizes - 1)
    return times @ within, ((totals @ apart) * totals).sum(axis=1)


def _interval_disagreement(
    units: _Units, times: np.ndarray, totals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Do the same by sums of squares: many values would make a large matrix of distances."""
    values = units.values - units.values.mean()  # keeps the digits of values far from 0
    counts, sizes = units.counts, units.sizes
    within = 2 * (sizes * (counts @ values**2) - (counts @ values) ** 2) / (sizes - 1)
    expected = 2 * (totals.sum(axis=1) * (totals @ values**2) - (totals @ values) ** 2)
    return times @ within, np.where(_varied(totals), expected, 0.0)


def _varied(totals: np.ndarray) -> np.ndarray:
    """Whether a sample holds two values: rounding must not pass for disagreement."""
    return (totals > 0).sum(axis=1) > 1


def _ordinal_disagreement(
    units: _Units, times: np.ndarray, totals: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Do the same for ranks: squared distances of mid-ranks, which change with the sample."""
    ranks = totals.cumsum(axis=1) - totals / 2
    weight = times / (units.sizes - 1)
    squares = ((weight * units.sizes) @ units.counts * ranks**2).sum(axis=1)
    observed = 2 * (squares - (weight * (ranks @ units.counts.T) ** 2).sum(axis=1))
    spread = (totals * ranks**2).sum(axis=1) * totals.sum(axis=1)
    expected = 2 * (spread - (totals * ranks).sum(axis=1) ** 2)
    return observed, np.where(_varied(totals), expected, 0.0)


def _ratio_distances(values: np.ndarray) -> np.ndarray:
    """Return squared distances on a ratio scale, shape (n_values, n_values)."""
    difference, total = values[:, None] - values[None, :], values[:, None] + values[None, :]
    return np.divide(difference, total, out=np.zeros_like(difference), where=total > 0) ** 2


def _count_values(
    ratings: pd.DataFrame, level: str, categories: list[object] | None, clusters: pd.Series | None
) -> _Units:
    if ratings.shape[1] < 2:
        raise ModelError(f"agreement needs two coders; there are {ratings.shape[1]}")
    codes, values = _encode(ratings, level, categories)
    counts = np.zeros((len(ratings), len(values)))
    rows, columns = np.nonzero(codes >= 0)
    np.add.at(counts, (rows, codes[rows, columns]), 1)
    pairable = counts.sum(axis=1) > 1
    if not pairable.any():
        raise ModelError("no unit was coded by two coders, so that agreement cannot be seen")
    groups = None if clusters is None else pd.factorize(clusters[pairable], sort=True)[0]
    return _Units(counts[pairable], values, level, groups)


def _encode(
    ratings: pd.DataFrame, level: str, categories: list[object] | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return each cell's position among the values (-1 where empty), and the values."""
    cells = ratings.to_numpy(dtype=object).ravel()
    known = cells[~pd.isna(cells)]
    order = list(categories) if categories is not None else sort_values(known)
    unknown = sort_values(np.array([value for value in known if value not in order], dtype=object))
    if unknown:
        named = ", ".join(str(value) for value in unknown)
        raise SettingsError(f"values outside the categories: {named}")
    place = {value: position for position, value in enumerate(order)}
    codes = np.array([-1 if pd.isna(cell) else place[cell] for cell in cells], dtype="int64")
    numbers = _measure(order, level, given=categories is not None)
    return codes.reshape(ratings.shape), numbers


def _measure(order: list[object], level: str, *, given: bool) -> np.ndarray:
    numeric = all(isinstance(value, (int, float, np.number)) for value in order)
    if level == "nominal" or (level == "ordinal" and (numeric or given)):
        return np.arange(len(order), dtype="float64")
    if not numeric:
        remedy = "give categories in their order" if level == "ordinal" else "use nominal"
        raise DataError(f"level {level!r} needs numbers, found {order[0]!r}; {remedy}")
    values = np.array(order, dtype="float64")
    if not np.isfinite(values).all():
        raise DataError(f"level {level!r} needs finite numbers, found an infinite one")
    if level == "ratio" and (values < 0).any():
        raise DataError(f"level 'ratio' has no values below 0, found {values.min():g}")
    return values


def sort_values(values: np.ndarray) -> list[object]:
    """Sort distinct values, numbers before words."""
    distinct = set(values.tolist())
    return sorted(distinct, key=lambda value: (isinstance(value, str), value))

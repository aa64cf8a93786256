"""Ratios of sums by segment, and how far they move when other customers are drawn.

Shares, means and rates are all a sum over a segment's customers divided by another one.
Whole customers are drawn, since one customer's purchases belong together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

#: Weights held in memory at a time, 32 MB.
BLOCK = 4_000_000
#: Below it a segment's draws are too much alike to tell how uncertain it is.
MINIMUM_COUNTED = 5


@dataclass(frozen=True)
class Quantity:
    """A ratio of sums: one numerator and one denominator a customer.

    Parameters
    ----------
    name : str
        In words.
    numerator, denominator : Series
        By customer; who misses one of them is not counted.
    of_all : bool
        Divide by the denominators of all customers, not of the segment: the segment's
        share in the whole. Its reference is then one part in as many as there are
        segments.
    """

    name: str
    numerator: pd.Series
    denominator: pd.Series
    of_all: bool = False


@dataclass(frozen=True)
class Ratios:
    """Quantities by segment, with draws.

    Parameters
    ----------
    segments, names : tuple
        Labels of the segments in order; names of the quantities.
    estimate, firm : array of shape (n_segments, n_quantities), (n_quantities,)
        Ratios of each segment and of all customers; missing where nothing is counted.
    draws, firm_draws : array of shape (n_draws, n_segments, n_quantities), ...
        The same in bootstrap samples of customers.
    counted : array of shape (n_segments, n_quantities)
        Customers whose denominator is above zero.
    """

    segments: tuple[str, ...]
    names: tuple[str, ...]
    estimate: Floats
    firm: Floats
    draws: Floats
    firm_draws: Floats
    counted: npt.NDArray[np.int64]

    def place(self, name: str) -> int:
        """Find a quantity by its name."""
        return self.names.index(name)


def draw_ratios(
    quantities: Sequence[Quantity], segments: pd.Series, *, n_draws: int, seed: int
) -> Ratios:
    """Compute quantities by segment, and again in bootstrap samples of customers.

    Parameters
    ----------
    quantities : sequence of Quantity
    segments : Series
        Label by customer.
    n_draws, seed : int
        Bootstrap samples, and the seed they are drawn from.

    Raises
    ------
    DataError
        If a customer has two segments.
    ModelError
        If there are no customers, or no quantities.
    """
    if not quantities:
        raise ModelError("nothing is measured of the customers")
    codes, names = code_segments(segments)
    parts = [_parts(quantity, segments.index) for quantity in quantities]
    values = np.column_stack([*(top for top, _ in parts), *(bottom for _, bottom in parts)])
    sums, draws = sum_by_segment(values, codes, len(names), n_draws=n_draws, seed=seed)
    of_all = np.array([quantity.of_all for quantity in quantities])
    estimate, firm = _divide(sums[None], of_all)
    drawn, firm_drawn = _divide(draws, of_all)
    below = values[:, len(quantities) :]
    counted = np.stack([(below[codes == code] > 0).sum(axis=0) for code in range(len(names))])
    return Ratios(
        segments=names,
        names=tuple(quantity.name for quantity in quantities),
        estimate=estimate[0],
        firm=firm[0],
        draws=drawn,
        firm_draws=firm_drawn,
        counted=counted.astype("int64"),
    )


def code_segments(segments: pd.Series) -> tuple[Integers, tuple[str, ...]]:
    """Number the segments in the order of readers: 2 before 10.

    Raises
    ------
    DataError
        If a customer stands twice, or has no segment.
    ModelError
        If there are no customers.
    """
    if not len(segments):
        raise ModelError("no customer has a segment")
    if segments.index.has_duplicates:
        twice = segments.index[segments.index.duplicated()][0]
        raise DataError(f"customer {twice!r} has two segments; one is needed")
    if segments.isna().any():
        raise DataError(f"customer {segments.index[segments.isna()][0]!r} has no segment")
    labels = segments.astype("str")
    names = tuple(sorted(labels.unique(), key=_natural))
    return names_to_codes(labels, names), names


def names_to_codes(labels: pd.Series, names: Sequence[str]) -> Integers:
    """Give the position of each label among the names."""
    place = {name: code for code, name in enumerate(names)}
    return np.asarray(labels.map(place), dtype=np.intp)


def _natural(label: str) -> tuple[int, str]:
    leading = re.match(r"\d+", label)
    return (int(leading.group()) if leading else 10**9, label)


def sum_by_segment(
    values: Floats, codes: Integers, n_segments: int, *, n_draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Sum values by segment, over the customers and over bootstrap samples of them.

    Customers are brought into an order of their own first, so that the order in which
    they are given changes no draw.

    Returns
    -------
    array of shape (n_segments, n_values), array of shape (n_draws, n_segments, n_values)
    """
    from crmstudy.statistics.threads import hold_one_thread

    order = np.lexsort((*values.T[::-1], codes))
    values, codes = values[order], codes[order]
    ends = np.searchsorted(codes, np.arange(n_segments + 1))
    parts = [slice(a, b) for a, b in pairwise(ends)]
    sums = np.stack([values[part].sum(axis=0) for part in parts])
    draws = np.empty((n_draws, n_segments, values.shape[1]))
    rng, n = np.random.default_rng(seed), len(values)
    step = max(1, BLOCK // n)
    with hold_one_thread():
        for start in range(0, n_draws, step):
            size = min(step, n_draws - start)
            weights = np.stack([_draw_weights(rng, n) for _ in range(size)])
            for segment, part in enumerate(parts):
                draws[start : start + size, segment] = weights[:, part] @ values[part]
    return sums, draws


def _draw_weights(rng: np.random.Generator, n: int) -> Floats:
    return np.bincount(rng.integers(n, size=n), minlength=n).astype("float64")


def _parts(quantity: Quantity, customers: pd.Index) -> tuple[Floats, Floats]:
    """Take both sums' summands; who misses one counts in neither."""
    top = quantity.numerator.reindex(customers).to_numpy(dtype=float, na_value=np.nan)
    bottom = quantity.denominator.reindex(customers).to_numpy(dtype=float, na_value=np.nan)
    known = np.isfinite(top) & np.isfinite(bottom)
    return np.where(known, top, 0.0), np.where(known, bottom, 0.0)


def _divide(sums: Floats, of_all: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Divide sums of shape (n, n_segments, 2 n_quantities); 0 below gives a missing ratio."""
    half = sums.shape[2] // 2
    top, bottom = sums[:, :, :half], sums[:, :, half:]
    whole = bottom.sum(axis=1, keepdims=True)
    below = np.where(of_all, whole, bottom)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(below > 0, top / below, np.nan)
        firm = np.where(whole[:, 0] > 0, top.sum(axis=1) / whole[:, 0], np.nan)
    return ratio, np.where(of_all, firm / sums.shape[1], firm)

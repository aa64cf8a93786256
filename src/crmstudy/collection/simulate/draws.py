"""Small pieces that every table of the simulated firm is drawn with."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.extensions import ExtensionArray

from crmstudy.collection.simulate.parameters import WINDOW_STARTS_ON

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def open_stream(seed: int, table: str) -> np.random.Generator:
    """Open the random stream of one table; adding a table never moves another."""
    return np.random.default_rng([seed, zlib.crc32(table.encode())])


def moments(days: Integers, minutes: Integers | int = 0) -> npt.NDArray[np.datetime64]:
    """Turn days since the window's start, and minutes of the day, into time stamps."""
    start = WINDOW_STARTS_ON.astype("datetime64[us]")
    elapsed = (np.asarray(days) * 1440 + minutes).astype("timedelta64[m]")
    return start + elapsed.astype("timedelta64[us]")


def number_ids(letter: str, count: int, *, width: int) -> list[str]:
    """Number ids from 1 on: a letter and at least ``width`` digits, as many in all."""
    width = max(width, len(str(count)))
    return [f"{letter}{number:0{width}d}" for number in range(1, count + 1)]


def pick(codes: Integers, names: Sequence[str] | pd.Series) -> ExtensionArray:
    """Look up names by their positions."""
    return pd.Series(names, dtype="str").array.take(codes)


def draw_by_group(
    rng: np.random.Generator, group: Integers, shares: Sequence[Sequence[float]] | Floats
) -> Integers:
    """Draw one category per element from the row of shares that its group has."""
    cumulative = np.cumsum(shares, axis=1)
    cumulative /= cumulative[:, -1:]
    n_groups, n_categories = cumulative.shape
    edges = (cumulative + np.arange(n_groups)[:, None]).ravel()
    place = np.searchsorted(edges, group + rng.random(group.size), side="right")
    return np.minimum(place - group * n_categories, n_categories - 1)

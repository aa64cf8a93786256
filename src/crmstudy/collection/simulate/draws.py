"""Small pieces that every table of the simulated firm is drawn with."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.arrays import ArrowStringArray

from crmstudy.collection.simulate.parameters import WINDOW_STARTS_ON

Booleans = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]

#: How many digits the numbers in ids have at least.
ID_DIGITS = {"C": 7, "B": 8, "T": 7, "R": 7, "L": 7, "V": 7, "S": 7}


def open_stream(seed: int, table: str, block: int = 0) -> np.random.Generator:
    """Open the random stream of one table and block; adding either never moves another."""
    return np.random.default_rng([seed, zlib.crc32(table.encode()), block])


def moments(days: Integers, minutes: Integers | int = 0) -> Moments:
    """Turn days since the window's start, and minutes of the day, into time stamps."""
    start = WINDOW_STARTS_ON.astype("datetime64[us]")
    elapsed = (np.asarray(days) * 1440 + minutes).astype("timedelta64[m]")
    return start + elapsed.astype("timedelta64[us]")


def text_array(values: pa.Array) -> ArrowStringArray:
    """Take Arrow texts as a pandas column of strings."""
    kind = pd.StringDtype("pyarrow", na_value=np.nan)
    return ArrowStringArray(values.cast(pa.large_string()), dtype=kind)  # type: ignore[call-arg]


def number_ids(letter: str, numbers: Integers) -> ArrowStringArray:
    """Write ids: a letter and the number in as many digits as the kind has, or more."""
    numbers = np.asarray(numbers, dtype=np.int64)
    width = max(ID_DIGITS.get(letter, 1), len(str(numbers.max(initial=0))))
    text = np.full((numbers.size, width + 1), ord(letter), dtype=np.uint8)
    rest = numbers
    for place in range(width, 0, -1):
        rest, digit = np.divmod(rest, 10)
        text[:, place] = digit + ord("0")
    ends = np.arange(numbers.size + 1, dtype=np.int64) * (width + 1)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    return text_array(pa.Array.from_buffers(pa.large_string(), numbers.size, buffers))


def pick(codes: Integers, names: Iterable[str] | pd.CategoricalDtype) -> pd.Categorical:
    """Look up names, each once, by their positions; -1 is missing."""
    kind = names if isinstance(names, pd.CategoricalDtype) else category(names)
    return pd.Categorical.from_codes(codes, dtype=kind, validate=False)


def category(names: Iterable[str]) -> pd.CategoricalDtype:
    """Make a column type of names that stand each once."""
    array = names if isinstance(names, ArrowStringArray) else pd.array([*names], dtype="str")
    return pd.CategoricalDtype(pd.Index(array))


def write_out(table: pd.DataFrame) -> pd.DataFrame:
    """Turn the columns of codes into plain texts."""
    return pd.DataFrame({name: _spell_out(values) for name, values in table.items()})


def _spell_out(values: pd.Series) -> pd.Series:
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return values
    names = values.cat.categories.array
    return pd.Series(names.take(values.cat.codes.to_numpy(), allow_fill=True), index=values.index)


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


def draw_shares(rng: np.random.Generator, count: int, shares: Sequence[float]) -> Integers:
    """Draw positions with the given shares."""
    return draw_by_group(rng, np.zeros(count, dtype=np.int64), [shares])

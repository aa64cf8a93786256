"""Samples of customers drawn with replacement, whatever the order they come in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def draw_samples(values: Floats, *, seed: int, n_replicates: int) -> Iterator[Floats]:
    """Draw samples as large as ``values``, each in rising order.

    Values are sorted first, so that the order of the customers does not matter.
    """
    rising, generator = np.sort(values), np.random.default_rng(seed)
    for _ in range(n_replicates):
        counts = np.bincount(generator.integers(0, rising.size, rising.size), minlength=rising.size)
        yield np.repeat(rising, counts)


def limits(drawn: npt.ArrayLike, level: float) -> tuple[Floats, Floats]:
    """Percentile limits over the replicates, the first axis."""
    tail = (1 - level) / 2
    lower, upper = np.quantile(np.asarray(drawn, np.float64), [tail, 1 - tail], axis=0)
    return lower, upper

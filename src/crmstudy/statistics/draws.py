"""Seeds, samples and orders: what every method draws by, whatever the order of the customers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


def draw_seeds(seed: int, *, stage: int, n: int) -> list[int]:
    """Derive ``n`` independent seeds for one stage of the work from the study's seed."""
    children = np.random.SeedSequence(seed, spawn_key=(stage,)).spawn(n)
    return [int(child.generate_state(1)[0]) for child in children]


def draw_rows(n: int, seed: int, *, most: int) -> Rows:
    """Draw at most ``most`` of ``n`` rows without replacement, in their order; all if few."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=most, replace=False))


def sort_points(points: Floats) -> Rows:
    """Order customers by their coordinates, so that results do not depend on their order."""
    return np.lexsort(points.T[::-1])


def count_distinct(points: Floats) -> int:
    """Count distinct points of a sorted array."""
    return 1 + int(np.count_nonzero((points[1:] != points[:-1]).any(axis=1)))

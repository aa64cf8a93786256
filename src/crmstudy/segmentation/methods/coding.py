"""Categories and numbers as columns, with the levels that were met."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmstudy.segmentation.criteria.space import Space
from crmstudy.segmentation.methods.partition import Floats


@dataclass(frozen=True)
class Coding:
    """How variables become columns: one indicator for each level, then the numbers.

    Parameters
    ----------
    levels : dict of str to tuple of str
        Levels of each category met in the data, sorted.
    numbers : tuple of str
        Names of the numbers.
    """

    levels: dict[str, tuple[str, ...]]
    numbers: tuple[str, ...]

    @property
    def widths(self) -> list[int]:
        """Number of levels of each category."""
        return [len(levels) for levels in self.levels.values()]

    def indicate(self, space: Space) -> Floats:
        """Give the indicators; a level never met is 0 in all of its variable's columns."""
        if not self.levels:
            return np.zeros((len(space.customers), 0))
        columns = [
            np.asarray(space.categories[name]).astype(str)[:, None] == np.array(levels)
            for name, levels in self.levels.items()
        ]
        return np.hstack(columns).astype(float)

    def measure(self, space: Space) -> Floats:
        """Give the numbers."""
        return space.numeric[list(self.numbers)].to_numpy(dtype=float)


def code_variables(space: Space) -> Coding:
    """Read the levels of each category off the customers of a space."""
    levels = {
        str(name): tuple(sorted(set(space.categories[name].astype(str))))
        for name in space.categories.columns
    }
    return Coding(levels, tuple(map(str, space.numeric.columns)))

"""The variables of a block as named columns: numbers, and one indicator for each level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.segmentation.criteria.space import Space


@dataclass(frozen=True)
class SpreadVariables:
    """Columns of numbers, whose names a reader can follow.

    Parameters
    ----------
    values : array of shape (n_customers, n_columns)
        Transformed numbers, then 0 or 1 for each level.
    variables, levels : tuple of str
        Variable of each column, and the level it indicates; empty for a number.
    """

    values: npt.NDArray[np.float64]
    variables: tuple[str, ...]
    levels: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Name each column: ``variable``, or ``variable: level``."""
        both = zip(self.variables, self.levels, strict=True)
        return [f"{variable}: {level}" if level else variable for variable, level in both]


def spread_variables(space: Space) -> SpreadVariables:
    """Give every level of every category a column of its own, in alphabetical order."""
    columns = [space.numeric[name].to_numpy(dtype=np.float64) for name in space.numeric.columns]
    variables, levels = [*map(str, space.numeric.columns)], [""] * space.numeric.shape[1]
    for name in space.categories.columns:
        found = np.asarray(space.categories[name]).astype(str)
        for level in sorted(set(found)):
            columns.append((found == level).astype(np.float64))
            variables.append(str(name))
            levels.append(level)
    values = np.column_stack(columns) if columns else np.zeros((len(space.customers), 0))
    return SpreadVariables(values, tuple(variables), tuple(levels))

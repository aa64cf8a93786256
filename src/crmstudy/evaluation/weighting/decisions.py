"""The decision matrix: units by criteria, the better direction, and what tells none apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import DataError, ModelError, nearest
from crmstudy.evaluation.require import require_choice

Direction = Literal["larger", "smaller"]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: Relative range below which values differ by rounding only.
ROUNDING = 1e-12
CONSTANT = "the same in all units"


@dataclass(frozen=True, eq=False)
class Decisions:
    """Units that are compared by criteria in which they differ.

    Parameters
    ----------
    values : DataFrame of shape (n_units, n_criteria)
        Measured values, no criterion constant.
    better_larger : bool array of shape (n_criteria,)
        Whether more is better.
    dropped : mapping of str to str
        Criteria that cannot tell units apart, and why.
    """

    values: pd.DataFrame
    better_larger: Flags
    dropped: Mapping[str, str]

    @property
    def units(self) -> list[str]:
        """Names of the units, as given."""
        return [str(name) for name in self.values.index]

    @property
    def criteria(self) -> list[str]:
        """Names of the criteria that differ, as given."""
        return [str(name) for name in self.values.columns]

    @property
    def directions(self) -> dict[str, Direction]:
        """Which is better, by criterion."""
        words: tuple[Direction, Direction] = ("smaller", "larger")
        return dict(zip(self.criteria, (words[int(b)] for b in self.better_larger), strict=True))

    @property
    def types(self) -> npt.NDArray[np.int_]:
        """1 where more is better, -1 where less is."""
        return np.where(self.better_larger, 1, -1)

    @property
    def arrays(self) -> tuple[Floats, Flags]:
        """Values, and which criteria are better larger."""
        return self.values.to_numpy(), self.better_larger

    @property
    def scaled(self) -> pd.DataFrame:
        """Values brought to 0 at the worst and 1 at the best unit."""
        return pd.DataFrame(scale(*self.arrays), self.values.index, self.values.columns)


def scale(values: Floats, better_larger: Flags) -> Floats:
    """Bring values of shape (..., n_units, n_criteria) to 0 at the worst, 1 at the best unit.

    Where units differ by rounding only, none lacks anything: all are at 1.
    """
    low, high = values.min(axis=-2, keepdims=True), values.max(axis=-2, keepdims=True)
    spread = high - low
    told = spread > ROUNDING * np.maximum(np.abs(low), np.abs(high))
    worst = np.where(better_larger, low, high)
    return np.where(told, np.abs(values - worst) / np.where(told, spread, 1.0), 1.0)


def read_decisions(
    matrix: pd.DataFrame, directions: Mapping[str, Direction], *, fewest: int = 2
) -> Decisions:
    """Check a decision matrix and set aside the criteria that are the same in all units.

    Parameters
    ----------
    matrix : DataFrame of shape (n_units, n_criteria)
        Units in rows, criteria in columns; names are labels only.
    directions : mapping of str to {"larger", "smaller"}
        Which is better, for every criterion; other names are of no effect.
    fewest : int
        Units that must be there.

    Raises
    ------
    DataError
        If a name stands twice, a value is missing, infinite or no number, or a criterion
        has no direction.
    SettingsError
        If a direction is neither "larger" nor "smaller".
    ModelError
        If there are too few units, no criteria, or the units do not differ in any.
    """
    _require_names(matrix)
    _require_directions(matrix, directions)
    values = _as_numbers(matrix)
    if len(values) < fewest:
        raise ModelError(f"{_count(len(values), 'unit')} to compare; at least {fewest} are needed")
    if not values.shape[1]:
        raise ModelError("no criterion was measured in all units")
    spread = values.max() - values.min()
    same = (spread <= ROUNDING * values.abs().max()).to_numpy()
    if same.all():
        raise ModelError(
            f"the units do not differ in {'any criterion' if len(same) > 1 else values.columns[0]}"
        )
    kept = values.loc[:, ~same]
    better = np.array([directions[name] == "larger" for name in kept.columns])
    dropped = {str(name): CONSTANT for name in values.columns[same]}
    return Decisions(kept, better, dropped)


def _require_names(matrix: pd.DataFrame) -> None:
    for names, kind in ((matrix.index, "unit"), (matrix.columns, "criterion")):
        if not names.is_unique:
            twice = names[names.duplicated()][0]
            raise DataError(
                f"{kind} {str(twice)!r} stands twice in the decision matrix; allowed: once"
            )


def _require_directions(matrix: pd.DataFrame, directions: Mapping[str, Direction]) -> None:
    for name in matrix.columns:
        if name not in directions:
            raise DataError(
                f"{name!r} stands in the decision matrix but not in the directions"
                f"{nearest(str(name), map(str, directions))}"
            )
        require_choice(directions[name], Direction, "direction")


def _as_numbers(matrix: pd.DataFrame) -> pd.DataFrame:
    try:
        values = matrix.astype(float)
    except (TypeError, ValueError) as error:
        raise DataError(f"the decision matrix holds what is no number: {error}") from error
    bad = ~np.isfinite(values.to_numpy())
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise DataError(
            "the decision matrix has missing or infinite values, the first of unit "
            f"{str(values.index[row])!r} in {str(values.columns[column])!r}; fill or drop them"
        )
    return values


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"

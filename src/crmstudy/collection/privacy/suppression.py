"""Tables of counts in which no small cell can be read, or computed from the totals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from crmstudy.errors import DataError, passes_absence

TOTAL = "total"

Cell = tuple[int, int]


@dataclass(frozen=True)
class Suppressed:
    """A table of counts with its margins, fit for publication.

    Parameters
    ----------
    published : DataFrame of Int64
        Counts, with a last row and column ``total``; what is suppressed is missing.
    primary, secondary : DataFrame of bool
        Cells suppressed because they are small, and those that would give them away.
    k : int
        Counts from 1 to k - 1 are small.
    """

    published: pd.DataFrame
    primary: pd.DataFrame
    secondary: pd.DataFrame
    k: int

    @property
    def count(self) -> int:
        """How many cells are suppressed, margins included."""
        return int((self.primary | self.secondary).to_numpy().sum())

    def table(self, *, mark: str = "–") -> pd.DataFrame:
        """Return the counts as text, with a mark where a cell is suppressed."""
        text = self.published.astype("string").fillna(mark)
        return text.astype("str").reset_index()

    def to_metrics(self) -> dict[str, int]:
        """Return how many cells were suppressed, small ones and others."""
        return {
            "suppressed_small": int(self.primary.to_numpy().sum()),
            "suppressed_further": int(self.secondary.to_numpy().sum()),
        }


@passes_absence
def suppress_small_cells(table: pd.DataFrame, *, k: int) -> Suppressed:
    """Suppress counts from 1 to k - 1, and as many others as keep them from being computed.

    Afterwards no suppressed cell follows from the totals, and each small one might, for
    all a reader can compute, be k or more. Zeros stay: they are about nobody.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Counts of persons without margins; they are added as ``total``.
    k : int
        The smallest count that may be published.

    Raises
    ------
    DataError
        If a count is missing, negative or no whole number, or a label is ``total``.

    Notes
    -----
    Each small cell gets the cheapest rectangle of further cells (hypercube method), which
    is kept only when it is still needed; the bounds a reader can compute are then found by
    linear programs, and cells are added until all are wide enough. The same table always
    gives the same cells.

    References
    ----------
    Willenborg, L., & de Waal, T. (2001). Elements of Statistical Disclosure Control,
    chapter 6. Springer.
    Giessing, S., & Repsilber, D. (2002). Tools and strategies to protect multiple tables
    with the GHQUAR cell suppression engine. In: Inference Control in Statistical Databases.
    """
    full = _with_margins(table)
    counts = full.to_numpy(dtype=np.int64)
    primary = (counts > 0) & (counts < k)
    hidden = primary.copy()
    while True:
        open_cell = _weakest(counts, hidden, primary, k)
        if open_cell is None:
            break
        _hide_rectangle(counts, hidden, open_cell, k)
    frames = [pd.DataFrame(m, full.index, full.columns) for m in (primary, hidden & ~primary)]
    published = full.astype("Int64").mask(pd.DataFrame(hidden, full.index, full.columns))
    return Suppressed(published, frames[0], frames[1], k)


def _with_margins(table: pd.DataFrame) -> pd.DataFrame:
    values = table.to_numpy(dtype=float)
    if not np.isfinite(values).all() or (values < 0).any() or (values % 1 != 0).any():
        raise DataError("a table of counts holds whole numbers of at least 0, none missing")
    if TOTAL in table.index or TOTAL in table.columns:
        raise DataError(f"the table has a line {TOTAL!r} already: hand it in without margins")
    full = table.astype("int64").copy()
    full.columns = full.columns.astype(object)
    full.index = full.index.astype(object)
    full[TOTAL] = full.sum(axis=1)
    full.loc[TOTAL] = full.sum(axis=0)
    full.index.name = table.index.name
    return full


def _weakest(counts: np.ndarray, hidden: np.ndarray, primary: np.ndarray, k: int) -> Cell | None:
    """Return the hidden cell that a reader knows best, or None when all are safe."""
    needs: list[tuple[float, Cell]] = []
    for row, column in zip(*np.nonzero(hidden), strict=True):
        cell = (int(row), int(column))
        low, high = bound_cell(counts, hidden, cell)
        wanted = max(k, low + 1) if primary[cell] else low + 1
        if high < wanted:
            needs.append((wanted - high, cell))
    return max(needs, key=lambda need: (need[0], -need[1][0], -need[1][1]))[1] if needs else None


def bound_cell(counts: np.ndarray, hidden: np.ndarray, cell: Cell) -> tuple[int, float]:
    """Return the smallest and greatest count of a hidden cell that fit what is published.

    Parameters
    ----------
    counts : ndarray of int, shape (n_rows + 1, n_columns + 1)
        With totals in the last row and column; only cells that are not hidden are used.
    hidden : ndarray of bool
        The suppressed cells.
    cell : tuple of int
        Row and column of a hidden one.

    Returns
    -------
    int, float
        Whole-number bounds; infinity where nothing bounds it from above.
    """
    from scipy.optimize import linprog

    places = [(int(r), int(c)) for r, c in zip(*np.nonzero(hidden), strict=True)]
    matrix, right = _equations(counts, places)
    goal = np.zeros(len(places))
    goal[places.index(cell)] = 1
    bounds = []
    for sign in (1, -1):
        solved = linprog(sign * goal, A_eq=matrix, b_eq=right, bounds=(0, None), method="highs")
        bounds.append(np.inf if solved.status == 3 else sign * solved.fun)
    # The equations are those of a network: the bounds are whole numbers but for rounding.
    return round(bounds[0]), bounds[1] if np.isinf(bounds[1]) else float(round(bounds[1]))


def _equations(counts: np.ndarray, places: list[Cell]) -> tuple[np.ndarray, np.ndarray]:
    """Write down what the published numbers say of the hidden ones: cells minus total = 0."""
    number = {cell: index for index, cell in enumerate(places)}
    rows, columns = counts.shape
    lines = [[((r, c), 1 if c < columns - 1 else -1) for c in range(columns)] for r in range(rows)]
    lines += [[((r, c), 1 if r < rows - 1 else -1) for r in range(rows)] for c in range(columns)]
    matrix = np.zeros((len(lines), len(places)))
    right = np.zeros(len(lines))
    for index, line in enumerate(lines):
        for cell, sign in line:
            if cell in number:
                matrix[index, number[cell]] = sign
            else:
                right[index] -= sign * counts[cell]
    return matrix, right


def _hide_rectangle(counts: np.ndarray, hidden: np.ndarray, cell: Cell, k: int) -> None:
    """Hide the cheapest rectangle of cells that lets one cell be moved far enough, in place."""
    row, column = cell
    rows, columns = counts.shape
    best: tuple[tuple[float, ...], list[Cell]] | None = None
    for other_row, other_column in product(range(rows), range(columns)):
        if other_row == row or other_column == column:
            continue
        corners = [(row, other_column), (other_row, column), (other_row, other_column)]
        fresh = [corner for corner in corners if not hidden[corner]]
        if not fresh:
            continue
        cost = _cost(counts, fresh, cell, (other_row, other_column), k)
        if best is None or cost < best[0]:
            best = cost, fresh
    # No rectangle left to hide means that nearly all is hidden: then all of it is.
    for corner in best[1] if best else product(range(rows), range(columns)):
        hidden[corner] = True


def _cost(
    counts: np.ndarray, fresh: list[Cell], cell: Cell, opposite: Cell, k: int
) -> tuple[float, ...]:
    """Rank a rectangle: far enough, few zeros, few totals, few persons, few cells, place."""
    last = (counts.shape[0] - 1, counts.shape[1] - 1)
    up = _room_upwards(counts, cell, opposite, last)
    too_little = max(0.0, k - (counts[cell] + up))
    zeros = sum(counts[corner] == 0 for corner in fresh)
    totals = sum((corner[0] == last[0]) + (corner[1] == last[1]) for corner in fresh)
    persons = sum(int(counts[corner]) for corner in fresh)
    return too_little, zeros, totals, persons, len(fresh), *opposite


def _room_upwards(counts: np.ndarray, cell: Cell, opposite: Cell, last: Cell) -> float:
    """Say by how much a cell can grow while its rectangle's totals stay as they are.

    Along a line with a total both ends move the same way, else in opposite ones.
    """
    (row, column), (other_row, other_column) = cell, opposite
    along_row = -1 if last[1] not in (column, other_column) else 1
    along_column = -1 if last[0] not in (row, other_row) else 1
    moves = {
        (row, other_column): along_row,
        (other_row, column): along_column,
        (other_row, other_column): along_row * along_column,
    }
    falling = [counts[corner] for corner, move in moves.items() if move < 0]
    return float(min(falling)) if falling else np.inf


@passes_absence
def suppress_small_counts(counts: pd.Series, *, k: int) -> pd.Series:
    """Suppress the small counts of a simple list whose total is known.

    Counts from 1 to k - 1 become missing; where they alone are fewer than two, or together
    fewer than k persons, the next smallest goes with them, so that they cannot be computed
    from the total.

    Parameters
    ----------
    counts : Series of int
        Persons by group, without a total.
    k : int
        The smallest count that may be published.

    Returns
    -------
    Series of Int64
        In the same order. All are missing where the total itself gives the last one away.
    """
    _with_margins(counts.to_frame())
    values = counts.to_numpy(dtype=np.int64)
    hidden = (values > 0) & (values < k)
    rest = [place for place in np.argsort(values, kind="stable") if values[place] >= k]
    if hidden.any():
        while rest and (hidden.sum() < 2 or values[hidden].sum() < k):
            hidden[rest.pop(0)] = True
        if hidden.sum() < 2 or values[hidden].sum() < k:
            hidden[:] = True
    return counts.astype("Int64").mask(hidden)

"""Correspondence analysis: rows and columns of a table of counts or amounts as points.

With the table divided by its total, ``P`` with margins ``r`` and ``c``, the matrix
``(p_ij - r_i c_j) / sqrt(r_i c_j)`` is split into singular values and vectors. Their
squares are the inertias of the dimensions and sum to the chi-square statistic divided by
the total of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import DataError, ModelError, NotAvailable

Floats = npt.NDArray[np.float64]
Side = Literal["rows", "columns"]

#: A dimension below this share of the largest possible inertia is rounding.
TOLERANCE = 1e-12
INDEPENDENCE = "rows and columns are independent"


@dataclass(frozen=True)
class Points:
    """The rows, or the columns, of a table as points.

    Parameters
    ----------
    mass : Series
        Share of each in the total of the table; missing for a supplementary one.
    standard, principal : DataFrame of shape (n_points, n_dimensions)
        Coordinates of weighted variance 1 on every dimension, and those times the singular
        value: between principal ones, squared distances are chi-square distances.
    squared_distance : Series
        Squared chi-square distance from the average profile.
    supplementary : Series of bool
        Whether the point was laid onto the map without shaping it.
    """

    mass: pd.Series
    standard: pd.DataFrame
    principal: pd.DataFrame
    squared_distance: pd.Series
    supplementary: pd.Series

    @property
    def inertia(self) -> pd.Series:
        """Mass times squared distance: what each point adds to the total inertia."""
        return self.mass * self.squared_distance

    @property
    def contributions(self) -> pd.DataFrame:
        """Share of each point in the inertia of each dimension; a dimension sums to 1."""
        active = self.standard[~self.supplementary]
        return (active**2).mul(self.mass[~self.supplementary], axis=0)

    @property
    def cosines(self) -> pd.DataFrame:
        """Share of each point's squared distance on each dimension; all sum to 1.

        A point at the centre has none: 0 everywhere.
        """
        away = self.squared_distance.where(self.squared_distance > TOLERANCE, np.inf)
        return (self.principal**2).div(away, axis=0)

    def quality(self, n_dimensions: int = 2) -> pd.Series:
        """Sum the squared cosines of the first dimensions: 1 where the map shows all."""
        return self.cosines.iloc[:, :n_dimensions].sum(axis=1)


@dataclass(frozen=True)
class Correspondence:
    """A table as points in few dimensions.

    Parameters
    ----------
    rows, columns : Points
        Supplementary ones after the others.
    singular_values : Series
        Indexed by dimension 1, 2, ..., falling.
    total : float
        Sum of the table.
    empty : tuple of str
        Rows and columns left out for holding nothing.
    independence : Hypothesis or NotAvailable
        Chi-square test; of counts only.
    """

    rows: Points
    columns: Points
    singular_values: pd.Series
    total: float
    empty: tuple[str, ...]
    independence: Hypothesis | NotAvailable

    @property
    def n_dimensions(self) -> int:
        """Dimensions with an inertia above zero."""
        return len(self.singular_values)

    @property
    def total_inertia(self) -> float:
        """Sum of the inertias: chi-square divided by the total of the table."""
        return float((self.singular_values**2).sum())

    def axes(self) -> pd.DataFrame:
        """List the dimensions with inertia, its share and the shares added up."""
        inertia = self.singular_values**2
        share = inertia / inertia.sum()
        frame = pd.DataFrame({"inertia": inertia, "share": share, "cumulative": share.cumsum()})
        return frame.rename_axis("dimension").reset_index()


def analyse_correspondence(
    table: pd.DataFrame,
    *,
    counts: bool = True,
    supplementary_rows: pd.DataFrame | None = None,
    supplementary_columns: pd.DataFrame | None = None,
) -> Correspondence:
    """Split the inertia of a two-way table into dimensions.

    Singular vectors have no sign; here the row with the largest contribution to a
    dimension (the first in the alphabet of equal ones) lies on its positive side.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        Counts or amounts, none negative or missing, each row and column named once.
        Those that hold nothing are left out and named.
    counts : bool
        Whether the cells count independent cases, so that a chi-square test is allowed.
        Money is no count: its chi-square grows when it is stated in cents.
    supplementary_rows, supplementary_columns : DataFrame, optional
        Further rows (with the columns of the table) and columns (with its rows) that are
        laid onto the map without shaping it.

    Raises
    ------
    DataError
        If a cell is negative, missing or not a number, a name stands twice, or a
        supplementary point lacks a cell.
    ModelError
        If fewer than two rows or columns hold anything, or all have the same profile.

    References
    ----------
    Greenacre, M. J. (1984). Theory and Applications of Correspondence Analysis. Academic
    Press.
    """
    _refuse(table)
    active = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0].astype("float64")
    empty = [str(n) for n in table.index if n not in active.index]
    empty += [str(n) for n in table.columns if n not in active.columns]
    if min(active.shape) < 2:
        raise ModelError(
            f"a map needs two rows and two columns that hold something; there are "
            f"{active.shape[0]} and {active.shape[1]}"
        )
    total = float(active.to_numpy().sum())
    row_standard, values, column_standard = decompose(active.to_numpy() / total)
    if not len(values):
        raise ModelError("all rows have the same profile: there is nothing to map")
    signs = _signs(active.index, active.sum(axis=1).to_numpy() / total, row_standard)
    dimensions = pd.Index(range(1, len(values) + 1), name="dimension")
    lay = _Layer(active, total, dimensions, values)
    return Correspondence(
        rows=lay.points("rows", row_standard * signs, column_standard * signs, supplementary_rows),
        columns=lay.points(
            "columns", column_standard * signs, row_standard * signs, supplementary_columns
        ),
        singular_values=pd.Series(values, index=dimensions),
        total=total,
        empty=tuple(empty),
        independence=_test_independence(active) if counts else NotAvailable("money is no count"),
    )


def decompose(shares: Floats) -> tuple[Floats, Floats, Floats]:
    """Split a table of shares: row standard coordinates, singular values, column ones.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the singular values do not converge.
    """
    from crmstudy.statistics.threads import hold_one_thread

    r, c = shares.sum(axis=1), shares.sum(axis=0)
    expected = np.outer(r, c)
    with hold_one_thread():
        left, values, right = np.linalg.svd(
            (shares - expected) / np.sqrt(expected), full_matrices=False
        )
    kept = values[: min(shares.shape) - 1] ** 2 > TOLERANCE
    values = values[: kept.sum()]
    rows = left[:, : kept.sum()] / np.sqrt(r)[:, None]
    return rows, values, right[: kept.sum()].T / np.sqrt(c)[:, None]


def _test_independence(table: pd.DataFrame) -> Hypothesis:
    """Test independence in a table of counts by Pearson's chi-square."""
    from scipy.special import chdtrc

    counts = table.to_numpy(dtype=float)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = float(((counts - expected) ** 2 / expected).sum())
    df = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    return Hypothesis(INDEPENDENCE, statistic, float(chdtrc(df, statistic)), f"chi2({df})")


@dataclass(frozen=True)
class _Layer:
    """Puts names to coordinates, and supplementary profiles onto the dimensions."""

    table: pd.DataFrame
    total: float
    dimensions: pd.Index
    values: Floats

    def points(
        self, side: Side, standard: Floats, others: Floats, further: pd.DataFrame | None
    ) -> Points:
        by_rows = side == "rows"
        table = self.table if by_rows else self.table.T
        mass = table.sum(axis=1) / self.total
        frames = [self._frame(standard, table.index)]
        distances = [_distances(table, table)]
        lying = 0
        if further is not None:
            profiles = _match(further if by_rows else further.T, table, side)
            lying = len(profiles)
            frames.append(self._frame(_profiles(profiles) @ others / self.values, profiles.index))
            distances.append(_distances(profiles, table))
        coordinates = pd.concat(frames)
        return Points(
            mass=mass.reindex(coordinates.index),
            standard=coordinates,
            principal=coordinates * self.values,
            squared_distance=pd.concat(distances),
            supplementary=pd.Series(
                np.arange(len(coordinates)) >= len(coordinates) - lying, index=coordinates.index
            ),
        )

    def _frame(self, coordinates: Floats, names: pd.Index) -> pd.DataFrame:
        return pd.DataFrame(coordinates, index=names, columns=self.dimensions)


def _profiles(table: pd.DataFrame) -> Floats:
    values = table.to_numpy(dtype=float)
    return values / values.sum(axis=1, keepdims=True)


def _distances(table: pd.DataFrame, active: pd.DataFrame) -> pd.Series:
    average = active.to_numpy().sum(axis=0) / active.to_numpy().sum()
    away = (_profiles(table) - average) ** 2 / average
    return pd.Series(away.sum(axis=1), index=table.index)


def _match(further: pd.DataFrame, table: pd.DataFrame, side: Side) -> pd.DataFrame:
    lacking = [name for name in table.columns if name not in further.columns]
    if lacking:
        raise DataError(f"supplementary {side} lack the cell {lacking[0]!r}")
    twice = [name for name in further.index if name in table.index]
    if twice:
        raise DataError(f"supplementary {side} are called like others: {twice[0]!r}")
    _refuse(further)
    profiles = further[table.columns].astype("float64")
    hollow = profiles.index[profiles.sum(axis=1) == 0]
    if len(hollow):
        raise DataError(f"the supplementary point {hollow[0]!r} holds nothing")
    return profiles


def _refuse(table: pd.DataFrame) -> None:
    for names, what in ((table.index, "row"), (table.columns, "column")):
        if names.has_duplicates:
            raise DataError(
                f"the {what} {names[names.duplicated()][0]!r} stands twice in the table"
            )
    for name in table.columns:
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(f"column {name!r} of the table is {table[name].dtype}, not a number")
    values = table.to_numpy(dtype=float)
    if not np.isfinite(values).all() or (values < 0).any():
        row, column = np.argwhere(~(np.isfinite(values) & (values >= 0)))[0]
        raise DataError(
            f"cell ({table.index[row]!r}, {table.columns[column]!r}) of the table is "
            f"{values[row, column]:g}; correspondence analysis takes amounts from 0"
        )


def _signs(names: pd.Index, mass: Floats, standard: Floats) -> Floats:
    """Choose the sign of each dimension by the row that contributes most."""
    contributions = standard**2 * mass[:, None]
    order = np.argsort(names.astype("str").to_numpy(), kind="stable")
    signs = np.ones(standard.shape[1])
    for dimension, column in enumerate(contributions.T):
        largest = order[np.argmax(column[order] > column.max() * (1 - 1e-9))]
        signs[dimension] = 1.0 if standard[largest, dimension] >= 0 else -1.0
    return signs

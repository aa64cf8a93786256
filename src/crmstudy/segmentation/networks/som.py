"""A self-organising map: customers on a sheet of units, alike ones side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

LARGEST_MAP = 400  # units; more cannot be read on a page
LONGEST_SIDES = 5.0  # length over height of the map, so that it fits a page
FINAL_RADIUS = 1.0  # of the neighbourhood, in distances between two units
NARROWING = 20  # epochs in which the neighbourhood shrinks
MOST_EPOCHS = 100
CHUNK = 8_192  # customers whose distances are held at once


@dataclass(frozen=True)
class HexGrid:
    """Units in rows, every second row moved by half a unit: each has six neighbours."""

    rows: int
    columns: int

    @property
    def positions(self) -> Floats:
        """Centres of the units; neighbours are 1 apart."""
        row, column = np.divmod(np.arange(self.rows * self.columns), self.columns)
        return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(0.75)])

    @property
    def distances(self) -> Floats:
        """Distances between units on the sheet."""
        apart = self.positions[:, None, :] - self.positions[None, :, :]
        return np.sqrt((apart**2).sum(axis=-1))


@dataclass(frozen=True)
class TrainedMap:
    """Units with their codes (places among the customers), and how training ended.

    Parameters
    ----------
    grid : HexGrid
        Where the units lie on the sheet.
    codes : array of shape (n_units, n_dimensions)
        What a customer at the unit would be like.
    n_epochs : int
        Passes through the customers.
    settled : bool
        Whether the last pass moved no customer to another unit.
    """

    grid: HexGrid
    codes: Floats
    n_epochs: int
    settled: bool


def plan_grid(points: Floats) -> HexGrid:
    """Choose the map's size: ``5 sqrt(n)`` units, its sides as the cloud's two longest.

    The sides stand in the ratio of the standard deviations along the first two principal
    components, 3 at most; a block of one dimension has one row.

    References
    ----------
    Vesanto, J., Himberg, J., Alhoniemi, E., & Parhankangas, J. (2000). SOM Toolbox for
    Matlab 5. Report A57, Helsinki University of Technology.
    """
    n_units = min(5 * np.sqrt(len(points)), LARGEST_MAP, len(points))
    variances, _ = principal_axes(points)
    if len(variances) < 2 or variances[1] <= 1e-12 * variances[0]:
        return HexGrid(1, max(round(n_units), 2))
    ratio = min(np.sqrt(variances[0] / variances[1]), LONGEST_SIDES)
    rows = max(round(np.sqrt(n_units / (ratio * np.sqrt(0.75)))), 2)
    return HexGrid(rows, max(round(n_units / rows), 2))


def principal_axes(points: Floats) -> tuple[Floats, Floats]:
    """Find the principal components: variances, largest first, and directions as columns.

    The largest coefficient of each direction is positive, so that maps do not flip.
    """
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(points, rowvar=False)))
    variances, axes = np.maximum(variances[::-1], 0.0), axes[:, ::-1]
    strongest = np.abs(axes).round(9).argmax(axis=0)  # rounded: equal ones differ in the last bit
    return variances, axes * np.sign(axes[strongest, np.arange(axes.shape[1])])


def start_codes(points: Floats, grid: HexGrid) -> Floats:
    """Lay the codes out on the plane of the first two components, one deviation each way."""
    variances, axes = principal_axes(points)
    place = grid.positions - grid.positions.mean(axis=0)
    reach = np.abs(place).max(axis=0)
    scaled = np.divide(place, reach, out=np.zeros_like(place), where=reach > 0)
    shown = min(2, len(variances))
    return (
        points.mean(axis=0) + (scaled[:, :shown] * np.sqrt(variances[:shown])) @ axes[:, :shown].T
    )


def average_neighbours(
    points: Floats, winners: Places, codes: Floats, distances: Floats, *, radius: float
) -> Floats:
    """Average all customers around each unit: one epoch of the batch algorithm.

    Each code becomes the mean of all customers, weighted by ``exp(-d^2 / (2 radius^2))``
    with ``d`` the distance on the sheet between the code's unit and the customer's.
    """
    n_units = len(distances)
    near = np.exp(-(distances**2) / (2 * radius**2))
    counts = np.bincount(winners, minlength=n_units)
    sums = [np.bincount(winners, column, n_units) for column in points.T]
    weight = (near @ counts)[:, None]
    # A unit that no customer is anywhere near (exp gives 0) stays where it is.
    return np.divide(near @ np.column_stack(sums), weight, out=codes.copy(), where=weight > 0)


def find_winners(points: Floats, codes: Floats) -> Places:
    """Find the nearest code of each customer; of equally near ones the first."""
    return find_two_nearest(points, codes, second=False)[0]


def find_two_nearest(points: Floats, codes: Floats, *, second: bool) -> tuple[Places, Places]:
    """Find the nearest code of each customer, and the second nearest where asked for."""
    first = np.zeros(len(points), dtype=np.intp)
    runner_up = np.zeros(len(points), dtype=np.intp)
    half = (codes**2).sum(axis=1) / 2
    for start in range(0, len(points), CHUNK):
        rows = slice(start, start + CHUNK)
        gap = half - points[rows] @ codes.T  # half the squared distance, less a constant
        first[rows] = gap.argmin(axis=1)
        if second:
            np.put_along_axis(gap, first[rows, None], np.inf, axis=1)
            runner_up[rows] = gap.argmin(axis=1)
    return first, runner_up


def train_map(
    points: Floats, *, grid: HexGrid | None = None, most_epochs: int = MOST_EPOCHS
) -> TrainedMap:
    """Train a self-organising map by the batch algorithm, without any randomness.

    The codes start on the plane of the first two principal components. The neighbourhood
    shrinks from a quarter of the longer side to 1 in 20 epochs, and stays there until no
    customer changes its unit.

    Parameters
    ----------
    points : array of shape (n_customers, n_dimensions)
        Sorted (:func:`~crmstudy.statistics.draws.sort_points`): sums depend on the
        order in the last digit.
    most_epochs : int
        Passes at most.

    References
    ----------
    Kohonen, T. (2013). Essentials of the self-organizing map. Neural Networks, 37, 52-65.
    """
    grid = grid or plan_grid(points)
    codes, distances = start_codes(points, grid), grid.distances
    widest = max(max(grid.rows, grid.columns) / 4, FINAL_RADIUS)
    before = np.zeros(0, dtype=np.intp)
    for epoch in range(most_epochs):
        winners = find_winners(points, codes)
        if epoch > NARROWING and np.array_equal(winners, before):
            return TrainedMap(grid, codes, epoch, settled=True)
        narrowed = min(epoch / (NARROWING - 1), 1.0)
        radius = widest + (FINAL_RADIUS - widest) * narrowed
        codes, before = (
            average_neighbours(points, winners, codes, distances, radius=radius),
            winners,
        )
    return TrainedMap(grid, codes, most_epochs, settled=False)

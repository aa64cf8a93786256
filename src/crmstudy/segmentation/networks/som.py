"""A self-organising map: customers on a sheet of units, alike ones side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from crmstudy.errors import ModelError
from crmstudy.segmentation.criteria.space import Space

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

LARGEST_MAP = 400  # units; more cannot be read on a page
LARGEST_TRAINING = 20_000  # customers; the map of 100,000 is hardly finer (mean error + 1%)
LONGEST_SIDES = 5.0  # length over height of the map, so that it fits a page
FINAL_RADIUS = 1.0  # of the neighbourhood, in distances between two units
NARROWING = 20  # epochs in which the neighbourhood shrinks
MOST_EPOCHS = 100
SEGMENT_EPOCHS = 30  # for segments alone: the codes hardly move any more
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


def update_codes(points: Floats, codes: Floats, distances: Floats, *, radius: float) -> Floats:
    """Pass once through the customers: one epoch of the batch algorithm.

    Each code becomes the mean of all customers, weighted by ``exp(-d^2 / (2 radius^2))``
    with ``d`` the distance on the sheet between the code's unit and the customer's.

    References
    ----------
    Kohonen, T. (2013). Essentials of the self-organizing map. Neural Networks, 37, 52-65.
    """
    return average_neighbours(points, find_winners(points, codes), codes, distances, radius=radius)


def average_neighbours(
    points: Floats, winners: Places, codes: Floats, distances: Floats, *, radius: float
) -> Floats:
    """Average all customers around each unit, the near ones with more weight."""
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
        Sorted (see :func:`sort_points`): sums depend on the order in the last digit.
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


def sort_points(points: Floats) -> Places:
    """Order customers by their coordinates, so that results do not depend on their order."""
    return np.lexsort(points.T[::-1])


def _draw_training(points: Floats, seed: int) -> Floats:
    if len(points) <= LARGEST_TRAINING:
        return points
    drawn = np.random.default_rng(seed).choice(len(points), LARGEST_TRAINING, replace=False)
    return points[np.sort(drawn)]


def _require_spread(points: Floats) -> None:
    if len(points) < 3 or not (points != points[0]).any():
        raise ModelError(
            f"a self-organising map needs three customers that are not all alike; "
            f"found: {len(points)}"
        )


def join_units(codes: Floats, weights: npt.ArrayLike, *, n_groups: int) -> Places:
    """Join units into groups by Ward's rule, each unit as heavy as its customers.

    Each step joins the two groups whose union adds least to the sum of squares within
    groups, counted over the customers that the units stand for.

    Parameters
    ----------
    codes : array of shape (n_units, n_dimensions)
        Places of the units.
    weights : array of shape (n_units,)
        Customers at each unit. Units without any join the group of the nearest unit that
        has some.
    n_groups : int
        Groups to form; as many as there are units with customers, if fewer.

    Returns
    -------
    array of int
        Group of each unit, 0 to ``n_groups - 1``, in the order of their first units.

    References
    ----------
    Ward, J. H. (1963). Hierarchical grouping to optimize an objective function. J. American
    Statistical Association, 58, 236-244.
    """
    heavy = np.asarray(weights, dtype=float)
    full = np.flatnonzero(heavy > 0)
    group = _join(codes[full].copy(), heavy[full].copy(), n_groups)
    return group[find_winners(codes, codes[full])]


def _join(centres: Floats, heavy: Floats, n_groups: int) -> Places:
    alive = np.ones(len(centres), dtype=bool)
    group = np.arange(len(centres))
    apart = ((centres[:, None, :] - centres[None, :, :]) ** 2).sum(axis=-1)
    cost = apart * heavy[:, None] * heavy[None, :] / (heavy[:, None] + heavy[None, :])
    np.fill_diagonal(cost, np.inf)
    for _ in range(len(centres) - n_groups):
        one, other = divmod(int(cost.argmin()), len(centres))
        total = heavy[one] + heavy[other]
        centres[one] = (heavy[one] * centres[one] + heavy[other] * centres[other]) / total
        heavy[one], alive[other] = total, False
        group[group == other] = one
        raised = heavy * total / (heavy + total) * ((centres - centres[one]) ** 2).sum(axis=1)
        raised[~alive] = np.inf
        raised[one] = np.inf
        cost[one, :] = cost[:, one] = raised
        cost[other, :] = cost[:, other] = np.inf
    return np.unique(group, return_inverse=True)[1]


def fit_som_segments(
    space: Space, *, n_segments: int, seed: int, target: Floats | None = None
) -> Callable[[Space], npt.NDArray[np.int64]]:
    """Segment customers by a self-organising map whose units are joined by Ward's rule.

    Parameters
    ----------
    space : Space
        Customers to learn from.
    n_segments : int
        Segments to form, fewer where fewer units have customers.
    seed : int
        Draws the customers to train on where there are more than 20,000; nothing else is
        random.
    target : ignored
        The method is unsupervised.

    Returns
    -------
    callable
        Assigns any space of the same block: integers from 0.

    Raises
    ------
    ModelError
        If all customers are alike.

    References
    ----------
    Vesanto, J., & Alhoniemi, E. (2000). Clustering of the self-organizing map. IEEE Trans.
    Neural Networks, 11(3), 586-600.
    """
    from threadpoolctl import threadpool_limits

    trained, group = train_segments(space, n_segments, seed, most_epochs=SEGMENT_EPOCHS)

    def assign(others: Space) -> npt.NDArray[np.int64]:
        if others.points.shape[1] != trained.codes.shape[1]:
            raise ModelError(
                f"the map was trained on {trained.codes.shape[1]} dimensions of {space.name!r}, "
                f"not on the {others.points.shape[1]} of {others.name!r}"
            )
        with threadpool_limits(limits=1):
            return group[find_winners(others.points, trained.codes)].astype("int64")

    return assign


def train_segments(
    space: Space, n_segments: int, seed: int, *, most_epochs: int = MOST_EPOCHS
) -> tuple[TrainedMap, Places]:
    """Train a map and join its units: the map, and the group of each unit."""
    from threadpoolctl import threadpool_limits

    points = space.points[sort_points(space.points)]
    _require_spread(points)
    with threadpool_limits(limits=1):  # sums of several threads differ in the last digit
        training = _draw_training(points, seed)
        trained = train_map(training, most_epochs=most_epochs)
        hits = np.bincount(find_winners(training, trained.codes), minlength=len(trained.codes))
        return trained, join_units(trained.codes, hits, n_groups=n_segments)

"""Where the constructs of a path diagram stand, so that straight arrows can be read.

Constructs take cells of a grid. A cell's arrows should lead to the right, cross each other
as little as possible and never run through a third construct. All of this is geometry of
few cells, so that it is tabulated once and a search by single moves and swaps, begun from
several drawings by layers, is quick, needs no outside program, and always ends alike.

References
----------
Sugiyama, K., Tagawa, S., & Toda, M. (1981). Methods for visual understanding of
hierarchical system structures. IEEE Transactions on Systems, Man, and Cybernetics, 11(2),
109-125.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, permutations
from math import factorial, gcd

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Cells = NDArray[np.intp]
Arrow = tuple[int, int]

#: Prices: an arrow through a construct, two that cross, to the left, upright, two that leave
#: or reach a construct side by side, an inch of arrow, a construct that nothing acts on away
#: from the left edge.
THROUGH, CROSSING, BACK, UPRIGHT, NARROW, INCH, INSIDE = 60.0, 14.0, 30.0, 2.5, 5.0, 1.0, 14.0
#: Cosine above which two arrows at one construct are side by side (20 degrees).
SIDE_BY_SIDE = 0.94
MOST_STARTS, MOST_STEPS = 40, 200
#: Inches between two constructs beside each other: room for the estimate on their arrow.
GAP = 0.52


@dataclass(frozen=True)
class Page:
    """A grid of cells, counted row by row from the upper left.

    Parameters
    ----------
    n_columns, n_rows : int
    across, down : float
        Inches from one cell's middle to the next.
    half_width, half_height : float
        Of what stands in a cell, in inches, with the room it needs around.
    """

    n_columns: int
    n_rows: int
    across: float
    down: float
    half_width: float
    half_height: float

    @property
    def points(self) -> Floats:
        """Middles of the cells, x to the right and y downwards; shape (n_cells, 2)."""
        rows, columns = np.divmod(np.arange(self.n_columns * self.n_rows), self.n_columns)
        return np.column_stack([columns * self.across, rows * self.down]).astype(float)


def place_constructs(n: int, arrows: Sequence[Arrow], *, page: Page) -> Cells:
    """Choose a cell for each construct.

    Parameters
    ----------
    n : int
        Constructs, at most as many as cells.
    arrows : sequence of pairs of int
        Source and target, without cycles.
    page : Page

    Returns
    -------
    array of int, shape (n,)
    """
    prices = _Prices(n, arrows, page)
    best, least = None, np.inf
    for start in _start(n, arrows, page):
        cells, price = _improve(start, prices, page)
        if price < least - 1e-9:
            best, least = cells, price
    assert best is not None  # at least one drawing by layers
    return best


def choose_page(
    n: int,
    arrows: Sequence[Arrow],
    *,
    width: float,
    down: float,
    half: tuple[float, float],
    rows: int = 0,
) -> Page:
    """Choose the grid: as many columns as the longest chain needs, if they fit.

    Parameters
    ----------
    n : int
        Constructs.
    width : float
        Inches from edge to edge.
    down : float
        Inches from one row to the next.
    half : pair of float
        Half width and half height of what stands in a cell.
    rows : int
        At most; 0 takes what the constructs need.
    """
    depths = find_depths(n, arrows)
    fitting = max(2, int((width + GAP) / (2.0 * half[0] + GAP)))
    n_columns = min(max(depths, default=0) + 1, fitting)
    if rows:
        n_columns = max(n_columns, min(-(-n // rows), fitting))
    layers = [depths.count(d) for d in range(n)]
    wanted = max(3 if n > 2 else 1, *layers, -(-n // n_columns) + (n > n_columns))
    n_rows = max(min(wanted, rows), -(-n // n_columns)) if rows else wanted
    across = (width - 2.0 * half[0]) / max(n_columns - 1, 1)
    return Page(n_columns, n_rows, across, down, *half)


def find_depths(n: int, arrows: Sequence[Arrow]) -> list[int]:
    """Count, for each construct, the arrows of the longest chain that leads to it."""
    depth = [0] * n
    for _ in range(n):
        for source, target in arrows:
            depth[target] = max(depth[target], depth[source] + 1)
    return depth


class _Prices:
    """The price of a drawing, read from tables of what cells do to each other."""

    def __init__(self, n: int, arrows: Sequence[Arrow], page: Page) -> None:
        points = page.points
        self.sources = np.array([source for source, _ in arrows], dtype=np.intp)
        self.targets = np.array([target for _, target in arrows], dtype=np.intp)
        self.alone = self._list_alone(n, arrows)
        self.pairs = np.triu_indices(len(arrows), 1)
        self.column = np.arange(len(points)) % page.n_columns
        self.single = _price_arrows(points)
        self.through = _run_through(points, page)
        self.crossing = _cross(points)
        self.narrow = _lie_side_by_side(points)
        self.n = n

    def of(self, cells: Cells) -> float:
        """Price one drawing; ``cells`` of the constructs."""
        sources, targets = cells[self.sources], cells[self.targets]
        price = float(self.single[sources, targets].sum())
        price += THROUGH * float(self.through[sources[:, None], targets[:, None], cells].sum())
        price += INSIDE * float(self.column[cells[self.alone]].sum())
        one, other = self.pairs
        a, b, c, d = sources[one], targets[one], sources[other], targets[other]
        price += CROSSING * float(self.crossing[a, b, c, d].sum())
        price += NARROW * float((self.narrow[a, b, d] & (a == c)).sum())
        price += NARROW * float((self.narrow[b, a, c] & (b == d)).sum())
        return price + 0.01 * float(cells.sum()) / self.n  # among equals the upper left

    @staticmethod
    def _list_alone(n: int, arrows: Sequence[Arrow]) -> Cells:
        targets = {target for _, target in arrows}
        return np.array([k for k in range(n) if k not in targets], dtype=np.intp)


def _start(n: int, arrows: Sequence[Arrow], page: Page) -> Iterator[Cells]:
    """Draw by layers, a column for each depth, and also anyhow, in several orders."""
    depth = find_depths(n, arrows)
    deepest = max(*depth, 1) if depth else 1
    wanted = [round(d * (page.n_columns - 1) / deepest) for d in depth]
    every = max(1, factorial(n) // MOST_STARTS)
    for order in islice(permutations(range(n)), 0, None, every):
        yield _draw_layers(order, wanted, page)
    n_cells = page.n_columns * page.n_rows
    for stride in range(1, MOST_STARTS):
        if gcd(stride, n_cells) == 1:
            yield np.arange(n, dtype=np.intp) * stride % n_cells


def _draw_layers(order: Sequence[int], wanted: Sequence[int], page: Page) -> Cells:
    free = list(range(page.n_columns * page.n_rows))
    cells = np.zeros(len(order), dtype=np.intp)
    for k in order:
        away = [
            (
                abs(cell % page.n_columns - wanted[k]),
                abs(2 * (cell // page.n_columns) - page.n_rows + 1),
            )
            for cell in free
        ]
        cells[k] = free.pop(away.index(min(away)))
    return cells


def _improve(cells: Cells, prices: _Prices, page: Page) -> tuple[Cells, float]:
    """Take the best move or swap as long as one helps."""
    price = prices.of(cells)
    for _ in range(MOST_STEPS):
        tried = list(_move(cells, page))
        if not tried:  # one construct on a page of one cell
            break
        costs = [prices.of(each) for each in tried]
        best = int(np.argmin(costs))
        if costs[best] >= price - 1e-9:
            break
        cells, price = tried[best], costs[best]
    return cells, price


def _move(cells: Cells, page: Page) -> Iterator[Cells]:
    """List drawings with one construct moved, or two exchanged."""
    taken = set(cells.tolist())
    for k in range(len(cells)):
        for cell in range(page.n_columns * page.n_rows):
            if cell not in taken:
                moved = cells.copy()
                moved[k] = cell
                yield moved
        for other in range(k):
            moved = cells.copy()
            moved[k], moved[other] = cells[other], cells[k]
            yield moved


def _price_arrows(points: Floats) -> Floats:
    """Price an arrow from every cell to every other: its length, and its direction."""
    gap = points[None, :, :] - points[:, None, :]
    length = np.hypot(gap[..., 0], gap[..., 1])
    upright = np.abs(gap[..., 0]) < 1e-9
    price: Floats = INCH * length + BACK * (gap[..., 0] < -1e-9) + UPRIGHT * upright
    return price


def _run_through(points: Floats, page: Page) -> NDArray[np.bool_]:
    """Tell for an arrow between two cells whether it runs through a third."""
    n = len(points)
    stretch = np.array([page.half_width, page.half_height])
    scaled = points / stretch  # what stands in a cell becomes a circle of radius 1
    start, end, third = scaled[:, None, None], scaled[None, :, None], scaled[None, None, :]
    along = end - start
    squared = np.maximum((along**2).sum(axis=-1), 1e-12)
    share = np.clip(((third - start) * along).sum(axis=-1) / squared, 0.0, 1.0)
    nearest = start + share[..., None] * along
    inside = ((third - nearest) ** 2).sum(axis=-1) < 1.0
    index = np.arange(n)
    inside[index, :, index] = False
    inside[:, index, index] = False
    return np.asarray(inside)


def _cross(points: Floats) -> NDArray[np.bool_]:
    """Tell for every four cells whether the arrows between two and two cross."""
    n = len(points)
    turn = np.zeros((n, n, n))
    for k in range(n):
        one = points[:, None, :] - points[k]
        other = points[None, :, :] - points[k]
        turn[k] = one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]
    sign = np.sign(np.round(turn, 9)).astype(np.int8)  # of a, b, c: which way it turns
    apart = sign[:, :, :, None] * sign[:, :, None, :] < 0  # c and d at both sides of a -> b
    return np.asarray(apart & apart.transpose(2, 3, 0, 1))


def _lie_side_by_side(points: Floats) -> NDArray[np.bool_]:
    """Tell for a cell and two others whether arrows to them are hard to tell apart."""
    gap = points[None, :, :] - points[:, None, :]
    length = np.maximum(np.hypot(gap[..., 0], gap[..., 1]), 1e-12)
    unit = gap / length[..., None]
    return np.asarray(np.einsum("abi,aci->abc", unit, unit) > SIDE_BY_SIDE)

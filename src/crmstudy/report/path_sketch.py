"""Ellipses, arrows and their labels in inches: the hand that draws a path diagram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crmstudy.report.labels_on_maps import break_text
from crmstudy.report.layout import measure_text
from crmstudy.report.theme import COLOURS, INK, bold

Floats = NDArray[np.float64]
Point = tuple[float, float]

#: Inches: half axes of an ellipse, head of an arrow, height of a line of text per point.
HALF = (0.58, 0.31)
HEAD, LINE = 0.085, 1.25 / 72
#: Leftmost middle of a label on a double arrow, in inches.
LEFTMOST = 0.24
#: Share of an arrow that its label may hide.
MOST_HIDDEN = 0.52
#: Where along an arrow its label is tried, the middle first.
SHARES = (0.5, 0.44, 0.56, 0.38, 0.62, 0.32, 0.68, 0.26, 0.74, 0.2, 0.8)
#: How far an arrow is bent that would run through a construct, in inches.
BENDS = (0.0, 0.45, -0.45, 0.7, -0.7, 0.95, -0.95, 1.25, -1.25)
TINTS = {True: "#DCE9F3", False: "#F4F4F4"}  # explained by others or not
TEXT, SMALL = 8.0, 6.6  # points
FAINT = "#8A8A8A"


@dataclass(frozen=True)
class Tag:
    """Text on an arrow and the room it takes, around its middle."""

    lines: tuple[str, ...]
    size: float = 7.4

    @property
    def width(self) -> float:
        """Inches."""
        return max(measure_text(line, self.size) for line in self.lines)

    @property
    def height(self) -> float:
        """Inches."""
        return len(self.lines) * self.size * LINE


@dataclass
class Sketch:
    """A page on which constructs stand; remembers what a label must not cover.

    Parameters
    ----------
    axes : Axes
        In inches, y downwards.
    points : array of shape (n, 2)
        Middles of the ellipses.
    """

    axes: Any
    points: Floats
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    lines: list[Floats] = field(default_factory=list)

    def draw_ellipse(self, k: int, label: str, below: str, *, explained: bool) -> None:
        """Draw a construct with its label in one or two lines, and a line of numbers."""
        x, y = self.points[k]
        turn = np.linspace(0.0, 2.0 * np.pi, 73)
        self.axes.fill(
            x + HALF[0] * np.cos(turn),
            y + HALF[1] * np.sin(turn),
            TINTS[explained],
            edgecolor=INK,
            linewidth=1.0,
            zorder=3,
        )
        room = 1.62 * HALF[0]
        lines = break_text(label, room, TEXT).split("\n")
        written = [(line, TEXT) for line in lines] + ([(below, SMALL)] if below else [])
        tall = sum(size for _, size in written) * LINE
        top = y - tall / 2.0
        for line, size in written:
            top += size * LINE
            style = bold(line) if size == TEXT else {}
            place = (x, top - size * LINE / 2.0)
            self.axes.text(
                *place, line, fontsize=size, ha="center", va="center_baseline", zorder=4, **style
            )

    def route(self, source: int, target: int) -> Floats:
        """Find a way from edge to edge of two ellipses, bent where a third is in between."""
        others = np.delete(self.points, [source, target], axis=0)
        ways = [bend(self.points[source], self.points[target], by) for by in BENDS]
        clear = [way for way in ways if not touches(way, others)]
        return _cut(clear[0] if clear else ways[0], self.points[source], self.points[target])

    def draw_arrow(self, way: Floats, *, colour: str, width: float, dashed: bool) -> None:
        """Draw a line along a way with a head at its end."""
        self.lines.append(way)
        style = (0, (4, 2.5)) if dashed else "-"
        end, before = way[-1], way[-1] - HEAD * _unit(way[-1] - way[-6])
        self.axes.plot(
            [*way[:-6, 0], before[0]],
            [*way[:-6, 1], before[1]],
            color=colour,
            linewidth=width,
            linestyle=style,
            zorder=1,
            solid_capstyle="butt",
            snap=False,
        )
        self._draw_head(end, end - before, colour)

    def bow(self, one: int, other: int, *, away: float, aside: float) -> Floats | None:
        """Find the way of a double arrow at the left of two ellipses.

        None where it would run through a third. ``aside`` says how far off the ellipses'
        leftmost points it begins, 0 to 1.
        """
        a, b = self.points[one], self.points[other]
        down = float(np.sign(b[1] - a[1]))
        lean = float(np.sqrt(1.0 - aside**2))
        start = a + np.array([-lean * HALF[0], aside * down * HALF[1]])
        end = b + np.array([-lean * HALF[0], -aside * down * HALF[1]])
        room = float(start[0] + end[0]) / 2.0 - LEFTMOST
        control = (start + end) / 2.0 - np.array([2.0 * min(away, room), 0.0])
        t = np.linspace(0.0, 1.0, 41)[:, None]
        way: Floats = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        others = np.delete(self.points, [one, other], axis=0)
        return None if touches(way, others) else way

    def draw_bow(self, way: Floats) -> None:
        """Draw a double arrow along a way."""
        self.axes.plot(way[2:-2, 0], way[2:-2, 1], color=FAINT, linewidth=0.9, zorder=1)
        self._draw_head(way[-1], way[-1] - way[-4], FAINT)
        self._draw_head(way[0], way[0] - way[3], FAINT)

    def place_tag(self, way: Floats, tag: Tag, *, beside: bool = False) -> Point:
        """Find where on a way, or beside it, a label covers least of all the rest.

        On the way only where enough of it stays to be seen.
        """
        length = float(np.hypot(*np.diff(way, axis=0).T).sum())
        along = np.abs(_unit(way[-1] - way[0]))
        hidden = min(tag.width / max(along[0], 1e-9), tag.height / max(along[1], 1e-9))
        if beside or hidden > MOST_HIDDEN * length:
            tried = [point for share in SHARES[:5] for point in _stand_beside(way, share, tag)]
        else:
            tried = [way[round(share * (len(way) - 1))] for share in SHARES]
        costs = [self._cover(point, tag, way) + 0.02 * k for k, point in enumerate(tried)]
        point = tried[costs.index(min(costs))]
        return float(point[0]), float(point[1])

    def write_tag(self, point: Point, tag: Tag, *, colour: str = INK) -> None:
        """Write a label on white ground, and remember its room."""
        x, y = point
        wide, high = tag.width / 2.0 + 0.025, tag.height / 2.0 + 0.01
        self.taken.append((x - wide, y - high, x + wide, y + high))
        corners = (
            [x - wide, x + wide, x + wide, x - wide],
            [y - high, y - high, y + high, y + high],
        )
        self.axes.fill(*corners, "white", linewidth=0, zorder=2)
        for k, line in enumerate(tag.lines):
            up = y - tag.height / 2.0 + (k + 0.5) * tag.size * LINE
            size = tag.size if k == 0 else tag.size - 1.0
            self.axes.text(
                x,
                up,
                line,
                fontsize=size,
                ha="center",
                va="center_baseline",
                color=colour,
                zorder=5,
            )

    def _draw_head(self, tip: Floats, along: Floats, colour: str) -> None:
        unit = _unit(along)
        across = np.array([-unit[1], unit[0]])
        base = tip - HEAD * unit
        corners = np.array([tip, base + 0.42 * HEAD * across, base - 0.42 * HEAD * across])
        self.axes.fill(corners[:, 0], corners[:, 1], colour, linewidth=0, zorder=2.5)

    def _cover(self, point: Floats, tag: Tag, own: Floats) -> float:
        wide, high = tag.width / 2.0 + 0.03, tag.height / 2.0 + 0.015
        left, top, right, low = point[0] - wide, point[1] - high, point[0] + wide, point[1] + high
        cost = 0.0
        for a, b, c, d in self.taken:
            common = (min(right, c) - max(left, a), min(low, d) - max(top, b))
            if min(common) > 0.0:
                cost += 0.5 + 40.0 * common[0] * common[1]
        reach = np.array([HALF[0] + 0.8 * wide, HALF[1] + 0.8 * high])
        stretched = (self.points - point) / reach
        cost += 3.0 * float(np.maximum(1.0 - (stretched**2).sum(axis=1), 0.0).sum())
        for way in self.lines:
            if way is not own:
                inside = (np.abs(way - point) < (wide, high)).all(axis=1)
                cost += 0.06 * float(inside.sum())
        return cost


def bend(start: Floats, end: Floats, by: float, n: int = 61) -> Floats:
    """Draw a way between two points, bent sideways; shape (n, 2)."""
    across = np.array([-(end - start)[1], (end - start)[0]])
    control = (start + end) / 2.0 + 2.0 * by * _unit(across)
    t = np.linspace(0.0, 1.0, n)[:, None]
    way: Floats = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    return way


def list_signs(p_values: Sequence[float]) -> Iterator[str]:
    """Yield the stars of p-values."""
    for p in p_values:
        yield "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""


def choose_colour(value: float, *, sure: bool) -> str:
    """Choose the colour of an arrow: by sign, grey where it is not told apart from zero."""
    if not sure:
        return FAINT
    return COLOURS[0] if value > 0.0 else COLOURS[5]


def _stand_beside(way: Floats, share: float, tag: Tag) -> list[Floats]:
    """List places right beside a point of a way, at both sides."""
    k = round(share * (len(way) - 1))
    along = _unit(way[-1] - way[0])
    across = np.array([along[1], -along[0]])
    if across[1] > 0 or (across[1] == 0 and across[0] < 0):
        across = -across  # above first, or at the right
    gap = abs(across[0]) * tag.width / 2.0 + abs(across[1]) * tag.height / 2.0 + 0.045
    return [way[k] + across * gap, way[k] - across * gap]


def touches(way: Floats, others: Floats) -> bool:
    """Tell whether a way runs through an ellipse, with some room around it."""
    if not len(others):
        return False
    gaps = (way[:, None, :] - others[None, :, :]) / (np.array(HALF) + 0.06)
    return bool(((gaps**2).sum(axis=-1) < 1.0).any())


def _cut(way: Floats, start: Floats, end: Floats) -> Floats:
    """Cut what lies inside the two ellipses, with points as dense as before."""
    fine = np.column_stack(
        [np.interp(np.linspace(0, 60, 1201), np.arange(len(way)), way[:, k]) for k in (0, 1)]
    )
    outside = [
        (((fine - middle) / np.array(HALF)) ** 2).sum(axis=1) >= 1.0 for middle in (start, end)
    ]
    kept = fine[outside[0] & outside[1]]
    if len(kept) < 8:
        return way
    places = np.linspace(0, len(kept) - 1, 61).round().astype(int)
    chosen: Floats = kept[places]
    return chosen


def _unit(vector: Floats) -> Floats:
    length = float(np.hypot(*vector))
    unit: Floats = vector / (length or 1.0)
    return unit

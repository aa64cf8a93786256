"""Where the labels of points on a map stand, so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crmstudy.report.layout import cut_text, measure_text

#: Inches: height of a line at a size of one point, distance of a label from its point.
LINE, GAPS = 1.25 / 72, (0.1, 0.18, 0.3, 0.45, 0.65)
#: Directions tried, the most readable first.
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
MOST_LINES = 2


@dataclass(frozen=True)
class Label:
    """A label on the page, in inches from the lower left corner of the axes.

    Parameters
    ----------
    text : str
        In one or two lines.
    left, bottom, width, height : float
    point : tuple of float
        What it names.
    far : bool
        Whether it needs a line to its point.
    """

    text: str
    left: float
    bottom: float
    width: float
    height: float
    point: tuple[float, float]
    far: bool = False

    def overlap(self, other: Label) -> float:
        """Area common with another label."""
        wide = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        high = min(self.bottom + self.height, other.bottom + other.height) - max(
            self.bottom, other.bottom
        )
        return max(wide, 0.0) * max(high, 0.0)

    def outside(self, width: float, height: float) -> float:
        """Inches that it reaches over the edges of the axes."""
        return (
            max(-self.left, 0.0)
            + max(self.left + self.width - width, 0.0)
            + max(-self.bottom, 0.0)
            + max(self.bottom + self.height - height, 0.0)
        )


def break_text(text: str, room: float, size: float) -> str:
    """Break a text into two lines no wider than the room in inches; cut what is left."""
    if measure_text(text, size) <= room:
        return text
    words = text.split(" ")
    first = ""
    while words and measure_text(f"{first} {words[0]}".strip(), size) <= room:
        first = f"{first} {words.pop(0)}".strip()
    rest = " ".join(words)
    if not first:  # one long word, as Chinese names are
        first = rest
        while measure_text(first, size) > room:
            first = first[:-1]
        rest = rest[len(first) :]
    return f"{first}\n{cut_text(rest, room, size)}"


def place_labels(
    texts: Sequence[str],
    points: Sequence[tuple[float, float]],
    obstacles: Sequence[tuple[float, float, float]],
    *,
    width: float,
    height: float,
    sizes: Sequence[float],
) -> list[Label]:
    """Place labels one after the other where they cover least.

    Parameters
    ----------
    texts, points, sizes : sequences
        What is named, where it lies (inches), size of each text in points; the first come
        first.
    obstacles : sequence of (x, y, radius)
        Signs that no label should cover, in inches.
    width, height : float
        Inches of the axes.
    """
    signs = [Label("", x - r, y - r, 2 * r, 2 * r, (x, y)) for x, y, r in obstacles]
    placed: list[Label] = []
    for text, point, size in zip(texts, points, sizes, strict=True):
        tried = _candidates(text, point, size)
        costs = [
            sum(label.overlap(other) for other in placed) * 60
            + sum(label.overlap(sign) for sign in signs) * 20
            + label.outside(width, height) * 10
            + 0.002 * rank
            for rank, label in enumerate(tried)
        ]
        placed.append(tried[costs.index(min(costs))])
    return placed


def _candidates(text: str, point: tuple[float, float], size: float) -> list[Label]:
    lines = text.split("\n")
    wide, high = max(measure_text(line, size) for line in lines), len(lines) * size * LINE
    found = []
    for gap in GAPS:
        for across, up in DIRECTIONS:
            left = point[0] + across * gap - (0.5 - 0.5 * across) * wide
            bottom = point[1] + up * gap - (0.5 - 0.5 * up) * high
            found.append(Label(text, left, bottom, wide, high, point, far=gap > GAPS[1]))
    return found

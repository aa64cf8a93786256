"""What hangs on a path diagram: boxes of items, and what may moderate a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.loyalty import StructuralModel
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.path_sketch import HALF, Sketch, bend, touches
from crmstudy.report.theme import INK

#: Inches: the page and its margin, boxes of items, their gap to the ellipse.
WIDTH, MARGIN = 7.0, 0.12
ITEM, ITEM_GAP = (0.165, 0.86), 0.24


def draw_items(axes: Any, model: StructuralModel, points: Any, loadings: pd.Series) -> None:
    """Draw each construct's items as boxes with their loadings, away from the middle."""
    middle = (points[:, 1].min() + points[:, 1].max()) / 2.0
    single = np.ptp(points[:, 1]) < 1e-9
    for construct, (x, y) in zip(model.constructs, points, strict=True):
        up = -1.0 if y < middle and not single else 1.0
        wide = min(ITEM[0] + 0.03, 2.9 * HALF[0] / len(construct.items))
        start = x - wide * (len(construct.items) - 1) / 2.0
        for k, item in enumerate(construct.items):
            at = start + k * wide
            turn = np.arctan2(up * HALF[1], (at - x) * 0.5)
            edge = (x + HALF[0] * np.cos(turn) * 0.97, y + HALF[1] * np.sin(turn) * 0.97)
            near = y + up * (HALF[1] + ITEM_GAP)
            far = near + up * ITEM[1]
            axes.plot([edge[0], at], [edge[1], near], color=INK, linewidth=0.6, zorder=1)
            half = min(ITEM[0], 0.9 * wide) / 2.0
            corners = [at - half, at + half, at + half, at - half], [near, near, far, far]
            axes.fill(*corners, "white", edgecolor=INK, linewidth=0.7, zorder=3)
            value = write_number(float(loadings[item]))
            room = ITEM[1] - measure_text(f"  {value}", 6.2) - 0.02
            text = f"{cut_text(item, room, 6.2)}  {value}"
            axes.text(
                at,
                (near + far) / 2.0,
                text,
                fontsize=6.2,
                rotation=90,
                ha="center",
                va="center",
                zorder=4,
            )


def draw_moderators(sketch: Sketch, way: Any, said: Sequence[str], low: float) -> None:
    """Draw what may moderate a path in a dashed box, with an arrow to the path."""
    head = "may strengthen or weaken it"
    wide = max(measure_text(line, 7.2) for line in (*said, head)) / 2.0 + 0.1
    lines = [head, *said]
    tall = 0.15 * len(lines) + 0.08
    top = low + 0.16
    x, foot = _find_foot(sketch, way, wide, top)
    corners = [x - wide, x + wide, x + wide, x - wide], [top, top, top + tall, top + tall]
    sketch.axes.fill(*corners, "white", edgecolor=INK, linewidth=0.9, linestyle="--", zorder=3)
    for k, line in enumerate(lines):
        y = top + 0.04 + 0.15 * (k + 0.5)
        style: dict[str, Any] = {"style": "italic"} if k == 0 else {}
        sketch.axes.text(
            x, y, line, fontsize=7.2, ha="center", va="center_baseline", zorder=4, **style
        )
    upward = bend(np.array([x, top]), foot, 0.0)
    sketch.draw_arrow(upward, colour=INK, width=0.9, dashed=True)


def _find_foot(sketch: Sketch, way: Any, wide: float, top: float) -> tuple[float, Any]:
    """Find a point of the path that the box below can reach without touching a construct."""
    places = [way[round(share * (len(way) - 1))] for share in (0.5, 0.4, 0.6, 0.3, 0.7)]
    left, right = MARGIN + wide, WIDTH - MARGIN - wide
    tried = []
    for foot in places:
        near = float(np.clip(foot[0], left, right))
        steps = np.arange(0.0, WIDTH, 0.25)
        aside = np.column_stack([near - steps, near + steps]).ravel()  # the nearest first
        tried += [(float(x), foot) for x in aside if left <= x <= right]
    clear = (
        (x, foot)
        for x, foot in tried
        if not touches(bend(np.array([x, top]), foot, 0.0), sketch.points)
    )
    return next(clear, tried[0])


def write_number(value: float) -> str:
    """Write an estimate with two decimals."""
    return f"{value:.2f}".replace("-", "−")

"""The importance-performance map of what drives a construct, and of the items behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.loyalty.priorities.map import PriorityMap
from crmstudy.report.labels_on_maps import Label, break_text, place_labels
from crmstudy.report.layout import cut_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

WIDTH, HEIGHT = 7.0, 4.4
#: Inches around the axes: left, right, bottom, top.
EDGES = (0.72, 0.2, 0.62, 0.6)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
#: Corner of the axes in which a quadrant's name stands: across, up.
CORNERS = {
    "concentrate here": (1, 0),
    "keep up": (1, 1),
    "low priority": (0, 0),
    "possible overkill": (0, 1),
}
SMALL = 7.5
Ends = tuple[tuple[float, float], tuple[float, float]]
#: Items named on the map, those with the most to gain; the others are signs without a name.
MOST_NAMED = 14
#: Inches: a name that stands farther from its point is led to it, by a line unlike an interval.
BESIDE = 0.12
#: Behind a text, so that a line it crosses does not strike it through.
BACKING = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}


@passes_absence
def draw_priorities(priorities: PriorityMap) -> Figure:
    """Draw the drivers by importance and performance, with the intervals of both.

    Dashed lines are the means over the drivers; the number before a name is its rank.

    Parameters
    ----------
    priorities : PriorityMap
        From :func:`crmstudy.loyalty.map_priorities`.
    """
    frame = priorities.drivers
    names = [
        label if pd.isna(rank) else f"{rank} {label}"
        for rank, label in zip(frame["rank"], frame["construct"], strict=True)
    ]
    with house_figure(WIDTH, HEIGHT) as (figure, axes):
        _frame(figure, axes, frame, right=EDGES[1])
        _draw_cuts(axes, frame)
        for place, row in enumerate(frame.to_dict("records")):
            _draw_point(axes, row, COLOURS[place % len(COLOURS)], MARKERS[0], strong=True)
        _name_points(axes, frame, names, right=EDGES[1], size=9.0, room=2.0)
        _title(axes, priorities, "construct")
    return figure


@passes_absence
def draw_item_priorities(priorities: PriorityMap) -> Figure:
    """Draw the items of the drivers by importance and performance, a sign a construct.

    Parameters
    ----------
    priorities : PriorityMap
        From :func:`crmstudy.loyalty.map_priorities`.
    """
    frame = priorities.items
    owners = list(priorities.drivers["construct"])
    right = 1.75
    with house_figure(WIDTH, HEIGHT + 0.4) as (figure, axes):
        _frame(figure, axes, frame, right=right)
        _draw_cuts(axes, frame)
        for rank, row in enumerate(frame.to_dict("records")):
            place = owners.index(row["construct"])
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            _draw_point(axes, row, colour, marker, strong=False, bars=rank < MOST_NAMED)
        for place, owner in enumerate(owners):
            colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
            text = break_text(owner, right - 0.45, 8.0)
            axes.plot([], [], marker, color=colour, markersize=6, label=text)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8)
        _name_points(axes, frame, list(frame["item"]), right=right, size=7.0, room=1.2)
        _title(axes, priorities, "item", n_unnamed=len(frame) - MOST_NAMED)
    return figure


def _frame(figure: Any, axes: Any, frame: pd.DataFrame, *, right: float) -> None:
    """Fix the place of the axes, so that inches are known before labels are set."""
    figure.set_layout_engine("none")
    width, height = figure.get_size_inches()
    axes.set_position(
        (
            EDGES[0] / width,
            EDGES[2] / height,
            (width - EDGES[0] - right) / width,
            (height - EDGES[2] - EDGES[3]) / height,
        )
    )
    x = frame[["importance lower", "importance upper"]].to_numpy(dtype=float)
    y = frame[["performance lower", "performance upper"]].to_numpy(dtype=float)
    axes.set(xlim=_widen(min(0.0, x.min()), x.max()), ylim=_widen(y.min(), y.max()))
    axes.tick_params(length=0)
    axes.locator_params(nbins=6)


def _widen(low: float, high: float) -> tuple[float, float]:
    span = max(high - low, 1e-6)
    return low - 0.14 * span, high + 0.16 * span


def _draw_cuts(axes: Any, frame: pd.DataFrame) -> None:
    """Draw the means and name the quadrants, where there is something to compare."""
    axes.axvline(0.0, color=INK, linewidth=0.8)
    if len(frame) < 2:
        return
    axes.axvline(frame["importance"].mean(), color=INK, linewidth=0.9, linestyle="--")
    axes.axhline(frame["performance"].mean(), color=INK, linewidth=0.9, linestyle="--")
    for name, (across, up) in CORNERS.items():
        axes.annotate(
            name,
            (across, up),
            xycoords="axes fraction",
            xytext=(-4 if across else 4, -4 if up else 4),
            textcoords="offset points",
            ha="right" if across else "left",
            va="top" if up else "bottom",
            fontsize=SMALL,
            fontstyle="italic",
            color="#6E6E6E",
            bbox=BACKING,
        )


def _draw_point(
    axes: Any,
    row: Mapping[Any, Any],
    colour: str,
    marker: str,
    *,
    strong: bool,
    bars: bool = True,
) -> None:
    x, y = row["importance"], row["performance"]
    line: dict[str, Any] = {"color": colour if strong else QUIET, "zorder": 2}
    line["linewidth"] = 1.6 if strong else 0.6
    if bars:
        axes.plot([row["importance lower"], row["importance upper"]], [y, y], **line)
        axes.plot([x, x], [row["performance lower"], row["performance upper"]], **line)
    hollow = pd.isna(row["rank"])
    face = "white" if hollow else colour
    axes.plot(
        x,
        y,
        marker,
        color=colour,
        markersize=8 if strong else 5.5,
        markerfacecolor=face,
        zorder=3,
    )


def _name_points(
    axes: Any, frame: pd.DataFrame, names: list[str], *, right: float, size: float, room: float
) -> None:
    """Write names beside their points, where they cover neither points nor bars."""
    width, height = axes.figure.get_size_inches()
    inches = np.array([width - EDGES[0] - right, height - EDGES[2] - EDGES[3]])
    low = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    scale = np.array([np.diff(axes.get_xlim())[0], np.diff(axes.get_ylim())[0]]) / inches
    points = (frame[["importance", "performance"]].to_numpy(dtype=float) - low) / scale
    ends = axes.get_xlim(), axes.get_ylim()
    texts = [
        cut_text(text, room, size) if len(frame) > 8 else break_text(text, room, size)
        for text in names[:MOST_NAMED]
    ]
    labels = place_labels(
        texts,
        [(float(x), float(y)) for x, y in points[: len(texts)]],
        [*_obstacles(frame, low, scale, ends), *_corners(inches)],
        width=float(inches[0]),
        height=float(inches[1]),
        sizes=[size] * len(texts),
    )
    for label in labels:
        x, y = low + scale * np.array([label.left, label.bottom + label.height / 2])
        _draw_leader(axes, label, low, scale)
        axes.text(x, y, label.text, fontsize=size, va="center", zorder=4, bbox=BACKING)


def _draw_leader(axes: Any, label: Label, low: np.ndarray, scale: np.ndarray) -> None:
    """Lead from a point to its name, where the name does not stand beside it."""
    point, corner = np.array(label.point), np.array([label.left, label.bottom])
    edge = np.clip(point, corner, corner + np.array([label.width, label.height]))
    if float(np.hypot(*(edge - point))) <= BESIDE:
        return
    ends = low + scale * np.array([point, edge])
    axes.plot(ends[:, 0], ends[:, 1], ":", color=INK, linewidth=0.9, zorder=2.5)


def _obstacles(
    frame: pd.DataFrame, low: np.ndarray, scale: np.ndarray, ends: Ends
) -> list[tuple[float, float, float]]:
    """Signs, and points along the bars and the cuts, in inches."""
    signs = []
    for rank, row in enumerate(frame.to_dict("records")):
        x, y = row["importance"], row["performance"]
        signs.append((x, y, 0.07))
        if rank >= MOST_NAMED:
            continue
        across = np.linspace(row["importance lower"], row["importance upper"], 25)
        up = np.linspace(row["performance lower"], row["performance upper"], 25)
        signs += [(at, y, 0.02) for at in across] + [(x, at, 0.02) for at in up]
    if len(frame) > 1:
        cut, level = frame["importance"].mean(), frame["performance"].mean()
        signs += [(at, level, 0.02) for at in np.linspace(*ends[0], 120)]
        signs += [(cut, at, 0.02) for at in np.linspace(*ends[1], 80)]
    return [
        (float((x - low[0]) / scale[0]), float((y - low[1]) / scale[1]), r) for x, y, r in signs
    ]


def _corners(inches: np.ndarray) -> list[tuple[float, float, float]]:
    """Where the names of the quadrants stand."""
    width, height = inches
    return [
        (float(across * width + (0.12 + 0.2 * step) * (1 - 2 * across)), float(up * height), 0.16)
        for across, up in CORNERS.values()
        for step in range(5)
    ]


def _title(axes: Any, priorities: PriorityMap, what: str, *, n_unnamed: int = 0) -> None:
    target = cut_text(priorities.target_label, 2.6, 9.5)
    axes.set_xlabel(f"importance: points of {target} for one point of the {what}")
    axes.set_ylabel("performance (0 to 100 points)")
    uncertain = priorities.drivers["rank"].isna().any()
    notes = [
        f"dashed: means over the {what}s",
        "number: rank" if what == "construct" else "",
        "hollow: effect not surely positive" if uncertain else "",
        f"named: the {MOST_NAMED} with most to gain" if n_unnamed > 0 else "",
    ]
    note = (
        f"n = {priorities.n_used:,} respondents; lines: {priorities.level:.0%} intervals by "
        f"{priorities.n_draws:,} bootstrap samples;\n{'; '.join(filter(None, notes))}"
    )
    axes.set_title(note, fontsize=8, loc="left", fontweight="normal", pad=6)

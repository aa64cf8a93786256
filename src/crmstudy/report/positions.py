"""Pictures of positioning: the perceptual map and the strategy matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.labels_on_maps import break_text, place_labels
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure
from crmstudy.segmentation.positioning.perceptual import PositionMap
from crmstudy.segmentation.positioning.portfolio import Portfolio
from crmstudy.segmentation.positioning.strategy import STRATEGIES, UNDECIDED, Strategies

WIDTH = 7.0
#: Inches around the axes of a map: left, right, bottom, top.
EDGES = (0.75, 0.15, 0.62, 0.55)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
#: Chi-square with 2 degrees of freedom at 95%: squared radius of an ellipse.
ELLIPSE = 5.991
NORMAL_95 = 1.96
STRATEGY_MARKERS = dict(zip((*STRATEGIES, UNDECIDED), ("D", "s", "^", "o", "X"), strict=True))


@passes_absence
def draw_positions(positions: PositionMap) -> Figure:
    """Draw segments and departments on one map, ellipses of 95% around the segments.

    Both axes have one scale, so that distances can be read. Departments beyond the ten
    that add most are dots without a name. Where the segments differ
    in one dimension only, points stand in rows, with intervals.

    Parameters
    ----------
    positions : PositionMap
        From :func:`crmstudy.segmentation.map_positions`.
    """
    if positions.n_shown == 1:
        return _draw_line_of_positions(positions)
    points = positions.points
    shown = points[points["named"]]
    rings = [_ring(row) for _, row in shown[shown["kind"] == "segment"].iterrows()]
    reach = np.vstack([shown[["x", "y"]].to_numpy(), np.zeros((1, 2)), *rings])
    low, scale, wide, high = _fit(reach)
    with house_figure(WIDTH, high + EDGES[2] + EDGES[3]) as (figure, axes):
        _frame(figure, axes, low, scale, wide, high)
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.axvline(0, color=QUIET, linewidth=0.8)
        kinds = [("segment", COLOURS[0]), (positions.level, INK)]
        for kind, _ in kinds[1:]:
            inside = points[(points["kind"] == kind) & _within(points, low, scale, wide, high)]
            _draw_levels(axes, inside)
        segments = points[points["kind"] == "segment"]
        for place, (ring, (_, row)) in enumerate(zip(rings, segments.iterrows(), strict=True)):
            colour = COLOURS[place % len(COLOURS)]
            axes.fill(ring[:, 0], ring[:, 1], color=colour, alpha=0.16, linewidth=0)
            axes.plot(ring[:, 0], ring[:, 1], color=colour, linewidth=0.9)
            marker = MARKERS[place % len(MARKERS)]
            axes.plot(row["x"], row["y"], marker, color=colour, markersize=8, zorder=4)
        _name_points(axes, shown, points, low, scale, wide, high)
        _title_map(figure, axes, positions, points, low, scale, wide, high)
    return figure


def _draw_levels(axes: Any, levels: pd.DataFrame) -> None:
    for named, size, colour in ((False, 3.0, "#8C8C8C"), (True, 5.0, INK)):
        some = levels[levels["named"] == named]
        axes.plot(some["x"], some["y"], "+" if named else ".", color=colour, markersize=size + 2)


def _title_map(
    figure: Any,
    axes: Any,
    positions: PositionMap,
    points: pd.DataFrame,
    low: Any,
    scale: float,
    wide: float,
    high: float,
) -> None:
    shares = positions.analysis.axes()["share"]
    axes.set_xlabel(f"dimension 1 ({shares[0]:.0%} of the differences)")
    axes.set_ylabel(f"dimension 2 ({shares[1]:.0%})")
    outside = int((~_within(points, low, scale, wide, high)).sum())
    named = int((points["named"] & (points["kind"] != "segment")).sum())
    dots = int((~points["named"]).sum())
    lines = [
        f"n = {positions.n_customers:,} customers; large signs: segments, with ellipses of 95%",
        f"+ {positions.level}s ({named}{' that add most' if dots else ''})"
        + (f", dots: {dots} others" if dots else "")
        + (f", {outside} of them beyond the frame" if outside else ""),
    ]
    axes.set_title("\n".join(lines), fontsize=8, loc="left", fontweight="normal", pad=6)


def _ring(row: pd.Series) -> np.ndarray:
    """Trace the ellipse of a point; nothing but the point where it is not known."""
    matrix = np.array(
        [[row["variance_x"], row["covariance"]], [row["covariance"], row["variance_y"]]],
        dtype=float,
    )
    centre = np.array([row["x"], row["y"]], dtype=float)
    if not np.isfinite(matrix).all():
        return centre[None, :]
    values, vectors = np.linalg.eigh(matrix)
    turn = np.linspace(0, 2 * np.pi, 73)
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    return centre + circle * np.sqrt(ELLIPSE * values.clip(min=0)) @ vectors.T


def _fit(reach: np.ndarray) -> tuple[np.ndarray, float, float, float]:
    """Choose one scale for both axes: lower left corner, units an inch, inches of the axes."""
    wide = WIDTH - EDGES[0] - EDGES[1]
    low, up = reach.min(axis=0), reach.max(axis=0)
    span = (up - low).clip(min=1e-12)
    high = float(np.clip((wide - 1.6) * span[1] / span[0] + 0.9, 3.0, 5.4))
    scale = float(max(span[0] / (wide - 1.6), span[1] / (high - 0.9)))
    corner = (up + low) / 2 - np.array([wide, high]) * scale / 2
    return corner, scale, wide, high


def _frame(figure: Any, axes: Any, low: np.ndarray, scale: float, wide: float, high: float) -> None:
    figure.set_layout_engine("none")
    tall = high + EDGES[2] + EDGES[3]
    axes.set_position((EDGES[0] / WIDTH, EDGES[2] / tall, wide / WIDTH, high / tall))
    axes.set(xlim=(low[0], low[0] + wide * scale), ylim=(low[1], low[1] + high * scale))
    axes.tick_params(length=0)
    axes.locator_params(nbins=6)


def _within(
    points: pd.DataFrame, low: np.ndarray, scale: float, wide: float, high: float
) -> pd.Series:
    x = points["x"].between(low[0], low[0] + wide * scale)
    return x & points["y"].between(low[1], low[1] + high * scale)


def _name_points(
    axes: Any,
    shown: pd.DataFrame,
    points: pd.DataFrame,
    low: np.ndarray,
    scale: float,
    wide: float,
    high: float,
) -> None:
    """Write names beside their points, those of segments first and bold."""
    inches = (shown[["x", "y"]].to_numpy() - low) / scale
    every = (points[["x", "y"]].to_numpy() - low) / scale
    sizes = [8.0 if kind == "segment" else 7.0 for kind in shown["kind"]]
    room = 1.9 if len(shown) <= 16 else 1.5
    texts = [break_text(name, room, size) for name, size in zip(shown["name"], sizes, strict=True)]
    radii = [0.07 if kind == "segment" else 0.04 for kind in points["kind"]]
    labels = place_labels(
        texts,
        [(float(x), float(y)) for x, y in inches],
        [(float(x), float(y), r) for (x, y), r in zip(every, radii, strict=True)],
        width=wide,
        height=high,
        sizes=sizes,
    )
    for place, label in enumerate(labels):
        segment = shown["kind"].iloc[place] == "segment"
        x, y = low + scale * np.array([label.left, label.bottom + label.height / 2])
        colour = COLOURS[place % len(COLOURS)] if segment else INK
        if label.far:
            middle = low + scale * np.array([label.left + label.width / 2, 0])
            axes.plot(
                [shown["x"].iloc[place], middle[0]],
                [shown["y"].iloc[place], y],
                color=QUIET,
                linewidth=0.6,
                zorder=1,
            )
        axes.text(x, y, label.text, fontsize=sizes[place], color=_dark(colour), va="center")


def _dark(colour: str) -> str:
    """Darken a colour so that text in it can be read on white."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{int(part * 0.62):02x}" for part in parts)


def _draw_line_of_positions(positions: PositionMap) -> Figure:
    """Draw points of a single dimension in rows, sorted by their place on it."""
    points = positions.points.sort_values(["kind", "x"], kind="stable")
    points = pd.concat([points[points["kind"] == "segment"], points[points["kind"] != "segment"]])
    labels = [break_text(str(name), 2.3, 8.0) for name in points["name"]]
    row = 0.34 if any("\n" in label for label in labels) else 0.25
    with house_figure(WIDTH, 1.1 + row * len(points)) as (figure, axes):
        rows = np.arange(len(points))
        middle = points["x"].to_numpy(dtype=float)
        reach = NORMAL_95 * np.sqrt(points["variance_x"].to_numpy(dtype=float))
        segment = (points["kind"] == "segment").to_numpy()
        axes.hlines(rows, middle - reach, middle + reach, color=QUIET, linewidth=2)
        axes.plot(middle[segment], rows[segment], "o", color=COLOURS[0], label="segments")
        axes.plot(middle[~segment], rows[~segment], "^", color=INK, label=f"{positions.level}s")
        axes.axvline(0, color=QUIET, linewidth=0.8)
        axes.set_yticks(rows, labels, fontsize=8)
        axes.set_ylim(len(points) - 0.4, -0.6)
        axes.set_xlabel(
            "dimension 1 (all of the differences), with intervals of 95%\n"
            f"n = {positions.n_customers:,} customers"
        )
        figure.legend(loc="outside upper left", ncols=2)
        axes.grid(axis="x")
        axes.tick_params(length=0)
    return figure


@passes_absence
def draw_strategies(strategies: Strategies, portfolio: Portfolio) -> Figure:
    """Draw the segments by strength and attractiveness, as large as their revenue.

    Thin crosses are intervals of 95% over bootstrap samples; dashed lines are the
    thresholds of the rule, dotted ones the thirds of the nine cells. The sign says the
    strategy, a hollow cross none.

    Parameters
    ----------
    strategies : Strategies
    portfolio : Portfolio
        That the strategies were named from.
    """
    positions = portfolio.positions.join(strategies.segments[["strategy"]])
    low, wide, high = np.array([-0.02, -0.02]), WIDTH - EDGES[0] - EDGES[1] - 1.35, 4.4
    scale = np.array([1.04 / wide, 1.04 / high])
    with house_figure(WIDTH, high + EDGES[2] + EDGES[3]) as (figure, axes):
        figure.set_layout_engine("none")
        tall = high + EDGES[2] + EDGES[3]
        axes.set_position((EDGES[0] / WIDTH, EDGES[2] / tall, wide / WIDTH, high / tall))
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        for cut in (1 / 3, 2 / 3):
            axes.axhline(cut, color=QUIET, linewidth=0.8, linestyle=":")
            axes.axvline(cut, color=QUIET, linewidth=0.8, linestyle=":")
        axes.axhline(0.5, color=INK, linewidth=0.9, linestyle="--")
        axes.axvline(0.5, color=INK, linewidth=0.9, linestyle="--")
        for place, (_, row) in enumerate(positions.iterrows()):
            _draw_segment(axes, row, COLOURS[place % len(COLOURS)])
        _name_segments(axes, positions, low, scale, wide, high)
        _strategy_legend(axes, strategies)
        axes.set(
            xlabel="competitive strength (.5 = reference)",
            ylabel="market attractiveness (.5 = reference)",
        )
        axes.tick_params(length=0)
        note = f"n = {portfolio.n_customers:,} customers; area: share of revenue; lines: 95%"
        axes.set_title(note, fontsize=8, loc="left", fontweight="normal", pad=6)
    return figure


def _draw_segment(axes: Any, row: pd.Series, colour: str) -> None:
    x, y = row["strength"], row["attractiveness"]
    axes.plot([row["strength_lower"], row["strength_upper"]], [y, y], color=colour, linewidth=1.0)
    axes.plot(
        [x, x],
        [row["attractiveness_lower"], row["attractiveness_upper"]],
        color=colour,
        linewidth=1.0,
    )
    area = 60 + 1_100 * max(float(row["share_value"]), 0.0)
    axes.scatter([x], [y], s=area, marker="o", color=colour, alpha=0.3, linewidths=0)
    marker = STRATEGY_MARKERS[str(row["strategy"])]
    hollow = row["strategy"] == UNDECIDED
    axes.plot(
        x, y, marker, color=colour, markersize=8, markerfacecolor="white" if hollow else colour
    )


def _name_segments(
    axes: Any, positions: pd.DataFrame, low: Any, scale: Any, wide: float, high: float
) -> None:
    inches = (positions[["strength", "attractiveness"]].to_numpy(dtype=float) - low) / scale
    texts = [break_text(str(name), 1.9, 8.0) for name in positions.index]
    labels = place_labels(
        texts,
        [(float(x), float(y)) for x, y in inches],
        _crosses(positions, low, scale),
        width=wide,
        height=high,
        sizes=[8.0] * len(texts),
    )
    for place, label in enumerate(labels):
        x, y = low + scale * np.array([label.left, label.bottom + label.height / 2])
        colour = _dark(COLOURS[place % len(COLOURS)])
        if label.far:
            middle = low[0] + scale[0] * (label.left + label.width / 2)
            point = positions[["strength", "attractiveness"]].iloc[place]
            axes.plot([point.iloc[0], middle], [point.iloc[1], y], color=QUIET, linewidth=0.6)
        axes.text(x, y, label.text, fontsize=8, color=colour, va="center")


def _crosses(
    positions: pd.DataFrame, low: np.ndarray, scale: np.ndarray
) -> list[tuple[float, float, float]]:
    """List what labels should not cover: the signs, and points along the crosses."""
    signs = []
    for _, row in positions.iterrows():
        x, y = row["strength"], row["attractiveness"]
        signs.append((x, y, 0.09))
        signs += [
            (at, y, 0.03) for at in np.linspace(row["strength_lower"], row["strength_upper"], 9)
        ]
        ends = row["attractiveness_lower"], row["attractiveness_upper"]
        signs += [(x, at, 0.03) for at in np.linspace(*ends, 9)]
    return [
        (float((x - low[0]) / scale[0]), float((y - low[1]) / scale[1]), r) for x, y, r in signs
    ]


def _strategy_legend(axes: Any, strategies: Strategies) -> None:
    found = set(strategies.segments["strategy"])
    for name, marker in STRATEGY_MARKERS.items():
        if name in found:
            face = "white" if name == UNDECIDED else INK
            axes.plot([], [], marker, color=INK, markersize=7, markerfacecolor=face, label=name)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize=8, title="strategy")

"""Segments on a plane: customers, ellipses, and arrows of what the plane shows."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import MOST_VECTORS
from crmstudy.report.labels_on_maps import place_labels
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.sentences.segmentation.variables import say_level
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure
from crmstudy.segmentation.explain.layout import Layout, bound_segments

Floats = npt.NDArray[np.float64]

WIDTH = 7.0  # inches of the page
#: Shapes that tell segments apart where their colours come again.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h", "p")
#: Distance from the centre of an ellipse that holds a share of a normal cloud.
REACH = {0.5: 1.1774100225154747, 0.9: 2.145966026289347}  # sqrt(-2 log(1 - share))
MOST_ARROWS = 8
#: Inches of the axes of a segment map, and of the circle that marks a mean.
AXES, MARK = np.array([6.3, 4.1]), 0.13
ALONG = (0.4, 0.55, 0.7, 0.85, 1.0)  # parts of an arrow that no label should cover
LEAST_SHOWN = 0.1  # share of a variable's variance that earns an arrow
MOST_RINGS = 6  # segments that still get two ellipses each


def order_segments(segments: Sequence[Hashable]) -> list[Hashable]:
    """Sort labels by the number they begin with, then by themselves: 2 stands before 10."""

    def key(label: Hashable) -> tuple[int, str]:
        begun = re.match(r"\d+", str(label))
        return int(begun.group()) if begun else 10**9, str(label)

    return sorted(set(segments), key=key)


def sign_of(label: Hashable, place: int) -> str:
    """Say a segment in one sign: its own number, or its place."""
    begun = re.match(r"\d+", str(label))
    return begun.group() if begun else str(place + 1)


def name_of(label: Hashable, place: int) -> str:
    """Say a segment in a legend, so that its sign is found in it."""
    text = str(label)
    if re.match(r"\d+$", text):
        return f"segment {text}"
    return text if re.match(r"\d+", text) else f"{place + 1} {text}"


def count_columns(names: Sequence[str]) -> int:
    """Count the columns of a legend that fit beside each other on the page."""
    widest = max(measure_text(name, 7.5) for name in names) + 0.5
    return max(1, min(len(names), int(WIDTH // widest)))


def colour_of(place: int) -> str:
    """Give the colour of a place in the order; colours come again after seven."""
    return COLOURS[place % len(COLOURS)]


@passes_absence
def draw_segment_map(layout: Layout, segments: pd.Series) -> Figure:
    """Draw customers by their segments on the first two principal components.

    Each segment has a colour and a marker, its number at its mean, and two ellipses that
    hold 50% and 90% of a normal cloud with its mean and covariance (50% only where there are
    more than six segments). Arrows show the variables of which the plane shows a tenth or
    more, the eight best.

    Parameters
    ----------
    layout : Layout
        Customers on the plane.
    segments : Series indexed by customer
        Their segments.
    """
    clouds: dict[Hashable, Any] = bound_segments(layout, segments).to_dict("index")
    known = layout.coordinates.join(segments.rename("segment"), how="inner")
    labels = order_segments(list(clouds))
    names = [
        f"{name_of(label, place)} (n = {int(clouds[label]['n_customers']):,})"
        for place, label in enumerate(labels)
    ]
    columns = count_columns(names)
    height = 4.6 + 0.19 * -(-len(names) // columns)
    with house_figure(WIDTH, height) as (figure, axes):
        handles = [
            _draw_cloud(
                axes,
                known[known["segment"] == label],
                clouds[label],
                place,
                shares=REACH if len(labels) <= MOST_RINGS else [0.5],
            )
            for place, label in enumerate(labels)
        ]
        for place, label in enumerate(labels):
            _mark_mean(axes, clouds[label], sign_of(label, place), place)
        axes.set(
            xlabel=f"first component ({layout.explained[0]:.0%} of the variance)",
            ylabel=f"second component ({layout.explained[1]:.0%} of the variance)",
        )
        axes.grid(axis="both")
        axes.tick_params(length=0)
        means = np.array([[cloud["first"], cloud["second"]] for cloud in clouds.values()])
        _draw_arrows(axes, layout.loadings, means)
        legend: Any = figure.legend(
            handles, names, loc="outside lower left", ncols=columns, fontsize=7.5
        )
        for handle in legend.legend_handles:
            handle.set_alpha(1)
            handle.set_markersize(5)
    return figure


def _draw_cloud(
    axes: Any, part: pd.DataFrame, cloud: Any, place: int, *, shares: Iterable[float]
) -> Any:
    colour, marker = colour_of(place), MARKERS[place % len(MARKERS)]
    (points,) = axes.plot(
        part["first"],
        part["second"],
        marker,
        color=colour,
        markersize=2.6,
        alpha=0.35,
        markeredgewidth=0,
        # Thousands of vectors would make an SVG of megabytes.
        rasterized=len(part) > MOST_VECTORS // 4,
    )
    angle = np.linspace(0, 2 * np.pi, 121)
    covariance = np.array(
        [[cloud["var_first"], cloud["covariance"]], [cloud["covariance"], cloud["var_second"]]]
    )
    lengths, axes_of = np.linalg.eigh(covariance)
    ring = (axes_of * np.sqrt(np.maximum(lengths, 0))) @ [np.cos(angle), np.sin(angle)]
    for share, style in zip(shares, ("-", "--"), strict=False):
        x, y = np.array([[cloud["first"]], [cloud["second"]]]) + REACH[share] * ring
        axes.plot(x, y, style, color=colour, linewidth=1.3)
    return points


def _mark_mean(axes: Any, cloud: Any, sign: str, place: int) -> None:
    axes.text(
        cloud["first"],
        cloud["second"],
        sign,
        fontsize=8.5,
        ha="center",
        va="center_baseline",
        zorder=7,
        bbox={
            "boxstyle": "circle,pad=0.25",
            "facecolor": "white",
            "edgecolor": colour_of(place),
            "linewidth": 1.4,
        },
    )


def _draw_arrows(axes: Any, loadings: pd.DataFrame, means: Floats) -> None:
    best = (
        loadings["share"][loadings["share"] >= LEAST_SHOWN]
        .sort_values(ascending=False, kind="stable")
        .index[:MOST_ARROWS]
    )
    shown = loadings.loc[[name for name in loadings.index if name in set(best)]]
    if shown.empty:
        return
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    longest = np.sqrt(shown["share"].max()) or 1.0
    stretch = 0.8 * min(right, high, -left, -low) / longest
    ends = shown[["first", "second"]].to_numpy(dtype=float) * stretch
    unit = np.array([(right - left) / AXES[0], (high - low) / AXES[1]])  # of an inch
    corner = np.array([left, low])
    labels = place_labels(
        [cut_text(say_level(name), 1.7, 7) for name in shown.index],
        [tuple(point) for point in (ends - corner) / unit],
        [(*((mean - corner) / unit), MARK) for mean in means]
        + [(*((part * end - corner) / unit), 0.06) for end in ends for part in ALONG],
        width=AXES[0],
        height=AXES[1],
        sizes=[7.0] * len(shown),
    )
    for label, (x, y) in zip(labels, ends, strict=True):
        arrow = {"arrowstyle": "->", "color": INK, "linewidth": 0.9, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", (x, y), xytext=(0, 0), arrowprops=arrow, zorder=4)
        middle = [label.left + label.width / 2, label.bottom + label.height / 2] * unit + corner
        if label.far:
            axes.plot([x, middle[0]], [y, middle[1]], color=QUIET, linewidth=0.7, zorder=4)
        box = {"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.6}
        axes.text(*middle, label.text, fontsize=7, ha="center", va="center", zorder=6, bbox=box)
    axes.set(xlim=(left, right), ylim=(low, high))

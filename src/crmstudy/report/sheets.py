"""A self-organising map on paper: hits, distances, segments, and its component planes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.layout import cut_text
from crmstudy.report.maps import (
    WIDTH,
    colour_of,
    count_columns,
    name_of,
    order_segments,
    sign_of,
)
from crmstudy.report.sentences.segmentation.variables import say_level
from crmstudy.report.theme import Figure, house_figure

Floats = npt.NDArray[np.float64]

MOST_PLANES = 9
#: Corners of a unit whose neighbours are 1 apart.
CORNERS = np.array([[0, 1], [1, 0.5], [1, -0.5], [0, -1], [-1, -0.5], [-1, 0.5]]) * [
    0.5,
    1 / np.sqrt(3),
]


@passes_absence
def draw_som(units: pd.DataFrame) -> Figure:
    """Draw a self-organising map: customers a unit, distances of units, segments.

    Parameters
    ----------
    units : DataFrame
        As :class:`crmstudy.segmentation.networks.som_map.SomResult` holds it: ``x``, ``y``,
        ``n_customers``, ``distance``, ``segment``.
    """
    height = _sheet_height(units, WIDTH / 3 - 0.1) + 0.75
    segments = order_segments(units["segment"].tolist())
    names = [name_of(label, place) for place, label in enumerate(segments)]
    columns = count_columns(names)
    height += 0.19 * -(-len(names) // columns)
    with house_figure(WIDTH, height, 3) as (figure, panels):
        hits = units["n_customers"].to_numpy(dtype=float)
        _fill_scale(figure, panels[0], units, hits, "Blues", "customers a unit")
        _fill_scale(
            figure, panels[1], units, units["distance"].to_numpy(float), "Greys", "distance"
        )
        panels[0].set_title(f"Hits (n = {int(hits.sum()):,})", fontsize=8.5, weight="normal")
        panels[1].set_title("Distance to neighbours", fontsize=8.5, weight="normal")
        panels[2].set_title("Segments", fontsize=8.5, weight="normal")
        place = {label: place for place, label in enumerate(segments)}
        places = [place[label] for label in units["segment"]]
        _fill_segments(figure, panels[2], units, places)
        size = min(6.5, 0.62 * 72 * (WIDTH / 3 - 0.2) / (np.ptp(units["x"]) + 1.5))
        at = zip(units["x"], units["y"], places, strict=True)
        for x, y, p in at:
            sign = sign_of(segments[p], p)
            panels[2].text(x, y, sign, fontsize=size, ha="center", va="center_baseline")
        handles = [
            panels[2].plot([], [], "s", color=_tint(colour_of(p), 0.6))[0]
            for p in range(len(names))
        ]
        figure.legend(handles, names, loc="outside lower left", ncols=columns, fontsize=7.5)
    return figure


def _sheet_height(units: pd.DataFrame, wide: float) -> float:
    return wide * (np.ptp(units["y"]) + 1.2) / (np.ptp(units["x"]) + 1.0)


def _fill(axes: Any, units: pd.DataFrame, values: Floats, **scale: Any) -> Any:
    """Draw all units as one collection of triangles, four a unit, coloured by a scale."""
    places = units[["x", "y"]].to_numpy(dtype=float)[:, None, :]
    corners = (places + 0.96 * CORNERS).reshape(-1, 2)
    first = len(CORNERS) * np.arange(len(units))[:, None, None]
    triangles = (first + np.array([[0, k, k + 1] for k in range(1, 5)])).reshape(-1, 3)
    filled = axes.tripcolor(
        corners[:, 0],
        corners[:, 1],
        triangles,
        facecolors=np.repeat(values, 4),
        edgecolors="face",
        linewidth=0.1,
        **scale,
    )
    axes.set_aspect("equal")
    axes.axis("off")
    axes.margins(0.01)
    return filled


def _fill_scale(
    figure: Figure,
    axes: Any,
    units: pd.DataFrame,
    values: Floats,
    colours: str,
    label: str,
    limit: float | None = None,
) -> None:
    low, high = (0.0, float(values.max())) if limit is None else (-limit, limit)
    filled = _fill(axes, units, values, cmap=colours, vmin=low, vmax=high or 1.0)
    bar: Any = figure.colorbar(filled, ax=axes, location="bottom", aspect=28, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=6.5, length=2)
    bar.locator.set_params(nbins=4)
    bar.set_label(label, fontsize=7)


def _fill_segments(figure: Figure, axes: Any, units: pd.DataFrame, places: Sequence[int]) -> None:
    """Colour units by segment, and leave the room of a colour bar empty below them."""
    filled = _fill(axes, units, np.asarray(places, dtype=float))
    bar: Any = figure.colorbar(filled, ax=axes, location="bottom", aspect=28, pad=0.02)
    bar.ax.tick_params(labelsize=6.5, length=2, color="white", labelcolor="white")
    bar.set_label(" ", fontsize=7)
    bar.outline.set_visible(False)
    bar.solids.set_visible(False)
    filled.set_array(None)
    filled.set_facecolor([_tint(colour_of(place), 0.6) for place in places for _ in range(4)])


def _tint(colour: str, weight: float) -> str:
    """Mix a colour with white."""
    parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    mixed = np.rint(255 + (parts - 255) * weight).astype(int)
    return "#" + "".join(f"{part:02x}" for part in mixed)


@passes_absence
def draw_planes(units: pd.DataFrame, planes: pd.DataFrame) -> Figure:
    """Draw the component planes of a map: how each variable changes over the sheet.

    The nine planes that vary most are drawn, in the order given, each on its own scale
    around the mean of all customers.

    Parameters
    ----------
    units : DataFrame
        See :func:`draw_som`.
    planes : DataFrame
        As :class:`crmstudy.segmentation.networks.som_map.SomResult` holds it: a column a variable.
    """
    spread = planes.std().sort_values(ascending=False, kind="stable").index[:MOST_PLANES]
    shown = [name for name in planes.columns if name in set(spread)]
    across = min(len(shown), 3)
    down = -(-len(shown) // across)
    height = (_sheet_height(units, WIDTH / across - 0.2 if across > 1 else 4.0) + 0.62) * down
    with house_figure(WIDTH, min(height, 8.8)) as (figure, first):
        first.remove()
        panels = np.atleast_1d(figure.subplots(down, across)).ravel()
        for axes in panels[len(shown) :]:
            axes.axis("off")
        for axes, name in zip(panels, shown, strict=False):
            values = planes[name].to_numpy(dtype=float)
            centred = values - (0.0 if ": " not in str(name) else values.mean())
            limit = float(np.abs(centred).max()) or 1.0
            label = "standard deviations" if ": " not in str(name) else "share less the mean share"
            _fill_scale(figure, axes, units, centred, "RdBu_r", label, limit)
            title = cut_text(say_level(name), WIDTH / across - 0.3, 8.5)
            axes.set_title(title, fontsize=8.5, weight="normal")
    return figure

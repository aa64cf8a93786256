"""Criteria x methods as a picture: each measure a panel, each method a row."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, passes_absence
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure
from crmstudy.segmentation.grid.standing import MEASURES, NULLS, Grid

#: One for each block of criteria, so that colour is never the only sign.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
ROW, STEP = 0.52, 0.15  # inches of a method's row; distance of blocks within it, in rows
KEY = "Ring: leader; filled: noise can explain the distance from it; dashed: no information."
TITLES = {
    "silhouette": "Silhouette",
    "stability": "Stability\n(adj. Rand)",
    "separation": "Separation\n(held back)",
    "r_squared": "R² of\nnext value",
    "lift": "Lift of\nbest 20%",
}


@passes_absence
def draw_grid(grid: Grid) -> Figure:
    """Draw every measure of every method on every block, with its 95% interval.

    A ring marks the leader of each measure; hollow points are behind it beyond the noise,
    filled ones are not. The dashed line is what segments without information reach.

    Raises
    ------
    ModelError
        If no cell of the grid could be estimated.
    """
    frame = grid.intervals()
    if frame.empty:
        raise ModelError("no method could be estimated on any block")
    methods = [name for name in _list_once(grid, "method") if name in set(frame["method"])]
    blocks = [name for name in _list_once(grid, "block") if name in set(frame["block"])]
    looks = dict(zip(_list_once(grid, "block"), cycle(zip(COLOURS, MARKERS, strict=True))))
    measures = [name for name in MEASURES if name in set(frame["measure"])]
    height = 1.35 + ROW * len(methods)
    with house_figure(7.0, height, len(measures)) as (figure, panels):
        for place, (axes, measure) in enumerate(zip(np.atleast_1d(panels), measures, strict=True)):
            part = frame[frame["measure"] == measure]
            _draw_panel(axes, part, methods, {name: looks[name] for name in blocks})
            _dress_panel(axes, measure, methods if place == 0 else [""] * len(methods))
        lines, names = _make_legend(np.atleast_1d(panels)[0], grid, looks, blocks)
        columns = 3 if len(blocks) > 3 and not grid.same_customers else 5
        figure.legend(lines, names, loc="outside upper left", ncols=columns, fontsize=8.5)
        figure.supxlabel(f"n = {grid.n_customers:,} customers. {KEY}", fontsize=7.5)
    return figure


def _list_once(grid: Grid, field: str) -> list[str]:
    return list(dict.fromkeys(getattr(cell, field) for cell in grid.cells))


def _draw_panel(
    axes: Any, part: pd.DataFrame, methods: list[str], looks: dict[str, tuple[str, str]]
) -> None:
    for number, (block, (colour, marker)) in enumerate(looks.items()):
        own = part[part["block"] == block]
        shift = STEP * (number - (len(looks) - 1) / 2)
        rows = np.array([methods.index(name) for name in own["method"]]) + shift
        ends = own[["lower", "upper"]].to_numpy(dtype=float)
        axes.hlines(rows, ends[:, 0], ends[:, 1], color=colour, linewidth=1.1)
        values, alike = own["value"].to_numpy(dtype=float), own["alike"].to_numpy(dtype=bool)
        style = {"color": colour, "markersize": 4.2, "markeredgewidth": 1}
        axes.plot(values[~alike], rows[~alike], marker, markerfacecolor="white", **style)
        axes.plot(values[alike], rows[alike], marker, **style)
        leads = own["leads"].to_numpy(dtype=bool)
        axes.plot(
            values[leads], rows[leads], "o", markersize=9.5, markerfacecolor="none", color=INK
        )


def _dress_panel(axes: Any, measure: str, labels: list[str]) -> None:
    for edge in np.arange(1, len(labels)) - 0.5:
        axes.axhline(edge, color="#E6E6E6", linewidth=0.8)
    if measure in NULLS:
        axes.axvline(NULLS[measure], color=QUIET, linewidth=1, linestyle="--")
    axes.set_title(TITLES[measure], fontsize=8.5, loc="left", **bold(TITLES[measure]))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(length=0, labelsize=8)
    axes.locator_params(axis="x", nbins=3)
    axes.xaxis.set_major_formatter(_write)
    axes.margins(x=0.08)
    axes.grid(axis="x")


def _make_legend(
    axes: Any, grid: Grid, looks: dict[str, tuple[str, str]], blocks: list[str]
) -> tuple[list[Any], list[str]]:
    lines, names = [], []
    for block in blocks:
        colour, marker = looks[block]
        lines += axes.plot([], [], marker, color=colour, markersize=5)
        n = max(cell.n_customers for cell in grid.cells if cell.block == block)
        names.append(block if grid.same_customers else f"{block} (n = {n:,})")
    return lines, names


def _write(value: float, _: int = 0) -> str:
    return f"{value:g}".replace("-", "−")

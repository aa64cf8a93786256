"""Pictures of groups compared: their paths, one below the other."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import WIDEST_LABEL, Axes, _grid
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Shapes of the groups; colour is never the only sign.
SHAPES = ("o", "s", "^", "D", "v", "P")
#: Okabe and Ito's colours that stand out on white, darkest first.
_HUES = tuple(COLOURS[k] for k in (0, 5, 2, 3, 1, 6))


@passes_absence
def draw_group_paths(paths: pd.DataFrame, *, level: float) -> Figure:
    """Draw each path in every group with its interval, so that groups lie above each other.

    Parameters
    ----------
    paths : DataFrame
        One row a path and group: ``path``, ``group``, ``n``, ``estimate``, ``lower``,
        ``upper``, as :meth:`PathComparison.table` gives it.
    level : float
        Coverage of the intervals.
    """
    named = paths.assign(series=[_name(g, n) for g, n in zip(paths.group, paths.n, strict=True)])
    return _draw(
        named.rename(columns={"path": "row"}),
        x_label=f"path, in the units of the marker items (line: {level:.0%} interval)",
    )


def _name(group: str, n: int) -> str:
    return f"{group} (n = {n:,})"


def _draw(rows: pd.DataFrame, *, x_label: str) -> Figure:
    """Draw one point and interval a row and series: series share a row, one below the other."""
    labels, series = _distinct(rows["row"]), _distinct(rows["series"])
    step = 0.74 / max(len(series), 2)
    wrapped = _wrap(labels)
    tallest = max(label.count("\n") + 1 for label in wrapped)
    row_height = max(0.22 + 0.14 * len(series), 0.19 * tallest)
    legend_rows = -(-len(series) // _columns(series))
    height = 0.85 + len(labels) * row_height + 0.22 * legend_rows
    with house_figure(7.0, height) as (figure, axes):
        axes.axvline(0, color=QUIET, linewidth=1.2)
        for place, name in enumerate(series):
            own = rows[rows["series"] == name]
            heights = np.array([labels.index(each) for each in own["row"]], dtype=float)
            heights += step * (place - (len(series) - 1) / 2)
            _draw_series(axes, own, heights, place, name)
        axes.set_yticks(range(len(labels)), wrapped)
        axes.set_ylim(len(labels) - 0.45, -0.55)
        axes.set_xlabel(x_label)
        axes.margins(x=0.05)
        figure.legend(
            loc="outside upper center", ncols=_columns(series), fontsize=8.5, handletextpad=0.4
        )
        for line in np.arange(len(labels) - 1) + 0.5:
            axes.axhline(line, color="#EEEEEE", linewidth=0.8, zorder=0)
        _grid(axes, "x")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace("-", "−"))
    return figure


def _draw_series(axes: Axes, own: pd.DataFrame, heights: np.ndarray, place: int, name: str) -> None:
    hue = _HUES[place % len(_HUES)]
    axes.hlines(heights, own["lower"], own["upper"], color=hue, linewidth=1.8)
    axes.plot(
        own["estimate"],
        heights,
        SHAPES[place % len(SHAPES)],
        color=hue,
        markeredgecolor=INK,
        markeredgewidth=0.5,
        markersize=6,
        label=fill(name, 60),
    )


def _columns(series: list[str]) -> int:
    """Names that stand in one row of the legend without running out of the page."""
    widest = max(sum(1 if sign.isascii() else 2 for sign in name) for name in series)
    return max(1, min(len(series), 84 // (widest + 6)))


def _distinct(values: pd.Series) -> list[str]:
    return list(dict.fromkeys(values.astype(str)))


def _wrap(labels: Iterable[str]) -> list[str]:
    """Break long paths before the arrow, then where they must be broken."""
    wrapped = []
    for label in labels:
        source, arrow, target = label.partition(" → ")
        if arrow and len(label) > WIDEST_LABEL // 2:
            wrapped.append(f"{_fill(source)}\n→ {_fill(target)}")
        else:
            wrapped.append(_fill(label))
    return wrapped


def _fill(text: str) -> str:
    """Break a long text; a Chinese sign is twice as wide as a Latin letter."""
    wide = sum(ord(sign) >= 0x2E80 for sign in text)
    return fill(text, WIDEST_LABEL // 2 if 2 * wide > len(text) else WIDEST_LABEL)

"""Pictures of what was collected: gaps, records over time, scores of quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.collection.quality.missingness import Patterns
from crmstudy.errors import passes_absence
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Of the missingness map: inches of the page and of the names at the left, tiles in a
#: row, height of a row.
WIDTH, LEFT, ACROSS, TILE = 7.0, 2.2, 4, 0.25
#: Patterns and items that a picture of patterns can show.
MOST_PATTERNS, MOST_ITEMS = 20, 45


def _percent(value: float) -> str:
    """Write a share; only nothing is 0 % and only all of it is 100 %."""
    if 0 < value < 0.01:
        return "<1%"
    return f"{min(value, 0.99) if value < 1 else 1:.0%}"


def _shorten(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


@passes_absence
def draw_missingness(columns: pd.DataFrame) -> Figure:
    """Draw every column of every table as a tile, the darker the more of it is empty.

    Complete columns of a table are drawn as one tile that says how many they are, so
    that the gaps stand out.

    Parameters
    ----------
    columns : DataFrame
        As :func:`crmstudy.collection.quality.measure_columns` returns it: data set, table,
        column, empty share.
    """
    blocks = [
        (f"{dataset}.{table}", _tiles(part))
        for (dataset, table), part in columns.groupby(["data set", "table"], sort=False)
    ]
    height = sum(_block_height(tiles) for _, tiles in blocks) + 0.55
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
        axes.axis("off")
        top = height - 0.08
        for name, tiles in blocks:
            label = _shorten(name, 32)
            axes.text(0.1, top - TILE / 2 + 0.02, label, fontsize=7, va="center_baseline")
            for place, (column, share) in enumerate(tiles):
                _draw_tile(axes, column, share, place % ACROSS, top - TILE * (place // ACROSS))
            top -= _block_height(tiles)
        _draw_scale(axes, top - 0.1)
    return figure


def _block_height(tiles: Sequence[object]) -> float:
    return TILE * -(-len(tiles) // ACROSS) + 0.06


def _tiles(part: pd.DataFrame) -> list[tuple[str, float]]:
    shares = part["empty share"].fillna(0.0).to_numpy(dtype=float)
    gaps = [
        (str(name), float(share))
        for name, share in zip(part["column"], shares, strict=True)
        if share > 0
    ]
    complete = len(part) - len(gaps)
    whole = f"{complete} complete" if gaps else f"all {complete} complete"
    return [*gaps, *([(whole, 0.0)] if complete else [])]


def _shade(share: float) -> str:
    """Mix the accent colour with white; even a small gap is told from none."""
    colour = np.array([int(COLOURS[5][i : i + 2], 16) for i in (1, 3, 5)])
    weight = 0.0 if share <= 0 else 0.12 + 0.88 * share
    mixed = np.rint(255 + (colour - 255) * weight).astype(int)
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _draw_tile(axes: Any, label: str, share: float, place: int, top: float) -> None:
    wide = (WIDTH - LEFT - 0.06) / ACROSS
    x, y = LEFT + wide * place, top
    corners = [x, x + wide - 0.04, x + wide - 0.04, x], [y, y, y - TILE + 0.04, y - TILE + 0.04]
    axes.fill(*corners, _shade(share), edgecolor="#C8C8C8", linewidth=0.6)
    ink = "white" if share > 0.6 else INK
    said = f" {_percent(share)}" if share > 0 else ""
    text = cut_text(label, wide - 0.12 - measure_text(said)) + said
    middle = y - TILE / 2 + 0.02
    axes.text(x + 0.05, middle, text, fontsize=6.6, color=ink, va="center_baseline")


def _draw_scale(axes: Any, top: float) -> None:
    axes.text(0.1, top - 0.09, "share of empty values:", fontsize=7, va="center_baseline")
    for place, share in enumerate((0.0, 0.01, 0.25, 0.5, 0.75, 1.0)):
        x = 1.5 + 0.75 * place
        corners = [x, x + 0.2, x + 0.2, x], [top, top, top - 0.17, top - 0.17]
        axes.fill(*corners, _shade(share), edgecolor="#C8C8C8", linewidth=0.6)
        axes.text(x + 0.25, top - 0.09, _percent(share), fontsize=7, va="center_baseline")


@passes_absence
def draw_patterns(patterns: Patterns) -> Figure:
    """Draw which items were left out together, one row a pattern, the most frequent first.

    Items that nobody left out are not drawn; where nothing is missing, one row says so.
    Only the 20 most frequent patterns and the 45 items with the most gaps are drawn.
    """
    matrix, counts = patterns.matrix, patterns.respondents
    gaps = matrix.mul(counts, axis=0).sum()
    kept = gaps[gaps > 0].sort_values(ascending=False, kind="stable").index[:MOST_ITEMS]
    shown = matrix[[name for name in matrix.columns if name in kept]].iloc[:MOST_PATTERNS]
    named = [f"{counts[row]:,}" for row in shown.index]
    longest = max((len(name) for name in shown.columns), default=0)
    height = max(1.25 + 0.2 * len(shown) + 0.05 * longest, 2.2)
    width = min(WIDTH, 2.2 + 0.3 * max(shown.shape[1], 4))
    with house_figure(width, height) as (figure, axes):
        cells = shown.to_numpy(dtype=float) if shown.shape[1] else np.zeros((len(shown), 1))
        rows, places = np.nonzero(cells)
        axes.barh(rows, 0.9, 0.86, left=places - 0.45, color=COLOURS[5])
        rest_rows, rest_places = np.nonzero(cells == 0)
        axes.barh(rest_rows, 0.9, 0.86, left=rest_places - 0.45, color="#E3EDF5")
        items = list(shown.columns) or ["no item was left out"]
        turn = 90 if sum(map(len, items)) > 40 else 0
        axes.set_xticks(
            range(len(items)), [_shorten(name, 24) for name in items], rotation=turn, fontsize=8
        )
        axes.set_yticks(range(len(named)), named)
        axes.set(xlim=(-0.6, len(items) - 0.4), ylim=(len(named) - 0.4, -0.6))
        axes.set(xlabel="item (orange: left out)", ylabel="respondents of the pattern")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure


@passes_absence
def draw_records(records: pd.DataFrame, *, unit: str = "month") -> Figure:
    """Draw when each table has records, as strips over time.

    The darker, the more rows a period has, compared with the table's own busiest one;
    white is silence. The number at the right is the busiest period's.

    Parameters
    ----------
    records : DataFrame
        As :func:`crmstudy.collection.quality.count_records` returns it: data set, table,
        period (its first day), rows.
    unit : str
        The period, ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.
    """
    groups = list(records.groupby(["data set", "table"], sort=False))
    names = [_shorten(f"{dataset}.{table}", 34) for (dataset, table), _ in groups]
    eras = _eras(records["period"])
    width = max(WIDTH, 3.2 + 2.2 * len(eras))
    with house_figure(width, 1.0 + 0.32 * len(groups), len(eras)) as (figure, panels):
        for place, (axes, (first, last)) in enumerate(
            zip(np.atleast_1d(panels), eras, strict=True)
        ):
            for row, (_, part) in enumerate(groups):
                busiest = int(part["rows"].max())
                _draw_strip(axes, row, part[part["period"].between(first, last)], unit, busiest)
            most = 5 if len(eras) == 1 else 3
            ticks, labels = _date_ticks(first, _next_period(last, unit), most)
            axes.set_xticks(ticks, labels)
            axes.set_xlim(first, _next_period(last, unit))
            axes.set_yticks(range(len(names)), names if place == 0 else [""] * len(names))
            axes.set_ylim(len(names) - 0.4, -0.6)
            axes.set(xlabel=f"{unit} (darker: more rows)")
            axes.grid(axis="x")
            axes.tick_params(length=0)
        last_panel = np.atleast_1d(panels)[-1]
        for row, (_, part) in enumerate(groups):
            _note_right(last_panel, f"{part['rows'].max():,}", row, 8, "center")
        _note_right(last_panel, f"rows of the\nbusiest {unit}", -0.65, 7, "bottom")
    return figure


def _draw_strip(axes: Any, row: int, part: pd.DataFrame, unit: str, busiest: int) -> None:
    for start, rows in zip(pd.DatetimeIndex(part["period"]), part["rows"], strict=True):
        colour = _strip_colour(rows / busiest)
        wide = _next_period(start, unit) - start
        axes.barh(row, wide, 0.68, left=start, color=colour, linewidth=0)


def _note_right(axes: Any, text: str, row: float, size: float, align: str) -> None:
    place = {"xycoords": ("axes fraction", "data"), "annotation_clip": False}
    axes.annotate(text, (1.02, row), fontsize=size, va=align, **place)


def _next_period(start: pd.Timestamp, unit: str) -> pd.Timestamp:
    months = {"month": 1, "quarter": 3, "year": 12}
    if unit == "week":
        return start + pd.Timedelta(days=7)
    return start + pd.DateOffset(months=months[unit])


def _eras(periods: pd.Series) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Split time where all tables are silent for two years or more."""
    known = periods.drop_duplicates().sort_values(ignore_index=True)
    era = (known.diff() > pd.Timedelta(days=2 * 365)).cumsum()
    return [(part.iloc[0], part.iloc[-1]) for _, part in known.groupby(era)]


def _date_ticks(
    first: pd.Timestamp, last: pd.Timestamp, most: int
) -> tuple[list[pd.Timestamp], list[str]]:
    """Choose a few round dates of an axis, and how to write them."""
    months = (last.year - first.year) * 12 + last.month - first.month
    step = next((n for n in (1, 2, 3, 6, 12, 24, 60, 120) if months / n <= most), 240)
    start = first.to_period("Y").start_time if step >= 6 else first.to_period("M").start_time
    ticks = [day for day in pd.date_range(start, last, freq=f"{step}MS") if day >= first]
    return ticks, [f"{day:%Y}" if step >= 12 else f"{day:%Y-%m}" for day in ticks]


def _strip_colour(share: float) -> str:
    colour = np.array([int(COLOURS[0][i : i + 2], 16) for i in (1, 3, 5)])
    mixed = np.rint(255 + (colour - 255) * (0.15 + 0.85 * share)).astype(int)
    return "#" + "".join(f"{part:02x}" for part in mixed)


@passes_absence
def draw_scores(scores: pd.DataFrame, *, floor: float = 0.8) -> Figure:
    """Draw the quality scores of tables as coloured cells, the score written in each.

    Parameters
    ----------
    scores : DataFrame
        As :func:`crmstudy.collection.quality.spread_scores` returns it: a row a table, a
        column a dimension, scores from 0 to 1; a missing one does not apply.
    floor : float
        Scores at and below it get the strongest colour.
    """
    with house_figure(WIDTH, 0.9 + 0.3 * len(scores)) as (figure, axes):
        for row, values in enumerate(scores.to_numpy(dtype=float)):
            for place, value in enumerate(values):
                if np.isnan(value):
                    axes.text(place, row, "–", ha="center", va="center", color=QUIET)
                    continue
                lack = min((1 - value) / (1 - floor), 1.0)
                axes.barh(
                    row,
                    0.96,
                    0.9,
                    left=place - 0.48,
                    color=_shade(lack * 0.8) if lack else "#E3EDF5",
                )
                said = "100%" if value == 1 else f"{min(value, 0.999):.1%}"
                axes.text(place, row, said, ha="center", va="center", fontsize=8.5)
        axes.set_xticks(range(scores.shape[1]), list(scores.columns))
        axes.set_yticks(range(len(scores)), [_shorten(str(name), 34) for name in scores.index])
        axes.set(xlim=(-0.5, scores.shape[1] - 0.5), ylim=(len(scores) - 0.5, -0.5))
        axes.set(xlabel="dimension of quality (– : does not apply)", ylabel="")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure

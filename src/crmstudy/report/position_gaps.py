"""Gaps in positioning as index numbers, one row a measure and one sign a segment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.labels_on_maps import break_text
from crmstudy.report.positions import MARKERS, WIDTH
from crmstudy.report.theme import COLOURS, INK, Figure, house_figure
from crmstudy.segmentation.positioning.dimensions import ALL
from crmstudy.segmentation.positioning.positioning import PositioningGaps

#: Segments whose gaps are drawn with their intervals; more would be too close.
MOST_INTERVALS = 4
#: Inches that all rows may take.
TALLEST = 7.0
#: Index numbers drawn; farther ones stand at the edge.
SMALLEST, LARGEST = 25.0, 400.0


@passes_absence
def draw_gaps(gaps: PositioningGaps, *, dimensions: Sequence[str] = (), most: int = 12) -> Figure:
    """Draw each segment's measures as index numbers, 100 for the reference.

    Filled signs: the interval of 95% leaves out 100. Intervals are drawn for up to four
    segments. Measures with the largest clear gaps are chosen where there are more than
    ``most``; their order stays that of the dimensions.

    Parameters
    ----------
    gaps : PositioningGaps
        From :func:`crmstudy.segmentation.measure_gaps`.
    dimensions : sequence of str
        Dimensions drawn; empty draws all.
    most : int
        Rows drawn.
    """
    drawn = gaps.gaps[(gaps.gaps["segment"] != ALL) & gaps.gaps["index"].notna()]
    if dimensions:
        drawn = drawn[drawn["dimension"].isin(list(dimensions))]
    segments = list(dict.fromkeys(gaps.gaps.loc[gaps.gaps["segment"] != ALL, "segment"]))
    intervals = len(segments) <= MOST_INTERVALS
    tall = max(0.12 + (0.1 if intervals else 0.07) * len(segments), 0.36)
    drawn = _choose_rows(drawn, min(most, max(int(TALLEST / tall), 3)))
    keys = list(dict.fromkeys(drawn["row"]))
    names = [break_text(str(name), 2.5, 8.0) for name in segments]
    legend = 0.17 * (1 + max(name.count("\n") for name in names)) * -(-len(names) // 2)
    with house_figure(WIDTH, 0.85 + legend + tall * max(len(keys), 1)) as (
        figure,
        axes,
    ):
        for place, segment in enumerate(segments):
            part = drawn[drawn["segment"] == segment]
            shift = 0.76 * (place - (len(segments) - 1) / 2) / len(segments)
            rows = np.array([keys.index(row) for row in part["row"]]) + shift
            _draw_indices(axes, part, rows, place, names[place], intervals=intervals)
        axes.axvline(0, color=INK, linewidth=0.9)
        for border in range(1, len(keys)):
            axes.axhline(border - 0.5, color="#EEEEEE", linewidth=0.8)
        axes.set_yticks(range(len(keys)), [break_text(row, 2.3, 8.0) for row in keys], fontsize=8)
        axes.set_ylim(max(len(keys), 1) - 0.5, -0.5)
        _index_axis(axes)
        axes.set_xlabel("index: 100 = reference (filled: interval of 95% leaves out 100)")
        figure.legend(loc="outside upper left", ncols=2, fontsize=8)
    return figure


def _choose_rows(drawn: pd.DataFrame, most: int) -> pd.DataFrame:
    """Name the rows, and keep those with the largest clear gaps."""
    own = drawn["reference"] == ALL
    beside = drawn["reference"].str.replace(r" \(.*", "", regex=True)
    row = drawn["measure"].where(own, drawn["measure"] + " / " + beside)
    drawn = drawn.assign(row=drawn["dimension"] + ": " + row)
    clear = drawn["reading"].isin(["above", "below"])
    away = np.log(drawn["index"].clip(lower=1.0) / 100).abs().where(clear, 0.0)
    largest = away.groupby(drawn["row"], sort=False).max()
    kept = largest.sort_values(ascending=False, kind="stable").index[:most]
    return drawn[drawn["row"].isin(kept)]


def _draw_indices(
    axes: Any, part: pd.DataFrame, rows: np.ndarray, place: int, name: str, *, intervals: bool
) -> None:
    colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
    middle = _doublings(part["index"])
    clear = part["reading"].isin(["above", "below"]).to_numpy()
    if intervals:
        ends = _doublings(part["index_lower"]), _doublings(part["index_upper"])
        axes.hlines(rows, *ends, color=colour, linewidth=1.3, alpha=0.7)
    size = 6 if intervals else 4.5
    axes.plot(middle[clear], rows[clear], marker, color=colour, markersize=size)
    axes.plot(
        middle[~clear], rows[~clear], marker, color=colour, markersize=size, markerfacecolor="white"
    )
    axes.plot([], [], marker, color=colour, markersize=6, label=name)


def _doublings(values: pd.Series) -> np.ndarray:
    return np.log2(values.to_numpy(dtype=float).clip(SMALLEST, LARGEST) / 100)


def _index_axis(axes: Any) -> None:
    """Write index numbers at ratios of one another; those drawn at an edge are beyond it."""
    low, up = axes.get_xlim()
    low, up = min(low, -0.1), max(up, 0.1)
    span = up - low
    steps: tuple[int, ...] = (35, 50, 70, 100, 140, 200, 280)
    if span < 1.6:
        steps = (50, 60, 70, 80, 90, 100, 110, 125, 150, 175, 200)
    if 0.8 < span < 1.6:
        steps = (50, 70, 80, 100, 125, 150, 200)
    ends = {25: "≤25", 400: "≥400"}
    ticks = [tick for tick in (25, *steps, 400) if low - 0.02 <= np.log2(tick / 100) <= up + 0.02]
    axes.set_xlim(low, up)
    axes.set_xticks(
        [np.log2(tick / 100) for tick in ticks], [ends.get(tick, str(tick)) for tick in ticks]
    )
    axes.tick_params(length=0)
    axes.grid(axis="x")

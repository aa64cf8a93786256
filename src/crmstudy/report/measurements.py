"""Pictures of measurement: loadings, pairs of constructs that answer alike, items explored."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import WIDEST_LABEL, _grid
from crmstudy.report.profiles import _paint
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure
from crmstudy.statistics.factor_trust import SALIENT

#: Pairs of constructs in one picture; more would not fit a page.
MOST_PAIRS = 30
#: Markers of the constructs in turn, beside their colour.
MARKERS = "osD^vPX"


def _wrap(texts: Iterable[Any], width: int = WIDEST_LABEL) -> list[str]:
    """Break long texts; a Chinese sign is twice as wide as a Latin letter."""
    return [_break(str(text), width) for text in texts]


def _break(text: str, width: int) -> str:
    """Break a text between words; between signs, where it is Chinese or one long word."""
    wide = any(ord(sign) >= 0x2E80 for sign in text)
    longest = max((len(word) for word in text.split()), default=1)
    return fill(text, width // 2 if wide else max(width, min(longest, 2 * width)))


@passes_absence
def draw_item_loadings(loadings: pd.DataFrame, *, level: float, n: int) -> Figure:
    """Draw standardised loadings with intervals, items grouped by construct.

    Parameters
    ----------
    loadings : DataFrame
        ``construct``, ``item``, ``standardised``, ``lower``, ``upper``; items of one
        construct stand together.
    level : float
        Confidence of the intervals, said in the label.
    n : int
        Respondents.
    """
    groups = list(dict.fromkeys(loadings["construct"]))
    titles = _wrap(groups, 26)
    lines = [title.count("\n") + 1 for title in titles]
    sizes = loadings.groupby("construct", sort=False).size().tolist()
    # A construct takes a row an item, or as many as its title has lines.
    heights = [max(size, 0.72 * line) for size, line in zip(sizes, lines, strict=True)]
    starts = np.cumsum([0.0, *(height + 0.7 for height in heights)])
    with house_figure(7.0, 0.9 + 0.23 * float(starts[-1])) as (figure, axes):
        axes.axvline(0.5**0.5, color=QUIET, linewidth=1.2, linestyle="--")
        ticks: list[float] = []
        for place, group in enumerate(groups):
            rows = loadings[loadings["construct"] == group]
            y = starts[place] + np.arange(len(rows)) + (heights[place] - len(rows)) / 2
            ticks += y.tolist()
            colour = COLOURS[place % len(COLOURS)]
            axes.hlines(y, rows["lower"], rows["upper"], color=colour, linewidth=2)
            axes.plot(
                rows["standardised"], y, MARKERS[place % len(MARKERS)], color=colour, markersize=5.5
            )
            axes.text(
                1.02,
                float(y.mean()),
                titles[place],
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=9,
                **bold(titles[place]),
            )
            if place:
                axes.axhline(starts[place] - 0.85, color="#E6E6E6", linewidth=0.8)
        axes.set_yticks(ticks, _wrap(loadings["item"], 22), fontsize=8.5)
        axes.set_ylim(float(starts[-1]) - 0.9, -0.8)
        low = min(0.0, float(loadings["lower"].min()))
        axes.set_xlim(
            low - 0.02 if low < 0 else 0.0, max(1.0, float(loadings["upper"].max()) + 0.01)
        )
        axes.set_xlabel(
            f"standardised loading (line: {level:.0%} interval; n = {n:,})\n"
            "dashed: half of the item's variance explained"
        )
        _grid(axes, "x")
    return figure


@passes_absence
def draw_ratios(ratios: pd.DataFrame, *, level: float, n: int) -> Figure:
    """Draw HTMT of each pair of constructs with its interval, HTMT2 beside it, and the limits.

    Parameters
    ----------
    ratios : DataFrame
        ``first``, ``second``, ``htmt``, ``htmt lower``, ``htmt upper``, ``htmt2``, the
        most alike first; what is not available is empty.
    level : float
        Confidence of the intervals.
    n : int
        Respondents.
    """
    shown = ratios.head(MOST_PAIRS).reset_index(drop=True)
    labels = _wrap((shown["first"] + " – " + shown["second"]).tolist(), 44)
    tall = max((label.count("\n") + 1 for label in labels), default=1)
    note = f", {len(shown)} most alike of {len(ratios)} pairs" if len(shown) < len(ratios) else ""
    with house_figure(7.0, 1.35 + len(shown) * max(0.27, 0.15 * tall + 0.08)) as (figure, axes):
        rows = np.arange(len(shown))
        ends = shown[["htmt", "htmt2", "htmt lower", "htmt upper"]].to_numpy(dtype=float)
        lowest, highest = np.nanmin(ends, initial=1.0), np.nanmax(ends, initial=1.0)
        sides = (1.0, -1.0) if lowest < -0.8 else (1.0,)
        for limit, style in ((0.85, ":"), (0.9, "--"), (1.0, "-")):
            for side in sides:  # constructs that go together with opposite signs
                axes.axvline(
                    side * limit, color=COLOURS[5], linewidth=1.1, linestyle=style, zorder=1
                )
        axes.hlines(
            rows,
            shown["htmt lower"],
            shown["htmt upper"],
            color=COLOURS[0],
            linewidth=2,
            label=f"{level:.0%} interval of HTMT",
        )
        axes.plot(shown["htmt"], rows, "o", color=COLOURS[0], markersize=6, label="HTMT")
        axes.plot(
            shown["htmt2"],
            rows,
            "D",
            markerfacecolor="white",
            markeredgecolor=INK,
            markersize=5,
            label="HTMT2",
        )
        for limit, text, where in (
            (0.85, ".85", "right"),
            (0.9, ".90", "left"),
            (1.0, "1", "left"),
        ):
            axes.annotate(
                text,
                (limit, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(-2 if where == "right" else 2, 12 if text == ".90" else 2),
                textcoords="offset points",
                ha=where,
                va="bottom",
                fontsize=8,
                color=COLOURS[5],
            )
        axes.set_yticks(rows, labels, fontsize=8.5)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        left = 1.08 * lowest - 0.02 if lowest < 0.3 else min(0.95 * lowest, 0.8)
        axes.set_xlim(float(min(left, 0.0) if lowest < 0.3 else left), 1.04 * float(highest))
        axes.set_xlabel(f"how alike two constructs are answered (n = {n:,}{note})")
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_exploration(pattern: pd.DataFrame) -> Figure:
    """Draw exploratory loadings; a frame marks where each construct's items should lie.

    Parameters
    ----------
    pattern : DataFrame of shape (n_items, n_factors)
        Indexed by construct and item; columns are called by the constructs matched with
        the factors.
    """
    owners = pattern.index.get_level_values("construct")
    items = _wrap(pattern.index.get_level_values("item"), 24)
    heads = _wrap(pattern.columns, 11)
    width = min(7.0, 2.6 + 0.75 * len(heads))
    # Upright names must fit their columns; a letter of 7.5 points is .065 inches wide.
    room = int((width - 1.7) / len(heads) / 0.065)
    turned = max(len(line) for head in heads for line in head.split("\n")) > room
    if turned:
        heads = _wrap(pattern.columns, 26)
    tallest = max(head.count("\n") + 1 for head in heads)
    above = 1.7 if turned else 0.15 * tallest
    with house_figure(width, 0.8 + above + 0.26 * len(items)) as (figure, axes):
        flat = pattern.reset_index(drop=True)
        _paint(figure, axes, flat, bound=1.0, label="loading", decimals=2, bold_from=SALIENT)
        small = 7.5 if len(heads) > 5 else 8.5
        axes.set_xticks(
            np.arange(len(heads)) + 0.5, heads, fontsize=small, rotation=90 if turned else 0
        )
        axes.xaxis.tick_top()
        axes.set_yticks(np.arange(len(items)) + 0.5, items, fontsize=8.5)
        for column, name in enumerate(pattern.columns):
            mine = np.flatnonzero(owners == name)
            if len(mine):
                first, last = mine.min(), mine.max() + 1
                axes.plot(
                    [column, column + 1, column + 1, column, column],
                    [first, first, last, last, first],
                    color=INK,
                    linewidth=1.6,
                    clip_on=False,
                )
        axes.tick_params(length=0)
    return figure

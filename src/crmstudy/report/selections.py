"""Pictures of a choice among CRM systems: who leads, under which weights, at which cost."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.selection.benefit import BenefitCost
from crmstudy.evaluation.selection.chances import SystemChances
from crmstudy.evaluation.selection.sensitivity import ChoiceSensitivity
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands
from crmstudy.report.gains import STYLES, _wrap
from crmstudy.report.labels_on_maps import break_text, place_labels
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

ACROSS = 3  # panels in a row
#: Systems that get a colour of their own; of more only those that lead somewhere do.
MOST_COLOURED = 6
#: Inches: a name in a legend at most, and its sign with the space around.
WIDEST_ENTRY, ENTRY_SIGN = 2.6, 0.62
#: Systems whose names stand beside their points; more are numbered from the cheapest up.
MOST_NAMED = 8
#: Letters of a panel's title in one line.
WIDEST_TITLE = 30
SMALL = 8.0
#: Inches: widest line of a system's name beside its point.
ROOM = 1.5
#: Inches between two points of a line that no name should cover.
STEP = 0.1
BACKING = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


@passes_absence
def draw_selection(chances: SystemChances) -> Figure:
    """Draw each system's score with its interval, beside how probably it is the best.

    A hollow diamond is a system that another one beats somewhere and is nowhere worse than.
    Where nothing varies between draws, there are neither intervals nor probabilities.
    """
    table = chances.table()
    labels = _wrap(table["system"])
    drawn = chances.uncertain
    height = 1.15 + _rows_height(labels, 0.4)
    with house_figure(7.0, height) as (figure, whole):
        whole.remove()
        ratios = [1.5, 1.0] if drawn else [1.0]
        panels = np.atleast_1d(figure.subplots(1, len(ratios), sharey=True, width_ratios=ratios))
        _draw_scores(panels[0], chances, table)
        if drawn:
            _draw_best(panels[1], table)
        panels[0].set_yticks(range(len(labels)), labels)
        panels[0].set_ylim(len(labels) - 0.5, -0.5)
    return figure


def _draw_scores(axes: Any, chances: SystemChances, table: pd.DataFrame) -> None:
    rows = np.arange(len(table))
    level = f"{chances.confidence:.0%} of {chances.n_draws:,} draws"
    if chances.uncertain:
        axes.hlines(rows, table["lower"], table["upper"], color=COLOURS[0], linewidth=2)
    for row, (system, score) in enumerate(zip(table["system"], table["score"], strict=True)):
        beaten = system in chances.choice.dominated
        axes.plot(
            score,
            row,
            "D" if beaten else "o",
            color=COLOURS[0],
            markerfacecolor="white" if beaten else COLOURS[0],
            markersize=6.5,
            zorder=3,
        )
        axes.annotate(
            f"{score:.2f}",
            (score, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
        )
    hollow = "; hollow: dominated" if chances.choice.dominated else ""
    line = f"line: {level}" if chances.uncertain else "nothing varies between draws"
    axes.set_xlabel(f"score, 1 = best on every criterion\n({line}{hollow})", fontsize=8.5)
    axes.margins(x=0.08)
    _grid(axes, "x")


def _draw_best(axes: Any, table: pd.DataFrame) -> None:
    shares = table["best"].to_numpy(dtype=float)
    bars = axes.barh(range(len(shares)), shares, color=COLOURS[1], height=0.5)
    # 100.0% is all, nothing less, and 0.0% none.
    written = [
        ">99.9%" if 0.9995 <= share < 1 else "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
        for share in shares
    ]
    axes.bar_label(bars, written, padding=3, fontsize=SMALL)
    axes.set_xlim(0, 1.28)
    axes.set_xticks([0, 0.5, 1])
    axes.set_xlabel("share of draws\nin which it is the best", fontsize=8.5)
    axes.xaxis.set_major_formatter(_percent)
    _grid(axes, "x")


@passes_absence
def draw_choice_sensitivity(sensitivity: ChoiceSensitivity) -> Figure:
    """Draw every system's score over the weight of each criterion, a panel a criterion.

    A dashed line marks the weight as it is, the band the weights under which its leader
    stays first.
    """
    traces = list(sensitivity.traces.traces.values())
    styles = _style_systems(sensitivity)
    across = min(ACROSS, len(traces))
    rows = -(-len(traces) // across)
    with house_figure(7.0, 0.95 + 1.95 * rows) as (figure, whole):
        whole.remove()
        grid = figure.subplots(rows, across, sharex=True, sharey=True, squeeze=False)
        panels = grid.ravel()
        for axes, trace in zip(panels, traces, strict=False):
            _draw_trace(axes, trace, styles)
            label = sensitivity.choice.performance.label(trace.criterion)
            wide = WIDEST_TITLE if label.isascii() else WIDEST_TITLE // 2
            axes.set_title(fill(label, wide), fontsize=9, loc="left", **_plain(label))
        for axes in panels[len(traces) :]:
            axes.axis("off")
        for axes in panels[: len(traces)][-across:]:
            axes.tick_params(labelbottom=True)
        figure.supxlabel(
            "weight of the criterion, the others in proportion "
            "(dashed: the weight given; band: the leader stays)",
            fontsize=8.5,
        )
        figure.supylabel("score, 1 = best on every criterion", fontsize=8.5)
        handles, names = panels[0].get_legend_handles_labels()
        names = [cut_text(name, WIDEST_ENTRY, SMALL) for name in names]
        room = max(measure_text(name, SMALL) for name in names) + ENTRY_SIGN
        columns = max(1, min(len(names), int(6.9 / room)))
        figure.legend(handles, names, loc="outside upper center", ncols=columns, fontsize=SMALL)
    return figure


def _plain(label: str) -> dict[str, Any]:
    return bold(label) or {"weight": "normal"}


def _style_systems(sensitivity: ChoiceSensitivity) -> dict[str, tuple[str, Any, float]]:
    """Give each system a colour, a line style and a width; colour is never the only sign."""
    order = list(sensitivity.choice.order)
    leading = set().union(*(map(_find_leading, sensitivity.traces.traces.values())))
    named = order if len(order) <= MOST_COLOURED else [n for n in order if n in leading]
    dashes = ("-", *STYLES)
    return {
        name: (
            (COLOURS[place % len(COLOURS)], dashes[place % len(dashes)], 2.2 if not place else 1.6)
            if name in named[:MOST_COLOURED]
            else (QUIET, "-", 0.9)
        )
        for place, name in enumerate([*named, *(n for n in order if n not in named)])
    }


def _find_leading(trace: Any) -> set[str]:
    """Name the systems that lead under some weight: on top in the middle of a stretch."""
    middle = (trace.leaders["from"] + trace.leaders["to"]).to_numpy(dtype=float) / 2
    start, end = (trace.lines[f"score at {place}"].to_numpy(dtype=float) for place in (0, 1))
    scores = start[:, None] + middle * (end - start)[:, None]
    on_top = (scores >= scores.max(axis=0) - 1e-9).any(axis=1)
    return set(map(str, trace.lines.index[on_top]))


def _draw_trace(axes: Any, trace: Any, styles: dict[str, tuple[str, Any, float]]) -> None:
    low, high = trace.stays
    if high > low:
        axes.axvspan(low, high, color="#EAF2F8", linewidth=0, zorder=0)
    axes.axvline(trace.weight, color=INK, linewidth=1, linestyle="--")
    others = False
    for name, (colour, style, width) in styles.items():
        ends = trace.lines.loc[name, ["score at 0", "score at 1"]].to_numpy(dtype=float)
        shown: str | None = name
        if colour == QUIET:  # the many that never lead share one entry
            shown, others = (None, True) if others else ("others", True)
        axes.plot([0, 1], ends, color=colour, linestyle=style, linewidth=width, label=shown)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.xaxis.set_major_formatter(_percent)
    _grid(axes, "y")


@passes_absence
def draw_benefit_cost(benefit: BenefitCost) -> Figure:
    """Draw the benefit of each system against what it costs, and the frontier of both.

    Filled points are systems that no other one matches in benefit and cost and beats in
    one; the line leads from each to the next dearer one.
    """
    table = benefit.table()
    cost, points = (table.iloc[:, i].to_numpy(dtype=float) for i in (_cost_column(table), 1))
    bounded = "lower" in table
    on = table["system"].isin(benefit.frontier).to_numpy(dtype=bool)
    many = len(table) > MOST_NAMED
    # Bars of many systems would hide what they belong to.
    barred = on | (not many)
    with house_figure(7.0, 4.0) as (figure, axes):
        if bounded:
            ends = table.loc[barred, "lower"], table.loc[barred, "upper"]
            axes.vlines(cost[barred], *ends, color=COLOURS[0], linewidth=1.6)
        axes.plot(cost[on], points[on], color=COLOURS[5], linewidth=1.2, linestyle="--", zorder=1)
        axes.plot(cost[on], points[on], "o", color=COLOURS[0], markersize=7, zorder=3)
        axes.plot(
            *(cost[~on], points[~on], "D"),
            color=COLOURS[0],
            markerfacecolor="white",
            markersize=6.5,
            zorder=3,
        )
        axes.margins(x=0.16, y=0.16)
        low = 0.0 if cost.min() < 0.35 * cost.max() else axes.get_xlim()[0]
        axes.set_xlim(left=max(low, 0.0))
        signs = [
            "dashed: the frontier" if on.sum() > 1 else "",
            "hollow: dominated" if (~on).any() else "",
            f"bar: {benefit.confidence:.0%} of the draws" if bounded else "",
            "numbers: from the cheapest up, as in the table" if many else "",
        ]
        names = ", ".join(benefit.choice.performance.label(name) for name in benefit.costs)
        key = "; ".join(filter(None, signs))
        axes.set_xlabel(
            f"{names}, {benefit.currency}" + ("\n" + fill(f"({key})", 84) if key else "")
        )
        axes.set_ylabel("benefit, points of 100\n(all criteria but cost)")
        axes.xaxis.set_major_formatter(_thousands)
        axes.grid(axis="both")
        axes.tick_params(length=0)
        figure.draw_without_rendering()
        texts = [str(1 + row) for row in range(len(table))] if many else list(table["system"])
        frontier = np.column_stack([cost[on], points[on]])
        bars = _list_bars(table[barred], cost[barred])
        _name_points(axes, texts, np.column_stack([cost, points]), [*bars, frontier])
    return figure


def _list_bars(table: pd.DataFrame, cost: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Both ends of each interval, where there are intervals."""
    if "lower" not in table:
        return []
    ends = zip(cost, table["lower"], table["upper"], strict=True)
    return [np.array([[at, low], [at, high]]) for at, low, high in ends]


def _cost_column(table: pd.DataFrame) -> int:
    return next(i for i, name in enumerate(table.columns) if str(name).startswith("cost, "))


def _name_points(
    axes: Any,
    texts: Sequence[str],
    points: np.ndarray[Any, Any],
    lines: Sequence[np.ndarray[Any, Any]],
) -> None:
    """Write names beside their points, where they cover neither points nor lines."""
    frame = axes.get_window_extent()
    inches = np.array([frame.width, frame.height]) / axes.figure.dpi
    low = np.array([axes.get_xlim()[0], axes.get_ylim()[0]])
    scale = (np.array([axes.get_xlim()[1], axes.get_ylim()[1]]) - low) / inches
    places = [(float(x), float(y)) for x, y in (points - low) / scale]
    obstacles = [(x, y, 0.09) for x, y in places]
    for line in lines:
        for start, end in pairwise((line - low) / scale):
            steps = np.linspace(start, end, 2 + int(np.hypot(*(end - start)) / STEP))
            obstacles += [(float(x), float(y), 0.05) for x, y in steps]
    labels = place_labels(
        [break_text(text, ROOM, SMALL) for text in texts],
        places,
        obstacles,
        width=float(inches[0]),
        height=float(inches[1]),
        sizes=[SMALL] * len(texts),
    )
    for label in labels:
        x, y = low + scale * np.array([label.left, label.bottom + label.height / 2])
        if label.far:
            corner = np.array([label.left, label.bottom])
            edge = np.clip(label.point, corner, corner + np.array([label.width, label.height]))
            line = low + scale * np.array([label.point, edge])
            axes.plot(line[:, 0], line[:, 1], ":", color=INK, linewidth=0.8, zorder=2)
        axes.text(x, y, label.text, fontsize=SMALL, va="center", zorder=4, bbox=BACKING)

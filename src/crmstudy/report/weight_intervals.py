"""How firm weights are: intervals, and rankings as one weight goes from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.hierarchy.intervals import WeightIntervals
from crmstudy.evaluation.hierarchy.sensitivity import Sensitivity, WeightTrace
from crmstudy.report.figures import _grid
from crmstudy.report.gains import STYLES, _wrap
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Panels beside each other; lines that have a style of their own.
ACROSS, MOST_STYLED = 2, 6
#: Rows of weights for which the probability of being first is written.
SMALL = 8


@passes_absence
def draw_weight_intervals(intervals: WeightIntervals) -> Figure:
    """Draw the weights of criteria and of indicators with their intervals, heaviest first.

    At the right stands how often each is the heaviest of its level.
    """
    levels = [intervals.of(level) for level in ("criterion", "indicator")]
    labels = [_wrap(map(spell, map(str, rows["name"]))) for rows in levels]
    tall = [_tall(each) for each in labels]
    with house_figure(7.0, 1.35 + sum(tall)) as (figure, whole):
        whole.remove()
        panels = figure.subplots(2, 1, height_ratios=tall, sharex=True)
        for axes, rows, names, title in zip(
            panels, levels, labels, ("criteria", "indicators, weight in the goal"), strict=True
        ):
            _draw_level(axes, rows, names)
            axes.set_title(title, fontsize=9.5, **_face(title))
        top = max(float(rows["upper"].max()) for rows in levels)
        for axes in panels:
            axes.set_xlim(0, 1.24 * top)
            axes.set_xticks([tick for tick in axes.get_xticks() if tick <= min(1.06 * top, 1)])
        panels[0].annotate(
            "heaviest in",
            (1, 1),
            xycoords="axes fraction",
            xytext=(0, 4),
            textcoords="offset points",
            ha="right",
            fontsize=SMALL,
        )
        panels[1].set_xlabel(_say_interval(intervals))
    return figure


def _tall(labels: Sequence[str]) -> float:
    return sum(0.24 + 0.15 * label.count("\n") for label in labels) + 0.12


def _draw_level(axes: Any, rows: pd.DataFrame, labels: Sequence[str]) -> None:
    places = np.arange(len(rows))
    axes.hlines(places, rows["lower"], rows["upper"], color=COLOURS[0], linewidth=2)
    axes.plot(rows["weight"], places, "o", color=COLOURS[0], markersize=6)
    for place, share in zip(places, rows["probability first"], strict=True):
        axes.annotate(
            _write_share(float(share)),
            (1, place),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="center",
            fontsize=SMALL,
            color=INK if share >= 0.0005 else "#8A8A8A",
        )
    axes.set_yticks(places, labels)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    _grid(axes, "x")


def _write_share(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def _say_interval(intervals: WeightIntervals) -> str:
    experts = f"{intervals.n_experts} expert{'' if intervals.n_experts == 1 else 's'}"
    return (
        f"weight (dot: as weighed; line: {intervals.confidence:.0%} of {intervals.n_draws:,} "
        f"draws, {experts};\nright: share of the draws)"
    )


@passes_absence
def draw_sensitivity(sensitivity: Sensitivity, *, score: str = "score") -> Figure:
    """Draw the scores of all alternatives over the weight of each criterion, a panel each.

    The dashed line is the weight as it is, the band where the leader stays. Alternatives
    that lead somewhere, and the next best, have lines of their own; others are grey.

    Parameters
    ----------
    score : str
        What is drawn, in words.
    """
    traces = list(sensitivity.traces.values())
    styles = _style(traces)
    across = min(ACROSS, len(traces))
    down = -(-len(traces) // across)
    entries = sum(style is not None for style in styles.values())
    legend = 0.22 * -(-(entries + (entries < len(styles))) // 3)
    with house_figure(7.0, 0.8 + legend + 1.95 * down) as (figure, whole):
        whole.remove()
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, trace in zip(grid, traces, strict=False):
            _draw_trace(axes, trace, styles)
            title = _wrap([spell(trace.criterion)])[0]
            axes.set_title(title, fontsize=9.5, **_face(title))
        for axes in grid[len(traces) :]:
            axes.axis("off")
        for axes in grid[len(traces) - across : len(traces)]:
            axes.tick_params(labelbottom=True)
        figure.supxlabel(
            "weight, the others in proportion (dashed: as it is; band: the leader stays)",
            fontsize=9,
        )
        figure.supylabel(score, fontsize=9)
        handles, names = grid[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper center", ncols=3, fontsize=8)
    return figure


def _face(title: str) -> dict[str, str]:
    """Bold where there is a bold face; titles are bold unless told otherwise."""
    return bold(title) or {"weight": "normal"}


def _style(traces: Sequence[WeightTrace]) -> dict[str, tuple[str, Any] | None]:
    """Give colour and line style to those who lead somewhere, then to the best; others none."""
    now = traces[0].lines["score now"].sort_values(ascending=False, kind="stable")
    leading = {
        name
        for trace in traces
        for middle in (trace.leaders["from"] + trace.leaders["to"]) / 2
        for name in trace.lead_at(middle)
    }
    order = sorted(map(str, now.index), key=lambda name: name not in leading)
    chosen = order[:MOST_STYLED]
    dashes = ("-", *STYLES)
    return {
        name: (COLOURS[chosen.index(name)], dashes[chosen.index(name)]) if name in chosen else None
        for name in order
    }


def _draw_trace(axes: Any, trace: WeightTrace, styles: dict[str, tuple[str, Any] | None]) -> None:
    low, high = trace.stays
    axes.axvspan(low, high, color="#EAF2F8", linewidth=0, zorder=0)
    others = f"{sum(style is None for style in styles.values())} others"
    for name, style in styles.items():
        ends = trace.lines.loc[name, ["score at 0", "score at 1"]].to_numpy(dtype=float)
        if style is None:
            axes.plot([0, 1], ends, color=QUIET, linewidth=0.8, zorder=1, label=others)
            others = "_"
        else:
            colour, dash = style
            label = _wrap([spell(name)])[0]
            axes.plot([0, 1], ends, color=colour, linestyle=dash, linewidth=1.9, label=label)
    axes.axvline(trace.weight, color=INK, linewidth=1, linestyle="--")
    axes.set_xlim(0, 1)
    _grid(axes, "y")

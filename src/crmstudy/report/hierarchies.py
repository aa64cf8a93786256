"""A hierarchy with its weights as a diagram, and the consistency of those who judged it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, RebuiltHierarchy
from crmstudy.report.figures import _grid, _rows_height
from crmstudy.report.gains import _wrap
from crmstudy.report.labels_on_maps import break_text
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Inches: the page, a row, the heads of the columns, the space between two criteria.
WIDTH, ROW, TOP, SPACE = 7.0, 0.33, 0.42, 0.1
#: Inches: left edge and width of the boxes of the goal and of the criteria.
GOAL, GOAL_WIDE, CRITERION, CRITERION_WIDE = 0.05, 1.2, 1.62, 1.55
#: Inches: where indicators, their local and overall weights and their bars begin and end.
INDICATOR, LOCAL, OVERALL, BAR, END = 3.52, 5.52, 6.02, 6.1, 6.95
SIZE, SMALL, NOTE = 8.5, 7.5, 7.0
#: Inches: a line of a note beneath the tree.
LINE = 0.14
GREY, PALE = "#8A8A8A", "#EAF2F8"

#: Markers of matrices; colour is never the only sign.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")


@passes_absence
def draw_hierarchy(
    weights: HierarchyWeights, *, goal: str, rebuilt: RebuiltHierarchy | None = None
) -> Figure:
    """Draw goal, criteria and indicators with their weights.

    Lines are as thick as what they lead to weighs under what is above it; bars are the
    indicators' weights in the goal.

    Parameters
    ----------
    weights : HierarchyWeights
        Of the whole hierarchy.
    goal : str
        What is evaluated, in words.
    rebuilt : RebuiltHierarchy, optional
        What is left of it: weights are then those brought back to a sum of 1, and what
        was left out stands in grey with the reason, a long one in a note at the foot.
    """
    shown = weights if rebuilt is None else rebuilt.reweigh(weights)
    gone, notes = _word_reasons({} if rebuilt is None else dict(rebuilt.dropped))
    tree = {str(name): [str(one) for one in local.index] for name, local in weights.local.items()}
    places, foot = _place_rows(tree)
    height = foot + sum(LINE * (note.count("\n") + 1) for note in notes)
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.axis("off")
        _draw_heads(axes)
        middles = {name: float(np.mean([places[one] for one in tree[name]])) for name in tree}
        centre = (min(middles.values()) + max(middles.values())) / 2
        longest = float(shown.overall.max())
        for name, indicators in tree.items():
            weight = float(shown.criteria[name]) if name in shown.criteria.index else None
            _join(axes, (GOAL + GOAL_WIDE, centre), (CRITERION, middles[name]), weight)
            for one in indicators:
                local = None if one in gone else float(shown.local[name][one])
                start = (CRITERION + CRITERION_WIDE, middles[name])
                _join(axes, start, (INDICATOR, places[one]), local)
                pair = None if local is None else (local, local * float(weight or 0.0))
                _draw_indicator(axes, one, places[one], pair, gone.get(one, ""), longest)
            _draw_box(axes, (CRITERION, middles[name]), CRITERION_WIDE, name, weight)
        _draw_box(axes, (GOAL, centre), GOAL_WIDE, goal, 1.0, colour=COLOURS[0])
        if notes:
            look = {"fontsize": NOTE, "color": GREY, "style": "italic", "linespacing": 1.15}
            axes.text(GOAL, foot - 0.04, "\n".join(notes), va="top", **look)
    return figure


def _word_reasons(dropped: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Word what stands beneath each indicator left out, and the notes on long reasons."""
    beneath: dict[str, str] = {}
    notes: dict[str, str] = {}
    for name, reason in dropped.items():
        said = f"not available: {reason}"
        if measure_text(said, NOTE) > END - INDICATOR - 0.06:
            sign = notes.setdefault(reason, chr(ord("a") + len(notes)))
            said = f"not available ({sign})"
        beneath[name] = said
    lines = [f"({sign}) {reason}" for reason, sign in notes.items()]
    return beneath, [break_text(line, WIDTH - 2 * GOAL, NOTE) for line in lines]


def _place_rows(tree: dict[str, list[str]]) -> tuple[dict[str, float], float]:
    """Height of each indicator's row, and of the page; a criterion has room for its box."""
    places: dict[str, float] = {}
    top = TOP
    for indicators in tree.values():
        tall = max(ROW * len(indicators), 0.62)
        first = top + (tall - ROW * len(indicators)) / 2
        places |= {one: first + ROW * (k + 0.5) for k, one in enumerate(indicators)}
        top += tall + SPACE
    return places, max(top + 0.02, 1.4)


def _draw_heads(axes: Any) -> None:
    heads = {
        GOAL + GOAL_WIDE / 2: "goal",
        CRITERION + CRITERION_WIDE / 2: "criteria",
    }
    for x, text in heads.items():
        axes.text(x, 0.2, text, fontsize=SMALL, color=GREY, ha="center", va="center")
    axes.text(INDICATOR + 0.06, 0.2, "indicators", fontsize=SMALL, color=GREY, va="center")
    for x, text in ((LOCAL, "local\nweight"), (OVERALL, "overall\nweight")):
        axes.text(x, 0.2, text, fontsize=SMALL, color=GREY, ha="right", va="center")


def _join(
    axes: Any, start: tuple[float, float], end: tuple[float, float], weight: float | None
) -> None:
    """Lead a line with one step from box to box; grey dots to what was left out."""
    across = (start[0] + end[0]) / 2
    xs, ys = (start[0], across, across, end[0]), (start[1], start[1], end[1], end[1])
    if weight is None:
        axes.plot(xs, ys, color=QUIET, linewidth=0.9, linestyle=":", zorder=0)
    else:
        axes.plot(
            xs,
            ys,
            color="#7FA6C9",
            linewidth=0.6 + 4.4 * weight,
            zorder=1,
            solid_joinstyle="round",
        )


def _draw_box(
    axes: Any,
    corner: tuple[float, float],
    wide: float,
    name: str,
    weight: float | None,
    *,
    colour: str = INK,
) -> None:
    """Draw a box with a name of up to two lines and its weight; dashed if it was left out."""
    # Bold letters are a seventh wider than those that are measured.
    text = break_text(spell(name), (wide - 0.1) / 1.15, SIZE)
    tall = 0.56 if "\n" in text else 0.42
    faint = weight is None
    left, top = corner[0], corner[1] - tall / 2
    axes.fill(
        [left, left + wide, left + wide, left],
        [top, top, top + tall, top + tall],
        facecolor="white" if faint else PALE,
        edgecolor=GREY if faint else colour,
        linestyle="--" if faint else "-",
        linewidth=1.0,
        zorder=2,
    )
    said = "left out" if weight is None else f"{weight:.3f}"
    x = corner[0] + wide / 2
    axes.text(
        x,
        corner[1] - 0.08,
        text,
        fontsize=SIZE,
        ha="center",
        va="center",
        linespacing=1.05,
        color=GREY if faint else INK,
        zorder=3,
        **bold(text),
    )
    axes.text(
        x,
        corner[1] + tall / 2 - 0.1,
        said,
        fontsize=SMALL,
        ha="center",
        va="center",
        zorder=3,
        color=GREY if faint else INK,
    )


def _draw_indicator(
    axes: Any,
    name: str,
    y: float,
    weights: tuple[float, float] | None,
    reason: str,
    longest: float,
) -> None:
    """Write an indicator with its weights and a bar, or in grey with the reason."""
    x, room = INDICATOR + 0.06, LOCAL - 0.42 - INDICATOR - 0.06
    if weights is None:
        text = cut_text(spell(name), END - x, SIZE)
        axes.text(x, y - 0.07, text, fontsize=SIZE, color=GREY, va="center")
        axes.text(x, y + 0.08, reason, fontsize=NOTE, color=GREY, va="center", style="italic")
        return
    text = break_text(spell(name), room, SIZE)
    if "\n" in text:
        text = break_text(spell(name), room, SMALL)
    size = SMALL if "\n" in text else SIZE
    axes.text(x, y, text, fontsize=size, va="center", linespacing=1.0)
    local, overall = weights
    for end, value in ((LOCAL, local), (OVERALL, overall)):
        axes.text(end, y, f"{value:.3f}", fontsize=SIZE, ha="right", va="center")
    wide = (END - BAR) * overall / longest
    axes.fill(
        [BAR, BAR + wide, BAR + wide, BAR],
        [y - 0.08, y - 0.08, y + 0.08, y + 0.08],
        color=COLOURS[0],
        linewidth=0,
    )


@passes_absence
def draw_expert_consistency(consistency: pd.DataFrame, *, limit: float) -> Figure:
    """Draw each expert's consistency ratio in every matrix against the limit.

    Parameters
    ----------
    consistency : DataFrame
        As :class:`crmstudy.evaluation.groups.panel.HierarchyResult` holds it.
    limit : float
        Ratio from which judgements are called inconsistent.
    """
    judged = consistency[consistency["size"] > 2]
    experts = list(dict.fromkeys(consistency["expert"]))
    used = consistency.drop_duplicates("expert").set_index("expert")["used"]
    labels = _wrap([one if used[one] else f"{one} (left out)" for one in experts])
    matrices = list(dict.fromkeys(judged["matrix"]))
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.42)) as (figure, axes):
        axes.axvline(limit, color=COLOURS[5], linewidth=1.4, linestyle="--")
        for place, matrix in enumerate(matrices):
            rows = judged[judged["matrix"] == matrix]
            # Beside each other, or equal ratios would hide one another.
            shift = 0.72 * ((place + 0.5) / len(matrices) - 0.5)
            axes.plot(
                rows["consistency ratio"],
                [experts.index(one) + shift for one in rows["expert"]],
                linestyle="none",
                marker=MARKERS[place % len(MARKERS)],
                markersize=6,
                color=COLOURS[place % len(COLOURS)],
                markeredgecolor="white",
                markeredgewidth=0.5,
                clip_on=False,
                label=spell(str(matrix)),
            )
        for edge in range(1, len(experts)):
            axes.axhline(edge - 0.5, color="#E6E6E6", linewidth=0.8, zorder=0)
        axes.set_yticks(np.arange(len(experts)), labels)
        axes.set_ylim(len(experts) - 0.5, -0.5)
        farthest = max(limit, 0.1, *judged["consistency ratio"])
        axes.set_xlim(-0.02 * farthest, 1.05 * farthest)
        axes.set_xlabel(f"consistency ratio (dashed: limit {limit:g}; 0: no contradiction)")
        if matrices:
            figure.legend(loc="outside upper center", ncols=min(3, len(matrices)), fontsize=8)
        _grid(axes, "x")
    return figure

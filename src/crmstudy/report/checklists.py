"""The path of an implementation as a drawing: where each task began, stands and shall end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.implementation.checklist import Checklist
from crmstudy.case.implementation.staff import ALL, StaffScores
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import _grid, _rows_height, _wrap
from crmstudy.report.tables import format_value
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: How far beyond baseline and target a value is still drawn at its place.
FARTHEST = 0.6


@passes_absence
def draw_progress(checklist: Checklist) -> Figure:
    """Draw each measured task on its own way: 0% is what was before, 100% the target.

    A value far beyond either end is drawn at the edge, with an arrow; the numbers stand at
    the right.
    """
    drawn = checklist.drawn()
    if drawn.empty:
        return NotAvailable(  # type: ignore[return-value]
            "no task of the implementation is measured by an indicator"
        )
    labels = _wrap(drawn["task"])
    height = 1.5 + _rows_height(labels, 0.46)
    with house_figure(7.0, height) as (figure, axes):
        axes.axvspan(0, 1, color="#F0F0F0", zorder=0)
        for row, each in enumerate(drawn.to_dict("records")):
            _draw_task(axes, row, each)
        for phase, rows in drawn.groupby("phase", sort=False).indices.items():
            if rows[0]:
                axes.axhline(rows[0] - 0.5, color=QUIET, linewidth=0.8)
            axes.annotate(
                str(phase),
                (-FARTHEST, rows[0] - 0.44),
                fontsize=7.5,
                va="top",
                color=COLOURS[0],
                **bold(str(phase)),
            )
        axes.plot([], [], "|", color=INK, markersize=12, markeredgewidth=2, label="before")
        axes.plot([], [], "D", color=COLOURS[5], markersize=6, label="target")
        axes.plot([], [], "o-", color=COLOURS[0], label=f"now, {checklist.level:.0%} interval")
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(-FARTHEST - 0.05, 1 + FARTHEST + 0.05)
        axes.set_xticks([0, 0.5, 1], ["before", "half way", "target"])
        axes.set_xlabel("share of the way from what was before to the target")
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5)
        _grid(axes, "x")
    return figure


def _draw_task(axes: Any, row: int, each: dict[Any, Any]) -> None:
    way = each["target"] - each["before"]
    axes.plot([0], [row], "|", color=INK, markersize=14, markeredgewidth=2)
    axes.plot([1], [row], "D", color=COLOURS[5], markersize=6)
    said = " → ".join(_write(each[name]) for name in ("before", "now"))
    text = f"{said} (target {_write(each['target'])})\n{each['status']}"
    axes.annotate(
        text,
        (1.01, row),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=7.5,
        annotation_clip=False,
    )
    if not way:
        return
    limits = -FARTHEST, 1 + FARTHEST
    ends = [each["lower"], each["upper"]]
    if not any(end is None or pd.isna(end) for end in ends):
        shares = np.clip([(end - each["before"]) / way for end in ends], *limits)
        axes.plot(shares, [row, row], color=COLOURS[0], linewidth=2.2)
    at = (each["now"] - each["before"]) / way
    sign = ">" if at > limits[1] else "<" if at < limits[0] else "o"
    axes.plot([np.clip(at, *limits)], [row], sign, color=COLOURS[0], markersize=7)


def _write(value: float) -> str:
    decimals = 2 if abs(value) < 10 else 1
    return format_value(float(value), decimals)


@passes_absence
def draw_staff_scores(staff: StaffScores) -> Figure:
    """Draw what the staff say: mean of each construct with its interval, by department."""
    groups = list(dict.fromkeys(staff.scores["group"]))
    constructs = list(dict.fromkeys(staff.scores["label"]))
    sizes = staff.scores.groupby("group", sort=False)["n"].max()
    labels = _wrap(f"{group} (n = {sizes[group]:,})" for group in groups)
    signs = ("o", "s", "D", "^", "v", "P", "X")
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.2 + 0.13 * len(constructs))) as (
        figure,
        axes,
    ):
        offsets = np.linspace(-0.26, 0.26, len(constructs)) if len(constructs) > 1 else [0.0]
        for position, (name, offset) in enumerate(zip(constructs, offsets, strict=True)):
            part = staff.scores[staff.scores["label"] == name]
            rows = np.array([groups.index(group) for group in part["group"]]) + offset
            colour = COLOURS[position % len(COLOURS)]
            axes.hlines(rows, part["lower"], part["upper"], color=colour, linewidth=1.8)
            sign = signs[position % len(signs)]
            axes.plot(part["mean"], rows, sign, color=colour, markersize=5.5, label=name)
        if ALL in groups and len(groups) > 1:
            axes.axhline(0.5, color=QUIET, linewidth=0.8)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(0, 100)
        axes.set_xlabel(f"points of 100, with {staff.level:.0%} interval")
        figure.legend(loc="outside lower center", ncols=min(3, len(constructs)), fontsize=8.5)
        _grid(axes, "x")
    return figure

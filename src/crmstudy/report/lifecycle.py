"""Pictures of the customer lifecycle: stages, moves between them, time to lapse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import _percent as _percent_tick
from crmstudy.report.flows import _draw_cells, _frame, _percent
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure
from crmstudy.value.lifecycle.hazards import Hazards
from crmstudy.value.lifecycle.stages import UNTOLD, Lifecycle
from crmstudy.value.lifecycle.survival import GroupSurvival, Survival
from crmstudy.value.lifecycle.transitions import Transitions

#: From the bottom of a bar to its top: colour and hatch of each stage.
STAGE_LOOKS = {
    "stable-mature": (COLOURS[0], ""),
    "stable-growing": (COLOURS[4], "//"),
    "new": (COLOURS[2], ""),
    "reactivated": ("#9FD8C4", "\\\\"),
    "declining": (COLOURS[1], ""),
    "lost": (COLOURS[5], "xx"),
    "prospect": ("#DDDDDD", ".."),
    UNTOLD: ("white", ""),
}
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))
WIDTH = 7.0
MOST_LABELLED = 9  # bars that have room for shares in them
LARGE = 0.055  # share that has room for a number
#: Chinese titles are not bold: their fonts have no bold face.
PLAIN = {"weight": "normal"}
LINE = 0.155  # inches of a line of numbers at risk


@passes_absence
def draw_stages(lifecycle: Lifecycle) -> Figure:
    """Draw the shares of the stages in each period as stacked bars, the number above.

    Those whose stage cannot be told, for they may be older than the record, stay white.
    """
    counts = lifecycle.counts()
    totals = counts.sum(axis=1).to_numpy()
    shares = counts.div(np.maximum(totals, 1), axis=0)
    present = [name for name in STAGE_LOOKS if counts[name].sum() > 0]
    places, floor = np.arange(len(shares)), np.zeros(len(shares))
    with house_figure(WIDTH, 3.9) as (figure, axes):
        for name in present:
            colour, hatch = STAGE_LOOKS[name]
            heights = shares[name].to_numpy(float)
            axes.bar(
                places,
                heights,
                0.78,
                bottom=floor,
                color=colour,
                hatch=hatch,
                edgecolor=QUIET if name == UNTOLD else "white",
                linewidth=0.6,
                label=name,
            )
            if len(places) <= MOST_LABELLED:
                _write_shares(axes, places, heights, floor)
            floor = floor + heights
        _write_totals(axes, places, totals)
        _label_periods(axes, list(shares.index))
        axes.set(ylim=(0, 1.07), ylabel="share of customers", xlabel=lifecycle.calendar.unit)
        axes.set_xlim(-0.6, max(len(places) - 0.4, 1.6))
        axes.yaxis.set_major_formatter(_percent_tick)
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.tick_params(length=0)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside right center", fontsize=8.5)
    return figure


def _write_shares(axes: Any, places: Any, heights: Any, floor: Any) -> None:
    for place, height, bottom in zip(places, heights, floor, strict=True):
        if height >= LARGE:
            axes.text(
                place,
                bottom + height / 2,
                _percent(float(height)),
                ha="center",
                va="center",
                fontsize=7.5,
                bbox={"facecolor": "white", "alpha": 0.78, "linewidth": 0, "pad": 0.8},
            )


def _write_totals(axes: Any, places: Any, totals: Any) -> None:
    wide = len(places) > MOST_LABELLED
    for place, total in zip(places, totals, strict=True):
        said = f"{total:,}" if wide else f"n={total:,}"
        axes.text(
            place,
            1.015,
            said,
            ha="left" if wide else "center",
            va="bottom",
            fontsize=6.5 if wide else 8,
            rotation=45 if wide else 0,
            rotation_mode="anchor",
        )


def _label_periods(axes: Any, labels: list[str]) -> None:
    step = max(1, -(-len(labels) // 12))
    shown = range(0, len(labels), step)
    turned = len(labels) > 8
    axes.set_xticks(
        list(shown),
        [labels[place] for place in shown],
        rotation=40 if turned else 0,
        ha="right" if turned else "center",
        rotation_mode="anchor",
        fontsize=8.5,
    )


@passes_absence
def draw_stage_transitions(transitions: Transitions) -> Figure:
    """Draw the shares of each stage that go to each other, with intervals, as a heat map.

    A row adds up to 100%; the steps behind it stand beside its name, the 95% interval of a
    share below it, and cells of those who stay are framed.
    """
    rows = np.flatnonzero(transitions.counts.sum(axis=1))
    columns = np.flatnonzero(transitions.counts.sum(axis=0))
    cells = np.ix_(rows, columns)
    shares, lower, upper = (
        values[cells] for values in (transitions.shares, transitions.lower, transitions.upper)
    )
    totals = transitions.counts.sum(axis=1)[rows]

    def write(row: int, column: int) -> str:
        if not transitions.counts[cells][row, column]:
            return "·"
        low, high = (100 * ends[row, column] for ends in (lower, upper))
        return f"{_percent(float(shares[row, column]))}\n{low:.0f} to {high:.0f}"

    with house_figure(WIDTH, 1.35 + 0.47 * len(rows)) as (figure, axes):
        _draw_cells(axes, shares, write, size=8.0)
        for row, stage in enumerate(rows):
            if stage in columns:
                _frame(axes, row, int(np.flatnonzero(columns == stage)[0]))
        names = transitions.stages
        heads = [names[i].replace("-", "-\n") for i in columns]
        axes.set_xticks(range(len(columns)), heads, fontsize=8.5)
        labels = [f"{names[i]} ({n:,})" for i, n in zip(rows, totals, strict=True)]
        axes.set_yticks(range(len(rows)), labels, fontsize=8.5)
        said = f"n = {transitions.n:,} customer{'' if transitions.n == 1 else 's'}"
        axes.set(
            xlabel=f"a {transitions.unit} later, percent of the row and 95% interval ({said})",
            ylabel="stage (steps)",
        )
    return figure


def draw_survival(
    survival: Survival | NotAvailable,
    groups: GroupSurvival | NotAvailable | None = None,
    *,
    by: str = "",
) -> Figure | NotAvailable:
    """Draw the share of customers who have not lapsed, of all and of the groups of a grouping.

    Parameters
    ----------
    survival : Survival
        The curve of all, drawn with its 95% band.
    groups : GroupSurvival, optional
        Curves of groups, drawn beside it without bands.
    by : str
        Which grouping; empty takes the first.
    """
    return _draw_survival(survival, groups if isinstance(groups, GroupSurvival) else None, by)


@passes_absence
def _draw_survival(survival: Survival, groups: GroupSurvival | None, by: str) -> Figure:
    curves: Mapping[str, Survival] = {}
    if groups is not None:
        by = by if by in groups.curves else next(iter(groups.curves))
        curves = groups.curves[by]
    ticks = _choose_weeks(survival.longest)
    height = 3.25 + LINE * (2 + max(len(curves), 1))
    with house_figure(WIDTH, height, 2 if curves else 1) as (_figure, panels):
        axes = np.atleast_1d(panels)
        _draw_band(axes[0], survival)
        _write_at_risk(axes[0], {"all": survival}, ticks)
        whole = f"all customers (n = {survival.n:,})"
        axes[0].set_title(whole, fontsize=9, **bold(whole))
        axes[0].set_ylabel("share not lapsed")
        if curves:
            for place, (name, curve) in enumerate(curves.items()):
                _draw_steps(axes[1], curve, name, place)
            axes[1].legend(fontsize=7.5, loc="upper right", handlelength=2.6)
            title = cut_text(f"by {by}", 2.9, 9, heavy=True)
            axes[1].set_title(title, fontsize=9, **(bold(title) or PLAIN))
            _write_at_risk(axes[1], curves, ticks)
        for one in axes:
            one.set(ylim=(0, 1.02), xlim=(0, max(survival.longest, 1.0)))
            one.set_xlabel("weeks since the first purchase")
            one.set_xticks(ticks)
            one.set_yticks(np.linspace(0, 1, 6))
            one.yaxis.set_major_formatter(_percent_tick)
            one.grid(axis="y")
            one.tick_params(length=0)
    return _figure


def _choose_weeks(longest: float) -> list[int]:
    steps = (1, 2, 4, 8, 13, 26, 52, 104)
    step = next((step for step in steps if longest / step <= 6), 208)
    return list(range(0, int(longest) + 1, step))


def _draw_band(axes: Any, survival: Survival) -> None:
    curve = survival.curve
    weeks = curve["weeks"].to_numpy()
    axes.fill_between(
        weeks, curve["lower"], curve["upper"], step="post", color=COLOURS[0], alpha=0.2, linewidth=0
    )
    _draw_steps(axes, survival, "", 0)
    if 0 < survival.median < np.inf:
        axes.plot([0, survival.median], [0.5, 0.5], color=INK, linewidth=0.8, linestyle=":")
        axes.plot([survival.median] * 2, [0, 0.5], color=INK, linewidth=0.8, linestyle=":")
        axes.annotate(
            f"median {survival.median:,.1f}",
            (survival.median, 0.5),
            xytext=(4, 3),
            textcoords="offset points",
            fontsize=8,
        )


def _draw_steps(axes: Any, curve: Survival, name: str, place: int) -> None:
    axes.step(
        np.concatenate([[0.0], curve.curve["weeks"]]),  # all customers start without a lapse
        np.concatenate([[1.0], curve.curve["share"]]),
        where="post",
        color=COLOURS[place % len(COLOURS)],
        linestyle=STYLES[place % len(STYLES)],
        linewidth=1.5,
        label=cut_text(name, 1.5, 7.5),
    )


def _write_at_risk(axes: Any, curves: Mapping[str, Survival], ticks: list[int]) -> None:
    """Write below the axis how many customers of each curve are still watched."""
    top = -0.6  # inches below the axis
    said = "customers at risk" + (", in the order of the lines" if len(curves) > 1 else "")
    axes.annotate(
        said,
        (0, 0),
        xycoords="axes fraction",
        xytext=(0, 72 * top),
        textcoords="offset points",
        fontsize=7.5,
        color="#666666",
    )
    for row, curve in enumerate(curves.values(), start=1):
        for tick in ticks:
            axes.annotate(
                f"{curve.n_at_risk(tick):,}",
                (tick, 0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 72 * (top - LINE * row)),
                textcoords="offset points",
                ha="center",
                fontsize=7.5,
                color=COLOURS[(row - 1) % len(COLOURS)] if len(curves) > 1 else INK,
            )


def draw_hazards(
    hazards: Hazards | NotAvailable, after_return: Hazards | NotAvailable | None = None
) -> Figure | NotAvailable:
    """Draw hazard ratios with their 95% intervals on a logarithmic axis.

    Parameters
    ----------
    hazards : Hazards
        Drawn as filled points.
    after_return : Hazards, optional
        The fit without customers who lapsed after the first purchase, drawn as open points.
    """
    second = after_return.estimates if isinstance(after_return, Hazards) else None
    return _draw_hazards(hazards, second)


@passes_absence
def _draw_hazards(hazards: Hazards, second: pd.DataFrame | None) -> Figure:
    shown = hazards.estimates
    labels = [_break(str(name)) for name in shown["covariate"]]
    rows = np.arange(len(shown))
    shift = 0.0 if second is None else 0.16
    with house_figure(WIDTH, 1.35 + 0.34 * len(shown)) as (figure, axes):
        _draw_ratios(axes, shown, rows - shift, "all customers", filled=True)
        if second is not None:
            where = second["covariate"].map(dict(zip(shown["covariate"], rows, strict=True)))
            known = second[where.notna()]
            place = where.dropna().to_numpy(float) + shift
            _draw_ratios(axes, known, place, "those who came back", filled=False)
            figure.legend(loc="outside lower right", ncols=2, fontsize=8)
        axes.axvline(1, color=INK, linewidth=0.9)
        axes.set_xscale("log")
        _mark_ratios(axes)
        axes.set_yticks(rows, labels, fontsize=8)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        said = f"n = {hazards.n:,}, {hazards.n_lapsed:,} lapses"
        axes.set_xlabel(f"hazard ratio of lapse, above 1: sooner ({said})")
        axes.grid(axis="x")
        axes.tick_params(length=0, which="both")
    return figure


def _break(name: str) -> str:
    """Write the name of a variable and what is compared on lines of their own."""
    variable, _, compared = name.partition(": ")
    lines = [variable, compared] if compared and measure_text(name, 8) > 2.6 else [name]
    return "\n".join(cut_text(line, 2.8, 8) for line in lines)


def _draw_ratios(axes: Any, frame: pd.DataFrame, places: Any, label: str, *, filled: bool) -> None:
    colour = COLOURS[0] if filled else COLOURS[5]
    axes.hlines(places, frame["lower"], frame["upper"], color=colour, linewidth=1.7)
    axes.plot(
        frame["hazard ratio"],
        places,
        "o" if filled else "s",
        color=colour,
        markerfacecolor=colour if filled else "white",
        markersize=5.5,
        label=label,
    )


def _mark_ratios(axes: Any) -> None:
    """Mark ratios that a reader knows, as many as the span has room for."""
    low, high = axes.get_xlim()
    fine = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
    rough = tuple(2.0**power for power in range(-10, 11))
    chosen = [mark for mark in fine if low <= mark <= high]
    if len(chosen) < 3 or high / low > 4.5:
        chosen = [mark for mark in rough if low <= mark <= high]
    axes.set_xticks(chosen, [f"{mark:g}" for mark in chosen])
    axes.minorticks_off()

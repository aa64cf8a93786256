"""Pictures of recommendations and of the test that they need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands, _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: A line style and a marker for each method beside its colour.
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))
MARKERS = "osD^vPX"


@passes_absence
def draw_recommenders(measures: pd.DataFrame, *, k: int, unit: str = "customers") -> Figure:
    """Draw hit rate and NDCG of every method with their intervals, a row of panels a task.

    Parameters
    ----------
    measures : DataFrame
        ``task``, ``method``, ``baseline``, ``n_customers``, ``hit_rate`` and ``ndcg`` with
        ``_lower`` and ``_upper``.
    k : int
        Places of a list.
    """
    tasks = list(dict.fromkeys(measures["task"]))
    parts = [measures[measures["task"] == task] for task in tasks]
    heights = [0.75 + _rows_height(_wrap(part["method"]), 0.27) for part in parts]
    panels = (("hit_rate", f"hit rate at {k}"), ("ndcg", f"NDCG at {k}"))
    with house_figure(7.0, 0.45 + sum(heights)) as (figure, whole):
        whole.remove()
        grid = figure.subplots(len(parts), 2, height_ratios=heights, squeeze=False, sharey="row")
        for row, (task, part) in enumerate(zip(tasks, parts, strict=True)):
            for column, (measure, label) in enumerate(panels):
                _draw_measure(grid[row, column], part, measure)
                grid[row, column].set_xlabel(label)
            said = f"{task} (n = {int(part['n_customers'].iloc[0]):,} {unit})"
            grid[row, 0].set_title(said, fontsize=9, **bold(said))
        figure.supxlabel(
            "filled: learns from the purchases of others; hollow: baseline; dashed: the best "
            "baseline; line: 95% interval",
            fontsize=8,
        )
    return figure


def _draw_measure(axes: Any, part: pd.DataFrame, measure: str) -> None:
    rows = np.arange(len(part))
    base = part["baseline"].to_numpy(dtype=bool)
    values = part[measure].to_numpy(dtype=float)
    best = values[base].max(initial=0.0)
    axes.axvline(best, color=QUIET, linewidth=1.2, linestyle="--", zorder=0)
    axes.hlines(
        rows, part[f"{measure}_lower"], part[f"{measure}_upper"], color=COLOURS[0], linewidth=1.8
    )
    for chosen, colour in ((base, "white"), (~base, COLOURS[0])):
        axes.plot(
            values[chosen],
            rows[chosen],
            "o",
            markersize=6,
            markerfacecolor=colour,
            markeredgecolor=COLOURS[0],
            linestyle="",
        )
    axes.set_yticks(rows, _wrap(part["method"]))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(_thousands if measure != "hit_rate" else _percent)
    _grid(axes, "x")


@passes_absence
def draw_hit_rates(curves: pd.DataFrame, *, unit: str = "items") -> Figure:
    """Draw how the hit rate rises with the length of the list, a panel a task.

    Parameters
    ----------
    curves : DataFrame
        ``task``, ``method``, ``k``, ``hit_rate``, ``lower``, ``upper``.
    unit : str
        What is recommended, in the plural.
    """
    tasks = list(dict.fromkeys(curves["task"]))
    methods = list(dict.fromkeys(curves["method"]))
    with house_figure(7.0, 3.9, len(tasks)) as (figure, panels):
        shown: dict[str, Any] = {}
        for axes, task in zip(np.atleast_1d(panels), tasks, strict=True):
            part = curves[curves["task"] == task]
            for name in dict.fromkeys(part["method"]):
                place = methods.index(name)
                rows = part[part["method"] == name]
                colour = COLOURS[place % len(COLOURS)]
                axes.fill_between(
                    rows["k"], rows["lower"], rows["upper"], color=colour, alpha=0.12, linewidth=0
                )
                (shown[str(name)],) = axes.plot(
                    rows["k"],
                    rows["hit_rate"],
                    linestyle=STYLES[place % len(STYLES)],
                    marker=MARKERS[place % len(MARKERS)],
                    markersize=3.6,
                    markevery=max(len(rows) // 5, 1),
                    color=colour,
                    linewidth=1.5,
                )
            axes.set_title(str(task), fontsize=9, **bold(str(task)))
            axes.set(ylim=(0, 1), xlabel=f"{unit} in the list")
            axes.locator_params(axis="x", integer=True, nbins=6)
            axes.yaxis.set_major_formatter(_percent)
            axes.grid(axis="both")
            axes.tick_params(length=0)
        np.atleast_1d(panels)[0].set_ylabel("customers with a hit (band: 95%)")
        ordered = [name for name in map(str, methods) if name in shown]
        figure.legend(
            [shown[name] for name in ordered],
            ordered,
            loc="outside lower center",
            ncols=2 if len(ordered) < 5 else 3,
            fontsize=8,
        )
    return figure


@passes_absence
def draw_sample_size(
    curve: pd.DataFrame, *, claimed: float, power: float = 0.8
) -> Figure | NotAvailable:
    """Draw the customers a group that a test needs over the uplift it should see.

    Parameters
    ----------
    curve : DataFrame
        ``event``, ``base``, ``uplift``, ``per_arm``, ``at_hand``, ``smallest``.
    claimed : float
        The uplift claimed, marked by a line.
    power : float
        Probability of seeing the uplift when it is there.
    """
    if curve.empty:
        return NotAvailable("no share of customers lies between 0 and 1: no test to plan")
    events = list(dict.fromkeys(curve["event"]))
    with house_figure(7.0, 3.5 + 0.32 * len(events)) as (figure, axes):
        for place, event in enumerate(events):
            rows = curve[curve["event"] == event]
            colour = COLOURS[place % len(COLOURS)]
            axes.plot(
                rows["uplift"],
                rows["per_arm"],
                color=colour,
                linestyle=STYLES[place % len(STYLES)],
                linewidth=1.9,
                label=f"{event} ({rows['base'].iloc[0]:.1%} without the offer)",
            )
            half = int(rows["at_hand"].iloc[0])
            smallest = float(rows["smallest"].iloc[0])
            if rows["uplift"].min() <= smallest <= rows["uplift"].max():
                axes.plot(
                    smallest,
                    half,
                    MARKERS[place % len(MARKERS)],
                    color=colour,
                    markersize=8,
                    markeredgecolor="white",
                    zorder=5,
                )
        axes.axvline(claimed, color=INK, linewidth=1.1, linestyle=":")
        right = claimed > 0.6 * float(curve["uplift"].max())
        axes.annotate(
            f"claimed: {_percent(claimed)}",
            (claimed, 0.98),
            xycoords=("data", "axes fraction"),
            xytext=(-5 if right else 5, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            fontsize=8.5,
        )
        axes.set(yscale="log", xlim=(0, float(max(curve["uplift"].max(), claimed)) * 1.02))
        axes.set_xlabel(
            "relative uplift to be seen (marker: the smallest that all customers at hand can show)"
        )
        axes.set_ylabel(f"customers a group\n(power {_percent(power)}, logarithmic)")
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_thousands)
        figure.legend(loc="outside lower center", ncols=1, fontsize=8)
        axes.grid(axis="both")
        axes.tick_params(length=0, which="both")
    return figure

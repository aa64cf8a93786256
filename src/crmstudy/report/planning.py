"""How many cases: power curves, what hypotheses need beside what there is, precision of value."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from crmstudy.design.planning.designs import Designs
from crmstudy.design.planning.needs import Need, Needs
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands
from crmstudy.report.powers import MARKERS, STYLES
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure
from crmstudy.value.lifetime.planning import PrecisionPlan

#: Points between two signs on a curve.
EVERY = 8
#: Signs of a row's label in one line.
WIDEST = 46


@passes_absence
def draw_power_curves(designs: Designs) -> Figure:
    """Draw the power of each design by its cases in all, and the power wanted."""
    curves = designs.curves()
    names = list(dict.fromkeys(curves["design"]))
    with house_figure(7.0, max(3.9, 1.4 + 0.21 * len(names))) as (figure, axes):
        axes.axhline(designs.power, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
        for place, name in enumerate(names):
            own = curves[curves["design"] == name]
            needed = next(one for one in designs.designs if one.name == name).cases(designs.power)
            axes.plot(
                own["cases"],
                own["power"],
                marker=MARKERS[place % len(MARKERS)],
                markevery=(place % EVERY, EVERY),
                linestyle=STYLES[place // len(COLOURS) % len(STYLES)],
                color=COLOURS[place % len(COLOURS)],
                markersize=4.5,
                linewidth=1.4,
                label=f"{name}: {needed:,}",
            )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_thousands)
        axes.set_ylim(-0.02, 1.03)
        axes.yaxis.set_major_formatter(_percent)
        axes.set_xlabel("customers or respondents in all (logarithmic)")
        axes.set_ylabel("power")
        note = f"two-sided tests at {designs.alpha:g}; dotted: power of {designs.power:.0%}"
        axes.set_title(note, fontsize=8, loc="left", fontweight="normal", pad=6)
        title = f"cases for a power of {designs.power:.0%}"
        figure.legend(
            loc="outside lower center", fontsize=8, ncols=2, title=title, title_fontsize=8
        )
        _grid(axes, "y")
    return figure


@passes_absence
def draw_needs(needs: Needs) -> Figure | NotAvailable:
    """Draw the cases that each hypothesis needs beside those that the study has.

    Hypotheses of which either is not known are left out.
    """
    drawn = [
        need
        for need in needs.needs
        if not isinstance(need.needed, NotAvailable) and not isinstance(need.had, NotAvailable)
    ]
    if not drawn:
        return NotAvailable("of no hypothesis both the cases needed and the cases here are known")
    labels = [_label(need) for need in drawn]
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.25)) as (figure, axes):
        for row, need in enumerate(drawn):
            _draw_need(axes, row, need)
        axes.plot([], [], "|", color=INK, markersize=11, mew=2, label="needed")
        axes.plot([], [], "o", color=COLOURS[0], markersize=6, label="here, enough")
        axes.plot([], [], "X", color=COLOURS[5], markersize=6.5, label="here, too few")
        if any(isinstance(need.enough, NotAvailable) for need in drawn):
            look = {"color": QUIET, "mec": INK, "markersize": 5.5}
            axes.plot([], [], "D", label="here, not known whether enough", **look)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(_thousands)
        axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlabel(f"cases (logarithmic); power {needs.power:.0%}")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        _grid(axes, "x")
    return figure


def _label(need: Need) -> str:
    text = f"{need.entry.hypothesis.id}: {need.entry.about}"
    return fill(text, WIDEST if text.replace("→", "").isascii() else WIDEST // 2)


def _draw_need(axes: Any, row: int, need: Need) -> None:
    needed, had, enough = need.needed, need.had, need.enough
    axes.plot([needed, had], [row, row], color=QUIET, linewidth=1.4, zorder=1)
    axes.plot([needed], [row], "|", color=INK, markersize=11, mew=2)
    if isinstance(enough, NotAvailable):
        axes.plot([had], [row], "D", color=QUIET, mec=INK, markersize=5.5)
    elif enough:
        axes.plot([had], [row], "o", color=COLOURS[0], markersize=6)
    else:
        axes.plot([had], [row], "X", color=COLOURS[5], markersize=6.5)


@passes_absence
def draw_value_precision(plan: PrecisionPlan) -> Figure:
    """Draw the half width of the mean lifetime value by customers, for each time watched."""
    rows, needed = plan.rows, plan.needed
    with house_figure(7.0, 3.9) as (figure, axes):
        axes.axhline(plan.precision, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
        for place, one in enumerate(needed.to_dict("records")):
            own = rows[rows["weeks observed"] == one["weeks observed"]]
            colour = COLOURS[place % len(COLOURS)]
            ends = [own["customers"].min(), own["customers"].max(), one["customers needed"]]
            x = np.geomspace(min(ends), max(ends), 50)
            style = STYLES[place % len(STYLES)]
            axes.plot(x, one["constant"] / np.sqrt(x), linestyle=style, color=colour, linewidth=1.3)
            shifted = own["customers"] * (1 + 0.02 * (place - (len(needed) - 1) / 2))
            axes.vlines(shifted, own["lower"], own["upper"], color=colour, linewidth=1.2)
            axes.plot(
                shifted,
                own["relative half width"],
                MARKERS[place % len(MARKERS)],
                linestyle=style,
                linewidth=0,
                color=colour,
                markersize=5,
                label=f"{one['weeks observed']:.0f} weeks: {one['customers needed']:,} customers",
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        ticks = [int(n) for n in sorted(set(rows["customers"]))]
        axes.set_xticks(ticks, [_thousands(n) for n in ticks])
        axes.xaxis.set_minor_formatter("")
        axes.yaxis.set_major_formatter(_percent)
        axes.yaxis.set_minor_formatter(_percent)
        axes.tick_params(axis="y", which="minor", labelsize=7.5)
        axes.set_xlabel("customers (logarithmic)")
        axes.set_ylabel("half width of the 95% range,\nshare of the mean value")
        firms = int(rows["firms"].min())
        note = (
            f"{firms:,} simulated firms a point, bars: 95% Monte Carlo intervals; lines: root law; "
            f"dotted: ±{plan.precision:.0%}"
        )
        axes.set_title(note, fontsize=8, loc="left", fontweight="normal", pad=6)
        axes.legend(loc="best", fontsize=8, title="customers needed", title_fontsize=8)
        _grid(axes, "y")
    return figure

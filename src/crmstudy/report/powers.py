"""Power of each path by the number of respondents."""

from __future__ import annotations

from textwrap import fill
from typing import Any

from crmstudy.errors import passes_absence
from crmstudy.loyalty.power.needed import Needed
from crmstudy.loyalty.power.simulation import SurveyPlan
from crmstudy.report.figures import _grid, _percent, _thousands
from crmstudy.report.theme import COLOURS, INK, Figure, house_figure

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":")
WIDEST = 34


@passes_absence
def draw_power(plan: SurveyPlan) -> Figure:
    """Draw how often each path is found, with Wilson intervals, and the power wanted.

    Parameters
    ----------
    plan : SurveyPlan
        From :func:`crmstudy.loyalty.plan_survey`.
    """
    order = sorted(plan.needed, key=lambda each: (each.kind == "more", each.n))
    sizes = sorted(set(plan.paths["respondents"]))
    lines = sum(_label(plan, each).count("\n") + 1 for each in order)
    with house_figure(7.0, max(3.8, 1.2 + 0.19 * lines)) as (figure, axes):
        axes.axhline(plan.power, color=INK, linewidth=0.9, linestyle=(0, (1, 2)))
        for place, each in enumerate(order):
            shift = 1.0 + 0.012 * (place - (len(order) - 1) / 2)  # bars do not hide each other
            _draw_path(axes, plan, each, place, shift=shift)
        axes.set_xscale("log")
        axes.set_xticks(_thin(sizes), [_thousands(n) for n in _thin(sizes)])
        axes.minorticks_off()
        axes.set_ylim(-0.02, 1.03)
        axes.yaxis.set_major_formatter(_percent)
        axes.set_xlabel("respondents of the planned survey (logarithmic)")
        axes.set_ylabel("simulated surveys that find the path")
        note = (
            f"{plan.n_draws:,} surveys for each number; bars: 95% intervals; dotted: power of "
            f"{plan.power:.0%}"
        )
        axes.set_title(note, fontsize=8, loc="left", fontweight="normal", pad=6)
        figure.legend(loc="outside right upper", fontsize=8)
        _grid(axes, "y")
    return figure


def _draw_path(axes: Any, plan: SurveyPlan, each: Needed, place: int, *, shift: float) -> None:
    of_source, of_target = (plan.paths[end] == getattr(each, end) for end in ("source", "target"))
    own = plan.paths[of_source & of_target]
    x, colour = own["respondents"] * shift, COLOURS[place % len(COLOURS)]
    axes.vlines(x, own["lower"], own["upper"], color=colour, linewidth=1.0, alpha=0.7)
    axes.plot(
        x,
        own["power"],
        marker=MARKERS[place % len(MARKERS)],
        linestyle=STYLES[place // len(COLOURS) % len(STYLES)],
        color=colour,
        markersize=4.5,
        linewidth=1.4,
        label=_label(plan, each),
    )


def _label(plan: SurveyPlan, each: Needed) -> str:
    text = plan.name_path(each.source, each.target)
    return fill(text, WIDEST if text.replace("→", "").isascii() else WIDEST // 2)


def _thin(sizes: list[int]) -> list[int]:
    """Keep so many ticks that their numbers do not touch."""
    step = -(-len(sizes) // 8)
    return sizes[::step]

"""Figures of a return: money over time, what it hangs on, how sure it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.returns.sensitivity import ReturnDraws
from crmstudy.case.returns.worth import ReturnResult
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.figures import (
    FuncFormatter,
    MaxNLocator,
    _grid,
    _rows_height,
    _thousands,
    _wrap,
)
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

BINS = 40


@passes_absence
def draw_cash_flows(returns: ReturnResult) -> Figure:
    """Draw the net flow of each period, and what has come back so far, plain and discounted."""
    model = returns.model
    schedule = model.schedule()
    money = model.currency or "money"
    days = np.append(0, model.times[1:]) * model.period_days
    with house_figure(7.0, 3.7) as (figure, axes):
        width = 0.8 * float(np.diff(days).min())
        axes.bar(
            days, schedule["net flow"], width, color="#D9D9D9", edgecolor=QUIET, label="net flow"
        )
        lines = (
            ("cumulative flow", "cumulative", "--", "s", COLOURS[1]),
            ("cumulative present value", "cumulative, discounted", "-", "o", COLOURS[0]),
        )
        for column, label, style, sign, colour in lines:
            axes.plot(
                days, schedule[column], style, marker=sign, markersize=4, color=colour, label=label
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        _mark_payback(axes, returns)
        axes.margins(y=0.14)
        axes.set_xlim(-0.55 * width - 2)
        axes.set_xlabel(
            f"days since {model.start:%Y-%m-%d} (periods of {model.period_days} days, flows at "
            f"their {model.timing})"
        )
        axes.set_ylabel(f"{money}, {model.amounts}")
        axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5)
        _grid(axes, "y")
    return figure


def _mark_payback(axes: Any, returns: ReturnResult) -> None:
    found = returns.discounted_payback_days
    if isinstance(found, NotAvailable) or not found:
        return
    axes.plot([found], [0], "D", color=COLOURS[5], markersize=7, zorder=5)
    last = returns.model.times[-1] * returns.model.period_days
    right = found > 0.6 * last
    axes.annotate(
        f"discounted payback\nday {found:,.0f}",
        (found, 0),
        xytext=(-8 if right else 8, -10),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        fontsize=8.5,
        color=COLOURS[5],
    )


@passes_absence
def draw_tornado(tornado: pd.DataFrame, returns: ReturnResult, *, most: int = 12) -> Figure:
    """Draw the present value with each assumption at its low and at its high end.

    Parameters
    ----------
    tornado : DataFrame
        As :func:`~crmstudy.case.returns.sensitivity.vary_assumptions` gives it.
    returns : ReturnResult
        The best guess, from which the bars start.
    most : int
        Assumptions drawn; the table holds all.
    """
    drawn = tornado.head(most)
    labels = _wrap(f"{row['assumption']} ({row['origin']})" for row in drawn.to_dict("records"))
    middle = returns.net_present_value
    money = returns.model.currency or "money"
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.42)) as (figure, axes):
        rows = np.arange(len(drawn))
        for end, colour, hatch in (("low", COLOURS[1], "////"), ("high", COLOURS[0], "")):
            values = drawn[f"NPV at {end}"].to_numpy(dtype=float)
            axes.barh(
                rows,
                values - middle,
                0.6,
                left=middle,
                color="white" if hatch else colour,
                edgecolor=colour,
                hatch=hatch,
                label=f"at the {end} end",
            )
            for row, value, limit in zip(rows, values, drawn[end], strict=True):
                axes.annotate(
                    f"{float(f'{limit:.3g}'):,g}".replace("-", "−"),
                    (value, row),
                    xytext=(4 if value >= middle else -4, 0),
                    textcoords="offset points",
                    ha="left" if value >= middle else "right",
                    va="center",
                    fontsize=7.5,
                )
        axes.axvline(middle, color=INK, linewidth=1)
        axes.axvline(0, color=COLOURS[5], linewidth=1.2, linestyle=":")
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.margins(x=0.16)
        axes.set_xlabel(
            f"net present value, {money} (line: best guess; dotted: 0)\n"
            "numbers at the bars: value of the assumption"
        )
        axes.xaxis.set_major_locator(MaxNLocator(7))
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_return_distribution(draws: ReturnDraws) -> Figure:
    """Draw the distribution of the present value, its interval and the chance that it pays."""
    values = draws.draws
    money = draws.currency or "money"
    if not np.ptp(values):
        return NotAvailable("no assumption has a range")  # type: ignore[return-value]
    low, high = draws.interval
    # An edge at 0 parts the draws that pay from those that do not.
    step = np.ptp(values) / BINS
    edges = np.arange(np.floor(values.min() / step), np.ceil(values.max() / step) + 1) * step
    heights, _ = np.histogram(values, edges)
    with house_figure(7.0, 3.5) as (figure, axes):
        pays = edges[:-1] >= -1e-9 * step
        for chosen, colour, hatch, said in (
            (~pays, COLOURS[1], "////", f"NPV at or below 0: {_chance(1 - draws.probability)}"),
            (pays, COLOURS[0], "", f"NPV above 0: {_chance(draws.probability)}"),
        ):
            axes.bar(
                edges[:-1][chosen],
                heights[chosen],
                step,
                align="edge",
                color="white" if hatch else colour,
                edgecolor=colour,
                hatch=hatch,
                linewidth=0.6,
                label=said,
            )
        top = 1.08 * heights.max()
        axes.plot([low, high], [top, top], color=INK, linewidth=2)
        axes.plot([draws.best_guess], [top], "D", color=INK, markersize=6)
        axes.annotate(
            f"middle {draws.confidence:.0%} of the draws; diamond: best guess",
            ((low + high) / 2, top),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8.5,
        )
        axes.axvline(0, ymax=0.8, color=INK, linewidth=0.9)
        axes.set_ylim(0, 1.22 * heights.max())
        axes.set_xlabel(f"net present value, {money}")
        axes.set_ylabel(f"draws (n = {len(values):,})")
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
        _grid(axes, "y")
    return figure


def _chance(share: float) -> str:
    if 0 < share < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"

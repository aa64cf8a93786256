"""Pictures of targeting and budgets: gains curves, lift, marginal value, who gets the money."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import WIDEST_LABEL, _grid, _percent, _rows_height, _thousands
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Line styles of the rankings beside the segments; colour is never the only sign.
STYLES: tuple[Any, ...] = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (8, 3)))


def _wrap(labels: Iterable[Any]) -> list[str]:
    """Break long labels; a Chinese sign is twice as wide as a Latin letter."""
    return [
        fill(text, WIDEST_LABEL if text.isascii() else WIDEST_LABEL // 2)
        for text in map(str, labels)
    ]


@passes_absence
def draw_gains(
    curves: pd.DataFrame, *, unit: str, outcome: str, n: int, main: str = "segments"
) -> Figure:
    """Draw cumulative gains of every ranking over the share targeted.

    Parameters
    ----------
    curves : DataFrame
        ``method``, ``targeted``, ``gained``, ``lower``, ``upper``: shares from 0 to 1.
    unit, outcome : str
        What is targeted (one of them), and what is gained, in words.
    n : int
        How many are ranked.
    main : str
        The ranking drawn bold, with its interval as a band.
    """
    rivals = [name for name in dict.fromkeys(curves["method"]) if name != main]
    with house_figure(7.0, 4.3) as (figure, axes):
        chosen = curves[curves["method"] == main]
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1.2, label="drawn by lot")
        axes.fill_between(
            chosen["targeted"], chosen["lower"], chosen["upper"], color=COLOURS[0], alpha=0.18
        )
        for position, name in enumerate(rivals):
            rows = curves[curves["method"] == name]
            axes.plot(
                rows["targeted"],
                rows["gained"],
                linestyle=STYLES[position % len(STYLES)],
                color=COLOURS[1 + position % (len(COLOURS) - 1)],
                linewidth=1.5,
                label=str(name),
            )
        axes.plot(
            chosen["targeted"],
            chosen["gained"],
            color=COLOURS[0],
            linewidth=2.6,
            label=f"{main} (band: 95%)",
        )
        axes.set(xlim=(0, 1), xlabel=f"{unit}s targeted, best ranked first (n = {n:,})")
        axes.set_ylabel(f"share of {outcome} gained")
        axes.set_ylim(min(0.0, float(curves["gained"].min())), max(1.0, curves["gained"].max()))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_percent)
        handles, labels = axes.get_legend_handles_labels()
        axes.legend(handles[::-1], labels[::-1], loc="lower right", frameon=True, edgecolor="white")
        axes.grid(axis="both")
        axes.tick_params(length=0, pad=6)
    return figure


@passes_absence
def draw_segment_lift(segments: pd.DataFrame, *, unit: str, outcome: str) -> Figure:
    """Draw the lift of each segment with its interval, beside the line of no lift.

    Parameters
    ----------
    segments : DataFrame
        Indexed by segment, in the order in which they would be targeted: ``lift``,
        ``lower``, ``upper``, ``n_rows``.
    unit, outcome : str
        What the rows are (one of them), and what the lift is of, in words.
    """
    counts = [f"n = {n:,}" for n in segments["n_rows"]]
    named = zip(_wrap(segments.index), counts, strict=True)
    labels = [f"{name}\n{count}" for name, count in named]
    with house_figure(7.0, 1.0 + _rows_height(labels, 0.36)) as (figure, axes):
        rows = np.arange(len(segments))
        lift = segments["lift"].to_numpy(dtype=float)
        axes.axvline(1, color=QUIET, linewidth=1.2)
        axes.hlines(rows, segments["lower"], segments["upper"], color=COLOURS[0], linewidth=2)
        axes.plot(lift, rows, "o", color=COLOURS[0], markersize=6)
        for row, value in zip(rows, lift, strict=True):
            axes.annotate(
                f"{value:.2f}".replace("-", "−"),
                (value, row),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
            )
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.6)
        axes.set_xlabel(f"lift: {outcome} per {unit},\nmean of all = 1 (line: 95% interval)")
        axes.xaxis.set_major_formatter(_thousands)
        axes.margins(x=0.06)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_marginal_value(
    marginal: pd.DataFrame, *, budget: float, shadow_price: float, currency: str
) -> Figure:
    """Draw what each further unit of money returns, the budget, and the value at its edge.

    Parameters
    ----------
    marginal : DataFrame
        ``spend_from``, ``spend_to`` (currency), ``marginal`` (expected profit of one unit
        of money), falling.
    budget, shadow_price : float
        Currency; expected profit of one more unit of money.
    currency : str
        Its name, for the labels.
    """
    edges = np.append(marginal["spend_from"], marginal["spend_to"].iloc[-1:])
    heights = marginal["marginal"].to_numpy(dtype=float)
    with house_figure(7.0, 3.6) as (figure, axes):
        axes.stairs(heights, edges, baseline=None, color=COLOURS[0], linewidth=2.2, zorder=3)
        bought = (edges[:-1] < budget) & (heights > 0)
        for left, right, height in zip(
            edges[:-1][bought], np.minimum(edges[1:], budget)[bought], heights[bought], strict=True
        ):
            axes.fill(
                [left, right, right, left], [0, 0, height, height], color="#D6E6F2", linewidth=0
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.axvline(budget, color=COLOURS[5], linewidth=1.6, linestyle="--")
        right = budget > 0.55 * float(edges[-1])
        axes.annotate(
            f"budget {_thousands(float(f'{budget:.4g}'))}\n"
            f"one more {currency} brings {shadow_price:.2f}",
            (budget, 0.97),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if right else 6, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            fontsize=8.5,
            color=COLOURS[5],
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
        top = float(heights.max(initial=0.0))
        axes.set_ylim(min(0.0, float(heights.min(initial=0.0))) - 0.03 * top, 1.28 * top or 1.0)
        axes.set(xlim=(0, float(max(edges[-1], budget)) * 1.02))
        axes.set_xlabel(f"money spent on contacts ({currency}), best contacts first")
        axes.set_ylabel(f"expected profit\nof one more {currency}")
        axes.xaxis.set_major_formatter(_thousands)
        _grid(axes, "y")
    return figure


@passes_absence
def draw_budget(segments: pd.DataFrame) -> Figure:
    """Draw each segment's share of the budget, with its interval, beside its share of customers.

    Parameters
    ----------
    segments : DataFrame
        Indexed by segment: ``n_customers``, ``share_budget``, ``share_lower``,
        ``share_upper``.
    """
    labels = _wrap(segments.index)
    customers = (segments["n_customers"] / segments["n_customers"].sum()).to_numpy(dtype=float)
    budget = segments["share_budget"].to_numpy(dtype=float)
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.52)) as (figure, axes):
        rows = np.arange(len(segments))
        axes.barh(rows - 0.2, budget, 0.36, color=COLOURS[0], label="share of the budget")
        axes.barh(
            rows + 0.2,
            customers,
            0.36,
            color="white",
            edgecolor=INK,
            hatch="////",
            linewidth=0.8,
            label="share of the customers",
        )
        axes.hlines(
            rows - 0.2,
            segments["share_lower"],
            segments["share_upper"],
            color=INK,
            linewidth=1.6,
            label="95% of the bootstrap plans",
        )
        ends = np.maximum(budget, segments["share_upper"].to_numpy(dtype=float))
        for place, end, share in (
            *zip(rows - 0.2, ends, budget, strict=True),
            *zip(rows + 0.2, customers, customers, strict=True),
        ):
            axes.annotate(
                ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}",  # 100.0% is all, nothing less
                (end, place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlim(0, 1.14 * max(float(ends.max()), float(customers.max())))
        axes.set_xlabel(f"share (n = {int(segments['n_customers'].sum()):,} customers)")
        axes.xaxis.set_major_formatter(_percent)
        figure.legend(loc="outside lower center", ncols=3, fontsize=8)
        _grid(axes, "x")
    return figure

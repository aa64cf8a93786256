"""Pictures of what customers are worth: Lorenz and whale curves, parts of value, retention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands
from crmstudy.report.gains import _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Fill of each part of value: colour and hatch.
PARTS: dict[str, tuple[str, str]] = {
    "basic value": (COLOURS[0], ""),
    "added value": (COLOURS[1], "////"),
    "potential value": (COLOURS[4], "...."),
}
MARKERS = ("o", "s", "^", "D", "v", "P")
#: Plans drawn into one picture; more would hide each other.
MOST_PLANS = 4
#: Contracts due below which a rate is not drawn, unless there is no other: it only spreads.
FEWEST_DUE = 10


def _share_axes(axes: Any) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(_percent)
    axes.grid(axis="both")
    axes.tick_params(length=0, pad=6)


@passes_absence
def draw_lorenz(curve: pd.DataFrame, *, n: int, gini: float, of: str = "revenue") -> Figure:
    """Draw a Lorenz curve with its band beside the line of equality.

    Parameters
    ----------
    curve : DataFrame
        ``share of customers``, ``share of revenue``, ``lower``, ``upper``: shares from 0
        to 1, smallest customers first.
    n : int
        Customers.
    gini : float
        Gini coefficient, written into the picture.
    of : str
        What is shared, in words.
    """
    share = curve["share of customers"]
    with house_figure(7.0, 4.0) as (figure, axes):
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1.2, label="all customers alike")
        axes.fill_between(
            share, curve["lower"], curve["upper"], color=COLOURS[0], alpha=0.22, label="95% band"
        )
        axes.plot(
            share, curve["share of revenue"], color=COLOURS[0], linewidth=2.2, label="observed"
        )
        axes.annotate(f"Gini {gini:.2f}", (0.04, 0.66), xycoords="axes fraction", fontsize=9.5)
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.set_xlabel(f"share of customers, smallest first (n = {n:,})")
        axes.set_ylabel(f"share of {of}")
        axes.legend(loc="upper left")
        _share_axes(axes)
    return figure


@passes_absence
def draw_whale(curve: pd.DataFrame, *, n: int, peak: float, profitable: float) -> Figure:
    """Draw cumulative profit from the best customer to the worst: the whale curve.

    Parameters
    ----------
    curve : DataFrame
        ``share of customers``, ``share of profit``, ``lower``, ``upper``: shares, best
        customers first.
    n : int
        Customers.
    peak, profitable : float
        Height of the curve at its highest, and the share of customers who have got it
        there: those with a profit.
    """
    share = curve["share of customers"]
    with house_figure(7.0, 4.0) as (figure, axes):
        axes.axhline(1, color=QUIET, linewidth=1.2)
        axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1.2, linestyle=":")
        axes.fill_between(
            share, curve["lower"], curve["upper"], color=COLOURS[0], alpha=0.22, label="95% band"
        )
        axes.plot(
            share, curve["share of profit"], color=COLOURS[0], linewidth=2.2, label="observed"
        )
        axes.plot([profitable], [peak], "o", color=COLOURS[5], markersize=7, zorder=4)
        right = profitable > 0.5
        axes.annotate(
            f"{_exact(profitable)} of the customers\nbring {_exact(peak)} of the profit",
            (profitable, peak),
            xytext=(-8 if right else 8, 10),
            textcoords="offset points",
            ha="right" if right else "left",
            va="bottom",
            fontsize=8.5,
            color=COLOURS[5],
        )
        top = max(1.0, float(curve["upper"].max()), peak)
        axes.set(xlim=(0, 1), ylim=(min(0.0, float(curve["lower"].min())), 1.22 * top))
        axes.set_xlabel(f"share of customers, most profitable first (n = {n:,})")
        axes.set_ylabel("share of the profit of all")
        axes.legend(loc="lower right")
        _share_axes(axes)
    return figure


def _exact(share: float) -> str:
    """Write a share as a percentage; 100.0% is all, nothing less."""
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


@passes_absence
def draw_decomposition(segments: pd.DataFrame, *, currency: str) -> Figure:
    """Draw the mean value of each segment as the sum of its parts, losses to the left.

    Parameters
    ----------
    segments : DataFrame
        ``segment``, ``customers``, any of ``basic value``, ``added value``, ``potential
        value``, then ``value``, ``value lower``, ``value upper``: money a customer.
    currency : str
        Its name, for the label.
    """
    parts = [name for name in PARTS if name in segments]
    named = zip(_wrap(segments["segment"]), segments["customers"], strict=True)
    labels = [f"{name}\nn = {n:,}" for name, n in named]
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.42)) as (figure, axes):
        rows = np.arange(len(segments))
        ends = {True: np.zeros(len(segments)), False: np.zeros(len(segments))}
        for name in parts:
            amounts = segments[name].to_numpy(dtype=float)
            starts = np.where(amounts >= 0, ends[True], ends[False])
            colour, hatch = PARTS[name]
            axes.barh(
                rows,
                amounts,
                0.6,
                left=starts,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.6,
                label=name,
            )
            ends[True] += np.where(amounts >= 0, amounts, 0.0)
            ends[False] += np.where(amounts < 0, amounts, 0.0)
        axes.hlines(
            rows, segments["value lower"], segments["value upper"], color=INK, linewidth=1.6
        )
        axes.plot(
            segments["value"],
            rows,
            "D",
            color="white",
            markeredgecolor=INK,
            markersize=6,
            zorder=5,
            label="value (line: 95% interval)",
        )
        axes.axvline(0, color=INK, linewidth=0.9)
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.margins(x=0.05)
        axes.set_xlabel(f"mean per customer ({currency})")
        axes.xaxis.set_major_formatter(_thousands)
        figure.legend(loc="outside lower center", ncols=len(parts) + 1, fontsize=8)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_retention(curve: pd.DataFrame) -> Figure:
    """Draw retention by renewal, and survival with its projection, for every plan.

    Parameters
    ----------
    curve : DataFrame
        As :meth:`PlanRetention.curve` gives it: ``plan``, ``renewal``, ``at risk``,
        ``retention`` and ``survival`` with their limits, ``fitted retention``, ``fitted
        survival`` with its limits; missing where not observed or not fitted. The plans
        with most contracts are drawn, in the order given.
    """
    plans = _largest_plans(curve)
    with house_figure(7.0, 3.9, 2) as (figure, panels):
        for position, plan in enumerate(plans):
            rows = curve[curve["plan"] == plan]
            colour, marker = COLOURS[position % len(COLOURS)], MARKERS[position]
            label = f"{plan} (n = {int(rows['at risk'].iloc[0]):,})"
            shift = 0.16 * (position - (len(plans) - 1) / 2)
            _draw_rates(panels[0], rows, (colour, marker, label), shift)
            _draw_survival(panels[1], rows, colour, marker)
        for axes, title in zip(
            panels, (f"renewed, of {FEWEST_DUE} or more due", "still under contract"), strict=True
        ):
            axes.set_title(title, fontsize=9.5, **bold(title))
            axes.set_xlabel("renewal")
            axes.yaxis.set_major_formatter(_percent)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.set_xlim(left=0)
            _grid(axes, "y")
        panels[0].set_ylim(top=1.02)
        panels[1].set_ylim(0, 1.02)
        handles, labels = panels[0].get_legend_handles_labels()
        handles += [
            _line(panels[1], 2.0, "-"),
            _line(panels[1], 2.0, "--"),
            _line(panels[1], 4.0, "-", 0.35),
        ]
        labels += ["model, while observed", "model, projected", "95% interval"]
        figure.legend(
            handles,
            labels,
            loc="outside lower center",
            ncols=2 if len(plans) > 1 else 4,
            fontsize=8,
        )
    return figure


def _largest_plans(curve: pd.DataFrame) -> list[str]:
    contracts = curve.groupby("plan", sort=False)["at risk"].max()
    largest = set(contracts.sort_values(ascending=False, kind="stable").index[:MOST_PLANS])
    return [str(plan) for plan in contracts.index if plan in largest]


def _line(axes: Any, width: float, style: str, alpha: float = 1.0) -> Any:
    """Draw nothing, for a legend that names a kind of line, whatever its colour."""
    return axes.plot([], [], style, color=INK, linewidth=width, alpha=alpha)[0]


def _draw_rates(axes: Any, rows: pd.DataFrame, style: tuple[str, str, str], shift: float) -> None:
    colour, marker, label = style
    seen = rows.dropna(subset=["retention"])
    enough = seen["at risk"] >= FEWEST_DUE
    drawn = seen[enough] if enough.any() else seen
    places = drawn["renewal"] + shift
    axes.vlines(
        places, drawn["retention lower"], drawn["retention upper"], color=colour, alpha=0.45
    )
    axes.plot(places, drawn["retention"], marker, color=colour, markersize=4, label=label)
    axes.plot(seen["renewal"], seen["fitted retention"], color=colour, linewidth=2.0)


def _draw_survival(axes: Any, rows: pd.DataFrame, colour: str, marker: str) -> None:
    start = {"renewal": 0, "survival": 1.0}
    start |= dict.fromkeys(("fitted survival", "fitted lower", "fitted upper"), 1.0)
    rows = pd.concat([pd.DataFrame([start]), rows], ignore_index=True)
    seen = rows.dropna(subset=["survival"])
    last = float(seen["renewal"].max())
    ahead = rows[rows["renewal"] >= last]
    axes.fill_between(
        rows["renewal"].to_numpy(float),
        rows["fitted lower"].to_numpy(float),
        rows["fitted upper"].to_numpy(float),
        color=colour,
        alpha=0.2,
        linewidth=0,
    )
    axes.plot(seen["renewal"], seen["survival"], marker, color=colour, markersize=4, alpha=0.8)
    axes.plot(seen["renewal"], seen["fitted survival"], color=colour, linewidth=2.0)
    axes.plot(ahead["renewal"], ahead["fitted survival"], "--", color=colour, linewidth=2.0)

"""Pictures of the hold-out test: purchases, groups of customers, revenue, spend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _percent, _thousands
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

WIDTH = 7.0
#: A model is told by colour, line and mark alike.
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)))
MARKS = ("o", "s", "^", "D", "v", "P")
ACTUAL = INK


@passes_absence
def draw_tracking(
    cumulative: pd.DataFrame,
    weekly: pd.DataFrame,
    *,
    models: Sequence[str],
    calibration_weeks: float,
    n: int,
) -> Figure:
    """Draw repeat purchases of each week and their sum, actual and expected by each model.

    Parameters
    ----------
    cumulative, weekly : DataFrame
        ``week``, ``actual`` and a column a model; of the weekly frame a last week that is
        cut short is left out.
    models : sequence of str
        Columns of the models.
    calibration_weeks : float
        Where the hold-out period begins.
    n : int
        Customers followed.
    """
    with house_figure(WIDTH, 3.7, 2) as (figure, panels):
        for axes, frame, title in zip(
            panels, (weekly, cumulative), ("each week", "sum so far"), strict=True
        ):
            axes.plot(frame["week"], frame["actual"], color=ACTUAL, linewidth=1.1, label="actual")
            for place, name in enumerate(models):
                axes.plot(
                    frame["week"],
                    frame[name],
                    linestyle=LINES[place % len(LINES)],
                    color=COLOURS[place % len(COLOURS)],
                    linewidth=1.9,
                    label=str(name),
                )
            _mark_end(axes, calibration_weeks, float(cumulative["week"].max()))
            axes.set_ylim(0, 1.12 * max(1.0, float(frame[["actual", *models]].max().max())))
            axes.set_title(title, **bold(title))
            axes.set(xlabel=f"week (n = {n:,} customers)", ylabel="repeat purchases")
            axes.yaxis.set_major_formatter(_thousands)
            _grid(axes, "y")
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=4, fontsize=8.5, handlelength=3
        )
    return figure


def _mark_end(axes: Any, place: float, last: float) -> None:
    """Draw where calibration ends, and say on which side the hold-out lies."""
    if place >= last:
        return
    axes.axvline(place, color=QUIET, linewidth=1.2)
    axes.annotate(
        "hold-out",
        (place, 0.995),
        xycoords=("data", "axes fraction"),
        xytext=(4, 0),
        textcoords="offset points",
        va="top",
        fontsize=8,
    )


@passes_absence
def draw_conditional(groups: pd.DataFrame, *, models: Sequence[str]) -> Figure:
    """Draw mean hold-out purchases by group, actual with intervals, expected by each model.

    Parameters
    ----------
    groups : DataFrame
        ``by`` (a panel each), ``group``, ``customers``, ``actual``, ``95% lower``,
        ``95% upper`` and a column a model.
    models : sequence of str
        Columns drawn beside the actual means.
    """
    parts = list(groups.groupby("by", sort=False))
    with house_figure(WIDTH, 3.9, len(parts)) as (figure, panels):
        for axes, (name, part) in zip(np.atleast_1d(panels), parts, strict=True):
            _draw_groups(axes, part, models)
            axes.set_xlabel(str(name))
            axes.set_ylabel(
                "mean purchases in the hold-out" if axes is np.atleast_1d(panels)[0] else ""
            )
        handles, labels = np.atleast_1d(panels)[0].get_legend_handles_labels()
        handles, labels = handles[-1:] + handles[:-1], labels[-1:] + labels[:-1]
        figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8.5)
    return figure


def _draw_groups(axes: Any, part: pd.DataFrame, models: Sequence[str]) -> None:
    places = np.arange(len(part))
    axes.bar(places, part["actual"], 0.84, color="#DDDDDD", label="actual (line: 95%)")
    axes.vlines(places, part["95% lower"], part["95% upper"], color="#777777", linewidth=1.4)
    width = 0.6 / max(1, len(models))
    for place, name in enumerate(models):
        shift = (place - (len(models) - 1) / 2) * width
        axes.plot(
            places + shift,
            part[name],
            linestyle="",
            marker=MARKS[place % len(MARKS)],
            markersize=5,
            color=COLOURS[place % len(COLOURS)],
            markeredgecolor="white",
            markeredgewidth=0.6,
            label=str(name),
        )
    lines = [
        f"{group}\n{_short(count)}"
        for group, count in zip(part["group"], part["customers"], strict=True)
    ]
    axes.set_xticks(places, [line.replace(" or more", "+") for line in lines], fontsize=7)
    axes.annotate(
        "n =",
        (0, 0),
        xycoords="axes fraction",
        xytext=(-4, -20),
        textcoords="offset points",
        ha="right",
        fontsize=7,
    )
    axes.set_ylim(bottom=0)
    axes.set_xlim(-0.6, len(part) - 0.4)
    _grid(axes, "y")


def _exact_percent(value: float, _: int = 0) -> str:
    """Write a tick as a percentage with the decimals that it needs."""
    return f"{100 * value:.6g}%"


def _short(count: int) -> str:
    """Write a count in few characters."""
    return f"{count / 1000:,.0f}k" if count >= 10_000 else f"{count:,}"


@passes_absence
def draw_alive(groups: pd.DataFrame, *, model: str, n: int) -> Figure:
    """Draw the share that bought, and that was expected to, over the probability of being active.

    Parameters
    ----------
    groups : DataFrame
        ``customers who``, ``probability of being active``, ``customers``,
        ``expected to buy``, ``bought``, ``95% lower``, ``95% upper``: shares.
    model : str
        Name of the model.
    n : int
        Customers.
    """
    once = groups["customers who"] == "never came back"
    with house_figure(WIDTH, 3.6) as (figure, axes):
        axes.plot(
            [0, 1], [0, 1], color=QUIET, linewidth=1, label="as if every active customer bought"
        )
        for rows, mark, name in ((~once, "o", "came back before"), (once, "D", "never came back")):
            part = groups[rows]
            if part.empty:
                continue
            alive = part["probability of being active"]
            axes.vlines(alive, part["95% lower"], part["95% upper"], color=INK, linewidth=1.3)
            axes.plot(
                alive,
                part["bought"],
                mark,
                color=INK,
                markersize=6,
                label=f"bought, {name} (line: 95%)",
            )
        axes.plot(
            groups["probability of being active"],
            groups["expected to buy"],
            "_",
            color=COLOURS[5],
            markersize=17,
            markeredgewidth=2.4,
            label=f"expected to buy, {model}",
        )
        axes.set(xlim=(0, 1.03), ylim=(0, 1.03))
        axes.set_xlabel(f"probability of being active at the end of calibration (n = {n:,})")
        axes.set_ylabel("share of the group that buys\nin the hold-out")
        axes.xaxis.set_major_formatter(_percent)
        axes.yaxis.set_major_formatter(_percent)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        axes.grid(axis="both")
        axes.tick_params(length=0, pad=6)
    return figure


@passes_absence
def draw_revenue_deciles(deciles: pd.DataFrame, *, currency: str, n: int) -> Figure:
    """Draw expected and actual revenue by tenths of customers, and the share of it caught.

    Parameters
    ----------
    deciles : DataFrame
        ``tenth`` (1 = largest expected), ``expected``, ``actual`` (mean revenue of a
        customer), ``share of revenue``, ``share of revenue, by the past``,
        ``share of revenue, at best``.
    currency : str
        Its name, for the labels.
    n : int
        Customers.
    """
    tenths = deciles["tenth"].to_numpy()
    with house_figure(WIDTH, 3.8, 2) as (figure, (left, right)):
        left.bar(tenths - 0.2, deciles["actual"], 0.4, color="#BBBBBB", label="actual")
        left.bar(
            tenths + 0.2,
            deciles["expected"],
            0.4,
            color="white",
            edgecolor=COLOURS[0],
            hatch="////",
            linewidth=0.9,
            label="expected",
        )
        left.set_xticks(tenths)
        left.set_title("revenue of a customer", **bold("a"))
        left.set_ylabel(f"mean, {currency}")
        left.yaxis.set_major_formatter(_thousands)
        left.legend(loc="upper right", fontsize=8)
        _grid(left, "y")
        for place, (column, name) in enumerate(
            (
                ("share of revenue", "by expected revenue"),
                ("share of revenue, by the past", "by past spend x past rate"),
                ("share of revenue, at best", "best order possible"),
            )
        ):
            right.plot(
                np.append(0, tenths),
                np.append(0.0, deciles[column].cumsum()),
                linestyle=LINES[place],
                marker=MARKS[place],
                markersize=3.5,
                color=(COLOURS[0], COLOURS[5], "#777777")[place],
                linewidth=(2.2, 1.5, 1.2)[place],
                label=name,
            )
        right.plot([0, 10], [0, 1], color=QUIET, linewidth=1, label="drawn by lot")
        right.set(xlim=(0, 10.1), ylim=(0, 1.02))
        right.set_xticks(np.arange(0, 11, 2))
        right.set_title("revenue caught so far", **bold("a"))
        right.set_ylabel("share of hold-out revenue")
        right.yaxis.set_major_formatter(_percent)
        right.legend(loc="lower right", fontsize=8)
        right.grid(axis="both")
        right.tick_params(length=0, pad=6)
        figure.supxlabel(
            f"tenths of the customers, largest expected revenue first (n = {n:,})", fontsize=9
        )
    return figure


@passes_absence
def draw_spend_fit(classes: pd.DataFrame, *, currency: str, n: int, beyond: int = 0) -> Figure:
    """Draw the observed and the expected distribution of mean spend per purchase.

    Parameters
    ----------
    classes : DataFrame
        ``from``, ``to`` (money), ``observed`` and ``expected`` (share of customers).
    currency : str
        Its name, for the labels.
    n, beyond : int
        Customers, and how many of them lie beyond the last class.
    """
    edges = np.append(classes["from"], classes["to"].iloc[-1:])
    with house_figure(WIDTH, 3.3) as (figure, axes):
        axes.stairs(classes["observed"], edges, fill=True, color="#CCCCCC", label="observed")
        middle = (edges[:-1] + edges[1:]) / 2
        axes.plot(
            middle, classes["expected"], color=COLOURS[0], linewidth=2, label="Gamma-Gamma model"
        )
        axes.set_xlim(0, float(edges[-1]))
        axes.set_ylim(bottom=0)
        rest = f"; {beyond:,} beyond the axis" if beyond else ""
        axes.set_xlabel(f"mean spend per repeat purchase, {currency} (n = {n:,}{rest})")
        width = float(f"{edges[1] - edges[0]:.3g}")
        axes.set_ylabel(f"share of customers\nin a class of {_thousands(width)} {currency}")
        axes.xaxis.set_major_formatter(_thousands)
        axes.locator_params(axis="y", nbins=7, steps=[1, 2, 5, 10])
        axes.yaxis.set_major_formatter(_exact_percent)
        axes.legend(loc="upper right")
        _grid(axes, "y")
    return figure

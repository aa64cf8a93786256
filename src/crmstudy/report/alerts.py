"""Pictures of early warning: precision and recall, calibration, the profit of contacts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _percent, _thousands
from crmstudy.report.gains import STYLES
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure


@passes_absence
def draw_precision_recall(
    curves: pd.DataFrame, *, main: str, base_rate: float, n: int, n_events: int
) -> Figure:
    """Draw how many of those warned of have the event, over how many events are found.

    Parameters
    ----------
    curves : DataFrame
        ``model``, ``recall``, ``precision``, ``lower``, ``upper``: shares from 0 to 1.
    main : str
        The model drawn bold, with its interval as a band.
    base_rate : float
        Share of events: the precision of warning of everybody.
    n, n_events : int
        Customers, and those with the event.
    """
    with house_figure(7.0, 4.3) as (figure, axes):
        axes.axhline(base_rate, color=QUIET, linewidth=1.2, label="drawn by lot")
        rivals = [name for name in dict.fromkeys(curves["model"]) if name != main]
        for position, name in enumerate(rivals):
            rows = curves[curves["model"] == name]
            axes.plot(
                rows["recall"],
                rows["precision"],
                linestyle=STYLES[position % len(STYLES)],
                color=COLOURS[1 + position % (len(COLOURS) - 1)],
                linewidth=1.4,
                label=str(name),
            )
        chosen = curves[curves["model"] == main]
        axes.fill_between(
            chosen["recall"], chosen["lower"], chosen["upper"], color=COLOURS[0], alpha=0.18
        )
        axes.plot(
            chosen["recall"],
            chosen["precision"],
            color=COLOURS[0],
            linewidth=2.6,
            label=f"{main} (band: 95%)",
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set_xlabel(f"recall: share of the {n_events:,} events found (n = {n:,} customers)")
        axes.set_ylabel("precision: share of those\nwarned of who have the event")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_percent)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles[::-1], labels[::-1], loc="outside lower center", ncols=3, fontsize=8)
        axes.grid(axis="both")
        axes.tick_params(length=0, pad=6)
    return figure


@passes_absence
def draw_calibration(table: pd.DataFrame, *, model: str, event: str, n: int) -> Figure:
    """Draw the share of events over the probability foretold, by groups of customers.

    Parameters
    ----------
    table : DataFrame
        ``customers``, ``foretold``, ``happened``, ``lower``, ``upper``: a row a group.
    model, event : str
        Who foretells, and what, in words.
    n : int
        Customers.
    """
    top = float(max(table["foretold"].max(), table["upper"].max()))
    limit = min(1.0, 1.06 * top)
    with house_figure(7.0, 4.4) as (figure, axes):
        axes.plot([0, limit], [0, limit], color=QUIET, linewidth=1.2, label="as foretold")
        axes.vlines(
            table["foretold"], table["lower"], table["upper"], color=COLOURS[0], linewidth=1.6
        )
        axes.plot(
            table["foretold"],
            table["happened"],
            "o",
            color=COLOURS[0],
            markersize=5.5,
            label=f"{model} (line: 95%)",
        )
        base = -0.05 * limit
        for foretold in table["foretold"]:
            axes.plot([foretold] * 2, [base, 0.45 * base], color=INK, linewidth=1.2)
        sizes = table["customers"]
        low, high = int(sizes.min()), int(sizes.max())
        each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        axes.set(xlim=(-0.02 * limit, limit), ylim=(base, limit))
        axes.set_xlabel(
            f"probability foretold, mean of a group (n = {n:,} customers, {each} a group)"
        )
        axes.set_ylabel(f"share that happened:\n{event}")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_percent)
        axes.legend(loc="upper left")
        axes.grid(axis="both")
        axes.tick_params(length=0)
    return figure


@passes_absence
def draw_contact_profit(curve: pd.DataFrame, *, contacted: int, currency: str) -> Figure:
    """Draw the profit of contacts over how many are made, the best first.

    Parameters
    ----------
    curve : DataFrame
        ``contacted``, ``expected``, ``profit``, ``lower``, ``upper`` (currency).
    contacted : int
        Contacts of the best list.
    currency : str
        Its name, for the label.
    """
    n = int(curve["contacted"].max())
    with house_figure(7.0, 3.8) as (figure, axes):
        axes.axhline(0, color=INK, linewidth=0.8)
        axes.fill_between(
            curve["contacted"], curve["lower"], curve["upper"], color=COLOURS[0], alpha=0.18
        )
        axes.plot(
            curve["contacted"],
            curve["profit"],
            color=COLOURS[0],
            linewidth=2.2,
            label="by what happened (band: 95%)",
        )
        axes.plot(
            curve["contacted"],
            curve["expected"],
            color=COLOURS[1],
            linestyle="--",
            linewidth=1.8,
            label="expected beforehand",
        )
        axes.axvline(contacted, color=COLOURS[5], linewidth=1.4, linestyle=":")
        _name_best(axes, contacted, n)
        axes.set(xlim=(0, max(n, 1)))
        axes.set_xlabel(f"customers contacted, highest expected profit first (n = {n:,} at risk)")
        axes.set_ylabel(f"profit of the contacts ({currency})")
        axes.xaxis.set_major_formatter(_thousands)
        axes.yaxis.set_major_formatter(_thousands)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
        axes.margins(y=0.14)
        _grid(axes, "y")
    return figure


def _name_best(axes: Any, contacted: int, n: int) -> None:
    right = contacted > 0.55 * n
    axes.annotate(
        f"{contacted:,} expected to pay",
        (contacted, 0.015),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if right else 6, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="bottom",
        fontsize=8.5,
        color=COLOURS[5],
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5, "alpha": 0.8},
    )

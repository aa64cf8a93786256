"""Pictures of the service desk: how long tickets wait, and how many complain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.service.waiting import WaitingResult
from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands, _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

SIGNS: dict[str, tuple[str, str, str]] = {
    "before": ("--", COLOURS[1], "o"),
    "after": ("-", COLOURS[0], "s"),
}
SHOWN = 0.99  # of the tickets done: the few longest waits would squeeze all others


@passes_absence
def draw_waits(waiting: WaitingResult, *, y_label: str) -> Figure:
    """Draw the share of tickets still waiting over the hours, before and after a change.

    Parameters
    ----------
    waiting : WaitingResult
    y_label : str
        What the tickets are without.
    """
    counts = {"before": waiting.n_before, "after": waiting.n_after}
    medians = {name: waiting.median[name] for name in counts}
    with house_figure(7.0, 3.8) as (figure, axes):
        for name, (style, colour, _) in SIGNS.items():
            rows = waiting.curves[waiting.curves["period"] == name]
            axes.step(
                rows["hours"],
                rows["waiting"],
                where="post",
                linestyle=style,
                color=colour,
                linewidth=2,
                label=f"{name} (n = {counts[name]:,}, {_tell_median(medians[name])})",
            )
        axes.axhline(0.5, color=QUIET, linewidth=0.9)
        for name, median in medians.items():
            if np.isfinite(median):
                _mark_median(axes, name, median)
        axes.set_xlim(0, _last_hour(waiting.curves))
        axes.set_ylim(0, 1.03)
        axes.set(xlabel="hours since the ticket was opened", ylabel=f"share of {y_label}")
        axes.yaxis.set_major_formatter(_percent)
        axes.xaxis.set_major_formatter(_thousands)
        axes.legend(loc="upper right")
        _grid(axes, "both")  # type: ignore[arg-type]
    return figure


def _mark_median(axes: Any, name: str, median: float) -> None:
    _, colour, sign = SIGNS[name]
    axes.plot([median, median], [0, 0.5], color=colour, linewidth=1, linestyle=":")
    axes.plot([median], [0.5], sign, color=colour, markersize=6)


def _tell_median(median: float) -> str:
    return f"median {median:,.1f} h" if np.isfinite(median) else "median not reached"


def _last_hour(curves: pd.DataFrame) -> float:
    ends = []
    for _, rows in curves.groupby("period"):
        late = rows.loc[rows["waiting"] <= 1 - SHOWN, "hours"]
        ends.append(float(late.iloc[0]) if len(late) else float(rows["hours"].max()))
    return max(ends) or 1.0


@passes_absence
def draw_complaint_shares(shares: pd.DataFrame, *, confidence: float = 0.95) -> Figure:
    """Draw shares of complaints before and after as bars with their intervals.

    Parameters
    ----------
    shares : DataFrame
        ``label``, ``period``, ``share``, ``lower``, ``upper``, ``n``; as
        :func:`crmstudy.case.service.complaints.list_shares` gives it.
    confidence : float
        Coverage, for the label.
    """
    names = list(dict.fromkeys(shares["label"]))
    labels = _wrap(names)
    with house_figure(7.0, 1.4 + _rows_height(labels, 0.58)) as (figure, axes):
        for offset, (period, colour, hatch) in zip(
            (-0.19, 0.19), (("before", "white", "////"), ("after", COLOURS[0], "")), strict=True
        ):
            rows = shares[shares["period"] == period].set_index("label").reindex(names)
            at = np.arange(len(names)) + offset
            share = rows["share"].to_numpy(dtype=float)
            edge = INK if hatch else COLOURS[0]
            axes.barh(
                at, share, 0.34, color=colour, hatch=hatch, edgecolor=edge, linewidth=0.8,
                label=period,
            )  # fmt: skip
            axes.hlines(at, rows["lower"], rows["upper"], color=INK, linewidth=1.8)
            for place, end, value, n in zip(at, rows["upper"], share, rows["n"], strict=True):
                axes.annotate(
                    f"{value:.1%} (n = {int(n):,})",
                    (float(end), place),
                    xytext=(5, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8,
                )
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(0, 1.28 * float(shares["upper"].max()))
        axes.set_xlabel(f"share of tickets that complain (line: {confidence:.0%} interval)")
        axes.xaxis.set_major_formatter(_percent)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
        _grid(axes, "x")
    return figure

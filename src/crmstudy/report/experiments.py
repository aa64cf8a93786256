"""Pictures of an experiment's estimates and of a series interrupted by a measure."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.series.interruption import SeriesResult
from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _rows_height, _thousands, _wrap
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure


@passes_absence
def draw_estimators(
    estimates: pd.DataFrame, *, outcome: str, used: str, confidence: float = 0.95
) -> Figure:
    """Draw the estimates of one effect below each other with their intervals.

    Parameters
    ----------
    estimates : DataFrame
        ``estimator``, ``effect``, ``lower``, ``upper``, ``n``.
    outcome : str
        What the effect is on.
    used : str
        The estimator that decides; its mark is filled, its line bold.
    confidence : float
        Coverage of the intervals, for the label.
    """
    labels = _wrap(estimates["estimator"])
    with house_figure(7.0, 1.0 + _rows_height(labels, 0.4)) as (figure, axes):
        axes.axvline(0, color=INK, linewidth=0.9)
        decided = estimates.loc[estimates["estimator"] == used, "effect"]
        if len(decided):
            axes.axvline(float(decided.iloc[0]), color=QUIET, linewidth=1, linestyle=":")
        for row, found in enumerate(estimates.to_dict("records")):
            chosen = found["estimator"] == used
            colour = COLOURS[0] if chosen else INK
            width = 2.6 if chosen else 1.4
            axes.plot([found["lower"], found["upper"]], [row, row], color=colour, linewidth=width)
            face = colour if chosen else "white"
            axes.plot([found["effect"]], [row], "o", color=colour, mfc=face, markersize=6.5)
            axes.annotate(
                _write(found["effect"]),
                (found["effect"], row),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
            )
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.75)
        axes.xaxis.set_major_formatter(_thousands)
        n = int(estimates["n"].max()) if len(estimates) else 0
        axes.set_xlabel(
            f"effect on {spell(outcome).replace('n purchases', 'purchases')} per customer over the "
            f"campaign\n(n = {n:,} customers; line: {confidence:.0%} interval; "
            "filled: the one that decides)"
        )
        axes.margins(x=0.06)
        _grid(axes, "x")
    return figure


def _write(value: float) -> str:
    decimals = 2 if abs(value) < 100 else 0
    return f"{value:,.{decimals}f}".replace("-", "−")


@passes_absence
def draw_interruption(fit: SeriesResult, *, y_label: str) -> Figure:
    """Draw a series, its trend before and after a change, and the trend before continued.

    Parameters
    ----------
    fit : SeriesResult
    y_label : str
        What the series measures, with its unit.
    """
    path = fit.path
    after = path["after"].to_numpy(dtype=bool)
    with house_figure(7.0, 3.9) as (figure, axes):
        later = path[after]
        axes.plot(
            later.index, later["without"], "--", color=INK, linewidth=1.6, label="trend continued"
        )
        axes.fill_between(
            later.index,
            later["lower"].to_numpy(dtype=float),
            later["upper"].to_numpy(dtype=float),
            color="#DDDDDD",
            label=f"its {fit.confidence:.0%} interval",
        )
        for side, sign, inside, name in (
            (~after, "o", "white", "before"),
            (after, "s", COLOURS[0], "after"),
        ):
            part = path[side]
            axes.plot(part.index, part["fitted"], color=COLOURS[0], linewidth=2)
            axes.plot(
                part.index,
                part["observed"],
                sign,
                color=COLOURS[0],
                mfc=inside,
                markersize=4.5,
                linestyle="none",
                label=f"{name} ({len(part)} windows)",
            )
        axes.axvline(fit.changed_on, color=COLOURS[5], linewidth=1.4)
        _mark_change(axes, fit.changed_on)
        _limit(axes, path)
        axes.set(xlabel="first day of the window", ylabel=y_label)
        axes.yaxis.set_major_formatter(_thousands)
        _space_dates(axes, path.index)
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        _grid(axes, "y")
    return figure


def _mark_change(axes: Any, day: pd.Timestamp) -> None:
    axes.annotate(
        f"change on {day:%Y-%m-%d}",
        (day, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 3),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
        color=COLOURS[5],
    )


def _limit(axes: Any, path: pd.DataFrame) -> None:
    """Start at 0 where nothing lies below, so that a change is not made to look large."""
    lowest = float(path[["observed", "fitted"]].min().min())
    shown = path[["observed", "fitted", "without"]].to_numpy(dtype=float)
    band = float(path.loc[path["after"], "upper"].max())
    # A band that few windows make very wide must not squeeze what was observed.
    top = max(float(shown.max()), min(band, 1.5 * float(shown.max())))
    bottom = min(0.0, float(shown.min()))
    room = 0.06 * (top - bottom)
    axes.set_ylim(bottom - room if lowest < 0 or bottom < 0 else 0.0, top + room)


def _space_dates(axes: Any, index: pd.Index) -> None:
    """Write at most six dates below the axis."""
    places = np.unique(np.linspace(0, len(index) - 1, min(6, len(index))).round().astype(int))
    chosen = pd.DatetimeIndex(index)[places]
    axes.set_xticks(chosen.to_list(), [f"{day:%Y-%m-%d}" for day in chosen], fontsize=8.5)

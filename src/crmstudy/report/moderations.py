"""Pictures of moderation: lines with a low and a high moderator, bands of satisfaction."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _percent
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

WIDTH = 7.0
ACROSS = 3  # panels in a row
WIDEST_TITLE = 30  # characters of a moderator's name in one line
#: Position of the moderator, colour, line; the mean between the two is left out.
ENDS: tuple[tuple[float, str, str, str], ...] = (
    (-1.0, COLOURS[0], "-", "low moderator (−1 SD)"),
    (1.0, COLOURS[5], "--", "high moderator (+1 SD)"),
)


@passes_absence
def draw_simple_slopes(lines: pd.DataFrame, *, satisfaction: str, loyalty: str) -> Figure:
    """Draw loyalty over satisfaction with a low and a high moderator, a panel a moderator.

    Parameters
    ----------
    lines : DataFrame
        As ``ModerationResult.lines()`` gives it: moderator, n, at, satisfaction, loyalty,
        lower, upper, in standard deviations.
    satisfaction, loyalty : str
        The constructs in print.
    """
    groups = list(lines.groupby("moderator", sort=False))
    across = 2 if len(groups) == 4 else min(ACROSS, len(groups))
    rows = -(-len(groups) // across)
    bounds = lines.loc[lines["at"].isin([end[0] for end in ENDS]), ["lower", "upper"]]
    top = 1.08 * float(np.abs(bounds.to_numpy()).max())
    with house_figure(WIDTH, 0.95 + 2.35 * rows) as (figure, whole):
        whole.remove()
        panels = np.atleast_1d(figure.subplots(rows, across, sharex=True, sharey=True)).ravel()
        for axes, (name, part) in zip(panels, groups, strict=False):
            _draw_ends(axes, f"{name} (n = {int(part['n'].iloc[0]):,})", part)
            axes.set_ylim(-top, top)
        for axes in panels[len(groups) :]:
            axes.axis("off")
        for axes in panels[max(len(groups) - across, 0) : len(groups)]:
            axes.tick_params(labelbottom=True)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.supxlabel(fill(f"{satisfaction} (standard deviations)", 80), fontsize=9.5)
        figure.supylabel(fill(f"{loyalty} (standard deviations)", 34 * rows), fontsize=9.5)
        figure.legend(handles, labels, loc="outside upper center", ncols=2, fontsize=8.5)
    return figure


def _draw_ends(axes: Any, name: str, part: pd.DataFrame) -> None:
    axes.axhline(0, color=QUIET, linewidth=0.8)
    axes.axvline(0, color=QUIET, linewidth=0.8)
    for at, colour, style, label in ENDS:
        rows = part[part["at"] == at]
        axes.fill_between(
            rows["satisfaction"], rows["lower"], rows["upper"], color=colour, alpha=0.15, lw=0
        )
        axes.plot(
            rows["satisfaction"],
            rows["loyalty"],
            color=colour,
            linestyle=style,
            linewidth=1.9,
            label=label,
        )
    width = WIDEST_TITLE if name.isascii() else WIDEST_TITLE // 2
    axes.set_title(fill(name, width), fontsize=9, fontweight="normal")
    axes.xaxis.set_major_formatter(_signed)
    axes.yaxis.set_major_formatter(_signed)
    axes.grid(axis="both")
    axes.tick_params(length=0)


def _signed(value: float, _: int = 0) -> str:
    return f"{value:g}".replace("-", "−")


@passes_absence
def draw_bands(
    bands: pd.DataFrame,
    *,
    value: str,
    satisfaction: str,
    y_label: str,
    percent: bool = False,
    marks: dict[str, float] | None = None,
) -> Figure:
    """Draw a value with its interval in every band of satisfaction, and how many are in it.

    Parameters
    ----------
    bands : DataFrame
        from, to, n, ``value``, lower, upper.
    value : str
        The column drawn: ``"mean"`` or ``"share"``.
    satisfaction, y_label : str
        The construct in print, and what the value is.
    percent : bool
        Whether the value is a share.
    marks : dict, optional
        Horizontal lines by their label, for instance where loyalty begins.
    """
    ends = bands[["lower", "upper"]].to_numpy(dtype=float)
    reached = [*ends.ravel().tolist(), *(marks or {}).values()]
    low, high = min(reached), max(reached)
    room = 0.1 * max(high - low, 1e-9)
    with house_figure(WIDTH, 3.5) as (figure, axes):
        _draw_steps(axes, bands, value, ends)
        for label, at in (marks or {}).items():
            axes.axhline(at, color=COLOURS[5], linewidth=1.2, linestyle="--")
            text: dict[str, Any] = {"ha": "right", "fontsize": 8, "color": COLOURS[5]}
            where: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "xytext": (0, 3)}
            axes.annotate(label, (0.995, at), textcoords="offset points", **where, **text)
        axes.set_xlim(0, 100)
        axes.set_ylim(0.0 if percent else low - room, high + 2.2 * room)
        if percent:
            axes.yaxis.set_major_formatter(_percent)
        total = int(bands["n"].sum())
        said = f"{satisfaction}, points from 0 to 100 (numbers above: respondents, n = {total:,})"
        axes.set_xlabel(fill(said, 88))
        axes.set_ylabel(fill(y_label, 42))
        axes.grid(axis="y")
        axes.tick_params(length=0, pad=5)
    return figure


def _draw_steps(axes: Any, bands: pd.DataFrame, value: str, ends: np.ndarray) -> None:
    """Draw a step for each band, its interval, and the number of respondents above it."""
    middle = (bands["from"] + bands["to"]).to_numpy() / 2
    height = bands[value].to_numpy(dtype=float)
    axes.hlines(height, bands["from"], bands["to"], color=COLOURS[0], linewidth=2.4)
    axes.vlines(middle, ends[:, 0], ends[:, 1], color=COLOURS[0], linewidth=1.4)
    axes.plot(middle, height, "o", color=COLOURS[0], markersize=5.5)
    style: dict[str, Any] = {"ha": "center", "fontsize": 8, "color": INK}
    for place, top, n in zip(middle, ends[:, 1], bands["n"], strict=True):
        offset: dict[str, Any] = {"xytext": (0, 4), "textcoords": "offset points"}
        axes.annotate(f"{n:,}", (place, top), **offset, **style)

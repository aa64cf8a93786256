"""Distributions on a logarithmic axis, from bins that were counted in the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.theme import COLOURS, Figure, house_figure


@passes_absence
def draw_distributions(
    bins: pd.DataFrame, *, quantities: Sequence[str] = (), datasets: Sequence[str] = ()
) -> Figure:
    """Draw distributions on a logarithmic axis, a panel a quantity and a line a data set.

    Parameters
    ----------
    bins : DataFrame
        As :func:`crmstudy.collection.quality.bin_values` returns it: data set, quantity,
        unit, lower, upper, share.
    quantities, datasets : sequence of str
        What to draw; empty draws all.
    """
    quantities = quantities or list(dict.fromkeys(bins["quantity"]))
    datasets = datasets or list(dict.fromkeys(bins["data set"]))
    shown = bins[bins["quantity"].isin(quantities) & bins["data set"].isin(datasets)]
    width = max(2.45 * len(quantities), 3.4)
    with house_figure(min(width, 12.0), 2.9, len(quantities)) as (figure, panels):
        for axes, quantity in zip(np.atleast_1d(panels), quantities, strict=True):
            of = shown[shown["quantity"] == quantity]
            for dataset, part in of.groupby("data set", sort=False):
                colour = COLOURS[list(datasets).index(str(dataset)) % len(COLOURS)]
                edges, heights = _outline(part)
                axes.stairs(heights, edges, color=colour, linewidth=1.5, label=str(dataset))
                axes.stairs(heights, edges, color=colour, alpha=0.12, fill=True)
            unit = of["unit"].iloc[0] if len(of) else ""
            axes.set(xscale="log", xlabel=f"{quantity} ({unit})", ylim=(0, None))
            axes.xaxis.set_major_formatter(_plain)
            axes.xaxis.set_minor_formatter(_minor_of(of))
            axes.yaxis.set_major_formatter(_write_share)
            axes.grid(axis="y")
            axes.tick_params(length=0, which="both")
        first = np.atleast_1d(panels)[0]
        first.set_ylabel("share of values above zero")
        if len(datasets) > 1:
            lines, names = first.get_legend_handles_labels()
            figure.legend(lines, names, loc="outside upper left", ncols=len(datasets))
    return figure


def _outline(part: pd.DataFrame) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Give edges and heights of a histogram whose empty bins were left out."""
    lower, upper = part["lower"].to_numpy(float), part["upper"].to_numpy(float)
    ratio = upper[0] / lower[0]
    places = np.rint(np.log(lower / lower[0]) / np.log(ratio)).astype(int)
    heights = np.zeros(places[-1] + 1)
    heights[places] = part["share"].to_numpy(float)
    return lower[0] * ratio ** np.arange(len(heights) + 1), heights


def _plain(value: float, _: int = 0) -> str:
    # 1k and 10k: longer labels would run into each other.
    if value >= 1000:
        return f"{value / 1000:,.0f}k"
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"


def _minor_of(part: pd.DataFrame) -> Any:
    """Name 2 and 5 too where the values span hardly more than one power of ten."""
    narrow = len(part) > 0 and part["upper"].max() / part["lower"].min() < 20

    def write(value: float, _: int = 0) -> str:
        leading = f"{value:.0e}"[0]
        return _plain(value) if narrow and leading in "25" else ""

    return write


def _write_share(value: float, _: int = 0) -> str:
    return f"{value * 100:.3g}%"

"""How many segments, and how sure each of them is: the pictures of the choice of k."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

WIDTH = 7.0
ACROSS = 4  # panels in a row
WIDEST_LABEL = 26  # characters of a segment's name in one line
#: Hennig's limits of the Jaccard similarity, and what is beyond them.
LIMITS = ((0.6, "a pattern"), (0.75, "stable"), (0.85, "highly stable"))


@passes_absence
def draw_choice(points: pd.DataFrame, *, n: int) -> Figure:
    """Draw every measure over the number of segments, a panel each.

    A diamond marks the number that a measure favours, a dashed line the number
    recommended by all, bars one standard error where a measure has one.

    Parameters
    ----------
    points : DataFrame
        As :meth:`crmstudy.segmentation.ClusterResult.list_points` gives it: measure,
        looks_for, n_segments, value, error, favoured, recommended, chosen.
    n : int
        Customers on whom the measures rest.
    """
    groups = list(points.groupby("measure", sort=False))
    rows = -(-len(groups) // ACROSS)
    across = min(ACROSS, len(groups))
    largest = int(points["n_segments"].max())
    with house_figure(WIDTH, 0.75 + 1.65 * rows) as (figure, whole):
        whole.remove()
        panels = np.atleast_1d(figure.subplots(rows, across)).ravel()
        for axes, (name, part) in zip(panels, groups, strict=False):
            _draw_measure(axes, str(name), part, largest)
        for axes in panels[len(groups) :]:
            axes.axis("off")
        figure.supxlabel(
            f"number of segments (n = {n:,}; diamond: favoured by the measure; "
            "dashed: recommended)",
            fontsize=8.5,
        )
    return figure


def _draw_measure(axes: Any, name: str, part: pd.DataFrame, largest: int) -> None:
    k, values = part["n_segments"].to_numpy(), part["value"].to_numpy(dtype=float)
    errors = part["error"].fillna(0.0).to_numpy(dtype=float)
    best = part["favoured"].to_numpy(dtype=bool)
    for place in k[part["recommended"].to_numpy(dtype=bool)]:
        axes.axvline(place, color=QUIET, linewidth=1.2, linestyle="--", zorder=0)
    bars = errors if errors.any() else None
    axes.errorbar(
        k,
        values,
        yerr=bars,
        color=COLOURS[0],
        linewidth=1.3,
        marker="o",
        markersize=2.6,
        elinewidth=0.9,
        capsize=1.5,
    )
    axes.plot(
        k[best],
        values[best],
        linestyle="",
        marker="D",
        markersize=6,
        color=COLOURS[5],
        markeredgecolor="white",
        zorder=5,
    )
    looks_for = part["looks_for"].iloc[0]
    axes.set_title(f"{name}\n", fontsize=8, pad=2, **bold(name))
    axes.text(0, 1.02, looks_for, transform=axes.transAxes, fontsize=7, color="#666666")
    axes.set_xticks(_choose_ticks(largest))
    axes.set_xlim(0.5, largest + 0.5)
    axes.margins(y=0.12)
    axes.locator_params(axis="y", nbins=4)
    axes.tick_params(length=0, labelsize=7)
    axes.yaxis.set_major_formatter(_write_value)
    axes.grid(axis="y")


def _choose_ticks(largest: int) -> Sequence[int]:
    step = 1 if largest <= 6 else 2 if largest <= 14 else 5
    return [k for k in range(1, largest + 1) if k == 1 or k % step == 0]


def _write_value(value: float, _: int = 0) -> str:
    """Write a tick in few characters, however large the number is."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size and (value % (size / 100) == 0 or abs(value) >= 10 * size):
            return f"{value / size:,g}{letter}".replace("-", "−")
    return f"{value:,g}".replace("-", "−")


@passes_absence
def draw_stability(stability: pd.DataFrame, *, n: int, n_replicates: int) -> Figure:
    """Draw how surely each segment is found again, against the limits .6, .75 and .85.

    Parameters
    ----------
    stability : DataFrame
        As :meth:`crmstudy.segmentation.ClusterResult.tabulate_stability` gives it: segment,
        jaccard, times dissolved, times recovered, stability.
    n, n_replicates : int
        Customers, and bootstrap samples drawn from them.
    """
    labels = [fill(str(name), WIDEST_LABEL) for name in stability["segment"]]
    lines = [label.count("\n") + 1 for label in labels]
    height = 1.25 + sum(max(0.3, 0.17 * number + 0.08) for number in lines)
    values = stability["jaccard"].to_numpy(dtype=float)
    with house_figure(WIDTH, height) as (figure, axes):
        sure = [COLOURS[0] if value >= LIMITS[1][0] else COLOURS[5] for value in values]
        places = np.arange(len(values))
        axes.barh(places, values, 0.62, color=sure)
        for place, value, grade in zip(places, values, stability["stability"], strict=True):
            axes.text(1.03, place, f"{value:.2f} {grade}", fontsize=8, va="center")
        for limit, name in LIMITS:
            axes.axvline(limit, color=INK, linewidth=0.8, linestyle=":")
            axes.annotate(
                f"{limit:g}\n{name}".replace("0.", "."),
                (limit, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(0, 2),
                textcoords="offset points",
                ha={"a pattern": "right", "stable": "center"}.get(name, "left"),
                va="bottom",
                fontsize=7,
            )
        axes.set_yticks(places, labels)
        axes.set(xlim=(0, 1.5), ylim=(len(values) - 0.5, -0.5))
        axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        said = "bootstrap sample" if n_replicates == 1 else "bootstrap samples"
        figure.supxlabel(
            f"mean Jaccard similarity over {n_replicates:,} {said} (n = {n:,} customers)",
            fontsize=8.5,
        )
        axes.tick_params(length=0)
    return figure

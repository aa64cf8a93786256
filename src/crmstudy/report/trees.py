"""A decision tree as rows that can be read, and what networks reach beside their baselines."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Inches: the page, a row, the step of one level; where text begins, counts end, segments
#: and dots stand, and the first row begins.
WIDTH, ROW, INDENT = 7.0, 0.235, 0.2
SIZE = 8  # points
TEXT, COUNTS, SEGMENT, DOTS, TOP = 0.08, 4.05, 4.45, 4.8, 0.32


def write_threshold(value: float) -> str:
    """Write a threshold with four digits."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}".replace("-", "−")
    decimals = max(0, 3 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:,.{decimals}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def write_condition(
    variable: str, level: str, threshold: float, *, below: bool, room: float | None = None
) -> str:
    """Say one side of a split in words; the variable is cut where room, in inches, lacks."""
    if level:
        end = f" is {'not ' if below else ''}{level}"
    else:
        end = f" {'≤' if below else '>'} {write_threshold(threshold)}"
    if room is None:
        return spell(variable.removeprefix("n_")) + end
    end = cut_text(end, 0.6 * room, SIZE)
    return cut_text(spell(variable.removeprefix("n_")), room - measure_text(end, SIZE), SIZE) + end


@passes_absence
def draw_tree(nodes: pd.DataFrame, leaves: pd.DataFrame, *, x_label: str) -> Figure:
    """Draw a tree as indented rows, the mean of each leaf with its interval beside it.

    Parameters
    ----------
    nodes, leaves : DataFrame
        As :class:`crmstudy.segmentation.trees.value_tree.TreeResult` holds them.
    x_label : str
        What the dots are, with its unit.
    """
    rows = _list_rows(nodes)
    height = TOP + ROW * len(rows) + 0.62
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.axis("off")
        axes.text(COUNTS, 0.16, "customers", fontsize=7.5, ha="right", va="center")
        axes.text(SEGMENT, 0.16, "segment", fontsize=7.5, ha="center", va="center")
        tops = {node: TOP + ROW * (place + 0.5) for place, node in enumerate(rows)}
        total = int(nodes["n_customers"].to_numpy()[0])
        for node in rows:
            _draw_row(axes, nodes, node, tops, total)
        tall = ROW * len(rows)
        across = (WIDTH - DOTS - 0.15) / WIDTH
        dots = figure.add_axes((DOTS / WIDTH, 1 - (TOP + tall) / height, across, tall / height))
        _draw_dots(dots, nodes, leaves, rows)
        dots.set_xlabel(fill(x_label, 32), fontsize=7.5)
    return figure


def _list_rows(nodes: pd.DataFrame) -> list[int]:
    """Order nodes as they are read: each before its branches, the higher branch first."""
    order, waiting = [], [0]
    left, right = nodes["left"].to_numpy(), nodes["right"].to_numpy()
    mean = nodes["mean"].to_numpy(dtype=float)
    while waiting:
        node = waiting.pop()
        order.append(node)
        if left[node] >= 0:
            waiting += sorted((int(left[node]), int(right[node])), key=lambda child: mean[child])
    return order


def _draw_row(
    axes: Any, nodes: pd.DataFrame, node: int, tops: dict[int, float], total: int
) -> None:
    row = nodes.loc[node].to_dict()
    x, y = TEXT + INDENT * row["depth"], tops[node]
    text = "all customers"
    if row["parent"] >= 0:
        above = nodes.loc[row["parent"]].to_dict()
        split = (above["variable"], above["level"], above["threshold"])
        room = COUNTS - 0.85 - x
        text = write_condition(*split, below=above["left"] == node, room=room)
        trunk = x - INDENT + 0.05
        axes.plot([trunk, trunk, x - 0.03], [tops[row["parent"]] + 0.1, y, y], color=QUIET, lw=0.9)
    count = f"{row['n_customers']:,} ({_percent(row['n_customers'] / total)})"
    axes.text(x, y, text, fontsize=SIZE, va="center", color=INK)
    axes.text(COUNTS, y, count, fontsize=7.5, ha="right", va="center")
    if row["segment"]:
        axes.text(SEGMENT, y, str(row["segment"]), fontsize=SIZE, ha="center", va="center")


def _percent(share: float) -> str:
    return f"{min(share, 0.999):.1%}" if share < 1 else "100%"


def _draw_dots(axes: Any, nodes: pd.DataFrame, leaves: pd.DataFrame, rows: list[int]) -> None:
    for place, node in enumerate(rows):
        segment = int(nodes["segment"].to_numpy()[node])
        mean = float(nodes["mean"].to_numpy()[node])
        if segment:
            leaf = leaves.loc[segment].to_dict()
            axes.hlines(place, leaf["lower"], leaf["upper"], color=COLOURS[0], linewidth=2)
        style = {"color": COLOURS[0]} if segment else {"color": QUIET, "markerfacecolor": "white"}
        axes.plot(mean, place, "o", markersize=5, **style)
    axes.axvline(float(nodes["mean"].to_numpy()[0]), color=QUIET, linewidth=0.8, zorder=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.tick_params(length=0, labelsize=7.5)
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:,g}".replace("-", "−"))


@passes_absence
def draw_reconstruction(errors: pd.DataFrame) -> Figure:
    """Draw the held-out error of autoencoders beside that of principal components.

    Parameters
    ----------
    errors : DataFrame
        As :class:`crmstudy.segmentation.networks.reconstruction.ReconstructionResult` holds it.
    """
    rows = np.arange(len(errors), dtype=float)
    with house_figure(WIDTH, 1.25 + 0.62 * len(errors)) as (figure, axes):
        shapes = (
            ("mean", "mean of the others", "s", COLOURS[6], -0.2),
            ("components", "principal components", "D", COLOURS[1], 0.0),
            ("network", "autoencoder (line: its seeds)", "o", COLOURS[0], 0.2),
        )
        for name, label, marker, colour, shift in shapes:
            values = errors[name].to_numpy(dtype=float)
            if name == "network":
                ends = errors[["network_best", "network_worst"]].to_numpy(dtype=float)
                axes.hlines(rows + shift, ends[:, 0], ends[:, 1], color=colour, linewidth=2)
            axes.plot(values, rows + shift, marker, color=colour, markersize=6, label=label)
            for value, row in zip(values, rows, strict=True):
                axes.annotate(
                    f"{value:.3f}",
                    (value, row + shift),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=7,
                )
        names = [f"{n} code{'' if n == 1 else 's'}" for n in errors.index]
        axes.set_yticks(rows, names)
        axes.set_ylim(len(errors) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.margins(x=0.08)
        axes.set_xlabel("mean squared error a dimension, held-out customers")
        axes.grid(axis="x")
        axes.tick_params(length=0)
        figure.legend(loc="outside upper left", ncols=3, fontsize=8)
    return figure

"""Pictures of lifetime value: its distribution, its map over histories, its intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _percent, _rows_height, _thousands
from crmstudy.report.gains import _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

Floats = NDArray[np.float64]

#: Powers of ten that a logarithmic axis shows below the largest value; what lies lower is
#: next to nothing and shares one bar.
DECADES = 4
#: Below this ratio of mean to median, and with no value near zero, an even axis will do.
SKEWED = 1.5
ALIVE_LINES = (0.25, 0.5, 0.75)
MOST_TICKS = 14


@passes_absence
def draw_lifetime_values(customers: pd.DataFrame, *, unit: str) -> Figure:
    """Draw how lifetime value is spread over the customers, with mean and median.

    A skewed distribution gets a logarithmic axis; values of nothing or next to nothing,
    which it has no place for, are one bar at its left.

    Parameters
    ----------
    customers : DataFrame
        ``lifetime_value`` of each customer, 0 or more.
    unit : str
        Its unit, for the label: a currency, or discounted purchases.
    """
    values = np.sort(customers["lifetime_value"].to_numpy(dtype=float))
    mean, median = float(values.mean()), float(np.median(values))
    top = float(values[-1])
    skewed = top > 0 and (mean > SKEWED * median or (values < 0.1 * mean).any())
    with house_figure(7.0, 3.5) as (figure, axes):
        if skewed:
            _draw_on_logs(axes, values)
        else:
            axes.hist(values, bins="auto", color=COLOURS[0], edgecolor="white")
        _mark(axes, mean, f"mean {_amount(mean)}", "-", right=mean >= median)
        _mark(axes, median, f"median {_amount(median)}", "--", right=mean < median)
        axes.set_xlabel(f"lifetime value of a customer ({unit}; n = {len(values):,})")
        axes.set_ylabel("customers")
        axes.margins(y=0.22)
        axes.yaxis.set_major_formatter(_thousands)
        axes.locator_params(axis="y", integer=True)
        if not skewed:
            axes.locator_params(axis="x", nbins=6)
            axes.xaxis.set_major_formatter(_thousands)
        _grid(axes, "y")
    return figure


def _draw_on_logs(axes: Any, values: Floats) -> None:
    """Bars of even width in log value, and one for what lies below the axis."""
    top = values[-1] * 1.0001
    floor = 10.0 ** (np.floor(np.log10(values[-1])) - DECADES + 1)
    edges = np.geomspace(floor, top, 6 * DECADES + 1)
    heights, _ = np.histogram(values[values >= floor], edges)
    axes.set_xscale("log")
    axes.stairs(heights, edges, fill=True, color=COLOURS[0])
    axes.vlines(edges[1:-1], 0, np.minimum(heights[1:], heights[:-1]), color="white", linewidth=0.8)
    below = int((values < floor).sum())
    if below:
        left, right = floor / 3.2, floor / 1.5
        axes.fill(
            [left, right, right, left],
            [0, 0, below, below],
            facecolor="white",
            edgecolor=INK,
            hatch="////",
            linewidth=0.8,
        )
        axes.annotate(
            f"less than\n{_short(floor)}",
            ((left * right) ** 0.5, below),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.xaxis.set_major_formatter(lambda value, _: _short(value) if value >= floor / 1.01 else "")
    axes.tick_params(which="minor", length=0)


def _mark(axes: Any, place: float, text: str, style: str, *, right: bool) -> None:
    """Draw a line with its name, the smaller of two at the left so that they keep apart."""
    if place < axes.get_xlim()[0]:  # next to nothing, in the bar at the left
        return
    axes.axvline(place, color=COLOURS[5], linewidth=1.4, linestyle=style)
    axes.annotate(
        text,
        (place, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(4 if right else -4, -2),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top",
        fontsize=8.5,
        color=COLOURS[5],
    )


def _amount(value: float) -> str:
    """Write an amount with two decimals, a very small or large one with three digits."""
    return f"{value:,.2f}" if 0.01 <= value < 1000 else _short(value)


def _short(value: float) -> str:
    """Write a number with three digits."""
    return _thousands(float(f"{value:.3g}"))


@passes_absence
def draw_alive_map(grid: pd.DataFrame, *, unit: str, age: float) -> Figure:
    """Draw the probability of being active over frequency and recency, and the customers.

    Parameters
    ----------
    grid : DataFrame
        One row a cell: ``repeat_purchases``, ``since_purchase``, ``probability_alive``,
        ``customers``.
    unit : str
        Unit of time, singular.
    age : float
        Age of the customers for whom the map is drawn.
    """
    return _draw_map(
        grid,
        "probability_alive",
        unit=unit,
        age=age,
        label="probability of being active",
        lines=ALIVE_LINES,
        share=True,
    )


@passes_absence
def draw_value_map(grid: pd.DataFrame, *, unit: str, age: float, value_unit: str) -> Figure:
    """Draw lifetime value over frequency and recency with lines of equal value.

    Parameters
    ----------
    grid : DataFrame
        One row a cell: ``repeat_purchases``, ``since_purchase``, ``lifetime_value``,
        ``customers``.
    unit : str
        Unit of time, singular.
    age : float
        Age of the customers for whom the map is drawn.
    value_unit : str
        Unit of the value: a currency, or discounted purchases.
    """
    values = grid.loc[grid["repeat_purchases"] > 0, "lifetime_value"].to_numpy(dtype=float)
    return _draw_map(
        grid,
        "lifetime_value",
        unit=unit,
        age=age,
        label=f"lifetime value ({value_unit})",
        lines=_iso_values(float(values.max(initial=0.0))),
        share=False,
    )


def _iso_values(top: float) -> tuple[float, ...]:
    """Choose round values that halve or so from line to line."""
    if top <= 0:
        return ()
    power = np.floor(np.log10(top))
    round_values = [digit * 10.0 ** (power - down) for down in (0, 1, 2) for digit in (5, 2, 1)]
    return tuple(sorted([value for value in round_values if value < 0.9 * top][:6]))


def _draw_map(
    grid: pd.DataFrame,
    column: str,
    *,
    unit: str,
    age: float,
    label: str,
    lines: tuple[float, ...],
    share: bool,
) -> Figure:
    cells = grid.pivot_table(index="since_purchase", columns="repeat_purchases", values=column)
    since, frequency = cells.index.to_numpy(dtype=float), cells.columns.to_numpy(dtype=float)
    numbers, places = cells.to_numpy(dtype=float), np.arange(len(frequency))
    n = int(grid["customers"].sum())
    with house_figure(7.0, 4.4) as (figure, axes):
        shades = axes.pcolormesh(
            places, since, numbers, cmap="Blues", shading="nearest", vmin=0, rasterized=True
        )
        _draw_lines(axes, places[1:], since, numbers[:, 1:], lines, share=share)
        axes.axvline(0.5, color="white", linewidth=4)
        largest = _draw_customers(axes, grid, frequency)
        figure.colorbar(shades, ax=axes, label=label, format=_percent if share else _thousands)
        step = max(1, -(-len(places) // MOST_TICKS))
        named = [*places[:1], *places[1::step]]
        axes.set_xticks(named, [_thousands(frequency[place]) for place in named])
        axes.set_xlim(-0.5, len(places) - 0.5)
        axes.set_xlabel(
            f"repeat purchases (last column: those beyond it too)\n"
            f"circles: customers (n = {n:,}; largest circle: {largest:,})"
        )
        axes.set_ylabel(
            f"{unit}s since the last purchase\n(map for a customer of {age:.0f} {unit}s)"
        )
        axes.tick_params(length=0)
    return figure


def _draw_lines(
    axes: Any, places: Any, since: Floats, numbers: Floats, lines: tuple[float, ...], *, share: bool
) -> None:
    """Lines of equal value, labelled, where the surface crosses them."""
    crossed = [line for line in lines if np.nanmin(numbers) < line < np.nanmax(numbers)]
    if len(places) < 2 or not crossed:
        return
    axes.contour(places, since, numbers, levels=crossed, colors="white", linewidths=3)
    drawn = axes.contour(places, since, numbers, levels=crossed, colors=INK, linewidths=1.1)
    written = axes.clabel(drawn, fmt=_percent if share else _thousands, fontsize=8, inline=False)
    for text in written:
        text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.8})


def _draw_customers(axes: Any, grid: pd.DataFrame, frequency: Floats) -> int:
    """Circles whose area grows with the number of customers in a cell."""
    held = grid[grid["customers"] > 0]
    counts = held["customers"].to_numpy(dtype=float)
    largest = int(counts.max(initial=0))
    axes.scatter(
        np.searchsorted(frequency, held["repeat_purchases"].to_numpy(dtype=float)),
        held["since_purchase"],
        s=4 + 130 * counts / max(largest, 1),
        facecolor="none",
        edgecolor=COLOURS[5],
        linewidth=0.9,
        zorder=3,
    )
    return largest


@passes_absence
def draw_value_intervals(customers: pd.DataFrame, *, unit: str, level: float = 0.95) -> Figure:
    """Draw the value of customers with a confidence and a prediction interval each.

    Parameters
    ----------
    customers : DataFrame
        In the order shown: ``customer_id``, ``lifetime_value``, ``lifetime_value_lower``,
        ``_upper`` (confidence), ``predicted_value_lower``, ``_upper`` (prediction).
    unit : str
        Unit of the value.
    level : float
        Of both intervals.
    """
    labels = _wrap(customers["customer_id"])
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.3)) as (figure, axes):
        rows = np.arange(len(customers))
        said = f"{100 * level:g}%"
        upper = customers["lifetime_value_upper"].to_numpy(dtype=float)
        widest = customers["predicted_value_upper"].to_numpy(dtype=float)
        axes.hlines(
            rows,
            customers["predicted_value_lower"],
            widest,
            color=COLOURS[4],
            linewidth=1.4,
            label=f"{said} prediction: what the customer will bring",
        )
        for end in (customers["predicted_value_lower"].to_numpy(dtype=float), widest):
            axes.plot(end, rows, "|", color=COLOURS[4], markersize=9, markeredgewidth=1.4)
        finite = np.where(np.isfinite(upper), upper, widest)
        axes.hlines(
            rows,
            customers["lifetime_value_lower"],
            finite,
            color=COLOURS[0],
            linewidth=5,
            label=f"{said} confidence: the expectation",
        )
        axes.plot(
            customers["lifetime_value"],
            rows,
            "o",
            color="white",
            markeredgecolor=INK,
            markersize=5.5,
            label="expected lifetime value",
        )
        axes.axvline(0, color=QUIET, linewidth=1)
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.set_xlabel(f"lifetime value ({unit})")
        axes.set_ylabel("customer")
        axes.xaxis.set_major_formatter(_thousands)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8)
        _grid(axes, "x")
    return figure

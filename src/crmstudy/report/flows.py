"""Pictures of RFM cells, of moves between segments, and of what each choice does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.layout import cut_text, measure_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure
from crmstudy.segmentation.clusters.robustness import ALIKE, Robustness
from crmstudy.segmentation.rfm.migration import GONE, NEW, Migration

#: Bands by direction; slope and legend say the same as the colour.
DIRECTION_COLOURS = {
    "stayed": "#9A9A9A",
    "up": COLOURS[0],
    "down": COLOURS[5],
    "no purchase": COLOURS[1],
    "new": COLOURS[2],
}
#: Of the picture of moves, in inches: width, the names at each side, the bars.
WIDTH, SIDE, BAR = 7.0, 2.15, 0.14
#: Share of all customers that lies between two states, and height of a line of text.
GAP, LINE = 0.018, 0.19
#: Ratio of the largest mean to the smallest from which colours follow the logarithm.
WIDE = 20.0


def _money(value: float) -> str:
    """Write an amount with three digits at least."""
    written = f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"
    return written.replace("-", "−")


@passes_absence
def draw_rfm_cells(cells: pd.DataFrame, *, currency: str = "") -> Figure:
    """Draw mean revenue and customers for each pair of recency and frequency scores.

    Parameters
    ----------
    cells : DataFrame
        As :class:`~crmstudy.segmentation.rfm.rfm.RfmResult` holds it: recency score, frequency
        score, customers, mean revenue.
    currency : str
        Written with the mean.
    """
    recency, frequency = cells["recency score"], cells["frequency score"]
    most = int(max(recency.max(), frequency.max()))
    means, counts = np.full((most, most), np.nan), np.zeros((most, most))
    places = (most - frequency).to_numpy(dtype=int), (recency - 1).to_numpy(dtype=int)
    means[places], counts[places] = cells["mean revenue"], cells["customers"]
    unit = f" ({currency})" if currency else ""

    def write(row: int, column: int) -> str:
        return f"{_money(means[row, column])}\nn={counts[row, column]:,.0f}"

    with house_figure(7.0, min(max(1.2 + 0.52 * most, 3.2), 6.4)) as (figure, axes):
        _draw_cells(axes, _shade(means), write, size=8.5 if most <= 6 else 6.2)
        axes.set_xticks(range(most), range(1, most + 1))
        axes.set_yticks(range(most), range(most, 0, -1))
        said = f"in each cell mean revenue{unit} and customers (n = {counts.sum():,.0f})"
        axes.set(
            xlabel=f"recency score (1 longest ago)\n{said}; darker is more; empty holds nobody",
            ylabel="frequency score (1 least often)",
        )
    return figure


def _shade(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Spread values from 0 to 1, by their logarithm where they span decades."""
    known = values[~np.isnan(values)]
    if (known > 0).all() and known.max() / known.min() > WIDE:
        values = np.log(values)
        known = values[~np.isnan(values)]
    span = known.max() - known.min()
    return np.full(values.shape, 0.5) if span == 0 else (values - known.min()) / span


def _draw_cells(
    axes: Any, shades: np.ndarray[Any, Any], write: Callable[[int, int], str], *, size: float
) -> None:
    """Draw tiles from white to blue with a text in each; a missing one stays empty."""
    axes.imshow(np.nan_to_num(0.06 + 0.86 * shades), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(*shades.shape):
        if np.isnan(shades[row, column]):
            corners = [column - 0.5, column + 0.5, column + 0.5, column - 0.5]
            axes.fill(corners, [row - 0.5, row - 0.5, row + 0.5, row + 0.5], "white", linewidth=0)
            continue
        ink = "white" if shades[row, column] > 0.62 else INK
        text = write(row, column)
        axes.text(
            column, row, text, ha="center", va="center", fontsize=size, color=ink, linespacing=1.15
        )
    rows, columns = shades.shape
    axes.hlines(np.arange(rows + 1) - 0.5, -0.5, columns - 0.5, color="white", linewidth=1.6)
    axes.vlines(np.arange(columns + 1) - 0.5, -0.5, rows - 0.5, color="white", linewidth=1.6)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)


@passes_absence
def draw_transitions(migration: Migration) -> Figure:
    """Draw where the customers of each segment are afterwards, in percent of the row.

    A matrix for those who want numbers: a row adds up to 100%, its customers stand beside
    its name, and the cells of those who stayed are framed.
    """
    shares = migration.shares().dropna(how="all")
    totals = migration.counts.loc[shares.index].sum(axis=1)
    columns = [name for name in shares if migration.counts[name].sum() > 0]
    values = shares[columns].to_numpy(dtype=float)
    names = [cut_text(str(name), 1.7, 8.5) for name in shares.index]

    def write(row: int, column: int) -> str:
        return _percent(values[row, column])

    height = max(1.55 + 0.36 * len(shares), 2.7)
    with house_figure(7.0, height) as (figure, axes):
        _draw_cells(axes, values, write, size=8.5 if len(columns) <= 8 else 6.8)
        for row, name in enumerate(shares.index):
            if name in columns:
                _frame(axes, row, columns.index(name))
        heads = [cut_text(str(name), 1.6, 8.5) for name in columns]
        axes.set_xticks(range(len(heads)), heads, rotation=30, ha="right", rotation_mode="anchor")
        labels = [f"{name} ({n:,})" for name, n in zip(names, totals, strict=True)]
        axes.set_yticks(range(len(labels)), labels)
        axes.tick_params(labelsize=8.5)
        axes.set(xlabel="after, in percent of the row", ylabel="before (customers)")
    return figure


def _percent(share: float) -> str:
    if share == 0:
        return "·"
    return "<1%" if share < 0.01 else ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _frame(axes: Any, row: int, column: int) -> None:
    left, right, top, bottom = column - 0.46, column + 0.46, row - 0.44, row + 0.44
    axes.plot(
        [left, right, right, left, left], [top, top, bottom, bottom, top], color=INK, linewidth=1.1
    )


@passes_absence
def draw_migration(migration: Migration) -> Figure:
    """Draw the moves of customers between two periods as bands.

    States stand from the most valuable segment at the top to the customers without a
    purchase at the bottom, so that a band that climbs is a move up. A band is as wide as
    the customers it carries are many; shares are of the customers of the period.
    """
    before = _stack(migration.counts.sum(axis=1))
    after = _stack(migration.counts.sum())
    height = max(3.7, 0.9 + LINE * 1.35 * max(len(before), len(after)))
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        tall = height - 0.9
        scale = 1 / max(before["bottom"].max(), after["bottom"].max())
        axes.set(position=(0, 0.36 / height, 1, tall / height), xlim=(0, WIDTH), ylim=(1.0, 0.0))
        axes.axis("off")
        _draw_bands(axes, migration, before, after, scale)
        windows = [str(window) for window in migration.windows] or ["before", "after"]
        _draw_states(axes, before, scale, tall, right=False)
        _draw_states(axes, after, scale, tall, right=True)
        for x, align, name, n in (
            (SIDE + BAR, "right", windows[0], migration.n_before),
            (WIDTH - SIDE - BAR, "left", windows[1], migration.n_after),
        ):
            said = f"{name}\n{count_customers(n)}"
            axes.text(x, -0.08 / tall, said, ha=align, va="bottom", fontsize=8.5)
        _draw_key(axes, migration)
    return figure


def count_customers(n: int) -> str:
    """Write how many customers there are."""
    return f"{n:,} customer" + ("" if n == 1 else "s")


def _stack(totals: pd.Series) -> pd.DataFrame:
    """Place states below each other, as high as their customers are many, with gaps."""
    present = totals[totals > 0]
    gap = GAP * float(totals.sum())
    tops = present.cumsum() - present + gap * np.arange(len(present))
    return pd.DataFrame({"n": present, "top": tops, "bottom": tops + present})


def _draw_bands(
    axes: Any, migration: Migration, before: pd.DataFrame, after: pd.DataFrame, scale: float
) -> None:
    left, right = before["top"].to_dict(), after["top"].to_dict()
    flows = migration.flows
    order = {str(name): place for place, name in enumerate([*migration.order, GONE, NEW])}
    ranks = flows.assign(a=flows["origin"].map(order), b=flows["target"].map(order))
    x = np.linspace(SIDE + BAR, WIDTH - SIDE - BAR, 60)
    bend = (x - x[0]) / (x[-1] - x[0])
    bend = bend**2 * (3 - 2 * bend)
    drawn = ranks.sort_values(["a", "b"])
    columns = (drawn[name].tolist() for name in ("origin", "target", "direction", "n_customers"))
    for origin, target, direction, n in zip(*columns, strict=True):
        start, end = left[origin], right[target]
        left[origin], right[target] = start + n, end + n
        upper = (start + (end - start) * bend) * scale
        colour = DIRECTION_COLOURS[direction]
        axes.fill_between(x, upper, upper + n * scale, color=colour, alpha=0.55, linewidth=0)


def _draw_states(
    axes: Any, states: pd.DataFrame, scale: float, tall: float, *, right: bool
) -> None:
    """Draw a bar and a name for each state; names that would touch are moved apart."""
    x = WIDTH - SIDE - BAR if right else SIDE
    middles = ((states["top"] + states["bottom"]) / 2 * scale).to_numpy()
    places = spread(middles, LINE / tall, top=0.4 * LINE / tall, bottom=1.0)
    counts = states["n"].to_numpy()
    bought = counts[[name not in (GONE, NEW) for name in states.index]].sum()
    ends = states[["top", "bottom"]].to_numpy() * scale
    for i, (middle, place) in enumerate(zip(middles, places, strict=True)):
        axes.fill([x, x + BAR, x + BAR, x], np.repeat(ends[i], 2), INK, linewidth=0)
        name = str(states.index[i])
        share = "" if name in (GONE, NEW) else f" ({_percent(counts[i] / bought)})"
        said = f" {counts[i]:,}{share}"
        room = SIDE - 0.15 - measure_text(said, 7.6)
        edge, away = (x + BAR, 1) if right else (x, -1)
        lead = [edge + away * 0.02, edge + away * 0.1]
        axes.plot(lead, [middle, place], color=QUIET, linewidth=0.8)
        axes.text(
            edge + away * 0.13,
            place,
            cut_text(name, room, 7.6) + said,
            ha="left" if right else "right",
            va="center",
            fontsize=7.6,
        )


def spread(
    middles: np.ndarray[Any, Any], distance: float, *, top: float, bottom: float
) -> np.ndarray[Any, Any]:
    """Move rising places apart until neighbours keep their distance, as little as needed."""
    from scipy.optimize import isotonic_regression

    steps = distance * np.arange(len(middles))
    shifted = isotonic_regression(middles - steps).x
    return np.clip(shifted, top, max(top, bottom - float(steps.max(initial=0.0)))) + steps


def _draw_key(axes: Any, migration: Migration) -> None:
    present = [name for name in DIRECTION_COLOURS if migration.movement.loc[name, "n_customers"]]
    wide = [measure_text(name, 8) + 0.5 for name in present]
    x = (WIDTH - sum(wide)) / 2
    for name, width in zip(present, wide, strict=True):
        colour = DIRECTION_COLOURS[name]
        axes.fill(
            [x, x + 0.16, x + 0.16, x],
            [1.035, 1.035, 1.065, 1.065],
            colour,
            alpha=0.7,
            linewidth=0,
            clip_on=False,
        )
        axes.text(x + 0.22, 1.05, name, fontsize=8, va="center")
        x += width


@passes_absence
def draw_robustness(robustness: Robustness) -> Figure:
    """Draw how much the segments agree with the main ones under each choice.

    A filled point: the segments keep their order by value; an open one: they do not.
    """
    shown = robustness.tried
    named = zip(shown["kind"], shown["choice"], strict=True)
    labels = [f"method: {choice}" if kind == "method" else choice for kind, choice in named]
    with house_figure(7.0, max(1.2 + 0.25 * len(shown), 1.8)) as (figure, axes):
        values = shown["adjusted_rand"].to_numpy(dtype=float)
        kept = shown["order_holds"].to_numpy(dtype=float) == 1
        rows = np.arange(len(shown))
        axes.hlines(rows, np.minimum(values, 0), values, color=QUIET, linewidth=1)
        for filled, name in ((True, "order by value holds"), (False, "order by value changes")):
            chosen = kept == filled
            if chosen.any():
                face = COLOURS[0] if filled else "white"
                axes.plot(
                    values[chosen],
                    rows[chosen],
                    "o",
                    markersize=6.5,
                    color=COLOURS[0],
                    markerfacecolor=face,
                    label=name,
                )
        axes.axvline(ALIKE, color=COLOURS[5], linewidth=1.1, linestyle="--")
        axes.annotate(
            f"much the same from {ALIKE:.2f}",
            (ALIKE, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-3, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=8,
            color=COLOURS[5],
        )
        axes.set_yticks(rows, [cut_text(label, 3.2, 8.5) for label in labels], fontsize=8.5)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(min(0.0, float(np.nanmin(values, initial=0.0)) - 0.03), 1.02)
        said = f"n = {robustness.n_customers:,} customers, {robustness.n_segments} main segments"
        axes.set_xlabel(f"adjusted Rand index with the main segments\n{said}")
        axes.grid(axis="x")
        axes.tick_params(length=0)
        if len(shown):
            figure.legend(loc="outside lower right", ncols=2, fontsize=8)
    return figure


__all__: Sequence[str] = ["draw_migration", "draw_rfm_cells", "draw_robustness", "draw_transitions"]

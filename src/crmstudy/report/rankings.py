"""Pictures of a comparison of units: weights by source, ranks by method, how firm they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.indicators import name_indicator
from crmstudy.report.figures import _grid, _rows_height
from crmstudy.report.gains import _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Sign and colour of each source of weights; colour is never the only sign.
SIGNS: dict[str, tuple[str, str]] = {
    "experts": ("o", COLOURS[0]),
    "entropy": ("^", COLOURS[1]),
    "CRITIC": ("s", COLOURS[2]),
}
#: Combinations are drawn as one sign.
COMBINED = ("D", INK)
SERIES_SIGNS = ("o", "s", "^", "D", "v", "P")
#: Units drawn at most: more do not fit a page.
MOST_UNITS = 25
MOST_LINES = 15
#: The share of a cell's blue above which its number is set in white.
DARK = 0.6


@passes_absence
def draw_weight_sources(weights: pd.DataFrame, *, used: str, n_units: int) -> Figure:
    """Draw the weights of experts, entropy and CRITIC, and those that count, side by side.

    Parameters
    ----------
    weights : DataFrame
        As ``CombinedWeights.side_by_side``: indexed by criterion, a column a source.
    used : str
        The column that counts, drawn dark.
    n_units : int
        Units that the data's weights come from.
    """
    ordered = weights.sort_values(used, ascending=False, kind="stable")
    labels = _wrap(name_indicator(str(name)) for name in ordered.index)
    shown = [name for name in SIGNS if name in ordered and name != used]
    with house_figure(7.0, 1.25 + _rows_height(labels, 0.36)) as (figure, axes):
        rows = np.arange(len(ordered))
        every = ordered[[*shown, used]]
        axes.hlines(rows, every.min(axis=1), every.max(axis=1), color=QUIET, linewidth=1.2)
        for name in shown:
            sign, colour = SIGNS[name]
            axes.plot(ordered[name], rows, sign, color=colour, mfc="none", mew=1.6, label=name)
        sign, colour = COMBINED
        label = used if used in ("experts", "data") else f"{used} combination"
        axes.plot(ordered[used], rows, sign, color=colour, markersize=7, label=f"{label}, used")
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        most = float(every.to_numpy().max())
        axes.set_xlim(-0.02 * most, 1.05 * most)
        sources = f" (entropy, CRITIC: {n_units:,} units)" if len(shown) > 1 else ""
        axes.set_xlabel(f"weight{sources}")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8.5)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_rank_table(
    ranks: pd.DataFrame, *, unit: str, agreement: float | NotAvailable, in_order: Sequence[Any] = ()
) -> Figure:
    """Draw ranks of units by method as cells, the best dark, and the rank by mean rank.

    Parameters
    ----------
    ranks : DataFrame
        As ``Ranking.table()``: ``unit``, a column ``rank by ...`` a method, ``mean rank``,
        ``rank``.
    unit : str
        What the units are, for the label.
    agreement : float or NotAvailable
        Kendall's W.
    in_order : sequence, optional
        Units in the order to draw them, for instance that of time; empty takes the best
        first. Of many, the best 25 are drawn.
    """
    whole = ranks.set_index("unit")
    table = _choose(whole, in_order, MOST_UNITS)
    columns = [name for name in table.columns if str(name).startswith("rank by ")]
    heads = _break_heads([*(str(name).removeprefix("rank by ") for name in columns), "mean rank"])
    labels = _wrap(table.index)
    places = table[[*columns, "rank"]].to_numpy(dtype=float)
    depth = 1 - (places - 1) / max(len(whole) - 1, 1)
    written = np.column_stack(
        [table[columns].astype(str), [f"{mean:.2f}" for mean in table["mean rank"]]]
    )
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.32)) as (figure, axes):
        _draw_cells(axes, depth, written)
        axes.axvline(len(columns) - 0.5, color="white", linewidth=6)
        axes.set_xticks(range(len(heads)), heads)
        axes.xaxis.tick_top()
        axes.set_yticks(range(len(labels)), labels)
        said = "" if isinstance(agreement, NotAvailable) else f", Kendall's W = {agreement:.2f}"
        axes.set_xlabel(f"{_count(table, whole, unit)} by method, 1 is the best{said}")
    return figure


def _choose(table: pd.DataFrame, in_order: Sequence[Any], most: int) -> pd.DataFrame:
    """Keep the best units, at most so many, in the order asked for."""
    kept = table.head(most)
    return kept.loc[[name for name in in_order if name in kept.index]] if len(in_order) else kept


def _count(drawn: pd.DataFrame, whole: pd.DataFrame, unit: str) -> str:
    if len(drawn) < len(whole):
        return f"rank of the best {len(drawn)} of {len(whole):,} units ({unit})"
    return f"rank of each {unit} (n = {len(whole):,})"


def _draw_cells(axes: Any, depth: np.ndarray, written: np.ndarray) -> None:
    axes.imshow(depth, cmap="Blues", vmin=-0.15, vmax=1.25, aspect="auto")
    for (row, column), text in np.ndenumerate(written):
        colour = "white" if depth[row, column] > DARK else INK
        axes.text(column, row, str(text), ha="center", va="center", color=colour, fontsize=9)
    axes.set_xticks(np.arange(-0.5, depth.shape[1]), minor=True)
    axes.set_yticks(np.arange(-0.5, depth.shape[0]), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.grid(which="major", visible=False)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _break_heads(heads: Sequence[str]) -> list[str]:
    return [head.replace(" ", "\n", 1) for head in heads]


def draw_rank_intervals(
    *draws: Any, unit: str, level: float = 0.95, in_order: Sequence[Any] = ()
) -> Figure | NotAvailable:
    """Draw how far the rank of each unit moves, a line for each kind of draw.

    Parameters
    ----------
    *draws : RankUncertainty or NotAvailable
        Kinds of draws of the same ranking, named in the legend; absent ones are left out.
    unit : str
        What the units are, for the label.
    level : float
        Share of the draws that a line covers.
    in_order : sequence, optional
        Units in the order to draw them; empty takes the best first. Of many, the best 15 are
        drawn.
    """
    known = [one for one in draws if not isinstance(one, NotAvailable)]
    if not known:
        return draws[0] if draws else NotAvailable("no draws")
    tables = [one.table(level=level).set_index("unit") for one in known]
    chosen = _choose(tables[0], in_order, MOST_LINES)
    units = list(chosen.index)
    labels = _wrap(units)
    step = 0.2
    height = _rows_height(labels, 0.18 + 0.13 * len(known))
    with house_figure(7.0, 1.15 + 0.17 * len(known) + height) as (figure, axes):
        rows = np.arange(len(units))
        for position, (one, table) in enumerate(zip(known, tables, strict=True)):
            offset = (position - (len(known) - 1) / 2) * step
            _draw_lines(axes, table.loc[units], rows + offset, position, one.of)
        axes.plot(
            tables[0].loc[units, "rank"], rows, "|", color=INK, markersize=15, label="rank found"
        )
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        for row in range(1, len(rows)):
            axes.axhline(row - 0.5, color="#EEEEEE", linewidth=0.8)
        axes.set_xlim(0.6, len(tables[0]) + 0.4)
        axes.set_xticks(_rank_ticks(len(tables[0])))
        axes.set_xlabel(
            f"{_count(chosen, tables[0], unit)} by the mean of the methods, 1 is the best\n"
            f"(line: {level:.0%} of the draws, sign: expected rank)"
        )
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
        _grid(axes, "x")
    return figure


def _draw_lines(
    axes: Any, table: pd.DataFrame, rows: np.ndarray, position: int, label: str
) -> None:
    low, high = (table[name] for name in [c for c in table.columns if c.startswith("rank at ")])
    colour = COLOURS[position % len(COLOURS)]
    sign = SERIES_SIGNS[position % len(SERIES_SIGNS)]
    axes.hlines(rows, low, high, color=colour, linewidth=1.8)
    axes.plot(table["expected rank"], rows, sign, color=colour, markersize=5, label=label)


def _rank_ticks(n: int) -> list[int]:
    """Every rank where there are few, else about eight of them."""
    every = max(1, -(-n // 12))
    return [1, *range(1 + every, n + 1, every)]

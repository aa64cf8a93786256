"""Judgements as they were given, and what weights become under one method or another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _rows_height
from crmstudy.report.gains import _wrap
from crmstudy.report.tables import format_value, spell
from crmstudy.report.theme import COLOURS, INK, Figure, house_figure

#: Sign and colour of each method; colour is never the only sign.
METHOD_SIGNS = {
    "eigenvector": ("o", COLOURS[0], COLOURS[0]),
    "geometric mean": ("s", COLOURS[5], "white"),
    "column mean": ("^", COLOURS[2], COLOURS[2]),
}
FUZZY_SIGNS = {
    "Buckley": ("o", COLOURS[0], COLOURS[0]),
    "crisp": ("D", INK, "white"),
    "Chang": ("X", COLOURS[5], COLOURS[5]),
}

LARGEST_JUDGEMENT = 9
#: Letters of a column's label in one line; of a row's label see figures.
WIDEST_COLUMN = 13
#: Columns that carry their names; of more, or of long names, they carry numbers.
MOST_NAMED = 5
#: Names from which the numbers in the cells get smaller.
MANY_NAMES = 9


@passes_absence
def write_fractions(
    frame: pd.DataFrame, *, columns: Sequence[str] = (), decimals: int = 2
) -> pd.DataFrame:
    """Write judgements as experts give them: 1/3 for a third, 3 for three.

    Parameters
    ----------
    frame : DataFrame
        Columns of judgements, other columns stay as they are.
    columns : sequence of str
        Columns to write; empty writes all that hold fractional numbers.
    decimals : int
        For numbers that are neither whole nor one over a whole number up to 9, such as a
        group's means.
    """
    chosen = list(columns) or [
        name for name in frame.columns if pd.api.types.is_float_dtype(frame[name])
    ]
    written = {name: [write_judgement(v, decimals) for v in frame[name]] for name in chosen}
    return frame.assign(**written)


def write_judgement(value: float, decimals: int = 2) -> str:
    """Write one judgement: a whole number, one over a whole number, or decimals."""
    for number, form in ((value, "{}"), (1 / value if value else 0.0, "1/{}")):
        whole = round(number) if np.isfinite(number) else 0
        if whole >= 1 and abs(number - whole) < 1e-9 and (form == "{}" or whole <= 9):
            return form.format(whole)
    return format_value(value, decimals)


@passes_absence
def draw_judgement_matrix(
    judgements: pd.DataFrame, *, marked: pd.DataFrame | None = None, label: str = "judgement"
) -> Figure:
    """Draw a judgement matrix: how many times the row outweighs the column.

    Parameters
    ----------
    judgements : DataFrame of shape (n, n)
        Positive reciprocal matrix.
    marked : DataFrame, optional
        Columns ``row`` and ``column``: pairs to frame, both directions.
    label : str
        What the colours show.
    """
    names = [spell(str(name)) for name in judgements.index]
    values = judgements.to_numpy(dtype=float)
    numbered = len(names) > MOST_NAMED or max(map(_width, names)) > 2 * WIDEST_COLUMN
    rows = _wrap(f"{k} {name}" if numbered else name for k, name in enumerate(names, start=1))
    columns = list(map(str, range(1, len(names) + 1))) if numbered else _break(names)
    with house_figure(7.0, 1.5 + max(_rows_height(rows, 0.36), 1.2)) as (figure, axes):
        mesh = axes.imshow(
            np.log(values),
            cmap="PuOr_r",
            vmin=-np.log(LARGEST_JUDGEMENT),
            vmax=np.log(LARGEST_JUDGEMENT),
            aspect="auto",
        )
        _write_cells(axes, values, mesh.to_rgba(np.log(values)))
        for row, column in _find_marked(judgements, marked):
            _frame_cell(axes, row, column)
        axes.set_yticks(range(len(names)), rows)
        axes.set_xticks(range(len(names)), columns)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set(xlabel="column", ylabel="row")
        _add_scale(figure, mesh, label)
    return figure


def _write_cells(axes: Any, values: np.ndarray[Any, Any], colours: np.ndarray[Any, Any]) -> None:
    size = 8.5 if len(values) < MANY_NAMES else 6.5
    brightness = colours[..., :3] @ np.array([0.299, 0.587, 0.114])
    for row, column in np.ndindex(*values.shape):
        axes.annotate(
            write_judgement(float(values[row, column])),
            (column, row),
            ha="center",
            va="center",
            fontsize=size,
            color="white" if brightness[row, column] < 0.52 else INK,
        )


def _frame_cell(axes: Any, row: int, column: int) -> None:
    """Frame a cell in black on white, so that it stands out on any colour."""
    near, far = -0.44, 0.44
    box = [row + near, row + far, row + far, row + near, row + near]
    side = [column + near, column + near, column + far, column + far, column + near]
    for colour, width in (("white", 4.5), ("black", 2.2)):
        axes.plot(side, box, color=colour, linewidth=width)


def _find_marked(judgements: pd.DataFrame, marked: pd.DataFrame | None) -> list[tuple[int, int]]:
    if marked is None or marked.empty:
        return []
    at = {name: position for position, name in enumerate(judgements.index)}
    pairs = [(at[r], at[c]) for r, c in zip(marked["row"], marked["column"], strict=True)]
    return pairs + [(column, row) for row, column in pairs]


def _width(text: str) -> int:
    """Width of a text in Latin letters; a Chinese sign is twice as wide."""
    return sum(1 if sign.isascii() else 2 for sign in text)


def _break(names: Iterable[str]) -> list[str]:
    """Break the labels of columns into lines."""
    return [fill(name, WIDEST_COLUMN if name.isascii() else WIDEST_COLUMN // 2) for name in names]


def _add_scale(figure: Figure, mesh: Any, label: str) -> None:
    ticks = [1 / 9, 1 / 5, 1 / 3, 1, 3, 5, 9]
    bar = figure.colorbar(mesh, shrink=0.9, pad=0.02)
    bar.set_ticks(
        [float(np.log(tick)) for tick in ticks], labels=[write_judgement(tick) for tick in ticks]
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0)
    bar.set_label(f"{label}:\nrow over column")


@passes_absence
def draw_method_weights(table: pd.DataFrame, *, x_label: str = "weight") -> Figure:
    """Draw the weight of each name by each of the three methods.

    Parameters
    ----------
    table : DataFrame
        name, eigenvector, geometric mean, column mean.
    x_label : str
        What the weights are of.
    """
    return _draw_signs(table, METHOD_SIGNS, x_label)


@passes_absence
def draw_fuzzy_weights(table: pd.DataFrame, *, x_label: str = "weight") -> Figure:
    """Draw fuzzy weights with their ends, and the weights made of them, beside crisp ones.

    Parameters
    ----------
    table : DataFrame
        name, lower, upper, Buckley, crisp, Chang.
    x_label : str
        What the weights are of.
    """
    return _draw_signs(table, FUZZY_SIGNS, x_label, ends=("lower", "upper"))


def _draw_signs(
    table: pd.DataFrame,
    signs: dict[str, tuple[str, str, str]],
    x_label: str,
    ends: tuple[str, str] | None = None,
) -> Figure:
    """Draw a row of signs for each name, side by side under each other."""
    labels = _wrap(spell(str(name)) for name in table["name"])
    rows = np.arange(len(labels), dtype=float)
    offsets = np.linspace(-0.22, 0.22, len(signs))
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.44)) as (figure, axes):
        if ends is not None:
            axes.hlines(
                rows + offsets[0],
                table[ends[0]],
                table[ends[1]],
                color=COLOURS[0],
                linewidth=2,
                label="lowest to highest (Buckley)",
            )
        for (name, (sign, colour, inside)), offset in zip(signs.items(), offsets, strict=True):
            axes.plot(
                table[name].to_numpy(dtype=float),
                rows + offset,
                sign,
                color=colour,
                mfc=inside,
                markersize=6.5,
                label=name,
                linestyle="none",
                clip_on=False,
                zorder=3,
            )
        for row in rows[1:]:
            axes.axhline(row - 0.5, color="#EEEEEE", linewidth=0.8)
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"{x_label} (n = {len(labels)} names)")
        figure.legend(loc="outside lower center", ncols=4, fontsize=8)
        _grid(axes, "x")
    return figure

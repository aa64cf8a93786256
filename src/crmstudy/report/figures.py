"""What the study draws; each function takes a frame and returns a figure in the house theme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from crmstudy.errors import passes_absence
from crmstudy.report.theme import COLOURS, INK, QUIET, house_figure

#: Characters of a row's label in one line.
WIDEST_LABEL = 34
#: Points of a scatter plot that are still drawn as vectors.
MOST_VECTORS = 5_000


def _thousands(value: float, _: int = 0) -> str:
    written = f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"
    return written.replace("-", "−")


def _percent(value: float, _: int = 0) -> str:
    return f"{value:.0%}".replace("-", "−")


def _mark_median(axes: Axes, values: np.ndarray[Any, Any]) -> None:
    median = float(np.median(values))
    right = median > (values.min() + values.max()) / 2
    axes.axvline(median, color=COLOURS[5], linewidth=1.4)
    axes.annotate(
        f"median {_thousands(float(f'{median:.3g}'))}",
        (median, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if right else 4, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        fontsize=8,
        color=COLOURS[5],
    )


def _wrap(labels: Iterable[Any]) -> list[str]:
    """Break long labels, so that they leave room for what they name."""
    return [fill(str(label), WIDEST_LABEL) for label in labels]


def _rows_height(labels: Sequence[str], inches: float) -> float:
    """Add up the height of rows whose labels may take several lines."""
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return len(labels) * max(inches, 0.18 * lines + 0.06)


def _grid(axes: Axes, axis: Literal["x", "y"]) -> None:
    axes.grid(axis=axis)
    axes.tick_params(length=0)


@passes_absence
def draw_bars(
    values: pd.Series,
    *,
    x_label: str,
    y_label: str = "",
    decimals: int = 2,
    percent: bool = False,
    highlight: Sequence[str] = (),
) -> Figure:
    """Draw one horizontal bar a label, the value written at its end.

    Parameters
    ----------
    values : Series
        Numbers indexed by label, top first; a missing one is written as a dash.
    percent : bool
        Whether the numbers are shares, written as percentages.
    highlight : sequence of str
        Labels drawn in the accent colour.
    """
    labels = _wrap(values.index)
    height = max(0.9 + _rows_height(labels, 0.3), 0.7 + 0.08 * len(y_label))
    with house_figure(7.0, height) as (figure, axes):
        colours = [COLOURS[5] if str(label) in highlight else COLOURS[0] for label in values.index]
        numbers = values.to_numpy(dtype=float)
        bars = axes.barh(range(len(numbers)), np.nan_to_num(numbers), color=colours, height=0.68)
        style = "{:.1%}" if percent else f"{{:,.{decimals}f}}"
        written = ["–" if np.isnan(v) else style.format(v).replace("-", "−") for v in numbers]
        if percent:  # 100.0% is all, nothing less
            almost = [0.9995 <= v < 1 for v in numbers]
            written = [">99.9%" if a else w for a, w in zip(almost, written, strict=True)]
        axes.bar_label(bars, written, padding=3, fontsize=8.5)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.margins(x=0.12)
        if (numbers < 0).any():
            axes.axvline(0, color=INK, linewidth=0.8)
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.xaxis.set_major_formatter(FuncFormatter(_percent if percent else _thousands))
        _grid(axes, "x")
    return figure


@passes_absence
def draw_lines(
    frame: pd.DataFrame,
    *,
    x_label: str,
    y_label: str,
    dashed: Sequence[str] = (),
    mark: Any = None,
    mark_label: str = "",
    from_zero: bool = True,
    diagonal: bool = False,
) -> Figure:
    """Draw one line a column over the frame's index, named in a legend.

    Parameters
    ----------
    frame : DataFrame
        Index on the horizontal axis (dates or numbers), a column a line.
    dashed : sequence of str
        Columns drawn dashed, for a model beside what was observed.
    mark : scalar, optional
        Place of a vertical line, with ``mark_label`` written beside it.
    from_zero : bool
        Start the vertical axis at 0, unless a value lies below.
    diagonal : bool
        Draw the line of equality from (0, 0) to (1, 1) too.
    """
    with house_figure() as (figure, axes):
        for position, name in enumerate(frame.columns):
            style = "--" if name in dashed else "-"
            axes.plot(
                frame.index,
                frame[name].to_numpy(dtype=float),
                style,
                color=COLOURS[position % len(COLOURS)],
                linewidth=1.9,
                marker="o" if len(frame) == 1 else None,
                label=str(name),
            )
        if diagonal:
            axes.plot([0, 1], [0, 1], color=QUIET, linewidth=1, label="equality")
        if mark is not None:
            late = (frame.index > mark).mean() < 0.25
            axes.axvline(mark, color=QUIET, linewidth=1)
            axes.annotate(
                mark_label,
                (mark, 0.98),
                xycoords=("data", "axes fraction"),
                xytext=(-4 if late else 4, 0),
                textcoords="offset points",
                ha="right" if late else "left",
                va="top",
                fontsize=8.5,
            )
        if from_zero and not (frame.to_numpy(dtype=float) < 0).any():
            axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
        if pd.api.types.is_integer_dtype(frame.index):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel=x_label, ylabel=y_label)
        if frame.shape[1] > 1 or diagonal:
            axes.legend(loc="best")
        _grid(axes, "y")
    return figure


@passes_absence
def draw_histograms(
    frame: pd.DataFrame, *, labels: Mapping[str, str], y_label: str, bins: int = 30
) -> Figure:
    """Draw the distribution of each named column beside the others, and its median.

    Parameters
    ----------
    frame : DataFrame
        Holds the columns that ``labels`` names.
    labels : mapping of str to str
        Column to axis label with its unit.
    """
    import seaborn as sns

    with house_figure(2.45 * len(labels), 2.7, len(labels)) as (figure, panels):
        for axes, (name, label) in zip(np.atleast_1d(panels), labels.items(), strict=True):
            values = frame[name].dropna().to_numpy(dtype=float)
            # Counts get one bar each: bins of other widths would tear gaps between them.
            discrete = bool((values % 1 == 0).all() and np.ptp(values) < bins)
            sns.histplot(
                x=values,
                bins="auto" if discrete else bins,
                discrete=discrete,
                color=COLOURS[0],
                edgecolor="white",
                ax=axes,
            )
            _mark_median(axes, values)
            axes.set(xlabel=label, ylabel=y_label if axes is np.atleast_1d(panels)[0] else "")
            axes.xaxis.set_major_locator(MaxNLocator(4))
            axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
            axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
            _grid(axes, "y")
    return figure


@passes_absence
def draw_heatmap(
    frame: pd.DataFrame,
    *,
    x_label: str = "",
    y_label: str = "",
    colour_label: str,
    diverging: bool = False,
    decimals: int = 2,
) -> Figure:
    """Draw a matrix of numbers as coloured cells with the numbers in them.

    Parameters
    ----------
    frame : DataFrame
        Numbers; row and column labels are printed.
    diverging : bool
        Colours symmetric around 0 instead of from the smallest to the largest.
    """
    import seaborn as sns

    height = max(2.6, 1.1 + 0.42 * len(frame))
    limit = float(np.nanmax(np.abs(frame.to_numpy(dtype=float)))) if diverging else None
    with house_figure(min(7.4, 2.6 + 0.9 * frame.shape[1]), height) as (figure, axes):
        sns.heatmap(
            frame.astype(float),
            annot=True,
            fmt=f".{decimals}f",
            cmap="RdBu_r" if diverging else "Blues",
            vmin=None if limit is None else -limit,
            vmax=limit,
            linewidths=1.2,
            annot_kws={"fontsize": 8.5},
            cbar_kws={"label": colour_label},
            ax=axes,
        )
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.tick_params(length=0)
        axes.tick_params(axis="y", rotation=0)
        longest = max(len(str(name)) for name in frame.columns)
        if longest > min(12, 60 / frame.shape[1]):
            axes.set_xticks(
                axes.get_xticks(),
                [label.get_text() for label in axes.get_xticklabels()],
                rotation=25,
                ha="right",
                rotation_mode="anchor",
            )
        for text in axes.texts:
            text.set_text(text.get_text().replace("-", "−"))
    return figure


@passes_absence
def draw_intervals(
    frame: pd.DataFrame,
    *,
    label: str,
    estimate: str,
    lower: str,
    upper: str,
    x_label: str,
    y_label: str = "",
    reference: float | None = 0.0,
) -> Figure:
    """Draw a point with its interval for each row, labelled at the left.

    Parameters
    ----------
    frame : DataFrame
        One row a quantity; ``label``, ``estimate``, ``lower``, ``upper`` name its columns.
    reference : float, optional
        Place of a vertical line, for instance no effect.
    """
    labels = _wrap(frame[label])
    with house_figure(7.0, 1.0 + _rows_height(labels, 0.36)) as (figure, axes):
        rows = np.arange(len(frame))
        middle = frame[estimate].to_numpy(dtype=float)
        ends = frame[[lower, upper]].to_numpy(dtype=float)
        axes.hlines(rows, ends[:, 0], ends[:, 1], color=COLOURS[0], linewidth=2)
        axes.plot(middle, rows, "o", color=COLOURS[0], markersize=6)
        if reference is not None:
            axes.axvline(reference, color=QUIET, linewidth=1)
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(frame) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes.set(xlabel=x_label, ylabel=y_label)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_scatter(
    frame: pd.DataFrame,
    *,
    x: str,
    y: str,
    group: str,
    x_label: str,
    y_label: str,
    log: bool = False,
) -> Figure:
    """Draw customers as points, coloured and named by group.

    Parameters
    ----------
    frame : DataFrame
        Columns ``x``, ``y`` (numbers) and ``group`` (labels, in their order).
    log : bool
        Logarithmic axes; rows with a value of 0 or less cannot be drawn and are left out.
    """
    drawn = frame[(frame[x] > 0) & (frame[y] > 0)] if log else frame
    with house_figure(7.0, 4.2) as (figure, axes):
        names = list(dict.fromkeys(drawn[group].sort_values()))
        for position, name in enumerate(names):
            rows = drawn[drawn[group] == name]
            axes.plot(
                rows[x],
                rows[y],
                "o",
                markersize=3,
                alpha=0.45,
                markeredgewidth=0,
                color=COLOURS[position % len(COLOURS)],
                label=str(name),
                # Thousands of vectors would make an SVG of megabytes.
                rasterized=len(drawn) > MOST_VECTORS,
            )
        if log:
            axes.set(xscale="log", yscale="log")
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
        axes.yaxis.set_major_formatter(FuncFormatter(_thousands))
        if names:
            legend = axes.legend(loc="best", markerscale=2, frameon=True, edgecolor="white")
            for handle in legend.legend_handles:
                handle.set_alpha(1)
        axes.grid(axis="both")
        axes.tick_params(length=0)
    return figure

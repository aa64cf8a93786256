"""Pictures of an adjusted comparison: love plot, overlap of propensities, confounders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _rows_height, _thousands, _wrap
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: One sign a method: shape and colour both tell them apart.
SIGNS: tuple[tuple[str, str, str], ...] = (
    ("o", "white", INK),
    ("D", COLOURS[0], COLOURS[0]),
    ("s", COLOURS[1], COLOURS[1]),
    ("^", COLOURS[2], COLOURS[2]),
)


@passes_absence
def draw_love(
    balance: pd.DataFrame,
    *,
    methods: Sequence[str],
    limit: float,
    n: int,
    most: int = 26,
) -> Figure:
    """Draw standardised differences before and after, the least balanced before on top.

    Parameters
    ----------
    balance : DataFrame
        ``covariate``, ``method``, ``standardised_difference``; one row a term and method.
    methods : sequence of str
        Those drawn, the unadjusted first; one that is absent is left out.
    limit : float
        Drawn as a band around zero.
    n : int
        Customers compared before.
    most : int
        Terms drawn; the axis says how many there are.
    """
    drawn = [name for name in dict.fromkeys(methods) if name in set(balance["method"])]
    wide = balance.pivot_table(
        index="covariate", columns="method", values="standardised_difference", sort=False
    )
    order = wide[drawn[0]].abs().sort_values(ascending=False, kind="stable").index
    shown = wide.loc[order[:most]]
    labels = [str(name).replace("_", " ") for name in _wrap(shown.index)]
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.2)) as (figure, axes):
        rows = np.arange(len(shown))
        axes.axvspan(-limit, limit, color="#E8EEF3", linewidth=0, label=f"within ±{limit:g}")
        axes.axvline(0, color=QUIET, linewidth=1)
        for name, (marker, face, edge) in zip(drawn, SIGNS, strict=False):
            axes.plot(
                shown[name].to_numpy(dtype=float),
                rows,
                marker,
                markerfacecolor=face,
                markeredgecolor=edge,
                markersize=5.5,
                label="before" if name == "unadjusted" else str(name),
            )
        axes.set_yticks(rows, labels, fontsize=8.5)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        more = f"; {len(shown)} of {len(wide)} terms" if len(shown) < len(wide) else ""
        axes.set_xlabel(
            "standardised difference, addressed less compared\n"
            f"(standard deviations; n = {n:,}{more})"
        )
        axes.margins(x=0.06)
        figure.legend(loc="outside lower center", ncols=4, fontsize=8.5)
        _grid(axes, "y")
    return figure


@passes_absence
def draw_overlap(customers: pd.DataFrame, *, support: tuple[float, float]) -> Figure:
    """Draw how likely the addressed and the others were to be addressed, face to face.

    Parameters
    ----------
    customers : DataFrame
        ``treated``, ``propensity``; one row a customer.
    support : tuple of float
        Ends of the common support, drawn as dashed lines.
    """
    edges = np.linspace(0, 1, 26)
    groups = {
        "addressed": customers.loc[customers["treated"], "propensity"],
        "compared": customers.loc[~customers["treated"], "propensity"],
    }
    heights = {name: np.histogram(values, edges)[0] for name, values in groups.items()}
    with house_figure(7.0, 3.6) as (figure, axes):
        looks: dict[str, dict[str, Any]] = {
            "addressed": {"color": COLOURS[0]},
            "compared": {"color": "white", "edgecolor": INK, "hatch": "////", "linewidth": 0.7},
        }
        for name, sign in (("addressed", 1), ("compared", -1)):
            axes.bar(
                edges[:-1],
                sign * heights[name],
                np.diff(edges),
                align="edge",
                label=f"{name} (n = {len(groups[name]):,})",
                **looks[name],
            )
        axes.axhline(0, color=INK, linewidth=0.8)
        for place, end in enumerate(support):
            axes.axvline(
                end,
                color=COLOURS[5],
                linestyle="--",
                linewidth=1.3,
                label="ends of the common support" if place == 0 else "_",
            )
        top = max(1, *(int(counts.max()) for counts in heights.values()))
        axes.set(xlim=(0, 1), ylim=(-1.08 * top, 1.08 * top))
        axes.set_xlabel("estimated probability of being addressed, given what was known before")
        axes.set_ylabel("customers")
        axes.yaxis.set_major_formatter(lambda value, _: _thousands(abs(value)))
        figure.legend(loc="outside lower center", ncols=3, fontsize=8.5)
        _grid(axes, "y")
    return figure


@passes_absence
def draw_confounders(
    contours: pd.DataFrame,
    benchmarks: pd.DataFrame,
    *,
    effect: float,
    n: int,
    unit: str = "",
    most: int = 4,
) -> Figure:
    """Draw what a confounder of given strength would leave of the effect, with benchmarks.

    Parameters
    ----------
    contours : DataFrame
        ``r2_treatment``, ``r2_outcome``, ``effect``: a full grid of strengths.
    benchmarks : DataFrame
        ``covariate``, ``r2_treatment``, ``r2_outcome``, strongest first.
    effect : float
        Before any confounder, drawn at the origin.
    n : int
        Customers.
    unit : str
        Of the effect, for the label.
    most : int
        Benchmarks drawn; they are numbered, and the numbers stand in the legend.
    """
    grid = contours.pivot_table(index="r2_outcome", columns="r2_treatment", values="effect")
    with house_figure(7.0, 4.6) as (figure, axes):
        across, up = grid.columns.to_numpy(dtype=float), grid.index.to_numpy(dtype=float)
        values = grid.to_numpy()
        lines = axes.contour(across, up, values, levels=8, colors=QUIET, linewidths=1)
        axes.clabel(lines, [level for level in lines.levels if level], fontsize=7.5, colors=INK)
        if values.min() < 0 < values.max():
            zero = axes.contour(across, up, values, levels=[0.0], colors=COLOURS[5], linewidths=2)
            zero.set_linestyle("dashed")
            axes.plot([], [], color=COLOURS[5], linestyle="--", label="nothing left")
        axes.plot(0, 0, "o", color=COLOURS[0], clip_on=False, zorder=5, label="no confounder")
        marks = ("D", "s", "^", "v", "P", "X", "<", ">")
        for mark, row in zip(marks, benchmarks.head(most).itertuples(), strict=False):
            axes.plot(
                row.r2_treatment,
                row.r2_outcome,
                mark,
                color=COLOURS[1],
                markeredgecolor=INK,
                markersize=6.5,
                clip_on=False,
                zorder=4,
                label=f"as strong as {row.covariate}",
            )
        unit = f" ({unit})" if unit else ""
        shown = f"{effect:,.2f}".replace("-", "−")
        axes.set_xlabel(
            "partial R² of the confounder with being addressed\n"
            f"(lines: effect left{unit}, without a confounder {shown}; n = {n:,})"
        )
        axes.set_ylabel("partial R² of the confounder\nwith the change of the outcome")
        axes.set(xlim=(0, across.max()), ylim=(0, up.max()))
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
    return figure

"""Figures of who the segments are: profiles, what else tells them apart, factors."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.segmentation.variables import say_variable
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure
from crmstudy.statistics.factor_trust import SALIENT

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
STYLES = ("-", "--", ":", "-.")
#: Features that a figure can hold in readable size; the others differ less.
MOST_FEATURES = 14
MOST_EFFECTS = 24
STRENGTHS = ((0.1, "weak"), (0.3, "moderate"), (0.5, "strong"))


@passes_absence
def draw_profile(
    profile: pd.DataFrame, *, sizes: pd.DataFrame | None = None, value: str = "value"
) -> Figure:
    """Draw the segments' standardised means as a heat map, their sizes beside their names.

    Parameters
    ----------
    profile : DataFrame
        As :func:`crmstudy.segmentation.explain.profile.compare_profiles` returns it. Of more than
        14 features those that differ most are drawn.
    sizes : DataFrame, optional
        As :func:`crmstudy.segmentation.explain.profile.size_segments` returns it.
    value : str
        What the sizes share out, revenue for instance.
    """
    z = _widen(profile)
    labels = [_name_row(label, profile, sizes, value) for label in z.index]
    lines = max(label.count("\n") + 1 for label in labels)
    row = max(0.34, 0.155 * lines + 0.08)
    names = [say_variable(name) for name in z.columns]
    below = 0.045 * max(map(len, names)) + 0.2
    with house_figure(7.0, 0.5 + below + row * len(z)) as (figure, axes):
        _paint(figure, axes, z, bound=_limit(z), label="standard deviations\nfrom the mean of all")
        axes.set_xticks(
            np.arange(len(names)) + 0.5, names, rotation=40, ha="right", rotation_mode="anchor"
        )
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels)
    return figure


@passes_absence
def draw_snake(profile: pd.DataFrame, *, confidence: float = 0.95) -> Figure:
    """Draw one line a segment through its standardised means, with their intervals.

    Parameters
    ----------
    profile : DataFrame
        As :func:`crmstudy.segmentation.explain.profile.compare_profiles` returns it. Of more than
        14 features those that differ most are drawn.
    confidence : float
        Coverage of the intervals, said in the axis label.
    """
    z = _widen(profile)
    labels = [fill(str(label), 34) for label in z.index]
    names = [fill(say_variable(name), 26) for name in z.columns]
    below = 0.17 * sum(label.count("\n") + 1 for label in labels[::2]) + 0.1
    with house_figure(7.0, 0.9 + 0.42 * len(names) + below) as (figure, axes):
        places = np.arange(len(names))
        reach = 0.5 * (len(z) - 1) / len(z)
        for position, label in enumerate(z.index):
            rows = profile[profile["segment"] == label].set_index("feature").loc[z.columns]
            # Side by side, so that intervals do not cover one another.
            offset = reach * (2 * position / max(len(z) - 1, 1) - 1) * 0.7
            colour = COLOURS[position % len(COLOURS)]
            style = STYLES[position // len(COLOURS) % len(STYLES)]
            axes.hlines(places + offset, rows["lower"], rows["upper"], color=colour, linewidth=2.4)
            axes.plot(
                rows["z"],
                places + offset,
                style,
                color=colour,
                linewidth=1.1,
                marker=MARKERS[position % len(MARKERS)],
                markersize=5.5,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label=labels[position],
            )
        axes.axvline(0, color=INK, linewidth=0.8)
        axes.set_yticks(places, names)
        axes.set_ylim(len(names) - 0.4, -0.6)
        axes.set_xlabel(
            f"mean in standard deviations from that of all customers, {confidence:.0%} interval"
        )
        axes.grid(axis="x")
        axes.tick_params(length=0)
        handles, written = axes.get_legend_handles_labels()
        figure.legend(handles, written, loc="outside lower center", ncols=2, fontsize=8.5)
    return figure


@passes_absence
def draw_effects(tests: pd.DataFrame, *, alpha: float = 0.05) -> Figure | NotAvailable:
    """Draw how strongly held-back variables differ between the segments, strongest first.

    Parameters
    ----------
    tests : DataFrame
        The tests of
        :class:`crmstudy.segmentation.explain.explain.SegmentExplanation`; those without
        a test are left out, and of more than 24 the weakest.
    alpha : float
        Level at which Holm's p-value is read.
    """
    shown = tests[tests["reason"] == ""].head(MOST_EFFECTS)
    if shown.empty:
        return NotAvailable("no variable that was held back could be tested")
    labels = [
        f"{fill(f'{say_variable(row.variable)} ({say_variable(row.source)})', 40)}, n = {row.n:,}"
        for row in shown.itertuples()
    ]
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    row = max(0.27, 0.19 * lines + 0.04)
    with house_figure(7.0, 1.4 + row * max(len(shown), 1)) as (figure, axes):
        places = np.arange(len(shown))
        axes.hlines(places, shown["lower"], shown["upper"], color=COLOURS[0], linewidth=2)
        clear = (shown["p_holm"] <= alpha).to_numpy()
        for holds, face, said in (
            (clear, COLOURS[0], f"differs (Holm's p ≤ {alpha:g})"),
            (~clear, "white", "no difference shown"),
        ):
            axes.plot(
                shown["effect"].to_numpy()[holds],
                places[holds],
                "o",
                markersize=6.5,
                color=COLOURS[0],
                markerfacecolor=face,
                label=said,
            )
        for place, word in STRENGTHS:
            axes.axvline(place, color=QUIET, linewidth=1, linestyle=":", zorder=0)
            axes.annotate(
                word,
                (place, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(2, 3),
                textcoords="offset points",
                fontsize=8,
            )
        axes.set_yticks(places, labels)
        axes.set_ylim(len(shown) - 0.4, -0.6)
        # The words for strength stay in sight; beyond them only as far as there is something.
        reached = shown[["effect", "upper"]].to_numpy(dtype=float)
        farthest = float(np.nanmax(reached, initial=0.0))
        axes.set_xlim(0, min(max(0.62, farthest + 0.05), 1.0))
        axes.set_xlabel("effect with 95% interval\n(number: ω; category: Cramér's V)")
        axes.grid(axis="x")
        axes.tick_params(length=0)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8.5)
    return figure


@passes_absence
def draw_loadings(loadings: pd.DataFrame) -> Figure:
    """Draw the loadings of the variables on the factors; salient ones in bold.

    Parameters
    ----------
    loadings : DataFrame of shape (n_variables, n_factors)
        From -1 to 1 or a little beyond; rows in the order given.
    """
    labels = [fill(say_variable(name), 34) for name in loadings.index]
    names = [str(name).replace(" ", "\n", 1) for name in loadings.columns]
    width = min(7.0, 3.4 + 0.62 * len(names))
    with house_figure(width, 0.9 + 0.29 * len(labels)) as (figure, axes):
        _paint(figure, axes, loadings, bound=1.0, label="loading", decimals=2, bold_from=SALIENT)
        axes.set_xticks(np.arange(len(names)) + 0.5, names)
        axes.set_yticks(np.arange(len(labels)) + 0.5, labels)
    return figure


@passes_absence
def draw_scree(eigenvalues: pd.DataFrame, *, percentile: float = 95.0) -> Figure:
    """Draw observed eigenvalues over those of unrelated variables, for both kinds of factors.

    Parameters
    ----------
    eigenvalues : DataFrame
        Of :class:`crmstudy.statistics.parallel.ParallelAnalysis`, a row a position.
    percentile : float
        Percentile of the random eigenvalues, said in the legend.
    """
    panels = (
        ("components", "component", "random_component"),
        ("common factors", "factor", "random_factor"),
    )
    with house_figure(7.0, 3.1, 2) as (figure, both):
        for axes, (title, observed, random) in zip(both, panels, strict=True):
            position = eigenvalues.index.to_numpy()
            above = (eigenvalues[observed] > eigenvalues[random]).cumprod().to_numpy(dtype=bool)
            values = eigenvalues[observed].to_numpy()
            axes.plot(position, values, "-", color=COLOURS[0], linewidth=1.4)
            axes.plot(position[above], values[above], "o", color=COLOURS[0], label="kept")
            axes.plot(
                position[~above],
                values[~above],
                "o",
                color=COLOURS[0],
                markerfacecolor="white",
                label="not kept",
            )
            axes.plot(
                position,
                eigenvalues[random],
                "--",
                color=COLOURS[5],
                linewidth=1.4,
                label=f"unrelated variables, percentile {percentile:g}",
            )
            said = f"{title}: {int(above.sum())}"
            axes.set_title(said, **bold(said))
            axes.set(xlabel="position", ylabel="eigenvalue" if axes is both[0] else "")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(axis="y")
            axes.tick_params(length=0)
        handles, written = both[0].get_legend_handles_labels()
        figure.legend(handles, written, loc="outside lower center", ncols=3, fontsize=8.5)
    return figure


def _widen(profile: pd.DataFrame) -> pd.DataFrame:
    """Give segments by features in the order given; the features that differ most."""
    order = list(dict.fromkeys(profile["feature"]))
    wide = profile.pivot_table(index="segment", columns="feature", values="z", sort=False)
    wide = wide.loc[list(dict.fromkeys(profile["segment"])), order]
    if len(order) <= MOST_FEATURES:
        return wide
    spread = (wide.max() - wide.min()).sort_values(ascending=False, kind="stable")
    kept = set(spread.index[:MOST_FEATURES])
    return wide[[name for name in order if name in kept]]


def _name_row(label: Any, profile: pd.DataFrame, sizes: pd.DataFrame | None, value: str) -> str:
    if sizes is None or label not in sizes.index:
        n = int(profile.loc[profile["segment"] == label, "n"].max())
        return f"{fill(str(label), 32)}\nn = {n:,}"
    row = sizes.loc[label]
    said = f"n = {int(row['n_customers']):,}, {_percent(row['share_customers'])}"
    share = _percent(row["share_value"])
    return f"{fill(str(label), 32)}\n{said}; {share} of {say_variable(value)}"


def _percent(share: float) -> str:
    if 0 < share < 0.005:
        return "<1%"
    return f"{share:.0%}".replace("-", "−")


def _limit(frame: pd.DataFrame) -> float:
    return max(float(np.nanmax(np.abs(frame.to_numpy(dtype=float)))), 0.5)


def _paint(
    figure: Figure,
    axes: Any,
    frame: pd.DataFrame,
    *,
    bound: float,
    label: str,
    decimals: int = 1,
    bold_from: float = np.inf,
) -> None:
    """Paint numbers as cells, symmetric about 0, each with its number."""
    values = frame.to_numpy(dtype=float)
    mesh = axes.pcolormesh(
        values, cmap="RdBu_r", vmin=-bound, vmax=bound, edgecolors="white", linewidth=1.2
    )
    rows, columns = values.shape
    axes.set(xlim=(0, columns), ylim=(rows, 0))
    for i in range(rows):
        for j in range(columns):
            strong = abs(values[i, j]) > 0.55 * bound
            written = _write(values[i, j], decimals)
            style = bold(written) if abs(values[i, j]) >= bold_from else {}
            axes.text(
                j + 0.5,
                i + 0.5,
                written,
                ha="center",
                va="center",
                fontsize=8,
                color="white" if strong else INK,
                **style,
            )
    bar = figure.colorbar(mesh, ax=axes, fraction=0.05, pad=0.02, aspect=14)
    bar.set_label(label, fontsize=8.5)
    bar.outline.set_visible(False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)


def _write(value: float, decimals: int) -> str:
    if np.isnan(value):
        return "–"
    written = f"{value:.{decimals}f}".replace("-", "−")
    return written.replace("−", "") if float(f"{value:.{decimals}f}") == 0 else written

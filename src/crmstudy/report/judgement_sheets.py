"""What experts judged, for the appendix and at one glance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.judgements.overview import JudgementOverview
from crmstudy.report.figures import _grid
from crmstudy.report.gains import _wrap
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Up to so many experts each is printed and drawn for itself.
MOST_EXPERTS = 8
MOST_PAIRS = 30
MARKERS = "os^vDPX*"
#: Entries of the legend beside each other.
MOST_ACROSS = 5
TICKS = (9, 7, 5, 3, 1, 3, 5, 7, 9)
#: A ratio this near to a whole number, or its reciprocal to one, is written as such.
NEAR = 0.02
#: Equal judgements of one pair lie so far apart, on the log scale and in rows.
ASIDE, ABOVE = 0.045, 0.13


@passes_absence
def tabulate_judgements(
    overview: JudgementOverview, *, most: int = MOST_EXPERTS
) -> pd.DataFrame | NotAvailable:
    """Write every judgement as it was given, one row a pair and one column an expert.

    Parameters
    ----------
    overview : JudgementOverview
        The panel.
    most : int
        With more experts than this the table says where to look instead.

    Returns
    -------
    DataFrame
        Columns matrix, first, second, and one an expert: 3 (the first outweighs the second
        three times), 1/3, or a number with an asterisk that was filled in.
    """
    if len(overview.experts) > most:
        return NotAvailable(
            f"the panel has {len(overview.experts)} experts, more than the {most} whose judgements "
            "are printed one by one; the table of pairs sums them up"
        )
    told = overview.judgements()
    written = [
        write_judgement(value) + ("*" if filled else "")
        for value, filled in zip(told["value"], told["filled in"], strict=True)
    ]
    pairs = ["matrix", "first", "second"]
    by_expert = dict(list(told.assign(written=written).groupby("expert", sort=False)))
    laid = told[pairs].drop_duplicates().reset_index(drop=True)
    # Every expert has every pair, in the same order.
    columns = {name: by_expert[name]["written"].to_numpy() for name in overview.experts}
    return laid.assign(**columns)


@passes_absence
def tabulate_matrices(
    overview: JudgementOverview, *, most: int = MOST_EXPERTS
) -> pd.DataFrame | NotAvailable:
    """Write every expert's matrices as squares below each other.

    Returns
    -------
    DataFrame
        Columns matrix, expert, element (with its number), and one column a number of an
        element; cells beyond a smaller matrix are empty, those filled in have an asterisk.
    """
    if len(overview.experts) > most:
        return NotAvailable(f"the panel has {len(overview.experts)} experts, more than {most}")
    rows: list[dict[str, str]] = []
    for name, panel in overview.panels.items():
        filled = np.zeros(panel.values.shape, bool) if panel.filled is None else panel.filled
        for at, expert in enumerate(panel.experts):
            for i, element in enumerate(panel.names):
                cells = zip(panel.values[at, i], filled[at, i], strict=True)
                written = [
                    write_judgement(value) + ("*" if open_ else "") for value, open_ in cells
                ]
                numbers = map(str, range(1, len(written) + 1))
                head = {"matrix": name, "expert": expert, "element": f"{i + 1} {spell(element)}"}
                rows.append(head | dict(zip(numbers, written, strict=True)))
    return pd.DataFrame(rows).fillna("")


def write_judgement(value: float) -> str:
    """Write 3, 1/3, or with two decimals what is neither."""
    large = max(value, 1 / value)
    if abs(large - round(large)) > NEAR:
        return f"{value:.2f}"
    return f"{round(large)}" if value >= 1 else f"1/{round(large)}" if round(large) > 1 else "1"


@passes_absence
def draw_judgements(overview: JudgementOverview, *, most: int = MOST_PAIRS) -> Figure:
    """Draw every pair as a line between its two names, and where the experts put it.

    Parameters
    ----------
    overview : JudgementOverview
        The panel. Up to eight experts are signs of their own, of more the middle 80% is
        a bar.
    most : int
        Of more pairs those on which the experts differ most.
    """
    pairs = overview.pairs()
    shown = pairs
    if len(pairs) > most:
        shown = pairs.loc[pairs["spread"].sort_values(ascending=False, kind="stable").index[:most]]
        shown = shown.sort_index()
    rows = _lay_out(shown)
    labels = [_wrap([row["first"]])[0] for row in rows]
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    height = 1.35 + len(rows) * max(0.24, 0.17 * lines)
    with house_figure(7.0, height) as (figure, axes):
        _prepare(axes, rows)
        _draw_experts(axes, rows, overview)
        other = "" if len(shown) == len(pairs) else f"; {len(shown)} most disputed of {len(pairs)}"
        n = len(overview.experts)
        beside = "; signs side by side: equal judgements" if 1 < n <= MOST_EXPERTS else ""
        axes.set_xlabel(
            "times the element on that side outweighs the other, log scale\n"
            f"(n = {n:,} expert{'' if n == 1 else 's'}{other}{beside})"
        )
        entries = len(axes.get_legend_handles_labels()[1])
        columns = -(-entries // -(-entries // MOST_ACROSS))
        figure.legend(loc="outside lower center", ncols=columns, fontsize=8)
    return figure


def _lay_out(pairs: pd.DataFrame) -> list[dict[str, Any]]:
    """List the rows of the figure: a heading where a matrix begins, then its pairs."""
    rows: list[dict[str, Any]] = []
    before = None
    for row in pairs.to_dict("records"):
        if row["matrix"] != before:
            rows.append({"heading": spell(str(row["matrix"])), "first": "", "second": ""})
            before = row["matrix"]
        key = (row["matrix"], row["first"], row["second"])
        names = {side: spell(str(row[side])) for side in ("first", "second")}
        rows.append({"key": key, **names, "mean": row["geometric mean"]})
    return rows


def _prepare(axes: Any, rows: list[dict[str, Any]]) -> None:
    """Write the names on both sides, the scale between them, and the headings."""
    at = range(len(rows))
    axes.set_yticks(at, _wrap([row["first"] for row in rows]))
    right = axes.secondary_yaxis("right")
    right.set_yticks(at, _wrap([row["second"] for row in rows]))
    right.tick_params(length=0)
    right.spines["right"].set_visible(False)
    axes.set_ylim(len(rows) - 0.5, -0.7)
    ends = np.log(9.0)
    places = [-np.log(tick) if at < 4 else np.log(tick) for at, tick in enumerate(TICKS)]
    axes.set_xticks(places, list(map(str, TICKS)))
    axes.set_xlim(-ends * 1.08, ends * 1.08)
    _grid(axes, "x")
    axes.axvline(0, color=QUIET, linewidth=1.2)
    for row, told in enumerate(rows):
        if "heading" in told:
            axes.text(
                0,
                row,
                told["heading"],
                ha="center",
                va="center",
                **bold(told["heading"]),
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                fontsize=9.5,
            )
        else:
            axes.axhline(row, color="#EEEEEE", linewidth=0.8, zorder=0)


def _draw_experts(axes: Any, rows: list[dict[str, Any]], overview: JudgementOverview) -> None:
    told = overview.judgements().assign(place=lambda frame: -np.log(frame["value"]))
    told["place"] = told["place"].clip(-np.log(9.5), np.log(9.5))
    by_pair = dict(list(told.groupby(["matrix", "first", "second"], sort=False)))
    drawn = [
        (row, by_pair[one["key"]], one["mean"]) for row, one in enumerate(rows) if "key" in one
    ]
    if len(overview.experts) <= MOST_EXPERTS:
        _draw_each(axes, drawn, overview.experts)
    else:
        _draw_ranges(axes, drawn)
    means = [(row, -np.log(mean)) for row, _, mean in drawn if not np.isnan(mean)]
    if len(overview.experts) > 1 and means:
        ys, xs = zip(*means, strict=True)
        axes.plot(xs, ys, "|", color=INK, markersize=13, mew=2.2, label="geometric mean", zorder=4)


def _draw_each(axes: Any, drawn: list[Any], experts: tuple[str, ...]) -> None:
    points = pd.concat([_spread(part).assign(row=row) for row, part, _ in drawn])
    for number, expert in enumerate(experts):
        colour = COLOURS[number % len(COLOURS)]
        sign = {"marker": MARKERS[number % len(MARKERS)], "linestyle": "", "markersize": 5}
        own = points[points["expert"] == expert]
        for filled, one in own.groupby("filled in"):
            inside = "white" if filled else colour
            at = one["place"] + one["aside"], one["row"] + one["above"]
            axes.plot(*at, color=colour, mfc=inside, zorder=3, **sign)
        axes.plot([], [], color=colour, label=expert, **sign)
    if points["filled in"].any():
        axes.plot([], [], "o", color=INK, mfc="white", markersize=5, label="filled in")


def _spread(part: pd.DataFrame) -> pd.DataFrame:
    """Lay equal judgements of one pair beside each other."""
    same = part.groupby(part["place"].round(6), sort=False)["place"]
    rank, count = same.cumcount(), same.transform("size")
    middle = rank - (count - 1) / 2
    above = np.where(count > 1, np.where(rank % 2, ABOVE, -ABOVE), 0.0)
    return part.assign(aside=middle * ASIDE, above=above)


def _draw_ranges(axes: Any, drawn: list[Any]) -> None:
    for at, (row, part, _) in enumerate(drawn):
        given = part.loc[~part["filled in"], "place"]
        if len(given):
            low, high = np.quantile(given, [0.1, 0.9])
            axes.plot(
                [low, high],
                [row, row],
                color=COLOURS[0],
                linewidth=5,
                alpha=0.55,
                solid_capstyle="butt",
                label=None if at else "middle 80% of the experts",
            )
            ends = [given.min(), given.max()]
            axes.plot(
                ends, [row, row], color=COLOURS[0], linewidth=1, label=None if at else "all experts"
            )

"""Pictures of a literature: years, the network of keywords, the flow of screening."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.design.literature.networks import KeywordNetwork
from crmstudy.design.literature.screening import ScreeningFlow
from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _thousands
from crmstudy.report.labels_on_maps import break_text, place_labels
from crmstudy.report.layout import measure_text
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Of the network, in inches: the page, its margin, a label's room, radii of the signs.
WIDTH, TALL, MARGIN, ROOM = 7.0, 5.4, 0.45, 1.35
SMALL, LARGE = 0.075, 0.2
#: Points of labels and of the cluster's number in a sign.
LABEL, NUMBER = 8.0, 6.2
#: Of the flow, in inches: boxes at the left and right, a line of text, room between boxes.
LEFT, RIGHT, LINE, BETWEEN = 3.1, 3.1, 0.165, 0.3
#: Years that are all named below the axis.
FEW_YEARS = 6
SIGNS = {"screening": "Titles and abstracts read", "eligibility": "Full texts read"}


@passes_absence
def draw_publication_years(years: pd.DataFrame, *, n: int) -> Figure:
    """Draw publications per year, and how they add up, beside each other.

    Parameters
    ----------
    years : DataFrame
        year, publications, cumulative publications.
    n : int
        Publications with a year.
    """
    with house_figure(7.0, 2.9, 2) as (figure, (each, all_of)):
        place = years["year"].to_numpy()
        each.bar(place, years["publications"], color=COLOURS[0], width=0.85)
        all_of.step(
            place, years["cumulative publications"], where="mid", color=COLOURS[5], linewidth=1.9
        )
        each.set(xlabel=f"year of publication (n = {n:,})", ylabel="publications in the year")
        all_of.set(xlabel="year of publication", ylabel="publications up to the year")
        for axes in (each, all_of):
            axes.set_xlim(place.min() - 0.7, place.max() + 0.7)
            axes.set_ylim(bottom=0)
            if len(place) <= FEW_YEARS:
                axes.set_xticks(place, [str(year) for year in place])
            else:
                axes.xaxis.get_major_locator().set_params(integer=True, nbins=6)
            axes.yaxis.get_major_locator().set_params(integer=True, nbins=5)
            axes.yaxis.set_major_formatter(_thousands)
            _grid(axes, "y")
    return figure


@passes_absence
def draw_keyword_network(network: KeywordNetwork) -> Figure:
    """Draw terms as circles, joined where they go together; the number says the cluster.

    Area follows the publications with the term, the width of a line the strength of the link;
    links between clusters are dotted.
    """
    terms = network.terms
    inner = np.array([WIDTH - 2 * MARGIN - 1.2, TALL - 2 * MARGIN - 0.3])
    points = terms[["x", "y"]].to_numpy() * inner + [MARGIN + 0.6, MARGIN + 0.25]
    radii = _radii(terms["publications"].to_numpy(dtype=float))
    points = _part(points, radii)
    with house_figure(WIDTH, TALL) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, TALL))
        axes.axis("off")
        _draw_links(axes, network, points)
        for (x, y), radius, cluster in zip(points, radii, terms["cluster"], strict=True):
            colour = COLOURS[(cluster - 1) % len(COLOURS)]
            _circle(axes, x, y, radius, colour)
            axes.text(x, y, str(cluster), fontsize=NUMBER, ha="center", va="center_baseline",
                      color=INK if colour in ("#E69F00", "#56B4E9", "#CC79A7") else "white",
                      zorder=4)  # fmt: skip
        _write_labels(axes, list(terms["term"]), points, radii)
        said = (
            f"{len(terms)} {network.kind} of {network.n_publications:,} publications; "
            "area: publications with it; number: cluster; dotted: between clusters"
        )
        axes.text(0.08, 0.07, said, fontsize=8, color=INK)
    return figure


def _radii(publications: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.maximum(LARGE * np.sqrt(publications / publications.max()), SMALL)


def _part(points: np.ndarray[Any, Any], radii: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Push circles apart that touch, a little at a time."""
    points = points.copy()
    for _ in range(200):
        moved = False
        for i in range(len(points)):
            for j in range(i):
                step = points[i] - points[j]
                away = float(np.hypot(*step))
                need = radii[i] + radii[j] + 0.12
                if away < need:
                    along = step / away if away > 1e-9 else np.array([1.0, 0.0])
                    points[i] += along * (need - away) / 2
                    points[j] -= along * (need - away) / 2
                    moved = True
        edge = [MARGIN, MARGIN], [WIDTH - MARGIN, TALL - MARGIN]
        points = np.clip(points, *edge)
        if not moved:
            break
    return points


def _circle(axes: Any, x: float, y: float, radius: float, colour: str) -> None:
    angle = np.linspace(0, 2 * np.pi, 60)
    axes.fill(
        x + radius * np.cos(angle), y + radius * np.sin(angle), colour, edgecolor="white",
        linewidth=0.8, zorder=3,
    )  # fmt: skip


def _draw_links(axes: Any, network: KeywordNetwork, points: np.ndarray[Any, Any]) -> None:
    place = {term: i for i, term in enumerate(network.terms["term"])}
    cluster = network.terms["cluster"].to_numpy()
    strongest = float(network.links["strength"].max())
    for link in network.links.itertuples():
        i, j = place[str(link.first)], place[str(link.second)]
        within = cluster[i] == cluster[j]
        colour = COLOURS[(cluster[i] - 1) % len(COLOURS)] if within else QUIET
        wide = 0.5 + 1.8 * float(str(link.strength)) / strongest
        axes.plot(
            points[[i, j], 0], points[[i, j], 1], "-" if within else ":", color=colour,
            linewidth=wide, alpha=0.55 if within else 0.8, zorder=1,
        )  # fmt: skip


def _write_labels(
    axes: Any, terms: Sequence[str], points: np.ndarray[Any, Any], radii: np.ndarray[Any, Any]
) -> None:
    texts = [break_text(term, ROOM, LABEL) for term in terms]
    spots = [(float(x), float(y)) for x, y in points]
    signs = [(x, y, float(r)) for (x, y), r in zip(spots, radii, strict=True)]
    placed = place_labels(
        texts, spots, signs, width=WIDTH, height=TALL - 0.05, sizes=[LABEL] * len(texts)
    )
    for label in placed:
        if label.far:
            centre = label.left + label.width / 2, label.bottom + label.height / 2
            axes.plot(
                [label.point[0], centre[0]], [label.point[1], centre[1]], color=QUIET,
                linewidth=0.6, zorder=2,
            )  # fmt: skip
        axes.text(
            label.left + label.width / 2, label.bottom + label.height / 2, label.text,
            fontsize=LABEL, ha="center", va="center", linespacing=1.1, zorder=5,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.4},
        )  # fmt: skip


@passes_absence
def draw_screening_flow(flow: ScreeningFlow) -> Figure:
    """Draw the flow from the records found to the publications included, as PRISMA does.

    At the left what goes on, at the right what is taken out and why.
    """
    rows = _flow_rows(flow)
    tall = [max(len(lines) for lines in row if lines) * LINE + 0.16 for row in rows]
    height = sum(tall) + BETWEEN * (len(rows) - 1) + 0.2
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
        axes.axis("off")
        top = height - 0.1
        for place, ((left, right), high) in enumerate(zip(rows, tall, strict=True)):
            middle = top - high / 2
            _box(axes, 0.1, top, LEFT, high, left, strong=True)
            if right:
                _arrow(axes, (0.1 + LEFT, middle), (WIDTH - 0.1 - RIGHT, middle))
                _box(axes, WIDTH - 0.1 - RIGHT, top, RIGHT, high, right, strong=False)
            if place < len(rows) - 1:
                x = 0.1 + LEFT / 2
                _arrow(axes, (x, top - high), (x, top - high - BETWEEN))
            top -= high + BETWEEN
    return figure


def _flow_rows(flow: ScreeningFlow) -> list[tuple[list[str], list[str]]]:
    found = [f"{name} (n = {n:,})" for name, n in flow.identified.items()]
    total = sum(flow.identified.values())
    rows = [
        (
            _lines(f"Records identified (n = {total:,})", found),
            _lines(f"Duplicates taken out (n = {flow.duplicates:,})", []),
        )
    ]
    for stage, n in flow.entered.items():
        reasons = flow.excluded[stage]
        out = [f"{reason} (n = {count:,})" for reason, count in reasons.items()]
        rows.append(
            (
                _lines(f"{SIGNS[stage]} (n = {n:,})", []),
                _lines(f"Excluded (n = {sum(reasons.values()):,})", out),
            )
        )
    rows.append((_lines(f"Publications included (n = {flow.included:,})", []), []))
    return rows


def _lines(head: str, rest: Sequence[str]) -> list[str]:
    """Break the lines of a box; the first is its heading."""
    broken = []
    for text in rest:
        widest = 44 if measure_text(text, 8.5) < 1.2 * len(text) * 0.61 * 8.5 / 72 else 26
        broken += fill(text, widest, subsequent_indent="   ").split("\n")
    return [head, *broken]


def _box(
    axes: Any, x: float, top: float, wide: float, high: float, lines: Sequence[str], *, strong: bool
) -> None:
    across, up = [x, x + wide, x + wide, x], [top, top, top - high, top - high]
    axes.fill(across, up, "#E8F1F8" if strong else "white", linewidth=0)
    axes.plot([*across, x], [*up, top], color=COLOURS[0] if strong else "#888888", linewidth=1.1)
    first = top - (high - len(lines) * LINE) / 2 - LINE / 2
    for place, line in enumerate(lines):
        style = bold(line) if place == 0 else {}
        axes.text(
            x + 0.1, first - place * LINE, line, fontsize=8.5, va="center", color=INK, **style
        )


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": "#666666", "linewidth": 1.1,
                                    "shrinkA": 0, "shrinkB": 0},
    )  # fmt: skip

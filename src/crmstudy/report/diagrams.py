"""The entity diagram of a customer database: boxes, keys, and links with their match rates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from textwrap import shorten
from typing import Any

from crmstudy.collection.quality.entities import Entities, Relation
from crmstudy.collection.quality.plan import CHANNELS
from crmstudy.errors import passes_absence
from crmstudy.report.layout import (
    BOX,
    GAP,
    HEADER,
    LINE,
    MARGIN,
    SIZE,
    TITLE,
    WIDTH,
    Box,
    Sheet,
    arrange_sheets,
    flow_words,
    lay_out,
    measure_text,
)
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

CHANNEL_COLOURS = dict(zip(CHANNELS.values(), COLOURS, strict=False))


@passes_absence
def draw_entities(entities: Entities) -> Figure:
    """Draw the tables of a study as boxes and the links between them as lines.

    Each box names table, rows, key (bold), columns that point elsewhere (arrow), and
    the first of the others; its colour is that of its collection channel. A line ends
    in a triangle at the table pointed to; beside it stands the share of different
    identifiers that are found there. Tables of different data sets are never linked.
    """
    sheets = [lay_out(entities.of(dataset)) for dataset in entities.datasets()]
    rows = arrange_sheets(sheets)
    channels = [c for c in CHANNELS.values() if any(c == one.channel for one in entities.tables)]
    legend = flow_words(channels)
    height = sum(max(s.height for s in row) + TITLE + 0.2 for row in rows) + 0.2 * len(legend) + 0.3
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(0, height))
        axes.axis("off")
        top = height - 0.05
        for row in rows:
            for place, sheet in enumerate(row):
                _draw_sheet(axes, sheet, place * (BOX + GAP) if len(row) > 1 else 0.0, top)
            top -= max(sheet.height for sheet in row) + TITLE + 0.2
        _draw_legend(axes, legend, top)
    return figure


def _draw_sheet(axes: Any, sheet: Sheet, shift: float, top: float) -> None:
    wide = BOX if len(sheet.boxes) == 1 else WIDTH - 2 * MARGIN
    left = MARGIN + shift
    title = shorten(sheet.dataset, 40, placeholder="…")
    axes.text(left, top - 0.08, title, fontsize=8.5, va="center", **bold(title))
    axes.plot([left, left + wide], [top - 0.2] * 2, color=QUIET, linewidth=0.8)
    down = top - TITLE
    placed = {
        name: replace(box, x=box.x + shift, y=box.y + down) for name, box in sheet.boxes.items()
    }
    _draw_trunks(axes, sheet, placed)
    for link in sheet.relations:
        if link.parent not in sheet.hubs:
            _draw_chain(axes, link, placed)
    for box in placed.values():
        _draw_box(axes, box)


def _draw_box(axes: Any, box: Box) -> None:
    colour = CHANNEL_COLOURS[box.entity.channel]
    x, y, low = box.x, box.y, box.y - box.height
    right = x + BOX
    axes.fill([x, right, right, x], [y, y, low, low], "white", edgecolor="#888888", linewidth=0.8)
    head = y - HEADER
    axes.fill([x, right, right, x], [y, y, head, head], colour, alpha=0.3, linewidth=0)
    axes.fill([x, x + 0.05, x + 0.05, x], [y, y, low, low], colour, linewidth=0)
    name = box.entity.table
    axes.text(x + 0.09, y - HEADER / 2, name, fontsize=7, va="center_baseline", **bold(name))
    rows = f"{box.entity.rows:,} row{'' if box.entity.rows == 1 else 's'}"
    if measure_text(name, 7, heavy=True) + measure_text(rows, 6.2) > BOX - 0.2:
        rows = f"{box.entity.rows:,}"
    axes.text(right - 0.05, y - HEADER / 2, rows, fontsize=6.2, ha="right", va="center_baseline")
    for place, (line, is_key) in enumerate(box.lines):
        axes.text(
            x + 0.09,
            head - 0.03 - LINE * (place + 0.5),
            line,
            fontsize=SIZE,
            va="center_baseline",
            **(bold(line) if is_key else {}),
        )


def _draw_trunks(axes: Any, sheet: Sheet, placed: dict[str, Box]) -> None:
    """Draw the links to each hub as one trunk at each side, with a branch a table."""
    for place, hub in enumerate(sheet.hubs):
        links = [link for link in sheet.relations if link.parent == hub]
        target = placed[hub]
        for rightward in (True, False):
            side = [link for link in links if (placed[link.child].x < target.x) == rightward]
            if not side:
                continue
            edge = target.x if rightward else target.x + BOX
            away = -1 if rightward else 1
            trunk = edge + away * (0.13 + 0.09 * (place % 2))
            others = [
                one for one in sheet.relations if one.parent in sheet.hubs and one not in side
            ]
            port = _port(target, [_branch_height(one, sheet, placed) for one in others])
            ends = [_draw_branch(axes, link, sheet, placed, trunk, away) for link in side]
            axes.plot([trunk, trunk], [min(*ends, port), max(*ends, port)], **_stroke(place))
            axes.plot([trunk, edge], [port, port], **_stroke(place))
            axes.fill(
                [edge, edge + away * 0.07, edge + away * 0.07],
                [port, port + 0.04, port - 0.04],
                _stroke(place)["color"],
                linewidth=0,
            )


def _port(target: Box, taken: Sequence[float]) -> float:
    """Choose where a trunk enters a hub: near its middle, off the lines to other hubs."""
    steps = sorted((0.07 * step for step in range(-3, 4)), key=lambda step: (abs(step), step))
    free = (
        target.middle + step
        for step in steps
        if all(abs(target.middle + step - height) > 0.06 for height in taken)
    )
    return next(free, target.middle)


def _stroke(place: int) -> dict[str, Any]:
    return {"color": (INK, "#7A7A7A")[place % 2], "linewidth": 0.9, "solid_capstyle": "butt"}


def _draw_branch(
    axes: Any, link: Relation, sheet: Sheet, placed: dict[str, Box], trunk: float, away: int
) -> float:
    """Draw the line from a table to a hub's trunk; give the height where it meets it."""
    box = placed[link.child]
    start = box.x + BOX if away < 0 else box.x
    height = _branch_height(link, sheet, placed)
    axes.plot([start, trunk], [height, height], **_stroke(sheet.hubs.index(link.parent)))
    align = "left" if away < 0 else "right"
    axes.text(
        start - away * 0.03, height + 0.02, write_rate(link), fontsize=6.2, ha=align, va="bottom"
    )
    return height


def _branch_height(link: Relation, sheet: Sheet, placed: dict[str, Box]) -> float:
    links = [one for one in sheet.relations if one.child == link.child and one.parent in sheet.hubs]
    return placed[link.child].middle + 0.09 * (len(links) - 1) - 0.18 * links.index(link)


def _draw_chain(axes: Any, link: Relation, placed: dict[str, Box]) -> None:
    child, parent = placed[link.child], placed[link.parent]
    x, low = child.x + BOX / 2, parent.y - parent.height
    axes.plot([x, x], [child.y, low], **_stroke(0))
    axes.fill([x, x - 0.04, x + 0.04], [low, low - 0.07, low - 0.07], INK, linewidth=0)
    axes.text(x + 0.06, (child.y + low) / 2, write_rate(link), fontsize=6.2, va="center")


def write_rate(link: Relation) -> str:
    """Write a match rate; only a complete one is 100 %."""
    if link.matched == link.ids:
        return "100%"
    return f"{min(link.rate, 0.999):.1%}"


_EXPLAINED = (
    "bold: key · arrow: points to another table · %: share of its different identifiers found there"
)


def _draw_legend(axes: Any, lines: Sequence[Sequence[tuple[float, str]]], top: float) -> None:
    for place, line in enumerate(lines):
        y = top - 0.2 * place - 0.05
        for x, channel in line:
            corners = [x, x + 0.11, x + 0.11, x], [y + 0.05, y + 0.05, y - 0.06, y - 0.06]
            axes.fill(*corners, CHANNEL_COLOURS[channel], linewidth=0)
            axes.text(x + 0.16, y, channel, fontsize=SIZE, va="center")
    axes.text(MARGIN, top - 0.2 * len(lines) - 0.05, _EXPLAINED, fontsize=6.2, va="center")

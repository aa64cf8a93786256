"""The framework of the study drawn: theories, constructs with hypotheses, chapters, verdicts."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from crmstudy.chapters import GATES
from crmstudy.design.framework.diagram import Arrow, Framework, Node, join_ids
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.labels_on_maps import break_text
from crmstudy.report.layout import measure_text
from crmstudy.report.path_sketch import HALF, TINTS, Sketch, Tag
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Inches: the page, its margin, a line of text per point.
WIDTH, MARGIN, LINE = 7.0, 0.06, 1.25 / 72
#: Inches: room between rows of constructs, and what a heading takes.
DOWN, ROOM, HEADING = 0.92, 0.42, 0.26
SIZE, SMALL = 7.6, 6.6
#: Sizes that a label in an ellipse may have, in points.
SIZES = (8.0, 7.2, 6.4, 5.8)
#: Columns of constructs beside each other.
MOST_COLUMNS = 5
VERDICTS = "supported · contradicted · undecided · withheld · not tested"


@passes_absence
def draw_framework(framework: Framework) -> Figure | NotAvailable:
    """Draw what a study asks: theories, constructs, hypotheses, chapters, verdicts.

    An arrow is a hypothesis with its id and expected sign; blue expects a positive effect,
    red a negative one, dashed where the study has no data. A moderator points at the path
    that it bends. The small letter in a construct names its theory.
    """
    if not framework.arrows:
        return NotAvailable("no registered hypothesis is about anything known")
    places, heights = _place(framework)
    total = sum(heights.values())
    with house_figure(WIDTH, total) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(total, 0))
        axes.axis("off")
        top = _draw_theories(axes, framework, 0.0)
        _draw_heading(axes, "Constructs and hypotheses", top)
        _draw_network(axes, framework, places)
        top = total - heights["chapters"] - heights["verdicts"]
        _draw_chapters(axes, framework, top)
        _draw_verdicts(axes, framework, total - heights["verdicts"])
    return figure


def _place(framework: Framework) -> tuple[dict[str, tuple[float, float]], dict[str, float]]:
    """Choose where each node stands, in inches, and how high each part of the page is."""
    heights = {"theories": HEADING + 0.66, "heading": HEADING}
    places: dict[str, tuple[float, float]] = {}
    top = sum(heights.values())
    for band, arrange in (
        ("attitudes", _arrange_layers),
        ("moderators", _arrange_row),
        ("behaviour", _arrange_behaviour),
    ):
        nodes = framework.of(band)
        own, heights[band] = arrange(nodes, framework.arrows) if nodes else ({}, 0.0)
        places |= {name: (x, y + top) for name, (x, y) in own.items()}
        top += heights[band]
    heights |= {"chapters": HEADING + 0.72, "verdicts": 0.62}
    return places, heights


Place = tuple[float, float]
Places = dict[str, Place]


def _arrange_layers(nodes: tuple[Node, ...], arrows: tuple[Arrow, ...]) -> tuple[Places, float]:
    """Stand constructs in columns by the longest way that leads to them."""
    layers = sorted({node.layer for node in nodes})
    columns: list[list[Node]] = [[] for _ in layers[:MOST_COLUMNS]]
    for node in nodes:
        columns[min(layers.index(node.layer), MOST_COLUMNS - 1)].append(node)
    # Purchases stand above, so that moderators below point freely at the path.
    columns = [sorted(column, key=lambda node: node.name != "purchases") for column in columns]
    # A label of several lines needs a row for each, or it hides the arrow beside it.
    lines = [len(arrow.lines()) for arrow in arrows if not arrow.onto]
    rows = max(*(len(column) for column in columns), *lines, 1)
    height = rows * DOWN + 0.12
    n = len(columns)
    across = np.linspace(HALF[0] + 0.1, WIDTH - HALF[0] - 0.1, n) if n > 1 else [WIDTH / 2]
    places = {}
    for x, column in zip(across, columns, strict=True):
        # Few stand further apart: their arrows fan out and labels find room.
        down = min((height - DOWN) / max(len(column) - 1, 1), 1.6 * DOWN)
        first = (height - (len(column) - 1) * down) / 2
        for k, node in enumerate(column):
            places[node.name] = (float(x), first + k * down)
    return places, height


def _arrange_row(nodes: tuple[Node, ...], arrows: tuple[Arrow, ...]) -> tuple[Places, float]:
    """Stand moderators in rows of four below the path that they bend, to the right."""
    places = {}
    rows = [nodes[k : k + 4] for k in range(0, len(nodes), 4)]
    for r, row in enumerate(rows):
        right, step = WIDTH - HALF[0] - 0.1, 1.46
        for k, node in enumerate(row):
            places[node.name] = (right - (len(row) - 1 - k) * step - 0.55 * r, 0.45 + r * 0.8)
    return places, 0.8 * len(rows) + 0.15


def _arrange_behaviour(nodes: tuple[Node, ...], arrows: tuple[Arrow, ...]) -> tuple[Places, float]:
    """Stand what acts in a row, and what is acted on below."""
    targets = {arrow.target for arrow in arrows}
    upper = [node for node in nodes if node.name not in targets]
    lower = [node for node in nodes if node.name in targets]
    places: Places = {}
    for y, row in ((0.45, upper), (0.45 + 1.0, lower)):
        across = np.linspace(0, WIDTH, len(row) + 2)[1:-1]
        places |= {node.name: (float(x), y) for x, node in zip(across, row, strict=True)}
    return places, 1.9


def _draw_network(axes: Any, framework: Framework, places: Places) -> None:
    names = [node.name for node in framework.nodes]
    sketch = Sketch(axes, np.array([places[name] for name in names]))
    ways = [
        (arrow, sketch.route(names.index(arrow.source), names.index(arrow.target)))
        for arrow in framework.arrows
        if not arrow.onto
    ]
    straight = {(arrow.source, arrow.target): way for arrow, way in ways}
    for arrow in framework.arrows:
        if arrow.onto:
            ways.append((arrow, _reach(sketch, names, arrow, straight)))
    for arrow, way in ways:
        width = 1.2 if arrow.available else 0.9
        sketch.draw_arrow(way, colour=_colour(arrow), width=width, dashed=not arrow.available)
    targets = {arrow.target for arrow in framework.arrows}
    for node in framework.nodes:
        below = f"({node.theory})" if node.theory else ""
        _draw_node(axes, places[node.name], node.label, below, explained=node.name in targets)
    for arrow, way in sorted(ways, key=lambda pair: -len(pair[0].entries)):
        tag = Tag(arrow.lines(), size=SIZE)
        sketch.write_tag(sketch.place_tag(way, tag), tag, colour=_colour(arrow))


def _draw_node(axes: Any, place: Place, label: str, below: str, *, explained: bool) -> None:
    """Draw an ellipse with its label, in letters small enough for its longest word."""
    (x, y), turn = place, np.linspace(0.0, 2.0 * np.pi, 73)
    outline = x + HALF[0] * np.cos(turn), y + HALF[1] * np.sin(turn)
    axes.fill(*outline, TINTS[explained], edgecolor=INK, linewidth=1.0, zorder=3)
    lines, size = _fit_label(label, most=2 if below else 3)
    written = [(line, size) for line in lines] + ([(below, SMALL)] if below else [])
    top = y - sum(each for _, each in written) * LINE / 2
    for k, (line, each) in enumerate(written):
        top += each * LINE
        style = bold(line) if k < len(lines) else {}
        at = (x, top - each * LINE / 2)
        axes.text(*at, line, fontsize=each, ha="center", va="center_baseline", zorder=4, **style)


def _fit_label(label: str, *, most: int) -> tuple[list[str], float]:
    """Break a label into lines, and find the size at which no word is broken or cut."""
    room = 1.66 * HALF[0]
    for size in SIZES:
        lines = fill(label, max(int(room * 72 / (0.7 * size)), 4), break_long_words=False)
        broken = lines.split("\n")
        fits = all(measure_text(line, size, heavy=True) <= room for line in broken)
        if fits and len(broken) <= most:
            return broken, size
    return break_text(label, room, SIZES[-1]).split("\n"), SIZES[-1]


def _reach(
    sketch: Sketch, names: list[str], arrow: Arrow, straight: dict[tuple[str, str], Any]
) -> Any:
    """Find the way of a moderator to the middle of the path that it bends."""
    assert arrow.onto is not None
    start = sketch.points[names.index(arrow.source)]
    ends = [sketch.points[names.index(end)] for end in arrow.onto]
    path = straight.get(arrow.onto)
    middle = path[len(path) // 2] if path is not None else np.mean(ends, axis=0)
    if path is None:  # nothing is drawn there: a line of dots shows what is bent
        sketch.axes.plot(*np.array(ends).T, color=QUIET, linestyle=":", linewidth=0.9, zorder=0)
    way = np.linspace(start, middle, 301)
    outside = (((way - start) / np.array(HALF)) ** 2).sum(axis=1) >= 1.0
    kept = way[outside]
    chosen = kept[np.linspace(0, len(kept) - 1, 61).round().astype(int)]
    return chosen[:-2]


def _colour(arrow: Arrow) -> str:
    return {"+": COLOURS[0], "-": COLOURS[5]}.get(arrow.sign, INK)


def _draw_heading(axes: Any, text: str, top: float) -> None:
    axes.text(MARGIN, top + 0.12, text, fontsize=8.5, va="center", **bold(text))
    axes.plot([MARGIN, WIDTH - MARGIN], [top + 0.22] * 2, color=QUIET, linewidth=0.8)


def _draw_boxes(axes: Any, texts: list[tuple[str, str]], top: float, height: float) -> None:
    """Draw boxes beside each other, each with a name and a line below."""
    gap = 0.08
    wide = (WIDTH - 2 * MARGIN - gap * (len(texts) - 1)) / len(texts)
    for k, (name, below) in enumerate(texts):
        x = MARGIN + k * (wide + gap)
        corners = [x, x + wide, x + wide, x], [top, top, top + height, top + height]
        axes.fill(*corners, "#F4F4F4", edgecolor="#888888", linewidth=0.8)
        lines = [(line, SIZE) for line in break_text(name, wide - 0.1, SIZE).split("\n")]
        if below:
            lines += [(line, SMALL) for line in break_text(below, wide - 0.08, SMALL).split("\n")]
        y = top + (height - sum(size for _, size in lines) * LINE) / 2
        for line, size in lines:
            y += size * LINE
            style = bold(line) if size == SIZE else {}
            place = (x + wide / 2, y - size * LINE / 2)
            axes.text(*place, line, fontsize=size, ha="center", va="center_baseline", **style)


def _draw_theories(axes: Any, framework: Framework, top: float) -> float:
    _draw_heading(axes, "Theories", top)
    boxes = [(f"({one.letter}) {one.name}", "") for one in framework.theories]
    _draw_boxes(axes, boxes, top + HEADING + 0.04, 0.44)
    _point_down(axes, top + HEADING + 0.52)
    return top + HEADING + 0.66


def _draw_chapters(axes: Any, framework: Framework, top: float) -> None:
    _draw_heading(axes, "Chapters that decide", top)
    boxes = []
    for chapter, ids in framework.chapters.items():
        gate = GATES.get(chapter)
        number = f"{gate.number:02d} " if gate else ""
        boxes.append((number + chapter.replace("_", " "), join_ids(ids) or "no hypothesis"))
    _draw_boxes(axes, boxes, top + HEADING + 0.04, 0.52)
    _point_down(axes, top + HEADING + 0.59)


def _draw_verdicts(axes: Any, framework: Framework, top: float) -> None:
    _draw_boxes(axes, [("08 conclusions: a verdict on each", VERDICTS)], top, 0.36)
    notes = "blue: positive effect expected · red: negative · dashed: no data here · (a): theory"
    if framework.undrawn:
        notes += f" · not drawn: {join_ids(framework.undrawn)}"
    axes.text(MARGIN, top + 0.49, notes, fontsize=6.4, va="center")


def _point_down(axes: Any, top: float) -> None:
    x = WIDTH / 2
    axes.fill([x - 0.09, x + 0.09, x], [top, top, top + 0.09], QUIET, linewidth=0)

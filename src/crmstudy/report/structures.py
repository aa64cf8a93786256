"""Pictures of a structural model: what is assumed, what was estimated, what acts on what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty import SemResult, StructuralModel
from crmstudy.report.path_layout import Page, choose_page, place_constructs
from crmstudy.report.path_parts import (
    ITEM,
    ITEM_GAP,
    MARGIN,
    WIDTH,
    draw_items,
    draw_moderators,
    write_number,
)
from crmstudy.report.path_sketch import (
    FAINT,
    HALF,
    Sketch,
    Tag,
    choose_colour,
    list_signs,
)
from crmstudy.report.theme import INK, Figure, house_figure
from crmstudy.settings import Hypothesis

#: Inches: from row to row, room at the left for double arrows.
DOWN, ARCS = 1.14, (0.0, 0.4, 0.7)
#: Inches from row to row of a drawing with items.
DOWN_ITEMS = 1.35
#: Double arrows up to which they are drawn, room for the label of a bent arrow.
MOST_ARCS, ROOM = 3, 0.14
NOTE = 6.6  # points


@passes_absence
def draw_path_diagram(
    fit: SemResult, *, level: float = 0.95, intervals: bool = True, items: bool = False
) -> Figure | NotAvailable:
    """Draw a model with its standardised estimates.

    Constructs are ellipses with their share of variance explained; an arrow carries its
    standardised path, stars and, if wanted, its interval. Dashed: not told apart from zero
    at ``1 - level``. Double arrows at the left are correlations of constructs that nothing
    acts on.

    Parameters
    ----------
    fit : SemResult
    level : float
    intervals : bool
        Write intervals below the estimates, of the delta method.
    items : bool
        Draw the items with their standardised loadings too.
    """
    table = fit.table(level=level)
    if isinstance(table, NotAvailable):
        return table
    model = fit.model
    records: list[Any] = table.to_dict("records")
    rows = {(r["right"], r["left"]): r for r in records if r["kind"] == "path"}
    explained: Any = fit.r_squared().set_index("variable")["r squared"]
    labels = [_Arrow.of_estimate(rows[p.source, p.target], level, intervals) for p in model.paths]
    below = {n: f"R² = {write_number(explained[n])}" for n in model.endogenous}
    between = table[(table["kind"] == "covariance") & table["left"].isin(model.construct_names)]
    joined = {
        frozenset((r["left"], r["right"])): write_number(r["standardised"])
        for r in between.to_dict("records")
    }
    loadings = table[table["kind"] == "loading"].set_index("right")["standardised"]
    note = ["*** p < .001, ** p < .01, * p < .05 · dashed: not told apart from zero"]
    note = note if model.paths else []
    return _draw(model, labels, below, joined, note, items=loadings if items else None)


@passes_absence
def draw_hypotheses(
    model: StructuralModel,
    *,
    register: Sequence[Hypothesis] = (),
    moderators: Mapping[str, Mapping[str, Any]] | None = None,
    moderated: tuple[str, str] = ("", ""),
) -> Figure:
    """Draw a model before it is estimated: constructs, arrows, hypotheses on them.

    Parameters
    ----------
    model : StructuralModel
    register : sequence of Hypothesis
        Those decided by ``<source>_<target>`` stand on their arrow with the sign expected,
        those decided by ``moderation_<name>`` beside their moderator.
    moderators : mapping
        Name to ``label`` and ``sign``, as study.yml gives them.
    moderated : pair of str
        Source and target of the path that the moderators act on.
    """
    decided = {each.decided_by: each for each in register}
    labels = [
        _Arrow.of_hypothesis(decided.get(f"{p.source}_{p.target}"), p.label) for p in model.paths
    ]
    exogenous = [n for n in model.construct_names if n not in model.endogenous]
    joined = {frozenset(pair): "" for pair in combinations(exogenous, 2)} if model.paths else {}
    ends = [(p.source, p.target) for p in model.paths]
    said = _list_moderators(moderators or {}, decided) if moderated in ends else []
    note = ["H: registered hypothesis with the sign expected"] if any(a.tag for a in labels) else []
    return _draw(model, labels, {}, joined, note, said=said, moderated=moderated)


class _Arrow:
    """How one path is drawn."""

    def __init__(self, tag: Tag | None, colour: str, *, width: float, dashed: bool) -> None:
        self.tag, self.colour, self.width, self.dashed = tag, colour, width, dashed

    @classmethod
    def of_estimate(cls, row: Mapping[str, Any], level: float, intervals: bool) -> _Arrow:
        value, sure = row["standardised"], row["p value"] < 1.0 - level
        [stars] = list_signs([row["p value"]])
        lines = [f"{write_number(value)}{stars}"]
        if intervals:
            reach = (row["upper"] - row["lower"]) / 2.0 / row["se"] * row["standardised se"]
            lines.append(f"{write_number(value - reach)}, {write_number(value + reach)}")
        width = 1.0 + 1.4 * min(abs(value), 1.0) if sure else 1.0
        colour = choose_colour(value, sure=sure)
        return cls(Tag(tuple(lines)), colour, width=width, dashed=not sure)

    @classmethod
    def of_hypothesis(cls, entry: Hypothesis | None, label: str) -> _Arrow:
        if entry is None:
            return cls(Tag((label,)) if label else None, FAINT, width=1.0, dashed=False)
        tag = Tag((f"{entry.id} ({_sign(entry.expected_sign)})",), 8.0)
        return cls(tag, INK, width=1.5, dashed=False)


def _draw(
    model: StructuralModel,
    arrows: Sequence[_Arrow],
    below: Mapping[str, str],
    joined: Mapping[frozenset[str], str],
    note: list[str],
    *,
    items: pd.Series | None = None,
    said: Sequence[str] = (),
    moderated: tuple[str, str] = ("", ""),
) -> Figure:
    names = list(model.construct_names)
    place = {name: k for k, name in enumerate(names)}
    ends = [(place[p.source], place[p.target]) for p in model.paths]
    few = len(joined) <= MOST_ARCS
    left = MARGIN + ARCS[min(len(joined), 2) if few else 0]
    tall = ITEM_GAP + ITEM[1] if items is not None else 0.0  # above and below all constructs
    points = _place(len(names), ends, left, items=items is not None)
    points, low = _make_room(points + np.array([0.0, tall]), ends, tall)
    bows = _find_bows(points, [sorted(place[n] for n in pair) for pair in joined] if few else [])
    if len(bows) < len(joined):
        note = [*note, f"{len(joined) - len(bows)} correlations of constructs are free, not drawn"]
    block = 0.42 + 0.15 * len(said) if said else 0.0
    height = low + block + 0.16 * len(note) + 0.14
    with house_figure(WIDTH, height) as (figure, axes):
        figure.set_layout_engine("none")
        axes.set(position=(0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.axis("off")
        sketch = Sketch(axes, points)
        for pair, text in joined.items():
            _draw_bow(sketch, bows.get(tuple(sorted(place[n] for n in pair))), text)
        bent = ends.index((place[moderated[0]], place[moderated[1]])) if said else -1
        ways = _draw_arrows(sketch, ends, arrows, bent)
        for name, k in place.items():
            label = model.constructs[k].label or name
            inside = below.get(name, "")
            sketch.draw_ellipse(k, label, inside, explained=name in model.endogenous)
        if items is not None:
            draw_items(axes, model, points, items)
        if said:
            draw_moderators(sketch, ways[bent], said, low)
        for k, line in enumerate(note):
            y = low + block + 0.16 * (k + 0.7) + 0.04
            axes.text(WIDTH / 2, y, line, fontsize=NOTE, ha="center", va="center", color=INK)
    return figure


def _place(n: int, ends: Sequence[tuple[int, int]], left: float, *, items: bool) -> Any:
    """Place the constructs on the page, in inches from its upper left."""
    page = _choose_page(n, ends, left, items)
    points = page.points[place_constructs(n, ends, page=page)]
    points = points - points.min(axis=0)
    room = WIDTH - MARGIN - left - 2 * HALF[0]
    points[:, 0] *= min(room / max(points[:, 0].max(), 1e-9), 1.6)
    across = left + HALF[0] + (room - points[:, 0].max()) / 2.0
    return points + np.array([across, MARGIN + HALF[1]])


def _make_room(points: Any, ends: Sequence[tuple[int, int]], tall: float) -> tuple[Any, float]:
    """Move the constructs down where an arrow bends over them; give where they all end."""
    sketch = Sketch(None, points)
    heights = [way[:, 1] for way in (sketch.route(*pair) for pair in ends)]
    top = min((float(each.min()) for each in heights), default=1.0)
    points = points + np.array([0.0, max(MARGIN + ROOM - top, 0.0)])
    low = max((float(each.max()) for each in heights), default=0.0)
    low += max(MARGIN + ROOM - top, 0.0) + ROOM
    return points, max(low, float(points[:, 1].max()) + HALF[1] + tall)


def _find_bows(points: Any, pairs: Sequence[Sequence[int]]) -> dict[tuple[int, ...], Any]:
    """Find the ways of the double arrows that run through no third construct."""
    sketch = Sketch(None, points)
    levels = np.unique(np.round(points[:, 1], 6))
    found = {}
    for pair in pairs:
        one, other = sorted(pair, key=lambda k: float(points[k][1]))
        top, low = (round(float(points[k][1]), 6) for k in (one, other))
        beyond = int(((levels > top) & (levels < low)).sum())  # rows that it passes
        way = sketch.bow(one, other, away=0.2 + 0.3 * beyond, aside=0.0 if beyond else 0.55)
        if way is not None and top < low:
            found[tuple(sorted(pair))] = way
    return found


def _choose_page(n: int, ends: Sequence[tuple[int, int]], left: float, items: bool) -> Page:
    width = WIDTH - MARGIN - left
    if items:
        return choose_page(n, ends, width=width, down=DOWN_ITEMS, half=HALF, rows=2)
    return choose_page(n, ends, width=width, down=DOWN, half=HALF)


def _draw_arrows(
    sketch: Sketch, ends: Sequence[tuple[int, int]], arrows: Sequence[_Arrow], bent: int
) -> list[Any]:
    """Draw all arrows, then their labels, the short ways' first; ``bent`` keeps its middle."""
    ways = [sketch.route(source, target) for source, target in ends]
    for way, arrow in zip(ways, arrows, strict=True):
        sketch.draw_arrow(way, colour=arrow.colour, width=arrow.width, dashed=arrow.dashed)
    short_first = sorted(range(len(ways)), key=lambda k: float(np.ptp(ways[k], axis=0).sum()))
    for k in short_first:
        tag = arrows[k].tag
        if tag:
            sketch.write_tag(sketch.place_tag(ways[k], tag, beside=k == bent), tag)
    return ways


def _draw_bow(sketch: Sketch, way: Any, text: str) -> None:
    if way is None:
        return
    sketch.draw_bow(way)
    if text:
        sketch.write_tag((float(way[20][0]), float(way[20][1])), Tag((text,), 7.0))


def _list_moderators(
    moderators: Mapping[str, Mapping[str, Any]], decided: Mapping[str, Hypothesis]
) -> list[str]:
    said = []
    for name, spec in moderators.items():
        entry = decided.get(f"moderation_{name}")
        sign = _sign(entry.expected_sign if entry else str(spec.get("sign", "")))
        marks = ", ".join(filter(None, [entry.id if entry else "", sign]))
        said.append(f"{spec.get('label') or name} ({marks})" if marks else str(spec["label"]))
    return said


def _sign(sign: str) -> str:
    return {"+": "+", "-": "−"}.get(sign, "")

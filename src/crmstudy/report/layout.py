"""Where the boxes of an entity diagram stand: hubs in the middle, what points to them aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

from crmstudy.collection.quality.entities import Entities, Entity, Relation

#: Inches: the page, its margin, the room between columns of boxes, a line of text.
WIDTH, MARGIN, GAP, LINE = 7.0, 0.1, 0.66, 0.135
BOX = (WIDTH - 2 * MARGIN - 2 * GAP) / 3
SPACE, CHAIN, HEADER, TITLE = 0.18, 0.3, 0.21, 0.3
#: Latin signs as wide as Chinese ones.
BROAD = "%@mMwW…→"
#: Points of the text in a box.
SIZE = 6.6
#: Lines that a box gives to columns that are neither key nor link.
MOST_LINES = 3


@dataclass(frozen=True)
class Box:
    """A table on the page: its lines of text, and its upper left corner in inches."""

    entity: Entity
    lines: tuple[tuple[str, bool], ...]
    x: float = 0.0
    y: float = 0.0

    @property
    def height(self) -> float:
        """Inches from top to bottom."""
        return HEADER + LINE * len(self.lines) + 0.06

    @property
    def middle(self) -> float:
        """Height of its middle on the page."""
        return self.y - self.height / 2


def measure_text(text: str, size: float = SIZE, *, heavy: bool = False) -> float:
    """Estimate the width of a text in inches; a Chinese sign is as wide as it is high."""
    narrow = 0.7 if heavy else 0.61
    wide = sum(1.0 if east_asian_width(sign) in "WF" or sign in BROAD else narrow for sign in text)
    return wide * size / 72


def cut_text(text: str, room: float, size: float = SIZE, *, heavy: bool = False) -> str:
    """Cut a text that is wider than the room for it, in inches."""
    while measure_text(text, size, heavy=heavy) > room and len(text) > 2:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def _fill(words: Sequence[str], *, heavy: bool = False, most: int = 99) -> list[str]:
    """Break names, set apart by commas, into lines of a box; say how many do not fit."""
    lines, placed = [""], 0
    for place, word in enumerate(words):
        last = place == len(words) - 1
        text = cut_text(word, BOX - 0.7, heavy=heavy) + ("" if last else ",")
        longer = f"{lines[-1]} {text}".strip()
        # The last line keeps room for how many names are left out.
        room = BOX - 0.12 - (0.5 if len(lines) == most and not last else 0)
        if measure_text(longer, heavy=heavy) <= room or not lines[-1]:
            lines[-1] = longer
        elif len(lines) < most:
            lines.append(text)
        else:
            break
        placed += 1
    if placed < len(words):
        lines[-1] += f" +{len(words) - placed} more"
    return [line for line in lines if line]


def _box(entity: Entity) -> Box:
    rest = [*entity.columns, *([f"{entity.items} items"] if entity.items else [])]
    lines = [(line, True) for line in _fill(entity.key, heavy=True)]
    pointing = _fill([f"→ {column}" for column in entity.links])
    lines += [(line, False) for line in pointing]
    lines += [(line, False) for line in _fill(rest, most=MOST_LINES)]
    return Box(entity, tuple(lines))


def _stack(boxes: Iterable[Box], x: float, top: float, gaps: Iterable[float]) -> list[Box]:
    placed = []
    for box, gap in zip(boxes, gaps, strict=True):
        placed.append(replace(box, x=x, y=top))
        top -= box.height + gap
    return placed


@dataclass(frozen=True)
class Sheet:
    """One data set laid out: boxes below a top at 0, links, and the height they take."""

    dataset: str
    boxes: dict[str, Box]
    relations: tuple[Relation, ...]
    hubs: tuple[str, ...]
    height: float


def lay_out(entities: Entities) -> Sheet:
    """Lay out one data set: hubs in the middle, what points to them at both sides.

    A hub is a table that others point to and that points to none. A table that is
    pointed to by one at a side (a campaign by its responses) stands right above it;
    tables without links stand in rows below.
    """
    boxes = {one.table: _box(one) for one in entities.tables}
    parents = {link.parent for link in entities.relations}
    children = {link.child for link in entities.relations}
    hubs = tuple(name for name in boxes if name in parents - children)
    units = _chain(entities, hubs)
    left, right = _balance(units, boxes, entities, hubs)
    centre = [[name] for name in hubs]
    heights = [_height(column, boxes) for column in (left, centre, right)]
    deepest = max(heights)
    placed: dict[str, Box] = {}
    for place, (column, height) in enumerate(zip((left, centre, right), heights, strict=True)):
        x = MARGIN + place * (BOX + GAP)
        names = [name for unit in column for name in unit]
        gaps = [gap for unit in column for gap in (*[CHAIN] * (len(unit) - 1), SPACE)]
        top = -(deepest - height) / 2
        found = _stack((boxes[name] for name in names), x, top, gaps)
        placed |= dict(zip(names, found, strict=True))
    loose = [boxes[name] for name in boxes if name not in parents | children]
    below, height = _grid(loose, deepest + (SPACE if deepest and loose else 0))
    placed |= {box.entity.table: box for box in below}
    dataset = entities.tables[0].dataset
    return Sheet(dataset, placed, entities.relations, hubs, height)


def _chain(entities: Entities, hubs: Sequence[str]) -> list[list[str]]:
    """Group side tables: each stands below the side table that it points to."""
    above: dict[str, str] = {}
    for link in entities.relations:
        if link.parent not in hubs:
            above.setdefault(link.child, link.parent)
    linked = {name for link in entities.relations for name in (link.child, link.parent)}
    side = [one.table for one in entities.tables if one.table in linked and one.table not in hubs]
    units = [[name] for name in side if name not in above]
    for unit in units:
        for name in unit:
            unit += [child for child in side if above.get(child) == name]
    return units


def _height(column: Sequence[Sequence[str]], boxes: dict[str, Box]) -> float:
    tall = sum(boxes[name].height for unit in column for name in unit)
    inner = sum(len(unit) - 1 for unit in column) * CHAIN
    return tall + inner + max(len(column) - 1, 0) * SPACE


def _balance(
    units: list[list[str]], boxes: dict[str, Box], entities: Entities, hubs: Sequence[str]
) -> tuple[list[list[str]], list[list[str]]]:
    """Share the units between both sides, the tallest first; then order them by their hubs."""
    lowest = {
        unit[0]: max(
            [
                hubs.index(link.parent)
                for link in entities.relations
                if link.child in unit and link.parent in hubs
            ],
            default=0,
        )
        for unit in units
    }
    sides: tuple[list[list[str]], list[list[str]]] = ([], [])
    for unit in sorted(units, key=lambda unit: -_height([unit], boxes)):
        shorter = min(sides, key=lambda side: _height(side, boxes))
        shorter.append(unit)
    order = {unit[0]: place for place, unit in enumerate(units)}
    for side in sides:
        side.sort(key=lambda unit: (lowest[unit[0]], order[unit[0]]))
    return sides


def _grid(boxes: Sequence[Box], top: float) -> tuple[list[Box], float]:
    """Place boxes in rows of three below a height; give them and the height of all."""
    placed: list[Box] = []
    for start in range(0, len(boxes), 3):
        row = boxes[start : start + 3]
        placed += [replace(box, x=MARGIN + i * (BOX + GAP), y=-top) for i, box in enumerate(row)]
        top += max(box.height for box in row) + SPACE
    return placed, top - (SPACE if boxes else 0)


def arrange_sheets(sheets: Sequence[Sheet]) -> list[list[Sheet]]:
    """Put data sets of one table three to a row, others on rows of their own."""
    rows: list[list[Sheet]] = []
    for sheet in sheets:
        small = len(sheet.boxes) == 1
        joins = small and rows and len(rows[-1]) < 3 and all(len(s.boxes) == 1 for s in rows[-1])
        if joins:
            rows[-1].append(sheet)
        else:
            rows.append([sheet])
    return rows


def flow_words(channels: Sequence[str]) -> list[list[tuple[float, str]]]:
    """Break the legend into lines: pairs of a place and a channel."""
    lines: list[list[tuple[float, str]]] = [[]]
    x = MARGIN
    for channel in channels:
        wide = measure_text(channel) + 0.35
        if x + wide > WIDTH and lines[-1]:
            lines.append([])
            x = MARGIN
        lines[-1].append((x, channel))
        x += wide
    return lines

"""The figures of chapter 01: nothing overlaps, nothing is cut off, Chinese works."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.collection.contracts.tables import CONTRACTS
from crmstudy.collection.quality.entities import Entities, Entity, Relation
from crmstudy.collection.quality.links import LINKS
from crmstudy.collection.quality.missingness import Patterns
from crmstudy.collection.quality.plan import CHANNELS
from crmstudy.errors import NotAvailable
from crmstudy.report.coverage import (
    draw_missingness,
    draw_patterns,
    draw_records,
    draw_scores,
)
from crmstudy.report.diagrams import draw_entities, write_rate
from crmstudy.report.distributions import draw_distributions
from crmstudy.report.layout import BOX, MARGIN, WIDTH, lay_out, measure_text
from crmstudy.report.theme import bold, save_bytes


def entity(table: str, dataset: str = "firm", rows: int = 1_234_567) -> Entity:
    contract = CONTRACTS[table]
    links = tuple(
        dict.fromkeys(
            column
            for link in LINKS
            if link.child == table and link.reference
            for column in link.columns
            if column not in contract.key
        )
    )
    rest = tuple(c for c in contract.columns if c not in contract.key and c not in links)
    channel = CHANNELS[contract.channel]
    return Entity(dataset, table, channel, rows, contract.key, links, rest)


def firm(tables, dataset: str = "firm") -> Entities:
    relations = tuple(
        Relation(dataset, link.child, link.parent, link.columns, 1000, 1000 - 13 * place)
        for place, link in enumerate(LINKS)
        if link.reference and link.child in tables and link.parent in tables
    )
    return Entities(tuple(entity(table, dataset) for table in tables), relations)


LONG = (
    ("customer_id",),
    (),
    ("x" * 60, "会员等级与积分余额以及其他很长的名称", *(f"attribute_{i}" for i in range(40))),
)
ALL = firm(list(CONTRACTS))
STUDIES = {
    "one table": firm(["transactions"]),
    "all tables": ALL,
    "no customers": firm(["products", "transactions", "campaigns", "responses"]),
    "no links": firm(["judgements", "benchmarks", "staff_survey", "mystery_shopping"]),
    "one link": firm(["survey", "invitations"]),
    "data sets": Entities(
        (
            *firm(["customers", "transactions"], "甲公司").tables,
            *(entity("survey", name) for name in ("a", "b", "c", "d")),
        ),
        firm(["customers", "transactions"], "甲公司").relations,
    ),
    "long names": Entities((Entity("d", "customers", "direct interaction", 1, *LONG),), ()),
}


def figures():
    rng = np.random.default_rng(1)
    names = [f"attribute number {i} 属性" for i in range(30)]
    columns = pd.DataFrame(
        {
            "data set": "firm",
            "table": ["customers"] * 25 + ["很长的表名" * 3] * 5,
            "column": names,
            "empty share": [0.0, 0.002, 0.999, 1.0, *rng.random(26)],
        }
    )
    items = [f"item_{i}" for i in range(60)]
    matrix = pd.DataFrame(rng.random((40, 60)) < 0.1, columns=items)
    patterns = Patterns("firm", "survey", matrix, pd.Series(range(40, 0, -1)))
    whole = Patterns("firm", "survey", matrix.iloc[:1] & False, pd.Series([9]))
    months = pd.date_range("2025-01-01", periods=14, freq="MS")
    old = pd.date_range("1997-01-01", periods=3, freq="MS")
    records = pd.DataFrame(
        {
            "data set": ["firm"] * 28 + ["旧数据"] * 3,
            "table": ["transactions"] * 14 + ["contacts"] * 14 + ["transactions"] * 3,
            "period": [*months, *months, *old],
            "rows": [*range(1, 32)],
        }
    )
    lower = 10.0 ** (np.arange(-4, 12) / 4)
    bins = pd.concat(
        pd.DataFrame(
            {
                "data set": dataset,
                "quantity": quantity,
                "unit": "EUR",
                "lower": lower,
                "upper": lower * 10**0.25,
                "share": 1 / 16,
            }
        ).drop(index=[3, 4])
        for dataset in ("firm", "旧数据")
        for quantity in ("revenue of a line", "lines of a purchase")
    )
    scores = pd.DataFrame(
        {"completeness": [1.0, 0.99999, 0.2], "timeliness": [np.nan, 0.0, 0.8]},
        index=["firm.transactions", "firm.staff_survey", "旧数据.customers"],
    )
    return {
        "missingness": lambda: draw_missingness(columns),
        "patterns": lambda: draw_patterns(patterns),
        "nothing missing": lambda: draw_patterns(whole),
        "records": lambda: draw_records(records),
        "one record": lambda: draw_records(records.iloc[:1], unit="week"),
        "distributions": lambda: draw_distributions(bins),
        "one distribution": lambda: draw_distributions(
            bins, quantities=["revenue of a line"], datasets=["firm"]
        ),
        "scores": lambda: draw_scores(scores),
        **{name: lambda one=one: draw_entities(one) for name, one in STUDIES.items()},
    }


FIGURES = figures()


def labels_out_of_view(axes):
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not axes.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def texts(figure):
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    hidden = {label for axes in figure.axes for label in labels_out_of_view(axes)}
    written = [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text() and text not in hidden
    ]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in written]
    return [(text, box) for text, box in boxes if box.width > 0 and box.height > 0]


@pytest.mark.parametrize("name", FIGURES)
def test_no_text_covers_another_or_leaves_the_page(name):
    figure = FIGURES[name]()
    found = texts(figure)
    page = figure.bbox
    for text, box in found:
        assert box.x0 >= -1, text
        assert box.y0 >= -1, text
        assert box.x1 <= page.x1 + 1, text
        assert box.y1 <= page.y1 + 1, text
    for (one, a), (other, b) in itertools.combinations(found, 2):
        wide = min(a.x1, b.x1) - max(a.x0, b.x0)
        high = min(a.y1, b.y1) - max(a.y0, b.y0)
        # Line boxes hold room above and below the letters; a pixel or two may meet.
        assert wide <= 1 or high <= 3, (one, other)


@pytest.mark.parametrize("name", FIGURES)
def test_the_same_bytes_twice(name):
    assert save_bytes(FIGURES[name](), "png") == save_bytes(FIGURES[name](), "png")


@pytest.mark.parametrize("name", STUDIES)
def test_boxes_keep_their_distance_and_hold_their_text(name):
    entities = STUDIES[name]
    for dataset in entities.datasets():
        sheet = lay_out(entities.of(dataset))
        assert set(sheet.boxes) == {one.table for one in entities.of(dataset).tables}
        for one, other in itertools.combinations(sheet.boxes.values(), 2):
            apart = abs(one.x - other.x) >= BOX
            above = one.y - one.height > other.y or other.y - other.height > one.y
            assert apart or above, (one.entity.table, other.entity.table)
        for box in sheet.boxes.values():
            assert MARGIN <= box.x <= WIDTH - BOX
            assert -sheet.height - 1e-9 <= box.y - box.height < box.y <= 1e-9
            for line, key in box.lines:
                assert measure_text(line, heavy=key) <= BOX


def test_text_is_measured_generously():
    """The layout may think a text wider than it is drawn, never narrower."""
    figure = draw_entities(ALL)
    for text, box in texts(figure):
        if len(text) < 8:  # rounding to whole dots weighs too much
            continue
        size = next(t.get_fontsize() for t in figure.findobj(Text) if t.get_text() == text)
        heavy = any(t.get_weight() == "bold" for t in figure.findobj(Text) if t.get_text() == text)
        assert box.width / figure.dpi <= measure_text(text, size, heavy=heavy) * 1.08, text


def test_a_table_that_is_pointed_to_at_a_side_stands_above():
    boxes = lay_out(ALL).boxes
    assert boxes["campaigns"].x == boxes["responses"].x
    assert boxes["campaigns"].y > boxes["responses"].y
    assert lay_out(ALL).hubs == ("customers", "products")
    assert boxes["customers"].x == boxes["products"].x


def test_every_table_and_rate_is_written():
    written = [text for text, _ in texts(draw_entities(ALL))]
    assert set(CONTRACTS) <= set(written)
    assert set(CHANNELS.values()) <= set(written)
    assert sorted(write_rate(link) for link in ALL.relations) == sorted(
        text for text in written if text.endswith("%")
    )


@pytest.mark.parametrize(
    ("matched", "words"), [(1000, "100%"), (999, "99.9%"), (0, "0.0%"), (505, "50.5%")]
)
def test_only_a_complete_match_is_all(matched, words):
    assert write_rate(Relation("d", "a", "b", ("x",), 1000, matched)) == words
    assert write_rate(Relation("d", "a", "b", ("x",), 100_000, 99_999)) == "99.9%"


def test_chinese_is_not_asked_for_a_bold_face():
    assert bold("customers") == {"weight": "bold", "family": "DejaVu Sans"}
    assert bold("客户") == {}


DRAWINGS = (
    *(draw_entities, draw_missingness, draw_patterns),
    *(draw_records, draw_distributions, draw_scores),
)


@pytest.mark.parametrize("draw", DRAWINGS)
def test_absence_passes(draw):
    absent = NotAvailable("no such table")
    assert draw(absent) is absent


def test_axes_name_what_they_show():
    for name in ("patterns", "records", "distributions", "scores"):
        assert all(axes.get_xlabel() for axes in FIGURES[name]().axes)

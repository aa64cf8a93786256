"""Paths of groups: every group and path is drawn, told apart without colour, inside the page."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.invariances import draw_group_paths


def make(paths, groups):
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        [(p, g, n) for p in paths for g, n in groups], columns=["path", "group", "n"]
    )
    centre = rng.normal(0.3, 0.3, len(rows))
    return rows.assign(estimate=centre, lower=centre - 0.2, upper=centre + 0.2)


FEW = make(["Perceived quality → Satisfaction"], [("female", 1300), ("male", 99)])
MANY = make(
    [f"A construct with quite a long name {k} → Another long construct" for k in range(8)],
    [(f"a region with a long name {k}", 60 + k) for k in range(6)],
)
CHINESE = make(["感知质量 → 顾客满意度与品牌信任程度综合评价"], [("一线城市", 80), ("其他", 70)])


@pytest.mark.parametrize("frame", [FEW, MANY, CHINESE], ids=["few", "many", "chinese"])
def test_every_group_has_a_shape_and_every_path_a_row(frame):
    figure = draw_group_paths(frame, level=0.95)
    (axes,) = figure.axes
    points = [line for line in axes.get_lines() if line.get_marker() not in ("None", "")]
    drawn = {(round(x, 9), line.get_label()) for line in points for x in line.get_xdata()}
    labels = [f"{g} (n = {n:,})" for g, n in zip(frame.group, frame.n, strict=True)]
    assert drawn == set(zip(frame["estimate"].round(9), labels, strict=True))
    assert len({line.get_marker() for line in points}) == frame["group"].nunique()
    assert len({line.get_color() for line in points}) == frame["group"].nunique()
    assert len(axes.get_yticks()) == frame["path"].nunique()
    assert "95% interval" in axes.get_xlabel()


@pytest.mark.parametrize("frame", [FEW, MANY, CHINESE], ids=["few", "many", "chinese"])
def test_nothing_leaves_the_page_and_names_do_not_overlap(frame):
    figure = draw_group_paths(frame, level=0.9)
    (axes,) = figure.axes
    page = figure.bbox
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    legend = figure.legends[0].get_window_extent()
    for box in (*boxes, legend):
        assert box.x0 >= page.x0
        assert box.x1 <= page.x1
        assert box.y1 <= page.y1
    ordered = sorted(boxes, key=lambda box: -box.y1)
    for upper, lower in pairwise(ordered):
        assert upper.y0 > lower.y1


def test_intervals_are_those_given():
    (axes,) = draw_group_paths(FEW, level=0.95).axes
    ends = {tuple(np.round(line[:, 0], 9)) for c in axes.collections for line in c.get_segments()}
    assert ends == set(zip(FEW["lower"].round(9), FEW["upper"].round(9), strict=True))


def test_absence_passes_through():
    absent = NotAvailable("no groups")
    assert draw_group_paths(absent, level=0.95) is absent

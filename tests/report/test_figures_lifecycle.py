"""Pictures of the lifecycle: nothing cut off, nothing overlapping, the same bytes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.errors import NotAvailable
from crmstudy.report.lifecycle import (
    draw_hazards,
    draw_stage_transitions,
    draw_stages,
    draw_survival,
)
from crmstudy.report.theme import save_bytes
from crmstudy.value.lifecycle.hazards import fit_hazards
from crmstudy.value.lifecycle.lapse import choose_lapse
from crmstudy.value.lifecycle.lapses import LapseTimes
from crmstudy.value.lifecycle.stages import STAGES, stage_customers
from crmstudy.value.lifecycle.survival import compare_survival, estimate_survival
from crmstudy.value.lifecycle.transitions import estimate_transitions

LONG = "高价值 a very long name of a group of customers that does not fit"


def lifecycle(n: int, period: str = "quarter", days: int = 730):
    draw = np.random.default_rng(n)
    rows = [
        (f"c{i}", int(day))
        for i in range(n)
        for day in draw.choice(days, draw.integers(1, 14), replace=False)
    ]
    rows += [("keeper", day) for day in [*range(0, days, 5), days - 1]]
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    day = pd.Timestamp("2022-01-01") + pd.to_timedelta(frame.pop("day"), unit="D")
    frame = frame.assign(ordered_at=day, revenue=draw.lognormal(3, 1, len(frame)))
    registered = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(n + 9)],
            "registered_on": pd.Timestamp("2022-01-01"),
        }
    )
    rule = choose_lapse(frame, lapse_weeks=12)
    return stage_customers(frame, rule, period=period, customers=registered)


def times(n: int = 300) -> tuple[LapseTimes, pd.DataFrame]:
    draw = np.random.default_rng(0)
    index = pd.Index([f"c{i:04d}" for i in range(n)], name="customer_id")
    frame = pd.DataFrame(
        {
            "entered": pd.Timestamp("2024-01-01"),
            "weeks": np.ceil(draw.exponential(20, n)),
            "lapsed": draw.random(n) < 0.8,
            "returned": False,
        },
        index=index,
    )
    starts = pd.DataFrame(
        {
            LONG: draw.choice([f"{i} {LONG}" for i in range(6)], n),
            "spend": draw.lognormal(3, 1, n),
            "sex": draw.choice(["f", "m"], n),
        },
        index=index,
    )
    return LapseTimes(frame, lapse_weeks=4, until="2025-01-01", n_late=0, n_old=0), starts


def texts_of(figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def check_inside(figure) -> None:
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    for text in texts_of(figure):
        box = text.get_window_extent(renderer)
        assert box.x0 > -3, text.get_text()
        assert box.x1 < width + 3, text.get_text()
        assert box.y0 > -3, text.get_text()
        assert box.y1 < height + 3, text.get_text()


@pytest.mark.parametrize(
    ("n", "period", "days"), [(60, "quarter", 730), (60, "month", 730), (1, "quarter", 92)]
)
def test_stages(n, period, days):
    found = lifecycle(n, period, days)
    figure = draw_stages(found)
    check_inside(figure)
    assert save_bytes(figure, "png") == save_bytes(draw_stages(found), "png")
    bars = figure.axes[0].containers
    tops = [
        sum(bar.patches[place].get_height() for bar in bars) for place in range(found.n_periods)
    ]
    assert tops == pytest.approx([1.0] * found.n_periods)


def test_stage_names_and_hatches_tell_stages_apart():
    figure = draw_stages(lifecycle(80))
    named = {text.get_text() for text in figure.legends[0].get_texts()}
    assert named <= {*STAGES, "not told"}
    looks = {
        (bar.patches[0].get_facecolor(), bar.patches[0].get_hatch())
        for bar in figure.axes[0].containers
    }
    assert len(looks) == len(named)


@pytest.mark.parametrize("period", ["quarter", "month"])
def test_transitions(period):
    found = estimate_transitions(lifecycle(60, period), seed=1, n_replicates=20)
    figure = draw_stage_transitions(found)
    check_inside(figure)
    axes = figure.axes[0]
    renderer = figure.canvas.get_renderer()
    boxes = [label.get_window_extent(renderer) for label in axes.get_xticklabels()]
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    rows = [label.get_text() for label in axes.get_yticklabels()]
    assert len(rows) == int((found.counts.sum(axis=1) > 0).sum())


def test_survival_with_and_without_groups():
    observed, starts = times()
    curve, groups = estimate_survival(observed), compare_survival(observed, starts)
    for figure in (
        draw_survival(curve),
        draw_survival(curve, NotAvailable("none")),
        draw_survival(curve, groups),
        draw_survival(curve, groups, by="sex"),
    ):
        check_inside(figure)
    assert len(draw_survival(curve).axes) == 1
    assert len(draw_survival(curve, groups).axes) == 2
    shown = [text.get_text() for text in texts_of(draw_survival(curve, groups, by="sex"))]
    assert "by sex" in shown
    assert f"{observed.n:,}" in shown


def test_hazards_with_and_without_those_who_came_back():
    observed, starts = times()
    found = fit_hazards(observed, starts)
    for figure in (
        draw_hazards(found),
        draw_hazards(found, NotAvailable("few")),
        draw_hazards(found, found),
    ):
        check_inside(figure)
        assert len(figure.axes[0].get_yticks()) == len(found.estimates)
    assert save_bytes(draw_hazards(found), "png") == save_bytes(draw_hazards(found), "png")


def test_what_is_absent_is_handed_on():
    absent = NotAvailable("nothing")
    for draw in (draw_stages, draw_stage_transitions, draw_survival, draw_hazards):
        assert draw(absent) is absent

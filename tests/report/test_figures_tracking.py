"""Pictures of the hold-out test hold what they are given, at every size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.theme import save_bytes
from crmstudy.report.tracking import (
    draw_alive,
    draw_conditional,
    draw_revenue_deciles,
    draw_spend_fit,
    draw_tracking,
)

NAMES = ("BG/NBD", "MBG/NBD", "Pareto/NBD", "一个名字很长的购买模型")


def weeks(n, models):
    frame = pd.DataFrame({"week": np.arange(1, n + 1), "actual": np.arange(n) * 1000.0})
    return frame.assign(**{name: frame["actual"] * (1 + i / 10) for i, name in enumerate(models)})


def groups(n, models):
    frame = pd.DataFrame(
        {
            "by": "full weeks since the last purchase",
            "group": [f"{10 * i}–{10 * i + 9}" for i in range(n)],
            "customers": 123_456,
            "actual": np.linspace(3, 0, n),
        }
    )
    frame["95% lower"], frame["95% upper"] = 0.9 * frame["actual"], 1.1 * frame["actual"]
    frame = frame.assign(**dict.fromkeys(models, 1.0))
    return pd.concat([frame.assign(by="repeat purchases"), frame], ignore_index=True)


def alive(n):
    at = np.linspace(0.1, 1, n)
    return pd.DataFrame(
        {
            "customers who": ["came back"] * (n - 1) + ["never came back"],
            "probability of being active": at,
            "customers": 10,
            "expected to buy": at / 2,
            "bought": at / 2,
            "95% lower": at / 3,
            "95% upper": at / 1.5,
        }
    )


def tenths():
    share = np.arange(10, 0, -1) / 55
    return pd.DataFrame(
        {
            "tenth": np.arange(1, 11),
            "expected": share * 1e6,
            "actual": share * 1e6,
            "share of revenue": share,
            "share of revenue, by the past": share,
            "share of revenue, at best": np.eye(10)[0],
        }
    )


def spend_classes(n):
    edges = np.linspace(0, 0.002 * n, n + 1)
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "observed": 1 / n, "expected": 1 / n})


def inside(figure):
    """Nothing that is drawn leaves the page."""
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) > -0.01
    assert box.x1 < width + 0.01
    assert box.y1 < height + 0.01


@pytest.mark.parametrize(("n", "models"), [(3, NAMES[:1]), (104, NAMES)])
def test_tracking(n, models):
    frame = weeks(n, models)
    drawn = draw_tracking(frame, frame[:-1], models=models, calibration_weeks=n - 1.5, n=10**6)
    left, right = drawn.axes
    assert len(left.lines) == len(models) + 2  # actual, models, end of calibration
    assert len({line.get_linestyle() for line in left.lines[1:-1]}) == len(models)
    assert right.lines[-1].get_xdata()[0] == n - 1.5
    assert right.get_ylim()[1] > frame.drop(columns="week").to_numpy().max()
    inside(drawn)


def test_without_a_holdout_no_line_marks_it():
    frame = weeks(5, ["BG/NBD"])
    drawn = draw_tracking(frame, frame, models=["BG/NBD"], calibration_weeks=5, n=9)
    assert len(drawn.axes[0].lines) == 2


@pytest.mark.parametrize(("n", "models"), [(1, NAMES[:1]), (8, NAMES)])
def test_conditional(n, models):
    drawn = draw_conditional(groups(n, models), models=models)
    assert len(drawn.axes) == 2
    for axes in drawn.axes:
        assert len(axes.patches) == n
        marks = [line.get_marker() for line in axes.lines]
        assert len(set(marks)) == len(marks) == len(models)
    inside(drawn)


def test_group_labels_do_not_overlap():
    drawn = draw_conditional(groups(8, NAMES), models=NAMES)
    drawn.draw_without_rendering()
    boxes = [label.get_window_extent() for label in drawn.axes[0].get_xticklabels()]
    assert all(left.x1 <= right.x0 + 1 for left, right in pairwise(boxes))


@pytest.mark.parametrize("n", [1, 9])
def test_alive(n):
    drawn = draw_alive(alive(n), model="BG/NBD", n=1000)
    assert len(drawn.axes[0].lines) == (4 if n > 1 else 3)
    inside(drawn)


def test_revenue_deciles():
    drawn = draw_revenue_deciles(tenths(), currency="CNY", n=1000)
    left, right = drawn.axes
    assert len(left.patches) == 20
    assert right.lines[0].get_ydata()[-1] == pytest.approx(1)
    assert right.lines[0].get_ydata()[0] == 0
    inside(drawn)


@pytest.mark.parametrize("n", [2, 40])
def test_spend_fit_ticks_say_what_they_stand_at(n):
    drawn = draw_spend_fit(spend_classes(n), currency="元", n=100, beyond=3)
    axes = drawn.axes[0]
    drawn.draw_without_rendering()
    for place, label in zip(axes.get_yticks(), axes.get_yticklabels(), strict=True):
        assert float(label.get_text().rstrip("%")) == pytest.approx(100 * place)
    assert "3 beyond the axis" in axes.get_xlabel()
    assert axes.get_ylabel().endswith(" 元")
    inside(drawn)


def test_pictures_are_the_same_bytes_and_pass_on_absence():
    first, second = (
        save_bytes(draw_revenue_deciles(tenths(), currency="CNY", n=9), "png") for _ in range(2)
    )
    assert first == second
    absent = NotAvailable("no hold-out")
    assert draw_alive(absent, model="x", n=1) is absent
    assert draw_tracking(absent, absent, models=(), calibration_weeks=1, n=1) is absent
    assert draw_conditional(absent, models=()) is absent
    assert draw_revenue_deciles(absent, currency="", n=1) is absent
    assert draw_spend_fit(absent, currency="", n=1) is absent

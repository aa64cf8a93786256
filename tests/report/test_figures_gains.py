"""Pictures of targeting and budgets hold what they are given, at every size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.gains import (
    draw_budget,
    draw_gains,
    draw_marginal_value,
    draw_segment_lift,
)
from crmstudy.report.theme import save_bytes

LONG = "frequent, high revenue, lapsed, low margin and a name of many words"


def draw_curves(names):
    grid = np.linspace(0, 1, 11)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "method": name,
                    "targeted": grid,
                    "gained": grid ** (1 / (1 + i)),
                    "lower": grid * 0.9,
                    "upper": np.minimum(grid * 1.1, 1),
                }
            )
            for i, name in enumerate(names)
        ]
    )


def draw_segments(n):
    names = ["1 购买频繁、收入高、最近有购买的忠诚客户群体（很长的名字）"]
    names += [f"{i} {LONG}" for i in range(2, n + 1)]
    value = np.linspace(2, 0, n) if n > 1 else np.array([1.0])
    return pd.DataFrame(
        {
            "lift": value,
            "lower": 0.7 * value,
            "upper": 1.4 * value,
            "n_rows": 1000,
            "n_customers": 1000,
            "share_budget": value / value.sum(),
            "share_lower": 0.0,
            "share_upper": np.minimum(1.3 * value / value.sum(), 1.0),
        },
        index=names,
    )


def labels_of(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def texts_inside(figure):
    """Every text lies on the page, and no two row labels touch."""
    figure.draw_without_rendering()
    page = figure.bbox
    axes = figure.axes[0]
    for text in [axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels(), *axes.texts]:
        if text.get_text():
            box = text.get_window_extent()
            assert page.x0 - 1 <= box.x0, text.get_text()
            assert box.x1 <= page.x1 + 1, text.get_text()
    boxes = sorted((t.get_window_extent() for t in axes.get_yticklabels()), key=lambda b: b.y0)
    assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(boxes))


@pytest.mark.parametrize("names", [["segments"], ["segments", "RFM score", "a", "b", "c", "d"]])
def test_gains(names):
    figure = draw_gains(draw_curves(names), unit="offer", outcome="responses", n=1234)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "offers targeted, best ranked first (n = 1,234)"
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert said[0] == "segments (band: 95%)"
    assert said[-1] == "drawn by lot"
    assert sorted(said[1:-1]) == sorted(names[1:])
    styles = [(str(line.get_linestyle()), line.get_color()) for line in axes.get_lines()]
    assert len(set(styles)) == len(styles)
    texts_inside(figure)


@pytest.mark.parametrize("n", [1, 2, 12])
def test_lift_and_budget(n):
    lift = draw_segment_lift(draw_segments(n), unit="customer", outcome="revenue")
    assert all(label.endswith("n = 1,000") for label in labels_of(lift.axes[0]))
    texts_inside(lift)
    budget = draw_budget(draw_segments(n))
    assert len(labels_of(budget.axes[0])) == n
    assert f"n = {1000 * n:,} customers" in budget.axes[0].get_xlabel()
    texts_inside(budget)


def test_no_share_below_all_is_written_as_all():
    segments = draw_segments(2).assign(share_budget=[0.9999, 0.0001])
    said = [text.get_text() for text in draw_budget(segments).axes[0].texts]
    assert ">99.9%" in said
    assert "100.0%" not in said


@pytest.mark.parametrize("budget", [0.0, 30.0, 95.0, 500.0])
def test_marginal_value(budget):
    steps = pd.DataFrame(
        {
            "spend_from": [0.0, 40, 70],
            "spend_to": [40.0, 70, 100],
            "marginal": [3.0, 1.0, -0.5],
        }
    )
    figure = draw_marginal_value(steps, budget=budget, shadow_price=1.0, currency="USD")
    axes = figure.axes[0]
    assert "one more USD brings 1.00" in axes.texts[0].get_text()
    assert axes.get_xlim()[1] > max(budget, 100)
    texts_inside(figure)


def test_nothing_pays():
    steps = pd.DataFrame({"spend_from": [0.0], "spend_to": [10.0], "marginal": [-0.4]})
    figure = draw_marginal_value(steps, budget=5.0, shadow_price=0.0, currency="EUR")
    assert len(figure.axes[0].patches) == 1  # the steps alone: nothing is bought


def test_bytes_are_equal_and_absence_is_handed_on():
    first, second = (
        save_bytes(draw_gains(draw_curves(["segments"]), unit="offer", outcome="x", n=1), "png")
        for _ in range(2)
    )
    assert first == second
    gone = NotAvailable("no campaigns")
    assert draw_gains(gone, unit=gone, outcome=gone, n=gone) == gone
    assert draw_budget(gone) == gone

"""Pictures of worth and retention hold what they are given, at every size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.theme import save_bytes
from crmstudy.report.worth import draw_decomposition, draw_lorenz, draw_retention, draw_whale
from crmstudy.value.contractual.contracts import count_survivors
from crmstudy.value.contractual.plans import curve_of_plan
from crmstudy.value.contractual.retention import fit_retention
from crmstudy.value.worth.top_share import bound_concentration
from crmstudy.value.worth.whale import trace_whale

LONG = "frequent, high revenue, lapsed, low margin and a name of many words"


def segments(n, parts=("basic value", "added value", "potential value")):
    names = ["购买频繁、收入高、最近有购买的忠诚客户群体（很长的名字）"]
    names += [f"{i} {LONG}" for i in range(2, n + 1)]
    frame = pd.DataFrame({"segment": names, "customers": 1000})
    for position, part in enumerate(parts):
        frame[part] = np.linspace(60, 5, n) * (-0.3 if position == 1 else 1)
    frame["value"] = frame[list(parts)].sum(axis=1)
    return frame.assign(**{"value lower": frame["value"] - 3, "value upper": frame["value"] + 3})


def plans(n):
    survivors = [1000, 869, 743, 653, 593, 551, 517, 491]
    renewals = count_survivors(survivors)
    model = fit_retention(renewals)
    frames = [
        curve_of_plan(renewals, model if i != 1 else None, seed=1, n_replicates=30).assign(
            plan=f"plan {i} 长期合同"
        )
        for i in range(n)
    ]
    return pd.concat(frames, ignore_index=True)


def texts_apart(figure):
    """No two labels of one axis touch."""
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        labels = [t.get_window_extent(renderer) for t in axes.get_yticklabels() if t.get_text()]
        labels.sort(key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 1 for low, high in pairwise(labels))


@pytest.mark.parametrize("n", [1, 2, 9])
def test_segments_of_any_number_keep_their_names_apart(n):
    figure = draw_decomposition(segments(n), currency="EUR")
    texts_apart(figure)
    (axes,) = figure.axes
    assert axes.get_xlabel() == "mean per customer (EUR)"
    assert len(axes.get_yticklabels()) == n
    assert save_bytes(figure, "png")


def test_losses_hang_to_the_left_and_parts_stand_end_to_end():
    frame = segments(3)
    (axes,) = draw_decomposition(frame, currency="EUR").axes
    basic, added, potential = (list(bars) for bars in axes.containers)
    for row in range(3):
        assert added[row].get_width() == pytest.approx(frame["added value"][row])
        assert added[row].get_x() == 0
        assert potential[row].get_x() == pytest.approx(basic[row].get_width())


def test_a_part_alone_is_drawn_alone():
    figure = draw_decomposition(segments(2, parts=("basic value",)), currency="EUR")
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(words) == ["basic value", "value (line: 95% interval)"]


def test_the_lorenz_curve_has_its_band_and_gini():
    bounds = bound_concentration(pd.Series(np.arange(1.0, 60)), seed=1, n_replicates=30)
    figure = draw_lorenz(bounds.curve(), n=bounds.n, gini=bounds.concentration.gini)
    (axes,) = figure.axes
    assert "n = 59" in axes.get_xlabel()
    assert [t.get_text() for t in axes.texts] == [f"Gini {bounds.concentration.gini:.2f}"]
    assert len(axes.collections) == 1


@pytest.mark.parametrize("mean", [4.0, 10.0, 60.0])
def test_the_whale_has_room_above_its_back(mean):
    profit = pd.Series(np.random.default_rng(1).normal(mean, 10, 400))
    whale = trace_whale(profit, seed=1, n_replicates=40)
    figure = draw_whale(whale.curve(), n=whale.n, peak=whale.peak, profitable=whale.profitable)
    (axes,) = figure.axes
    assert axes.get_ylim()[1] > whale.curve()["upper"].max()
    (text,) = axes.texts
    box = text.get_window_extent(figure.canvas.get_renderer())
    frame = axes.get_window_extent(figure.canvas.get_renderer())
    assert frame.x0 <= box.x0
    assert box.x1 <= frame.x1
    assert box.y1 <= frame.y1


@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_retention_of_any_number_of_plans(n):
    figure = draw_retention(plans(n))
    assert len(figure.axes) == 2
    drawn = [t.get_text() for t in figure.legends[0].get_texts() if t.get_text().startswith("plan")]
    assert len(drawn) == min(n, 4)  # and no more: they would hide each other
    assert save_bytes(figure, "png")


def test_survival_starts_at_all_and_goes_on_dashed():
    _, axes = draw_retention(plans(1)).axes
    points, fitted, ahead = axes.lines[:3]
    assert (points.get_xdata()[0], points.get_ydata()[0]) == (0, 1)
    assert fitted.get_xdata()[-1] == 7
    assert (ahead.get_linestyle(), ahead.get_xdata()[0]) == ("--", 7)


def test_the_same_picture_has_the_same_bytes():
    first, second = (save_bytes(draw_retention(plans(2)), "svg") for _ in range(2))
    assert first == second


def test_absent_results_are_passed_on():
    absent = NotAvailable("no costs")
    assert draw_whale(absent, n=absent, peak=absent, profitable=absent) is absent
    assert draw_lorenz(absent, n=1, gini=0.5) is absent
    assert draw_decomposition(absent, currency="EUR") is absent
    assert draw_retention(absent) is absent

"""Pictures of lifetime value hold what they are given, at every size."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.lifetimes import (
    draw_alive_map,
    draw_lifetime_values,
    draw_value_intervals,
    draw_value_map,
)
from crmstudy.report.theme import save_bytes


def values_of(numbers):
    return pd.DataFrame({"lifetime_value": np.asarray(numbers, dtype=float)})


def grid_of(frequencies, bands, value=None):
    x, since = np.meshgrid(frequencies, np.arange(bands) + 0.5, indexing="ij")
    frame = pd.DataFrame({"repeat_purchases": x.ravel(), "since_purchase": since.ravel()})
    alive = np.exp(-frame["repeat_purchases"] * frame["since_purchase"] / (3 * bands))
    frame["probability_alive"] = alive
    frame["lifetime_value"] = alive * frame["repeat_purchases"] if value is None else value
    frame["customers"] = np.arange(len(frame)) % 4
    return frame


def texts_of(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_skewed_distribution_is_drawn_on_logarithms_with_nothing_apart():
    values = np.concatenate([np.zeros(30), np.geomspace(1, 500, 70)])
    figure = draw_lifetime_values(values_of(values), unit="USD")
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    said = texts_of(figure)
    assert any(text.startswith("less than") for text in said)
    assert f"mean {values.mean():.2f}" in said
    bars = axes.patches[0].get_data().values
    assert bars.sum() == 70
    apart = next(p for p in axes.patches if p.get_hatch())
    assert apart.get_path().get_extents().ymax == 30
    assert "n = 100" in axes.get_xlabel()


def test_an_even_distribution_keeps_an_even_axis():
    figure = draw_lifetime_values(values_of(np.linspace(50, 60, 40)), unit="USD")
    assert figure.axes[0].get_xscale() == "linear"


@pytest.mark.parametrize("numbers", [[0.0] * 4, [3.0], [5.0] * 9, [0.0, 1e6], [1e-8, 2e-8]])
def test_few_and_equal_values_are_drawn(numbers):
    assert save_bytes(draw_lifetime_values(values_of(numbers), unit="人民币"), "png")


def test_maps_show_every_customer_and_label_their_lines():
    grid = grid_of(np.arange(8.0), 12)
    figure = draw_alive_map(grid, unit="week", age=12.0)
    axes = figure.axes[0]
    circles = axes.collections[-1]
    assert len(circles.get_offsets()) == (grid["customers"] > 0).sum()
    assert f"n = {grid['customers'].sum():,}" in axes.get_xlabel()
    assert {"25%", "50%", "75%"} <= set(texts_of(figure))
    value = draw_value_map(grid, unit="week", age=12.0, value_unit="元")
    assert "lifetime value (元)" in value.axes[1].get_ylabel()


def test_maps_with_many_columns_name_some_of_them():
    figure = draw_alive_map(
        grid_of(np.unique(np.rint(np.linspace(0, 400, 25))), 40), unit="day", age=40
    )
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in pairwise(boxes))


def test_a_map_without_a_line_or_a_customer_is_drawn():
    flat = grid_of(np.arange(2.0), 4, value=0.0).assign(customers=0)
    assert save_bytes(draw_value_map(flat, unit="week", age=4.0, value_unit="USD"), "png")


@pytest.mark.parametrize("n", [1, 10])
def test_intervals_of_customers_are_drawn_in_their_order(n):
    frame = pd.DataFrame(
        {
            "customer_id": [f"{i} 很长的客户名称很长的客户名称很长的客户名称" for i in range(n)],
            "lifetime_value": 5.0,
            "lifetime_value_lower": 4.0,
            "lifetime_value_upper": [np.inf] + [6.0] * (n - 1),
            "predicted_value_lower": 0.0,
            "predicted_value_upper": 20.0,
        }
    )
    figure = draw_value_intervals(frame, unit="USD", level=0.9)
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == n
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any("90% prediction" in text for text in legend)
    assert save_bytes(figure, "png")


def test_what_is_absent_is_passed_on():
    absent = NotAvailable("no customer came back")
    assert draw_lifetime_values(absent, unit="USD") is absent
    assert draw_alive_map(absent, unit=absent, age=absent) is absent
    assert draw_value_map(absent, unit=absent, age=absent, value_unit=absent) is absent
    assert draw_value_intervals(absent, unit="USD") is absent

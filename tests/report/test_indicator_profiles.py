"""Pictures of indicators: scales, directions, reasons, many units, Chinese names."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.indicators.differences import UnitDifferences
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.measure import measure_indicators
from crmstudy.indicators.table import IndicatorTable
from crmstudy.indicators.unit_table import UnitIndicators
from crmstudy.report.indicator_profiles import (
    draw_indicator_profile,
    draw_unit_profile,
    standardise,
)

NONE = measure_indicators({}, window_start=None, window_end=None)


def with_found(**found) -> IndicatorTable:
    return IndicatorTable({**NONE.measured, **found}, NONE.beside, None, None)


def share(value, low, high, n=50):
    return Measurement(value, n, Interval(low, high, 0.9, "Wilson"))


def cost(value):
    return Measurement(value, 40, NotAvailable("counted"))


def units(**retention) -> UnitIndicators:
    tables = {
        name: with_found(
            retention_rate=share(rate, rate - 0.1, rate + 0.1), care_cost=cost(10 * rate)
        )
        for name, rate in retention.items()
    }
    return UnitIndicators("region", "customers", tables, dict.fromkeys(tables, 40), {}, 0)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_values_intervals_and_reasons_are_written():
    table = with_found(retention_rate=share(0.5, 0.4, 0.6), service_cost=cost(1234.5))
    written = texts(draw_indicator_profile(table, currency="EUR"))
    assert "50.0% (40.0% to 60.0%), n = 50" in written
    assert "1,234.5 EUR, n = 40" in written
    assert sum(text.startswith("not available: the study has no table") for text in written) == 10
    assert any("line: 90% interval" in text for text in written)
    assert {"satisfaction", "loyalty", "relationship cost", "customer value"} <= set(written)


def test_triangles_stand_at_the_better_end():
    table = with_found(retention_rate=share(0.5, 0.4, 0.6), service_cost=cost(3.0))
    lines = draw_indicator_profile(table).axes[0].lines
    ends = {line.get_marker(): line.get_xdata()[0] for line in lines if line.get_marker() in "<>"}
    assert ends == {">": 1.0, "<": 0.0}


def test_dots_stay_on_their_scales():
    table = with_found(
        retention_rate=share(1.0, 0.93, 1.0),
        contribution_rate=share(1.02, 0.9, 1.1),
        lifetime_value=Measurement(-4.0, 9, Interval(-9.0, 1.0, 0.9, "t")),
        care_cost=cost(0.0),
    )
    dots = [
        line for line in draw_indicator_profile(table).axes[0].lines if line.get_marker() == "o"
    ]
    assert len(dots) == 4
    assert all(0 <= line.get_xdata()[0] <= 1 for line in dots)


def test_nothing_measured_still_shows_the_twelve():
    written = texts(draw_indicator_profile(NONE))
    assert sum(text.startswith("not available") for text in written) == 12
    assert "dot: value; triangle: the better end of the scale" in written


def test_better_is_positive_whatever_the_direction():
    matrix = pd.DataFrame(
        {"up": [1.0, 2, 3], "down": [1.0, 2, 3], "same": [4.0, 4, 4]}, index=list("abc")
    )
    scores = standardise(matrix, {"up": "larger", "down": "smaller", "same": "larger"})
    assert scores["up"].tolist() == [-1, 0, 1]
    assert scores["down"].tolist() == [1, 0, -1]
    assert scores["same"].tolist() == [0, 0, 0]
    assert list(scores.columns) == ["up", "down", "same"]


def test_units_carry_their_values_and_counts():
    figure = draw_unit_profile(units(north=0.5, south=0.7), currency="EUR")
    assert {"50.0%", "70.0%", "5.00", "7.00"} <= set(texts(figure))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [
        "retention rate\n(larger is better)",
        "care cost per customer\n(EUR, smaller is better)",
    ]
    assert figure.axes[0].get_xticklabels()[0].get_text() == "north\nn = 40"


def test_what_may_be_chance_says_so():
    tests = pd.DataFrame(
        {"smallest": 0.5, "largest": 0.7, "q": 1.0, "df": 1, "p_value": 0.3173, "i2": 0.0},
        index=["retention_rate"],
    )
    figure = draw_unit_profile(
        units(north=0.5, south=0.7), differences=UnitDifferences(tests, ("care_cost",), 2, 0)
    )
    assert "may be chance: p = .317" in figure.axes[0].get_yticklabels()[0].get_text()


@pytest.mark.parametrize("n", [7, 24])
def test_many_units_with_long_and_chinese_names_do_not_touch(n):
    names = {f"华东地区第{i}门店": 0.3 + 0.4 * i / n for i in range(n)}
    figure = draw_unit_profile(units(**names))
    renderer = figure.canvas.get_renderer()
    boxes = [text.get_window_extent(renderer) for text in figure.axes[0].texts]
    for row in (boxes[::2], boxes[1::2]):
        assert all(left.x1 <= right.x0 + 1 for left, right in pairwise(row))  # side by side
    assert np.isfinite([box.x0 for box in boxes]).all()


def test_absence_passes_and_nothing_in_common_is_refused():
    absent = NotAvailable("no ledger")
    assert draw_indicator_profile(absent) == absent
    assert draw_unit_profile(absent, differences=absent) == absent
    empty = UnitIndicators("region", "customers", {"a": NONE, "b": NONE}, {"a": 1, "b": 1}, {}, 0)
    with pytest.raises(ModelError, match="no indicator is known of every unit"):
        draw_unit_profile(empty)

"""Pictures of comparisons hold what they are given, with few units or many."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.ranking.rank import rank_units
from crmstudy.evaluation.ranking.uncertainty import draw_any_weights, rank_over_draws
from crmstudy.evaluation.weighting.combine import compare_weights
from crmstudy.evaluation.weighting.objective import weigh_objectively
from crmstudy.report.rankings import (
    MOST_LINES,
    MOST_UNITS,
    draw_rank_intervals,
    draw_rank_table,
    draw_weight_sources,
)
from crmstudy.report.theme import save_bytes

LONG = "north-eastern and central provinces together with the islands"
CHINESE = "华东地区与华南地区的合并门店"
NAMES = ["repeat_purchase_rate", "retention_rate", "service_cost", "profit_share"]


def compare(n, labels=()):
    rng = np.random.default_rng(n)
    units = [labels[k] if k < len(labels) else f"unit {k}" for k in range(n)]
    matrix = pd.DataFrame(rng.gamma(3, 1, (n, 4)), index=units, columns=NAMES)
    directions = dict.fromkeys(NAMES, "larger") | {"service_cost": "smaller"}
    objective = weigh_objectively(matrix, directions=directions)
    combined = compare_weights(pd.Series([0.4, 0.3, 0.2, 0.1], NAMES), objective)
    return combined, rank_units(matrix, weights=combined.weights, directions=directions)


def texts(figure):
    figure.draw_without_rendering()
    return [t for t in figure.axes[0].texts if t.get_text()]


def ticks(axes, which):
    return [label.get_text() for label in getattr(axes, f"get_{which}ticklabels")()]


def overlapping(items, figure):
    boxes = [item.get_window_extent(figure.canvas.get_renderer()) for item in items]
    return [(a, b) for a, b in combinations(range(len(boxes)), 2) if boxes[a].overlaps(boxes[b])]


@pytest.mark.parametrize("n", [2, 5, 23, 60])
def test_ranks_stand_in_their_cells(n):
    _, ranking = compare(n, (LONG, CHINESE))
    table = ranking.table()
    figure = draw_rank_table(table, unit="region", agreement=ranking.agreement.concordance)
    axes = figure.axes[0]
    kept = min(n, MOST_UNITS)
    written = [t.get_text() for t in texts(figure)]
    columns = [name for name in table.columns if name.startswith("rank by ")]
    expected = [
        [*(str(table.loc[k, name]) for name in columns), f"{table.loc[k, 'mean rank']:.2f}"]
        for k in range(kept)
    ]
    assert written == [cell for row in expected for cell in row]
    assert len(ticks(axes, "y")) == kept
    assert ("the best 25 of 60 units" in axes.get_xlabel()) == (n == 60)
    assert overlapping(axes.get_yticklabels(), figure) == []
    assert overlapping(axes.get_xticklabels(), figure) == []
    assert len(save_bytes(figure, "png")) > 1_000


def test_units_stand_in_the_order_asked_for():
    _, ranking = compare(6)
    order = sorted(ranking.units)
    figure = draw_rank_table(ranking.table(), unit="quarter", agreement=0.5, in_order=order)
    assert ticks(figure.axes[0], "y") == order
    assert "Kendall's W = 0.50" in figure.axes[0].get_xlabel()
    figure = draw_rank_table(
        ranking.table(), unit="quarter", agreement=NotAvailable("level"), in_order=order
    )
    assert "Kendall" not in figure.axes[0].get_xlabel()


def test_every_source_of_weights_has_its_sign():
    combined, _ = compare(8)
    figure = draw_weight_sources(combined.side_by_side, used=combined.used, n_units=8)
    drawn = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert set(drawn) == {"experts", "entropy", "CRITIC", "additive combination, used"}
    ordered = combined.side_by_side.sort_values("additive", ascending=False)
    for label, column in (("experts", "experts"), ("additive combination, used", "additive")):
        np.testing.assert_allclose(drawn[label].get_xdata(), ordered[column])
    assert len({line.get_marker() for line in drawn.values()}) == 4
    names = [text.replace("\n", " ") for text in ticks(figure.axes[0], "y")]
    assert sorted(names) == [
        "profit share of repeat customers",
        "repeat purchase rate",
        "retention rate",
        "service cost per customer",
    ]
    assert "8 units" in figure.axes[0].get_xlabel()


def test_experts_alone_are_one_sign():
    weights = pd.DataFrame({"experts": [0.7, 0.3]}, index=["usefulness", "security"])
    figure = draw_weight_sources(weights, used="experts", n_units=2)
    assert [line.get_label() for line in figure.axes[0].get_lines()] == ["experts, used"]
    assert figure.axes[0].get_xlabel() == "weight"


@pytest.mark.parametrize("n", [2, 7, 40])
def test_each_kind_of_draw_is_a_line(n):
    _, ranking = compare(n, (LONG, CHINESE))
    draws = [
        rank_over_draws(
            ranking, weights=draw_any_weights(NAMES, n_draws=50, seed=s), of=f"kind {s}"
        )
        for s in (1, 2)
    ]
    figure = draw_rank_intervals(draws[0], NotAvailable("no panel"), draws[1], unit="region")
    axes = figure.axes[0]
    kept = min(n, MOST_LINES)
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert {"kind 1", "kind 2", "rank found"} <= set(lines)
    table = draws[1].table().set_index("unit")
    first = draws[0].table()["unit"].head(kept)
    np.testing.assert_allclose(lines["kind 2"].get_xdata(), table.loc[first, "expected rank"])
    np.testing.assert_allclose(lines["rank found"].get_xdata(), table.loc[first, "rank"])
    assert ("the best 15 of 40 units" in axes.get_xlabel()) == (n == 40)
    assert overlapping(axes.get_yticklabels(), figure) == []


def test_what_is_absent_stays_absent():
    missing = NotAvailable("no units")
    assert draw_rank_intervals(missing, missing, unit="x") is missing
    assert draw_rank_table(missing, unit="x", agreement=1.0) is missing
    assert draw_weight_sources(missing, used="experts", n_units=3) is missing

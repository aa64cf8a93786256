"""Maps of priorities and pictures of power hold what they are given, at every size."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.power.population import suppose_population
from crmstudy.loyalty.power.simulation import plan_survey
from crmstudy.loyalty.priorities.map import PriorityMap
from crmstudy.report.powers import draw_power
from crmstudy.report.priorities import MOST_NAMED, draw_item_priorities, draw_priorities
from crmstudy.report.theme import save_bytes

LONG = "Attractiveness of the offers of all rivals in the neighbourhood"
CHINESE = "品牌形象与社会责任感知的综合评价"


def bounded(name, values, reach):
    return {name: values, f"{name} lower": values - reach, f"{name} upper": values + reach}


def build_map(n, *, n_items=3, uncertain=0, labels=()):
    rng = np.random.default_rng(n)
    names = [labels[k] if k < len(labels) else f"Construct {k}" for k in range(n)]
    ranks = pd.array([None if k >= n - uncertain else k + 1 for k in range(n)], dtype="Int64")
    drivers = pd.DataFrame(
        {
            "name": [f"c{k}" for k in range(n)],
            "construct": names,
            **bounded("importance", rng.uniform(0.1, 0.9, n), 0.12),
            **bounded("performance", rng.uniform(45, 80, n), 2.5),
            "rank": ranks,
        }
    )
    owner = np.repeat(np.arange(n), n_items)
    size = len(owner)
    items = pd.DataFrame(
        {
            "item": [f"IT{k}" for k in range(size)],
            "construct": [names[k] for k in owner],
            **bounded("importance", rng.uniform(0.05, 0.3, size), 0.03),
            **bounded("performance", rng.uniform(45, 80, size), 2.5),
            "rank": pd.array([None if pd.isna(ranks[k]) else 1 for k in owner], dtype="Int64"),
        }
    )
    return PriorityMap(
        "loyalty",
        labels[-1] if labels else "Loyalty",
        (60.0, 58.0, 62.0),
        drivers,
        items,
        250,
        2_000,
        0.95,
    )


def boxes(figure):
    """Boxes of the names of points on the page."""
    figure.draw_without_rendering()
    axes = figure.axes[0]
    return {t.get_text(): t.get_window_extent() for t in axes.texts if t.get_text()}


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_every_driver_is_named_and_no_name_covers_another(n):
    found = build_map(n, labels=(LONG, CHINESE))
    figure = draw_priorities(found)
    drawn = boxes(figure)
    assert sum("Construct" in text for text in drawn) == max(n - 2, 0)
    named = [box for text, box in drawn.items() if text[0].isdigit()]
    assert len(named) == n
    if n <= 5:
        assert not any(one.overlaps(two) for one, two in combinations(named, 2))
    save_bytes(figure, "png")


def test_quadrants_need_something_to_compare():
    assert "concentrate here" in boxes(draw_priorities(build_map(2)))
    assert "concentrate here" not in boxes(draw_priorities(build_map(1)))


def test_uncertain_drivers_have_no_number_and_a_hollow_sign():
    figure = draw_priorities(build_map(4, uncertain=1))
    assert "Construct 3" in boxes(figure)
    assert "1 Construct 0" in boxes(figure)
    faces = [
        line.get_markerfacecolor() for line in figure.axes[0].lines if line.get_marker() == "o"
    ]
    assert faces.count("white") == 1
    assert "hollow" in figure.axes[0].get_title(loc="left")


@pytest.mark.parametrize("n", [1, 4, 8])
def test_items_are_named_up_to_the_most(n):
    figure = draw_item_priorities(build_map(n, n_items=4, labels=(LONG, CHINESE)))
    named = [text for text in boxes(figure) if text.startswith("IT")]
    assert len(named) == min(4 * n, MOST_NAMED)
    assert ("with most to gain" in figure.axes[0].get_title(loc="left")) == (4 * n > MOST_NAMED)
    assert len(figure.axes[0].get_legend().get_texts()) == n
    save_bytes(figure, "png")


def test_axes_say_units_and_target():
    axes = draw_priorities(build_map(3, labels=(CHINESE, "Price", "顾客忠诚"))).axes[0]
    assert axes.get_xlabel() == "importance: points of 顾客忠诚 for one point of the construct"
    assert "0 to 100" in axes.get_ylabel()
    assert "n = 250" in axes.get_title(loc="left")


@pytest.mark.parametrize("n", [1, 9])
def test_power_draws_every_path_with_its_name(n):
    constructs = [Construct(f"c{k}", (f"x{k}",), CHINESE if k == 0 else "") for k in range(n)]
    model = StructuralModel(
        (*constructs, Construct("goal", ("g1", "g2", "g3"), LONG)),
        tuple(Path(f"c{k}", "goal") for k in range(n)),
    )
    paths = {(f"c{k}", "goal"): 0.3 - 0.02 * k for k in range(n)}
    population = suppose_population(model, paths=paths, loading=0.8, correlation=0.0)
    plan = plan_survey(population, seed=1, n_draws=20, sizes=(60, 120, 240))
    figure = draw_power(plan)
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == n
    assert len({(line.get_color(), line.get_marker()) for line in figure.axes[0].lines[1:]}) == n
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["60", "120", "240"]
    save_bytes(figure, "png")


def test_what_is_not_available_is_handed_on():
    absent = NotAvailable("refused")
    for draw in (draw_priorities, draw_item_priorities, draw_power):
        assert draw(absent) is absent

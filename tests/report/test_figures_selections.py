"""Pictures of a choice among CRM systems: whole with few and many, long and Chinese names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.appraisal import SelectionSpec
from crmstudy.errors import NotAvailable
from crmstudy.evaluation.selection.benefit import compare_benefit_cost
from crmstudy.evaluation.selection.chances import weigh_chances
from crmstudy.evaluation.selection.choice import choose_system
from crmstudy.evaluation.selection.gather import gather_performance
from crmstudy.evaluation.selection.sensitivity import trace_choice
from crmstudy.report.selections import (
    draw_benefit_cost,
    draw_choice_sensitivity,
    draw_selection,
)
from crmstudy.report.theme import save_bytes

LABELS = (
    "功能的有用性与业务匹配程度",
    "Security of personal data at rest and in transit",
    "易用性",
)


def choice_of(n_systems: int, n_criteria: int, raters=("a", "b", "c")):
    rng = np.random.default_rng(3)
    asked = {f"c{i}": {"label": LABELS[i % 3], "scale": [1, 9]} for i in range(n_criteria)}
    asked["cost"] = {"label": "五年总拥有成本", "unit": "money", "better": "smaller"}
    names = [
        f"客户关系管理系统第{i}号企业版"
        if i % 2
        else f"System number {i}, enterprise edition, add-ons"
        for i in range(n_systems)
    ]
    rows = [
        (system, criterion, rater, int(rng.integers(3, 9)))
        for system in names
        for criterion in list(asked)[:-1]
        for rater in raters
    ]
    rows += [(system, "cost", None, float(rng.integers(100, 900))) for system in names]
    systems = pd.DataFrame(rows, columns=["system", "criterion", "rater", "value"])
    spec = SelectionSpec.model_validate({"criteria": asked})
    return choose_system(gather_performance(spec, systems=systems))


def figures_of(choice):
    chances = weigh_chances(choice, seed=1, n_draws=300)
    yield draw_selection(chances)
    yield draw_choice_sensitivity(trace_choice(choice))
    yield draw_benefit_cost(compare_benefit_cost(choice, currency="EUR"))
    yield draw_benefit_cost(compare_benefit_cost(choice, n_draws=200, seed=1))


def list_ticks(axes):
    for axis in (axes.xaxis, axes.yaxis):
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            yield from (tick.label1, tick.label2)


@pytest.mark.parametrize(("n_systems", "n_criteria"), [(2, 1), (4, 4), (12, 7)])
def test_every_text_stays_on_the_page(n_systems, n_criteria):
    for figure in figures_of(choice_of(n_systems, n_criteria)):
        figure.draw_without_rendering()
        page = figure.bbox
        # Ticks beyond the ends of an axis have texts, but are not drawn.
        ticks = {id(text) for axes in figure.axes for text in list_ticks(axes)}
        for text in figure.findobj(Text):
            if text.get_text().strip() and text.get_visible() and id(text) not in ticks:
                box = text.get_window_extent()
                assert box.x0 >= page.x0 - 2, text.get_text()
                assert box.x1 <= page.x1 + 2, text.get_text()
                assert box.y1 <= page.y1 + 2, text.get_text()


def test_the_same_bytes_again():
    drawn = [draw_benefit_cost(compare_benefit_cost(choice_of(3, 2))) for _ in range(2)]
    one, again = (save_bytes(figure, "svg") for figure in drawn)
    assert one == again


def test_probabilities_are_drawn_only_where_something_varies():
    choice = choice_of(3, 2, raters=("a",))
    chances = weigh_chances(choice, seed=1, n_draws=200)
    assert len(draw_selection(chances).axes) == 2
    quiet = type(chances)(**{**vars(chances), "varying": ()})
    assert len(draw_selection(quiet).axes) == 1


def test_a_panel_a_criterion_with_its_weight_and_leaders():
    choice = choice_of(4, 4)
    figure = draw_choice_sensitivity(trace_choice(choice))
    drawn = [axes for axes in figure.axes if axes.lines]
    assert len(drawn) == len(choice.performance.criteria)
    for axes, weight in zip(drawn, choice.performance.weights, strict=True):
        assert axes.lines[0].get_xdata()[0] == pytest.approx(weight)


def test_many_systems_are_numbered_from_the_cheapest():
    figure = draw_benefit_cost(compare_benefit_cost(choice_of(12, 3)))
    (axes,) = figure.axes
    texts = {text.get_text() for text in axes.texts}
    assert {str(k) for k in range(1, 13)} <= texts
    assert "numbers: from the cheapest up" in axes.get_xlabel().replace("\n", " ")


def test_absence_passes():
    absent = NotAvailable("no table systems and no judgements of systems")
    for draw in (draw_selection, draw_choice_sensitivity, draw_benefit_cost):
        assert draw(absent) is absent

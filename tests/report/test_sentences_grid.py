"""The sentences and the picture of the grid claim no more than its numbers."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.report.grid import draw_grid
from crmstudy.report.sentences.segmentation.grid import read_grid, word_classes
from crmstudy.report.theme import save_bytes
from crmstudy.segmentation.grid.measures import Estimate
from crmstudy.segmentation.grid.standing import Cell, Grid

ABSENT = NotAvailable("no later period")


def estimate(value, error=0.01, n=100):
    """An estimate whose parts are unlike those of other values."""
    parts = np.random.default_rng(int(1e6 * abs(value))).normal(size=n)
    return Estimate(value, error * parts / np.sqrt((parts**2).sum()))


def make_cell(block, method, silhouette, *, lift=1.5, r_squared=0.2, error=0.01, n=100):
    measures = {
        "silhouette": estimate(silhouette, error),
        "stability": estimate(silhouette / 2, error),
        "separation": estimate(silhouette / 3, error),
        "r_squared": ABSENT if lift is None else estimate(r_squared, error),
        "lift": ABSENT if lift is None else estimate(lift, error),
    }
    return Cell(block, method, "cluster analysis", n, 4, measures)


def refused(block, method, reason="needs a number"):
    return Cell(block, method, "cluster analysis", 0, 0, {}, reason)


def make_grid(*cells, same=True):
    return Grid(cells, 4, 8, 5, 100, 100, same)


def whole_sentences(text):
    assert not re.search(r"\bnan\b|None|<NA>|\binf\b|  |\.\.|e-\d\d", text), text
    assert re.fullmatch(r"[A-Z0-9].*\.", text, re.S), text
    assert not re.search(r"\b1 (combinations|blocks|methods|customers|others)\b", text), text
    return text


def test_a_clear_leader_is_said_to_lead_by_every_measure():
    cells = [
        make_cell("needs", "k-means", 0.9, lift=2.0, r_squared=0.5),
        make_cell("needs", "Ward", 0.5),
        make_cell("value", "k-means", 0.4, lift=1.4, r_squared=0.1),
    ]
    text = whole_sentences(read_grid(make_grid(*cells)))
    assert "3 combinations of 2 blocks of criteria and 2 methods gave segments" in text
    assert "All were measured on the same 100 customers." in text
    assert (
        "By silhouette, k-means on needs criteria leads (0.90), by more than noise explains from"
        in text
    )
    assert "Only k-means on needs criteria is within the noise of the leader by every" in text
    assert "W = 1.00" in text
    assert "The leaders by R² and by lift forecast the later period better than chance." in text


def test_measures_that_disagree_have_no_winner():
    cells = [
        make_cell("needs", "k-means", 0.9, lift=1.2, r_squared=0.1),
        make_cell("value", "k-means", 0.2, lift=2.0, r_squared=0.5),
    ]
    text = whole_sentences(read_grid(make_grid(*cells)))
    assert "by every measure (Kendall's W = 0.04; 1 would be the same order by each)" in text
    assert "none is best." in text
    assert "by more than noise explains from the other combination" in text


def test_what_noise_can_explain_is_not_called_a_lead():
    wide = {"error": 0.5, "lift": 1.1, "r_squared": 0.05}
    cells = [make_cell("needs", m, s, **wide) for m, s in (("a", 0.3), ("b", 0.31), ("c", 0.32))]
    text = whole_sentences(read_grid(make_grid(*cells)))
    assert "but noise can explain its distance from every other combination" in text
    assert "3 combinations are within the noise of the leader by every measure" in text
    assert "No combination forecasts the later period better than chance." in text
    assert "They were measured on 100 customers." in text


def test_different_customers_are_said():
    cells = [make_cell("needs", "k-means", 0.9), make_cell("value", "k-means", 0.2, n=40)]
    text = whole_sentences(read_grid(make_grid(*cells, same=False)))
    assert "The blocks know different customers (100 in all)" in text


def test_without_a_later_period_no_forecast_is_judged():
    cells = [
        make_cell("needs", "k-means", 0.9, lift=None),
        make_cell("value", "Ward", 0.2, lift=None),
    ]
    text = whole_sentences(read_grid(make_grid(*cells)))
    assert "Nothing is known of a later period" in text
    assert "lift" not in text


def test_one_and_no_combination():
    one = make_grid(make_cell("needs", "k-means", 0.4), refused("needs", "Ward"))
    text = whole_sentences(read_grid(one))
    assert text.startswith("1 combination of 1 block of criteria and 1 method gave segments")
    assert text.endswith("There is nothing to compare.")
    none = make_grid(refused("needs", "Ward"))
    text = whole_sentences(read_grid(none))
    assert text.startswith("No method gave segments on any block of criteria.")
    with pytest.raises(ModelError, match="no method could be estimated"):
        draw_grid(none)
    assert read_grid(ABSENT) is ABSENT
    assert draw_grid(ABSENT) is ABSENT


def test_criteria_and_method_are_weighed_where_they_differ():
    blocks, methods = ("needs", "value", "demographic"), ("k-means", "Ward", "tree")
    cells = [
        make_cell(block, method, 0.1 + 0.3 * i + 0.01 * j, lift=1 + 0.01 * i + 0.3 * j)
        for i, block in enumerate(blocks)
        for j, method in enumerate(methods)
    ]
    text = whole_sentences(read_grid(make_grid(*cells)))
    assert "The criteria matter more than the method for silhouette" in text
    assert "the method matters more than the criteria for lift of the best 20%" in text


@pytest.mark.parametrize("n_blocks", [1, 3, 8])
def test_the_picture_has_a_panel_a_measure_and_is_the_same_again(n_blocks):
    cells = [
        make_cell(f"criteria {i}", method, 0.1 * (i + j + 1), n=90 + i)
        for i in range(n_blocks)
        for j, method in enumerate(("k-means", "self-organising map", "有序聚类"))
    ]
    grid = make_grid(*cells, refused("geographic", "Ward"), same=n_blocks < 8)
    figure = draw_grid(grid)
    assert len(figure.axes) == 5
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "k-means",
        "self-organising map",
        "有序聚类",
    ]
    assert save_bytes(figure, "png") == save_bytes(draw_grid(grid), "png")
    shown = {text.get_text() for text in figure.legends[0].get_texts()}
    assert len(shown) == n_blocks
    assert ("criteria 0 (n = 90)" in shown) == (n_blocks == 8)


def test_the_picture_leaves_out_measures_that_nobody_has():
    cells = [
        make_cell("needs", "k-means", 0.9, lift=None),
        make_cell("value", "Ward", 0.2, lift=None),
    ]
    assert len(draw_grid(make_grid(*cells)).axes) == 3


def test_numbers_of_classes_are_arranged_without_the_entropy_of_one():
    index = pd.Index([1, 2], name="n_segments")
    classes = pd.DataFrame(
        {
            "log_likelihood": [-20.0, -10.0],
            "n_parameters": [2, 5],
            "bic": [44.0, 30.0],
            "entropy": [1.0, 0.8],
            "smallest_share": [1.0, 0.4],
            "chosen": [False, True],
        },
        index=index,
    )
    table = word_classes(classes)
    assert table["relative entropy"].isna().tolist() == [True, False]
    assert table["smallest BIC"].tolist() == ["", "yes"]
    assert table["classes"].tolist() == [1, 2]

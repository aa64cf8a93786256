"""Matrices of judgements and weights by several methods hold what they are given."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.fuzzy_priorities.derive import prioritise_fuzzy
from crmstudy.evaluation.fuzzy_priorities.triangular import fuzzify
from crmstudy.evaluation.priorities.compare import compare_methods
from crmstudy.report.priority_steps import (
    draw_fuzzy_weights,
    draw_judgement_matrix,
    draw_method_weights,
    write_fractions,
    write_judgement,
)
from crmstudy.report.theme import save_bytes

LONG = "Attractiveness of the offers of all rivals in the neighbourhood"
CHINESE = "品牌形象与社会责任感知的综合评价"


def build(n, names=()):
    logs = np.triu(np.random.default_rng(n).normal(0, 1, (n, n)), 1)
    labels = [names[k] if k < len(names) else f"relationship_cost_{k}" for k in range(n)]
    return pd.DataFrame(np.exp(logs - logs.T), index=labels, columns=labels)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (3.0, "3"),
        (1.0, "1"),
        (1 / 3, "1/3"),
        (1 / 9, "1/9"),
        (0.5, "1/2"),
        (2.6207, "2.62"),
        (0.07, "0.07"),
        (24.0, "24"),
        (0.0, "0.00"),
        (np.nan, "–"),
    ],
)
def test_judgements_are_written_as_experts_give_them(value, written):
    assert write_judgement(value) == written


def test_only_judgements_are_written_as_fractions():
    frame = pd.DataFrame({"name": ["a"], "judged": [1 / 3], "ratio": [0.5], "n": [2]})
    assert write_fractions(frame, columns=["judged"]).iloc[0].tolist() == ["a", "1/3", 0.5, 2]
    assert write_fractions(frame).iloc[0].tolist() == ["a", "1/3", "1/2", 2]
    assert frame["judged"].iloc[0] == 1 / 3


@pytest.mark.parametrize("n", [1, 2, 4, 15])
def test_every_judgement_is_written_in_its_cell(n):
    matrix = build(n, (LONG, CHINESE))
    figure = draw_judgement_matrix(matrix)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == [write_judgement(value) for value in matrix.to_numpy().ravel()]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(labels) == n
    assert "_" not in "".join(labels)
    assert save_bytes(figure, "png") == save_bytes(draw_judgement_matrix(matrix), "png")


def test_many_or_long_names_are_numbered():
    short = draw_judgement_matrix(build(3, ("a", "b", "c"))).axes[0]
    assert [label.get_text() for label in short.get_xticklabels()] == ["a", "b", "c"]
    for matrix in (build(7), build(2, (LONG,)), build(2, (CHINESE,))):
        axes = draw_judgement_matrix(matrix).axes[0]
        columns = [label.get_text() for label in axes.get_xticklabels()]
        assert columns == [str(k + 1) for k in range(len(matrix))]
        rows = [label.get_text() for label in axes.get_yticklabels()]
        assert all(row.startswith(str(k + 1)) for k, row in enumerate(rows))


def test_both_directions_of_a_pair_are_framed():
    matrix = build(4)
    marked = pd.DataFrame({"row": [matrix.index[2]], "column": [matrix.index[0]]})
    plain, framed = draw_judgement_matrix(matrix), draw_judgement_matrix(matrix, marked=marked)
    assert len(framed.axes[0].lines) - len(plain.axes[0].lines) == 4
    centres = {
        (round(np.mean(line.get_ydata()[:-1])), round(np.mean(line.get_xdata()[:4])))
        for line in framed.axes[0].lines
    }
    assert centres == {(2, 0), (0, 2)}
    assert not draw_judgement_matrix(matrix, marked=marked.head(0)).axes[0].lines


@pytest.mark.parametrize("n", [1, 2, 4, 12])
def test_weights_are_drawn_where_they_are(n):
    matrix = build(n, (LONG, CHINESE))
    methods = compare_methods(matrix).table()
    drawn = {line.get_label(): line for line in draw_method_weights(methods).axes[0].lines}
    for method in ("eigenvector", "geometric mean", "column mean"):
        np.testing.assert_allclose(drawn[method].get_xdata(), methods[method])
    fuzzy = prioritise_fuzzy(fuzzify(matrix)).table()
    figure = draw_fuzzy_weights(fuzzy)
    drawn = {line.get_label(): line for line in figure.axes[0].lines}
    for method in ("Buckley", "crisp", "Chang"):
        np.testing.assert_allclose(drawn[method].get_xdata(), fuzzy[method])
    assert f"n = {n} names" in figure.axes[0].get_xlabel()
    assert save_bytes(figure, "svg") == save_bytes(draw_fuzzy_weights(fuzzy), "svg")


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no judgements")
    for draw in (draw_judgement_matrix, draw_method_weights, draw_fuzzy_weights, write_fractions):
        assert draw(missing) is missing

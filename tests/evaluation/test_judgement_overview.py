"""The panel before any weight: who judged, how much, how far apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import JudgementError, ModelError, NotAvailable
from crmstudy.evaluation.judgements.overview import review_judgements
from crmstudy.report.judgement_sheets import (
    draw_judgements,
    tabulate_judgements,
    tabulate_matrices,
    write_judgement,
)

TREE = {"price": ["list_price", "discount"], "service": ["speed", "tone", "skill"], "brand": ["x"]}


@pytest.fixture
def judged(long) -> pd.DataFrame:
    def one(expert, top, price, service):
        return [
            long(tuple(TREE), top, expert=expert),
            long(TREE["price"], price, matrix="price", expert=expert),
            long(TREE["service"], service, matrix="service", expert=expert),
        ]

    parts = [*one("A", [2, "1/2", 4], [3], [1, 2, 2]), *one("B", [2, 2, 9], ["1/3"], [1, 2, 2])]
    table = pd.concat(parts, ignore_index=True)
    return table.drop(
        index=table.query("expert == 'B' and row == 'speed' and column == 'tone'").index
    )


@pytest.fixture
def overview(judged):
    return review_judgements(judged, hierarchy=TREE)


def test_counts_who_judged_what(overview):
    table = overview.table()
    assert table.columns.tolist() == [
        *("expert", "criteria", "price", "service", "all", "filled in"),
    ]
    assert table.to_numpy().tolist() == [
        ["A", 3, 1, 3, 7, 0],
        ["B", 3, 1, 2, 6, 1],
        ["asked", 3, 1, 3, 7, 0],
    ]
    metrics = overview.to_metrics()
    assert metrics["n_pairs_asked"] * metrics["n_experts"] == (
        metrics["n_judged"] + metrics["n_filled"]
    )
    assert metrics["share_judged"] == pytest.approx(13 / 14)
    assert metrics["n_pairs_on_both_sides"] == 2
    assert not overview.checks[0].passed
    assert overview.checks[0].statistic == pytest.approx(13 / 14)


def test_describes_pairs_without_what_was_filled_in(overview):
    pairs = overview.pairs().set_index(["first", "second"])
    opposed = pairs.loc[("list_price", "discount")]
    assert (opposed["smallest"], opposed["largest"]) == pytest.approx((1 / 3, 3))
    assert opposed["geometric mean"] == pytest.approx(1)
    assert opposed["spread"] == pytest.approx(np.std(np.log([3, 1 / 3]), ddof=1))
    assert bool(opposed["both sides"])
    open_pair = pairs.loc[("speed", "tone")]
    assert open_pair["experts"] == 1
    assert open_pair["largest"] == pytest.approx(1)
    assert open_pair["spread"] == 0


def test_completeness_has_a_row_an_expert_and_matrix(overview):
    table = overview.completeness()
    assert list(zip(table["expert"], table["matrix"], strict=True)) == [
        (expert, matrix) for expert in "AB" for matrix in ("criteria", "price", "service")
    ]
    assert table["random index share"].tolist() == [1, 1, 1, 1, 1, 0]


def test_order_of_rows_and_of_experts_does_not_matter(judged, overview):
    mixed = review_judgements(judged.sample(frac=1, random_state=2), hierarchy=TREE)
    columns = ["matrix", "first", "second"]
    pd.testing.assert_frame_equal(mixed.pairs(), overview.pairs(), rtol=1e-14)
    pd.testing.assert_frame_equal(
        mixed.judgements().sort_values(["expert", *columns], ignore_index=True),
        overview.judgements().sort_values(["expert", *columns], ignore_index=True),
        rtol=1e-14,
    )


def test_written_as_the_experts_wrote_them(overview):
    table = tabulate_judgements(overview)
    assert table.columns.tolist() == ["matrix", "first", "second", "A", "B"]
    cells = table.set_index(["first", "second"])
    assert cells.loc[("price", "brand")].tolist()[1:] == ["1/2", "2"]
    assert cells.loc[("speed", "tone")].tolist()[1:] == ["1", "1*"]
    squares = tabulate_matrices(overview)
    assert squares.columns.tolist() == ["matrix", "expert", "element", "1", "2", "3"]
    assert squares.iloc[0].tolist() == ["criteria", "A", "1 price", "1", "2", "1/2"]
    assert squares[squares["matrix"] == "price"].iloc[1].tolist()[2:] == [
        *("2 discount", "1/3", "1", ""),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1, "1"),
        (9, "9"),
        (1 / 9, "1/9"),
        (0.33, "0.33"),
        (1 / 3, "1/3"),
        (2.449, "2.45"),
        (0.5, "1/2"),
    ],
)
def test_a_judgement_in_print(value, text):
    assert write_judgement(value) == text


def test_large_panels_are_summed_up(long):
    table = pd.concat([long(("a", "b"), [1 + n % 9], expert=f"E{n}") for n in range(30)])
    overview = review_judgements(table, hierarchy={"a": ["x"], "b": ["y"]})
    for tabulate in (tabulate_judgements, tabulate_matrices):
        absent = tabulate(overview)
        assert isinstance(absent, NotAvailable)
        assert "30 experts" in absent.reason
    assert len(draw_judgements(overview).axes) >= 1


def test_figure_shows_every_expert_pair_and_name(overview):
    figure = draw_judgements(overview)
    axes = figure.axes[0]
    said = {text.get_text() for text in figure.legends[0].get_texts()}
    assert said == {"A", "B", "filled in", "geometric mean"}
    hollow = [line for line in axes.lines if line.get_markerfacecolor() == "white"]
    assert sum(len(line.get_xdata()) for line in hollow) == 1
    points = [p for line in axes.lines for p in line.get_xdata() if line.get_marker() in ("o", "s")]
    assert len([point for point in points if point is not None]) >= 14
    assert [label.get_text() for label in axes.get_yticklabels()][1] == "price"
    assert "(n = 2 experts; signs side by side: equal judgements)" in axes.get_xlabel()


def test_figure_of_many_pairs_shows_the_most_disputed(long):
    names = [f"n{i}" for i in range(9)]
    parts = [long(names, [1] * 36), long(names, [9, *[1] * 35], expert="E2")]
    overview = review_judgements(pd.concat(parts), hierarchy={name: [f"x{name}"] for name in names})
    figure = draw_judgements(overview, most=1)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["", "n0"]
    assert "1 most disputed of 36" in figure.axes[0].get_xlabel()


def test_refusals_and_absence(judged):
    with pytest.raises(ModelError, match="names no hierarchy"):
        review_judgements(judged, hierarchy={})
    with pytest.raises(ModelError, match="nothing to compare"):
        review_judgements(judged.iloc[:0], hierarchy={"price": ["x"]})
    with pytest.raises(JudgementError, match="found no judgement"):
        review_judgements(judged, hierarchy=TREE, open_pairs="refuse")
    missing = NotAvailable("no judgements")
    assert review_judgements(missing, hierarchy=TREE) is missing
    assert draw_judgements(missing) is missing

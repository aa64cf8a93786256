"""Figures of the evaluation: what they write, with few and many grades, and in Chinese."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.comprehensive.evaluate import evaluate_fuzzy_hierarchy
from crmstudy.evaluation.comprehensive.grades import GradeScale, number_grades
from crmstudy.evaluation.comprehensive.grading import grade_indicators
from crmstudy.evaluation.comprehensive.uncertainty import VerdictUncertainty
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.table import IndicatorTable
from crmstudy.report.grades import (
    draw_grade_probabilities,
    draw_grade_scores,
    draw_memberships,
    draw_operators,
)
from crmstudy.report.theme import chinese_font, save_bytes

TREE = {"satisfaction": ["overall_satisfaction"], "loyalty": ["retention_rate", "care_cost"]}
WEIGHTS = HierarchyWeights(
    pd.Series({"satisfaction": 0.4, "loyalty": 0.6}),
    {
        "satisfaction": pd.Series({"overall_satisfaction": 1.0}),
        "loyalty": pd.Series({"retention_rate": 0.7, "care_cost": 0.3}),
    },
)
CHINESE = GradeScale(("很差", "较差", "一般", "较好", "很好"), (20, 40, 60, 80, 100))
LONG = GradeScale(tuple(f"unsatisfactoriness {k}" for k in "abcdefghi"), tuple(range(9)))


def graded(grades):
    measured = {
        "retention_rate": Measurement(0.5, 1234, Interval(0.4, 0.6, 0.95, "Wilson")),
        "care_cost": Measurement(8.0, 40, NotAvailable("counted")),
    }
    return grade_indicators(
        TREE,
        measured=IndicatorTable(measured, {}, None, None),
        answers=pd.DataFrame({"SA1": np.arange(1, 11)}),
        instrument={"SA1": {"minimum": 1, "maximum": 10}},
        roles={"overall_satisfaction": "SA1"},
        limits={"retention_rate": [0.2, 0.8], "care_cost": [12, 0]},
        grades=grades,
    )


def sure(grades):
    verdict = evaluate_fuzzy_hierarchy(WEIGHTS, graded(grades).memberships, grades=grades)
    levels = list(verdict.levels)
    shares = np.zeros((3, len(grades)))
    shares[:, :3] = [[0.002, 0.998, 0], [0.3, 0.3, 0.4], [0, 0, 1]]
    score = [one.score for one in verdict.levels.values()]
    scores = pd.DataFrame({"score": score, "lower": score, "upper": score, "sd": 0.0}, levels)
    return VerdictUncertainty(
        verdict,
        pd.DataFrame(shares, levels, list(grades.names)),
        scores,
        pd.DataFrame(),
        2500,
        0.9,
    )


def texts(figure):
    return [text.get_text().replace("\n", " ") for text in figure.findobj(Text) if text.get_text()]


def all_figures(grades):
    unsure = sure(grades)
    return [
        draw_memberships(graded(grades)),
        draw_grade_probabilities(unsure),
        draw_operators(unsure.verdict),
        draw_grade_scores(unsure),
    ]


@pytest.mark.parametrize(
    "grades", [number_grades(3), number_grades(4), number_grades(7), LONG], ids=len
)
def test_grades_of_any_number(grades):
    for figure in all_figures(grades):
        assert set(grades.names) <= set(texts(figure))
        assert save_bytes(figure, "png")
        assert figure.get_size_inches()[0] == 7.0


@pytest.mark.skipif(not chinese_font(), reason="no font with Chinese glyphs")
def test_chinese_grades():
    for figure in all_figures(CHINESE):
        assert set(CHINESE.names) <= set(texts(figure))


def test_memberships_say_what_grades():
    said = texts(draw_memberships(graded(number_grades(5))))
    assert "overall satisfaction 10 answers to SA1" in said
    assert "retention rate measured: 0.5 (n = 1,234)" in said
    assert said.count("0.20") == 5


def test_nothing_graded_is_said():
    empty = grade_indicators(
        TREE,
        measured=NotAvailable("none"),
        answers=NotAvailable("none"),
        instrument={},
        roles={},
    )
    assert draw_memberships(empty) == NotAvailable("no indicator can be graded")
    missing = NotAvailable("no panel")
    for draw in (draw_grade_probabilities, draw_operators, draw_grade_scores, draw_memberships):
        assert draw(missing) is missing


def test_almost_all_is_not_all():
    said = texts(draw_grade_probabilities(sure(number_grades(5))))
    assert ">99%" in said
    assert "100%" in said
    assert "probability of a grade (2,500 draws)" in said


def test_operators_stand_with_grade_and_score():
    verdict = sure(number_grades(5)).verdict
    said = texts(draw_operators(verdict))
    for name, one in verdict.comparison.results.items():
        assert any(text.startswith(name) for text in said)
        assert f"{one.grade} score {one.score:.2f}" in said


def test_scores_name_interval_and_draws():
    said = texts(draw_grade_scores(sure(number_grades(5))))
    assert "score (line: 90% interval of 2,500 draws)" in said
    assert "goal: all criteria" in said


def test_same_bytes():
    one, two = (save_bytes(draw_operators(sure(number_grades(5)).verdict), "svg") for _ in "ab")
    assert one == two

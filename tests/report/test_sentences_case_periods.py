"""What is said of a repeated evaluation follows from its scores."""

from dataclasses import replace

import pandas as pd
import pytest

from crmstudy.appraisal import EvaluationSpec
from crmstudy.errors import NotAvailable
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.periods.compare import ChangeDifference, compare_periods
from crmstudy.evaluation.periods.evaluate import evaluate_periods
from crmstudy.evaluation.periods.plan import plan_evaluation
from crmstudy.report.regrades import draw_regrades, draw_score_path, draw_score_waterfall
from crmstudy.report.sentences.case.periods import (
    read_comparable_indicators,
    read_evaluated_parts,
    read_group_changes,
    read_regrade_limits,
    read_score_change,
)

NAMES = ("repeat_purchase_rate", "overall_satisfaction")


def evaluated_of(second, third, *, grades=None, n=30, operator="product-sum"):
    """Customers who order so often in the second and in the third quarter of a year."""
    rows = []
    for who in range(n):
        pairs = (("2025-01-02", 1), ("2025-04-02", second(who)), ("2025-07-02", third(who)))
        for start, many in pairs:
            days = [pd.Timestamp(start) + pd.Timedelta(days=i) for i in range(many)]
            rows += [(f"c{who}", day, 5.0) for day in days]
    rows.append(("c0", pd.Timestamp("2025-09-29"), -1.0))
    judgements = pd.DataFrame(
        [("E1", "loyalty", *NAMES, 1.0)], columns=["expert", "matrix", "row", "column", "value"]
    )
    panel = prioritise_hierarchy(judgements, hierarchy={"loyalty": NAMES})
    spec = EvaluationSpec(limits={NAMES[0]: [0, 1]}, **({"grades": grades} if grades else {}))
    plan = plan_evaluation(
        {"transactions": pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue"])},
        panel,
        spec=spec,
        operator=operator,
        n_draws=200,
        seed=1,
    )
    return evaluate_periods(plan, unit="quarter")


def once(who):
    return 1


def twice(who):
    return 2


def half(who):
    return 1 + who % 2


@pytest.fixture(scope="module")
def risen():
    return compare_periods(evaluated_of(half, twice))


def test_a_rise_and_a_fall_are_told_apart(risen):
    said = read_score_change(risen)
    assert "went from 3.00 to 5.00, a change of +2.00" in said
    assert "rose by more than chance" in said
    assert "The grade went from 'fair' to 'very good'" in said
    assert "repeat purchase rate raised it most (+2.00)" in said
    fallen = read_score_change(compare_periods(evaluated_of(twice, half)))
    assert "fell by more than chance" in fallen
    assert "lowered it most (−2.00)" in fallen


def test_no_change_is_not_one():
    said = read_score_change(compare_periods(evaluated_of(half, half)))
    assert "cannot be told from chance" in said
    assert "with probability 50.0%" in said
    assert "The grade stayed 'fair'" in said
    assert "No single indicator moved the score" in said


def test_under_another_operator_the_parts_are_refused_in_words():
    said = read_score_change(compare_periods(evaluated_of(half, twice, operator="min-max")))
    assert "Not available: under the operator min-max" in said


def test_what_is_missing_is_weighed(risen):
    said = read_comparable_indicators(risen.evaluated)
    assert "Compared is repeat purchase rate: what can be graded in every period." in said
    assert "Left out is overall satisfaction, with 50.0% of the experts' weight" in said
    assert "because it cannot be graded in every period" in said
    assert "no verdict on the whole" not in said


def test_highest_and_lowest_are_named(risen):
    said = read_evaluated_parts(risen.evaluated)
    assert "The highest score, 5.00 [5.00, 5.00], belongs to 2025-Q3" in said
    assert "to 2025-Q2, graded 'fair'" in said
    ends = read_evaluated_parts(evaluated_of(once, once))
    assert "All have the score 1.00. That is an end of the scale" in ends


@pytest.mark.parametrize(
    ("difference", "lower", "upper", "words"),
    [
        (0.4, 0.1, 0.7, "rose more, or fell less"),
        (-0.4, -0.7, -0.1, "rose less, or fell more"),
        (0.1, -0.2, 0.4, "neither group can be said"),
    ],
)
def test_the_difference_of_changes_turns_with_its_interval(risen, difference, lower, upper, words):
    changes = {"addressed": risen, "compared": replace(risen, change=0.0)}
    said = read_group_changes(ChangeDifference(changes, difference, lower, upper, 0.9))
    assert words in said
    assert "The score of the customers addressed changed by +2.00" in said
    assert "compared by 0.00" in said


def test_before_and_after_is_no_effect(risen):
    assert "nobody was left to compare with" in read_regrade_limits(risen)


def test_absence_is_handed_on():
    absent = NotAvailable("no panel")
    for read in (read_score_change, read_evaluated_parts, read_group_changes, draw_regrades):
        assert read(absent) is absent


def words_of(figure):
    axes = figure.axes[0]
    said = [text.get_text() for text in (*axes.texts, *axes.get_yticklabels())]
    return "\n".join([*said, figure.get_suptitle()])


def test_the_pictures_say_what_the_tables_hold(risen):
    drawn = words_of(draw_regrades(risen.evaluated, changes=risen))
    assert "2025-Q3 (n = 30)" in drawn
    assert "score +2.00; higher with probability 100%" in " ".join(drawn.split())
    assert "3.00" in words_of(draw_score_path(risen.evaluated))
    assert "+2.00" in words_of(draw_score_waterfall(risen))
    other = compare_periods(evaluated_of(half, twice, operator="min-max"))
    assert isinstance(draw_score_waterfall(other), NotAvailable)


def test_pictures_of_chinese_and_of_many_grades():
    grades = ["很差", "差", "一般", "好", "很好"]
    found = evaluated_of(half, twice, grades=grades)
    assert "很好" in words_of(draw_regrades(found, changes={"x": compare_periods(found)}))
    assert draw_score_path(found).axes

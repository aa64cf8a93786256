"""Sentences on the grade: singular and plural, ties, nothing found, what is missing."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.comprehensive.evaluate import evaluate_fuzzy_hierarchy
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.grading import grade_indicators
from crmstudy.evaluation.comprehensive.uncertainty import SOURCES, VerdictUncertainty
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.indicators.intervals import Measurement
from crmstudy.indicators.table import IndicatorTable
from crmstudy.report.sentences.evaluation.comprehensive import (
    read_grading,
    read_uncertainty,
    read_verdict,
    sum_up_verdict,
)

ABSENT = NotAvailable("no panel")
WEIGHTS = HierarchyWeights(
    pd.Series({"satisfaction": 0.4, "loyalty": 0.6}),
    {"satisfaction": pd.Series({"a_x": 1.0}), "loyalty": pd.Series({"b_x": 0.7, "c_x": 0.3})},
)


def verdict(rows, grades=GRADES, operator="product-sum", weights=WEIGHTS):
    names = [name for local in weights.local.values() for name in local.index]
    frame = pd.DataFrame(rows, index=names, columns=list(grades.names))
    return evaluate_fuzzy_hierarchy(weights, frame, operator=operator, grades=grades)


def grading(answers=None, **options):
    tree = {"satisfaction": ["a_x"], "loyalty": ["retention_rate", "care_cost"]}
    given = {
        "measured": IndicatorTable(
            {
                n: Measurement(0.5, 9, NotAvailable("whole"))
                for n in ("retention_rate", "care_cost")
            },
            {},
            None,
            None,
        ),
        "answers": pd.DataFrame({"A": [1, 2, 5, 4] if answers is None else answers}),
        "instrument": {"A": {"minimum": 1, "maximum": 5}},
        "roles": {"a_x": "A"},
        "limits": {"retention_rate": [0, 1], "care_cost": [1, 0]},
    } | options
    return grade_indicators(tree, **given)


OWN = HierarchyWeights(
    WEIGHTS.criteria,
    {
        "satisfaction": pd.Series({"a_x": 1.0}),
        "loyalty": pd.Series({"retention_rate": 0.7, "care_cost": 0.3}),
    },
)


def test_everything_is_graded():
    text = read_grading(grading(), OWN)
    assert "Of 3 indicators, 1 is graded by answers to the survey and 2 by their measured" in text
    assert "Nothing of the hierarchy is missing from the verdict." in text
    assert "Every respondent answered what is graded." in text


def test_what_is_missing_is_named_with_its_weight():
    one = read_grading(grading(limits={"retention_rate": [0, 1]}), OWN)
    assert (
        "Missing from the verdict is care cost per customer, to which the experts gave 18.0%" in one
    )
    assert "nothing is said about it." in one
    two = read_grading(grading(limits={}), OWN)
    assert "Of 3 indicators, 1 is graded by answers to the survey." in two
    assert "are retention rate and care cost per customer, to which the experts gave 60.0%" in two
    assert "nothing is said about them." in two
    assert "care cost per customer." in read_grading(grading(limits={}), ABSENT)


def test_nothing_can_be_graded():
    text = read_grading(grading(roles={}, limits={}), OWN)
    assert text == "None of the 3 indicators can be graded. So there is no verdict."
    assert read_grading(ABSENT, OWN) is ABSENT


def test_missing_answers_are_counted():
    assert "1 answer is missing and left out, most often for a x (25.0%)" in read_grading(
        grading([1, np.nan, 3, 4]), OWN
    )
    assert "2 answers are missing" in read_grading(grading([1, np.nan, 3, np.nan]), OWN)


CLEAR = [[0, 0, 0, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 1, 0]]
MIXED = [[0.5, 0.3, 0.2, 0, 0], [0.1, 0.3, 0.5, 0.1, 0], [0, 0.2, 0.4, 0.4, 0]]


def test_a_clear_verdict():
    text = read_verdict(verdict(CLEAR))
    assert "Under the operator product-sum, M(·, +), the largest membership is that of" in text
    assert (
        "'good' (100.0%). The score is 4.00 on a scale from 1 to 5, which is nearest to t" in text
    )
    assert "One grade has all the membership" in text
    assert "All four operators give 'good'." in text
    assert "All criteria have the same score, 4.00." in text


def test_operators_that_do_not_agree_are_a_warning():
    rows = [[0.5, 0.3, 0.2, 0, 0], [0.2, 0.4, 0.3, 0.1, 0], [0.2, 0.4, 0.3, 0.1, 0]]
    text = read_verdict(verdict(rows))
    found = verdict(rows).comparison
    assert not found.agree
    assert "The operators do not agree: " in text
    for name, one in found.results.items():
        assert name in text
        assert f"'{one.grade}'" in text
    assert "it must be named with it; the scores lie between" in text


def test_the_rule_that_may_not_be_used_is_said():
    text = read_verdict(verdict(MIXED))
    assert (
        "The rule of the largest membership hardly decides: the validity of that rule is 0." in text
    )
    assert "the safer reading" in text


def test_a_tie_is_named():
    tie = [[0, 0.5, 0, 0.5, 0]] * 3
    text = read_verdict(verdict(tie))
    assert "the grades 'poor' and 'good' have equal memberships" in text
    assert "the lowest of them, 'poor', is reported" in text
    assert "nearest to another grade, 'fair'" in text


def test_one_criterion():
    alone = HierarchyWeights(
        pd.Series({"customer_value": 1.0}), {"customer_value": pd.Series({"a_x": 1.0})}
    )
    text = read_verdict(verdict([[0, 0, 0.2, 0.8, 0]], weights=alone))
    assert "Only one criterion, customer value, enters the verdict." in text


def test_the_scale_of_the_scores():
    scale = GradeScale(GRADES.names, (0.5, 1, 2, 3, 4))
    assert "on a scale from 0.50 to 4.00" in read_verdict(verdict(CLEAR, grades=scale))


def sure(shares, parts, found=None, lower=3.75):
    found = found or verdict(CLEAR)
    levels = list(found.levels)
    rows = pd.DataFrame([shares] * len(levels), levels, list(GRADES.names))
    scores = pd.DataFrame({"score": 4.0, "lower": lower, "upper": 4.25, "sd": 0.1}, levels)
    total = sum(parts)
    sources = pd.DataFrame(
        {
            "source": [*SOURCES, "all together"],
            "share": [*(part / total if total else None for part in parts), 1.0],
        }
    ).astype({"share": "Float64"})
    return VerdictUncertainty(found, rows, scores, sources, 1000, 0.9)


def test_a_sure_grade():
    text = read_uncertainty(sure([0, 0, 0, 1.0, 0], [3, 1, 0, 0]))
    assert "In all 1,000 draws of respondents" in text
    assert "The 90% interval of its score runs from 3.75 to 4.25." in text
    assert "respondents (75.0%) and measured values (25.0%)" in text
    assert "experts (" not in text


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([0, 0, 0.2, 0.75, 0.05], "In 75.0% of 1,000 draws"),
        ([0, 0, 0.2, 0.75, 0.05], "is graded 'good', in 20.0% 'fair'."),
        ([0, 0, 0.6, 0.4, 0], "but in 60.0% 'fair': the grade is a matter of who was asked."),
    ],
)
def test_an_unsure_grade(shares, said):
    assert said in read_uncertainty(sure(shares, [1, 1, 1, 1]))


def test_an_interval_over_a_border():
    text = read_uncertainty(sure([0, 0, 0, 1.0, 0], [1, 1, 1, 1], lower=3.25))
    assert "from 3.25 to 4.25; its ends are nearest to 'fair' and 'good', so the grade by" in text


def test_sources_alone_and_none():
    assert "All of its variance comes from experts." in read_uncertainty(
        sure([0, 0, 0, 1, 0], [0, 0, 2, 0])
    )
    assert "Nothing that the score rests on could vary" in read_uncertainty(
        sure([0, 0, 0, 1, 0], [0, 0, 0, 0])
    )


def test_absence_is_handed_on():
    assert read_verdict(ABSENT) is ABSENT
    assert read_uncertainty(ABSENT) is ABSENT


def test_the_verdict_in_short():
    rows = [[0, 0.1, 0.2, 0.6, 0.1], [0.1, 0.1, 0.2, 0.3, 0.3], [0, 0, 0.1, 0.8, 0.1]]
    said = sum_up_verdict(verdict(rows))
    assert said.startswith("The grade of the goal by the largest membership is 'good' (")
    assert "the score of 3." in said
    assert said.endswith(read_verdict(verdict(rows)).rpartition(". The criterion")[2])
    tied = sum_up_verdict(verdict([[0.5, 0.5, 0, 0, 0]] * 3))
    assert "is 'very poor' (50.0%, level with 'poor'; the rule is" in tied
    assert tied.count("..") == 0
    assert isinstance(sum_up_verdict(ABSENT), NotAvailable)

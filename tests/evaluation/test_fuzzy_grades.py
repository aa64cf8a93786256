"""Grades and limits as study.yml writes them: defaults, refusals in both languages."""

import re

import pytest
from pydantic import ValidationError

from crmstudy.appraisal import EvaluationSpec
from crmstudy.errors import SettingsError
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale, read_grades
from crmstudy.settings import read_study
from crmstudy.strict_yaml import OWN_RULES


def test_default_grades():
    grades = read_grades(EvaluationSpec())
    assert grades == GRADES
    assert grades.names == ("very poor", "poor", "fair", "good", "very good")
    assert (grades.values, grades.lowest, grades.highest) == ((1, 2, 3, 4, 5), 1, 5)


def test_own_grades_and_scores():
    spec = EvaluationSpec(grades=["差", "中", "好"], scores=[20, 60, 95])
    assert read_grades(spec) == GradeScale(("差", "中", "好"), (20, 60, 95))
    nine = read_grades(EvaluationSpec(grades=list("abcdefghi")))
    assert nine.values == tuple(range(1, 10))


CONTRADICTIONS = [
    ({"grades": ["good", "fair", "good"]}, "grade 'good' stands twice", "等级“good”重复出现"),
    (
        {"scores": [1, 2]},
        "scores: found 2 for 5 grades, allowed one a grade",
        "scores：5 个等级写了 2 个分值，应每个等级一个",
    ),
    (
        {"scores": [1, 2, 2, 4, 5]},
        "scores must rise from the worst grade to the best, found 1, 2, 2, 4, 5",
        "scores 必须从最差等级到最好等级递增；现为 1, 2, 2, 4, 5",
    ),
    (
        {"limits": {"service_cost": [9, 5, 1]}},
        "limits of 'service_cost': found 3 values, allowed 2 (worst, best) or 5 (one a grade)",
        "limits 中的“service_cost”有 3 个值，应为 2 个（最差、最好）或 5 个（每个等级一个）",
    ),
    (
        {"limits": {"service_cost": [9, 5, 6, 2, 1]}},
        "limits of 'service_cost' must only rise or only fall, found 9, 5, 6, 2, 1",
        "limits 中的“service_cost”必须单调递增或单调递减；现为 9, 5, 6, 2, 1",
    ),
]


@pytest.mark.parametrize(("keys", "english", "chinese"), CONTRADICTIONS)
def test_contradictions(keys, english, chinese):
    with pytest.raises(ValidationError) as caught:
        EvaluationSpec(**keys)
    said = str(caught.value.errors()[0]["msg"]).removeprefix("Value error, ")
    assert said == english
    found = [m.expand(to) for to, m in ((to, re.fullmatch(p, said)) for p, to in OWN_RULES) if m]
    assert found[0] == chinese


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"grades": ["poor", "good"]}, "at least 3"),
        ({"grades": list("abcdefghij")}, "at most 9"),
        ({"grades": ["a", "", "c"]}, "at least 1 character"),
        ({"limits": {"x": [1, float("nan")]}}, "finite number"),
        ({"limits": {"x": [1, 1]}}, "must only rise or only fall"),
        ({"scores": [1, 2, 3, 4, float("inf")]}, "finite number"),
    ],
)
def test_refused(keys, message):
    with pytest.raises(ValidationError, match=message):
        EvaluationSpec(**keys)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "only rise or only"), ("zh", "必须单调递增")]
)
def test_the_file_is_named(tmp_path, language, said):
    (tmp_path / "study.yml").write_text(
        f"title: T\nlanguage: {language}\nseed: 1\ntables: {{survey: {{file: s.csv}}}}\n"
        "evaluation: {limits: {service_cost: [1, 1]}}\n",
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match=f"study.yml: .*evaluation.*{said}"):
        read_study(str(tmp_path))


@pytest.mark.parametrize("study", ["open", "simulated", "template"])
def test_the_studies_set_grades(study):
    spec = read_study(study).settings.evaluation
    assert read_grades(spec) == GRADES
    # mobi has no ledger, completejourney (chapter 07) only purchases.
    costs = {name for name in spec.limits if name.endswith("_cost")}
    assert spec.limits
    assert bool(costs) == (study != "open")

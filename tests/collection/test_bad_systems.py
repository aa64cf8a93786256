"""Bad ratings and judgements of CRM systems: named by row and column, in two languages."""

from __future__ import annotations

import re

import pytest

from crmstudy.collection.contracts.problems import Problem
from crmstudy.collection.warehouse import check_inputs
from crmstudy.runner.meaning import check_meaning

HEADER = "system,criterion,rater,value\n"
GOOD = HEADER + "".join(
    f"{system},usability,{rater},{value}\n"
    for system, value in (("A", 6), ("B", 8))
    for rater in ("R1", "R2")
)
COST = "A,cost,,100\nB,cost,,0\n"
JUDGED = "expert,matrix,row,column,value\n"
SELECTION = {
    "criteria": {
        "usability": {"unit": "points", "scale": [1, 9]},
        "cost": {"better": "smaller", "unit": "money"},
    }
}
NAMED = {**SELECTION, "systems": ["A", "B"]}
HANZI = re.compile("[\u4e00-\u9fff]")


def problems_of(make_study, systems="", judgements="", selection=SELECTION) -> list[Problem]:
    files = {"s.csv": systems, "j.csv": judgements}
    tables = {"systems": {"file": "s.csv"}, "judgements": {"file": "j.csv"}}
    kept = {name: spec for name, spec in tables.items() if files[spec["file"]]}
    study = make_study(kept, files, selection=selection)
    loaded, problems = check_inputs(study)
    return problems or check_meaning(study, loaded, {})


BAD = {
    "unknown criterion": (
        GOOD + "A,usabilty,R3,5\n",
        SELECTION,
        (6, "criterion"),
        "found 'usabilty'; allowed: one of usability, cost; correct it, or name it in study.yml "
        "under selection: criteria; did you mean 'usability'?",
    ),
    "unknown system": (
        GOOD + "AA,usability,R3,5\n",
        NAMED,
        (6, "system"),
        "found 'AA'; allowed: one of A, B; correct it, or name it in study.yml under selection: "
        "systems",
    ),
    "off the scale": (
        GOOD + "A,usability,R3,10\n",
        SELECTION,
        (6, "value"),
        "found 10; allowed: a number from 1 to 9; correct the value, or the scale of usability",
    ),
    "negative cost": (
        GOOD + "A,cost,,-5\n",
        SELECTION,
        (6, "value"),
        "found -5; allowed: a number of at least 0; correct the value, or the scale of cost",
    ),
    "rated twice by one": (
        GOOD + "A,usability,R1,7\n",
        SELECTION,
        (6, "system, criterion, rater"),
        "found 'A', 'usability', 'R1' a second time; allowed: each once; keep one of the rows",
    ),
    "measured twice": (
        GOOD + COST + "A,cost,,110\n",
        SELECTION,
        (8, "system, criterion"),
        "found 'A', 'cost' a second time; allowed: each once",
    ),
    "no number": (GOOD + "A,cost,,dear\n", SELECTION, (6, "value"), "found 'dear'; allowed: a"),
    "no value": (GOOD + "A,cost,,\n", SELECTION, (6, "value"), "found an empty value"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_ratings_are_named_by_row_and_column(make_study, name):
    content, selection, place, said = BAD[name]
    (problem,) = problems_of(make_study, content, selection=selection)
    assert (problem.row, problem.column) == place
    assert said in str(problem)
    assert str(problem).startswith("s.csv, row")
    chinese = problem.say("zh")
    assert HANZI.search(chinese.replace("s.csv", ""))
    assert chinese.startswith("s.csv，第")


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        ("E,selection,usability,costs,3", "column", "found 'costs'; allowed: one of usability, co"),
        ("E,selection.cots,A,B,3", "matrix", "did you mean 'selection.cost'?"),
        ("E,selection.cost,C,B,3", "row", "found 'C'; allowed: one of A, B; correct it"),
    ],
)
def test_bad_judgements_of_systems_are_named(make_study, row, column, said):
    (problem,) = problems_of(make_study, judgements=JUDGED + row + "\n", selection=NAMED)
    assert (problem.file, problem.row, problem.column) == ("j.csv", 2, column)
    assert said in str(problem)
    assert HANZI.search(problem.say("zh"))


def test_good_ratings_pass_by_the_fast_way_and_the_slow(make_study):
    judged = JUDGED + "E,selection,usability,cost,3\n"
    positive = COST.replace("B,cost,,0", "B,cost,,120")
    assert problems_of(make_study, GOOD + positive, judged, NAMED) == []


def test_a_system_is_rated_on_no_criterion(make_study):
    named = {**SELECTION, "systems": ["A", "B", "C"]}
    (problem,) = problems_of(make_study, GOOD, JUDGED + "E,selection,usability,cost,3\n", named)
    assert "system 'C' is rated on no criterion" in str(problem)
    assert "allowed: each system of the selection on each criterion" in str(problem)
    assert "systems 表" in problem.say("zh")


def test_an_unknown_system_in_judgements_where_study_yml_names_none(make_study):
    judged = JUDGED + "E,selection,usability,cost,3\nE,selection.cost,A,BB,3\n"
    (problem,) = problems_of(make_study, GOOD, judged)
    assert problem.file == "s.csv"
    assert "matrix 'selection.cost', column: found system 'BB'; allowed: A, B" in str(problem)


def test_ratings_without_criteria_in_study_yml_are_told(make_study):
    problems = problems_of(make_study, GOOD, JUDGED + "E,criteria,a,b,3\n", selection={})
    assert any("study.yml names no criteria of a selection" in str(one) for one in problems)


def test_names_in_chinese(make_study):
    content = "system,criterion,rater,value\n甲系统,usability,王,7\n乙系统,usability,王,8\n"
    judged = JUDGED + "E,selection,usability,cost,3\n"
    assert problems_of(make_study, content, judged) == []

"""Types of cost and indicators that study.yml names and the data do not have."""

from __future__ import annotations

from crmstudy.collection.warehouse import check_inputs
from crmstudy.runner.meaning import check_meaning

COSTS = "period,cost_type,amount\n2025-01-01,campaign,10\n2025-02-01,care,3\n"
JUDGED = "expert,matrix,row,column,value\nE1,criteria,a,b,3\n"


def problems_of(make_study, **settings):
    files = {"c.csv": COSTS, "j.csv": JUDGED}
    tables = {"costs": {"file": "c.csv"}, "judgements": {"file": "j.csv"}}
    study = make_study(tables, files, **settings)
    loaded, problems = check_inputs(study)
    assert not problems
    return check_meaning(study, loaded, {})


def task(indicator):
    return {"phases": {"training": [{"task": "A", "indicator": indicator, "target": 1}]}}


def test_a_cost_type_that_is_not_booked(make_study):
    (problem,) = problems_of(make_study, investment={"cost_types": ["campain", "care"]})
    assert (problem.column, problem.found) == ("investment.cost_types", "'campain'")
    assert str(problem.allowed) == "one of campaign, care"
    assert "did you mean 'campaign'?" in str(problem.remedy)


def test_an_indicator_that_does_not_exist(make_study):
    (problem,) = problems_of(make_study, implementation=task("retention_rat"))
    assert problem.column == "implementation.phases.training"
    assert "did you mean 'retention_rate'?" in str(problem.remedy)


def test_constructs_of_the_staff_survey_are_indicators(make_study):
    staff = {"constructs": {"ease": {"label": "Ease", "items": ["E1"]}}}
    known = {"staff_instrument": staff}
    assert not problems_of(make_study, implementation=task("staff_ease"), **known)
    (problem,) = problems_of(make_study, implementation=task("staff_eas"), **known)
    assert "staff_ease" in str(problem.allowed)

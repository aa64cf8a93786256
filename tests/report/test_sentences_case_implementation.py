"""Sentences on the five-phase path, the staff and the acceptance model."""

import pandas as pd
import pytest

from crmstudy.case.implementation.checklist import Checklist, TaskState
from crmstudy.case.implementation.staff import StaffScores
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.case.implementation import (
    read_acceptance,
    read_implementation,
    read_staff,
)


def task(status, phase="training", indicator="retention rate", **known):
    return TaskState(phase, f"{status} task", 1.0, indicator, "share", status, **known)


def said(*tasks):
    return read_implementation(Checklist(tuple(tasks), 0.95))


def test_fulfilled_and_on_the_way():
    text = said(task("reached", sure=False), task("on the way", phase="evaluation", progress=0.5))
    assert text.startswith("Of 2 tasks that can be decided, 1 is fulfilled and 1 is on the way")
    assert "Least complete, with 0% of the weight of its tasks, is evaluation." in text
    assert "No task is named for needs analysis, integration of data or selection" in text
    assert "holds the target of “reached task”" in text


def test_a_way_within_chance_of_its_beginning_is_said():
    ends = {"baseline": 0.54, "target": 0.6, "current": 0.56, "sure": True, "progress": 0.3}
    text = said(task("on the way", lower=0.53, upper=0.58, **ends))
    assert "holds what was before of “on the way task”: chance may turn the status" in text
    assert "chance may turn" not in said(task("on the way", lower=0.55, upper=0.58, **ends))


@pytest.mark.parametrize(
    ("tasks", "words"),
    [
        ([task("done", indicator="")], "Every phase that has tasks is complete."),
        ([task("done", indicator="")], "The status of 1 task is the author's word"),
        (
            [task("on the way", origin="author", progress=0.2)],
            "What was before of 1 task is the author's word",
        ),
        (
            [task("open", indicator=""), task("begun", phase="evaluation", indicator="")],
            "with 0% of the weight of their tasks each, are training and evaluation.",
        ),
        ([task("not measurable")], "None of 1 task can be decided"),
        (
            [task("done"), task("not measurable")],
            "“not measurable task” was not measurable and counts neither way.",
        ),
        ([task("reached", sure=True)], "says nothing of what brought it about"),
    ],
)
def test_what_is_said(tasks, words):
    assert words in said(*tasks)


def staff(rows, hidden=0):
    columns = ["group", "construct", "label", "n", "mean", "lower", "upper"]
    return StaffScores(pd.DataFrame(rows, columns=columns), 20, 0.95, hidden, 5)


ALL = ("all departments", "ease", "Ease of use", 20, 60.0, 50.0, 70.0)


def test_staff():
    apart = staff(
        [
            ALL,
            ("IT", "ease", "Ease of use", 9, 90, 80, 95),
            ("sales", "ease", "Ease of use", 9, 40, 30, 50),
        ]
    )
    text = read_staff(apart)
    assert "20 members of staff answered" in text
    assert "ease of use 60.0 (95% interval 50.0 to 70.0)" in text
    assert "do not overlap in ease of use" in text
    alike = staff([ALL, ("IT", "ease", "E", 9, 60, 40, 95), ("sales", "ease", "E", 9, 40, 30, 50)])
    assert "no difference is claimed" in read_staff(alike)
    alone = read_staff(staff([ALL], hidden=2))
    assert "overlap" not in alone
    assert "2 departments are not shown, as fewer than 5 answered" in alone
    assert read_staff(NotAvailable("none")) == NotAvailable("none")


def test_acceptance():
    paths = pd.DataFrame(
        {
            "from": ["Ease", "Ease"],
            "to": ["Use", "Resistance"],
            "standardised": [0.5, -0.1],
            "lower": [0.2, -0.3],
            "upper": [0.8, 0.1],
        }
    )
    text = read_acceptance(paths, n=120)
    assert "Told apart from zero, standardised: Ease → Use (0.50)." in text
    assert "Undecided, as the interval holds zero: Ease → Resistance (−0.10)." in text
    assert "With 120 respondents the model is small" in text
    assert "the model is small" not in read_acceptance(paths, n=500)

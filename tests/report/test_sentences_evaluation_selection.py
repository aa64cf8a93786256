"""What is said of a choice among CRM systems is true of it, also where little is known."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest

from crmstudy.appraisal import SelectionSpec
from crmstudy.errors import NotAvailable, attempt
from crmstudy.evaluation.selection.benefit import compare_benefit_cost
from crmstudy.evaluation.selection.chances import weigh_chances
from crmstudy.evaluation.selection.choice import choose_system
from crmstudy.evaluation.selection.gather import gather_performance
from crmstudy.evaluation.selection.sensitivity import trace_choice
from crmstudy.report.sentences.evaluation.selection import read_selection

CRITERIA = {
    "usability": {"label": "Usability"},
    "speed": {"label": "Speed"},
    "cost": {"label": "Cost", "better": "smaller", "unit": "money"},
}
SYSTEMS = {
    "A": (4.0, 8.0, 100.0),
    "B": (8.0, 4.0, 200.0),
    "C": (7.5, 6.0, 130.0),
    "D": (4.0, 6.0, 160.0),
}


def read(systems=SYSTEMS, weights=(0.4, 0.4, 0.2), experts=("E1", "E2"), noise=0.2, remark=""):
    rows = [
        (name, criterion, None, value)
        for name, values in systems.items()
        for criterion, value in zip(CRITERIA, values, strict=False)
    ]
    table = pd.DataFrame(rows, columns=["system", "criterion", "rater", "value"])
    known = dict(zip(CRITERIA, weights or (), strict=False))
    judged = [
        (expert, "selection", a, b, known[a] / known[b])
        for expert in experts
        for a, b in combinations(known, 2)
    ]
    judgements = pd.DataFrame(judged, columns=["expert", "matrix", "row", "column", "value"])
    spec = SelectionSpec.model_validate({"criteria": CRITERIA})
    decision = attempt(
        gather_performance,
        spec,
        systems=table,
        judgements=judgements if weights else NotAvailable(""),
    )
    choice = attempt(choose_system, decision)
    return read_selection(
        choice,
        attempt(weigh_chances, choice, seed=1, n_draws=500, noise=noise),
        attempt(trace_choice, choice),
        attempt(compare_benefit_cost, choice, currency="EUR"),
        remark=remark,
    )


def test_the_leader_its_follower_and_the_methods():
    said = read()
    assert "Of 4 systems, C has the highest score, 0.83, before A with 0.80;" in said
    assert "All 6 methods of ranking put it first." in said or "puts another system" in said
    assert "does it pay to take D: D is nowhere better and somewhere worse than A or C." in said
    assert "That is how often people like these would choose so, not how well" in said
    assert said.count("..") == 0
    assert "  " not in said


def test_the_remark_comes_first():
    assert read(remark="Made up to show the method.").startswith("Made up to show the method. Of 4")


def test_nothing_is_said_of_nothing():
    absent = NotAvailable("no table systems and no judgements of systems")
    said = read_selection(absent, absent, absent, absent, remark="Illustrative.")
    assert said == "Not available: no table systems and no judgements of systems."


def test_nobody_weighed():
    said = read(weights=None)
    assert "The criteria were not weighed by anybody and count the same." in said
    assert "draws of all possible weights (not varied: measured figures)" in said
    assert "how many of the possible weights speak for it" in said


def test_a_tie_is_told():
    said = read({"A": (4.0, 8.0, 100.0), "B": (8.0, 4.0, 100.0)})
    assert "Of 2 systems, A and B share the highest score, 0.80" in said
    assert "methods of ranking put one of these first" in said
    assert "As the first systems tie" in said
    assert "No system is beaten by another one on all criteria" in said


def test_one_expert_without_noise_says_nothing_of_sureness():
    said = read(experts=("E1",), noise=0.0)
    assert "How sure the ranking is cannot be said: nothing varies between draws" in said


def test_a_system_that_is_best_everywhere_never_loses():
    said = read({"A": (8.0, 8.0, 100.0), "B": (4.0, 4.0, 200.0)})
    assert "No weight of a single criterion makes another system lead." in said
    assert "A is the cheapest and brings the most (100.0 of 100 points" in said
    assert "A is first in 100.0%." in said


def test_the_weight_that_would_change_the_leader():
    said = read({"A": (4.0, 8.0, 100.0), "B": (8.0, 4.0, 110.0)}, weights=(0.4, 0.5, 0.1))
    assert "B would lead if Speed weighed less than" in said or "B would lead if Usab" in said


def test_what_is_left_out_is_told():
    said = read({**SYSTEMS, "E": (9.0, 9.0)})
    assert "E is left out: nothing is known of its cost." in said
    said = read({name: values[:2] for name, values in SYSTEMS.items()})
    assert "The criterion cost is left out: it was neither judged, nor rated, nor measured." in said
    assert "Not available: no cost is measured in money" in said


def test_steps_up_the_frontier_are_priced():
    said = read({"A": (4.0, 8.0, 100.0), "B": (8.0, 8.0, 150.0)})
    assert "B adds 25.0 points to A for 50.00 EUR more (2.00 EUR a point)" in said
    assert "What a point is worth is for the firm to say." in said


@pytest.mark.parametrize("n", [5, 9])
def test_many_systems_are_counted_not_listed(n):
    many = {f"S{k}": (1.0 + 0.1 * k, 2.0, 100.0 + k) for k in range(n)}
    many |= {f"T{k}": (1.0, 1.0, 300.0 + k) for k in range(n)}
    said = read(many)
    assert f"to take {n} of the systems: each is nowhere better" in said
    assert f"the {n - 1} steps between them stand in the table" in said
    assert f"{n} others cost as much as another system or more" in said

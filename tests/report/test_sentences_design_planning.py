"""Sentences on sample sizes are true of the plans they read."""

from types import SimpleNamespace

import pytest

from crmstudy.design.planning.designs import list_designs
from crmstudy.design.planning.experiment import plan_experiment
from crmstudy.design.planning.needs import Needs
from crmstudy.design.planning.panel import plan_panel
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.design.planning import (
    read_designs,
    read_experiment_plan,
    read_expert_panel,
    read_needs,
    read_panel_plan,
    read_value_precision,
)
from crmstudy.value.lifetime.planning import plan_value_precision


def need(name, enough):
    entry = SimpleNamespace(hypothesis=SimpleNamespace(id=name))
    return SimpleNamespace(entry=entry, enough=enough)


def test_fewest_and_most_cases_are_named():
    designs = list_designs(difference=0.2, n_groups=4, base=0.1, lift=0.2, correlation=0.5)
    said = read_designs(designs)
    assert "111 cases (indirect effect, observed scores) up to 7,682 (two shares" in said


def test_a_covariate_saves_or_does_not():
    saving = read_experiment_plan(plan_experiment(base=0.1, lift=0.3, correlation=0.5))
    assert "share of 13.0% from 10.0% takes 1,774 customers" in saving
    assert "saves 25.0% of them" in saving
    assert "saves none" in read_experiment_plan(
        plan_experiment(base=0.1, lift=0.3, correlation=0.0)
    )


@pytest.mark.parametrize(
    ("correlation", "words"),
    [(0.8, "rests on the correlation"), (0.0, "noisier measure"), (0.2, "saves nothing")],
)
def test_differences_save_only_where_periods_are_alike(correlation, words):
    """With 4 windows before the factor is (1 - rho) 1.25: 1 at a correlation of .2."""
    said = read_panel_plan(plan_panel(difference=0.2, correlation=correlation))
    assert words in said
    assert "4 windows before and 1 window after" in said


def test_needs_name_each_group_of_hypotheses():
    absent = NotAvailable("no")
    needs = [need("H1", True), need("H2", False), need("H3", False), need("H4", absent)]
    said = read_needs(Needs(tuple(needs), 0.05, 0.8))
    assert "effects supposed of H1." in said
    assert "too few for H2, H3:" in said
    assert "Of H4 it cannot be told" in said
    few = read_needs(Needs((need("H2", False),), 0.05, 0.8))
    assert few.startswith("The study has too few cases for H2:")
    assert "too few" not in read_needs(Needs((need("H1", True),), 0.05, 0.8))


def test_precision_gives_customers_and_broken_checks():
    plan = plan_value_precision(
        precision=0.1, n_replicates=20, seed=1, weeks=(26.0,), sizes=(120, 240)
    )
    said = read_value_precision(plan)
    assert f"{int(plan.needed['customers needed'].iloc[0]):,} customers" in said
    assert "within 10.0%" in said
    assert ("It does not hold that" in said) == any(not c.passed for c in plan.checks)


def test_absence_is_said():
    for read in (read_designs, read_experiment_plan, read_panel_plan, read_needs):
        assert read(NotAvailable("no register")) == "Not available: no register."
    assert read_value_precision(NotAvailable("too few")) == "Not available: too few."
    assert "no formula" in read_expert_panel()

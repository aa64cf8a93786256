"""What is said of power is true of any plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.model.specify import Construct, Path, StructuralModel
from crmstudy.loyalty.power.fit_tests import plan_fit_tests
from crmstudy.loyalty.power.population import suppose_population
from crmstudy.loyalty.power.simulation import plan_survey
from crmstudy.report.sentences.loyalty.power import read_power

MODEL = StructuralModel(
    (
        Construct("cause", ("x1", "x2", "x3"), "Cause"),
        Construct("other", ("z",), "Other"),
        Construct("effect", ("y1", "y2", "y3"), "效果"),
    ),
    (Path("cause", "effect"), Path("other", "effect")),
)


@pytest.fixture(scope="module")
def plan():
    paths = {("cause", "effect"): 0.5, ("other", "effect"): 0.2}
    population = suppose_population(MODEL, paths=paths, loading=0.8)
    return plan_survey(population, seed=1, n_draws=100)


def test_tests_of_fit_are_said():
    said = read_power(plan_fit_tests(100, n_planned=250), NotAvailable("no model"))
    assert "With 100 degrees of freedom" in said
    assert "132 respondents for close fit, 178 respondents for not-close fit" in said
    assert "250 respondents would notice a model with an RMSEA of 0.08 in" in said
    assert said.endswith("Not available: no model.")
    assert "With 1 degree of freedom" in read_power(
        plan_fit_tests(1, n_planned=100), NotAvailable("no model")
    )


def test_the_path_that_takes_most_is_said(plan):
    said = read_power(plan_fit_tests(10, n_planned=100), plan)
    assert "The path that takes the most respondents, Other → 效果 (supposed to be 0.20" in said
    need = plan.critical
    assert f"by {need.words()} respondents (Monte Carlo interval {need.interval()})." in said
    assert f"would say {plan.rule_of_thumb:,}" in said


def test_needs_beyond_the_grid_are_said(plan):
    far = replace(plan.needed[1], n=2_000.0, kind="more")
    said = read_power(NotAvailable("none"), replace(plan, needed=(plan.needed[0], far)))
    assert "by more than 2,000 respondents." in said
    near = tuple(replace(each, n=50.0, kind="at most") for each in plan.needed)
    assert "by at most 50 respondents." in read_power(
        NotAvailable("none"), replace(plan, needed=near)
    )


def test_a_single_path_is_the_path(plan):
    said = read_power(NotAvailable("none"), replace(plan, needed=plan.needed[:1]))
    assert "The path, Cause → 效果" in said


def test_lost_surveys_are_said_only_if_there_are_any(plan):
    none = plan.draws.assign(failed=0, inadmissible=0)
    assert "no admissible" not in read_power(NotAvailable("x"), replace(plan, draws=none))
    some = plan.draws.assign(failed=1, inadmissible=4)
    said = read_power(NotAvailable("x"), replace(plan, draws=some))
    assert "Of surveys with 50 respondents 5.0% give no admissible solution" in said


def test_absent_plans_give_their_reason_once():
    absent = NotAvailable("the model is inadmissible")
    assert read_power(absent, absent) == "Not available: the model is inadmissible."


def test_power_bounded_by_inadmissible_solutions_is_said(plan):
    quality = plan.quality()
    said = read_power(NotAvailable("none"), plan)
    short = quality.loc[1.0 - quality["not admissible"] < plan.power, "respondents"]
    assert ("that alone keeps every path" in said) == bool(len(short))
    asked = 1.0 - float(quality["not admissible"].max()) / 2
    sure = read_power(NotAvailable("none"), replace(plan, power=asked))
    fewest = int(quality.loc[1.0 - quality["not admissible"] < asked, "respondents"].max())
    assert f"Up to {fewest} respondents that alone keeps every path, however strong" in sure

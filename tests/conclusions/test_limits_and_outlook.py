"""Limits once each and by kind; what would decide what is open."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.limits import (
    ABSENT,
    MADE_UP,
    OTHER,
    SEVERAL,
    collect_limits,
    name_kind,
)
from crmstudy.conclusions.outlook import multiply_cases, plan_outlook
from crmstudy.errors import NotAvailable

NONE = NotAvailable("study.yml registers no hypothesis")


def checks(*pairs):
    rows = [
        {"assumption": name, "holds": holds, "statistic": 1.0, "rule": "> 2", "if it fails": "so"}
        for name, holds in pairs
    ]
    return pd.DataFrame(rows)


def judged(*rows):
    names = ["hypothesis", "effect", "lower", "upper", "verdict", "reason"]
    frame = pd.DataFrame(rows, columns=names)
    return frame.assign(statement="So it is.", survives="")


@pytest.mark.parametrize(
    ("table", "name", "kind"),
    [
        ("checks", "no difference in trend before treatment", "groups that may not be compared"),
        ("checks", "groups are alike beforehand", "groups that may not be compared"),
        ("warning_checks", "the test holds enough events", "few cases"),
        ("gate", "sample covariance is positive definite", "models that fit badly or are refused"),
        ("worth_checks", "the cost of every line sold is known", "data"),
        ("checks", "residuals are not far from normal: skewness", OTHER),
    ],
)
def test_the_kind_of_a_check(table, name, kind):
    assert name_kind(table, name) == kind


def test_a_limit_stands_once_and_a_check_that_holds_is_none():
    tables = {
        "case_study/checks": checks(("trend", "no"), ("size", "yes")),
        "case_study/more_checks": checks(("trend", "no")),
        "segmentation/checks": checks(("trend", "no")),
    }
    limits = collect_limits(NONE, evidence=Evidence(tables))
    assert limits.found[["chapter", "what"]].to_numpy().tolist() == [
        ["case_study", "trend"],
        ["segmentation", "trend"],
    ]
    held = limits.held.set_index("chapter").loc["case_study"]
    assert (held["checks"], held["hold"], held["fail"]) == (3, 1, 2)
    assert limits.to_metrics()["n_checks_that_fail"] == 3


def test_a_reason_of_several_results_stands_once_with_their_number():
    numbers = {
        "loyalty.firm.a.x": {"value": None, "reason": "no table costs in firm"},
        "loyalty.firm.a.y": {"value": None, "reason": "no table costs in firm"},
        "loyalty.firm.a.z": {"value": None, "reason": "no answer is missing: nothing to test"},
        "loyalty.firm.a.w": {"value": 1.0},
    }
    found = collect_limits(NONE, evidence=Evidence({}, numbers)).found
    assert found[["kind", "what", "statistic"]].to_numpy().tolist() == [
        [ABSENT, "no table costs in firm", 2.0]
    ]


def test_simulated_data_and_several_tests_are_limits():
    two = judged(("H1", 1, 0.5, 1.5, "supported", ""), ("H2", 1, 0.5, 1.5, "supported", ""))
    found = collect_limits(two, evidence=Evidence({}, {}, {"firm": "simulated data"})).found
    assert found["kind"].tolist() == [MADE_UP, SEVERAL]
    assert "no finding on real customers" in found["what follows"].iloc[0]
    assert collect_limits(two.head(1), evidence=Evidence({})).found.empty


def test_no_limit_is_said():
    limits = collect_limits(NONE, evidence=Evidence({}))
    assert limits.table().reason == "no limit was found"
    assert limits.by_kind().reason == "no limit was found"


@pytest.mark.parametrize("power", [0.8, 0.9])
def test_so_many_cases_have_the_power(power):
    """With k times the cases the error is s / root k, and the power of the test is as wanted."""
    effect, error = 0.3, 0.4
    half = norm.ppf(0.975) * error
    times = multiply_cases(effect, effect - half, effect + half, power=power)
    at_last = error / np.sqrt(times)
    assert norm.sf(norm.ppf(0.975) - effect / at_last) == pytest.approx(power, abs=1e-9)


def test_times_by_hand():
    """(1.96 + 0.8416)^2 = 7.849 where the effect equals its standard error (Cohen 1988)."""
    half = norm.ppf(0.975)
    assert multiply_cases(1.0, 1 - half, 1 + half, power=0.8) == pytest.approx(7.849, abs=5e-4)


def test_times_do_not_hang_on_unit_or_sign_and_take_the_side_of_zero():
    plain = multiply_cases(1.0, -1.0, 9.0, power=0.8)
    assert multiply_cases(1000.0, -1000.0, 9000.0, power=0.8) == pytest.approx(plain)
    assert multiply_cases(-1.0, -9.0, 1.0, power=0.8) == pytest.approx(plain)
    assert multiply_cases(1.0, -1.0, 3.0, power=0.8) == pytest.approx(plain)
    assert "no number of cases" in multiply_cases(0.0, -1.0, 1.0, power=0.8).reason


def test_what_would_decide_each_open_hypothesis():
    rows = judged(
        ("H1", 2.0, 1.0, 3.0, "supported", "95% interval"),
        ("H2", 1.0, -1.0, 3.0, "undecided", "95% interval"),
        ("H3", 0.01, -1.0, 1.02, "undecided", "95% interval"),
        ("H4", 2.0, 1.0, 3.0, "withheld", "groups are alike beforehand fails"),
        ("H5", np.nan, np.nan, np.nan, "not tested", "not available: no table survey in firm"),
        ("H6", np.nan, np.nan, np.nan, "not tested", "the model is inadmissible: 'x' fails"),
    )
    outlook = plan_outlook(rows, evidence=Evidence({}), power=0.8)
    plans = outlook.open.set_index("hypothesis")["what would decide it"]
    assert list(plans.index) == ["H2", "H3", "H4", "H5", "H6"]
    assert "more cases" in plans["H2"]
    assert "another design" in plans["H3"]
    assert "held back by lot" in plans["H4"]
    assert plans["H5"] == "a table survey of the same customers"
    assert "a model that these answers admit" in plans["H6"]
    assert set(outlook.to_metrics()) == {
        "n_open", "n_tables_wanted", "power", "times_as_many_cases_h2", "times_as_many_cases_h3",
    }  # fmt: skip


def test_tables_wanted_most_stand_first():
    numbers = {
        f"evaluation.firm.a.x{k}": {"value": None, "reason": f"no table {name} in firm"}
        for k, name in enumerate(["costs", "leads", "leads"])
    }
    numbers["evaluation.firm.a.odd"] = {"value": None, "reason": "no table holds persons"}
    wanted = plan_outlook(NONE, evidence=Evidence({}, numbers), power=0.8).wanted
    assert wanted["table"].tolist() == ["leads", "costs"]
    assert wanted["results that wait for it"].tolist() == [2, 1]

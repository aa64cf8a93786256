"""From the results of chapter 05 to verdicts: each row says what decides it, or why not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.moderation.defectors import SatisfiedDefectors
from crmstudy.loyalty.questionnaire.experience import compare_experience
from crmstudy.report.loyalty_verdicts import (
    from_curvature,
    from_defectors,
    from_gap,
    from_moderation,
    from_other_models,
    from_repurchase,
)
from crmstudy.report.verdicts import decide

ABSENT = NotAvailable("no survey")
EFFECT = {"effect": 0.3, "se": 0.1, "p value": 0.0027, "lower": 0.29, "upper": 0.31}


@dataclass
class Asked:
    """What a moderation answers."""

    known: dict

    def effect(self, name):
        return self.known.get(name, NotAvailable("the model is inadmissible"))


def test_a_verdict_has_95_limits_whatever_the_level_of_the_chapter():
    row = from_curvature(SimpleNamespace(effect=lambda: EFFECT)).iloc[0]
    assert row["lower"] == pytest.approx(0.3 - 1.959964 * 0.1, abs=1e-6)
    assert row["upper"] == pytest.approx(0.3 + 1.959964 * 0.1, abs=1e-6)


def test_every_moderator_of_the_study_has_a_row():
    rows = from_moderation(Asked({"price": EFFECT}), moderators={"price": 1, "service": 2})
    assert rows["decided by"].tolist() == ["moderation_price", "moderation_service"]
    assert decide("+", rows["lower"][0], rows["upper"][0]) == "supported"
    assert "inadmissible" in rows["withheld because"][1]
    assert rows["effect"].isna().tolist() == [False, True]


def test_without_moderators_there_is_no_row_and_absence_reaches_each():
    assert from_moderation(ABSENT, moderators={}).empty
    rows = from_moderation(ABSENT, moderators={"price": 1})
    assert "no survey" in rows["withheld because"][0]


def defectors(n_gone, n_satisfied, level):
    scores = pd.DataFrame(
        {
            "satisfaction": [80.0] * n_satisfied + [10.0] * 5,
            "loyalty": [20.0] * n_gone + [90.0] * (n_satisfied - n_gone) + [20.0] * 5,
        }
    )
    weights = pd.Series(1.0, index=scores.index)
    return SatisfiedDefectors(scores, weights, 0, 75.0, 50.0, level)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_defectors_are_held_against_one_in_twenty_of_the_satisfied(level):
    row = from_defectors(defectors(20, 100, level)).iloc[0]
    # Wilson's interval of 20 of 100: .1334 to .2888 (Newcombe 1998, method 3).
    assert row["effect"] == pytest.approx(0.15)
    assert row["lower"] == pytest.approx(0.1334 - 0.05, abs=5e-5)
    assert row["upper"] == pytest.approx(0.2888 - 0.05, abs=5e-5)


def test_where_nobody_is_satisfied_nothing_is_decided():
    found = from_defectors(defectors(0, 0, 0.95)).iloc[0]
    assert "nobody reaches 75 points" in found["withheld because"]


def test_repurchase_and_gap_pass_on_why_there_is_nothing():
    for row in (from_repurchase(ABSENT), from_gap(ABSENT), from_defectors(ABSENT)):
        assert "no survey" in row["withheld because"].iloc[0]


def asked_survey(n, *, weight):
    """Draw answers to two items a construct, of ten points, with a known weight."""
    rng = np.random.default_rng(5)
    expected = rng.normal(size=n)
    felt = 0.5 * expected + np.sqrt(0.75) * rng.normal(size=n)
    pleased = 0.7 * felt + weight * expected + 0.5 * rng.normal(size=n)
    scores = {"E": expected, "P": felt, "S": pleased}
    answers = {
        f"{name}{k}": (5.5 + 1.2 * (score + 0.7 * rng.normal(size=n))).clip(1, 10)
        for name, score in scores.items()
        for k in (1, 2)
    }
    return pd.DataFrame(answers)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_gap_is_decided_by_the_weight_freed_of_measurement_error(level):
    survey = asked_survey(3000, weight=-0.25)
    roles = {"E": "expectation", "P": "experience", "S": "satisfaction"}
    instrument = {
        item: {"construct": roles[item[0]], "label": roles[item[0]], "minimum": 1, "maximum": 10}
        for item in survey
    }
    focus = {name: name for name in roles.values()} | {"loyalty": ""}
    gap = compare_experience(survey, instrument=instrument, focus=focus, level=level)
    row = from_gap(gap).iloc[0]
    freed = replace(gap, level=0.95).freed_weights().set_index("score").loc["expectation"]
    assert (row["effect"], row["lower"], row["upper"]) == tuple(
        freed[["estimate", "lower", "upper"]]
    )
    assert row["lower"] < -0.25 < row["upper"]  # what was drawn
    assert gap.linear.coefficients[1] > row["upper"]  # and what errors make of it


def test_single_items_give_no_weight_to_judge():
    survey = asked_survey(100, weight=-0.25)[["E1", "P1", "S1"]]
    names = {"E1": "expectation", "P1": "experience", "S1": "satisfaction"}
    instrument = {
        item: {"construct": name, "label": name, "minimum": 1, "maximum": 10}
        for item, name in names.items()
    }
    focus = {name: name for name in names.values()} | {"loyalty": ""}
    row = from_gap(compare_experience(survey, instrument=instrument, focus=focus)).iloc[0]
    assert row["withheld because"]
    assert pd.isna(row["effect"])


def test_paths_of_other_models_come_from_the_first_that_may_be_shown(mobi_fits):
    fit, full, partial = mobi_fits
    comparison = SimpleNamespace(fits={"full": full, "direct": partial, "gone": ABSENT})
    rows = from_other_models(comparison, fit=fit).set_index("decided by")
    assert "quality_value" not in rows.index
    assert "the model full is refused" in rows.loc["image_satisfaction", "withheld because"]
    assert rows.loc["quality_loyalty", "measure"] == "standardised path in the model direct"
    assert rows.loc["quality_loyalty", "effect"] == pytest.approx(
        partial.paths().set_index(["source", "target"]).loc[("quality", "loyalty"), "standardised"]
    )
    assert from_other_models(ABSENT, fit=fit).empty


@pytest.fixture(scope="module")
def mobi_fits() -> tuple[SemResult, SemResult, SemResult]:
    from crmstudy.collection.open_data import read_open_table
    from crmstudy.loyalty.estimation.estimate import fit_sem
    from crmstudy.loyalty.model.specify import build_model

    survey = read_open_table("mobi/survey")
    constructs = {
        "image": {"items": [f"IMAG{k}" for k in range(1, 6)]},
        "quality": {"items": [f"PERQ{k}" for k in range(1, 8)]},
        "value": {"items": ["PERV1", "PERV2"]},
        "satisfaction": {"items": ["CUSA1", "CUSA2", "CUSA3"]},
        "loyalty": {"items": ["CUSL1", "CUSL3"]},
    }
    four = ["quality", "value", "satisfaction", "loyalty"]
    both = [["quality", "value"], ["quality", "satisfaction"], ["value", "satisfaction"]]
    models = {
        "main": {"constructs": four, "paths": [*both, ["satisfaction", "loyalty"]]},
        "direct": {"constructs": four, "paths": [*both, ["quality", "loyalty"]]},
        "full": {
            "constructs": [*constructs],
            "paths": [
                *both,
                ["image", "satisfaction"],
                ["image", "loyalty"],
                ["satisfaction", "loyalty"],
                ["quality", "loyalty"],
                ["value", "loyalty"],
            ],
        },
    }
    fits = [
        fit_sem(survey, model=build_model(constructs, models, name))
        for name in ("main", "full", "direct")
    ]
    return fits[0], fits[1], fits[2]

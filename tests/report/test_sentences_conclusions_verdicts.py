"""Sentences of chapter 08 say what the tables say, whatever these are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.limits import collect_limits
from crmstudy.conclusions.multiplicity import adjust_verdicts
from crmstudy.conclusions.outlook import plan_outlook
from crmstudy.conclusions.recommendations import recommend
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.conclusions import (
    read_chapters,
    read_conclusions,
    read_limits,
    read_multiplicity,
    read_outlook,
    read_recommendations,
)

NONE = NotAvailable("study.yml registers no hypothesis")
LINK = "[chapter 07](07_case_study.ipynb), [verdicts](tables/case_study/verdicts.csv)"


def judge(*rows):
    names = ["hypothesis", "effect", "lower", "upper", "p", "verdict", "reason"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:5], "float64"))
    told = {"statement": "So it is.", "chapter": "case_study", "measure": "money"}
    return frame.assign(**told, exhibit=LINK)


SUPPORTED = ("H1", 2, 1, 3, 0.01, "supported", "95% interval")
CONTRADICTED = ("H2", -2, -3, -1, 0.01, "contradicted", "95% interval")
UNDECIDED = ("H3", 1, -1, 3, 0.33, "undecided", "95% interval")
WITHHELD = ("H4", 2, 1, 3, 0.01, "withheld", "trends fails")
ABSENT = ("H5", np.nan, np.nan, np.nan, np.nan, "not tested", "not available: no ledger")


def test_every_word_is_said_with_its_link():
    said = read_conclusions(judge(SUPPORTED, CONTRADICTED, UNDECIDED, WITHHELD, ABSENT))
    head, _, *lines = said.splitlines()
    assert head == (
        "Of 5 registered hypotheses: 1 supported, 1 contradicted, 1 undecided, 1 withheld and "
        "1 not tested."
    )
    words = ["is supported", "is contradicted", "is undecided", "is withheld", "is not tested"]
    for line, word in zip(lines, words, strict=True):
        assert word in line
        assert line.endswith(f"See {LINK}.")
    assert "(money: −2.00, 95% interval −3.00 to −1.00, p = .010)" in lines[1]
    assert "trends fails" in lines[3]
    assert "no ledger" in lines[4]


def test_what_does_not_survive_is_said_beside_the_verdict():
    lost = adjust_verdicts(judge(*[("H1", 2, 1, 3, 0.03, "supported", "95% interval")] * 3))
    assert "it does not hold (adjusted p = .090)" in read_conclusions(lost)
    kept = adjust_verdicts(judge(SUPPORTED))
    assert "does not hold" not in read_conclusions(kept)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ABSENT], "No hypothesis has a p-value"),
        ([SUPPORTED], "The one decided verdict among them survives it."),
        ([SUPPORTED, CONTRADICTED], "All 2 decided verdicts among them survive it."),
        ([UNDECIDED], "None of these is decided"),
        ([("H1", 2, 1, 3, 0.04, "supported", ""), UNDECIDED], "H1 does not survive it"),
        ([("H1", 2, 1, 9, None, "supported", ""), SUPPORTED], "H1 has an interval that is not"),
    ],
)
def test_multiplicity(rows, said):
    assert said in read_multiplicity(adjust_verdicts(judge(*rows)), correction="holm")


def test_chapters_in_their_order_with_their_checks():
    held = pd.DataFrame(
        {
            "chapter": ["case_study", "customer_analysis", "research_design"],
            "numbers": [2, 1, 0],
            "tables": [1, 3, 0],
            "checks": [1, 3, 0],
            "hold": [0, 2, 0],
        }
    )
    first, second, third = read_chapters(held, judge(SUPPORTED, WITHHELD)).splitlines()
    assert first.startswith("- **Chapter 00, research design**")
    assert first.endswith("it has no checks.")
    assert "1 number and 3 tables; 2 of its 3 checks hold." in second
    assert third.endswith("its one check fails. H1 is supported and H4 is withheld.")
    assert "H1" not in read_chapters(held, NONE)


def campaign(effect, lower, upper, withheld=None):
    row = ["campaign_effect", "money a window", effect, lower, upper, 0.01, withheld]
    names = ["decided by", "measure", "effect", "lower", "upper", "p", "withheld because"]
    return {"case_study/verdicts": pd.DataFrame([row], columns=names)}


NUMBERS = {"case_study.firm.did.effect": {"value": 1.0}}


def say(tables, caveats=None):
    return read_recommendations(recommend(Evidence(tables, NUMBERS, caveats or {})))


def test_an_effect_turned_round_is_recommended_the_other_way():
    assert "**Do: repeat the campaign** for" in say(campaign(2, 1, 3))
    assert "**Do not: repeat the campaign as it was**" in say(campaign(-2, -3, -1))


def test_withheld_and_simulated_are_said_in_the_same_sentence():
    said = say(campaign(2, 1, 3, "trends fails"), {"firm": "simulated data, no real customers"})
    [line] = [line for line in said.splitlines() if line.startswith("1. ")]
    assert line.count(". ") == 1  # the one after the number of the line
    assert "**Test first: repeat the campaign with customers held back by lot**" in line
    assert "the claim is withheld: trends fails" in line
    assert "its data: simulated data, no real customers; it is no advice to a real firm" in line


def test_what_cannot_be_judged_is_listed_with_its_reason():
    said = say(campaign(2, 1, 3))
    assert "- *change of service*: chapter case study recorded no table waits." in said
    nothing = read_recommendations(recommend(Evidence({}), rules=()))
    assert nothing == "No rule finds anything to recommend in what was recorded."


def test_limits():
    assert read_limits(collect_limits(NONE, evidence=Evidence({}))) == (
        "No check fails and nothing is missing."
    )
    table = pd.DataFrame(
        [
            {
                "assumption": "trend",
                "holds": "no",
                "statistic": 1.0,
                "rule": "> 2",
                "if it fails": "so",
            }
        ]
    )
    said = read_limits(collect_limits(NONE, evidence=Evidence({"case_study/checks": table})))
    assert said.startswith("1 limit was found: 1 of groups that may not be compared.")
    assert "Of 1 recorded check, 1 fails;" in said


def test_outlook():
    rows = judge(SUPPORTED)
    assert read_outlook(plan_outlook(rows, evidence=Evidence({}), power=0.8)) == (
        "No registered hypothesis is open."
    )
    said = read_outlook(plan_outlook(judge(UNDECIDED, ABSENT), evidence=Evidence({}), power=0.9))
    assert said.startswith("2 hypotheses are open.")
    assert "**H3** (undecided)" in said
    assert "times as many for a power of 0.9" in said


@pytest.mark.parametrize(
    "read", [read_conclusions, lambda judged: read_multiplicity(judged, correction="holm")]
)
def test_no_register_is_said(read):
    assert read(NONE) == NONE

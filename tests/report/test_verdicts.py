"""Verdicts: the rule fixed beforehand, and nothing decided that was not tested."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.report.tables import to_csv
from crmstudy.report.verdicts import (
    ANY,
    bound_paths,
    collect_verdicts,
    count_verdicts,
    decide,
    from_concentration,
    from_effect,
    from_groups,
    from_paths,
    judge_register,
    state_verdict,
)
from crmstudy.settings import Hypothesis

ABSENT = NotAvailable("the study has no survey")
NUMBERS = {"measure": "difference", "effect": 2.0, "lower": 1.0, "upper": 3.0}
ends = st.floats(-1e6, 1e6)


@pytest.mark.parametrize(
    ("sign", "lower", "upper", "verdict"),
    [
        ("+", 0.1, 0.2, "supported"),
        ("-", 0.1, 0.2, "contradicted"),
        ("+", -0.2, -0.1, "contradicted"),
        ("-", -0.2, -0.1, "supported"),
        ("+", -0.1, 0.2, "undecided"),
        ("-", -0.1, 0.2, "undecided"),
        ("+", 0.0, 0.2, "undecided"),
        ("-", -0.2, 0.0, "undecided"),
        ("+", 0.0, 0.0, "undecided"),
        ("+", 0.1, math.inf, "supported"),
    ],
)
def test_the_rule(sign, lower, upper, verdict):
    assert decide(sign, lower, upper) == verdict


@given(ends, ends)
def test_the_rule_turns_with_the_sign_and_with_the_axis(one, other):
    lower, upper = sorted((one, other))
    turned = {"supported": "contradicted", "contradicted": "supported", "undecided": "undecided"}
    assert decide("-", lower, upper) == turned[decide("+", lower, upper)]
    assert decide("-", -upper, -lower) == decide("+", lower, upper)


@pytest.mark.parametrize(("lower", "upper"), [(math.nan, 1), (1, math.nan), (2, 1)])
def test_no_interval_no_decision(lower, upper):
    with pytest.raises(ValueError, match="no interval"):
        decide("+", lower, upper)


def hypothesis(decided_by: str, sign: str = "+", chapter: str = "case_study") -> Hypothesis:
    return Hypothesis(
        id="H1", statement="So it is.", expected_sign=sign, chapter=chapter, decided_by=decided_by
    )


def judge(reports: Path, rows: list[pd.DataFrame], entry: Hypothesis) -> dict[str, object]:
    place = reports / "tables" / "case_study"
    place.mkdir(parents=True, exist_ok=True)
    (place / "verdicts.csv").write_text(to_csv(collect_verdicts(rows)), encoding="utf-8")
    return judge_register([entry], reports).to_dict("records")[0]


def test_a_decided_hypothesis(tmp_path):
    rows = [state_verdict("other", **{**NUMBERS, "lower": -1.0}), state_verdict("it", **NUMBERS)]
    found = judge(tmp_path, rows, hypothesis("it"))
    assert (found["verdict"], found["effect"], found["reason"]) == ("supported", 2, "95% interval")
    assert pd.isna(found["p"])
    assert judge(tmp_path, rows, hypothesis("it", "-"))["verdict"] == "contradicted"
    assert judge(tmp_path, rows, hypothesis("other"))["verdict"] == "undecided"


def test_a_withheld_hypothesis_keeps_its_numbers(tmp_path):
    rows = [state_verdict("it", **NUMBERS, withheld="parallel trends fails")]
    found = judge(tmp_path, rows, hypothesis("it"))
    assert (found["verdict"], found["reason"]) == ("withheld", "parallel trends fails")
    assert found["effect"] == 2


@pytest.mark.parametrize("absent", ["effect", "lower", "upper", "p"])
def test_what_is_not_available_is_not_tested(tmp_path, absent):
    rows = [state_verdict("it", **{**NUMBERS, "p": 0.01, absent: ABSENT})]
    found = judge(tmp_path, rows, hypothesis("it"))
    assert (found["verdict"], found["reason"]) == (
        "not tested",
        "not available: the study has no survey",
    )
    assert pd.isna(found["effect"])


@pytest.mark.parametrize("nan", ["effect", "lower", "upper"])
def test_a_bare_nan_decides_nothing(tmp_path, nan):
    rows = [state_verdict("it", **{**NUMBERS, nan: math.nan})]
    found = judge(tmp_path, rows, hypothesis("it"))
    assert (found["verdict"], found["reason"]) == (
        "not tested",
        "chapter case_study gives no interval",
    )


def test_an_unknown_name_and_a_missing_chapter_are_not_tested(tmp_path):
    rows = [state_verdict("it", **NUMBERS)]
    found = judge(tmp_path, rows, hypothesis("them"))
    assert (found["verdict"], found["reason"]) == (
        "not tested",
        "chapter case_study has no verdict named them",
    )
    found = judge(tmp_path, rows, hypothesis("it", chapter="customer_value"))
    assert found["verdict"] == "not tested"
    assert found["reason"] == "chapter customer_value recorded no table verdicts"


def test_a_row_of_its_own_goes_before_one_for_all(tmp_path):
    refused = state_verdict(ANY, measure="path", effect=ABSENT, lower=ABSENT, upper=ABSENT)
    found = judge(tmp_path, [refused, state_verdict("it", **NUMBERS)], hypothesis("it"))
    assert found["verdict"] == "supported"
    assert judge(tmp_path, [refused], hypothesis("it"))["verdict"] == "not tested"


def test_paths_of_a_model_that_cannot_be_tested_are_withheld():
    row = {"source": "a", "target": "b", "standardised": 0.5, "standardised se": 0.1, "p value": 0}
    stub = SimpleNamespace(paths=lambda: pd.DataFrame([row]), withheld="0 degrees of freedom")
    assert from_paths(stub)["withheld because"].tolist() == ["0 degrees of freedom"]


def test_an_empty_register(tmp_path):
    assert judge_register([], tmp_path).reason == "study.yml registers no hypothesis"


def test_counts_name_every_word():
    counts = count_verdicts(pd.DataFrame({"verdict": ["supported", "not tested", "supported"]}))
    assert counts == {
        "supported": 2,
        "contradicted": 0,
        "undecided": 0,
        "withheld": 0,
        "not_tested": 1,
    }
    assert count_verdicts(ABSENT) is ABSENT


def pairs(*rows: tuple[float, float, float, float]) -> SimpleNamespace:
    frame = pd.DataFrame(rows, columns=["difference", "lower", "upper", "p_adjusted"])
    frame = frame.assign(group=["A", "B"][: len(rows)], compared_with="C")
    return SimpleNamespace(pairs=frame, post_hoc="games-howell", outcome="revenue")


def test_groups_are_judged_by_the_pair_told_apart_best():
    row = from_groups(pairs((9, -1, 19, 0.08), (-5, -8, -2, 0.01))).iloc[0]
    assert row[["effect", "lower", "upper", "p"]].tolist() == [5, 2, 8, 0.01]
    assert row["measure"] == ("mean revenue, C less B: the pair told apart best (Games-Howell)")
    row = from_groups(pairs((-5, -11, 1, 0.2))).iloc[0]
    assert row[["effect", "lower", "upper"]].tolist() == [5, -1, 11]


def test_concentration_is_measured_from_one_half():
    bounds = SimpleNamespace(interval={0.2: (0.6, 0.45, 0.7)}.__getitem__)
    row = from_concentration(bounds).iloc[0]
    assert row[["effect", "lower", "upper"]].tolist() == pytest.approx([0.1, -0.05, 0.2])


def test_every_path_gets_its_row():
    frame = pd.DataFrame(
        {
            "source": ["quality", "value"],
            "target": ["satisfaction"] * 2,
            "standardised": [0.75, 0.1],
            "standardised se": [0.05, 0.1],
            "p value": [0.0, 0.3],
        }
    )
    found = from_paths(SimpleNamespace(paths=lambda: frame, withheld="")).set_index("decided by")
    assert found.index.tolist() == ["quality_satisfaction", "value_satisfaction"]
    # 1.959964: the normal distribution's 97.5% quantile, in any table of it.
    assert found.loc["quality_satisfaction", "lower"] == pytest.approx(0.75 - 1.959964 * 0.05)
    assert found.loc["value_satisfaction", "upper"] == pytest.approx(0.1 + 1.959964 * 0.1)


def test_a_model_without_paths_says_so_to_every_hypothesis():
    none = pd.DataFrame(columns=["source", "target", "standardised", "standardised se", "p value"])
    fit = SimpleNamespace(paths=lambda: none, withheld="", model=SimpleNamespace(name="one_scale"))
    (row,) = from_paths(fit).to_dict("records")
    assert row["decided by"] == "any"
    assert row["withheld because"] == "not available: the model one scale has no paths"


@pytest.mark.parametrize("passed", [True, False])
def test_an_effect_is_withheld_where_a_check_fails(passed):
    check = Check("parallel trends", passed, 0.01, "> .05", "X", "no effect is claimed")
    effect = SimpleNamespace(
        effect=1.0,
        lower=0.5,
        upper=1.5,
        outcome="revenue",
        test=SimpleNamespace(p_value=0.001),
        checks=(check,),
    )
    row = from_effect(effect).iloc[0]
    assert row["withheld because"] == ("" if passed else "parallel trends fails")
    assert row["p"] == 0.001


def test_absence_is_stated_with_its_reason():
    verdicts = (from_groups, from_concentration, from_effect, from_paths)
    for verdict in (state(ABSENT) for state in verdicts):
        assert verdict["withheld because"].tolist() == [str(ABSENT)]
        assert verdict[["effect", "lower", "upper", "p"]].isna().all(axis=None)
    assert bound_paths(ABSENT) is ABSENT


def test_a_chapter_that_could_estimate_nothing_says_why_to_every_hypothesis(tmp_path):
    folder = tmp_path / "tables" / "satisfaction_loyalty"
    folder.mkdir(parents=True)
    from_paths(ABSENT).to_csv(folder / "verdicts.csv", index=False)
    entry = Hypothesis(
        id="H1",
        statement="S",
        expected_sign="+",
        chapter="satisfaction_loyalty",
        decided_by="quality_satisfaction",
    )
    row = judge_register([entry], tmp_path).iloc[0]
    assert row["verdict"] == "not tested"
    assert ABSENT.reason in row["reason"]

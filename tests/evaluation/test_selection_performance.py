"""Judgements, ratings and figures of CRM systems become one matrix, or are refused."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.appraisal import SelectionSpec
from crmstudy.errors import DataError, JudgementError, ModelError, NotAvailable
from crmstudy.evaluation.selection.gather import gather_performance
from crmstudy.evaluation.selection.performance import SystemPerformance

CRITERIA = {
    "usefulness": {"label": "Usefulness", "unit": "points", "scale": [1, 9]},
    "security": {"label": "Security"},
    "cost": {"label": "Cost per year", "better": "smaller", "unit": "money"},
}
WEIGHTS = {"usefulness": 0.5, "security": 0.3, "cost": 0.2}
SECURITY = {"A": 0.2, "B": 0.5, "C": 0.3}


def spec(**keys: object) -> SelectionSpec:
    return SelectionSpec.model_validate({"criteria": CRITERIA, **keys})


def judge(matrix: str, weights: dict[str, float], experts=("E1", "E2")) -> pd.DataFrame:
    """Perfect judgements of known weights."""
    rows = [
        (expert, matrix, a, b, weights[a] / weights[b])
        for expert in experts
        for a, b in combinations(weights, 2)
    ]
    return pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])


def rate(criterion: str, **systems: object) -> pd.DataFrame:
    """Ratings of several raters where a list is given, a figure where a number is."""
    rows = []
    for system, given in systems.items():
        several = given if isinstance(given, list) else [given]
        raters = [f"R{k}" for k in range(len(several))] if isinstance(given, list) else [None]
        rows += [
            (system, criterion, rater, value)
            for rater, value in zip(raters, several, strict=True)
            if value is not None
        ]
    return pd.DataFrame(rows, columns=["system", "criterion", "rater", "value"])


RATED = pd.concat(
    [
        rate("usefulness", A=[7, 4, 4], B=[8, 7, 9], C=[7, None, 5]),
        rate("cost", A=100.0, B=200.0, C=125.0),
    ],
    ignore_index=True,
)
JUDGED = pd.concat([judge("selection", WEIGHTS), judge("selection.security", SECURITY)])


def decide(systems=RATED, judgements=JUDGED, given: SelectionSpec | None = None, **how):
    return gather_performance(given or spec(), systems=systems, judgements=judgements, **how)


def assert_equal(found: SystemPerformance, expected: SystemPerformance) -> None:
    values = expected.values.loc[list(found.systems), list(found.criteria)]
    np.testing.assert_allclose(found.values, values, rtol=1e-12)
    np.testing.assert_allclose(found.weights, expected.weights[found.weights.index], rtol=1e-12)


# --- one matrix ---------------------------------------------------------------------------


def test_both_ways_meet_in_one_matrix():
    found = decide()
    assert found.systems == ("A", "B", "C")
    assert found.values["usefulness"].tolist() == [5.0, 8.0, 6.0]
    assert found.values["security"].tolist() == pytest.approx([0.2, 0.5, 0.3])
    assert found.values["cost"].tolist() == [100.0, 200.0, 125.0]
    assert found.weights.to_dict() == pytest.approx(WEIGHTS)
    assert found.weights_origin == "judged in pairs by 2 experts"
    assert found.directions == {"usefulness": "larger", "security": "larger", "cost": "smaller"}
    assert found.money == ("cost",)
    assert found.judged == ("security",)


def test_every_cell_says_where_it_is_from():
    table = decide().table("EUR").set_index(["system", "criterion"])
    assert table.loc[("C", "Usefulness"), "origin"] == "rated by 2 raters"
    assert table.loc[("A", "Security"), "origin"] == "judged in pairs by 2 experts"
    assert table.loc[("A", "Cost per year"), ["origin", "unit"]].tolist() == ["measured", "EUR"]
    wide = decide().matrix("EUR")
    assert wide.loc[0, "origin"] == "rated by 3 raters; rated by 2 raters"
    assert list(wide.columns) == ["criterion", "weight", "unit", "better", "origin", "A", "B", "C"]


def test_a_judged_cost_is_better_larger_whatever_study_yml_says():
    """Experts say which system is the better one under cost, not which costs more."""
    preferred = pd.concat([JUDGED, judge("selection.cost", {"A": 0.5, "B": 0.2, "C": 0.3})])
    found = decide(RATED[RATED["criterion"] != "cost"], preferred)
    assert found.directions["cost"] == "larger"
    assert found.money == ()


def test_nobody_weighed_the_criteria():
    found = decide(judgements=judge("selection.security", SECURITY))
    assert found.weights.tolist() == pytest.approx([1 / 3] * 3)
    assert not found.criteria_judged
    assert found.weights_origin == "nobody weighed the criteria: all weigh the same"
    assert found.values["security"].tolist() == pytest.approx([0.2, 0.5, 0.3])


def test_ratings_alone_and_judgements_alone():
    alone = decide(judgements=NotAvailable("none"))
    assert isinstance(alone.panel, NotAvailable)
    assert list(alone.criteria) == ["usefulness", "cost"]
    assert alone.dropped == {"security": "neither judged, nor rated, nor measured"}
    judged = decide(systems=NotAvailable("none"))
    assert list(judged.criteria) == ["security"]
    assert judged.weights.tolist() == [1.0]
    assert judged.systems == ("A", "B", "C")


def test_a_criterion_without_a_word_gives_its_weight_to_the_others():
    found = decide(judgements=judge("selection", WEIGHTS))
    assert found.weights.to_dict() == pytest.approx({"usefulness": 5 / 7, "cost": 2 / 7})
    assert "without security" in found.weights_origin
    assert found.missing().to_numpy().tolist() == [
        ["criterion", "security", "neither judged, nor rated, nor measured"]
    ]


def test_a_system_that_lacks_a_criterion_is_left_out_openly():
    more = pd.concat([RATED, rate("usefulness", D=[9, 9, 9])])
    found = decide(more)
    assert found.systems == ("A", "B", "C")
    assert found.left_out == {"D": "nothing is known of its security, cost"}
    assert_equal(found, decide())
    with pytest.raises(DataError, match="D: nothing is known of its security, cost; complete"):
        decide(more, given=spec(missing="refuse"))


def test_study_yml_may_name_the_systems():
    named = spec(systems=["C", "B", "A"])
    assert decide(given=named).systems == ("C", "B", "A")
    assert_equal(decide(given=named), decide())
    with pytest.raises(DataError, match="system 'D' is rated on no criterion; rate it, or take"):
        decide(given=spec(systems=["A", "B", "C", "D"]))


def test_judgements_of_the_hierarchy_do_not_disturb():
    other = judge("criteria", {"satisfaction": 0.6, "loyalty": 0.4}, experts=("E9",))
    assert_equal(decide(judgements=pd.concat([other, JUDGED])), decide())


# --- published ----------------------------------------------------------------------------

LEADER = {
    "selection": ("4,3,7,1/3,3,5", ("experience", "education", "charisma", "age")),
    "selection.experience": ("1/4,4,9", ("Tom", "Dick", "Harry")),
    "selection.education": ("3,1/5,1/7", ("Tom", "Dick", "Harry")),
    "selection.charisma": ("5,9,4", ("Tom", "Dick", "Harry")),
    "selection.age": ("1/3,5,9", ("Tom", "Dick", "Harry")),
}


def leader() -> SystemPerformance:
    """Choosing a leader: a textbook example of four criteria and three persons."""
    rows = [
        ("E", matrix, a, b, value)
        for matrix, (upper, names) in LEADER.items()
        for (a, b), value in zip(combinations(names, 2), upper.split(","), strict=True)
    ]
    judged = pd.DataFrame(rows, columns=["expert", "matrix", "row", "column", "value"])
    asked = {"criteria": {name: {} for name in LEADER["selection"][1]}}
    return gather_performance(SelectionSpec.model_validate(asked), judgements=judged)


def test_leader_is_chosen_as_published():
    from crmstudy.evaluation.selection.choice import choose_system

    found = leader()
    assert found.weights.tolist() == pytest.approx([0.548, 0.127, 0.270, 0.056], abs=0.0006)
    choice = choose_system(found)
    shares = choice.scores["distributive mode"]
    found_shares = shares[["Tom", "Dick", "Harry"]].tolist()
    assert found_shares == pytest.approx([0.358, 0.493, 0.149], abs=0.0005)
    # Printed .150 where weights and priorities were rounded to three digits before the sum.
    rounded = (found.values.round(3) * found.weights.round(3)).sum(axis=1)
    assert rounded[["Tom", "Dick", "Harry"]].tolist() == pytest.approx(
        [0.358, 0.493, 0.150], abs=0.0005
    )
    assert choice.leaders == ("Dick",)


# --- laws -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_order_of_rows_is_of_no_effect(seed):
    shuffled = decide(
        RATED.sample(frac=1, random_state=seed), JUDGED.sample(frac=1, random_state=seed)
    )
    assert shuffled.systems == ("A", "B", "C")
    assert_equal(shuffled, decide())


def test_the_order_of_criteria_is_of_no_effect():
    turned = SelectionSpec.model_validate({"criteria": dict(reversed(CRITERIA.items()))})
    assert_equal(decide(given=turned), decide())


def test_inputs_stay_as_they_are():
    systems, judgements = RATED.copy(), JUDGED.copy()
    decide(systems, judgements)
    pd.testing.assert_frame_equal(systems, RATED)
    pd.testing.assert_frame_equal(judgements, JUDGED)


def test_names_may_be_chinese_and_the_same_as_criteria():
    rated = RATED.replace({"system": {"A": "cost", "B": "系统乙", "C": "系统：丙"}})
    judged = JUDGED.replace({"row": {"A": "cost", "B": "系统乙", "C": "系统：丙"}})
    judged = judged.replace({"column": {"A": "cost", "B": "系统乙", "C": "系统：丙"}})
    found = decide(rated, judged)
    assert set(found.systems) == {"cost", "系统乙", "系统：丙"}
    assert found.values.loc["系统乙", "security"] == pytest.approx(0.5)


# --- refusals -------------------------------------------------------------------------------


def change(frame: pd.DataFrame, at: int, **cells: object) -> pd.DataFrame:
    changed = frame.reset_index(drop=True).astype(object)
    for column, value in cells.items():
        changed.loc[at, column] = value
    return changed


@pytest.mark.parametrize(
    ("systems", "judgements", "keys", "said"),
    [
        (
            change(RATED, 0, criterion="usefullness"),
            JUDGED,
            {},
            "found criterion 'usefullness'; allowed: one of usefulness, security, cost.*"
            "did you mean 'usefulness'",
        ),
        (
            change(RATED, 0, system="AA"),
            JUDGED,
            {"systems": ["A", "B", "C"]},
            "found system 'AA'; allowed: one of A, B, C; .*selection: systems",
        ),
        (
            change(RATED, 0, value=10),
            JUDGED,
            {},
            "system 'A', criterion 'usefulness', rater 'R0': found 10; allowed: a number from 1",
        ),
        (
            change(RATED, 8, value=-1),
            JUDGED,
            {},
            "criterion 'cost': found -1; allowed: a number of at least 0",
        ),
        (change(RATED, 8, value="dear"), JUDGED, {}, "found nan; allowed: a number of at least 0"),
        (
            pd.concat([RATED, RATED.head(1)]),
            JUDGED,
            {},
            "rater 'R0': found a second time; allowed: one value a rater; keep one",
        ),
        (
            pd.concat([RATED, RATED.tail(1)]),
            JUDGED,
            {},
            "criterion 'cost': found a second time; allowed: one value a rater",
        ),
        (
            pd.concat([RATED, rate("cost", A=[90])]),
            JUDGED,
            {},
            "'A' is both measured \\(no rater\\) and rated on 'cost'; keep one",
        ),
        (
            pd.concat([RATED, rate("security", A=1.0)]),
            JUDGED,
            {},
            "criterion 'security' is judged in pairs .* and stands in the table systems",
        ),
        (RATED.drop(columns="value"), JUDGED, {}, "the table systems lacks value"),
        (
            RATED,
            JUDGED.replace({"matrix": {"selection.security": "selection.securty"}}),
            {},
            "matrix 'selection.securty' is unknown.*did you mean 'selection.security'",
        ),
        (
            RATED.replace({"system": {"A": "Alpha", "B": "Beta", "C": "Gamma"}}),
            JUDGED.replace(
                {
                    "row": {"A": "Alfa", "B": "Beta", "C": "Gamma"},
                    "column": {"B": "Beta", "C": "Gamma"},
                }
            ),
            {},
            "matrix 'selection.security', row: found system 'Alfa'; allowed: Alpha, Beta, Gamma; "
            "correct it.*did you mean 'Alpha'",
        ),
    ],
)
def test_what_is_wrong_is_named(systems, judgements, keys, said):
    with pytest.raises(DataError, match=said):
        decide(systems, judgements, spec(**keys))


def test_an_expert_who_judged_one_matrix_only_is_refused():
    more = pd.concat([JUDGED, judge("selection", WEIGHTS, experts=("E3",))])
    with pytest.raises(JudgementError, match="expert 'E3' did not judge matrix 'security'"):
        decide(judgements=more)


@pytest.mark.parametrize(
    ("systems", "judgements", "asked", "said"),
    [
        (NotAvailable("a"), NotAvailable("b"), None, "no table systems and no judgements of"),
        (NotAvailable("a"), judge("criteria", WEIGHTS), None, "no table systems and no judgements"),
        (RATED, JUDGED, SelectionSpec(), "study.yml names no criteria of a selection"),
        (
            RATED[RATED["system"] == "A"],
            judge("selection", WEIGHTS),
            None,
            "1 of 1 system can be compared; a choice needs two or more",
        ),
    ],
)
def test_nothing_to_compare_is_said(systems, judgements, asked, said):
    with pytest.raises(ModelError, match=said):
        decide(systems, judgements, asked)

"""What grades each indicator: answers, a measured value, or nothing, and why."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, NotAvailable, SettingsError
from crmstudy.evaluation.comprehensive.grades import GRADES, number_grades
from crmstudy.evaluation.comprehensive.grading import (
    GradedAnswers,
    GradedValue,
    grade_indicators,
)
from crmstudy.evaluation.hierarchy.synthesis import rebuild_hierarchy
from crmstudy.indicators.intervals import Interval, Measurement
from crmstudy.indicators.table import IndicatorTable

TREE = {
    "satisfaction": ["product_satisfaction", "service_satisfaction"],
    "loyalty": ["recommendation_rate", "retention_rate"],
    "relationship_cost": ["service_cost", "care_cost"],
}
ANSWERS = pd.DataFrame({"P": [1, 2, 3, 5], "S": [4, 4, np.nan, 5], "R": [1, 1, 5, 5]})
INSTRUMENT = {item: {"minimum": 1, "maximum": 5} for item in "PSR"}
ROLES = {"product_satisfaction": "P", "service_satisfaction": "S", "recommendation": "R"}
MEASURED = IndicatorTable(
    {
        "retention_rate": Measurement(0.5, 40, Interval(0.4, 0.6, 0.95, "Wilson")),
        "service_cost": Measurement(3.0, 40, NotAvailable("counted")),
        "care_cost": NotAvailable("the study has no table 'costs'"),
        "recommendation_rate": Measurement(0.5, 4, Interval(0.2, 0.8, 0.95, "Wilson")),
    },
    {},
    None,
    None,
)
LIMITS = {"retention_rate": [0.2, 0.8], "service_cost": [12, 0], "care_cost": [12, 0]}


def grade(**options):
    given = {
        "measured": MEASURED,
        "answers": ANSWERS,
        "instrument": INSTRUMENT,
        "roles": ROLES,
        "limits": LIMITS,
    } | options
    return grade_indicators(
        options.pop("tree", TREE), **{k: v for k, v in given.items() if k != "tree"}
    )


def test_answers_and_values_grade_what_they_can():
    grading = grade()
    rows = grading.memberships
    np.testing.assert_allclose(rows.loc["product_satisfaction"], [0.25, 0.25, 0.25, 0, 0.25])
    np.testing.assert_allclose(rows.loc["service_satisfaction"], [0, 0, 0, 2 / 3, 1 / 3])
    np.testing.assert_allclose(rows.loc["recommendation_rate"], [0.5, 0, 0, 0, 0.5])
    np.testing.assert_allclose(rows.loc["retention_rate"], [0, 0, 1, 0, 0], atol=1e-12)
    # 12, 9, 6, 3, 0: three is typical of good, because less is better.
    np.testing.assert_allclose(rows.loc["service_cost"], [0, 0, 0, 1, 0], atol=1e-12)
    assert grading.missing == {
        "care_cost": "study.yml sets its limits, but it is not measured: the study has no table "
        "'costs'"
    }
    np.testing.assert_allclose(rows.sum(axis=1), 1)


def test_the_table_says_what_grades():
    table = grade().table().set_index("indicator")
    assert table.loc["service satisfaction", "graded by"] == "answers to S"
    assert table.loc["service satisfaction", ["n", "missing answers"]].tolist() == [3, 1]
    assert table.loc["retention rate", "graded by"] == "measured value"
    assert table.loc["retention rate", ["value", "n"]].tolist() == [0.5, 40]
    assert table.loc["care cost per customer", "remark"].startswith("not available: study.yml")
    assert table.loc["care cost per customer", list(GRADES.names)].isna().all()


def test_typical_values():
    table = grade().typical_values().set_index("indicator")
    assert table.loc["retention rate", list(GRADES.names)].tolist() == pytest.approx(
        [0.2, 0.35, 0.5, 0.65, 0.8]
    )
    assert table.loc["service cost per customer", "better"] == "smaller"
    assert len(table) == 2


def test_metrics():
    assert grade().to_metrics() == {
        "n_graded_by_answers": 3,
        "n_graded_by_value": 2,
        "n_not_graded": 1,
        "n_answers": 11,
        "n_missing_answers": 1,
    }


def test_nothing_is_invented():
    grading = grade(limits={}, roles={})
    assert set(grading.missing) == {name for names in TREE.values() for name in names}
    assert set(grading.missing.values()) == {"no survey item, no limits in study.yml"}
    assert grading.memberships.empty
    assert list(grading.table()["graded by"].unique()) == ["nothing"]
    assert isinstance(grading.typical_values(), NotAvailable)
    absent = grade(limits={}, answers=NotAvailable("no table survey"))
    assert absent.missing["product_satisfaction"] == "no table survey"


def test_limits_come_before_answers_but_give_way_to_them():
    chosen = grade(limits={"recommendation_rate": [0, 1]})
    assert isinstance(chosen.evidence["recommendation_rate"], GradedValue)
    # Limits without a value: the answers still grade.
    other = grade(limits={"product_satisfaction": [0, 100]})
    assert isinstance(other.evidence["product_satisfaction"], GradedAnswers)
    unmeasured = grade(measured=NotAvailable("nothing is measured"))
    assert "nothing is measured" in unmeasured.missing["retention_rate"]


def test_the_hierarchy_is_rebuilt_without_what_is_missing():
    rebuilt = rebuild_hierarchy(TREE, grade().evidence)
    assert rebuilt.hierarchy["relationship_cost"] == ("service_cost",)
    assert list(rebuilt.dropped) == ["care_cost"]


def test_an_item_with_too_few_points_is_one_indicator_less():
    # Seven grades do not fit on five points; what is measured is graded all the same.
    grading = grade(grades=number_grades(7))
    assert "too few to fill 7 grades" in grading.missing["product_satisfaction"]
    assert list(grading.memberships.index) == ["retention_rate", "service_cost"]


def test_the_shape_matters_only_for_values():
    peaks, bells = grade(), grade(shape="gaussian")
    same = ["product_satisfaction", "service_satisfaction", "recommendation_rate"]
    pd.testing.assert_frame_equal(peaks.memberships.loc[same], bells.memberships.loc[same])
    assert bells.memberships.loc["service_cost", "good"] == pytest.approx(
        1 / (1 + 2 * 2**-4 + 2**-16 + 2**-36), rel=1e-6
    )
    assert "Gaussian" in bells.rule


def test_order_of_the_hierarchy_does_not_matter():
    turned = {c: names[::-1] for c, names in reversed(TREE.items())}
    pd.testing.assert_frame_equal(
        grade().memberships, grade(tree=turned).memberships.loc[grade().memberships.index]
    )


def test_a_reversed_item_mirrors_its_row():
    turned = INSTRUMENT | {"P": {"minimum": 1, "maximum": 5, "reverse": True}}
    there, back = grade(), grade(instrument=turned)
    np.testing.assert_allclose(
        back.memberships.loc["product_satisfaction"],
        there.memberships.loc["product_satisfaction"][::-1],
    )


def test_inputs_are_not_changed():
    before = ANSWERS.copy()
    grade()
    pd.testing.assert_frame_equal(ANSWERS, before)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"limits": {"servce_cost": [1, 0]}},
            SettingsError,
            "study.yml: evaluation.limits: 'servce_cost' is no indicator of the hierarchy; allowed:"
            " product_satisfaction, .*; did you mean 'service_cost'",
        ),
        (
            {"limits": {"service_cost": [0, 12]}},
            SettingsError,
            "study.yml: evaluation.limits.service_cost: found 0, 12; allowed: falling numbers from "
            "the worst grade to the best, because smaller is better",
        ),
        (
            {"limits": {"retention_rate": [0.2, 0.5, 0.8]}},
            SettingsError,
            r"limits.retention_rate: found 0.2, 0.5, 0.8; allowed: 2 numbers .* or 5 \(one a grade",
        ),
        ({"shape": "round"}, SettingsError, "shape 'round' is unknown"),
        ({"answers": ANSWERS + 9}, DataError, "item 'P': found 10 .* allowed: 1 to 5"),
    ],
)
def test_refused(options, error, message):
    with pytest.raises(error, match=message):
        grade(**options)

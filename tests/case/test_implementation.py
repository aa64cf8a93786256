"""The five-phase checklist: status by rule, score by weight; what the staff say."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.implementation.checklist import judge_progress, score_implementation
from crmstudy.case.implementation.path import list_phases
from crmstudy.case.implementation.staff import ALL, score_staff
from crmstudy.case.implementation.windows import BeforeAndNow, measure_around
from crmstudy.errors import ModelError, NotAvailable
from crmstudy.improvement import PHASES, ImplementationSpec
from crmstudy.indicators import IndicatorTable, Interval, Measurement

ITEM = {"construct": "ease", "label": "Ease", "minimum": 1, "maximum": 5, "reverse": False}
INSTRUMENT = {
    "E1": {**ITEM, "missing": (9,)},
    "E2": {**ITEM, "missing": (), "reverse": True},
    "U1": {**ITEM, "construct": "use", "label": "Use", "missing": ()},
}


def staff_answers(departments="AAAAABBBBBB"):
    rng = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "respondent_id": [f"S{n}" for n in range(len(departments))],
            "department": list(departments),
            **{name: rng.integers(1, 6, len(departments)).astype(float) for name in INSTRUMENT},
        }
    )


def indicators(**values):
    measured = {
        name: found
        if isinstance(found, NotAvailable)
        else Measurement(found[0], 9, Interval(found[1], found[2], 0.95, "Wilson"))
        for name, found in values.items()
    }
    return IndicatorTable(measured, {}, None, None)


AROUND = BeforeAndNow(
    before=indicators(
        retention_rate=(0.4, 0.3, 0.5),
        service_cost=(10, 9, 11),
        repeat_purchase_rate=(0.9, 0.8, 1.0),
        profit_share=NotAvailable("no cost of goods"),
    ),
    now=indicators(
        retention_rate=(0.5, 0.45, 0.62),
        service_cost=(4, 3.5, 4.5),
        repeat_purchase_rate=(0.7, 0.6, 0.8),
        profit_share=(0.3, 0.2, 0.4),
    ),
    length="year",
)


def checklist(*tasks, staff=None, measured=AROUND, phase="evaluation"):
    spec = ImplementationSpec(phases={phase: list(tasks)})
    staff = NotAvailable("no staff survey") if staff is None else staff
    return score_implementation(spec, measured=measured, staff=staff)


@pytest.mark.parametrize(
    ("numbers", "better", "expected"),
    [
        ((0.4, 0.6, 0.5), None, ("on the way", 0.5)),
        ((0.4, 0.6, 0.6), None, ("reached", 1.0)),
        ((0.4, 0.6, 0.3), None, ("not reached", 0.0)),
        ((10, 5, 6), None, ("on the way", 0.8)),
        ((10, 5, 4), "smaller", ("reached", 1.0)),
        ((10, 5, 12), "smaller", ("not reached", 0.0)),
        ((0.7, 0.6, 0.65), "larger", ("reached", 1.0)),  # met before, and kept
        ((0.7, 0.6, 0.5), "larger", ("not reached", 0.0)),  # met before, and lost
    ],
)
def test_the_rule(numbers, better, expected):
    baseline, target, current = numbers
    status, way = judge_progress(baseline, target, current, better=better)
    assert (status, way) == (expected[0], pytest.approx(expected[1]))


def test_measured_tasks():
    found = checklist(
        {"task": "keep", "indicator": "retention_rate", "target": 0.6},
        {"task": "cheap", "indicator": "service_cost", "target": 5},
        {"task": "again", "indicator": "repeat_purchase_rate", "target": 0.8},
        {"task": "profit", "indicator": "profit_share", "target": 0.5},
    )
    table = found.table().set_index("task")
    assert table["status"].tolist() == [
        "on the way (50%)",
        "reached",
        "not reached",
        "not measurable",
    ]
    # 0.62 > 0.6; 4.5 < 5; 0.8 is at the target: the interval reaches it; no number.
    assert table["beyond chance"].tolist() == ["no", "yes", "no", ""]
    assert table.loc["profit", "remark"] == "before the measure: no cost of goods"
    assert table.loc["again", "remark"] == "the target was met before already"
    assert found.drawn()["task"].tolist() == ["keep", "cheap"]


def test_score_by_weight_over_what_can_be_decided():
    found = checklist(
        {"task": "cheap", "indicator": "service_cost", "target": 5, "weight": 3},
        {"task": "keep", "indicator": "retention_rate", "target": 0.6},
        {"task": "profit", "indicator": "profit_share", "target": 0.5, "weight": 50},
        {"task": "report", "status": "begun"},
        {"task": "goals", "status": "done", "as_of": "2025-01-31"},
    )
    row = found.score().set_index("phase").loc["evaluation"]
    assert (row["tasks"], row["decided"], row["fulfilled"]) == (5, 4, 2)
    assert row["score"] == pytest.approx((3 + 1) / (3 + 1 + 1 + 1))
    assert found.table()["remark"].iloc[-1] == "as of 2025-01-31"
    metrics = found.to_metrics()
    assert metrics["n_undecided"] == 1
    assert [name for name in metrics if name.startswith("score_")] == ["score_evaluation"]


def test_progress_is_never_rounded_up_to_the_target():
    found = checklist(
        {"task": "keep", "indicator": "retention_rate", "target": 0.5001},
    )
    assert found.table()["status"].iloc[0] == "on the way (99%)"


def test_the_authors_baseline_takes_the_place_of_a_missing_one():
    found = checklist(
        {"task": "profit", "indicator": "profit_share", "target": 0.4, "baseline": 0.2}
    )
    assert found.table()["status"].iloc[0] == "on the way (50%)"
    assert "author" in found.table()["remark"].iloc[0]


def test_staff_constructs_as_indicators():
    staff = score_staff(staff_answers(), instrument=INSTRUMENT)
    task = {"task": "easy", "indicator": "staff_ease", "target": 99, "baseline": 1}
    found = checklist(task, staff=staff, phase="training")
    assert found.tasks[0].current == staff.overall.loc["ease", "mean"]
    assert found.tasks[0].unit == "points of 100"
    absent = checklist(task, phase="training")
    assert absent.tasks[0].remark == "no staff survey"
    unknown = {**task, "indicator": "staff_joy"}
    assert "no construct joy" in checklist(unknown, staff=staff).tasks[0].remark


def test_without_measures_nothing_is_invented():
    found = checklist(
        {"task": "keep", "indicator": "retention_rate", "target": 0.6},
        measured=NotAvailable("no purchases"),
    )
    assert found.tasks[0].status == "not measurable"
    assert pd.isna(found.score().set_index("phase").loc["evaluation", "score"])
    assert found.drawn().empty


def test_no_tasks_are_refused():
    for spec in (None, ImplementationSpec()):
        with pytest.raises(ModelError, match="names no tasks of an implementation"):
            score_implementation(spec, measured=AROUND, staff=NotAvailable("none"))


def test_the_general_path_is_there_for_every_study():
    phases = list_phases()
    assert phases["phase"].tolist() == list(PHASES.values())
    assert phases.notna().all().all()


def test_staff_scores_by_hand():
    """Scale 1 to 5: 2 is 25, a reversed 2 is 75; 9 is no answer."""
    answers = pd.DataFrame(
        {
            "department": list("AAAAAA"),
            "E1": [2.0, 9.0, 5.0, 1.0, 3.0, np.nan],
            "E2": [2.0, 1.0, 1.0, 5.0, 3.0, np.nan],
            "U1": [1.0, 2.0, 3.0, 4.0, 5.0, 5.0],
        }
    )
    staff = score_staff(answers, instrument=INSTRUMENT)
    # Respondents' ease: 50, 100, 100, 0, 50; the sixth answered no item of it.
    ease = staff.overall.loc["ease"]
    assert (ease["n"], ease["mean"]) == (5, pytest.approx(60))
    # t(4) = 2.776 (printed); standard deviation 41.833, n = 5.
    assert ease["upper"] == 100
    assert ease["lower"] == pytest.approx(60 - 2.776 * 41.833 / 5**0.5, abs=0.01)
    assert staff.overall.loc["use", "mean"] == pytest.approx(100 * (0 + 1 + 2 + 3 + 4 + 4) / 24)


@pytest.mark.parametrize(
    ("departments", "shown", "hidden"),
    [
        ("AAAAABBBBBB", ["A", "B"], 0),
        ("AAAAABBBBBBC", ["B"], 2),  # C would follow from the total, so A is hidden too
        ("AAAAABBBBBBCD", ["A", "B"], 2),
        ("AAAAAA", ["A"], 0),
    ],
)
def test_small_departments_are_hidden_and_do_not_follow_from_the_total(departments, shown, hidden):
    staff = score_staff(staff_answers(departments), instrument=INSTRUMENT, smallest_cell=5)
    groups = list(dict.fromkeys(staff.scores["group"]))
    assert groups == [ALL, *shown]
    assert staff.hidden == hidden


def test_staff_scores_do_not_depend_on_order():
    answers = staff_answers()
    first = score_staff(answers, instrument=INSTRUMENT)
    second = score_staff(answers.sample(frac=1, random_state=2), instrument=INSTRUMENT)
    pd.testing.assert_frame_equal(first.scores, second.scores)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (staff_answers("AAA"), "3 members of staff answered, fewer than the 5"),
        (staff_answers().drop(columns=[*INSTRUMENT]), "none of the items"),
    ],
)
def test_staff_surveys_that_are_refused(answers, message):
    with pytest.raises(ModelError, match=message):
        score_staff(answers, instrument=INSTRUMENT)


def ledger(first="2023-07-01", last="2025-12-28"):
    days = pd.date_range(first, last, freq="D")
    return pd.DataFrame(
        {
            "customer_id": [f"{n % 50}" for n in range(len(days))],
            "basket_id": [f"B{n}" for n in range(len(days))],
            "ordered_at": days,
            "revenue": 10.0,
        }
    )


def around(tables, day="2025-01-01"):
    return measure_around(tables, changed_on=day, survey_roles={}, instrument={})


def test_windows_of_equal_length_on_both_sides():
    found = around({"transactions": ledger()})
    # A year before 2025 has no year before it in the data; half a year has.
    assert found.length == "half-year"
    assert (found.before.window_start, found.before.window_end) == (
        pd.Timestamp("2024-07-01"),
        pd.Timestamp("2025-01-01"),
    )
    assert found.now.window_end == pd.Timestamp("2026-01-01")
    assert around({"transactions": ledger("2022-12-30")}).length == "year"


def test_the_month_of_the_change_belongs_to_neither_side():
    found = around({"transactions": ledger()}, "2025-11-15")
    assert found.before.window_end == pd.Timestamp("2025-11-01")
    assert found.now.window_start == pd.Timestamp("2025-12-01")


def test_answers_count_on_the_side_they_were_given():
    survey = pd.DataFrame({"Q": [1.0] * 4 + [5.0] * 6, "answered_on": pd.Timestamp("2025-09-01")})
    survey.loc[:3, "answered_on"] = pd.Timestamp("2024-09-01")
    given = {
        "survey_roles": {"overall_satisfaction": "Q"},
        "instrument": {"Q": {"minimum": 1, "maximum": 5}},
    }
    tables = {"transactions": ledger(), "survey": survey}
    found = measure_around(tables, changed_on="2025-01-01", **given)
    assert found.before.values["overall_satisfaction"] == 0
    assert found.now.values["overall_satisfaction"] == 100
    undated = tables | {"survey": survey.drop(columns="answered_on")}
    found = measure_around(undated, changed_on="2025-01-01", **given)
    assert "no survey was taken before" in found.before.missing["overall_satisfaction"]
    assert found.now.values["overall_satisfaction"] == 60


def test_dates_that_leave_no_window():
    with pytest.raises(ModelError, match="not far enough to both sides"):
        around({"transactions": ledger("2025-01-01", "2025-02-28")}, "2025-01-15")
    with pytest.raises(ModelError, match="when the measures began"):
        around({"transactions": ledger()}, "")
    with pytest.raises(ModelError, match="no purchases"):
        around({})
    absent = NotAvailable("no date of change")
    assert around({"transactions": ledger()}, absent) is absent

"""Memberships from answers, counts and values: hand-made cases, laws, refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale, number_grades
from crmstudy.evaluation.comprehensive.membership import (
    MISSING,
    code_answers,
    decode,
    membership_from_answers,
    membership_from_counts,
    membership_from_value,
    membership_from_values,
)
from crmstudy.evaluation.comprehensive.shapes import SHAPES, grade_values


def scale(low, high, reverse=False):
    return {"minimum": low, "maximum": high, "reverse": reverse}


def row(answers, low, high, **options):
    return membership_from_answers(
        pd.DataFrame({"q": answers}),
        instrument={"q": scale(low, high, options.pop("reverse", False))},
        items={"quality": "q"},
        **options,
    )


def test_ten_points_fall_in_pairs():
    result = row([1, 2, 3, 4, 4, 5, 6, 8, 9, 10], 1, 10)
    np.testing.assert_allclose(result.memberships.loc["quality"], [0.2, 0.3, 0.2, 0.1, 0.2])
    assert list(result.memberships.columns) == list(GRADES.names)
    assert "5 intervals of equal width" in result.rule


@pytest.mark.parametrize(
    ("points", "grades", "widths"),
    [
        (5, 5, [1, 1, 1, 1, 1]),
        (7, 5, [2, 1, 1, 1, 2]),
        (11, 5, [2.5, 2, 2, 2, 2.5]),
        (7, 3, [2.5, 2, 2.5]),
        (10, 4, [3, 2, 2, 3]),
        (7, 7, [1, 1, 1, 1, 1, 1, 1]),
    ],
)
def test_every_point_once(points, grades, widths):
    # Cuts of 0-10 into five fall on 2, 4, 6, 8: those answers count half to each side.
    result = row(range(points), 0, points - 1, grades=number_grades(grades))
    np.testing.assert_allclose(result.memberships.loc["quality"] * points, widths, atol=1e-12)


def test_missing_answers_are_left_out_and_counted():
    result = row([1, np.nan, 5, None], 1, 5)
    np.testing.assert_allclose(result.memberships.loc["quality"], [0.5, 0, 0, 0, 0.5])
    assert result.table().loc[0, ["answers", "missing answers"]].tolist() == [2, 2]
    assert result.to_metrics() == {"n_indicators": 1, "n_answers": 2, "n_missing_answers": 2}


def test_items_of_an_indicator_are_pooled():
    answers = pd.DataFrame({"a": [1, 5], "b": [5, np.nan], "c": [3, 3]})
    result = membership_from_answers(
        answers,
        instrument={name: scale(1, 5) for name in "abc"},
        items={"both": ["a", "b"], "one": "c"},
    )
    np.testing.assert_allclose(result.memberships.loc["both"], [1 / 3, 0, 0, 0, 2 / 3])
    assert result.n_answers.to_dict() == {"both": 3, "one": 2}
    assert result.n_missing.to_dict() == {"both": 1, "one": 0}


def test_cut_points_of_ones_own():
    result = row([1, 2, 3, 4, 5], 1, 5, cut_points=[1.5, 2, 4.2, 4.9])
    np.testing.assert_allclose(result.memberships.loc["quality"] * 5, [1, 0.5, 2.5, 0, 1])
    assert result.rule.startswith("scale cut at 1.5, 2, 4.2, 4.9")


@given(
    st.lists(st.integers(0, 10), min_size=1, max_size=40),
    st.sampled_from([0, 1]),
    st.integers(3, 7),
)
@settings(deadline=None, max_examples=60)
def test_rows_sum_to_one_and_mirror_with_the_scale(answers, low, grades):
    answers = [max(answer, low) for answer in answers]
    there = row(answers, low, 10, grades=number_grades(grades)).memberships.loc["quality"]
    back = row(answers, low, 10, grades=number_grades(grades), reverse=True).memberships
    assert there.sum() == pytest.approx(1)
    np.testing.assert_allclose(back.loc["quality"], there[::-1], atol=1e-12)


@pytest.mark.parametrize(
    ("answers", "options", "error", "message"),
    [
        ([1, 7], {}, DataError, r"item 'q': found 7 \(1 answers outside\); allowed: 1 to 5"),
        ([np.nan], {}, ModelError, "nobody answered what asks for quality"),
        ([1], {"cut_points": [2, 3]}, SettingsError, "cut-points are 2, 3; allowed for 'q': 4"),
        ([1], {"cut_points": [2, 3, 3, 4]}, SettingsError, "4 ascending numbers between 1 and 5"),
        ([1], {"cut_points": [0, 2, 3, 4]}, SettingsError, "4 ascending numbers between 1 and 5"),
        (
            [1],
            {"grades": number_grades(6)},
            ModelError,
            "item 'q' has 5 points, too few to fill 6 grades",
        ),
    ],
)
def test_answers_refused(answers, options, error, message):
    with pytest.raises(error, match=message):
        row(answers, 1, 5, **options)


def test_unknown_items_are_refused():
    answers = pd.DataFrame({"quality": [1]})
    with pytest.raises(SettingsError, match="'qualty' is not in the survey; did you mean"):
        membership_from_answers(answers, instrument={}, items={"x": "qualty"})
    with pytest.raises(SettingsError, match="item 'quality' is not in the instrument"):
        membership_from_answers(answers, instrument={}, items={"x": "quality"})


def test_counts_become_shares_in_the_order_of_the_grades():
    counts = pd.DataFrame([[1, 2, 3, 4, 0]], index=["q"], columns=list(GRADES.names))
    result = membership_from_counts(counts[counts.columns[::-1]])
    np.testing.assert_allclose(result.memberships.loc["q"], [0.1, 0.2, 0.3, 0.4, 0])
    assert result.n_answers["q"] == 10


def test_counts_equal_the_answers_they_count():
    answers = pd.DataFrame({"q": [1, 1, 2, 4, 5, 5, 5]})
    counts = pd.DataFrame([[2, 1, 0, 1, 3]], index=["x"], columns=list(GRADES.names))
    from_answers = membership_from_answers(answers, instrument={"q": scale(1, 5)}, items={"x": "q"})
    pd.testing.assert_frame_equal(
        from_answers.memberships, membership_from_counts(counts).memberships
    )


def test_counts_refused():
    names = list(GRADES.names)
    with pytest.raises(DataError, match="'superb' stands in the table of counts but not in the gr"):
        membership_from_counts(pd.DataFrame([[1] * 6], columns=[*names, "superb"]))
    with pytest.raises(DataError, match="'very good' stands in the grades but not in the table"):
        membership_from_counts(pd.DataFrame([[1] * 4], columns=names[:4]))
    with pytest.raises(DataError, match="0 or more, none missing"):
        membership_from_counts(pd.DataFrame([[1, 1, 1, 1, -1]], columns=names))
    with pytest.raises(ModelError, match="nobody graded q"):
        membership_from_counts(pd.DataFrame([[0] * 5], index=["q"], columns=names))


RATE = (0.1, 0.2, 0.4, 0.6, 0.8)
COST = (90.0, 70.0, 50.0, 30.0, 10.0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1, [1, 0, 0, 0, 0]),
        (0.0, [1, 0, 0, 0, 0]),
        (0.35, [0, 0.25, 0.75, 0, 0]),
        (0.6, [0, 0, 0, 1, 0]),
        (2.0, [0, 0, 0, 0, 1]),
    ],
)
def test_triangles_by_hand(value, expected):
    found = membership_from_value(value, limits=RATE, direction="larger")
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_smaller_is_better_by_hand():
    found = membership_from_value(65.0, limits=COST, direction="smaller")
    np.testing.assert_allclose(found, [0, 0.75, 0.25, 0, 0])


def test_trapezia_by_hand():
    # Between 0.2 and 0.4: full up to 0.25, none from 0.35 on, half at 0.3.
    for value, expected in [
        (0.2, [0, 1, 0, 0, 0]),
        (0.25, [0, 1, 0, 0, 0]),
        (0.275, [0, 0.75, 0.25, 0, 0]),
        (0.3, [0, 0.5, 0.5, 0, 0]),
        (0.35, [0, 0, 1, 0, 0]),
        (0.0, [1, 0, 0, 0, 0]),
    ]:
        found = membership_from_value(value, limits=RATE, direction="larger", shape="trapezoidal")
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_gaussians_by_hand():
    # One half at half the way, so 2 ** (-4 d ** 2) at d steps, each row divided by its sum.
    found = membership_from_value(0.4, limits=RATE, direction="larger", shape="gaussian")
    raw = np.array([2.0**-16, 2.0**-4, 1, 2.0**-4, 2.0**-16])
    np.testing.assert_allclose(found, raw / raw.sum(), atol=1e-12)
    middle = membership_from_value(0.3, limits=RATE, direction="larger", shape="gaussian")
    assert middle["poor"] == pytest.approx(middle["fair"])


def test_two_limits_are_spread_evenly():
    ends = membership_from_value(65.0, limits=[90, 10], direction="smaller")
    np.testing.assert_allclose(
        ends, membership_from_value(65.0, limits=COST, direction="smaller"), atol=1e-12
    )


@given(
    st.floats(-200, 200),
    st.lists(st.integers(-99, 99), min_size=5, max_size=5, unique=True),
    st.sampled_from(list(SHAPES)),
)
@settings(deadline=None, max_examples=90)
def test_rows_sum_to_one_and_direction_mirrors(value, limits, shape):
    limits = sorted(float(limit) for limit in limits)
    up = membership_from_value(value, limits=limits, direction="larger", shape=shape)
    assert up.sum() == pytest.approx(1)
    assert (up >= 0).all()
    mirrored = [-limit for limit in limits]
    down = membership_from_value(-value, limits=mirrored, direction="smaller", shape=shape)
    np.testing.assert_allclose(up, down, atol=1e-12)
    turned = membership_from_value(value, limits=limits[::-1], direction="smaller", shape=shape)
    np.testing.assert_allclose(turned, up[::-1], atol=1e-12)


@pytest.mark.parametrize("shape", list(SHAPES))
def test_a_better_value_never_has_a_worse_mean_grade(shape):
    values = np.linspace(-0.1, 1, 111)
    means = grade_values(values, np.array(RATE), shape=shape) @ np.arange(1, 6)
    assert (np.diff(means) >= -1e-12).all()


@pytest.mark.parametrize("shape", list(SHAPES))
def test_the_unit_does_not_matter(shape):
    here = membership_from_value(33.0, limits=COST, direction="smaller", shape=shape)
    cents = [100 * limit for limit in COST]
    there = membership_from_value(3300.0, limits=cents, direction="smaller", shape=shape)
    np.testing.assert_allclose(here, there, atol=1e-12)


def test_triangles_and_trapezia_need_no_normalising():
    distance = np.linspace(0, 1, 101)
    for shape in ("triangular", "trapezoidal"):
        np.testing.assert_allclose(SHAPES[shape](distance) + SHAPES[shape](1 - distance), 1)
    assert (SHAPES["gaussian"](distance) + SHAPES["gaussian"](1 - distance) > 1 + 1e-3).any()


def test_several_values():
    rows = membership_from_values(
        {"rate": 0.6, "cost": 10.0},
        limits={"rate": RATE, "cost": COST},
        directions={"rate": "larger", "cost": "smaller"},
    )
    assert rows.loc["rate", "good"] == 1
    assert rows.loc["cost", "very good"] == 1
    with pytest.raises(DataError, match="'cost' stands in the measured values but not in the lim"):
        membership_from_values({"cost": 1.0}, limits={}, directions={"cost": "smaller"})


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limits": RATE[:4]}, SettingsError, r"limits: found 0.1, 0.2, 0.4, 0.6; allowed: 2 num"),
        ({"limits": [0.1, np.inf]}, SettingsError, "found 0.1, inf; allowed: 2 numbers"),
        ({"direction": "smaller"}, SettingsError, "allowed: falling numbers from the worst grade"),
        ({"limits": RATE[::-1]}, SettingsError, "allowed: rising numbers .* larger is better"),
        ({"limits": (0, 1, 1, 4, 5)}, SettingsError, "allowed: rising numbers"),
        ({"direction": "up"}, SettingsError, "direction 'up' is unknown; allowed: larger, smaller"),
        ({"shape": "bell"}, SettingsError, "shape 'bell' is unknown; allowed: triangular, trapez"),
        ({"value": np.nan}, DataError, "needs a measured value; found nan"),
    ],
)
def test_values_refused(options, error, message):
    given_ = {"value": 0.5, "limits": RATE, "direction": "larger"} | options
    with pytest.raises(error, match=message):
        membership_from_value(given_.pop("value"), **given_)


def test_codes_say_what_an_answer_adds():
    answers = pd.DataFrame({"q": [0, 2, 3, 10, np.nan]})
    codes = code_answers(answers, items=["q"], instrument={"q": scale(0, 10)}, grades=GRADES)
    assert codes[:, 0].tolist() == [0, 1, 2, 8, MISSING]
    np.testing.assert_array_equal(decode(5)[codes[1, 0]], [0.5, 0.5, 0, 0, 0])
    np.testing.assert_array_equal(decode(5)[MISSING], np.zeros(5))


def test_grades():
    assert number_grades(5) == GRADES
    assert GRADES.names == ("very poor", "poor", "fair", "good", "very good")
    assert GRADES.values == (1, 2, 3, 4, 5)
    for count in range(3, 8):
        assert len(set(number_grades(count).names)) == count
    with pytest.raises(SettingsError, match="number of grades is 8; allowed: 3 to 7"):
        number_grades(8)
    with pytest.raises(SettingsError, match="two or more different names"):
        GradeScale(("good", "good"), (1, 2))
    with pytest.raises(SettingsError, match="one number a grade"):
        GradeScale(("poor", "good"), (1,))


def test_hands_on_what_is_not_available():
    missing = NotAvailable("no survey")
    assert membership_from_answers(missing, instrument={}, items={}) is missing
    assert membership_from_value(missing, limits=RATE, direction="larger") is missing

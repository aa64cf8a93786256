"""Items are described, and answers off the scale are refused."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, NotAvailable
from crmstudy.loyalty import recode_reversed, screen_items

INSTRUMENT = {
    "q1": {"construct": "quality", "text": "Good", "minimum": 1, "maximum": 5, "reverse": False},
    "q2": {"construct": "quality", "text": "Bad", "minimum": 1, "maximum": 5, "reverse": True},
}


@pytest.fixture
def survey():
    return pd.DataFrame(
        {"respondent_id": list("abcdef"), "q1": [1, 2, 5, 5, 5, np.nan], "q2": [3, 3, 3, 3, 3, 3]}
    )


def test_counts_and_shares(survey):
    screen = screen_items(survey, instrument=INSTRUMENT)
    first, second = screen.table().to_dict("records")
    assert (first["n"], first["missing"], first["construct"]) == (5, 1, "quality")
    assert first["mean"] == pytest.approx(3.6)
    assert first["share at floor"] == pytest.approx(1 / 5)
    assert first["share at ceiling"] == pytest.approx(3 / 5)
    assert np.isnan(second["skewness"])
    assert np.isnan(second["kurtosis"])
    assert second["sd"] == 0.0
    metrics = screen.to_metrics()
    assert (metrics["n_respondents"], metrics["n_complete"]) == (6, 5)
    assert metrics["n_missing_answers"] == 1
    assert metrics["max_share_at_ceiling"] == pytest.approx(0.6)


def test_moments_of_joanes_and_gill(survey):
    # By hand: m2 = 3.04, m3 = -3.168 of 1 2 5 5 5 (n = 5); G1 = g1 sqrt(n(n-1)) / (n-2).
    [first, _] = screen_items(survey, instrument=INSTRUMENT).table().to_dict("records")
    x = np.array([1, 2, 5, 5, 5.0])
    m2, m3, m4 = (np.mean((x - x.mean()) ** k) for k in (2, 3, 4))
    assert first["skewness"] == pytest.approx(m3 / m2**1.5 * np.sqrt(20) / 3)
    assert first["kurtosis"] == pytest.approx(4 / (3 * 2) * (6 * (m4 / m2**2 - 3) + 6))


def test_strong_skew_fails_its_check():
    answers = pd.DataFrame({"q1": [1] * 60 + [5], "q2": [1, 5] * 30 + [3]})
    skew, kurtosis, ends = screen_items(answers, instrument=INSTRUMENT).checks
    assert not skew.passed
    assert not kurtosis.passed
    assert skew.source == "Curran, West & Finch (1996)"
    assert not ends.passed
    assert ends.statistic == pytest.approx(60 / 61)


def test_floor_and_ceiling_by_the_convention():
    answers = pd.DataFrame({"q1": [5] * 15 + [3, 4] * 42 + [2], "q2": [1] * 16 + [2, 3] * 42})
    screen = screen_items(answers, instrument=INSTRUMENT)
    assert screen.to_metrics()["n_items_at_floor_or_ceiling"] == 1
    assert screen.checks[2].statistic == pytest.approx(0.16)
    assert not screen.checks[2].passed
    assert screen_items(answers.iloc[1:], instrument=INSTRUMENT).table()["lowest"].tolist() == [
        2,
        1,
    ]


def test_nobody_answered_an_item(survey):
    survey["q1"] = np.nan
    first, _ = screen_items(survey, instrument=INSTRUMENT).table().to_dict("records")
    assert first["n"] == 0
    assert np.isnan(first["share at floor"])


def test_constructs_are_called_by_their_label(survey):
    labelled = {item: {**spec, "label": "Perceived quality"} for item, spec in INSTRUMENT.items()}
    table = screen_items(survey, instrument=labelled).table()
    assert table["construct"].unique().tolist() == ["Perceived quality"]


def test_reversed_items_are_turned_round(survey):
    survey["q2"] = [1, 2, 3, 4, 5, np.nan]
    turned = recode_reversed(survey, instrument=INSTRUMENT)
    assert turned["q2"].tolist()[:5] == [5, 4, 3, 2, 1]
    assert turned["q1"].equals(survey["q1"])
    assert survey["q2"].tolist()[:5] == [1, 2, 3, 4, 5]
    again = recode_reversed(turned, instrument=INSTRUMENT)
    assert again["q2"].equals(survey["q2"].astype(float))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (0, "off the scale 1 to 5"),
        (6, "off the scale 1 to 5"),
        (-99, "off the scale 1 to 5"),
        ("often", "not a finite number"),
        (np.inf, "not a finite number"),
    ],
)
def test_an_answer_off_the_scale_is_refused(survey, answer, said):
    survey = survey.astype({"q1": object})
    survey.loc[2, "q1"] = answer
    with pytest.raises(DataError, match=rf"item 'q1', row 2: {answer!r} is {said}"):
        screen_items(survey, instrument=INSTRUMENT)


def test_missing_answers_come_in_every_pandas_dress(survey):
    dressed = survey.astype({"q1": "Int64", "q2": object})
    dressed.loc[0, "q2"] = None
    table = screen_items(dressed, instrument=INSTRUMENT).table()
    assert table["missing"].tolist() == [1, 1]


def test_a_missing_column_is_refused(survey):
    with pytest.raises(DataError, match=r"'q2' of the instrument is not a column.*mean 'q_2'"):
        screen_items(survey.rename(columns={"q2": "q_2"}), instrument=INSTRUMENT)


def test_absence_is_passed_on():
    gone = NotAvailable("this study has no survey")
    assert screen_items(gone, instrument=INSTRUMENT) is gone

"""Careless respondents are counted by several signs; gaps by model, respondent and pattern."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import DataError, NotAvailable
from crmstudy.loyalty.questionnaire.missing import count_gaps
from crmstudy.loyalty.questionnaire.respondents import (
    CONSTANT,
    FAR,
    RUN,
    SKIPPED,
    TWIN,
    longest_runs,
    measure_distances,
    screen_respondents,
)
from crmstudy.shares import wilson_limits

ITEMS = [f"q{k}" for k in range(1, 13)]
INSTRUMENT = {
    item: {"construct": "c", "text": "", "minimum": 1, "maximum": 7, "reverse": False}
    for item in ITEMS
}
MODELS = {
    "constructs": {"first": {"items": ITEMS[:3]}, "second": {"items": ITEMS[3:6]}},
    "models": {
        "both": {"constructs": [], "items": {}},
        "short": {"constructs": ["first"], "items": {"first": ITEMS[:2]}},
    },
}


@pytest.fixture(scope="module")
def reference():
    """R's numbers, by topic, name and column."""
    file = Path(__file__).parents[1] / "reference" / "questionnaire" / "expected.csv"
    table = pd.read_csv(file, dtype={"name": str})
    return table.set_index(["topic", "name", "column"]).sort_index()


@pytest.fixture
def survey():
    answers = np.random.default_rng(7).integers(1, 8, (200, 12)).astype(float)
    return pd.DataFrame(answers, columns=ITEMS)


def counts(screen):
    return screen.table().set_index("sign")["respondents"]


# --- reference -----------------------------------------------------------------------------


def test_runs_and_distances_are_those_of_r(mobi, reference):
    run = reference.loc["run"].xs("longest", level="column")["value"]
    distance = reference.loc["distance"].xs("squared", level="column")["value"]
    rows = [str(k) for k in range(1, len(mobi) + 1)]
    assert longest_runs(mobi.to_numpy(float)).tolist() == run.loc[rows].tolist()
    assert measure_distances(mobi).to_numpy() == pytest.approx(distance.loc[rows], rel=1e-9)
    instrument = {item: {**INSTRUMENT["q1"], "maximum": 10} for item in mobi}
    screen = screen_respondents(mobi, instrument=instrument)
    assert counts(screen)[FAR.name] == reference.loc[("distance", "all", "far"), "value"]
    assert counts(screen)[RUN.name] == (run >= 12).sum()


# --- laws ----------------------------------------------------------------------------------


def test_runs_by_hand():
    nan = np.nan
    answers = np.array(
        [[1, 1, 1, 2], [1, 2, 2, 1], [3, nan, 3, 3], [nan, nan, nan, nan], [5, 5, 5, 5]]
    )
    assert longest_runs(answers).tolist() == [3, 2, 2, 0, 4]


def test_each_sign_finds_its_respondent_and_no_other(survey):
    clean = screen_respondents(survey, instrument=INSTRUMENT)
    assert counts(clean).drop(FAR.name).sum() == 0
    spoilt = survey.copy()
    spoilt.iloc[0, 2:] = np.nan  # most items skipped
    spoilt.iloc[1] = 4.0  # the same answer throughout
    spoilt.iloc[2, 3:9] = 2.0  # a run of six of twelve
    spoilt.iloc[2, [2, 9]] = 5.0
    spoilt.iloc[3] = spoilt.iloc[4]  # twins
    spoilt.iloc[5, 3:8] = 2.0  # a run of five is none
    spoilt.iloc[5, [2, 8]] = 5.0
    screen = screen_respondents(spoilt, instrument=INSTRUMENT)
    shown = screen.respondents
    assert shown.index[shown[SKIPPED.name]].tolist() == [0]
    assert shown.index[shown[CONSTANT.name]].tolist() == [1]
    assert shown.index[shown[RUN.name]].tolist() == [1, 2]
    assert shown.index[shown[TWIN.name]].tolist() == [3, 4]
    assert shown["longest run"].iloc[[1, 2, 5]].tolist() == [12, 6, 5]
    assert len(spoilt) == 200  # nobody is dropped


def test_equal_straight_lines_are_no_twins(survey):
    survey.iloc[:3] = 4.0
    found = counts(screen_respondents(survey, instrument=INSTRUMENT))
    assert found[CONSTANT.name] == 3
    assert found[TWIN.name] == 0


def test_shares_and_intervals(survey):
    survey.iloc[:3] = 4.0
    table = screen_respondents(survey, instrument=INSTRUMENT, level=0.9).table().set_index("sign")
    row = table.loc[CONSTANT.name]
    assert (row["judged"], row["share"]) == (200, pytest.approx(3 / 200))
    assert (row["lower"], row["upper"]) == pytest.approx(
        [float(limit) for limit in wilson_limits(3, 200, confidence=0.9)]
    )
    assert table.index[-1] == "any of these"


def test_normal_answers_are_far_out_as_often_as_promised():
    answers = pd.DataFrame(np.random.default_rng(3).normal(4, 1, (20_000, 12)), columns=ITEMS)
    wide = {item: {**spec, "minimum": -99, "maximum": 99} for item, spec in INSTRUMENT.items()}
    share = counts(screen_respondents(answers, instrument=wide))[FAR.name] / 20_000
    assert share == pytest.approx(0.001, abs=4 * np.sqrt(0.001 / 20_000))


def test_the_order_of_respondents_does_not_matter(survey):
    survey.iloc[:3] = 4.0
    survey.iloc[5, 2:] = np.nan
    turned = survey.sample(frac=1.0, random_state=1)
    one = screen_respondents(survey, instrument=INSTRUMENT)
    two = screen_respondents(turned, instrument=INSTRUMENT)
    pd.testing.assert_frame_equal(one.table(), two.table())
    pd.testing.assert_frame_equal(one.respondents, two.respondents.loc[survey.index])
    gaps = [count_gaps(each, instrument=INSTRUMENT, models=MODELS) for each in (survey, turned)]
    pd.testing.assert_frame_equal(gaps[0].patterns, gaps[1].patterns)


def test_metrics(survey):
    metrics = screen_respondents(survey, instrument=INSTRUMENT).to_metrics()
    assert metrics["n_respondents"] == 200
    assert set(metrics) == {
        *("n_skipped", "n_constant", "n_run", "n_twin", "n_far", "n_any_sign", "n_respondents")
    }


# --- what cannot be judged -----------------------------------------------------------------


def test_short_batteries_are_not_judged(survey):
    few = {item: INSTRUMENT[item] for item in ITEMS[:9]}
    screen = screen_respondents(survey, instrument=few)
    assert RUN.name not in counts(screen)
    assert "no 10 items share a scale" in screen.notes[0]


def test_few_or_redundant_respondents_have_no_distance(survey):
    screen = screen_respondents(survey.head(12), instrument=INSTRUMENT)
    assert FAR.name not in counts(screen)
    assert "12 complete respondents are too few for 12 items" in screen.notes[0]
    survey["q2"] = survey["q1"]
    assert isinstance(measure_distances(survey), NotAvailable)
    survey["q2"] = 3.0
    assert "constant" in measure_distances(survey).reason


def test_nobody_answered_anything(survey):
    screen = screen_respondents(survey.head(2) * np.nan, instrument=INSTRUMENT)
    assert counts(screen)[SKIPPED.name] == 2
    assert np.isnan(screen.table().set_index("sign").loc[CONSTANT.name, "share"])


def test_absence_and_bad_answers(survey):
    gone = NotAvailable("this study has no survey")
    assert screen_respondents(gone, instrument=INSTRUMENT) is gone
    assert count_gaps(gone, instrument=INSTRUMENT, models=MODELS) is gone
    survey.loc[3, "q4"] = 8
    with pytest.raises(DataError, match=r"item 'q4', row 3: .*off the scale 1 to 7"):
        screen_respondents(survey, instrument=INSTRUMENT)


# --- gaps ----------------------------------------------------------------------------------


def test_gaps_are_counted_by_model_respondent_and_pattern(survey):
    survey.loc[[0, 1, 2], "q12"] = np.nan
    survey.loc[3, ["q1", "q12"]] = np.nan
    survey.loc[4, "q3"] = np.nan
    survey.iloc[5] = np.nan
    gaps = count_gaps(survey, instrument=INSTRUMENT, models=MODELS)
    table = gaps.table().set_index("items of")
    assert table["complete"].to_dict() == {"all items": 194, "both": 197, "short": 198}
    assert table["left out"].to_dict() == {"all items": 6, "both": 3, "short": 2}
    assert table["items"].to_dict() == {"all items": 12, "both": 6, "short": 2}
    by = gaps.by_respondent.set_index("items skipped")["respondents"].to_dict()
    assert by == {"none": 194, "1": 4, "2": 1, "more than 10": 1}
    assert gaps.patterns["items skipped"].head(2).tolist() == ["none", "q12"]
    assert gaps.patterns["respondents"].sum() == 200
    assert gaps.patterns["share"].sum() == pytest.approx(1)
    assert gaps.to_metrics() == {
        "n_respondents": 200,
        "n_gaps": 18,
        "n_complete": 194,
        "n_patterns": 5,
    }


def test_missing_codes_are_gaps(survey):
    coded = {item: {**spec, "missing": (99.0,)} for item, spec in INSTRUMENT.items()}
    survey.loc[[0, 1], "q1"] = 99
    gaps = count_gaps(survey, instrument=coded, models=MODELS)
    assert gaps.table()["left out"].iloc[0] == 2

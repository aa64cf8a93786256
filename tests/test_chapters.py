"""The gates of the chapters refuse by chapter, parameter, value and rule."""

from __future__ import annotations

import math

import pytest

from crmstudy.chapters import GATES, check_parameters
from crmstudy.errors import SettingsError

VALUE = {
    "STUDY": "open",
    "CALIBRATION_END": "1997-09-30",
    "HORIZON_WEEKS": 52.0,
    "ANNUAL_DISCOUNT_RATE": 0.1,
    "MARGIN": 0.3,
}
SEGMENTATION = {"STUDY": "open", "N_BINS": 5, "N_SEGMENTS": 0, "N_REPLICATES": 20}


def test_good_parameters_come_back_typed():
    gate = check_parameters("customer_value", **VALUE)
    assert gate.MARGIN == 0.3
    assert gate.DATASET == ""
    assert (gate.chapter, gate.number) == ("customer_value", 4)


def test_every_chapter_has_its_own_number():
    assert [gate.number for gate in GATES.values()] == list(range(9))


def test_a_whole_number_may_stand_for_a_real_one():
    assert check_parameters("customer_value", **{**VALUE, "HORIZON_WEEKS": 52}).HORIZON_WEEKS == 52


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("MARGIN", True, "MARGIN = True: Input should be a valid number"),
        ("MARGIN", "0.3", "MARGIN = '0.3': Input should be a valid number"),
        ("MARGIN", 0, "MARGIN = 0: Input should be greater than 0"),
        ("MARGIN", 1.01, "MARGIN = 1.01: Input should be less than or equal to 1"),
        ("MARGIN", math.nan, "MARGIN = nan: Input should be a finite number"),
        ("HORIZON_WEEKS", math.inf, "HORIZON_WEEKS = inf: Input should be"),
        ("ANNUAL_DISCOUNT_RATE", -0.01, "Input should be greater than or equal to 0"),
        ("CALIBRATION_END", "30.09.1997", "must be a date such as 1997-09-30, or empty"),
        ("CALIBRATION_END", "1997-09-31", "must be a date such as 1997-09-30, or empty"),
        ("CALIBRATION_END", "19970930", "must be a date such as 1997-09-30, or empty"),
        ("CALIBRATION_END", "1997-W40-2", "must be a date such as 1997-09-30, or empty"),
        ("CALIBRATION_END", 19970930, "CALIBRATION_END = 19970930: Input should be a valid string"),
        ("STUDY", "", "STUDY = '': String should have at least 1 character"),
        ("DATASET", None, "DATASET = None: Input should be a valid string"),
        ("MARGINE", 0.3, "MARGINE is unknown; did you mean 'MARGIN'?"),
    ],
)
def test_a_broken_rule_names_chapter_parameter_value_and_rule(parameter, value, rule):
    with pytest.raises(SettingsError) as caught:
        check_parameters("customer_value", **{**VALUE, parameter: value})
    assert str(caught.value).startswith("chapter customer_value: ")
    assert rule in str(caught.value)


@pytest.mark.parametrize("value", [True, 5.0, "5", 1, 11])
def test_a_count_must_be_a_whole_number_in_its_range(value):
    with pytest.raises(SettingsError, match="chapter segmentation: N_BINS = "):
        check_parameters("segmentation", **{**SEGMENTATION, "N_BINS": value})


@pytest.mark.parametrize("end", ["", "1997-09-30"])
def test_a_date_may_be_empty(end):
    assert check_parameters("customer_value", **{**VALUE, "CALIBRATION_END": end})


@pytest.mark.parametrize("parameter", [name for name in VALUE if name != "DATASET"])
def test_a_missing_parameter_is_named(parameter):
    given = {name: value for name, value in VALUE.items() if name != parameter}
    with pytest.raises(SettingsError, match=f"{parameter} is missing"):
        check_parameters("customer_value", **given)


def test_all_problems_in_one_message():
    with pytest.raises(SettingsError) as caught:
        check_parameters("segmentation", STUDY="open", N_BINS=0, N_SEGMENTS=13, N_SEGMENT=3)
    for part in ("N_BINS = 0", "N_SEGMENTS = 13", "N_REPLICATES is missing", "N_SEGMENT is unk"):
        assert part in str(caught.value)


def test_an_unknown_chapter_names_the_nearest():
    with pytest.raises(SettingsError, match="unknown chapter 'segmentaton'; did you mean 'segm"):
        check_parameters("segmentaton", STUDY="open")

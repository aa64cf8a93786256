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
    "SHOP_DATASET": "",
    "N_REPLICATES": 200,
    "STAGE_PERIOD": "quarter",
    "LAPSE_WEEKS": 0,
    "WARNING_WEEKS": 0,
    "CONTACT_COST": 1.0,
    "RESCUE_SHARE": 0.2,
    "TOP_K": 10,
    "CLAIMED_UPLIFT": 0.15,
}


@pytest.fixture
def segmentation(segmentation_parameters):
    return {"STUDY": "open", **segmentation_parameters}


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
def test_a_count_must_be_a_whole_number_in_its_range(segmentation, value):
    with pytest.raises(SettingsError, match="chapter segmentation: N_BINS = "):
        check_parameters("segmentation", **{**segmentation, "N_BINS": value})


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("N_WINDOWS", 1, "greater than or equal to 2"),
        ("N_WINDOWS", 13, "less than or equal to 12"),
        ("N_SEGMENTS", 1, "must be 0 (choose) or 2 and more"),
        ("N_SEGMENTS", -1, "greater than or equal to 0"),
        ("N_REPLICATES", 1, "greater than or equal to 2"),
        ("N_REPLICATES", 1001, "less than or equal to 1000"),
        ("CUT_SHARE", 0.09, "greater than or equal to 0.1"),
        ("CUT_SHARE", 0.91, "less than or equal to 0.9"),
        ("HORIZON_WEEKS", 0.0, "greater than 0"),
        ("HORIZON_WEEKS", 521.0, "less than or equal to 520"),
        ("ANNUAL_DISCOUNT_RATE", -0.01, "greater than or equal to 0"),
        ("ANNUAL_DISCOUNT_RATE", 1.0, "less than 1"),
        ("MARGIN_SHARE", 0.0, "greater than 0"),
        ("MARGIN_SHARE", 1.01, "less than or equal to 1"),
        ("CONTACT_COST", 0.0, "greater than 0"),
        ("CONTACT_COST", math.inf, "finite number"),
        ("BUDGET_SHARE", -0.1, "greater than or equal to 0"),
        ("BUDGET_SHARE", 5.1, "less than or equal to 5"),
    ],
)
def test_every_range_of_the_segmentation(segmentation, parameter, value, rule):
    with pytest.raises(SettingsError) as caught:
        check_parameters("segmentation", **{**segmentation, parameter: value})
    assert f"chapter segmentation: {parameter} = {value!r}: " in str(caught.value)
    assert rule in str(caught.value)


@pytest.mark.parametrize("cuts", ["", " ", "90; 2; 50", "30 90.5 180; 2 4 8; -5 100 1e3"])
def test_cut_points_that_can_be(segmentation, cuts):
    settings = check_parameters("segmentation", **{**segmentation, "RFM_CUTS": cuts})
    assert cuts == settings.RFM_CUTS


@pytest.mark.parametrize(
    "cuts",
    [
        *("30 90; 2 4", "30 90; 2 4; 50 100; 1 2", "30 90; 2 4; 50", ";;", ";", "a b; 2 4; 50 100"),
        *("90 30; 2 4; 50 100", "30 30; 2 4; 50 100", "30 nan; 2 4; 50 100", "30 inf; 2 4; 5 6"),
        "; ".join(["1 2 3 4 5 6 7 8 9 10"] * 3),
    ],
)
def test_cut_points_that_cannot_be(segmentation, cuts):
    with pytest.raises(SettingsError, match=r"RFM_CUTS = .*: must be empty or three lists"):
        check_parameters("segmentation", **{**segmentation, "RFM_CUTS": cuts})


@pytest.mark.parametrize("weights", ["3 2 1", "0 0 0.5", " 1  1 1 "])
def test_weights_that_can_be(segmentation, weights):
    settings = check_parameters("segmentation", **{**segmentation, "RFM_WEIGHTS": weights})
    assert weights == settings.RFM_WEIGHTS


@pytest.mark.parametrize(
    "weights", ["", "1 2", "1 2 3 4", "a b c", "1 -1 1", "0 0 0", "1,1,1", "1 inf 1", "1 nan 1"]
)
def test_weights_that_cannot_be(segmentation, weights):
    with pytest.raises(SettingsError, match=r"RFM_WEIGHTS = .*: must be three numbers parted"):
        check_parameters("segmentation", **{**segmentation, "RFM_WEIGHTS": weights})


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

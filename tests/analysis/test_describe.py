from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.analysis import count_levels, describe_variables
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.shares import wilson_limits

REFERENCE = pd.read_csv(Path(__file__).parents[1] / "reference" / "describe" / "expected.csv")
VALUES = {
    "skewed": [3, 1, 4, 1, 5, 9, 2, 6, 5, 35, 8, 9, 7, 9, 3, 2, 3, 8],
    "small": [0.5, -1.25, 7],
}


@pytest.mark.parametrize("name", VALUES)
def test_description_is_that_of_r(name):
    expected = REFERENCE[REFERENCE["part"] == name].set_index("quantity")["value"]
    row = describe_variables(pd.DataFrame({name: VALUES[name]})).variables.loc[name]
    assert len(expected) == 10
    for quantity, value in expected.items():
        assert row[quantity] == pytest.approx(value, rel=1e-12), quantity


@pytest.mark.parametrize("part", ["0/7", "3/10", "45/288", "801/801"])
def test_wilson_interval_is_that_of_r(part):
    expected = REFERENCE[REFERENCE["part"] == part].set_index("quantity")["value"]
    count, n = map(int, part.split("/"))
    lower, upper = wilson_limits(pd.Series([count]), n, confidence=0.95)
    assert lower[0] == pytest.approx(expected["lower"], abs=1e-14)
    assert upper[0] == pytest.approx(expected["upper"], abs=1e-14)


def test_missing_constant_and_lonely_values_are_said():
    frame = pd.DataFrame(
        {
            "spend": [1.0, 2.0, np.nan, 4.0],
            "constant": [0.1, 0.1, 0.1, 0.1],
            "lonely": [7.0, np.nan, np.nan, np.nan],
            "nothing": [np.nan] * 4,
            "region": list("abca"),
            "member": [True, False, True, True],
        }
    )
    summary = describe_variables(frame)
    assert summary.not_numeric == ("region", "member")
    assert summary.variables["n"].tolist() == [3, 4, 1, 0]
    assert summary.variables["missing"].tolist() == [1, 0, 3, 4]
    assert summary.variables["note"].tolist() == [
        "",
        "constant: no skewness",
        "one value: no interval",
        "no value",
    ]
    metrics = summary.to_metrics()
    assert metrics["spend_mean"] == pytest.approx(7 / 3)
    assert "lonely_sd" not in metrics
    assert not any(np.isnan(value) for value in metrics.values())
    assert "mean, lower 95%" in summary.table().columns


def test_shift_and_scale_move_the_description_as_they_must():
    values = pd.Series(np.random.default_rng(1).gamma(2, size=200))
    frame = pd.DataFrame({"x": values, "moved": 5 - 3 * values})
    x, moved = (describe_variables(frame).variables.loc[name] for name in ("x", "moved"))
    assert moved["mean"] == pytest.approx(5 - 3 * x["mean"])
    assert moved["lower"] == pytest.approx(5 - 3 * x["upper"])
    assert moved["sd"] == pytest.approx(3 * x["sd"])
    assert moved["iqr"] == pytest.approx(3 * x["iqr"])
    assert moved["skewness"] == pytest.approx(-x["skewness"])


def test_mean_interval_covers_the_mean_as_often_as_it_says():
    samples = pd.DataFrame(np.random.default_rng(2).normal(3.0, 2.0, (12, 2_000)))
    variables = describe_variables(samples.add_prefix("s"), confidence=0.9).variables
    covered = ((variables["lower"] < 3.0) & (variables["upper"] > 3.0)).mean()
    assert covered == pytest.approx(0.9, abs=3 * np.sqrt(0.9 * 0.1 / 2_000))


def test_levels_are_counted_by_hand():
    frame = pd.DataFrame(
        {
            "region": ["north", "south", None, "north", "east", "south", "north"],
            "age": pd.Categorical(
                ["old", "young", "young", None, None, None, None],
                categories=["young", "middle", "old"],
                ordered=True,
            ),
        }
    )
    counts = count_levels(frame, ["region", "age"])
    region, age = (counts.levels[counts.levels["variable"] == v] for v in ("region", "age"))
    assert region["level"].tolist() == ["north", "south", "east"]
    assert region["count"].tolist() == [3, 2, 1]
    assert region["share"].sum() == pytest.approx(1)
    assert region["missing"].unique().tolist() == [1]
    assert age["level"].tolist() == ["young", "middle", "old"]  # their order, and the empty one
    assert age["count"].tolist() == [2, 0, 1]
    assert counts.to_metrics()["region_largest_share"] == pytest.approx(0.5)
    assert counts.to_metrics()["age_n_levels"] == 3


def test_refusals():
    frame = pd.DataFrame({"spend": [1.0, np.inf], "region": ["a", "b"], "empty": [None, None]})
    with pytest.raises(DataError, match="variable 'spend' holds an infinite value"):
        describe_variables(frame)
    with pytest.raises(ModelError, match="no column of the data is numeric"):
        describe_variables(frame[["region"]])
    with pytest.raises(SettingsError, match="confidence = 95: must lie between 0 and 1"):
        describe_variables(frame[["spend"]], confidence=95)
    with pytest.raises(DataError, match=r"no column 'regio'; did you mean 'region'\?"):
        count_levels(frame, ["regio"])
    with pytest.raises(ModelError, match="no row has a level of empty"):
        count_levels(frame, ["empty"])
    with pytest.raises(ModelError, match="no categorical variable was named"):
        count_levels(frame, [])
    assert not count_levels(NotAvailable("no customers"), ["region"])

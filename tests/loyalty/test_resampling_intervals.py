"""Limits from replicates: R's boot given the same replicates, and laws."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from crmstudy.loyalty.resampling.intervals import (
    accelerate,
    bca_limits,
    interpolate_quantiles,
    percentile_limits,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "sem_bootstrap"


@pytest.fixture(scope="module")
def ratio():
    table = pd.read_csv(REFERENCE / "replicates.csv")
    return {what: rows["value"].to_numpy() for what, rows in table.groupby("what")}


@pytest.fixture(scope="module")
def limits():
    return pd.read_csv(REFERENCE / "limits.csv").to_dict("records")


def test_limits_are_those_of_boot(ratio, limits):
    acceleration = accelerate(ratio["without"])
    assert abs(acceleration) > 0.01
    for row in limits:
        found = (
            percentile_limits(ratio["replicate"], level=row["level"])
            if row["kind"] == "percentile"
            else bca_limits(
                ratio["replicate"],
                ratio["estimate"][0],
                acceleration=acceleration,
                level=row["level"],
            )
        )
        assert found == pytest.approx((row["lower"], row["upper"]), abs=1e-10)


def test_percentile_limits_follow_any_increasing_function(ratio):
    """Up to the interpolation between two neighbours; with 999 replicates there is none."""
    drawn = ratio["replicate"]
    plain = percentile_limits(drawn, level=0.95)
    moved = percentile_limits(np.exp(drawn), level=0.95)
    assert moved == pytest.approx(np.exp(plain), rel=1e-12)


def test_bca_without_bias_and_acceleration_is_the_percentile_interval():
    drawn = np.arange(-500.0, 500.0) + 0.5
    found = bca_limits(drawn, 0.0, acceleration=0.0, level=0.9)
    assert found == pytest.approx(percentile_limits(drawn, level=0.9), abs=1e-9)


def test_a_mirrored_quantity_has_mirrored_limits(ratio):
    drawn, value = ratio["replicate"], ratio["estimate"][0]
    acceleration = accelerate(ratio["without"])
    assert accelerate(-ratio["without"]) == pytest.approx(-acceleration, rel=1e-12)
    lower, upper = bca_limits(drawn, value, acceleration=acceleration, level=0.95)
    mirrored = bca_limits(-drawn, -value, acceleration=-acceleration, level=0.95)
    assert mirrored == pytest.approx((-upper, -lower), rel=1e-12)


def test_a_bias_moves_both_limits(ratio):
    drawn = ratio["replicate"]
    plain = percentile_limits(drawn, level=0.95)
    high = bca_limits(drawn, float(np.quantile(drawn, 0.7)), acceleration=0.0, level=0.95)
    assert high[0] > plain[0]
    assert high[1] > plain[1]
    # z0 = z(.7): the adjusted tails by Efron's formula
    z0 = 0.5244005127
    tails = ndtr(2 * z0 + np.array([-1.959963985, 1.959963985]))
    assert high == pytest.approx(interpolate_quantiles(drawn, tails), abs=2e-3)


def test_replicates_all_alike_give_their_value():
    assert bca_limits(np.ones(50), 1.0, acceleration=0.0, level=0.95) == (1.0, 1.0)
    assert percentile_limits(np.ones(50), level=0.95) == (1.0, 1.0)
    assert accelerate(np.ones(50)) == 0.0


def test_an_estimate_beyond_all_replicates_keeps_limits_among_them():
    drawn = np.random.default_rng(1).normal(size=200)
    lower, upper = bca_limits(drawn, 99.0, acceleration=0.1, level=0.95)
    assert drawn.min() <= lower <= upper <= drawn.max()


def test_quantiles_beyond_the_replicates_are_the_outermost():
    drawn = np.array([3.0, 1.0, 2.0])
    found = interpolate_quantiles(drawn, np.array([0.01, 0.5, 0.99]))
    assert found.tolist() == [1.0, 2.0, 3.0]

"""Splitting a ledger's days, and the interval of the largest customers' share."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, SettingsError
from crmstudy.value import bootstrap_share, concentrate, split_period, sum_revenue


def ledger(*days, revenue=1.0):
    return pd.DataFrame(
        {
            "customer_id": [f"c{i % 3}" for i in range(len(days))],
            "ordered_at": pd.to_datetime(list(days)),
            "revenue": revenue,
        }
    )


def test_two_thirds_of_the_days_are_calibration():
    split = split_period(ledger("2025-01-01 10:00", "2025-04-10 09:00"))  # 100 days
    assert split.calibration_end == "2025-03-08"  # the 67th
    assert split.holdout_end == "2025-04-10"


def test_a_day_that_is_told_is_taken():
    split = split_period(ledger("1997-01-01", "1998-06-30"), calibration_end="1997-09-30")
    assert (split.calibration_end, split.holdout_end) == ("1997-09-30", "1998-06-30")


@pytest.mark.parametrize("day", ["1996-12-31", "1997-01-01", "1998-06-30", "1999-01-01"])
def test_a_day_that_leaves_nothing_is_refused(day):
    with pytest.raises(SettingsError, match="must lie between the first and the last purchase"):
        split_period(ledger("1997-01-01", "1998-06-30"), calibration_end=day)


def test_a_short_ledger_is_refused():
    with pytest.raises(ModelError, match="cover 83 days; a hold-out test needs 84 or more"):
        split_period(ledger("2025-01-01", "2025-03-24"))


def test_revenue_is_summed_by_customer():
    summed = sum_revenue(ledger("2025-01-01", "2025-01-02", "2025-01-03", "2025-01-04"))
    assert summed.to_dict() == {"c0": 2.0, "c1": 1.0, "c2": 1.0}


def test_the_share_is_that_of_the_lorenz_curve():
    revenue = pd.Series(np.random.default_rng(3).gamma(0.5, 10, 501))
    interval = bootstrap_share(revenue, largest=0.2, seed=1)
    assert interval.share == pytest.approx(float(concentrate(revenue).top_share(0.2)), abs=1e-12)
    assert interval.lower < interval.share < interval.upper


def test_equal_customers_leave_no_room():
    interval = bootstrap_share(pd.Series(np.ones(50)), largest=0.2, seed=1)
    assert (interval.lower, interval.share, interval.upper) == pytest.approx((0.2, 0.2, 0.2))


def test_the_same_seed_draws_the_same():
    revenue = pd.Series(np.random.default_rng(4).gamma(1, 10, 60))
    first, second, other = (bootstrap_share(revenue, seed=s).lower for s in (5, 5, 6))
    assert first == second != other


def test_the_interval_covers_the_truth():
    """Exponential revenue: the largest fifth holds .2 (1 - ln .2) of it."""
    truth, generator = 0.2 * (1 - np.log(0.2)), np.random.default_rng(11)
    hits = 0
    for draw in range(200):
        revenue = pd.Series(generator.exponential(1.0, 300))
        interval = bootstrap_share(revenue, seed=draw, n_replicates=199)
        hits += interval.lower <= truth <= interval.upper
    assert 180 <= hits <= 199  # .95 within four standard errors, a little low by bias


def test_too_few_customers():
    with pytest.raises(ModelError, match="needs 10 customers"):
        bootstrap_share(pd.Series([1.0, 2.0]), seed=1)

"""A series interrupted by a measure that reached everybody."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.series.interruption import fit_interruption, fit_interruptions
from crmstudy.case.series.windows import (
    find_change_day,
    join_series,
    read_day,
    sum_purchases,
    sum_service,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError
from crmstudy.improvement import Case

REFERENCE = Path(__file__).parents[1] / "reference" / "interrupted_series"
TERMS = {
    "level before": "(Intercept)",
    "slope before": "t",
    "change of level": "A",
    "change of slope": "I(A * t)",
    "season, sine": "s",
    "season, cosine": "c",
}
DAY = "2024-01-01"


@pytest.fixture(scope="module")
def drivers():
    return pd.read_csv(REFERENCE / "drivers.csv", parse_dates=["month"]).set_index("month")


def draw(n=40, *, level=0.0, slope=0.0, rho=0.0, seed=1):
    rng = np.random.default_rng(seed)
    errors = np.zeros(n)
    for t in range(n):
        errors[t] = (rho * errors[t - 1] if t else 0.0) + rng.standard_normal()
    time = np.arange(n) - n // 2
    after = time >= 0
    index = pd.Timestamp(DAY) + pd.to_timedelta(14 * time, unit="D")
    values = 20 + 0.05 * time + level * after + slope * after * time + errors
    return pd.DataFrame({"y": values}, index=index)


@pytest.mark.parametrize("lags", [0, 4])
def test_agrees_with_lm_and_sandwich(drivers, lags):
    printed = pd.read_csv(REFERENCE / "expected.csv")
    printed = printed[printed["lags"] == lags].set_index("term")
    fit = fit_interruption(drivers, outcome="drivers", changed_on="1983-02-01", lags=lags)
    for ours, theirs in TERMS.items():
        for name in ("estimate", "standard_error", "lower", "upper", "p_value"):
            expected = printed.loc[theirs, name]
            assert fit.coefficients.loc[ours, name] == pytest.approx(expected, rel=1e-7)
    assert fit.durbin_watson == pytest.approx(printed.loc["durbin_watson", "estimate"], rel=1e-9)
    assert fit.together.statistic == pytest.approx(printed.loc["together", "estimate"], rel=1e-7)
    assert fit.seasonal


def test_the_seat_belt_law_saved_what_harvey_and_durbin_found(drivers):
    """Harvey & Durbin (1986): a fall of 23% for car drivers, by another model."""
    fit = fit_interruption(drivers, outcome="drivers", changed_on="1983-02-01")
    fall = 1 - np.exp(fit.coefficients.loc["change of level", "estimate"])
    assert fall == pytest.approx(0.23, abs=0.005)


def test_exact_lines_by_hand():
    series = draw()
    after = series.index >= DAY
    time = np.arange(40.0) - 20
    wiggle = np.where(np.arange(40) % 2, 1e-6, -1e-6)
    series["y"] = 5 + 2 * time + after * (3 - 0.5 * time) + wiggle
    fit = fit_interruption(series, outcome="y", changed_on=DAY)
    found = fit.coefficients["estimate"].to_numpy()
    np.testing.assert_allclose(found, [5, 2, 3, -0.5], atol=1e-5)
    effects = fit.effects.set_index("windows after")["effect"]
    assert effects["1"] == pytest.approx(3, abs=1e-5)
    assert effects["3"] == pytest.approx(2, abs=1e-5)
    assert effects["20"] == pytest.approx(3 - 9.5, abs=1e-5)
    assert effects["all, summed"] == pytest.approx(20 * 3 - 0.5 * 190, abs=1e-4)
    gap = (fit.path["fitted"] - fit.path["without"]).iloc[20:].sum()
    assert effects["all, summed"] == pytest.approx(gap)


def test_coverage_where_errors_hang_together():
    held = {"newey": 0, "placebo": 0}
    for seed in range(60):
        fit = fit_interruption(draw(80, level=2, rho=0.3, seed=seed), outcome="y", changed_on=DAY)
        row = fit.coefficients.loc["change of level"]
        held["newey"] += row["lower"] <= 2 <= row["upper"]
        held["placebo"] += fit.placebo.p_value >= 0.01
    # Newey-West errors are known to be short in few windows: nine in ten, not half.
    assert held["newey"] >= 46
    assert held["placebo"] >= 44


def test_a_measure_nobody_felt_is_hardly_found():
    found = sum(
        fit_interruption(draw(80, seed=seed), outcome="y", changed_on=DAY).together.p_value < 0.01
        for seed in range(60)
    )
    assert found <= 8


def test_growth_that_ends_is_no_effect():
    """Customers who join for a year, then no more: a level never seen is no counterfactual."""
    series = draw(50)
    time = np.arange(50) - 25
    series["y"] = np.where(time < 0, 25 + time, 25.0) * 10 + 0.1 * series["y"]
    fit = fit_interruption(series, outcome="y", changed_on=DAY)
    assert fit.together.p_value < 0.001
    assert not fit.claim_allowed
    assert "continued trend" in next(c.name for c in fit.checks if not c.passed)


def test_laws_of_scale_order_and_level():
    series = draw(level=3)
    base = fit_interruption(series, outcome="y", changed_on=DAY)
    shuffled = fit_interruption(series.sample(frac=1, random_state=1), outcome="y", changed_on=DAY)
    assert shuffled.to_metrics() == base.to_metrics()
    scaled = fit_interruption(-10 * series, outcome="y", changed_on=DAY)
    assert scaled.coefficients.loc["change of level", "estimate"] == pytest.approx(
        -10 * base.coefficients.loc["change of level", "estimate"]
    )
    assert scaled.together.p_value == pytest.approx(base.together.p_value)
    raised = fit_interruption(series + 100, outcome="y", changed_on=DAY)
    assert raised.together.statistic == pytest.approx(base.together.statistic)


def test_a_missing_window_is_counted_and_leaves_the_time_alone():
    series = draw()
    series["y"] = np.arange(40.0) + np.where(np.arange(40) % 2, 0.01, -0.01)
    series.iloc[10, 0] = np.nan
    fit = fit_interruption(series, outcome="y", changed_on=DAY)
    assert (fit.n_missing, fit.n_before, fit.n_after) == (1, 19, 20)
    assert fit.coefficients.loc["slope before", "estimate"] == pytest.approx(1, abs=0.01)
    assert fit.coefficients.loc["change of level", "estimate"] == pytest.approx(0, abs=0.05)


def test_windows_by_hand():
    bought = pd.DataFrame(
        {
            "basket_id": ["a", "a", "b", "c", "d", "e"],
            "ordered_at": pd.to_datetime(
                [
                    "2023-12-17 09:00",
                    "2023-12-18",
                    "2023-12-31 23:59",
                    DAY,
                    "2024-01-15",
                    "2024-02-05",
                ],
                format="mixed",
            ),
            "revenue": [1.0, 2, 4, 8, 16, 32],
        }
    )
    series = sum_purchases(bought, changed_on=DAY)
    # Whole windows between 17 December and 5 February: 18 December on, two since the change.
    assert [f"{day:%m-%d}" for day in series.index] == ["12-18", "01-01", "01-15"]
    assert series["revenue"].tolist() == [6, 8, 16]
    assert series["n_purchases"].tolist() == [2, 1, 1]


def test_service_windows_by_hand():
    opened = pd.to_datetime(["2023-12-18", "2023-12-20", "2023-12-24", "2023-12-31", "2024-01-15"])
    contacts = pd.DataFrame(
        {
            "opened_at": opened,
            "first_response_at": [
                *(opened[:3] + pd.to_timedelta([2, 4, 9], unit="h")),
                pd.NaT,
                pd.NaT,
            ],
            "complaint": pd.array([True, False, pd.NA, False, True], dtype="boolean"),
        }
    )
    series = sum_service(contacts, changed_on=DAY)
    assert series["n_tickets"].tolist() == [4, 0]
    # Waits 2, 4, 9 and one open: the middle is between 4 and 9.
    assert series["median_response_hours"].iloc[0] == 6.5
    assert series["complaint_share"].iloc[0] == pytest.approx(1 / 3)
    joined = join_series({"service": series, "purchases": NotAvailable("none")})
    pd.testing.assert_frame_equal(joined, series, check_freq=False)
    fits = fit_interruptions(joined, changed_on=DAY)
    assert isinstance(fits.table(), NotAvailable)
    assert "no series of revenue" in fits.of("revenue").reason


def test_the_day_of_the_change():
    case = Case(changed_on="2024-05-01")
    assert find_change_day(case) == pd.Timestamp("2024-05-01")
    assert find_change_day(case, changed_on="2024-06-01") == pd.Timestamp("2024-06-01")
    with pytest.raises(ModelError, match="set CHANGED_ON"):
        find_change_day(None)
    with pytest.raises(SettingsError, match="YYYY-MM-DD"):
        read_day("yesterday's news")


def test_refusals():
    with pytest.raises(ModelError, match="no series of sales"):
        fit_interruption(draw(), outcome="sales", changed_on=DAY)
    with pytest.raises(ModelError, match="40 windows before and 0 after"):
        fit_interruption(draw(), outcome="y", changed_on="2030-01-01")
    with pytest.raises(DataError, match="stands twice"):
        fit_interruption(pd.concat([draw(), draw()]), outcome="y", changed_on=DAY)

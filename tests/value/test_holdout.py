"""Hold-out comparison and tracking: published table, hand-made numbers, laws, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.histories.purchases import summarise_purchases
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from crmstudy.value.validation.conditional import (
    FREQUENCY,
    SILENCE,
    bin_evenly,
    calibrate_alive,
    expect_by_group,
)
from crmstudy.value.validation.holdout import compare_holdout, track_purchases
from crmstudy.value.validation.tracking import track_models

# BTYD walkthrough 2.4.3, hold-out means by repeat purchases 0, 1, ..., 6, 7 and more.
ACTUAL = [0.2367, 0.6970, 1.3925, 1.5600, 2.5323, 2.9474, 3.8621, 6.3594]
EXPECTED = [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570]


def test_holdout_means_are_those_of_the_walkthrough(cdnow, bg_nbd, move_to_published):
    """The expectation to the last digit at the walkthrough's own, slightly early, estimates."""
    found = compare_holdout(bg_nbd, cdnow).table()
    np.testing.assert_allclose(found["actual"], ACTUAL, atol=5e-5)
    np.testing.assert_allclose(found["expected"], EXPECTED, atol=2e-4)

    moved, _ = move_to_published(bg_nbd, [1.444004, 25.75659, 0.9688523])
    np.testing.assert_allclose(
        compare_holdout(moved, cdnow).table()["expected"], EXPECTED, atol=5e-5
    )


def test_bins_cover_everybody(cdnow, bg_nbd):
    comparison = compare_holdout(bg_nbd, cdnow)
    table = comparison.table()
    assert table["customers"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert table["repeat purchases"].iloc[-1] == "7 or more"
    assert table["customers"] @ table["actual"] == pytest.approx(1882)
    assert table["customers"] @ table["expected"] == pytest.approx(comparison.expected)
    assert len(compare_holdout(bg_nbd, cdnow, top_bin=3).table()) == 4


def test_the_model_beats_the_past_rate_on_cdnow(cdnow, bg_nbd):
    comparison = compare_holdout(bg_nbd, cdnow)
    assert comparison.checks[0].passed
    assert comparison.to_metrics()["holdout_actual"] == 1882
    actual = cdnow.customers["holdout_purchases"]
    naive = cdnow.x / cdnow.T * 39
    assert comparison.mae_naive == pytest.approx((actual - naive).abs().mean())


def test_errors_are_those_computed_by_hand(bg_nbd, summary_of):
    summary = summary_of([0, 2], [0.0, 5.0], [10.0, 20.0], holdout=[1, 4], holdout_days=70)
    ahead = bg_nbd.conditional_expected_purchases([0, 2], [0.0, 5.0], [10.0, 20.0], 10)
    comparison = compare_holdout(bg_nbd, summary)
    assert comparison.mae_naive == pytest.approx((1 + 3) / 2)  # expects 0 and 1
    assert comparison.mae_model == pytest.approx(np.abs(ahead - [1, 4]).mean())


def test_tracking_ends_at_the_known_totals(cdnow, bg_nbd):
    weekly = track_purchases(bg_nbd, cdnow).table().set_index("week")
    assert len(weekly) == 78
    assert weekly.loc[39, "actual"] == 2457
    assert weekly.loc[78, "actual"] == 2457 + 1882
    assert weekly.loc[39, "week ends"].strftime("%Y-%m-%d") == "1997-09-30"
    assert weekly.loc[78, "week ends"].strftime("%Y-%m-%d") == "1998-06-30"
    assert (weekly["period"] == "calibration").sum() == 39
    assert (weekly["expected"].diff().dropna() > 0).all()


@pytest.mark.parametrize("unit_days", [7, 1])
def test_tracking_sums_the_expectation_of_new_customers(cdnow_transactions, unit_days):
    summary = summarise_purchases(
        cdnow_transactions,
        calibration_end="1997-09-30",
        holdout_end="1998-06-30",
        unit_days=unit_days,
    )
    result = fit_pareto_nbd(summary)
    expected = track_purchases(result, summary).table().set_index("week")["expected"]
    assert expected[39] == pytest.approx(result.expected_purchases(summary.T).sum())
    later = result.expected_purchases(summary.T + summary.holdout)
    assert expected[78] == pytest.approx(later.sum())


def test_a_last_week_that_is_cut_short_is_still_shown(cdnow_transactions, bg_nbd):
    summary = summarise_purchases(cdnow_transactions, calibration_end="1997-10-02")
    tracking = track_purchases(bg_nbd, summary)
    assert tracking.table()["week ends"].iloc[-1].strftime("%Y-%m-%d") == "1997-10-02"
    assert len(tracking.table()) == 40
    assert "holdout_mape" not in tracking.to_metrics()


def test_no_holdout_is_refused(cdnow, bg_nbd):
    with pytest.raises(ModelError, match="no hold-out period was set aside"):
        compare_holdout(bg_nbd, replace(cdnow, holdout_days=0))
    with pytest.raises(ModelError, match="no daily counts"):
        track_purchases(bg_nbd, replace(cdnow, repeats_by_day=None))


def test_an_absent_model_is_passed_on(cdnow):
    absent = NotAvailable("too few customers")
    assert compare_holdout(absent, cdnow) is absent
    assert track_purchases(absent, cdnow) is absent


# --- all models together -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(cdnow, bg_nbd):
    return {"BG/NBD": bg_nbd, "MBG/NBD": fit_mbg_nbd(cdnow), "Pareto/NBD": fit_pareto_nbd(cdnow)}


def test_weekly_purchases_add_up_to_the_sums(cdnow, models):
    tracked = track_models(models, cdnow)
    weekly, sums = tracked.increments(), tracked.weekly
    assert tracked.models == tuple(models)
    assert tracked.calibration_weeks == 39
    for name in ("actual", *models):
        np.testing.assert_allclose(weekly[name].cumsum(), sums[name], rtol=1e-12)
        assert (weekly[name] >= 0).all()


def test_totals_are_those_of_the_holdout_period_alone(cdnow_transactions):
    """Also where calibration ends within a week of the calendar."""
    summary = summarise_purchases(
        cdnow_transactions, calibration_end="1997-09-26", holdout_end="1998-06-30"
    )
    result = fit_bg_nbd(summary)
    tracked = track_models({"BG/NBD": result}, summary)
    row = tracked.table().iloc[0]
    assert row["made"] == summary.customers["holdout_purchases"].sum()
    later = result.expected_purchases(summary.T + summary.holdout).sum()
    assert row["purchases expected"] == pytest.approx(
        later - result.expected_purchases(summary.T).sum()
    )
    assert tracked.calibration_weeks == pytest.approx(269 / 7)
    assert tracked.to_metrics()["bg_nbd_total_error"] == pytest.approx(row["error of the total"])


def test_a_week_cut_short_is_no_week(cdnow_transactions, bg_nbd):
    summary = summarise_purchases(
        cdnow_transactions, calibration_end="1997-09-30", holdout_end="1998-06-27"
    )
    tracked = track_models({"BG/NBD": bg_nbd}, summary)
    assert len(tracked.weekly) == 78
    assert len(tracked.increments()) == 77


def test_groups_by_frequency_are_those_of_the_walkthrough(cdnow, models):
    groups = expect_by_group(models, cdnow).table()
    part = groups[groups["by"] == FREQUENCY]
    np.testing.assert_allclose(part["actual"], ACTUAL, atol=5e-5)
    np.testing.assert_allclose(part["BG/NBD"], EXPECTED, atol=2e-4)
    assert part["group"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7 or more"]
    assert ((part["95% lower"] <= part["actual"]) & (part["actual"] <= part["95% upper"])).all()


def test_every_grouping_holds_everybody(cdnow, models):
    groups = expect_by_group(models, cdnow).table()
    for by in (FREQUENCY, SILENCE):
        part = groups[groups["by"] == by]
        assert part["customers"].sum() == 2357
        assert part["customers"] @ part["actual"] == pytest.approx(1882)


def test_where_most_buy_often_groups_are_of_equal_size(bg_nbd, summary_of):
    x = np.arange(10.0, 90.0)
    summary = summary_of(x, 30.0, 31.0, holdout=1, holdout_days=70)
    groups = expect_by_group({"BG/NBD": bg_nbd}, summary).table()
    sizes = groups.loc[groups["by"] == FREQUENCY, "customers"]
    assert sizes.tolist() == [10] * 8
    assert groups["group"].iloc[0] == "10–19"


def test_equal_values_share_a_bin():
    which, names = bin_evenly(np.array([0.0] * 90 + [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), 4)
    assert np.bincount(which).tolist() == [90, 10]
    assert names == {0: "0", 1: "1–10"}
    assert bin_evenly(np.ones(5), 4)[1] == {0: "1"}
    money = bin_evenly(np.array([6.5, 15.7, 100.25, 245.2]), 2, style=".2f")[1]
    assert list(money.values()) == ["6.50–15.70", "100.25–245.20"]


def test_true_probabilities_are_calibrated(simulate, summary_of):
    """Those expected to buy do, whatever their probability of being active."""
    rng, n = np.random.default_rng(14), 40_000
    rate, age = rng.gamma(0.8, 10.0, n) / 52, rng.choice([20.0, 30.0, 40.0], n)
    x, t_x, later, active = simulate(rng, rate, age, dropout=rng.beta(0.8, 2.5, n), ahead=26.0)
    summary = summary_of(x, t_x, age, holdout=later, holdout_days=182)
    found = calibrate_alive(fit_bg_nbd(summary), summary)
    table = found.table()
    outside = (table["expected to buy"] < table["95% lower"]) | (
        table["expected to buy"] > table["95% upper"]
    )
    assert outside.sum() <= 2
    assert found.brier < found.brier_constant
    # Fewer buy than are active: the diagonal is not what calibration means.
    back = x > 0
    assert (later[back] > 0).mean() < active[back].mean() - 0.03


def test_one_time_buyers_are_a_group_of_their_own(cdnow, models):
    table = calibrate_alive(models["BG/NBD"], cdnow).table()
    once = table[table["customers who"] == "never came back"]
    assert once["customers"].tolist() == [1411]
    assert once["probability of being active"].tolist() == [1]
    assert table["customers"].sum() == 2357
    metrics = calibrate_alive(models["BG/NBD"], cdnow).to_metrics()
    bought = (cdnow.customers["holdout_purchases"] > 0).mean()
    assert metrics["share_that_bought"] == pytest.approx(bought)
    assert metrics["brier_constant"] == pytest.approx(bought * (1 - bought))


def test_absent_models_are_left_out_everywhere(cdnow, bg_nbd):
    absent = NotAvailable("too few customers")
    some = {"Pareto/NBD": absent, "BG/NBD": bg_nbd}
    assert track_models(some, cdnow).models == ("BG/NBD",)
    assert expect_by_group(some, cdnow).models == ("BG/NBD",)
    for function in (track_models, expect_by_group):
        with pytest.raises(ModelError, match="too few customers"):
            function({"Pareto/NBD": absent}, cdnow)
        assert function(some, absent) is absent


def test_without_a_holdout_nothing_is_compared(cdnow_transactions, bg_nbd):
    summary = summarise_purchases(cdnow_transactions, calibration_end="1997-09-30")
    for function in (expect_by_group, lambda one, two: calibrate_alive(one["BG/NBD"], two)):
        with pytest.raises(ModelError, match="no hold-out period was set aside"):
            function({"BG/NBD": bg_nbd}, summary)
    with pytest.raises(ModelError, match="no hold-out period was set aside"):
        track_models({"BG/NBD": bg_nbd}, summary).table()

"""Hold-out comparison and tracking: published table, hand-made numbers, laws, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value import compare_holdout, fit_pareto_nbd, summarise_purchases, track_purchases

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

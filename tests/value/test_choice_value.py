"""Model choice: what wins, what ties, heuristics, refit, other ends of calibration."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, attempt
from crmstudy.value.histories.period import Split
from crmstudy.value.histories.purchases import summarise_purchases
from crmstudy.value.purchasing.btyd import fit_bg_nbd, fit_mbg_nbd, fit_pareto_nbd
from crmstudy.value.validation.choice import choose_model, score_counts
from crmstudy.value.validation.errors_of_forecasts import bootstrap_differences, measure_errors
from crmstudy.value.validation.forecasts import (
    HIATUS,
    NOTHING,
    PAST_RATE,
    SCALED,
    choose_hiatus,
    forecast_purchases,
)
from crmstudy.value.validation.refit import FITS, find_fit, refit
from crmstudy.value.validation.rolling import roll_origins

SPLIT = Split("1997-09-30", "1998-06-30")


@pytest.fixture(scope="module")
def models(cdnow):
    return {
        "BG/NBD": fit_bg_nbd(cdnow),
        "MBG/NBD": fit_mbg_nbd(cdnow),
        "Pareto/NBD": fit_pareto_nbd(cdnow),
    }


@pytest.fixture(scope="module")
def hiatus(cdnow_transactions):
    return choose_hiatus(cdnow_transactions, SPLIT)


@pytest.fixture(scope="module")
def choice(models, cdnow, hiatus):
    return choose_model(models, cdnow, hiatus=hiatus, seed=7, n_replicates=100)


# --- errors ----------------------------------------------------------------------------------


def test_errors_are_those_computed_by_hand():
    expected = pd.DataFrame({"a": [1.0, 2.0, 6.0], "b": [0.0, 0.0, 0.0]})
    errors = measure_errors(expected, np.array([0.0, 4.0, 6.0]))
    assert errors.loc["a"].tolist()[:3] == [9, 10, pytest.approx(-0.1)]
    assert errors.loc["a", "mean absolute error"] == 1
    assert errors.loc["a", "root mean squared error"] == pytest.approx(np.sqrt(5 / 3))
    assert errors.loc["a", "median absolute error"] == 1
    assert errors.loc["a", "rank correlation"] == pytest.approx(1)
    assert np.isnan(errors.loc["b", "rank correlation"])


def test_squared_error_wants_the_mean_and_absolute_error_the_median():
    """Gneiting (2011): the reason for the rule, on counts of which most are 0."""
    actual = np.random.default_rng(2).negative_binomial(0.2, 0.2, 5000).astype(float)
    levels = {f"{level:.2f}": np.full(actual.size, level) for level in np.arange(0, 3, 0.05)}
    errors = measure_errors(pd.DataFrame(levels), actual)
    assert float(errors["mean absolute error"].idxmin()) == np.median(actual) == 0
    nearest = float(errors["root mean squared error"].idxmin())
    assert abs(nearest - actual.mean()) <= 0.025 + 1e-9


def test_paired_intervals_cover_the_true_difference():
    """Forecasts 0 and 1 of a Poisson(0.6) count: mean squared errors 0.96 and 0.76."""
    rng, hits = np.random.default_rng(8), 0
    truth = np.sqrt(0.6 + 0.36) - np.sqrt(0.6 + 0.16)
    for seed in range(200):
        actual = rng.poisson(0.6, 300).astype(float)
        frame = pd.DataFrame({"zero": np.zeros(300), "one": np.ones(300)})
        found = bootstrap_differences(frame, actual, reference="one", seed=seed, n_replicates=199)
        hits += found.loc["zero", "rmse_lower"] <= truth <= found.loc["zero", "rmse_upper"]
        assert (found.loc["one"] == 0).all()
    assert 178 <= hits <= 199


# --- heuristics ------------------------------------------------------------------------------


def test_heuristics_are_those_computed_by_hand(bg_nbd, summary_of, hiatus):
    summary = summary_of(
        [0, 2, 3], [0.0, 5.0, 18.0], [10.0, 20.0, 20.0], holdout=[1, 4, 0], holdout_days=70
    )
    expected = forecast_purchases(
        {"BG/NBD": bg_nbd}, summary, hiatus=replace(hiatus, weeks=14.0)
    ).expected
    assert expected[PAST_RATE].tolist() == pytest.approx([0, 1, 1.5])
    assert expected[SCALED].tolist() == pytest.approx([0, 1, 1.5])  # calibration: 20 weeks
    assert expected[HIATUS].tolist() == pytest.approx([0, 0, 1.5])  # silent for 15 and 2
    assert (expected[NOTHING] == 0).all()
    assert list(expected.columns) == ["BG/NBD", PAST_RATE, SCALED, HIATUS, NOTHING]


def test_the_limit_of_silence_sees_no_day_of_the_holdout(cdnow_transactions, hiatus):
    assert hiatus.holdout_end == SPLIT.calibration_end
    before = cdnow_transactions[cdnow_transactions["ordered_at"] <= SPLIT.calibration_end]
    again = choose_hiatus(before, SPLIT)
    assert again.weeks == hiatus.weeks
    pd.testing.assert_frame_equal(again.table(), hiatus.table())


def test_the_limit_separates_those_who_stay_silent():
    """Half buy every fifth day for good, half stop after 8 weeks: any limit of 1+ serves."""
    day = pd.Timestamp("2025-01-01")
    rows = [
        (f"{kind}{i}", day + pd.Timedelta(days=5 * k + i % 5))
        for kind, last in (("stay", 72), ("stop", 11))
        for i in range(20)
        for k in range(last)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(revenue=1.0)
    found = choose_hiatus(frame, Split("2025-08-31", "2025-12-31"))
    assert found.table()["mean of both"].max() == 1
    assert 1 <= found.weeks < 20
    assert found.to_metrics()["hiatus_weeks"] == found.weeks


def test_no_limit_where_all_come_back():
    days = pd.date_range("2025-01-01", periods=300, freq="D")
    frame = pd.DataFrame(
        {"customer_id": np.tile(["a", "b"], 150), "ordered_at": days, "revenue": 1.0}
    )
    with pytest.raises(ModelError, match="everybody bought at the end of calibration"):
        choose_hiatus(frame, Split("2025-08-31", "2025-10-27"))
    with pytest.raises(ModelError, match="too short to choose a limit"):
        choose_hiatus(frame, Split("2025-01-10", "2025-01-12"))


# --- choice ----------------------------------------------------------------------------------


def test_cdnow_goes_on_with_the_first_of_equals(choice):
    """The three errors lie within half a per cent; the first of the order is taken."""
    assert set(choice.tied) == {"BG/NBD", "MBG/NBD", "Pareto/NBD"}
    assert choice.best == "BG/NBD"
    assert choice.checks[0].passed
    table = choice.table().set_index("forecast")
    assert table["purchases expected"]["BG/NBD"] == pytest.approx(1653.4, abs=0.05)
    assert (table["more than the smallest"][choice.smallest], table["chosen"]["BG/NBD"]) == (
        0,
        "yes",
    )
    assert table.loc[NOTHING, "mean absolute error"] == pytest.approx(1882 / 2357)


def test_order_decides_among_equals(models, cdnow, hiatus):
    turned = dict(reversed(models.items()))
    assert choose_model(turned, cdnow, hiatus=hiatus, seed=7, n_replicates=100).best == "Pareto/NBD"


def test_a_worse_model_is_not_chosen(models, cdnow):
    off = models["BG/NBD"]
    off = replace(off, estimates=replace(off.estimates, values=off.estimates.values * [4, 1, 1, 1]))
    choice = choose_model({"off": off, **models}, cdnow, seed=1, n_replicates=50)
    assert "off" not in choice.tied
    assert choice.best == "BG/NBD"
    assert choice.scores.loc["off", "log score"] < choice.scores.loc["BG/NBD", "log score"]
    assert HIATUS not in choice.scores.index


def test_the_model_that_made_the_data_scores_best(simulate, summary_of):
    """Log score of the true story against one with the wrong dropout."""
    rng, n = np.random.default_rng(4), 4000
    rate, age = rng.gamma(0.8, 8.0, n) / 52, rng.uniform(20, 40, n)
    x, t_x, later, _ = simulate(rng, rate, age, dropout=rng.beta(0.8, 2.5, n), ahead=26.0)
    summary = summary_of(x, t_x, age, holdout=later, holdout_days=182)
    right = fit_bg_nbd(summary)
    wrong = replace(
        right, estimates=replace(right.estimates, values=right.estimates.values * [1, 1, 0.2, 1])
    )
    assert score_counts(right, summary) > score_counts(wrong, summary) + 0.01


def test_the_order_of_customers_does_not_matter(models, cdnow, choice, hiatus):
    shuffled = replace(cdnow, customers=cdnow.customers.sample(frac=1, random_state=3))
    again = choose_model(models, shuffled, hiatus=hiatus, seed=7, n_replicates=100)
    pd.testing.assert_frame_equal(again.differences, choice.differences, rtol=1e-9)
    pd.testing.assert_frame_equal(again.scores, choice.scores, rtol=1e-9)


def test_the_seed_decides_the_draws(models, cdnow, choice, hiatus):
    same, other = (
        choose_model(models, cdnow, hiatus=hiatus, seed=seed, n_replicates=100) for seed in (7, 8)
    )
    pd.testing.assert_frame_equal(same.differences, choice.differences, check_exact=True)
    assert not np.allclose(other.differences["rmse_lower"], choice.differences["rmse_lower"])


def test_absent_models_are_left_out(models, cdnow):
    absent = NotAvailable("no maximum")
    left = {"Pareto/NBD": absent, "BG/NBD": models["BG/NBD"]}
    choice = choose_model(left, cdnow, hiatus=absent, seed=1, n_replicates=20)
    assert choice.best == "BG/NBD"
    assert choice.to_metrics()["models"] == 1
    none = attempt(choose_model, {"Pareto/NBD": absent}, cdnow, seed=1)
    assert none == absent
    assert choose_model(models, absent, seed=1) is absent


def test_a_holdout_without_purchases_decides_nothing(models, cdnow):
    empty = replace(cdnow, customers=cdnow.customers.assign(holdout_purchases=0))
    with pytest.raises(ModelError, match=r"none of the 2,357 customers bought in .* 273 days"):
        choose_model(models, empty, seed=1)
    with pytest.raises(ModelError, match="no hold-out period was set aside"):
        choose_model(models, replace(cdnow, holdout_days=0), seed=1)


# --- refit and other ends ----------------------------------------------------------------------


def test_refit_sees_everything_and_keeps_the_kind(choice, cdnow_transactions):
    whole = refit(choice, cdnow_transactions)
    summary = summarise_purchases(cdnow_transactions, calibration_end="1998-06-30")
    np.testing.assert_allclose(
        whole.purchases.estimates.values, fit_bg_nbd(summary).estimates.values
    )
    assert whole.histories.x.sum() == 2457 + 1882
    table = whole.table().set_index("parameter")
    assert table["calibration"].tolist() == choice.result.estimates.values.tolist()
    assert refit(choice, cdnow_transactions, until="1997-09-30").purchases.estimates[
        "r"
    ] == pytest.approx(choice.result.estimates["r"])


def test_a_model_not_told_apart_stands_in_for_one_without_estimates(
    choice, cdnow_transactions, monkeypatch
):
    def refuse(summary):
        raise ModelError("the data do not determine b")

    monkeypatch.setitem(FITS, choice.result.model, refuse)
    tied = replace(choice, tied=(choice.best, "Pareto/NBD"))
    whole = refit(tied, cdnow_transactions)
    assert whole.purchases.model == whole.before.model == "Pareto/NBD"
    assert whole.table()["model"].unique().tolist() == [
        "Pareto/NBD, since BG/NBD cannot be fitted to the whole period: the data do not determine b"
    ]
    with pytest.raises(ModelError, match="the data do not determine b"):
        refit(replace(choice, tied=(choice.best,)), cdnow_transactions)


def test_an_unknown_kind_cannot_be_refitted():
    with pytest.raises(ModelError, match="own model is none of BG/NBD, MBG/NBD, Pareto/NBD"):
        find_fit("own")


def test_the_last_origin_is_the_choice_itself(choice, cdnow_transactions):
    rolling = roll_origins(choice, cdnow_transactions, SPLIT)
    table = rolling.table()
    assert len(table) == 3
    assert table["calibration ends"].iloc[-1] == pd.Timestamp("1997-09-30")
    assert ((table["hold-out ends"] - table["calibration ends"]).dt.days == 273).all()
    for name in choice.models:
        error = choice.scores.loc[name, "root mean squared error"]
        assert table[name].iloc[-1] == pytest.approx(error)
    assert 0 <= rolling.largest_lag < 0.05
    assert rolling.to_metrics()["origins"] == 3
    assert rolling.refused == ()


def test_an_end_that_refuses_the_chosen_model_is_named(choice, cdnow_transactions):
    chosen = replace(choice, best="Pareto/NBD")
    rolling = roll_origins(chosen, cdnow_transactions, SPLIT)
    assert rolling.refused == ("1997-05-17",)
    assert len(rolling.table()) == 2
    assert rolling.to_metrics()["origins_refused"] == 1


def test_one_end_of_calibration_is_no_rolling_origin(choice, cdnow_transactions):
    with pytest.raises(ModelError, match="one end of calibration only"):
        roll_origins(choice, cdnow_transactions, SPLIT, n_origins=1)

"""Measures of foretold probabilities, against pROC, glm, scikit-learn and their own laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from crmstudy.value.warning.judging import bin_chances, tabulate_calibration
from crmstudy.value.warning.measures import draw_samples
from crmstudy.value.warning.scores import (
    decompose_brier,
    fit_sigmoid,
    measure_auc,
    measure_brier,
    measure_calibration,
    measure_lift,
    measure_log_loss,
    measure_precision,
    rank_scores,
    to_chance,
)

REFERENCE = Path(__file__).parents[1] / "reference" / "warning"


@pytest.fixture(scope="module")
def cases():
    return pd.read_csv(REFERENCE / "cases.csv").astype(float)


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(REFERENCE / "expected.csv", index_col="name")["value"]


@pytest.fixture(scope="module")
def event(cases):
    return cases["event"].to_numpy()


@pytest.fixture(scope="module")
def chance(cases):
    return to_chance(0.4 + 1.8 * cases["score"].to_numpy())


def auc(scores, events, weights=None):
    weights = np.ones(len(events)) if weights is None else weights
    return measure_auc(*rank_scores(scores).count(events, weights))


def test_auc_is_that_of_proc(cases, event, expected):
    weights = np.arange(1, len(event) + 1) % 3
    assert auc(cases["score"], event) == pytest.approx(expected["auc"], abs=1e-12)
    assert auc(cases["other"], event) == pytest.approx(expected["auc_other"], abs=1e-12)
    assert auc(cases["score"], event, weights) == pytest.approx(expected["auc_weighted"], abs=1e-12)


def test_calibration_is_that_of_glm(event, chance, expected):
    weights = (np.arange(1, len(event) + 1) % 3).astype(float)
    intercept, slope = measure_calibration(event, chance)
    assert intercept == pytest.approx(expected["intercept_in_large"], abs=1e-9)
    assert slope == pytest.approx(expected["slope"], abs=1e-8)
    odds = np.log(chance / (1 - chance))
    assert fit_sigmoid(odds, event)[0] == pytest.approx(expected["fit_intercept"], abs=1e-8)
    found = fit_sigmoid(odds, event, weights)
    wanted = expected[["weighted_intercept", "weighted_slope"]]
    assert found == pytest.approx(tuple(wanted), abs=1e-8)


def test_losses_are_those_of_r_and_scikit_learn(event, chance, expected):
    ones = np.ones(len(event))
    assert measure_brier(event, chance, ones) == pytest.approx(expected["brier"], abs=1e-12)
    assert measure_log_loss(event, chance, ones) == pytest.approx(expected["log_loss"], abs=1e-12)
    assert expected["brier"] == pytest.approx(brier_score_loss(event, chance))
    assert expected["log_loss"] == pytest.approx(log_loss(event, chance))


@pytest.mark.parametrize("name", ["score", "other"])
def test_ranking_measures_are_those_of_scikit_learn(cases, event, name):
    weights = np.random.default_rng(1).integers(0, 3, len(event)).astype(float)
    counts = rank_scores(cases[name]).count(event, weights)
    precision = average_precision_score(event, cases[name], sample_weight=weights)
    assert measure_precision(*counts) == pytest.approx(precision)
    area = roc_auc_score(event, cases[name], sample_weight=weights)
    assert measure_auc(*counts) == pytest.approx(area)


def test_a_weight_is_a_row_that_stands_so_often(cases, event, chance):
    weights = np.random.default_rng(2).integers(0, 4, len(event))
    rows = np.repeat(np.arange(len(event)), weights)
    for measure in (measure_brier, measure_log_loss):
        repeated = measure(event[rows], chance[rows], np.ones(len(rows)))
        assert measure(event, chance, weights.astype(float)) == pytest.approx(repeated)
    weighted = measure_calibration(event, chance, weights.astype(float))
    assert weighted == pytest.approx(measure_calibration(event[rows], chance[rows]), abs=1e-9)
    lift = [
        measure_lift(*rank_scores(score).count(hit, weight))
        for score, hit, weight in (
            (chance, event, weights.astype(float)),
            (chance[rows], event[rows], np.ones(len(rows))),
        )
    ]
    assert lift[0] == pytest.approx(lift[1])


def test_the_bootstrap_agrees_with_delong(cases, event, expected):
    one, two = rank_scores(cases["score"]), rank_scores(cases["other"])
    drawn = np.array(
        [
            (measure_auc(*one.count(event, w)), measure_auc(*two.count(event, w)))
            for w in draw_samples(event, seed=5, n_replicates=2000)
        ]
    )
    lower, upper = np.quantile(drawn[:, 0], [0.025, 0.975])
    assert upper - lower == pytest.approx(expected["auc_upper"] - expected["auc_lower"], rel=0.08)
    apart = (drawn[:, 0] - drawn[:, 1]).std()
    assert apart == pytest.approx(expected["se_apart"], rel=0.08)


def test_lift_of_everybody_is_one_and_of_the_perfect_ranking_its_largest(event):
    counts = rank_scores(event).count(event, np.ones(len(event)))
    assert measure_lift(*counts, depth=1.0) == pytest.approx(1)
    assert measure_lift(*counts, depth=event.mean() / 2) == pytest.approx(1 / event.mean())
    flat = rank_scores(np.zeros(len(event))).count(event, np.ones(len(event)))
    assert measure_lift(*flat) == pytest.approx(1)
    assert measure_auc(*flat) == pytest.approx(0.5)
    assert measure_precision(*flat) == pytest.approx(event.mean())


@pytest.mark.parametrize("n_bins", [2, 10, 60])
def test_the_parts_of_the_brier_score_add_up_to_it(event, chance, n_bins):
    parts = decompose_brier(event, chance, bin_chances(chance, n_bins=n_bins))
    total = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert total == pytest.approx(measure_brier(event, chance, np.ones(len(event))), abs=1e-14)
    assert min(parts.reliability, parts.resolution) >= 0


def test_a_perfect_forecast_has_no_reliability_term_and_all_the_resolution(event):
    parts = decompose_brier(event, event, event.astype(int))
    assert (parts.reliability, parts.within) == (0, 0)
    assert parts.resolution == pytest.approx(parts.uncertainty)


def test_true_probabilities_are_calibrated():
    generator = np.random.default_rng(3)
    chance = generator.beta(2, 5, 40_000)
    event = (generator.random(40_000) < chance).astype(float)
    intercept, slope = measure_calibration(event, chance)
    assert intercept == pytest.approx(0, abs=0.05)
    assert slope == pytest.approx(1, abs=0.05)
    table = tabulate_calibration(event, chance)
    assert len(table) == 10
    assert table["customers"].sum() == 40_000
    assert table["happened"].between(table["lower"], table["upper"]).all()
    assert (table["happened"] - table["foretold"]).abs().max() < 0.025


@pytest.mark.parametrize(("stretch", "shift"), [(2.0, 0.0), (0.5, 0.7)])
def test_stretched_and_shifted_log_odds_are_found_out(stretch, shift):
    generator = np.random.default_rng(4)
    odds = generator.normal(-1, 1, 60_000)
    event = (generator.random(60_000) < to_chance(odds)).astype(float)
    slope = measure_calibration(event, to_chance(stretch * odds + shift))[1]
    assert slope == pytest.approx(1 / stretch, rel=0.05)


def test_equal_chances_share_a_bin_and_a_constant_score_has_slope_nought(event):
    assert set(bin_chances(np.full(50, 0.2))) == {0}
    assert len(set(bin_chances(np.repeat([0.1, 0.4], [45, 5])))) == 2
    intercept, slope = fit_sigmoid(np.full(len(event), 3.0), event)
    assert slope == 0
    assert to_chance(intercept) == pytest.approx(event.mean())


def test_separated_rows_give_a_steep_but_finite_curve():
    scores = np.array([-2.0, -1.0, 1.0, 2.0])
    intercept, slope = fit_sigmoid(scores, (scores > 0).astype(float))
    assert np.isfinite([intercept, slope]).all()
    assert slope > 5


def test_samples_without_events_are_passed_over():
    event = np.array([1.0] + [0.0] * 9)
    drawn = list(draw_samples(event, seed=1, n_replicates=100))
    assert 40 < len(drawn) < 90
    assert all(0 < weights @ event < 10 for weights in drawn)

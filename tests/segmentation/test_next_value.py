import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, r2_score

from crmstudy.checks import failed
from crmstudy.errors import DataError, ModelError, NotAvailable
from crmstudy.segmentation.criteria.space import Space, build_space
from crmstudy.segmentation.networks import forecasters
from crmstudy.segmentation.networks.later_value import modulus_log, undo_modulus_log
from crmstudy.segmentation.networks.next_value import (
    LINE,
    MEAN,
    NETWORK,
    SEGMENTS,
    TREE,
    compare_forecasts,
)


def make_case(shape: str, n: int = 300, seed: int = 0) -> tuple[Space, pd.Series]:
    draw = np.random.default_rng(seed)
    index = pd.Index([f"c{i:04}" for i in range(n)], name="customer_id")
    frame = pd.DataFrame(draw.normal(size=(n, 2)), columns=["visits", "spend"], index=index)
    x, y = frame["visits"], frame["spend"]
    noise = draw.normal(0, 0.3, n)
    logged = {
        "line": 3 + 0.8 * x - 0.4 * y + noise,
        "bend": 3 + np.abs(x) + np.abs(y) + noise,
        "noise": 3 + noise + 0 * x,
    }[shape]
    outcome = pd.Series(np.expm1(logged.clip(lower=0.1)), index=index, name="revenue")
    return build_space(frame, name="behavioural", log=False), outcome


def test_r2_and_error_are_those_of_scikit_learn_on_the_predictions():
    space, outcome = make_case("line")
    result = compare_forecasts(space, outcome, seed=1)
    known = result.predicted
    logged = modulus_log(known["value"])
    for model in (LINE, TREE, NETWORK):
        of_mean = ((logged - modulus_log(known[MEAN])) ** 2).sum()
        share = 1 - (1 - r2_score(logged, modulus_log(known[model]))) * (
            ((logged - logged.mean()) ** 2).sum() / of_mean
        )
        assert result.models.loc[model, "r2"] == pytest.approx(share, abs=1e-10)
        error = mean_absolute_error(known["value"], known[model])
        assert result.models.loc[model, "mae"] == pytest.approx(error, rel=1e-10)
    assert result.models.loc[MEAN, "r2"] == 0.0


def test_line_is_ordinary_least_squares_with_any_number_of_levels():
    draw = np.random.default_rng(2)
    points = draw.normal(size=(80, 2))
    level = np.eye(3)[draw.integers(0, 3, 80)]
    y = points @ [1.0, -2.0] + level @ [0.0, 1.0, 3.0] + draw.normal(0, 0.1, 80)
    expected = LinearRegression().fit(np.column_stack([points, level[:, 1:]]), y)
    line = forecasters.fit_line(np.column_stack([points, level]), y)
    fitted = expected.predict(np.column_stack([points, level[:, 1:]]))
    assert line(np.column_stack([points, level])) == pytest.approx(fitted, abs=1e-10)


def test_where_the_truth_is_a_line_the_network_does_not_beat_it():
    result = compare_forecasts(*make_case("line"), seed=1)
    assert result.models.loc[LINE, "r2_lower"] < 0.896 < result.models.loc[LINE, "r2_upper"]
    assert result.against.loc[LINE, "lower"] < 0
    assert result.against.loc[MEAN, "lower"] > 0


def test_where_the_truth_bends_the_network_beats_the_line():
    result = compare_forecasts(*make_case("bend", n=400), seed=1)
    assert result.models.loc[LINE, "r2"] < 0.1
    assert result.against.loc[LINE, "lower"] > 0.3


def test_where_nothing_can_be_foreseen_nothing_is():
    result = compare_forecasts(*make_case("noise"), seed=1)
    assert (result.models["r2"] < 0.05).all()
    assert result.against.loc[MEAN, "upper"] < 0.05


def test_no_model_saw_the_customers_that_it_foresees():
    # Thirty variables of noise: a line fitted to all 120 customers would seem to foresee a
    # quarter of the variance.
    draw = np.random.default_rng(11)
    frame = pd.DataFrame(draw.normal(size=(120, 30)), columns=[f"x{j}" for j in range(30)])
    outcome = pd.Series(draw.gamma(2.0, 20.0, 120), name="revenue")
    segments = pd.Series(np.arange(120) // 2)
    space = build_space(frame, name="noise", log=False)
    result = compare_forecasts(space, outcome, seed=1, segments=segments)
    assert (result.models["r2"].drop(MEAN) < 0).all()


def test_segment_means_foresee_what_the_segments_hold():
    space, outcome = make_case("noise")
    segments = pd.Series(np.arange(300) % 3, index=outcome.index)
    outcome = outcome * np.array([1.0, 4.0, 16.0])[segments]
    result = compare_forecasts(space, outcome, seed=1, segments=segments)
    assert result.models.index.tolist() == [MEAN, SEGMENTS, LINE, TREE, NETWORK]
    assert result.models.loc[SEGMENTS, "r2"] > 0.9
    assert result.against.loc[SEGMENTS, "upper"] < 0


def test_result_does_not_depend_on_order_or_run():
    space, outcome = make_case("bend", n=150)
    mixed = space.take(np.random.default_rng(9).permutation(150))
    first = compare_forecasts(space, outcome, seed=1)
    second = compare_forecasts(mixed, outcome.sample(frac=1, random_state=3), seed=1)
    assert first.models.to_numpy().tobytes() == second.models.to_numpy().tobytes()
    pd.testing.assert_frame_equal(second.predicted.loc[first.predicted.index], first.predicted)


def test_customers_without_outcome_or_segment_are_counted_and_left_out():
    space, outcome = make_case("line")
    outcome.iloc[:10] = 0.0
    segments = pd.Series("a", index=outcome.index[:280])
    result = compare_forecasts(space, outcome.iloc[:290], seed=1, segments=segments)
    assert (result.n_customers, result.n_left_out, result.n_silent) == (280, 20, 10)


def test_a_network_stopped_by_its_limit_is_a_failed_check_and_no_warning(monkeypatch):
    monkeypatch.setattr(forecasters, "MOST_EPOCHS", 2)
    result = compare_forecasts(*make_case("line", n=120), seed=1)
    assert failed(result.checks)


def test_logarithm_is_undone_for_returns_too():
    values = np.array([-120.5, -1.0, 0.0, 0.3, 9_000.0])
    assert undo_modulus_log(modulus_log(values)) == pytest.approx(values, rel=1e-12)


def test_bad_outcomes_are_refused():
    space, outcome = make_case("line", n=120)
    with pytest.raises(ModelError, match="needs 100 customers with an outcome, not 50"):
        compare_forecasts(space, outcome.iloc[:50], seed=1)
    with pytest.raises(ModelError, match="equal for all customers"):
        compare_forecasts(space, outcome * 0, seed=1)
    with pytest.raises(DataError, match="'c0000' twice"):
        compare_forecasts(space, pd.concat([outcome, outcome.iloc[:1]]), seed=1)
    with pytest.raises(DataError, match="'revenue' holds an infinite value"):
        compare_forecasts(space, outcome.replace(outcome.iloc[3], np.inf), seed=1)
    missing = NotAvailable("no later period")
    assert compare_forecasts(space, missing, seed=1) is missing
    without = compare_forecasts(space, outcome, seed=1, segments=missing)
    assert SEGMENTS not in without.models.index

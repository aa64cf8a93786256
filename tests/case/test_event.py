"""Event study and weights, against R, by simulation and by law."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.effects.contrasts import compare_contrasts, contrast_after
from crmstudy.case.effects.did import estimate_did
from crmstudy.case.effects.event import estimate_event
from crmstudy.case.effects.pretrend import examine_pretrend
from crmstudy.case.effects.within import arrange_panel, fit_within
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

REFERENCE = Path(__file__).parents[1] / "reference"
PANEL = pd.read_csv(REFERENCE / "did" / "panel.csv")
UNITS = pd.read_csv(REFERENCE / "event_study" / "units.csv").set_index("customer_id")
EXPECTED = pd.read_csv(REFERENCE / "event_study" / "expected.csv").set_index("quantity")["value"]
NAMES = {-4: "atm4", -3: "atm3", -2: "atm2", 0: "atp0", 1: "atp1"}
KINDS = [("equal", None), ("weighted", UNITS["weight"])]


def wide_panel(outcome: np.ndarray, treated: np.ndarray, n_post: int = 1) -> pd.DataFrame:
    n_units, n_periods = outcome.shape
    periods = np.arange(n_periods) - (n_periods - n_post)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"h{i:04d}" for i in range(n_units)], n_periods),
            "period": np.tile(periods, n_units),
            "treated": np.repeat(treated, n_periods),
            "post": np.tile(periods >= 0, n_units),
            "revenue": outcome.ravel(),
        }
    )


@pytest.mark.parametrize(("kind", "weights"), KINDS)
def test_effect_with_weights_is_that_of_r(kind, weights):
    found = estimate_did(PANEL, weights=weights)
    of = {
        "effect": found.effect,
        "se": found.standard_error,
        "lower": found.lower,
        "upper": found.upper,
        "slope": found.pretrend.slope_estimate,
    }
    for name, value in of.items():
        assert value == pytest.approx(EXPECTED[f"{kind}.{name}"], rel=1e-9), name
    assert examine_pretrend(PANEL, weights=weights).slope_estimate == pytest.approx(of["slope"])
    n_rows, k = EXPECTED[f"{kind}.n_rows"], EXPECTED[f"{kind}.n_regressors"]
    all_counted = found.standard_error * np.sqrt((n_rows - 6) / (n_rows - k))
    assert all_counted == pytest.approx(EXPECTED[f"{kind}.hc1"], rel=1e-9)


@pytest.mark.parametrize(("kind", "weights"), KINDS)
def test_event_study_is_that_of_r(kind, weights):
    found = estimate_event(PANEL, weights=weights, seed=1)
    for period, name in NAMES.items():
        row = found.windows.loc[period]
        assert row["estimate"] == pytest.approx(EXPECTED[f"{kind}.{name}"], rel=1e-9)
        assert row["standard_error"] == pytest.approx(EXPECTED[f"{kind}.se_{name}"], rel=1e-9)
    assert found.covariance[0, -1] == pytest.approx(EXPECTED[f"{kind}.covariance"], rel=1e-9)
    assert found.before.statistic == pytest.approx(EXPECTED[f"{kind}.before_f"], rel=1e-9)
    assert found.before.p_value == pytest.approx(EXPECTED[f"{kind}.before_p"], rel=1e-9)
    assert found.after.statistic == pytest.approx(EXPECTED[f"{kind}.after_f"], rel=1e-9)
    assert found.after.p_value == pytest.approx(EXPECTED[f"{kind}.after_p"], rel=1e-9)
    assert found.reference == -1
    assert found.windows.loc[-1, ["estimate", "lower", "band_upper"]].tolist() == [0, 0, 0]


@pytest.mark.parametrize("weights", [None, UNITS["weight"]])
def test_contrasts_are_the_regression_of_statsmodels(weights):
    design = arrange_panel(PANEL, weights=weights)
    fit = fit_within(design, [np.outer(design.treated, design.post)])
    found = compare_contrasts(design, contrast_after(design.post)[None])
    assert found.estimates[0] == pytest.approx(fit.params[0], rel=1e-10)
    assert found.errors[0] == pytest.approx(fit.bse[0], rel=1e-10)
    assert found.p_values[0] == pytest.approx(fit.pvalues[0], rel=1e-9)


def test_weights_count_as_ratios_and_zero_leaves_out():
    weights = UNITS["weight"]
    base = estimate_did(PANEL, weights=weights)
    again = estimate_did(PANEL, weights=7 * weights[weights > 0].iloc[::-1])
    assert again.to_metrics() == pytest.approx(base.to_metrics())
    assert base.n_left_out == int((weights == 0).sum())
    kept = PANEL[PANEL["customer_id"].map(weights) > 0]
    ones = estimate_did(kept, weights=pd.Series(3.0, kept["customer_id"].unique()))
    assert ones.to_metrics() == pytest.approx(estimate_did(kept).to_metrics())
    assert ones.n_effective == pytest.approx(ones.n_units)
    assert base.n_effective < base.n_units
    mean = PANEL[PANEL["period"] >= 0].groupby(["customer_id", "treated"])["revenue"].mean()
    one = mean[mean.index.get_level_values("treated") == 1].droplevel(1)
    assert base.means.loc["treated", "after"] == pytest.approx(
        np.average(one, weights=weights[one.index])
    )


def test_one_window_after_and_two_before_worked_by_hand():
    outcome = np.array([[10, 12, 20], [14, 12, 16], [5, 5, 6], [3, 7, 8]], dtype=float)
    found = estimate_event(wide_panel(outcome, np.array([1, 1, 0, 0]) > 0), seed=1)
    # Window -2 less -1: treated -2, 2; control 0, -4. Window 0 less -1: 8, 4 and 1, 1.
    assert found.windows["estimate"].tolist() == pytest.approx([2, 0, 5])
    # Factor 4/3 * 11/8 times the sums of squares over 2^2: (4 + 4 + 4 + 4) / 4, (4 + 4) / 4.
    errors = np.sqrt(np.array([4, 0, 2]) * 4 / 3 * 11 / 8)
    assert found.windows["standard_error"].tolist() == pytest.approx(errors.tolist())


def test_band_holds_the_whole_path_and_the_pointwise_intervals_do_not():
    n_draws, inside, pointwise = 400, 0, 0
    draw = np.random.default_rng(5)
    treated = np.arange(80) < 30
    for _ in range(n_draws):
        shocks = draw.normal(0, 1, (80, 9)) * np.where(treated, 2, 1)[:, None]
        found = estimate_event(wide_panel(shocks, treated, n_post=2), seed=1).windows
        inside += ((found["band_lower"] <= 0) & (found["band_upper"] >= 0)).all()
        pointwise += ((found["lower"] <= 0) & (found["upper"] >= 0)).all()
    assert inside / n_draws == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / n_draws))
    assert pointwise / n_draws < 0.88


def test_band_of_one_window_is_the_interval():
    draw = np.random.default_rng(2)
    found = estimate_event(wide_panel(draw.normal(size=(12, 2)), np.arange(12) < 5), seed=1)
    assert found.before is None
    assert found.critical == pytest.approx(found.pointwise, rel=0.03)
    assert found.critical >= found.pointwise


def test_swapped_groups_order_scale_and_level():
    base = estimate_event(PANEL, seed=1)
    turned = estimate_event(PANEL.assign(treated=1 - PANEL["treated"]), seed=1)
    assert turned.windows["estimate"].tolist() == pytest.approx(
        (-base.windows["estimate"]).tolist()
    )
    mixed = estimate_event(PANEL.sample(frac=1, random_state=3), seed=1)
    pd.testing.assert_frame_equal(mixed.windows, base.windows)
    money = estimate_event(PANEL.assign(revenue=9 * PANEL["revenue"]), seed=1)
    assert money.windows["band_upper"].tolist() == pytest.approx(
        (9 * base.windows["band_upper"]).tolist()
    )
    narrow = estimate_event(PANEL, seed=1, level=0.8)
    assert (narrow.critical, narrow.pointwise) < (base.critical, base.pointwise)
    assert "lower 80%" in narrow.table()


def test_refusals():
    with pytest.raises(DataError, match="a weight is negative, missing or infinite"):
        estimate_did(PANEL, weights=UNITS["weight"] - 1)
    with pytest.raises(DataError, match="'h01' has two weights"):
        estimate_did(PANEL, weights=pd.concat([UNITS["weight"], UNITS["weight"]]))
    with pytest.raises(ModelError, match="0 treated and 0 control units"):
        estimate_did(PANEL, weights=pd.Series([1.0], ["nobody"]))
    with pytest.raises(SettingsError, match=r"level = 1: must be between"):
        estimate_event(PANEL, seed=1, level=1)
    with pytest.raises(ModelError, match="all windows before the start to come first"):
        estimate_event(PANEL.assign(post=PANEL["period"] < -2), seed=1)
    assert not estimate_event(NotAvailable("no campaigns"), seed=1)

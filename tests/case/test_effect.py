from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case import balance_treated, estimate_did, examine_pretrend
from crmstudy.case.effects.within import arrange_panel, fit_within
from crmstudy.errors import DataError, ModelError, NotAvailable

REFERENCE = Path(__file__).parents[1] / "reference" / "did"
PANEL = pd.read_csv(REFERENCE / "panel.csv")
EXPECTED = pd.read_csv(REFERENCE / "expected.csv").set_index("quantity")["value"]
CALM = 0  # a seed whose placebo tests pass; one fair draw in twenty is rejected by chance


def simulate_panel(
    seed: int, *, n_units: int = 80, n_periods: int = 6, effect: float = 0.0, drift: float = 0.0
) -> pd.DataFrame:
    """Half treated, autocorrelated errors, more spread among the treated."""
    draw = np.random.default_rng(seed)
    periods = np.arange(n_periods) - (n_periods - 2)
    treated = np.arange(n_units) < n_units // 2
    shocks = draw.normal(0, 10, (n_units, n_periods)) * np.where(treated, 1.5, 1.0)[:, None]
    shocks[:, 1:] += 0.5 * shocks[:, :-1]
    outcome = draw.gamma(4, 25, n_units)[:, None] + 4 * periods + shocks
    outcome += treated[:, None] * (effect * (periods >= 0) + drift * periods)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"h{i:03d}" for i in range(n_units)], n_periods),
            "period": np.tile(periods, n_units),
            "treated": np.repeat(treated, n_periods),
            "post": np.tile(periods >= 0, n_units),
            "revenue": outcome.ravel(),
        }
    )


def make_balance(gap: float = 0.0):
    numbers = np.tile(np.arange(50.0), 2)
    return balance_treated(
        pd.DataFrame(
            {"revenue": numbers + np.repeat([gap, 0], 50), "treated": np.repeat([True, False], 50)}
        )
    )


def test_effect_error_and_test_are_those_of_r():
    result = estimate_did(PANEL)
    found = {
        "effect": result.effect,
        "plm_effect": result.effect,
        "se": result.standard_error,
        "plm_se": result.standard_error,
        "t": result.test.statistic,
        "p": result.test.p_value,
        "lower": result.lower,
        "upper": result.upper,
        "correction": result.correction,
        "treated_before": result.means.loc["treated", "before"],
        "treated_after": result.means.loc["treated", "after"],
        "control_before": result.means.loc["control", "before"],
        "control_after": result.means.loc["control", "after"],
        "treated_change_lower": result.means.loc["treated", "lower"],
        "treated_change_upper": result.means.loc["treated", "upper"],
    }
    for quantity, value in found.items():
        assert value == pytest.approx(EXPECTED[quantity], rel=1e-9), quantity
    assert result.test.distribution == "t(59)"


def test_pretrend_is_that_of_r():
    result = examine_pretrend(PANEL)
    for period in (-4, -3, -2):
        row = result.leads.loc[period]
        assert row["estimate"] == pytest.approx(EXPECTED[f"lead{period}"], rel=1e-9)
        assert row["standard_error"] == pytest.approx(EXPECTED[f"lead_se{period}"], rel=1e-9)
    assert result.joint.statistic == pytest.approx(EXPECTED["joint_f"], rel=1e-9)
    assert result.joint.p_value == pytest.approx(EXPECTED["joint_p"], rel=1e-9)
    assert result.slope_estimate == pytest.approx(EXPECTED["slope"], rel=1e-9)
    assert result.slope.p_value == pytest.approx(EXPECTED["slope_p"], rel=1e-9)
    assert result.joint.distribution == "F(3, 59)"
    assert result.leads.loc[-1].tolist() == [0, 0, 0, 0]  # the reference


def test_effect_worked_by_hand():
    # Treated 10 -> 16 and 20 -> 24 (mean change 5), control 5 -> 6 and 7 -> 10 (change 2).
    rows = [("a", 1, 10, 16), ("b", 1, 20, 24), ("c", 0, 5, 6), ("d", 0, 7, 10)]
    panel = pd.DataFrame(
        [
            {"customer_id": name, "period": t, "treated": d, "post": t, "revenue": values[t]}
            for name, d, *values in rows
            for t in (0, 1)
        ]
    )
    result = estimate_did(panel)
    assert result.effect == pytest.approx(3)
    assert result.means["change"].to_dict() == pytest.approx({"treated": 5, "control": 2})
    # Every change is 1 off its group's mean, so the sandwich gives (1 + 1) / 2^2 for each
    # group, 1 in all; G = 4, N = 8, K = 2 make the factor 4/3 * 7/6.
    assert result.correction == pytest.approx(14 / 9)
    assert result.standard_error == pytest.approx(np.sqrt(14 / 9))
    table = result.table().set_index("group")
    assert table.loc["treated less control"].tolist()[:4] == pytest.approx([4, 9, 12, 3])


def test_units_periods_scale_and_order_do_what_they_must():
    panel = simulate_panel(3, effect=5)
    base = estimate_did(panel).to_metrics()
    by_unit = panel["customer_id"].map(lambda name: 1e3 * int(name[1:]))
    by_period = panel["period"] * 77.0
    moved = panel.assign(revenue=panel["revenue"] + by_unit + by_period)
    same = estimate_did(moved).to_metrics()
    shuffled = estimate_did(panel.sample(frac=1, random_state=1)).to_metrics()
    assert same == pytest.approx(base, rel=1e-7)
    assert shuffled == pytest.approx(base)
    tripled = estimate_did(panel.assign(revenue=3 * panel["revenue"]))
    assert tripled.effect == pytest.approx(3 * base["effect"])
    assert tripled.standard_error == pytest.approx(3 * base["standard_error"])
    swapped = estimate_did(panel.assign(treated=~panel["treated"]))
    assert swapped.effect == pytest.approx(-base["effect"])
    raised = panel["revenue"] + 2.5 * panel["treated"] * panel["post"]
    assert estimate_did(panel.assign(revenue=raised)).effect == pytest.approx(base["effect"] + 2.5)


def test_known_effect_is_recovered_and_covered():
    n_draws, truth = 300, 12.0
    estimates, covered = np.empty(n_draws), 0
    for seed in range(n_draws):
        design = arrange_panel(
            simulate_panel(seed, n_units=60, effect=truth),
            outcome="revenue",
            unit="customer_id",
            period="period",
            treated="treated",
            post="post",
        )
        fit = fit_within(design, [np.outer(design.treated, design.post)])
        estimates[seed] = fit.params[0]
        lower, upper = fit.conf_int()[0]
        covered += lower < truth < upper
    error = estimates.std(ddof=1) / np.sqrt(n_draws)
    assert estimates.mean() == pytest.approx(truth, abs=3 * error)
    assert covered / n_draws == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / n_draws))


def test_placebo_on_untreated_data_is_about_nothing():
    results = [estimate_did(simulate_panel(seed)) for seed in range(200)]
    z = np.array([result.test.statistic for result in results])
    assert abs(z.mean()) < 3 / np.sqrt(len(z))
    assert np.mean([result.test.p_value < 0.05 for result in results]) <= 0.1
    assert np.mean([result.pretrend.joint.p_value < 0.05 for result in results]) <= 0.1


def test_a_claim_needs_every_check():
    panel = simulate_panel(CALM, effect=12)
    allowed = estimate_did(panel, balance=make_balance())
    assert allowed.claim_allowed
    assert allowed.claim == "effect"
    assert allowed.to_metrics()["claim_allowed"] == 1

    drifting = estimate_did(simulate_panel(CALM, drift=12), balance=make_balance())
    assert not drifting.claim_allowed
    assert [c.passed for c in drifting.checks[:2]] == [False, False]

    unlike = estimate_did(panel, balance=make_balance(gap=20))
    assert unlike.claim == "association"
    assert [c.passed for c in unlike.checks] == [True, True, False, True, True]

    unseen = estimate_did(panel)
    assert unseen.claim == "association"
    assert not next(c for c in unseen.checks if c.name == "likeness beforehand was examined").passed
    absent = estimate_did(panel, balance=NotAvailable("no features"))
    assert absent.effect == allowed.effect
    assert absent.claim == "association"

    few = panel[panel["customer_id"] >= "h015"]  # 25 treated units are left
    small = estimate_did(few, balance=make_balance())
    assert [c.passed for c in small.checks] == [True, True, True, True, False]


def test_one_period_before_allows_no_claim():
    panel = simulate_panel(1, n_periods=3)
    result = estimate_did(panel, balance=make_balance())
    assert str(result.pretrend) == (
        "not available: a trend before treatment needs two periods; there is one"
    )
    assert result.claim == "association"
    assert "pretrend_slope" not in result.to_metrics()
    with pytest.raises(ModelError, match="needs two periods; there is one"):
        examine_pretrend(panel)


def test_with_two_periods_before_both_placebo_tests_are_one():
    result = examine_pretrend(simulate_panel(1, n_periods=4))
    assert result.joint.statistic == pytest.approx(result.slope.statistic**2)
    assert result.joint.p_value == pytest.approx(result.slope.p_value)
    assert len(result.checks) == 1
    assert len(result.table()) == 2


def test_incomplete_units_are_counted():
    panel = simulate_panel(2)
    holes = panel.drop(index=[0, 7]).assign(
        revenue=panel["revenue"].where(panel["customer_id"] != "h050")
    )
    result = estimate_did(holes)
    assert result.n_left_out == 3
    rest = panel[~panel["customer_id"].isin(["h000", "h001", "h050"])]
    assert result.effect == pytest.approx(estimate_did(rest).effect)


def test_refusals():
    panel = simulate_panel(1, n_units=8)
    with pytest.raises(DataError, match=r"no column 'revenu'; did you mean 'revenue'\?"):
        estimate_did(panel, outcome="revenu")
    with pytest.raises(DataError, match="a customer_id stands twice in one period"):
        estimate_did(pd.concat([panel, panel.head(1)]))
    with pytest.raises(DataError, match="'treated' changes within a customer_id"):
        estimate_did(panel.assign(treated=panel["period"] > -2))
    with pytest.raises(DataError, match="'post' changes within a period"):
        estimate_did(panel.assign(post=panel["treated"]))
    with pytest.raises(DataError, match="'treated' must be true or false in every row"):
        estimate_did(panel.assign(treated=2))
    with pytest.raises(ModelError, match="there are 0 treated and 8 control units"):
        estimate_did(panel.assign(treated=False))
    with pytest.raises(ModelError, match="periods before and after the start"):
        estimate_did(panel.assign(post=True))
    with pytest.raises(ModelError, match="outcome does not change over time"):
        estimate_did(panel.assign(revenue=1.0))
    assert not estimate_did(NotAvailable("no campaigns"))
    assert not examine_pretrend(NotAvailable("no campaigns"))

"""Bounds under drifting trends, the power of the pre-test, resampled errors, other ways."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.effects.did import estimate_did
from crmstudy.case.effects.event import estimate_event
from crmstudy.case.effects.honest import bound_effect
from crmstudy.case.effects.pretest_power import plan_pretest
from crmstudy.case.effects.pretrend import examine_pretrend
from crmstudy.case.effects.resampling import resample_effect
from crmstudy.case.effects.variations import vary_effect
from crmstudy.errors import ModelError, NotAvailable, SettingsError

TREATED = np.arange(60) < 24


def make_panel(seed: int, *, path=None, n_post: int = 1, sd: float = 1.0) -> pd.DataFrame:
    """Five windows and more; ``path`` is the difference of the treated in each."""
    path = np.zeros(4 + n_post) if path is None else np.asarray(path, dtype=float)
    draw = np.random.default_rng(seed)
    outcome = draw.normal(0, sd, (60, len(path))) + 10 + TREATED[:, None] * path
    periods = np.arange(len(path)) - (len(path) - n_post)
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"h{i:03d}" for i in range(60)], len(path)),
            "period": np.tile(periods, 60),
            "treated": np.repeat(TREATED, len(path)),
            "post": np.tile(periods >= 0, 60),
            "revenue": outcome.ravel(),
        }
    )


def test_identified_set_worked_by_hand():
    # Without noise: differences 1, 3, 2 before (steps 2, -1), the last one the reference.
    panel = make_panel(1, path=[1, 3, 2, 7, 9], n_post=2, sd=0)
    panel["revenue"] += np.tile(np.arange(5.0), 60)
    found = bound_effect(estimate_event(panel, seed=1), mbars=(0, 1, 2))
    assert found.estimate == pytest.approx(6)  # (5 + 7) / 2
    assert found.largest_step == pytest.approx(2)
    # Lag k drifts by up to k * mbar * 2: (1 + 2) / 2 * 2 = 3 on the mean.
    assert found.bounds["set_lower"].tolist() == pytest.approx([6, 3, 0])
    assert found.bounds["set_upper"].tolist() == pytest.approx([6, 9, 12])
    assert found.bounds["lower"].tolist() == pytest.approx([6, 3, 0], abs=1e-6)
    assert found.breakdown == pytest.approx(2)


def test_without_drift_the_bound_is_the_usual_interval():
    event = estimate_event(make_panel(2, path=[0, 0, 0, 0, 4]), seed=1)
    found = bound_effect(event, mbars=(0, 0.5, 1))
    row = event.windows.loc[0]
    assert found.bounds.loc[0, "lower"] == pytest.approx(row["lower"])
    assert found.bounds.loc[0, "upper"] == pytest.approx(row["upper"])
    assert found.bounds["lower"].is_monotonic_decreasing
    assert found.bounds["upper"].is_monotonic_increasing
    at = bound_effect(event, mbars=(found.breakdown * 0.999, found.breakdown * 1.001)).bounds
    assert at.loc[0, "lower"] > 0 > at.loc[1, "lower"]
    none = bound_effect(estimate_event(make_panel(3), seed=1))
    assert none.breakdown == 0


def test_bounds_cover_an_effect_under_the_worst_drift_they_allow():
    covered, naive, n_draws = 0, 0, 300
    for seed in range(n_draws):  # steps .8 before, and .8 more after: the worst at mbar = 1
        event = estimate_event(make_panel(seed, path=[0, 0.8, 0, 0, 2.8]), seed=1)
        found = bound_effect(event, mbars=(0, 1)).bounds
        covered += found.loc[1, "lower"] <= 2 <= found.loc[1, "upper"]
        naive += found.loc[0, "lower"] <= 2 <= found.loc[0, "upper"]
    assert covered / n_draws >= 0.95
    assert naive / n_draws < 0.6


def test_trend_of_the_planned_power_is_found_that_often_and_biases_so_much():
    base = estimate_event(make_panel(0), seed=1)
    # The covariance that the design has, instead of one draw of it.
    spread = np.mean([estimate_event(make_panel(s), seed=1).covariance for s in range(30)], axis=0)
    planned = plan_pretest(
        type(base)(**{**vars(base), "covariance": spread}), effect=1.0, powers=(0.8,)
    ).rows.iloc[0]
    path = planned["slope"] * np.arange(5)
    draws = [make_panel(1000 + seed, path=path) for seed in range(400)]
    rejected = np.mean([examine_pretrend(panel).joint.p_value < 0.05 for panel in draws])
    assert rejected == pytest.approx(0.8, abs=0.07)
    effects = np.array([estimate_did(panel).effect for panel in draws[:60]])
    error = effects.std() / np.sqrt(len(effects))
    assert effects.mean() == pytest.approx(planned["bias"], abs=3 * error)


def test_null_effect_is_rejected_as_often_as_it_should_be_by_all_engines():
    found = [resample_effect(make_panel(seed), n_draws=199, seed=seed) for seed in range(300)]
    margin = 3 * np.sqrt(0.05 * 0.95 / len(found))
    for name in ("clustered", "permutation", "bootstrap"):
        rejected = np.mean([getattr(one, name) <= 0.05 for one in found])
        assert rejected == pytest.approx(0.05, abs=margin), name


def test_permutation_of_five_units_is_the_enumeration():
    # Two of five treated: 10 ways to deal; the greatest changes are dealt to them in 1 or, by
    # sign, 2 of 10 ways, so that the p-value tends to the share of ways at least as far.
    panel = make_panel(4).query("customer_id in ['h000', 'h001', 'h030', 'h031', 'h032']")
    panel = panel[panel["period"] >= -1]
    change = panel.pivot_table(index="customer_id", columns="period", values="revenue").diff(
        axis=1
    )[0]
    values = change.to_numpy()

    def t(chosen: tuple[int, int]) -> float:
        one = np.isin(np.arange(5), chosen)
        gap = values[one].mean() - values[~one].mean()
        return abs(gap) / np.sqrt(values[one].var() / 2 + values[~one].var() / 3)

    ways = [t((i, j)) for i in range(5) for j in range(i)]
    share = np.mean([way >= t((0, 1)) - 1e-9 for way in ways])
    found = resample_effect(panel, n_draws=4000, seed=1)
    assert found.permutation == pytest.approx(share, abs=4 * np.sqrt(0.25 / 4000))


def test_resampling_follows_neither_names_nor_scale():
    panel = make_panel(5, path=[0, 0, 0, 0, 0.8])
    base = resample_effect(panel, n_draws=499, seed=3)
    renamed = panel.assign(
        customer_id="x" + (999 - panel["customer_id"].str[1:].astype(int)).astype(str)
    )
    assert resample_effect(renamed, n_draws=499, seed=3) == base
    assert resample_effect(panel.sample(frac=1, random_state=1), n_draws=499, seed=3) == base
    weights = pd.Series(np.linspace(1, 2, 60), [f"h{i:03d}" for i in range(60)])
    weighed = resample_effect(panel, weights=weights, n_draws=499, seed=3)
    assert isinstance(weighed.permutation, NotAvailable)
    assert len(weighed.table()) == 2
    assert weighed.bootstrap == pytest.approx(
        estimate_did(panel, weights=weights).test.p_value, abs=0.06
    )


def test_other_ways_do_what_they_say():
    panel = make_panel(6, path=[0, 0, 0, 5, 1, 3], n_post=2)
    panel["revenue"] = panel["revenue"].clip(lower=0.1)
    found = vary_effect(panel, touched=["h001", "h040"]).rows.set_index("way")
    assert found.loc["as estimated", "estimate"] == pytest.approx(estimate_did(panel).effect)
    donut = panel[panel["period"] != -1]
    assert found.loc["without the last window before", "estimate"] == pytest.approx(
        estimate_did(donut).effect
    )
    first = panel[panel["period"] < 1]
    assert found.loc["without the windows after the first", "estimate"] == pytest.approx(
        estimate_did(first).effect
    )
    row = found.loc["without customers of other campaigns"]
    kept = panel[~panel["customer_id"].isin(["h001", "h040"])]
    assert row["estimate"] == pytest.approx(estimate_did(kept).effect)
    assert row["n_units"] == 58
    assert "only customers who bought before" not in found.index  # all did
    cut = panel.assign(
        revenue=panel["revenue"].clip(upper=panel.query("period < 0")["revenue"].quantile(0.99))
    )
    assert found.loc["largest amounts cut", "estimate"] == pytest.approx(estimate_did(cut).effect)


def test_refusals():
    panel = make_panel(1)
    short = estimate_event(panel[panel["period"] >= -1], seed=1)
    with pytest.raises(ModelError, match="bounds from the steps before the start need two"):
        bound_effect(short)
    with pytest.raises(ModelError, match="a test of trends before the start needs two windows"):
        plan_pretest(short, effect=1.0)
    with pytest.raises(SettingsError, match="none negative"):
        bound_effect(estimate_event(panel, seed=1), mbars=(-1,))
    with pytest.raises(SettingsError, match="n_draws = 10: must be at least 99"):
        resample_effect(panel, n_draws=10, seed=1)
    with pytest.raises(ModelError, match="there is nothing to resample"):
        resample_effect(panel.assign(revenue=panel["period"] * 1.0), seed=1)
    with pytest.raises(SettingsError, match="level = 2: must be between"):
        vary_effect(panel, level=2)
    assert not bound_effect(NotAvailable("no campaigns"))
    assert not vary_effect(NotAvailable("no campaigns"))

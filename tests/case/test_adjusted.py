"""The adjusted comparison: a known effect comes back, checks decide, nothing else matters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.linear_model import OLS

from crmstudy.case.comparison.adjusted import adjust_comparison, eve_of, rehearse
from crmstudy.case.comparison.confounding import judge_confounding
from crmstudy.case.comparison.covariates import gather_covariates
from crmstudy.case.comparison.estimates import change_of
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError, attempt

EFFECT = 4.0


def simulate(seed=1, *, n=400, effect=EFFECT, strength=1.0, hidden=0.0, windows=4):
    """Customers chosen by taste, whose spending grows with it: unadjusted is wrong."""
    random = np.random.default_rng(seed)
    taste, secret = random.normal(size=(2, n))
    ids = np.array([f"c{k:04d}" for k in random.permutation(n)])
    treated = random.uniform(size=n) < 1 / (1 + np.exp(0.3 - strength * taste - hidden * secret))
    periods = np.arange(-windows, 1)
    noise = random.normal(scale=3, size=(n, windows + 1))
    level = 50 + 5 * taste[:, None] + noise
    level[:, -1] += 3 * taste + 4 * hidden * secret + effect * treated
    start = pd.Timestamp("2025-03-01")
    panel = pd.DataFrame(
        {
            "customer_id": np.repeat(ids, windows + 1),
            "period": np.tile(periods, n),
            "starts_on": np.tile([start + pd.Timedelta(days=28 * int(p)) for p in periods], n),
            "treated": np.repeat(treated, windows + 1),
            "post": np.tile(periods >= 0, n),
            "revenue": level.ravel(),
        }
    )
    features = pd.DataFrame(
        {"n_purchases": np.exp(3 + taste), "weekend_share": random.uniform(size=n)},
        index=pd.Index(ids, name="customer_id"),
    )
    return panel, features


def adjust(panel, features, **options):
    known = gather_covariates(features, panel)
    return adjust_comparison(panel, known, **options)


@pytest.fixture(scope="module")
def made():
    panel, features = simulate()
    before = rehearse(panel)
    earlier = adjust(before, features)
    return panel, features, adjust(panel, features, rehearsal=earlier)


def test_a_known_effect_comes_back_over_replications():
    estimates = {}
    for seed in range(60):
        panel, features = simulate(seed, n=300)
        for found in adjust(panel, features).estimates:
            estimates.setdefault(found.method, []).append(
                (found.effect, found.lower <= EFFECT <= found.upper, found.standard_error)
            )
    for method, rows in estimates.items():
        effects, covered, errors = map(np.array, zip(*rows, strict=True))
        bias = effects.mean() - EFFECT
        if method == "unadjusted":
            assert bias > 1.5  # taste
            assert covered.mean() < 0.2
        else:
            matched = method.startswith("matching")
            assert abs(bias) < (0.35 if matched else 0.15), method
            assert covered.mean() >= (0.8 if matched else 0.87), method
            assert errors.mean() == pytest.approx(effects.std(), rel=0.35), method


def test_all_checks_hold_where_only_what_is_seen_matters(made):
    adjusted = made[2]
    assert adjusted.carried.method == "entropy balancing"
    assert adjusted.claim_allowed, [check.name for check in adjusted.checks if not check.passed]
    assert adjusted.interval[0] < EFFECT < adjusted.interval[1]
    assert adjusted.table()["carried on"].eq("yes").sum() == 1
    assert adjusted.to_metrics()["adjusted_claim_allowed"] == 1
    summary = adjusted.summarise_balance().set_index("method")
    assert summary.loc["unadjusted", "beyond 0.1"] > 0
    assert summary.loc["entropy balancing", "beyond 0.1"] == 0


def test_method_and_caliper_change_what_is_carried_on(made):
    panel, features, _ = made
    matched = adjust(panel, features, method="matching")
    strict = adjust(panel, features, method="matching", caliper=0.01)
    assert matched.carried.method == "matching"
    assert strict.carried.n_treated < matched.carried.n_treated
    wide = adjust(panel, features, confidence=0.99)
    assert wide.interval[0] < adjust(panel, features).interval[0]


def test_no_claim_without_a_rehearsal_or_after_one_that_found_something(made):
    panel, features, adjusted = made
    alone = adjust(panel, features)
    assert not alone.claim_allowed
    assert "no rehearsal" in alone.checks[-1].source
    jump = panel.copy()
    jump.loc[jump["treated"] & (jump["period"] == -1), "revenue"] += 6
    found = adjust(rehearse(jump), features)
    assert found.carried.p_value < 0.001
    # Spending known on the later eve already holds the jump; the trend shows it all the same.
    judged = adjust(jump, features, rehearsal=found)
    assert not judged.checks[-1].passed
    assert not judged.claim_allowed
    assert adjusted.effect == alone.effect


def test_one_window_before_shows_no_trend(made):
    panel, features, _ = made
    short = adjust(panel[panel["period"] >= -1], features)
    assert short.trends.joint.distribution == "chi2(0)"
    assert not short.trends.check.passed


def test_groups_too_unlike_are_not_claimed():
    panel, features = simulate(3, strength=6.0)
    earlier = attempt(adjust, rehearse(panel), features)
    found = attempt(adjust, panel, features, rehearsal=earlier)
    assert not found or not found.claim_allowed


def test_a_hidden_confounder_moves_the_estimate_and_the_bound_covers_it():
    panel, features = simulate(4, n=1500, effect=0.0, hidden=1.0)
    known = gather_covariates(features, panel)
    adjusted = adjust_comparison(panel, known)
    assert adjusted.carried.lower > 0.5  # no effect, and yet
    hidden = judge_confounding(panel, known, adjusted)
    # The confounder's own strength, from the data that a study would not have.
    assert 0 < hidden.robustness_alpha < hidden.robustness < 0.45
    assert hidden.strongest["effect"] <= hidden.effect
    change = change_of(panel, "revenue", known.treated.index)
    matrix = np.column_stack([np.ones(1500), known.treated, known.design()]).astype(float)
    plain = OLS(change.to_numpy(), matrix).fit()
    assert hidden.effect == pytest.approx(plain.params[1])
    assert hidden.standard_error == pytest.approx(plain.bse[1])
    assert hidden.df == plain.df_resid
    assert hidden.gamma > 1
    grid = hidden.trace_contours(12)
    assert grid["effect"].iloc[0] == pytest.approx(hidden.effect)
    assert grid["effect"].min() < 0


def test_order_of_rows_and_scale_of_money(made):
    panel, features, adjusted = made
    mixed = panel.sample(frac=1, random_state=3)
    again = adjust(mixed, features.sample(frac=1, random_state=4))
    assert [e.effect for e in again.estimates] == pytest.approx(
        [e.effect for e in adjusted.estimates], rel=1e-9
    )
    wide = adjusted.trends.windows
    pd.testing.assert_frame_equal(again.trends.windows, wide, rtol=1e-8)
    # The unadjusted difference is in money; logarithms of the past are not quite.
    cents = adjust(panel.assign(revenue=panel["revenue"] * 100), features)
    assert cents.estimates[0].effect == pytest.approx(100 * adjusted.estimates[0].effect)


def test_inputs_stay_as_they_are(made):
    panel, features, _ = made
    before, known = panel.copy(), features.copy()
    adjust(rehearse(panel), features)
    pd.testing.assert_frame_equal(panel, before)
    pd.testing.assert_frame_equal(features, known)


def test_the_rehearsal_ends_before_the_campaign(made):
    panel = made[0]
    before = rehearse(panel)
    assert sorted(before["period"].unique()) == [-3, -2, -1, 0]
    assert (
        before.loc[before["post"], "starts_on"].max() < panel.loc[panel["post"], "starts_on"].min()
    )
    assert eve_of(before) == "2025-01-31"
    assert eve_of(panel) == "2025-02-28"
    with pytest.raises(ModelError, match="two windows"):
        rehearse(panel[panel["period"] >= -1])


def test_covariates_are_counted_and_known_beforehand(made):
    panel, features, _ = made
    customers = pd.DataFrame({"customer_id": features.index})
    customers["region"] = np.where(np.arange(len(customers)) % 3, "north", None)
    customers["city"] = [f"town {k}" for k in range(len(customers))]
    customers["age"] = 40.0 + np.arange(len(customers)) % 9
    customers["birth_year"] = 2024 - customers["age"]
    campaigns = pd.DataFrame(
        {
            "customer_id": features.index[:10].tolist() + features.index[:3].tolist(),
            "start_on": pd.to_datetime(["2025-01-05"] * 10 + ["2025-03-01"] * 3),
            "end_on": pd.to_datetime(["2025-03-04"] * 13),
        }
    )
    first = features.iloc[5:]
    known = gather_covariates(first, panel, campaigns=campaigns, customers=customers)
    assert known.left_out[["treated", "control"]].to_numpy().sum() == 5
    assert known.not_used == ("city",)
    assert known.terms["earlier campaigns"].sum() == 5  # ten, less the five left out
    assert "running campaigns" not in known.terms  # the same customers: told once
    assert {"region: (missing)", "region: north", "age"} <= set(known.terms)
    assert "birth year" not in known.terms  # a straight line of the age
    after = panel.copy()
    after.loc[after["post"], "revenue"] = 1e6
    changed = gather_covariates(first, after, campaigns=campaigns, customers=customers)
    pd.testing.assert_frame_equal(known.terms, changed.terms)


def test_refusals(made):
    panel, features, _ = made
    known = gather_covariates(features, panel)
    with pytest.raises(SettingsError, match="known: weighting, matching"):
        adjust_comparison(panel, known, method="magic")
    with pytest.raises(SettingsError, match="confidence = 1"):
        adjust_comparison(panel, known, confidence=1)
    with pytest.raises(DataError, match="no column 'profit'"):
        gather_covariates(features, panel, outcome="profit")
    with pytest.raises(ModelError, match="bought before the campaign"):
        gather_covariates(features.iloc[:1], panel)
    absent = NotAvailable("no campaigns")
    assert gather_covariates(absent, panel) is absent
    assert adjust_comparison(panel, absent) is absent
    assert rehearse(absent) is absent
    assert eve_of(absent) == ""
    assert judge_confounding(panel, known, absent) is absent

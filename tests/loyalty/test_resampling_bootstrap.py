"""The bootstrap of a model: against lavaan's, its tables, and what it refuses."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.loyalty.estimation.estimate import fit_sem
from crmstudy.loyalty.resampling.bootstrap import Bootstrap, bootstrap_model
from crmstudy.loyalty.resampling.draws import draw_rows, order_answers
from crmstudy.loyalty.resampling.effects import bound_effects, evaluate_effects
from crmstudy.loyalty.resampling.engine import refit_samples
from crmstudy.loyalty.resampling.intervals import accelerate, bca_limits, percentile_limits
from crmstudy.loyalty.structure.effects import trace_effects
from crmstudy.statistics.draws import draw_seeds

REFERENCE = Path(__file__).parents[1] / "reference" / "sem_bootstrap"
DRAWS = 2000


@pytest.fixture(scope="module")
def drawn(fitted):
    return {
        name: bootstrap_model(fitted[name], n_draws=DRAWS, seed=1)
        for name in ("admissible", "democracy")
    }


@pytest.fixture(scope="module")
def lavaan_limits():
    return pd.read_csv(REFERENCE / "intervals.csv", keep_default_na=False)


@pytest.mark.parametrize("name", ["admissible", "democracy"])
def test_limits_are_lavaans_within_monte_carlo_error(drawn, fitted, lavaan_limits, name):
    """Of a 2.5% quantile of 2,000 normal replicates the standard error is .060 SE.

    ``sqrt(.025 * .975 / 2000) / density(1.96)``; two runs differ by .085 SE, and more
    where replicates have heavier tails. Of a standard error it is 1.6% (2.2% the two).
    """
    theirs = lavaan_limits.query("model == @name and kind == 'perc'")
    bounded = bound_effects(trace_effects(fitted[name]), drawn[name]).table()
    totals = bounded[bounded["effect"].isin(["direct", "total indirect"])]
    ours = {(r["source"], r["target"], r["effect"]): r for r in totals.to_dict("records")}
    for row in theirs.to_dict("records"):
        if row["op"] == "~":
            found = ours[row["right"], row["left"], "direct"]
        else:
            found = ours[(*row["left"].split("_"), "total indirect")]
        assert found["estimate"] == pytest.approx(row["estimate"], abs=2e-5)
        assert found["bootstrap se"] == pytest.approx(row["se"], rel=4 * 0.022)
        for end in ("lower", "upper"):
            assert found[f"percentile {end}"] == pytest.approx(row[end], abs=4 * 0.085 * row["se"])
    assert len(theirs) == {"admissible": 7, "democracy": 4}[name]


def test_bias_corrected_limits_are_lavaans_within_monte_carlo_error(drawn, fitted, lavaan_limits):
    """lavaan's bca.simple has no acceleration: limits of our replicates with none."""
    bootstrap, fit = drawn["admissible"], fitted["admissible"]
    theirs = lavaan_limits.query("model == 'admissible' and kind == 'bca.simple' and op == '~'")
    for row in theirs.to_dict("records"):
        k = fit.structure.parameters.index((row["left"], "~", row["right"]))
        found = bca_limits(
            bootstrap.theta[:, k], bootstrap.estimate[k], acceleration=0.0, level=0.95
        )
        # the correction z0 is estimated too, and enters twice: half as much again
        assert found == pytest.approx((row["lower"], row["upper"]), abs=6 * 0.085 * row["se"])


def test_samples_are_counted(drawn):
    for bootstrap in drawn.values():
        counts = bootstrap.counts().set_index("what")["number"]
        assert counts["samples drawn"] == DRAWS
        assert counts["with estimates: kept"] == bootstrap.n_kept
        assert bootstrap.n_kept + bootstrap.n_failed == DRAWS
        assert np.count_nonzero(~bootstrap.admissible) == bootstrap.n_inadmissible
    assert drawn["democracy"].n_inadmissible > drawn["admissible"].n_inadmissible > 0


def test_inadmissible_samples_can_be_left_out(drawn):
    bootstrap = drawn["democracy"]
    without = bootstrap.exclude_inadmissible()
    assert without.n_kept == bootstrap.n_kept - bootstrap.n_inadmissible
    assert without.n_inadmissible == bootstrap.n_inadmissible  # what was drawn stays told
    se, narrower = (each.table()["bootstrap se"].to_numpy() for each in (bootstrap, without))
    assert narrower[se > 0].sum() < se[se > 0].sum()


def test_the_table_has_every_parameter(drawn, fitted):
    fit = fitted["admissible"]
    for standardised in (False, True):
        table = drawn["admissible"].table(standardised=standardised)
        expected = fit.table()
        assert table[["kind", "left", "right"]].equals(expected[["kind", "left", "right"]])
        wanted = expected["standardised" if standardised else "estimate"]
        np.testing.assert_allclose(table["estimate"], wanted, rtol=1e-9)
        assert np.isfinite(table.drop(columns=["kind", "left", "right"]).to_numpy()).all()
        for kind in ("percentile", "BCa"):
            assert (table[f"{kind} lower"] <= table[f"{kind} upper"]).all()
    markers = drawn["admissible"].table().query("kind == 'loading'").groupby("left").head(1)
    assert (markers[["percentile lower", "BCa upper"]] == 1.0).all(axis=None)
    paths = drawn["admissible"].paths()
    assert list(paths["source"]) == ["quality", "quality", "value", "satisfaction"]
    assert list(paths["target"]) == ["value", "satisfaction", "satisfaction", "loyalty"]


def test_each_kind_of_limit_stands_in_its_column(drawn):
    bootstrap = drawn["admissible"]
    table = bootstrap.table(level=0.9)
    for kind, name in (("percentile", "percentile"), ("bca", "BCa")):
        bounds = bootstrap.bound_parameters(level=0.9, kind=kind)
        for end in ("lower", "upper"):
            np.testing.assert_array_equal(table[f"{name} {end}"], getattr(bounds, end))
    assert (table["percentile lower"] != table["BCa lower"]).sum() > 20


def test_a_wider_level_gives_wider_limits(drawn):
    narrow, wide = (drawn["admissible"].paths(level=level) for level in (0.8, 0.99))
    for kind in ("percentile", "BCa"):
        assert (wide[f"{kind} lower"] < narrow[f"{kind} lower"]).all()
        assert (wide[f"{kind} upper"] > narrow[f"{kind} upper"]).all()


def test_any_function_of_the_parameters_is_bounded(drawn, fitted):
    bootstrap, fit = drawn["admissible"], fitted["admissible"]

    def total(theta):
        return np.array([theta[10:12].sum(), theta[11]])

    found = bootstrap.bound(total, kind="percentile")
    plain = bootstrap.theta[:, 10:12].sum(axis=1)
    assert (found.lower[0], found.upper[0]) == percentile_limits(plain, level=0.95)
    assert found.estimate[0] == pytest.approx(fit.estimates.theta[10:12].sum())
    assert found.bias[0] == pytest.approx(plain.mean() - found.estimate[0])
    bca = bootstrap.bound(total)
    left_out = bootstrap.left_out[:, 10:12].sum(axis=1)
    assert len(left_out) == fit.n_used
    expected = bca_limits(plain, found.estimate[0], acceleration=accelerate(left_out), level=0.95)
    assert (bca.lower[0], bca.upper[0]) == pytest.approx(expected, rel=1e-12)
    stacked = bootstrap.bound(lambda thetas: thetas[:, 10:12], stacked=True)
    assert stacked.lower[1] == bca.lower[1]


def test_the_jackknife_is_a_refit_without_each_respondent(drawn, fitted):
    """In the canonical order, shuffled by the seed: as a set, the refits by hand."""
    bootstrap, fit = drawn["democracy"], fitted["democracy"]
    answers = order_answers(fit.answers)
    without = np.array([np.delete(np.arange(75), k) for k in range(75)])
    samples = np.stack([np.cov(answers[rows], rowvar=False, ddof=0) for rows in without])
    expected = refit_samples(fit.structure, samples, start=fit.estimates.theta).theta
    ours, theirs = (np.sort(each, axis=0) for each in (bootstrap.left_out, expected))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_effects_are_those_of_the_delta_method(drawn, fitted):
    for name in ("admissible", "democracy"):
        effects = trace_effects(fitted[name])
        bounded = bound_effects(effects, drawn[name])
        for standardised, expected in ((False, effects.estimate), (True, effects.standardised)):
            table = bounded.table(standardised=standardised)
            np.testing.assert_allclose(table["estimate"], expected, rtol=1e-10)
        assert list(bounded.table()["route"]) == list(effects.table()["route"])
        assert bounded.to_metrics().keys() >= {
            f"lower_total_{e.source}_{e.target}" for e in effects.effects if e.kind == "total"
        }


def test_a_standardised_effect_of_a_negative_variance_is_left_out_and_counted(drawn, fitted):
    fit = fitted["democracy"]
    theta = np.repeat(fit.estimates.theta[None], 3, axis=0)
    theta[0, fit.structure.parameters.index(("ind60", "~~", "ind60"))] = -1.0
    effects = trace_effects(fit).effects
    values = evaluate_effects(fit.structure, effects, theta, standardised=True)
    assert np.isnan(values[0, 0])
    assert np.isfinite(values[1:]).all()
    bootstrap = replace(drawn["democracy"], theta=theta)
    bounds = bootstrap.bound_parameters(kind="percentile", standardised=True)
    assert set(bounds.n_used) == {2, 3}


def test_the_order_of_respondents_does_not_matter(mobi, ecsi, drawn):
    fit = fit_sem(mobi.sample(frac=1.0, random_state=1), model=ecsi["admissible"])
    again = bootstrap_model(fit, n_draws=200, seed=5).paths()
    fit = fit_sem(mobi, model=ecsi["admissible"])
    pd.testing.assert_frame_equal(bootstrap_model(fit, n_draws=200, seed=5).paths(), again)


def test_a_seed_settles_every_byte(drawn, fitted):
    assert drawn["admissible"].seed == draw_seeds(1, stage=210, n=1)[0]  # no other stage's
    again = bootstrap_model(fitted["admissible"], n_draws=DRAWS, seed=1)
    assert again.theta.tobytes() == drawn["admissible"].theta.tobytes()
    other = bootstrap_model(fitted["admissible"], n_draws=DRAWS, seed=2)
    assert other.theta.tobytes() != again.theta.tobytes()


def test_the_rows_behind_each_draw_can_be_had(drawn, fitted):
    bootstrap, fit = drawn["democracy"], fitted["democracy"]
    rows = draw_rows(75, n_draws=DRAWS, seed=bootstrap.seed)[bootstrap.kept[7]]
    sample = np.cov(order_answers(fit.answers)[rows], rowvar=False, ddof=0)
    again = refit_samples(fit.structure, sample[None], start=bootstrap.estimate)
    np.testing.assert_allclose(again.theta[0], bootstrap.theta[7], rtol=1e-4, atol=1e-5)


def test_the_divisor_scales_variances_only(drawn, fitted):
    other = bootstrap_model(fitted["admissible n-1"], n_draws=DRAWS, seed=1)
    one, two = (each.table() for each in (drawn["admissible"], other))
    factor = np.where(one["kind"] == "variance", 250 / 249, 1.0)
    np.testing.assert_allclose(two["BCa upper"], one["BCa upper"] * factor, rtol=1e-4)


def test_many_respondents_are_left_out_in_groups(mobi, ecsi):
    fit = fit_sem(pd.concat([mobi] * 6), model=ecsi["admissible"])
    assert len(bootstrap_model(fit, n_draws=2, seed=1).left_out) == 1000


def test_metrics_are_plain_numbers(drawn):
    metrics = drawn["admissible"].to_metrics()
    assert metrics["n_draws"] == DRAWS
    assert {"se_quality_value", "std_lower_quality_value", "upper_quality_value"} <= set(metrics)
    assert all(isinstance(value, (int, float)) for value in metrics.values())


def test_what_cannot_be_bootstrapped_says_why(fitted, mobi, ecsi):
    found = bootstrap_model(fitted["full"], n_draws=100, seed=1)
    assert isinstance(found, NotAvailable)
    assert "inadmissible" in found.reason
    assert bound_effects(NotAvailable("none"), found).reason == "none"
    alike = np.repeat(mobi[list(ecsi["admissible"].items)].to_numpy(dtype=float)[:8], 30, axis=0)
    found = bootstrap_model(replace(fitted["admissible"], answers=alike), n_draws=100, seed=1)
    assert isinstance(found, NotAvailable)
    assert "100 of 100 bootstrap samples gave no estimates" in found.reason
    incomplete = mobi.assign(PERQ1=mobi["PERQ1"].where(mobi.index != 3))
    fiml = fit_sem(incomplete, model=ecsi["admissible"], missing="fiml")
    found = bootstrap_model(fiml, n_draws=100, seed=1)
    assert isinstance(found, NotAvailable)
    assert "incomplete" in found.reason


def test_bad_input_is_refused(fitted, drawn):
    with pytest.raises(ModelError, match="two samples or more"):
        bootstrap_model(fitted["admissible"], n_draws=1, seed=1)
    bootstrap: Bootstrap = drawn["admissible"]
    with pytest.raises(ModelError, match="between 0 and 1"):
        bootstrap.bound(lambda theta: theta, level=95)
    with pytest.raises(ModelError, match="'bca' or 'percentile'"):
        bootstrap.bound(lambda theta: theta, kind="basic")
    with pytest.raises(ModelError, match="fewer than two bootstrap samples"):
        bootstrap.bound(lambda theta: theta * np.nan)

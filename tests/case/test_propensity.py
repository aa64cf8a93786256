"""Propensity, matches, weights and estimates against R, and by their laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.comparison.covariates import Covariates
from crmstudy.case.comparison.estimates import (
    estimate_balanced,
    estimate_doubly_robust,
    estimate_inverse,
    estimate_matched,
    estimate_unadjusted,
)
from crmstudy.case.comparison.likeness import compare_balance, tabulate_balance
from crmstudy.case.comparison.matching import match_nearest
from crmstudy.case.comparison.propensity import concordance_share, fit_propensity
from crmstudy.case.comparison.trends import trace_trends
from crmstudy.case.comparison.weighting import (
    balance_entropy,
    effective_size,
    solve_entropy,
    weigh_equally,
    weigh_inversely,
)
from crmstudy.errors import DataError, ModelError, NotAvailable, SettingsError

FOLDER = Path(__file__).parents[1] / "reference" / "propensity"
NOBODY = pd.DataFrame({"reason": [], "treated": [], "control": []})


def cover(terms: pd.DataFrame, treated: pd.Series, shares=()) -> Covariates:
    blocks = pd.DataFrame({"covariate": list(terms), "definition": "", "terms": 1})
    return Covariates(terms, tuple(shares), treated.astype(bool), blocks, NOBODY, ())


@pytest.fixture(scope="module")
def data():
    return pd.read_csv(FOLDER / "input.csv").set_index("customer_id")


@pytest.fixture(scope="module")
def expected():
    return pd.read_csv(FOLDER / "expected.csv").set_index("quantity")


@pytest.fixture(scope="module")
def covariates(data):
    terms = pd.DataFrame({"spend (log)": np.log1p(data["spend"]), "recency": data["recency"] * 1.0})
    for level in ("east", "north", "west"):
        terms[f"region: {level}"] = (data["region"] == level).astype(float)
    return cover(terms, data["treated"], [name for name in terms if name.startswith("region")])


@pytest.fixture(scope="module")
def propensity(covariates):
    """Nobody trimmed, as in the reference."""
    found = fit_propensity(covariates)
    return replace(found, customers=found.customers.assign(supported=True))


def value_of(expected, quantity, name):
    rows = expected.loc[quantity].set_index("name")["value"]
    return rows[name]


def test_propensity_as_in_r(propensity, expected):
    wanted = expected.loc["propensity"].set_index("name")["value"]
    assert propensity.method == "maximum likelihood"
    found = propensity.customers["propensity"]
    np.testing.assert_allclose(found, wanted[found.index], atol=1e-9)


def test_pairs_as_matchit(propensity, expected):
    for key, again in (("pair", False), ("pair_replaced", True)):
        found = match_nearest(propensity, caliper=0.2, replace=again)
        assert set(found.pairs["treated"] + " " + found.pairs["control"]) == set(
            expected.loc[key, "name"]
        )
    assert found.caliper == pytest.approx(value_of(expected, "matching", "caliper"), rel=1e-9)


def test_matched_effect_and_means_as_in_r(propensity, covariates, data, expected):
    found = match_nearest(propensity, caliper=0.2)
    effect = estimate_matched(data["change"], found, confidence=0.95)
    assert effect.effect == pytest.approx(value_of(expected, "matching", "effect"), rel=1e-10)
    assert effect.standard_error == pytest.approx(value_of(expected, "matching", "se"), rel=1e-10)
    both = {"unadjusted": weigh_equally(covariates), "matching": found.weights}
    rows = compare_balance(covariates, both)
    rows = rows[rows["method"] == "matching"].set_index("covariate")
    for mine, theirs in (("spend (log)", "lspend"), ("recency", "recency")):
        gap = value_of(expected, "mean_treated_matched", theirs)
        gap -= value_of(expected, "mean_control_matched", theirs)
        wanted = gap / value_of(expected, "pooled", theirs)
        assert rows.loc[mine, "standardised_difference"] == pytest.approx(wanted, rel=1e-9)


def test_inverse_and_doubly_robust_as_in_r(propensity, data, expected):
    weights = weigh_inversely(propensity, truncate_at=1.0)
    for key, estimate in (("inverse", estimate_inverse), ("robust", estimate_doubly_robust)):
        found = estimate(data["change"], weights, propensity, confidence=0.95)
        assert found.effect == pytest.approx(value_of(expected, key, "effect"), rel=1e-8)
        assert found.standard_error == pytest.approx(value_of(expected, key, "se"), rel=1e-7)
    assert value_of(expected, "weighted", "effect") == pytest.approx(
        estimate_inverse(data["change"], weights, propensity, confidence=0.9).effect, rel=1e-8
    )


def test_weights_taken_as_given_as_sandwich(propensity, data, expected):
    weights = weigh_inversely(propensity, truncate_at=1.0)
    panel = pd.concat(
        [
            pd.DataFrame({"customer_id": data.index, "period": period, "y": value})
            for period, value in ((-1, 0.0), (0, data["change"].to_numpy()))
        ]
    )
    row = trace_trends(panel, weights, outcome="y", confidence=0.95).windows.iloc[1]
    assert row["estimate"] == pytest.approx(value_of(expected, "weighted", "effect"), rel=1e-9)
    assert row["standard_error"] == pytest.approx(value_of(expected, "weighted", "hc0_se"))


def test_entropy_weights_are_the_calibrated_odds(covariates, propensity, data, expected):
    weights = balance_entropy(covariates)
    wanted = expected.loc["calibrated_weight"].set_index("name")["value"]
    found = weights.weights[wanted.index]
    np.testing.assert_allclose(found, wanted / wanted.sum() * found.sum(), rtol=1e-6)
    effect = estimate_balanced(data["change"], weights, propensity.design, confidence=0.95)
    assert effect.effect == pytest.approx(value_of(expected, "improved", "effect"), rel=1e-7)
    assert effect.standard_error == pytest.approx(value_of(expected, "improved", "se"), rel=1e-6)


def test_entropy_balance_is_exact(covariates):
    both = {"unadjusted": weigh_equally(covariates), "entropy": balance_entropy(covariates)}
    table = tabulate_balance(compare_balance(covariates, both))
    assert table["unadjusted"].abs().max() > 0.2
    assert table["entropy"].abs().max() < 1e-7
    assert both["entropy"].n_control == covariates.n_control
    assert both["entropy"].weights[~covariates.treated].sum() == pytest.approx(covariates.n_treated)


def test_most_even_of_all_balancing_weights():
    # Three points, one moment: weights (a, 1 - a - c, c) with c = a + 0: solved by hand.
    weights = solve_entropy(np.array([[-1.0], [0.0], [1.0]]))
    np.testing.assert_allclose(weights, 1 / 3, atol=1e-12)
    # Two points: no freedom, 2/3 and 1/3.
    weights = solve_entropy(np.array([[-1.0], [2.0]]))
    np.testing.assert_allclose(weights, [2 / 3, 1 / 3], atol=1e-8)
    with pytest.raises(ModelError, match="too far apart for an exact balance"):
        solve_entropy(np.array([[1.0], [2.0]]))


def test_constant_propensity_changes_nothing(data):
    # One binary covariate with equal shares in both groups: every odds is the same.
    treated = pd.Series([True, True, False, False] * 10)
    terms = pd.DataFrame({"woman": [1.0, 0, 1, 0] * 10})
    change = pd.Series(np.random.default_rng(1).normal(size=40))
    both = cover(terms, treated)
    propensity = fit_propensity(both)
    raw = estimate_unadjusted(change, weigh_equally(both), confidence=0.95)
    weights = weigh_inversely(propensity)
    found = estimate_inverse(change, weights, propensity, confidence=0.95)
    assert found.effect == pytest.approx(raw.effect)
    assert propensity.c_statistic == pytest.approx(0.5)
    assert weights.effective_controls == pytest.approx(20)


def test_swapping_the_groups_turns_the_sign(covariates, data):
    swapped = replace(covariates, treated=~covariates.treated)
    one = estimate_unadjusted(data["change"], weigh_equally(covariates), confidence=0.95)
    other = estimate_unadjusted(data["change"], weigh_equally(swapped), confidence=0.95)
    assert other.effect == pytest.approx(-one.effect)
    assert other.standard_error == pytest.approx(one.standard_error)
    logit = fit_propensity(covariates).customers["logit"]
    back = fit_propensity(swapped).customers["logit"]
    np.testing.assert_allclose(back, -logit, atol=1e-8)


def test_order_of_customers_does_not_matter(covariates, data):
    order = np.random.default_rng(2).permutation(len(data))
    mixed = cover(covariates.terms.iloc[order], covariates.treated.iloc[order], covariates.shares)
    one, other = match_nearest(fit_propensity(covariates)), match_nearest(fit_propensity(mixed))
    assert set(zip(one.pairs["treated"], one.pairs["control"], strict=True)) == set(
        zip(other.pairs["treated"], other.pairs["control"], strict=True)
    )
    pd.testing.assert_series_equal(
        balance_entropy(covariates).weights,
        balance_entropy(mixed).weights.loc[covariates.terms.index],
        rtol=1e-9,
    )


def test_ties_go_to_the_first_by_name():
    terms = pd.DataFrame({"x": [1.0, 2, 1, 2, 1, 2, 2, 1, 2]}, index=list("hgfedcbai"))
    treated = pd.Series([True, True] + [False] * 7, index=terms.index)
    pairs = match_nearest(fit_propensity(cover(terms, treated))).pairs
    # a, d and f have the x of h; b, c, e and i that of g.
    assert dict(zip(pairs["treated"], pairs["control"], strict=True)) == {"h": "a", "g": "b"}


def test_matches_stay_inside_strata(propensity, data):
    found = match_nearest(propensity, n_controls=2, caliper=5, exact=data["region"])
    region = data["region"]
    assert (
        region[found.pairs["treated"]].to_numpy() == region[found.pairs["control"]].to_numpy()
    ).all()
    assert not found.pairs["control"].duplicated().any()
    total = found.pairs.groupby("treated")["weight"].sum()
    np.testing.assert_allclose(total, 1)
    with pytest.raises(DataError, match="exact lacks"):
        match_nearest(propensity, exact=data["region"].iloc[5:])


def test_separated_groups_take_the_ridge():
    x = np.arange(40.0)
    clean = pd.Series(x >= 20)
    with pytest.raises(ModelError, match="no propensity in common"):
        fit_propensity(cover(pd.DataFrame({"x": x}), clean))
    # One level that only the addressed have: quasi-separation, the ridge must say so.
    level = pd.DataFrame({"x": np.tile(np.arange(10.0), 4), "z": (x % 10 == 9) * 1.0})
    mixed = pd.Series(x % 3 == 0) | (level["z"] == 1)
    found = fit_propensity(cover(level, mixed))
    assert found.method == "ridge"
    assert found.coefficients["coefficient"].abs().max() < 10
    # The ridge's first-order condition, by hand: the score equals the coefficients.
    rest = mixed.to_numpy() - found.customers["propensity"].to_numpy()
    score = found.design.to_numpy().T @ rest
    np.testing.assert_allclose(score, found.coefficients["coefficient"].iloc[1:], atol=1e-8)
    assert rest.sum() == pytest.approx(0, abs=1e-8)


def test_customers_outside_the_support_are_counted(covariates):
    found = fit_propensity(covariates)
    outside = ~found.customers["propensity"].between(*found.support)
    left = found.left_out.iloc[0]
    assert left["treated"] + left["control"] == outside.sum() > 0
    weights = weigh_inversely(found)
    assert (weights.weights[outside] == 0).all()
    assert weights.weights[~covariates.treated].sum() == pytest.approx(weights.n_treated)
    assert weights.n_truncated == 2  # one in a hundred of the controls
    heaviest = weights.weights[~covariates.treated].nlargest(3)
    assert heaviest.iloc[0] == heaviest.iloc[1] >= heaviest.iloc[2] > 0.5 * heaviest.iloc[0]


def test_plain_numbers():
    assert effective_size(np.array([1.0, 1, 1, 1])) == 4
    assert effective_size(np.array([3.0, 1, 0])) == pytest.approx(1.6)
    scores = np.array([1.0, 2, 2, 3])
    assert concordance_share(scores, np.array([False, True, False, True])) == pytest.approx(3.5 / 4)


def test_refusals(covariates, propensity):
    constant = cover(pd.DataFrame({"x": [1.0] * 6}), pd.Series([True, False] * 3))
    with pytest.raises(ModelError, match="no covariate varies"):
        fit_propensity(constant)
    wide = cover(pd.DataFrame(np.eye(6)[:, :5]).rename(columns=str), constant.treated)
    with pytest.raises(ModelError, match="more customers than covariates"):
        fit_propensity(wide)
    with pytest.raises(SettingsError, match="caliper = 0"):
        match_nearest(propensity, caliper=0)
    with pytest.raises(SettingsError, match="truncate_at = 2"):
        weigh_inversely(propensity, truncate_at=2)
    with pytest.raises(ModelError, match="within the caliper"):
        match_nearest(propensity, caliper=1e-9)
    absent = NotAvailable("no campaigns")
    assert fit_propensity(absent) is absent
    assert match_nearest(absent) is absent

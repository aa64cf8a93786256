"""Money of the hold-out period: by hand, in order, against the past, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable
from crmstudy.value.histories.period import Split
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.validation.revenue import (
    MODEL,
    NAIVE,
    ONE_SPEND,
    compare_revenue,
    gain_curve,
)

SPLIT = Split("1997-09-30", "1998-06-30")


@pytest.fixture(scope="module")
def spend(cdnow):
    return fit_gamma_gamma(cdnow)


@pytest.fixture(scope="module")
def money(bg_nbd, spend, cdnow, cdnow_transactions):
    return compare_revenue(
        bg_nbd, spend, cdnow, cdnow_transactions, SPLIT, seed=2, n_replicates=100
    )


def test_actual_revenue_is_that_of_the_ledger(money, cdnow_transactions):
    late = cdnow_transactions[cdnow_transactions["ordered_at"] > "1997-09-30"]
    sums = late.groupby("customer_id")["revenue"].sum()
    found = money.customers["actual"]
    assert found.sum() == pytest.approx(late["revenue"].sum())
    pd.testing.assert_series_equal(
        found[found.index.isin(sums.index)].sort_index(), sums, check_names=False
    )
    days = late.groupby(["customer_id", "ordered_at"])["revenue"].sum()
    means = days.groupby("customer_id").mean()
    pd.testing.assert_series_equal(
        money.customers["actual spend"].dropna().sort_index(), means, check_names=False
    )


def test_forecasts_are_products(money, bg_nbd, spend, cdnow):
    frame = cdnow.customers
    ahead = bg_nbd.conditional_expected_purchases(cdnow.x, cdnow.t_x, cdnow.T, 39)
    each = spend.expected_spend(frame["priced_purchases"], frame["mean_spend"])
    np.testing.assert_allclose(money.customers[MODEL], ahead * each)
    past = (cdnow.x / cdnow.T * 39 * frame["mean_spend"]).fillna(0.0)
    np.testing.assert_allclose(money.customers[NAIVE], past)
    np.testing.assert_allclose(money.customers[ONE_SPEND], ahead * frame["mean_spend"].mean())


def test_tenths_add_up_and_the_best_order_is_best(money):
    tenths = money.deciles()
    assert tenths["customers"].sum() == pytest.approx(2357)
    assert (tenths["customers"] * tenths["actual"]).sum() == pytest.approx(
        money.customers["actual"].sum()
    )
    assert (tenths["customers"] * tenths["expected"]).sum() == pytest.approx(
        money.customers[MODEL].sum()
    )
    for column in ("share of revenue", "share of revenue, by the past"):
        gained, best = tenths[column].cumsum(), tenths["share of revenue, at best"].cumsum()
        assert gained.iloc[-1] == pytest.approx(1)
        assert (gained <= best + 1e-12).all()
    share, lower, upper = money.top_share
    assert share == pytest.approx(tenths["share of revenue"].iloc[0])
    assert lower < share < upper


def test_gains_without_ties_are_sums_of_the_first():
    order, gains = np.array([3.0, 9, 5, 1]), np.array([1.0, 4, 0, 5])
    assert gain_curve(order, gains, np.array([0, 0.25, 0.5, 0.75, 1])).tolist() == pytest.approx(
        [0, 0.4, 0.4, 0.5, 1]
    )


def test_gains_of_equal_customers_are_the_mean_over_their_orders():
    rng = np.random.default_rng(3)
    order, gains = rng.integers(0, 4, 60).astype(float), rng.gamma(1, 1, 60)
    shares = np.linspace(0, 1, 7)
    runs = []
    for _ in range(3000):
        rank = np.lexsort((rng.random(60), -order))
        runs.append(np.interp(shares, np.linspace(0, 1, 61), np.append(0, gains[rank].cumsum())))
    expected = np.mean(runs, axis=0) / gains.sum()
    np.testing.assert_allclose(gain_curve(order, gains, shares), expected, atol=0.004)
    assert gain_curve(np.ones(60), gains, shares) == pytest.approx(shares)


def test_another_currency_changes_money_only(bg_nbd, cdnow, cdnow_transactions, money):
    dear = cdnow_transactions.assign(revenue=7.8 * cdnow_transactions["revenue"])
    frame = cdnow.customers.assign(mean_spend=7.8 * cdnow.customers["mean_spend"])
    summary = replace(cdnow, customers=frame)
    found = compare_revenue(
        bg_nbd, fit_gamma_gamma(summary), summary, dear, SPLIT, seed=2, n_replicates=100
    )
    now, then = found.to_metrics(), money.to_metrics()
    assert now["mae"] == pytest.approx(7.8 * then["mae"])
    for name in ("bias", "top_tenth_share", "top_tenth_share_lower", "rank_correlation"):
        assert now[name] == pytest.approx(then[name], abs=1e-4)


def test_the_order_of_customers_and_lines_does_not_matter(
    bg_nbd, spend, cdnow, cdnow_transactions, money
):
    shuffled = replace(cdnow, customers=cdnow.customers.sample(frac=1, random_state=3))
    lines = cdnow_transactions.sample(frac=1, random_state=5)
    again = compare_revenue(bg_nbd, spend, shuffled, lines, SPLIT, seed=2, n_replicates=100)
    pd.testing.assert_frame_equal(again.table(), money.table(), rtol=1e-9)
    assert again.top_share == pytest.approx(money.top_share)
    pd.testing.assert_frame_equal(again.deciles(), money.deciles(), rtol=1e-9)


def test_spend_groups_hold_all_buyers(money, cdnow):
    groups = money.spend_groups
    assert groups["customers"].sum() == (cdnow.customers["holdout_purchases"] > 0).sum()
    assert groups["past mean spend"].iloc[0] == "none: one-time buyers"
    assert groups["expected"].iloc[0] == pytest.approx(35.17, abs=0.005)
    assert groups["expected"].iloc[1:].is_monotonic_increasing


def test_unknown_amounts_and_returns_are_no_revenue(bg_nbd, spend, cdnow, cdnow_transactions):
    lines = cdnow_transactions.copy()
    late = lines.index[lines["ordered_at"] > "1997-09-30"]
    lines.loc[late[0], "revenue"] = np.nan
    returned = lines.loc[late[:1]].assign(revenue=-50.0, ordered_at=pd.Timestamp("1998-06-29"))
    found = compare_revenue(
        bg_nbd, spend, cdnow, pd.concat([lines, returned]), SPLIT, seed=2, n_replicates=20
    )
    known = lines.loc[late, "revenue"].sum()
    assert found.n_unpriced == 1
    assert found.customers["actual"].sum() == pytest.approx(known)


def test_without_money_nothing_is_compared(bg_nbd, spend, cdnow, cdnow_transactions):
    unpriced = cdnow_transactions.assign(revenue=np.nan)
    with pytest.raises(ModelError, match="no purchase of the hold-out period has a known amount"):
        compare_revenue(bg_nbd, spend, cdnow, unpriced, SPLIT, seed=1)
    bare = cdnow_transactions.drop(columns="revenue")
    with pytest.raises(ModelError, match="have no amounts"):
        compare_revenue(bg_nbd, spend, cdnow, bare, SPLIT, seed=1)
    with pytest.raises(ModelError, match="no hold-out period"):
        compare_revenue(
            bg_nbd, spend, replace(cdnow, holdout_days=0), cdnow_transactions, SPLIT, seed=1
        )
    absent = NotAvailable("no spend")
    assert compare_revenue(bg_nbd, absent, cdnow, cdnow_transactions, SPLIT, seed=1) is absent

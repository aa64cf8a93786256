"""Lifetime value: hand computation, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import ModelError, NotAvailable, SettingsError, attempt
from crmstudy.value import (
    fit_bg_nbd,
    fit_gamma_gamma,
    fit_pareto_nbd,
    lifetime_value,
    map_lifetime_value,
    observe_margin,
    summarise_purchases,
    vary_terms,
)

SETTINGS = {"horizon_weeks": 52, "annual_discount_rate": 0.1, "margin": 0.3}


@pytest.fixture(scope="module")
def spend(cdnow):
    return fit_gamma_gamma(cdnow)


@pytest.mark.parametrize("fit", [fit_bg_nbd, fit_pareto_nbd])
def test_value_is_the_sum_over_weeks_of_margin_purchases_and_spend(cdnow, spend, fit):
    """Discounted in the middle of each week, by hand, for five customers."""
    purchases = fit(cdnow)
    value = lifetime_value(purchases, spend, cdnow, **SETTINGS).customers.iloc[:5]
    for i in range(5):
        history = cdnow.x[i], cdnow.t_x[i], cdnow.T[i]
        weekly = np.diff(purchases.conditional_expected_purchases(*history, np.arange(53)))
        years = (np.arange(52) + 0.5) * 7 / 365.25
        row = cdnow.customers.iloc[i]
        per_purchase = spend.expected_spend(row["priced_purchases"], row["mean_spend"])
        by_hand = 0.3 * per_purchase * (weekly / 1.1**years).sum()
        assert value["lifetime_value"].iloc[i] == pytest.approx(by_hand, rel=2e-6)
        assert value["expected_purchases"].iloc[i] == pytest.approx(weekly.sum())


def test_nothing_is_discounted_at_rate_zero(cdnow, bg_nbd, spend):
    value = lifetime_value(
        bg_nbd, spend, cdnow, **{**SETTINGS, "annual_discount_rate": 0}
    ).customers
    np.testing.assert_allclose(value["discounted_purchases"], value["expected_purchases"])
    np.testing.assert_allclose(
        value["lifetime_value"], 0.3 * value["expected_spend"] * value["expected_purchases"]
    )


def test_value_grows_with_horizon_and_margin_and_falls_with_the_rate(cdnow, bg_nbd, spend):
    def total(**change: float) -> float:
        return lifetime_value(bg_nbd, spend, cdnow, **{**SETTINGS, **change}).total

    assert total(margin=0.6) == pytest.approx(2 * total())
    assert total(horizon_weeks=104) > total() > total(annual_discount_rate=0.3)


def test_value_does_not_depend_on_the_unit_of_time(cdnow_transactions, cdnow, bg_nbd, spend):
    days = summarise_purchases(cdnow_transactions, calibration_end="1997-09-30", unit_days=1)
    in_days = lifetime_value(fit_bg_nbd(days), spend, days, **SETTINGS)
    in_weeks = lifetime_value(bg_nbd, spend, cdnow, **SETTINGS)
    assert in_days.total == pytest.approx(in_weeks.total, rel=1e-6)
    with pytest.raises(ModelError, match="different units of time"):
        lifetime_value(bg_nbd, spend, days, **SETTINGS)


def test_results_print_and_record_what_they_rest_on(cdnow, bg_nbd, spend):
    value = lifetime_value(bg_nbd, spend, cdnow, **SETTINGS)
    assert value.customers["customer_id"].equals(cdnow.customers["customer_id"])
    assert value.customers.notna().all(axis=None)
    metrics = value.to_metrics()
    assert metrics["horizon_weeks"] == 52
    assert metrics["total_lifetime_value"] == pytest.approx(value.customers["lifetime_value"].sum())
    table = value.table().set_index("quantity")
    assert table.loc["lifetime value", "median"] == metrics["median_lifetime_value"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"horizon_weeks": 0}, "horizon_weeks must be above 0, found 0"),
        (
            {"annual_discount_rate": -0.1},
            "annual_discount_rate must be 0 or more and below 10, found -0.1",
        ),
        (
            {"annual_discount_rate": 10},
            "annual_discount_rate must be 0 or more and below 10, found 10",
        ),
        ({"margin": 1.5}, "margin must be above 0 and at most 1, found 1.5"),
        ({"margin": float("nan")}, "margin must be above 0 and at most 1, found nan"),
    ],
)
def test_impossible_settings_are_refused(cdnow, bg_nbd, spend, change, message):
    with pytest.raises(SettingsError, match=message):
        lifetime_value(bg_nbd, spend, cdnow, **{**SETTINGS, **change})


def test_goods_sold_below_cost_have_no_lifetime_value(cdnow, bg_nbd, spend):
    lossy = pd.DataFrame({"revenue": [10.0], "cost": [13.0]})
    margin = observe_margin(lossy, assumed=0.3).of_sales
    terms = {**SETTINGS, "margin": margin}
    for estimate in (lifetime_value, map_lifetime_value, vary_terms):
        absent = attempt(estimate, bg_nbd, spend=spend, summary=cdnow, **terms)
        assert str(absent).startswith("not available: goods are sold at or below cost")


def test_without_amounts_the_value_is_counted_in_purchases(cdnow, bg_nbd, spend):
    absent = NotAvailable("no repeat purchase has a known amount")
    money = lifetime_value(bg_nbd, spend, cdnow, **SETTINGS)
    value = lifetime_value(bg_nbd, absent, cdnow, **SETTINGS)
    assert (money.unit, value.unit) == ("currency", "purchases")
    assert (money.name_unit("EUR"), value.name_unit("EUR")) == ("EUR", "discounted purchases")
    assert value.without_money == "no repeat purchase has a known amount"
    assert str(value.by_customer).startswith("not available: the future is counted in purchases")
    assert "expected_spend" not in value.customers
    np.testing.assert_array_equal(
        value.customers["lifetime_value"], money.customers["discounted_purchases"]
    )
    assert value.table()["unit"].tolist() == ["share", "purchases", "purchases", "purchases"]
    metrics = value.to_metrics()
    assert metrics["total_discounted_purchases"] == pytest.approx(value.total)
    # Nothing that reads like money is recorded.
    assert not {"total_lifetime_value", "margin"} & set(metrics)


def test_an_absent_model_of_purchases_is_passed_on(cdnow, spend):
    absent = NotAvailable("no customer came back")
    assert lifetime_value(absent, spend, cdnow, **SETTINGS) is absent
    assert lifetime_value(absent, NotAvailable("no amounts"), cdnow, **SETTINGS) is absent
    assert attempt(lifetime_value, cdnow, spend=spend, summary=absent, **SETTINGS) is absent

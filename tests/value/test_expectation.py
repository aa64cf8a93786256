"""Lifetime value in one call: that of the models called one by one, and of no later day."""

import pandas as pd
import pytest

from crmstudy.collection.simulate import simulate_firm
from crmstudy.errors import ModelError, NotAvailable, SettingsError
from crmstudy.value import (
    fit_bg_nbd,
    fit_gamma_gamma,
    lifetime_value,
    summarise_purchases,
    value_customers,
)

TERMS = {"horizon_weeks": 52.0, "annual_discount_rate": 0.1, "margin": 0.25}
CUT = "2025-03-31"


@pytest.fixture(scope="module")
def transactions():
    lines = simulate_firm(seed=5, n_customers=600).tables["transactions"]
    return lines.assign(ordered_at=pd.to_datetime(lines["ordered_at"]))


def test_it_is_the_value_of_the_models_called_one_by_one(transactions):
    summary = summarise_purchases(transactions, calibration_end=CUT)
    models = fit_bg_nbd(summary), fit_gamma_gamma(summary), summary
    expected = lifetime_value(*models, **TERMS).customers.set_index("customer_id")
    found = value_customers(transactions, until=CUT, **TERMS)
    assert list(found.columns) == ["lifetime_value"]
    pd.testing.assert_series_equal(found["lifetime_value"], expected["lifetime_value"])


def test_what_happens_after_the_day_changes_nothing(transactions):
    before = transactions[transactions["ordered_at"] < pd.Timestamp(CUT) + pd.Timedelta("1D")]
    pd.testing.assert_frame_equal(
        value_customers(transactions, until=CUT, **TERMS), value_customers(before, **TERMS)
    )


def test_margin_scales_the_value_and_a_longer_horizon_raises_it(transactions):
    plain = value_customers(transactions, **TERMS)["lifetime_value"]
    doubled = value_customers(transactions, **{**TERMS, "margin": 0.5})["lifetime_value"]
    longer = value_customers(transactions, **{**TERMS, "horizon_weeks": 104.0})["lifetime_value"]
    pd.testing.assert_series_equal(doubled, 2 * plain)
    assert (longer >= plain).all()
    assert longer.sum() > 1.2 * plain.sum()


def test_refusals(transactions):
    with pytest.raises(ModelError, match="nobody bought anything up to 2020-01-01"):
        value_customers(transactions, until="2020-01-01", **TERMS)
    with pytest.raises(SettingsError, match="margin"):
        value_customers(transactions, **{**TERMS, "margin": 1.5})
    absent = NotAvailable("the study has no table transactions")
    assert value_customers(absent, **TERMS) is absent

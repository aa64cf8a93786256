"""The map over frequency and recency: the formulas' values, and every customer once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable, SettingsError
from crmstudy.value.lifetime.gamma_gamma import fit_gamma_gamma
from crmstudy.value.lifetime.value_map import MOST_FREQUENCIES, map_lifetime_value

TERMS = {"horizon_weeks": 52.0, "annual_discount_rate": 0.1, "margin": 0.3}


@pytest.fixture(scope="module")
def drawn(cdnow, bg_nbd):
    return map_lifetime_value(bg_nbd, fit_gamma_gamma(cdnow), cdnow, **TERMS)


def test_a_cell_holds_what_the_model_says_of_its_history(drawn, cdnow, bg_nbd):
    cell = drawn.grid[drawn.grid["repeat_purchases"] == 4].iloc[7]
    history = 4, drawn.age - cell["since_purchase"], drawn.age
    assert cell["probability_alive"] == pytest.approx(float(bg_nbd.probability_alive(*history)))
    ahead = bg_nbd.conditional_expected_purchases(*history, 52, annual_discount_rate=0.1)
    assert cell["lifetime_value"] == pytest.approx(0.3 * drawn.mean_spend * float(ahead))
    # Fader & Hardie (2013), note 025: the mean customer spends 35.17.
    assert drawn.mean_spend == pytest.approx(35.17, abs=0.005)


def test_frequent_buyers_who_stopped_are_lost_most_surely(drawn):
    """The paradox of increasing frequency (Fader, Hardie & Lee, 2005b)."""
    alive = drawn.grid.pivot_table("probability_alive", "since_purchase", "repeat_purchases")
    assert alive.iloc[-5].loc[1:].is_monotonic_decreasing
    assert alive.iloc[0].loc[1:].is_monotonic_increasing


def test_every_customer_is_counted_once_wherever_she_stands(drawn, cdnow):
    assert drawn.grid["customers"].sum() == len(cdnow.customers)
    by_frequency = drawn.grid.groupby("repeat_purchases")["customers"].sum()
    assert by_frequency.loc[0] == 1411  # one-time buyers of CDNOW
    assert by_frequency.loc[1] == (cdnow.x == 1).sum()
    last = by_frequency.index[-1]
    assert by_frequency.loc[last] == (cdnow.x >= last).sum()
    order = np.random.default_rng(1).permutation(len(cdnow.customers))
    assert replace(cdnow, customers=cdnow.customers.iloc[order]).x.sum() == cdnow.x.sum()


def test_busy_customers_get_a_map_that_fits_a_page(summary_of, bg_nbd):
    x = np.arange(0, 400)
    summary = summary_of(x, np.where(x > 0, 70.0, 0.0), 80.0)
    found = map_lifetime_value(bg_nbd, NotAvailable("no amounts"), summary, **TERMS)
    assert found.grid["repeat_purchases"].nunique() == MOST_FREQUENCIES
    assert found.grid["customers"].sum() == 400
    assert (found.value_unit, found.mean_spend) == ("purchases", 1.0)


def test_a_single_young_customer_has_a_map(summary_of, bg_nbd):
    found = map_lifetime_value(
        bg_nbd, NotAvailable("no amounts"), summary_of([0.0], 0.0, 0.0), **TERMS
    )
    assert found.grid["customers"].sum() == 1
    assert found.grid.notna().all(axis=None)


def test_refusals(cdnow, bg_nbd):
    absent = NotAvailable("no customer came back")
    assert map_lifetime_value(absent, absent, cdnow, **TERMS) is absent
    with pytest.raises(SettingsError, match="horizon_weeks must be above 0"):
        map_lifetime_value(bg_nbd, absent, cdnow, **{**TERMS, "horizon_weeks": 0})
    assert isinstance(map_lifetime_value(bg_nbd, absent, cdnow, **TERMS).table(), pd.DataFrame)

"""Sentences on lifetime value are true on any data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.lifetime import read_lifetime, read_parameter_intervals
from crmstudy.value.lifetime.clv import LifetimeValue
from crmstudy.value.lifetime.intervals import LifetimeIntervals
from crmstudy.value.lifetime.parameter_intervals import ParameterIntervals
from crmstudy.value.lifetime.sensitivity import LifetimeSensitivity

ABSENT = NotAvailable("no customer came back")


def build_values(values, without_money=""):
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{i}" for i in range(len(values))],
            "expected_purchases": 1.0,
            "lifetime_value": values,
        }
    )
    return LifetimeValue(customers, 52.0, 0.1, 0.3, without_money)


def build_intervals(values=(100.0, 10.0, 4.0), lower=(0.0, 0.0, 0.0), without_money=""):
    value = build_values(list(values), without_money)
    customers = value.customers.assign(
        predicted_value_lower=list(lower),
        predicted_value_upper=[3 * v for v in values],
        chance_of_nothing=0.4,
    )
    totals = pd.DataFrame(
        [
            ("expected purchases", "purchases", 3.0, 2.0, 4.0, 1.0, 6.0),
            ("lifetime value", value.unit, value.total, 90.0, 1234.0, 0.0, np.inf),
        ],
        columns=[
            *("quantity", "unit", "estimate", "lower", "upper"),
            *("predicted_lower", "predicted_upper"),
        ],
    )
    return LifetimeIntervals(value, customers, totals, 0.95, "draws", 200, 1000)


def build_sensitivity(horizon=(0.5, 2.0), rate=(0.9, 1.1), margin=(0.3, 1.7)):
    rows = [
        (term, 1.0, 1.0, False, 1.0, relative)
        for term, both in (("horizon", horizon), ("discount rate", rate), ("margin", margin))
        for relative in both or ()
    ]
    columns = ["term", "setting", "total", "base", "mean", "relative"]
    return LifetimeSensitivity(build_values([1.0]), pd.DataFrame(rows, columns=columns))


def build_parameters(uppers=(2.0, 2.0, 2.0), lowers=(0.5, 0.5, 0.5), **more):
    limits = pd.DataFrame(
        {
            "parameter": "r",
            "method": ["Wald", "profile", "bootstrap"],
            "estimate": 1.0,
            "lower": lowers,
            "upper": uppers,
        }
    )
    return ParameterIntervals(limits, {"r": 0.35}, 0.95, **{"n_samples": 200, **more})


def test_it_says_the_total_with_both_intervals():
    text = read_lifetime(build_intervals(), build_sensitivity(), currency="EUR")
    assert "margin of 30%, the 3 customers together are worth 114 EUR." in text
    assert "confidence interval of this expectation goes from 90.00 to 1,234;" in text
    assert "if the models hold, what they will really bring lies from 0 to infinity" in text
    assert "mean customer is worth 38.00 EUR, the median customer 10.00 EUR" in text
    assert "Of a single customer little is sure: the prediction interval of 100.0%" in text
    assert "expected to bring 100 EUR and may bring from 0 to 300" in text
    assert "the horizon from 0.50 to 2.00 times, the discount rate from 0.90 to 1.10" in text
    assert "the horizon matters more" in text


def test_customers_who_surely_come_back_are_not_called_unsure():
    text = read_lifetime(build_intervals(lower=(50.0, 5.0, 0.0)), ABSENT, currency="EUR")
    assert "little is sure" not in text
    assert "The prediction interval of 33.3% of them begins at nothing" in text
    assert text.endswith("Not available: no customer came back.")


def test_a_rate_keeps_the_digits_that_it_needs():
    found = build_intervals()
    terms = {"annual_discount_rate": 0.075, "margin": 0.428477}
    text = read_lifetime(replace(found, values=replace(found.values, **terms)), ABSENT, currency="")
    assert "discounted at 7.5% a year and at a margin of 42.8%," in text


def test_one_customer_is_singular():
    text = read_lifetime(build_intervals((7.0,), (0.0,)), build_sensitivity(), currency="EUR")
    assert "the one customer is worth 7.00 EUR" in text
    assert "what she will really bring" in text
    assert "mean customer" not in text


def test_without_amounts_nothing_is_called_money():
    found = build_intervals(without_money="the transactions have no revenue")
    text = read_lifetime(found, build_sensitivity(margin=None), currency="EUR")
    assert text.startswith("What a purchase brings is not known (the transactions have no revenue)")
    assert "are expected to make 114 discounted purchases" in text
    assert "EUR" not in text
    assert "margin" not in text


@pytest.mark.parametrize(
    ("horizon", "rate", "said"),
    [
        ((0.5, 2.0), (0.5, 2.0), False),
        ((0.9, 1.1), (0.5, 2.0), "discount rate"),
        (None, (0.5, 2.0), False),
    ],
)
def test_it_says_which_term_matters_more_only_where_one_does(horizon, rate, said):
    text = read_lifetime(
        build_intervals(), build_sensitivity(horizon=horizon, rate=rate), currency="EUR"
    )
    assert ("matters more" in text) == bool(said)
    assert not said or f"the {said} matters more" in text


def test_absence_is_said_once():
    assert read_lifetime(ABSENT, ABSENT, currency="EUR") == "Not available: no customer came back."
    assert read_parameter_intervals(ABSENT) == "Not available: no customer came back."


def test_methods_that_agree_and_that_differ():
    alike = read_parameter_intervals(build_parameters())
    assert alike == "The interval of r agrees between Wald, profile and bootstrap."
    apart = read_parameter_intervals(build_parameters(uppers=(2.0, 2.0, 4.0)))
    assert "differ by more than half a standard error for r (by 1.98 standard errors)" in apart
    assert "the bootstrap, which does not take the model for true" in apart
    assert "agrees" not in apart
    only = replace(build_parameters(uppers=(2.0, 4.0, 4.0)), n_samples=0)
    assert "the profile, which follows the likelihood" in read_parameter_intervals(only)


def test_open_limits_and_lost_samples_are_said():
    text = read_parameter_intervals(build_parameters(uppers=(2.0, np.inf, 2.0), n_failed=1))
    assert "The data set no limit on one side of r." in text
    assert "1 bootstrap sample had no estimates and was left out." in text
    many = read_parameter_intervals(build_parameters(uppers=(2.0, 2.0, 4.0), n_failed=30))
    assert "the profile, which follows the likelihood" in many
    none = build_parameters(n_samples=0, n_failed=40)
    assert "40 bootstrap samples had no estimates, so that no" in read_parameter_intervals(none)
    text = read_parameter_intervals(build_parameters(n_failed=3))
    assert "3 bootstrap samples had no estimates and were left out." in text

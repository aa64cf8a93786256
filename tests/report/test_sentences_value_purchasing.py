"""What the purchase models say, in sentences true on any data."""

from __future__ import annotations

import numpy as np

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.purchasing import read_purchasing
from crmstudy.value.purchasing.btyd import (
    BgNbdResult,
    MbgNbdResult,
    ParetoNbdResult,
    PurchaseResult,
)
from crmstudy.value.purchasing.likelihood import Estimates

NAMES = {
    BgNbdResult: ("r", "alpha", "a", "b"),
    MbgNbdResult: ("r", "alpha", "a", "b"),
    ParetoNbdResult: ("r", "alpha", "s", "beta"),
}


def model(kind: type[PurchaseResult], *values: float, unit_days: float = 7.0) -> PurchaseResult:
    return kind(Estimates(NAMES[kind], np.array(values), np.eye(4), -1.0, 50), unit_days)


def test_each_model_says_rate_difference_and_leaving():
    text = read_purchasing(
        {
            "BG/NBD": model(BgNbdResult, 0.25, 5.0, 1.0, 3.0),
            "MBG/NBD": model(MbgNbdResult, 1.0, 4.0, 2.0, 2.0),
            "Pareto/NBD": model(ParetoNbdResult, 4.0, 5.0, 1.0, 12.0, unit_days=1.0),
        }
    )
    assert text == (
        "By BG/NBD, customers make 0.050 purchases a week on average while active, and these "
        "rates have a coefficient of variation of 2.00 over customers; after a repeat purchase, "
        "25.0% leave for good on average. By MBG/NBD, customers make 0.250 purchases a week on "
        "average while active, and these rates have a coefficient of variation of 1.00 over "
        "customers; after each purchase, 50.0% leave for good on average. By Pareto/NBD, "
        "customers make 0.800 purchases a day on average while active, and these rates have a "
        "coefficient of variation of 0.50 over customers; half of the customers have left 12.0 "
        "days after their first purchase."
    )


def test_what_hardly_happens_is_not_said_to_be_nothing():
    text = read_purchasing({"BG/NBD": model(BgNbdResult, 0.25, 5000.0, 1e-5, 1.0)})
    assert "make 5e−05 purchases a week" in text
    assert "less than 0.1% leave for good" in text
    text = read_purchasing({"Pareto/NBD": model(ParetoNbdResult, 1.0, 5.0, 0.01, 30.0)})
    assert "more than a hundred years until half of the customers have left" in text
    text = read_purchasing({"Pareto/NBD": model(ParetoNbdResult, 1.0, 5.0, 1e-4, 30.0)})
    assert "more than a hundred years" in text


def test_refused_models_give_their_reason():
    refused = NotAvailable("no customer came back")
    text = read_purchasing({"BG/NBD": refused, "MBG/NBD": refused, "Pareto/NBD": refused})
    assert text == "BG/NBD, MBG/NBD and Pareto/NBD are not available: no customer came back."
    other = NotAvailable("beta runs to infinity")
    fitted = model(MbgNbdResult, 1.0, 4.0, 2.0, 2.0)
    text = read_purchasing({"BG/NBD": refused, "MBG/NBD": fitted, "Pareto/NBD": other})
    assert text.startswith("By MBG/NBD, customers make")
    assert text.endswith(
        "on average. BG/NBD is not available: no customer came back. "
        "Pareto/NBD is not available: beta runs to infinity."
    )
    assert read_purchasing({}) == "No purchase model was asked for."

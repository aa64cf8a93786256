"""Sentences on the hold-out test and on spend claim no more than their numbers."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.spend import read_spend
from crmstudy.report.sentences.value.validation import read_validation
from crmstudy.value.lifetime.independence import PEARSON, RANKS, WEIGHTED

ABSENT = NotAvailable("the purchases cover 30 days")


def choice(errors=None, *, best="A", tied=("A",), rival=(2.0, 0.5, 1.5), made=100.0, mae=None):
    """Models with their errors, and one heuristic with its distance to the smallest."""
    errors = {"A": 1.0, "B": 1.1} if errors is None else errors
    names = [*errors, "past rate"]
    scores = pd.DataFrame(
        {
            "kind": ["model"] * len(errors) + ["heuristic"],
            "root mean squared error": [*errors.values(), rival[0]],
            "mean absolute error": mae or [0.5] * len(errors) + [0.6],
            "expected": 90.0,
            "made": made,
            "bias": 90 / made - 1,
        },
        index=names,
    )
    differences = pd.DataFrame({"rmse_lower": 0.0, "rmse_upper": 0.0}, index=names)
    differences.loc["past rate"] = rival[1:]
    return SimpleNamespace(
        best=best,
        smallest=min(errors, key=errors.get),
        tied=tied,
        scores=scores,
        differences=differences,
        models=dict.fromkeys(errors),
        strongest_heuristic="past rate",
        n=50,
        holdout_weeks=26.0,
    )


def rolling(best, n=3, models=("A", "B"), lag=0.0123, refused=()):
    return SimpleNamespace(
        origins=range(n), times_smallest=best, models=models, largest_lag=lag, refused=refused
    )


def alive(brier=0.1, constant=0.2, expected=(0.1, 0.3)):
    groups = pd.DataFrame(
        {"expected to buy": expected, "95% lower": [0.2, 0.25], "95% upper": [0.3, 0.35]}
    )
    return SimpleNamespace(
        table=lambda: groups,
        brier=brier,
        brier_constant=constant,
        to_metrics=lambda: {"share_expected_to_buy": 0.3, "share_that_bought": 0.25},
    )


def money(bias=-0.1, errors=(1.0, 2.0), n_unpriced=0):
    scores = pd.DataFrame(
        {
            "mean absolute error": errors,
            "bias": bias,
            "share caught by the top tenth": [0.5, 0.4],
        },
        index=["model", "past spend x past rate"],
    )
    return SimpleNamespace(top_share=(0.5, 0.4, 0.6), scores=scores, n_unpriced=n_unpriced)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (choice({"A": 1.0}), "the only one that could be estimated"),
        (choice(), "1.000, is smaller than that of the other model, beyond the chance"),
        (choice({"A": 1.0, "B": 2.0, "C": 3.0}), "than that of every other model, beyond"),
        (
            choice(tied=("A", "B")),
            "it has the smallest root mean squared error (1.000), though the hold-out does not "
            "tell it apart from B.",
        ),
        (
            choice({"A": 1.1, "B": 1.0, "C": 1.2}, tied=("A", "B", "C")),
            "does not tell it apart from B and C, so that the first in the order of preference is "
            "taken, though B has the smallest error (1.000).",
        ),
        (choice(rival=(2.0, 0.5, 1.5)), "has 2.000: models foretell better, beyond chance."),
        (choice(rival=(0.5, -0.8, -0.2)), "it foretells better than any model here"),
        (choice(rival=(1.1, -0.2, 0.4)), "cannot be told apart from the smallest error"),
        (choice(), "The mean absolute error favours the same model."),
        (choice(mae=[0.5, 0.4, 0.6]), "would favour “B” (0.400 against 0.500)"),
        (choice(mae=[0.5, 0.6, 0.1]), "would favour “past rate” (0.100 against 0.500)"),
        (choice(), "expected 90 purchases in the hold-out; they made 100: it expected 10.0% fewer"),
        (choice(made=80.0), "it expected 12.5% more."),
        (choice(made=90.0), "it expected almost exactly as many."),
    ],
)
def test_choice(one, said):
    assert said in read_validation(one, ABSENT, ABSENT, ABSENT)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (rolling(3), "the smallest error at each of 3 ends of calibration."),
        (rolling(1), "the smallest error at one; where it has not, it lies at most 1.2% behind"),
        (rolling(0), "the smallest error at none;"),
        (rolling(2, n=4), "With 4 ends of calibration it has the smallest error at 2;"),
        (
            rolling(3, refused=("1997-05-17",)),
            "of calibration. With calibration ending on 1997-05-17 it could not be estimated",
        ),
        (rolling(1, refused=("a", "b")), "model. With calibration ending on a and b it could not"),
    ],
)
def test_rolling(one, said):
    assert said in read_validation(choice(), one, ABSENT, ABSENT)


def test_one_model_has_no_rivals_at_other_ends():
    assert "ends of calibration" not in read_validation(
        choice(), rolling(3, models=("A",)), alive(), money()
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (alive(), money(), "expected 30.0% of the customers to buy in the hold-out, and 25.0% did"),
        (alive(), money(), "0.100, is smaller than that of giving everybody the same one, 0.200"),
        (alive(0.2, 0.2), money(), "0.200, is not smaller than"),
        (alive(), money(), "of the observed one in 1 and above it in none."),
        (alive(expected=(0.4, 0.4)), money(), "Of 2 groups by the probability of being active"),
        (alive(expected=(0.4, 0.4)), money(), "of the observed one in none and above it in 2."),
        (alive(), money(), "lies 10.0% below the revenue of the hold-out. The tenth"),
        (alive(), money(bias=0.2), "lies 20.0% above the revenue"),
        (alive(), money(n_unpriced=1), "1 purchase without a known amount is not in it."),
        (alive(), money(n_unpriced=2), "2 purchases without a known amount are not in it."),
        (alive(), money(), "1.00, is smaller than that of past spend and past rate, 2.00."),
        (alive(), money(errors=(2.0, 1.0)), "2.00, is larger than that of past spend"),
        (alive(), money(errors=(1.0, 1.0)), "1.00, is as large as that of past spend"),
    ],
)
def test_buyers_and_money(one, other, said):
    assert said in read_validation(choice(), ABSENT, one, other)


def test_amounts_carry_their_currency():
    said = read_validation(choice(), ABSENT, alive(), money(), currency="USD")
    assert "1.00 USD, is smaller than that of past spend and past rate, 2.00 USD." in said
    assert "estimated at 20.00 USD;" in read_spend(spend(), ABSENT, ABSENT, currency="USD")


def test_what_is_absent_is_said_once():
    assert read_validation(ABSENT, ABSENT, ABSENT, ABSENT) == (
        "Not available: the purchases cover 30 days."
    )
    partly = read_validation(choice(), NotAvailable("no second end"), alive(), ABSENT)
    assert "Not available: no second end." in partly
    assert partly.count("Not available") == 2


# --- spend ---------------------------------------------------------------------------------


def spend(q=3.0):
    return SimpleNamespace(estimates=SimpleNamespace(values=(4.0, q, 10.0), n=1200))


def independence(correlation=0.05, *, firm=True, ranks=(0.1, 0.05, 0.15, 0.4), size=(1.02, 0.3)):
    rows = pd.DataFrame(
        [
            (PEARSON, correlation, 0.0, -0.1, 0.1, 0.5),
            (RANKS, ranks[0], (ranks[1] + ranks[2]) / 2, ranks[1], ranks[2], ranks[3]),
            (WEIGHTED, size[0], 1.0, 0.9, 1.1, size[1]),
        ],
        columns=["measure", "found", "expected if independent", "95% lower", "95% upper", "p"],
    )
    return SimpleNamespace(
        measures=rows,
        found=lambda name: float(rows.set_index("measure")["found"][name]),
        lowest=0.01,
        highest=0.12,
        n_replicates=200,
        checks=(SimpleNamespace(passed=firm),),
    )


FIT = SimpleNamespace(largest_distance=0.075)


@pytest.mark.parametrize(
    ("one", "two", "said"),
    [
        (spend(), independence(), "From 1,200 customers with a repeat purchase of known amount"),
        (spend(), independence(), "the mean spend per purchase is estimated at 20.00;"),
        (spend(0.9), independence(), "no mean spend over customers can be had: it is infinite"),
        (spend(), independence(), "differ nowhere by more than 7.5% of the customers"),
        (spend(), independence(0.05), "correlate by 0.050 over customers, in size below the 0.1"),
        (spend(), independence(-0.2), "by −0.200 over customers, in size not below the 0.1"),
        (spend(), independence(), "No single customer decides that: without any one it lies from"),
        (spend(), independence(firm=False), "A single customer decides that: without one or"),
        (spend(), independence(), "0.100, no more than the model itself gives when spend does not"),
        (spend(), independence(ranks=(0.3, 0.0, 0.1, 0.004)), "0.300, more than the model gives"),
        (spend(), independence(ranks=(-0.3, 0.0, 0.1, 0.004)), "−0.300, less than the model gives"),
        (spend(), independence(), "brings 2.0% more than the average customer spends on one, no"),
        (spend(), independence(size=(1.2, 0.001)), "20.0% more than the average customer"),
        (spend(), independence(size=(1.2, 0.001)), "tend to be too low where their own few"),
        (spend(), independence(size=(0.8, 0.001)), "(p = .001); lifetime values of frequent"),
        (spend(), independence(size=(0.8, 0.001)), "20.0% less than the average customer"),
        (spend(), independence(size=(0.8, 0.001)), "tend to be too high where"),
        (spend(), independence(size=(1.0, 1.0)), "as much as the average customer spends on one."),
    ],
)
def test_spend(one, two, said):
    assert said in read_spend(one, two, FIT)


def test_absent_spend_is_said_once():
    assert read_spend(ABSENT, ABSENT, ABSENT) == "Not available: the purchases cover 30 days."

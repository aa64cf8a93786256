"""Sentences on a return: the claim first, then what the numbers allow to say."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.returns.assumptions import Assumption
from crmstudy.case.returns.cash_flows import CashFlowModel, Line
from crmstudy.case.returns.sensitivity import ReturnDraws
from crmstudy.case.returns.worth import appraise_returns, find_break_even, rate_in_words
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.case.returns import (
    read_break_even,
    read_return_draws,
    read_returns,
)


def model(*flows, claim=True, effect=True):
    """Build a model whose lines are single payments, one a period."""
    assumptions = [Assumption("discount rate", 0.0, 0.0, 0.0, "assumed", linear=False)]
    lines = []
    for period, amount in enumerate(flows):
        pattern = np.zeros(len(flows))
        pattern[period] = 1.0
        lines.append(Line(f"flow {period}", 1 if amount > 0 else -1, pattern, period + 1))
        size = abs(float(amount))
        assumptions.append(Assumption(f"flow {period}", size, 0.5 * size, 2 * size, "assumed"))
    if effect:
        for label in ("effect on revenue", "gross margin", "effect carried over"):
            assumptions.append(Assumption(label, 0.0, 0.0, 0.0, "measured"))
        assumptions.append(Assumption("customers addressed", 1.0, 1.0, 1.0, "measured"))
    return CashFlowModel(
        assumptions=tuple(assumptions),
        lines=tuple(lines),
        start=pd.Timestamp("2025-01-01"),
        period_days=100,
        times=np.arange(len(flows), dtype=float),
        has_effect=effect,
        claim_allowed=claim and effect,
        method="experiment",
        amounts="nominal",
        timing="end",
        currency="EUR",
    )


def said(*flows, **kind):
    return read_returns(appraise_returns(model(*flows, **kind)))


def test_a_withheld_claim_is_said_first():
    assert said(-10, 20, claim=False).startswith("This return rests on an association")
    assert said(-10, 20).startswith("The benefit rests on an effect whose checks hold")
    assert said(-10, 20, effect=False).startswith("No effect was estimated")


@pytest.mark.parametrize(
    ("flows", "words"),
    [
        ((-10, 20), "it pays"),
        ((-10, 5), "it does not pay"),
        ((-10, 10), "it just breaks even"),
        ((-10, 20), "The money is back after 50 days, discounted after 50 days."),
        ((-10, 5), "The money is not back within the horizon."),
        ((-100, 230, -132), "There are 2 internal rates of return"),
        ((-10, 5, -1), "no rate makes the present value 0"),
        ((-10, 1000), "The internal rate of return is more than 1,000% a year."),
    ],
)
def test_what_the_flows_say(flows, words):
    assert words in said(*flows)


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (-0.999995, "below −99.9%"),
        (-0.9994, "−99.9%"),
        (-0.05, "−5.0%"),
        (0.317, "31.7%"),
        (11.0, "more than 1,000%"),
    ],
)
def test_an_internal_rate_is_never_said_to_lose_all(rate, words):
    assert rate_in_words(rate) == words


def test_a_rate_that_compounds_close_to_the_bound():
    text = said(-2432.5, 2285.9, 224.5, 18.3, -2.3)
    table = appraise_returns(model(-2432.5, 2285.9, 224.5, 18.3, -2.3)).table()
    assert "below −99.9%" in text
    assert "below −99.9%" in " ".join(table["remark"])


def test_assumptions_that_turn_the_sign_together_are_named_together():
    table = pd.DataFrame(
        {
            "assumption": ["effect", "margin", "outlay"],
            "change needed": [-0.02, -0.02, 0.03],
            "within its range": ["yes", "no", ""],
        }
    )
    assert "where the effect or margin would fall by 2.0%" in read_break_even(table)


def test_what_is_left_out_is_said():
    late = dataclasses.replace(model(-10, 20), left_out=5.0)
    assert "5.00 EUR fall behind the horizon" in read_returns(appraise_returns(late))


def test_nothing_to_say_of_what_is_absent():
    assert read_returns(NotAvailable("no investment")) == "Not available: no investment."


def test_break_even():
    text = read_break_even(find_break_even(model(-10, 15)))
    assert "smallest relative change where the flow 1 would fall by 33.3%" in text
    assert "Within their own range flow 0 and flow 1 each reach a break-even value" in text
    assert "by 33.3%, all else kept." in text
    far = read_break_even(find_break_even(model(-10, 1000)))
    assert far.endswith("No assumption reaches its break-even within its own range.")


def draws(values, **changed):
    given = {
        "best_guess": float(np.mean(values)),
        "confidence": 0.95,
        "shares": NotAvailable("none"),
        "currency": "EUR",
        "claim_allowed": True,
    }
    return ReturnDraws(draws=np.asarray(values, dtype=float), **(given | changed))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.linspace(1, 2, 100), "The interval holds only gains."),
        (np.linspace(1, 2, 100), "Not even one draw of twenty is a loss."),
        (np.linspace(-2, -1, 100), "The interval holds only losses."),
        (np.linspace(-1, 1, 100), "whether it pays is undecided"),
        (np.linspace(-1, 1, 100), "above 0 in 50.0% of 100 draws"),
        (np.linspace(1, 2, 100), "above 0 in 100.0% of 100 draws"),
    ],
)
def test_draws(values, words):
    assert words in read_return_draws(draws(values))


def test_draws_of_an_association():
    text = read_return_draws(draws([1.0, 2.0], claim_allowed=False))
    assert "if the association were an effect" in text


def test_what_drives_the_variance():
    shares = pd.DataFrame(
        {"assumption": ["a", "b"], "origin": ["estimated", "assumed"], "with others": [0.9, 0.05]}
    )
    text = read_return_draws(draws([1.0, 2.0], shares=shares))
    assert text.endswith("The variance is driven by the a (estimated, 90%).")
    small = shares.assign(**{"with others": 0.05})
    assert "No single assumption" in read_return_draws(draws([1.0, 2.0], shares=small))

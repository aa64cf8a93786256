"""Sentences on a return: what it rests on first, then what it is and how sure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.case.returns.sensitivity import ReturnDraws
from crmstudy.case.returns.worth import ReturnResult, horizon_in_words, rate_in_words
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    percent_within,
)

#: Shares of the variance from which an assumption is named as what drives the result.
DRIVES = 0.1


def read_returns(returns: ReturnResult | NotAvailable) -> str:
    """Say what the return rests on, what it is, and when the money is back."""
    if isinstance(returns, NotAvailable):
        return compose(returns)
    return compose(
        _say_basis(returns),
        _say_value(returns),
        _say_rate(returns),
        _say_payback(returns),
        _say_left_out(returns),
    )


def _say_basis(returns: ReturnResult) -> str:
    model = returns.model
    if not model.has_effect:
        return "No effect was estimated: every benefit counted here is assumed in study.yml."
    if model.claim_allowed:
        return f"The benefit rests on an effect whose checks hold ({model.method})."
    return (
        f"This return rests on an association ({model.method}), as the claim of an effect was "
        "withheld: it says what the measure would be worth if all of the difference were its "
        "doing, and must not be read as what it brought."
    )


def _say_value(returns: ReturnResult) -> str:
    model, value = returns.model, returns.net_present_value
    sign = "pays" if value > 0 else "does not pay" if value < 0 else "just breaks even"
    return (
        f"Under the best guess of every assumption it {sign}: over {horizon_in_words(model)} the "
        f"net present value is {amount(value, model.currency)}, before taxes, in {model.amounts} "
        f"terms, on {amount(returns.spent, model.currency)} spent."
    )


def _say_rate(returns: ReturnResult) -> str:
    rates = returns.internal_rates
    if not rates:
        return "There is no internal rate of return: no rate makes the present value 0."
    if len(rates) > 1:
        said = enumerate_words([rate_in_words(rate) for rate in rates])
        return (
            f"There are {len(rates)} internal rates of return ({said} a year), because the flows "
            "change their sign more than once; none of them is read, the present value decides."
        )
    return f"The internal rate of return is {rate_in_words(rates[0])} a year."


def _say_payback(returns: ReturnResult) -> str:
    plain, discounted = returns.payback_days, returns.discounted_payback_days
    if isinstance(plain, NotAvailable):
        return "The money is not back within the horizon."
    days = count_of(round(plain), "day")
    if isinstance(discounted, NotAvailable):
        return f"The money is back after {days}, but not once it is discounted."
    return f"The money is back after {days}, discounted after {count_of(round(discounted), 'day')}."


def _say_left_out(returns: ReturnResult) -> str:
    model = returns.model
    if not model.left_out:
        return ""
    return f"{amount(model.left_out, model.currency)} fall behind the horizon and are left out."


@passes_absence
def read_break_even(break_even: pd.DataFrame) -> str:
    """Say which assumption may change least before the sign of the present value turns."""
    known = break_even.dropna(subset=["change needed"])
    doubtful = known[known["within its range"] == "yes"]
    ranged = break_even["within its range"].ne("").sum()
    if known.empty:
        return "No single assumption, changed alone, brings the net present value to 0."
    change = known["change needed"].astype("float64").to_numpy()
    least = float(change[np.abs(change).argmin()])
    # What is multiplied with each other, as effect and margin, has one relative break-even.
    nearest = known[np.isclose(change, least, rtol=1e-6, atol=0.0)]["assumption"]
    first = (
        "The net present value reaches 0 with the smallest relative change where the "
        f"{enumerate_words([str(name) for name in nearest], joined_by='or')} would "
        f"{'rise' if least > 0 else 'fall'} by {percent_within(abs(least))}, all else kept."
    )
    if not ranged:
        return first
    if doubtful.empty:
        return f"{first} No assumption reaches its break-even within its own range."
    names = enumerate_words([str(name) for name in doubtful["assumption"]])
    many = len(doubtful) > 1
    return (
        f"{first} Within {'their' if many else 'its'} own range {names} "
        f"{'each reach' if many else 'reaches'} a break-even value: there the sign is open."
    )


@passes_absence
def read_return_draws(draws: ReturnDraws) -> str:
    """Say how likely the measure pays, what may be lost, and what drives the doubt."""
    low, high = draws.interval
    what = "" if draws.claim_allowed else ", if the association were an effect,"
    said = (
        f"With all assumptions drawn at once{what} the net present value is above 0 in "
        f"{percent_within(draws.probability)} of {len(draws.draws):,} draws; "
        f"{draws.confidence:.0%} of them lie between {amount(low, draws.currency)} and "
        f"{amount(high, draws.currency)}."
    )
    if low > 0:
        said += " The interval holds only gains."
    elif high < 0:
        said += " The interval holds only losses."
    else:
        said += " The interval holds 0: whether it pays is undecided."
    risk = draws.value_at_risk
    said += (
        f" In one draw of twenty the loss is {amount(risk, draws.currency)} or more."
        if risk
        else " Not even one draw of twenty is a loss."
    )
    return f"{said} {_say_drivers(draws)}".strip()


def _say_drivers(draws: ReturnDraws) -> str:
    if isinstance(draws.shares, NotAvailable):
        return ""
    table = draws.shares[draws.shares["with others"] >= DRIVES]
    if table.empty:
        return "No single assumption drives a tenth of the variance."
    parts = [
        f"the {row['assumption']} ({row['origin']}, {percent_within(float(row['with others']), 0)})"
        for row in table.to_dict("records")
    ]
    return f"The variance is driven by {enumerate_words(parts)}."

"""Sentences on lifetime value: how much, how sure, for whom, and on which terms."""

from __future__ import annotations

import numpy as np

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)
from crmstudy.value.lifetime.clv import LifetimeValue
from crmstudy.value.lifetime.intervals import LifetimeIntervals
from crmstudy.value.lifetime.parameter_intervals import ParameterIntervals
from crmstudy.value.lifetime.sensitivity import LifetimeSensitivity

#: Share of bootstrap samples without estimates above which those with some are a choice.
MOST_FAILED = 0.05


def read_lifetime(
    intervals: LifetimeIntervals | NotAvailable,
    sensitivity: LifetimeSensitivity | NotAvailable,
    *,
    currency: str,
) -> str:
    """Say what the customers are worth, how sure that is, and what the terms do to it.

    Parameters
    ----------
    intervals, sensitivity
        Of the same customers.
    currency : str
        Name of the currency, for instance ``"USD"``.
    """
    return compose(
        say_total(intervals, currency),
        _say_customers(intervals, currency),
        _say_terms(sensitivity),
    )


def read_parameter_intervals(*compared: ParameterIntervals | NotAvailable) -> str:
    """Say for each model which parameters have the same interval by every method."""
    return compose(*(_say_agreement(intervals) for intervals in compared))


def _amount(value: float, values: LifetimeValue, currency: str) -> str:
    """Write a value with its unit."""
    written = number(value) if abs(value) < 100 else f"{value:,.0f}"
    return f"{written} {currency if values.unit == 'currency' else 'discounted purchases'}"


@passes_absence
def say_total(intervals: LifetimeIntervals, currency: str) -> str:
    """Say what all customers are worth together, with both intervals."""
    values, total = intervals.values, intervals.totals.iloc[-1]
    said = percent(intervals.level, 0)
    terms = f"Over {_weeks(values.horizon_weeks)}, discounted at "
    terms += f"{_rate(values.annual_discount_rate)} a year"
    if values.without_money:
        why = f"What a purchase brings is not known ({values.without_money}): value is counted "
        why += "in purchases. "
        together = "are expected to make"
    else:
        why, together = "", "are worth"
        terms += f" and at a margin of {_rate(values.margin)}"
    n = len(values.customers)
    who = "the one customer" if n == 1 else f"the {n:,} customers together"
    if n == 1:
        together = together.replace("are", "is")
    sure = f"from {_end(total['lower'])} to {_end(total['upper'])}"
    likely = f"from {_end(total['predicted_lower'])} to {_end(total['predicted_upper'])}"
    return (
        f"{why}{terms}, {who} {together} {_amount(values.total, values, currency)}. The {said} "
        f"confidence interval of this expectation goes {sure}; if the models hold, what "
        f"they will really bring lies {likely} with a probability of {said}."
    ).replace("what they will", "what she will" if n == 1 else "what they will")


def _weeks(horizon: float) -> str:
    """Write a horizon, of which fractions count when it is short."""
    weeks = f"{horizon:.3g}" if horizon < 10 else f"{horizon:,.0f}"
    return f"{weeks} {'week' if horizon == 1 else 'weeks'}"


def _rate(share: float) -> str:
    """Write a rate as a percentage with the digits that it needs, three at most."""
    return f"{100 * share:.3g}%"


def _end(value: float) -> str:
    """Write a limit, which may be nothing or infinite."""
    if np.isinf(value) or value == 0:
        return "infinity" if value else "0"
    return number(float(value)) if abs(value) < 100 else f"{value:,.0f}"


@passes_absence
def _say_customers(intervals: LifetimeIntervals, currency: str) -> str:
    values, customers = intervals.values, intervals.customers
    value = customers["lifetime_value"]
    if len(customers) == 1:
        return ""
    mean, median = float(value.mean()), float(value.median())
    nothing = float((customers["predicted_value_lower"] <= 0).mean())
    single = "Of a single customer little is sure: the" if nothing > 0.5 else "The"
    best = customers.sort_values("lifetime_value", ascending=False, kind="stable").iloc[0]
    return (
        f"The mean customer is worth {_amount(mean, values, currency)}, the median customer "
        f"{_amount(median, values, currency)}. {single} "
        f"prediction interval of {percent_within(nothing)} of them begins at nothing, and on "
        f"average a customer makes no purchase with a probability of "
        f"{percent_within(float(customers['chance_of_nothing'].mean()))}. The customer of the "
        f"highest value is expected to bring {_amount(best['lifetime_value'], values, currency)} "
        f"and may bring from {_end(best['predicted_value_lower'])} to "
        f"{_end(best['predicted_value_upper'])}."
    )


@passes_absence
def _say_terms(sensitivity: LifetimeSensitivity) -> str:
    rows = sensitivity.rows
    ranges = rows.groupby("term", sort=False)["relative"].agg(["min", "max"])
    if ranges.empty:
        return ""
    parts = [
        f"the {term} from {number(low)} to {number(high)} times"
        for term, (low, high) in zip(ranges.index, ranges.to_numpy(), strict=True)
    ]
    freely = ranges.drop(index="margin", errors="ignore")
    ratio = freely["max"] / freely["min"].clip(lower=1e-12)
    most = f" Between horizon and discount rate the {ratio.idxmax()} matters more."
    return (
        "Over the settings of the table and everything else held, the total moves with "
        f"{enumerate_words(parts)} that of the study's terms."
        + (most if len(freely) > 1 and ratio.nunique() > 1 else "")
        + "".join(f" At {one} the value cannot be computed." for one in sensitivity.left_out)
    )


def _advise(intervals: ParameterIntervals) -> str:
    if intervals.n_samples and intervals.n_failed <= MOST_FAILED * intervals.n_samples:
        return "the bootstrap, which does not take the model for true, is the one to quote there"
    return "the profile, which follows the likelihood as it is, is the one to quote there"


@passes_absence
def _say_agreement(intervals: ParameterIntervals) -> str:
    table = intervals.table()
    agree = table.loc[table["agree"] == "yes", "parameter"].astype(str).tolist()
    methods = enumerate_words(list(dict.fromkeys(intervals.limits["method"])))
    differ = table[table["agree"] == "no"]
    parts = []
    if agree:
        whose = "interval of" if len(agree) == 1 else "intervals of"
        verb = "agrees" if len(agree) == 1 else "agree"
        parts.append(f"The {whose} {enumerate_words(agree)} {verb} between {methods}.")
    if len(differ):
        apart = [
            f"{name} (by {number(gap)} standard errors)" if np.isfinite(gap) else f"{name}"
            for name, gap in zip(
                differ["parameter"], differ["largest difference in standard errors"], strict=True
            )
        ]
        parts.append(
            f"Between {methods} limits differ by more than half a standard error for "
            f"{enumerate_words(apart)}: {_advise(intervals)}."
        )
    open_ended = intervals.limits[
        np.isinf(intervals.limits["upper"]) | (intervals.limits["lower"] <= 0)
    ]["parameter"].unique()
    if len(open_ended):
        parts.append(
            f"The data set no limit on one side of {enumerate_words([str(o) for o in open_ended])}."
        )
    if intervals.n_failed and not intervals.n_samples:
        parts.append(
            f"{count_of(intervals.n_failed, 'bootstrap sample')} had no estimates, so that no "
            "bootstrap is shown: the data hardly determine the model."
        )
    elif intervals.n_failed:
        lost = count_of(intervals.n_failed, "bootstrap sample")
        parts.append(
            f"{lost} had no estimates and {'was' if intervals.n_failed == 1 else 'were'} left out."
        )
    return " ".join(parts)

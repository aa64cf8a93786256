"""Sentences on how long customers waited and how many complained."""

from __future__ import annotations

import numpy as np

from crmstudy.case.service.complaints import ComplaintResult
from crmstudy.case.service.waiting import WaitingResult
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    name_checks,
    number,
    p_value,
    percent,
)


def read_waiting(waiting: WaitingResult | NotAvailable) -> str:
    """Say how the wait changed, and whether the change at the desk may be credited with it."""
    if isinstance(waiting, NotAvailable):
        return compose(waiting)
    return compose(
        _say_median(waiting), _say_target(waiting), _say_pace(waiting), _say_credit(waiting)
    )


def _say_median(waiting: WaitingResult) -> str:
    median = waiting.median
    tickets = (
        f"{count_of(waiting.n_before, 'ticket')} opened before the change and "
        f"{waiting.n_after:,} since"
    )
    if not np.isfinite(median["after"]):
        return (
            f"Of {tickets}, half had a {waiting.measure} within {number(median['before'], 1)} "
            f"hours before; since, fewer than half have had one."
        )
    return (
        f"Of {tickets}, half had a {waiting.measure} within {number(median['before'], 1)} hours "
        f"before and {number(median['after'], 1)} hours since, {number(median['after / before'])} "
        f"times the wait ({percent(waiting.confidence, 0)} interval "
        f"{number(median['ratio, lower'])} to {number(median['ratio, upper'])})."
    )


def _say_target(waiting: WaitingResult) -> str:
    row = waiting.quantiles.iloc[-1]
    return (
        f"Within the {number(waiting.target_hours, 1)} hours in which half were done before, "
        f"{percent(float(row['after']))} are done since (interval "
        f"{percent(float(row['after, lower']))} to {percent(float(row['after, upper']))})."
    )


def _say_pace(waiting: WaitingResult) -> str:
    said = (
        f"The curves differ by more than chance ({p_value(waiting.log_rank.p_value)}, log-rank)"
        if waiting.log_rank.p_value < 0.05
        else "The curves do not differ by more than chance "
        f"({p_value(waiting.log_rank.p_value)}, log-rank)"
    )
    adjusted = waiting.adjusted_ratio
    if isinstance(adjusted, NotAvailable):
        return f"{said}; the ratio of paces is {number(waiting.hazard_ratio)}."
    return (
        f"{said}; the ratio of paces is {number(waiting.hazard_ratio)}, among tickets of one "
        f"channel and topic {number(adjusted)}."
    )


def _say_credit(waiting: WaitingResult) -> str:
    if not waiting.claim_allowed:
        return (
            "The difference must not be credited to the change, because this does not hold: "
            f"{name_checks(failed(waiting.checks))}."
        )
    lower, upper = waiting.median["ratio, lower"], waiting.median["ratio, upper"]
    if lower <= 1 <= upper:
        return "The interval of the ratio holds one: whether the wait changed is undecided."
    way = "shorter" if upper < 1 else "longer"
    return (
        f"The wait is {way} since. Without a control group the change may be credited with that "
        "only if nothing else happened at that time."
    )


def read_complaints(complaints: ComplaintResult | NotAvailable) -> str:
    """Say how the share of complaints changed, and what that does not say."""
    if isinstance(complaints, NotAvailable):
        return compose(complaints)
    return compose(_say_tickets(complaints), _say_purchases(complaints), _say_kinds(complaints))


def _say_tickets(complaints: ComplaintResult) -> str:
    found = complaints.per_ticket
    lower, upper = found.difference_limits
    ending = (
        "so it is told apart from no change"
        if found.told_apart
        else "so it is not told apart from no change"
    )
    return (
        f"{percent(found.control.share)} of the tickets were complaints before and "
        f"{percent(found.treated.share)} since; the difference of "
        f"{number(100 * found.difference, 1)} points has the interval {number(100 * lower, 1)} to "
        f"{number(100 * upper, 1)}, {ending}."
    )


def _say_purchases(complaints: ComplaintResult) -> str:
    found = complaints.per_purchase
    if isinstance(found, NotAvailable):
        return ""
    return (
        f"Per 100 purchases there were {number(100 * found.control.share)} complaints before and "
        f"{number(100 * found.treated.share)} since."
    )


def _say_kinds(complaints: ComplaintResult) -> str:
    if complaints.reversed_in:
        of = enumerate_words(list(complaints.reversed_in))
        return (
            f"Divided by {of}, every kind moves against the whole: the mix of tickets changed, and "
            "the whole must not be read by itself."
        )
    odds, lower, upper = complaints.odds_ratio, complaints.odds_lower, complaints.odds_upper
    if (
        isinstance(odds, NotAvailable)
        or isinstance(lower, NotAvailable)
        or isinstance(upper, NotAvailable)
    ):
        return ""
    return (
        f"At equal channels the odds of a complaint are {number(odds)} times those before "
        f"(interval {number(lower)} to {number(upper)})."
    )

"""Sentences on a series interrupted by a measure that reached everybody."""

from __future__ import annotations

from crmstudy.case.series.interruption import SeriesResult
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    name_checks,
    number,
    p_value,
    percent,
)

NAMES = {
    "revenue": "revenue",
    "n_purchases": "number of purchases",
    "n_tickets": "number of tickets",
    "median_response_hours": "median wait for a response (hours)",
    "complaint_share": "share of complaints",
}
DECIDED = 0.05  # level of the joint test


def read_series(fit: SeriesResult | NotAvailable) -> str:
    """Say how level and slope changed, and whether it may be read as an effect."""
    if isinstance(fit, NotAvailable):
        return compose(fit)
    return compose(_say_changes(fit), _say_other_errors(fit), _say_placebos(fit), _say_reading(fit))


def name_series(outcome: str) -> str:
    """Name a series in words."""
    return NAMES.get(outcome, outcome.replace("_", " "))


def _say_changes(fit: SeriesResult) -> str:
    columns = fit.coefficients[["estimate", "lower", "upper"]].T
    level, slope = (columns[f"change of {of}"].to_dict() for of in ("level", "slope"))
    coverage = percent(fit.confidence, 0)
    return (
        f"On {fit.changed_on:%Y-%m-%d} the level of the {name_series(fit.outcome)} changed by "
        f"{number(level['estimate'])} ({coverage} interval {number(level['lower'])} to "
        f"{number(level['upper'])}) against the continued trend, its slope by "
        f"{number(slope['estimate'])} a window ({number(slope['lower'])} to "
        f"{number(slope['upper'])}); both together {p_value(fit.together.p_value)}, from "
        f"{count_of(fit.n_before, 'window')} before and {count_of(fit.n_after, 'window')} since."
    )


def _say_other_errors(fit: SeriesResult) -> str:
    level = float(fit.serial["estimate"]["change of level"])
    return (
        f"With autoregressive errors (correlation {number(fit.rho)}) the change of level is "
        f"{number(level)}."
    )


def _say_placebos(fit: SeriesResult) -> str:
    share = fit.placebo_share
    if isinstance(fit.placebos, NotAvailable) or isinstance(share, NotAvailable):
        return ""
    n = len(fit.placebos)
    reached = round(share * n)
    dates = count_of(n, "date") + " before at which nothing changed"
    if not reached:
        return f"At none of {dates} is the level seen to change as much."
    return f"At {reached} of {dates} the level is seen to change at least as much."


def _say_reading(fit: SeriesResult) -> str:
    if not fit.claim_allowed:
        return (
            "It must not be read as the effect of the measure, because this does not hold: "
            f"{name_checks(failed(fit.checks))}."
        )
    if fit.together.p_value >= DECIDED:
        return "That is within what chance does to such a series: undecided."
    return (
        "Every check holds; it may be read as the effect of the measure only if nothing else "
        "happened at that time, which one series cannot show."
    )

"""Sentences on a campaign that held customers back."""

from __future__ import annotations

from crmstudy.case.experiment.experiment import PLAIN, POWER, ExperimentResult
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)

OUTCOMES = {"revenue": "revenue", "n_purchases": "purchases"}


def read_experiment(experiment: ExperimentResult | NotAvailable) -> str:
    """Say what the campaign changed, how sure that is, and whether it may be called an effect."""
    if isinstance(experiment, NotAvailable):
        return compose(experiment)
    return compose(
        _say_effect(experiment),
        _say_precision(experiment),
        _say_buyers(experiment),
        _say_responders(experiment),
        _say_verdict(experiment),
    )


def _say_effect(experiment: ExperimentResult) -> str:
    means = experiment.means["mean"]
    what = OUTCOMES.get(experiment.outcome, experiment.outcome.replace("_", " "))
    how = (
        ""
        if experiment.used == PLAIN
        else ", after taking out what the time before foretold (CUPED),"
    )
    return (
        f"Over the campaign the mean {what} per customer was {number(means['treated'])} among "
        f"those addressed and {number(means['control'])} among those held back "
        f"({count_of(experiment.n, 'customer')} in all). The difference{how} is "
        f"{number(experiment.effect)} ({percent(experiment.confidence, 0)} interval "
        f"{number(experiment.lower)} to {number(experiment.upper)}, "
        f"{p_value(experiment.test.p_value)}; by lots drawn again "
        f"{p_value(experiment.lots.p_value)})."
    )


def _say_precision(experiment: ExperimentResult) -> str:
    found = (
        f"An effect of {number(experiment.detectable)} is found with a chance of "
        f"{percent(POWER, 0)}, a smaller one less often."
    )
    if experiment.used == PLAIN:
        return f"The time before foretells nothing that could sharpen the comparison. {found}"
    left = experiment.variance_left
    if left < 1:
        said = f"The time before took {percent(1 - left)} of the variance away"
    else:
        said = "The time before took none of the variance away"
    return f"{said} (correlation {number(experiment.correlation)}). {found}"


def _say_buyers(experiment: ExperimentResult) -> str:
    bought = experiment.bought
    lower, upper = bought.difference_limits
    return (
        f"At least once bought {percent(bought.treated.share)} of those addressed and "
        f"{percent(bought.control.share)} of those held back, a difference of "
        f"{number(100 * bought.difference, 1)} points (interval {number(100 * lower, 1)} to "
        f"{number(100 * upper, 1)})."
    )


def _say_responders(experiment: ExperimentResult) -> str:
    found = experiment.responders
    if isinstance(found, NotAvailable) or isinstance(experiment.response_rate, NotAvailable):
        return ""
    return (
        f"{percent(experiment.response_rate)} of those addressed responded; if the campaign acted "
        f"on nobody else, its effect on them is {number(found.estimate)} (interval "
        f"{number(found.lower)} to {number(found.upper)})."
    )


def _say_verdict(experiment: ExperimentResult) -> str:
    if not experiment.claim_allowed:
        names = enumerate_words([check.name for check in failed(experiment.checks)])
        return (
            "It must not be read as the effect of the campaign, because this does not hold: "
            f"{names}."
        )
    if experiment.lower <= 0 <= experiment.upper:
        return (
            "The interval holds zero: the experiment leaves undecided whether the campaign changed "
            "anything, which does not say that it changed nothing."
        )
    way = "raised" if experiment.effect > 0 else "lowered"
    what = OUTCOMES.get(experiment.outcome, experiment.outcome.replace("_", " "))
    return (
        f"Nothing in the data speaks against lots having been drawn; if they were, the campaign "
        f"{way} the {what}."
    )

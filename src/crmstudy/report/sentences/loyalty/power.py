"""Sentences on how many respondents the next survey needs."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.power.fit_tests import FitPower
from crmstudy.loyalty.power.needed import Needed
from crmstudy.loyalty.power.simulation import SurveyPlan
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)


def read_power(tests: FitPower | NotAvailable, plan: SurveyPlan | NotAvailable) -> str:
    """Say how many respondents tests of fit and paths ask of the next survey."""
    return compose(_say_tests(tests), _say_paths(plan), _say_lost(plan), _say_thumb(plan))


@passes_absence
def _say_tests(tests: FitPower) -> str:
    rows = tests.tests.to_dict("records")
    needs = enumerate_words([f"{int(r['minimum n']):,} respondents for {r['test']}" for r in rows])
    close = next(row for row in rows if row["test"] == "close fit")
    return (
        f"With {count_of(tests.df, 'degree')} of freedom, tests of fit reach a power of "
        f"{percent(tests.power, 0)} with {needs}; {tests.n_planned:,} respondents would notice a "
        f"model with an RMSEA of {number(close['true RMSEA'])} in "
        f"{percent_within(close['power'], 0)} of surveys."
    )


@passes_absence
def _say_paths(plan: SurveyPlan) -> str:
    worst = plan.critical
    name = plan.name_path(worst.source, worst.target)
    true = plan.population.standardised_paths()[worst.source, worst.target]
    whose = "The path" if len(plan.needed) == 1 else "The path that takes the most respondents"
    return (
        f"{whose}, {name} (supposed to be {number(true)}, from {plan.population.origin}), is "
        f"found with a power of {percent(plan.power, 0)} by {_say_need(worst)}."
    )


def _say_need(need: Needed) -> str:
    if need.kind == "found":
        return f"{need.words()} respondents (Monte Carlo interval {need.interval()})"
    return f"{need.words()} respondents"


@passes_absence
def _say_lost(plan: SurveyPlan) -> str:
    quality = plan.quality()
    share = float(quality["not admissible"].iloc[0])
    fewest = int(quality["respondents"].iloc[0])
    if share == 0.0:
        return ""
    short = quality.loc[1.0 - quality["not admissible"] < plan.power, "respondents"]
    bound = (
        f" Up to {int(short.max()):,} respondents that alone keeps every path, however strong, "
        f"below a power of {percent(plan.power, 0)}."
        if len(short)
        else ""
    )
    return (
        f"Of surveys with {fewest:,} respondents {percent_within(share)} give no admissible "
        f"solution and find nothing.{bound}"
    )


@passes_absence
def _say_thumb(plan: SurveyPlan) -> str:
    return (
        f"The rule of ten respondents a parameter would say {plan.rule_of_thumb:,}; it knows "
        "neither the size of the paths nor the quality of the items."
    )

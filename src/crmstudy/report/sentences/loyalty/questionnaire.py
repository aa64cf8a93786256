"""What came back on the questionnaire, in sentences, and what was expected of experience."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.questionnaire.difference import Regression
from crmstudy.loyalty.questionnaire.disconfirmation import Disconfirmation
from crmstudy.loyalty.questionnaire.missing import Gaps
from crmstudy.loyalty.questionnaire.normality import MultivariateNormality
from crmstudy.loyalty.questionnaire.respondents import RespondentScreen
from crmstudy.loyalty.questionnaire.screen import MAX_AT_END, ItemScreen
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    percent_within,
)


def read_questionnaire(
    screen: ItemScreen | NotAvailable,
    gaps: Gaps | NotAvailable,
    respondents: RespondentScreen | NotAvailable,
    normality: MultivariateNormality | NotAvailable,
) -> str:
    """Say how complete and how usable the answers are; advice, where there is any."""
    return compose(
        _say_gaps(gaps), _say_ends(screen), _say_careless(respondents), _say_normality(normality)
    )


@passes_absence
def _say_gaps(gaps: Gaps) -> str:
    n = count_of(gaps.n_respondents, "respondent")
    if not gaps.n_gaps:
        return f"{n} answered every item." if gaps.n_respondents > 1 else f"{n} answered all items."
    complete = int(gaps.by_model["complete"].iloc[0])
    said = (
        f"Of {n} {complete:,} answered every item; {count_of(gaps.n_gaps, 'answer')} "
        f"{'is' if gaps.n_gaps == 1 else 'are'} missing."
    )
    losses = gaps.by_model.iloc[1:]
    if losses.empty:
        return said
    worst = losses.iloc[int(losses["share left out"].argmax())]
    if not worst["left out"]:
        return f"{said} No model loses a respondent by them."
    kept = (
        f"{worst['complete']:,} and loses {percent_within(float(worst['share left out']))} when "
        "respondents with a gap are left out."
    )
    if len(losses) > 1 and len(set(losses["left out"])) == 1:
        return f"{said} Each of {len(losses)} models keeps {kept}"
    name = str(worst["items of"]).replace("_", " ")
    if len(losses) == 1:
        return f"{said} The model {name} keeps {kept}"
    return f"{said} The model that loses most respondents by them, {name}, keeps {kept}"


@passes_absence
def _say_ends(screen: ItemScreen) -> str:
    items = screen.table()
    at_end = items[["share at floor", "share at ceiling"]].max(axis=1)
    piled = items[at_end > MAX_AT_END]
    limit = percent(MAX_AT_END, 0)
    if piled.empty:
        return f"No item has more than {limit} of its answers at an end of its scale."
    worst = items.iloc[int(at_end.argmax())]
    top = worst["share at ceiling"] >= worst["share at floor"]
    return (
        f"{count_of(len(piled), 'item')} of {len(items)} "
        f"{'has' if len(piled) == 1 else 'have'} more than {limit} of the answers at an end of "
        f"the scale, most of all {worst['item']} "
        f"({percent(float(at_end.max()))} gave the {'highest' if top else 'lowest'} answer)."
    )


@passes_absence
def _say_careless(found: RespondentScreen) -> str:
    *signs, some = found.table().to_dict("records")
    shown = [row for row in signs if row["respondents"]]
    looked = f"{count_of(len(signs), 'sign')} of careless answers"
    if not shown:
        return f"No respondent shows any of {looked}."
    named = enumerate_words([f"{row['sign']} ({row['respondents']:,})" for row in shown])
    return (
        f"{count_of(some['respondents'], 'respondent')} "
        f"({percent_within(float(some['share']))}) "
        f"{'shows' if some['respondents'] == 1 else 'show'} at least one of {looked}: {named}. "
        "They are counted, not left out; whoever wants to leave them out should do so in the "
        "data and say it."
    )


@passes_absence
def _say_normality(found: MultivariateNormality) -> str:
    z = found.kurtosis_test.statistic
    told = (
        f"Mardia's multivariate kurtosis of the {found.n_items} items of the model is "
        f"{number(found.kurtosis, 1)}, where normal answers have "
        f"{found.n_items * (found.n_items + 2):,} (z = {number(z, 1)}, "
        f"{p_value(found.kurtosis_test.p_value)})"
    )
    if found.check.passed:
        return f"{told}, which is within the conventional limit for normal-theory estimation."
    return f"{told}: robust standard errors and scaled tests should be read beside the others."


def read_disconfirmation(found: Disconfirmation | NotAvailable) -> str:
    """Say whether experience met expectation, and whether their difference may be taken."""
    return compose(
        _say_difference(found), _say_shares(found), _say_reliability(found), _say_conditions(found)
    )


@passes_absence
def _say_difference(found: Disconfirmation) -> str:
    row = found.table().iloc[-1]
    experience, expectation = found.name("experience"), found.name("expectation")
    d, _, _ = found.effect_size()
    level = f"{100 * found.level:g}% interval"
    span = f"{level} {number(row['lower'], 1)} to {number(row['upper'], 1)}"
    if row["lower"] <= 0 <= row["upper"]:
        return (
            f"{experience} and {expectation} are not told apart on average (difference "
            f"{number(row['mean'], 1)} of 100 points, {span})."
        )
    where = "above" if row["mean"] > 0 else "below"
    return (
        f"{experience} lies {number(abs(row['mean']), 1)} of 100 points {where} {expectation} on "
        f"average (difference {span}; {number(abs(d))} standard deviations of the difference)."
    )


@passes_absence
def _say_shares(found: Disconfirmation) -> str:
    parts = [
        f"{row['experience was']} for {percent_within(row['share'])}"
        for row in found.shares().to_dict("records")
    ]
    return f"Experience was {enumerate_words(parts)} of {count_of(found.n_used, 'respondent')}."


@passes_absence
def _say_reliability(found: Disconfirmation) -> str:
    table = found.reliability
    if isinstance(table, NotAvailable):
        return ""
    *parts, difference = table["reliability"].tolist()
    if difference >= min(parts):
        return f"The difference has a reliability of {number(difference)}."
    return (
        f"The difference has a reliability of {number(difference)}, its parts have "
        f"{number(parts[0])} and {number(parts[1])}: what they share drops out, their errors stay."
    )


@passes_absence
def _say_conditions(found: Disconfirmation) -> str | NotAvailable:
    table = found.conditions()
    if isinstance(table, NotAvailable):
        return table
    assert isinstance(found.linear, Regression)
    _, b_expectation, b_experience = found.linear.coefficients.tolist()
    weights = (
        f"With both in one regression {found.name('satisfaction')} changes by "
        f"{number(b_experience)} points for each point of {found.name('experience')} and by "
        f"{number(b_expectation)} for each point of {found.name('expectation')}"
    )
    return compose(f"{weights}. {_conclude(table)}", _say_freed(found, table, b_expectation))


def _say_freed(found: Disconfirmation, table: pd.DataFrame, plain: float) -> str:
    """Say when the sign of expectation's weight may be borrowed from errors of measurement."""
    freed = found.freed_weights()
    if isinstance(freed, NotAvailable):
        return ""
    row = freed.iloc[0]
    said = (
        f"Freed of the errors that these reliabilities tell, the weight of "
        f"{found.name('expectation')} would be {number(row['estimate'])} "
        f"[{number(row['lower'])}, {number(row['upper'])}] instead of {number(plain)}"
    )
    told = table["lower"].iloc[1] > 0 or table["upper"].iloc[1] < 0
    kept = row["lower"] > 0 if plain > 0 else row["upper"] < 0
    if told and not kept:
        return f"{said}: a verdict on its sign may rest on errors of measurement."
    return f"{said}."


def _conclude(table: pd.DataFrame) -> str:
    rises, falls, equal, *bent = table["verdict"].tolist()
    if "contradicted" in (rises, falls):
        return "That satisfaction is experience minus expectation is contradicted by their signs."
    if equal == "contradicted":
        signs = "supported" if rises == falls == "supported" else "undecided"
        return (
            f"The signs of experience minus expectation are {signs}, a plain difference is "
            "contradicted: the two do not weigh the same."
        )
    if "contradicted" in bent:
        return "A plain difference is contradicted: the relation is curved."
    if rises == falls == "supported":
        return "That satisfaction is experience minus expectation is supported."
    return "That satisfaction is experience minus expectation is undecided: a sign is open."

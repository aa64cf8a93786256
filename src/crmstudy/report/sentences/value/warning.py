"""Sentences on early warning: who is at risk, how well it is foretold, whom to contact."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)
from crmstudy.value.warning.alerts import AlertList
from crmstudy.value.warning.contacts import BEST, ContactPlan
from crmstudy.value.warning.judging import Assessment
from crmstudy.value.warning.rolling import WarningModels


def read_warning(
    models: WarningModels | NotAvailable,
    assessment: Assessment | NotAvailable,
    contacts: ContactPlan | NotAvailable,
    alerts: AlertList | NotAvailable,
) -> str:
    """Say who was at risk, how well the event was foretold, and what contacts would bring."""
    return compose(
        _say_risk(models),
        say_skill(assessment),
        _say_rivals(assessment),
        _say_calibration(assessment),
        _say_checks(models),
        _say_contacts(contacts),
        _say_break_even(contacts),
        _say_alerts(alerts),
    )


@passes_absence
def _say_risk(models: WarningModels) -> str:
    test = models.test
    n, events = len(test.events), int(test.events.sum())
    weeks = count_of(models.data.plan.weeks, "week")
    return (
        f"On {test.origin.day}, {count_of(n, 'customer')} had bought within the last {weeks}; "
        f"of {'them' if n != 1 else 'this one'}, {events:,} ({percent_within(events / n)}) had "
        f"the event within the next {weeks}: {models.event}."
    )


@passes_absence
def say_skill(assessment: Assessment) -> str:
    """Say how well the event was foretold."""
    precision = assessment.value("average precision")
    lift = assessment.value("top-decile lift")
    return (
        f"The model chosen before the test, '{assessment.chosen}', reaches an average precision "
        f"of {_with_limits(precision)}, against a share of events of "
        f"{number(assessment.base_rate)}, and an area under the ROC curve of "
        f"{_with_limits(assessment.value('ROC AUC'))}; {_say_lift(lift)}."
    )


def _say_lift(lift: tuple[float, float, float]) -> str:
    said = (
        "the tenth of the customers with the highest probability holds "
        f"{number(lift[0])} times as many events as a tenth drawn by lot "
        f"[{number(lift[1])}, {number(lift[2])}]"
    )
    return f"{said}, which may be chance" if lift[1] <= 1 <= lift[2] else said


@passes_absence
def _say_rivals(assessment: Assessment) -> str:
    compared = assessment.compare()
    named = {
        verdict: [f"'{name}'" for name in compared.loc[compared["verdict"] == verdict, "model"]]
        for verdict in ("worse", "not told apart", "better")
    }
    parts, best = [], f"'{assessment.chosen}'"
    if named["worse"]:
        parts.append(f"{enumerate_words(named['worse'])} {_verb(named['worse'])} worse than {best}")
    if named["not told apart"]:
        same = named["not told apart"]
        parts.append(f"{enumerate_words(same)} {_verb(same)} not told apart from {best}")
    if named["better"]:
        parts.append(
            f"{enumerate_words(named['better'])} {_verb(named['better'])} better than {best}"
        )
    return f"By their log loss on the test, {'; '.join(parts)}." if parts else ""


@passes_absence
def _say_calibration(assessment: Assessment) -> str:
    _, low, high = assessment.value("calibration intercept")
    if low > 0:
        level = "Events were more frequent than foretold"
    elif high < 0:
        level = "Events were less frequent than foretold"
    else:
        level = "Events were about as frequent as foretold"
    slope = assessment.value("calibration slope")
    if slope[0] != slope[0]:  # every forecast is the same
        return f"{level}."
    how = "too extreme" if slope[2] < 1 else "too cautious" if slope[1] > 1 else ""
    said = f"the probabilities are {how}" if how else "the slope of the calibration fits"
    return f"{level}; {said} ({_with_limits(slope)}, perfect is 1)."


@passes_absence
def _say_checks(models: WarningModels) -> str:
    problems = failed(models.checks)
    said = "; ".join(f"'{check.name}' does not hold: {check.consequence}" for check in problems)
    return f"Of the checks, {said}." if problems else ""


@passes_absence
def _say_contacts(contacts: ContactPlan) -> str:
    best = contacts.policies.iloc[0]
    n = int(best["contacted"])
    if n == 0:
        return "On these terms no contact is expected to pay."
    profit = (best["profit"], best["from"], best["to"])
    rivals = contacts.policies[
        (contacts.policies["policy"] != BEST) & (contacts.policies["less, from"] > 0)
    ]
    said = (
        f"On these terms {count_of(n, 'contact')} on the test day "
        f"{'was' if n == 1 else 'were'} expected to pay and would have brought "
        f"{_with_limits(profit)} in profit"
    )
    if rivals.empty:
        return f"{said}; no other list is shown to bring less."
    names = enumerate_words([f"'{name}'" for name in rivals["policy"]])
    return f"{said}, more than contacting {names}."


@passes_absence
def _say_break_even(contacts: ContactPlan) -> str:
    best = contacts.policies.iloc[0]
    even, assumed = best["break-even rescue share"], contacts.terms.rescue_share
    if even != even:  # nobody is contacted, or nobody of them had the event
        return ""
    if even > 1:
        return "These contacts would not have paid even if every one had kept a customer."
    where = "above" if assumed > even else "below" if assumed < even else "exactly at"
    return (
        f"They pay from a rescue share of {percent_within(even)} on; the assumed "
        f"{percent_within(assumed)} lies {where} it, and only an experiment can tell the true one."
    )


@passes_absence
def _say_alerts(alerts: AlertList) -> str:
    n, expected = len(alerts.customers), float(alerts.customers["probability"].sum())
    said = (
        f"On {alerts.day}, the last day of the data, {count_of(n, 'customer')} "
        f"{'is' if n == 1 else 'are'} at risk, of whom {number(expected, 0)} "
        f"{'is' if number(expected, 0) == '1' else 'are'} expected to have the event until "
        f"{alerts.until}"
    )
    if not alerts.priced:
        return f"{said}."
    contacts = alerts.n_contacts
    whom = "nobody" if contacts == 0 else f"{contacts:,} of them" if contacts < n else "all of them"
    return f"{said}; a contact is expected to pay for {whom}."


def _with_limits(value: tuple[float, float, float]) -> str:
    return f"{number(value[0])} [{number(value[1])}, {number(value[2])}]"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"

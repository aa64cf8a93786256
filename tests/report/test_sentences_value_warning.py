"""Sentences on early warning, from results made by hand: true whatever came out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.report.sentences.value.warning import read_warning
from crmstudy.value.warning.alerts import AlertList
from crmstudy.value.warning.contacts import BEST, ContactPlan
from crmstudy.value.warning.judging import Assessment
from crmstudy.value.warning.measures import MEASURES
from crmstudy.value.warning.terms import ContactTerms

ABSENT = NotAvailable("too few events")
NAMES = ("base rate", "logit", "neural network")


def make_models(n=100, events=20, weeks=4, checks=()):
    test = SimpleNamespace(
        events=np.repeat([1.0, 0.0], [events, n - events]), origin=SimpleNamespace(day="2026-03-01")
    )
    plan = SimpleNamespace(weeks=weeks)
    return SimpleNamespace(
        test=test,
        data=SimpleNamespace(plan=plan),
        event="no purchase in the window",
        checks=checks,
    )


def make_assessment(limits=None, losses=None, models=NAMES):
    """The chosen logit is .5 in everything, +-.2; its rivals' losses differ by so much."""
    values = np.full((len(models), len(MEASURES)), 0.5)
    drawn = np.stack([values - 0.2, values + 0.2])
    for name, (low, high) in (limits or {}).items():
        at = list(MEASURES).index(name)
        drawn[:, models.index("logit"), at] = low, high
        values[models.index("logit"), at] = (low + high) / 2
    loss = list(MEASURES).index("log loss")
    for name, (low, high) in (losses or {}).items():
        drawn[:, models.index(name), loss] = drawn[:, models.index("logit"), loss] + [low, high]
    frame = pd.DataFrame()
    return Assessment(
        "logit", models, values, drawn, frame, frame, frame, frame, frame, "lapse", 100, 20, 2
    )


def make_contacts(contacted=50, profit=(80.0, 20.0, 140.0), even=0.1, assumed=0.2, less=None):
    terms = ContactTerms(1.0, assumed, 0.3, 4.0, 46.0, 8, 1.0, 0.5, 0.4, 0.6, "learnt")
    less = {"everybody at risk": 5.0, "nobody": -1.0} if less is None else less
    rows = [
        (BEST, contacted, *profit, 0.0, even),
        *((n, 100, 0, 0, 0, v, 0.3) for n, v in less.items()),
    ]
    columns = [
        "policy",
        "contacted",
        "profit",
        "from",
        "to",
        "less, from",
        "break-even rescue share",
    ]
    return ContactPlan(terms, pd.DataFrame(rows, columns=columns), pd.DataFrame(), 100, 20, 2)


def make_alerts(chances=(0.5, 0.5), contact=("yes", "no"), priced=True):
    customers = pd.DataFrame({"probability": chances})
    if priced:
        customers["contact"] = contact
    return AlertList(
        "2026-03-29", "2026-04-26", "lapse", "logit", customers, pd.DataFrame(), 0.0, priced
    )


def test_everything_is_said_in_order():
    said = read_warning(
        make_models(),
        make_assessment(losses={"base rate": (0.1, 0.2)}),
        make_contacts(),
        make_alerts(),
    )
    assert said == (
        "On 2026-03-01, 100 customers had bought within the last 4 weeks; of them, 20 (20.0%) "
        "had the event within the next 4 weeks: no purchase in the window. The model chosen "
        "before the test, 'logit', reaches an average precision of 0.50 [0.31, 0.69], against a"
        " share of events of 0.20, and an area under the ROC curve of 0.50 [0.31, 0.69]; the "
        "tenth of the customers with the highest probability holds 0.50 times as many events as"
        " a tenth drawn by lot [0.31, 0.69]. By their log loss on the test, 'base rate' is "
        "worse than 'logit'; 'neural network' is not told apart from 'logit'. Events were more "
        "frequent than foretold; the probabilities are too extreme (0.50 [0.31, 0.69], perfect "
        "is 1). On these terms 50 contacts on the test day were expected to pay and would have "
        "brought 80.00 [20.00, 140.00] in profit, more than contacting 'everybody at risk'. "
        "They pay from a rescue share of 10.0% on; the assumed 20.0% lies above it, and only an"
        " experiment can tell the true one. On 2026-03-29, the last day of the data, 2 "
        "customers are at risk, of whom 1 is expected to have the event until 2026-04-26; a "
        "contact is expected to pay for 1 of them."
    )


def test_one_customer_and_one_week():
    said = read_warning(
        make_models(n=1, events=1, weeks=1), ABSENT, ABSENT, make_alerts((0.9,), ("yes",))
    )
    assert "1 customer had bought within the last 1 week; of this one, 1 (100.0%)" in said
    assert "1 customer is at risk, of whom 1 is expected" in said
    assert said.endswith("a contact is expected to pay for all of them.")


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"top-decile lift": (0.8, 1.6)}, "[0.82, 1.58], which may be chance."),
        ({"top-decile lift": (1.2, 1.6)}, "[1.21, 1.59]. By"),
        ({"calibration intercept": (-0.4, -0.1)}, "Events were less frequent than foretold"),
        ({"calibration intercept": (-0.1, 0.1)}, "Events were about as frequent as foretold"),
        ({"calibration slope": (0.8, 1.3)}, "the slope of the calibration fits (1.05"),
        ({"calibration slope": (1.1, 1.3)}, "the probabilities are too cautious (1.20"),
        ({"calibration slope": (np.nan, np.nan)}, "Events were more frequent than foretold."),
    ],
)
def test_each_case_of_skill_and_calibration_has_its_sentence(limits, said):
    assert said in read_warning(ABSENT, make_assessment(limits), ABSENT, ABSENT)


def test_rivals_may_be_better_or_there_may_be_none():
    better = make_assessment(losses={"base rate": (-0.2, -0.1), "neural network": (-0.3, -0.1)})
    said = read_warning(ABSENT, better, ABSENT, ABSENT)
    assert "on the test, 'base rate' and 'neural network' are better than 'logit'." in said
    alone = read_warning(ABSENT, make_assessment(models=("logit",)), ABSENT, ABSENT)
    assert "By their log loss" not in alone


def test_a_failed_check_is_said_with_what_follows():
    check = Check("training ended", False, 1.0, "no", "", "forecasts may be improved on")
    said = read_warning(make_models(checks=(check, replace(check, passed=True))), *[ABSENT] * 3)
    assert "Of the checks, 'training ended' does not hold: forecasts may be improved on." in said


@pytest.mark.parametrize(
    ("contacts", "said"),
    [
        (make_contacts(contacted=0, even=np.nan), "On these terms no contact is expected to pay."),
        (make_contacts(contacted=1), "1 contact on the test day was expected to pay"),
        (make_contacts(less={"nobody": -5.0}), "no other list is shown to bring less."),
        (make_contacts(even=0.4), "the assumed 20.0% lies below it"),
        (make_contacts(even=0.2), "the assumed 20.0% lies exactly at it"),
        (make_contacts(even=1.4), "would not have paid even if every one had kept a customer."),
    ],
)
def test_each_case_of_contacts_has_its_sentence(contacts, said):
    found = read_warning(ABSENT, ABSENT, contacts, ABSENT)
    assert said in found
    if contacts.policies["contacted"].iloc[0] == 0:
        assert "rescue share" not in found


@pytest.mark.parametrize(
    ("alerts", "said"),
    [
        (make_alerts(contact=("no", "no")), "a contact is expected to pay for nobody."),
        (make_alerts(priced=False), "of whom 1 is expected to have the event until 2026-04-26."),
        (make_alerts((0.9, 0.9), ("no", "no")), "a contact is expected to pay for nobody."),
    ],
)
def test_each_case_of_alerts_has_its_sentence(alerts, said):
    assert read_warning(ABSENT, ABSENT, ABSENT, alerts).endswith(said)


def test_two_expected_are_several():
    said = read_warning(ABSENT, ABSENT, ABSENT, make_alerts((0.9, 0.9)))
    assert "of whom 2 are expected" in said


def test_what_is_absent_is_said_once():
    assert read_warning(ABSENT, ABSENT, ABSENT, ABSENT) == "Not available: too few events."

"""What is said of an experiment, an interrupted series and the service desk is true of any."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.experiment.experiment import line_up_estimates, run_experiment
from crmstudy.case.series.interruption import fit_interruption
from crmstudy.case.service.complaints import compare_complaints, list_shares
from crmstudy.case.service.waiting import compare_waits
from crmstudy.case.service.waits import time_tickets
from crmstudy.errors import NotAvailable
from crmstudy.report.experiments import draw_estimators, draw_interruption
from crmstudy.report.sentences.case.experiment import read_experiment
from crmstudy.report.sentences.case.series import read_series
from crmstudy.report.sentences.case.service import read_complaints, read_waiting
from crmstudy.report.service_times import draw_complaint_shares, draw_waits

DAY = pd.Timestamp("2025-01-01")


def experiment(effect, **options):
    rng = np.random.default_rng(1)
    before, treated = rng.gamma(2, 10, 300), np.arange(300) % 2 == 0
    revenue = 0.7 * before + rng.gamma(2, 5, 300) + effect * treated
    frame = pd.DataFrame(
        {
            "treated": treated,
            "revenue": revenue,
            "bought": (revenue > 15).astype(float),
            "revenue_before": before,
        },
        index=[f"c{i}" for i in range(300)],
    )
    return run_experiment(frame, covariates=["revenue_before"], n_draws=199, **options)


def series(level, *, n=40):
    rng = np.random.default_rng(2)
    time = np.arange(n) - n // 2
    index = DAY + pd.to_timedelta(14 * time, unit="D")
    values = pd.DataFrame({"revenue": 50 + rng.standard_normal(n) + level * (time >= 0)}, index)
    return fit_interruption(values, outcome="revenue", changed_on=DAY)


def tickets(factor=1.0, n=120, complain=0.3):
    rng = np.random.default_rng(3)
    opened = DAY + pd.to_timedelta(np.arange(n) - n // 2, unit="D")
    hours = np.where(opened >= DAY, factor, 1.0) * np.exp(2 + 0.7 * rng.standard_normal(n))
    frame = pd.DataFrame(
        {
            "contact_id": [f"T{i}" for i in range(n)],
            "customer_id": [f"c{i}" for i in range(n)],
            "opened_at": opened,
            "first_response_at": opened + pd.to_timedelta(np.round(60 * hours), unit="min"),
            "complaint": rng.random(n) < complain,
            "channel": rng.choice(["phone", "电子邮件与在线客服"], n),
        }
    )
    return time_tickets(frame, changed_on=DAY)


def test_an_experiment_says_which_way():
    assert "the campaign raised the revenue" in read_experiment(experiment(6))
    assert "the campaign lowered the revenue" in read_experiment(experiment(-6))
    assert "is found with a chance of 80%, a smaller one less often" in read_experiment(
        experiment(6)
    )
    none = read_experiment(experiment(0))
    assert "leaves undecided" in none
    assert "does not say that it changed nothing" in none
    assert "raised" not in none


def test_a_failed_check_forbids_the_claim():
    said = read_experiment(experiment(6, intended_share=0.7))
    assert "must not be read as the effect" in said
    assert "sizes of the groups" in said
    assert "raised" not in said


def test_a_series_says_what_it_may():
    assert "only if nothing else happened" in read_series(series(20))
    assert "undecided" in read_series(series(0))
    failing = replace(series(20), checks=tuple(
        replace(check, passed=False) for check in series(20).checks[:1]
    ))  # fmt: skip
    said = read_series(failing)
    assert "must not be read as the effect of the measure" in said
    assert "windows on the shorter side" in said


def test_waits_say_shorter_longer_or_undecided():
    trend = series(20)
    for factor, words in ((0.3, "is shorter since"), (3.0, "is longer since"), (1.0, "undecided")):
        found = compare_waits(tickets(factor), trend=trend, n_draws=200, seed=1)
        assert words in read_waiting(found)
    alone = read_waiting(compare_waits(tickets(0.3), n_draws=50))
    assert "must not be credited" in alone
    assert "is shorter since" not in alone


def test_complaints_say_whether_told_apart():
    found = compare_complaints(tickets())
    assert "not told apart from no change" in read_complaints(found)
    assert "Per 100 purchases" not in read_complaints(found)


@pytest.mark.parametrize("read", [read_experiment, read_series, read_waiting, read_complaints])
def test_what_is_absent_is_said_with_its_reason(read):
    assert read(NotAvailable("no table contacts")) == "Not available: no table contacts."


def test_figures_are_drawn():
    result = experiment(6)
    lined = line_up_estimates(result)
    figure = draw_estimators(lined, outcome="revenue", used=result.used)
    assert len(figure.axes[0].get_yticklabels()) == len(lined)
    assert "n = 300 customers" in figure.axes[0].get_xlabel()
    drawn = draw_interruption(series(20), y_label="revenue")
    assert drawn.axes[0].get_ylim()[0] == 0
    waits = tickets(0.5)
    curves = draw_waits(compare_waits(waits, n_draws=50), y_label="tickets")
    labels = [text.get_text() for text in curves.axes[0].get_legend().get_texts()]
    assert [label.split(",")[0] for label in labels] == ["before (n = 60", "after (n = 60"]
    bars = draw_complaint_shares(list_shares(compare_complaints(waits)))
    assert bars.axes[0].get_yticklabels()[0].get_text() == "all tickets"
    absent = NotAvailable("no tickets")
    assert draw_waits(absent, y_label="tickets") is absent

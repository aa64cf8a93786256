"""Figures of a return and of the path: they say what their numbers say, in any language."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from crmstudy.case.implementation.checklist import Checklist, TaskState
from crmstudy.case.implementation.staff import StaffScores
from crmstudy.case.returns.assumptions import Assumption
from crmstudy.case.returns.cash_flows import CashFlowModel, Line
from crmstudy.case.returns.sensitivity import ReturnDraws, vary_assumptions
from crmstudy.case.returns.worth import appraise_returns
from crmstudy.errors import NotAvailable
from crmstudy.report.checklists import draw_progress, draw_staff_scores
from crmstudy.report.returns import draw_cash_flows, draw_return_distribution, draw_tornado


def texts(figure):
    """List every text of a figure."""
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def model(n_periods=4, n_costs=1, label="cost"):
    start, later = np.eye(n_periods + 1)[0], np.ones(n_periods + 1)
    later[0] = 0
    assumptions = [Assumption("discount rate", 0.1, 0.05, 0.2, "assumed", "pert", linear=False)]
    lines = []
    for number in range(n_costs):
        lines.append(Line(f"{label} {number}", -1, start, len(assumptions)))
        assumptions.append(Assumption(f"{label} {number}", 10, 5, 30, "assumed", "pert"))
    lines.append(Line("saved", 1, later, len(assumptions)))
    assumptions.append(Assumption("saved", 8.0 * n_costs, 1, 9.0 * n_costs, "assumed", "pert"))
    return CashFlowModel(
        assumptions=tuple(assumptions),
        lines=tuple(lines),
        start=pd.Timestamp("2025-01-01"),
        period_days=84,
        times=np.arange(n_periods + 1.0),
        has_effect=False,
        claim_allowed=False,
        method="",
        amounts="nominal",
        timing="end",
        currency="元",
    )


@pytest.mark.parametrize("n_periods", [1, 4, 60])
def test_cash_flows(n_periods):
    returns = appraise_returns(model(n_periods))
    said = " ".join(texts(draw_cash_flows(returns)))
    assert "元, nominal" in said
    assert "days since 2025-01-01" in said
    assert ("discounted payback" in said) == (
        not isinstance(returns.discounted_payback_days, NotAvailable)
    )


def test_tornado_with_long_chinese_names():
    long = model(n_costs=20, label="系统实施与培训费用以及一个相当长的名称")
    tornado = vary_assumptions(long)
    figure = draw_tornado(tornado, appraise_returns(long))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(labels) == 12
    assert labels[0].startswith("saved (assumed)")


def test_distribution_says_the_probability():
    draws = ReturnDraws(np.linspace(-1, 3, 400), 1.0, 0.95, NotAvailable("none"), "EUR", True)
    said = texts(draw_return_distribution(draws))
    assert "NPV above 0: 75.0%" in said
    assert "draws (n = 400)" in said
    heights = [bar.get_height() for bar in draw_return_distribution(draws).axes[0].patches]
    assert sum(heights) == 400
    flat = dataclasses.replace(draws, draws=np.ones(5))
    assert isinstance(draw_return_distribution(flat), NotAvailable)


def state(task, **known):
    given = {"baseline": 1.0, "target": 2.0, "current": 1.5, "lower": 1.2, "upper": 1.8}
    return TaskState(
        "training", task, 1.0, "i", "share", "on the way", progress=0.5, **given | known
    )


def test_progress():
    tasks = [state("near"), state("far", current=99.0, upper=100.0), state("bare", lower=None)]
    figure = draw_progress(Checklist(tuple(tasks), 0.95))
    said = texts(figure)
    assert "training" in said
    assert any(text.startswith("1.00 → 1.50 (target 2.00)") for text in said)
    low, high = figure.axes[0].get_xlim()
    places = [x for line in figure.axes[0].lines for x in np.ravel(line.get_xdata())]
    assert all(low <= float(x) <= high for x in places)
    nothing = TaskState("training", "a", 1.0, "", "", "open")
    assert isinstance(draw_progress(Checklist((nothing,), 0.95)), NotAvailable)


def test_staff_scores():
    rows = [
        ("all departments", "ease", "易用性", 20, 60.0, 50.0, 70.0),
        ("销售部", "ease", "易用性", 9, 40.0, 30.0, 50.0),
    ]
    columns = ["group", "construct", "label", "n", "mean", "lower", "upper"]
    staff = StaffScores(pd.DataFrame(rows, columns=columns), 20, 0.95, 0, 5)
    figure = draw_staff_scores(staff)
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["all departments (n = 20)", "销售部 (n = 9)"]

"""Pictures of early warning: what they say, with many models, few customers, long names."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.errors import NotAvailable
from crmstudy.report.alerts import draw_calibration, draw_contact_profit, draw_precision_recall
from crmstudy.report.theme import save_bytes


def texts(figure) -> str:
    return " | ".join(text.get_text() for text in figure.findobj(Text))


def require_inside(figure):
    """No label, note or legend may leave the page."""
    figure.canvas.draw()
    page, axes = figure.bbox, figure.axes[0]
    legends = [*figure.legends, *filter(None, [axes.get_legend()])]
    entries = [text for legend in legends for text in legend.get_texts()]
    for text in (axes.xaxis.label, axes.yaxis.label, *axes.texts, *entries):
        if text.get_text():
            box = text.get_window_extent()
            assert box.x0 >= page.x0 - 1, text.get_text()
            assert box.x1 <= page.x1 + 1, text.get_text()


@pytest.fixture
def curves():
    recall = np.linspace(0.01, 1, 100)
    names = ["own rhythm", "RFM score", "logit", "gradient boosting", "a model of a very long name"]
    frames = [
        pd.DataFrame(
            {
                "model": name,
                "recall": recall,
                "precision": 0.2 + 0.1 * place * (1 - recall),
                "lower": np.nan if name != "logit" else 0.1,
                "upper": np.nan if name != "logit" else 0.7,
            }
        )
        for place, name in enumerate(names)
    ]
    return pd.concat(frames, ignore_index=True)


def test_precision_and_recall_name_models_events_and_customers(curves):
    figure = draw_precision_recall(curves, main="logit", base_rate=0.2, n=2025, n_events=1223)
    said = texts(figure)
    assert "share of the 1,223 events found (n = 2,025 customers)" in said
    assert "logit (band: 95%)" in said
    assert "drawn by lot" in said
    axes = figure.axes[0]
    assert len(axes.lines) == 6
    assert len({(line.get_color(), line.get_linestyle()) for line in axes.lines}) == 6
    require_inside(figure)


def test_one_model_alone_is_drawn(curves):
    alone = curves[curves["model"] == "logit"]
    figure = draw_precision_recall(alone, main="logit", base_rate=0.2, n=40, n_events=8)
    assert len(figure.axes[0].lines) == 2


@pytest.mark.parametrize(
    ("customers", "said"), [([10, 10], "10 a group"), ([9, 1200], "9 to 1,200 a group")]
)
def test_calibration_says_how_many_stand_behind_a_point(customers, said):
    table = pd.DataFrame(
        {
            "customers": customers,
            "foretold": [0.02, 0.4],
            "happened": [0.0, 0.5],
            "lower": [0.0, 0.2],
            "upper": [0.1, 0.8],
        }
    )
    figure = draw_calibration(
        table, model="支持向量机", event="spend fell by 50% or more", n=sum(customers)
    )
    assert said in texts(figure)
    assert "spend fell by 50% or more" in texts(figure)
    line = figure.axes[0].lines[0]
    assert line.get_xdata()[1] == line.get_ydata()[1] == pytest.approx(0.848)
    require_inside(figure)


def test_a_single_group_is_drawn():
    row = {"customers": 83, "foretold": 1.0, "happened": 1.0, "lower": 0.9, "upper": 1.0}
    figure = draw_calibration(pd.DataFrame([row]), model="base rate", event="lapse", n=83)
    assert figure.axes[0].get_xlim()[1] == 1.0


@pytest.mark.parametrize("contacted", [0, 1, 40, 100])
def test_profit_marks_the_best_list(contacted):
    points = np.arange(101)
    curve = pd.DataFrame({"contacted": points, "profit": 30.0 * np.sin(points / 30)})
    curve = curve.assign(
        expected=curve["profit"] * 1.1, lower=curve["profit"] - 9, upper=curve["profit"] + 9
    )
    figure = draw_contact_profit(curve, contacted=contacted, currency="CNY")
    said = texts(figure)
    assert f"{contacted:,} expected to pay" in said
    assert "(n = 100 at risk)" in said
    assert "profit of the contacts (CNY)" in said
    require_inside(figure)


def test_one_customer_has_a_curve_too():
    curve = pd.DataFrame(
        {"contacted": [0, 1], "expected": [0, -1.0], "profit": [0, -2.0], "lower": 0, "upper": 0}
    )
    assert draw_contact_profit(curve, contacted=0, currency="USD") is not None


def test_pictures_are_equal_byte_for_byte_and_absence_is_passed_on(curves):
    settings = {"main": "logit", "base_rate": 0.2, "n": 10, "n_events": 2}
    first, second = (save_bytes(draw_precision_recall(curves, **settings), "png") for _ in range(2))
    assert first == second
    absent = NotAvailable("too few events")
    assert draw_precision_recall(absent, **settings) is absent
    assert draw_calibration(absent, model="", event="", n=0) is absent
    assert draw_contact_profit(absent, contacted=0, currency="") is absent

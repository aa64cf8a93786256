"""Figures of segments and factors: nothing overlaps or sticks out, Chinese works."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.errors import NotAvailable
from crmstudy.report.profiles import (
    draw_effects,
    draw_loadings,
    draw_profile,
    draw_scree,
    draw_snake,
)
from crmstudy.report.theme import save_bytes

NAMES = ["frequent, high revenue, recent", "流失的顾客，低收入", "average"]
FEATURES = ["days_since_last_purchase", "mean_days_between_purchases", "会员等级", "revenue"]


def profile(n_segments: int, n_features: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = [
        (f"{s + 1} {NAMES[s % 3]}", f"{FEATURES[f % 4]}_{f}" if f > 3 else FEATURES[f], 1_000)
        for f in range(n_features)
        for s in range(n_segments)
    ]
    frame = pd.DataFrame(rows, columns=["segment", "feature", "n"])
    frame["mean"] = frame["z"] = rng.normal(size=len(frame))
    return frame.assign(lower=frame["z"] - 0.1, upper=frame["z"] + 0.1)


def sizes(n_segments: int) -> pd.DataFrame:
    index = [f"{s + 1} {NAMES[s % 3]}" for s in range(n_segments)]
    share = np.full(n_segments, 1 / n_segments)
    columns = {"n_customers": 1234, "share_customers": share, "share_value": share**3}
    return pd.DataFrame(columns, index=index)


def effects(n: int) -> pd.DataFrame:
    rows = [
        {
            "variable": f"{FEATURES[i % 4]}_{i}",
            "source": "customers" if i % 2 else "later period",
            "n": 1_000_000,
            "effect": 0.9 / (i + 1),
            "lower": 0.8 / (i + 1),
            "upper": 0.99 / (i + 1),
            "p_holm": 0.001 * i * i,
            "reason": "" if i != 3 else "equal for all customers",
        }
        for i in range(n)
    ]
    return pd.DataFrame(rows)


def loadings(n: int, m: int) -> pd.DataFrame:
    values = np.random.default_rng(2).uniform(-1.1, 1.1, size=(n, m))
    names = [f"{FEATURES[i % 4]}_{i}" for i in range(n)]
    return pd.DataFrame(values, index=names, columns=[f"factor {j + 1}" for j in range(m)])


def eigenvalues(n: int) -> pd.DataFrame:
    falling = np.linspace(4, -0.1, n)
    columns = {"component": falling, "random_component": 1.1, "factor": falling}
    index = pd.RangeIndex(1, n + 1, name="position")
    return pd.DataFrame({**columns, "random_factor": 0.1}, index=index)


DRAWN = {
    "heat map of 2": lambda: draw_profile(profile(2, 3), sizes=sizes(2), value="revenue"),
    "heat map of 4": lambda: draw_profile(profile(4, 12)),
    "heat map of 12": lambda: draw_profile(profile(12, 20), sizes=sizes(12), value="revenue"),
    "snake of 2": lambda: draw_snake(profile(2, 3)),
    "snake of 8": lambda: draw_snake(profile(8, 14)),
    "snake of 12": lambda: draw_snake(profile(12, 20)),
    "one effect": lambda: draw_effects(effects(1)),
    "many effects": lambda: draw_effects(effects(40)),
    "loadings of 1": lambda: draw_loadings(loadings(3, 1)),
    "loadings of 7": lambda: draw_loadings(loadings(24, 7)),
    "scree of 3": lambda: draw_scree(eigenvalues(3)),
    "scree of 30": lambda: draw_scree(eigenvalues(30)),
}


def labels_out_of_view(axes):
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in axis.get_major_ticks():
            if not axes.axison or not low <= tick.get_loc() <= high:
                yield from (tick.label1, tick.label2)


def boxes(figure):
    """Give text and rectangle of every text that is drawn level."""
    renderer = figure.canvas.get_renderer()
    hidden = {label for axes in figure.axes for label in labels_out_of_view(axes)}
    found = [text for text in figure.findobj(Text) if text.get_text().strip()]
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in found
        if text.get_visible() and text.get_rotation() == 0 and text not in hidden
    ]


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_covers_another_or_leaves_the_page(name):
    figure = DRAWN[name]()
    width, height = figure.get_size_inches()
    assert width <= 7.01
    page = figure.get_tightbbox(figure.canvas.get_renderer())
    assert page.x0 >= -0.001
    assert page.y0 >= -0.001
    assert page.x1 <= width + 0.001
    assert page.y1 <= height + 0.001
    for (one, first), (other, second) in itertools.combinations(boxes(figure), 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        along = min(first.y1, second.y1) - max(first.y0, second.y0)
        # Line boxes hold room above and below the letters; a pixel or two may meet.
        assert across <= 1 or along <= 3, f"{one!r} covers {other!r}"


@pytest.mark.parametrize("name", ["heat map of 2", "snake of 8", "many effects", "scree of 3"])
def test_the_same_bytes_twice(name):
    assert save_bytes(DRAWN[name](), "png") == save_bytes(DRAWN[name](), "png")


def test_of_many_features_those_that_differ_are_drawn():
    shown = profile(3, 20)
    shown.loc[shown["feature"] == "revenue", ["z", "lower", "upper"]] = 0.0
    said = {text for text, _ in boxes(draw_snake(shown))}
    assert "revenue" not in said
    assert len([text for text in said if text.startswith("days since")]) >= 1


def test_what_is_significant_is_filled():
    figure = draw_effects(effects(10))
    filled, hollow = figure.axes[0].get_lines()[:2]
    assert len(filled.get_xdata()) == 7  # 0, 1, 2, 4, 5, 6, 7
    assert len(hollow.get_xdata()) == 2
    assert hollow.get_markerfacecolor() == "white"


def test_small_shares_are_not_nothing():
    said = {text for text, _ in boxes(DRAWN["heat map of 12"]())}
    assert any("<1% of revenue" in text for text in said)


@pytest.mark.parametrize(
    "draw", [draw_profile, draw_snake, draw_effects, draw_loadings, draw_scree]
)
def test_absence_passes(draw):
    absent = NotAvailable("no segments")
    assert draw(absent) is absent


def test_nothing_tested_is_no_figure():
    assert draw_effects(effects(1).head(0)).reason.startswith("no variable that was held back")


def test_the_axis_of_effects_shows_the_words_for_strength_and_what_there_is():
    weak = effects(3).assign(effect=0.1, lower=0.0, upper=0.2)
    assert draw_effects(weak).axes[0].get_xlim() == (0, 0.62)
    strong = weak.assign(upper=0.99)
    assert draw_effects(strong).axes[0].get_xlim() == (0, 1)

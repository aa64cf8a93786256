"""The pictures of an adjusted comparison hold what their frames hold."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable
from crmstudy.report.balances import draw_confounders, draw_love, draw_overlap
from crmstudy.report.theme import save_bytes


def balance(n=4, label="covariate"):
    names = [f"{label} {k}" for k in range(n)]
    rows = [
        (name, method, scale * (k - 1.5) / n)
        for method, scale in (("unadjusted", 1.0), ("matching", 0.2))
        for k, name in enumerate(names)
    ]
    return pd.DataFrame(rows, columns=["covariate", "method", "standardised_difference"])


def test_love_plot_has_a_row_a_term_and_leaves_out_absent_methods():
    figure = draw_love(
        balance(), methods=("unadjusted", "entropy balancing", "matching"), limit=0.1, n=120
    )
    (axes,) = figure.axes
    assert len(axes.get_yticks()) == 4
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["within ±0.1", "before", "matching"]
    assert "n = 120" in axes.get_xlabel()
    assert "terms" not in axes.get_xlabel()
    # Least balanced on top.
    assert axes.get_yticklabels()[0].get_text() == "covariate 0"


def test_love_plot_of_many_terms_says_how_many_it_shows():
    figure = draw_love(
        balance(60, "一个很长的中文变量名称，用来检查换行"),
        methods=("unadjusted", "matching"),
        limit=0.1,
        n=9,
    )
    (axes,) = figure.axes
    assert "26 of 60 terms" in axes.get_xlabel()
    assert save_bytes(figure, "png") == save_bytes(figure, "png")


def test_overlap_counts_every_customer():
    random = np.random.default_rng(1)
    customers = pd.DataFrame(
        {"treated": random.uniform(size=200) < 0.4, "propensity": random.uniform(size=200)}
    )
    figure = draw_overlap(customers, support=(0.05, 0.9))
    (axes,) = figure.axes
    heights = [bar.get_height() for bars in axes.containers for bar in bars]
    assert sum(h for h in heights if h > 0) == customers["treated"].sum()
    assert -sum(h for h in heights if h < 0) == (~customers["treated"]).sum()


def test_confounders_mark_benchmarks():
    grid = pd.DataFrame(
        [
            (x, y, 2 - 40 * x - 20 * y)
            for x in np.linspace(0, 0.2, 9)
            for y in np.linspace(0, 0.2, 9)
        ],
        columns=["r2_treatment", "r2_outcome", "effect"],
    )
    benchmarks = pd.DataFrame(
        {"covariate": ["收入", "age"], "r2_treatment": [0.02, 0.01], "r2_outcome": [0.01, 0.05]}
    )
    figure = draw_confounders(grid, benchmarks, effect=-2.0, n=99, unit="USD")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["nothing left", "no confounder", "as strong as 收入", "as strong as age"]
    label = figure.axes[0].get_xlabel()
    assert "effect left (USD), without a confounder −2.00; n = 99" in label
    positive = draw_confounders(
        grid.assign(effect=3.0 + grid["effect"] / 9), benchmarks, effect=3, n=9
    )
    assert "nothing left" not in [text.get_text() for text in positive.legends[0].get_texts()]


def test_absence_passes():
    absent = NotAvailable("no campaigns")
    assert draw_love(absent, methods=("unadjusted",), limit=0.1, n=3) is absent
    assert draw_overlap(absent, support=(0, 1)) is absent
    assert draw_confounders(absent, absent, effect=1, n=3) is absent

"""Figures: the same bytes on every run, every glyph drawn, nothing cut off or hidden."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from crmstudy.errors import CrmStudyError, NotAvailable
from crmstudy.report import theme
from crmstudy.report.figures import (
    draw_bars,
    draw_heatmap,
    draw_histograms,
    draw_intervals,
    draw_lines,
    draw_scatter,
)
from crmstudy.report.theme import chinese_font, save_bytes

LONG = "a rather long label of a segment of customers, number"
INTERVALS = {"label": "path", "estimate": "b", "lower": "l", "upper": "u"}


def intervals() -> object:
    frame = pd.DataFrame(
        {"path": ["质量 → 满意", f"{LONG} 2"], "b": [0.5, -0.1], "l": [0.4, -0.2], "u": [0.6, 0.1]}
    )
    return draw_intervals(frame, **INTERVALS, x_label="standardised path")


def lines() -> object:
    frame = pd.DataFrame(
        {"observed": [1.0, 2.0, 4.0], "模型": [1.5, 2.5, 3.0]},
        index=pd.date_range("2026-01-01", periods=3, freq="MS"),
    )
    mark = frame.index[1]
    return draw_lines(
        frame, x_label="month", y_label="buyers", dashed=["模型"], mark=mark, mark_label="cut"
    )


def histograms() -> object:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.gamma(1, 1000, 300), "n": rng.poisson(3, 300)})
    return draw_histograms(frame, labels={"x": "收入 (元)", "n": "purchases"}, y_label="customers")


def heatmap(rows: int = 8, columns: int = 6, **how: object) -> object:
    values = np.random.default_rng(1).normal(size=(rows, columns))
    names = [f"{LONG[:21]} {j}" for j in range(columns)]
    frame = pd.DataFrame(values, index=[f"部门 {i}" for i in range(rows)], columns=names)
    return draw_heatmap(frame, colour_label="z", x_label="indicator", **how)


def scatter(n: int = 60) -> object:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"x": rng.gamma(1, 9, n), "y": rng.gamma(1, 9, n)})
    frame["g"] = np.resize(["流失", "loyal"], n)
    return draw_scatter(
        frame, x="x", y="y", group="g", x_label="recency", y_label="purchases", log=True
    )


def bars() -> object:
    values = pd.Series(np.linspace(900, -100, 12), index=[f"{LONG} {i}" for i in range(12)])
    return draw_bars(values, x_label="变化 (元)", highlight=[f"{LONG} 3"])


def short() -> object:
    """Few bars beside a long label, a mark at the right end: what once was cut off."""
    return draw_bars(pd.Series({"a": 1.0}), x_label="customers", y_label="standardised difference")


def windows() -> object:
    frame = pd.DataFrame({"addressed": [5.0, 4.0, 6.0]}, index=[-2, -1, 0])
    return draw_lines(frame, x_label="window", y_label="revenue", mark=0, mark_label="campaign")


DRAWN = {
    "short": short,
    "windows": windows,
    "bars": bars,
    "lines": lines,
    "histograms": histograms,
    "heatmap": heatmap,
    "intervals": intervals,
    "scatter": scatter,
}


def digests() -> str:
    """Hash both kinds of every figure; a fresh process calls this too."""
    return " ".join(
        hashlib.sha256(save_bytes(draw(), kind)).hexdigest()
        for draw in DRAWN.values()
        for kind in ("png", "svg")
    )


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_a_picture_of_few_colours_looks_like_the_whole_one(monkeypatch):
    frame = pd.DataFrame(np.linspace(-2, 2, 400).reshape(20, 20))
    figure = draw_heatmap(frame, colour_label="deviation", diverging=True)
    reduced = save_bytes(figure, "png")
    monkeypatch.setattr(theme, "_reduce_colours", lambda picture: picture.getvalue())
    whole = save_bytes(figure, "png")
    few, all_ = (Image.open(io.BytesIO(raw)) for raw in (reduced, whole))
    assert few.mode == "P"
    assert (few.size, few.info["dpi"]) == (all_.size, pytest.approx(all_.info["dpi"], abs=0.1))
    assert few.info["Software"] == "crmstudy"
    apart = np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(all_.convert("RGB"), int))
    assert apart.mean() < 1  # of 255
    assert len(reduced) < 0.6 * len(whole)


@pytest.mark.parametrize("kind", ["png", "svg"])
@pytest.mark.parametrize("name", DRAWN)
def test_two_calls_give_the_same_bytes(name, kind):
    assert save_bytes(DRAWN[name](), kind) == save_bytes(DRAWN[name](), kind)


def test_a_fresh_process_gives_the_same_bytes():
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('drawn', {__file__!r})\n"
        "module = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "print(module.digests())\n"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert fresh.stdout.split() == digests().split()


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_sticks_out_of_the_page(name):
    figure = DRAWN[name]()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert box.x0 >= 0
    assert box.y0 >= 0
    assert box.x1 <= width
    assert box.y1 <= height


def test_chinese_is_drawn_with_a_font_that_has_it():
    assert chinese_font()
    font = font_manager.get_font(font_manager.findfont(chinese_font(), fallback_to_default=False))
    assert all(font.get_char_index(ord(sign)) for sign in "客户关系管理满意度忠诚，。（）")
    latin = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    assert not latin.get_char_index(ord("客"))


def test_two_chinese_words_give_two_pictures():
    def png(word: str) -> bytes:
        return save_bytes(draw_bars(pd.Series({word: 1.0}), x_label="x"), "png")

    assert png("客户") != png("满意")


@pytest.mark.parametrize("word", ["客户", "，", "（"])
def test_without_a_chinese_font_the_remedy_is_named(monkeypatch, word):
    monkeypatch.setattr(theme, "chinese_font", lambda: "")
    with pytest.raises(CrmStudyError, match="pip install pylopdf-fonts-zh-cn, or the Debian pack"):
        draw_bars(pd.Series({f"x{word}": 1.0}), x_label="x")
    assert save_bytes(draw_bars(pd.Series({"Größe": 1.0}), x_label="→ x²"), "png")


def test_a_glyph_that_no_font_has_is_named():
    with pytest.raises(CrmStudyError, match="no installed font has the glyph"):
        draw_bars(pd.Series({"\U0001f9ff": 1.0}), x_label="x")


@pytest.mark.parametrize("draw", [draw_bars, draw_lines, draw_histograms, draw_heatmap])
def test_absence_passes(draw):
    absent = NotAvailable("no survey")
    assert draw(absent, x_label="x", y_label="y", labels={}, colour_label="z") is absent


def test_absence_passes_intervals_and_scatter():
    absent = NotAvailable("no survey")
    assert draw_intervals(absent, **INTERVALS, x_label="x") is absent
    assert draw_scatter(absent, x="x", y="y", group="g", x_label="x", y_label="y") is absent


def test_bars_write_their_values_with_a_minus_sign_and_a_dash():
    values = pd.Series({"up": 1234.5, "down": -2.0, "none": np.nan})
    assert {"1,234.50", "−2.00", "–"} <= set(texts(draw_bars(values, x_label="x")))
    shares = texts(draw_bars(pd.Series({"a": 0.256}), x_label="x", percent=True))
    assert "25.6%" in shares


def test_bars_stand_in_their_order_from_the_top():
    axes = draw_bars(pd.Series({"first": 1.0, "second": 2.0}), x_label="x").axes[0]
    low, high = axes.get_ylim()
    assert low > high
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]


def test_lines_below_zero_are_not_cut_off():
    below = draw_lines(pd.DataFrame({"a": [-5.0, 5.0]}), x_label="x", y_label="y")
    assert below.axes[0].get_ylim()[0] <= -5
    above = draw_lines(pd.DataFrame({"a": [3.0, 5.0]}), x_label="x", y_label="y")
    assert above.axes[0].get_ylim()[0] == 0


def test_one_line_needs_no_legend_and_several_do():
    one = draw_lines(pd.DataFrame({"a": [1.0, 2.0]}), x_label="x", y_label="y")
    assert one.axes[0].get_legend() is None
    assert {"observed", "模型", "cut"} <= set(texts(lines()))


def test_whole_numbers_are_ticked_at_whole_numbers():
    labels = [label.get_text() for label in windows().axes[0].get_xticklabels()]
    assert all("." not in label for label in labels)


def test_a_single_point_is_seen():
    figure = draw_lines(pd.DataFrame({"a": [1.0]}), x_label="x", y_label="y")
    assert figure.axes[0].lines[0].get_marker() == "o"


def test_histograms_name_their_median_and_give_each_count_a_bar():
    figure = histograms()
    assert any(text.startswith("median ") for text in texts(figure))
    widths = {round(bar.get_width(), 6) for bar in figure.axes[1].patches}
    assert widths == {1.0}


@pytest.mark.parametrize("values", [[2.0], [5.0, 5.0], [0.5, 0.5, np.nan]])
def test_histograms_of_values_that_do_not_vary(values):
    frame = pd.DataFrame({"a": values})
    assert save_bytes(draw_histograms(frame, labels={"a": "a"}, y_label="n"), "png")


@pytest.mark.parametrize(("rows", "columns"), [(2, 3), (8, 6), (1, 1)])
@pytest.mark.parametrize("diverging", [True, False])
def test_heatmaps_of_any_size(rows, columns, diverging):
    figure = heatmap(rows, columns, diverging=diverging)
    assert save_bytes(figure, "png")
    assert not any("-" in text.get_text() for text in figure.axes[0].texts)
    if diverging:
        low, high = figure.axes[0].collections[0].get_clim()
        assert low == -high


def test_scatter_of_many_points_is_a_picture_inside_the_svg():
    assert len(save_bytes(scatter(8_000), "svg")) < 400_000


def test_scatter_without_a_point_to_draw():
    frame = pd.DataFrame({"x": [0.0], "y": [1.0], "g": ["a"]})
    figure = draw_scatter(frame, x="x", y="y", group="g", x_label="x", y_label="y", log=True)
    assert save_bytes(figure, "png")


def test_the_theme_stays_inside(monkeypatch):
    from matplotlib import rcParams

    before = dict(rcParams)
    save_bytes(bars(), "svg")
    assert dict(rcParams) == before

"""Pictures of measurement hold what they are given, at every size."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.measurements import (
    MOST_PAIRS,
    draw_exploration,
    draw_item_loadings,
    draw_ratios,
)
from crmstudy.report.theme import save_bytes

LONG = "顾客对产品与服务的总体感知质量（很长的名字）"


def draw_loadings(sizes):
    names = [LONG, "Attractiveness of the offers that rivals make to our customers"]
    names += [f"Construct {k}" for k in range(20)]
    rows = [(names[k], f"item{k}_{i}") for k, size in enumerate(sizes) for i in range(size)]
    frame = pd.DataFrame(rows, columns=["construct", "item"])
    standardised = np.linspace(0.2, 0.95, len(frame))
    return frame.assign(
        standardised=standardised, lower=standardised - 0.1, upper=standardised + 0.1
    )


def draw_pairs(n, *, lowest=0.1):
    htmt = np.linspace(1.05, lowest, n)
    return pd.DataFrame(
        {
            "first": LONG,
            "second": [f"Construct {k} with quite a long name" for k in range(n)],
            "htmt": htmt,
            "htmt lower": htmt - 0.1,
            "htmt upper": np.where(np.arange(n) % 3, htmt + 0.1, np.nan),
            "htmt2": np.where(np.arange(n) % 2, htmt, np.nan),
        }
    )


def texts_of(axes):
    return [label.get_text().replace("\n", " ") for label in axes.get_yticklabels()]


def overlap(figure, labels):
    renderer = figure.canvas.get_renderer()
    boxes = [label.get_window_extent(renderer) for label in labels if label.get_text()]
    return any(one.overlaps(two) for k, one in enumerate(boxes) for two in boxes[k + 1 :])


@pytest.mark.parametrize("sizes", [(1,), (2, 2), (7, 2, 3, 2), (4,) * 12])
def test_loadings_are_drawn_at_every_size(sizes):
    frame = draw_loadings(sizes)
    figure = draw_item_loadings(frame, level=0.9, n=1234)
    axes = figure.axes[0]
    assert texts_of(axes) == list(frame["item"])
    assert "90% interval; n = 1,234" in axes.get_xlabel()
    titles = list(axes.texts)
    assert len(titles) == len(sizes)
    assert not overlap(figure, titles)
    assert not overlap(figure, axes.get_yticklabels())
    again = draw_item_loadings(frame, level=0.9, n=1234)
    assert save_bytes(again, "png") == save_bytes(figure, "png")


@pytest.mark.parametrize("n", [1, 3, 21, 66])
def test_ratios_are_drawn_at_every_size(n):
    figure = draw_ratios(draw_pairs(n), level=0.95, n=250)
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == min(n, MOST_PAIRS)
    assert (f"{MOST_PAIRS} most alike of {n} pairs" in axes.get_xlabel()) == (n > MOST_PAIRS)
    assert not overlap(figure, axes.get_yticklabels())
    left, right = axes.get_xlim()
    assert left < 0.85
    assert right > 1.04


def test_opposite_constructs_have_limits_on_their_side():
    plain, both = (draw_ratios(draw_pairs(5, lowest=v), level=0.95, n=60) for v in (0.1, -0.95))
    assert len(both.axes[0].lines) == len(plain.axes[0].lines) + 3


@pytest.mark.parametrize("n_constructs", [1, 2, 7, 9])
def test_exploration_frames_every_construct(n_constructs):
    names = [LONG, "Attractiveness", *(f"Construct {k}" for k in range(7))][:n_constructs]
    rows = [(name, f"{name[:3]}{i}") for name in names for i in range(3)]
    index = pd.MultiIndex.from_tuples(rows, names=["construct", "item"])
    values = np.random.default_rng(1).uniform(-1, 1, (len(rows), n_constructs))
    figure = draw_exploration(pd.DataFrame(values, index=index, columns=names))
    axes = figure.axes[0]
    assert len(axes.lines) == n_constructs
    assert not overlap(figure, axes.get_xticklabels())
    assert len(axes.texts) == values.size


def test_absence_is_handed_on():
    gone = NotAvailable("no survey")
    assert draw_item_loadings(gone, level=0.95, n=1) is gone
    assert draw_ratios(gone, level=0.95, n=gone) is gone
    assert draw_exploration(gone) is gone

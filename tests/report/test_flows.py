"""Pictures of RFM cells, moves and robustness: nothing cut off, nothing hidden, the same bytes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from crmstudy.errors import NotAvailable
from crmstudy.report.flows import (
    draw_migration,
    draw_rfm_cells,
    draw_robustness,
    draw_transitions,
    spread,
)
from crmstudy.report.theme import save_bytes
from crmstudy.segmentation.clusters.robustness import Robustness, compare_choices
from crmstudy.segmentation.rfm.migration import Migration, migrate_segments
from crmstudy.segmentation.rfm.rfm import score_rfm

LONG = "高价值 frequent, high revenue, recent customers of the first kind"


def features(n: int, seed: int = 0) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "days_since_last_purchase": draw.integers(0, 300, n),
            "n_purchases": draw.geometric(0.1, n),
            "revenue": draw.lognormal(4.0, 1.5, n),
        }
    )


def migration(k: int, n: int = 300, same: int = 60) -> Migration:
    draw = np.random.default_rng(k)
    names = [f"{i} {LONG}" for i in range(1, k + 1)]
    shares = draw.dirichlet(np.ones(k) / 2)  # some segments hold next to nobody
    before = pd.Series(draw.choice(names, n, p=shares), index=[f"c{i}" for i in range(n)])
    after = pd.Series(draw.choice(names, n), index=[f"c{i + same}" for i in range(n)])
    value = pd.Series(draw.gamma(2, 50, n + same), index=[f"c{i}" for i in range(n + same)])
    return migrate_segments(before, after, value_before=value, value_after=value, order=names)


@cache
def robustness() -> Robustness:
    return compare_choices(features(120), seed=1, n_segments=3, alternatives={}, n_starts=1)


DRAWN = {
    "cells": lambda: draw_rfm_cells(score_rfm(features(500)).cells, currency="元"),
    "ten": lambda: draw_rfm_cells(score_rfm(features(900), n_bins=10).cells),
    "two": lambda: draw_rfm_cells(score_rfm(features(60), n_bins=2).cells),
    "moves": lambda: draw_migration(migration(9)),
    "many": lambda: draw_migration(migration(12)),
    "pair": lambda: draw_migration(migration(2)),
    "matrix": lambda: draw_transitions(migration(12)),
    "small matrix": lambda: draw_transitions(migration(2)),
    "robustness": lambda: draw_robustness(robustness()),
}


@pytest.mark.parametrize("name", DRAWN)
def test_no_text_is_cut_off_and_bytes_stay_the_same(name):
    assert save_bytes(DRAWN[name](), "png") == save_bytes(DRAWN[name](), "png")
    figure = DRAWN[name]()
    box = figure.get_tightbbox(figure.canvas.get_renderer())
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= 0
    assert box.x1 <= width
    assert box.y1 <= height


@pytest.mark.parametrize("k", [2, 9, 12])
def test_names_of_states_do_not_touch(k):
    figure = draw_migration(migration(k))
    boxes = [text.get_window_extent() for text in figure.findobj(Text) if text.get_text().strip()]
    for i, box in enumerate(boxes):
        for other in boxes[i + 1 :]:
            apart = box.x1 < other.x0 or other.x1 < box.x0
            above = box.y0 > other.y1 - 1 or other.y0 > box.y1 - 1
            assert apart or above


def test_every_customer_is_in_the_picture():
    moved = migration(3)
    words = [text.get_text() for text in draw_migration(moved).findobj(Text)]
    assert f"before\n{moved.n_before} customers" in words
    assert any(word.startswith("no purchase 60") for word in words)
    assert any(word.startswith("new 60") for word in words)
    cells = score_rfm(features(500)).cells
    said = " ".join(text.get_text() for text in draw_rfm_cells(cells).findobj(Text))
    assert "(n = 500)" in said
    assert said.count("n=") == len(cells)


def test_negative_means_are_written_with_a_minus_sign():
    cells = pd.DataFrame(
        {"recency score": [1, 2], "frequency score": [1, 2], "customers": [3, 4]}
    ).assign(**{"mean revenue": [-12.5, 1000.0]})
    said = [text.get_text() for text in draw_rfm_cells(cells).findobj(Text)]
    assert "−12.5\nn=3" in said
    assert "1,000\nn=4" in said


def test_places_are_moved_apart_as_little_as_needed():
    assert spread(np.array([0.1, 0.5]), 0.2, top=0, bottom=1).tolist() == [0.1, 0.5]
    close = spread(np.array([0.5, 0.5, 0.5]), 0.2, top=0, bottom=1)
    assert close == pytest.approx([0.3, 0.5, 0.7])
    low = spread(np.array([0.95, 1.0]), 0.2, top=0, bottom=1)
    assert low == pytest.approx([0.8, 1.0])


def test_nothing_tried_is_an_empty_picture():
    alone = replace(robustness(), comparison=robustness().comparison.iloc[:1])
    assert save_bytes(draw_robustness(alone), "png")


def test_absence_is_handed_on():
    gone = NotAvailable("no transactions")
    for draw in (draw_rfm_cells, draw_migration, draw_transitions, draw_robustness):
        assert draw(gone) == gone

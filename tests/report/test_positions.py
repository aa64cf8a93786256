import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.labels_on_maps import break_text, place_labels
from crmstudy.report.layout import measure_text
from crmstudy.report.position_gaps import draw_gaps
from crmstudy.report.positions import draw_positions, draw_strategies
from crmstudy.report.theme import save_bytes
from crmstudy.segmentation.positioning.evidence import Evidence
from crmstudy.segmentation.positioning.perceptual import map_positions
from crmstudy.segmentation.positioning.portfolio import rate_segments
from crmstudy.segmentation.positioning.positioning import measure_gaps
from crmstudy.segmentation.positioning.strategy import name_strategies

LONG = "a segment with a name so long that no line of any figure can hold it in one"


def make_firm(n_segments: int, n: int = 480) -> tuple[Evidence, pd.Series]:
    draw = np.random.default_rng(n_segments)
    index = pd.Index([f"c{i}" for i in range(n)], name="customer_id")
    rank = np.arange(n) % n_segments
    features = pd.DataFrame(
        {
            "revenue": draw.gamma(3.0, 10.0, n) * (1 + rank),
            "n_purchases": 1 + draw.poisson(2 + rank),
            "n_departments": draw.integers(1, 6, n),
        },
        index=index,
    )
    weights = np.ones((n, 14))
    weights[np.arange(n), rank] += 4
    names = [LONG, "茶叶与咖啡", *(f"department {i}" for i in range(12))]
    spend = pd.DataFrame(draw.gamma(weights, 5.0), index=index, columns=names)
    window = features.assign(tenure_days=364.0)
    labels = [
        LONG,
        "高价值、最近购买、频繁购买的客户群体与其他说明",
        *(f"{i} rare, lapsed" for i in range(12)),
    ]
    return (
        Evidence(features, earlier=window, later=window.iloc[::2], departments=spend),
        pd.Series(np.array(labels)[rank], index=index),
    )


def read(figure) -> list[str]:
    axes = figure.axes[0]
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("n_segments", [2, 3, 12])
def test_every_segment_is_named_on_map_and_matrix(n_segments):
    evidence, segments = make_firm(n_segments)
    portfolio = rate_segments(evidence, segments, seed=0, n_draws=20)
    figure = draw_strategies(name_strategies(portfolio), portfolio)
    assert len(read(figure)) == n_segments
    assert figure.axes[0].get_xlim() == (-0.02, 1.02)
    found = map_positions(evidence.departments, segments, seed=0, n_draws=20)
    figure = draw_positions(found)
    if n_segments == 2:
        assert len(figure.axes[0].get_yticklabels()) == 2 + 14
    else:
        assert len(read(figure)) == n_segments + 10
    assert save_bytes(figure, "png") == save_bytes(figure, "png")


@pytest.mark.parametrize("n_segments", [3, 12])
def test_map_has_one_scale_for_both_axes(n_segments):
    evidence, segments = make_firm(n_segments)
    axes = draw_positions(map_positions(evidence.departments, segments, seed=0, n_draws=9)).axes[0]
    box = axes.get_window_extent()
    units = [np.ptp(axes.get_xlim()) / box.width, np.ptp(axes.get_ylim()) / box.height]
    assert units[0] == pytest.approx(units[1], rel=1e-6)


@pytest.mark.parametrize("n_segments", [2, 4, 5, 12])
def test_gaps_draw_every_segment_in_every_row(n_segments):
    evidence, segments = make_firm(n_segments)
    gaps = measure_gaps(evidence, segments, seed=0, n_draws=20)
    figure = draw_gaps(gaps, most=4)
    axes = figure.axes[0]
    assert len(axes.get_yticklabels()) == 4
    drawn = sum(
        len(line.get_xdata()) for line in axes.lines if line.get_marker() not in ("None", None)
    )
    assert drawn == 4 * n_segments
    assert len(figure.legends[0].get_texts()) == n_segments
    assert figure.get_size_inches()[1] < 11


def test_gaps_without_any_row_are_drawn_empty():
    evidence, segments = make_firm(3)
    gaps = measure_gaps(evidence, segments, seed=0, n_draws=5)
    figure = draw_gaps(gaps, dimensions=["service"])
    assert figure.axes[0].get_yticklabels() == []


def test_indices_beyond_the_axis_stand_at_its_edge():
    evidence, segments = make_firm(12)
    gaps = measure_gaps(evidence, segments, seed=0, n_draws=5)
    gaps.gaps.loc[0, "index"] = 4_000.0
    axes = draw_gaps(gaps).axes[0]
    assert "≥400" in [label.get_text() for label in axes.get_xticklabels()]


def test_absence_is_handed_on():
    absent = NotAvailable("no purchases")
    assert draw_positions(absent) is absent
    assert draw_gaps(absent) is absent
    assert draw_strategies(absent, absent) is absent


def test_labels_do_not_cover_one_another():
    draw = np.random.default_rng(0)
    points = [tuple(point) for point in draw.uniform(0.5, 5.5, (12, 2))]
    texts = [f"department {i}" for i in range(12)]
    signs = [(x, y, 0.05) for x, y in points]
    labels = place_labels(texts, points, signs, width=6.0, height=6.0, sizes=[7.0] * 12)
    for place, label in enumerate(labels):
        assert label.outside(6.0, 6.0) == 0
        assert sum(label.overlap(other) for other in labels[:place]) == 0


@pytest.mark.parametrize("text", [LONG, "高价值、最近购买、频繁购买的客户群体与其他说明" * 2])
def test_long_names_take_two_lines_at_most(text):
    lines = break_text(text, 1.9, 8.0).split("\n")
    assert len(lines) == 2
    assert all(measure_text(line, 8.0) <= 1.9 for line in lines)
    assert break_text("short", 1.9, 8.0) == "short"

"""Pictures of the literature: nothing covers anything, with few and many terms, in Chinese."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.design.literature.counting import Keywords
from crmstudy.design.literature.networks import relate_keywords
from crmstudy.design.literature.screening import ScreeningFlow
from crmstudy.errors import NotAvailable
from crmstudy.report.literature import (
    draw_keyword_network,
    draw_publication_years,
    draw_screening_flow,
)
from crmstudy.report.theme import save_bytes


def boxes(figure):
    """Give the extents of all texts in pixels."""
    figure.draw_without_rendering()
    texts = [t for t in figure.axes[0].texts if t.get_text()]
    return {t.get_text(): t.get_window_extent() for t in texts if len(t.get_text()) > 2}


def overlap(one, other):
    wide = min(one.x1, other.x1) - max(one.x0, other.x0)
    high = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(wide, 0) * max(high, 0)


@pytest.mark.parametrize("script", ["latin", "chinese"])
@pytest.mark.parametrize("n", [2, 12, 30])
def test_labels_of_the_network_do_not_cover_each_other(n, script):
    rng = np.random.default_rng(n)
    names = [f"term {i} of a study" if script == "latin" else f"客户关系管理{i}" for i in range(n)]
    words = [
        tuple(names[i] for i in rng.choice(n, size=min(n, 3), replace=False)) for _ in range(80)
    ]
    keywords = Keywords((*words, ("other",)), "keywords", (2020,) * 81)
    figure = draw_keyword_network(relate_keywords(keywords))
    found = list(boxes(figure).values())
    width, height = figure.bbox.width, figure.bbox.height
    covered = sum(overlap(a, b) for i, a in enumerate(found) for b in found[:i])
    assert covered <= 0.01 * sum(box.width * box.height for box in found)
    assert all(box.x0 >= -2 and box.x1 <= width + 2 and box.y1 <= height + 2 for box in found)


def test_the_flow_is_drawn_with_every_number_and_stays_in_its_boxes():
    long = "a reason of exclusion that is so long that it needs more than one line of its box"
    flow = ScreeningFlow(
        identified={"Web of Science": 120, "中国知网": 80},
        duplicates=30,
        entered={"screening": 170, "eligibility": 60},
        excluded={"screening": {"other subject": 110}, "eligibility": {long: 30, "没有数据": 10}},
        included=20,
        agreement={},
        decided=pd.DataFrame(),
    )
    figure = draw_screening_flow(flow)
    texts = " ".join(boxes(figure))
    for number in ("200", "120", "80", "30", "170", "110", "60", "40", "10", "20"):
        assert f"n = {number})" in texts
    assert all(box.x1 <= figure.bbox.width for box in boxes(figure).values())
    assert save_bytes(figure, "png") == save_bytes(draw_screening_flow(flow), "png")


@pytest.mark.parametrize("span", [1, 4, 90])
def test_years_are_whole_numbers(span):
    years = pd.DataFrame({"year": range(2020, 2020 + span), "publications": 1})
    years["cumulative publications"] = years["publications"].cumsum()
    figure = draw_publication_years(years, n=span)
    figure.draw_without_rendering()
    labels = [t.get_text() for axes in figure.axes for t in axes.get_xticklabels()]
    assert all(label.isdigit() for label in labels if label)


def test_what_is_absent_is_handed_on():
    absent = NotAvailable("no file")
    assert draw_keyword_network(absent) is draw_screening_flow(absent) is absent
    assert draw_publication_years(absent, n=1) is absent

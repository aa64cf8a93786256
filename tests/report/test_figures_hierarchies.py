"""Diagrams of hierarchies, consistency, intervals and sensitivity: what is written in them."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.evaluation.groups.panel import prioritise_hierarchy
from crmstudy.evaluation.hierarchy.intervals import bound_weights
from crmstudy.evaluation.hierarchy.sensitivity import trace_weights
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, rebuild_hierarchy
from crmstudy.evaluation.hierarchy.uncertainty import draw_weights
from crmstudy.report.hierarchies import draw_expert_consistency, draw_hierarchy
from crmstudy.report.theme import save_bytes
from crmstudy.report.weight_intervals import draw_sensitivity, draw_weight_intervals

WEIGHTS = HierarchyWeights(
    pd.Series({"customer_value": 0.7, "relationship_cost": 0.3}),
    {
        "customer_value": pd.Series({"lifetime_value": 0.6, "profit_share": 0.4}),
        "relationship_cost": pd.Series({"care_cost": 1.0}),
    },
)
TREE = {name: list(local.index) for name, local in WEIGHTS.local.items()}


def texts(figure):
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_hierarchy_shows_local_and_overall_weights():
    said = texts(draw_hierarchy(WEIGHTS, goal="CRM performance"))
    for wanted in ("customer value", "0.700", "lifetime value", "0.600", "0.420", "1.000"):
        assert any(wanted == text.replace("\n", " ") for text in said), wanted


def test_what_is_not_available_is_grey_with_its_reason():
    found = {"lifetime_value": 1.0, "profit_share": 1.0, "care_cost": NotAvailable("no costs")}
    said = texts(draw_hierarchy(WEIGHTS, goal="CRM", rebuilt=rebuild_hierarchy(TREE, found)))
    assert "not available: no costs" in said
    assert "left out" in said
    # What remains has all the weight.
    assert "0.600" in said
    assert "0.420" not in said


def test_a_long_reason_is_told_once_and_whole_at_the_foot():
    reason = "no survey item grades it, and the settings of the study set no limits for it"
    found = {
        "lifetime_value": 1.0,
        "profit_share": NotAvailable(reason),
        "care_cost": NotAvailable(reason),
    }
    figure = draw_hierarchy(WEIGHTS, goal="CRM", rebuilt=rebuild_hierarchy(TREE, found))
    said = texts(figure)
    assert said.count("not available (a)") == 2
    assert [text for text in said if reason in text] == [f"(a) {reason}"]
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert all(box.y0 >= 0 and box.x1 <= figure.get_figwidth() * figure.dpi for box in boxes)


@pytest.mark.parametrize("n", [1, 7])
def test_long_and_chinese_names_stay_on_the_page(n):
    names = [f"转化率（百分比）与其他指标的比较第{k}号" for k in range(n)]
    local = {
        "客户满意度与忠诚度综合指标": pd.Series(1 / n, index=names),
        "A criterion with a name of many words that do not fit": pd.Series({"x": 1.0}),
    }
    weights = HierarchyWeights(pd.Series(0.5, index=list(local)), local)
    figure = draw_hierarchy(weights, goal="客户关系管理绩效评价体系研究")
    width = figure.get_figwidth() * figure.dpi
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0, text.get_text()
        assert box.x1 <= width, text.get_text()


@pytest.fixture
def panel(long):
    def write(experts=("Ann", "Bob", "Cy")):
        rng = np.random.default_rng(1)
        parts = []
        for expert in experts:
            triad = [float(v) for v in rng.integers(1, 4, 3)]
            parts += [
                long(["value", "cost"], [2], "criteria", expert),
                long(["a", "b", "c"], triad, "value", expert),
            ]
        table = pd.concat(parts)
        tree = {"value": ["a", "b", "c"], "cost": ["d"]}
        return prioritise_hierarchy(table, hierarchy=tree)

    return write


@pytest.fixture
def long():
    def write(names, upper, matrix, expert):
        pairs = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
        rows = [(expert, matrix, names[i], names[j]) for i, j in pairs]
        frame = pd.DataFrame(rows, columns=["expert", "matrix", "row", "column"])
        return frame.assign(value=upper)

    return write


def test_consistency_shows_every_ratio_and_the_limit(panel):
    consistency = panel().consistency
    figure = draw_expert_consistency(consistency, limit=0.1)
    axes = figure.axes[0]
    drawn = {line.get_label(): line.get_xdata() for line in axes.lines}
    expected = consistency.loc[consistency["matrix"] == "value", "consistency ratio"]
    np.testing.assert_allclose(drawn["value"], expected)
    # Two names cannot contradict each other, so their matrix has no marker.
    assert "criteria" not in drawn
    assert "consistency ratio (dashed: limit 0.1; 0: no contradiction)" in texts(figure)
    # A sign on the axis is drawn whole.
    assert not next(line for line in axes.lines if line.get_label() == "value").get_clip_on()
    left = draw_expert_consistency(consistency.assign(used=False), limit=0.1)
    assert "Ann (left out)" in texts(left)


def test_intervals_are_those_of_the_result(panel):
    found = bound_weights(draw_weights(panel(), n_draws=200, seed=1))
    figure = draw_weight_intervals(found)
    rows = found.of("indicator")
    dots = figure.axes[1].lines[-1]
    np.testing.assert_allclose(dots.get_xdata(), rows["weight"])
    assert any("95% of 200 draws, 3 experts" in text.replace("\n", " ") for text in texts(figure))
    alone = bound_weights(draw_weights(panel(["Ann"]), n_draws=50, seed=1))
    assert any("1 expert;" in text for text in texts(draw_weight_intervals(alone)))


@pytest.mark.parametrize(("n", "criteria"), [(1, 2), (3, 5), (12, 4)])
def test_sensitivity_draws_every_line_in_every_panel(n, criteria):
    rng = np.random.default_rng(2)
    names = [f"criterion_{k}" for k in range(criteria)]
    scores = pd.DataFrame(
        rng.random((n, criteria)), columns=names, index=[f"u{i}" for i in range(n)]
    )
    found = trace_weights(scores, pd.Series(1 / criteria, index=names))
    figure = draw_sensitivity(found, score="weighted score")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == criteria
    for axes in panels:
        assert len(axes.lines) == n + 1
    assert ("6 others" in texts(figure)) == (n == 12)


def test_same_bytes_twice_and_absence_handed_on():
    one, two = (save_bytes(draw_hierarchy(WEIGHTS, goal="g"), "png") for _ in range(2))
    assert one == two
    missing = NotAvailable("no judgements")
    assert draw_hierarchy(missing, goal="g") is missing
    assert draw_expert_consistency(missing, limit=0.1) is missing
    assert draw_weight_intervals(missing) is missing
    assert draw_sensitivity(missing) is missing

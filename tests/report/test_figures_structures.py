"""Path diagrams and forests: nothing cut off, no text on another, the same bytes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty import Construct, Path, StructuralModel, fit_sem
from crmstudy.report.forests import draw_effect_forest
from crmstudy.report.path_layout import choose_page, find_depths, place_constructs
from crmstudy.report.path_sketch import HALF, Sketch, choose_colour, list_signs, touches
from crmstudy.report.structures import draw_hypotheses, draw_path_diagram
from crmstudy.report.theme import save_bytes
from crmstudy.settings import Hypothesis

CHAIN = ["ab", "ac", "bc", "cd"]
WEB = ["ab", "bc", "bd", "cd", "ae", "be", "ce", "de", "ef", "ag", "eg", "fg"]  # the ECSI
PATHS = {
    1: [],
    2: ["ab"],
    4: CHAIN,
    5: ["ab", "ac", "bc", "ad", "bd", "cd", "de", "be", "ce"],
    7: WEB,
    8: [*WEB, "gh"],
}
LABELS = ["Perceived quality of all services", "客户满意度与忠诚度的总体评价", "Value", "忠诚"]


def build(n, paths):
    names = "abcdefgh"[:n]
    constructs = [
        Construct(name, [f"{name}{i}" for i in range(3)], LABELS[k % 4])
        for k, name in enumerate(names)
    ]
    return StructuralModel(tuple(constructs), tuple(Path(*ends) for ends in paths))


def answer(model, n=400, strength=0.45):
    rng = np.random.default_rng(4)
    latent, columns = {}, {}
    for construct in model.constructs:
        causes = [latent[p.source] for p in model.paths if p.target == construct.name]
        latent[construct.name] = 0.8 * rng.normal(size=n) + strength * sum(causes, np.zeros(n))
        for item in construct.items:
            columns[item] = latent[construct.name] + 0.6 * rng.normal(size=n)
    return pd.DataFrame(columns)


def texts_stand_apart(figure):
    figure.draw_without_rendering()
    page = figure.bbox
    boxes = [(t.get_text(), t.get_window_extent()) for t in figure.axes[0].texts if t.get_text()]
    assert boxes
    for text, box in boxes:
        assert page.x0 - 1 <= box.x0, text
        assert box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0, text
        assert box.y1 <= page.y1 + 1, text
    for (one, a), (other, b) in combinations(boxes, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 1, (one, other)
    return [text for text, _ in boxes]


@pytest.mark.parametrize("n", PATHS)
@pytest.mark.parametrize("items", [False, True])
def test_diagrams_of_every_size_can_be_read(n, items):
    model = build(n, PATHS[n])
    fit = fit_sem(answer(model), model=model)
    assert fit.admissible
    said = texts_stand_apart(draw_path_diagram(fit, items=items))
    assert sum(text.startswith("R² = ") for text in said) == len(model.endogenous)
    estimates = [f"{v:.2f}".replace("-", "−") for v in fit.paths()["standardised"]]
    for estimate in estimates:
        assert any(text.startswith(estimate) for text in said)
    if items:
        loadings = fit.loadings()
        for item, value in zip(loadings["item"], loadings["standardised"], strict=True):
            assert f"{item}  {value:.2f}" in said


def test_what_is_not_told_apart_is_dashed_and_grey():
    model = build(4, ["ab", "bc", "cd", "ad"])
    survey = answer(build(4, ["ab", "bc", "cd"])).assign()
    fit = fit_sem(survey, model=model)
    unsure = fit.paths()["p value"] >= 0.05
    assert 0 < unsure.sum() < 4
    axes = draw_path_diagram(fit).axes[0]
    dashed = [line for line in axes.get_lines() if line.is_dashed()]
    assert len(dashed) == unsure.sum()
    assert {line.get_color() for line in dashed} == {"#8A8A8A"}


def test_stars_and_colours():
    assert list(list_signs([0.0001, 0.005, 0.04, 0.2])) == ["***", "**", "*", ""]
    assert len({choose_colour(v, sure=s) for v, s in ((1, True), (-1, True), (1, False))}) == 3


def register():
    common = {"statement": "more goes with more", "chapter": "satisfaction_loyalty"}
    return [
        Hypothesis(id="H3", expected_sign="+", decided_by="a_c", **common),
        Hypothesis(id="H4", expected_sign="-", decided_by="c_d", **common),
        Hypothesis(id="H9", expected_sign="+", decided_by="moderation_price", **common),
        Hypothesis(id="H10", expected_sign="+", decided_by="elsewhere", **common),
    ]


def test_hypotheses_stand_on_their_arrows():
    moderators = {
        "price": {"label": "Price worthiness", "sign": "+"},
        "rivals": {"label": "对手的吸引力", "sign": "-"},
    }
    figure = draw_hypotheses(
        build(4, CHAIN), register=register(), moderators=moderators, moderated=("c", "d")
    )
    said = texts_stand_apart(figure)
    assert {"H3 (+)", "H4 (−)", "Price worthiness (H9, +)", "对手的吸引力 (−)"} <= set(said)
    assert not any("H10" in text for text in said)


@pytest.mark.parametrize("n", PATHS)
def test_models_without_a_register_are_drawn_too(n):
    said = texts_stand_apart(draw_hypotheses(build(n, PATHS[n])))
    assert not any(text.startswith("H") for text in said)


def test_moderators_of_a_path_that_is_not_there_are_not_drawn():
    figure = draw_hypotheses(
        build(2, ["ab"]), moderators={"p": {"label": "Price", "sign": "+"}}, moderated=("a", "z")
    )
    assert "Price (+)" not in [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("n", [2, 4, 5, 7, 8])
def test_no_arrow_runs_through_a_construct(n):
    ends = [("abcdefgh".index(p[0]), "abcdefgh".index(p[1])) for p in PATHS[n]]
    page = choose_page(n, ends, width=6.7, down=1.14, half=HALF)
    points = page.points[place_constructs(n, ends, page=page)]
    assert len({tuple(point) for point in points}) == n
    sketch = Sketch(None, points)
    for source, target in ends:
        assert points[target][0] >= points[source][0]  # never to the left
        others = np.delete(points, [source, target], axis=0)
        assert not touches(sketch.route(source, target), others)


def test_an_arrow_past_a_construct_is_bent():
    points = np.array([[1.0, 1.0], [3.0, 1.0], [5.0, 1.0]])
    sketch = Sketch(None, points)
    straight, bent = sketch.route(0, 1), sketch.route(0, 2)
    assert np.ptp(straight[:, 1]) < 1e-9
    assert np.abs(bent[:, 1] - 1.0).max() > HALF[1]
    assert not touches(bent, points[[1]])


def test_depths_count_the_longest_chain():
    assert find_depths(4, [(0, 1), (0, 2), (1, 2), (2, 3)]) == [0, 1, 2, 3]
    assert find_depths(3, []) == [0, 0, 0]


def make_effects(n):
    rows = []
    for k in range(n):
        for effect, value in (("direct", 0.3), ("indirect", -0.2), ("total", 0.1)):
            row = {"from": f"Construct {k} {LABELS[k % 4]}", "to": "Loyalty", "effect": effect}
            limits = {
                f"{kind} {end}": value + s
                for kind in ("delta", "BCa")
                for end, s in (("lower", -0.1), ("upper", 0.1))
            }
            rows.append(row | {"estimate": value} | limits)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("n", [1, 3, 30])
def test_forests_of_every_length(n):
    figure = draw_effect_forest(make_effects(n), x_label="standardised effect", n=250)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    labels = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert len(labels) == n
    for one, other in combinations(labels, 2):
        assert min(one.y1, other.y1) - max(one.y0, other.y0) <= 1
    assert "BCa interval" in axes.get_xlabel()
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["direct", "indirect", "total"]


def test_forest_of_some_outcomes_and_of_the_delta_method():
    effects = make_effects(2).drop(columns=["BCa lower", "BCa upper"])
    figure = draw_effect_forest(effects, x_label="x", to=["Loyalty"], n=9)
    assert "delta interval" in figure.axes[0].get_xlabel()
    none = draw_effect_forest(effects, x_label="x", to=["Trust"], n=9)
    assert "no construct acts on Trust" in none.reason


def test_bytes_are_equal_and_absence_is_handed_on():
    model = build(5, PATHS[5])
    fit = fit_sem(answer(model), model=model)
    one, two = (save_bytes(draw_path_diagram(fit, intervals=False), "png") for _ in range(2))
    assert one == two
    gone = NotAvailable("no survey")
    assert draw_path_diagram(gone) is gone
    assert draw_hypotheses(gone) is gone
    assert draw_effect_forest(gone, x_label="x", n=gone) is gone
    heywood = fit_sem(answer(model, n=30, strength=0.0), model=model)
    assert heywood.admissible or isinstance(draw_path_diagram(heywood), NotAvailable)

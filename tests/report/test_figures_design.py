"""Figures of chapter 00 with few and many hypotheses, Chinese names and none at all."""

from itertools import combinations
from types import SimpleNamespace

import pytest

from crmstudy.collection.study import StudyData
from crmstudy.design.framework.diagram import build_framework
from crmstudy.design.framework.register import register_hypotheses
from crmstudy.design.planning.designs import list_designs
from crmstudy.design.planning.needs import Needs
from crmstudy.errors import NotAvailable
from crmstudy.report.framework import draw_framework
from crmstudy.report.planning import draw_needs, draw_power_curves, draw_value_precision
from crmstudy.report.theme import save_bytes
from crmstudy.settings import Study, StudySettings
from crmstudy.value.lifetime.planning import plan_value_precision

PATHS = ("expectation_satisfaction", "quality_satisfaction", "value_satisfaction")
FEW = ("group_difference", "satisfaction_loyalty", "campaign_effect")
MANY = (
    *(*FEW, *PATHS, "concentration", "gap_expectation", "indirect_quality_loyalty"),
    *("moderation_price", "moderation_service", "moderation_offers", "moderation_news"),
    *("satisfaction_curvature", "satisfied_defectors", "satisfaction_repurchase"),
)
#: A path before the causes makes four columns of two rows: labels come close.
DEEP = (*MANY, "expectation_quality")
CHINESE = {
    "expectation": "顾客期望",
    "quality": "感知质量与服务水平",
    "value": "感知价值",
    "satisfaction": "顾客满意度",
    "loyalty": "顾客忠诚度",
}
ENGLISH = {name: f"Perceived {name} of all customers" for name in CHINESE}


def frame(decided, labels, tables=("survey", "transactions", "campaigns", "customers")):
    constructs = {n: {"label": s, "items": [n[:2].upper()]} for n, s in labels.items()}
    moderators = ("price", "service", "offers", "news")
    settings = StudySettings.model_validate(
        {
            "title": "t",
            "seed": 1,
            "tables": {table: {"file": "a.csv"} for table in tables},
            "instrument": {
                "constructs": constructs,
                "focus": {"satisfaction": "satisfaction", "loyalty": "loyalty"},
                "moderators": {n: {"label": n, "items": ["VA"]} for n in moderators},
            },
            "hypotheses": [
                {
                    "id": f"H{k}",
                    "statement": "S",
                    "chapter": "satisfaction_loyalty",
                    "decided_by": name,
                    "expected_sign": "+-"[k % 2],
                }
                for k, name in enumerate(decided, 1)
            ],
        }
    )
    data = StudyData(Study(SimpleNamespace(name="shop"), settings), None)
    return build_framework(register_hypotheses(data), data)


@pytest.mark.parametrize("decided", [FEW, MANY, DEEP], ids=["few", "many", "deep"])
@pytest.mark.parametrize("labels", [CHINESE, ENGLISH], ids=["chinese", "english"])
def test_framework_writes_every_hypothesis_and_no_label_on_another(decided, labels):
    figure = draw_framework(frame(decided, labels))
    assert figure.get_size_inches()[0] == 7.0
    texts = [text for text in figure.axes[0].texts if text.get_text()]
    written = [text.get_text().split(" ")[0] for text in texts]
    assert {f"H{k}" for k in range(1, len(decided) + 1)} <= set(written)
    figure.draw_without_rendering()
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts]
    for (one, a), (other, b) in combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across / a.height, down / a.height) < 0.25, (one, other)


def test_a_label_of_three_lines_has_three_rows():
    many, deep = (draw_framework(frame(each, CHINESE)) for each in (MANY, DEEP))
    assert deep.get_size_inches()[1] >= many.get_size_inches()[1]


def test_hypotheses_without_data_are_dashed():
    lines = draw_framework(frame(FEW, ENGLISH, tables=("survey",))).axes[0].lines
    assert sum(line.get_linestyle() == "--" for line in lines) == 2
    full = draw_framework(frame(FEW, ENGLISH)).axes[0].lines
    assert not any(line.get_linestyle() == "--" for line in full)


def test_bytes_are_the_same_on_every_run():
    one, other = (save_bytes(draw_framework(frame(FEW, CHINESE)), "png") for _ in range(2))
    assert one == other


def test_unknown_hypotheses_leave_nothing_to_draw():
    found = draw_framework(frame(("nothing_known",), ENGLISH))
    assert isinstance(found, NotAvailable)


def test_needs_leave_out_what_is_not_known():
    hypothesis = SimpleNamespace(id="H1")
    entry = SimpleNamespace(hypothesis=hypothesis, about="感知质量 → 顾客满意度")
    known = SimpleNamespace(entry=entry, needed=100, had=50, enough=False)
    absent = SimpleNamespace(entry=entry, needed=NotAvailable("x"), had=5, enough=NotAvailable("x"))
    figure = draw_needs(Needs((known, absent), 0.05, 0.8))
    assert len(figure.axes[0].get_yticklabels()) == 1
    assert isinstance(draw_needs(Needs((absent,), 0.05, 0.8)), NotAvailable)


def test_curves_and_precision_name_the_cases_needed():
    designs = list_designs(difference=0.2, n_groups=4, base=0.1, lift=0.2, correlation=0.5)
    legend = draw_power_curves(designs).legends[0]
    assert "two means (t test): 788" in [text.get_text() for text in legend.get_texts()]
    plan = plan_value_precision(
        precision=0.1, n_replicates=20, seed=1, weeks=(52.0,), sizes=(300, 600)
    )
    needed = int(plan.needed["customers needed"].iloc[0])
    texts = [t.get_text() for t in draw_value_precision(plan).axes[0].get_legend().get_texts()]
    assert texts == [f"52 weeks: {needed:,} customers"]

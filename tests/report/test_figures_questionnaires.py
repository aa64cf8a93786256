"""Pictures of a questionnaire hold every item, its wording and the right shares."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.loyalty.questionnaire.experience import compare_experience
from crmstudy.report.questionnaires import draw_answers, draw_disconfirmation
from crmstudy.report.theme import save_bytes

FOCUS = {"expectation": "hope", "experience": "life", "satisfaction": "", "loyalty": ""}


def make(n=60, *, low=1, high=5, text="Was it as good as the words in this question say?"):
    rng = np.random.default_rng(1)
    items = [f"{letter}{k}" for letter in "HL" for k in range(3)]
    survey = pd.DataFrame({item: rng.integers(low, high + 1, n) for item in items}, dtype=float)
    instrument = {
        item: {
            "construct": {"H": "hope", "L": "life"}[item[0]],
            "label": {"H": "Hope", "L": "质量"}[item[0]],
            "text": text,
            "minimum": low,
            "maximum": high,
            "reverse": item == "L2",
        }
        for item in items
    }
    return survey, instrument


def words(figure):
    from matplotlib.text import Text

    return " ".join(text.get_text() for text in figure.findobj(Text)).replace("\n", " ")


def widths(figure, y):
    """The widths of the bars of one row, counted from the top."""
    bars = [bar for bar in figure.axes[0].patches if bar.get_width() > 0]
    rows = sorted({round(bar.get_y(), 6) for bar in bars})
    return [bar.get_width() for bar in bars if round(bar.get_y(), 6) == rows[y]]


def test_shares_of_an_item_are_its_bars():
    survey, instrument = make()
    survey.iloc[:4, 0] = np.nan
    figure = draw_answers(survey, instrument=instrument)
    expected = survey["H0"].value_counts(normalize=True).sort_index()
    assert widths(figure, 0) == pytest.approx(expected.tolist())
    said = words(figure)
    assert f"{survey['H0'].mean():.1f}, 4" in said
    for part in ("Hope", "质量", "L2 (reversed)", "n = 60", "lowest answer", *instrument):
        assert part in said
    assert save_bytes(figure, "png") == save_bytes(
        draw_answers(survey, instrument=instrument), "png"
    )


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 100, ""),
        (1, 7, "在第一次购买之前，我期望这家商店的商品具有很高的质量，并且能够满足我的需求。" * 2),
        (0, 10, "A very long wording " * 12),
    ],
)
def test_any_scale_and_wording(low, high, text):
    survey, instrument = make(low=low, high=high, text=text)
    figure = draw_answers(survey, instrument=instrument)
    assert sum(widths(figure, 0)) == pytest.approx(1)
    assert len(widths(figure, 0)) <= 11


def test_one_item_nobody_answered():
    survey, instrument = make()
    figure = draw_answers(survey[["H0"]] * np.nan, instrument=instrument)
    assert "–, 60" in words(figure)


def test_bars_of_disconfirmation_are_the_shares():
    survey, instrument = make()
    found = compare_experience(survey, instrument=instrument, focus=FOCUS)
    figure = draw_disconfirmation(found)
    heights: dict[str, float] = {}
    for container in figure.axes[0].containers:
        heights[container.get_label().split("\n")[0]] = sum(b.get_height() for b in container)
    shares = found.shares().set_index("experience was")["respondents"].to_dict()
    assert heights == shares
    assert "质量 minus Hope" in words(figure)
    assert "mean " in words(figure)


def test_half_a_step_is_drawn_where_it_is_counted():
    survey = pd.DataFrame({"H0": [4, 4, 2, 3.0], "H1": [3, 3, 3, 3.0], "L0": [3, 4, 3, 3.0]})
    _, instrument = make()
    held = {item: instrument[item] for item in survey}
    found = compare_experience(survey, instrument=held, focus=FOCUS)
    # differences of -1/2, +1/2, +1/2 and 0 steps
    assert found.shares()["respondents"].tolist() == [1, 1, 2]
    assert found.steps().tolist() == [-1, 1, 1, 0]


def test_absence_is_passed_on():
    gone = NotAvailable("this study has no survey")
    assert draw_answers(gone, instrument={}) is gone
    assert draw_disconfirmation(gone) is gone

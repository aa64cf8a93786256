"""Pictures of moderation hold what the frames say."""

import numpy as np
import pandas as pd
import pytest

from crmstudy.errors import NotAvailable
from crmstudy.report.moderations import draw_bands, draw_simple_slopes


def lines(*labels):
    satisfaction = np.linspace(-2, 2, 5)
    parts = [
        pd.DataFrame(
            {
                "at": at,
                "satisfaction": satisfaction,
                "loyalty": (0.6 + 0.2 * at) * satisfaction,
                "lower": (0.6 + 0.2 * at) * satisfaction - 0.1,
                "upper": (0.6 + 0.2 * at) * satisfaction + 0.1,
                "moderator": label,
                "n": 1234,
            }
        )
        for label in labels
        for at in (-1.0, 0.0, 1.0)
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_every_moderator_has_a_panel_with_two_lines_told_apart_without_colour(count):
    names = [f"moderator {k}" for k in range(count)]
    figure = draw_simple_slopes(lines(*names), satisfaction="满意度", loyalty="忠诚度")
    drawn = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").replace("\n", " ") for axes in drawn] == [
        f"{name} (n = 1,234)" for name in names
    ]
    for axes in drawn:
        styles = {line.get_linestyle() for line in axes.lines if len(line.get_xdata()) == 5}
        assert styles == {"-", "--"}


def test_bands_are_drawn_with_their_counts_and_marks():
    bands = pd.DataFrame(
        {
            "from": [0.0, 50.0],
            "to": [50.0, 100.0],
            "n": [1200, 30],
            "mean": [40.0, 70.0],
            "lower": [35.0, 60.0],
            "upper": [45.0, 80.0],
        }
    )
    marks = {"loyal above": 90.0}
    figure = draw_bands(
        bands, value="mean", satisfaction="满意度", y_label="mean loyalty (points)", marks=marks
    )
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["1,200", "30", "loyal above"]
    assert axes.get_ylim()[1] > 90
    assert "n = 1,230" in axes.get_xlabel()


def test_absent_results_are_handed_on():
    absent = NotAvailable("no ledger")
    assert draw_bands(absent, value="share", satisfaction="s", y_label="y") is absent
    assert draw_simple_slopes(lines("a"), satisfaction=absent, loyalty="l") is absent

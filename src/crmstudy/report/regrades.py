"""The evaluation repeated, in pictures: grades before and after, the score's path, what moved it.

Grades run from the worst, at the left and orange, to the best, at the right and blue, as
in the pictures of chapter 06.
"""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import numpy as np

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.grading import label_of
from crmstudy.evaluation.periods.compare import ScoreChange
from crmstudy.evaluation.periods.evaluated import EvaluatedUnits
from crmstudy.report.figures import _grid, _rows_height
from crmstudy.report.gains import _wrap
from crmstudy.report.grades import _draw_parts, _finish_bars
from crmstudy.report.sentences.words import number, percent_within
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, house_figure

#: Letters on a line across the whole figure.
WIDEST = 104


@passes_absence
def draw_regrades(evaluated: EvaluatedUnits, *, changes: Any = ()) -> Figure:
    """Draw each unit's membership in the grades, its score, and the probability of its grade.

    Parameters
    ----------
    evaluated : EvaluatedUnits
        Periods, segments, or groups before and after.
    changes : ScoreChange, or several in a sequence or mapping
        Each is said above the bars: the probability of a higher score and a better grade.
    """
    table = evaluated.table()
    labels = _wrap(
        f"{n} (n = {c:,})" for n, c in zip(evaluated.names, table["customers"], strict=True)
    )
    shares = evaluated.shares.to_numpy(dtype=float)
    names = list(evaluated.grades.names)
    places = np.array([names.index(grade) for grade in table["grade"]])
    said = [line for one in _list_changes(changes) for line in wrap(_say_change(one), WIDEST)]
    with house_figure(7.0, 1.6 + 0.2 * len(said) + _rows_height(labels, 0.46)) as (figure, axes):
        _draw_parts(axes, shares, names, places)
        _finish_bars(figure, axes, labels, names)
        axes.set_xlabel(
            "membership in the grade\nat the right: score, interval, probability of the grade"
        )
        for row, one in enumerate(table.to_dict("records")):
            axes.text(
                1.02,
                row,
                f"score {number(one['score'])}\n[{number(one['lower'])}, {number(one['upper'])}]\n"
                f"{one['grade']}: {percent_within(one['probability of the grade'], 0)}",
                transform=axes.get_yaxis_transform(),
                va="center",
                fontsize=7.5,
                linespacing=1.15,
            )
        if said:
            figure.suptitle("\n".join(said), x=0.01, ha="left", fontsize=8.5)
    return figure


@passes_absence
def draw_score_path(evaluated: EvaluatedUnits) -> Figure:
    """Draw the score of each unit with its interval, on the scale of the grades.

    Parameters
    ----------
    evaluated : EvaluatedUnits
        Periods are joined by a line, groups of customers are not.
    """
    table, grades = evaluated.table(), evaluated.grades
    labels = _wrap(
        f"{n} (n = {c:,})" for n, c in zip(evaluated.names, table["customers"], strict=True)
    )
    rows = np.arange(len(table))
    with house_figure(7.0, 1.1 + _rows_height(labels, 0.34)) as (figure, axes):
        scores = table["score"].to_numpy(dtype=float)
        axes.hlines(rows, table["lower"], table["upper"], color=COLOURS[0], linewidth=2)
        if evaluated.kind == "period":
            axes.plot(scores, rows, color=QUIET, linewidth=1.2, zorder=1)
        axes.plot(scores, rows, "o", color=COLOURS[0], markersize=6)
        for row, score in zip(rows, scores, strict=True):
            right = score <= (grades.lowest + grades.highest) / 2
            axes.annotate(
                number(score),
                (table["upper" if right else "lower"].iloc[row], row),
                xytext=(7 if right else -7, 0),
                textcoords="offset points",
                ha="left" if right else "right",
                va="center",
                fontsize=8.5,
            )
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.7)
        ticks = [
            f"{value:g}\n{name}" for name, value in zip(grades.names, grades.values, strict=True)
        ]
        axes.set_xticks(list(grades.values), _wrap_ticks(ticks))
        reach = grades.highest - grades.lowest
        axes.set_xlim(grades.lowest - 0.06 * reach, grades.highest + 0.06 * reach)
        axes.set_xlabel(f"score of the goal (line: {evaluated.level:.0%} interval)")
        _grid(axes, "x")
    return figure


@passes_absence
def draw_score_waterfall(change: ScoreChange) -> Figure | NotAvailable:
    """Draw how each indicator moved the score from before to after, its weight in brackets.

    Parameters
    ----------
    change : ScoreChange
        With contributions, which only the weighted mean has.
    """
    parts = change.contributions
    if isinstance(parts, NotAvailable):
        return parts
    start = change.evaluated.score(change.before)
    end = start + change.change
    steps = parts["contribution"].to_numpy(dtype=float)
    edges = start + np.concatenate([[0.0], np.cumsum(steps)])
    named = [
        f"{label_of(str(name))} ({weight:.0%})"
        for name, weight in zip(parts.index, parts["weight"], strict=True)
    ]
    labels = _wrap([f"score, {change.before}", *named, f"score, {change.after}"])
    with house_figure(7.0, 1.0 + _rows_height(labels, 0.34)) as (figure, axes):
        for row, (left, step) in enumerate(zip(edges, steps, strict=False), start=1):
            low, high = left + parts["lower"].iloc[row - 1], left + parts["upper"].iloc[row - 1]
            colour = COLOURS[0] if step >= 0 else COLOURS[5]
            axes.barh(
                row,
                step,
                0.56,
                left=left,
                color=colour,
                hatch="" if step >= 0 else "///",
                edgecolor="white",
                linewidth=0,
            )
            axes.hlines(row, low, high, color=INK, linewidth=1.1)
            axes.vlines(left + step, row, row + 1, color=QUIET, linewidth=0.9)
            axes.annotate(
                _signed(step),
                (max(low, high, left, left + step), row),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
        axes.vlines(start, 0, 1, color=QUIET, linewidth=0.9)
        for row, score in ((0, start), (len(labels) - 1, end)):
            axes.plot(score, row, "D", color=INK, markersize=7)
            axes.annotate(
                number(score),
                (score, row),
                xytext=(8, 0),
                textcoords="offset points",
                va="center",
                fontsize=9,
            )
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.6)
        axes.margins(x=0.14)
        level = f"{change.evaluated.level:.0%}"
        axes.set_xlabel(f"score (bars: contributions to its change, {level} intervals)")
        _grid(axes, "x")
    return figure


def _list_changes(changes: Any) -> list[ScoreChange]:
    if isinstance(changes, Mapping):
        changes = changes.values()
    given = [changes] if isinstance(changes, ScoreChange) else list(changes)
    return [one for one in given if isinstance(one, ScoreChange)]


def _say_change(change: ScoreChange) -> str:
    higher, better = percent_within(change.p_higher, 0), percent_within(change.p_better, 0)
    return (
        f"From {change.before} to {change.after}: score {_signed(change.change)}; "
        f"higher with probability {higher}, better grade {better}"
    )


def _signed(value: float) -> str:
    written = f"{value:+.2f}".replace("-", "−")
    return "0.00" if written[1:] == "0.00" else written


def _wrap_ticks(ticks: list[str]) -> list[str]:
    """Put long names of grades on two lines."""
    return [tick.replace(" ", "\n") if len(tick) > 14 else tick for tick in ticks]

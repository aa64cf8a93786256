"""The evaluation in pictures: memberships, operators, how sure the grades and scores are.

Grades run from the worst, at the left and orange, to the best, at the right and blue; a
number stands in every part that has room for one, so that colour is never the only sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill
from typing import Any

import numpy as np
import numpy.typing as npt

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.grading import GradedAnswers, GradedValue, Grading, label_of
from crmstudy.evaluation.comprehensive.operators import OPERATORS
from crmstudy.evaluation.comprehensive.uncertainty import VerdictUncertainty
from crmstudy.evaluation.comprehensive.verdict import GOAL, FuzzyHierarchyResult
from crmstudy.report.figures import (
    Axes,
    Figure,
    FuncFormatter,
    _grid,
    _percent,
    _rows_height,
    _thousands,
    _wrap,
)
from crmstudy.report.theme import COLOURS, INK, QUIET, bold, house_figure

Floats = npt.NDArray[np.float64]
#: Worst, middle and best grade: orange to blue, told apart by colour-blind readers.
RAMP = ("#D55E00", "#EFEFEF", "#0072B2")
#: Narrower parts of a bar get no number.
NARROWEST = 0.055


def _mix(colours: Sequence[str], places: Floats) -> Floats:
    """Mix colours evenly placed from 0 to 1; shape (..., 3) of numbers from 0 to 1."""
    stops = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(places, at, stops[:, k]) for k in range(3)], axis=-1)


def _ink_on(colour: Floats) -> str:
    """Dark or white letters, whichever stands out."""
    return "white" if float(colour @ (0.299, 0.587, 0.114)) < 0.55 else INK


def _legend_columns(names: Sequence[str]) -> int:
    """How many entries of a legend stand side by side."""
    return int(min(len(names), max(2, 92 // (max(map(_width, names)) + 7))))


def _width(name: str) -> int:
    """Width of a name in letters; a Chinese sign takes two."""
    return sum(2 if ord(sign) > 0x2E80 else 1 for sign in name)


def _draw_parts(axes: Axes, shares: Floats, names: Sequence[str], leading: Floats) -> None:
    """Draw one stacked bar a row, a part a grade, the leading part framed."""
    colours = _mix(RAMP, np.linspace(0, 1, len(names)))
    left = np.zeros(len(shares))
    for grade, (name, colour) in enumerate(zip(names, colours, strict=True)):
        widths = shares[:, grade]
        rows = range(len(shares))
        axes.barh(
            rows, widths, 0.66, left=left, color=colour, edgecolor="white", label=name, linewidth=1
        )
        for row in rows:
            if leading[row] == grade:
                frame = axes.barh(row, widths[row], 0.66, left=left[row], fill=False, zorder=3)
                frame[0].set(edgecolor=INK, linewidth=1.2)
            if widths[row] >= NARROWEST:
                written = ">99%" if 0.995 <= widths[row] < 1 else f"{widths[row]:.0%}"
                axes.text(
                    left[row] + widths[row] / 2,
                    row,
                    written,
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color=_ink_on(colour),
                )
        left = left + widths


def _finish_bars(figure: Figure, axes: Axes, labels: Sequence[str], names: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(FuncFormatter(_percent))
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    handles, said = axes.get_legend_handles_labels()
    columns = _legend_columns(names)
    order = [i for column in range(columns) for i in range(column, len(names), columns)]
    figure.legend(
        [handles[i] for i in order],
        [said[i] for i in order],
        loc="outside lower center",
        ncols=columns,
        fontsize=8,
        title="grade, from the worst to the best (framed: the largest)",
        title_fontsize=8,
    )


def _spell(level: str) -> str:
    return "goal: all criteria" if level == GOAL else level.replace("_", " ")


def _stress(axes: Axes, row: int, label: str) -> None:
    """Set one row's label in bold."""
    for key, value in bold(label).items():
        axes.get_yticklabels()[row].set(**{key: value})


@passes_absence
def draw_memberships(grading: Grading) -> Figure | NotAvailable:
    """Draw the membership of each graded indicator in each grade, and what grades it.

    Parameters
    ----------
    grading : Grading
        Indicators that nothing grades are not drawn.
    """
    frame = grading.memberships
    if frame.empty:
        return NotAvailable("no indicator can be graded")
    labels = [_describe_row(name, grading) for name in frame.index]
    values = frame.to_numpy(dtype=float)
    colours = _mix(("#FFFFFF", COLOURS[0]), values)
    with house_figure(7.0, 0.9 + _rows_height(labels, 0.4)) as (figure, axes):
        axes.imshow(colours, aspect="auto", interpolation="nearest")
        for row, grade in np.ndindex(values.shape):
            axes.text(
                grade,
                row,
                _short(float(values[row, grade])),
                ha="center",
                va="center",
                fontsize=8.5,
                color=_ink_on(colours[row, grade]),
            )
        axes.set_xticks(np.arange(len(frame.columns) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(labels) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=2)
        axes.set_yticks(range(len(labels)), labels, fontsize=8.5)
        _name_grades(axes, list(frame.columns))
        axes.set_xlabel("grade (cell: membership; a row sums to 1)")
        axes.tick_params(which="both", length=0)
        for side in axes.spines.values():
            side.set_visible(False)
    return figure


def _short(value: float) -> str:
    if value == 0:
        return "0"
    if value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1 else f"{value:.2f}"


def _describe_row(name: str, grading: Grading) -> str:
    """Name an indicator, and under it what grades it."""
    one = grading.evidence[name]
    if isinstance(one, GradedAnswers):
        by = f"{one.n:,} answers to {', '.join(one.items)}"
    elif isinstance(one, GradedValue):
        by = f"measured: {float(f'{one.measurement.value:.3g}'):,g} (n = {one.measurement.n:,})"
    else:
        by = ""
    return "\n".join([*_wrap([label_of(name)]), *_wrap([by])])


def _name_grades(axes: Axes, names: Sequence[str]) -> None:
    """Write the grades under the columns, a word a line where they are many."""
    narrow = max(int(56 / len(names)), 5)
    turned = max(len(word) for name in names for word in name.split() or [""]) > narrow + 3
    written = list(names) if turned else [fill(n, narrow, break_long_words=False) for n in names]
    axes.set_xticks(range(len(names)), written, fontsize=8)
    if turned:
        for label in axes.get_xticklabels():
            label.set(rotation=25, ha="right", rotation_mode="anchor")


@passes_absence
def draw_grade_probabilities(uncertainty: VerdictUncertainty) -> Figure:
    """Draw how probable each grade is for the goal and for each criterion.

    Parameters
    ----------
    uncertainty : VerdictUncertainty
        Grades of all draws; the verdict on the data as they are stands beside each bar.
    """
    names = uncertainty.grades.names
    shares = uncertainty.probabilities.to_numpy(dtype=float)
    levels = list(uncertainty.probabilities.index)
    labels = _wrap(_spell(level) for level in levels)
    with house_figure(7.0, 1.55 + _rows_height(labels, 0.42)) as (figure, axes):
        _draw_parts(axes, shares, names, shares.argmax(axis=1))
        _finish_bars(figure, axes, labels, names)
        _stress(axes, 0, labels[0])
        found = [uncertainty.verdict.levels[name] for name in levels]
        _note_right(axes, [f"verdict: {' = '.join(one.tied) or one.grade}" for one in found])
        axes.set_xlabel(f"probability of a grade ({uncertainty.n_draws:,} draws)")
    return figure


@passes_absence
def draw_operators(verdict: FuzzyHierarchyResult) -> Figure:
    """Draw the goal's grade vector under each operator side by side, brought to a sum of 1.

    Parameters
    ----------
    verdict : FuzzyHierarchyResult
        The chosen operator is set in bold; each one's grade and score stand at the right.
    """
    results = verdict.comparison.results
    names = verdict.goal.grades.names
    labels = [f"{name}\n{OPERATORS[name].symbol}" for name in results]
    shares = np.array([one.shares.to_numpy(dtype=float) for one in results.values()])
    given = np.array([names.index(one.grade) for one in results.values()])
    with house_figure(7.0, 1.55 + _rows_height(labels, 0.46)) as (figure, axes):
        _draw_parts(axes, shares, names, given)
        _finish_bars(figure, axes, labels, names)
        chosen = list(results).index(verdict.operator)
        _stress(axes, chosen, labels[chosen])
        _note_right(
            axes,
            [
                f"{' = '.join(one.tied) or one.grade}\nscore {one.score:.2f}"
                for one in results.values()
            ],
        )
        axes.set_xlabel("membership of the goal in a grade, brought to a sum of 1")
    return figure


def _note_right(axes: Axes, notes: Sequence[str]) -> None:
    for row, note in enumerate(notes):
        lines = [fill(line, 18) for line in note.split("\n")]
        axes.annotate(
            "\n".join(lines),
            (1.015, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8,
            annotation_clip=False,
        )


@passes_absence
def draw_grade_scores(uncertainty: VerdictUncertainty) -> Figure:
    """Draw the score of the goal and of each criterion with its interval, on the whole scale.

    Parameters
    ----------
    uncertainty : VerdictUncertainty
        The grades stand above the axis, each at its value.
    """
    scores = uncertainty.scores
    grades = uncertainty.grades
    labels = _wrap(_spell(level) for level in scores.index)
    with house_figure(7.0, 1.35 + _rows_height(labels, 0.42)) as (figure, axes):
        rows = np.arange(len(scores))
        for value in grades.values:
            axes.axvline(value, color="#E6E6E6", linewidth=0.8, zorder=0)
        axes.hlines(rows, scores["lower"], scores["upper"], color=COLOURS[0], linewidth=2.4)
        axes.plot(scores["score"], rows, "o", color=COLOURS[0], markersize=5.5)
        for row, (score, lower, upper) in enumerate(
            scores[["score", "lower", "upper"]].to_numpy(dtype=float)
        ):
            axes.annotate(
                f"{score:.2f} ({lower:.2f}–{upper:.2f})".replace("-", "−"),
                (score, row),
                xytext=(0, 6),
                textcoords="offset points",
                ha=_side(score, grades.lowest, grades.highest),
                fontsize=8.5,
            )
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(rows) - 0.5, -0.6)
        _stress(axes, 0, labels[0])
        span = grades.highest - grades.lowest
        axes.set_xlim(grades.lowest - 0.04 * span, grades.highest + 0.04 * span)
        _grid(axes, "x")
        axes.grid(visible=False)
        _grade_scale(axes, grades.names, grades.values)
        axes.set_xlabel(
            f"score (line: {uncertainty.level:.0%} interval of {uncertainty.n_draws:,} draws)"
        )
        axes.xaxis.set_major_formatter(FuncFormatter(_thousands))
    return figure


def _side(score: float, lowest: float, highest: float) -> Any:
    """Keep a label inside: to the right of a low score, to the left of a high one."""
    place = (score - lowest) / (highest - lowest)
    return "left" if place < 0.15 else "right" if place > 0.85 else "center"


def _grade_scale(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    """Write the grades above the axis, each at its value, in two heights where they are many."""
    many = sum(min(_width(name), 12) + 2 for name in names) > 62
    for place, (name, value) in enumerate(zip(names, values, strict=True)):
        axes.annotate(
            fill(name, 12, break_long_words=False),
            (value, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 4 + (22 if many and place % 2 else 0)),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=8,
            color=INK,
            annotation_clip=False,
        )
        axes.plot([value, value], [1.0, 1.02], transform=axes.get_xaxis_transform(), color=QUIET)

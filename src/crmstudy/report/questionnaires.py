"""Pictures of a questionnaire: the answers to each item, and experience beside expectation."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.loyalty.questionnaire.disconfirmation import Disconfirmation
from crmstudy.loyalty.questionnaire.reading import read_answers
from crmstudy.loyalty.questionnaire.screen import name_construct
from crmstudy.report.figures import _grid, _percent, _thousands
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

#: Width of an item's wording in Latin letters; a Chinese sign is as wide as two.
WORDING = 58
#: Answers a scale may have before they are drawn in ten equal classes.
MOST_POINTS = 11
#: Dark to light for every reader, lowest answer to highest (anchors of the map cividis).
RAMP = np.array([[0, 32, 76], [65, 77, 107], [124, 123, 120], [188, 175, 111], [255, 233, 69]])
_SMALL, _LINE = 7.5, 0.135  # points of the wording, inches of one of its lines


@passes_absence
def draw_answers(survey: pd.DataFrame, *, instrument: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Draw the answers to every item as stacked shares, lowest answer left.

    Items stand with their wording under the label of their construct; on the right stand
    mean and number of missing answers.

    Parameters
    ----------
    survey : DataFrame
        Answers as given, one column an item.
    instrument : mapping
        ``{item: {"label", "text", "minimum", "maximum", "reverse", ...}}``; items that the
        survey does not hold are passed over.
    """
    held = {item: spec for item, spec in instrument.items() if item in survey}
    answers = read_answers(survey, instrument=held)
    lines = {item: _write_item(item, spec) for item, spec in held.items()}
    places, headings, bottom = _stack(held, lines)
    with house_figure(7.0, 0.95 + bottom) as (figure, axes):
        for item, spec in held.items():
            _draw_item(axes, answers[item], spec, places[item])
        right = [_write_numbers(answers[item]) for item in held]
        for item, text in zip(held, right, strict=True):
            axes.annotate(
                text,
                (1.0, places[item]),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=_SMALL,
            )
        for text, place in headings.items():
            written = axes.annotate(
                "\n".join(wrap(text, 80 if text.isascii() else 45)),
                (0.01, place),
                xycoords=("figure fraction", "data"),
                va="center",
                fontsize=8.5,
                **bold(text),
            )
            written.set_in_layout(False)
        axes.set_yticks(list(places.values()), list(lines.values()), fontsize=_SMALL)
        axes.set(xlim=(0, 1), ylim=(bottom, 0.0))
        axes.set_xlabel(f"share of the answers (n = {len(answers):,}; right: mean, missing)")
        axes.xaxis.set_major_formatter(_percent)
        axes.spines["left"].set_visible(False)
        axes.tick_params(length=0)
        _explain_colours(figure, axes)
    return figure


def _write_item(item: str, spec: Mapping[str, Any]) -> str:
    """Write an item's name and wording, broken into lines; a reversed one is marked."""
    turned = " (reversed)" if spec.get("reverse") else ""
    text = f"{item}{turned}  {spec.get('text', '')}".strip()
    width = WORDING if text.isascii() else WORDING - sum(ord(sign) > 0x2E80 for sign in text)
    return "\n".join(wrap(text, max(width, WORDING // 2)))


def _stack(
    held: Mapping[str, Mapping[str, Any]], lines: Mapping[str, str]
) -> tuple[dict[str, float], dict[str, float], float]:
    """Say where items and headings stand, in inches from the top, and where it ends."""
    places: dict[str, float] = {}
    headings: dict[str, float] = {}
    bottom = 0.0
    for label, items in groupby(held, key=lambda item: name_construct(held[item])):
        heading = "Further items" if label == "none" else label
        height = 0.16 + 0.15 * len(wrap(heading, 80 if heading.isascii() else 45))
        headings[heading] = bottom + 0.04 + height / 2
        bottom += height
        for item in items:
            height = 0.1 + _LINE * (lines[item].count("\n") + 1)
            places[item] = bottom + height / 2
            bottom += height
    return places, headings, bottom + 0.04


def _draw_item(axes: Any, answers: pd.Series, spec: Mapping[str, Any], place: float) -> None:
    shares = _share_out(answers.dropna().to_numpy(), spec["minimum"], spec["maximum"])
    colours = _ramp(len(shares))
    left = np.concatenate([[0.0], np.cumsum(shares)[:-1]])
    axes.barh(
        place,
        shares,
        left=left,
        height=0.15,
        color=colours,
        edgecolor="white",
        linewidth=0.5,
    )


def _share_out(answers: np.ndarray[Any, Any], low: float, high: float) -> np.ndarray[Any, Any]:
    """Share answers out among the points of a scale, or ten classes of a finer one."""
    points = round(high - low) + 1
    fine = points > MOST_POINTS or bool((answers % 1 != 0).any())
    edges = np.linspace(low, high, 11) if fine else np.arange(low - 0.5, high + 1.0)
    counts = np.histogram(answers, edges)[0]
    return counts / max(counts.sum(), 1)


def _write_numbers(answers: pd.Series) -> str:
    mean = "–" if answers.isna().all() else f"{answers.mean():.1f}".replace("-", "−")
    return f"{mean}, {answers.isna().sum():,}"


def _ramp(n: int) -> np.ndarray[Any, Any]:
    """Spread the ramp over n colours; shape (n, 3), from 0 to 1."""
    places = np.linspace(0, len(RAMP) - 1, n)
    columns = [np.interp(places, np.arange(len(RAMP)), column) for column in RAMP.T]
    return np.column_stack(columns) / 255


def _explain_colours(figure: Figure, axes: Any) -> None:
    names = ("lowest answer", "", "", "", "highest answer")
    # bars without width, for their colours in the legend
    handles = [
        axes.barh(-1, 0, color=colour, edgecolor="white", label=name or " ")
        for colour, name in zip(_ramp(len(names)), names, strict=True)
    ]
    figure.legend(
        handles=handles,
        loc="outside upper right",
        ncols=5,
        fontsize=8,
        columnspacing=0.4,
        handletextpad=0.4,
    )


@passes_absence
def draw_disconfirmation(found: Disconfirmation) -> Figure:
    """Draw the distribution of experience minus expectation, and who got less or more.

    Bars are one step of the scale wide; those within half a step count as "as expected".
    """
    steps, step = found.steps(), 2 * found.margin
    reach = max(int(np.abs(steps).max()), 1)
    counts = np.bincount(steps + reach, minlength=2 * reach + 1)
    middles = step * np.arange(-reach, reach + 1)
    with house_figure(7.0, 3.5) as (figure, axes):
        looks = (
            (middles < -found.margin, COLOURS[5], "////"),
            (np.abs(middles) < found.margin, QUIET, ""),
            (middles > found.margin, COLOURS[0], ""),
        )
        shares = found.shares().to_dict("records")
        for (chosen, colour, hatch), row in zip(looks, shares, strict=True):
            axes.bar(
                middles[chosen],
                counts[chosen],
                width=0.92 * step,
                color=colour,
                hatch=hatch,
                edgecolor="white",
                linewidth=0.5,
                label=f"{row['experience was']}\n{row['share']:.1%} (n = {row['respondents']:,})",
            )
        _mark_mean(axes, found, float(counts.max()))
        axes.set_xlabel(_name_axis(found))
        axes.set_ylabel(f"respondents (n = {found.n_used:,})")
        axes.set_ylim(0, 1.18 * max(float(counts.max()), 1.0))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(_thousands)
        figure.legend(loc="outside upper left", ncols=3, fontsize=8)
        _grid(axes, "y")
    return figure


def _mark_mean(axes: Any, found: Disconfirmation, top: float) -> None:
    """Write the mean with its interval above the bars."""
    row = found.table().iloc[-1]
    height = 1.08 * top
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.hlines(height, row["lower"], row["upper"], color=INK, linewidth=2.2)
    axes.plot(row["mean"], height, "D", color=INK, markersize=5)
    axes.annotate(
        f"mean {row['mean']:+.1f} ({row['lower']:+.1f} to {row['upper']:+.1f})".replace("-", "−"),
        (max(row["upper"], 0.0), height),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
    )


def _name_axis(found: Disconfirmation) -> str:
    told = f"{found.name('experience')} minus {found.name('expectation')}"
    return "\n".join([*wrap(told, 80), "points of 100"])

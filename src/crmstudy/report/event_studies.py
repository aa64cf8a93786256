"""Campaigns over time, group means, event study, placebos, effects by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.case.campaigns.timeline import Timeline
from crmstudy.case.campaigns.windows import WindowPlan
from crmstudy.case.effects.did import DidResult
from crmstudy.case.effects.event import EventStudy
from crmstudy.case.effects.heterogeneity import SegmentEffects
from crmstudy.case.effects.placebos import ACTUAL, ALPHA, Placebos
from crmstudy.errors import passes_absence
from crmstudy.report.figures import _grid, _rows_height, _thousands, _wrap
from crmstudy.report.tables import spell
from crmstudy.report.theme import COLOURS, INK, QUIET, Figure, bold, house_figure

SHADE = "#F0F0F0"
BAND = "#CFE3F1"
#: More campaigns than this are not drawn by name: the nearest ones are kept.
MOST_CAMPAIGNS = 40
GROUP_SIGNS = {"addressed": ("o", "-", COLOURS[0]), "compared": ("s", "--", COLOURS[5])}


@passes_absence
def draw_campaigns(timeline: Timeline, plan: WindowPlan) -> Figure:
    """Draw one bar a campaign from its first to its last day, the one in question filled.

    Beside each bar stands how many customers it addressed; dotted lines bound the windows
    of the panel.
    """
    frame, left_out = _nearest(timeline)
    labels = _wrap(frame["campaign_id"])
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.2)) as (figure, axes):
        days = plan.days * pd.Timedelta(days=1)
        axes.axvspan(plan.starts_on, plan.starts_on + plan.n_pre * days, color=SHADE, zorder=0)
        for row, campaign in enumerate(frame.to_dict("records")):
            _draw_span(axes, row, campaign)
        axes.set_yticks(range(len(frame)), labels, fontsize=8)
        case = int(np.flatnonzero(frame["when"] == "the case")[0])
        axes.get_yticklabels()[case].set(**bold(labels[case]))
        axes.set_ylim(len(frame) - 0.4, -0.6)
        axes.margins(x=0.08)
        more = f"; {left_out} farther away not drawn" if left_out else ""
        axes.set(
            ylabel="campaign",
            xlabel=f"date (number: customers addressed; shaded: windows before the case{more})",
        )
        _grid(axes, "x")
    return figure


def _nearest(timeline: Timeline) -> tuple[pd.DataFrame, int]:
    frame = timeline.campaigns
    case = frame[frame["when"] == "the case"].iloc[0]
    distance = (frame["starts_on"] - case["starts_on"]).abs()
    kept = distance.sort_values(kind="stable").index[:MOST_CAMPAIGNS]
    return frame.loc[sorted(kept)], len(frame) - len(kept)


def _draw_span(axes: Any, row: int, campaign: dict[Any, Any]) -> None:
    kind = campaign["when"]
    inside, edge = {
        "the case": (COLOURS[5], COLOURS[5]),
        "same time": (COLOURS[4], COLOURS[0]),
    }.get(kind, ("white", "#888888"))
    end = campaign["ends_on"] + pd.Timedelta(days=1)
    length = end - campaign["starts_on"]
    hatch = "///" if kind == "same time" else None
    axes.barh(
        row,
        length,
        left=campaign["starts_on"],
        height=0.62,
        color=inside,
        edgecolor=edge,
        hatch=hatch,
    )
    axes.annotate(
        f"{campaign['n_addressed']:,}",
        (end, row),
        xytext=(3, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
    )


@passes_absence
def draw_group_means(groups: pd.DataFrame, *, outcome: str, currency: str = "") -> Figure:
    """Draw the mean of each group in every window with its interval.

    Parameters
    ----------
    groups : DataFrame
        From :func:`crmstudy.case.campaigns.averages.average_groups`.
    outcome : str
        What was averaged.
    currency : str
        Of money.
    """
    with house_figure(7.0, 3.4) as (figure, axes):
        windows = np.sort(groups["window"].unique())
        _shade(axes, windows, windows >= 0)
        for shift, (name, (sign, line, colour)) in zip(
            (-0.04, 0.04), GROUP_SIGNS.items(), strict=True
        ):
            rows = groups[groups["group"] == name]
            place = rows["window"].to_numpy(dtype=float) + shift
            ends = rows[["lower", "upper"]].to_numpy(dtype=float)
            axes.vlines(place, ends[:, 0], ends[:, 1], color=colour, linewidth=1.6)
            label = f"{name} (n = {int(rows['customers'].iloc[0]):,})"
            axes.plot(
                place,
                rows["mean"],
                sign + line,
                color=colour,
                linewidth=1.5,
                markersize=5,
                label=label,
            )
        axes.set_xticks(windows)
        axes.set_ylim(bottom=min(0.0, float(groups["lower"].min())))
        axes.yaxis.set_major_formatter(_thousands)
        axes.set(xlabel="window (0 begins with the campaign)", ylabel=_unit(outcome, currency))
        figure.legend(loc="outside upper right", ncols=2, fontsize=8.5)
        _grid(axes, "y")
    return figure


@passes_absence
def draw_event_study(event: EventStudy, *, currency: str = "") -> Figure:
    """Draw leads and lags with pointwise intervals and the simultaneous band."""
    frame = event.windows
    place = frame.index.to_numpy(dtype=float)
    after = frame["after"].to_numpy(dtype=bool)
    with house_figure(7.0, 3.6) as (figure, axes):
        _shade(axes, place, after)
        axes.axhline(0, color=QUIET, linewidth=1)
        for column, colour, width in (("band_", BAND, 7.0), ("", COLOURS[0], 1.8)):
            axes.vlines(
                place,
                frame[f"{column}lower"],
                frame[f"{column}upper"],
                color=colour,
                linewidth=width,
            )
        reference = frame.index == event.reference
        axes.plot(
            place[~reference], frame["estimate"][~reference], "o", color=COLOURS[0], markersize=5
        )
        axes.plot(place[reference], [0], "s", mfc="white", mec=INK, markersize=7)
        axes.set_xticks(place, [_minus(name) for name in frame.index])
        axes.margins(y=0.12)
        level = f"{100 * event.level:g}%"
        axes.plot([], [], color=COLOURS[0], linewidth=1.8, label=f"pointwise {level}")
        axes.plot([], [], color=BAND, linewidth=7, label=f"all windows at once {level}")
        axes.plot([], [], "s", mfc="white", mec=INK, label="reference")
        axes.yaxis.set_major_formatter(_thousands)
        axes.set(
            xlabel=f"window (0 begins with the campaign; n = {event.n_units:,} customers)",
            ylabel=f"addressed less compared,\n{_unit(event.outcome, currency)}",
        )
        figure.legend(loc="outside upper right", ncols=3, fontsize=8.5)
        _grid(axes, "y")
    return figure


@passes_absence
def draw_placebos(placebos: Placebos, *, currency: str = "") -> Figure:
    """Draw the campaign's estimate above those of the placebos."""
    frame = placebos.rows
    said = {ACTUAL: "campaign", "date": "date: ", "outcome": "outcome: "}
    labels = _wrap(
        said[kind] + ("" if kind == ACTUAL else _minus(name))
        for kind, name in zip(frame["kind"], frame["name"], strict=True)
    )
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.3)) as (figure, axes):
        axes.axvline(0, color=QUIET, linewidth=1)
        for row, values in enumerate(frame.to_dict("records")):
            actual, found = values["kind"] == ACTUAL, values["p_holm"] < ALPHA
            colour = COLOURS[5] if actual else COLOURS[0]
            axes.plot([values["lower"], values["upper"]], [row, row], color=colour, linewidth=1.8)
            inside = colour if actual or found else "white"
            sign = "D" if actual else "o"
            axes.plot(values["estimate"], row, sign, color=colour, mfc=inside, markersize=6)
        axes.axhline(0.5, color="#DDDDDD", linewidth=0.8)
        for name, sign, inside, colour in (
            ("campaign", "D", COLOURS[5], COLOURS[5]),
            ("placebo without effect", "o", "white", COLOURS[0]),
            ("placebo with effect (Holm)", "o", COLOURS[0], COLOURS[0]),
        ):
            axes.plot([], [], sign, color=colour, mfc=inside, markersize=6, label=name)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(_thousands)
        level = f"{100 * placebos.level:g}%"
        axes.set_xlabel(
            f"addressed less compared, {_unit(placebos.outcome, currency)}\n"
            f"({level} intervals, n = {placebos.n_units:,} customers)"
        )
        figure.legend(loc="outside lower center", ncols=3, fontsize=8)
        _grid(axes, "x")
    return figure


@passes_absence
def draw_segment_effects(
    segments: SegmentEffects, effect: DidResult, *, currency: str = ""
) -> Figure:
    """Draw the effect in each segment beside that of all customers together."""
    frame = segments.effects
    labels = _wrap(
        f"{row['segment']} ({row['n_treated']:,} : {row['n_control']:,})"
        for row in frame.to_dict("records")
    )
    with house_figure(7.0, 1.3 + _rows_height(labels, 0.34)) as (figure, axes):
        axes.axvline(0, color=QUIET, linewidth=1)
        axes.axvline(effect.effect, color=COLOURS[5], linewidth=1.4, linestyle="--")
        rows = np.arange(len(frame))
        axes.hlines(rows, frame["lower"], frame["upper"], color=COLOURS[0], linewidth=2)
        axes.plot(frame["estimate"], rows, "o", color=COLOURS[0], markersize=6, label="segment")
        axes.plot([], [], "--", color=COLOURS[5], label="all customers")
        axes.set_yticks(rows, labels)
        axes.set_ylim(len(frame) - 0.5, -0.5)
        axes.xaxis.set_major_formatter(_thousands)
        level = f"{100 * segments.level:g}%"
        axes.set(
            xlabel=f"effect, {_unit(segments.outcome, currency)}\n"
            f"({level} intervals; in brackets addressed : compared)",
            ylabel=_wrap([segments.by])[0],
        )
        figure.legend(loc="outside upper right", ncols=2, fontsize=8.5)
        _grid(axes, "x")
    return figure


def _unit(outcome: str, currency: str) -> str:
    if outcome == "n_purchases":
        return "purchases per customer and window"
    money = f" ({currency})" if currency else ""
    return f"{spell(outcome)} per customer and window{money}"


def _shade(axes: Any, windows: Any, after: Any) -> None:
    """Shade the windows of the campaign, and name them."""
    first, last = float(windows[after].min()), float(windows[after].max())
    axes.axvspan(first - 0.5, last + 0.5, color=SHADE, zorder=0)
    axes.set_xlim(float(windows.min()) - 0.5, last + 0.5)
    axes.annotate(
        "campaign",
        ((first + last) / 2, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, -3),
        textcoords="offset points",
        ha="center",
        va="top",
        fontsize=8,
    )


def _minus(name: object) -> str:
    """Write the number of a window with a minus sign, other names as they are."""
    words = str(name).rsplit(" ", 1)
    last = words[-1]
    words[-1] = last.replace("-", "−") if last.lstrip("-").isdigit() else last
    return " ".join(words)

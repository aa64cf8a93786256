"""Sentences on what other campaigns did, on windows, segments and other ways to estimate."""

from __future__ import annotations

from crmstudy.case.campaigns.timeline import TOLERATED, Timeline
from crmstudy.case.campaigns.windows import WindowPlan
from crmstudy.case.effects.heterogeneity import SegmentEffects
from crmstudy.case.effects.variations import Variations
from crmstudy.errors import passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)

ALPHA = 0.05


@passes_absence
def read_timeline(timeline: Timeline) -> str:
    """Say how many campaigns ran at the same time and whether they reached both groups alike."""
    same = int((timeline.campaigns["when"] == "same time").sum())
    if same == 0:
        return (
            f"No other campaign of the data ran while campaign {timeline.campaign_id} did; what "
            "the firm did without writing it down is not among them."
        )
    row = timeline.contact.loc[["during the campaign"]].to_dict("records")[0]
    verb = "reached" if same == 1 else "together reached"
    said = (
        f"{count_of(same, 'other campaign').capitalize()} ran at the same time and {verb} "
        f"{percent(row['addressed'])} of the customers addressed and {percent(row['compared'])} "
        "of those compared."
    )
    if abs(row["difference"]) > TOLERATED:
        return (
            f"{said} These shares are so far apart that a difference between the groups may be "
            "that of the other campaigns."
        )
    return f"{said} These shares are near each other, so the other campaigns largely cancel out."


@passes_absence
def read_panel_windows(plan: WindowPlan) -> str:
    """Say how many windows are used, why not as many as asked for, and how far data reach."""
    before, after = count_of(plan.n_pre, "window"), count_of(plan.n_post, "window")
    used = (
        f"{before.capitalize()} of {count_of(plan.days, 'day')} before the campaign and {after} "
        "from its first day on are compared."
    )
    fewer = (
        f"{plan.n_asked} before were asked for, but the data begin only on "
        f"{plan.data_begin:%Y-%m-%d}."
        if plan.shortened
        else ""
    )
    silent = (
        f"The last {count_of(plan.silent_days, 'day')} of the windows "
        f"{'lies' if plan.silent_days == 1 else 'lie'} after the last purchase of the data, "
        f"{plan.data_end:%Y-%m-%d}; no longer a time than had passed without a purchase before, "
        "so nothing is taken to have been bought then. If the data were cut off instead, both "
        "groups lack what was bought since."
        if plan.silent_days
        else ""
    )
    return compose(used, fewer, silent)


@passes_absence
def read_segment_effects(segments: SegmentEffects) -> str:
    """Say whether effects differ between segments, and in which one is found."""
    frame = segments.effects
    found = [str(name) for name in frame.loc[frame["p_holm"] < ALPHA, "segment"]]
    p = p_value(segments.equal.p_value)
    differ = (
        f"The effects differ between the {len(frame)} segments by {segments.by} ({p})."
        if segments.equal.p_value < ALPHA
        else f"That the effect is the same in all {len(frame)} segments by {segments.by} is not "
        f"refuted ({p}); differences between single segments may be chance."
    )
    where = (
        f"After Holm's correction a difference from 0 is found for {enumerate_words(found)}."
        if found
        else "After Holm's correction no single segment's difference is told from 0."
    )
    small = (
        f"Too small to compare: {enumerate_words(segments.too_small)}."
        if segments.too_small
        else ""
    )
    return compose(differ, where, small, segments.note)


@passes_absence
def read_variations(variations: Variations) -> str:
    """Say over which range the estimate moves, and whether its sign holds."""
    rows = variations.rows
    low, high = float(rows["estimate"].min()), float(rows["estimate"].max())
    ways = count_of(len(variations.others), "other way")
    span = f"Estimated in {ways}, the difference lies between {number(low)} and {number(high)}."
    if low < 0 < high:
        return f"{span} Its sign depends on the way it is estimated."
    clear = int(((rows["lower"] > 0) | (rows["upper"] < 0)).sum())
    level = f"{100 * variations.level:g}%"
    if clear == len(rows):
        return f"{span} Every {level} interval leaves out 0."
    if clear == 0:
        return f"{span} Every {level} interval holds 0."
    return (
        f"{span} Of {len(rows)} {level} intervals, {clear} leave{'s' if clear == 1 else ''} out 0."
    )

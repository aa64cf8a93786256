"""Sentences on what to improve first, and how sure that is."""

from __future__ import annotations

from typing import Any

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.priorities.map import PriorityMap
from crmstudy.report.sentences.words import (
    compose,
    enumerate_words,
    number,
    percent,
    percent_within,
)


def read_priorities(*maps: PriorityMap | NotAvailable) -> str:
    """Say of each target what acts on it most, what to improve first, and what is unsure."""
    return compose(*(_read_map(each) for each in maps))


@passes_absence
def _read_map(priorities: PriorityMap) -> str:
    parts = [_say_target(priorities), _say_first(priorities), _say_ties(priorities)]
    parts += [_say_itself(priorities), _say_items(priorities), _say_uncertain(priorities)]
    return " ".join(filter(None, parts))


def _say_target(priorities: PriorityMap) -> str:
    value, lower, upper = priorities.target_points
    return (
        f"{priorities.target_label} stands at {number(value, 1)} of 100 points "
        f"({_level(priorities)} from {number(lower, 1)} to {number(upper, 1)})."
    )


def _say_first(priorities: PriorityMap) -> str:
    ranked = priorities.ranked
    if ranked.empty:
        return "No construct of the model surely raises it, so nothing is ranked."
    row = ranked.iloc[0].to_dict()
    return (
        f"Most is to be gained with {row['construct']}: one point of it goes with "
        f"{number(row['importance'])} {_points(row['importance'])} of {priorities.target_label} "
        f"({number(row['importance lower'])} to {number(row['importance upper'])}), it stands at "
        f"{number(row['performance'], 1)}, and making up a tenth of what it lacks to 100 would "
        f"add {number(row['gain'])} {_points(row['gain'])} ({number(row['gain lower'])} to "
        f"{number(row['gain upper'])}), if the model's effects are causes."
    )


def _say_ties(priorities: PriorityMap) -> str:
    ranked = priorities.ranked
    if len(ranked) < 2:
        return ""
    share = float(ranked["ranked first"].iloc[0])
    others = priorities.tied[1:]
    first = f"It comes first in {percent_within(share)} of the bootstrap samples"
    if not others:
        return f"{first}, surely before the {'other' if len(ranked) == 2 else 'others'}."
    verb = "is" if len(others) == 1 else "are"
    return f"{first}, and {enumerate_words(others)} {verb} not surely behind it."


def _say_itself(priorities: PriorityMap) -> str:
    """Name the first driver that no other construct of the model explains."""
    ranked = priorities.ranked
    if ranked.empty or ranked["improved through"].iloc[0] == "its own items":
        return ""
    row = ranked.iloc[0]
    own = ranked.loc[ranked["improved through"] == "its own items", "construct"]
    said = (
        f"{row['construct']} is itself an outcome in the model and improved through "
        f"{row['improved through']}"
    )
    if own.empty:
        return f"{said}."
    return f"{said}; of what no construct of the model explains, {own.iloc[0]} is first."


def _say_items(priorities: PriorityMap) -> str:
    chosen = priorities.items[priorities.items["rank"].notna()]
    if chosen.empty:
        return ""
    best = chosen.iloc[0].to_dict()
    return (
        f"Among its items and those of the other drivers, {best['item']} of "
        f"{best['construct']} has the most to gain."
    )


def _say_uncertain(priorities: PriorityMap) -> str:
    left = priorities.drivers[priorities.drivers["rank"].isna()]
    if left.empty or priorities.ranked.empty:
        return ""
    names = enumerate_words(list(left["construct"]))
    verb = "is" if len(left) == 1 else "are"
    whose = "its" if len(left) == 1 else "their"
    effect = "effect" if len(left) == 1 else "effects"
    return (
        f"{names} {verb} no {'priority' if len(left) == 1 else 'priorities'}: the "
        f"{'interval' if len(left) == 1 else 'intervals'} of {whose} {effect} "
        f"{'reaches' if len(left) == 1 else 'reach'} zero or below."
    )


def _level(priorities: PriorityMap) -> str:
    return f"{percent(priorities.level, 0)} interval"


def _points(value: Any) -> str:
    return "point" if f"{float(value):.2f}" == "1.00" else "points"

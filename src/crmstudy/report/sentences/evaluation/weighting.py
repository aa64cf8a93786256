"""Sentences on weights from experts, from data, and made one."""

from __future__ import annotations

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.weighting.combine import DATA, EXPERTS, CombinedWeights, Shares
from crmstudy.indicators import name_indicator
from crmstudy.report.sentences.words import compose, enumerate_words, percent

#: Methods that weigh by the data.
METHODS = ("entropy", "CRITIC")
#: Experts and data hardly differ below this share of the weight.
HARDLY = 0.05


def read_combination(combined: CombinedWeights | NotAvailable, *, remark: str = "") -> str:
    """Say what experts and data weigh most, how far they are apart, and what counts.

    ``remark`` is what study.yml says of the judgements, for instance that a panel was made
    up; it is repeated where the panel is spoken of.
    """
    if isinstance(combined, NotAvailable):
        return compose(combined)
    return compose(
        _say_experts(combined),
        remark,
        _say_data(combined),
        _say_distance(combined),
        _say_used(combined),
        _say_game(combined),
        _say_lacking(combined),
        _say_meaning(combined),
    )


def _say_experts(combined: CombinedWeights) -> str:
    if len(combined.weights) == 1:
        return f"One indicator is weighed, {_name(combined.weights.index[0])}: it has all weight."
    if EXPERTS not in combined.side_by_side:
        return f"No expert's weights are there: {combined.unavailable[EXPERTS]}."
    return f"The experts weigh {_say_top(combined.side_by_side[EXPERTS])}."


def _say_data(combined: CombinedWeights) -> str:
    known = [name for name in METHODS if name in combined.side_by_side]
    if not known or len(combined.weights) == 1:
        return ""
    told = {name: _say_top(combined.side_by_side[name]) for name in known}
    heaviest = {combined.side_by_side[name].idxmax() for name in known}
    if len(known) > 1 and len(heaviest) == 1 and "alike" not in "".join(told.values()):
        shares = [percent(combined.side_by_side[name].max()) for name in known]
        return (
            f"By the data, {enumerate_words(known)} weigh {_name(heaviest.pop())} most "
            f"({enumerate_words(shares)})."
        )
    parts = [f"{name} weighs {told[name]}" for name in known]
    return f"By the data, {' and '.join(parts)}."


def _say_distance(combined: CombinedWeights) -> str:
    if not {EXPERTS, DATA} <= set(combined.side_by_side) or len(combined.weights) == 1:
        return ""
    apart = combined.to_metrics()["experts_to_data"]
    if apart < HARDLY:
        return f"Experts and data hardly differ ({percent(apart)} of the weight)."
    return f"Between experts and data {percent(apart)} of the weight changes its place."


def _say_used(combined: CombinedWeights) -> str:
    if len(combined.weights) == 1:
        return ""
    if combined.used == DATA:
        top = _say_top(combined.weights)
        return f"The data's weights count, the mean of their methods; they weigh {top}."
    if combined.used != combined.combination:
        return f"The {combined.combination} combination cannot be had; the experts' weights count."
    if combined.used == EXPERTS:
        return "The experts' weights count alone."
    top = _say_top(combined.weights)
    return f"The {combined.used} combination counts; it weighs {top}."


@passes_absence
def _say_share(shares: Shares) -> str:
    said = f"In the game-theoretic combination {percent(shares.used[0])} is the experts' share"
    if not shares.negative:
        return f"{said}."
    return (
        f"{said}; a coefficient came out negative, as it does where both sides point alike and "
        "one is flatter, and counts by its size."
    )


def _say_game(combined: CombinedWeights) -> str:
    if combined.used != "game-theoretic" or isinstance(combined.shares, NotAvailable):
        return ""
    return _say_share(combined.shares)


def _say_lacking(combined: CombinedWeights) -> str:
    """Give the reasons of the data's methods that failed, equal ones once."""
    reasons = {name: combined.unavailable[name] for name in METHODS if name in combined.unavailable}
    groups = {why: [name for name in reasons if reasons[name] == why] for why in reasons.values()}
    return " ".join(
        f"Not available by {enumerate_words(names)}: {why}." for why, names in groups.items()
    )


def _say_meaning(combined: CombinedWeights) -> str:
    if DATA not in combined.side_by_side:
        return ""
    return (
        "Weights from data say in which indicators the units differ, be it by chance; they do "
        "not say what matters."
    )


def _say_top(weights: pd.Series) -> str:
    if weights.max() - weights.min() < 1e-9:
        return "all indicators alike"
    return f"{_tell(weights)} most"


def _tell(weights: pd.Series) -> str:
    """Name the heaviest indicators, several where they tie, with their weight."""
    top = weights[weights > weights.max() - 1e-9]
    each = " each" if len(top) > 1 else ""
    return f"{enumerate_words([_name(n) for n in top.index])} ({percent(top.iloc[0])}{each})"


def _name(indicator: object) -> str:
    return name_indicator(str(indicator))

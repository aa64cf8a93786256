"""Sentences on a panel of experts: who was left out, how it was pooled, how far it agrees."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.groups.agreement import OVERALL, GroupAgreement
from crmstudy.evaluation.groups.comparing import WeightComparison
from crmstudy.evaluation.groups.concordance import Concordance
from crmstudy.evaluation.groups.panel import HierarchyResult
from crmstudy.report.sentences.words import (
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    plain,
)

#: A difference of weights below this is none that a reader sees in print.
UNSEEN = 0.0005
#: A p-value below this is called more agreement than by lot.
LEVEL = 0.05


@passes_absence
def read_exclusion(panel: HierarchyResult, comparison: WeightComparison) -> str:
    """Say the rule, whom it met, and what the weights would have been without it."""
    over = panel.over_limit
    rule = f"The rule, stated beforehand: {panel.rule}."
    if not over:
        whom = "It met nobody" if len(panel.experts) > 1 else "It did not meet the one expert"
        return f"{rule} {whom}, so the weights are the same with and without it."
    left = len(panel.used) < len(panel.experts)
    names = enumerate_words(over)
    what = f"It {'left out' if left else 'met'} {names}"
    kept = "" if left else f", who {'stays' if len(over) == 1 else 'stay'} in"
    many = f"{what} ({len(over)} of {count_of(len(panel.experts), 'expert')}){kept}."
    other = "Without the rule" if left else f"Had {names} been left out"
    return f"{rule} {many} {_say_effect(comparison, other)}"


def _say_effect(comparison: WeightComparison, other: str) -> str:
    absent = [way for way in comparison.ways.values() if isinstance(way, NotAvailable)]
    if absent:
        return "Leaving out everybody over the limit would have left nobody."
    difference = comparison.largest_difference
    if difference < UNSEEN:
        return f"{other}, no weight of an indicator would differ in the third decimal."
    order = "the order of the indicators would be the same"
    if not comparison.same_order:
        order = "the order of the indicators would be another"
    return (
        f"{other}, the weight of an indicator would differ by up to {number(difference, 3)}, "
        f"and {order}."
    )


@passes_absence
def read_aggregations(comparison: WeightComparison) -> str:
    """Say how far the ways of making one panel of many experts differ."""
    if comparison.largest_difference < UNSEEN:
        return (
            "Pooling judgements and pooling priorities give the same weights to three decimals, "
            "so nothing hangs on the choice between them."
        )
    order = (
        "and all rank the indicators alike"
        if comparison.same_order
        else "and they do not rank all indicators alike, so that the order of neighbours hangs on "
        "the choice"
    )
    return (
        f"The {len(comparison.known)} ways of pooling differ by up to "
        f"{number(comparison.largest_difference, 3)} in the weight of an indicator, {order}; the "
        f"study uses {comparison.chosen.replace(', ', ' by their ')}."
    )


@passes_absence
def read_panel_agreement(agreement: GroupAgreement) -> str:
    """Say whether experts rank alike, how far they share weights, and who stands apart."""
    parts = [
        _say_concordance(agreement),
        _say_consensus(agreement),
        _say_distances(agreement),
        _say_apart(agreement),
    ]
    return " ".join(filter(None, parts))


def _say_concordance(agreement: GroupAgreement) -> str:
    found = agreement.concordance[OVERALL]
    if isinstance(found, NotAvailable):
        return f"Whether the experts rank the indicators alike cannot be said: {found.reason}."
    experts = count_of(agreement.n_experts, "expert")
    how = {"exact": "counted exactly"}.get(found.test.distribution, found.test.distribution)
    said = (
        f"The {experts} rank the {found.n_objects} indicators with Kendall's W = "
        f"{number(found.w)} ({p_value(found.test.p_value)}, {how})"
    )
    return f"{said}: {_judge(found)}."


def _judge(found: Concordance) -> str:
    if found.test.p_value < LEVEL:
        return (
            "more alike than rankings drawn by lot, which says that they agree at all, not that "
            "they agree closely"
        )
    return (
        "not surely more alike than rankings drawn by lot; with so few experts and names this "
        "does not show that they disagree"
    )


def _say_consensus(agreement: GroupAgreement) -> str:
    known = agreement.consensus
    if not known:
        return ""
    least = min(known, key=lambda name: (round(known[name].consensus, 9), name))
    value = known[least]
    if len(known) == 1:
        return f"The consensus on {plain(least)} is {value.words} ({percent(value.consensus, 0)})."
    most = max(known, key=lambda name: (round(known[name].consensus, 9), name))
    return (
        f"The consensus is lowest on {plain(least)} ({value.words}, "
        f"{percent(value.consensus, 0)}) and highest on {plain(most)} ({known[most].words}, "
        f"{percent(known[most].consensus, 0)})."
    )


def _say_distances(agreement: GroupAgreement) -> str:
    mean = float(agreement.experts["mean distance"].mean())
    if mean < UNSEEN:
        return "All experts give the same weights."
    return (
        f"Between two experts, on average {percent(mean)} of the weight would have to be moved to "
        f"make their weights equal."
    )


def _say_apart(agreement: GroupAgreement) -> str:
    if agreement.n_experts < 3:
        return "With two experts nobody can stand apart."
    if not agreement.apart:
        return "Nobody stands apart."
    rows = agreement.experts.set_index("expert").loc[list(agreement.apart)]
    turned = [
        str(expert)
        for expert, row in rows.iterrows()
        if row["heaviest without"] != agreement.heaviest
    ]
    one = len(rows) == 1
    said = (
        f"Apart from the others {'stands' if one else 'stand'} {enumerate_words(agreement.apart)}"
    )
    largest = float(rows["largest change without"].max())
    without = "without this expert" if one else "without one of them"
    effect = f"{without} a weight changes by up to {number(largest, 3)}"
    order = (
        f"and the heaviest indicator would be another without {enumerate_words(turned)}"
        if turned
        else "and the heaviest indicator stays the same"
    )
    return f"{said}: {effect}, {order}. That is a reason to ask them why, not to leave them out."

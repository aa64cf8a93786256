"""Sentences on moderation, curvature, satisfied defectors and repurchase."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.moderation.curvature import Curvature, SquaredModel
from crmstudy.loyalty.moderation.defectors import GROUPS, SatisfiedDefectors
from crmstudy.loyalty.moderation.interaction import Interaction
from crmstudy.loyalty.moderation.moderators import ModerationResult
from crmstudy.loyalty.moderation.other_methods import MAIN
from crmstudy.loyalty.moderation.repurchase import Repurchase
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)
from crmstudy.statistics.multiplicity import adjust_p_values

#: Standard deviations of a moderator to either side within which a statement is about people.
WITHIN = 3.0
#: How an inadmissible model and the check of standardised paths are worded.
REFUSED, BEYOND_ONE = "inadmissible", "stay within 1"
#: Power at which a difference counts as one that the groups would show (Cohen's convention).
POWER = 0.8


@passes_absence
def read_moderation(moderation: ModerationResult) -> str:
    """Say of every moderator what it does, where the path ends, and whether methods agree."""
    table = moderation.table().to_dict("records")
    said = [
        _say_moderator(row, found, moderation)
        for row, found in zip(table, moderation.interactions.values(), strict=True)
    ]
    return compose(*said, _say_holm(table, moderation.level), _say_methods(moderation))


def _say_moderator(
    row: dict[Hashable, Any], found: Interaction | NotAvailable, moderation: ModerationResult
) -> str:
    label = row["moderator"]
    if isinstance(found, NotAvailable):
        return compose(
            f"'{label}' is not tested: {found.reason}.",
            _say_withheld(found),
            _say_elsewhere(moderation, label),
        )
    effect, low, high = (float(row[name]) for name in ("effect", "lower", "upper"))
    bounds = _bound(effect, low, high)
    direction = "rises" if row["expected"] == "+" else "falls"
    claim = f"that the path from satisfaction to loyalty {direction} with '{label}'"
    verdict = f"{claim} is {row['verdict']} ({bounds} per standard deviation of the moderator)"
    if row["verdict"] == "undecided":
        return f"The hypothesis {verdict}."
    slopes = found.slopes(level=moderation.level)["path"].tolist()
    return (
        f"The hypothesis {verdict}: the path is {number(slopes[0])} one standard deviation below "
        f"the moderator's mean and {number(slopes[-1])} one above; "
        f"{_say_region(found, moderation)}."
    )


def _say_withheld(found: NotAvailable) -> str:
    """Say what a path beyond 1 means where no other check fails: a rule, no impossible number."""
    checks = found.reason.count(" fails at ")
    if checks != 1 or BEYOND_ONE not in found.reason:
        return ""
    return (
        "No other check fails: among predictors that go together a standardised path beyond 1 is "
        "possible (Jöreskog, 1999), and says that they can hardly be told apart; it is withheld "
        "by the rule set beforehand and speaks neither for nor against the hypothesis."
    )


def _say_elsewhere(moderation: ModerationResult, label: str) -> str:
    """Give the range of the admissible other methods, which do not decide."""
    rows = moderation.methods.dropna(subset=["effect"])
    effects = rows.loc[(rows["moderator"] == label) & (rows["method"] != MAIN), "effect"]
    if effects.empty:
        return ""
    ends = dict.fromkeys(number(float(end)) for end in (effects.min(), effects.max()))
    return f"Other methods, which do not decide, give {' to '.join(ends)}."


def _bound(effect: float, low: float, high: float) -> str:
    """Write an effect and its interval with the same decimals: three where two would be 0."""
    shown = (effect, low, high)
    decimals = 3 if any(0 < abs(value) < 0.005 for value in shown) else 2
    written = [number(value, decimals) for value in shown]
    return f"{written[0]} [{written[1]}, {written[2]}]"


def _say_region(found: Interaction, moderation: ModerationResult) -> str:
    """Say where the path differs from zero, as far as moderators of real people reach."""
    region = found.region(level=moderation.level)
    inside = region.holds(np.linspace(-WITHIN, WITHIN, 601))
    reach = f"within {number(WITHIN, 0)} standard deviations of the moderator's mean"
    if inside.all():
        return f"it differs from zero everywhere {reach}"
    if not inside.any():
        return f"it differs from zero nowhere {reach}"
    ends = [number(bound, 1) for bound in region.bounds if abs(bound) < WITHIN]
    if len(ends) == 1:
        where = f"{'below' if inside[0] else 'above'} {ends[0]}"
    else:
        where = (
            f"from {ends[0]} to {ends[1]}"
            if region.kind == "between"
            else f"below {ends[0]} or above {ends[1]}"
        )
    return f"it differs from zero where the moderator is {where} standard deviations from its mean"


def _say_holm(table: list[dict[Hashable, Any]], level: float) -> str:
    tested = [row for row in table if row["verdict"] in ("supported", "contradicted")]
    lost = [f"'{row['moderator']}'" for row in tested if float(row["p (Holm)"]) > 1 - level]
    if not tested:
        return ""
    if not lost:
        return "What is told apart from zero stays so when all moderators are counted (Holm)."
    verb = "does" if len(lost) == 1 else "do"
    return f"With all moderators counted (Holm), {enumerate_words(lost)} {verb} not pass any more."


def _say_methods(moderation: ModerationResult) -> str:
    """Say whether any other method gives a told-apart effect the other sign, or loses it."""
    frame = moderation.methods.dropna(subset=["effect"])
    doubts = []
    for found in moderation.estimated:
        rows = frame[frame["moderator"] == found.label]
        main = found.effect(level=moderation.level)
        if main["lower"] <= 0 <= main["upper"]:
            continue
        others = rows[rows["method"] != MAIN]
        against = others[(others["effect"] > 0) != (main["effect"] > 0)]
        unsure = others[(others["lower"] <= 0) & (others["upper"] >= 0)]
        if not against.empty:
            doubts.append(f"'{found.label}' changes its sign by {_name(against['method'])}")
        elif not unsure.empty:
            doubts.append(
                f"'{found.label}' is not told apart from zero by {_name(unsure['method'])}"
            )
        else:
            doubts.append(
                f"'{found.label}' keeps sign and interval on one side of zero by "
                f"{count_of(len(others), 'other method')}{_say_refused(moderation, found.label)}"
            )
    return f"{'; '.join(doubts)}." if doubts else ""


def _say_refused(moderation: ModerationResult, label: str) -> str:
    """Name the methods whose model the gate refuses, as they neither agree nor disagree."""
    rows = moderation.methods
    refused = rows[(rows["moderator"] == label) & rows["note"].str.contains(REFUSED, na=False)]
    if refused.empty:
        return ""
    return f"; {_name(refused['method'])} gave no admissible model and cannot speak for it"


def _name(methods: Iterable[str]) -> str:
    return enumerate_words([f"'{method}'" for method in methods])


@passes_absence
def read_curvature(curvature: Curvature) -> str:
    """Say whether the line bends, and how the lowest and the highest band differ."""
    return compose(_say_square(curvature), _say_bands(curvature))


def _say_square(curvature: Curvature) -> str | NotAvailable:
    effect = curvature.effect()
    if isinstance(effect, NotAvailable):
        return effect
    bounds = _bound(effect["effect"], effect["lower"], effect["upper"])
    if effect["lower"] <= 0 <= effect["upper"]:
        return (
            f"A bend of the line from satisfaction to loyalty is not told apart from none "
            f"(square {bounds}, {p_value(effect['p value'])}): nothing speaks for a zone in which "
            "more satisfaction brings nothing, and an interval of this width does not rule it out."
        )
    squared = curvature.squared
    added = squared.added if isinstance(squared, SquaredModel) else 0.0
    size = (
        f"(square {bounds}, {p_value(effect['p value'])}; it adds "
        f"{percent_within(max(added, 0.0))} of loyalty's variance)"
    )
    if effect["effect"] < 0:
        return (
            f"Loyalty gains less and less with satisfaction {size}; the end of the answer scale "
            "bends the line the same way."
        )
    return (
        f"Loyalty gains more and more with satisfaction {size}: the line is steeper among the "
        "satisfied than among the dissatisfied."
    )


def _say_bands(curvature: Curvature) -> str:
    bands = curvature.bands
    if len(bands) < 2:
        return "There are too few respondents for more than one band of satisfaction."
    first, last = bands.iloc[0], bands.iloc[-1]
    steps = bands["mean"].diff().dropna()
    falls = int((steps < 0).sum())
    rising = (
        "rises from band to band"
        if not falls
        else f"falls in {falls} of {count_of(len(steps), 'step')} from one band to the next"
    )
    return (
        f"Mean loyalty {rising}: from {number(first['mean'], 1)} points in the lowest band to "
        f"{number(last['mean'], 1)} in the highest."
    )


@passes_absence
def read_defectors(defectors: SatisfiedDefectors) -> str:
    """Say how many of the satisfied are not loyal, and what tells them from the loyal."""
    found = defectors.share()
    if isinstance(found, NotAvailable):
        return compose(found)
    of_all = defectors.share(of="all")
    assert isinstance(of_all, dict)
    groups = defectors.table()
    gone = int(groups.loc[groups["group"] == GROUPS[1], "n"].iloc[0])
    verb = "is" if gone == 1 else "are"
    satisfied = count_of(int(found["n"]), "satisfied respondent")
    return compose(
        f"Of {satisfied}, {gone:,} {verb} not loyal: {percent_within(found['share'])} "
        f"[{percent_within(found['lower'])}, {percent_within(found['upper'])}], or "
        f"{percent_within(of_all['share'])} of all respondents.",
        _say_spread(defectors),
        _say_profile(defectors),
    )


def _say_spread(defectors: SatisfiedDefectors) -> str:
    shares = defectors.sensitivity()["share"].dropna()
    if len(shares) < 2:
        return ""
    low, high = percent_within(float(shares.min())), percent_within(float(shares.max()))
    if low == high:
        return f"With limits ten points to either side it stays {low}."
    return (
        f"With limits ten points to either side it is {low} to {high}: the figure hangs on where "
        "the limits are drawn."
    )


def _say_profile(defectors: SatisfiedDefectors) -> str | NotAvailable:
    profile = defectors.profile()
    if isinstance(profile, NotAvailable):
        return profile
    chosen = (profile["lower"] > 0) | (profile["upper"] < 0)
    apart = profile[chosen].to_dict("records")
    if not apart:
        return (
            "No moderator tells them from the satisfied who are loyal: "
            f"{_say_detectable(profile, defectors.level)}."
        )
    said = [
        f"'{row['what']}' ({number(abs(row['difference']), 1)} points "
        f"{'more' if row['difference'] > 0 else 'less'})"
        for row in apart
    ]
    kept = adjust_p_values(profile["p value"])["p_holm"][chosen] <= 1 - defectors.level
    lost = [f"'{row['what']}'" for row, stays in zip(apart, kept, strict=True) if not stays]
    verb = "does" if len(lost) == 1 else "do"
    holm = (
        f"; with all {len(profile)} comparisons counted (Holm), {enumerate_words(lost)} {verb} "
        "not pass any more"
        if lost
        else ""
    )
    return f"From the satisfied who are loyal they differ in {enumerate_words(said)}{holm}."


def _say_detectable(profile: pd.DataFrame, level: float) -> str:
    """Say how large a difference groups of this size would show (normal approximation)."""
    sizes = profile[["n loyalists", "n satisfied defectors"]].astype(float)
    reach = NormalDist().inv_cdf(0.5 + level / 2) + NormalDist().inv_cdf(POWER)
    needed = reach * float(np.sqrt((1 / sizes).sum(axis=1)).max())
    fewest = int(sizes.min().min())
    return (
        f"with {fewest:,} in the smaller group a difference is found with power {number(POWER)} "
        f"when it is {number(needed, 1)} standard deviations or more"
    )


@passes_absence
def read_repurchase(repurchase: Repurchase) -> str:
    """Say who could be followed, and whether the satisfied and the loyal bought again."""
    counts = repurchase.follow_up.counts
    left = [
        f"{count:,} {reason}" for reason, count in counts.items() if count and reason != "followed"
    ]
    out = f" (left out: {enumerate_words(left)})" if left else ""
    weeks = count_of(repurchase.follow_up.weeks, "week")
    said = [
        _say_predictor(repurchase, each) for each in dict.fromkeys(repurchase.effects["predictor"])
    ]
    return compose(
        f"{count_of(repurchase.n_used, 'respondent')} could be followed for {weeks}{out}; "
        f"{percent_within(repurchase.share_again)} of them bought again.",
        *said,
    )


def _say_predictor(repurchase: Repurchase, predictor: str) -> str:
    plain = repurchase.effect(predictor, controlled=False)
    held = repurchase.effect(predictor)
    table = repurchase.table()
    rows = table[(table["predictor"] == predictor) & (table["measure"] == "odds ratio")]
    said = []
    for effect, name in ((plain, "left out"), (held, "held equal")):
        if isinstance(effect, NotAvailable):
            said.append(f"with earlier purchases {name} no odds ratio could be estimated")
            continue
        row = rows[rows["earlier purchases"] == name].iloc[0]
        sure = "" if (effect["lower"] > 0 or effect["upper"] < 0) else ", not told apart from 1"
        said.append(
            f"with earlier purchases {name} the odds to buy again are multiplied by "
            f"{number(row['effect'])} [{number(row['lower'])}, {number(row['upper'])}]{sure}"
        )
    return f"Per standard deviation of '{predictor}', {said[0]}; {said[1]}."

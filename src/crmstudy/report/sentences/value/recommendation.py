"""Sentences on recommendations and on the test that a claimed uplift needs."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    percent_within,
)
from crmstudy.statistics.two_shares import ShareComparison
from crmstudy.value.recommendation.ab_test import ConversionPlan
from crmstudy.value.recommendation.campaign_groups import CampaignTests
from crmstudy.value.recommendation.recommend import Recommendations
from crmstudy.value.recommendation.trial import RecommendationTrial

PLURALS = {"category": "categories"}
BETTER, WORSE, SAME = "better", "worse", "not told apart"
SMALL = 0.1  # share of the catalogue on one list from which hits come easily
PEEKS = 5  # looks at a running test, for the caution


def read_recommendation(
    trial: RecommendationTrial | NotAvailable,
    recommendations: Recommendations | NotAvailable | None = None,
) -> str:
    """Say for each task which method to use, whether it beats counting, and who is served."""
    served = "" if recommendations is None else _say_served(recommendations)
    if isinstance(trial, NotAvailable):
        return compose(trial, served)
    return compose(*(say_task(trial, task) for task in trial.tasks), _say_small(trial), served)


def read_conversion_test(
    plan: ConversionPlan | NotAvailable, campaigns: CampaignTests | NotAvailable | None = None
) -> str:
    """Say what a test of the claimed uplift needs, and what a campaign by lot has shown."""
    tested = "" if campaigns is None else _say_campaigns(campaigns)
    return compose(_say_needs(plan), _say_peeking(plan), tested)


def say_task(trial: RecommendationTrial, task: str) -> str:
    """Say which method did best in a task, and whether it beats counting."""
    table = trial.measures[trial.measures["task"] == task].set_index("method")
    name, _ = trial.choose(task)
    chosen = table[table.index == name].iloc[0]
    best = str(table.index[table["lead"].isna()][0])
    hit = _interval(chosen["hit_rate_lower"], chosen["hit_rate_upper"])
    listed = count_of(trial.k, trial.level, PLURALS.get(trial.level, ""))
    said = (
        f"Task '{task}' ({count_of(int(chosen['n_customers']), 'customer')}): '{name}' did best "
        f"before the test; on the test, lists of {listed} by it hit "
        f"{percent_within(chosen['hit_rate'])} of the customers {hit}, lists drawn by lot "
        f"{percent_within(trial.random_hit_rate[task])}."
    )
    return compose(said, _say_lead(name, best, chosen), _say_others(table, name, best))


def _say_small(trial: RecommendationTrial) -> str:
    share = min(trial.k / trial.n_items, 1.0)
    if share < SMALL:
        return ""
    return (
        f"The catalogue holds {_count_items(trial, trial.n_items)} only: a list of {trial.k} "
        f"shows {percent_within(share)} of it, so that hits come easily and their number says "
        "little; compare methods, not rates."
    )


def _count_items(trial: RecommendationTrial, n: int) -> str:
    return count_of(n, trial.level, PLURALS.get(trial.level, ""))


def _say_lead(name: str, best: str, chosen: pd.Series) -> str:
    if name == best:
        return "It is also the best baseline on the test: nothing but counting is needed."
    lead = number(abs(chosen["lead"]), 3)
    limits = f"[{number(chosen['lead_lower'], 3)}, {number(chosen['lead_upper'], 3)}]"
    if chosen["verdict"] == SAME:
        return (
            f"It is not told apart from the best baseline, '{best}' (difference in NDCG {limits})."
        )
    verb = "above" if chosen["verdict"] == BETTER else "below"
    return f"Its NDCG lies {lead} {verb} that of the best baseline, '{best}' {limits}."


def _say_others(table: pd.DataFrame, name: str, best: str) -> str:
    others = table[~table.index.isin([name, best]) & ~table["baseline"].astype(bool)]
    parts = []
    for verdict, one, several in (
        (BETTER, "is better than the best baseline", "are better than the best baseline"),
        (SAME, "is not told apart from it", "are not told apart from it"),
        (WORSE, "is worse", "are worse"),
    ):
        names = [f"'{method}'" for method in others.index[others["verdict"] == verdict]]
        if names:
            parts.append(f"{enumerate_words(names)} {one if len(names) == 1 else several}")
    return f"Of the other methods that learn from others, {'; '.join(parts)}." if parts else ""


@passes_absence
def _say_served(recommendations: Recommendations) -> str:
    n = count_of(recommendations.n_customers, "customer")
    if not recommendations.n_cold:
        return f"All of the {n} known are served by their own purchases."
    cold = recommendations.n_cold
    verb = "has" if cold == 1 else "have"
    gets = "gets" if cold == 1 else "get"
    return (
        f"Of the {n} known, {cold:,} {verb} bought nothing of the catalogue and {gets} the most "
        "popular items."
    )


@passes_absence
def _say_needs(plan: ConversionPlan) -> str:
    claimed = plan.needs[np.isclose(plan.needs["uplift"], plan.claimed)]
    said = [_say_need(row) for row in claimed.to_dict("records")]
    return compose(
        f"A claim that conversion rises by {percent(plan.claimed, 0)} needs a test with two "
        f"groups made by lot (power {percent(plan.power, 0)}, "
        f"false alarms {percent(plan.alpha, 0)}).",
        *said,
    )


def _say_need(row: Mapping[Hashable, Any]) -> str:
    base = float(row["base"])
    event = f"'{row['event']}' ({percent_within(base)} without the offer)"
    if pd.isna(row["per_arm"]):
        if base == 0:
            return f"For {event} nothing can be planned: nobody converts."
        return f"For {event} such a rise cannot be: it would take more than all customers."
    per_arm, at_hand = int(row["per_arm"]), int(row["at_hand"])
    enough = "are enough" if row["enough"] == "yes" else "are too few"
    if at_hand == 1:
        enough = "is too few"
    return (
        f"For {event} it takes {count_of(per_arm, 'customer')} in each group; the {at_hand:,} at "
        f"hand {enough}."
    )


@passes_absence
def _say_peeking(plan: ConversionPlan) -> str:
    looks = plan.false_alarms.set_index("looks")["probability"]
    if PEEKS not in looks.index:
        return ""
    return (
        f"Who looks {PEEKS} times while the test runs and stops at the first p < "
        f"{number(plan.alpha)} is deceived in {percent(looks[PEEKS])} of the cases without an "
        f"effect, not in {percent(plan.alpha, 0)}."
    )


def _say_uplift(found: ShareComparison) -> str:
    """Give the relative uplift with Koopman's interval, where it has one."""
    lower, upper = found.ratio_limits
    if isinstance(found.ratio, NotAvailable) or math.isinf(upper):
        return ""
    limits = f"[{percent(lower - 1, 0)}, {percent(upper - 1, 0)}]"
    return f", a relative uplift of {percent(found.ratio - 1, 0)} {limits}"


@passes_absence
def _say_campaigns(campaigns: CampaignTests) -> str:
    said = []
    for name, found in campaigns.comparisons.items():
        lower, upper = found.difference_limits
        points = f"[{number(100 * lower, 1)}, {number(100 * upper, 1)}]"
        chance = "" if found.told_apart else ", which may be chance"
        said.append(
            f"While campaign '{name}' ran, {percent_within(found.treated.share)} of the "
            f"{count_of(found.treated.n, 'customer')} addressed bought and "
            f"{percent_within(found.control.share)} of the {found.control.n:,} held back by lot: "
            f"a difference of {number(100 * found.difference, 1)} percentage points {points}"
            f"{chance} ({p_value(found.test.p_value)}){_say_uplift(found)}."
        )
    said += [
        f"A check fails: {check.name} ({p_value(check.statistic)}); {check.consequence}."
        for check in failed(campaigns.checks)
    ]
    return compose(*said)


def _interval(lower: float, upper: float) -> str:
    return f"[{percent(lower)}, {percent(upper)}]"

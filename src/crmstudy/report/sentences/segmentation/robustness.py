"""Sentences on transformed features, outliers, and which choices matter for the segments."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
    plain,
)
from crmstudy.segmentation.clusters.robustness import ALIKE, Robustness
from crmstudy.segmentation.criteria.outliers import LEVELS, OUTLYING, TOP, OutlierReport
from crmstudy.segmentation.criteria.transform import SKEWED, TransformedFeatures

FEATURE_NAMES = {
    "days_since_last_purchase": "days since the last purchase",
    "n_purchases": "number of purchases",
}


@passes_absence
def read_transformation(transformed: TransformedFeatures) -> str:
    """Say which features were skewed, which were reshaped, and what is left."""
    steps = transformed.steps
    before = steps["skewness_before"].abs() > SKEWED
    after = steps["skewness_after"].abs() > SKEWED
    shaped = "reshaped" if transformed.log == "yeo-johnson" else "logged"
    changed = steps.index if transformed.log == "yeo-johnson" else steps.index[steps["logged"]]
    moved = int(steps["n_winsorised"].sum())
    skewed = (
        f"{_name(steps.index[before])} {_be(before)} strongly skewed (beyond {SKEWED:g})"
        if before.any()
        else f"no feature is strongly skewed (beyond {SKEWED:g})"
    )
    was = "was" if len(changed) == 1 else "were"
    done = (
        "none was reshaped"
        if not len(changed)
        else f"{was} {shaped}"
        if list(changed) == list(steps.index[before])
        else f"{_name(changed)} {was} {shaped}"
    )
    left = (
        f"{_name(steps.index[after])} {_be(after)} {'still ' if before.any() else ''}skewed"
        if after.any()
        else "none is skewed afterwards"
    )
    joined = " and " if done.startswith(f"{was} ") and len(changed) else "; "
    said = f"{skewed}{joined}{done}; {left}"
    values = f" Winsorising moved {count_of(moved, 'value')}." if moved else ""
    return f"{said[0].upper()}{said[1:]}.{values}"


def _name(features: Iterable[object]) -> str:
    return enumerate_words([_word(str(name)) for name in features])


def _word(feature: str) -> str:
    return FEATURE_NAMES.get(feature, plain(feature))


def _be(chosen: pd.Series) -> str:
    return "is" if int(chosen.sum()) == 1 else "are"


@passes_absence
def read_outliers(outliers: OutlierReport) -> str:
    """Say how many customers are far out, what the top ones bring, and whether one dominates."""
    return compose(_say_far(outliers), _say_top(outliers), _say_dominating(outliers))


def _say_far(outliers: OutlierReport) -> str | NotAvailable:
    if isinstance(outliers.distances, NotAvailable):
        return outliers.distances
    row = outliers.counts.iloc[LEVELS.index(OUTLYING)]
    n, expected = int(row["n_customers"]), outliers.n_customers * float(row["expected_share"])
    if n == 0:
        return "No customer is far from the bulk of all."
    lie = "lies" if n == 1 else "lie"
    bring = "brings" if n == 1 else "bring"
    return (
        f"{count_of(n, 'customer')} ({percent_within(float(row['share_customers']))}) {lie} beyond "
        f"the .999 point of the robust distance, where a normal cloud would put about "
        f"{number(expected, 1)}, and {bring} {percent_within(float(row['share_value']))} of the "
        "revenue."
    )


def _say_top(outliers: OutlierReport) -> str:
    if isinstance(outliers.top_share, NotAvailable):
        return ""
    several = round(TOP * outliers.n_customers) > 1
    top = f"{TOP:.0%} of the customers" if several else "one customer"
    return (
        f"The {top} with the most revenue {'bring' if several else 'brings'} "
        f"{percent_within(outliers.top_share)} of it."
    )


def _say_dominating(outliers: OutlierReport) -> str:
    worst = outliers.influence.sort_values("largest_share", ascending=False, kind="stable").iloc[0]
    feature, share = _word(str(worst["feature"])), percent_within(float(worst["largest_share"]))
    if failed(outliers.checks):
        return (
            f"One customer makes {share} of the spread of {feature}: look whether the value is an "
            "error before the segments are used."
        )
    return f"No single customer dominates a feature (at most {share} of the spread of {feature})."


def read_robustness(robustness: Robustness | NotAvailable) -> str:
    """Say which choices change the segments, which do not, and which could not be tried."""
    return compose(_say_matters(robustness), _say_order(robustness), _say_untried(robustness))


@passes_absence
def _say_matters(robustness: Robustness) -> str:
    tried, matters = robustness.tried, robustness.matters
    if tried.empty:
        return "No other choice could be tried."
    if matters.empty:
        least = number(float(tried["adjusted_rand"].min()))
        return (
            f"None of the {count_of(len(tried), 'choice')} tried changes the segments much: the "
            f"adjusted Rand index with the main ones is {least} or more."
        )
    worst = matters.sort_values("adjusted_rand", kind="stable")
    named = [
        f"{row['choice']} ({number(float(row['adjusted_rand']))})" for _, row in worst.iterrows()
    ]
    keeps = len(tried) - len(matters)
    verb = "matters" if len(matters) == 1 else "matter"
    leave = "None leaves" if keeps == 0 else f"{keeps} leaves" if keeps == 1 else f"{keeps} leave"
    return (
        f"{len(matters)} of {count_of(len(tried), 'choice')} tried {verb} (adjusted Rand index "
        f"with the main segments below {number(ALIKE)}): {enumerate_words(named)}. "
        f"{leave} the segments much the same."
    )


@passes_absence
def _say_order(robustness: Robustness) -> str:
    tried = robustness.tried
    if tried.empty:
        return ""
    changed = tried[tried["order_holds"] == 0]
    value = plain(robustness.value)
    if changed.empty:
        return f"The order of the segments by {value} holds under all of them."
    choices = enumerate_words(list(changed["choice"]))
    return f"The order of the segments by {value} changes under: {choices}."


@passes_absence
def _say_untried(robustness: Robustness) -> str:
    untried = robustness.comparison[robustness.comparison["adjusted_rand"].isna()]
    return " ".join(f"Not tried: {row['choice']} ({row['note']})." for _, row in untried.iterrows())

"""Sentences of chapter 02, made from its results."""

from __future__ import annotations

import pandas as pd

from crmstudy.analysis import GroupComparison
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, number, p_value, percent, plain

#: Cohen (1988): eta squared of .01 small, .06 medium, .14 large.
EFFECT_SIZES = ((0.14, "large"), (0.06, "medium"), (0.01, "small"), (0.0, "negligible"))


def read_analysis(
    summary: pd.DataFrame | NotAvailable, comparison: GroupComparison | NotAvailable
) -> str:
    """Say how customers buy on average and whether groups of them differ."""
    return compose(_say_average(summary), _say_groups(comparison))


@passes_absence
def _say_average(summary: pd.DataFrame) -> str:
    revenue = summary[summary["variable"] == "revenue"].to_dict("records")[0]
    mean, median, n = revenue["mean"], revenue["median"], int(revenue["n"])
    if n == 1:
        return f"The only customer spent {number(mean)}."
    shape = "mean and median lie close together"
    if mean > 1.1 * median:
        shape = (
            "large customers pull the mean up, so the median describes the typical customer better"
        )
    elif mean < 0.9 * median:
        shape = (
            "small customers pull the mean down, so the median describes the typical customer "
            "better"
        )
    return (
        f"The {n:,} customers spent {number(mean)} on average, half of them {number(median)} or "
        f"less: {shape}."
    )


@passes_absence
def _say_groups(comparison: GroupComparison) -> str:
    welch, pairs = comparison.welch, comparison.pairs
    if isinstance(welch, NotAvailable) or isinstance(pairs, NotAvailable):
        reasons = [part for part in (welch, pairs) if isinstance(part, NotAvailable)]
        return f"The groups by {plain(comparison.group)} are not compared. {compose(*reasons)}"
    size = next(word for limit, word in EFFECT_SIZES if comparison.eta_squared >= limit)
    differ = "differs" if welch.p_value < 0.05 else "does not differ demonstrably"
    apart = int(pairs["p_adjusted"].lt(0.05).sum())
    ends = comparison.groups.sort_values("mean")
    low, high = ends.index[0], ends.index[-1]
    effect = f", a {size} effect" if welch.p_value < 0.05 else " in this sample"
    small = len(comparison.left_out)
    left = f" ({count_of(small, 'small group')} left out)" if small else ""
    return (
        f"Among the {count_of(comparison.n, 'customer')} whose {plain(comparison.group)} is "
        f"known{left}, mean {plain(comparison.outcome)} {differ} between the {len(ends)} groups "
        f"(Welch's test, {p_value(welch.p_value)}); group membership accounts for "
        f"{percent(comparison.eta_squared)} of the variance{effect}. The lowest mean is that "
        f"of {low}, the highest that of {high}; {apart} of {count_of(len(pairs), 'pair')} "
        f"{'differs' if apart == 1 else 'differ'} after adjustment for multiple comparisons."
    )

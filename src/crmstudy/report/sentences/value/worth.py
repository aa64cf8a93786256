"""What customers are worth, in sentences: parts of value, unevenness, losses."""

from __future__ import annotations

from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
)
from crmstudy.value.worth.decomposition import ValueDecomposition
from crmstudy.value.worth.top_share import ConcentrationBounds
from crmstudy.value.worth.whale import WhaleCurve

BALANCED = "double entry"


def read_worth(
    worth: ValueDecomposition | NotAvailable,
    concentration: ConcentrationBounds | NotAvailable,
    whale: WhaleCurve | NotAvailable,
    *,
    currency: str = "",
) -> str:
    """Say what the value consists of, how uneven it is, and who costs more than she brings.

    Parameters
    ----------
    currency : str
        Name of the currency, behind amounts.
    """
    return compose(
        say_parts(worth, currency),
        _say_costs(worth, currency),
        _say_referrals(worth, currency),
        say_concentration(concentration),
        _say_whale(whale),
    )


@passes_absence
def say_parts(worth: ValueDecomposition, currency: str = "") -> str:
    """Say what a customer is worth on average, part by part."""
    frame, window = worth.customers, worth.window
    means = [f"{number(float(frame[b.replace(' ', '_')].mean()))} of {b}" for b in worth.blocks]
    said = (
        f"From {window.since:%Y-%m-%d} to {window.until:%Y-%m-%d} and in expectation after it, "
        f"{count_of(len(frame), 'customer')} "
        f"{'is' if len(frame) == 1 else 'are'} worth "
        f"{amount(float(frame['value'].mean()), currency)} on average: {enumerate_words(means)}."
    )
    memos = {part.name for part in worth.components if part.block == "memo"}
    lacking = [name for name in worth.lacking if name not in memos]
    if lacking:
        parts = enumerate_words(lacking)
        said += f" Not in it, because the data do not show it: {parts}."
    broken = [check for check in failed(worth.checks) if check.source == BALANCED]
    if broken:
        said += f" The books do not balance: {enumerate_words([c.name for c in broken])} fails."
    return said


@passes_absence
def _say_costs(worth: ValueDecomposition, currency: str) -> str:
    margin = percent(worth.margin.value)
    said = f"The margin of {margin} of revenue is assumed; no cost of goods is known."
    if worth.margin.observed:
        known = percent_within(worth.margin.coverage)
        said = f"The margin of goods is {margin} of revenue, observed on {known} of the lines."
    left = [item for item in worth.unallocated if "cost" in item.what and item.amount > 0]
    if left:
        total = sum(item.amount for item in left)
        kinds = enumerate_words(list(dict.fromkeys(item.what for item in left)))
        said += f" A cost of {amount(total, currency)} is charged to no customer ({kinds})."
    return said


@passes_absence
def _say_referrals(worth: ValueDecomposition, currency: str) -> str:
    if "n_recommended" not in worth.customers:
        return ""
    counts = worth.customers["n_recommended"]
    recommenders, recommended = int((counts > 0).sum()), int(counts.sum())
    if not recommended:
        return "No customer in the ledger came through another one."
    brought = float(worth.customers["recommended_value"].sum())
    return (
        f"{count_of(recommenders, 'customer')} recommended {count_of(recommended, 'other')}, "
        f"whose own value adds up to {amount(brought, currency)}."
    )


@passes_absence
def say_concentration(bounds: ConcentrationBounds) -> str:
    """Say how much of the revenue the largest customers bring."""
    found = bounds.to_metrics()
    level = f"{100 * bounds.level:g}% interval"
    unknown = bounds.concentration.unknown
    left = f" {count_of(unknown, 'customer')} with more returned than bought"
    left += f" {'is' if unknown == 1 else 'are'} not among them."
    return (
        f"The top tenth of the customers brought {percent(found['top_decile_share'])} of the "
        f"revenue ({level} {percent(found['top_decile_lower'])} to "
        f"{percent(found['top_decile_upper'])}), the top fifth "
        f"{percent(found['top_quintile_share'])} ({percent(found['top_quintile_lower'])} to "
        f"{percent(found['top_quintile_upper'])}). The Gini coefficient is "
        f"{number(found['gini'])} ({number(found['gini_lower'])} to {number(found['gini_upper'])})."
        + (left if unknown else "")
    )


@passes_absence
def _say_whale(whale: WhaleCurve) -> str:
    rows = whale.measures
    if whale.unprofitable == 0:
        return "No customer cost more than she brought."
    lower, upper = rows["lower"]["unprofitable"], rows["upper"]["unprofitable"]
    return (
        f"{percent_within(whale.unprofitable)} of the customers "
        f"({100 * whale.level:g}% interval {percent_within(float(lower))} to "
        f"{percent_within(float(upper))}) cost more than they brought; the others brought "
        f"{percent(whale.peak)} of the profit of all."
    )

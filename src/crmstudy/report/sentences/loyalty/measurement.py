"""Sentences on measurement: do the items measure the constructs, and are these told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis, failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import name_failures
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.measurement.common_factor import NONE_SEEN, CommonFactor
from crmstudy.loyalty.measurement.common_method import HALF, CommonMethod
from crmstudy.loyalty.measurement.discriminant import Discrimination
from crmstudy.loyalty.measurement.exploration import FAIR, Exploration
from crmstudy.loyalty.measurement.htmt import LIBERAL, STRICT, Htmt
from crmstudy.loyalty.measurement.items import ItemAnalysis
from crmstudy.loyalty.measurement.reliability import (
    LOWEST_EXTRACTED,
    LOWEST_RELIABILITY,
    Reliability,
)
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
)

MOST_NAMED = 6


def read_measurement(
    measured: SemResult | NotAvailable, fit: SemResult | NotAvailable
) -> str | NotAvailable:
    """Say whether constructs alone make an admissible model, and whose loadings are read."""
    if isinstance(measured, NotAvailable):
        return compose(measured)
    count = len(measured.model.constructs)
    names = "1 construct by itself" if count == 1 else f"{count} constructs that may all covary"
    if measured.admissible:
        return (
            f"A model of {names} is admissible: loadings, reliability and "
            "correlations of constructs below are read from it."
        )
    said = f"A model of {names} is not admissible: {name_failures(measured.checks)}."
    if isinstance(fit, SemResult) and fit.admissible:
        return (
            f"{said} The structural model is, because its paths restrict how constructs "
            "correlate: loadings and correlations below are read from it, and hold no better "
            "than its paths do."
        )
    return f"{said} No loading and no correlation of constructs is shown."


def read_reliability(
    reliability: Reliability | NotAvailable, items: ItemAnalysis | NotAvailable
) -> str:
    """Say which constructs are measured reliably, which items are in doubt, what is left out."""
    return compose(
        _say_alpha(reliability),
        say_extracted(reliability),
        _say_items(items),
        _say_notes(reliability),
    )


def read_discrimination(told: Discrimination | NotAvailable, ratios: Htmt | NotAvailable) -> str:
    """Say which constructs are told apart, by each of three criteria."""
    return compose(_say_fornell_larcker(told), _say_correlations(told), _say_ratios(ratios))


@passes_absence
def read_exploration(exploration: Exploration) -> str:
    """Say how many factors the items suggest, and whether they fall where they should."""
    wanted, suggested = exploration.n_intended, exploration.n_suggested
    astray = exploration.astray
    same = (
        "as many as" if suggested == wanted else "fewer than" if suggested < wanted else "more than"
    )
    first = (
        f"Parallel analysis suggests {count_of(suggested, 'factor')}, {same} the "
        f"{count_of(wanted, 'construct')} with several items."
    )
    alike = [exploration.labels[n] for n, v in exploration.congruence.items() if v >= FAIR]
    second = (
        f"With {count_of(wanted, 'factor')}, {_count_few(len(astray), len(exploration.items))} "
        f"{'its' if len(astray) < 2 else 'their'} largest loading on another construct's factor"
        f"{_name_few(list(astray['item']))}."
    )
    third = (
        f"By Tucker's congruence {len(alike) or 'none'} of {count_of(wanted, 'factor')} "
        f"{'resembles its construct' if len(alike) < 2 else 'resemble their constructs'} at "
        f"least fairly ({FAIR:g} or more)."
    )
    trouble = failed(exploration.factors.checks)
    fourth = "; ".join(f"'{check.name}' fails, so {check.consequence}" for check in trouble)
    return compose(first, second, third, fourth and f"Of the checks, {fourth}.")


@passes_absence
def read_common_method(found: CommonMethod) -> str:
    """Say what the three checks of common method variance see, and what they cannot."""
    half = "less than half" if found.first_component < HALF else "half or more"
    first = (
        f"The first principal component holds {percent(found.first_component)} of the items' "
        f"variance, {half} (Harman's check)."
    )
    limits = (
        "These checks see a method that touches all items alike; that they see none does not "
        "show that there is none."
    )
    if found.one_factor == found.common:  # both refused for the model's own sake
        return compose(first, found.one_factor, limits)
    return compose(first, _say_one_factor(found.one_factor), _say_common(found.common), limits)


@passes_absence
def _say_alpha(reliability: Reliability) -> str:
    table = reliability.table()
    if table.empty:
        return "No construct has several items, so that reliability cannot be estimated."
    low = table[table["alpha"] < LOWEST_RELIABILITY].to_dict("records")
    unsure = table[
        (table["alpha"] >= LOWEST_RELIABILITY) & (table["alpha lower"] < LOWEST_RELIABILITY)
    ]
    limit = f"{LOWEST_RELIABILITY:.2f}"
    if not low:
        said = f"Alpha is {limit} or more for every construct with several items."
    else:
        named = [f"{row['construct']} ({number(row['alpha'], 3)})" for row in low]
        said = f"Alpha is below {limit} for {enumerate_words(named)}."
    if unsure.empty:
        return said
    names = enumerate_words(unsure["construct"].tolist())
    return f"{said} The interval of alpha begins below {limit} for {names}."


@passes_absence
def say_extracted(reliability: Reliability) -> str:
    """Say of which constructs less than half of the items' variance is explained."""
    table = reliability.table()
    known = table.reindex(columns=["construct", "average variance extracted"]).dropna()
    if known.empty:
        return ""
    low = known[known["average variance extracted"] < LOWEST_EXTRACTED].to_dict("records")
    if not low:
        return "Every construct explains half or more of the variance of its items on average."
    named = [f"{row['construct']} ({percent(row['average variance extracted'])})" for row in low]
    return (
        "Less than half of the items' variance is explained, on average, by "
        f"{enumerate_words(named)}: convergent validity is in doubt there."
    )


@passes_absence
def _say_items(items: ItemAnalysis) -> str:
    if items.items.empty:
        return ""
    doubtful = list(items.doubtful["item"])
    if not doubtful:
        return "No item stands out from its scale."
    verb = "stands" if len(doubtful) == 1 else "stand"
    return (
        f"Of {count_of(len(items.items), 'item')} in scales of several, {len(doubtful)} {verb} out "
        f"from {'its scale' if len(doubtful) == 1 else 'their scales'}{_name_few(doubtful)}: "
        "hardly related to the rest, or alpha rises without."
    )


def _say_notes(reliability: Reliability | NotAvailable) -> str:
    if isinstance(reliability, NotAvailable):
        return ""
    return " ".join(f"{note[0].upper()}{note[1:]}." for note in reliability.notes)


@passes_absence
def _say_fornell_larcker(told: Discrimination) -> str:
    judged = {name: told.is_distinct(name) for name in told.extracted}
    missed = [told.labels[name] for name, met in judged.items() if not met]
    if not judged:
        return "No construct has several items: Fornell and Larcker's criterion cannot be applied."
    if not missed:
        return (
            "Fornell and Larcker's criterion is met: every construct shares more variance with "
            "its items than with another construct."
        )
    one = len(missed) == 1
    return (
        f"Fornell and Larcker's criterion is not met: {enumerate_words(missed)} "
        f"{'does' if one else 'do'} not share more variance with {'its' if one else 'their'} own "
        "items than with every other construct."
    )


@passes_absence
def _say_correlations(told: Discrimination) -> str:
    table = told.table()
    row = table.iloc[0]
    most = (
        f"The constructs most alike are {row['first']} and {row['second']}, correlation "
        f"{number(row['correlation'])} ({number(row['lower'])} to {number(row['upper'])})."
    )
    problems = table["problem"].value_counts()
    said = [
        f"{word} for {count_of(int(problems[word]), 'pair')}"
        for word in ("severe", "moderate", "marginal")
        if word in problems
    ]
    if not said:
        return f"{most} By the intervals no pair of constructs is a problem (Rönkkö & Cho, 2022)."
    return (
        f"{most} By the intervals the problem of telling constructs apart is "
        f"{enumerate_words(said)} of {len(table)} (Rönkkö & Cho, 2022)."
    )


@passes_absence
def _say_ratios(ratios: Htmt) -> str:
    table = ratios.table()
    known = table[np.isfinite(table["htmt"])]
    if known.empty:
        return compose(*(f"{_start(note)}." for note in ratios.notes))
    over = known[known["htmt"].abs() >= LIBERAL]
    between = known[known["htmt"].abs().between(STRICT, LIBERAL, inclusive="left")]
    top = known.iloc[0]
    pair = f"{top['first']} and {top['second']}"
    first = f"HTMT is largest for {pair} ({number(top['htmt'])}{_range(top)})."
    if over.empty and between.empty:
        second = f"All {len(known)} pairs stay below .85."
        if len(known) == 1:
            second = "The only pair stays below .85."
    else:
        second = (
            f"Of {count_of(len(known), 'pair')}, {len(over) or 'none'} "
            f"{'reach' if len(over) > 1 else 'reaches'} .90 and {len(between) or 'none'} "
            f"{'lie' if len(between) > 1 else 'lies'} between .85 and .90."
        )
    missing = [note for note in ratios.notes if "HTMT" in note]
    return compose(
        first, second, _say_one(known["interval"]), *(f"{_start(note)}." for note in missing)
    )


def _start(note: str) -> str:
    return f"{note[0].upper()}{note[1:]}"


def _say_one(intervals: pd.Series) -> str:
    one = int((intervals == "not below 1").sum())
    if one == 1:
        return "The interval of one pair does not exclude 1: the two may be one."
    if one:
        return f"The intervals of {one} pairs do not exclude 1: these may be one."
    return "" if (intervals == "not available").all() else "No interval reaches 1."


def _range(row: pd.Series) -> str:
    if not np.isfinite(row["htmt upper"]):
        return ""
    return f"; {number(row['htmt lower'])} to {number(row['htmt upper'])}"


@passes_absence
def _say_one_factor(test: Hypothesis) -> str:
    words = f"chi-squared difference {number(test.statistic, 1)}, {p_value(test.p_value)}"
    if test.p_value < 0.05:
        return f"One factor in place of the constructs fits worse ({words})."
    return (
        f"One factor in place of the constructs fits no worse ({words}): nothing tells them apart."
    )


def _say_common(common: CommonFactor | NotAvailable) -> str:
    if isinstance(common, NotAvailable):
        if common.reason == NONE_SEEN:
            return f"{NONE_SEEN[0].upper()}{NONE_SEEN[1:]}."
        return f"The common factor with equal loadings is {common}."
    seen = "told" if common.without.p_value < 0.05 else "not told"
    first = (
        f"A common factor with equal loadings holds {percent(common.share)} of the items' variance "
        f"({percent(common.lower)} to {percent(common.upper)}), {seen} from none "
        f"({p_value(common.without.p_value)})."
    )
    table = common.table()
    if table.empty:
        return first
    row = table.iloc[int(table["change"].abs().argmax())]
    before, between = ("from", "to") if row["relation"] == "path" else ("of", "with")
    moved = f"{row['relation']} {before} {row['first']} {between} {row['second']}"
    return (
        f"{first} With it the {moved} changes most, from {number(row['without'])} to "
        f"{number(row['with'])}."
    )


def _count_few(count: int, total: int) -> str:
    if count == 0:
        return f"none of {count_of(total, 'item')} has"
    return f"{count} of {count_of(total, 'item')} {'has' if count == 1 else 'have'}"


def _name_few(names: list[str]) -> str:
    if not names:
        return ""
    rest = len(names) - MOST_NAMED
    shown = names[:MOST_NAMED] + ([count_of(rest, "other")] if rest > 0 else [])
    return f" ({enumerate_words(shown)})"

"""Sentences on what tells the segments apart: held-back variables and rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.segmentation.criteria import plain_reason
from crmstudy.report.sentences.segmentation.variables import say_variable
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)
from crmstudy.segmentation.explain.explain import SegmentExplanation, name_strength
from crmstudy.segmentation.explain.rule_search import Condition
from crmstudy.segmentation.explain.rules import SegmentRules

# Words for a count of things: "more than 43 purchases", not "n purchases above 43".
COUNTED = {
    "n_purchases": "purchases",
    "n_purchase_days": "days with a purchase",
    "n_lines": "lines bought",
    "n_products": "different products",
    "n_departments": "departments",
    "n_channels": "channels",
    "n_tickets": "tickets",
    "n_complaints": "complaints",
    "n_web_events": "web events",
    "n_web_sessions": "web sessions",
    "days_since_last_purchase": "days since the last purchase",
    "tenure_days": "days since the first purchase",
    "days_since_registration": "days since registration",
    "mean_days_between_purchases": "days between purchases on average",
}
MOST_NAMED = 3
UNTESTED = "no variable that was held back could be tested"
MOST_UNTESTED = 5
MODERATE = 0.3  # Cohen (1988)


def read_explanation(
    explanation: SegmentExplanation | NotAvailable, rules: SegmentRules | NotAvailable
) -> str:
    """Say in what else the segments differ, how strongly, and how far words can tell them."""
    return compose(
        _say_tests(explanation),
        _say_strongest(explanation),
        _say_sources(explanation),
        _say_little(explanation),
        _say_untested(explanation),
        _say_quality(rules),
    )


@passes_absence
def tabulate_sizes(sizes: pd.DataFrame, *, value: str = "revenue") -> pd.DataFrame:
    """Arrange shares of customers and of a value with their intervals.

    Parameters
    ----------
    sizes : DataFrame
        As :func:`~crmstudy.segmentation.explain.profile.size_segments` returns it.
    value : str
        What is shared out.
    """
    names = {"share_customers": "share of customers", "lower_customers": "from (customers)"}
    names |= {"upper_customers": "to (customers)", "share_value": f"share of {value}"}
    names |= {"lower_value": f"from ({value})", "upper_value": f"to ({value})"}
    return sizes[list(names)].rename(columns=names).rename_axis("segment").reset_index()


@passes_absence
def tabulate_tests(explanation: SegmentExplanation) -> pd.DataFrame | NotAvailable:
    """Arrange the tests of held-back variables in words, strongest effect first."""
    if explanation.tested.empty:
        return NotAvailable(UNTESTED)
    table = explanation.table().rename(columns={"n": "customers"})
    return table.assign(
        variable=table["variable"].map(say_variable), source=table["source"].map(say_variable)
    )


@passes_absence
def tabulate_rules(rules: SegmentRules) -> pd.DataFrame:
    """Arrange the rule of each segment in words, with what it finds.

    Coverage and purity are those among customers the rule was not made from.
    """
    rows = [
        {
            "segment": segment,
            "customers": int(row["n"]),
            "rule": say_rule(rules.conditions[segment]),
            "coverage": float(row["coverage_unseen"]),
            "purity": float(row["purity_unseen"]),
            "share of customers": float(row["share"]),
            "the rule is": row["verdict"],
        }
        for segment, row in rules.rules.iterrows()
    ]
    return pd.DataFrame(rows)


@passes_absence
def list_rules(rules: SegmentRules) -> str:
    """Write one sentence a segment: its rule, what it finds, and whether it describes well."""
    return " ".join(_say_one(segment, row, rules) for segment, row in rules.rules.iterrows())


def say_rule(conditions: Sequence[Condition]) -> str:
    """Write the conditions of a rule in words; all must hold."""
    if not conditions:
        return "no condition"
    features = dict.fromkeys((one.feature, one.level) for one in conditions)
    return enumerate_words(
        [
            _say_bounds([one for one in conditions if (one.feature, one.level) == key])
            for key in features
        ]
    )


def _say_bounds(bounds: Sequence[Condition]) -> str:
    one = bounds[0]
    if one.level:
        return f"{say_variable(one.feature)} {'is' if one.above else 'is not'} {one.level}"
    above = next((b.threshold for b in bounds if b.above), None)
    most = next((b.threshold for b in bounds if not b.above), None)
    write = _writer(one.feature)
    if one.feature in COUNTED:
        things = COUNTED[one.feature]
        if above is not None and most is not None:
            return f"more than {write(above)} and at most {write(most)} {things}"
        if above is not None:
            return f"more than {write(above)} {_singular(things, above)}"
        return f"at most {write(most)} {_singular(things, most)}"
    name = say_variable(one.feature)
    if above is not None and most is not None:
        return f"{name} above {write(above)} and at most {write(most)}"
    return f"{name} above {write(above)}" if above is not None else f"{name} at most {write(most)}"


def _singular(things: str, n: float | None) -> str:
    if n != 1:
        return things
    words = {"purchases": "purchase", "days": "day", "lines": "line", "products": "product"}
    words |= {"departments": "department", "channels": "channel", "tickets": "ticket"}
    words |= {"complaints": "complaint", "events": "event", "sessions": "session"}
    first = {"different", "web"}
    split = things.split(" ")
    place = 1 if split[0] in first else 0
    split[place] = words.get(split[place], split[place])
    return " ".join(split)


def _writer(feature: str) -> Any:
    share = feature.endswith("_share") or feature.startswith("share_")

    def write(value: float | None) -> str:
        shown = 0.0 if value is None else value
        said = f"{100 * shown:.4g}%" if share else f"{shown:,.10g}"
        return said.replace("-", "−")

    return write


def _say_one(segment: Any, row: pd.Series, rules: SegmentRules) -> str:
    said = f"Segment {segment}: {say_rule(rules.conditions[segment])}"
    measured = (
        f"finds {percent_within(float(row['coverage_unseen']), 0)} of the segment, and "
        f"{percent_within(float(row['purity_unseen']), 0)} of those it finds belong to it"
    )
    if row["verdict"] == "poor":
        return f"{said}; this describes the segment badly ({measured})."
    return f"{said}; this {measured}."


@passes_absence
def _say_tests(explanation: SegmentExplanation) -> str:
    tested, clear = len(explanation.tested), len(explanation.significant)
    if tested == 0:
        return f"{UNTESTED[0].upper()}{UNTESTED[1:]}."
    if tested == 1:
        held = "it differs" if clear else "it does not differ"
        return f"1 variable was held back and tested; {held} between the segments."
    amount = "none" if clear == 0 else "all" if clear == tested else f"{clear}"
    verb = "differs" if amount in ("none", "1") else "differ"
    return (
        f"{tested:,} variables were held back and tested; after Holm's correction {amount} "
        f"{verb} between the segments."
    )


@passes_absence
def _say_strongest(explanation: SegmentExplanation) -> str:
    clear = explanation.significant
    if not len(clear):
        return ""
    said = [
        f"{say_variable(row['variable'])} ({_say_measure(row)}, {name_strength(row['effect'])})"
        for _, row in clear.head(MOST_NAMED).iterrows()
    ]
    if len(clear) == 1:
        return f"It is {said[0]}."
    return f"The strongest are {enumerate_words(said)}."


@passes_absence
def _say_sources(explanation: SegmentExplanation) -> str:
    """Say which sources show a difference: those beyond purchases are the stronger evidence."""
    tested, clear = explanation.tested, explanation.significant
    said = []
    for source in dict.fromkeys(tested["source"]):
        n = int((tested["source"] == source).sum())
        differ = int((clear["source"] == source).sum())
        said.append(f"{say_variable(source)} {differ} of {n}")
    if len(said) < 2:
        return ""
    return f"By source, the variables that differ: {enumerate_words(said)}."


@passes_absence
def _say_little(explanation: SegmentExplanation) -> str:
    """Say so where no difference is more than weak: nothing was found, or little of it."""
    clear = explanation.significant
    if not len(explanation.tested) or (len(clear) and float(clear["effect"].max()) >= MODERATE):
        return ""
    what = "no difference was shown" if not len(clear) else "no difference is more than weak"
    return f"In what the segments were not made from, {what}."


@passes_absence
def _say_untested(explanation: SegmentExplanation) -> str:
    rows = explanation.untested()
    single = rows[rows["variable"] != "all"]
    said = [
        f"{say_variable(row.variable)} ({plain_reason(str(row.reason))})"
        for row in single.head(MOST_UNTESTED).itertuples()
    ]
    if len(single) > len(said):
        said.append(f"{len(single) - len(said):,} more")
    lacking = [say_variable(source) for source in explanation.absent]
    return " ".join(
        [
            *([f"Not tested: {enumerate_words(said)}."] if said else []),
            *([f"Not tested for want of data: {enumerate_words(lacking)}."] if lacking else []),
        ]
    )


@passes_absence
def _say_quality(rules: SegmentRules) -> str:
    poor = rules.rules.index[rules.rules["verdict"] == "poor"]
    n = len(rules.rules)
    if not len(poor):
        well = "well" if (rules.rules["verdict"] == "good").all() else "fairly or well"
        said = f"A rule of a few conditions describes each of the {n} segments {well}."
        return said + _say_unruled(rules)
    named = enumerate_words([f"'{segment}'" for segment in poor])
    noun = "segment" if len(poor) == 1 else "segments"
    said = f"No rule of a few conditions describes the {noun} {named} well."
    return said + _say_unruled(rules)


def _say_unruled(rules: SegmentRules) -> str:
    """Say who is missing in the counts of the rules."""
    if not rules.n_left_out:
        return ""
    who = count_of(rules.n_left_out, "customer")
    return f" The rules leave out {who} of whom not every feature is known."


def _say_measure(row: pd.Series) -> str:
    sign = "ω" if row["measure"] == "omega" else "V"
    return f"{sign} = {number(float(row['effect']))}"

"""Sentences of chapters 00 and 08, made from the register and the recorded verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crmstudy.chapters import GATES
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.exhibits import VERDICTS
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    plain,
)

SAID = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "undecided": "is undecided: the interval holds zero",
    "withheld": "is withheld, because the checks of its chapter forbid the claim",
    "not tested": "is not tested",
}


@passes_absence
def read_conclusions(verdicts: pd.DataFrame) -> str:
    """Say of every hypothesis what became of it, as a list."""
    counts = verdicts["verdict"].value_counts()
    summed = [f"{counts[word]} {word}" for word in VERDICTS if word in counts]
    lines = [
        f"Of {count_of(len(verdicts), 'registered hypothesis', 'registered hypotheses')}: "
        f"{enumerate_words(summed)}.",
        "",
    ]
    lines += [_say(row) for row in verdicts.to_dict("records")]
    return "\n".join(lines)


def _say(row: Mapping[Any, Any]) -> str:
    line = f"- **{row['hypothesis']}** {row['statement']} This {SAID[row['verdict']]}"
    effect = row["effect"]
    if isinstance(effect, float) and not pd.isna(effect):
        p = row["p"]
        tested = f", {p_value(p)}" if isinstance(p, float) and not pd.isna(p) else ""
        lower, upper = row["lower"], row["upper"]
        line += (
            f" ({row['measure']}: {number(effect)}, 95% interval {number(lower)} to "
            f"{number(upper)}{tested})"
        )
    if row["verdict"] in ("withheld", "not tested"):
        line += f": {str(row['reason']).rstrip('.')}"
    line += _say_lost(row)
    exhibit = row.get("exhibit", "")
    return f"{line}. See {exhibit}." if isinstance(exhibit, str) and exhibit else f"{line}."


def _say_lost(row: Mapping[Any, Any]) -> str:
    """Say of a decided hypothesis that it does not survive the adjustment for several."""
    if row.get("survives") != "no":
        return ""
    return (
        "; counting all hypotheses that were tested, it does not hold "
        f"(adjusted {p_value(row['p adjusted'])})"
    )


@passes_absence
def read_multiplicity(adjusted: pd.DataFrame, *, correction: str) -> str:
    """Say how many decided hypotheses survive the adjustment, and which have no p-value."""
    known = int(adjusted["p adjusted"].notna().sum())
    derived = int((adjusted["p from"] == "its normal interval").sum())
    skewed = adjusted.loc[adjusted["p from"] == "the interval is not symmetric", "hypothesis"]
    name = {"holm": "Holm's", "benjamini-hochberg": "Benjamini and Hochberg's"}[correction]
    if not known:
        return "No hypothesis has a p-value, so there is nothing to adjust."
    return compose(
        f"{name} adjustment counts {count_of(known, 'hypothesis', 'hypotheses')} with a "
        f"p-value{_say_derived(derived)}.",
        _say_survivors(adjusted),
        ""
        if skewed.empty
        else f"{enumerate_words([str(name) for name in skewed])} "
        f"{'has' if len(skewed) == 1 else 'have'} an interval that is not symmetric and no "
        "p-value; the interval alone speaks.",
    )


def _say_derived(derived: int) -> str:
    if not derived:
        return ""
    kind = "a normal interval" if derived == 1 else "normal intervals"
    return f", {derived} of them derived from {kind}"


def _say_survivors(adjusted: pd.DataFrame) -> str:
    lost = [str(name) for name in adjusted.loc[adjusted["survives"] == "no", "hypothesis"]]
    kept = int((adjusted["survives"] == "yes").sum())
    if not lost and not kept:
        return "None of these is decided by its own interval."
    if not lost:
        every = "The one decided verdict among them survives"
        return f"{every if kept == 1 else f'All {kept} decided verdicts among them survive'} it."
    return (
        f"{enumerate_words(lost)} {'does' if len(lost) == 1 else 'do'} not survive it: decided "
        f"alone, but not among several; {kept} {'does' if kept == 1 else 'do'}."
    )


def read_chapters(held: pd.DataFrame, judged: pd.DataFrame | NotAvailable) -> str:
    """Say of every chapter what it recorded, how its checks stand and what it decides."""
    rows = sorted(held.to_dict("records"), key=lambda row: GATES[row["chapter"]].number)
    return "\n".join(_say_chapter(row, judged) for row in rows)


def _say_chapter(row: Mapping[Any, Any], judged: pd.DataFrame | NotAvailable) -> str:
    chapter = str(row["chapter"])
    head = (
        f"- **Chapter {GATES[chapter].number:02d}, {plain(chapter)}**, recorded "
        f"{count_of(row['numbers'], 'number')} and {count_of(row['tables'], 'table')}"
    )
    if isinstance(judged, NotAvailable):
        return f"{head}; {_say_checks(row)}."
    own = judged[judged["chapter"] == chapter]
    said = [
        f"{enumerate_words([str(h) for h in rows['hypothesis']])} "
        f"{'is' if len(rows) == 1 else 'are'} {word}"
        for word in VERDICTS
        if len(rows := own[own["verdict"] == word])
    ]
    decided = f" {enumerate_words(said)}." if said else ""
    return f"{head}; {_say_checks(row)}.{decided}"


def _say_checks(row: Mapping[Any, Any]) -> str:
    if not row["checks"]:
        return "it has no checks"
    if row["checks"] == 1:
        return f"its one check {'holds' if row['hold'] else 'fails'}"
    return f"{row['hold']} of its {row['checks']} checks hold"

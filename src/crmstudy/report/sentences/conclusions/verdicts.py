"""Sentences of chapters 00 and 08, made from the register and the recorded verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.report.sentences.words import count_of, enumerate_words, number, p_value

ORDER = ("supported", "contradicted", "undecided", "withheld", "not tested")
SAID = {
    "supported": "is supported",
    "contradicted": "is contradicted",
    "undecided": "is neither supported nor contradicted: the interval holds zero",
    "withheld": "is not decided, because the checks of its chapter forbid the claim",
    "not tested": "could not be tested",
}


@passes_absence
def read_register(register: pd.DataFrame) -> str:
    """Say how many hypotheses are registered and which chapters decide them."""
    chapters = list(dict.fromkeys(register["chapter"].str.replace("_", " ")))
    is_one = len(register) == 1
    return (
        f"{count_of(len(register), 'hypothesis', 'hypotheses')} "
        f"{'is' if is_one else 'are'} registered; {enumerate_words(chapters)} "
        f"decide{'s' if len(chapters) == 1 else ''} {'it' if is_one else 'them'}."
    )


@passes_absence
def read_conclusions(verdicts: pd.DataFrame) -> str:
    """Say of every hypothesis what became of it, as a list."""
    counts = verdicts["verdict"].value_counts()
    summed = [f"{counts[word]} {word}" for word in ORDER if word in counts]
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
    return line + "."

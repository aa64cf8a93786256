"""Rules on the case: whether the campaign is repeated, whether the change of service is kept."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.rules import Finding, Rule, say_failures, to_number
from crmstudy.errors import NotAvailable

#: Probability that a campaign pays from which it is repeated.
LIKELY = 0.8
#: What the campaign's row of chapter 07's verdicts is called.
CAMPAIGN = "campaign_effect"


def judge_campaign(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Repeat a campaign whose effect is claimed and that pays; else draw by lot first."""
    verdicts = evidence.table("case_study/verdicts")
    if isinstance(verdicts, NotAvailable):
        return verdicts
    rows = verdicts[verdicts["decided by"].isin([CAMPAIGN, "any"])]
    if rows.empty:
        return NotAvailable("chapter case study has no verdict on a campaign")
    row = rows.iloc[0]
    effect, lower, upper = (to_number(row[name]) for name in ("effect", "lower", "upper"))
    withheld = "" if pd.isna(row["withheld because"]) else str(row["withheld because"])
    if effect is None or lower is None or upper is None:
        return NotAvailable(
            withheld.removeprefix("not available: ") or "the effect has no interval"
        )
    chance = read_chance(evidence)
    return [_judge_effect(row, (effect, lower, upper), withheld, chance, evidence)]


def read_chance(evidence: Evidence) -> float | None:
    """Read the probability that the case's net present value is above zero."""
    for address in sorted(evidence.numbers):
        chapter, _, model, quantity = address.split(".")
        if chapter == "case_study" and "return" in model and quantity == "probability":
            value = evidence.numbers[address].get("value")
            return None if value is None else float(value)
    return None


def _judge_effect(
    row: Any,
    bounds: tuple[float, float, float],
    withheld: str,
    chance: float | None,
    evidence: Evidence,
) -> Finding:
    effect, lower, upper = bounds
    unpaid = chance is not None and chance < LIKELY
    reasons = [f"the claim is withheld: {withheld}"] if withheld else []
    if not withheld and lower <= 0 <= upper:
        reasons.append("the interval of the effect holds zero")
    if not withheld and lower > 0 and unpaid:
        reasons.append("it is not likely enough to pay")
    standing = "test first" if reasons else "do" if lower > 0 else "do not"
    action = {
        "do": "repeat the campaign",
        "do not": "repeat the campaign as it was",
        "test first": "repeat the campaign with customers held back by lot",
    }[standing]
    said = "" if chance is None else f"it pays with probability {chance:.2f}"
    return Finding(
        action=action,
        who="customers as those whom it addressed",
        exhibit="case_study/verdicts",
        model=_name_case(evidence),
        strength=_grade(row, withheld),
        value=effect,
        lower=lower,
        upper=upper,
        unit=str(row["measure"]),
        because=said,
        forbidden="; ".join(reasons),
        standing=standing,
    )


def _grade(row: Any, withheld: str) -> str:
    if withheld:
        return "association"
    by_lot = any(word in str(row["measure"]).lower() for word in ("lot", "random", "experiment"))
    return "drawn by lot" if by_lot else "comparison whose checks hold"


def _name_case(evidence: Evidence) -> str:
    models = {a.split(".")[2] for a in evidence.numbers if a.startswith("case_study.")}
    return next(
        (name for name in ("did", "campaign", "adjusted", "experiment") if name in models), ""
    )


def judge_service(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Keep a change of service after which tickets were answered sooner."""
    waits = evidence.table("case_study/waits")
    if isinstance(waits, NotAvailable):
        return waits
    rows = waits[waits["quantity"] == MEDIAN]
    ratio, lower, upper = (
        to_number(rows.iloc[0][name]) if len(rows) else None
        for name in ("after / before", "ratio, lower", "ratio, upper")
    )
    if ratio is None or lower is None or upper is None:
        return NotAvailable("the median wait has no interval on both sides of the change")
    shorter, longer = upper < 1, lower > 1
    failures = say_failures(evidence.failures("case_study/waits_checks"))
    undecided = "" if shorter or longer else "the interval of the ratio of waits holds one"
    standing = "do not" if longer else "do" if shorter and not failures else "test first"
    return [
        Finding(
            action="keep the change of service as it is"
            if longer
            else "keep the change of service",
            who="customers who ask the service desk",
            exhibit="case_study/waits",
            model="waits",
            strength="association" if failures else "comparison whose checks hold",
            value=1 - ratio,
            lower=1 - upper,
            upper=1 - lower,
            unit="share of the median wait saved",
            because=_say_wait(longer, shorter),
            forbidden="; ".join(filter(None, (undecided, failures))),
            standing=standing,
        )
    ]


#: The row of the waits by which a change of service is judged.
MEDIAN = "50% done within, hours"


def _say_wait(longer: bool, shorter: bool) -> str:
    if longer:
        return "customers wait longer since the change"
    return "customers wait less since the change" if shorter else ""


RULES = (
    Rule(
        "campaign",
        "the effect's interval is above zero, no check forbids the claim, and the campaign pays "
        "with a probability of at least 0.8 where that is known; below zero: not again; "
        "otherwise by lot first",
        ("case_study/verdicts",),
        judge_campaign,
    ),
    Rule(
        "change of service",
        "the interval of the ratio of median waits lies below one: kept; above one: not kept as "
        "it is; holds one, or a check fails: tested first",
        ("case_study/waits", "case_study/waits_checks"),
        judge_service,
    ),
)

"""Rules on what to improve: satisfaction, its moderators, indicators, the system."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crmstudy.conclusions.evidence import Evidence
from crmstudy.conclusions.rules import Finding, Rule, say_failures, to_number
from crmstudy.errors import NotAvailable

#: Share of the draws in which a system must lead for its choice to be called firm.
FIRM = 0.95
RANK = "rank by "


def judge_priority(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Begin with the construct that promises the largest gain in loyalty, or satisfaction."""
    for aim in ("loyalty", "satisfaction"):
        address = f"satisfaction_loyalty/actions_{aim}"
        actions = evidence.table(address)
        if not isinstance(actions, NotAvailable) and not actions.empty:
            return [_improve(actions.sort_values("rank").iloc[0], address, aim, evidence)]
    return evidence.table("satisfaction_loyalty/actions_loyalty")  # type: ignore[return-value]


def _improve(row: Any, address: str, aim: str, evidence: Evidence) -> Finding:
    items = str(row["items to begin with"])
    first = "" if items in ("none", "nan", "") else f", beginning with {items}"
    return Finding(
        action=f"improve {row['construct']}{first}",
        who="all customers",
        exhibit=address,
        model=_name_model(evidence, f"priorities_{aim}"),
        strength="association",
        value=to_number(row["gain"]),
        lower=to_number(row["gain lower"]),
        upper=to_number(row["gain upper"]),
        unit=f"points of 100 in {aim}, if what lacks to the best performance shrank by a tenth",
        because=f"first of the constructs in {100 * float(row['ranked first']):.0f}% of samples",
        forbidden=say_failures(evidence.failures("satisfaction_loyalty/gate")),
    )


def _name_model(evidence: Evidence, ending: str) -> str:
    for address in sorted(evidence.numbers):
        chapter, _, model, _ = address.split(".")
        if chapter == "satisfaction_loyalty" and model.endswith(ending):
            return model
    return ending


def judge_moderation(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Work on what was found to change how far satisfaction turns into loyalty."""
    table = evidence.table("satisfaction_loyalty/moderation")
    if isinstance(table, NotAvailable):
        return table
    rows = [row for row in table.to_dict("records") if to_number(row["effect"]) is not None]
    if not rows:
        return NotAvailable("no moderator could be estimated")
    model = _name_model(evidence, "_moderation")
    found = [_moderate(row, model) for row in rows if float(row["lower"]) * float(row["upper"]) > 0]
    return found or NotAvailable(
        "no moderator was found: every interval of the moderators holds zero"
    )


def _moderate(row: dict[Any, Any], model: str) -> Finding:
    weaker = float(row["effect"]) < 0
    name, kept = str(row["moderator"]), "p (Holm)"
    adjusted = to_number(row.get(kept))
    return Finding(
        action=f"put work on satisfaction first where {name} is {'low' if weaker else 'high'}",
        who=f"customers whose answers on {name} are {'low' if weaker else 'high'}",
        exhibit="satisfaction_loyalty/moderation",
        model=model,
        strength="association",
        value=abs(float(row["effect"])),
        lower=min(abs(float(row["lower"])), abs(float(row["upper"]))),
        upper=max(abs(float(row["lower"])), abs(float(row["upper"]))),
        unit="standardised path from satisfaction to loyalty, by a standard deviation less of "
        "the moderator"
        if weaker
        else "standardised path from satisfaction to loyalty, by a standard deviation more of "
        "the moderator",
        because=f"expected sign {row['expected']}, verdict {row['verdict']}",
        forbidden=""
        if adjusted is None or adjusted < 1 - FIRM
        else "it does not survive the adjustment for several moderators",
    )


def judge_indicator(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Raise the graded indicator whose weight and distance from the best grade are largest."""
    grading = evidence.table("performance_evaluation/grading")
    weights = evidence.table("performance_evaluation/weights")
    if isinstance(grading, NotAvailable):
        return grading
    if isinstance(weights, NotAvailable):
        return weights
    lacking = _measure_lack(grading, weights)
    if lacking.empty:
        return NotAvailable("no graded indicator has a weight")
    row = lacking.iloc[0]
    return [
        Finding(
            action=f"raise {row['indicator']}",
            who="all customers",
            exhibit="performance_evaluation/grading",
            model="grading ahp",
            strength="judgement",
            value=float(row["lack"]),
            unit=f"points of the grade score of 1 to {row['grades']}, if it reached the best grade",
            because=f"weight {row['overall weight']:.3f} among all indicators, "
            f"mean grade {row['score']:.2f}",
            standing="do",
        )
    ]


def _measure_lack(grading: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Measure weight times distance from the best grade, largest first, then by name."""
    names = list(grading.columns)
    grades = names[names.index("missing answers") + 1 : names.index("remark")]
    shares = grading[grades].apply(pd.to_numeric, errors="coerce")
    scored = pd.DataFrame(
        {
            "indicator": grading["indicator"].str.replace("_", " "),
            "score": shares.mul(list(range(1, len(grades) + 1))).sum(axis=1, min_count=len(grades)),
        }
    ).dropna()
    plain = weights.assign(indicator=weights["indicator"].str.replace("_", " "))
    joined = scored.merge(plain[["indicator", "overall weight"]], on="indicator")
    lack = joined["overall weight"] * (len(grades) - joined["score"])
    return joined.assign(lack=lack, grades=len(grades)).sort_values(
        ["lack", "indicator"], ascending=[False, True]
    )


def judge_system(evidence: Evidence) -> list[Finding] | NotAvailable:
    """Take the CRM system that leads by every method and in nearly all draws."""
    systems = evidence.table("performance_evaluation/selection")
    if isinstance(systems, NotAvailable):
        return systems
    best = systems.sort_values(["rank by ideal mode", "system"]).iloc[0]
    ranks = {name: int(best[name]) for name in map(str, systems) if name.startswith(RANK)}
    others = [name.removeprefix(RANK) for name, rank in ranks.items() if rank != 1]
    share = _read_share(evidence, str(best["system"]))
    firm = not others and (share is None or share >= FIRM)
    because = "first by every method" if not others else f"not first by {', '.join(others)}"
    if share is not None:
        because += f", first in {100 * share:.1f}% of the draws"
    return [
        Finding(
            action=f"take {best['system']}",
            who="the firm",
            exhibit="performance_evaluation/selection",
            model="selection",
            strength="judgement",
            value=float(best["score"]),
            unit="score in ideal mode, at most 1",
            because=because,
            forbidden="" if firm else "the choice is not firm",
            standing="do" if firm else "test first",
        )
    ]


def _read_share(evidence: Evidence, system: str) -> float | None:
    ranks = evidence.table("performance_evaluation/selection_ranks")
    if isinstance(ranks, NotAvailable):
        return None
    row = ranks[ranks["system"] == system]
    return None if row.empty else to_number(row.iloc[0]["rank 1"])


RULES = (
    Rule(
        "improvement priority",
        "the construct ranks first by what is to be gained; where the gain's interval is above "
        "zero, it is tested first, because the gain is an association",
        (
            "satisfaction_loyalty/actions_loyalty",
            "satisfaction_loyalty/actions_satisfaction",
            "satisfaction_loyalty/gate",
        ),
        judge_priority,
    ),
    Rule(
        "moderator of loyalty",
        "the interval of a moderator's effect does not hold zero; it is tested first, because "
        "the effect is an association",
        ("satisfaction_loyalty/moderation",),
        judge_moderation,
    ),
    Rule(
        "weakest indicator",
        "overall weight times distance from the best grade is largest among the graded indicators",
        ("performance_evaluation/grading", "performance_evaluation/weights"),
        judge_indicator,
    ),
    Rule(
        "CRM system",
        "the system is first by every method and in at least 95% of the draws",
        ("performance_evaluation/selection", "performance_evaluation/selection_ranks"),
        judge_system,
    ),
)

"""The rules of the care plan: which profile of a segment calls for which action."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

HIGH, LOW = 0.6, 0.4
MANY = 1.5  # times the mean of all
MOST_ACTIONS = 2  # for one segment
#: Words for what a condition compares.
SIDES = {
    "high": f"mean rank of {HIGH:g} or more",
    "low": f"mean rank of {LOW:g} or less",
    "not high": f"mean rank below {HIGH:g}",
    "not low": f"mean rank above {LOW:g}",
    "many": f"{MANY:g} times the mean of all, or more",
}


class Condition(NamedTuple):
    """One feature of a segment's profile, compared with all customers.

    Where several features say the same, the first that the data have is taken.
    """

    features: tuple[str, ...]
    side: str


class CareRule(NamedTuple):
    """An action, and all conditions under which it is right."""

    action: str
    conditions: tuple[Condition, ...]
    reading: str


LAPSED = ("days_since_last_purchase",)
VALUE = ("margin", "revenue")
PRICE = ("coupon_share", "promoted_share", "discount_share")
MIX = ("n_departments", "n_categories")

#: In the order of urgency.
CARE_RULES = (
    CareRule(
        "service recovery",
        (Condition(("n_complaints",), "many"),),
        "they complain more than others: put right what went wrong before selling more",
    ),
    CareRule(
        "win-back",
        (Condition(VALUE, "not low"), Condition(LAPSED, "high")),
        "they were worth something and stay away: call them back before they are gone",
    ),
    CareRule(
        "loyalty reward",
        (Condition(VALUE, "high"), Condition(LAPSED, "not high")),
        "they bring most and buy now: thank them, and give a reason to stay",
    ),
    CareRule(
        "coupon",
        (Condition(PRICE, "high"), Condition(LAPSED, "not high")),
        "they buy when the price is cut: a coupon moves them",
    ),
    CareRule(
        "cross-selling",
        (Condition(MIX, "low"), Condition(LAPSED, "not high")),
        "they buy now, but in few departments: show them another",
    ),
    CareRule(
        "next-purchase offer",
        (Condition(("n_purchases",), "low"), Condition(LAPSED, "not high")),
        "they buy now, but less often than others: give a reason for the next purchase",
    ),
    CareRule(
        "no paid contact",
        (Condition(VALUE, "low"), Condition(LAPSED, "high")),
        "they brought little, long ago: automatic messages only",
    ),
)
OTHERWISE = CareRule("standard service", (), "no rule speaks for more than good ordinary service")
#: Actions that cost nothing a contact.
UNPAID = ("no paid contact", OTHERWISE.action)


def tabulate_care_rules() -> pd.DataFrame:
    """Print the rules in the order in which they are asked."""
    rows = [
        {"action": rule.action, "when": _say_conditions(rule), "reading": rule.reading}
        for rule in (*CARE_RULES, OTHERWISE)
    ]
    return pd.DataFrame(rows)


def _plain_feature(name: str) -> str:
    """Write a feature's name as words."""
    return name.removeprefix("n_").replace("_", " ")


def _say_conditions(rule: CareRule) -> str:
    said = [
        f"{' or '.join(map(_plain_feature, c.features))}: {SIDES[c.side]}" for c in rule.conditions
    ]
    return "; ".join(said) or "no other rule holds"


def choose_rules(ranks: pd.Series, means: pd.Series, overall: pd.Series) -> list[CareRule]:
    """Take the first rules that hold for a segment, or the one for all others."""
    right = [rule for rule in CARE_RULES if all(_holds(c, ranks, means, overall) for c in rule[1])]
    return right[:MOST_ACTIONS] or [OTHERWISE]


def _feature(condition: Condition, ranks: pd.Series) -> str:
    return next((name for name in condition.features if name in ranks.index), "")


def _holds(c: Condition, ranks: pd.Series, means: pd.Series, overall: pd.Series) -> bool:
    name = _feature(c, ranks)
    if not name or pd.isna(ranks[name]):
        return False
    if c.side == "many":
        return bool(overall[name] > 0 and means[name] >= MANY * overall[name])
    rank = float(ranks[name])
    return {
        "high": rank >= HIGH,
        "low": rank <= LOW,
        "not high": rank < HIGH,
        "not low": rank > LOW,
    }[c.side]


def list_skipped(profile: pd.DataFrame) -> tuple[str, ...]:
    """Name the actions whose rule asks for a feature that the data lack."""
    return tuple(
        rule.action
        for rule in CARE_RULES
        if any(not set(c.features) & set(profile.columns) for c in rule.conditions)
    )


def say_reason(rule: CareRule, ranks: pd.Series, means: pd.Series, overall: pd.Series) -> str:
    """Give the figures on which a rule holds."""
    said = []
    for condition in rule.conditions:
        name = _feature(condition, ranks)
        own, all_ = _write(means[name]), _write(overall[name])
        said.append(f"{_plain_feature(name)} {own} (all {all_}, rank {ranks[name]:.2f})")
    return "; ".join(said) or "no rule holds"


def _write(number: float) -> str:
    """Write three digits, and no power of ten in a sentence."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"

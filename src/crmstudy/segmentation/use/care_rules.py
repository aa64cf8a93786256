"""The rules of the care plan: which profile of a segment calls for which action."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

HIGH, LOW = 0.6, 0.4
MANY = 1.5  # times the mean of all
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


def plain_feature(name: str) -> str:
    """Write a feature's name as words."""
    return name.removeprefix("n_").replace("_", " ")


def _say_conditions(rule: CareRule) -> str:
    said = [
        f"{' or '.join(map(plain_feature, c.features))}: {SIDES[c.side]}" for c in rule.conditions
    ]
    return "; ".join(said) or "no other rule holds"

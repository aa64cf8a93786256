"""Sentences of chapter 07, made from its results."""

from __future__ import annotations

from crmstudy.case import Campaign, DidResult
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    plain,
)


def read_case(campaign: Campaign | NotAvailable, effect: DidResult | NotAvailable) -> str:
    """Say what changed around the campaign and whether it may be called an effect."""
    return compose(_say_groups(campaign), _say_change(effect), _say_claim(effect))


@passes_absence
def _say_groups(campaign: Campaign) -> str:
    how = (
        "held back by the campaign; whether by lot, the data do not tell"
        if campaign.randomised
        else "not addressed; the firm chose whom to address, so the groups may differ from the "
        "start"
    )
    n_others = len(campaign.control_ids)
    others = f"{count_of(n_others, 'other')} {'was' if n_others == 1 else 'were'}"
    return (
        f"Campaign {campaign.campaign_id} addressed "
        f"{count_of(len(campaign.treated_ids), 'customer')}; {others} {how}."
    )


@passes_absence
def _say_change(effect: DidResult) -> str:
    means = effect.means
    treated, control = means.loc["treated"].to_dict(), means.loc["control"].to_dict()
    return (
        f"Mean {plain(effect.outcome)} a window went from {number(treated['before'])} to "
        f"{number(treated['after'])} among those addressed and from {number(control['before'])} "
        f"to {number(control['after'])} among the others. The difference of the changes is "
        f"{number(effect.effect)} (95% interval {number(effect.lower)} to "
        f"{number(effect.upper)}, {p_value(effect.test.p_value)})."
    )


@passes_absence
def _say_claim(effect: DidResult) -> str:
    if effect.claim_allowed:
        return "Every check holds, so the difference may be read as the effect of the campaign."
    problems = enumerate_words([check.name for check in failed(effect.checks)])
    return (
        "It must not be read as the effect of the campaign, because these checks fail: "
        f"{problems}. It is an association."
    )

"""Sentences on which design decides about the campaign."""

from __future__ import annotations

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.returns.benefit import ChosenEstimate
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.case.experiment import OUTCOMES
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, number, plain


@passes_absence
def read_chosen_design(
    chosen: ChosenEstimate, campaign: Campaign, *, outcome: str
) -> str | NotAvailable:
    """Say which design decides, what it gives, and whether it may be called an effect."""
    return compose(
        _say_designs(chosen), _say_estimate(chosen, campaign, outcome), _say_discord(chosen)
    )


def _say_designs(chosen: ChosenEstimate) -> str:
    claims = chosen.considered.set_index("design")["claim"].astype(str)
    absent = [name for name in claims.index if claims[name] == "not available"]
    broken = [name for name in claims.index if claims[name] == "association"]
    parts = []
    if absent:
        parts.append(f"Not available: {enumerate_words(absent)}.")
    if broken:
        parts.append(f"The checks of {enumerate_words(broken)} do not allow to claim an effect.")
    return " ".join(parts)


def _say_estimate(chosen: ChosenEstimate, campaign: Campaign, outcome: str) -> str:
    what = (
        f"{number(chosen.effect)} in {plain(OUTCOMES.get(outcome, outcome))} per customer "
        f"addressed and window (95% interval {number(chosen.lower)} to {number(chosen.upper)}, "
        f"{count_of(len(campaign.treated_ids), 'customer')} addressed)"
    )
    if chosen.claim_allowed:
        return f"The {chosen.method} decides: {what}, read as the effect of the campaign."
    return (
        f"No design allows to speak of an effect; the {chosen.method} gives {what}, an association."
    )


def _say_discord(chosen: ChosenEstimate) -> str:
    found = chosen.considered["estimate"].dropna().astype(float)
    if (found > 0).any() and (found < 0).any():
        return "The designs do not even agree on the sign."
    return ""

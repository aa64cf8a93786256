"""Sentences of chapter 07, made from its results."""

from __future__ import annotations

import pandas as pd

from crmstudy.case.campaigns.campaign import Campaign
from crmstudy.case.effects.did import DidResult
from crmstudy.case.effects.event import EventStudy
from crmstudy.case.effects.honest import HonestBounds
from crmstudy.case.effects.placebos import Placebos
from crmstudy.case.effects.pretest_power import PretestPower
from crmstudy.case.effects.resampling import Resampled
from crmstudy.checks import failed
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent,
    plain,
)

ALPHA = 0.05
OUTCOMES = {"n_purchases": "number of purchases"}


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
    outcome = OUTCOMES.get(effect.outcome, plain(effect.outcome))
    return (
        f"Mean {outcome} a window went from {number(treated['before'])} to "
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


def read_event(event: EventStudy | NotAvailable) -> str:
    """Say which windows stick out of the simultaneous band, before and after the start."""
    if isinstance(event, NotAvailable):
        return compose(event)
    frame = event.windows.drop(index=event.reference)
    beyond = (frame["band_lower"] > 0) | (frame["band_upper"] < 0)
    return compose(
        _say_side(frame[~frame["after"]], beyond, "before"),
        _say_side(frame[frame["after"]], beyond, "from the first day on"),
        _say_joint(event),
    )


def _say_side(frame: pd.DataFrame, beyond: pd.Series, side: str) -> str:
    if frame.empty:
        return "There is no window before but the reference, so nothing shows a trend."
    names = [str(name).replace("-", "−") for name in frame.index[beyond[frame.index]]]
    of = f"the {count_of(len(frame), 'window')} {side}"
    besides = " besides the reference" if side == "before" else ""
    if not names:
        return (
            f"In none of {of}{besides} does the band leave out 0."
            if len(frame) > 1
            else (f"In the one window {side}{besides} the band holds 0.")
        )
    return (
        f"The band leaves out 0 in {len(names)} of {of}{besides} "
        f"({'window' if len(names) == 1 else 'windows'} {enumerate_words(names)})."
    )


def _say_joint(event: EventStudy) -> str:
    if event.before is None:
        return ""
    p = p_value(event.before.p_value)
    if event.before.p_value < ALPHA:
        return (
            f"The groups did not move in parallel before the start ({p}): the differences "
            "after it cannot be told from more of the same."
        )
    return (
        f"No departure from parallel trends is found before the start ({p}); none is proved absent."
    )


def read_honest(bounds: HonestBounds | NotAvailable, pretest: PretestPower | NotAvailable) -> str:
    """Say how weak the test of trends may be, and how much drift the effect survives."""
    return compose(_say_pretest(pretest), _say_breakdown(bounds))


@passes_absence
def _say_pretest(pretest: PretestPower) -> str:
    row = pretest.rows.iloc[0]
    size = abs(pretest.effect)
    compared = (
        "as much as the estimate itself or more"
        if row["bias"] >= size
        else f"{percent(row['bias'] / size)} of the estimate"
    )
    return (
        f"A trend of {number(row['slope'])} a window would have been found with a chance of "
        f"{percent(row['power'], 0)} only, and would move the estimate by {number(row['bias'])}, "
        f"{compared}."
    )


@passes_absence
def _say_breakdown(bounds: HonestBounds) -> str:
    against = f"{number(bounds.estimate)} relative to the last window before"
    if bounds.breakdown == 0:
        return (
            f"The difference ({against}) is not told from 0 even if trends were parallel from "
            "that window on, so no drift is needed to undo it."
        )
    largest = number(bounds.largest_step)
    if bounds.breakdown == float("inf"):
        return f"The difference ({against}) outlasts any multiple of the largest step ({largest})."
    times = number(bounds.breakdown)
    verdict = (
        "more than was ever seen before the start"
        if bounds.breakdown >= 1
        else "less than was seen before the start, so a drift like that seen would undo it"
    )
    return (
        f"The difference ({against}) is told from 0 as long as the drift from window to window "
        f"stays below {times} times the largest one before the start ({largest}): {verdict}."
    )


def read_placebos(
    placebos: Placebos | NotAvailable, unmoved: dict[str, pd.DataFrame] | NotAvailable
) -> str:
    """Say which placebos show an effect, and which kind could not be had."""
    return compose(
        _say_placebos(placebos),
        f"Placebo outcomes are not available: {unmoved.reason}."
        if isinstance(unmoved, NotAvailable)
        else "",
    )


@passes_absence
def _say_placebos(placebos: Placebos) -> str:
    kinds = placebos.placebos["kind"].value_counts()
    counted = [
        count_of(int(kinds[kind]), f"placebo {kind}")
        for kind in ("date", "outcome")
        if kind in kinds
    ]
    of = enumerate_words(counted)
    bare = (
        f" Without any change, and left out: {enumerate_words(placebos.without)}."
        if placebos.without
        else ""
    )
    found = [str(name).replace("-", "−") for name in placebos.found["name"]]
    if not found:
        return (
            f"Of {of}, none shows an effect after Holm's correction; that speaks for the "
            f"comparison without proving it.{bare}"
        )
    verb = "shows" if len(found) == 1 else "show"
    return (
        f"Of {of}, {len(found)} {verb} an effect where there can be none "
        f"({enumerate_words(found)}): the groups differ in more than the campaign.{bare}"
    )


@passes_absence
def read_resampled(resampled: Resampled) -> str:
    """Say whether the engines agree at the 5% level."""
    named = resampled.table()
    p_values = named["p value"]
    listed = enumerate_words(
        [f"{row['engine']} {p_value(row['p value'])}" for row in named.to_dict("records")]
    )
    below = int((p_values < ALPHA).sum())
    if below in (0, len(named)):
        side = "below" if below else "not below"
        return f"All engines agree, each is {side} .05: {listed}."
    return f"The engines disagree on which side of .05 the p-value lies: {listed}."

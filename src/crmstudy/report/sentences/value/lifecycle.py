"""Sentences on stages, moves between them, and the time to lapse."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crmstudy.checks import Hypothesis
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    p_value,
    percent_within,
)
from crmstudy.value.lifecycle.agreement import StageAgreement
from crmstudy.value.lifecycle.hazards import Hazards
from crmstudy.value.lifecycle.lapses import LapseTimes
from crmstudy.value.lifecycle.stages import Lifecycle
from crmstudy.value.lifecycle.survival import GroupSurvival, Survival
from crmstudy.value.lifecycle.transitions import Transitions

ALPHA = 0.05
#: Landis & Koch (1977) for kappa.
KAPPA_GRADES = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"))
MOST_NAMED = 3


def read_lifecycle(
    lifecycle: Lifecycle | NotAvailable,
    transitions: Transitions | NotAvailable,
    agreement: StageAgreement | NotAvailable,
) -> str:
    """Say where customers stand, how they move, and whether the purchase model agrees."""
    return compose(
        _say_limit(lifecycle),
        say_last_stages(lifecycle),
        _say_moves(transitions),
        _say_order(transitions),
        _say_agreement(agreement),
    )


@passes_absence
def _say_limit(lifecycle: Lifecycle) -> str:
    lapse = lifecycle.lapse
    weeks = count_of(lapse.weeks, "week")
    later = percent_within(lapse.later)
    if lapse.given:
        return (
            f"A customer counts as lost after {weeks} without a purchase, as given; {later} of the "
            "returns seen come later than that."
        )
    so_far = f"all but {later} of the returns" if lapse.later else "all returns"
    return (
        f"A customer counts as lost after {weeks} without a purchase; by then {so_far} seen "
        "have come."
    )


@passes_absence
def say_last_stages(lifecycle: Lifecycle) -> str:
    """Say in which stages customers stand at the end."""
    shares = lifecycle.shares().iloc[-1]
    label = lifecycle.calendar.labels[-1]
    if shares.isna().all():
        return f"In {label} no customer has a stage that can be told."
    known = shares[shares > 0].sort_values(ascending=False, kind="stable")
    largest, share = str(known.index[0]), percent_within(float(known.iloc[0]))
    whom = "all known, prospects included" if shares["prospect"] > 0 else "the customers"
    said = f"In {label} the most frequent stage is '{largest}' ({share} of {whom})"
    if len(known) == 1:
        return f"In {label} all customers are in the stage '{largest}'."
    if known.iloc[0] == known.iloc[1]:
        said = f"In {label} no stage is the most frequent alone ('{largest}' holds {share})"
    lost = float(shares["lost"])
    if largest == "lost":
        return f"{said}."
    return f"{said}; {f'{percent_within(lost)} are lost' if lost else 'nobody is lost yet'}."


@passes_absence
def _say_moves(transitions: Transitions) -> str:
    if "lost" not in transitions.stages:
        return "Nobody was lost in any step, so that the way there cannot be described."
    lost = transitions.stages.index("lost")
    return " ".join(filter(None, [_say_way(transitions, lost), _say_return(transitions, lost)]))


def _say_way(transitions: Transitions, lost: int) -> str:
    before = transitions.counts[:, lost].astype(float)
    before[lost] = 0
    if not before.any():
        return ""
    most = int(np.argmax(before))
    share = percent_within(float(transitions.shares[most, lost]))
    low, high = (
        percent_within(float(ends[most, lost])) for ends in (transitions.lower, transitions.upper)
    )
    return (
        f"Most of those who become lost were '{transitions.stages[most]}' before: of the customers "
        f"in that stage {share} are lost a {transitions.unit} later (95% interval {low} to {high})."
    )


def _say_return(transitions: Transitions, lost: int) -> str:
    seen = int(transitions.counts[lost].sum())
    if not seen:
        return "What becomes of the lost is not seen, for they appear in the last period only."
    back = transitions.lost_returns
    if not back:
        return f"None of {count_of(seen, 'step')} led out of the stage 'lost'."
    return (
        f"Being lost is not the end: {percent_within(back / seen)} of the lost buy again within a "
        f"{transitions.unit}."
    )


@passes_absence
def _say_order(transitions: Transitions) -> str:
    same, _, one = transitions.tests.values()
    said = []
    if isinstance(same, Hypothesis):
        holds = same.p_value >= ALPHA
        shares = "do not differ detectably" if holds else "differ"
        said.append(f"the shares of moves {shares} between steps ({p_value(same.p_value)})")
    if isinstance(one, Hypothesis):
        holds = one.p_value >= ALPHA
        back = "one stage back is enough" if holds else "the stage before the present one matters"
        said.append(f"{back} ({p_value(one.p_value)})")
    if not said:
        return "There are too few moves to ask whether they form one Markov chain."
    fails = any(isinstance(t, Hypothesis) and t.p_value < ALPHA for t in (same, one))
    end = (
        "; expected times are then rough figures of a chain that does not hold exactly."
        if fails
        else ", so that nothing speaks against one Markov chain."
    )
    first = " and ".join(said)
    return f"{first[0].upper()}{first[1:]}{end}"


@passes_absence
def _say_agreement(agreement: StageAgreement) -> str:
    metrics = agreement.to_metrics()
    kappa = agreement.lost_kappa
    said = (
        f"By the rule {percent_within(metrics['lost_by_rule'])} of "
        f"{count_of(agreement.n, 'customer')} are lost, by P(alive) below "
        f"{number(agreement.lost_below, 1)} {percent_within(metrics['lost_by_model'])}; the model "
        f"expects that {percent_within(agreement.expected_lost)} have left"
    )
    sure = agreement.n_sure
    once = (
        f" {count_of(sure, 'customer')} lost by the rule {'has' if sure == 1 else 'have'} P(alive) "
        "1, which some models give to everyone who bought once."
        if sure
        else ""
    )
    if isinstance(kappa.kappa, NotAvailable):
        return f"{said}. How far both agree cannot be measured: {kappa.kappa.reason}.{once}"
    grade = next((word for limit, word in KAPPA_GRADES if kappa.kappa > limit), "slight")
    if kappa.kappa <= 0:
        grade = "no"
    return (
        f"{said}. Both say the same of {percent_within(kappa.agreement)} of the customers "
        f"(kappa {number(kappa.kappa)}, {grade} agreement beyond chance).{once}"
    )


def read_survival(
    times: LapseTimes | NotAvailable,
    survival: Survival | NotAvailable,
    groups: GroupSurvival | NotAvailable,
    hazards: Hazards | NotAvailable,
) -> str:
    """Say how long customers stay before a first lapse, and who lapses sooner."""
    return compose(
        _say_lapses(times), _say_median(survival), _say_groups(groups), _say_hazards(hazards)
    )


@passes_absence
def _say_lapses(times: LapseTimes) -> str:
    n, lapsed = times.n, times.n_lapsed
    observed = f"Of {count_of(n, 'customer')} observed"
    if not lapsed:
        return f"{observed} none lapsed."
    at_once = percent_within(times.n_at_once / n)
    returned = times.n_returned
    back = (
        "none of the lapsed came back"
        if not returned
        else f"{percent_within(returned / lapsed)} of the lapsed came back later"
    )
    first = "nobody did so" if not times.n_at_once else f"{at_once} of all did so"
    return (
        f"{observed} {percent_within(lapsed / n)} lapsed; {first} right after the first purchase, "
        f"and {back}."
    )


@passes_absence
def _say_median(survival: Survival) -> str:
    if survival.median == 0:
        return "Half of the customers or more lapse after their first purchase."
    if not np.isfinite(survival.median):
        share = percent_within(float(survival.curve["share"].iloc[-1]))
        return (
            f"The median time to lapse is not reached: after {number(survival.longest, 0)} weeks "
            f"{share} have not lapsed."
        )
    high = survival.median_upper
    upper = (
        f" to {number(high, 1)}"
        if np.isfinite(high)
        else " weeks upward; the upper end is not seen"
    )
    return (
        f"The median time from the first purchase to a lapse is {number(survival.median, 1)} weeks "
        f"(95% interval {number(survival.median_lower, 1)}{upper})."
    )


@passes_absence
def _say_groups(groups: GroupSurvival) -> str:
    table = groups.table()
    clear = table[table["p-value (Holm)"] < ALPHA].sort_values("p-value (Holm)", kind="stable")
    tried = count_of(len(table), "grouping")
    if clear.empty:
        return f"The curves do not differ detectably by {tried} (log-rank tests, Holm's method)."
    names = [f"'{name}'" for name in clear["grouping"].head(MOST_NAMED)]
    more = "" if len(clear) <= MOST_NAMED else f", and {len(clear) - MOST_NAMED} more"
    return (
        f"Of {tried} the curves differ by {enumerate_words(names)}{more} (log-rank tests at 5%, "
        "Holm's method)."
    )


@passes_absence
def _say_hazards(hazards: Hazards) -> str:
    estimates = hazards.estimates
    clear = estimates[estimates["p-value"] < ALPHA]
    concordance = number(hazards.concordance)
    known = f"what is known at the start tells who lapses first in {concordance} of the pairs"
    guess = "hardly better than guessing" if hazards.concordance < 0.55 else "0.5 is guessing"
    if clear.empty:
        return f"No hazard ratio differs detectably from 1; {known} ({guess})."
    strength = np.log(clear["hazard ratio"]).abs() / clear["standard error"]
    named = clear.loc[strength.sort_values(ascending=False, kind="stable").index].head(MOST_NAMED)
    said = enumerate_words([_say_ratio(row) for _, row in named.iterrows()])
    rest = len(clear) - len(named)
    more = f" ({count_of(rest, 'further ratio')} {'is' if rest == 1 else 'are'} in the table)"
    lead = (
        "The hazard of lapse differs with" if rest == 0 else "The hazard of lapse differs most with"
    )
    return f"{lead} {said}{more if rest else ''}; {known} ({guess})."


def _say_ratio(row: pd.Series) -> str:
    low, high = number(float(row["lower"])), number(float(row["upper"]))
    return f"'{row['covariate']}' (ratio {number(float(row['hazard ratio']))}, {low} to {high})"

"""Sentences on RFM scores, on how scorings agree, and on moves between periods."""

from __future__ import annotations

from collections.abc import Sequence

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
from crmstudy.segmentation.rfm.journey import Journey
from crmstudy.segmentation.rfm.migration import MOST_SPARSE, Migration
from crmstudy.segmentation.rfm.rfm import RfmResult

ALPHA = 0.05
MUCH_TIED = 0.10  # of the customers
#: Landis & Koch (1977) for kappa.
KAPPA_GRADES = ((0.8, "almost perfect"), (0.6, "substantial"), (0.4, "moderate"), (0.2, "fair"))


def read_rfm(rfm: RfmResult | NotAvailable) -> str:
    """Say which segment brings the most, how ties show, and what a failed check means."""
    return compose(_say_best(rfm), _say_ties(rfm), _say_returns(rfm))


@passes_absence
def _say_best(rfm: RfmResult) -> str:
    segments = rfm.segments
    top = segments.sort_values("revenue", ascending=False, kind="stable").iloc[0]
    said = (
        f"{count_of(rfm.n_customers, 'customer')} {'is' if rfm.n_customers == 1 else 'are'} scored"
    )
    left = f" and {rfm.n_left_out:,} left out for a missing value" if rfm.n_left_out else ""
    brings = (
        f"The segment '{top.name}' brings the most revenue: "
        f"{percent_within(float(top['share_customers']))} of the customers and "
        f"{percent_within(float(top['share_revenue']))} of the revenue."
    )
    only = f"All of them are in the segment '{top.name}'."
    return f"{said}{left}. {only if len(segments) == 1 else brings}"


@passes_absence
def _say_ties(rfm: RfmResult) -> str:
    if rfm.scoring == "cut-points":
        return _say_empty(rfm)
    largest = rfm.ties.groupby("score", sort=False)["share_tied"].max()
    much = [
        f"{name} ({percent_within(float(share))} of the customers)"
        for name, share in largest.items()
        if share >= MUCH_TIED
    ]
    if not much:
        tied = (
            "no customers are tied across a cut"
            if largest.max() == 0
            else f"at most {percent_within(float(largest.max()))} of the customers are tied across "
            "any one cut"
        )
        return f"Ties are no trouble: {tied}. {_say_empty(rfm)}".strip()
    return (
        f"Equal values keep many customers together across a cut of {enumerate_words(much)}, so "
        f"that its steps are far from equal in size. {_say_empty(rfm)}"
    ).strip()


def _say_empty(rfm: RfmResult) -> str:
    empty = rfm.ties[rfm.ties["n_customers"] == 0]
    if empty.empty:
        return ""
    named = [
        f"{'step' if len(part) == 1 else 'steps'} "
        f"{enumerate_words([str(step) for step in part['step']])} of {name}"
        for name, part in empty.groupby("score", sort=False)
    ]
    return f"Nobody stands on {enumerate_words(named)}."


@passes_absence
def _say_returns(rfm: RfmResult) -> str:
    n = int(rfm.checks[-1].statistic)
    if n == 0:
        return ""
    return (
        f"{count_of(n, 'customer')} {'has' if n == 1 else 'have'} negative revenue, for returns "
        "exceed purchases: shares of revenue are then no parts of a whole."
    )


@passes_absence
def read_agreement(agreement: pd.DataFrame) -> str:
    """Say how far ways of scoring agree, the closest and the farthest pair.

    Parameters
    ----------
    agreement : DataFrame
        As :func:`~crmstudy.segmentation.rfm.scorings.compare_scorings` returns it.
    """
    ordered = agreement.sort_values("share in the same segment", ascending=False, kind="stable")
    first, last = ordered.iloc[0], ordered.iloc[-1]
    said = _say_pair(first)
    if len(agreement) > 1:
        said += f" Farthest apart are {_name_pair(last)}: {_say_shared(last)}."
    return said


def _name_pair(pair: pd.Series) -> str:
    return f"{pair['first']} and {pair['second']}"


def _say_shared(pair: pd.Series) -> str:
    index = number(float(pair["adjusted Rand index"]))
    same = percent_within(float(pair["share in the same segment"]))
    return f"{same} of the customers are in the same segment by both (adjusted Rand index {index})"


def _say_pair(pair: pd.Series) -> str:
    kappas = {
        name: pair[f"kappa of {name}"]
        for name in ("recency", "frequency", "money")
        if pd.notna(pair[f"kappa of {name}"])
    }
    said = f"Closest are {_name_pair(pair)}: {_say_shared(pair)}"
    if not kappas:
        return f"{said}."
    name, least = min(kappas.items(), key=lambda item: item[1])
    grade = next((word for limit, word in KAPPA_GRADES if least > limit), "slight")
    if least <= 0:
        grade = "no"
    return f"{said}; their weighted kappa is least for {name}, {number(least)}, {grade} agreement."


def read_migration(migration: Migration | NotAvailable) -> str:
    """Say how many stayed, rose, fell, left and came, what value moved, whether sizes changed."""
    return compose(_say_moves(migration), _say_value(migration), _say_tests(migration))


@passes_absence
def _say_moves(migration: Migration) -> str:
    move = migration.movement
    share = {str(name): percent_within(float(s)) for name, s in move["share_customers"].items()}
    lower, upper = (float(move[end]["stayed"]) for end in ("lower", "upper"))
    interval = f"95% interval {percent_within(lower)} to {percent_within(upper)}"
    n_new = int(move["n_customers"]["new"])
    new = (
        "Nobody bought in the second period only."
        if n_new == 0
        else f"{count_of(n_new, 'customer')} of the second period "
        f"({share['new']}) bought in it only."
    )
    return (
        f"Of {count_of(migration.n_before, 'customer')} of the first period {share['stayed']} "
        f"stayed in their segment ({interval}), {share['up']} rose to one of higher value, "
        f"{share['down']} fell to one of lower value and {share['no purchase']} bought no more. "
        f"{new}"
    )


@passes_absence
def _say_value(migration: Migration) -> str:
    change = migration.movement["value_after"] - migration.movement["value_before"]
    total = float(migration.movement["value_before"].sum())
    net = float(change.sum())
    if total <= 0:
        return ""
    moved = change[change != 0]
    if moved.empty:
        return "The second period brought what the first did, direction by direction."
    largest = str(moved.abs().idxmax())
    who = {
        "stayed": "customers who stayed",
        "up": "customers who rose",
        "down": "customers who fell",
        "no purchase": "customers who bought no more",
        "new": "new customers",
    }[largest]
    sign = "more" if change[largest] > 0 else "less"
    whole = (
        "as much as the first"
        if net == 0
        else f"{percent_within(abs(net) / total)} {'more' if net > 0 else 'less'} than the first"
    )
    share = percent_within(abs(float(change[largest])) / total)
    return (
        f"The second period brought {whole}. The largest change is that of {who}: {sign} by "
        f"{share} of what the first period brought."
    )


@passes_absence
def _say_tests(migration: Migration) -> str:
    margins, symmetry = migration.margins, migration.symmetry
    said = []
    if isinstance(margins, Hypothesis):
        same = "did not change detectably" if margins.p_value >= ALPHA else "changed"
        said.append(
            f"among customers of both periods the sizes of the segments {same} "
            f"(Stuart-Maxwell, {p_value(margins.p_value)})"
        )
    if isinstance(symmetry, Hypothesis):
        less = symmetry.p_value >= ALPHA
        paths = "are balanced as far as can be told" if less else "are not balanced"
        said.append(f"moves there and back {paths} (Bowker, {p_value(symmetry.p_value)})")
    if not said:
        return "Nobody moved between two segments."
    first = "; ".join(said)
    return f"{first[0].upper()}{first[1:]}. {_say_expected(migration)}".strip()


def _say_expected(migration: Migration) -> str:
    """Say whether expected counts are large enough for the tests."""
    if not migration.checks:
        return ""
    check = migration.checks[0]
    share = percent_within(float(check.statistic))
    allowed = percent_within(MOST_SPARSE, 0)
    within = (
        f"within the {allowed} that Cochran's rule allows"
        if check.passed
        else f"beyond the {allowed} that Cochran's rule allows: the tests are approximate"
    )
    return f"Of the cells {share} expect fewer than 5 customers, {within}."


@passes_absence
def read_journey(journey: Journey) -> str:
    """Say in which range the share of customers who stay lies over several steps."""
    steps: Sequence[Migration] = journey.migrations
    shares = [float(step.movement["share_customers"]["stayed"]) for step in steps]
    gone = [float(step.movement["share_customers"]["no purchase"]) for step in steps]
    if len(steps) == 1:
        return (
            f"From one period to the next {percent_within(shares[0])} of the customers stay in "
            f"their segment and {percent_within(gone[0])} do not buy."
        )
    return (
        f"Over {count_of(len(steps), 'step')} the share of customers who stay in their segment "
        f"lies between {percent_within(min(shares))} and {percent_within(max(shares))}, and of "
        f"those who do not buy between {percent_within(min(gone))} and "
        f"{percent_within(max(gone))}."
    )

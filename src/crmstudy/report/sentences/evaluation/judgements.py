"""Who judged, how much, and how far the experts' judgements lie apart, in sentences."""

from __future__ import annotations

import numpy as np

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.judgements.overview import JudgementOverview
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
    plain,
)

#: Names that a sentence lists; of more it gives the number.
MOST_NAMES = 6


def read_judgements(overview: JudgementOverview | NotAvailable, *, remark: str = "") -> str:
    """Say who judged, how completely, and where the experts contradict each other.

    Parameters
    ----------
    overview : JudgementOverview
        The panel.
    remark : str
        What study.yml says of the judgements, for instance that the panel was made up.
    """
    about = "" if isinstance(overview, NotAvailable) else remark
    return compose(_say_panel(overview), about, _say_complete(overview), _say_apart(overview))


@passes_absence
def _say_panel(overview: JudgementOverview) -> str:
    n = len(overview.experts)
    named = f" ({enumerate_words(overview.experts)})" if n <= MOST_NAMES else ""
    matrices = count_of(len(overview.panels), "matrix", "matrices")
    asked = f"{count_of(overview.n_pairs, 'pair')}{' each' if n > 1 else ''}"
    alone = " One expert's weights are one person's opinion." if n == 1 else ""
    return f"{count_of(n, 'expert')}{named} judged {matrices} with {asked}.{alone}"


@passes_absence
def _say_complete(overview: JudgementOverview) -> str:
    filled = overview.n_filled
    total, asked = int(filled.sum()), overview.n_pairs * len(overview.experts)
    if not total:
        return "No pair was left open." if asked > 1 else ""
    open_by = [name for name, count in zip(overview.experts, filled, strict=True) if count]
    who = (
        f" by {enumerate_words(open_by)}"
        if len(open_by) <= MOST_NAMES
        else f" by {len(open_by):,} experts"
    )
    table = overview.completeness()
    bare = int((table["random index share"].eq(0) & table["filled in"].gt(0)).sum())
    trees = (
        f" In {count_of(bare, 'matrix', 'matrices')} the judgements only just link all elements: "
        "such a matrix cannot contradict itself, so that its consistency says nothing."
        if bare
        else ""
    )
    return (
        f"{count_of(total, 'pair')} of {asked:,} ({percent_within(total / asked)}) "
        f"{'was' if total == 1 else 'were'} left open{who} and filled in by what the other "
        "judgements imply; filled-in values are no opinions, and the fewer judgements, the better "
        f"consistency looks.{trees}"
    )


@passes_absence
def _say_apart(overview: JudgementOverview) -> str:
    pairs = overview.pairs()
    shared = pairs[pairs["experts"] > 1]
    if shared.empty:
        return ""
    spread = shared["spread"].to_numpy()
    worst = shared.iloc[int(spread.argmax())]
    if np.isclose(spread.max(), 0):
        return "All experts gave the same judgement on every pair."
    ties = int(np.isclose(spread, spread.max()).sum())
    among = f"{ties:,} pairs alike, such as " if ties > 1 else ""
    sides = int(shared["both sides"].sum())
    # Between judgements on one side the average may well be what most hold.
    nobody = " An average of such judgements is nobody's opinion." if worst["both sides"] else ""
    opposed = (
        f"On {count_of(sides, 'pair')} of {len(shared):,} some experts hold the one element for "
        "more important and some the other"
        if sides
        else f"On none of {count_of(len(shared), 'pair')} do experts hold opposite elements for "
        "more important"
    )
    return (
        f"{opposed}. They lie furthest apart on {among}{plain(worst['first'])} against "
        f"{plain(worst['second'])}: from {_say_ratio(worst['smallest'])} to "
        f"{_say_ratio(worst['largest'])} times.{nobody}"
    )


def _say_ratio(value: float) -> str:
    """Write 3 or 1/3 where it is one, else two decimals."""
    large = max(value, 1 / value)
    if abs(large - round(large)) > 0.02:
        return number(value)
    return f"{round(large)}" if value >= 1 or round(large) == 1 else f"1/{round(large)}"

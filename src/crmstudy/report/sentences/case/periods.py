"""Sentences on the evaluation repeated: over periods, over segments, before and after."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.grading import label_of
from crmstudy.evaluation.periods.compare import ChangeDifference, ScoreChange
from crmstudy.evaluation.periods.evaluated import EvaluatedUnits
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)

#: Fewer kept than this share of the experts' weight: the verdict is on a part.
LITTLE = 0.5
#: Names that a sentence lists before it counts them.
MOST_NAMED = 5


@passes_absence
def read_evaluated_parts(evaluated: EvaluatedUnits) -> str:
    """Say which units were evaluated, by what, and which scored highest and lowest."""
    return compose(_say_units(evaluated), _say_extremes(evaluated), _say_note(evaluated))


@passes_absence
def read_comparable_indicators(evaluated: EvaluatedUnits) -> str:
    """Say which indicators are compared, what was left out, and the weight lost with it."""
    kept = [label_of(name) for name in evaluated.indicators]
    verb = "is" if len(kept) == 1 else "are"
    text = (
        f"Compared {verb} {enumerate_words(kept)}: what can be graded in every {_noun(evaluated)}."
    )
    return compose(text, _say_lost(evaluated), _say_fixed(evaluated))


@passes_absence
def read_score_change(change: ScoreChange) -> str:
    """Say how the score changed, how sure that is, what the grade did, and what moved it."""
    return compose(_say_change(change), _say_grade(change), _say_movers(change))


@passes_absence
def read_group_changes(difference: ChangeDifference) -> str:
    """Say how the scores of both groups changed, and whether one changed more."""
    (name, one), (other, two) = difference.changes.items()
    ends = f"[{number(difference.lower)}, {number(difference.upper)}]"
    if not difference.told_apart:
        reading = "the interval holds zero, so neither group can be said to have changed more"
    elif difference.difference > 0:
        reading = "the score of those addressed rose more, or fell less, than that of the others"
    else:
        reading = "the score of those addressed rose less, or fell more, than that of the others"
    return compose(
        f"The score of the customers {name} changed by {_signed(one.change)}, "
        f"that of the customers {other} by {_signed(two.change)}.",
        f"The difference of the changes is {_signed(difference.difference)} {ends}: {reading}; "
        f"with probability {percent_within(difference.p_higher)} it is above zero.",
        "The score stops at the best grade and the worst; a group near either end has less room to "
        "move than the other, whatever the measure did.",
    )


@passes_absence
def read_regrade_limits(change: ScoreChange) -> str:
    """Say what a change from before to after is not."""
    note = change.evaluated.units.note
    return compose(
        note,
        f"That the score changed from {change.before} to {change.after} does not say why: whatever "
        "else happened in between is in it, and nobody was left to compare with.",
    )


def _say_units(evaluated: EvaluatedUnits) -> str:
    return (
        f"{count_of(len(evaluated.names), _noun(evaluated))} were evaluated by "
        f"{count_of(len(evaluated.indicators), 'indicator')} that all of them have."
    )


def _noun(evaluated: EvaluatedUnits) -> str:
    """Name one unit; a group before or after is a part of the firm."""
    return "part" if evaluated.kind == "group and period" else evaluated.kind


def _say_extremes(evaluated: EvaluatedUnits) -> str:
    table = evaluated.table()
    scores = table["score"]
    if scores.max() - scores.min() < 0.005:
        ends = (evaluated.grades.lowest, evaluated.grades.highest)
        at_end = min(abs(scores.iloc[0] - end) for end in ends) < 0.005
        return compose(
            f"All have the score {number(float(scores.iloc[0]))}.",
            "That is an end of the scale: the limits of study.yml do not tell them apart."
            if at_end
            else "",
        )
    ordered = table.sort_values("score", kind="stable").to_dict("records")
    said = [
        f"{number(row['score'])} [{number(row['lower'])}, {number(row['upper'])}], "
        f"{{}} {row[evaluated.kind]}, graded '{row['grade']}' with probability "
        f"{percent_within(row['probability of the grade'])}"
        for row in (ordered[-1], ordered[0])
    ]
    return f"The highest score, {said[0].format('belongs to')}; the lowest, {said[1].format('to')}."


def _say_note(evaluated: EvaluatedUnits) -> str:
    if evaluated.kind == "segment":
        return compose(
            evaluated.units.note,
            "Segments differ by the customers who are in them; that one scores higher does not say "
            "that the firm treats it better.",
        )
    return evaluated.units.note


def _say_lost(evaluated: EvaluatedUnits) -> str:
    dropped = evaluated.rebuilt.dropped
    if not dropped:
        return "Nothing of the hierarchy is missing."
    lost = evaluated.lost_weight
    names = [label_of(name) for name in dropped]
    which = enumerate_words(names) if len(names) <= MOST_NAMED else f"{len(names)} indicators"
    one = len(names) == 1
    text = (
        f"Left out {'is' if one else 'are'} {which}, with {percent_within(lost)} of the experts' "
        f"weight, because {'it' if one else 'they'} cannot be graded in every {_noun(evaluated)}."
    )
    if lost > LITTLE:
        text += (
            " That is more than half of what the experts hold important: the scores speak of the "
            "rest only, and are no verdict on the whole."
        )
    return text


def _say_fixed(evaluated: EvaluatedUnits) -> str:
    if not evaluated.fixed:
        return ""
    names = enumerate_words([label_of(name) for name in evaluated.fixed])
    verb = "is" if len(evaluated.fixed) == 1 else "are"
    return (
        f"{names[0].upper()}{names[1:]} {verb} counted, not sampled, and held fixed in the draws."
    )


def _say_change(change: ScoreChange) -> str:
    both = change.evaluated
    first, second = both.score(change.before), both.score(change.after)
    ends = f"[{number(change.lower)}, {number(change.upper)}]"
    if not change.told_apart:
        reading = "the interval holds zero, so a change cannot be told from chance"
    else:
        reading = f"the score {'rose' if change.change > 0 else 'fell'} by more than chance"
    return (
        f"From {change.before} to {change.after} the score went from {number(first)} to "
        f"{number(second)}, a change of {_signed(change.change)} {ends}: {reading}. The later "
        f"score is the higher one with probability {percent_within(change.p_higher)}."
    )


def _say_grade(change: ScoreChange) -> str:
    both = change.evaluated
    first, second = both.grade(change.before), both.grade(change.after)
    text = (
        f"The grade stayed '{first}'"
        if first == second
        else f"The grade went from '{first}' to '{second}'"
    )
    return (
        f"{text}; it is better with probability {percent_within(change.p_better)}, the same with "
        f"{percent_within(change.p_same)}, worse with {percent_within(change.p_worse)}."
    )


def _say_movers(change: ScoreChange) -> str:
    parts = change.contributions
    if isinstance(parts, NotAvailable):
        return f"{str(parts)[0].upper()}{str(parts)[1:]}."
    moved = parts["contribution"].sort_values(kind="stable")
    ups, downs = moved[moved >= 0.005], moved[moved <= -0.005]
    said = []
    if len(ups):
        said.append(f"{label_of(str(ups.index[-1]))} raised it most ({_signed(ups.iloc[-1])})")
    if len(downs):
        said.append(f"{label_of(str(downs.index[0]))} lowered it most ({_signed(downs.iloc[0])})")
    if not said:
        return "No single indicator moved the score by as much as 0.01."
    return f"Of the indicators, {enumerate_words(said)}."


def _signed(value: float) -> str:
    return f"+{number(value)}" if value > 0 else number(value)

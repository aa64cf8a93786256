"""Sentences on the choice of a CRM system: who leads, how surely, under which weights."""

from __future__ import annotations

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.selection.benefit import BenefitCost
from crmstudy.evaluation.selection.chances import SystemChances
from crmstudy.evaluation.selection.choice import SystemChoice
from crmstudy.evaluation.selection.sensitivity import ChoiceSensitivity
from crmstudy.report.sentences.words import (
    amount,
    compose,
    count_of,
    enumerate_words,
    number,
    percent_within,
)

#: Systems, or steps, that a sentence names one by one; of more it says how many there are.
MOST_NAMED = 3


def read_selection(
    choice: SystemChoice | NotAvailable,
    chances: SystemChances | NotAvailable,
    sensitivity: ChoiceSensitivity | NotAvailable,
    benefit: BenefitCost | NotAvailable,
    *,
    remark: str = "",
) -> str:
    """Say which system leads, how surely, under which weights another would, and at which cost.

    ``remark`` is what study.yml says of the systems or of who judged them, for instance
    that they were made up; it is said first.
    """
    if isinstance(choice, NotAvailable):
        return compose(choice)
    return compose(
        remark,
        _say_leader(choice),
        _say_methods(choice),
        _say_dominated(choice),
        _say_missing(choice),
        _say_chances(chances),
        _say_sensitivity(sensitivity),
        _say_benefit(benefit),
    )


def _say_leader(choice: SystemChoice) -> str:
    performance, leaders = choice.performance, choice.leaders
    top = number(float(choice.score.max()))
    among = f"Of {len(performance.systems)} systems,"
    weighed = (
        "The criteria were not weighed by anybody and count the same."
        if not performance.criteria_judged
        else ""
    )
    if len(leaders) > 1:
        share = f"{among} {enumerate_words(leaders)} share the highest score, {top}"
        return f"{share}; a system that is best on every criterion would have 1. {weighed}".strip()
    following = choice.order[1]
    best, next_best = float(choice.score.max()), float(choice.score[following])
    # Scores that look alike are written with more decimals, so that one is seen to be higher.
    shown = (d for d in range(2, 6) if number(best, d) != number(next_best, d))
    decimals = next(shown, 6)
    top, second = number(best, decimals), number(next_best, decimals)
    gap = f"before {following} with {second}"
    return (
        f"{among} {leaders[0]} has the highest score, {top}, {gap}; a system that is best on "
        f"every criterion would have 1. {weighed}"
    ).strip()


def _say_methods(choice: SystemChoice) -> str:
    dissenting, n = choice.dissenting, choice.scores.shape[1]
    first = "one of these" if len(choice.leaders) > 1 else "it"
    if not dissenting:
        return f"All {n} methods of ranking put {first} first."
    said = [f"{name} ({enumerate_words(choice.leaders_by_method[name])})" for name in dissenting]
    verb = "puts" if len(dissenting) == 1 else "put"
    return (
        f"Of {n} methods of ranking, {enumerate_words(said)} {verb} another system first: the "
        "choice depends on the method."
    )


def _say_dominated(choice: SystemChoice) -> str:
    if not choice.dominated:
        return "No system is beaten by another one on all criteria, so the choice rests on weights."
    names = [name for name in choice.order if name in choice.dominated]
    if len(names) > MOST_NAMED:
        return (
            f"Under no weights of the criteria does it pay to take {len(names)} of the systems: "
            "each is nowhere better and somewhere worse than another one, which the table names."
        )
    said = [
        f"{name} is nowhere better and somewhere worse than "
        f"{enumerate_words(choice.dominated[name], joined_by='or')}"
        for name in names
    ]
    what = enumerate_words(names, joined_by="or")
    return f"Under no weights of the criteria does it pay to take {what}: {'; '.join(said)}."


def _say_missing(choice: SystemChoice) -> str:
    performance = choice.performance
    said = [f"{name} is left out: {reason}." for name, reason in performance.left_out.items()]
    by_reason: dict[str, list[str]] = {}
    for name, reason in performance.dropped.items():
        by_reason.setdefault(reason, []).append(name.replace("_", " "))
    for reason, names in by_reason.items():
        one = len(names) == 1
        said.append(
            f"The {'criterion' if one else 'criteria'} {enumerate_words(names)} "
            f"{'is left out: it was' if one else 'are left out: they were'} {reason}."
        )
    return " ".join(said)


@passes_absence
def _say_chances(chances: SystemChances) -> str:
    fixed = f" (not varied: {'; '.join(chances.fixed)})" if chances.fixed else ""
    if not chances.uncertain:
        return f"How sure the ranking is cannot be said: nothing varies between draws{fixed}."
    best = chances.best.sort_values(ascending=False, kind="stable")
    first, leaders = str(best.index[0]), chances.choice.leaders
    whose = "their judgements" if "the experts" in chances.varying else "the expert's judgements"
    varying = [whose if one == "their judgements" else one for one in chances.varying]
    over = f"{count_of(chances.n_draws, 'draw')} of {enumerate_words(varying)}{fixed}"
    said = f"Over {over}, {first} is first in {percent_within(float(best.iloc[0]))}"
    if len(best) > 1 and best.iloc[1] > 0:
        said += f" and {best.index[1]} in {percent_within(float(best.iloc[1]))}"
    unlike = (
        f" {first} is not the system with the highest score, {enumerate_words(leaders)}."
        if first not in leaders
        else ""
    )
    what = (
        "how often people like these would choose so"
        if chances.choice.performance.criteria_judged
        else "how many of the possible weights speak for it"
    )
    return f"{said}.{unlike} That is {what}, not how well the system would serve."


@passes_absence
def _say_sensitivity(sensitivity: ChoiceSensitivity) -> str:
    critical, choice = sensitivity.critical, sensitivity.choice
    if len(choice.leaders) > 1:
        return "As the first systems tie, the smallest change of a weight decides between them."
    if critical is None or critical.change is None:
        return "No weight of a single criterion makes another system lead."
    edge = critical.weight + critical.change
    label = choice.performance.label(critical.criterion)
    way = "more" if critical.change > 0 else "less"
    return (
        f"{critical.successor} would lead if {label} weighed {way} than {percent_within(edge)} "
        f"instead of {percent_within(critical.weight)}, the others in proportion; no smaller "
        "change of a single weight makes another system lead."
    )


@passes_absence
def _say_benefit(benefit: BenefitCost) -> str:
    points, cost, frontier = benefit.benefit, benefit.cost, benefit.frontier
    cheapest, dearest = frontier[0], frontier[-1]
    if len(frontier) == 1:
        return (
            f"Set against cost, {cheapest} is the cheapest and brings the most "
            f"({number(float(points[cheapest]), 1)} of 100 points on the other criteria for "
            f"{amount(float(cost[cheapest]), benefit.currency)})."
        )
    steps = [
        f"{row['to']} adds {number(float(row['further points']), 1)} points to {row['from']} for "
        f"{amount(float(row['further cost']), benefit.currency)} more "
        f"({amount(float(row['cost of a point']), benefit.currency)} a point)"
        for row in benefit.steps.to_dict("records")
    ]
    if len(steps) > MOST_NAMED:
        steps = [f"the {len(steps)} steps between them stand in the table"]
    waste = [name for name in benefit.order if name in benefit.dominated]
    names = enumerate_words(waste) if len(waste) <= MOST_NAMED else f"{len(waste)} others"
    wasted = (
        f" {names} {'costs' if len(waste) == 1 else 'cost'} as much as another "
        "system or more without bringing more."
        if waste
        else ""
    )
    return (
        f"Set against cost, {cheapest} is the cheapest "
        f"({amount(float(cost[cheapest]), benefit.currency)}, "
        f"{number(float(points[cheapest]), 1)} of 100 points on the other criteria) and {dearest} "
        f"brings the most; {enumerate_words(steps)}.{wasted} What a point is worth is for the "
        "firm to say."
    )

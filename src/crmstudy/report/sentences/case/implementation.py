"""Sentences on the five-phase path and on what the staff say."""

from __future__ import annotations

import pandas as pd

from crmstudy.case.implementation.checklist import UNDECIDED, Checklist
from crmstudy.case.implementation.staff import SMALL_SAMPLE, StaffScores
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import compose, count_of, enumerate_words, number, percent


@passes_absence
def read_implementation(checklist: Checklist) -> str:
    """Say how many tasks are fulfilled, which phase is least complete, and what is not known."""
    tasks = checklist.tasks
    decided = [each for each in tasks if each.status != UNDECIDED]
    if not decided:
        return f"None of {count_of(len(tasks), 'task')} can be decided: no indicator is measured."
    return compose(
        _say_fulfilled(checklist),
        _say_phases(checklist.score()),
        _say_chance(checklist),
        _say_words(checklist),
        _say_undecided(checklist),
        "A target that was reached says nothing of what brought it about.",
    )


def _say_fulfilled(checklist: Checklist) -> str:
    met = int(checklist.to_metrics()["n_fulfilled"])
    undecided = int(checklist.to_metrics()["n_undecided"])
    decided = len(checklist.tasks) - undecided
    way = sum(each.status == "on the way" for each in checklist.tasks)
    said = f"Of {count_of(decided, 'task')} that can be decided, {met} "
    said += f"{'is' if met == 1 else 'are'} fulfilled"
    return f"{said} and {way} {'is' if way == 1 else 'are'} on the way to the target."


def _say_phases(score: pd.DataFrame) -> str:
    known = score.dropna(subset=["score"])
    lowest = float(known["score"].min())
    if lowest == 1:
        return "Every phase that has tasks is complete."
    names = [str(name) for name in known.loc[known["score"] == lowest, "phase"]]
    empty = [str(name) for name in score.loc[score["tasks"] == 0, "phase"]]
    said = (
        f"Least complete, with {percent(lowest, 0)} of the weight of its tasks, is {names[0]}."
        if len(names) == 1
        else f"Least complete, with {percent(lowest, 0)} of the weight of their tasks each, are "
        f"{enumerate_words(names)}."
    )
    if empty:
        said += f" No task is named for {enumerate_words(empty, joined_by='or')}."
    return said


def _say_chance(checklist: Checklist) -> str:
    at_target = [each.task for each in checklist.tasks if each.sure is False]
    at_start = [
        each.task
        for each in checklist.tasks
        if each.status == "on the way"
        and None not in (each.lower, each.baseline, each.upper)
        and float(each.lower or 0) <= float(each.baseline or 0) <= float(each.upper or 0)
    ]
    ends = ((at_target, "the target"), (at_start, "what was before"))
    said = [f"{end} of {_quote(names)}" for names, end in ends if names]
    if not said:
        return ""
    return (
        f"The {checklist.level:.0%} interval of the current value holds {enumerate_words(said)}: "
        "chance may turn the status."
    )


def _quote(names: list[str]) -> str:
    return enumerate_words([f"“{name}”" for name in names])


def _say_words(checklist: Checklist) -> str:
    told = sum(not each.indicator for each in checklist.tasks)
    past = sum(each.origin == "author" for each in checklist.tasks)
    said = []
    if told:
        said.append(f"the status of {count_of(told, 'task')}")
    if past:
        said.append(f"what was before of {count_of(past, 'task')}")
    if not said:
        return ""
    verb = "is" if len(said) == 1 else "are"
    text = f"{enumerate_words(said)} {verb} the author's word, not measured."
    return text[0].upper() + text[1:]


def _say_undecided(checklist: Checklist) -> str:
    names = [each.task for each in checklist.tasks if each.status == UNDECIDED]
    if not names:
        return ""
    verb = "was" if len(names) == 1 else "were"
    said = enumerate_words([f"“{name}”" for name in names])
    return (
        f"{said} {verb} not measurable and {'counts' if len(names) == 1 else 'count'} neither way."
    )


@passes_absence
def read_staff(staff: StaffScores) -> str:
    """Say what the staff think of the system, overall, and how departments compare."""
    parts = [
        f"{str(row['label']).lower()} {number(float(row['mean']), 1)} ({staff.level:.0%} interval "
        f"{number(float(row['lower']), 1)} to {number(float(row['upper']), 1)})"
        for row in staff.overall.to_dict("records")
    ]
    said = (
        f"{count_of(staff.n_respondents, 'member')} of staff answered. On a scale from 0 to 100: "
        f"{enumerate_words(parts)}."
    )
    return compose(said, _say_departments(staff), _say_hidden(staff))


def _say_departments(staff: StaffScores) -> str:
    scores = staff.scores
    shown = [name for name in dict.fromkeys(scores["group"]) if name != "all departments"]
    if len(shown) < 2:
        return ""
    apart = []
    for label, part in scores[scores["group"].isin(shown)].groupby("label", sort=False):
        if part["lower"].max() > part["upper"].min():
            apart.append(str(label).lower())
    if not apart:
        return "The departments' intervals overlap in every construct: no difference is claimed."
    return (
        f"Intervals of some departments do not overlap in {enumerate_words(apart)}; they were "
        "not planned comparisons and are not corrected for their number."
    )


def _say_hidden(staff: StaffScores) -> str:
    if not staff.hidden:
        return ""
    verb = "is" if staff.hidden == 1 else "are"
    return (
        f"{count_of(staff.hidden, 'department')} {verb} not shown, as fewer than "
        f"{staff.smallest_cell} answered or as the totals would give such a one away."
    )


@passes_absence
def read_acceptance(paths: pd.DataFrame, *, n: int | NotAvailable) -> str:
    """Say which paths of the acceptance model are told apart from zero, and how many answered.

    Parameters
    ----------
    paths : DataFrame
        ``from``, ``to``, ``standardised``, ``lower``, ``upper``, as
        :func:`crmstudy.loyalty.tabulate_paths` gives it.
    n : int
        Members of staff in the model.
    """
    if isinstance(n, NotAvailable):
        return compose(n)
    clear, open_ones = [], []
    for row in paths.to_dict("records"):
        name = f"{row['from']} → {row['to']}"
        estimate = number(float(row["standardised"]))
        if row["lower"] > 0 or row["upper"] < 0:
            clear.append(f"{name} ({estimate})")
        else:
            open_ones.append(f"{name} ({estimate})")
    said = []
    if clear:
        said.append(f"Told apart from zero, standardised: {enumerate_words(clear)}.")
    if open_ones:
        said.append(f"Undecided, as the interval holds zero: {enumerate_words(open_ones)}.")
    if n < SMALL_SAMPLE:
        said.append(
            f"With {n:,} respondents the model is small: intervals are wide, and a path that is "
            "not found may well be there."
        )
    said.append("The answers come from one survey, so the direction of the arrows is assumed.")
    return " ".join(said)

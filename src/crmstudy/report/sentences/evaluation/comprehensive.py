"""Sentences on the grade: what it rests on, what it is, how sure it is, what is missing."""

from __future__ import annotations

import math

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.grading import (
    GradedAnswers,
    GradedValue,
    Grading,
    label_of,
)
from crmstudy.evaluation.comprehensive.operators import OPERATORS, word_validity
from crmstudy.evaluation.comprehensive.uncertainty import SOURCES, VerdictUncertainty
from crmstudy.evaluation.comprehensive.verdict import GOAL, FuzzyHierarchyResult, FuzzyResult
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
    plain,
)


def read_grading(
    grading: Grading | NotAvailable, weights: HierarchyWeights | NotAvailable
) -> str | NotAvailable:
    """Say what grades the indicators, what could not be graded, and the weight lost with it.

    Parameters
    ----------
    grading : Grading
        The indicators and what grades them.
    weights : HierarchyWeights or NotAvailable
        Weights of the whole hierarchy, before anything is left out.
    """
    if isinstance(grading, NotAvailable):
        return grading
    return compose(_say_graded(grading), _say_missing(grading, weights), _say_unanswered(grading))


def _say_graded(grading: Grading) -> str:
    evidence = list(grading.evidence.values())
    asked = sum(isinstance(one, GradedAnswers) for one in evidence)
    measured = sum(isinstance(one, GradedValue) for one in evidence)
    parts = [
        (count, text)
        for count, text in (
            (asked, "by answers to the survey"),
            (measured, f"by {'its' if measured == 1 else 'their'} measured value"),
        )
        if count
    ]
    if not parts:
        return f"None of the {count_of(len(evidence), 'indicator')} can be graded."
    first, text = parts[0]
    graded = [f"{first} {'is' if first == 1 else 'are'} graded {text}"]
    graded += [f"{count} {text}" for count, text in parts[1:]]
    return f"Of {count_of(len(evidence), 'indicator')}, {enumerate_words(graded)}."


def _say_missing(grading: Grading, weights: HierarchyWeights | NotAvailable) -> str:
    if not grading.missing:
        return "Nothing of the hierarchy is missing from the verdict."
    names = list(grading.missing)
    if len(names) == len(grading.evidence):
        return "So there is no verdict."
    verb = "is" if len(names) == 1 else "are"
    said = enumerate_words([label_of(name) for name in names])
    text = f"Missing from the verdict {verb} {said}"
    if isinstance(weights, NotAvailable):
        return f"{text}."
    lost = float(weights.overall[names].sum())
    return (
        f"{text}, to which the experts gave {percent_within(lost)} of the weight; nothing is said "
        f"about {'it' if len(names) == 1 else 'them'}."
    )


def _say_unanswered(grading: Grading) -> str:
    """Name the indicator that most respondents left unanswered."""
    asked = {n: one for n, one in grading.evidence.items() if isinstance(one, GradedAnswers)}
    total = sum(one.n_missing for one in asked.values())
    if not asked or not total:
        return "Every respondent answered what is graded." if asked else ""
    share = {name: one.n_missing / one.codes.size for name, one in asked.items()}
    worst = max(share, key=lambda name: share[name])
    return (
        f"{count_of(total, 'answer')} {'is' if total == 1 else 'are'} missing and left out, most "
        f"often for {label_of(worst)} ({percent_within(share[worst])}); that those who did not "
        "answer think like the others is assumed."
    )


@passes_absence
def read_verdict(verdict: FuzzyHierarchyResult) -> str:
    """Say the grade and the score, whether the rules and the operators agree, and the parts."""
    goal = verdict.goal
    return compose(
        _say_grade(goal), _say_validity(goal), _say_operators(verdict), _say_criteria(verdict)
    )


@passes_absence
def sum_up_verdict(verdict: FuzzyHierarchyResult) -> str:
    """Say the verdict in short: grade, validity, score, and whether all operators give it."""
    goal, agree = verdict.goal, verdict.comparison.agree
    share = percent_within(float(goal.shares[goal.grade]))
    grade = f"The grade of the goal by the largest membership is '{goal.grade}' ({share}"
    if goal.tied:
        level = [f"'{name}'" for name in goal.tied if name != goal.grade]
        grade += f", level with {enumerate_words(level)}"
    nearest = "the same grade" if goal.grade_of_score == goal.grade else f"'{goal.grade_of_score}'"
    others = "all four operators give it" if agree else "not all of the four operators give it"
    return compose(
        f"{grade}; the rule is {word_validity(goal.validity)}), the score of {number(goal.score)} "
        f"is nearest to {nearest}, and {others}.",
        _say_criteria(verdict),
    )


def _say_grade(goal: FuzzyResult) -> str:
    ends = [float(goal.grades.lowest), float(goal.grades.highest)]
    decimals = 0 if all(end.is_integer() for end in ends) else 2
    scale = f"on a scale from {number(ends[0], decimals)} to {number(ends[1], decimals)}"
    under = f"Under the operator {goal.operator}, {OPERATORS[goal.operator].symbol}, "
    if goal.tied:
        tied = enumerate_words([f"'{name}'" for name in goal.tied])
        said = (
            f"the grades {tied} have equal memberships; the rule of the largest membership does "
            f"not decide, and the lowest of them, '{goal.grade}', is reported"
        )
    else:
        said = (
            f"the largest membership is that of '{goal.grade}' "
            f"({percent_within(float(goal.shares[goal.grade]))})"
        )
    nearest = goal.grade_of_score
    beside = (
        "which is nearest to the same grade"
        if nearest == goal.grade
        else f"which is nearest to another grade, '{nearest}': the two rules read the same "
        "memberships differently"
    )
    return f"{under}{said}. The score is {number(goal.score)} {scale}, {beside}."


def _say_validity(goal: FuzzyResult) -> str:
    word = word_validity(goal.validity)
    if math.isinf(goal.validity):
        return (
            "One grade has all the membership, so the rule of the largest membership may be used."
        )
    said = f"the validity of that rule is {number(goal.validity)}, which is called {word}"
    if goal.checks[0].passed:
        return f"The rule of the largest membership may be used: {said}."
    return (
        f"The rule of the largest membership hardly decides: {said}; the memberships as a whole "
        "and the score are the safer reading."
    )


def _say_operators(verdict: FuzzyHierarchyResult) -> str:
    results = verdict.comparison.results
    if verdict.comparison.agree:
        return f"All four operators give '{verdict.goal.grade}'."
    by_grade: dict[str, list[str]] = {}
    for name, one in results.items():
        by_grade.setdefault(one.grade, []).append(name)
    parts = [f"{enumerate_words(names)} '{grade}'" for grade, names in by_grade.items()]
    scores = [one.score for one in results.values()]
    return (
        f"The operators do not agree: {'; '.join(parts)}. The grade depends on the operator, so "
        f"it must be named with it; the scores lie between {number(min(scores))} and "
        f"{number(max(scores))}."
    )


def _say_criteria(verdict: FuzzyHierarchyResult) -> str:
    criteria = verdict.criteria
    if len(criteria) < 2:
        return f"Only one criterion, {plain(next(iter(criteria)))}, enters the verdict."
    scores = {name: one.score for name, one in criteria.items()}
    low, high = min(scores, key=lambda n: scores[n]), max(scores, key=lambda n: scores[n])
    if math.isclose(scores[low], scores[high]):
        return f"All criteria have the same score, {number(scores[low])}."
    return (
        f"The criterion with the highest score is {plain(high)} ({number(scores[high])}), with "
        f"the lowest {plain(low)} ({number(scores[low])})."
    )


@passes_absence
def read_uncertainty(uncertainty: VerdictUncertainty) -> str:
    """Say how probable the grade is, the interval of the score, and what makes it unsure."""
    return compose(
        _say_probability(uncertainty), _say_interval(uncertainty), _say_sources(uncertainty)
    )


def _say_probability(uncertainty: VerdictUncertainty) -> str:
    grade, share = uncertainty.verdict.goal.grade, uncertainty.p_grade
    drawn = f"{uncertainty.n_draws:,} draws of respondents, measured values, experts and judgements"
    if share == 1:
        return f"In all {drawn} the goal is graded '{grade}'."
    goal = uncertainty.probabilities.loc[[GOAL]].iloc[0]
    others = goal.drop(grade).astype(float)
    rival, most = str(others.idxmax()), float(others.max())
    said = f"In {percent_within(share)} of {drawn} the goal is graded '{grade}'"
    if most > share:
        return (
            f"{said}, but in {percent_within(most)} '{rival}': the grade is a matter of who was "
            "asked."
        )
    return f"{said}, in {percent_within(most)} '{rival}'."


def _say_interval(uncertainty: VerdictUncertainty) -> str:
    goal = uncertainty.scores.loc[[GOAL]].iloc[0]
    level = percent(uncertainty.level, 0)
    ends = [float(goal["lower"]), float(goal["upper"])]
    low, high = (uncertainty.grades.name_nearest(end) for end in ends)
    border = (
        f"; its ends are nearest to '{low}' and '{high}', so the grade by the score is open"
        if low != high
        else ""
    )
    return (
        f"The {level} interval of its score runs from {number(ends[0])} to {number(ends[1])}"
        f"{border}."
    )


def _say_sources(uncertainty: VerdictUncertainty) -> str:
    shares = uncertainty.sources.set_index("source")["share"].dropna().astype(float)
    known = shares[[source for source in SOURCES if source in shares and shares[source] > 0]]
    if known.empty:
        return "Nothing that the score rests on could vary, so its interval says nothing."
    ranked = known.sort_values(ascending=False, kind="stable")
    parts = [f"{name} ({percent_within(float(share))})" for name, share in ranked.items()]
    if len(parts) == 1:
        return f"All of its variance comes from {ranked.index[0]}."
    return (
        f"Drawn one at a time, the sources bring of the variances' sum: {enumerate_words(parts)}. "
        "What no draw varies, the limits, the cuts of the scale and the operator, comes on top."
    )

"""Sentences of chapter 06, made from its results."""

from __future__ import annotations

from typing import Any

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    plain,
)


def read_evaluation(
    panel: Any | NotAvailable, rebuilt: Any | NotAvailable, verdict: Any | NotAvailable
) -> str:
    """Say what the experts weigh most, what could be evaluated, and the verdict."""
    return compose(_say_panel(panel), _say_rebuilt(rebuilt), _say_verdict(verdict))


@passes_absence
def _say_panel(panel: Any) -> str:
    table = panel.table()
    criteria = table.drop_duplicates("criterion").sort_values("criterion weight", ascending=False)
    top = table.sort_values("overall weight", ascending=False).iloc[0]
    over = len(panel.over_limit)
    consistency = (
        "all are consistent enough"
        if not over
        else f"{count_of(over, 'expert')} over the limit of consistency in some matrix "
        f"({enumerate_words(panel.over_limit)}); {panel.rule}"
    )
    first, last = criteria.iloc[0], criteria.iloc[-1]
    most = f"{plain(first['criterion'])} ({percent(first['criterion weight'])})"
    least = f"{plain(last['criterion'])} ({percent(last['criterion weight'])})"
    spread = f"The heaviest criterion is {most}, the lightest {least}"
    if first["criterion weight"] == last["criterion weight"]:
        spread = "All criteria weigh the same" if len(criteria) > 1 else "There is one criterion"
    return (
        f"{count_of(len(panel.experts), 'expert')} judged: {consistency}. {spread}; the heaviest "
        f"indicator is {plain(top['indicator'])} ({percent(top['overall weight'])})."
    )


@passes_absence
def _say_rebuilt(rebuilt: Any) -> str:
    metrics = rebuilt.to_metrics()
    used, dropped = int(metrics["n_indicators"]), int(metrics["n_indicators_dropped"])
    if not dropped:
        return f"All {used} indicators enter the evaluation."
    gone = enumerate_words([plain(name) for name in rebuilt.dropped_criteria])
    criteria = f", so that nothing is said about {gone}" if gone else ""
    return (
        f"Of {used + dropped} indicators {used} can be graded{criteria}; the weights of the others "
        "were given to what remains."
    )


@passes_absence
def _say_verdict(verdict: Any) -> str:
    goal, comparison = verdict.goal, verdict.comparison
    best = float(max(goal.grades.values))
    agree = (
        "All four operators give this grade."
        if comparison.agree
        else "The four operators do not agree on the grade: it depends on the operator, and the "
        "score is the safer reading."
    )
    return (
        f"With the operator {goal.operator} the grade is '{goal.grade}' and the score "
        f"{number(goal.score)} of {number(best, 0)}. {agree}"
    )

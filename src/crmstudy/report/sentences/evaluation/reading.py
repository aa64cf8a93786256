"""Sentences of chapter 06, made from its results."""

from __future__ import annotations

from typing import Any

from crmstudy.checks import failed
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
    panel: Any | NotAvailable,
    rebuilt: Any | NotAvailable,
    verdict: Any | NotAvailable,
    *,
    remark: str = "",
) -> str:
    """Say what the panel weighs most, what could be evaluated, and the verdict.

    ``remark`` is what study.yml says of the judgements, for instance that a panel was
    made up; it is repeated where the panel is spoken of.
    """
    said = _say_panel(panel)
    about = "" if isinstance(said, NotAvailable) else remark
    return compose(said, about, _say_rebuilt(rebuilt, panel), _say_verdict(verdict))


@passes_absence
def _say_panel(panel: Any) -> str:
    table = panel.table()
    criteria = table.drop_duplicates("criterion").sort_values("criterion weight", ascending=False)
    top = table.sort_values("overall weight", ascending=False).iloc[0]
    over = len(panel.over_limit)
    consistency = (
        "all are consistent enough in every matrix"
        if not over
        else f"{over} over the limit of consistency in one matrix or more "
        f"({enumerate_words(panel.over_limit)}); {panel.rule}"
    )
    first, last = criteria.iloc[0], criteria.iloc[-1]
    most = f"{plain(first['criterion'])} ({percent(first['criterion weight'])})"
    least = f"{plain(last['criterion'])} ({percent(last['criterion weight'])})"
    spread = f"The heaviest criterion is {most}, the lightest {least}"
    if first["criterion weight"] == last["criterion weight"]:
        spread = "All criteria weigh the same" if len(criteria) > 1 else "There is one criterion"
    return (
        f"The panel has {count_of(len(panel.experts), 'member')}: {consistency}. {spread}; the "
        f"heaviest indicator is {plain(top['indicator'])} ({percent(top['overall weight'])})."
    )


def _say_rebuilt(rebuilt: Any, panel: Any) -> str | NotAvailable:
    if isinstance(rebuilt, NotAvailable):
        return rebuilt
    metrics = rebuilt.to_metrics()
    used, dropped = int(metrics["n_indicators"]), int(metrics["n_indicators_dropped"])
    if not dropped:
        return f"All {used} indicators enter the evaluation."
    gone = enumerate_words([plain(name) for name in rebuilt.dropped_criteria])
    criteria = f", so that nothing is said about {gone}" if gone else ""
    weights = "" if isinstance(panel, NotAvailable) else "; their weights went to what remains"
    return f"Of {used + dropped} indicators {used} can be graded{criteria}{weights}."


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
    firm = " ".join(
        f"But the check that {check.name} fails: {check.consequence}."
        for check in failed(goal.checks)
        if "operators" not in check.name
    )
    return (
        f"With the operator {goal.operator} the grade is '{goal.grade}' and the score "
        f"{number(goal.score)} of {number(best, 0)}. {agree} {firm}"
    ).rstrip()

"""The reading of chapter 06: the panel, what could be evaluated, and the verdict."""

from __future__ import annotations

from typing import Any

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.evaluation.comprehensive import read_verdict
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
    plain,
)


def read_evaluation(
    panel: Any | NotAvailable,
    rebuilt: Any | NotAvailable,
    verdict: Any | NotAvailable,
    uncertainty: Any | NotAvailable | None = None,
    *,
    remark: str = "",
) -> str:
    """Say what the panel weighs most, what could be evaluated, and the verdict.

    ``remark`` is what study.yml says of the judgements, for instance that a panel was
    made up; it is repeated where the panel is spoken of.
    """
    said = _say_panel(panel)
    about = "" if isinstance(said, NotAvailable) else remark
    sure = "" if uncertainty is None else _say_sure(uncertainty)
    return compose(said, about, _say_rebuilt(rebuilt, panel), read_verdict(verdict), sure)


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
    if isinstance(panel, NotAvailable):
        return f"Of {used + dropped} indicators {used} can be graded{criteria}."
    lost = float(panel.weights.overall[list(rebuilt.dropped)].sum())
    return (
        f"Of {used + dropped} indicators {used} can be graded{criteria}; with the others "
        f"{percent_within(lost)} of the experts' weight is missing from the verdict, and their "
        "weights went to what remains."
    )


@passes_absence
def _say_sure(uncertainty: Any) -> str:
    scores, share = uncertainty.scores.iloc[0], uncertainty.p_grade
    often = "all" if share == 1 else f"{percent_within(share)} of"
    return (
        f"With other respondents, values and experts it would be the same grade in {often} "
        f"{uncertainty.n_draws:,} draws, and the score would lie between "
        f"{number(float(scores['lower']))} and {number(float(scores['upper']))} in "
        f"{percent(uncertainty.level, 0)} of them."
    )

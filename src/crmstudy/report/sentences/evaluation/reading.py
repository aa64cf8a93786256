"""The reading of chapter 06: the panel, what could be evaluated, and the verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.report.sentences.evaluation.comprehensive import sum_up_verdict
from crmstudy.report.sentences.words import (
    compose,
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
    plain,
)

#: Names listed one by one.
MOST_NAMED = 4
#: Weights whose difference is that of rounding weigh the same.
TIE = 1e-9


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
    return compose(said, about, _say_rebuilt(rebuilt, panel), sum_up_verdict(verdict), sure)


@passes_absence
def _say_panel(panel: Any) -> str:
    table = panel.table()
    criteria = table.drop_duplicates("criterion").sort_values("criterion weight", ascending=False)
    over, n = len(panel.over_limit), len(panel.experts)
    consistency = (
        f"{'consistent' if n == 1 else 'all are consistent'} enough in every matrix"
        if not over
        else f"{over} over the limit of consistency in one matrix or more "
        f"({enumerate_words(panel.over_limit)}); {panel.rule}"
    )
    heaviest = _say_outermost(criteria, "criterion", "criterion weight")
    lightest = _say_outermost(criteria[::-1], "criterion", "criterion weight")
    least = lightest.removeprefix("criterion is ").removeprefix("criteria ")
    spread = f"The heaviest {heaviest}, the lightest {least}"
    if heaviest == lightest:
        spread = "All criteria weigh the same" if len(criteria) > 1 else "There is one criterion"
    by_weight = table.sort_values("overall weight", ascending=False)
    top = _say_outermost(by_weight, "indicator", "overall weight")
    return f"The panel has {count_of(n, 'member')}: {consistency}. {spread}; the heaviest {top}."


def _say_outermost(rows: pd.DataFrame, level: str, weight: str) -> str:
    """Name the first of sorted rows with its weight, and those that weigh the same."""
    first = float(rows[weight].iloc[0])
    level_with = rows[np.isclose(rows[weight], first, rtol=TIE, atol=0)]
    names = sorted(plain(one) for one in level_with[level])
    if len(names) == 1:
        return f"{level} is {names[0]} ({percent(first)})"
    said = enumerate_words(names) if len(names) <= MOST_NAMED else f"{len(names)} that tie"
    plural = {"criterion": "criteria", "indicator": "indicators"}[level]
    return f"{plural} are {said} ({percent(first)} each)"


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
        f"With other respondents, values and experts the grade of the goal would be the same in "
        f"{often} {uncertainty.n_draws:,} draws, and its score would lie between "
        f"{number(float(scores['lower']))} and {number(float(scores['upper']))} in "
        f"{percent(uncertainty.level, 0)} of them."
    )

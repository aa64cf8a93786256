"""Sentences on the weights of a hierarchy: how firm their order is, and what hangs on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from crmstudy.errors import passes_absence
from crmstudy.evaluation.hierarchy.intervals import WeightIntervals
from crmstudy.evaluation.hierarchy.reversal import RankReversal, Synthesis
from crmstudy.evaluation.hierarchy.sensitivity import Sensitivity
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, RebuiltHierarchy
from crmstudy.report.sentences.words import (
    count_of,
    enumerate_words,
    number,
    percent,
    percent_within,
    plain,
)

#: A change of a weight below this is smaller than what a panel can tell.
SLIGHT = 0.05
#: Names listed one by one.
MOST_NAMED = 4
#: Weights whose difference is that of rounding weigh the same.
TIE = 1e-9


@passes_absence
def read_weights(intervals: WeightIntervals) -> str:
    """Say which weights lead, what comes level with them, and what was varied."""
    parts = [_say_level(intervals, level) for level in ("criterion", "indicator")]
    return " ".join([*filter(None, parts), _say_sources(intervals)])


def _say_level(intervals: WeightIntervals, level: str) -> str:
    rows = intervals.of(level)
    if len(rows) == 1:
        return "" if level == "indicator" else "There is one criterion, which has all the weight."
    first = rows.iloc[0].to_dict()
    level_with = rows[np.isclose(rows["weight"], float(first["weight"]), rtol=TIE, atol=0)]
    if len(level_with) > 1:
        return _say_tie(level_with, level, n=len(rows), confidence=intervals.confidence)
    name = plain(str(first["name"]))
    said = (
        f"The heaviest {level} is {name} with {percent(float(first['weight']))} "
        f"({percent(intervals.confidence, 0)} interval {percent(float(first['lower']))} to "
        f"{percent(float(first['upper']))})"
    )
    share = percent_within(float(first["probability first"]))
    tied = [plain(one) for one in intervals.tied(level)]
    if not tied:
        other = "the other" if len(rows) == 2 else "each of the others"
        return f"{said}; it is firmly before {other}, and the heaviest in {share} of the draws."
    return f"{said}, but that is not firm: it is the heaviest in {share} of the draws, and " + (
        f"{_list(tied)} {'is' if len(tied) == 1 else 'are'} not firmly behind it."
    )


def _say_tie(rows: pd.DataFrame, level: str, *, n: int, confidence: float) -> str:
    """Say that the heaviest weigh the same, and how far each may lie from there."""
    plural = {"criterion": "criteria", "indicator": "indicators"}[level]
    names = _list([plain(str(name)) for name in rows["name"]])
    lowest, highest = float(rows["lower"].min()), float(rows["upper"].max())
    share = percent(float(rows["weight"].iloc[0]))
    bounds = f"{percent(confidence, 0)} intervals within {percent(lowest)} to {percent(highest)}"
    if len(rows) == n:
        every = f"The two {plural}" if n == 2 else f"All {n} {plural}"
        return f"{every} weigh the same, {share} each ({bounds})."
    return f"The heaviest {plural}, {names}, weigh the same, {share} each ({bounds})."


def _list(names: Sequence[str]) -> str:
    if len(names) <= MOST_NAMED:
        return enumerate_words(names)
    return f"{', '.join(names[: MOST_NAMED - 1])} and {len(names) - MOST_NAMED + 1} more"


def _say_sources(intervals: WeightIntervals) -> str:
    noise = (
        f"each judgement is perturbed by a factor of about {number(_factor(intervals.noise))}"
        if intervals.noise > 0
        else ""
    )
    resampled = ""
    if intervals.n_resamples > 1:
        every = ", each drawn as often as it is probable" if intervals.enumerated else ""
        resampled = (
            f"{count_of(intervals.n_experts, 'expert')} are resampled "
            f"({count_of(intervals.n_resamples, 'panel')} that differ{every})"
        )
    what = " and ".join(filter(None, [resampled, noise]))
    limits = (
        "With one expert the intervals say how far the same person could have judged otherwise, "
        "not what other experts would say."
        if intervals.n_experts == 1
        else "The intervals say what other experts of the same kind could have said, not that "
        "the panel is right."
    )
    return f"In the {count_of(intervals.n_draws, 'draw')} {what}. {limits}"


def _factor(noise: float) -> float:
    """What one standard deviation of the logarithm multiplies a judgement by."""
    return float(2.718281828459045**noise)


@passes_absence
def read_sensitivity(sensitivity: Sensitivity, *, what: str = "alternative") -> str:
    """Say whether and when another one would lead as one weight moves.

    ``what`` is the noun of what is ranked: system, unit, grade.
    """
    first = enumerate_words([_name_ranked(one, what) for one in sensitivity.first])
    n = len(sensitivity.traces)
    nearest = sensitivity.nearest
    if len(next(iter(sensitivity.traces.values())).lines) < 2:
        return f"There is one {what} only, so no weight can change who leads."
    if nearest is None:
        verb = "leads" if len(sensitivity.first) == 1 else "lead together"
        return f"Whatever weight any one of the {n} criteria is given, {first} {verb}."
    change = nearest.change or 0.0
    target = nearest.weight + change
    firm = [name for name, trace in sensitivity.traces.items() if trace.change is None]
    if len(sensitivity.first) > 1:
        return (
            f"With the weights as they are, {first} lead together; the smallest change of the "
            f"weight of {plain(nearest.criterion)} decides between them."
        )
    verb = "rose" if change > 0 else "fell"
    slight = (
        " That is less than a panel can tell, so who leads is open." if abs(change) < SLIGHT else ""
    )
    same = ""
    if firm:
        names = enumerate_words([plain(name) for name in firm], joined_by="or")
        same = f" No weight of {names} changes it."
    after = enumerate_words([_name_ranked(one, what) for one in nearest.successors])
    # Grades are traced by this operator alone, since only sums follow a weight in a line.
    how = " This is read under M(·, +), whichever operator decides." if what == "grade" else ""
    return (
        f"With the weights as they are, {first} leads. The nearest change is that of "
        f"{plain(nearest.criterion)}: if its weight {verb} from {number(nearest.weight)} to "
        f"{number(target)}, the others in proportion, {after} would lead.{slight}{same}{how}"
    )


def _name_ranked(name: str, what: str) -> str:
    """Name what is ranked; a grade is an adjective and stands in quotation marks."""
    return f"'{plain(name)}'" if what == "grade" else plain(name)


@passes_absence
def read_reversal(reversal: RankReversal) -> str:
    """Say whether copies and removals change the order of the others."""
    trials = len(reversal.trials) // 2
    if not any(len(reversal.reversals(mode)) for mode in MODES):
        return (
            f"By neither synthesis does one of the {trials} trials change the order of the others."
        )
    parts = [_say_synthesis(reversal.reversals(mode), mode, trials) for mode in MODES]
    return " ".join(parts)


MODES: tuple[Synthesis, ...] = ("distributive", "ideal")


def _say_synthesis(turned: pd.DataFrame, mode: str, trials: int) -> str:
    if turned.empty:
        return f"With {mode} synthesis none of the {trials} trials changes the order of the others."
    first = turned.iloc[0]
    more = f" (the first: when {first['change']}, {first['who passes whom']})"
    return (
        f"With {mode} synthesis {len(turned)} of the {trials} trials "
        f"{'changes' if len(turned) == 1 else 'change'} the order of the others{more}."
    )


@passes_absence
def read_rebuilt(rebuilt: RebuiltHierarchy, weights: HierarchyWeights) -> str:
    """Say how much of the panel's weight rests on what can be graded."""
    overall = weights.overall
    total = len(overall)
    if not rebuilt.dropped:
        return f"All {total} indicators can be graded, and the weights are the panel's own."
    lost = float(overall[list(rebuilt.dropped)].sum())
    gone = [plain(name) for name in rebuilt.dropped_criteria]
    criteria = f"; nothing is left of {enumerate_words(gone)}" if gone else ""
    n = len(rebuilt.dropped)
    whose = "the indicator" if n == 1 else f"the {n} indicators"
    alone = set(rebuilt.dropped) == {
        one for name in rebuilt.dropped_criteria for one in weights.local[name].index
    }
    goes = [] if alone else ["what remains under the same criterion"]
    goes += ["the other criteria in proportion"] if gone else []
    return (
        f"The weight of {whose} that cannot be graded, {percent(lost)} of the panel's, goes to "
        f"{', or where nothing remains to '.join(goes)}{criteria}. The evaluation speaks for "
        "the rest only."
    )

"""Evaluating periods, segments, and groups before and after, by one hierarchy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.draws import draw_memberships
from crmstudy.evaluation.comprehensive.evaluate import decide, evaluate_fuzzy_hierarchy
from crmstudy.evaluation.comprehensive.grading import (
    GradedAnswers,
    GradedValue,
    Grading,
    grade_indicators,
)
from crmstudy.evaluation.comprehensive.shapes import grade_values
from crmstudy.evaluation.comprehensive.verdict_draws import _evaluate_block
from crmstudy.evaluation.hierarchy.synthesis import rebuild_hierarchy
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws
from crmstudy.evaluation.periods.evaluated import EvaluatedUnits
from crmstudy.evaluation.periods.plan import EvaluationPlan
from crmstudy.evaluation.periods.sampling import draw_values
from crmstudy.evaluation.periods.units import (
    Unit,
    Units,
    list_periods,
    part_around,
    part_groups,
    part_segments,
)
from crmstudy.indicators.evidence import Evidence
from crmstudy.indicators.intervals import Interval
from crmstudy.indicators.measure import Day, measure_evidence
from crmstudy.indicators.table import IndicatorTable
from crmstudy.statistics.draws import draw_seeds

Floats = npt.NDArray[np.float64]
#: Stage of the study's seed.
STAGE = 430
DAY = pd.Timedelta("1D")
ADDRESSED, COMPARED = "addressed", "compared"


@passes_absence
def evaluate_periods(plan: EvaluationPlan, *, unit: Unit = "year") -> EvaluatedUnits:
    """Evaluate the firm in every calendar period that its purchases cover whole.

    Parameters
    ----------
    plan : EvaluationPlan
        How parts of the firm are evaluated.
    unit : {"year", "half", "quarter"}
        Length of the periods.

    Raises
    ------
    SettingsError
        If the unit is unknown.
    ModelError
        If fewer than two periods are covered, or no indicator can be compared.
    """
    return evaluate_units(plan, list_periods(plan.evidence, unit=unit))


@passes_absence
def evaluate_segments(
    plan: EvaluationPlan,
    *,
    window_start: Day,
    window_end: Day,
    column: str = "",
    at_least: int = 30,
    most: int = 8,
) -> EvaluatedUnits:
    """Evaluate groups of customers in one window.

    Parameters
    ----------
    plan : EvaluationPlan
        How parts of the firm are evaluated.
    window_start, window_end : str or Timestamp
        First moment of the window, and first moment after it.
    column : str
        Column of ``customers``; empty takes quarters of the customers by what they spent
        in the period of equal length before the window.
    at_least, most : int
        Segments with fewer customers are left out, and so are the smallest beyond ``most``.

    Raises
    ------
    SettingsError
        If there is no such column.
    ModelError
        If fewer than two segments remain, or no indicator can be compared.
    """
    units = part_segments(
        plan.evidence,
        column=column,
        start=pd.Timestamp(window_start),
        end=pd.Timestamp(window_end),
        at_least=at_least,
        most=most,
    )
    return evaluate_units(plan, units)


@passes_absence
def evaluate_around(
    plan: EvaluationPlan, *, changed_on: Day | dt.date | None, unit: Unit = "year"
) -> EvaluatedUnits:
    """Evaluate the whole firm before and after a day on which something changed for all.

    Parameters
    ----------
    plan : EvaluationPlan
        How parts of the firm are evaluated.
    changed_on : str, date, Timestamp or None
        First day of the measure; empty or None if no day is known.
    unit : {"year", "half", "quarter"}
        Length of the window on either side.

    Raises
    ------
    ModelError
        If no day is told, the purchases do not cover both windows, or no indicator can be
        compared.
    """
    if not changed_on or pd.isna(pd.Timestamp(changed_on)):
        raise ModelError("neither CHANGED_ON nor case.changed_on in study.yml names a day")
    return evaluate_units(
        plan, part_around(plan.evidence, changed_on=pd.Timestamp(changed_on), unit=unit)
    )


@passes_absence
def evaluate_groups(
    plan: EvaluationPlan,
    *,
    treated_ids: Sequence[str],
    control_ids: Sequence[str],
    campaign_start: Day,
    campaign_end: Day,
) -> EvaluatedUnits:
    """Evaluate customers addressed and not addressed, before and during a campaign.

    Parameters
    ----------
    plan : EvaluationPlan
        How parts of the firm are evaluated.
    treated_ids, control_ids : sequence of str
        Customers addressed; customers to compare them with.
    campaign_start, campaign_end : str or Timestamp
        First and last day; the window before it is as long.

    Raises
    ------
    ModelError
        If the purchases do not cover both windows, nobody of a group has bought, or no
        indicator can be compared.
    """
    units = part_groups(
        plan.evidence,
        groups={ADDRESSED: treated_ids, COMPARED: control_ids},
        start=pd.Timestamp(campaign_start).normalize(),
        end=pd.Timestamp(campaign_end).normalize() + DAY,
    )
    return evaluate_units(plan, units)


def evaluate_units(plan: EvaluationPlan, units: Units) -> EvaluatedUnits:
    """Evaluate every unit by the indicators that all of them have, with common draws.

    Each draw takes other experts and other judgements, the same for all units, and other
    customers, who count in every unit that they bought in.

    Raises
    ------
    ModelError
        If no indicator of the hierarchy can be graded in every unit.
    """
    tables = {name: measure_evidence(one) for name, one in units.evidence.items()}
    graded = {name: _grade(plan, units.evidence[name], table) for name, table in tables.items()}
    rebuilt = rebuild_hierarchy(plan.panel.hierarchy, _find_common(plan, graded))
    kept = [name for names in rebuilt.hierarchy.values() for name in names]
    gradings = {name: _restrict(one, kept) for name, one in graded.items()}
    weights = rebuilt.reweigh(plan.panel.weights)
    drawn = _draw_rows(plan, units, gradings)
    reweighed = plan.weights.reweigh(rebuilt)
    scores, positions = _decide_draws(plan, reweighed, drawn)
    points = np.array(plan.grades.values)
    return EvaluatedUnits(
        units=units,
        tables=tables,
        gradings=gradings,
        verdicts={
            name: evaluate_fuzzy_hierarchy(
                weights, one.memberships, operator=plan.operator, grades=plan.grades
            )
            for name, one in gradings.items()
        },
        rebuilt=rebuilt,
        original=plan.panel.weights,
        weights=reweighed,
        scores=scores,
        positions=positions,
        points={
            one: pd.DataFrame({name: drawn[name][one] @ points for name in gradings})
            for one in kept
        },
        fixed=tuple(one for one in kept if _is_fixed(one, gradings)),
        operator=plan.operator,
        level=plan.level,
    )


def _grade(plan: EvaluationPlan, evidence: Evidence, measured: IndicatorTable) -> Grading:
    answers = evidence.tables.get("survey", NotAvailable("the study has no table 'survey'"))
    return grade_indicators(
        plan.panel.hierarchy,
        measured=measured,
        answers=answers,  # type: ignore[arg-type]
        instrument=evidence.instrument,
        roles=evidence.survey_roles,
        limits=plan.spec.limits,
        shape=plan.shape,
        grades=plan.grades,
    )


def _find_common(
    plan: EvaluationPlan, graded: Mapping[str, Grading]
) -> dict[str, object | NotAvailable]:
    """Say of each indicator that it is graded alike in all units, or why not."""
    names = [name for below in plan.panel.hierarchy.values() for name in below]
    return {name: _compare_evidence(name, graded) for name in names}


def _compare_evidence(name: str, graded: Mapping[str, Grading]) -> object | NotAvailable:
    found = {unit: one.evidence[name] for unit, one in graded.items()}
    lacking = {u: one.reason for u, one in found.items() if isinstance(one, NotAvailable)}
    if lacking:
        unit, reason = next(iter(lacking.items()))
        if len(lacking) == len(found):
            return NotAvailable(reason)
        return NotAvailable(f"not in {len(lacking)} of {len(found)}, {unit}: {reason}")
    if len({type(one) for one in found.values()}) > 1:
        return NotAvailable("graded by a value in some and by answers in others")
    return True


def _restrict(grading: Grading, kept: Sequence[str]) -> Grading:
    return Grading({name: grading.evidence[name] for name in kept}, grading.grades, grading.rule)


def _draw_rows(
    plan: EvaluationPlan, units: Units, gradings: Mapping[str, Grading]
) -> dict[str, dict[str, Floats]]:
    """Membership rows of each unit and indicator in every draw."""
    first, second, *others = draw_seeds(plan.seed, stage=STAGE, n=2 + len(gradings))
    valued = {
        (unit, name): one
        for unit, grading in gradings.items()
        for name, one in grading.evidence.items()
        if isinstance(one, GradedValue)
    }
    values = draw_values(
        units.evidence,
        {key: one.measurement for key, one in valued.items()},
        n_draws=plan.n_draws,
        seeds=(first, second),
    )
    rows = {
        unit: _draw_answers(grading, n_draws=plan.n_draws, seed=own)
        for (unit, grading), own in zip(gradings.items(), others, strict=True)
    }
    for (unit, name), one in valued.items():
        rows[unit][name] = grade_values(values[unit, name], one.typical, shape=one.shape)
    return rows


def _draw_answers(grading: Grading, *, n_draws: int, seed: int) -> dict[str, Floats]:
    """Rows of the indicators graded by answers, respondents drawn with replacement."""
    asked = {n: one for n, one in grading.evidence.items() if isinstance(one, GradedAnswers)}
    if not asked:
        return {}
    only = Grading(asked, grading.grades, grading.rule)
    rows = {name: np.empty((n_draws, len(grading.grades))) for name in asked}
    for block, drawn in draw_memberships(only, n_draws=n_draws, seed=seed, values=False):
        for name in asked:
            rows[name][block] = drawn[name]
    return rows


def _decide_draws(
    plan: EvaluationPlan, weights: WeightDraws, drawn: Mapping[str, dict[str, Floats]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score and position of the goal's grade of every unit in every draw."""
    everything, points = slice(0, plan.n_draws), np.array(plan.grades.values)
    scores, positions = {}, {}
    for unit, rows in drawn.items():
        shares = next(_evaluate_block(weights, rows, everything, plan.operator))
        scores[unit] = shares @ points
        positions[unit] = decide(shares, plan.grades)
    return pd.DataFrame(scores), pd.DataFrame(positions)


def _is_fixed(name: str, gradings: Mapping[str, Grading]) -> bool:
    """Whether an indicator has a value without an interval, in all units."""
    found = [one.evidence[name] for one in gradings.values()]
    return all(
        isinstance(one, GradedValue) and not isinstance(one.measurement.interval, Interval)
        for one in found
    )

"""Every indicator of a hierarchy graded by what a study has, or why it cannot be.

An indicator whose limits stand in study.yml is graded by its measured value, another one
by the answers to the survey item that asks for it; what has neither is not available.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, attempt, nearest
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.membership import (
    MISSING,
    Codes,
    Floats,
    code_answers,
    describe_cuts,
    share_codes,
)
from crmstudy.evaluation.comprehensive.shapes import (
    SHAPE_RULES,
    Shape,
    grade_values,
    spread_limits,
)
from crmstudy.evaluation.hierarchy.synthesis import require_hierarchy
from crmstudy.evaluation.require import require_choice
from crmstudy.indicators.definitions import CATALOGUE, Better
from crmstudy.indicators.intervals import Measurement
from crmstudy.indicators.table import IndicatorTable

#: Role of a survey item that grades an indicator of another name.
GRADED_BY_ROLE = {"recommendation_rate": "recommendation"}
NOTHING_GRADES = "no survey item, no limits in study.yml"


@dataclass(frozen=True, eq=False)
class GradedAnswers:
    """An indicator graded by survey answers.

    Parameters
    ----------
    items : tuple of str
        The items whose answers are counted, each once.
    codes : array of shape (n_respondents, n_items)
        Answers as :func:`code_answers` codes them.
    row : array of shape (n_grades,)
        Share of the answers in each grade.
    """

    items: tuple[str, ...]
    codes: Codes
    row: Floats

    @property
    def n_missing(self) -> int:
        """Answers that were not given."""
        return int((self.codes == MISSING).sum())

    @property
    def n(self) -> int:
        """Answers that were counted."""
        return self.codes.size - self.n_missing


@dataclass(frozen=True, eq=False)
class GradedValue:
    """An indicator graded by its measured value.

    Parameters
    ----------
    measurement : Measurement
        Value, cases, interval.
    typical : array of shape (n_grades,)
        Typical value of each grade, from the worst to the best.
    shape : str
        Membership function.
    row : array of shape (n_grades,)
        Membership in each grade.
    """

    measurement: Measurement
    typical: Floats
    shape: Shape
    row: Floats


Evidence = GradedAnswers | GradedValue | NotAvailable


@dataclass(frozen=True, eq=False)
class Grading:
    """Memberships of a hierarchy's indicators, and what they rest on.

    Parameters
    ----------
    evidence : mapping of str to GradedAnswers, GradedValue or NotAvailable
        By indicator, in the order of the hierarchy. ``rebuild_hierarchy`` takes it as what
        is available.
    grades : GradeScale
        The grades.
    rule : str
        How an answer and how a value becomes a grade, in words.
    """

    evidence: Mapping[str, Evidence]
    grades: GradeScale
    rule: str

    @property
    def memberships(self) -> pd.DataFrame:
        """Indicators that could be graded in rows, grades in columns; rows sum to 1."""
        rows = {
            name: one.row
            for name, one in self.evidence.items()
            if not isinstance(one, NotAvailable)
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.grades.names))

    @property
    def missing(self) -> dict[str, str]:
        """Indicators that could not be graded, and why."""
        return {n: one.reason for n, one in self.evidence.items() if isinstance(one, NotAvailable)}

    def table(self) -> pd.DataFrame:
        """One row an indicator: graded by, n, missing answers, memberships, remark."""
        table = pd.DataFrame([self._describe(*pair) for pair in self.evidence.items()])
        kinds = {"value": "Float64", "n": "Int64", "missing answers": "Int64"}
        return table.astype(kinds | dict.fromkeys(self.grades.names, "Float64"))

    def typical_values(self) -> pd.DataFrame | NotAvailable:
        """One row a measured indicator: unit, direction, value, typical value of each grade."""
        rows = [
            {
                "indicator": label_of(name),
                "unit": _unit_of(name),
                "better": _better_of(name),
                "value": one.measurement.value,
                **dict(zip(self.grades.names, one.typical, strict=True)),
            }
            for name, one in self.evidence.items()
            if isinstance(one, GradedValue)
        ]
        if not rows:
            return NotAvailable("no indicator is graded by a measured value")
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """Indicators by what grades them, and missing answers."""
        found = list(self.evidence.values())
        asked = [one for one in found if isinstance(one, GradedAnswers)]
        return {
            "n_graded_by_answers": len(asked),
            "n_graded_by_value": sum(isinstance(one, GradedValue) for one in found),
            "n_not_graded": len(self.missing),
            "n_answers": sum(one.n for one in asked),
            "n_missing_answers": sum(one.n_missing for one in asked),
        }

    def _describe(self, name: str, one: Evidence) -> dict[str, object]:
        row: dict[str, object] = {
            "indicator": label_of(name),
            "graded by": "nothing",
            "value": None,
            "n": None,
            "missing answers": None,
            **dict.fromkeys(self.grades.names),
        }
        if isinstance(one, NotAvailable):
            return {**row, "remark": str(one)}
        row |= dict(zip(self.grades.names, one.row, strict=True))
        if isinstance(one, GradedAnswers):
            by = "answers to " + ", ".join(one.items)
            return {
                **row,
                "graded by": by,
                "n": one.n,
                "missing answers": one.n_missing,
                "remark": "",
            }
        measured = one.measurement
        return {
            **row,
            "graded by": "measured value",
            "value": measured.value,
            "n": measured.n,
            "remark": "",
        }


def grade_indicators(
    hierarchy: Mapping[str, Sequence[str]],
    *,
    measured: IndicatorTable | NotAvailable,
    answers: pd.DataFrame | NotAvailable,
    instrument: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, str | Sequence[str]],
    limits: Mapping[str, Sequence[float]] | None = None,
    shape: Shape = "triangular",
    grades: GradeScale = GRADES,
    cut_points: Sequence[float] | None = None,
) -> Grading:
    """Grade every indicator of a hierarchy by what there is, never by invention.

    Parameters
    ----------
    hierarchy : mapping of str to sequence of str
        Criteria and their indicators.
    measured : IndicatorTable or NotAvailable
        Values of the indicators that have limits.
    answers : DataFrame or NotAvailable
        The survey, one row a respondent.
    instrument : mapping
        For each item ``minimum``, ``maximum`` and optionally ``reverse``.
    roles : mapping of str to str
        Role to item; an indicator's role has its own name, but for those in
        ``GRADED_BY_ROLE``.
    limits : mapping of str to sequence of float, optional
        Typical values of the grades, from the worst to the best; see
        :func:`spread_limits`. Limits come first: who sets them wants the value graded.
    shape : {"triangular", "trapezoidal", "gaussian"}
        Membership function of the values.
    grades : GradeScale
        From worst to best.
    cut_points : sequence of float, optional
        Where the survey's scale is cut; without them into intervals of equal width.

    Raises
    ------
    SettingsError
        If limits name an indicator that the hierarchy does not have, are no typical
        values, or do not run in the indicator's direction.
    DataError
        If an answer lies outside its scale.
    """
    require_choice(shape, Shape, "shape")
    names = [name for below in require_hierarchy(hierarchy).values() for name in below]
    typical = _read_limits(limits or {}, names, grades)
    ask = _Questions(answers, instrument, roles, grades, cut_points)
    found: dict[str, Evidence] = {}
    for name in names:
        by_value = (
            attempt(_grade_measured, name, measured=measured, typical=typical[name], shape=shape)
            if name in typical
            else None
        )
        if isinstance(by_value, GradedValue):
            found[name] = by_value
            continue
        found[name] = attempt(ask.grade, name)
        if by_value is not None and isinstance(found[name], NotAvailable):
            found[name] = by_value
    rule = f"answers: {describe_cuts(grades, cut_points)}; values: {SHAPE_RULES[shape]}"
    return Grading(found, grades, rule)


def label_of(name: str) -> str:
    """Name an indicator for a reader; one of the study's own by its key."""
    return CATALOGUE[name].label if name in CATALOGUE else name.replace("_", " ")


def _unit_of(name: str) -> str:
    return CATALOGUE[name].unit if name in CATALOGUE else ""


def _better_of(name: str) -> Better:
    return CATALOGUE[name].better if name in CATALOGUE else "larger"


def _read_limits(
    limits: Mapping[str, Sequence[float]], names: Sequence[str], grades: GradeScale
) -> dict[str, Floats]:
    unknown = [name for name in limits if name not in names]
    if unknown:
        said = ", ".join(map(repr, unknown))
        what = "is no indicator" if len(unknown) == 1 else "are no indicators"
        raise SettingsError(
            f"study.yml: evaluation.limits: {said} {what} of the hierarchy; allowed: "
            f"{', '.join(names)}; take the line out, or correct the name"
            f"{nearest(unknown[0], names)}"
        )
    return {
        name: spread_limits(
            values,
            n_grades=len(grades),
            direction=_better_of(name),
            place=f"study.yml: evaluation.limits.{name}",
        )
        for name, values in limits.items()
    }


def _grade_measured(
    name: str, *, measured: IndicatorTable | NotAvailable, typical: Floats, shape: Shape
) -> GradedValue:
    """Grade an indicator by its value; ModelError where it has none."""
    if isinstance(measured, NotAvailable):
        raise ModelError(f"study.yml sets its limits, but it is not measured: {measured.reason}")
    absent = NotAvailable("this study does not measure it")
    one = {**measured.beside, **measured.measured}.get(name, absent)
    if isinstance(one, NotAvailable):
        raise ModelError(f"study.yml sets its limits, but it is not measured: {one.reason}")
    return GradedValue(one, typical, shape, grade_values(np.array(one.value), typical, shape=shape))


@dataclass(frozen=True, eq=False)
class _Questions:
    """What the survey asks, and how answers become grades."""

    answers: pd.DataFrame | NotAvailable
    instrument: Mapping[str, Mapping[str, Any]]
    roles: Mapping[str, str | Sequence[str]]
    grades: GradeScale
    cut_points: Sequence[float] | None

    def grade(self, name: str) -> GradedAnswers:
        """Grade an indicator by the answers to its items; ModelError where there are none."""
        named = self.roles.get(GRADED_BY_ROLE.get(name, name))
        if not named:
            raise ModelError(NOTHING_GRADES)
        if isinstance(self.answers, NotAvailable):
            raise ModelError(self.answers.reason)
        items = (named,) if isinstance(named, str) else tuple(named)
        codes = code_answers(
            self.answers,
            items=items,
            instrument=self.instrument,
            grades=self.grades,
            cut_points=self.cut_points,
        )
        return GradedAnswers(items, codes, share_codes(codes, len(self.grades), of=name))

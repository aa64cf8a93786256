"""What experts judge: the hierarchy, the grades, and the criteria of a choice of systems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crmstudy.instrument import Scale
from crmstudy.strict_yaml import Name, Strict

Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]

#: The matrix of judgements that weighs the criteria of a choice among CRM systems; with a
#: point and a criterion's name, the one that compares the systems under it.
SELECTION_MATRIX = "selection"
#: The matrix of judgements that weighs the criteria of CRM performance.
CRITERIA_MATRIX = "criteria"


class JudgementSpec(Strict):
    """The hierarchy that experts judge, and the limit of their inconsistency.

    ``labels`` say what experts read in the questionnaire in place of a name of the
    hierarchy, in any language; answers under a label count for its name.
    """

    goal: str = "CRM performance"
    hierarchy: dict[Name, list[Name]] = {}
    labels: dict[Name, Annotated[str, Field(min_length=1)]] = {}
    consistency_limit: float = Field(default=0.10, gt=0, le=1)
    inconsistent: Literal["keep", "exclude"] = "keep"
    expert_weights: dict[str, Factor] = {}

    @property
    def matrices(self) -> dict[str, list[str]]:
        """What experts judge, by matrix: the criteria, then the indicators of each."""
        if not self.hierarchy:
            return {}
        criteria = {CRITERIA_MATRIX: list(self.hierarchy)}
        return criteria | {name: list(under) for name, under in self.hierarchy.items()}

    @model_validator(mode="after")
    def _names_tell_apart(self) -> JudgementSpec:
        under = [name for names in self.hierarchy.values() for name in names]
        problems = [
            f"criterion {name!r} has the name of a matrix; rename it"
            for name in (CRITERIA_MATRIX, SELECTION_MATRIX)
            if name in self.hierarchy
        ]
        problems += [
            f"hierarchy names {name!r} twice; name it once"
            for name in dict.fromkeys(under)
            if under.count(name) > 1
        ]
        problems += [
            f"label of {name!r}, which the hierarchy does not have"
            for name in self.labels
            if name not in (CRITERIA_MATRIX, *self.hierarchy, *under)
        ]
        said = list(self.labels.values())
        problems += [
            f"label {label!r} stands for two names; tell them apart"
            for label in dict.fromkeys(said)
            if said.count(label) > 1
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class EvaluationSpec(Strict):
    """Grades of the evaluation, and where a measured indicator changes from one to the next.

    ``grades`` run from the worst to the best, ``scores`` are their points (empty: 1, 2,
    ...). ``limits`` give for an indicator the value that is typical of each grade, in the
    order of the grades, or only that of the worst and of the best; the values between are
    then evenly spaced.
    """

    grades: list[Annotated[str, Field(min_length=1)]] = Field(
        default=["very poor", "poor", "fair", "good", "very good"], min_length=3, max_length=9
    )
    scores: list[Finite] = []
    limits: dict[Name, list[Finite]] = {}

    @model_validator(mode="after")
    def _fit_together(self) -> EvaluationSpec:
        problems = [
            f"grade {name!r} stands twice"
            for name in dict.fromkeys(self.grades)
            if self.grades.count(name) > 1
        ]
        problems += self._check_scores()
        for name, values in self.limits.items():
            problems += self._check_limits(name, values)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _check_scores(self) -> Iterator[str]:
        count = len(self.grades)
        if self.scores and len(self.scores) != count:
            yield f"scores: found {len(self.scores)} for {count} grades, allowed one a grade"
        elif any(b <= a for a, b in pairwise(self.scores)):
            yield f"scores must rise from the worst grade to the best, found {_list(self.scores)}"

    def _check_limits(self, name: str, values: list[float]) -> Iterator[str]:
        count = len(self.grades)
        steps = [b - a for a, b in pairwise(values)]
        if len(values) not in (2, count):
            yield (
                f"limits of {name!r}: found {len(values)} values, allowed 2 (worst, best) "
                f"or {count} (one a grade)"
            )
        elif not (all(step > 0 for step in steps) or all(step < 0 for step in steps)):
            yield f"limits of {name!r} must only rise or only fall, found {_list(values)}"


def _list(values: Iterable[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


class SelectionCriterion(Strict):
    """One criterion that CRM systems are chosen by.

    ``unit: money`` is the study's currency; such criteria are the cost side of benefit and
    cost. ``scale`` holds the lowest and the highest rating; without it a figure is 0 or more.
    """

    label: str = ""
    better: Literal["larger", "smaller"] = "larger"
    unit: str = ""
    scale: Scale | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest figure that is allowed."""
        return self.scale or (0.0, float("inf"))


class SelectionSpec(Strict):
    """What CRM systems are compared on; ratings and figures stand in the table ``systems``.

    ``systems`` names those that may be compared; left empty, the table does. ``missing`` says
    what becomes of a system that lacks a criterion which others have.
    """

    goal: str = "Choice of a CRM system"
    criteria: dict[Name, SelectionCriterion] = {}
    systems: list[str] = []
    missing: Literal["leave_out", "refuse"] = "leave_out"

    @model_validator(mode="after")
    def _systems_once(self) -> SelectionSpec:
        twice = sorted({name for name in self.systems if self.systems.count(name) > 1})
        if twice:
            raise ValueError(f"system {twice[0]!r} stands twice in systems; name it once")
        return self

"""What a case study is told: the measure, what it costs, how it was put in place."""

from __future__ import annotations

import datetime as dt
import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from crmstudy.strict_yaml import Name, Strict

Finite = Annotated[float, Field(allow_inf_nan=False)]


class Case(Strict):
    """The improvement measures that chapter 07 judges.

    ``campaign_id`` names a campaign of the data, which addressed some customers and not
    others. ``changed_on`` is the first day of a measure that reached everybody at once
    (``change`` says what it was): nobody is left to compare with, so time itself is.
    ``background`` says in the author's words what the tables cannot. ``treated_share`` is
    the share of the campaign's customers meant to be treated, where some were held back.
    ``unmoved`` maps a column of products to values that no campaign promoted: purchases of
    these are placebo outcomes.
    """

    campaign_id: str = ""
    description: str = ""
    treated_share: float | None = Field(default=None, gt=0, lt=1)
    changed_on: dt.date | None = None
    change: str = ""
    background: str = ""
    unmoved: dict[str, list[str]] = {}


class Assumed(Strict):
    """A number that the author assumes, with the ends between which it is thought to lie.

    A bare number in study.yml is one without doubt: all three are equal.
    """

    value: Finite
    low: Finite
    high: Finite

    @model_validator(mode="before")
    @classmethod
    def _one_number(cls, given: Any) -> Any:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            return {"value": given, "low": given, "high": given}
        return given

    @model_validator(mode="after")
    def _in_order(self) -> Assumed:
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"must rise from low over value to high; found {self.low:g}, {self.value:g}, "
                f"{self.high:g}"
            )
        return self


class AssumedFlow(Assumed):
    """An amount of money that the author assumes to be spent or saved.

    ``when`` is ``start`` (once, at the beginning), ``yearly`` (spread evenly over every
    year) or the date of a single payment.
    """

    label: str = Field(min_length=1)
    when: Literal["start", "yearly"] | dt.date = "start"


def _within(low: float, high: float, rule: str) -> AfterValidator:
    def check(assumed: Assumed) -> Assumed:
        if not (low <= assumed.low and assumed.high < high):
            raise ValueError(f"must lie {rule}; found {assumed.low:g} to {assumed.high:g}")
        return assumed

    return AfterValidator(check)


def _not_negative(flows: list[AssumedFlow]) -> list[AssumedFlow]:
    for flow in flows:
        if flow.low < 0:
            raise ValueError(f"{flow.label!r} must not be negative; costs are written positive")
    return flows


Rate = Annotated[Assumed, _within(0, 1, "from 0 to below 1")]
Carried = Annotated[Assumed, _within(0, math.nextafter(1, 2), "from 0 to 1")]
Flows = Annotated[list[AssumedFlow], AfterValidator(_not_negative)]


class InvestmentSpec(Strict):
    """What a measure costs and what its returns are assumed to be.

    ``cost_types`` are bookings of the table costs that the measure caused, between the
    months ``booked_from`` and ``booked_until`` (empty: while the measure ran). ``carried``
    is the share of its effect that is left one window of the measure later; ``margin`` stands in
    for the gross margin where no cost of goods is known. ``amounts`` says whether flows and
    discount rate are nominal (of their year) or real (of constant prices); both are of one
    kind. ``timing`` puts the flows of a period at its middle or at its end.
    """

    annual_discount_rate: Rate = Assumed(value=0.10, low=0.10, high=0.10)
    amounts: Literal["nominal", "real"] = "nominal"
    timing: Literal["middle", "end"] = "middle"
    horizon_years: float = Field(default=1.0, gt=0, le=30)
    distribution: Literal["pert", "triangular"] = "pert"
    cost_types: list[str] = []
    booked_from: dt.date | None = None
    booked_until: dt.date | None = None
    carried: Carried = Assumed(value=0, low=0, high=0)
    margin: Carried | None = None
    costs: Flows = []
    benefits: Flows = []

    @model_validator(mode="after")
    def _sound(self) -> InvestmentSpec:
        labels = [flow.label for flow in (*self.costs, *self.benefits)]
        problems = [
            f"the flow {label!r} stands twice; name it once"
            for label in dict.fromkeys(labels)
            if labels.count(label) > 1
        ]
        if self.booked_from and self.booked_until and self.booked_until < self.booked_from:
            problems.append("booked_until must not lie before booked_from")
        if problems:
            raise ValueError("; ".join(problems))
        return self


#: The five phases in their order: key in study.yml and name for a reader.
PHASES = {
    "needs": "needs analysis",
    "integration": "integration of data",
    "deployment": "selection and deployment",
    "training": "training",
    "evaluation": "evaluation",
}


class TaskSpec(Strict):
    """One task of the path: either measured by an indicator or reported by the author.

    ``indicator`` names one of chapter 06 or, as ``staff_<construct>``, a construct of the
    staff survey (0-100 points); with it stands its ``target``, and its ``baseline`` where
    no table can tell what was before. ``status`` is the author's word on a task that no
    number can judge, ``as_of`` the day it refers to.
    """

    task: str = Field(min_length=1)
    weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    indicator: Name | None = None
    target: Finite | None = None
    baseline: Finite | None = None
    status: Literal["done", "begun", "open"] | None = None
    as_of: dt.date | None = None

    @model_validator(mode="after")
    def _one_way(self) -> TaskSpec:
        if (self.indicator is None) == (self.status is None):
            raise ValueError(
                f"task {self.task!r} needs exactly one of indicator (with target) and status"
            )
        if (self.indicator is None) != (self.target is None):
            raise ValueError(f"task {self.task!r}: indicator and target stand together")
        if self.target is not None and self.target == self.baseline:
            raise ValueError(f"task {self.task!r}: the target is what was before already")
        return self


class ImplementationSpec(Strict):
    """The path by which a CRM system is put in place: five phases, each with its tasks."""

    phases: dict[
        Literal["needs", "integration", "deployment", "training", "evaluation"], list[TaskSpec]
    ] = {}

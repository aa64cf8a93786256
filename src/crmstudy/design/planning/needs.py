"""How many cases each hypothesis of the study needs, and whether the study has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crmstudy.collection.study import StudyData
from crmstudy.design.framework.register import Entry, Register, count_cases
from crmstudy.design.planning.designs import Designs
from crmstudy.errors import NotAvailable

#: Design of each kind of decision that has a formula.
DESIGN_OF = {
    "groups": "groups",
    "concentration": "concentration",
    "campaign": "panel",
    "gap": "regression",
    "curvature": "regression",
    "moderation": "moderation",
    "defectors": "one_share",
    "repurchase": "regression",
    "indirect": "mediation",
}
#: Respondents for whom power is shown where the study has no survey.
USUAL = 200
#: Tests of a part of the respondents, whose size is a result itself.
OF_A_PART = ("defectors",)
SIMULATED = "path of the structural model"


@dataclass(frozen=True)
class Need:
    """What one hypothesis needs.

    Attributes
    ----------
    entry : Entry
    design, effect : str
        In words.
    needed : int or NotAvailable
        Cases in all; with ``more`` this many are not yet enough.
    between : tuple of float
        Monte Carlo interval of a number that was simulated; the number itself, twice, otherwise.
    more : bool
        Whether the simulation's largest survey did not reach the power.
    had : int or NotAvailable
        Rows of the tables that the test uses.
    """

    entry: Entry
    design: str
    effect: str
    needed: int | NotAvailable
    between: tuple[float, float]
    more: bool
    had: int | NotAvailable

    @property
    def enough(self) -> bool | NotAvailable:
        """Whether the study has the cases that are needed."""
        for value in (self.had, self.needed):
            if isinstance(value, NotAvailable):
                return value
        assert isinstance(self.had, int)
        assert isinstance(self.needed, int)
        lower, upper = self.between
        if lower <= self.had < upper:
            return NotAvailable("the number needed was simulated and is not that sure")
        if self.entry.decision.kind in OF_A_PART and self.had >= self.needed:
            return NotAvailable("how many of them are satisfied is not known beforehand")
        return self.had >= self.needed


@dataclass(frozen=True)
class Needs:
    """What all hypotheses of a study need.

    Attributes
    ----------
    needs : tuple of Need
    alpha, power : float
    """

    needs: tuple[Need, ...]
    alpha: float
    power: float

    def table(self) -> pd.DataFrame:
        """One row a hypothesis.

        ``hypothesis, about, design, effect supposed, cases needed, cases here, enough``.
        """
        return pd.DataFrame([_row(need) for need in self.needs]).astype({"cases here": "float64"})

    def to_metrics(self) -> dict[str, float]:
        """Hypotheses with enough cases, too few, and none known."""
        enough = [need.enough for need in self.needs]
        return {
            "enough": sum(value is True for value in enough),
            "too_few": sum(value is False for value in enough),
            "not_known": sum(isinstance(value, NotAvailable) for value in enough),
        }


def plan_hypotheses(
    register: Register | NotAvailable,
    data: StudyData,
    *,
    designs: Designs,
    paths: Iterable[Any] = (),
    effects: dict[tuple[str, str], float] | NotAvailable | None = None,
) -> Needs | NotAvailable:
    """Plan every hypothesis of the register.

    Parameters
    ----------
    register : Register
    data : StudyData
        Rows of its tables are counted; what they hold is not looked at.
    designs : Designs
        Formulas with the effects supposed.
    paths : iterable with ``source, target, n, lower, upper, kind, upper_kind``
        What a simulation of surveys found for the paths of a structural model
        (``needed`` of :func:`crmstudy.loyalty.power.simulation.plan_survey`); where it is
        not available, neither is what the paths need.
    effects : mapping, optional
        Standardised values that the simulation supposed, by source and target.
    """
    if isinstance(register, NotAvailable):
        return register
    simulated = {(one.source, one.target): one for one in paths}
    supposed = effects if isinstance(effects, dict) else {}
    needs = tuple(
        _plan(entry, data, designs=designs, simulated=simulated, supposed=supposed)
        for entry in register.entries
    )
    return Needs(needs, designs.alpha, designs.power)


def _plan(
    entry: Entry,
    data: StudyData,
    *,
    designs: Designs,
    simulated: dict[tuple[str, str], Any],
    supposed: dict[tuple[str, str], float],
) -> Need:
    had, kind = count_cases(entry, data), entry.decision.kind
    if kind in DESIGN_OF:
        design = designs.of(DESIGN_OF[kind])
        return _need(entry, design.name, design.effect, design.cases(designs.power), had)
    ends = (entry.decision.source, entry.decision.target)
    found = simulated.get(ends)
    if kind != "path" or found is None:
        return _need(entry, "none", "none", NotAvailable("the model has no such path"), had)
    effect = f"standardised path of {supposed[ends]:.3g}" if ends in supposed else "as simulated"
    upper = math.inf if "more" in (found.kind, found.upper_kind) else found.upper
    between = (min(found.lower, found.n), upper)
    needed = math.ceil(found.n - 1e-9)
    return Need(entry, SIMULATED, effect, needed, between, found.kind == "more", had)


def _need(
    entry: Entry, design: str, effect: str, needed: int | NotAvailable, had: int | NotAvailable
) -> Need:
    ends = (0.0, 0.0) if isinstance(needed, NotAvailable) else (float(needed), float(needed))
    return Need(entry, design, effect, needed, ends, False, had)


def _row(need: Need) -> dict[str, Any]:
    enough = need.enough
    return {
        "hypothesis": need.entry.hypothesis.id,
        "about": need.entry.about,
        "design": need.design,
        "effect supposed": need.effect,
        "cases needed": _say_needed(need),
        "cases here": None if isinstance(need.had, NotAvailable) else need.had,
        "enough": "not known" if isinstance(enough, NotAvailable) else "yes" if enough else "no",
    }


def _say_needed(need: Need) -> str:
    if isinstance(need.needed, NotAvailable):
        return "not known"
    lower, upper = need.between
    sure = lower == upper or not math.isfinite(upper)
    interval = "" if sure else f" ({math.ceil(lower):,} – {math.ceil(upper):,})"
    return f"{'more than ' if need.more else ''}{need.needed:,}{interval}"


def name_entries(needs: Sequence[Need]) -> list[str]:
    """Name the hypotheses of some needs."""
    return [need.entry.hypothesis.id for need in needs]


def count_respondents(data: StudyData) -> int:
    """Count the answers of the study's survey; a usual number where there is none."""
    survey = data.table("survey")
    return USUAL if isinstance(survey, NotAvailable) or len(survey) < 2 else len(survey)

"""The same hierarchy evaluated for several parts of the firm, with draws common to all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import SettingsError, nearest
from crmstudy.evaluation.comprehensive.grades import GradeScale
from crmstudy.evaluation.comprehensive.grading import Grading, label_of
from crmstudy.evaluation.comprehensive.operators import Operator
from crmstudy.evaluation.comprehensive.verdict import FuzzyHierarchyResult
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights, RebuiltHierarchy
from crmstudy.evaluation.hierarchy.uncertainty import WeightDraws
from crmstudy.evaluation.periods.units import Units
from crmstudy.evaluation.tabulate import name_metrics
from crmstudy.indicators.definitions import CATALOGUE
from crmstudy.indicators.intervals import Interval
from crmstudy.indicators.table import NULLABLE, IndicatorTable

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class EvaluatedUnits:
    """Verdicts on several parts of one firm, by the same indicators and the same weights.

    Parameters
    ----------
    units : Units
        The parts, and what was left out.
    tables : mapping of str to IndicatorTable
        What was measured, by unit.
    gradings : mapping of str to Grading
        The indicators that are compared, graded, by unit.
    verdicts : mapping of str to FuzzyHierarchyResult
        On the data as they are.
    rebuilt : RebuiltHierarchy
        The indicators that can be compared in all units, and why others cannot.
    original : HierarchyWeights
        Weights of the whole hierarchy.
    weights : WeightDraws
        Weights of what remains, one row a draw, the same for every unit.
    scores : DataFrame of shape (n_draws, n_units)
        Score of the goal in each draw.
    positions : DataFrame of shape (n_draws, n_units)
        Position of the goal's grade in each draw.
    points : mapping of str to DataFrame of shape (n_draws, n_units)
        By indicator the points of its grades in each draw.
    fixed : tuple of str
        Indicators that do not vary between draws: counted, not sampled.
    operator : str
        Of the fuzzy evaluation.
    level : float
        Level of the intervals.
    """

    units: Units
    tables: Mapping[str, IndicatorTable]
    gradings: Mapping[str, Grading]
    verdicts: Mapping[str, FuzzyHierarchyResult]
    rebuilt: RebuiltHierarchy
    original: HierarchyWeights
    weights: WeightDraws
    scores: pd.DataFrame
    positions: pd.DataFrame
    points: Mapping[str, pd.DataFrame]
    fixed: tuple[str, ...]
    operator: Operator
    level: float

    @property
    def names(self) -> tuple[str, ...]:
        """The units, in order."""
        return tuple(self.verdicts)

    @property
    def kind(self) -> str:
        """What a unit is."""
        return self.units.kind

    @property
    def grades(self) -> GradeScale:
        """The grades and their values."""
        return next(iter(self.gradings.values())).grades

    @property
    def n_draws(self) -> int:
        """How many draws there are."""
        return len(self.scores)

    @property
    def indicators(self) -> tuple[str, ...]:
        """The indicators that are compared."""
        return tuple(name for names in self.rebuilt.hierarchy.values() for name in names)

    @property
    def lost_weight(self) -> float:
        """Share of the experts' weight that lies on indicators that are not compared."""
        return float(self.original.overall.reindex(list(self.rebuilt.dropped)).sum())

    @property
    def probabilities(self) -> pd.DataFrame:
        """Share of the draws in which a unit has a grade: units in rows, grades in columns."""
        rows = {
            name: np.bincount(self.positions[name], minlength=len(self.grades)) / self.n_draws
            for name in self.names
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(self.grades.names))

    @property
    def shares(self) -> pd.DataFrame:
        """Membership of each unit in each grade: units in rows, grades in columns."""
        return pd.DataFrame({n: one.goal.shares for n, one in self.verdicts.items()}).T

    def score(self, unit: str) -> float:
        """Score of a unit on the data as they are."""
        return self.verdicts[self.require(unit)].goal.score

    def grade(self, unit: str) -> str:
        """Grade of a unit on the data as they are."""
        return self.verdicts[self.require(unit)].goal.grade

    def require(self, unit: str) -> str:
        """Return a unit's name, refusing one that was not evaluated."""
        if unit not in self.verdicts:
            raise SettingsError(
                f"no {self.kind} {unit!r} was evaluated{nearest(unit, self.names)}; "
                f"evaluated: {', '.join(self.names)}"
            )
        return unit

    def table(self) -> pd.DataFrame:
        """One row a unit: customers, score with interval, grade, probability of that grade."""
        bounds = bound(self.scores.to_numpy(), self.level)
        rows = [
            {
                self.kind: name,
                "customers": self.units.customers[name],
                "score": one.goal.score,
                "lower": low,
                "upper": high,
                "grade": one.goal.grade,
                "probability of the grade": self.probabilities.loc[name, one.goal.grade],
                "grade of the score": one.goal.grade_of_score,
            }
            for (name, one), low, high in zip(self.verdicts.items(), *bounds, strict=True)
        ]
        return pd.DataFrame(rows)

    def tabulate_grades(self) -> pd.DataFrame:
        """One row a unit: membership in each grade, then the probability of each."""
        shares = self.shares.add_prefix("membership ")
        chances = self.probabilities.add_prefix("probability ")
        return pd.concat([shares, chances], axis=1).rename_axis(self.kind).reset_index()

    def tabulate_indicators(self) -> pd.DataFrame:
        """One row a unit and indicator: weight, value, interval, n, points of its grades."""
        overall = self.weights.weights.overall
        rows = [
            {
                self.kind: unit,
                "indicator": label_of(name),
                "weight": float(overall[name]),
                **self._describe(unit, name),
                "points": self.point(unit, name),
            }
            for name in self.indicators
            for unit in self.names
        ]
        return pd.DataFrame(rows).astype(NULLABLE)

    def tabulate_dropped(self) -> pd.DataFrame:
        """One row an indicator that is not compared: the experts' weight, and why not."""
        rows = [
            {"indicator": label_of(name), "weight": float(self.original.overall[name]), "why": why}
            for name, why in self.rebuilt.dropped.items()
        ]
        return pd.DataFrame(rows, columns=["indicator", "weight", "why"])

    def tabulate_left_out(self) -> pd.DataFrame:
        """One row a part of the firm that is not evaluated, with the reason."""
        rows = list(self.units.left_out.items())
        return pd.DataFrame(rows, columns=[self.kind, "why"])

    def point(self, unit: str, indicator: str) -> float:
        """Points of an indicator's grades in a unit, on the data as they are."""
        row = self.gradings[unit].memberships.loc[indicator].to_numpy(dtype=float)
        return float(row @ np.array(self.grades.values))

    def to_metrics(self) -> dict[str, float]:
        """Score, its interval and the probability of the grade of each unit; weight lost."""
        table = self.table().set_index(self.kind)
        return {
            "n_units": len(self.names),
            "n_indicators": len(self.indicators),
            "n_indicators_dropped": len(self.rebuilt.dropped),
            "lost_weight": self.lost_weight,
            "n_draws": self.n_draws,
            **name_metrics("score", table["score"]),
            **name_metrics("lower", table["lower"]),
            **name_metrics("upper", table["upper"]),
            **name_metrics("p_grade", table["probability of the grade"]),
        }

    def _describe(self, unit: str, name: str) -> dict[str, object]:
        """Value, ends, n and unit of a measured indicator; answers have no value."""
        asked = CATALOGUE[name].unit if name in CATALOGUE else ""
        found = {**self.tables[unit].beside, **self.tables[unit].measured}.get(name)
        row: dict[str, object] = dict.fromkeys(("value", "lower", "upper", "n"))
        if not found:
            return {**row, "unit": asked}
        row |= {"value": found.value, "n": found.n}
        if isinstance(found.interval, Interval):
            row |= {"lower": found.interval.low, "upper": found.interval.high}
        return {**row, "unit": asked}


def bound(draws: Floats, level: float) -> tuple[Floats, Floats]:
    """Percentile interval of each column of draws."""
    lower, upper = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.atleast_1d(lower), np.atleast_1d(upper)

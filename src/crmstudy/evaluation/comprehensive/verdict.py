"""What an evaluation came to: one level, the same under four operators, and a whole hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable
from crmstudy.evaluation.comprehensive.grades import GradeScale
from crmstudy.evaluation.comprehensive.grading import label_of
from crmstudy.evaluation.comprehensive.operators import OPERATORS, Operator, word_validity
from crmstudy.evaluation.tabulate import name_metrics

#: What the second level is called in tables.
GOAL = "goal"


@dataclass(frozen=True, eq=False)
class FuzzyResult:
    """Verdict of one evaluation.

    Parameters
    ----------
    operator : str
        Key of :data:`OPERATORS`.
    weights : Series
        By indicator; they sum to 1.
    memberships : DataFrame
        Indicators in rows, grades in columns.
    grade_vector : Series
        Composed membership in each grade, as the operator gives it.
    grade : str
        Grade of the largest membership; of several, the one of the lowest value.
    tied : tuple of str
        The grades that share the largest membership; empty where one leads.
    score : float
        Mean of the grades' values, weighted with the grade vector.
    validity : float
        ``(m b1 - 1) / (2 b2 (m - 1))`` from the two largest of the m shares of the grade
        vector: 0 when all grades are equal, infinite when one has everything.
    grades : GradeScale
        The grades and their values.
    checks : tuple of Check
        Whether the largest membership may decide, and whether the operators agree.
    """

    operator: Operator
    weights: pd.Series
    memberships: pd.DataFrame
    grade_vector: pd.Series
    grade: str
    tied: tuple[str, ...]
    score: float
    validity: float
    grades: GradeScale
    checks: tuple[Check, ...]

    @property
    def shares(self) -> pd.Series:
        """Grade vector brought to a sum of 1."""
        return self.grade_vector / self.grade_vector.sum()

    @property
    def grade_of_score(self) -> str:
        """Grade whose value is nearest to the score: the rule of the weighted mean."""
        return self.grades.name_nearest(self.score)

    def table(self) -> pd.DataFrame:
        """One row a grade: its value, membership, share."""
        return pd.DataFrame(
            {
                "grade": list(self.grades.names),
                "value": self.grades.values,
                "membership": self.grade_vector.to_numpy(),
                "share": self.shares.to_numpy(),
            }
        )

    def to_metrics(self) -> dict[str, float]:
        """Score, value of the grade, memberships, validity of the verdict."""
        validity = (
            self.validity
            if np.isfinite(self.validity)
            else NotAvailable("one grade has all the membership, so its lead is without limit")
        )
        return {
            "score": self.score,
            "grade_value": self.grades.values[self.grades.names.index(self.grade)],
            **name_metrics("membership", self.grade_vector),
            "validity": validity,  # type: ignore[dict-item]
        }


@dataclass(frozen=True, eq=False)
class OperatorComparison:
    """The same evaluation under all four operators.

    Parameters
    ----------
    results : mapping of str to FuzzyResult
        By operator.
    check : Check
        Whether all give the same grade.
    """

    results: Mapping[str, FuzzyResult]
    check: Check

    @property
    def agree(self) -> bool:
        """Whether all operators give the same grade."""
        return self.check.passed

    def table(self) -> pd.DataFrame:
        """One row an operator: memberships, their sum, grade, score, validity."""
        rows = [
            {
                "operator": name,
                "symbol": OPERATORS[name].symbol,
                **one.grade_vector.to_dict(),
                "sum": float(one.grade_vector.sum()),
                "grade": " = ".join(one.tied) or one.grade,
                "score": one.score,
                "validity": one.validity,
            }
            for name, one in self.results.items()
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """How many grades the operators give, and the score under each."""
        return {
            "n_grades_given": int(self.check.statistic),
            **name_metrics("score", pd.Series({n: one.score for n, one in self.results.items()})),
        }


@dataclass(frozen=True, eq=False)
class FuzzyHierarchyResult:
    """Verdict in two levels: indicators to criteria, criteria to the goal.

    Parameters
    ----------
    comparisons : mapping of str to OperatorComparison
        Each criterion under all four operators.
    comparison : OperatorComparison
        The goal under all four operators, each used on both levels; the memberships of
        the goal are the criteria's shares.
    operator : str
        The operator whose verdict counts.
    """

    comparisons: Mapping[str, OperatorComparison]
    comparison: OperatorComparison
    operator: Operator

    @property
    def goal(self) -> FuzzyResult:
        """Verdict on the whole."""
        return self.comparison.results[self.operator]

    @property
    def criteria(self) -> dict[str, FuzzyResult]:
        """Verdict on each criterion."""
        return {name: one.results[self.operator] for name, one in self.comparisons.items()}

    @property
    def levels(self) -> dict[str, FuzzyResult]:
        """The goal, then each criterion."""
        return {GOAL: self.goal, **self.criteria}

    def table(self) -> pd.DataFrame:
        """One row a criterion, and the goal: weight, shares of the grades, grade, score."""
        weights = {**self.goal.weights.to_dict(), GOAL: 1.0}
        rows = [
            {
                "level": name.replace("_", " "),
                "weight": weights[name],
                **one.shares.to_dict(),
                "grade": " = ".join(one.tied) or one.grade,
                "validity": one.validity,
                "the largest membership is": word_validity(one.validity),
                "score": one.score,
                "grade of the score": one.grade_of_score,
            }
            for name, one in {**self.criteria, GOAL: self.goal}.items()
        ]
        return pd.DataFrame(rows)

    def operators(self) -> pd.DataFrame:
        """One row a level and operator: memberships, their sum, grade, score, validity."""
        parts = {**self.comparisons, GOAL: self.comparison}
        tables = [one.table().assign(level=name.replace("_", " ")) for name, one in parts.items()]
        table = pd.concat(tables, ignore_index=True)
        return table[["level", *table.columns.drop("level")]]

    def steps(self) -> pd.DataFrame:
        """Every step of the sum: A and R of each level, B, and B brought to a sum of 1."""
        parts = [_work(name, one) for name, one in {**self.criteria, GOAL: self.goal}.items()]
        return pd.concat(parts, ignore_index=True)

    def to_metrics(self) -> dict[str, float]:
        """The goal's metrics, the operators' grades, and the score of each criterion."""
        scores = pd.Series({name: one.score for name, one in self.criteria.items()})
        return {
            **self.goal.to_metrics(),
            "n_grades_given": int(self.comparison.check.statistic),
            **name_metrics("score", scores),
        }


def _work(level: str, one: FuzzyResult) -> pd.DataFrame:
    """Rows of one level: weights A beside memberships R, then the composed vectors."""
    shares = one.shares
    composed = pd.DataFrame([one.grade_vector, shares], index=["B", "B / sum"])
    rows = pd.concat([one.memberships.rename(index=label_of), composed])
    table = rows.assign(sum=rows.sum(axis=1)).rename_axis("row").reset_index()
    weights = pd.array([*one.weights.to_numpy(), None, None], dtype="Float64")
    named = table.assign(level=level.replace("_", " "), A=weights)
    return named[["level", "row", "A", *one.grades.names, "sum"]]

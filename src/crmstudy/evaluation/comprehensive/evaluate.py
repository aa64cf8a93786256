"""Fuzzy comprehensive evaluation: memberships and weights made into a grade and a score.

The operator that composes weights with memberships decides the verdict, so it is always
named and all four are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.membership import require_memberships
from crmstudy.evaluation.comprehensive.operators import OPERATORS, Operator, judge_maximum
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.evaluation.require import require_choice, require_same, require_weights
from crmstudy.evaluation.tabulate import name_metrics

# Below this two memberships are the same number in different rounding.
TIE_TOLERANCE = 1e-12
VALIDITY_LIMIT = 0.5


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
    score: float
    validity: float
    grades: GradeScale
    checks: tuple[Check, ...]

    @property
    def shares(self) -> pd.Series:
        """Grade vector brought to a sum of 1."""
        return self.grade_vector / self.grade_vector.sum()

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
        """One row an operator: memberships, grade, score, validity."""
        rows = [
            {
                "operator": name,
                "symbol": OPERATORS[name].symbol,
                **one.grade_vector.to_dict(),
                "grade": one.grade,
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
    criteria : mapping of str to FuzzyResult
        Verdict on each criterion.
    goal : FuzzyResult
        Verdict on the whole; its memberships are the criteria's shares.
    comparison : OperatorComparison
        The goal under all four operators, each used on both levels.
    """

    criteria: Mapping[str, FuzzyResult]
    goal: FuzzyResult
    comparison: OperatorComparison

    def table(self) -> pd.DataFrame:
        """One row a criterion, and the goal: weight, shares of the grades, grade, score."""
        weights = {**self.goal.weights.to_dict(), "goal": 1.0}
        rows = [
            {
                "level": name,
                "weight": weights[name],
                **one.shares.to_dict(),
                "grade": one.grade,
                "score": one.score,
            }
            for name, one in {**self.criteria, "goal": self.goal}.items()
        ]
        return pd.DataFrame(rows)

    def to_metrics(self) -> dict[str, float]:
        """The goal's metrics, and the score of each criterion."""
        scores = pd.Series({name: one.score for name, one in self.criteria.items()})
        return {**self.goal.to_metrics(), **name_metrics("score", scores)}


@passes_absence
def evaluate_fuzzy(
    weights: pd.Series,
    memberships: pd.DataFrame,
    *,
    operator: Operator = "product-sum",
    grades: GradeScale = GRADES,
) -> FuzzyResult:
    """Compose weights A and memberships R into a grade vector B = A ∘ R.

    Parameters
    ----------
    weights : Series
        By indicator; they sum to 1.
    memberships : DataFrame
        The same indicators in rows, grades in columns; rows sum to 1.
    operator : {"min-max", "product-max", "min-sum", "product-sum"}
        Only product-sum uses all of the information in A and R and keeps a sum of 1; the
        others let the heaviest indicators decide.
    grades : GradeScale
        Grades and their values.

    Raises
    ------
    DataError
        If weights or a membership row do not sum to 1, indicators differ, or a grade is
        not among the grades.

    References
    ----------
    Zadeh, L. A. (1965). Fuzzy sets. Information and Control, 8(3), 338-353.
    """
    require_choice(operator, Operator, "operator")
    return compare_operators(weights, memberships, grades=grades).results[operator]


@passes_absence
def compare_operators(
    weights: pd.Series, memberships: pd.DataFrame, *, grades: GradeScale = GRADES
) -> OperatorComparison:
    """Evaluate under all four operators.

    Parameters and errors as for :func:`evaluate_fuzzy`.
    """
    rows = _match(weights, memberships, grades)
    return _compare(dict.fromkeys(OPERATORS, (weights, rows)), grades)


@passes_absence
def evaluate_fuzzy_hierarchy(
    weights: HierarchyWeights,
    memberships: pd.DataFrame,
    *,
    operator: Operator = "product-sum",
    grades: GradeScale = GRADES,
) -> FuzzyHierarchyResult:
    """Evaluate each criterion from its indicators, then the goal from its criteria.

    The grade vector of a criterion, brought to a sum of 1, is its row in the second level.
    With product-sum this equals one evaluation with the overall weights.

    Parameters
    ----------
    weights : HierarchyWeights
        Weights of the criteria and of the indicators within them.
    memberships : DataFrame
        All indicators in rows, grades in columns; rows sum to 1.
    operator, grades
        As for :func:`evaluate_fuzzy`.

    Raises
    ------
    DataError
        As for :func:`evaluate_fuzzy`.
    """
    require_choice(operator, Operator, "operator")
    rows = _match(weights.overall, memberships, grades)
    by_criterion = {
        criterion: compare_operators(local, rows.loc[list(local.index)], grades=grades)
        for criterion, local in weights.local.items()
    }
    second = {
        name: pd.DataFrame({c: one.results[name].shares for c, one in by_criterion.items()}).T
        for name in OPERATORS
    }
    comparison = _compare(
        {
            name: (weights.criteria, rows.loc[weights.criteria.index])
            for name, rows in second.items()
        },
        grades,
    )
    return FuzzyHierarchyResult(
        criteria={criterion: one.results[operator] for criterion, one in by_criterion.items()},
        goal=comparison.results[operator],
        comparison=comparison,
    )


def _match(weights: pd.Series, memberships: pd.DataFrame, grades: GradeScale) -> pd.DataFrame:
    """Check both and put the rows in the order of the weights."""
    require_weights(weights, of="the indicators")
    require_same(list(weights.index), list(memberships.index), "weights", "membership table")
    return require_memberships(memberships, grades).loc[list(weights.index)]


def _compare(
    inputs: Mapping[str, tuple[pd.Series, pd.DataFrame]], grades: GradeScale
) -> OperatorComparison:
    vectors = {
        name: OPERATORS[name].compose(weights.to_numpy(dtype=float), rows.to_numpy())
        for name, (weights, rows) in inputs.items()
    }
    given = {name: _decide(vector, grades) for name, vector in vectors.items()}
    count = len(set(given.values()))
    check = Check(
        name="the four operators give the same grade",
        passed=count == 1,
        statistic=count,
        threshold="1 grade",
        source="the operators differ in what they let decide, so a firm verdict survives them all",
        consequence="the verdict depends on the operator: name it, and read the score instead",
    )
    results = {
        name: _conclude(name, inputs[name], vectors[name], given[name], grades, check)
        for name in inputs
    }
    return OperatorComparison(results, check)


def _decide(vector: np.ndarray, grades: GradeScale) -> str:
    """Grade of the largest membership; a tie goes to the lowest value."""
    leading = np.flatnonzero(vector >= vector.max() - TIE_TOLERANCE)
    return grades.names[min(leading, key=lambda grade: grades.values[grade])]


def _conclude(
    operator: str,
    inputs: tuple[pd.Series, pd.DataFrame],
    vector: np.ndarray,
    grade: str,
    grades: GradeScale,
    agreement: Check,
) -> FuzzyResult:
    shares = vector / vector.sum()
    validity = judge_maximum(shares)
    decisive = Check(
        name="the largest membership may decide the grade",
        passed=validity >= VALIDITY_LIMIT,
        statistic=validity,
        threshold=f"validity of the maximum-membership rule >= {VALIDITY_LIMIT:g}",
        source="lead of the first share over an even spread, against twice the second share",
        consequence="the grade is hardly decided: read the grade vector and the score instead",
    )
    return FuzzyResult(
        operator=operator,  # type: ignore[arg-type]
        weights=inputs[0],
        memberships=inputs[1],
        grade_vector=pd.Series(vector, index=list(grades.names), name="membership"),
        grade=grade,
        score=float(shares @ np.array(grades.values)),
        validity=validity,
        grades=grades,
        checks=(decisive, agreement),
    )

"""Fuzzy comprehensive evaluation: memberships and weights made into a grade and a score.

The operator that composes weights with memberships decides the verdict, so it is always
named and all four are compared.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from crmstudy.checks import Check
from crmstudy.errors import DataError, passes_absence
from crmstudy.evaluation.comprehensive.grades import GRADES, GradeScale
from crmstudy.evaluation.comprehensive.membership import require_memberships
from crmstudy.evaluation.comprehensive.operators import OPERATORS, Operator, judge_maximum
from crmstudy.evaluation.comprehensive.verdict import (
    GOAL,
    FuzzyHierarchyResult,
    FuzzyResult,
    OperatorComparison,
)
from crmstudy.evaluation.hierarchy.synthesis import HierarchyWeights
from crmstudy.evaluation.require import require_choice, require_same, require_weights

# Below this two memberships are the same number in different rounding.
TIE_TOLERANCE = 1e-12
VALIDITY_LIMIT = 0.5


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

    The grade vector of a criterion, brought to a sum of 1, is its row in the second level:
    rows of memberships sum to 1 on every level, so that no criterion gains or loses by the
    operator alone. Only product-sum keeps the sum by itself; with it the two levels equal
    one evaluation with the overall weights.

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
    if GOAL in weights.criteria:
        raise DataError(f"a criterion is called {GOAL!r}, as the goal is in tables; rename it")
    rows = _match(weights.overall, memberships, grades)
    by_criterion = {
        criterion: compare_operators(local, rows.loc[list(local.index)], grades=grades)
        for criterion, local in weights.local.items()
    }
    second = {
        name: pd.DataFrame({c: one.results[name].shares for c, one in by_criterion.items()}).T
        for name in OPERATORS
    }
    inputs = {
        name: (weights.criteria, rows.loc[weights.criteria.index]) for name, rows in second.items()
    }
    return FuzzyHierarchyResult(by_criterion, _compare(inputs, grades), operator)


def find_leading(vectors: np.ndarray) -> np.ndarray:
    """Mark the grades of the largest membership in vectors of shape (..., g)."""
    return np.asarray(vectors >= vectors.max(axis=-1, keepdims=True) - TIE_TOLERANCE)


def decide(vectors: np.ndarray, grades: GradeScale) -> np.ndarray:
    """Position of the grade of the largest membership; a tie goes to the lowest value."""
    upwards = np.argsort(grades.values, kind="stable")
    leading = find_leading(vectors)[..., upwards]
    return np.asarray(upwards[leading.argmax(axis=-1)])


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
    count = len({int(decide(vector, grades)) for vector in vectors.values()})
    check = Check(
        name="the four operators give the same grade",
        passed=count == 1,
        statistic=count,
        threshold="1 grade",
        source="the operators differ in what they let decide, so a firm verdict survives them all",
        consequence="the verdict depends on the operator: name it, and read the score instead",
    )
    results = {name: _conclude(name, inputs[name], vectors[name], grades, check) for name in inputs}
    return OperatorComparison(results, check)


def _conclude(
    operator: str,
    inputs: tuple[pd.Series, pd.DataFrame],
    vector: np.ndarray,
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
    leading = np.flatnonzero(find_leading(vector))
    return FuzzyResult(
        operator=operator,  # type: ignore[arg-type]
        weights=inputs[0],
        memberships=inputs[1],
        grade_vector=pd.Series(vector, index=list(grades.names), name="membership"),
        grade=grades.names[int(decide(vector, grades))],
        tied=tuple(grades.names[i] for i in leading) if len(leading) > 1 else (),
        score=float(shares @ np.array(grades.values)),
        validity=validity,
        grades=grades,
        checks=(decisive, agreement),
    )

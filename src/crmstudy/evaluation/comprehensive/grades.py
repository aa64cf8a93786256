"""Grades of an evaluation, from very poor to very good, and the value each stands for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crmstudy.appraisal import EvaluationSpec
from crmstudy.errors import SettingsError

_GRADE_NAMES = {
    3: ("poor", "fair", "good"),
    4: ("very poor", "poor", "good", "very good"),
    5: ("very poor", "poor", "fair", "good", "very good"),
    6: ("extremely poor", "very poor", "poor", "good", "very good", "extremely good"),
    7: ("extremely poor", "very poor", "poor", "fair", "good", "very good", "extremely good"),
}


@dataclass(frozen=True)
class GradeScale:
    """Grades of an evaluation, with the value each stands for in a score.

    Parameters
    ----------
    names : tuple of str
        From worst to best where memberships are made from answers or values.
    values : tuple of float
        One a grade.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.names) < 2 or len(set(self.names)) != len(self.names):
            raise SettingsError(f"grades are {self.names}; allowed: two or more different names")
        if len(self.values) != len(self.names) or not np.isfinite(self.values).all():
            raise SettingsError(f"grade values are {self.values}; allowed: one number a grade")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def lowest(self) -> float:
        """Value of the worst grade: where the score's scale begins."""
        return min(self.values)

    @property
    def highest(self) -> float:
        """Value of the best grade: where the score's scale ends."""
        return max(self.values)

    def name_nearest(self, score: float) -> str:
        """Name the grade whose value is nearest to a score; of two, the one of lower value."""
        near = np.abs(np.array(self.values) - score)
        leading = np.flatnonzero(near <= near.min() + 1e-12)
        return self.names[min(leading, key=lambda grade: self.values[grade])]


def read_grades(spec: EvaluationSpec) -> GradeScale:
    """Take the grades from study.yml; without scores they count 1, 2, and so on."""
    values = spec.scores or range(1, len(spec.grades) + 1)
    return GradeScale(tuple(spec.grades), tuple(float(value) for value in values))


def number_grades(count: int = 5) -> GradeScale:
    """Name 3 to 7 grades from worst to best, with the values 1, 2, and so on."""
    if count not in _GRADE_NAMES:
        raise SettingsError(f"number of grades is {count}; allowed: {min(_GRADE_NAMES)} to 7")
    return GradeScale(_GRADE_NAMES[count], tuple(float(i + 1) for i in range(count)))


GRADES = read_grades(EvaluationSpec())

"""How a score changed: interval, probability of improvement, and what moved it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from crmstudy.errors import ModelError, NotAvailable, SettingsError, attempt, passes_absence
from crmstudy.evaluation.comprehensive.grading import label_of
from crmstudy.evaluation.periods.evaluate import ADDRESSED, COMPARED
from crmstudy.evaluation.periods.evaluated import EvaluatedUnits, bound
from crmstudy.evaluation.periods.units import AFTER, BEFORE
from crmstudy.evaluation.tabulate import name_metrics

Floats = npt.NDArray[np.float64]
#: Draws of equal numbers differ by rounding, which is no change.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class ScoreChange:
    """The change of the score from one unit to another.

    Parameters
    ----------
    evaluated : EvaluatedUnits
        Where both units stand.
    before, after : str
        The two units.
    change, lower, upper : float
        Of the score, on the data as they are; percentile interval of the draws.
    p_higher : float
        Share of the draws in which the later score is higher, ties counted half.
    p_better, p_same, p_worse : float
        Share of the draws with a better, the same, and a worse grade.
    contributions : DataFrame or NotAvailable
        Indexed by indicator: ``weight``, ``before``, ``after`` (points), ``contribution``,
        ``lower``, ``upper``; contributions add up to the change.
    """

    evaluated: EvaluatedUnits
    before: str
    after: str
    change: float
    lower: float
    upper: float
    p_higher: float
    p_better: float
    p_same: float
    p_worse: float
    contributions: pd.DataFrame | NotAvailable

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out no change."""
        return self.lower > 0 or self.upper < 0

    def table(self) -> pd.DataFrame:
        """One row a quantity: score before, after, change with interval, probabilities."""
        both = self.evaluated
        ends = both.table().set_index(both.kind)
        rows = [
            (f"score, {name}", both.score(name), ends.loc[name, "lower"], ends.loc[name, "upper"])
            for name in (self.before, self.after)
        ]
        rows.append(("change of the score", self.change, self.lower, self.upper))
        rows += [
            ("probability that the score is higher", self.p_higher, None, None),
            ("probability of a better grade", self.p_better, None, None),
            ("probability of the same grade", self.p_same, None, None),
            ("probability of a worse grade", self.p_worse, None, None),
        ]
        table = pd.DataFrame(rows, columns=["quantity", "value", "lower", "upper"])
        return table.astype({"value": "Float64", "lower": "Float64", "upper": "Float64"})

    def tabulate_contributions(self) -> pd.DataFrame | NotAvailable:
        """One row an indicator: weight, points before and after, contribution to the change."""
        if isinstance(self.contributions, NotAvailable):
            return self.contributions
        named = self.contributions.rename(index=label_of, columns={"before": "points before"})
        named = named.rename(columns={"after": "points after"})
        return named.rename_axis("indicator").reset_index()

    def to_metrics(self) -> dict[str, float]:
        """Change, interval, probabilities, contributions."""
        metrics = {
            "change": self.change,
            "change_lower": self.lower,
            "change_upper": self.upper,
            "p_higher": self.p_higher,
            "p_better_grade": self.p_better,
            "p_worse_grade": self.p_worse,
        }
        if isinstance(self.contributions, NotAvailable):
            return metrics
        return metrics | name_metrics("contribution", self.contributions["contribution"])


@dataclass(frozen=True, eq=False)
class ChangeDifference:
    """How much more the score of one group changed than that of another.

    Parameters
    ----------
    changes : mapping of str to ScoreChange
        Of the customers addressed, and of those compared.
    difference, lower, upper : float
        Change of those addressed less change of those compared, with interval.
    p_higher : float
        Share of the draws in which it is above zero, ties counted half.
    """

    changes: Mapping[str, ScoreChange]
    difference: float
    lower: float
    upper: float
    p_higher: float

    @property
    def told_apart(self) -> bool:
        """Whether the interval leaves out no difference."""
        return self.lower > 0 or self.upper < 0

    def table(self) -> pd.DataFrame:
        """One row a group, then the difference: scores, change, interval, probability."""
        rows = [
            {
                "group": name,
                "score before": one.evaluated.score(one.before),
                "score after": one.evaluated.score(one.after),
                "change": one.change,
                "lower": one.lower,
                "upper": one.upper,
                "probability above zero": one.p_higher,
            }
            for name, one in self.changes.items()
        ]
        rows.append(
            {
                "group": "difference of the changes",
                "score before": None,
                "score after": None,
                "change": self.difference,
                "lower": self.lower,
                "upper": self.upper,
                "probability above zero": self.p_higher,
            }
        )
        return pd.DataFrame(rows).astype({"score before": "Float64", "score after": "Float64"})

    def to_metrics(self) -> dict[str, float]:
        """Difference of the changes, its interval and probability, and both changes."""
        return {
            "difference": self.difference,
            "difference_lower": self.lower,
            "difference_upper": self.upper,
            "p_higher": self.p_higher,
            **{f"change_{name}": one.change for name, one in self.changes.items()},
        }


@passes_absence
def compare_periods(evaluated: EvaluatedUnits, *, before: str = "", after: str = "") -> ScoreChange:
    """Compare two units that were evaluated together.

    Both scores of a draw come from the same experts and the same drawn customers, so that
    what the two have in common does not widen the interval of their difference.

    Parameters
    ----------
    evaluated : EvaluatedUnits
        With both units.
    before, after : str
        The units; empty takes the last but one and the last.

    Raises
    ------
    SettingsError
        If a unit was not evaluated, or both are the same.
    """
    names = evaluated.names
    first, second = evaluated.require(before or names[-2]), evaluated.require(after or names[-1])
    if first == second:
        raise SettingsError(f"before and after are both {first!r}; allowed: two different units")
    drawn = (evaluated.scores[second] - evaluated.scores[first]).to_numpy()
    lower, upper = bound(drawn[:, None], evaluated.level)
    values = np.array(evaluated.grades.values)
    steps = values[evaluated.positions[second]] - values[evaluated.positions[first]]
    return ScoreChange(
        evaluated=evaluated,
        before=first,
        after=second,
        change=evaluated.score(second) - evaluated.score(first),
        lower=float(lower[0]),
        upper=float(upper[0]),
        p_higher=count_above(drawn),
        p_better=float(np.mean(steps > 0)),
        p_same=float(np.mean(steps == 0)),
        p_worse=float(np.mean(steps < 0)),
        contributions=attempt(_split_change, evaluated, first, second),
    )


@passes_absence
def compare_groups(evaluated: EvaluatedUnits) -> ChangeDifference:
    """Compare the change of the customers addressed with that of the others.

    Parameters
    ----------
    evaluated : EvaluatedUnits
        Result of :func:`evaluate_groups`.

    Raises
    ------
    SettingsError
        If these are no groups before and after.
    """
    changes = {
        group: compare_periods(evaluated, before=f"{group}, {BEFORE}", after=f"{group}, {AFTER}")
        for group in (ADDRESSED, COMPARED)
    }
    drawn = [
        (evaluated.scores[one.after] - evaluated.scores[one.before]).to_numpy()
        for one in changes.values()
    ]
    lower, upper = bound((drawn[0] - drawn[1])[:, None], evaluated.level)
    return ChangeDifference(
        changes=changes,
        difference=changes[ADDRESSED].change - changes[COMPARED].change,
        lower=float(lower[0]),
        upper=float(upper[0]),
        p_higher=count_above(drawn[0] - drawn[1]),
    )


def count_above(drawn: Floats) -> float:
    """Share of draws above zero, those at zero counted half."""
    above, level = drawn > ROUNDING, np.abs(drawn) <= ROUNDING
    return float(np.mean(above) + np.mean(level) / 2)


def _split_change(evaluated: EvaluatedUnits, before: str, after: str) -> pd.DataFrame:
    """Share the change out to the indicators: weight times change of the points."""
    if evaluated.operator != "product-sum":
        raise ModelError(
            f"under the operator {evaluated.operator} the score is no sum over indicators, so its "
            "change has no parts"
        )
    overall = evaluated.weights.weights.overall
    drawn = dict(zip(evaluated.weights.indicator_names, evaluated.weights.overall.T, strict=True))
    rows = {}
    for name in evaluated.indicators:
        first, second = evaluated.point(before, name), evaluated.point(after, name)
        moved = (
            drawn[name]
            * (evaluated.points[name][after] - evaluated.points[name][before]).to_numpy()
        )
        lower, upper = bound(moved[:, None], evaluated.level)
        weight = float(overall[name])
        rows[name] = {
            "weight": weight,
            "before": first,
            "after": second,
            "contribution": weight * (second - first),
            "lower": float(lower[0]),
            "upper": float(upper[0]),
        }
    return pd.DataFrame.from_dict(rows, orient="index")

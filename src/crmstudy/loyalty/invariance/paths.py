"""Do paths between constructs differ between groups.

Paths are compared in the constructs' own units, which groups share when loadings are equal;
standardised paths also differ when only the groups' variances do. The full model is
estimated in all groups at once with the equalities that hold, paths free; then with equal
paths. The chi2 difference tests all paths together, Wald tests each, and Holm counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc, ndtri

from crmstudy.checks import Check, Hypothesis
from crmstudy.errors import NotAvailable, passes_absence
from crmstudy.loyalty.estimation.admissible import explain
from crmstudy.loyalty.estimation.result import SemResult
from crmstudy.loyalty.invariance.joint import LEVELS, lay_out_groups
from crmstudy.loyalty.invariance.samples import (
    fit_each,
    name_checks,
    sample_groups,
    start_cells,
)
from crmstudy.loyalty.invariance.solve import JointResult, solve_joint
from crmstudy.loyalty.invariance.steps import Difference, Invariance, compare_nested
from crmstudy.loyalty.model.moments import Array, lay_out
from crmstudy.loyalty.model.specify import StructuralModel
from crmstudy.statistics.multiplicity import adjust_p_values


@dataclass(frozen=True)
class PathComparison:
    """Paths of every group, and tests of their equality.

    Attributes
    ----------
    model : StructuralModel
    level, reference : str
        The level of invariance that was imposed; the group that others are compared with.
    single : dict of str to SemResult
        The model in each group alone.
    free, equal : JointResult or NotAvailable
        The joint solutions with free and with equal paths; not available when the model of
        one group is inadmissible.
    """

    model: StructuralModel
    level: str
    reference: str
    single: Mapping[str, SemResult] = field(repr=False, compare=False)
    free: JointResult | NotAvailable = field(repr=False, compare=False)
    equal: JointResult | NotAvailable = field(repr=False, compare=False)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The gate of the model with free paths, group by group."""
        if isinstance(self.free, NotAvailable):
            return name_checks(self.single)
        return self.free.checks

    @property
    def admissible(self) -> bool:
        """Whether the paths may be shown."""
        return isinstance(self.free, JointResult) and self.free.admissible

    @property
    def withheld(self) -> NotAvailable:
        """Why no path is shown."""
        return NotAvailable(f"paths of groups are not compared: {explain(self.checks)}")

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.single)

    @property
    def n_used(self) -> int:
        """Respondents of all groups."""
        return sum(each.n_used for each in self.single.values())

    @property
    def difference(self) -> Difference | NotAvailable:
        """What setting all paths equal costs."""
        if not self.admissible:
            return self.withheld
        return compare_nested(self.free.fit, self.equal.fit)

    @property
    def omnibus(self) -> Hypothesis | NotAvailable:
        """Test that no path differs between groups."""
        cost = self.difference
        if isinstance(cost, NotAvailable):
            return cost
        null = "every path is the same in all groups"
        return Hypothesis(null, cost.chi2, cost.p_value, f"chi2({cost.df})")

    def table(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """One row a path and group: estimate with interval, standardised value."""
        if not self.admissible:
            return self.withheld
        rows = self.free.table(level=level)
        rows = rows[rows["op"] == "~"].set_index(["right", "left", "group"])
        found = [
            {
                "path": _arrow(self.model, path.source, path.target),
                "hypothesis": path.label,
                "group": label,
                "n": self.single[label].n_used,
                **rows.loc[(path.source, path.target, label), _SHOWN].to_dict(),
            }
            for path in self.model.paths
            for label in self.labels
        ]
        return _drop_unlabelled(pd.DataFrame(found))

    def differences(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """One row a path and group: difference from the largest group; the path's Wald test.

        The test asks whether the path is the same in all groups; with two groups it is the
        square of the difference over its error.
        """
        free = self.free
        if isinstance(free, NotAvailable) or not free.admissible:
            return self.withheld
        places = self._places(free)
        wald, holm = self._tests
        reach = float(ndtri(0.5 + level / 2.0))
        rows = []
        for k, (path, place) in enumerate(zip(self.model.paths, places, strict=True)):
            for group, label in enumerate(self.labels):
                if label == self.reference:
                    continue
                gap, se = _subtract(free, place[group], place[self.labels.index(self.reference)])
                rows.append(
                    {
                        "path": _arrow(self.model, path.source, path.target),
                        "hypothesis": path.label,
                        "groups": f"{label} minus {self.reference}",
                        "difference": gap,
                        "se": se,
                        "lower": gap - reach * se,
                        "upper": gap + reach * se,
                        "Wald chi2": wald[k][0],
                        "df": wald[k][1],
                        "p value": wald[k][2],
                        "p value, Holm": float(holm[k]),
                    }
                )
        return _drop_unlabelled(pd.DataFrame(rows))

    def detectable(self, *, power: float = 0.8, alpha: float = 0.05) -> float | NotAvailable:
        """Smallest difference of the median path that a test finds with this power."""
        found = self.differences()
        if isinstance(found, NotAvailable):
            return found
        return float((ndtri(1 - alpha / 2) + ndtri(power)) * found["se"].median())

    def to_metrics(self) -> dict[str, float]:
        """The test of all paths, each path by group, and each difference."""
        metrics: dict[str, float] = {"admissible": int(self.admissible)}
        cost, rows = self.difference, self.differences()
        if isinstance(cost, Difference):
            metrics |= {"chi2": cost.chi2, "df": cost.df, "p_value": cost.p_value}
        if isinstance(rows, pd.DataFrame):
            metrics["n_paths"] = len(self.model.paths)
            once = rows.drop_duplicates("path")
            metrics["n_paths_differ"] = int((once["p value, Holm"] < 0.05).sum())
            metrics["largest_difference"] = float(rows["difference"].abs().max())
        return metrics

    @cached_property
    def _tests(self) -> tuple[list[tuple[float, int, float]], Array]:
        """Wald tests of the paths, and their p-values by Holm."""
        free = self.free
        if isinstance(free, NotAvailable):
            return [], np.array([])
        wald = [_test_equal(free, place) for place in self._places(free)]
        holm = adjust_p_values(pd.Series([p for _, _, p in wald]))["p_holm"]
        return wald, holm.to_numpy()

    def _places(self, free: JointResult) -> list[NDArray[np.intp]]:
        """Number each path's parameter in every group; shape (n_paths, n_groups)."""
        cells = {(cell.left, cell.right): k for k, cell in enumerate(free.joint.cells)}
        return [free.joint.index[:, cells[p.target, p.source]] for p in self.model.paths]


_SHOWN = ["estimate", "se", "p value", "lower", "upper", "standardised", "standardised se"]


@passes_absence
def compare_paths(invariance: Invariance) -> PathComparison | NotAvailable:
    """Compare the paths of the model between groups.

    Parameters
    ----------
    invariance : Invariance
        The highest level that holds is imposed.

    Returns
    -------
    PathComparison or NotAvailable
        Not available without metric invariance (a unit of the construct then means
        something else in each group), or when the model has no paths.
    """
    if not invariance.admissible:
        return invariance.withheld
    if not invariance.model.paths:
        return NotAvailable(f"model {invariance.model.name!r} has no paths")
    if not invariance.holds("metric"):
        return NotAvailable(
            "paths are not compared: loadings are not equal across groups, so a unit of a "
            "construct is not the same in each"
        )
    level, reference = invariance.held, invariance.groups.reference
    single = fit_each(invariance.answers, invariance.model, invariance.divisor)
    if not all(each.admissible for each in single.values()):
        withheld = NotAvailable(explain(name_checks(single)))
        return PathComparison(invariance.model, level, reference, single, withheld, withheld)
    samples, cells = sample_groups(single), start_cells(single)
    structure, n_groups = lay_out(invariance.model), len(single)
    for each in list(LEVELS)[: list(LEVELS).index(level) + 1]:
        joint = lay_out_groups(structure, n_groups, level=each)
        free = solve_joint(joint, samples, start=cells)
        cells = joint.spread(free.theta)
    joint = lay_out_groups(structure, n_groups, level=level, equal_paths=True)
    equal = solve_joint(joint, samples, start=cells)
    return PathComparison(invariance.model, level, reference, single, free, equal)


def _test_equal(result: JointResult, place: NDArray[np.intp]) -> tuple[float, int, float]:
    """Wald test that a parameter is the same in all groups: chi2, df, p-value."""
    contrast = np.hstack([-np.ones((len(place) - 1, 1)), np.eye(len(place) - 1)])
    gap = contrast @ result.theta[place]
    spread = contrast @ result.values(place) @ contrast.T
    chi2, df = float(gap @ np.linalg.solve(spread, gap)), len(gap)
    return chi2, df, float(chdtrc(df, chi2))


def _subtract(result: JointResult, first: int, second: int) -> tuple[float, float]:
    """Difference of two parameters, and its standard error."""
    spread = result.values(np.array([first, second]))
    se = float(np.sqrt(spread[0, 0] + spread[1, 1] - 2.0 * spread[0, 1]))
    return float(result.theta[first] - result.theta[second]), se


def _arrow(model: StructuralModel, source: str, target: str) -> str:
    label = {each.name: each.label or each.name for each in model.constructs}
    return f"{label[source]} → {label[target]}"


def _drop_unlabelled(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave the hypotheses out where no path has one."""
    return rows if rows["hypothesis"].any() else rows.drop(columns="hypothesis")

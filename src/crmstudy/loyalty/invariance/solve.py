"""The joint maximum likelihood solution, and its gate.

Scoring runs on items of mean 0 and pooled standard deviation 1 (the same scaling in every
group, as equal cells must stay equal); results are in the items' units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crmstudy.checks import Check, failed
from crmstudy.errors import NotAvailable
from crmstudy.loyalty.estimation.admissible import (
    check_solution,
    explain,
    root_diagonal,
    scale_gradient,
)
from crmstudy.loyalty.estimation.result import wald_columns
from crmstudy.loyalty.invariance.fit import JointFit, measure_joint_fit
from crmstudy.loyalty.invariance.joint import (
    GroupSample,
    JointStructure,
    measure_discrepancy,
    slope_of_joint,
)
from crmstudy.loyalty.model.moments import Array, delta_errors
from crmstudy.statistics.threads import hold_one_thread


@dataclass(frozen=True)
class JointResult:
    """A model estimated in several groups at once.

    Attributes
    ----------
    joint : JointStructure
    samples : tuple of GroupSample
    theta, covariance : arrays of shape (n_free,) and its square
        Estimates in the items' units, and their covariance by the expected information.
    checks : tuple of Check
        The gate: of the joint solution, then of each group.
    """

    joint: JointStructure
    samples: tuple[GroupSample, ...]
    theta: Array
    covariance: Array
    checks: tuple[Check, ...]

    @property
    def admissible(self) -> bool:
        """Whether every check of the gate passed."""
        return not failed(self.checks)

    @cached_property
    def fit(self) -> JointFit | NotAvailable:
        """Measures of fit of an admissible solution."""
        if not self.admissible:
            return NotAvailable(explain(self.checks))
        return measure_joint_fit(self.joint, self.theta, self.samples)

    def values(self, cells: NDArray[np.intp]) -> Array:
        """Covariance matrix of the estimates in some cells (parameters by number)."""
        return self.covariance[np.ix_(cells, cells)]

    def table(self, *, level: float = 0.95) -> pd.DataFrame | NotAvailable:
        """Every cell of every group: estimate, error, interval, standardised value."""
        if not self.admissible:
            return NotAvailable(explain(self.checks))
        groups = range(len(self.samples))
        return pd.concat([self._tabulate(g, level) for g in groups], ignore_index=True)

    def _tabulate(self, group: int, level: float) -> pd.DataFrame:
        structure, index = self.joint.structure, self.joint.index[group]
        k = len(structure.parameters)
        theta, own = self.theta[index[:k]], self.values(index[:k])
        errors = np.sqrt(np.diag(self.covariance))
        rows = [*structure.reported, *self.joint.cells[k:]]
        place = {cell: index[j] for j, cell in enumerate(self.joint.cells) if index[j] >= 0}
        means = np.array(
            [self.theta[place[c]] if c in place else 0.0 for c in rows[-len(index) + k :]]
        )
        estimate = np.append(structure.report(theta), means)
        se = np.array([errors[place[cell]] if cell in place else np.nan for cell in rows])
        empty = np.full(len(means), np.nan)
        shared = np.bincount(self.joint.index[self.joint.index >= 0], minlength=len(errors)) > 1
        return pd.DataFrame(
            {
                "group": self.samples[group].label,
                "left": [cell.left for cell in rows],
                "op": [cell.op for cell in rows],
                "right": [cell.right for cell in rows],
                "equal": [
                    ("yes" if shared[place[cell]] else "no") if cell in place else "fixed"
                    for cell in rows
                ],
                "estimate": estimate,
                "se": se,
                **wald_columns(estimate, se, level=level),
                "standardised": np.append(structure.standardise(theta), empty),
                "standardised se": np.append(
                    delta_errors(structure.standardise, theta, own), empty
                ),
            }
        )


def solve_joint(
    joint: JointStructure, samples: Sequence[GroupSample], *, start: Array
) -> JointResult:
    """Find the joint maximum likelihood solution by Fisher scoring.

    Parameters
    ----------
    joint : JointStructure
    samples : sequence of GroupSample
    start : array of shape (n_groups, k + p + q)
        The groups' cells in the items' units, from a looser model; cells that share a
        parameter are averaged.
    """
    shift, sd = _pool(samples)
    units, offset = _scale(joint, shift, sd)
    scaled = tuple(
        s._replace(mean=(s.mean - shift) / sd, covariance=s.covariance / np.outer(sd, sd))
        for s in samples
    )
    with hold_one_thread("blas"):
        theta = _walk(joint, (joint.gather(start) - offset) / units, scaled)
        gradient, information = slope_of_joint(joint, theta, scaled)
        checks = _check(joint, theta, scaled, gradient, information)
        n = sum(sample.multiplier for sample in samples)
        covariance = 2.0 / n * _invert(information) * np.outer(units, units)
    return JointResult(joint, tuple(samples), theta * units + offset, covariance, checks)


def _walk(
    joint: JointStructure, theta: Array, samples: Sequence[GroupSample], *, max_steps: int = 500
) -> Array:
    """Walk to the optimum, halving steps that lead uphill or out of the allowed matrices."""
    reached = _total(joint, theta, samples)
    for _ in range(max_steps):
        gradient, information = slope_of_joint(joint, theta, samples)
        if scale_gradient(gradient, information).max() < 1e-10:
            break
        scale = root_diagonal(information)
        step = np.linalg.lstsq(information / np.outer(scale, scale), gradient / scale)[0] / scale
        for share in 0.5 ** np.arange(12):
            trial = theta - share * step
            value = _total(joint, trial, samples)
            if value <= reached + 1e-12:  # rounding at the optimum
                break
        else:
            break
        theta, reached = trial, value
    return theta


def _total(joint: JointStructure, theta: Array, samples: Sequence[GroupSample]) -> float:
    """Return F, infinite where a covariance matrix is not positive definite."""
    if any(np.linalg.eigvalsh(implied)[0] <= 0.0 for _, implied in joint.implied(theta)):
        return np.inf
    weights = np.array([sample.multiplier for sample in samples])
    return float(weights @ measure_discrepancy(joint, theta, samples) / weights.sum())


def _check(
    joint: JointStructure,
    theta: Array,
    samples: Sequence[GroupSample],
    gradient: Array,
    information: Array,
) -> tuple[Check, ...]:
    """Gate of the joint solution (optimum, identification), then of every group's matrices."""
    k = len(joint.structure.parameters)
    checks: list[Check] = []
    for cells, sample in zip(joint.spread(theta), samples, strict=True):
        both = check_solution(joint.structure, cells[:k], gradient, information)
        checks += both[:2] if not checks else ()  # of the joint solution, the same each time
        checks += [replace(each, name=f"{sample.label}: {each.name}") for each in both[2:]]
    return tuple(checks)


def _pool(samples: Sequence[GroupSample]) -> tuple[Array, Array]:
    """Mean over all respondents, and standard deviation within groups."""
    weights = np.array([float(sample.n_used) for sample in samples])
    weights /= weights.sum()
    mean = sum(w * sample.mean for w, sample in zip(weights, samples, strict=True))
    variance = sum(w * np.diag(s.covariance) for w, s in zip(weights, samples, strict=True))
    return np.asarray(mean), np.sqrt(np.asarray(variance))


def _scale(joint: JointStructure, shift: Array, sd: Array) -> tuple[Array, Array]:
    """Return factor and offset that turn each scaled parameter into the items' units."""
    model = joint.structure.model
    markers = [model.items.index(construct.items[0]) for construct in model.constructs]
    k, p = len(joint.structure.parameters), len(sd)
    factors = np.concatenate([joint.structure.units(sd), sd, sd[markers]])
    offsets = np.zeros_like(factors)
    offsets[k : k + p] = shift
    groups = np.ones((len(joint.index), 1))
    return joint.gather(groups * factors), joint.gather(groups * offsets)


def _invert(information: Array) -> Array:
    scale = root_diagonal(information)
    outer = np.outer(scale, scale)
    return np.linalg.pinv(information / outer, hermitian=True) / outer

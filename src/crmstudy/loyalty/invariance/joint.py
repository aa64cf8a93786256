"""One model in several groups at once: which cells the groups share, and the likelihood.

In each group ``g`` the items have the covariance matrix of
:mod:`crmstudy.loyalty.model.moments` and the means::

    mu_g = nu_g + Lambda_g C_g alpha_g

with intercepts ``nu`` of the items and ``alpha`` of the constructs. Equal cells of
different groups are one parameter of one likelihood, whose discrepancy is the sum of the
groups', weighted by their respondents::

    F = sum_g n_g / n (log|Sigma_g| + tr(S_g Sigma_g^-1) - log|S_g| - p
                       + (m_g - mu_g)' Sigma_g^-1 (m_g - mu_g))

References
----------
Jöreskog, K. G. (1971). Simultaneous factor analysis in several populations.
Psychometrika, 36(4), 409-426.
Sörbom, D. (1974). A general method for studying differences in factor means and factor
structure between groups. British J. Mathematical and Statistical Psychology, 27(2), 229-239.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmstudy.loyalty.estimation.fit import discrepancy
from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Parameter
from crmstudy.loyalty.model.specify import StructuralModel

#: From the loosest to the strictest: what has the same value in every group.
LEVELS = {
    "configural": "nothing but which items measure which construct",
    "metric": "loadings",
    "scalar": "loadings and intercepts",
    "strict": "loadings, intercepts and residual variances",
}


class GroupSample(NamedTuple):
    """What is known of one group: its moments, and what multiplies its discrepancy."""

    label: str
    n_used: int
    multiplier: int
    mean: Array
    covariance: Array


@dataclass(frozen=True)
class JointStructure:
    """Cells of a model in several groups, and the parameters that fill them.

    Attributes
    ----------
    structure : CovarianceStructure
        The model of every single group, of ``k`` parameters, ``p`` items, ``q`` constructs.
    index : array of shape (n_groups, k + p + q)
        The parameter in each cell: covariance parameters, intercepts of the items, then
        means (intercepts) of the constructs. -1 where the cell is fixed at 0.
    """

    structure: CovarianceStructure
    index: NDArray[np.intp]

    @property
    def n_free(self) -> int:
        """Distinct parameters."""
        return int(self.index.max()) + 1

    @property
    def df(self) -> int:
        """Distinct moments (means, variances, covariances) minus parameters."""
        p = len(self.structure.model.items)
        return len(self.index) * (p * (p + 1) // 2 + p) - self.n_free

    @property
    def cells(self) -> tuple[Parameter, ...]:
        """Names of the cells of a group; ``~1`` marks an intercept."""
        model = self.structure.model
        means = (Parameter(name, "~1", "") for name in (*model.items, *model.construct_names))
        return (*self.structure.parameters, *means)

    def spread(self, theta: Array) -> Array:
        """Write parameters into the groups' cells; shape of :attr:`index`."""
        return np.where(self.index >= 0, theta[self.index], 0.0)

    def gather(self, cells: Array) -> Array:
        """Average the cells that share a parameter: a start for a stricter model."""
        free = self.index >= 0
        sums = np.bincount(self.index[free], cells[free], self.n_free)
        return sums / np.bincount(self.index[free], minlength=self.n_free)

    def implied(self, theta: Array) -> list[tuple[Array, Array]]:
        """Return mean vector and covariance matrix of the items in each group."""
        return [imply_moments(self.structure, cells) for cells in self.spread(theta)]


def measure_only(model: StructuralModel) -> StructuralModel:
    """Take the paths out of a model: its constructs covary freely.

    What the items measure is judged apart from how the constructs act on each other.
    """
    pairs = tuple(pair for pair in model.covariances if pair[0] in model.items)
    return replace(model, paths=(), covariances=pairs)


def lay_out_groups(
    structure: CovarianceStructure, n_groups: int, *, level: str, equal_paths: bool = False
) -> JointStructure:
    """Say which cells the groups share at a level of invariance.

    Parameters
    ----------
    structure : CovarianceStructure
    n_groups : int
    level : {"configural", "metric", "scalar", "strict"}
        As lavaan's ``group.equal``. From scalar on the constructs' means are free in all
        groups but the first, where they are 0.
    equal_paths : bool
        Whether paths between constructs are equal too.
    """
    rank = list(LEVELS).index(level)
    model = structure.model
    means = (Parameter(name, "~1", "") for name in (*model.items, *model.construct_names))
    cells = (*structure.parameters, *means)
    latent = len(structure.parameters) + len(model.items)
    index = np.full((n_groups, len(cells)), -1, dtype=np.intp)
    taken = 0
    for group in range(n_groups):
        for place, cell in enumerate(cells):
            if place >= latent and (group == 0 or rank < 2):
                continue
            if group and place < latent and _is_shared(cell, model.items, rank, equal_paths):
                index[group, place] = index[0, place]
            else:
                index[group, place], taken = taken, taken + 1
    return JointStructure(structure, index)


def _is_shared(cell: Parameter, items: Sequence[str], rank: int, equal_paths: bool) -> bool:
    if cell.op == "=~":
        return rank >= 1
    if cell.op == "~1":
        return rank >= 2
    if cell.op == "~":
        return equal_paths
    return rank >= 3 and cell.left == cell.right and cell.left in items


def imply_moments(structure: CovarianceStructure, cells: Array) -> tuple[Array, Array]:
    """Return the mean vector and covariance matrix of the items that a group's cells imply."""
    theta, intercepts, latent = _split(structure, cells)
    loadings, slopes, _, _ = structure.matrices(theta)
    means = np.linalg.solve(np.eye(len(slopes)) - slopes, latent)
    return intercepts + loadings @ means, structure.implied(theta)


def measure_discrepancy(
    joint: JointStructure, theta: Array, samples: Sequence[GroupSample]
) -> Array:
    """Return each group's discrepancy, of means and covariances; shape (n_groups,)."""
    found = np.empty(len(samples))
    for group, (sample, (mean, covariance)) in enumerate(
        zip(samples, joint.implied(theta), strict=True)
    ):
        gap = sample.mean - mean
        found[group] = discrepancy(sample.covariance, covariance)
        found[group] += gap @ np.linalg.solve(covariance, gap)
    return found


def slope_of_group(
    structure: CovarianceStructure, cells: Array, sample: GroupSample
) -> tuple[Array, Array]:
    """Return gradient and expected Hessian of one group's discrepancy in its cells.

    The cells are followed by the markers' loadings, which no model frees but a test may ask
    about (:mod:`crmstudy.loyalty.invariance.advice`).
    """
    theta, _, latent = _split(structure, cells)
    mean, implied = imply_moments(structure, cells)
    inverse = np.linalg.inv(implied)
    of_covariance, of_mean = _differentiate(structure, theta, latent)
    weighted = inverse @ of_covariance
    gap = sample.mean - mean
    misfit = np.eye(len(inverse)) - inverse @ (sample.covariance + np.outer(gap, gap))
    gradient = np.einsum("kij,ji->k", weighted, misfit) - 2.0 * of_mean @ inverse @ gap
    flat = weighted.reshape(len(gradient), -1)
    mirrored = weighted.transpose(0, 2, 1).reshape(len(gradient), -1)
    return gradient, flat @ mirrored.T + 2.0 * of_mean @ inverse @ of_mean.T


def _differentiate(
    structure: CovarianceStructure, theta: Array, latent: Array
) -> tuple[Array, Array]:
    """Differentiate covariances and means by the cells, then by the markers' loadings."""
    loadings, slopes, disturbances, _ = structure.matrices(theta)
    p, q = loadings.shape
    k, size = len(theta), len(theta) + p + 2 * q
    total = np.linalg.inv(np.eye(q) - slopes)
    means, onto = total @ latent, loadings @ total
    behind = total @ disturbances @ onto.T
    loading, slope, _, _ = structure.blocks
    markers = [structure.model.items.index(c.items[0]) for c in structure.model.constructs]
    of_covariance = np.zeros((size, p, p))
    of_covariance[:k] = structure.jacobian(theta)
    of_covariance[np.arange(size - q, size), markers] = behind
    of_covariance[size - q :] += of_covariance[size - q :].transpose(0, 2, 1).copy()
    of_mean = np.zeros((size, p))
    of_mean[loading.index, loading.rows] = means[loading.columns]
    of_mean[slope.index] = onto[:, slope.rows].T * means[slope.columns][:, None]
    of_mean[k : k + p] = np.eye(p)
    of_mean[k + p : k + p + q] = onto.T
    of_mean[np.arange(size - q, size), markers] = means
    return of_covariance, of_mean


def slope_of_joint(
    joint: JointStructure, theta: Array, samples: Sequence[GroupSample]
) -> tuple[Array, Array]:
    """Return gradient and expected Hessian of the joint discrepancy F."""
    total = sum(sample.multiplier for sample in samples)
    gradient, information = np.zeros(joint.n_free), np.zeros((joint.n_free, joint.n_free))
    for cells, index, sample in zip(joint.spread(theta), joint.index, samples, strict=True):
        own, curvature = slope_of_group(joint.structure, cells, sample)
        free = np.flatnonzero(index >= 0)
        share = sample.multiplier / total
        gradient[index[free]] += share * own[free]  # a group holds no parameter twice
        information[np.ix_(index[free], index[free])] += share * curvature[np.ix_(free, free)]
    return gradient, information


def _split(structure: CovarianceStructure, cells: Array) -> tuple[Array, Array, Array]:
    k, p = len(structure.parameters), len(structure.model.items)
    return cells[:k], cells[k : k + p], cells[k + p :]

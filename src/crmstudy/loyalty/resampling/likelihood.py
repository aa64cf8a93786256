"""Discrepancy, slope and information of a model at many parameter vectors at once.

Every derivative of the implied covariance matrix has rank two: with ``A = Lambda C`` and
``G = Lambda Phi`` (``Phi`` the constructs' covariance matrix) it is ``c (u v' + v u')``,
where ``u`` and ``v`` are columns of ``[I A G]`` and ``c`` is 1, or 1/2 of a variance. So
slope and information are entries of a few small products, whatever the model, and a stack
of hundreds of samples is one call of NumPy each.

References
----------
Bollen, K. A. (1989). Structural Equations with Latent Variables. Wiley. Ch. 4, appendix.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crmstudy.loyalty.model.moments import Array, CovarianceStructure, Matrices
from crmstudy.loyalty.resampling.factored import LEAST_ERROR, evaluate_factored

Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
_LEAST = 1e-10  # eigenvalue, items of SD 1, below which an implied matrix counts as singular


@dataclass(frozen=True)
class Plan:
    """Where each parameter's derivative finds its two columns in ``[I A G]``.

    Attributes
    ----------
    structure : CovarianceStructure
    left, right : arrays of shape (n_parameters,)
        Columns ``u`` and ``v``.
    share : array of shape (n_parameters,)
        The factor ``c``.
    """

    structure: CovarianceStructure
    left: Places
    right: Places
    share: Array


class Slope(NamedTuple):
    """Discrepancy, without the sample's own part, and its gradient; one row a sample."""

    value: Array
    gradient: Array


class _Pieces(NamedTuple):
    """What discrepancy, slope and information share: ``[A G]`` and ``Sigma``."""

    basis: Array
    implied: Array


def plan_derivatives(structure: CovarianceStructure) -> Plan:
    """Say once, for a model, where the derivatives stand."""
    p, q = len(structure.model.items), len(structure.model.constructs)
    loading, slope, disturbance, error = structure.blocks
    k = len(structure.parameters)
    left, right = np.empty(k, dtype=np.intp), np.empty(k, dtype=np.intp)
    share = np.ones(k)
    left[loading.index], right[loading.index] = loading.rows, p + q + loading.columns
    left[slope.index], right[slope.index] = p + slope.rows, p + q + slope.columns
    left[disturbance.index] = p + disturbance.rows
    right[disturbance.index] = p + disturbance.columns
    left[error.index], right[error.index] = error.rows, error.columns
    for block in (disturbance, error):  # a variance stands once in its matrix
        share[block.index[block.rows == block.columns]] = 0.5
    return Plan(structure, left, right, share)


def fill_matrices(structure: CovarianceStructure, thetas: Array) -> Matrices:
    """Fill the four matrices for many parameter vectors; each of shape (n, rows, columns)."""
    stacked = []
    for block in structure.blocks:
        filled = np.repeat(block.fixed[None], len(thetas), axis=0)
        filled[:, block.rows, block.columns] = thetas[:, block.index]
        if block.symmetric:
            filled[:, block.columns, block.rows] = thetas[:, block.index]
        stacked.append(filled)
    return Matrices(*stacked)


def relate_constructs(matrices: Matrices) -> tuple[Array, Array]:
    """Return total effects ``C`` and covariances ``C Psi C'`` of the constructs, stacked."""
    total = np.linalg.inv(np.eye(matrices.slopes.shape[-1]) - matrices.slopes)
    return np.asarray(total), np.asarray(total @ matrices.disturbances @ _turn(total))


def imply_covariances(structure: CovarianceStructure, thetas: Array) -> Array:
    """Return the items' covariance matrices, shape (n, n_items, n_items)."""
    return _gather(structure, thetas).implied


def evaluate(plan: Plan, thetas: Array, samples: Array) -> Slope:
    """Evaluate the discrepancy and its gradient at one parameter vector a sample.

    Parameters
    ----------
    plan : Plan
    thetas : array of shape (n, n_parameters), or (1, n_parameters) for all samples
    samples : array of shape (n, n_items, n_items)

    Returns
    -------
    Slope
        ``log|Sigma| + tr(S Sigma^-1)``, infinite where ``Sigma`` is not positive definite.
    """
    error = plan.structure.blocks[3]
    if (error.rows != error.columns).any():
        return _evaluate_whole(plan, thetas, samples)
    plain = (thetas[:, error.index] >= LEAST_ERROR).all(axis=1)
    if plain.all():
        return _evaluate_factored(plan, thetas, samples)
    if not plain.any():
        return _evaluate_whole(plan, thetas, samples)
    value, gradient = np.empty(len(samples)), np.empty((len(samples), thetas.shape[1]))
    for those, work in ((plain, _evaluate_factored), (~plain, _evaluate_whole)):
        value[those], gradient[those] = work(plan, thetas[those], samples[those])
    return Slope(value, gradient)


def _evaluate_factored(plan: Plan, thetas: Array, samples: Array) -> Slope:
    """Evaluate through matrices no larger than the constructs are many."""
    p, q = samples.shape[-1], len(plan.structure.model.constructs)
    matrices = fill_matrices(plan.structure, thetas)
    errors = np.einsum("nii->ni", matrices.errors)
    found = evaluate_factored(matrices.loadings, *relate_constructs(matrices), errors, samples)
    if found is None:
        return _evaluate_whole(plan, thetas, samples)
    gradient = np.empty((len(samples), thetas.shape[1]))
    item, loading = plan.right < p, (plan.left < p) & (plan.right >= p)
    gradient[:, item] = found.diagonal[:, plan.left[item]]
    gradient[:, loading] = found.onto[:, plan.left[loading], plan.right[loading] - p - q]
    rest = plan.left >= p
    gradient[:, rest] = found.inner[:, plan.left[rest] - p, plan.right[rest] - p]
    return Slope(found.value, 2.0 * plan.share * gradient)


def _evaluate_whole(plan: Plan, thetas: Array, samples: Array) -> Slope:
    """Evaluate through the inverses of the implied covariance matrices."""
    p = samples.shape[-1]
    pieces = _gather(plan.structure, thetas)
    inverse, log_determinant = invert_definite(pieces.implied)
    weighted = np.matmul(inverse, samples)
    value = log_determinant + np.einsum("nii->n", weighted)
    pull = inverse - weighted @ inverse
    onto = pull @ pieces.basis
    inner = _turn(pieces.basis) @ onto
    gradient = np.empty((len(samples), thetas.shape[1]))
    for place, matrix, left, right in (
        (plan.right < p, pull, 0, 0),
        ((plan.left < p) & (plan.right >= p), onto, 0, p),
        (plan.left >= p, inner, p, p),
    ):
        gradient[:, place] = matrix[:, plan.left[place] - left, plan.right[place] - right]
    return Slope(value, 2.0 * plan.share * gradient)


def inform(plan: Plan, thetas: Array) -> Array:
    """Return the expected Hessians of the discrepancy, shape (n, n_parameters, n_parameters)."""
    pieces = _gather(plan.structure, thetas)
    inverse, _ = invert_definite(pieces.implied)
    p, width = pieces.basis.shape[1], sum(pieces.basis.shape[1:])
    gram = np.empty((len(thetas), width, width))
    onto = inverse @ pieces.basis
    gram[:, :p, :p] = inverse
    gram[:, :p, p:], gram[:, p:, :p] = onto, _turn(onto)
    gram[:, p:, p:] = _turn(pieces.basis) @ onto
    flat = gram.reshape(len(thetas), -1)
    across = flat[:, plan.right[:, None] * width + plan.left]
    straight = flat[:, plan.right[:, None] * width + plan.right]
    straight *= flat[:, plan.left[:, None] * width + plan.left]
    straight += across * _turn(across)
    return straight * (2.0 * np.outer(plan.share, plan.share))


def invert_definite(matrices: Array) -> tuple[Array, Array]:
    """Invert a stack of covariance matrices; also their log determinants.

    Where a matrix is not positive definite its inverse stands for the identity's and its
    log determinant is infinite.
    """
    try:
        factor = np.linalg.cholesky(matrices)
        definite = np.ones(len(matrices), dtype=bool)
    except np.linalg.LinAlgError:
        definite = find_definite(matrices, least=_LEAST)
        matrices = np.where(definite[:, None, None], matrices, np.eye(matrices.shape[-1]))
        factor = np.linalg.cholesky(matrices)
    logs = 2.0 * np.log(np.einsum("nii->ni", factor)).sum(axis=1)
    return np.asarray(np.linalg.inv(matrices)), np.where(definite, logs, np.inf)


def find_definite(matrices: Array, *, least: float) -> Flags:
    """Flag the matrices whose smallest eigenvalue is above ``least``."""
    finite = np.asarray(np.isfinite(matrices).all(axis=(1, 2)))
    safe = np.where(finite[:, None, None], matrices, 0.0)
    return np.asarray(finite & (np.linalg.eigvalsh(safe)[:, 0] > least))


def _gather(structure: CovarianceStructure, thetas: Array) -> _Pieces:
    matrices = fill_matrices(structure, thetas)
    total, latent = relate_constructs(matrices)
    basis = matrices.loadings @ np.concatenate([total, latent], axis=2)
    behind = basis[:, :, total.shape[-1] :]
    return _Pieces(basis, behind @ _turn(matrices.loadings) + matrices.errors)


def _turn(matrices: NDArray[Any]) -> Array:
    return np.asarray(matrices.swapaxes(-1, -2))

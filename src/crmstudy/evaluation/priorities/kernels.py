"""Weights of many judgement matrices at once, by each method, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np

from crmstudy.evaluation.require import require_choice

Method = Literal["eigenvector", "geometric_mean", "column_mean"]

# A thousand 12 x 12 matrices are about a megabyte.
BLOCK_CELLS = 150_000

POWER_STEPS, STEPS_A_LOOK = 60, 4
POWER_TOLERANCE = 1e-15

# Consistent judgements give lambda max = n but for rounding, which is not inconsistency.
ROUNDING = 1e-13


def split_blocks(values: np.ndarray) -> Iterator[slice]:
    """Cut a stack of matrices into blocks that stay in the processor's cache."""
    step = max(BLOCK_CELLS // values.shape[1] ** 2, 1)
    return (slice(start, start + step) for start in range(0, len(values), step))


def derive_weights(values: np.ndarray, method: Method) -> np.ndarray:
    """Derive the weights of matrices of shape (m, n, n) that are known to be reciprocal.

    Beside the weights, of shape (m, n), no more memory is taken than one block needs.
    """
    require_choice(method, Method, "method")
    derive = _DERIVE[method]
    weights = np.empty(values.shape[:2])
    for block in split_blocks(values):
        weights[block] = derive(values[block])
    return weights


def estimate_lambda(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Mean of ``(A w)_i / w_i`` of each matrix: for the eigenvector its principal value."""
    estimate = (np.matvec(values, weights) / weights).mean(axis=1)
    size = values.shape[1]
    # At least n in exact arithmetic, by a_ij w_j / w_i + a_ji w_i / w_j >= 2.
    return np.where(estimate < size * (1 + ROUNDING), size, estimate)


def _derive_eigenvector(values: np.ndarray) -> np.ndarray:
    """Power iteration on all matrices together; those that do not settle go to LAPACK."""
    weights, settled = _iterate_power(values)
    if not settled.all():
        weights[~settled] = _solve_eigenvector(values[~settled])
    return weights


def _iterate_power(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Multiply and normalise until nothing moves; tell which matrices came to rest."""
    weights = values.sum(axis=2)
    weights /= weights.sum(axis=1, keepdims=True)
    for _ in range(POWER_STEPS // STEPS_A_LOOK):
        before = weights
        # A look at what moved costs as much as a product, so there are several to a look.
        for _ in range(STEPS_A_LOOK):
            weights = np.matvec(values, weights)
        weights /= weights.sum(axis=1, keepdims=True)
        moved = np.abs(weights - before).max(axis=1)
        if moved.max() <= POWER_TOLERANCE:
            break
    return weights, moved <= POWER_TOLERANCE


def _solve_eigenvector(values: np.ndarray) -> np.ndarray:
    """Principal eigenvectors by LAPACK; a positive matrix has a positive one (Perron)."""
    roots, vectors = np.linalg.eig(values)
    largest = roots.real.argmax(axis=1)
    principal = np.take_along_axis(vectors, largest[:, None, None], axis=2)[:, :, 0].real
    return principal / principal.sum(axis=1, keepdims=True)


def _derive_geometric_mean(values: np.ndarray) -> np.ndarray:
    means = np.exp(np.log(values).mean(axis=2))
    return means / means.sum(axis=1, keepdims=True)


def _derive_column_mean(values: np.ndarray) -> np.ndarray:
    return (values / values.sum(axis=1, keepdims=True)).mean(axis=2)


_DERIVE: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "eigenvector": _derive_eigenvector,
    "geometric_mean": _derive_geometric_mean,
    "column_mean": _derive_column_mean,
}

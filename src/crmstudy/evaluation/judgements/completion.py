"""Judgements nobody gave, filled in so that the matrix contradicts itself as little as possible.

A matrix may be left incomplete as long as its comparisons link every name to every other;
the best completion is then unique (Bozóki, Fülöp & Rónyai, 2010).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from crmstudy.errors import JudgementError
from crmstudy.evaluation.require import require_choice

Completion = Literal["eigenvalue", "log_least_squares"]

# The logarithm of a filled value moves less than this before the search ends.
TOLERANCE = 1e-13
MOST_ROUNDS = 20_000
# Products with the matrix to a round: the eigenvectors are carried over, so few are enough.
PRODUCTS = 3


def complete_matrices(
    given: np.ndarray, *, method: Completion = "eigenvalue"
) -> tuple[np.ndarray, np.ndarray]:
    """Fill in the missing pairs of many matrices.

    Parameters
    ----------
    given : ndarray of shape (m, n, n)
        Positive and reciprocal where known, NaN in both directions where not.
    method : {"eigenvalue", "log_least_squares"}
        The completion with the smallest principal eigenvalue, or the one whose logarithms
        fit one weight vector best (ratios of row geometric means where nothing is
        missing). They agree for up to four names, and on consistent judgements.

    Returns
    -------
    tuple of ndarray, each of shape (m, n, n)
        The complete matrices, and which cells were filled in. Filled values may lie
        outside of the scale from 1/9 to 9.

    Raises
    ------
    JudgementError
        If the comparisons of a matrix fall into parts: then any completion is as good as
        any other.

    References
    ----------
    Bozóki, S., Fülöp, J., & Rónyai, L. (2010). On optimal completion of incomplete
    pairwise comparison matrices. Mathematical and Computer Modelling, 52(1-2), 318-333.
    """
    require_choice(method, Completion, "method")
    values = np.array(given, dtype=float)
    filled = np.isnan(values)
    at = np.flatnonzero(filled.any(axis=(1, 2)))
    if not len(at):
        return values, filled
    for number in at[~are_linked(~filled[at])]:
        parts = find_parts(~filled[number])
        raise JudgementError(
            f"matrix {number + 1} of {len(values)}: its comparisons fall into {len(parts)} parts; "
            "allowed: comparisons that link every name to every other; judge a pair across them"
        )
    values[at] = _fit_logarithms(values[at], filled[at])
    if method == "eigenvalue":
        values[at] = _minimise_eigenvalue(values[at], filled[at])
    return values, filled


def are_linked(known: np.ndarray) -> np.ndarray:
    """Whether the comparisons of each matrix link every name to every other.

    Parameters
    ----------
    known : ndarray of bool, shape (m, n, n)
        Which pairs were compared, in both directions.
    """
    size = known.shape[1]
    reached = known | np.eye(size, dtype=bool)
    for _ in range(max(int(np.ceil(np.log2(max(size - 1, 1)))), 0)):
        reached = np.matmul(reached.astype(np.float32), reached.astype(np.float32)) > 0
    return np.asarray(reached.all(axis=(1, 2)))


def find_parts(known: np.ndarray) -> list[list[int]]:
    """Group the names of one matrix by the comparisons that link them, in their order."""
    left = list(range(len(known)))
    parts: list[list[int]] = []
    while left:
        part, rim = {left[0]}, [left[0]]
        while rim:
            near = np.flatnonzero(known[rim.pop()])
            new = [int(name) for name in near if int(name) not in part]
            part.update(new)
            rim += new
        parts.append(sorted(part))
        left = [name for name in left if name not in part]
    return parts


def random_index_share(n_names: int, n_filled: np.ndarray) -> np.ndarray:
    """What remains of the random index when so many pairs were filled in.

    The best completion of random judgements is less inconsistent the more pairs are open,
    by about ``1 - 2 m / ((n - 1)(n - 2))``; nothing is left when every judgement is needed
    to link the names, since such a matrix cannot contradict itself.

    Parameters
    ----------
    n_names : int
        Size of the matrix.
    n_filled : ndarray of int
        Pairs filled in.

    References
    ----------
    Ágoston, K. C., & Csató, L. (2022). Inconsistency thresholds for incomplete pairwise
    comparison matrices. Omega, 108, 102576.
    """
    open_pairs = np.asarray(n_filled, dtype=float)
    spare = (n_names - 1) * (n_names - 2) / 2
    return np.maximum(1 - open_pairs / spare, 0.0) if spare else np.ones_like(open_pairs)


def _fit_logarithms(values: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Fill in ratios of the weights that fit the known logarithms best (least squares)."""
    known = (~filled).astype(float)
    logs = np.log(np.where(filled, 1.0, values))
    laplacian = -known
    diagonal = np.arange(values.shape[1])
    laplacian[:, diagonal, diagonal] = known.sum(axis=2) - 1
    # Weights are free up to a factor: the constant fixes their mean logarithm at nought.
    fitted = np.linalg.solve(laplacian + 1 / len(diagonal), logs.sum(axis=2)[:, :, None])
    return np.where(filled, np.exp(fitted - fitted.swapaxes(1, 2)), values)


def _minimise_eigenvalue(values: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Move the filled values until the principal eigenvalue has no slope in any of them.

    With right and left eigenvectors v and u the slope in the logarithm of ``a_ij`` is
    ``u_i a_ij v_j - u_j a_ji v_i``; it is nought where ``a_ij = s_i / s_j`` with
    ``s = sqrt(v / u)``. The eigenvalue is convex in the logarithms, so that this is the
    minimum.
    """
    values = values.copy()
    right = np.exp(np.log(values).mean(axis=2))
    left = 1 / right
    at = np.arange(len(values))
    for _ in range(MOST_ROUNDS):
        for _ in range(PRODUCTS):
            right[at] = _multiply(values[at], right[at])
            left[at] = _multiply(values[at].swapaxes(1, 2), left[at])
        ratios = np.sqrt(right[at] / left[at])
        new = np.where(filled[at], ratios[:, :, None] / ratios[:, None, :], values[at])
        moved = np.abs(np.log(new / values[at])).max(axis=(1, 2))
        values[at] = new
        at = at[moved > TOLERANCE]
        if not len(at):
            break
    return values


def _multiply(values: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    product = np.matvec(values, vectors)
    return np.asarray(product / product.sum(axis=1, keepdims=True))

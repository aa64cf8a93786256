"""Where the nodes of a network lie: distances on the page as along the links."""

from __future__ import annotations

import numpy as np

STEPS = 400
#: Steps between nodes that no path joins, on top of the longest path.
APART = 1.0


def lay_out_network(weights: np.ndarray) -> np.ndarray:
    """Place nodes so that distances on the page are like the lengths of paths.

    A link is the shorter, the stronger it is for its two nodes; stress is majorised from
    a circle, so that nothing is drawn by lot.

    Parameters
    ----------
    weights : array of shape (n_nodes, n_nodes)
        Symmetric, 0 where there is no link.

    Returns
    -------
    array of shape (n_nodes, 2)
        Places between 0 and 1.

    References
    ----------
    Gansner, E. R., Koren, Y., & North, S. (2005). Graph drawing by stress majorization. In
    Graph Drawing (pp. 239-250). Springer.
    """
    from scipy.sparse.csgraph import shortest_path

    lengths = _lengths(weights)
    paths = shortest_path(lengths, directed=False)
    finite = paths[np.isfinite(paths)]
    paths = np.where(np.isfinite(paths), paths, finite.max() + APART)
    return _fit_page(_majorise(paths))


def _lengths(weights: np.ndarray) -> np.ndarray:
    """Turn strengths into lengths from 0.6 (the strongest link) to 1; 0 stays no link."""
    strongest = np.log1p(weights.max())
    return np.where(weights > 0, 1 - 0.4 * np.log1p(weights) / strongest, 0.0)


def _majorise(paths: np.ndarray) -> np.ndarray:
    """Lower the stress with weights 1 / distance squared, step by step."""
    n = len(paths)
    angles = 2 * np.pi * np.arange(n) / n
    spots = paths.max() / 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    with_self = paths + np.eye(n)
    pull = (1 - np.eye(n)) / with_self**2
    matrix = np.diag(pull.sum(axis=1)) - pull
    inverse = np.linalg.pinv(matrix)
    for _ in range(STEPS):
        away = np.linalg.norm(spots[:, None] - spots[None, :], axis=2)
        ratio = -pull * paths / np.maximum(away, 1e-9)
        np.fill_diagonal(ratio, 0.0)
        np.fill_diagonal(ratio, -ratio.sum(axis=1))
        spots = inverse @ (ratio @ spots)
    return np.asarray(spots)


def _fit_page(spots: np.ndarray) -> np.ndarray:
    """Turn the long side across, the first node to the lower left, and fill the unit square."""
    centred = spots - spots.mean(axis=0)
    turned = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    for axis in range(2):
        aside = np.flatnonzero(np.abs(turned[:, axis]) > 1e-6)
        if len(aside) and turned[aside[0], axis] > 0:
            turned[:, axis] *= -1
    low, span = turned.min(axis=0), np.ptp(turned, axis=0)
    # Two nodes lie on a line: the side without length stays in the middle.
    return np.where(span > 1e-6, (turned - low) / np.where(span > 1e-6, span, 1.0), 0.5)

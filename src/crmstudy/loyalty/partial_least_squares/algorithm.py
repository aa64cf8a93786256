"""The algorithm of partial least squares, for many correlation matrices at once.

A composite is a weighted sum of its items. Weights and composites settle in turns: every
construct is guessed from its neighbours in the model (the inner step, by one of three
schemes), then each item is weighted by its correlation with that guess (the outer step,
mode A). All of it needs the items' correlations only, so that bootstrap samples are
matrices and not data sets.

References
----------
Wold, H. (1982). Soft modeling: The basic design and some extensions. In K. G. Jöreskog &
H. Wold (Eds.), Systems under indirect observation, Part II (pp. 1-54). North-Holland.
Lohmöller, J.-B. (1989). Latent variable path modeling with partial least squares. Physica.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from crmstudy.errors import ModelError
from crmstudy.loyalty.estimation.admissible import SINGULAR
from crmstudy.loyalty.model.moments import Array
from crmstudy.loyalty.model.specify import StructuralModel

Scheme = Literal["path", "factorial", "centroid"]
Flags = NDArray[np.bool_]
TOLERANCE = 1e-10  # largest change of a weight between two turns
MOST_TURNS = 300


@dataclass(frozen=True)
class Design:
    """A model as the algorithm sees it.

    Attributes
    ----------
    blocks : array of shape (n_items, n_constructs)
        1 where an item belongs to a construct.
    sources : tuple of arrays of int
        For each construct the places of those that act on it.
    """

    blocks: Array
    sources: tuple[NDArray[np.intp], ...]

    @property
    def adjacent(self) -> Array:
        """1 where a path joins two constructs, in either direction."""
        joined = np.zeros((len(self.sources),) * 2)
        for target, sources in enumerate(self.sources):
            joined[sources, target] = joined[target, sources] = 1.0
        return joined


@dataclass(frozen=True)
class Composites:
    """Where the algorithm ended, for each of ``n_draws`` matrices.

    Attributes
    ----------
    weights : array of shape (n_draws, n_items, n_constructs)
        Of standardised items; composites have variance 1.
    cross_loadings : array of the same shape
        Correlations of items with composites.
    correlations : array of shape (n_draws, n_constructs, n_constructs)
        Of the composites.
    converged : bool array of shape (n_draws,)
        Not where a composite has no variance or causes are collinear: all is no number.
    n_turns : int
        Turns of the slowest matrix.
    """

    weights: Array
    cross_loadings: Array
    correlations: Array
    converged: Flags
    n_turns: int


def lay_out_design(model: StructuralModel) -> Design:
    """Place items and paths of a model.

    Raises
    ------
    ModelError
        If a construct has no path: nothing in the model could determine its weights.
    """
    names = model.construct_names
    joined = {end for path in model.paths for end in (path.source, path.target)}
    for name in names:
        if name not in joined:
            raise ModelError(f"partial least squares needs paths: none joins {name!r}")
    owner = [k for k, construct in enumerate(model.constructs) for _ in construct.items]
    blocks = np.eye(len(names))[owner]
    sources = tuple(
        np.array([names.index(p.source) for p in model.paths if p.target == name], dtype=np.intp)
        for name in names
    )
    return Design(blocks, sources)


def weigh_items(
    correlations: Array, design: Design, *, scheme: Scheme = "path", start: Array | None = None
) -> Composites:
    """Find the weights of every matrix, all matrices in step.

    Parameters
    ----------
    correlations : array of shape (n_draws, n_items, n_items)
    design : Design
    scheme : {"path", "factorial", "centroid"}
        How a construct is guessed from its neighbours: causes by regression and
        consequences by correlation; all by correlation; all by the sign of correlation.
    start : array of shape (n_items, n_constructs), optional
        Weights to begin with; equal ones without. Composites point the way these do.

    Raises
    ------
    ModelError
        If the scheme is not known.
    """
    if scheme not in get_args(Scheme):
        raise ModelError(f"the inner scheme is one of {get_args(Scheme)}, not {scheme!r}")
    first = design.blocks if start is None else start
    weights = _scale(np.broadcast_to(first, (len(correlations), *first.shape)), correlations)
    changes = np.full(len(correlations), np.inf)
    n_turns = 0
    while n_turns < MOST_TURNS and (active := changes >= TOLERANCE).any():
        before, matrices = weights[active], correlations[active]
        after = _turn(before, matrices, design, scheme)
        weights[active] = after
        changes[active] = np.abs(after - before).max(axis=(1, 2))
        n_turns += 1
    oriented = _orient(weights, correlations, first)
    crossed = correlations @ oriented
    between = oriented.transpose(0, 2, 1) @ crossed
    return Composites(oriented, crossed, between, changes < TOLERANCE, n_turns)


def regress(correlations: Array, sources: Sequence[NDArray[np.intp]]) -> Array:
    """Regress each construct on those that act on it.

    Parameters
    ----------
    correlations : array of shape (n_draws, n_constructs, n_constructs)
    sources : sequence of arrays of int

    Returns
    -------
    array of shape (n_draws, n_constructs, n_constructs)
        Standardised slopes, row the target, column the source.
    """
    slopes = np.zeros_like(correlations)
    for target, causes in enumerate(sources):
        if len(causes):
            among = correlations[:, causes[:, None], causes]
            onto = correlations[:, causes, target]
            slopes[:, target, causes] = _solve(among, onto)
    return slopes


def _turn(weights: Array, correlations: Array, design: Design, scheme: Scheme) -> Array:
    """Take one inner and one outer step."""
    crossed = correlations @ weights
    between = weights.transpose(0, 2, 1) @ crossed
    inner = between * design.adjacent
    if scheme == "centroid":
        inner = np.sign(inner)
    elif scheme == "path":
        for target, causes in enumerate(design.sources):
            if len(causes):
                among = between[:, causes[:, None], causes]
                inner[:, causes, target] = _solve(among, between[:, causes, target])
    return _scale(crossed @ inner * design.blocks, correlations)


def _scale(weights: Array, correlations: Array) -> Array:
    """Give every composite variance 1; one without variance is not a number."""
    variance = ((correlations @ weights) * weights).sum(axis=1)
    return weights / np.sqrt(np.where(variance > 0.0, variance, np.nan))[:, None, :]


def _orient(weights: Array, correlations: Array, first: Array) -> Array:
    """Turn composites that point away from where they began; their sign is arbitrary."""
    signs = np.sign(((correlations @ weights) * first).sum(axis=1))
    return weights * np.where(signs == 0.0, 1.0, signs)[:, None, :]


def _solve(among: Array, onto: Array) -> Array:
    """Solve for every matrix; of collinear causes there is no number."""
    try:
        return np.asarray(np.linalg.solve(among, onto[..., None])[..., 0])
    except np.linalg.LinAlgError:
        regular = np.linalg.eigvalsh(np.nan_to_num(among))[:, 0] > SINGULAR
        solved = np.full_like(onto, np.nan)
        solved[regular] = np.linalg.solve(among[regular], onto[regular][..., None])[..., 0]
        return solved
